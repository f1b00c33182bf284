"""applications.csv: another file of the same import, with its own row-level errors; nothing half-imported, twice is once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from application_books import Person, decides, make_line_product
from deciding_books import CLOSED, OPEN
from deliveries import deliver, found
from factories import make_customer, set_business_date

from accounts.models import Application, ApplicationConsent, BureauRecord, Product
from accounts.operations.importing import import_portfolio
from riskops.shared.audit import COMMAND
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

HEADER = (
    "application_no,product_code,name,national_id,requested_limit,declared_income,agreement,disclosure,accepted_on,"
    "consent_bureau,consent_source,consented_at,bureau_source,bureau_on,bureau_score,bureau_debt,x_campaign\n"
)
GOOD = (
    f"{HEADER}AP-1,std,王小明,110101199001010011,20000,10000.5,agreement-1,disclosure-1,2025-03-10,"
    "yes,app,2025-03-10T09:30:00+08:00,PBOC,2025-03-10,640,1500.00,spring\n"
    "AP-2,std,Ann Lee,110101198501010023,5000,0,,,,,,,,,,,\n"
)


@pytest.fixture
def product(db: None) -> Product:
    return make_line_product()


def test_a_good_file_is_received_proposed_and_the_same_again_changes_nothing(product: Product, tmp_path: Path) -> None:
    outcome = deliver(tmp_path, applications=GOOD)
    assert outcome.is_clean, found(outcome)
    assert outcome.portfolio_import.counts["applications.csv"]["added"] == 2
    first, second = Application.objects.order_by("pk")
    assert (first.status, first.received_on, first.requested_limit_minor) == ("proposed", OPEN, 2_000_000)
    assert (first.declared_income_minor, first.accepted_on, first.attributes) == (1_000_050, CLOSED, {"x_campaign": "spring"})
    assert (first.person["name"], first.facts["bureau_score"], first.facts["bureau_debt"]) == ("王小明", 640, 15_000_000)
    assert (first.proposal["outcome"], second.proposal["rule"]) == ("grant", "no-income")
    consent = ApplicationConsent.objects.get(kind="bureau")
    assert (consent.is_given, consent.source, consent.given_at.isoformat()) == (True, "app", "2025-03-10T01:30:00+00:00")
    assert BureauRecord.objects.get().consent == consent
    lines = AuditEntry.objects.filter(action="application.receive")
    assert lines.count() == 2 and all(line.reason.startswith("import ") for line in lines)

    decides(Person(Role.ANALYST), first)
    again = deliver(tmp_path, applications=GOOD)
    assert again.is_clean and again.portfolio_import.counts["applications.csv"]["unchanged"] == 2
    assert Application.objects.filter(status="granted").count() == 1


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("AP-9,none,Ann Lee,11,5000,0,,,,,,,,,,,", "product_code", "unknown_product"),
        ("AP-9,std,Ann Lee,,5000,0,,,,,,,,,,,", "national_id", "applicant_missing"),
        ("AP-9,std,,11,5000,0,,,,,,,,,,,", "name", "applicant_missing"),
        ("AP-9,std,Ann Lee,11,0,0,,,,,,,,,,,", "requested_limit", "amount_zero"),
        ("AP-9,std,Ann Lee,11,5000.005,0,,,,,,,,,,,", "requested_limit", "amount_decimals"),
        ("AP-9,std,Ann Lee,11,5000,0,none,,2025-03-10,,,,,,,,", "agreement", "unknown_agreement"),
        ("AP-9,std,Ann Lee,11,5000,0,agreement-1,,,,,,,,,,", "accepted_on", "acceptance_without_day"),
        ("AP-9,std,Ann Lee,11,5000,0,agreement-1,,2023-03-10,,,,,,,,", "accepted_on", "accepted_out_of_time"),
        ("AP-9,std,Ann Lee,11,5000,0,agreement-1,,2025-03-12,,,,,,,,", "accepted_on", "accepted_out_of_time"),
        ("AP-9,std,Ann Lee,11,5000,0,,,,yes,app,,,,,,", "consented_at", "consent_incomplete"),
        ("AP-9,std,Ann Lee,11,5000,0,,,,yes,app,2025-03-10,,,,,", "consented_at", "moment_malformed"),
        ("AP-9,std,Ann Lee,11,5000,0,,,,,,,PBOC,2025-03-10,600,,", "consent_bureau", "bureau_without_consent"),
        ("AP-1,std,Ann Lee,11,5000,0,,,,,,,,,,,", "application_no", "application_changed"),
        ("AP-9,std,Ann Lee,110101 1985 01010023,5000,0,,,,,,,,,,,", "application_no", "application_open"),
    ],
)
def test_a_bad_row_says_where_and_why_and_nothing_is_loaded(
    product: Product, tmp_path: Path, row: str, column: str, code: str
) -> None:
    deliver(tmp_path, applications=GOOD)
    good = "AP-8,std,Bo,33,5000,0,,,,,,,,,,,"
    outcome = deliver(tmp_path, applications=f"{HEADER}{good}\n{row}\n")
    assert [(line, col, what) for _file, line, col, _value, what in found(outcome)] == [(3, column, code)]
    assert Application.objects.count() == 2


def test_good_rows_are_loaded_and_bad_ones_set_aside_where_that_is_asked_for(product: Product, tmp_path: Path) -> None:
    rows = "AP-8,std,Bo,33,5000,0,,,,,,,,,,,\nAP-9,none,Ann Lee,11,5000,0,,,,,,,,,,,\n"
    outcome = deliver(tmp_path, on_error="quarantine", applications=HEADER + rows)
    assert (outcome.portfolio_import.counts["applications.csv"]["added"], outcome.log.error_count) == (1, 1)
    assert Application.objects.get().application_no == "AP-8"


def test_one_person_twice_in_a_file_is_refused_on_both_lines(product: Product, tmp_path: Path) -> None:
    rows = "AP-8,std,Bo,33,5000,0,,,,,,,,,,,\nAP-9,std,Bo,33,6000,0,,,,,,,,,,,\n"
    assert [(line, code) for _f, line, _c, _v, code in found(deliver(tmp_path, applications=HEADER + rows))] == [
        (2, "application_twice"),
        (3, "application_twice"),
    ]


def test_a_customer_named_by_number_must_be_that_person(product: Product, tmp_path: Path) -> None:
    make_customer(customer_no="C1", person={"name": "Ann Lee", "national_id": "11"})
    header = "application_no,customer_no,product_code,name,national_id,requested_limit,declared_income\n"
    bad = deliver(tmp_path, applications=f"{header}AP-8,C1,std,Bo,33,5000,0\n")
    assert found(bad)[0][2:] == ("customer_no", "C1", "application_other_person")
    assert deliver(tmp_path, applications=f"{header}AP-8,C1,std,,,5000,0\n").is_clean
    assert Application.objects.get().person["name"] == "Ann Lee"


def test_a_dry_run_counts_and_writes_nothing(product: Product, tmp_path: Path) -> None:
    outcome = deliver(tmp_path, is_dry_run=True, applications=GOOD)
    assert outcome.is_clean and outcome.portfolio_import.counts["applications.csv"]["added"] == 2
    assert not Application.objects.exists()


def test_before_the_first_close_there_is_no_day_to_receive_on(product: Product, tmp_path: Path) -> None:
    set_business_date(None)
    assert {code for *_rest, code in found(deliver(tmp_path, applications=GOOD))} == {"application_without_day"}
    set_business_date(date(2025, 3, 10))
    assert import_portfolio(tmp_path / "delivery-1", actor=COMMAND).is_clean

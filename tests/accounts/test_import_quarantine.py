"""Good rows in, bad rows aside, and with them what depends on them; dry runs."""

import csv
import io
import stat
import zipfile
from datetime import date
from pathlib import Path

import pytest
from deliveries import GOOD, book, deliver, found, load_good
from factories import TESTER, set_business_date

from accounts.models import CreditAccount, Customer, Installment, Payment
from accounts.operations.import_reporting import ImportOutcome
from accounts.operations.importing import import_portfolio
from riskops.shared.models import AuditEntry

pytestmark = pytest.mark.django_db


def _set_aside(outcome: ImportOutcome) -> dict[str, list[list[str]]]:
    """Return the quarantine's files as rows."""
    with zipfile.ZipFile(outcome.portfolio_import.quarantine_path) as archive:
        return {name: list(csv.reader(io.StringIO(archive.read(name).decode(), newline=""))) for name in archive.namelist()}


#: Everything that hangs on a bad customer, a bad instalment and a bad payment, among good rows.
MIXED = {
    "products": GOOD["products"] + "bad,,RMB,\n",
    "customers": GOOD["customers"] + "C3,,\n",
    "accounts": GOOD["accounts"] + "A3,C3,std,2025-01-01,1\nA4,C1,bad,2025-01-01,1\n",
    "installments": GOOD["installments"] + "A3,O1,1,,2025-02-01,1,,\nA2,O2,1,,2025-02-01,-1,,\n",
    "payments": GOOD["payments"]
    + "P3,A3,2025-02-01,1,,,,\nP4,A2,2025-02-01,1,,O2,1,\nP5,A2,2025-02-30,1,,,,\n"
    + "P6,A2,2025-03-01,1,,,,P5\nP7,A2,2025-02-01,1,,O9,1,\n",
}


def test_the_good_rows_are_loaded_and_the_bad_ones_set_aside_with_what_depends_on_them(tmp_path: Path) -> None:
    outcome = deliver(tmp_path, on_error="quarantine", **MIXED)

    assert outcome.portfolio_import.status == "applied"
    assert not outcome.is_clean
    assert [(file, line, code) for file, line, _, _, code in found(outcome)] == [
        ("products.csv", 3, "currency_unknown"),
        ("customers.csv", 4, "missing_value"),
        ("accounts.csv", 4, "refused_customer"),
        ("accounts.csv", 5, "refused_product"),
        ("installments.csv", 5, "refused_account"),
        ("installments.csv", 6, "amount_negative"),
        ("payments.csv", 4, "refused_account"),
        ("payments.csv", 5, "refused_installment"),
        ("payments.csv", 6, "date_impossible"),
        ("payments.csv", 7, "refused_payment"),
    ]
    assert sorted(CreditAccount.objects.values_list("account_no", flat=True)) == ["A1", "A2"]
    assert Installment.objects.count() == 3
    # P7 names an instalment nobody has heard of, which is no fault.
    assert sorted(Payment.objects.values_list("payment_no", flat=True)) == ["P1", "P2", "P7"]
    assert {name: (counts["added"], counts["refused"]) for name, counts in outcome.portfolio_import.counts.items()} == {
        "products.csv": (1, 1), "customers.csv": (2, 1), "accounts.csv": (2, 2), "installments.csv": (3, 2),
        "payments.csv": (3, 4),
    }  # fmt: skip


def test_exactly_the_good_rows_make_the_book(tmp_path: Path) -> None:
    deliver(tmp_path, on_error="quarantine", **MIXED)
    mixed = book()
    # The good rows by themselves are no change to it.
    good = deliver(tmp_path, **GOOD | {"payments": GOOD["payments"] + "P7,A2,2025-02-01,1,,O9,1,\n"})
    assert good.is_clean
    assert all(counts["added"] == counts["changed"] == 0 for counts in good.portfolio_import.counts.values())
    assert book() == mixed


def test_what_was_set_aside_can_be_corrected_and_sent_again(tmp_path: Path) -> None:
    outcome = deliver(tmp_path, on_error="quarantine", **MIXED)

    aside = _set_aside(outcome)
    assert aside["customers.csv"] == [["customer_no", "name", "phone"], ["C3", "", ""]]
    assert [row[0] for row in aside["payments.csv"]] == ["payment_no", "P3", "P4", "P5", "P6"]
    assert aside["errors.csv"][0] == ["file", "line", "column", "value", "code", "message", "remedy"]
    assert aside["errors.csv"][2] == [
        "customers.csv", "4", "name", "", "missing_value", "the cell is empty", "a value is needed",
    ]  # fmt: skip
    assert stat.S_IMODE(Path(outcome.portfolio_import.quarantine_path).stat().st_mode) == 0o600

    corrected = tmp_path / "corrected.zip"
    with zipfile.ZipFile(corrected, "w") as archive:
        for name, rows in aside.items():
            text = "\n".join(",".join(row) for row in rows if name != "errors.csv")
            text = text.replace("RMB", "USD").replace("C3,,", "C3,Cy,").replace(",-1,", ",1,").replace("02-30", "02-28")
            archive.writestr(name, text)
    again = import_portfolio(corrected, actor=TESTER)

    assert found(again) == []
    assert [w.file for w in again.log.warnings] == ["errors.csv"]
    assert sorted(CreditAccount.objects.values_list("account_no", flat=True)) == ["A1", "A2", "A3", "A4"]
    assert Payment.objects.get(payment_no="P6").reverses == Payment.objects.get(payment_no="P5")
    assert Payment.objects.count() == 7


def test_records_come_back_as_they_were_sent(tmp_path: Path) -> None:
    outcome = deliver(
        tmp_path,
        on_error="quarantine",
        customers='customer_no,name,address,language\nC1,Ann,"1, ""High"" St\nTown",fr\nC2,=HYPERLINK(1),,en\n=C3,Cy,,=1+1\n',
    )

    aside = _set_aside(outcome)
    assert aside["customers.csv"][1:] == [["C1", "Ann", '1, "High" St\nTown', "fr"], ["=C3", "Cy", "", "=1+1"]]
    # What people open in a spreadsheet is made harmless; what is to be sent again is not touched.
    assert [row[3] for row in aside["errors.csv"][1:]] == ["fr", "'=1+1"]
    assert Customer.objects.get().person["name"] == "=HYPERLINK(1)"


def test_bytes_that_are_not_utf8_are_set_aside_as_they_came(tmp_path: Path) -> None:
    content = b"customer_no,name\nC1,Ann\nC2,\xcd\xf5\n"
    outcome = deliver(tmp_path, on_error="quarantine", customers=content)  # type: ignore[arg-type]

    with zipfile.ZipFile(outcome.portfolio_import.quarantine_path) as archive:
        assert archive.read("customers.csv") == b"customer_no,name\nC2,\xcd\xf5\n"
    assert Customer.objects.get().customer_no == "C1"


def test_a_record_that_cannot_be_split_into_cells_is_in_the_list_of_errors(tmp_path: Path) -> None:
    outcome = deliver(tmp_path, on_error="quarantine", customers='customer_no,name\nC1,"A"nn\nC2,Bo\nC3\n')

    assert Customer.objects.get().customer_no == "C2"
    aside = _set_aside(outcome)
    assert aside["customers.csv"] == [["customer_no", "name"], ["C3"]]
    assert [(row[1], row[4]) for row in aside["errors.csv"][1:]] == [("2", "bad_quotes"), ("4", "cells_missing")]


def test_a_row_depends_on_its_parent_and_not_on_a_bad_row_of_the_same_name(tmp_path: Path) -> None:
    load_good(tmp_path)

    outcome = deliver(
        tmp_path,
        on_error="quarantine",
        customers="customer_no,name,language\nC1,Ann,fr\n",
        payments=GOOD["payments"] + "P3,A1,2025-02-05,1,,,,\n",
    )

    # C1 is in the book: a payment of its account must not wait for a language.
    assert found(outcome) == [("customers.csv", 2, "language", "fr", "choice_unknown")]
    assert Payment.objects.filter(payment_no="P3").exists()


def test_a_reversal_is_loaded_though_a_bad_one_of_the_same_payment_came_with_it(tmp_path: Path) -> None:
    reversals = "R1,A1,2025-02-05,50,,,,P1\nR2,A1,2025-02-05,49,,,,P1\nR3,A1,2025-01-31,50,,,,P1\n"

    outcome = deliver(tmp_path, on_error="quarantine", **GOOD | {"payments": GOOD["payments"] + reversals})

    assert found(outcome) == [
        ("payments.csv", 5, "amount", "49", "reversal_other_amount"),
        ("payments.csv", 6, "paid_on", "2025-01-31", "reversal_too_early"),
    ]
    assert Payment.objects.get(reverses__payment_no="P1").payment_no == "R1"


def test_a_change_that_is_not_allowed_is_set_aside(tmp_path: Path) -> None:
    load_good(tmp_path)
    set_business_date(date(2025, 2, 1))

    outcome = deliver(
        tmp_path,
        on_error="quarantine",
        installments=GOOD["installments"].replace("A1,O1,1,,2025-02-01,100", "A1,O1,1,,2025-02-01,90")
        + "A2,O1,2,,2025-03-15,10,,\n",
        payments=GOOD["payments"].replace("50,bank", "60,bank"),
    )

    assert [(file, line, code) for file, line, _, _, code in found(outcome)] == [
        ("installments.csv", 2, "installment_frozen_due"),
        ("payments.csv", 2, "payment_changed"),
    ]
    assert Installment.objects.get(account__account_no="A1", sequence=1).principal_minor == 10_000
    assert Installment.objects.filter(account__account_no="A2").count() == 2
    assert Payment.objects.get(payment_no="P1").amount_minor == 5_000


def test_dependants_are_not_told_when_nothing_is_loaded_anyway(tmp_path: Path) -> None:
    outcome = deliver(tmp_path, **MIXED)

    assert [(file, line, code) for file, line, _, _, code in found(outcome)] == [
        ("products.csv", 3, "currency_unknown"),
        ("customers.csv", 4, "missing_value"),
        ("installments.csv", 6, "amount_negative"),
        ("payments.csv", 6, "date_impossible"),
    ]
    assert not Customer.objects.exists()


def test_a_file_that_cannot_be_read_keeps_everything_out_in_either_mode(tmp_path: Path) -> None:
    outcome = deliver(tmp_path, on_error="quarantine", **GOOD | {"payments": 'payment_no,account_no,paid_on,amount\n"P1,A1\n'})

    assert [(file, line, code) for file, line, _, _, code in found(outcome)] == [("payments.csv", 2, "quote_never_closed")]
    assert outcome.portfolio_import.status == "refused"
    assert not Customer.objects.exists()


def test_a_dry_run_tells_what_would_be_and_changes_nothing(tmp_path: Path) -> None:
    load_good(tmp_path)
    before, audit = book(), AuditEntry.objects.count()
    files = {
        "products": GOOD["products"].replace("Standard", "Classic"),
        "customers": GOOD["customers"].replace("Ann Lee", "Ann Li") + "C3,Cy,\n",
        "accounts": GOOD["accounts"].replace("5000.50", "6000") + "A3,C3,std,2025-01-01,1\n",
        "installments": GOOD["installments"].replace("A2,O1,1,,2025-02-15,200", "A2,O1,1,,2025-02-16,200")
        + "A3,O1,1,,2025-02-01,1,,\n",
        "payments": GOOD["payments"].replace("bank", "cash") + "P3,A3,2025-02-01,1,,,,\n",
    }

    dry = deliver(tmp_path, is_dry_run=True, **files)

    assert dry.is_clean
    assert dry.portfolio_import.status == "checked"
    assert (book(), AuditEntry.objects.count()) == (before, audit)
    wet = deliver(tmp_path, **files)
    assert dry.portfolio_import.counts == wet.portfolio_import.counts
    assert wet.portfolio_import.counts == {
        "products.csv": {"rows": 1, "added": 0, "changed": 1, "unchanged": 0, "refused": 0, "repeated": 0},
        "customers.csv": {"rows": 3, "added": 1, "changed": 1, "unchanged": 1, "refused": 0, "repeated": 0},
        "accounts.csv": {"rows": 3, "added": 1, "changed": 1, "unchanged": 1, "refused": 0, "repeated": 0},
        "installments.csv": {"rows": 4, "added": 1, "changed": 1, "unchanged": 2, "refused": 0, "repeated": 0},
        "payments.csv": {"rows": 3, "added": 1, "changed": 1, "unchanged": 1, "refused": 0, "repeated": 0},
    }


def test_a_dry_run_counts_rows_that_differ_in_their_attributes_alone(tmp_path: Path) -> None:
    load_good(tmp_path)
    files = {
        name: "\n".join(row + (",x_a" if number == 0 else ",b") for number, row in enumerate(GOOD[name].splitlines()))
        for name in ("products", "customers", "accounts", "installments")
    }

    dry = deliver(tmp_path, is_dry_run=True, **files)

    assert {name: counts["changed"] for name, counts in dry.portfolio_import.counts.items()} == {
        "products.csv": 1, "customers.csv": 2, "accounts.csv": 2, "installments.csv": 3,
    }  # fmt: skip
    assert deliver(tmp_path, **files).portfolio_import.counts == dry.portfolio_import.counts


def test_a_dry_run_with_errors_says_refused(tmp_path: Path) -> None:
    outcome = deliver(tmp_path, is_dry_run=True, on_error="quarantine", **MIXED)

    assert outcome.portfolio_import.status == "refused"
    assert len(outcome.log.errors) == 10
    assert not Customer.objects.exists()


@pytest.mark.timeout(30)
def test_a_forgotten_file_of_parents_is_told_without_comparing_all_rows_with_all(tmp_path: Path) -> None:
    count = 10_000
    accounts = "account_no,customer_no,product_code,opened_on,credit_limit\n"
    accounts += "".join(f"A{number},C1,forgotten,2025-01-01,1\n" for number in range(count))
    installments = "account_no,order_no,sequence,due_date,principal\n"
    installments += "".join(f"A{number},O,1,2025-02-01,1\n" for number in range(count))

    outcome = deliver(tmp_path, customers=GOOD["customers"], accounts=accounts, installments=installments)

    assert outcome.log.error_count == count
    assert not Customer.objects.exists()

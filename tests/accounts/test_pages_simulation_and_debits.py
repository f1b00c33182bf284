"""The simulator and the debits by page, API and command; products above the line flagged; the property over random books."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from debit_books import DUE_MINOR, EARLIEST, OPEN, allow, close_at, make_late, order, results, told
from deliveries import deliver
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from factories import make_payment, make_product, make_user
from random_books import FIRST_DAY, make_random_book

from accounts.models import (
    AccountState,
    ConductFigure,
    CreditAccount,
    DebitInstruction,
    DebitMandate,
    DebitResultFile,
    DebitTry,
    Payment,
)
from accounts.operations.conduct_figures import save_conduct_figure
from accounts.operations.deciding.refusals import DecisionSettingRefused
from accounts.operations.rebuilding import rebuild_accounts
from accounts.queries.account_page import load_account
from accounts.queries.simulating import Asked, simulate_account
from accounts.rules import simulation
from accounts.rules.simulation import Offer, OfferedInstallment, Paid, Way
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role


def at(*roles: Role) -> Client:
    """Return the browser of somebody with these roles."""
    client = Client()
    client.force_login(make_user(*roles))
    return client


@pytest.fixture
def late(db: None) -> CreditAccount:
    return make_late(account_no="LATE")


# The simulator --------------------------------------------------------------------------------------------------------


def test_the_page_of_an_account_shows_the_ways_and_the_formula_with_its_days(late: CreditAccount) -> None:
    page = at(Role.ANALYST).get("/accounts/LATE/simulation/?days=20&step=day&once=50&monthly=100&plans=3,6&plan_fee=1")
    assert page.status_code == 200
    simulated = page.context["simulated"]
    assert simulated.subject.start == OPEN
    # 11 March: 300.00, and 0.1 % a day for 38 and for 10 days.
    assert (simulated.owed_minor, simulated.due_minor) == (30_480, 20_480)
    assert [course.way for course in simulated.courses] == ["nothing", "minimum", "whole", "once", "monthly", "plan", "plan"]
    text = page.content.decode()
    # To 31 March: 100.00 × 1,000 ppm × 58 days = 5.80.
    assert "1,000 ppm × 58 days" in text and "5.80" in text
    assert 'id="figure-owed"' in text


def test_an_amount_before_the_first_day_or_without_end_is_refused_by_its_field(late: CreditAccount) -> None:
    client = at(Role.ANALYST)
    for query, field in [
        ("once=50&once_on=2025-03-10", "once_on"),
        ("days=9999", "days"),
        ("days=200&step=day", "days"),
        ("plans=0", "plans"),
        ("plans=61", "plans"),
        ("plans=1,2,3,4,5,6", "plans"),
        ("once=-5", "once"),
    ]:
        answer = client.get(f"/accounts/LATE/simulation/?{query}")
        assert answer.status_code == 422, query
        assert field in answer.context["form"].errors, query
        api = client.get(f"/api/v1/accounts/LATE/simulation/?{query}")
        assert (api.status_code, list(api.json())) == (400, [field]), query


def test_the_api_for_the_customer_s_app_says_the_same_and_names_nobody(late: CreditAccount) -> None:
    answer = at(Role.SERVICE).get("/api/v1/accounts/LATE/simulation/?days=20")
    body = answer.json()
    assert (body["owed"], body["minimum"], body["currency"], body["start"]) == ("304.80", "204.80", "CNY", "2025-03-11")
    nothing = body["ways"][0]
    assert (nothing["way"], nothing["paid_total"], nothing["points"][-1]["penalty"]) == ("nothing", "0.00", "8.80")
    assert late.customer.customer_no not in answer.content.decode()
    assert body["formulas"][0]["spans"][0]["days"] == 58


def test_a_made_up_account_costs_its_fees(db: None) -> None:
    make_product(product_code="CARD", penalty_rate_ppm=500)
    client = at(Role.SERVICE)
    query = "product=CARD&amount=12000&number=12&fee=72&bought_on=2025-01-01&days=400"
    body = client.get(f"/api/v1/simulations/?{query}").json()
    minimum = body["ways"][1]
    assert (minimum["paid_total"], minimum["cost"], len(minimum["paid"])) == ("12864.00", "864.00", 12)
    # By months it is 12.96 % and 13.76 %; by the days of 2025, whose payments come a little earlier, worked out apart:
    assert (minimum["simple_yearly_percent"], minimum["effective_yearly_percent"]) == ("13.0884", "13.9030")
    assert client.get(f"/api/v1/simulations/?{query}&number=61").status_code == 400
    assert client.get("/api/v1/simulations/").status_code == 400
    page = at(Role.ANALYST).get(f"/simulator/?{query}")
    assert page.status_code == 200 and "12,864.00" in page.content.decode()
    assert at(Role.ANALYST).get("/simulator/?product=CARD&amount=0&number=1").status_code == 422


def test_offers_that_somebody_makes_are_compared_as_they_are(late: CreditAccount) -> None:
    user = make_user(Role.ANALYST)
    loaded = load_account("LATE", user=user, as_of=None, today=OPEN)
    offer = Offer("kept", (OfferedInstallment(date(2025, 4, 11), 30_480, 0, 0),))
    found = simulate_account(loaded, Asked(offers=(offer,))).courses[-1]
    assert (found.way, found.label, found.paid_minor, found.left_minor) == (Way.PLAN, "kept", 30_480, 0)


@pytest.mark.parametrize("seed", [3, 4])
def test_what_was_simulated_is_what_the_book_says_once_it_is_paid(db: None, seed: int) -> None:
    start = FIRST_DAY + timedelta(days=25)
    accounts = make_random_book(seed=seed, accounts=25, days=45)
    close_at(*accounts, day=start - timedelta(days=1))
    user = make_user(Role.ANALYST)
    compared = 0
    for number, account in enumerate(accounts):
        if account.opened_on > start:
            continue
        loaded = load_account(account.account_no, user=user, as_of=None, today=start)
        thought_of = [Paid(start + timedelta(days=3 * n), 1_000 * (n + 1) + number) for n in range(4)]
        days = simulation.series_days(start, start + timedelta(days=20), is_daily=True)
        entries = loaded.entries
        subject = simulation.Subject(
            entries.terms,
            lambda extra, as_of, entries=entries: replace(entries, payments=[*entries.payments, *extra]).rebuilt(as_of),
            start,
            days,
        )
        found = simulation.simulate(subject, Way.MONTHLY, thought_of)
        for n, one in enumerate(thought_of):
            make_payment(account, paid_on=one.day, amount=one.amount_minor, payment_no=f"\U0010ffff{n}{account.account_no}")
        for point in found.points[::5]:
            rebuild_accounts([account.pk], as_of=point.day, ahead_on=None)
            state = AccountState.objects.get(pk=account.pk)
            assert point == (
                point.day,
                state.outstanding_principal_minor,
                state.outstanding_interest_minor,
                state.outstanding_fee_minor,
                state.penalty_due_minor,
                state.credit_balance_minor,
                state.days_past_due,
                state.bucket,
            )
            compared += 1
    assert compared > 50


# What lateness costs a year -------------------------------------------------------------------------------------------


def test_a_product_at_seven_ten_thousandths_a_day_is_flagged_and_one_within_the_line_is_not(db: None) -> None:
    make_product(product_code="DEAR", penalty_rate_ppm=700)
    make_product(product_code="FAIR", penalty_rate_ppm=657)
    costs = {row["product"]: row for row in at(Role.SERVICE).get("/api/v1/yearly-costs/").json()}
    assert costs["DEAR"]["simple_yearly_percent"] == "25.5500"
    assert (costs["DEAR"]["is_over_line"], costs["FAIR"]["is_over_line"]) == (True, False)
    assert costs["DEAR"]["line_percent"] == "24.00"
    page = at(Role.ANALYST).get("/admin/accounts/product/").content.decode()
    assert "above the line of 24.00" in page
    assert "above the line" in at(Role.ANALYST).get("/simulator/").content.decode()


def test_an_import_of_a_product_above_the_line_warns_and_loads_it(db: None, tmp_path: Path) -> None:
    outcome = deliver(tmp_path, products="product_code,penalty_rate_ppm\nDEAR,700\nFAIR,500\n")
    (warning,) = [one for one in outcome.log.warnings if one.code == "yearly_cost_over_line"]
    assert (warning.file, warning.line, warning.value, warning.is_error) == ("products.csv", 2, "700", False)
    assert "25.55 %" in warning.message and "24.00 %" in warning.message
    assert outcome.is_clean


def test_the_line_is_a_figure_that_managers_change_within_bounds(db: None) -> None:
    save_conduct_figure(actor=Actor("boss"), code="yearly_cost_line_bp", value=3_600, source="new rule")
    assert ConductFigure.objects.get(code="yearly_cost_line_bp").value == 3_600
    for code, value, source in [
        ("yearly_cost_line_bp", 0, "x"),
        ("nothing", 1, "x"),
        ("debit_tries", 11, "x"),
        ("debit_tries", 2, " "),
    ]:
        with pytest.raises(DecisionSettingRefused):
            save_conduct_figure(actor=Actor("boss"), code=code, value=value, source=source)
    assert ConductFigure.objects.get(code="debit_tries").value == 3
    assert AuditEntry.objects.filter(action="conduct_figure.edit").count() == 1
    manager = at(Role.MANAGER)
    answer = manager.put("/api/v1/conduct-figures/debit_tries/", {"value": 2, "source": "ours"}, content_type="application/json")
    assert (answer.status_code, answer.json()["value"]) == (200, 2)
    page = manager.get("/admin/accounts/conductfigure/")
    assert page.status_code == 200 and "tries of one debit at most" in page.content.decode()


# Debits by page, API and command --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("most", "opens_with"), [(10_000, "100.00"), (50_000, "205.40")])
def test_the_form_of_a_debit_opens_with_what_would_be_taken(late: CreditAccount, most: int, opens_with: str) -> None:
    analyst, mandate = at(Role.ANALYST), allow(late, most_minor=most)
    form = analyst.get("/accounts/LATE/debits/").context["debit_form"]
    assert form["amount"].value() == opens_with
    asked = {f"debit-{name}": form[name].value() for name in ("amount", "reference")}
    asked |= {"debit-mandate": mandate.pk, "debit-debit_on": form["debit_on"].value().isoformat()}
    assert analyst.post("/accounts/LATE/debits/order/", asked).status_code == 302
    assert DebitInstruction.objects.get().mandate == mandate


def test_an_account_without_debits_is_not_sent_to_the_page_it_is_on(late: CreditAccount) -> None:
    for role, is_told in ((Role.ANALYST, True), (Role.COMPLIANCE, False)):
        page = at(role).get("/accounts/LATE/debits/").content.decode()
        assert "There are none." in page and "on the account&#x27;s page of debits" not in page
        assert ("One is ordered below, by a mandate of the customer." in page) is is_told, role
    assert "on the account" in at(Role.ANALYST).get("/debits/").content.decode()


def test_a_mandate_and_a_debit_by_page_from_record_to_money(late: CreditAccount) -> None:
    analyst, lead = at(Role.ANALYST), at(Role.TEAM_LEAD)
    answer = analyst.post(
        "/accounts/LATE/debits/mandate/",
        {
            "mandate-reference": "M-1",
            "mandate-instrument": "6222 0000 1111 2222",
            "mandate-holder": "Wang Fang",
            "mandate-most": "500",
            "mandate-valid_from": "2025-01-01",
            "mandate-evidence": "form 7",
        },
    )
    assert answer.status_code == 302
    mandate = DebitMandate.objects.get()
    page = analyst.get("/accounts/LATE/debits/")
    text = page.content.decode()
    assert "205.40" in text and "••••2222" in text and "6222000011112222" not in text
    asked = {"debit-mandate": mandate.pk, "debit-amount": "205.41", "debit-debit_on": "2025-03-14", "debit-reference": "DD-1"}
    refused = analyst.post("/accounts/LATE/debits/order/", asked)
    assert refused.status_code == 422 and "205.40" in str(refused.context["debit_form"].errors["amount"])
    assert analyst.post("/accounts/LATE/debits/order/", {**asked, "debit-amount": "205.40"}).status_code == 302
    debit = DebitInstruction.objects.get()
    told(debit)
    close_at(late, day=EARLIEST - timedelta(days=1))
    assert analyst.post("/debits/send/").status_code == 403
    assert lead.post("/debits/send/").status_code == 302
    tried = DebitTry.objects.get()
    assert tried.amount_minor == DUE_MINOR
    file = lead.get(f"/debits/files/{tried.file_id}.csv")
    assert b"6222000011112222" in file.content and "attachment" in file["Content-Disposition"]
    sent = SimpleUploadedFile("results.csv", results("DD-1-1,done,205.40,2025-03-14,"))
    answer = lead.post("/debits/results/", {"file": sent})
    assert answer.status_code == 302
    assert Payment.objects.get().amount_minor == DUE_MINOR
    shown = lead.get(answer["Location"])
    assert shown.status_code == 200 and "DD-1-1" in shown.content.decode()
    assert "DD-1" in lead.get("/debits/?list=ended").content.decode()
    assert lead.get(f"/debits/{debit.pk}/").status_code == 200


def test_a_bad_file_of_results_is_shown_with_its_line(late: CreditAccount) -> None:
    sent = SimpleUploadedFile("bad.csv", results("x,gone,1,2025-03-14,"))
    answer = at(Role.TEAM_LEAD).post("/debits/results/", {"file": sent})
    assert answer.status_code == 422
    assert "Line 2" in str(answer.context["results_form"].errors["file"])
    assert not DebitResultFile.objects.exists()


def test_revoking_and_cancelling_by_page_ask_for_a_reason(late: CreditAccount) -> None:
    mandate = allow(late)
    debit = order(mandate)
    analyst = at(Role.ANALYST)
    assert analyst.post(f"/debits/{debit.pk}/cancel/", {"reason": ""}).status_code == 422
    assert analyst.post(f"/debits/{debit.pk}/cancel/", {"reason": "paid"}).status_code == 302
    assert analyst.get(f"/mandates/{mandate.pk}/revoke/").status_code == 200
    assert analyst.post(f"/mandates/{mandate.pk}/revoke/", {"reason": ""}).status_code == 422
    assert analyst.post(f"/mandates/{mandate.pk}/revoke/", {"reason": "wrote"}).status_code == 302
    assert analyst.post(f"/mandates/{mandate.pk}/revoke/", {"reason": "wrote"}).status_code == 422
    mandate.refresh_from_db()
    assert mandate.revoked_on == OPEN


def test_the_api_does_all_of_it_and_repeats_count_once(late: CreditAccount) -> None:
    client = at(Role.SERVICE)

    def post(path: str, **data: Any) -> Any:
        return client.post(f"/api/v1/{path}", data, content_type="application/json")

    mandate = {
        "reference": "M-1",
        "instrument": "6222000011112222",
        "most": "500.00",
        "valid_from": "2025-01-01",
        "evidence": "f",
    }
    assert post("accounts/LATE/mandates/", **mandate).status_code == 201
    repeat = post("accounts/LATE/mandates/", **mandate)
    assert (repeat.status_code, repeat.json()["instrument"]) == (200, "••••2222")
    assert post("accounts/LATE/mandates/", **{**mandate, "most": "1.00"}).status_code == 409
    asked = {"mandate": repeat.json()["id"], "reference": "DD-1", "amount": "100.00", "debit_on": "2025-03-14"}
    assert post("accounts/LATE/debits/", **{**asked, "amount": "205.41"}).status_code == 422
    assert post("accounts/LATE/debits/", **asked).status_code == 201
    assert post("accounts/LATE/debits/", **asked).status_code == 200
    assert post("accounts/LATE/debits/", **{**asked, "amount": "99.00"}).json()["code"] == "debit_reference_taken"
    standing = client.get("/api/v1/accounts/LATE/debits/").json()
    assert (standing["due"], standing["ordered"], standing["takeable"]) == ("205.40", "100.00", "105.40")
    told(DebitInstruction.objects.get())
    close_at(late, day=EARLIEST - timedelta(days=1))
    assert post("debit-files/", day="2025-03-13").status_code == 422
    sent = post("debit-files/", day="2025-03-14")
    assert (sent.status_code, sent.json()["file"]["rows"]) == (201, 1)
    assert post("debit-files/", day="2025-03-14").status_code == 422
    number = sent.json()["file"]["id"]
    assert b"DD-1-1" in client.get(f"/api/v1/debit-files/{number}/file/").content
    content = results("DD-1-1,failed,,2025-03-14,closed")
    taken = client.post("/api/v1/debit-results/", {"file": SimpleUploadedFile("r.csv", content)})
    assert (taken.status_code, taken.json()["applied"]) == (201, 1)
    detail = client.get(f"/api/v1/debit-results/{taken.json()['id']}/").json()
    assert (detail["lines"][0]["status"], detail["next"]) == ("applied", None)
    assert client.post(f"/api/v1/debit-results/{taken.json()['id']}/go-on/").status_code == 200
    debit = client.get("/api/v1/debits/").json()["results"][0]
    assert (debit["status"], debit["next_on"], debit["tries"][0]["reason_code"]) == ("scheduled", "2025-03-17", "closed")
    assert post(f"debits/{debit['id']}/cancel/", reason="x").json()["status"] == "cancelled"
    assert post(f"mandates/{asked['mandate']}/revoke/", reason="x").json()["revoked_on"] == "2025-03-14"
    assert post("debits/999/cancel/", reason="x").status_code == 404


def test_the_commands_write_the_file_and_book_the_results(late: CreditAccount, tmp_path: Path) -> None:
    told(order(allow(late)))
    close_at(late, day=EARLIEST - timedelta(days=1))
    path, said = tmp_path / "debits.csv", io.StringIO()
    with pytest.raises(CommandError, match="2025-03-14"):
        call_command("export_debits", "--date", "2025-03-15", "--output", str(path))
    assert not path.exists()
    call_command("export_debits", "--date", "2025-03-14", "--output", str(path), stdout=said)
    first = path.read_text()
    assert "D-M-LATE-1" in first and "1 debits" in said.getvalue()
    number = str(DebitTry.objects.get().file_id)
    call_command("export_debits", "--file", number, "--output", str(path), stdout=said)
    assert path.read_text() == first
    answers = tmp_path / "results.csv"
    answers.write_bytes(results("D-M-LATE-1,done,100.00,2025-03-14,", "D-X-1,done,1.00,2025-03-14,"))
    with pytest.raises(SystemExit) as ended:
        call_command("import_debit_results", str(answers), stdout=said)
    assert ended.value.code == 1
    assert "1 booked, 0 known already, 1 refused" in said.getvalue()
    assert Payment.objects.get().amount_minor == 10_000


def test_the_account_s_page_leads_to_both(late: CreditAccount) -> None:
    text = at(Role.ANALYST).get("/accounts/LATE/").content.decode()
    assert "/accounts/LATE/simulation/" in text and "/accounts/LATE/debits/" in text

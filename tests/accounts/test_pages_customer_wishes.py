"""What a customer accepted and refused, recorded in the browser by the operations that the API calls."""

from __future__ import annotations

import pytest
from deciding_books import Person, accept, make_late_account, page
from django.test import Client
from factories import make_account

from accounts.models import Acceptance, AccountSignals, CreditAccount
from accounts.operations.deciding.agreements import accepted_agreement
from accounts.operations.deciding.refusals import ClauseMissing
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role


@pytest.fixture
def late(db: None) -> CreditAccount:
    return make_late_account(account_no="LATE")


def at(role: Role) -> Client:
    client = Client()
    client.force_login(Person(role).user)
    return client


def test_an_acceptance_is_recorded_once_and_stands_on_the_account(late: CreditAccount) -> None:
    version = accept(late, has_clause=False)
    Acceptance.objects.all().delete()
    browser, lines = at(Role.ANALYST), AuditEntry.objects.count()
    assert "none on record" in page(browser.get("/accounts/LATE/"))
    shown = page(browser.get("/accounts/LATE/accept/"))
    # The open day of the book, not the wall's.
    assert "credit agreement · v1" in shown and 'value="2025-03-11"' in shown
    form = {"version": version.pk, "accepted_on": "2025-01-05", "channel": "app", "evidence": "scan 7"}
    for _again in range(2):
        assert browser.post("/accounts/LATE/accept/", form)["Location"] == "/accounts/LATE/"
    made = Acceptance.objects.get()
    assert (made.accepted_on.isoformat(), made.channel, made.evidence) == ("2025-01-05", "app", "scan 7")
    assert AuditEntry.objects.count() == lines + 1
    shown = page(browser.get("/accounts/LATE/"))
    assert "v1, 5 Jan 2025" in shown and "no clause for full repayment" in shown


def test_a_version_accepted_again_on_a_later_day_is_the_one_that_holds(late: CreditAccount) -> None:
    without, _with = accept(late, has_clause=False), accept(late, code="v2")
    Acceptance.objects.filter(version__code="v2").update(accepted_on="2025-02-01")
    holds = accepted_agreement(late.pk)
    assert holds is not None and holds.has_acceleration_clause
    browser, lines = at(Role.ANALYST), AuditEntry.objects.count()
    form = {"version": without.pk, "accepted_on": "2025-03-01", "channel": "app", "evidence": "scan 8"}
    for _again in range(2):
        assert browser.post("/accounts/LATE/accept/", form).status_code == 302
    said = {"account_no": "LATE", "code": "v1", "accepted_on": "2025-03-02", "channel": "app"}
    for _again in range(2):
        assert browser.post("/api/v1/acceptances/", said, content_type="application/json").status_code == 201
    days = Acceptance.objects.filter(version=without).order_by("accepted_on").values_list("accepted_on", flat=True)
    assert [day.isoformat() for day in days] == ["2025-01-01", "2025-03-01", "2025-03-02"]
    assert AuditEntry.objects.count() == lines + 2
    assert accepted_agreement(late.pk) == without
    # Without the clause nothing is demanded, although a version with it was accepted in between.
    with pytest.raises(ClauseMissing):
        Person(Role.LEGAL).asks(late, "accelerate")


def test_what_the_operation_refuses_is_shown_and_nothing_is_lost(late: CreditAccount) -> None:
    version = accept(late)
    Acceptance.objects.all().delete()
    form = {"version": version.pk, "accepted_on": "2023-12-31", "channel": "app", "evidence": "scan 7"}
    shown = page(at(Role.ANALYST).post("/accounts/LATE/accept/", form), 422)
    assert "was published on 2024-01-01" in shown and "scan 7" in shown
    assert not Acceptance.objects.exists()


def test_a_refusal_of_automated_decisions_holds_for_all_accounts_of_the_customer(late: CreditAccount) -> None:
    other = make_account(customer=late.customer)
    browser = at(Role.TEAM_LEAD)
    assert "not refused" in page(browser.get("/accounts/LATE/automation/"))
    page(browser.post("/accounts/LATE/automation/", {"refuses": "yes", "reason": ""}), 422)
    assert not AccountSignals.objects.filter(refuses_automated_decisions=True).exists()
    assert browser.post("/accounts/LATE/automation/", {"refuses": "yes", "reason": "by letter of 3 March"}).status_code == 302
    refusing = AccountSignals.objects.filter(refuses_automated_decisions=True)
    assert set(refusing.values_list("account_id", flat=True)) == {late.pk, other.pk}
    assert "refused: a person decides" in page(browser.get("/accounts/LATE/"))
    assert browser.post("/accounts/LATE/automation/", {"refuses": "no", "reason": "by telephone"}).status_code == 302
    assert not refusing.exists()
    assert AuditEntry.objects.filter(action="customer.refuse_automation").count() == 2


@pytest.mark.parametrize("part", ["accept", "automation"])
def test_who_may_not_record_it_finds_no_link_and_no_page(late: CreditAccount, part: str) -> None:
    browser = at(Role.LEGAL)
    assert f"/accounts/LATE/{part}/" not in page(browser.get("/accounts/LATE/"))
    assert browser.get(f"/accounts/LATE/{part}/").status_code == 403

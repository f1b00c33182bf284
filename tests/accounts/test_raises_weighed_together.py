"""Small raises, or lowerings, in a row meet the bound of the matrix that a large one would, at the proposal and the approval."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from deciding_books import CLOSED, OPEN, Person, close_at, make_late_account
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import (
    AccountState,
    AuthorityRow,
    CreditAccount,
    Decision,
    DecisionControl,
    DecisionNotice,
    DecisionTerms,
    ReasonCode,
)
from accounts.operations.deciding import refusals
from accounts.operations.deciding.judging import approve_decision, cancel_decision
from accounts.operations.deciding.replaying import replay
from riskops.shared.roles import Role


@pytest.fixture
def late(db: None) -> CreditAccount:
    """Return an account with a limit of 10,000.00."""
    return make_late_account(account_no="LATE")


@pytest.fixture
def approver(db: None) -> Person:
    return Person(Role.APPROVER)


def set_window(days: int) -> None:
    DecisionControl.objects.update_or_create(pk=1, defaults={"raise_window_days": days})


def approve(person: Person, decision: Decision) -> Decision:
    return approve_decision(actor=person.actor, roles=person.roles, decision_id=decision.pk, version=decision.version)


def test_small_raises_in_a_row_need_the_second_person_that_a_large_one_does(late: CreditAccount, approver: Person) -> None:
    # As shipped an approver raises by less than 20,000 alone, and needs a manager from there on.
    first = approver.asks(late, "raise_limit", new_limit_minor=2_000_000)
    second = approver.asks(late, "raise_limit", new_limit_minor=2_999_999)
    assert [(d.status, d.weighed_minor) for d in (first, second)] == [("effective", 1_000_000), ("effective", 1_999_999)]
    third = approver.asks(late, "raise_limit", new_limit_minor=3_000_000)
    assert (third.status, third.weighed_minor, third.needs_approval_by) == ("proposed", 2_000_000, ["manager"])
    assert third.verdict["weighed_minor"] == 2_000_000
    assert [step["reference"] for step in third.inputs["raised"]["steps"]] == [first.reference, second.reference]
    assert approve(Person(Role.MANAGER), third).status == "effective"
    assert all(replay(Decision.objects.get(pk=decision.pk)).is_same for decision in (first, second, third))


def test_whom_the_matrix_gives_no_line_for_the_sum_is_refused(late: CreditAccount, approver: Person) -> None:
    approver.asks(late, "raise_limit", new_limit_minor=2_500_000)
    with pytest.raises(refusals.AuthorityMissing, match=r"20,000\.00"):
        Person(Role.ANALYST).asks(late, "raise_limit", new_limit_minor=3_000_000)
    assert Decision.objects.count() == 1


def test_another_account_and_what_is_out_of_the_window_do_not_count(late: CreditAccount, approver: Person) -> None:
    other = make_late_account(account_no="OTHER", product=late.product, customer=late.customer)
    approver.asks(other, "raise_limit", new_limit_minor=2_000_000)
    first = approver.asks(late, "raise_limit", new_limit_minor=2_000_000)
    assert (first.weighed_minor, first.effective_on) == (1_000_000, OPEN)
    # 11 March is the first of the 180 days that end with 6 September.
    close_at(late, day=date(2025, 9, 5))
    assert approver.asks(late, "raise_limit", new_limit_minor=2_500_000).weighed_minor == 1_500_000
    close_at(late, day=date(2025, 9, 6))
    assert approver.asks(late, "raise_limit", new_limit_minor=2_600_000).weighed_minor == 600_000


def test_a_lowering_takes_back_what_was_raised_and_a_cancelled_raise_never_was(late: CreditAccount, approver: Person) -> None:
    DecisionTerms.objects.filter(action="lower_limit").update(buffer_days=0)
    approver.asks(late, "raise_limit", new_limit_minor=2_500_000)
    lowered = approver.asks(late, "lower_limit", new_limit_minor=1_200_000)
    assert (lowered.status, lowered.weighed_minor) == ("effective", 1_300_000)
    DecisionTerms.objects.filter(action="raise_limit").update(buffer_days=7)
    waiting = approver.asks(late, "raise_limit", new_limit_minor=1_300_000)
    assert (waiting.status, waiting.weighed_minor) == ("scheduled", 300_000)
    reason = "typed in error"
    cancel_decision(actor=approver.actor, roles=approver.roles, decision_id=waiting.pk, version=waiting.version, reason=reason)
    assert approver.asks(late, "raise_limit", new_limit_minor=1_400_000).weighed_minor == 400_000


#: A hundred days after the open day: out of a window of 90 days that ends with it, within one of 180.
LATER = date(2025, 6, 20)


def test_a_raise_that_weighs_more_at_its_approval_is_judged_by_that(late: CreditAccount, approver: Person) -> None:
    analyst = Person(Role.ANALYST)
    approver.asks(late, "raise_limit", new_limit_minor=2_000_000)
    close_at(late, day=LATER)
    set_window(90)
    proposed = analyst.asks(late, "raise_limit", new_limit_minor=2_500_000)
    assert (proposed.weighed_minor, proposed.needs_approval_by) == (500_000, ["approver"])
    set_window(180)
    approved = Decision.objects.get(pk=approve(approver, proposed).pk)
    assert (approved.status, approved.weighed_minor, approved.verdict["weighed_minor"]) == ("effective", 1_500_000, 1_500_000)
    assert replay(approved).is_same

    set_window(90)
    proposed = analyst.asks(late, "raise_limit", new_limit_minor=3_000_000)
    assert proposed.weighed_minor == 1_000_000
    set_window(180)
    with pytest.raises(refusals.AuthorityMissing, match=r"20,000\.00"):
        approve(approver, proposed)
    proposed.refresh_from_db()
    assert (proposed.status, proposed.weighed_minor) == ("proposed", 1_000_000)
    assert replay(proposed).is_same


def test_who_approves_a_raise_that_weighs_more_by_now_is_whom_that_weight_takes(late: CreditAccount, approver: Person) -> None:
    AuthorityRow.objects.create(action="raise_limit", role="analyst", amount_from=20_000, approver_role="manager")
    approver.asks(late, "raise_limit", new_limit_minor=2_000_000)
    close_at(late, day=LATER)
    set_window(90)
    proposed = Person(Role.ANALYST).asks(late, "raise_limit", new_limit_minor=3_000_000)
    assert (proposed.weighed_minor, proposed.needs_approval_by) == (1_000_000, ["approver"])
    set_window(180)
    with pytest.raises(refusals.NotAnApprover, match="manager"):
        approve(approver, proposed)
    manager, client = Person(Role.MANAGER), Client()
    client.force_login(manager.user)
    shown = client.get(f"/decisions/{proposed.pk}/").content.decode()
    assert f"/decisions/{proposed.pk}/approve/" in shown and f"/decisions/{proposed.pk}/reject/" not in shown
    approved = Decision.objects.get(pk=approve(manager, proposed).pk)
    assert (approved.status, approved.weighed_minor, approved.needs_approval_by) == ("effective", 2_000_000, ["manager"])
    assert replay(approved).is_same


def test_whom_the_weight_of_today_does_not_take_is_refused_although_the_page_offers_it(
    late: CreditAccount, approver: Person
) -> None:
    AuthorityRow.objects.create(action="raise_limit", role="analyst", amount_from=20_000, approver_role="manager")
    proposed = Person(Role.ANALYST).asks(late, "raise_limit", new_limit_minor=1_500_000)
    with pytest.raises(refusals.NotAnApprover, match="approver"):
        approve(Person(Role.MANAGER), proposed)
    assert approve(approver, proposed).needs_approval_by == ["approver"]


def test_a_raise_that_weighs_less_at_its_approval_stays_as_it_was_judged(late: CreditAccount, approver: Person) -> None:
    approver.asks(late, "raise_limit", new_limit_minor=2_000_000)
    close_at(late, day=LATER)
    proposed = Person(Role.ANALYST).asks(late, "raise_limit", new_limit_minor=2_500_000)
    set_window(90)
    assert approve(approver, proposed).weighed_minor == 1_500_000


@pytest.mark.parametrize(
    ("standing", "weighed", "amount"), [(900_000, 1_600_000, "¥ 16,000.00"), (1_200_000, 1_500_000, "¥ 13,000.00")]
)
def test_the_customer_reads_what_the_limit_goes_up_by_that_stands_at_the_approval(
    late: CreditAccount, approver: Person, standing: int, weighed: int, amount: str
) -> None:
    ReasonCode.objects.filter(code="good_record").update(text_en="Up by {amount}.", text_zh="提高{amount}")
    DecisionTerms.objects.filter(action="raise_limit").update(buffer_days=7)
    proposed = Person(Role.ANALYST).asks(late, "raise_limit", new_limit_minor=2_500_000)
    # A file has set another limit.
    CreditAccount.objects.filter(pk=late.pk).update(credit_limit_minor=standing)
    approved = Decision.objects.get(pk=approve(approver, proposed).pk)
    assert (approved.status, approved.limit_before_minor, approved.weighed_minor) == ("scheduled", standing, weighed)
    assert approved.text_en.replace("\u202f", " ") == f"Up by {amount}." and amount[2:] in approved.text_zh
    assert DecisionNotice.objects.get().text_en == approved.text_en
    assert replay(approved).is_same


def test_a_raise_that_a_file_has_overtaken_is_cancelled_at_its_approval(late: CreditAccount, approver: Person) -> None:
    proposed = Person(Role.ANALYST).asks(late, "raise_limit", new_limit_minor=1_500_000)
    CreditAccount.objects.filter(pk=late.pk).update(credit_limit_minor=1_500_000)
    assert approve(approver, proposed).status == "cancelled"


def test_a_raise_judged_before_raises_were_weighed_together_still_gives_its_verdict(
    late: CreditAccount, approver: Person
) -> None:
    decision = approver.asks(late, "raise_limit", new_limit_minor=2_000_000)
    inputs = {name: value for name, value in decision.inputs.items() if name != "raised"}
    verdict = {name: value for name, value in decision.verdict.items() if name != "weighed_minor"}
    Decision.objects.filter(pk=decision.pk).update(inputs=inputs, verdict=verdict)
    assert replay(Decision.objects.get(pk=decision.pk)).is_same
    # And one whose earlier raises were altered does not.
    raised = {**decision.inputs["raised"], "steps": [{**_step(decision), "after_minor": 1_000_001}]}
    Decision.objects.filter(pk=decision.pk).update(inputs={**inputs, "raised": raised}, verdict=decision.verdict)
    assert replay(Decision.objects.get(pk=decision.pk)).differences == (("weighed_minor", 1_000_000, 1_000_001),)


def _step(decision: Decision) -> dict[str, Any]:
    return {
        "decision_id": decision.pk,
        "reference": decision.reference,
        "status": "effective",
        "effective_on": CLOSED.isoformat(),
        "before_minor": 1_000_000,
    }


def test_the_customer_reads_of_this_raise_only(late: CreditAccount, approver: Person) -> None:
    ReasonCode.objects.filter(code="good_record").update(text_en="Up by {amount} to {limit}.")
    approver.asks(late, "raise_limit", new_limit_minor=2_000_000)
    second = approver.asks(late, "raise_limit", new_limit_minor=2_100_000)
    assert second.text_en.replace("\u202f", " ") == "Up by ¥ 1,000.00 to ¥ 21,000.00."


def test_the_window_has_at_least_ninety_days(late: CreditAccount) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        set_window(89)
    set_window(180)
    client = Client()
    client.force_login(Person(Role.MANAGER).user)
    figures = {"due_share_bp": 2000, "cool_off_days": 7, "most_flips": 2, "flip_days": 90}
    short = client.post("/admin/accounts/decisioncontrol/1/change/", {**figures, "raise_window_days": 89})
    assert "Type 90 or more" in short.content.decode()
    refused = client.patch("/api/v1/decision-control/", {"raise_window_days": 1}, content_type="application/json")
    assert refused.status_code == 422 and "at least 90 days" in refused.json()["detail"]
    assert DecisionControl.objects.get().raise_window_days == 180
    assert client.post("/admin/accounts/decisioncontrol/1/change/", {**figures, "raise_window_days": 90}).status_code == 302
    assert DecisionControl.objects.get().raise_window_days == 90


# Lowerings ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def rich(db: None) -> CreditAccount:
    """Return an account with a limit of 100,000.00, lowered without a buffer."""
    DecisionTerms.objects.filter(action="lower_limit").update(buffer_days=0)
    return make_late_account(account_no="RICH", credit_limit_minor=10_000_000)


def test_small_lowerings_in_a_row_need_the_second_person_that_a_large_one_does(rich: CreditAccount) -> None:
    # As shipped a team lead lowers by less than 20,000 alone, and needs an approver from there on.
    lead = Person(Role.TEAM_LEAD)
    first = lead.asks(rich, "lower_limit", new_limit_minor=9_000_000)
    second = lead.asks(rich, "lower_limit", new_limit_minor=8_000_001)
    assert [(d.status, d.weighed_minor) for d in (first, second)] == [("effective", 1_000_000), ("effective", 1_999_999)]
    third = lead.asks(rich, "lower_limit", new_limit_minor=8_000_000)
    assert (third.status, third.weighed_minor, third.needs_approval_by) == ("proposed", 2_000_000, ["approver"])
    rich.refresh_from_db()
    assert rich.credit_limit_minor == 8_000_001
    assert [step["reference"] for step in third.inputs["lowered"]["steps"]] == [first.reference, second.reference]
    # The customer reads of this one only.
    assert "0.01" in third.text_en or "80,000.00" in third.text_en
    assert approve(Person(Role.APPROVER), third).status == "effective"
    assert all(replay(Decision.objects.get(pk=decision.pk)).is_same for decision in (first, second, third))


def test_a_raise_in_between_takes_back_what_was_lowered_and_a_lifted_lowering_never_was(
    rich: CreditAccount, approver: Person
) -> None:
    lead = Person(Role.TEAM_LEAD)
    first = lead.asks(rich, "lower_limit", new_limit_minor=8_500_000)
    approver.asks(rich, "raise_limit", new_limit_minor=9_500_000)
    second = lead.asks(rich, "lower_limit", new_limit_minor=8_500_000)
    # 15,000 less 10,000 of the raise, and 10,000 now.
    assert (second.weighed_minor, second.status) == (1_500_000, "effective")
    lead.asks(rich, "lift", lifts=second.pk)
    third = lead.asks(rich, "lower_limit", new_limit_minor=8_500_000)
    assert (first.weighed_minor, third.weighed_minor) == (1_500_000, 1_500_000)


def test_a_lowering_that_weighs_more_at_its_approval_is_judged_by_that(rich: CreditAccount) -> None:
    analyst = Person(Role.ANALYST)
    AuthorityRow.objects.filter(action="lower_limit", role=Role.ANALYST).delete()
    for start, end, by in ((0, 20_000, Role.TEAM_LEAD), (20_000, None, Role.APPROVER)):
        AuthorityRow.objects.create(
            action="lower_limit", role=Role.ANALYST.value, amount_from=start, amount_to=end, approver_role=by.value
        )
    waits = analyst.asks(rich, "lower_limit", new_limit_minor=9_000_000)
    assert waits.needs_approval_by == [Role.TEAM_LEAD.value]
    # A file of the book has set another limit meanwhile.
    CreditAccount.objects.update(credit_limit_minor=11_000_000)
    AccountState.objects.update(credit_limit_minor=11_000_000)
    with pytest.raises(refusals.NotAnApprover):
        approve(Person(Role.TEAM_LEAD), waits)
    done = approve(Person(Role.APPROVER), waits)
    done.refresh_from_db()
    assert (done.status, done.weighed_minor, done.needs_approval_by) == ("effective", 2_000_000, ["approver"])


def test_page_and_api_say_what_a_lowering_weighed_and_why(rich: CreditAccount) -> None:
    lead = Person(Role.TEAM_LEAD)
    first = lead.asks(rich, "lower_limit", new_limit_minor=9_000_000, reference="FIRST")
    client = Client()
    client.force_login(lead.user)
    asked = {"account_no": "RICH", "action": "lower_limit", "reason_code": "risk_rising", "new_limit": "80000", "reference": "L2"}
    preview = client.post("/api/v1/decisions/preview/", asked, content_type="application/json").json()
    assert (preview["weighed"], preview["raised"], preview["needs_approval_by"]) == ("20000.00", None, ["approver"])
    assert (preview["lowered"]["own"], preview["lowered"]["earlier"]) == ("10000.00", "10000.00")
    form = {"reference": "L2", "reason_code": "risk_rising", "new_limit": "80000", "note": "seen", "preview": "1"}
    shown = client.post("/accounts/RICH/decide/?action=lower_limit", form).content.decode().replace("\u202f", " ")
    assert "this lowering ¥ 10,000.00, and ¥ 10,000.00 of lowerings that stand, in 180 days" in shown
    page = client.get(f"/decisions/{first.pk}/").content.decode()
    assert "this lowering alone: no other stands in 180 days" in page


# Page and API ------------------------------------------------------------------------------------------------------


def test_page_and_api_say_what_was_weighed_and_why(late: CreditAccount, approver: Person) -> None:
    first = approver.asks(late, "raise_limit", new_limit_minor=2_000_000, reference="FIRST")
    client = Client()
    client.force_login(approver.user)
    asked = {"account_no": "LATE", "action": "raise_limit", "reason_code": "good_record", "new_limit": "30000"}
    preview = client.post("/api/v1/decisions/preview/", {**asked, "reference": "R2"}, content_type="application/json").json()
    why = {
        "own": "10000.00",
        "earlier": "10000.00",
        "steps": [
            {"decision": "FIRST", "effective_on": "2025-03-11", "limit_before": "10000.00", "limit_after": "20000.00"},
        ],
        "as_of": "2025-03-11",
        "window_days": 180,
    }
    assert (preview["weighed"], preview["raised"], preview["needs_approval_by"]) == ("20000.00", why, ["manager"])
    form = {"reference": "R2", "reason_code": "good_record", "new_limit": "30000", "note": "seen", "preview": "1"}
    shown = client.post("/accounts/LATE/decide/?action=raise_limit", form).content.decode().replace("\u202f", " ")
    assert "this raise ¥ 10,000.00, and ¥ 10,000.00 of raises that stand, in 180 days" in shown

    made = client.post("/api/v1/decisions/", {**asked, "reference": "R2"}, content_type="application/json").json()
    assert (made["weighed"], made["raised"]) == ("20000.00", why)
    page = client.get(f"/decisions/{made['id']}/").content.decode().replace("\u202f", " ")
    assert "¥ 20,000.00" in page and f'<a href="/decisions/{first.pk}/">FIRST</a>' in page
    assert "this raise alone: no other stands in 180 days" in client.get(f"/decisions/{first.pk}/").content.decode()
    suspended = approver.asks(late, "suspend_use", scope="all")
    answer = client.get(f"/api/v1/decisions/{suspended.pk}/").json()
    assert (answer["weighed"], answer["raised"]) == ("20000.00", None)

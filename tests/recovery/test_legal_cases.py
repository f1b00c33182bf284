"""Legal cases: two people, stages in order, costs to the cent, the signal of the account; and the clock they restart."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from factories import TESTER, make_conflict, make_installment, make_payment, make_reversal, make_user
from letters_books import DAY, TODAY, make_late
from rest_framework.test import APIClient

from accounts.models import AccountSignals, AccountState, ScheduleChange
from accounts.operations.payments import post_payment
from accounts.operations.rebuilding import lock_states
from accounts.operations.schedule_changes import NewInstallment, change_schedule
from accounts.operations.signals import note_signals
from accounts.operations.waivers import waive
from accounts.queries.account_page import load_account
from accounts.rules.entries import Part
from accounts.rules.terms import Component
from casework.models import Case
from casework.operations.cases.following import follow_account
from outreach.operations.refusals import ReasonNeeded
from recovery.models import LegalCase, LegalStage, Letter, LimitationFact
from recovery.operations.legal import cases, refusals
from recovery.operations.legal.cases import (
    StageAsked,
    approve_case,
    close_case,
    move_case,
    note_stage,
    propose_case,
    reject_case,
)
from recovery.operations.legal.limitation import note_fact, withdraw_fact
from recovery.queries import limitation
from recovery.queries.limitation import clock_of, clock_shown, running_out
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK

pytestmark = pytest.mark.django_db


@pytest.fixture
def first() -> Actor:
    return Actor.of(make_user(Role.LEGAL, username="first"))


@pytest.fixture
def second() -> Actor:
    return Actor.of(make_user(Role.LEGAL, username="second"))


def opened(first: Actor, second: Actor, account: Any, stage: str = "suit") -> LegalCase:
    case = propose_case(actor=first, account_id=account.pk, stage=stage, note="No answer.", today=TODAY)
    return approve_case(actor=second, case_id=case.pk, version=case.version, on=DAY, today=TODAY)


def test_a_case_is_weighed_when_it_is_proposed_and_the_account_is_in_legal_recovery_once_approved(
    first: Actor, second: Actor
) -> None:
    account = make_late(principal=1_000_000)
    case = propose_case(actor=first, account_id=account.pk, stage="suit", note="No answer.", today=TODAY)
    # A suit costs 1,200.00 and brings 28 % of 10,000.00.
    assert (case.claim_minor, case.expected_minor, case.cost_minor) == (1_000_000, 280_000, 120_000)
    assert not AccountSignals.objects.filter(account=account, is_in_legal=True).exists()
    approve_case(actor=second, case_id=case.pk, version=case.version, on=DAY, today=TODAY)
    assert AccountSignals.objects.get(account=account).is_in_legal
    stage = LegalStage.objects.get()
    assert (stage.stage, stage.begun_on, stage.ended_on) == ("suit", DAY, None)


def test_whoever_proposed_a_case_does_not_approve_it(first: Actor) -> None:
    case = propose_case(actor=first, account_id=make_late().pk, stage="suit", note="n", today=TODAY)
    with pytest.raises(refusals.OwnCase):
        approve_case(actor=first, case_id=case.pk, version=case.version, on=DAY, today=TODAY)
    case.refresh_from_db()
    assert (case.status, LegalStage.objects.count()) == ("proposed", 0)


@pytest.mark.parametrize("signal", ["is_disputed", "has_hardship_plan", "is_fraud_suspected", "is_vulnerable"])
def test_what_holds_an_account_back_keeps_it_from_court(signal: str, first: Actor) -> None:
    account = make_late()
    note_signals(account.pk, **{signal: True})
    with pytest.raises(refusals.CaseInTheWay):
        propose_case(actor=first, account_id=account.pk, stage="suit", note="n", today=TODAY)
    assert not LegalCase.objects.exists()


def test_a_second_case_and_a_stage_that_begins_nothing_are_refused(first: Actor) -> None:
    account = make_late()
    with pytest.raises(refusals.StageNotFirst, match="judgment"):
        propose_case(actor=first, account_id=account.pk, stage="judgment", note="n", today=TODAY)
    with pytest.raises(ReasonNeeded):
        propose_case(actor=first, account_id=account.pk, stage="suit", note=" ", today=TODAY)
    propose_case(actor=first, account_id=account.pk, stage="suit", note="n", today=TODAY)
    with pytest.raises(refusals.CaseThere):
        propose_case(actor=first, account_id=account.pk, stage="mediation", note="n", today=TODAY)
    assert LegalCase.objects.count() == 1


def test_a_rejected_case_leaves_the_account_alone(first: Actor, second: Actor) -> None:
    case = propose_case(actor=first, account_id=make_late().pk, stage="suit", note="n", today=TODAY)
    with pytest.raises(ReasonNeeded):
        reject_case(actor=second, case_id=case.pk, version=case.version, reason="")
    reject_case(actor=second, case_id=case.pk, version=case.version, reason="Too small.")
    case.refresh_from_db()
    assert (case.status, case.reason) == ("rejected", "Too small.")
    assert not AccountSignals.objects.filter(is_in_legal=True).exists()


def test_stages_follow_one_another_and_costs_add_up(first: Actor, second: Actor) -> None:
    account = make_late()
    case = opened(first, second, account)
    case = note_stage(
        actor=first, case_id=case.pk, version=case.version, body="Chaoyang court", docket_no="(2025)1", cost_minor=12_345
    )
    case = note_stage(
        actor=first, case_id=case.pk, version=case.version, body="Chaoyang court", docket_no="(2025)1", cost_minor=55
    )
    with pytest.raises(refusals.StageNotNext, match="next can be: mediation, judgment"):
        move_case(
            actor=first, case_id=case.pk, version=case.version, asked=StageAsked("enforcement", TODAY), result="", today=TODAY
        )
    with pytest.raises(refusals.CaseDayImpossible):
        asked = StageAsked("judgment", DAY - timedelta(days=1))
        move_case(actor=first, case_id=case.pk, version=case.version, asked=asked, result="", today=TODAY)
    case = move_case(
        actor=first, case_id=case.pk, version=case.version, asked=StageAsked("judgment", TODAY), result="won", today=TODAY
    )
    case = note_stage(actor=first, case_id=case.pk, version=case.version, body="", docket_no="", cost_minor=100)
    rows = list(LegalStage.objects.order_by("pk").values_list("stage", "begun_on", "ended_on", "cost_minor", "result"))
    assert rows == [("suit", DAY, TODAY, 12_400, "won"), ("judgment", TODAY, None, 100, "")]
    assert (case.stage, case.booked_minor) == ("judgment", 12_500)
    with pytest.raises(refusals.CaseChanged):
        close_case(actor=first, case_id=case.pk, version=1, outcome="won", reason="r", on=TODAY, today=TODAY)
    with pytest.raises(refusals.CaseOutcomeUnknown):
        close_case(actor=first, case_id=case.pk, version=case.version, outcome="", reason="r", on=TODAY, today=TODAY)
    close_case(actor=first, case_id=case.pk, version=case.version, outcome="won", reason="Paid.", on=TODAY, today=TODAY)
    assert not AccountSignals.objects.get(account=account).is_in_legal
    assert not LegalStage.objects.filter(ended_on=None).exists()
    actions = list(AuditEntry.objects.filter(subject_type="legal case").order_by("id").values_list("action", flat=True))
    assert actions == ["legal_case.open", "legal_case.decide", *["legal_case.work"] * 4, "legal_case.close"]


def test_a_case_is_not_paid_in_full_while_something_is_past_due(first: Actor, second: Actor) -> None:
    account = make_late(principal=1_000_000)
    case = opened(first, second, account)
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=999_999, value_date=TODAY, reference="T1")
    closing: Any = {"actor": first, "case_id": case.pk, "version": case.version, "reason": "Paid.", "on": TODAY, "today": TODAY}

    with pytest.raises(refusals.StillOwed, match=r"0\.01 of account .* is past due.*settled, won, lost or withdrawn"):
        close_case(**closing, outcome="paid")

    assert LegalCase.objects.get().status == "open" and LegalStage.objects.filter(ended_on=None).exists()
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=1, value_date=TODAY, reference="T2")
    assert close_case(**closing, outcome="paid").outcome == "paid"


def restructured(account: Any) -> ScheduleChange:
    """Hand all that an account owes over to two instalments of the months to come."""
    late = account.installments.get(schedule_change=None)
    return change_schedule(
        actor=TESTER,
        account_id=account.pk,
        kind=ScheduleChange.Kind.RESTRUCTURE,
        value_date=TODAY,
        parts=[Part(late.pk, 0, 0, 0, 1_000_000)],
        schedule=[NewInstallment(TODAY + timedelta(days=30 * month), 500_000) for month in (1, 2)],
        bears_penalty=False,
        reference="R1",
        reason="agreed",
    )


def test_what_a_plan_has_taken_over_is_not_paid(first: Actor, second: Actor) -> None:
    account = make_late(principal=1_000_000)
    case = opened(first, second, account)
    restructured(account)
    assert AccountState.objects.get(pk=account.pk).overdue_total_minor == 0
    closing: Any = {"actor": first, "case_id": case.pk, "version": case.version, "reason": "r", "on": TODAY, "today": TODAY}
    with pytest.raises(refusals.LeftInPlan, match=r"10,000\.00 of account .* owed by plan R1.*settled, won, lost or withdrawn"):
        close_case(**closing, outcome="paid")
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=999_999, value_date=TODAY, reference="T1")
    with pytest.raises(refusals.LeftInPlan, match=r"0\.01 of account"):
        close_case(**closing, outcome="paid")
    assert LegalCase.objects.get().status == "open"
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=1, value_date=TODAY, reference="T2")
    assert close_case(**closing, outcome="paid").outcome == "paid"


def test_a_plan_does_not_keep_a_case_from_ending_in_another_way(first: Actor, second: Actor) -> None:
    account = make_late(principal=1_000_000)
    case = opened(first, second, account)
    restructured(account)
    closing: Any = {"actor": first, "case_id": case.pk, "version": case.version, "reason": "r", "on": TODAY, "today": TODAY}
    assert close_case(**closing, outcome="settled").outcome == "settled"


def waived(account: Any, amount_minor: int, reference: str = "W1") -> None:
    installment = account.installments.get()
    waive(
        actor=TESTER,
        account_id=account.pk,
        order_no=installment.order_no,
        sequence=installment.sequence,
        component=Component.PRINCIPAL,
        amount_minor=amount_minor,
        value_date=TODAY,
        reference=reference,
        reason="agreed in court",
    )


def test_a_claim_of_which_part_was_waived_is_settled_and_not_paid(first: Actor, second: Actor) -> None:
    account = make_late(principal=1_000_000)
    waived(account, 100_000, "W0")
    case = opened(first, second, account)
    # What was given up before is no part of the claim.
    assert case.claim_minor == 900_000
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=899_900, value_date=TODAY, reference="T1")
    waived(account, 100)
    closing: Any = {"actor": first, "case_id": case.pk, "version": case.version, "reason": "r", "on": TODAY, "today": TODAY}
    with pytest.raises(refusals.PaidLessThanClaimed, match=r"1\.00 of the .*9,000\.00 .* was waived or cancelled and not paid"):
        close_case(**closing, outcome="paid")
    assert LegalCase.objects.get().status == "open"
    assert close_case(**closing, outcome="settled").outcome == "settled"


def test_penalty_that_came_after_the_claim_may_be_waived_and_an_older_payment_may_come_to_light(
    first: Actor, second: Actor
) -> None:
    paid, found = make_late(principal=1_000_000), make_late(principal=1_000_000)
    for number, account in enumerate((paid, found)):
        case = opened(first, second, account)
        if account == paid:
            # Somebody paid the whole claim; what is due beside it was given up.
            LegalCase.objects.filter(pk=case.pk).update(claim_minor=999_000)
            post_payment(actor=TESTER, account_id=account.pk, amount_minor=999_000, value_date=TODAY, reference="T1")
            waived(account, 1_000)
        else:
            LegalCase.objects.filter(pk=case.pk).update(claim_minor=1_000_500)
            early = DAY - timedelta(days=3)
            post_payment(actor=TESTER, account_id=account.pk, amount_minor=1_000_000, value_date=early, reference="T2")
        closing: Any = {"actor": first, "case_id": case.pk, "version": case.version, "reason": "r", "on": TODAY, "today": TODAY}
        assert close_case(**closing, outcome="paid").outcome == "paid", number


def test_the_account_is_held_before_it_is_looked_at(first: Actor, second: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    # What a reversal of the same moment would do: it commits while the closing waits for the account.
    account = make_late(principal=1_000_000)
    case = opened(first, second, account)
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=1_000_000, value_date=TODAY, reference="T1")

    def after_the_reversal(account_ids: Any) -> Any:
        AccountState.objects.filter(pk__in=account_ids).update(overdue_principal_minor=1, outstanding_principal_minor=1)
        return lock_states(account_ids)

    monkeypatch.setattr(cases, "lock_states", after_the_reversal)
    with pytest.raises(refusals.StillOwed):
        close_case(actor=first, case_id=case.pk, version=case.version, outcome="paid", reason="r", on=TODAY, today=TODAY)


def test_a_day_that_can_only_be_one_is_named_alone() -> None:
    one, other = date(2026, 11, 28), date(2026, 11, 27)
    assert str(refusals.CaseDayImpossible(other, one, one)) == "27 Nov 2026 cannot be: it must be 28 Nov 2026."
    assert "from 27 Nov 2026 to 28 Nov 2026" in str(refusals.CaseDayImpossible(TODAY, other, one))


def test_the_collection_case_goes_to_legal_and_back_to_where_its_days_put_it(first: Actor, second: Actor) -> None:
    account = make_late(days=100)
    follow_account(account.pk)
    assert Case.objects.get(account=account).stage == "pursue"
    case = opened(first, second, account)
    collection = Case.objects.get(account=account)
    assert (collection.stage, collection.events.latest("pk").reason) == ("legal", case.reference)
    close_case(actor=first, case_id=case.pk, version=case.version, outcome="withdrawn", reason="r", on=TODAY, today=TODAY)
    assert Case.objects.get(account=account).stage == "pursue"


# The clock ----------------------------------------------------------------------------------------------------------


def clock_day(account: Any, as_of: date = DAY) -> date | None:
    found = clock_of(account, as_of=as_of, today=TODAY)
    assert found is not None
    # What the account's page makes of what it has read is the same.
    user = get_user_model().objects.filter(username="looks").first() or make_user(Role.LEGAL, username="looks")
    loaded = load_account(account.account_no, user=user, as_of=None, today=TODAY)
    letters, has_case = Letter.objects.filter(account=account), LegalCase.objects.filter(account=account).exists()
    shown = clock_shown(loaded, letters=letters, has_case=has_case, as_of=as_of, today=TODAY)
    assert shown is not None
    in_order = [sorted(clock.starts, key=str) for clock in (shown, found)]
    assert (shown.runs_out_on, in_order[0]) == (found.runs_out_on, in_order[1])
    return found.runs_out_on


def test_the_clock_takes_payments_letters_and_cases_from_the_book(first: Actor, second: Actor) -> None:
    account = make_late(days=1_000)
    # Due on 5 July 2022.
    assert clock_day(account) == date(2025, 7, 5)
    # An order that is paid has no claim left.
    make_installment(account, order_no="paid", due_date=date(2021, 1, 1), principal=100, is_open=False)
    assert clock_day(account) == date(2025, 7, 5)
    make_payment(account, paid_on=date(2024, 2, 29), amount=100)
    taken_back = make_payment(account, paid_on=date(2024, 3, 31), amount=100)
    make_reversal(taken_back, paid_on=date(2024, 4, 1))
    assert clock_day(account) == date(2027, 2, 28)
    note_fact(
        actor=first, account=account, cause="acknowledgement", on=date(2024, 5, 5), evidence="letter of the customer", today=TODAY
    )
    assert clock_day(account) == date(2027, 5, 5)
    fact = LimitationFact.objects.get()
    withdraw_fact(actor=first, account=account, fact_id=fact.pk, reason="another account", now=fact.noted_at)
    assert clock_day(account) == date(2027, 2, 28)
    opened(first, second, account, stage="arbitration")
    assert clock_day(account) is None


def test_what_is_noted_needs_evidence_and_a_day_that_can_be(first: Actor) -> None:
    account = make_late()
    note: dict[str, Any] = {"actor": first, "account": account, "today": TODAY}
    with pytest.raises(refusals.CauseNotNoted):
        note_fact(**note, cause="payment", on=DAY, evidence="e")
    with pytest.raises(refusals.EvidenceNeeded):
        note_fact(**note, cause="demand", on=DAY, evidence=" ")
    with pytest.raises(refusals.CaseDayImpossible):
        note_fact(**note, cause="demand", on=TODAY + timedelta(days=1), evidence="e")
    assert not LimitationFact.objects.exists()


def test_the_list_has_whose_time_runs_out_the_earliest_first() -> None:
    soon, sooner = make_late(days=1_000), make_late(days=1_050)
    gone, fresh, paid = make_late(days=1_200), make_late(days=100), make_late(days=1_000)
    make_payment(paid, paid_on=date(2025, 3, 1), amount=100)
    found = running_out(scope=WHOLE_BOOK, as_of=DAY, today=TODAY)
    assert [row.account.pk for row in found.running] == [sooner.pk, soon.pk]
    assert [row.account.pk for row in found.ran_out] == [gone.pk]
    near = running_out(scope=WHOLE_BOOK, as_of=DAY, today=TODAY, within_days=60)
    assert [row.account.pk for row in near.running] == [sooner.pk]
    assert fresh.pk not in {row.account.pk for row in (*found.running, *found.ran_out)}


def test_what_has_run_out_crowds_nothing_out_that_can_still_be_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limitation, "MOST_LISTED", 2)
    monkeypatch.setattr(limitation, "AT_ONCE", 2)
    gone = [make_late(days=3 * 365 + 300 + number) for number in range(4)]
    alive = make_late(days=3 * 365 - 20)
    found = running_out(scope=WHOLE_BOOK, as_of=DAY, today=TODAY)
    assert [row.account.pk for row in found.running] == [alive.pk]
    assert [row.account.pk for row in found.ran_out] == [gone[3].pk, gone[2].pk]
    assert (found.running_count, found.ran_out_count) == (1, 4)


def test_a_payment_after_it_ran_out_takes_nobody_off_the_list() -> None:
    account = make_late(days=3 * 365 + 30)
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=100, value_date=TODAY, reference="p1")
    found = running_out(scope=WHOLE_BOOK, as_of=TODAY, today=TODAY)
    assert [row.account.pk for row in found.ran_out] == [account.pk]


def test_the_api_lists_no_case_of_a_customer_one_has_a_conflict_with(first: Actor) -> None:
    account = make_late(principal=1_000_000)
    propose_case(actor=first, account_id=account.pk, stage="suit", note="hidden note", today=TODAY)
    person = make_user(Role.ANALYST)
    api = APIClient()
    api.force_authenticate(person)
    assert [row["note"] for row in api.get("/api/v1/legal-cases/").json()] == ["hidden note"]
    make_conflict(person, account.customer, since=date(2020, 1, 1))
    assert api.get("/api/v1/legal-cases/").json() == []

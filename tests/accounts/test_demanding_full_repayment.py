"""Demanding everything, attacked: what falls due in the period, what is owed at the approval, an agreement without the clause."""

from __future__ import annotations

from datetime import date

import pytest
from deciding_books import CLOSED, OPEN, Person, accept, close_at, make_late_account
from factories import make_installment, make_payment, set_business_date

from accounts.models import AuthorityRow, CreditAccount, Decision, DecisionNotice, Restriction
from accounts.operations.deciding import refusals
from accounts.operations.deciding.agreements import accept_agreement
from accounts.operations.deciding.judging import approve_decision
from accounts.operations.deciding.nightly import work_decisions
from accounts.operations.deciding.replaying import replay
from accounts.operations.rebuilding import rebuild_accounts
from accounts.operations.refusals import DayNotOpenYet
from riskops.shared.audit import COMMAND
from riskops.shared.roles import Role


@pytest.fixture
def late(db: None) -> CreditAccount:
    return make_late_account(account_no="LATE")


@pytest.fixture
def legal(db: None) -> Person:
    return Person(Role.LEGAL)


@pytest.fixture
def approver(db: None) -> Person:
    return Person(Role.APPROVER)


def approve(approver: Person, decision: Decision) -> Decision:
    approve_decision(actor=approver.actor, roles=approver.roles, decision_id=decision.pk, version=1)
    decision.refresh_from_db()
    return decision


def night(day: date) -> int:
    return work_decisions(closed_day=day, first_account_id=0, last_account_id=2**60)


def test_what_falls_due_in_the_period_does_not_keep_a_demand_alive_that_was_paid(
    late: CreditAccount, legal: Person, approver: Person
) -> None:
    accept(late)
    make_installment(late, due_date=date(2025, 3, 22), principal=10_000, sequence=9)
    close_at(late)
    decision = approve(approver, legal.asks(late, "accelerate"))
    assert decision.effective_on == date(2025, 3, 26)
    # The 200.00 demanded are paid on the 24th. The 100.00 of the 22nd are a fifth of the 500.00, but nobody demanded them.
    make_payment(late, paid_on=date(2025, 3, 24), amount=20_000)
    night(date(2025, 3, 24))
    decision.refresh_from_db()
    assert (decision.status, "paid in time" in decision.ended_why) == ("cancelled", True)
    assert night(date(2025, 3, 25)) == 0
    assert not Restriction.objects.exists()


def test_an_approval_demands_what_is_owed_on_its_day(late: CreditAccount, legal: Person, approver: Person) -> None:
    accept(late)
    decision = legal.asks(late, "accelerate")
    assert decision.weighed_minor == 40_000 and "400.00" in decision.text_en
    # 100.00 paid: 100.00 of 400.00 are still late, a quarter.
    make_payment(late, paid_on=OPEN, amount=10_000)
    rebuild_accounts([late.pk], as_of=OPEN, ahead_on=OPEN)
    approve(approver, decision)
    assert (decision.weighed_minor, decision.verdict["demanded_minor"]) == (30_000, 30_000)
    notice = DecisionNotice.objects.get()
    assert "300.00" in notice.text_en and "400.00" not in notice.text_en and "300.00" in notice.text_zh
    assert replay(decision).is_same


def test_who_approves_a_demand_is_whom_the_amount_of_its_day_takes(late: CreditAccount, legal: Person, approver: Person) -> None:
    accept(late)
    AuthorityRow.objects.filter(action="accelerate", role="legal").update(amount_to=450)
    AuthorityRow.objects.create(action="accelerate", role="legal", amount_from=450, approver_role="manager")
    decision = legal.asks(late, "accelerate")
    assert (decision.weighed_minor, decision.needs_approval_by) == (40_000, ["approver"])
    make_installment(late, due_date=date(2025, 6, 1), principal=10_000, sequence=9)
    rebuild_accounts([late.pk], as_of=CLOSED, ahead_on=None)
    with pytest.raises(refusals.NotAnApprover, match="manager"):
        approve(approver, decision)
    approve(Person(Role.MANAGER), decision)
    assert (decision.status, decision.weighed_minor, decision.needs_approval_by) == ("scheduled", 50_000, ["manager"])
    assert replay(decision).is_same


def test_a_demand_that_would_take_nobody_else_by_now_is_still_judged_by_those_who_were_asked(
    late: CreditAccount, legal: Person, approver: Person
) -> None:
    accept(late)
    AuthorityRow.objects.filter(action="accelerate", role="legal").update(amount_from=350)
    AuthorityRow.objects.create(action="accelerate", role="legal", amount_to=350)
    decision = legal.asks(late, "accelerate")
    make_payment(late, paid_on=OPEN, amount=10_000)
    rebuild_accounts([late.pk], as_of=OPEN, ahead_on=OPEN)
    with pytest.raises(refusals.NotAnApprover, match="approver"):
        approve(Person(Role.LEGAL), decision)
    assert approve(approver, decision).needs_approval_by == ["approver"]
    assert (decision.weighed_minor, replay(decision).is_same) == (30_000, True)


def test_another_order_than_the_proposed_one_is_demanded_where_that_is_the_late_one_by_now(
    late: CreditAccount, legal: Person, approver: Person
) -> None:
    accept(late)
    decision = legal.asks(late, "accelerate")
    assert decision.verdict["orders"] == ["O1"]
    make_payment(late, paid_on=date(2025, 3, 12), amount=20_000)
    make_installment(late, due_date=date(2025, 3, 13), principal=7_000, order_no="O2")
    set_business_date(date(2025, 3, 14))
    rebuild_accounts([late.pk], as_of=date(2025, 3, 14), ahead_on=None)
    approve(approver, decision)
    assert (decision.verdict["orders"], decision.weighed_minor) == (["O2"], 7_000)
    night(date(2025, 3, 15))
    decision.refresh_from_db()
    assert decision.status == "scheduled"


def test_an_agreement_without_the_clause_accepted_in_the_period_ends_the_demand(
    late: CreditAccount, legal: Person, approver: Person
) -> None:
    accept(late)
    decision = approve(approver, legal.asks(late, "accelerate"))
    accept(late, has_clause=False, code="v2")
    night(date(2025, 3, 25))
    decision.refresh_from_db()
    assert (decision.status, "no clause" in decision.ended_why) == ("cancelled", True)
    assert not Restriction.objects.exists()


def test_what_is_demanded_now_takes_the_authority_of_now(late: CreditAccount, legal: Person) -> None:
    accept(late)
    decision = legal.asks(late, "accelerate")
    make_payment(late, paid_on=OPEN, amount=40_000)
    rebuild_accounts([late.pk], as_of=OPEN, ahead_on=OPEN)
    with pytest.raises(refusals.GateNotMet):
        approve(Person(Role.APPROVER), decision)
    decision.refresh_from_db()
    assert (decision.status, decision.weighed_minor) == ("proposed", 40_000)


def test_a_payment_in_time_that_was_booked_late_ends_a_demand_in_force(
    late: CreditAccount, legal: Person, approver: Person
) -> None:
    accept(late)
    decision = approve(approver, legal.asks(late, "accelerate"))
    make_payment(late, paid_on=date(2025, 3, 20), amount=1_000)
    night(date(2025, 3, 25))
    assert Restriction.objects.exists()
    assert night(date(2025, 3, 26)) == 0
    # The bank's file of the 25th comes on the 28th.
    make_payment(late, paid_on=date(2025, 3, 25), amount=19_000)
    assert night(date(2025, 3, 28)) == 1
    decision.refresh_from_db()
    assert (decision.status, "booked later" in decision.ended_why) == ("lifted", True)
    assert not Restriction.objects.exists()
    assert list(DecisionNotice.objects.order_by("pk").values_list("kind", flat=True)) == ["decided", "ended"]


def test_a_payment_after_the_period_leaves_a_demand_in_force(late: CreditAccount, legal: Person, approver: Person) -> None:
    accept(late)
    approve(approver, legal.asks(late, "accelerate"))
    make_payment(late, paid_on=date(2025, 3, 20), amount=1_000)
    night(date(2025, 3, 25))
    make_payment(late, paid_on=date(2025, 3, 26), amount=39_000)
    assert night(date(2025, 3, 27)) == 0
    assert Restriction.objects.exists()


def test_an_acceptance_is_not_dated_ahead(late: CreditAccount) -> None:
    accept(late, has_clause=False)
    with pytest.raises(DayNotOpenYet):
        accept_agreement(actor=COMMAND, account_id=late.pk, code="v1", accepted_on=date(2026, 1, 1))
    accept_agreement(actor=COMMAND, account_id=late.pk, code="v1", accepted_on=OPEN)

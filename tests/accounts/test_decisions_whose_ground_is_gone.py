"""Decisions overtaken by events: the account closed, what a lift would lift ended, the caps on lending filled by another line."""

from __future__ import annotations

from datetime import date

import pytest
from deciding_books import (
    CLOSED,
    OPEN,
    Person,
    approves_rule,
    asks_undo,
    drafts_rule,
    judges_undo,
    make_late_account,
    tries_rule,
)
from factories import make_account, make_product

from accounts.models import CreditAccount, Decision, DecisionNotice, DecisionTerms, LendingCap
from accounts.operations.deciding import refusals
from accounts.operations.deciding.judging import approve_decision
from accounts.operations.deciding.nightly import work_decisions
from accounts.operations.deciding.replaying import replay
from riskops.shared.roles import Role


@pytest.fixture
def late(db: None) -> CreditAccount:
    return make_late_account(account_no="LATE")


@pytest.fixture
def lead(db: None) -> Person:
    return Person(Role.TEAM_LEAD)


@pytest.fixture
def approver(db: None) -> Person:
    return Person(Role.APPROVER)


def night(day: date) -> int:
    return work_decisions(closed_day=day, first_account_id=0, last_account_id=2**60)


def kinds(decision: Decision) -> list[str]:
    return list(decision.notices.order_by("pk").values_list("kind", flat=True))


def test_an_account_closed_in_the_buffer_is_not_restricted_any_more(late: CreditAccount, lead: Person) -> None:
    decision = lead.asks(late, "lower_limit", new_limit_minor=500_000)
    late.attributes = {"x_closed_on": "2025-03-15"}
    late.save()
    assert night(date(2025, 3, 17)) == 1
    decision.refresh_from_db()
    late.refresh_from_db()
    assert (decision.status, late.credit_limit_minor) == ("cancelled", 1_000_000)
    assert "was closed" in decision.ended_why and kinds(decision) == ["decided", "cancelled"]


def test_a_lift_of_what_has_run_out_is_not_approved(late: CreditAccount, lead: Person) -> None:
    suspended = lead.asks(late, "suspend_use", scope="all", expires_on=date(2025, 3, 14), review_on=date(2025, 3, 13))
    lift = Person(Role.ANALYST).asks(late, "lift", lifts=suspended.pk)
    assert night(date(2025, 3, 13)) == 1
    with pytest.raises(refusals.NothingToLift):
        approve_decision(actor=lead.actor, roles=lead.roles, decision_id=lift.pk, version=1)
    lift.refresh_from_db()
    assert (lift.status, kinds(lift)) == ("proposed", [])


def test_the_end_of_a_restriction_is_not_withdrawn_when_it_runs_out_before_its_lift(late: CreditAccount, lead: Person) -> None:
    DecisionTerms.objects.filter(action="lift").update(buffer_days=3)
    suspended = lead.asks(late, "suspend_use", scope="all", expires_on=date(2025, 3, 14), review_on=date(2025, 3, 13))
    lift = lead.asks(late, "lift", lifts=suspended.pk)
    assert lift.effective_on == date(2025, 3, 14)
    night(date(2025, 3, 13))
    lift.refresh_from_db()
    suspended.refresh_from_db()
    assert (suspended.status, kinds(suspended)) == ("expired", ["decided", "ended"])
    # "Our notice is withdrawn" would tell the customer that they stay suspended.
    assert (lift.status, kinds(lift)) == ("cancelled", ["decided"])


def test_a_raised_limit_stays_under_the_cap_on_all_lines_of_a_customer(late: CreditAccount, approver: Person) -> None:
    cap = LendingCap.objects.get(kind="customer_limit", currency="CNY")
    assert cap.most == 200_000
    # In no close yet, so without a state: it counts all the same.
    make_account(customer=late.customer, product=make_product(), credit_limit_minor=18_000_000)
    with pytest.raises(refusals.LimitOverCap, match=r"¥\u202f200,000\.01"):
        approver.asks(late, "raise_limit", new_limit_minor=2_000_001)
    assert not Decision.objects.exists()
    raised = approver.asks(late, "raise_limit", new_limit_minor=2_000_000)
    assert raised.status == "effective"
    assert raised.verdict["limit_within_caps"] is True and replay(raised).is_same


def test_a_raise_is_held_against_the_caps_of_the_day_of_its_approval(late: CreditAccount, approver: Person) -> None:
    raised = Person(Role.ANALYST).asks(late, "raise_limit", new_limit_minor=1_500_000)
    make_account(customer=late.customer, product=make_product(), credit_limit_minor=19_000_000)
    with pytest.raises(refusals.LimitOverCap):
        approve_decision(actor=approver.actor, roles=approver.roles, decision_id=raised.pk, version=1)
    late.refresh_from_db()
    assert late.credit_limit_minor == 1_000_000 and not DecisionNotice.objects.exists()


def test_many_accounts_are_undone_in_queries_that_do_not_grow_with_them(db: None, django_assert_max_num_queries: object) -> None:
    from accounts.models import DecisionRuleVersion
    from accounts.operations.deciding.undoing import DECISION_UNDOINGS

    product = make_product()
    accounts = [make_late_account(product=product) for _number in range(12)]
    lead, manager = Person(Role.TEAM_LEAD), Person(Role.MANAGER)
    version = tries_rule(lead, drafts_rule(lead))
    approves_rule(manager, version, is_warning_accepted=True)
    assert night(CLOSED) == len(accounts)
    undo = asks_undo(DECISION_UNDOINGS, lead, version, day=OPEN)
    with django_assert_max_num_queries(40):  # type: ignore[operator]
        done = judges_undo(DECISION_UNDOINGS, manager, undo)
    assert done.undone == 12
    assert DecisionRuleVersion.objects.get().live_until == OPEN

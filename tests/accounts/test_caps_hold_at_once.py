"""The caps on what a customer is lent hold when two limits grow at the same time, or in the same night."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from application_books import decides, make_line_product, received
from deciding_books import CLOSED, Person, asks_undo, close_at, drafts_rule, judges_undo, make_late_account
from django.db import connection
from factories import make_account, make_product, set_business_date
from side_by_side import at_once

from accounts.models import AuthorityRow, CreditAccount, Decision, DecisionNotice, DecisionTerms
from accounts.operations.applications import refusals as application_refusals
from accounts.operations.deciding import proposing, refusals, weighing
from accounts.operations.deciding.appealing import decide_appeal, record_appeal
from accounts.operations.deciding.nightly import work_decisions
from accounts.operations.deciding.undoing import DECISION_UNDOINGS
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

CAP = 20_000_000


@pytest.fixture
def approver(db: None) -> Person:
    """Somebody whom the matrix lets change and grant limits alone."""
    AuthorityRow.objects.filter(action__in=["raise_limit", "lower_limit", "grant_limit"]).delete()
    for action in ("raise_limit", "lower_limit", "grant_limit"):
        AuthorityRow.objects.create(action=action, role=Role.APPROVER.value, currency="CNY", amount_from=0)
    return Person(Role.APPROVER)


def lent_to(account: CreditAccount) -> int:
    return sum(CreditAccount.objects.filter(customer_id=account.customer_id).values_list("credit_limit_minor", flat=True))


@pytest.mark.django_db
def test_of_two_raises_in_their_buffer_the_one_over_the_cap_is_cancelled_and_its_customer_told(approver: Person) -> None:
    DecisionTerms.objects.filter(action="raise_limit").update(buffer_days=1)
    first = make_late_account(account_no="A")
    second = make_account(account_no="B", customer=first.customer, product=make_product(), credit_limit_minor=1_000_000)
    close_at(second)
    # Each alone is within the cap of 200,000.00.
    raises = [approver.asks(account, "raise_limit", new_limit_minor=15_000_000) for account in (first, second)]
    assert [raised.status for raised in raises] == ["scheduled", "scheduled"]
    work_decisions(closed_day=CLOSED.replace(day=11), first_account_id=0, last_account_id=2**60)
    for raised in raises:
        raised.refresh_from_db()
    assert [raised.status for raised in raises] == ["effective", "cancelled"]
    assert "Order 9/2020" in raises[1].ended_why
    assert list(raises[1].notices.order_by("pk").values_list("kind", flat=True)) == ["decided", "cancelled"]
    assert lent_to(first) == 16_000_000


def lowered(approver: Person, **fields: Any) -> Decision:
    """Return a decision in force that took a line of 100,000.00 down to 10,000.00."""
    account = make_late_account(credit_limit_minor=10_000_000, **fields)
    decision = approver.asks(account, "lower_limit", new_limit_minor=1_000_000, expires_on=CLOSED.replace(day=25))
    work_decisions(closed_day=CLOSED.replace(day=17), first_account_id=0, last_account_id=2**60)
    set_business_date(CLOSED.replace(day=17))
    decision.refresh_from_db()
    assert (decision.status, decision.limit_after_minor) == ("effective", 1_000_000)
    return decision


def lifts(decision: Decision) -> None:
    Person(Role.TEAM_LEAD).asks(decision.account, "lift", lifts=decision.pk)


def runs_out(_decision: Decision) -> None:
    work_decisions(closed_day=CLOSED.replace(day=24), first_account_id=0, last_account_id=2**60)


def appeals(decision: Decision) -> None:
    day = CLOSED.replace(day=18)
    said = {"received_on": day, "grounds": "I always paid."}
    record_appeal(actor=Person(Role.ANALYST).actor, decision_id=decision.pk, version=decision.version, **said)
    answer = {"is_granted": True, "answer_en": "You are right.", "answer_zh": "您是对的。"}
    decide_appeal(actor=Person(Role.MANAGER).actor, decision_id=decision.pk, version=decision.version + 1, **answer)


def is_undone(decision: Decision) -> None:
    version = drafts_rule(Person(Role.TEAM_LEAD), action="lower_limit", scope="", limit_percent=10)
    Decision.objects.filter(pk=decision.pk).update(rule_version=version)
    undo = asks_undo(DECISION_UNDOINGS, Person(Role.TEAM_LEAD), version)
    judges_undo(DECISION_UNDOINGS, Person(Role.MANAGER), undo)


def is_undone_under_another(decision: Decision) -> None:
    later = Person(Role.APPROVER).asks(decision.account, "raise_limit", new_limit_minor=1_100_000)
    decision.refresh_from_db()
    assert (decision.status, later.status) == ("replaced", "effective")
    is_undone(decision)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ends", "kind"),
    [
        (lifts, "ended"),
        (runs_out, "ended"),
        (appeals, "appeal"),
        (is_undone, "corrected"),
        (is_undone_under_another, "corrected"),
    ],
)
def test_a_limit_that_comes_back_stays_under_the_cap_and_the_customer_is_told_which_it_is(
    approver: Person, ends: Callable[[Decision], None], kind: str
) -> None:
    decision = lowered(approver)
    # Lent in between, when there was room for it.
    second = make_account(customer=decision.account.customer, product=make_product(), credit_limit_minor=14_000_000)
    close_at(second, day=CLOSED.replace(day=17))
    ends(decision)
    account = CreditAccount.objects.get(pk=decision.account_id)
    assert (account.credit_limit_minor, lent_to(account)) == (6_000_000, CAP)
    notice = DecisionNotice.objects.get(decision=decision, kind=kind)
    assert "¥\u202f60,000.00" in notice.text_en and "60,000.00" in notice.text_zh
    line = AuditEntry.objects.filter(after__credit_limit_minor=6_000_000).get()
    assert line.after["limit_without_caps_minor"] == 10_000_000
    assert line.before["credit_limit_minor"] in (1_000_000, 1_100_000)


@pytest.mark.django_db
def test_a_limit_that_comes_back_is_never_less_than_the_one_that_stands(approver: Person) -> None:
    decision = lowered(approver)
    make_account(customer=decision.account.customer, product=make_product(), credit_limit_minor=25_000_000)
    lifts(decision)
    assert CreditAccount.objects.get(pk=decision.account_id).credit_limit_minor == 1_000_000


@pytest.mark.django_db
def test_two_limits_of_a_customer_that_come_back_in_one_night_see_each_other(approver: Person) -> None:
    first = lowered(approver)
    second = lowered(approver, customer=first.account.customer)
    make_account(customer=first.account.customer, product=make_product(), credit_limit_minor=5_000_000)
    runs_out(first)
    limits = [CreditAccount.objects.get(pk=one.account_id).credit_limit_minor for one in (first, second)]
    assert limits == [10_000_000, 5_000_000]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
@pytest.mark.parametrize("other", ["raise", "grant"])
def test_two_limits_that_grow_at_once_stay_under_the_cap_together(
    approver: Person, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    first = make_late_account(account_no="A")
    second = make_account(account_no="B", customer=first.customer, product=make_product(), credit_limit_minor=1_000_000)
    close_at(second)
    application = received(
        make_line_product(product_code="new"), person={}, customer_no=first.customer.customer_no, requested_limit_minor=15_000_000
    )
    both_weighed = threading.Barrier(2, timeout=20)
    weigh = weighing.weigh

    def weigh_and_wait(*args: Any, **more: Any) -> Any:
        found = weigh(*args, **more)
        both_weighed.wait()
        return found

    def raises(account: CreditAccount) -> str:
        try:
            return approver.asks(account, "raise_limit", new_limit_minor=15_000_000).status
        except refusals.LimitOverCap:
            return "refused"

    def grants() -> str:
        from accounts.operations.applications import deciding

        weigh_grant = deciding.weigh_decision

        def weigh_grant_and_wait(*args: Any, **more: Any) -> Any:
            found = weigh_grant(*args, **more)
            both_weighed.wait()
            return found

        monkeypatch.setattr(deciding, "weigh_decision", weigh_grant_and_wait)
        try:
            return decides(approver, application, limit_minor=15_000_000, note="Both limits were asked for by hand.").status
        except application_refusals.CapExceeded:
            return "refused"

    monkeypatch.setattr(proposing, "weigh", weigh_and_wait)
    found = at_once([lambda: raises(first), (lambda: raises(second)) if other == "raise" else grants])
    assert sorted(found) in (["cancelled", "effective"], ["cancelled", "granted"], ["effective", "refused"])
    assert lent_to(first) <= CAP
    assert (
        Decision.objects.filter(status="effective").count() + CreditAccount.objects.filter(product__product_code="new").count()
        == 1
    )

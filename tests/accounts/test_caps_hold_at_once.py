"""The caps on what a customer is lent hold when two limits grow at the same time, or in the same night."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from application_books import decides, make_line_product, received
from deciding_books import CLOSED, Person, close_at, make_late_account
from django.db import connection
from factories import make_account, make_product
from side_by_side import at_once

from accounts.models import AuthorityRow, CreditAccount, Decision, DecisionTerms
from accounts.operations.applications import refusals as application_refusals
from accounts.operations.deciding import proposing, refusals, weighing
from accounts.operations.deciding.nightly import work_decisions
from riskops.shared.roles import Role

CAP = 20_000_000


@pytest.fixture
def approver(db: None) -> Person:
    """Somebody whom the matrix lets raise and grant anything alone."""
    AuthorityRow.objects.filter(action__in=["raise_limit", "grant_limit"]).delete()
    for action in ("raise_limit", "grant_limit"):
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
    work_decisions(closed_day=CLOSED.replace(day=12), first_account_id=0, last_account_id=2**60)
    for raised in raises:
        raised.refresh_from_db()
    assert [raised.status for raised in raises] == ["effective", "cancelled"]
    assert "Order 9/2020" in raises[1].ended_why
    assert list(raises[1].notices.order_by("pk").values_list("kind", flat=True)) == ["decided", "cancelled"]
    assert lent_to(first) == 16_000_000


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

"""The customers who are handled with care, for those who are trained for it: days alone, and nothing of why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef

from accounts.models import CreditAccount
from casework.models import Vulnerability
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.personal import masked_name
from riskops.shared.scope import Scope

#: Lines of the list; those to be reviewed first stand first.
MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class CareRow:
    """A flag that stands: whose, since when, to be reviewed by when, and whether that day is past."""

    customer_no: str
    masked_name: str
    account_no: str
    since: date
    review_by: date
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class CarePage:
    """The first flags to be reviewed, and how many there are in all."""

    rows: tuple[CareRow, ...]
    total: int


def care_page(*, user: object, scope: Scope, today: date) -> CarePage:
    """Return the flags that stand of customers in sight."""
    seen = scope.accounts(CreditAccount.objects.filter(customer=OuterRef("customer")))
    flags = Vulnerability.objects.filter(Exists(seen), ended_at=None).exclude(
        customer_id__in=conflicted_customers(user, on=today)
    )
    found = list(flags.select_related("customer").defer("said").order_by("review_by", "pk")[:MOST_ROWS])
    accounts = _first_accounts({flag.customer_id for flag in found}, scope)
    rows = (
        CareRow(
            customer_no=flag.customer.customer_no,
            masked_name=masked_name(flag.customer.person.get("name", "")),
            account_no=accounts[flag.customer_id],
            since=flag.since,
            review_by=flag.review_by,
            is_overdue=flag.review_by < today,
        )
        for flag in found
    )
    return CarePage(tuple(rows), len(found) if len(found) < MOST_ROWS else flags.count())


def _first_accounts(customer_ids: Iterable[int], scope: Scope) -> dict[int, str]:
    """Return the number of an account in sight of each customer, by which their page is opened."""
    rows = scope.accounts(CreditAccount.objects.filter(customer__in=customer_ids)).order_by("-pk")
    return dict(rows.values_list("customer_id", "account_no"))

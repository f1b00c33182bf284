"""Accounts in queues, for the tests of the worklist."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils import timezone
from factories import make_account, make_customer, make_examination, make_product, make_user, set_business_date

from accounts.models import AccountSignals, AccountState, CreditAccount, Customer, Product
from accounts.rules import aging
from casework.bulk.queues import fill_queues
from casework.models import Queue, WorkItem
from casework.operations.acting import Asked
from riskops.shared.audit import Actor
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK

DAY = date(2026, 3, 16)
#: A Tuesday, ten in the morning in Shanghai.
NOW = datetime(2026, 3, 17, 2, 0, tzinfo=UTC)


def late_account(
    *, days: int = 10, owed: int = 100_000, product: Product | None = None, customer: Customer | None = None, **signals: Any
) -> CreditAccount:
    """Return an account that is so many days late and owes so much; signals as columns."""
    account = make_account(product=product or make_product(), customer=customer or make_customer())
    AccountState.objects.create(
        account=account, product=account.product, opened_on=account.opened_on, credit_limit_minor=account.credit_limit_minor,
        days_past_due=days, bucket=aging.bucket(days, bucket_map=account.product.terms.bucket_map), has_booked=True,
        outstanding_principal_minor=owed, overdue_principal_minor=owed if days else 0,
    )  # fmt: skip
    if signals:
        AccountSignals.objects.create(account=account, **signals)
    return account


def make_queue(code: str = "late", rule: str = "dpd > 0", **fields: Any) -> Queue:
    """Return an open dynamic queue, unfilled."""
    return Queue.objects.create(**{"code": code, "name_en": code, "name_zh": code, "kind": "dynamic", "rule": rule, **fields})


def fill(now: datetime = NOW, as_of: date = DAY) -> int:
    """Fill all queues."""
    set_business_date(as_of)
    return fill_queues(as_of=as_of, now=now)


def worker(*roles: Role, username: str | None = None) -> Any:
    """Return a person who may take work today."""
    person = make_user(*(roles or (Role.ANALYST,)), username=username)
    make_examination(person, passed_on=date(2026, 1, 5))
    return person


def worker_today(*roles: Role, username: str | None = None) -> Any:
    """Return a person who may take work on the day of the wall clock, which pages and the API go by."""
    person = make_user(*(roles or (Role.ANALYST,)), username=username)
    make_examination(person, passed_on=timezone.localdate() - timedelta(days=10))
    return person


def trained(*roles: Role, username: str | None = None) -> Any:
    """Return a person who may take work today, and is trained for vulnerable customers."""
    person = worker(*roles, username=username)
    make_examination(person, passed_on=date(2026, 1, 5), subject="vulnerable")
    return person


def item_of(account: CreditAccount, queue: Queue | None = None) -> WorkItem:
    """Return the account's one item (in a queue)."""
    return WorkItem.objects.get(account=account, **({"queue": queue} if queue else {}))


def asked(person: Any, item: WorkItem, *, token: str = "", now: datetime = NOW) -> Asked:
    """Return what an act on an item comes with, as it stands now."""
    item = WorkItem.objects.get(pk=item.pk)
    return Asked(actor=Actor.of(person), scope=WHOLE_BOOK, item_id=item.pk, version=item.version, now=now, token=token)

"""What customers wrote back, newest first, page by page; of customers out of sight nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from accounts.models import CreditAccount
from outreach.models import CustomerReply
from outreach.queries.outbox import read_moment
from outreach.rules.stop_words import Wish
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.personal import masked
from riskops.shared.scope import Scope, scope_of

ROWS: Final = 50
UNREAD, READ, STOPS, ALL = "unread", "read", "stop", "all"


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """One reply. `customer_no`: "" where nobody in the book has the number or address, which is shown masked."""

    id: int
    at: datetime
    channel: str
    customer_no: str
    address: str
    text: str
    wish: str
    read_at: datetime | None
    read_by: str
    provider: str


@dataclass(frozen=True, slots=True)
class ReplyPage:
    """A page of replies; `next_after` is the mark of the next one."""

    rows: tuple[ReplyLine, ...]
    next_after: str
    shown: str
    after: str


def replies_in_sight(rows: QuerySet[CustomerReply], scope: Scope) -> QuerySet[CustomerReply]:
    """Return the replies of customers with an account in sight; those of nobody are for who sees the whole book."""
    if not scope.is_limited:
        return rows
    return rows.filter(Exists(scope.accounts(CreditAccount.objects.filter(customer_id=OuterRef("customer_id")))))


def reply_page(user: Any, query: QueryDict) -> ReplyPage:
    """Return a page of the replies that a person may see.

    A STOP needs nobody: it is in "stop" and "all", and not among what waits to be read.
    """
    shown = query.get("show", UNREAD)
    rows = replies_in_sight(CustomerReply.objects.all(), scope_of(user))
    conflicted = conflicted_customers(user)
    if conflicted:
        rows = rows.filter(Q(customer=None) | ~Q(customer_id__in=conflicted))
    if shown == UNREAD:
        rows = rows.filter(read_at=None).exclude(wish=Wish.STOP)
    elif shown == READ:
        rows = rows.filter(read_at__isnull=False)
    elif shown == STOPS:
        rows = rows.filter(wish=Wish.STOP)
    else:
        shown = ALL
    after = query.get("after", "")[:64]
    moment, _comma, row_id = after.partition(",")
    at = read_moment(moment)
    if at is not None and row_id.isdecimal() and row_id.isascii() and len(row_id) <= 18:
        rows = rows.filter(Q(at__lt=at) | Q(at=at, pk__lt=int(row_id)))
    else:
        after = ""
    found = list(islice(rows.select_related("customer", "event").order_by("-at", "-pk")[: ROWS + 1], ROWS + 1))
    lines = tuple(reply_line(row) for row in found[:ROWS])
    mark = f"{lines[-1].at.isoformat()},{lines[-1].id}" if len(found) > ROWS else ""
    return ReplyPage(lines, mark, shown, after)


def reply_line(row: CustomerReply) -> ReplyLine:
    """Return a reply as it is shown."""
    return ReplyLine(
        id=row.pk,
        at=row.at,
        channel=row.channel,
        customer_no=row.customer.customer_no if row.customer else "",
        address=masked(row.words["address"]),
        text=row.words["text"],
        wish=row.wish,
        read_at=row.read_at,
        read_by=row.read_by_name,
        provider=row.event.provider,
    )

"""The outbox on screen: counts, lists page by page, dead letters, and one message with all that is known of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, Final

from django.db.models import Count, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from accounts.models import CreditAccount
from accounts.queries.notices import StuckNotices, stuck_notices
from outreach.customer_links import without_links
from outreach.models import Contact, Denial, Message, MessageAttempt, MessageReceipt
from outreach.models.outbox import UNTOLD
from outreach.models.templates import MESSAGE_CHANNELS
from outreach.operations.sending.notices import waiting_elsewhere, waiting_here
from outreach.operations.sending.stopping import is_dispatch_off, is_payment_feed_missing
from outreach.queries.unfit_steps import UnfitStep, unfit_steps
from outreach.rules.contacts import Purpose
from outreach.rules.sending import MOST_DOUBTS
from outreach.strategies import live_strategies
from riskops.shared.day import book_shown
from riskops.shared.models import AuditEntry
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.personal import masked, masked_name
from riskops.shared.scope import scope_of

ROWS: Final = 50
#: States that are counted whole; the others, which fill up for ever, by the day they were planned for.
OPEN: Final = (*Message.OPEN, Message.Status.DEAD)
#: Refusals of the gate shown of one message.
DENIALS_SHOWN: Final = 20
_NUMBER_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class OutboxFilters:
    """What is asked of the outbox; "" for all. `key` is the number of an account or of a customer.

    :param first: messages planned for this day or a later one; `last`: or an earlier one
    """

    status: str = ""
    channel: str = ""
    step: str = ""
    day: date | None = None
    key: str = ""
    after: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the page is chosen."""
        return bool(self.status or self.channel or self.step or self.day or self.key or self.first or self.last)


@dataclass(frozen=True, slots=True)
class OutboxPage:
    """A page of messages. `next_after`: the mark of the next page, "" on the last one."""

    rows: tuple[Message, ...]
    next_after: str


@dataclass(frozen=True, slots=True)
class CountRow:
    """How many messages are in a state, by channel in the order of the channels, and together."""

    status: str
    label: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """All channels together."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Counts:
    """The outbox at a moment, as far as the person sees it.

    :param day: the day that ended messages are counted of
    :param is_off: the book stands still, so nothing is sent
    :param behind_since: the last closed day, where days up to yesterday are not closed: what they plan comes too late to be sent
    :param notices: notices of decisions that wait to be taken into the outbox
    :param stuck: those that could not be taken and are tried again
    :param elsewhere: notices that no account leads to
    :param unfit: steps of the strategies that hold at that moment whose messages are set aside
    """

    channels: tuple[tuple[str, Any], ...]
    rows: tuple[CountRow, ...]
    day: date
    at: datetime
    is_off: bool
    behind_since: date | None
    is_feed_missing: bool
    notices: int
    stuck: StuckNotices
    elsewhere: int
    dead: int
    unfit: tuple[UnfitStep, ...]


def read_filters(query: QueryDict) -> OutboxFilters:
    """Return the filters of an address; what is no value of theirs is left out."""
    chosen = {name: query.get(name, "").strip()[:64] for name in ("status", "channel", "step", "key", "after")}
    allowed: dict[str, set[str]] = {"status": set(Message.Status.values), "channel": {name for name, _label in MESSAGE_CHANNELS}}
    for name, values in allowed.items():
        if chosen[name] not in values:
            chosen[name] = ""
    days = {name: read_day(query, name) for name in ("day", "first", "last")}
    filters: dict[str, Any] = {**chosen, **days}
    return OutboxFilters(**filters)


def read_day(query: QueryDict, name: str) -> date | None:
    """Return a day of an address; None where there is none, or no day that a clock can be set to in every time zone."""
    try:
        day = parse_date(query.get(name, "").strip())
    except ValueError:
        return None
    return day if day is not None and date.min.year < day.year < date.max.year else None


def read_moment(text: str) -> datetime | None:
    """Return a moment of a mark as pages write them; None where it is none, or none that every database and zone can take."""
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    is_whole = at is not None and at.tzinfo is not None and date.min.year < at.year < date.max.year
    return at if is_whole else None


def counts(user: Any, day: date, now: datetime) -> Counts:
    """Return how many messages are in each state, by channel: open ones all, ended ones of one day."""
    rows = in_sight(user).filter(Q(status__in=OPEN) | Q(planned_on=day))
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for status, channel, number in rows.values_list("status", "channel").annotate(n=Count("pk")):
        found[status][channel] = number
    names = [name for name, _label in MESSAGE_CHANNELS]
    lines = tuple(
        CountRow(status, str(label), tuple(found[status].get(name, 0) for name in names))
        for status, label in Message.Status.choices
    )
    return Counts(
        channels=tuple(MESSAGE_CHANNELS),
        rows=lines,
        day=day,
        at=now,
        is_off=is_dispatch_off(),
        behind_since=_behind_since(now),
        is_feed_missing=is_payment_feed_missing(now),
        notices=waiting_here(scope_of(user).products),
        stuck=stuck_notices(user),
        elsewhere=waiting_elsewhere(),
        dead=dead_letters(user).count(),
        unfit=unfit_steps(live_strategies(timezone.localdate(now)).values()),
    )


def _behind_since(now: datetime) -> date | None:
    closed = book_shown().business_date
    return closed if closed is not None and closed < timezone.localdate(now) - timedelta(days=1) else None


def messages_page(user: Any, filters: OutboxFilters) -> OutboxPage:
    """Return messages that the person may see, the newest first."""
    rows = in_sight(user)
    if filters.status:
        rows = rows.filter(status=filters.status)
    if filters.channel:
        rows = rows.filter(channel=filters.channel)
    if filters.step:
        rows = rows.filter(step=filters.step)
    if filters.day:
        rows = rows.filter(planned_on=filters.day)
    if filters.first:
        rows = rows.filter(planned_on__gte=filters.first)
    if filters.last:
        rows = rows.filter(planned_on__lte=filters.last)
    if filters.key:
        # Their accounts first: asked of two tables at once, every message would be looked at.
        named = CreditAccount.objects.filter(Q(account_no=filters.key) | Q(customer__customer_no=filters.key))
        rows = rows.filter(account_id__in=list(named.values_list("pk", flat=True)))
    if _is_number(filters.after):
        rows = rows.filter(pk__lt=int(filters.after))
    found = list(islice(rows.order_by("-pk")[: ROWS + 1], ROWS + 1))
    return OutboxPage(tuple(found[:ROWS]), str(found[ROWS - 1].pk) if len(found) > ROWS else "")


def dead_page(user: Any, after: str) -> OutboxPage:
    """Return what a person must see to, what has waited longest first."""
    rows = dead_letters(user).order_by("due_at", "pk")
    moment, _comma, number = after.partition(",")
    at = read_moment(moment)
    if at is not None and _is_number(number):
        rows = rows.filter(Q(due_at__gt=at) | Q(due_at=at, pk__gt=int(number)))
    found = list(rows[: ROWS + 1])
    mark = f"{found[ROWS - 1].due_at.isoformat()},{found[ROWS - 1].pk}" if len(found) > ROWS else ""
    return OutboxPage(tuple(found[:ROWS]), mark)


def dead_letters(user: Any) -> QuerySet[Message]:
    """Return messages that were given up, that no provider can tell of whether they went out, and notices that reached nobody."""
    left = Q(status=Message.Status.UNKNOWN, doubts__gte=MOST_DOUBTS)
    return in_sight(user).filter(Q(status=Message.Status.DEAD) | left | UNTOLD)


def in_sight(user: Any) -> QuerySet[Message]:
    """Return the messages that a person may see."""
    rows = scope_of(user).accounts(Message.objects.select_related("account", "customer"), product="account__product")
    conflicted = conflicted_customers(user)
    return rows.exclude(customer_id__in=conflicted) if conflicted else rows


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One message. Texts and address masked: names and numbers of the customer are not shown in clear.

    :param may_come_again: it may be sent again
    """

    message: Message
    address: str
    subject: str
    body: str
    tries: tuple[MessageAttempt, ...]
    receipts: tuple[MessageReceipt, ...]
    denials: tuple[Denial, ...]
    acts: tuple[AuditEntry, ...]
    others: tuple[Message, ...]
    is_left: bool
    contact: Contact | None

    @property
    def may_stop(self) -> bool:
        """Whether it can still be stopped."""
        return self.message.status == Message.Status.QUEUED

    @property
    def may_resend(self) -> bool:
        """Whether it can be sent again."""
        return self.message.status in (Message.Status.DEAD, Message.Status.UNDELIVERED) or self.is_left

    @property
    def may_drop(self) -> bool:
        """Whether it lies with the dead letters."""
        return self.message.status == Message.Status.DEAD or self.is_left or self.message.is_untold_notice


def message_page(message: Message) -> MessagePage:
    """Return everything about one message, in a fixed number of queries."""
    said = message.said or {}
    person = message.customer.person
    tries = tuple(message.tries.select_related("contact__policy").order_by("-number"))
    # The gate's refusals carry no number of the message: those of its account, channel and purpose since it was planned.
    denials = Denial.objects.filter(
        customer_id=message.customer_id,
        account_id=message.account_id,
        channel=message.channel,
        purpose=Purpose(message.purpose),
        at__gte=message.created_at,
    )
    if message.settled_at is not None:
        denials = denials.filter(at__lte=message.settled_at)
    same_step = Message.objects.filter(account_id=message.account_id, episode=message.episode, step=message.step)
    return MessagePage(
        message=message,
        address=masked(said.get("address", "")),
        subject=hidden(said.get("subject", ""), person),
        body=hidden(without_links(said.get("body", "")), person),
        tries=tries,
        receipts=tuple(MessageReceipt.objects.filter(attempt__message=message).select_related("attempt").order_by("-at", "-pk")),
        denials=tuple(denials.select_related("policy", "account").order_by("-at", "-pk")[:DENIALS_SHOWN]),
        acts=tuple(AuditEntry.objects.filter(subject_type="message", subject_key=str(message.pk)).order_by("-pk")),
        others=tuple(same_step.exclude(pk=message.pk).order_by("pk")),
        is_left=message.status == Message.Status.UNKNOWN and message.doubts >= MOST_DOUBTS,
        contact=message.contact,
    )


def hidden(text: str, person: dict[str, str]) -> str:
    """Return a text with what it says of the person hidden: the name, numbers and addresses."""
    for name in ("phone", "email", "national_id", "address"):
        value = person.get(name, "").strip()
        if value:
            text = text.replace(value, masked(value))
    name = person.get("name", "").strip()
    return text.replace(name, masked_name(name)) if name else text


def _is_number(text: str) -> bool:
    return text.isdecimal() and text.isascii() and len(text) <= _NUMBER_DIGITS

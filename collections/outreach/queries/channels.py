"""How channels perform over some days: messages by channel, provider and step of a strategy; calls and visits by how they ended.

Messages are counted by the day they were planned for, calls and visits by when they were let through: each number is of the rows
that the outbox and the log of contacts list for these days.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, Final

from django.conf import settings
from django.db.models import Case, Count, Q, QuerySet, Value, When
from django.db.models.functions import Concat, Left, StrIndex
from django.utils import timezone

from outreach.models import Contact, Message
from outreach.models.templates import MESSAGE_CHANNELS
from outreach.operations.channel_refusals import ChannelPeriodMalformed
from outreach.operations.outbox import BY_PERSON
from outreach.operations.sending.holding import Hold
from outreach.operations.sending.stopping import Stop
from outreach.policies import live_policies
from outreach.queries.channel_times import minutes_late
from outreach.queries.log import begin_of
from outreach.queries.log import in_sight as contacts_in_sight
from outreach.queries.outbox import in_sight
from outreach.rules.channel_figures import median_of
from outreach.rules.contact_policy import RuleId
from outreach.rules.contacts import Channel, Hours, Outcome, Party
from outreach.rules.ladders import OVERTAKEN

#: Days shown unless told, the present one included; and the most that are counted while a person waits.
DAYS_SHOWN: Final = 28
MOST_DAYS: Final = 92
MOST_STEPS: Final = 20
BY_VOICE: Final = (Channel.CALL, Channel.VOICE_BOT, Channel.VISIT)
#: Ends of which it is not known, or known, that nobody was tried to be reached.
_NOT_TRIED: Final = (Outcome.OPEN, Outcome.NOT_MADE)
_A_DAY: Final = timedelta(days=1)


class StopGroup(StrEnum):
    """Why messages were stopped, in groups."""

    PAID = "paid"
    ARRANGED = "arranged"
    DISPUTED = "disputed"
    POLICY = "policy"
    OVERTAKEN = "overtaken"
    TOO_LATE = "too_late"
    PERSON = "person"
    OTHER = "other"


_GROUPS: Final[dict[str, StopGroup]] = {
    Stop.EPISODE_OVER: StopGroup.PAID,
    Stop.PROMISE: StopGroup.ARRANGED,
    Stop.PLAN: StopGroup.ARRANGED,
    Stop.DISPUTE: StopGroup.DISPUTED,
    OVERTAKEN: StopGroup.OVERTAKEN,
    Stop.EXPIRED: StopGroup.TOO_LATE,
    BY_PERSON: StopGroup.PERSON,
    Stop.CORRECTED: StopGroup.PERSON,
    # The gate's word, and what planning saw that it would say.
    Hold.GATE: StopGroup.POLICY,
    **dict.fromkeys(map(str, RuleId), StopGroup.POLICY),
}


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both included."""

    first: date
    last: date

    @staticmethod
    def until(today: date) -> Period:
        """Return the days that are shown unless told."""
        return Period(today - timedelta(days=DAYS_SHOWN - 1), today)

    @staticmethod
    def checked(first: date, last: date) -> Period:
        """Return the days from one to another.

        :raises ChannelPeriodMalformed: they are in the wrong order, or too many
        """
        is_told_by_clocks = date.min.year < first.year and last.year < date.max.year
        if not timedelta(0) <= last - first < timedelta(days=MOST_DAYS) or not is_told_by_clocks:
            raise ChannelPeriodMalformed(MOST_DAYS)
        return Period(first, last)


@dataclass(frozen=True, slots=True)
class MessageLine:
    """What became of the messages of a channel, of a provider on it, or of a step.

    :param sent: taken by a provider, whatever came of it later
    :param waiting: not at its end: waits, is being sent, or nobody knows
    :param minutes: the median from when it could first go out until it was sent; None where nothing was sent
    """

    planned: int
    sent: int
    delivered: int
    undelivered: int
    stopped: int
    dead: int
    waiting: int
    channel: str = ""
    provider: str = ""
    strategy: str = ""
    step: str = ""
    stops: tuple[tuple[StopGroup, int], ...] = ()
    minutes: float | None = None
    cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class CallLine:
    """How the calls or visits of a channel ended.

    :param tried: those whose end is known and that were made
    :param right_party: of those, spoken to with the customer or who represents them
    """

    channel: str
    asked: int
    ends: dict[str, int]
    tried: int
    right_party: int

    def ended(self, outcome: Outcome) -> int:
        """Return how many ended so."""
        return self.ends.get(outcome, 0)


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """All of it; `currency` is that of the cost."""

    period: Period
    channels: tuple[MessageLine, ...]
    providers: tuple[MessageLine, ...]
    steps: tuple[MessageLine, ...]
    calls: tuple[CallLine, ...]
    currency: str

    @property
    def has_messages(self) -> bool:
        """Whether a message was planned for these days."""
        return any(line.planned for line in self.channels)

    @property
    def has_calls(self) -> bool:
        """Whether a call or visit was asked for on these days."""
        return any(line.asked for line in self.calls)


def channel_figures(user: Any, period: Period, hours: Hours | None) -> ChannelFigures:
    """Return how channels performed, as far as the person sees it: four statements, whatever the days hold.

    :param hours: when contacts may be made, from which on messages wait to go out; without any they are not timed
    """
    messages = in_sight(user).filter(planned_on__range=(period.first, period.last)).order_by()
    counted, zones = _counted(messages)
    timed = _timed(messages, zones, hours, period) if hours else {}
    channels = [str(channel) for channel, _label in MESSAGE_CHANNELS]
    # A message that went to no provider is none of a provider's.
    by_provider = sorted(key for key in counted if key[1] and counted[key].sent + counted[key].undelivered)
    return ChannelFigures(
        period=period,
        channels=tuple(_line(channel, "", counted, timed) for channel in channels),
        providers=tuple(_line(*key, counted, timed) for key in by_provider),
        steps=_steps(messages),
        calls=_calls(user, period),
        currency=settings.MESSAGE_COST_CURRENCY,
    )


def live_hours() -> Hours | None:
    """Return the hours of contact of the site's own policy that holds today; None where none does."""
    policy = live_policies(timezone.localdate()).get(settings.CONTACT_PROFILE)
    return policy.figures().hours if policy else None


class _Tally:
    """What was counted of a channel and provider."""

    def __init__(self) -> None:
        self.states: Counter[str] = Counter()
        self.stops: Counter[StopGroup] = Counter()
        self.sent = 0

    @property
    def undelivered(self) -> int:
        return self.states[Message.Status.UNDELIVERED]


_ByProvider = dict[tuple[str, str], _Tally]
_Minutes = dict[tuple[str, str], Counter[int]]


def _counted(messages: QuerySet[Message]) -> tuple[_ByProvider, set[str]]:
    """Return what became of messages by channel and provider, and the time zones of their customers."""
    # Of what was stopped, the code before the colon; other states may hold a provider's words.
    code = Left("reason", StrIndex(Concat("reason", Value(":")), Value(":")) - 1)
    why = Case(When(status=Message.Status.CANCELLED, then=code), default=Value(""))
    rows = messages.annotate(why=why).values_list("channel", "provider", "status", "why", "customer__time_zone")
    found: _ByProvider = defaultdict(_Tally)
    zones = set()
    for channel, provider, status, reason, zone, number, sent in rows.annotate(number=Count("pk"), gone=Count("sent_at")):
        tally = found[channel, provider]
        tally.states[status] += number
        tally.sent += sent
        zones.add(zone)
        if status == Message.Status.CANCELLED:
            tally.stops[_GROUPS.get(reason, StopGroup.OTHER)] += number
    return dict(found), zones


def _timed(messages: QuerySet[Message], zones: set[str], hours: Hours, period: Period) -> _Minutes:
    """Return by channel and provider how many messages were sent so many minutes after they could first go out."""
    late = minutes_late(zones, hours.since, period.first, period.last)
    rows = messages.filter(sent_at__isnull=False).annotate(late=late).values_list("channel", "provider", "late")
    found: _Minutes = defaultdict(Counter)
    for channel, provider, minutes, number in rows.annotate(number=Count("pk")):
        found[channel, provider][minutes] += number
    return found


def _line(channel: str, provider: str, counted: _ByProvider, timed: _Minutes) -> MessageLine:
    """Return the line of a provider on a channel, or of the channel (`provider` is "")."""
    keys = [key for key in counted if key[0] == channel and (not provider or key[1] == provider)]
    states = _sum(counted[key].states for key in keys)
    stops = _sum(counted[key].stops for key in keys)
    sent = sum(counted[key].sent for key in keys)
    cost = sent * settings.MESSAGE_COST.get(channel, Decimal(0))
    return MessageLine(
        channel=channel,
        provider=provider,
        planned=states.total(),
        sent=sent,
        delivered=states[Message.Status.DELIVERED],
        undelivered=states[Message.Status.UNDELIVERED],
        stopped=states[Message.Status.CANCELLED],
        dead=states[Message.Status.DEAD],
        waiting=sum(states[status] for status in Message.OPEN),
        stops=tuple((group, stops[group]) for group in StopGroup if stops[group]),
        minutes=median_of(_sum(timed[key] for key in keys if key in timed)),
        cost=cost.quantize(Decimal("0.001"), ROUND_HALF_UP),
    )


def _sum(counters: Iterable[Counter[Any]]) -> Counter[Any]:
    total: Counter[Any] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def _steps(messages: QuerySet[Message]) -> tuple[MessageLine, ...]:
    """Return the steps with the most messages, whatever the version of their strategy."""
    status = Message.Status
    counts = {
        "planned": Count("pk"),
        "gone": Count("sent_at"),
        "delivered": Count("pk", filter=Q(status=status.DELIVERED)),
        "undelivered": Count("pk", filter=Q(status=status.UNDELIVERED)),
        "stopped": Count("pk", filter=Q(status=status.CANCELLED)),
        "dead": Count("pk", filter=Q(status=status.DEAD)),
        "waiting": Count("pk", filter=Q(status__in=Message.OPEN)),
    }
    rows: Any = messages.filter(strategy__isnull=False).values("strategy__code", "step").annotate(**counts)
    lines = []
    for row in rows.order_by("-planned", "strategy__code", "step")[:MOST_STEPS]:
        names = {"strategy": row["strategy__code"], "step": row["step"]}
        lines.append(MessageLine(*(row[name] for name in counts), **names))
    return tuple(lines)


def _calls(user: Any, period: Period) -> tuple[CallLine, ...]:
    """Return by channel how the calls and visits ended that were let through."""
    rows = contacts_in_sight(Contact.objects.all(), user).filter(
        channel__in=BY_VOICE, at__gte=begin_of(period.first), at__lt=begin_of(period.last + _A_DAY)
    )
    is_theirs = ~Q(party=Party.THIRD_PARTY)
    counts = rows.values_list("channel", "outcome").annotate(number=Count("pk"), theirs=Count("pk", filter=is_theirs))
    ends: dict[str, Counter[str]] = defaultdict(Counter)
    right: Counter[str] = Counter()
    for channel, outcome, number, theirs in counts.order_by():
        ends[channel][outcome] += number
        if outcome == Outcome.EFFECTIVE:
            right[channel] += theirs
    return tuple(
        CallLine(
            channel=str(channel),
            asked=ends[channel].total(),
            ends=dict(ends[channel]),
            tried=ends[channel].total() - sum(ends[channel][outcome] for outcome in _NOT_TRIED),
            right_party=right[channel],
        )
        for channel in BY_VOICE
    )

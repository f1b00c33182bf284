"""The log as a whole: contacts made and contacts refused, newest first, page by page; and its audit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final, TypeVar

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from outreach.models import Contact, Denial
from outreach.operations.refusals import PeriodMalformed
from outreach.queries.audit import Violation, audited, violations
from outreach.queries.outbox import read_day, read_moment
from outreach.queries.unlogged import Unlogged, unlogged_outcomes
from outreach.rules.contact_policy import RuleId
from outreach.rules.contacts import Channel, Outcome
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.scope import scope_of

ROWS: Final = 50
#: Days that the page judges again while a person waits; longer periods are the command's.
MOST_DAYS_AUDITED: Final = 31
VIOLATIONS_SHOWN: Final = 100

AnyLine = TypeVar("AnyLine", Contact, Denial)


@dataclass(frozen=True, slots=True)
class LogFilters:
    """What is asked of the log; "" for all."""

    channel: str = ""
    outcome: str = ""
    rule: str = ""
    account: str = ""
    after: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the page is chosen."""
        return bool(self.channel or self.outcome or self.rule or self.account or self.first or self.last)


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of lines. `next_after`: the mark of the next page, "" on the last one."""

    rows: tuple[Any, ...]
    next_after: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What judging a period again found. `by_rule`: how many by rule, or by `policy` where the policy was another one's.

    `unlogged`: outcomes of calls and visits without a contact in the log.
    """

    first: date
    last: date
    contacts: int
    found: int
    by_rule: tuple[tuple[str, int], ...]
    shown: tuple[Violation, ...]
    unlogged: int
    unlogged_shown: tuple[Unlogged, ...]


def read_filters(query: QueryDict) -> LogFilters:
    """Return the filters of an address; what is no value of theirs is left out."""
    chosen = {name: query.get(name, "").strip()[:64] for name in ("channel", "outcome", "rule", "account", "after")}
    allowed: dict[str, set[str]] = {
        "channel": set(map(str, Channel)),
        "outcome": set(map(str, Outcome)),
        "rule": set(map(str, RuleId)),
    }
    for name, values in allowed.items():
        if chosen[name] not in values:
            chosen[name] = ""
    return LogFilters(**chosen, first=read_day(query, "first"), last=read_day(query, "last"))


def contacts_made(user: Any, filters: LogFilters) -> LogPage:
    """Return contacts that went through the gate and that the person may see."""
    rows = _chosen(Contact.objects.all(), user, filters)
    if filters.outcome:
        rows = rows.filter(outcome=filters.outcome)
    return _page(rows, filters.after)


def contacts_refused(user: Any, filters: LogFilters) -> LogPage:
    """Return contacts that the gate refused or put off and that the person may see."""
    rows = _chosen(Denial.objects.all(), user, filters)
    if filters.rule:
        rows = rows.filter(rule=filters.rule)
    return _page(rows, filters.after)


def audit_period(first: date, last: date) -> Audit:
    """Judge the contacts of some days again.

    :raises PeriodMalformed: the days are in the wrong order, or too many
    """
    if not first <= last < first + timedelta(days=MOST_DAYS_AUDITED):
        raise PeriodMalformed(MOST_DAYS_AUDITED)
    since, until = begin_of(first), begin_of(last + timedelta(days=1))
    counted: Counter[str] = Counter()
    shown: list[Violation] = []
    found = violations(since, until)
    for violation in found:
        counted[violation.verdict.rule or "policy"] += 1
        if len(shown) < VIOLATIONS_SHOWN:
            shown.append(violation)
    unlogged = unlogged_outcomes(since, until)
    return Audit(
        first=first,
        last=last,
        contacts=audited(since, until),
        found=counted.total(),
        by_rule=tuple(counted.most_common()),
        shown=tuple(shown),
        unlogged=len(unlogged),
        unlogged_shown=tuple(unlogged[:VIOLATIONS_SHOWN]),
    )


def begin_of(day: date) -> datetime:
    """Return when a day begins by the site's clock."""
    return timezone.make_aware(datetime.combine(day, time.min))


def in_sight(rows: QuerySet[AnyLine], user: Any) -> QuerySet[AnyLine]:
    """Return the lines of the log, or of what was refused, that a person may see."""
    rows = scope_of(user).accounts(rows, product="account__product")
    conflicted = conflicted_customers(user)
    return rows.exclude(customer_id__in=conflicted) if conflicted else rows


def _chosen(rows: QuerySet[Any], user: Any, filters: LogFilters) -> QuerySet[Any]:
    rows = in_sight(rows, user)
    if filters.first:
        rows = rows.filter(at__gte=begin_of(filters.first))
    if filters.last:
        rows = rows.filter(at__lt=begin_of(filters.last + timedelta(days=1)))
    if filters.channel:
        rows = rows.filter(channel=filters.channel)
    if filters.account:
        rows = rows.filter(account__account_no=filters.account)
    return rows.select_related("account", "customer", "policy")


def _page(rows: QuerySet[Any], after: str) -> LogPage:
    moment, _comma, row_id = after.partition(",")
    at = read_moment(moment)
    if at is not None and row_id.isdecimal() and len(row_id) <= 18:
        rows = rows.filter(Q(at__lt=at) | Q(at=at, pk__lt=int(row_id)))
    found = list(islice(rows.order_by("-at", "-pk")[: ROWS + 1], ROWS + 1))
    shown = found[:ROWS]
    mark = f"{shown[-1].at.isoformat()},{shown[-1].pk}" if len(found) > ROWS else ""
    return LogPage(tuple(shown), mark)

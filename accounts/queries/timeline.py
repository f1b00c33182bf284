"""One timeline of a customer: payments, reversals, waivers, decisions, notes, reviews … newest first, a page at a time.

Each kind of line has a source that gives its newest lines before a mark; they are merged here. Lines are in order of
day, then kind (as registered), then key: an order that every source can begin in the middle of, by an index of its own.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise

from accounts.customer_panels import Happening, TimelineAsk, TimelineSource, timeline_sources

TIMELINE_ROWS: Final = 40
LONGEST_SEARCH: Final = 100


@dataclass(frozen=True, slots=True)
class TimelineFilters:
    """What the address bar asks for."""

    kinds: frozenset[str] = frozenset()
    search: str = ""
    account_no: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of lines. `next_after` is the mark that the next page begins with, "" on the last one."""

    lines: tuple[Happening, ...]
    next_after: str
    filters: TimelineFilters
    kinds: tuple[tuple[str, Promise | str], ...]


def read_timeline_filters(parameters: Any) -> TimelineFilters:
    """Return what query parameters ask for; what is not known is left out."""
    known = {source.kind for source in timeline_sources()}
    asked = parameters.getlist("kind") if hasattr(parameters, "getlist") else [parameters.get("kind", "")]
    return TimelineFilters(
        kinds=frozenset(asked) & known,
        search=parameters.get("text", "").strip()[:LONGEST_SEARCH],
        account_no=parameters.get("account", "").strip(),
        after=parameters.get("after", ""),
    )


def timeline(
    *,
    customer_id: int,
    accounts: Mapping[int, str],
    currencies: Mapping[int, str],
    filters: TimelineFilters,
    rows: int = TIMELINE_ROWS,
) -> Timeline:
    """Return a page of what happened on the accounts, in as many queries as there are kinds asked for."""
    sources = timeline_sources()
    seen = {pk: number for pk, number in accounts.items() if filters.account_no in ("", number)}
    mark = _read_mark(filters.after, len(sources))
    streams = []
    for rank, source in enumerate(sources):
        if filters.kinds and source.kind not in filters.kinds:
            continue
        ask = TimelineAsk(seen, customer_id, _before(mark, rank), filters.search, rows + 1, dict(currencies))
        streams.append(_ranked(source, rank, ask))
    merged = heapq.merge(*streams, key=lambda item: (-item[0].toordinal(), item[1], -item[2]))
    found = list(islice(merged, rows + 1))
    lines = tuple(line for _day, _rank, _key, line in found[:rows])
    next_after = ""
    if len(found) > rows:
        day, rank, key, _line = found[rows - 1]
        next_after = f"{day.isoformat()}~{rank}~{key}"
    return Timeline(lines, next_after, filters, tuple((source.kind, source.label) for source in sources))


def _ranked(source: TimelineSource, rank: int, ask: TimelineAsk) -> list[tuple[date, int, int, Happening]]:
    return [(line.day, rank, line.key, line) for line in source.ask(ask)]


def _read_mark(text: str, sources: int) -> tuple[date, int, int] | None:
    day, _, rest = text.partition("~")
    rank, _, key = rest.partition("~")
    if not (rank.isdecimal() and key.isdecimal() and len(key) < 19 and int(rank) < sources):
        return None
    try:
        return date.fromisoformat(day), int(rank), int(key)
    except ValueError:
        return None


def _before(mark: tuple[date, int, int] | None, rank: int) -> tuple[date, int] | None:
    """Return where a source begins: sources before the mark's have shown all lines of its day, those after it none."""
    if mark is None:
        return None
    day, marked, key = mark
    if rank == marked:
        return day, key
    return (day, 0) if rank < marked else (day + timedelta(days=1), 0)


# What sources are made of ------------------------------------------------------------------------------------------


def by_day(rows: QuerySet[Any], ask: TimelineAsk, *, day: str) -> QuerySet[Any]:
    """Return the rows before the mark, newest first, where `day` is a column of dates."""
    if ask.before is not None:
        marked, key = ask.before
        rows = rows.filter(Q(**{f"{day}__lt": marked}) | Q(**{day: marked, "pk__lt": key}))
    return rows.order_by(f"-{day}", "-pk")[: ask.rows]


def by_moment(rows: QuerySet[Any], ask: TimelineAsk, *, moment: str) -> QuerySet[Any]:
    """Return the rows before the mark, newest first, where `moment` is when a row was written: ids and moments rise together."""
    if ask.before is not None:
        marked, key = ask.before
        begins, ends = midnight(marked), midnight(marked + timedelta(days=1))
        within = Q(**{f"{moment}__gte": begins, f"{moment}__lt": ends, "pk__lt": key})
        rows = rows.filter(Q(**{f"{moment}__lt": begins}) | within)
    return rows.order_by("-pk")[: ask.rows]


def midnight(day: date) -> datetime:
    """Return the first moment of a day in the site's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def day_of(moment: datetime) -> date:
    """Return the day of a moment in the site's time zone."""
    return timezone.localdate(moment)


def holding_text(rows: QuerySet[Any], ask: TimelineAsk, columns: Iterable[str]) -> QuerySet[Any]:
    """Return the rows with the searched text in one of the columns; all of them if none is searched."""
    if not ask.search:
        return rows
    found = Q(pk__in=[])
    for column in columns:
        found |= Q(**{f"{column}__icontains": ask.search})
    return rows.filter(found)

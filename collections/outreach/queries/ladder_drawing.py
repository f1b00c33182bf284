"""The ladder as a drawing: a column for each day that has a step, a row for each channel, the tiers of late accounts above.

Columns are as wide as each other: three steps stand within four days and the next ones weeks apart, so a true scale would pile
up the first and show nothing between the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from accounts.facts import ACCOUNT_FACTS
from casework.models import Tier
from casework.policies import parsed_tiers, tiers_shown
from outreach.models.wishes import CHANNEL_NAMES
from outreach.rules.contacts import Channel
from outreach.rules.ladders import Act, Anchor, Step
from riskops.shared.rule_language import FactsRow, Kind

_ROWS: tuple[Channel, ...] = (Channel.PUSH, Channel.SMS, Channel.EMAIL, Channel.CALL)


@dataclass(frozen=True, slots=True)
class Mark:
    """A step in a row: `place` 1 is the way it prefers; `planned`, how often it was by this way, None where never."""

    step: Step
    place: int
    planned: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """A channel, and what stands in each column."""

    channel: Channel
    label: Any
    cells: tuple[tuple[Mark, ...], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A day with steps; `label` as on an axis: −3, 0, +7."""

    days: int
    label: str


@dataclass(frozen=True, slots=True)
class Band:
    """Columns in which an account that is nothing but late is in one tier; `tier` None: in none, or not late yet."""

    tier: Tier | None
    first: int
    columns: int


@dataclass(frozen=True, slots=True)
class Line:
    """The steps of one anchor."""

    anchor: Anchor
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """All lines of a ladder that have steps."""

    lines: tuple[Line, ...]


def drawing_of(steps: Sequence[Step], planned: Mapping[tuple[str, str], int], today: date) -> Drawing:
    """Return the drawing of a ladder, with how often each step was planned, by step and channel."""
    lines = []
    for anchor in Anchor:
        of_line = [step for step in steps if step.anchor is anchor]
        if not of_line:
            continue
        days = sorted({step.days for step in of_line})
        columns = tuple(Column(day, f"+{day}" if day > 0 else f"−{-day}" if day < 0 else "0") for day in days)
        rows = tuple(row for channel in _ROWS if (row := _row(channel, of_line, days, planned)) is not None)
        bands = _bands(days, today) if anchor is Anchor.DUE_DATE else ()
        lines.append(Line(anchor, columns, rows, bands))
    return Drawing(tuple(lines))


def _row(channel: Channel, steps: Sequence[Step], days: Sequence[int], planned: Mapping[tuple[str, str], int]) -> Row | None:
    cells = tuple(
        tuple(mark for step in steps if step.days == day and (mark := _mark(channel, step, planned)) is not None) for day in days
    )
    return Row(channel, CHANNEL_NAMES[channel], cells) if any(cells) else None


def _mark(channel: Channel, step: Step, planned: Mapping[tuple[str, str], int]) -> Mark | None:
    times = planned.get((step.code, channel)) or None
    if step.act is Act.CALL:
        return Mark(step, 1, times) if channel is Channel.CALL else None
    place = next((place for place, way in enumerate(step.ways, start=1) if way.channel is channel), None)
    if place is None:
        return None
    return Mark(step, place, times)


def _bands(days: Sequence[int], today: date) -> tuple[Band, ...]:
    """Return the tiers over the columns; those of the policy that is live, by its own rules."""
    tiers = tiers_shown(today)
    if not tiers:
        return ()
    policy, by_code = parsed_tiers(tiers), {tier.code: tier for tier in tiers}
    bands: list[Band] = []
    for column, day in enumerate(days):
        tier = by_code.get(policy.tier_of(_only_late(day))) if day > 0 else None
        if bands and bands[-1].tier == tier:
            bands[-1] = Band(tier, bands[-1].first, bands[-1].columns + 1)
        else:
            bands.append(Band(tier, column, 1))
    return tuple(bands)


def _only_late(days: int) -> FactsRow:
    """Return the facts of an account that is late by so many days and has nothing else about it."""
    plain: dict[str, Any] = {}
    for fact in ACCOUNT_FACTS:
        empty: Any = "" if fact.kind is Kind.TEXT else False if fact.kind is Kind.YES_NO else 0
        plain[fact.name] = None if fact.is_nullable else empty
    return {**plain, "dpd": days, "bucket": min(7, (days + 29) // 30)}

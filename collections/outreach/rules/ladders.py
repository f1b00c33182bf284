"""The ladder of a collection strategy: its steps, which one is due on a day, and what a ladder must not say.

A step is reckoned from its anchor, a date that the account itself has, never from when something was done before. So a run that
comes late, or twice, finds what is due on its day, and after a long stop the latest step once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from outreach.rules.contacts import ELECTRONIC, Channel, Purpose


class Anchor(StrEnum):
    """The date that a step is reckoned from. The steps of one anchor are a line of the ladder, the date is their episode.

    `due_date`: the due date of the oldest past-due instalment; if nothing is past due, of the next open one.
    `restricted`: the day on which use was suspended last.
    `promise_due`: the day of the next part of an open promise; it stops nothing of this line that the promise is open.
    `promise_broken`: the day on which the last promise was broken, while no other was made since.
    A further one is a member here and the date it stands for in outreach/bulk/ladder.py (`_DATES`, `_LINES`).
    """

    DUE_DATE = "due_date"
    RESTRICTED = "restricted"
    PROMISE_DUE = "promise_due"
    PROMISE_BROKEN = "promise_broken"


class Act(StrEnum):
    """What a step does."""

    MESSAGE = "message"
    CALL = "call"


#: What a step may write for, and which goes first (lower first). An offer is of a plan that two people made for one account: no
#: ladder has one.
PRIORITIES: Final = {Purpose.NOTICE: 1, Purpose.DEMAND: 3, Purpose.REMINDER: 5, Purpose.EDUCATION: 8}
#: Why a message that waits is stopped when a later step of its episode is planned.
OVERTAKEN: Final = "overtaken"
MOST_STEPS: Final = 60
MOST_WAYS: Final = len(ELECTRONIC)
FIRST_DAY: Final = -30
LAST_DAY: Final = 720
MOST_VALID_DAYS: Final = 60


@dataclass(frozen=True, slots=True)
class Way:
    """A channel and the code of the template that is sent by it."""

    channel: Channel
    template: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    :param days: from the anchor; below 0 before it
    :param tiers: the tiers in which it is taken; none: in all
    :param rule: taken only where this holds; empty: everywhere
    :param stop_rule: not taken where this holds
    :param ways: in order of preference
    :param valid_days: on how many days after its own it still makes sense
    """

    code: str
    name_en: str
    name_zh: str
    anchor: Anchor
    days: int
    act: Act
    purpose: Purpose = Purpose.REMINDER
    ways: tuple[Way, ...] = ()
    tiers: tuple[str, ...] = ()
    rule: str = ""
    stop_rule: str = ""
    valid_days: int = 2

    def day(self, episode: date) -> date:
        """Return its day in an episode."""
        return episode + timedelta(days=self.days)

    def last_day(self, episode: date) -> date:
        """Return the last day on which it makes sense."""
        return episode + timedelta(days=self.days + self.valid_days)


def due_step(
    steps: Sequence[Step], *, episode: date, today: date, planned: Mapping[str, date], holds: Callable[[Step], bool]
) -> Step | None:
    """Return the step of a line that is due, if any: the latest whose day has come, unless it is over or was planned.

    Nothing is due that is not later than all that was planned in the episode: an earlier step never follows a later one.

    :param steps: of one anchor
    :param planned: the steps planned in the episode, by code, with the days that were theirs
    :param holds: whether an account is in the step's tiers and its rules let it be taken
    """
    come = [step for step in steps if step.day(episode) <= today and holds(step)]
    if not come:
        return None
    latest = max(come, key=lambda step: step.days)
    is_planned = latest.code in planned or any(day >= latest.day(episode) for day in planned.values())
    return None if is_planned or today > latest.last_day(episode) else latest


def next_step(steps: Sequence[Step], *, episode: date, today: date, holds: Callable[[Step], bool]) -> Step | None:
    """Return the first step of a line whose day is still to come, as the account stands today."""
    coming = [step for step in steps if step.day(episode) > today and holds(step)]
    return min(coming, key=lambda step: step.days, default=None)


def line_of(steps: Sequence[Step], anchor: Anchor) -> tuple[Step, ...]:
    """Return the steps of one anchor."""
    return tuple(step for step in steps if step.anchor is anchor)


# What a ladder must not say ----------------------------------------------------------------------------------------------


class Wrong(StrEnum):
    """What is wrong with a field; the words are outreach/ladder_wording.py's."""

    NOT_TWICE = "not_twice"
    SAME_DAY = "same_day"
    NEVER_REACHED = "never_reached"
    UNKNOWN_TIER = "unknown_tier"
    UNKNOWN_TEMPLATE = "unknown_template"
    OTHER_CHANNEL = "other_channel"
    OTHER_PURPOSE = "other_purpose"
    NO_WAYS = "no_ways"
    WAYS_OF_CALL = "ways_of_call"
    CHANNEL_TWICE = "channel_twice"
    OUT_OF_RANGE = "out_of_range"
    RULE = "rule"
    NO_STEPS = "no_steps"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (`step`: its place from 0, None for the ladder), and what, with its values."""

    step: int | None
    field: str
    wrong: Wrong
    about: Mapping[str, object] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What a ladder may name.

    :param tiers: the codes of the live tiers
    :param templates: the channel of each approved template, by code
    :param purposes: what each of them is written for, by code
    :param rule_refusal: why a rule cannot be, "" if it can
    """

    tiers: Collection[str]
    templates: Mapping[str, str]
    purposes: Mapping[str, str]
    rule_refusal: Callable[[str], str]


def problems_of(steps: Sequence[Step], known: Known) -> tuple[Problem, ...]:
    """Return all that is wrong with a ladder, by step and field; () if it can stand."""
    found: list[Problem] = []
    if not steps:
        found.append(Problem(None, "steps", Wrong.NO_STEPS))
    if len(steps) > MOST_STEPS:
        found.append(Problem(None, "steps", Wrong.TOO_MANY, {"most": MOST_STEPS}))
    for place, step in enumerate(steps):
        found += _problems_of_one(place, step, known)
    found += _contradictions(steps)
    return tuple(sorted(found, key=lambda problem: -1 if problem.step is None else problem.step))


def _problems_of_one(place: int, step: Step, known: Known) -> Iterator[Problem]:
    for name, value, least, most in (
        ("days", step.days, FIRST_DAY, LAST_DAY),
        ("valid_days", step.valid_days, 0, MOST_VALID_DAYS),
    ):
        if not least <= value <= most:
            yield Problem(place, name, Wrong.OUT_OF_RANGE, {"least": least, "most": most})
    for tier in step.tiers:
        if tier not in known.tiers:
            yield Problem(place, "tiers", Wrong.UNKNOWN_TIER, {"tier": tier, "tiers": ", ".join(known.tiers)})
    for name, text in (("rule", step.rule), ("stop_rule", step.stop_rule)):
        refusal = known.rule_refusal(text) if text else ""
        if refusal:
            yield Problem(place, name, Wrong.RULE, {"why": refusal})
    yield from _problems_of_ways(place, step, known)
    # Nobody knows of a restriction or a breach before there is one; and what holds where it must not is never taken.
    if step.anchor in (Anchor.RESTRICTED, Anchor.PROMISE_BROKEN) and step.days < 0:
        yield Problem(place, "days", Wrong.NEVER_REACHED)
    elif step.rule and _same(step.rule, step.stop_rule):
        yield Problem(place, "stop_rule", Wrong.NEVER_REACHED)


def _problems_of_ways(place: int, step: Step, known: Known) -> Iterator[Problem]:
    if step.act is Act.CALL:
        if step.ways:
            yield Problem(place, "ways", Wrong.WAYS_OF_CALL)
        return
    if not step.ways:
        yield Problem(place, "ways", Wrong.NO_WAYS)
    seen: set[Channel] = set()
    for way in step.ways:
        if way.channel in seen:
            yield Problem(place, "ways", Wrong.CHANNEL_TWICE, {"channel": str(way.channel)})
        seen.add(way.channel)
        channel = known.templates.get(way.template)
        if channel is None:
            yield Problem(place, "ways", Wrong.UNKNOWN_TEMPLATE, {"template": way.template})
        elif channel != way.channel:
            about = {"template": way.template, "channel": channel, "wanted": str(way.channel)}
            yield Problem(place, "ways", Wrong.OTHER_CHANNEL, about)
        elif step.purpose != known.purposes.get(way.template):
            # The gate judges by the step's: a reminder sent as a notice would pass caps, consent and holds.
            yield Problem(place, "ways", Wrong.OTHER_PURPOSE, {"template": way.template})


def _contradictions(steps: Sequence[Step]) -> Iterator[Problem]:
    """Yield steps that have the name of another, or its day: of two that fall on one day for one account one never comes."""
    for place, step in enumerate(steps):
        for earlier in steps[:place]:
            if earlier.code == step.code:
                yield Problem(place, "code", Wrong.NOT_TWICE, {"code": step.code})
            if earlier.anchor is step.anchor and earlier.days == step.days and _share_a_tier(earlier, step):
                yield Problem(place, "days", Wrong.SAME_DAY, {"other": earlier.code})


def _share_a_tier(one: Step, other: Step) -> bool:
    return not one.tiers or not other.tiers or bool(set(one.tiers) & set(other.tiers))


def _same(rule: str, other: str) -> bool:
    return " ".join(rule.split()) == " ".join(other.split())

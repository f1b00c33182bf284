"""The ladder of a strategy as plain arithmetic: which step is due, and what a ladder must not say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.rules.contacts import Channel, Purpose
from outreach.rules.ladder_json import LadderUnread, Unread, as_plain, in_order, steps_from_plain
from outreach.rules.ladders import Act, Anchor, Known, Step, Way, Wrong, due_step, next_step, problems_of
from outreach.shipped_strategies import LADDER
from outreach.shipped_templates import shipped_values

EPISODE = date(2025, 6, 1)


def step(code: str, days: int, **more: Any) -> Step:
    values = {"anchor": Anchor.DUE_DATE, "act": Act.MESSAGE, "ways": (Way(Channel.SMS, "t-sms"),), **more}
    return Step(code=code, name_en=code, name_zh=code, days=days, **values)


STEPS = (step("soon", -3), step("today", 0, valid_days=0), step("one", 1), step("week", 7, valid_days=4))


def due(
    day: int, planned: Sequence[str] = (), steps: Sequence[Step] = STEPS, holds: Callable[[Step], bool] = lambda _s: True
) -> Any:
    """Return the code of what is due so many days after the due date, when these steps were planned on their days."""
    days = {code: next(s for s in steps if s.code == code).day(EPISODE) for code in planned}
    found = due_step(steps, episode=EPISODE, today=EPISODE + timedelta(days=day), planned=days, holds=holds)
    return found and found.code


def test_a_step_is_due_on_its_day_and_as_long_as_it_makes_sense() -> None:
    assert [due(day) for day in range(-4, 13)] == [
        None, "soon", "soon", "soon", "today", "one", "one", "one", None, None, None,
        "week", "week", "week", "week", "week", None,
    ]  # fmt: skip


def test_what_was_planned_is_not_due_again_nor_anything_before_it() -> None:
    assert due(1, ["one"]) is None
    assert due(2, ["week"]) is None
    # The one of the day itself was missed: the one after it goes out, not both.
    assert due(1, ["soon"]) == "one"


def test_a_step_whose_condition_does_not_hold_leaves_the_one_before_it_due() -> None:
    assert due(1, holds=lambda s: s.code != "one") is None, "the one of the due date is over on the day after"
    assert due(7, holds=lambda s: s.code != "week") is None, "seven days are more than the three of the one before"
    assert due(3, holds=lambda s: s.code not in ("today", "one")) is None
    assert due(-1, holds=lambda s: s.code == "soon") == "soon"


def test_a_planned_step_counts_by_the_day_it_had_when_a_later_version_names_it_otherwise() -> None:
    planned = {"old-name": EPISODE + timedelta(days=7)}
    today = EPISODE + timedelta(days=8)
    assert due_step(STEPS, episode=EPISODE, today=today, planned=planned, holds=lambda _s: True) is None
    later, today = (*STEPS, step("ten", 10)), EPISODE + timedelta(days=10)
    found = due_step(later, episode=EPISODE, today=today, planned=planned, holds=lambda _s: True)
    assert found is not None and found.code == "ten"


def test_the_step_that_comes_is_the_first_one_after_today() -> None:
    today = EPISODE + timedelta(days=1)
    found = next_step(STEPS, episode=EPISODE, today=today, holds=lambda _s: True)
    assert found is not None and found.code == "week"
    assert next_step(STEPS, episode=EPISODE, today=today, holds=lambda s: s.code != "week") is None


# Whatever the ladder and whenever it is run ------------------------------------------------------------------------------


@st.composite
def ladders(draw: st.DrawFn) -> tuple[Step, ...]:
    days = draw(st.lists(st.integers(-5, 40), min_size=1, max_size=8, unique=True))
    return tuple(step(f"s{number}", day, valid_days=draw(st.integers(0, 10))) for number, day in enumerate(days))


def run(steps: Sequence[Step], days: Sequence[int], open_on: Callable[[Step, int], bool]) -> list[tuple[int, Step]]:
    """Return what runs on some days plan, in order."""
    planned: dict[str, date] = {}
    found: list[tuple[int, Step]] = []
    for day in days:
        today = EPISODE + timedelta(days=day)

        def holds(wanted: Step, on: int = day) -> bool:
            return open_on(wanted, on)

        now = due_step(steps, episode=EPISODE, today=today, planned=planned, holds=holds)
        if now is not None:
            assert now.code not in planned
            planned[now.code] = now.day(EPISODE)
            found.append((day, now))
    return found


run_days = st.lists(st.integers(-8, 60), max_size=60).map(sorted)


@given(ladders(), run_days, st.randoms(use_true_random=False))
def test_however_often_it_runs_each_step_comes_once_in_order_within_its_days(
    steps: tuple[Step, ...], days: list[int], dice: Any
) -> None:
    closed = {(s.code, day) for s in steps for day in set(days) if dice.random() < 0.3}
    found = run(steps, days, lambda s, day: (s.code, day) not in closed)
    assert [s.days for _day, s in found] == sorted({s.days for _day, s in found})
    assert all(s.days <= day <= s.days + s.valid_days for day, s in found)
    assert all((s.code, day) not in closed for day, s in found)
    once = list(dict.fromkeys(days))
    assert run(steps, once, lambda s, day: (s.code, day) not in closed) == found, "twice on a day is once"


@given(ladders())
def test_run_every_day_it_sends_every_step_on_its_own_day(steps: tuple[Step, ...]) -> None:
    found = run(steps, range(-8, 60), lambda _s, _day: True)
    assert found == [(s.days, s) for s in sorted(steps, key=lambda s: s.days)]


@given(ladders(), run_days, st.integers(-8, 60))
def test_after_gaps_the_last_day_brings_the_latest_step_and_no_backlog(
    steps: tuple[Step, ...], days: list[int], last: int
) -> None:
    steps = tuple(replace(s, valid_days=99) for s in steps)
    daily = run(steps, range(-8, last + 1), lambda _s, _day: True)
    gaps = run(steps, [*(day for day in days if day < last), last], lambda _s, _day: True)
    assert [s for _day, s in daily][-1:] == [s for _day, s in gaps][-1:]
    assert sum(day == last for day, _s in gaps) <= 1


# What a ladder must not say ----------------------------------------------------------------------------------------------

KNOWN = Known(
    ("early", "late"),
    {"t-sms": "sms", "t-email": "email", "n-sms": "sms"},
    {"t-sms": "reminder", "t-email": "reminder", "n-sms": "notice"},
    lambda text: "" if text == "dpd > 1" else "no rule",
)


@pytest.mark.parametrize(
    ("steps", "problems"),
    [
        ((), [(None, "steps", Wrong.NO_STEPS)]),
        ([step(f"s{n}", n) for n in range(61)], [(None, "steps", Wrong.TOO_MANY)]),
        ([step("a", 1), step("a", 2)], [(1, "code", Wrong.NOT_TWICE)]),
        ([step("a", 1), step("b", 1)], [(1, "days", Wrong.SAME_DAY)]),
        ([step("a", 1, tiers=("early",)), step("b", 1, tiers=("late",))], []),
        ([step("a", 1, tiers=("early",)), step("b", 1, act=Act.CALL, ways=())], [(1, "days", Wrong.SAME_DAY)]),
        ([step("a", 1), step("b", 1, anchor=Anchor.RESTRICTED)], []),
        ([step("a", -1, anchor=Anchor.RESTRICTED)], [(0, "days", Wrong.NEVER_REACHED)]),
        ([step("a", -1, anchor=Anchor.PROMISE_BROKEN)], [(0, "days", Wrong.NEVER_REACHED)]),
        ([step("a", -1, anchor=Anchor.PROMISE_DUE)], []),
        ([step("a", 1, rule="dpd > 1", stop_rule="dpd > 1")], [(0, "stop_rule", Wrong.NEVER_REACHED)]),
        ([step("a", 1, tiers=("none",))], [(0, "tiers", Wrong.UNKNOWN_TIER)]),
        ([step("a", 1, rule="dpd >")], [(0, "rule", Wrong.RULE)]),
        ([step("a", 1, rule="dpd > 1")], []),
        ([step("a", 1, ways=())], [(0, "ways", Wrong.NO_WAYS)]),
        ([step("a", 1, act=Act.CALL)], [(0, "ways", Wrong.WAYS_OF_CALL)]),
        ([step("a", 1, ways=(Way(Channel.SMS, "t-sms"),) * 2)], [(0, "ways", Wrong.CHANNEL_TWICE)]),
        ([step("a", 1, ways=(Way(Channel.SMS, "t-none"),))], [(0, "ways", Wrong.UNKNOWN_TEMPLATE)]),
        ([step("a", 1, ways=(Way(Channel.SMS, "t-email"),))], [(0, "ways", Wrong.OTHER_CHANNEL)]),
        ([step("a", 1, purpose=Purpose.NOTICE)], [(0, "ways", Wrong.OTHER_PURPOSE)]),
        ([step("a", 1, purpose=Purpose.DEMAND)], [(0, "ways", Wrong.OTHER_PURPOSE)]),
        ([step("a", 1, ways=(Way(Channel.SMS, "n-sms"),))], [(0, "ways", Wrong.OTHER_PURPOSE)]),
        ([step("a", 1, purpose=Purpose.NOTICE, ways=(Way(Channel.SMS, "n-sms"),))], []),
        ([step("a", -31)], [(0, "days", Wrong.OUT_OF_RANGE)]),
        ([step("a", -30), step("b", 720)], []),
        ([step("a", 721)], [(0, "days", Wrong.OUT_OF_RANGE)]),
        ([step("a", 1, valid_days=61)], [(0, "valid_days", Wrong.OUT_OF_RANGE)]),
        ([step("a", 1, valid_days=-1)], [(0, "valid_days", Wrong.OUT_OF_RANGE)]),
    ],
)  # fmt: skip
def test_a_ladder_that_cannot_be_is_told_by_step_and_field(steps: Any, problems: Any) -> None:
    assert [(p.step, p.field, p.wrong) for p in problems_of(steps, KNOWN)] == problems


def test_the_shipped_ladder_says_nothing_wrong_once_its_templates_are_there() -> None:
    templates = {way.template: str(way.channel) for step in LADDER for way in step.ways}
    purposes = {said["code"]: said["purpose"] for said in shipped_values()}
    assert problems_of(LADDER, Known((), templates, purposes, lambda _text: "")) == ()
    assert [(step.code, step.days) for step in LADDER] == [
        ("due-soon", -3), ("care-soon", -2), ("due-today", 0), ("overdue-1", 1), ("overdue-3", 3), ("care-5", 5),
        ("overdue-7", 7), ("overdue-15", 15), ("care-20", 20), ("overdue-25", 25), ("call-32", 32), ("call-40", 40),
        ("call-50", 50), ("demand", 61), ("restriction", 0), ("promise-due", -1),
    ]  # fmt: skip
    assert sorted(templates) == sorted(
        [
            *("due-soon-push", "due-soon-sms", "due-soon-email", "due-today-sms", "due-today-email"),
            *("overdue-1-push", "overdue-1-sms", "overdue-1-email"),
            *(f"overdue-{days}-{way}" for days in (3, 7, 15, 25) for way in ("sms", "email")),
            *("demand-sms", "demand-email", "restriction-notice-sms", "restriction-notice-email"),
            *("promise-due-sms", "promise-due-email"),
            *("care-sms", "care-email"),
        ]
    )


# As JSON -----------------------------------------------------------------------------------------------------------------


def test_steps_go_to_json_and_back() -> None:
    full = step(
        "full", 7, act=Act.MESSAGE, purpose=Purpose.NOTICE, tiers=("early",), rule="dpd > 1", stop_rule="dpd > 9",
        anchor=Anchor.RESTRICTED, valid_days=5, ways=(Way(Channel.PUSH, "t-push"), Way(Channel.SMS, "t-sms")),
    )  # fmt: skip
    assert steps_from_plain([as_plain(s) for s in (full, *STEPS)]) == (full, *STEPS)
    assert in_order((full, *reversed(STEPS))) == (*STEPS, full)
    least = {"code": "c", "name_en": "n", "name_zh": "名", "anchor": "due_date", "days": 1, "act": "call"}
    assert steps_from_plain([least])[0] == Step("c", "n", "名", Anchor.DUE_DATE, 1, Act.CALL)


GOOD = as_plain(STEPS[0])


@pytest.mark.parametrize(
    ("plain", "path", "why"),
    [
        ({}, "steps", Unread.NOT_A_LIST),
        ([7], "steps[0]", Unread.NOT_AN_OBJECT),
        ([GOOD, {**GOOD, "colour": "red"}], "steps[1].colour", Unread.NOT_A_FIELD),
        ([{key: value for key, value in GOOD.items() if key != "days"}], "steps[0].days", Unread.MISSING),
        ([{**GOOD, "days": "3"}], "steps[0].days", Unread.NOT_WHOLE),
        ([{**GOOD, "days": True}], "steps[0].days", Unread.NOT_WHOLE),
        ([{**GOOD, "code": "Überfällig"}], "steps[0].code", Unread.NOT_A_CODE),
        ([{**GOOD, "name_en": " "}], "steps[0].name_en", Unread.NOT_A_TEXT),
        ([{**GOOD, "rule": "x" * 4001}], "steps[0].rule", Unread.NOT_A_TEXT),
        ([{**GOOD, "anchor": "birthday"}], "steps[0].anchor", Unread.NOT_ONE_OF),
        ([{**GOOD, "act": []}], "steps[0].act", Unread.NOT_ONE_OF),
        ([{**GOOD, "purpose": "locate"}], "steps[0].purpose", Unread.NOT_ONE_OF),
        ([{**GOOD, "purpose": "offer"}], "steps[0].purpose", Unread.NOT_ONE_OF),
        ([{**GOOD, "tiers": "early"}], "steps[0].tiers", Unread.NOT_A_LIST),
        ([{**GOOD, "tiers": [None]}], "steps[0].tiers[0]", Unread.NOT_A_CODE),
        ([{**GOOD, "ways": [{"channel": "call", "template": "t"}]}], "steps[0].ways[0].channel", Unread.NOT_ONE_OF),
        ([{**GOOD, "ways": [{"channel": "sms"}]}], "steps[0].ways[0].template", Unread.NOT_A_CODE),
        ([{**GOOD, "ways": [{}] * 4}], "steps[0].ways", Unread.NOT_A_LIST),
    ],
)
def test_json_that_is_no_ladder_is_refused_with_the_place(plain: Any, path: str, why: Unread) -> None:
    with pytest.raises(LadderUnread) as refusal:
        steps_from_plain(plain)
    assert (refusal.value.path, refusal.value.why) == (path, why)

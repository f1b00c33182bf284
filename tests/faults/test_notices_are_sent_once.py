"""A process is killed between a decision and its notice, or while that is handed over: the customer is told exactly once.

So too where many are decided together, in the undoing of what a proposal rule granted.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from sites import Site

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("closed_book")]

NOTHING: dict[str, Any] = {"decisions": [], "restrictions": 0, "notices": [], "outbox": 0}
DECIDED: dict[str, Any] = {"decisions": ["effective"], "restrictions": 1, "notices": [["decided", "queued"]], "outbox": 0}
TOLD: dict[str, Any] = {"decisions": ["effective"], "restrictions": 1, "notices": [["decided", "sent"]], "outbox": 1}


def killed_at(point: str) -> list[dict[str, Any]]:
    return [{"at": point, "do": "kill", "name": point.replace(" ", "-")}]


@pytest.mark.parametrize(("point", "left"), [("before the notice", NOTHING), ("after the notice", NOTHING), ("decided", DECIDED)])
def test_killed_while_deciding_and_asked_again_it_tells_once(site: Site, point: str, left: dict[str, Any]) -> None:
    asked = {"account": 1, "reference": "D1"}
    assert site.run("decide", json.dumps(asked), faults=killed_at(point)) == -9
    answers = site.ask_each("told", ("decide", asked), "told", "tell", "tell", "told")
    assert answers == [left, "DecisionAlreadyMade" if left is DECIDED else "decided", DECIDED, 1, 0, TOLD]


@pytest.mark.parametrize(("point", "left"), [("handing over", DECIDED), ("handed over", TOLD)])
def test_killed_while_the_notice_is_handed_over_it_goes_out_once(site: Site, point: str, left: dict[str, Any]) -> None:
    assert site.ask("decide", account=1, reference="D1") == "decided"
    assert site.run("tell", "{}", faults=killed_at(point)) == -9
    assert site.ask_each("told", "tell", "told") == [left, 0 if left is TOLD else 1, TOLD]


GRANTED: dict[str, Any] = {"decisions": [], "restrictions": 0, "notices": [["decided", "queued"]] * 2, "outbox": 0}
UNDONE: dict[str, Any] = {
    "decisions": ["effective", "effective", "scheduled", "scheduled"],
    "restrictions": 2,
    "notices": [["decided", "queued"]] * 6,
    "outbox": 0,
}


@pytest.mark.parametrize(("point", "left"), [("before the decisions", GRANTED), ("before the end", GRANTED), ("undone", UNDONE)])
def test_killed_while_undoing_what_a_rule_granted_it_is_wholly_undone_or_not_at_all(
    site: Site, point: str, left: dict[str, Any]
) -> None:
    undo = site.ask("grant_by_rule")
    assert site.run("undo_rule", json.dumps({"undo": undo}), faults=killed_at(point)) == -9
    found, answer, after = site.ask_each("told", ("undo_rule", {"undo": undo}), "told")
    assert sorted_out(found) == left
    assert answer == ("UndoRefused" if left is UNDONE else "undone")
    assert sorted_out(after) == UNDONE


def sorted_out(told: dict[str, Any]) -> dict[str, Any]:
    return {**told, "decisions": sorted(told["decisions"])}

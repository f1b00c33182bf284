"""The verdict on a decision from what was put in: computed when it is taken, and again whenever somebody asks.

Inputs and verdict are plain JSON. `verdict(inputs)` of the same engine version must be the same for ever; a difference
between the stored verdict and a replayed one is an alarm.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from accounts.rules.applications import Cap, CapBroken, caps_broken
from accounts.rules.authority import AuthorityLine, authority
from accounts.rules.decisions import LIMIT_ACTIONS, Action, Gate, OrderOwed, acceleration_gate, first_effective_day
from accounts.rules.raises import LimitStep, WeighedChange, weigh_lowering, weigh_raise


def gate_of(inputs: Mapping[str, Any]) -> Gate:
    """Return the gate of an acceleration from the orders that were put in."""
    return acceleration_gate((OrderOwed(**order) for order in inputs["orders"]), share_bp=inputs["share_bp"])


def caps_broken_by(inputs: Mapping[str, Any]) -> tuple[CapBroken, ...]:
    """Return the caps on lending that a raised limit breaks, from the caps and other lines that were put in."""
    return caps_broken(
        [Cap(**cap) for cap in inputs["caps"]],
        limit_minor=inputs["new_limit_minor"],
        other_limits_minor=inputs["other_limits_minor"],
        currency=inputs["currency"],
        minor_digits=inputs["minor_digits"],
        repayment="",
        term_months=None,
    )


#: Under which name the inputs of a change of the limit hold the changes before it.
BEFORE_IT: Final[Mapping[str, str]] = {Action.RAISE_LIMIT: "raised", Action.LOWER_LIMIT: "lowered"}


def change_of(inputs: Mapping[str, Any]) -> WeighedChange | None:
    """Return what a raise or a lowering weighs, from the earlier decisions that were put in.

    None for other actions, and for changes judged before they were weighed together.
    """
    before = inputs.get(BEFORE_IT.get(inputs["action"], ""))
    if before is None:
        return None
    steps = [LimitStep(**{**step, "effective_on": date.fromisoformat(step["effective_on"])}) for step in before["steps"]]
    grows_by = inputs["new_limit_minor"] - inputs["limit_minor"]
    is_raise = inputs["action"] == Action.RAISE_LIMIT
    return (weigh_raise if is_raise else weigh_lowering)(
        max(grows_by if is_raise else -grows_by, 0),
        steps,
        as_of=date.fromisoformat(before["as_of"]),
        window_days=before["window_days"],
    )


def verdict(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the rules say: who must approve, whether limit and gate hold, the first day it may be in force."""
    found = authority(
        (AuthorityLine(**line) for line in inputs["lines"]),
        action=inputs["action"],
        currency=inputs["currency"],
        minor_digits=inputs["minor_digits"],
        amount_minor=inputs["weighed_minor"],
        roles=inputs["roles"],
    )
    first_day = first_effective_day(date.fromisoformat(inputs["proposed_on"]), buffer_days=inputs["buffer_days"])
    answer: dict[str, Any] = {
        "has_authority": found.is_known,
        "needs_approval_by": list(found.approver_roles),
        "first_effective_day": first_day.isoformat(),
    }
    if inputs["action"] in LIMIT_ACTIONS:
        answer["limit_covers_balance"] = inputs["new_limit_minor"] >= inputs["owed_minor"]
    # Raises judged before there were caps on them were kept without; their verdict says nothing of any.
    if "caps" in inputs:
        answer["limit_within_caps"] = not caps_broken_by(inputs)
    # Likewise, changes of a limit judged before they were weighed together with those before them.
    changed = change_of(inputs)
    if changed is not None:
        answer["weighed_minor"] = changed.weighed_minor
    if inputs["action"] == Action.ACCELERATE:
        gate = gate_of(inputs)
        answer["orders"] = list(gate.orders)
        answer["demanded_minor"] = gate.demanded_minor
        answer["has_clause"] = inputs["has_clause"]
    return answer


def differences(stored: Mapping[str, Any], replayed: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return what differs between two verdicts: name, stored, replayed."""
    names = sorted({*stored, *replayed})
    return [(name, stored.get(name), replayed.get(name)) for name in names if stored.get(name) != replayed.get(name)]

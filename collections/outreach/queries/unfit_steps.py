"""Steps whose template is written for another purpose: what they plan is set aside, message by message.

A draft that says so is refused; a version that was approved before drafts were looked at for it still holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from outreach.models import MessageTemplate, Strategy


@dataclass(frozen=True, slots=True)
class UnfitStep:
    """A step of a version of a strategy, and the template of one of its ways."""

    strategy: Strategy
    step: str
    template: str


def unfit_steps(strategies: Iterable[Strategy]) -> tuple[UnfitStep, ...]:
    """Return the steps of some versions that name a template of another purpose, in their order, in one query."""
    named = [
        (UnfitStep(strategy, step["code"], way["template"]), step["purpose"])
        for strategy in strategies
        for step in strategy.steps
        for way in step.get("ways", ())
    ]
    if not named:
        return ()
    # A code keeps its purpose in all its versions.
    rows = MessageTemplate.objects.filter(code__in={found.template for found, _purpose in named})
    purposes = dict(rows.values_list("code", "purpose"))
    return tuple(found for found, purpose in named if purposes.get(found.template, purpose) != purpose)

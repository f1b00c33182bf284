"""Which collection strategy holds on a day for which product, and its steps as the rules take them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

from django.conf import settings

from casework.policies import account_rule
from outreach.models import Strategy
from outreach.models.versions import live_versions
from outreach.rules.contacts import Purpose
from outreach.rules.ladder_json import in_order, steps_from_plain
from outreach.rules.ladders import Act, Anchor, Step, line_of
from riskops.shared.rule_language import FactsRow, holds

#: All lines of a ladder, in the order in which they are drawn.
ANCHORS: Final = tuple(Anchor)


#: The fact that softens a ladder.
VULNERABLE: Final = "vulnerable"


def is_gentle(step: Step) -> bool:
    """Return whether a step may be taken for a vulnerable customer: a notice required by law; or a message that reminds or
    teaches and was written for them, which its rule says by asking whether they are vulnerable.

    Nothing else is, whatever the rules say: no call, no demand, no reminder in the usual words.
    """
    if step.act is not Act.MESSAGE or step.purpose is Purpose.DEMAND:
        return False
    return step.purpose is Purpose.NOTICE or (bool(step.rule) and VULNERABLE in account_rule(step.rule).names)


@dataclass(frozen=True)
class Ladder:
    """The steps of one version of a strategy, in order. `strategy_id`: None where it is not kept yet."""

    strategy_id: int | None
    name: str
    steps: tuple[Step, ...]

    def line(self, anchor: Anchor) -> tuple[Step, ...]:
        """Return the steps of one anchor."""
        return line_of(self.steps, anchor)

    @cached_property
    def messages(self) -> tuple[Step, ...]:
        """The steps that send a message."""
        return tuple(step for step in self.steps if step.act is Act.MESSAGE)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """The facts that its steps go by, sorted, each once: what their rules compare, and whether the customer is vulnerable."""
        texts = {text for step in self.steps for text in (step.rule, step.stop_rule) if text}
        return tuple(sorted({VULNERABLE, *(name for text in texts for name in account_rule(text).names)}))

    def step(self, code: str) -> Step | None:
        """Return the step of a code."""
        return next((step for step in self.steps if step.code == code), None)


def ladder_of(strategy: Strategy) -> Ladder:
    """Return the steps of a version.

    :raises LadderUnread: it says what is no ladder; never so of one that was approved
    """
    return Ladder(strategy.pk, str(strategy), in_order(steps_from_plain(strategy.steps)))


def notices_of(ladder: Ladder) -> Ladder:
    """Return the part of a ladder that reaches customers whom an experiment leaves alone: notices required by law."""
    steps = tuple(step for step in ladder.steps if step.purpose is Purpose.NOTICE and step.act is Act.MESSAGE)
    return Ladder(ladder.strategy_id, ladder.name, steps)


def live_strategies(on: date) -> dict[str, Strategy]:
    """Return the version of each strategy that holds on a day (the site's calendar), by code."""
    return live_versions(Strategy, on)


def pick_strategy(live: dict[str, Strategy], product_code: str) -> Strategy | None:
    """Return the version that a product follows: that which names it, else the site's own; None where there is neither."""
    named = next((strategy for strategy in live.values() if product_code in strategy.products), None)
    return named or live.get(settings.COLLECTION_STRATEGY)


def strategy_for(product_code: str, on: date) -> Strategy | None:
    """Return the version of the strategy that a product follows on a day."""
    return pick_strategy(live_strategies(on), product_code)


def takes(step: Step, tier: str, facts: FactsRow) -> bool:
    """Return whether a step is taken for an account in a tier with these facts."""
    if step.tiers and tier not in step.tiers:
        return False
    if facts[VULNERABLE] and not is_gentle(step):
        return False
    if step.rule and not holds(account_rule(step.rule), facts):
        return False
    return not (step.stop_rule and holds(account_rule(step.stop_rule), facts))


def by_strategy(live: dict[str, Strategy], product_codes: Iterable[str]) -> dict[str, list[str]]:
    """Return the products that follow each strategy, by its code."""
    found: dict[str, list[str]] = {}
    for product_code in product_codes:
        strategy = pick_strategy(live, product_code)
        if strategy is not None:
            found.setdefault(strategy.code, []).append(product_code)
    return found

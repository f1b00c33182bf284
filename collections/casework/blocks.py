"""What keeps an account from being worked although it is in a queue. Upper rooms add what they know when they are ready.

Two kinds. A *standing* block is a rule over the facts of accounts: it is stored with the item (`WorkItem.blocked_by`), kept by
the close and by changes of facts, counted in lists, and pauses the service clock. A *passing* block changes with the hour
(quiet hours, so many calls a day): it is asked for the few items at the front, when one is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.facts import ACCOUNT_FACTS
from riskops.shared.rule_language import Rule, parse_rule

#: Given account ids and a moment, the reasons by account id of those that must not be worked now; one call, not one a row.
PassingBlock = Callable[[Sequence[int], datetime], dict[int, str]]


@dataclass(frozen=True, slots=True)
class StandingBlock:
    """A name, the words for it, and the rule that says which accounts it blocks."""

    name: str
    label: Promise
    rule: Rule


STANDING: Final[dict[str, StandingBlock]] = {}
PASSING: Final[dict[str, PassingBlock]] = {}


def register_standing_block(name: str, label: Promise, rule: str) -> None:
    """Add a block; a second one of the name takes the place of the first. Earlier ones are named first on screens."""
    STANDING[name] = StandingBlock(name, label, parse_rule(rule, ACCOUNT_FACTS))


def register_passing_block(name: str, block: PassingBlock) -> None:
    """Add a block that is asked when an item is taken."""
    PASSING[name] = block


def block_label(name: str) -> Promise | str:
    """Return the words for a block."""
    return STANDING[name].label if name in STANDING else name


def passing_reasons(account_ids: Sequence[int], now: datetime) -> dict[int, str]:
    """Return why accounts must not be worked at this moment, by account id; the first reason of each."""
    reasons: dict[int, str] = {}
    for block in PASSING.values():
        for account_id, reason in block(account_ids, now).items():
            reasons.setdefault(account_id, reason)
    return reasons


register_standing_block("hold", _("collection is held"), "on_hold = True")
register_standing_block("fraud", _("fraud is suspected"), "fraud_suspected = True")
register_standing_block("dispute", _("a dispute is open"), "disputed = True")
register_standing_block("plan", _("a signed plan is kept"), "hardship_plan = True")

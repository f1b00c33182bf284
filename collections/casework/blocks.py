"""What keeps an account from being worked although it is in a queue. Upper rooms add what they know when they are ready.

Two kinds. A *standing* block is a rule over the facts of accounts: it is stored with the item (`WorkItem.blocked_by`), kept by
the close and by changes of facts, counted in lists, and pauses the service clock. A *passing* block changes with the hour
(quiet hours, so many calls a day): it is asked for the few items at the front, when one is taken. Whoever has an item in
hand already records what they did in spite of it. What it keeps away for days it can also tell as a condition over items: it
would stay in front while all else is worked, until nothing else is found there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.facts import ACCOUNT_FACTS
from riskops.shared.rule_language import Rule, parse_rule

#: Given account ids and a moment, the reasons by account id of those that must not be worked now; one call, not one a row.
Asked = Callable[[Sequence[int], datetime], dict[int, str]]
#: Given a moment, the condition over work items of those that a passing block keeps away for days, each with a reason by `Asked`.
Lasting = Callable[[datetime], Q]


@dataclass(frozen=True, slots=True)
class StandingBlock:
    """A name, the words for it, and the rule that says which accounts it blocks."""

    name: str
    label: Promise
    rule: Rule


@dataclass(frozen=True, slots=True)
class PassingBlock:
    """A name, the words for it, what says which accounts it blocks at a moment, and which of them for days."""

    name: str
    label: Promise
    reasons: Asked
    lasting: Lasting | None = None


STANDING: Final[dict[str, StandingBlock]] = {}
PASSING: Final[dict[str, PassingBlock]] = {}


def register_standing_block(name: str, label: Promise, rule: str) -> None:
    """Add a block; a second one of the name takes the place of the first. Earlier ones are named first on screens."""
    STANDING[name] = StandingBlock(name, label, parse_rule(rule, ACCOUNT_FACTS))


def register_passing_block(name: str, label: Promise, reasons: Asked, lasting: Lasting | None = None) -> None:
    """Add a block that is asked when an item is taken. A queue may work in spite of it, as of a standing one."""
    PASSING[name] = PassingBlock(name, label, reasons, lasting)


def all_blocks() -> dict[str, StandingBlock | PassingBlock]:
    """Return every block by name, standing ones first: what a queue may be worked in spite of."""
    return {**STANDING, **PASSING}


def block_label(name: str) -> Promise | str:
    """Return the words for a block."""
    block = all_blocks().get(name)
    return block.label if block else name


def passing_reasons(ignored: Mapping[int, Collection[str]], now: datetime) -> dict[int, str]:
    """Return why accounts must not be worked at this moment, by account id; the first reason of each.

    :param ignored: the accounts asked about, each with the blocks that its queue works in spite of
    """
    reasons: dict[int, str] = {}
    for block in PASSING.values():
        asked = [account_id for account_id, blocks in ignored.items() if block.name not in blocks]
        for account_id, reason in (block.reasons(asked, now) if asked else {}).items():
            reasons.setdefault(account_id, reason)
    return reasons


def kept_away_for_days(ignored: Mapping[int, Collection[str]], now: datetime) -> list[Q]:
    """Return the conditions over work items of those that passing blocks keep away for days.

    :param ignored: the queues asked about, each with the blocks that it works in spite of
    """
    found = []
    for block in PASSING.values():
        queues = [queue_id for queue_id, blocks in ignored.items() if block.name not in blocks]
        if block.lasting is not None and queues:
            found.append(Q(queue__in=queues) & block.lasting(now))
    return found


register_standing_block("hold", _("collection is held"), "on_hold = True")
register_standing_block("fraud", _("fraud is suspected"), "fraud_suspected = True")
register_standing_block("dispute", _("a dispute is open"), "disputed = True")
register_standing_block("plan", _("a signed plan is kept"), "hardship_plan = True")

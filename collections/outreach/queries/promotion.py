"""What promoting a challenger would change: which strategies are drafted anew, and which products each takes on or gives up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Max

from outreach.models import Experiment, Strategy
from outreach.models.versions import live_versions
from outreach.rules.arms import Arm


@dataclass(frozen=True, slots=True)
class StrategyChange:
    """The next version of a strategy: the products it will name, and how they differ from those it names now."""

    code: str
    version: int
    products: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


def can_promote(experiment: Experiment, arm: Arm | None) -> bool:
    """Return whether an arm is a challenger with a strategy other than the champion's."""
    champion = experiment.arm(experiment.champion)
    return arm is not None and champion is not None and not arm.is_no_contact and arm.strategy != champion.strategy


def promotion(experiment: Experiment, arm: Arm, on: date) -> tuple[StrategyChange, ...]:
    """Return the drafts that make the experiment's products follow the arm's strategy; none where they do already.

    Those that give products up come first: they are approved first, since a product is named by one strategy on a day.
    """
    wanted = set(experiment.products)
    last = dict(Strategy.objects.values_list("code").annotate(last=Max("version")))
    found = []
    for code, live in sorted(live_versions(Strategy, on).items(), key=lambda item: (item[0] == arm.strategy, item[0])):
        named = list(live.products)
        if code == arm.strategy:
            products = [*named, *(product for product in experiment.products if product not in named)]
        else:
            products = [product for product in named if product not in wanted]
        if products != named:
            added = tuple(product for product in products if product not in named)
            removed = tuple(product for product in named if product not in products)
            found.append(StrategyChange(code, last[code] + 1, tuple(products), added, removed))
    return tuple(found)

"""`manage.py simulate_book`: build the simulated book day by day through the real operations. See docs/simulated-book.md."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from riskops.shared.arguments import iso_day
from riskops.shared.closing import DayAlreadyClosed, DayOutOfOrder, StepFailed
from riskops.simulation.building import MOST_ACCOUNTS, MOST_MONTHS, Recipe, SimulationRefused, build, recipe_in_book
from riskops.simulation.window import window_before

ACCOUNTS: Final = 20_000
MONTHS: Final = 24
SEED: Final = 1


class Command(BaseCommand):
    """Build the simulated book in an empty database, or go on with it."""

    help = "Build the simulated book, day by day, through the real operations. Goes on where a run was broken off."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--accounts", type=int, help=f"how many beside the twenty stories; default {ACCOUNTS:,}")
        parser.add_argument("--months", type=int, help=f"how many months; default {MONTHS}")
        parser.add_argument("--seed", type=int, help=f"the same seed and last month give the same book; default {SEED}")
        parser.add_argument(
            "--as-of",
            type=iso_day,
            help="the last month-end is the latest one before this day; default: today, or what the book here was begun with",
        )

    def handle(
        self, *args: Any, accounts: int | None, months: int | None, seed: int | None, as_of: date | None, **options: Any
    ) -> None:
        if accounts is not None and not 1 <= accounts <= MOST_ACCOUNTS:
            raise CommandError(f"--accounts {accounts}: give 1 to {MOST_ACCOUNTS:,}", returncode=2)
        if months is not None and not 1 <= months <= MOST_MONTHS:
            raise CommandError(f"--months {months}: give 1 to {MOST_MONTHS}", returncode=2)
        recipe = _recipe(accounts, months, seed, as_of)
        try:
            built = build(recipe, say=self.stdout.write)
        except (SimulationRefused, StepFailed, DayAlreadyClosed, DayOutOfOrder) as refusal:
            raise CommandError(str(refusal)) from refusal
        except KeyboardInterrupt:
            raise CommandError("stopped; the same command goes on from here", returncode=130) from None
        if built.days:
            self.stdout.write(f"{built.days} days closed, up to {recipe.window.last_day}, in {built.seconds:.0f} s")
        else:
            self.stdout.write(f"the simulated book is complete, up to {recipe.window.last_day}")


def _recipe(accounts: int | None, months: int | None, seed: int | None, as_of: date | None) -> Recipe:
    """Return what was asked for; what was not said is as in the book that is here, or as usual."""
    there = recipe_in_book()
    span = months if months is not None else there.months if there else MONTHS
    if as_of is None and there is not None:
        first_month = there.first_month
    else:
        first_month = window_before(as_of or timezone.localdate(), months=span).first_month
    return Recipe(
        accounts=accounts if accounts is not None else there.accounts if there else ACCOUNTS,
        months=span,
        seed=seed if seed is not None else there.seed if there else SEED,
        first_month=first_month,
    )

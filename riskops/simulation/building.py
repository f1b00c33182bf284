"""The simulated book built day by day, through the operations that a real book goes through: acts, import, close.

No row of the book is written here. Which book it is stands on its products (x_simulated_… attributes), put there by the first
day's import; a build broken off is taken up on the first day not closed, since the same seed gives the same days.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop

from accounts.models import CreditAccount, Product
from accounts.operations.importing import import_portfolio
from accounts.operations.shipped_agreements import publish_shipped_agreements
from riskops.close_of_business import close_day
from riskops.closes import FeedSettings, save_feed
from riskops.shared.audit import record
from riskops.shared.day import SIMULATED, book_state, lock_book
from riskops.shared.models import CloseRun, Feed
from riskops.simulation import desk  # noqa: F401  (registers its acts)
from riskops.simulation.acts import SIMULATION, DayContext, Moment, find_acts, perform
from riskops.simulation.behaviour import Behaviour, MonthOf
from riskops.simulation.deliveries import write_delivery
from riskops.simulation.entries import DayPlan
from riskops.simulation.people import SimulatedPeople
from riskops.simulation.staff import Staff
from riskops.simulation.telling import FIRST_STORY_PERSON
from riskops.simulation.window import Window

FEED: Final = "payments"
MOST_ACCOUNTS: Final = FIRST_STORY_PERSON - 1
MOST_MONTHS: Final = 120
#: Kept in English in the book's row; pages show it in the reader's language.
PAUSED_NOTE: Final = gettext_noop(
    "The nightly close is paused: this book is simulated, nobody in it exists, and no payment comes after its last month-end. "
    "The next day, closed by hand on the jobs page, waits for the payments feed."
)


class SimulationRefused(Exception):
    """The simulated book cannot be built here; says why and what to do."""


class Recipe(NamedTuple):
    """What a simulated book is made from. `first_month` counts months since year 0."""

    accounts: int
    months: int
    seed: int
    first_month: int

    @property
    def window(self) -> Window:
        """The months it spans."""
        return Window(self.first_month, self.months)

    def marks(self) -> dict[str, str]:
        """Return the recipe as attributes of products.csv."""
        return {f"x_simulated_{name}": str(value) for name, value in self._asdict().items()}


def recipe_in_book() -> Recipe | None:
    """Return the recipe of the book that is here, None if no day of it was imported yet."""
    product = Product.objects.filter(attributes__has_key="x_simulated_seed").first()
    return None if product is None else Recipe(*(int(product.attributes[f"x_simulated_{name}"]) for name in Recipe._fields))


@dataclass(slots=True)
class Built:
    """What a call did. `days` it closed, in `seconds`."""

    recipe: Recipe
    days: int = 0
    seconds: float = 0.0


def build(recipe: Recipe, *, say: Callable[[str], None]) -> Built:
    """Build the book, or the rest of it, and return what was done; days closed already are passed over.

    :param say: told a line after each month
    :raises SimulationRefused: another book is here, or a day did not go through
    """
    began = monotonic()
    _take_the_book(recipe)
    built = Built(recipe)
    _finish_open_close(recipe.window.last_day)
    last = book_state().business_date
    if last is None or last < recipe.window.last_day:
        find_acts()
        people, staff = SimulatedPeople(), Staff()
        late: dict[str, int] = {}
        for month in Behaviour(recipe.window, accounts=recipe.accounts, seed=recipe.seed):
            built.days += _live_through(month, late, recipe, people, staff, last, say)
            late = month.months_late
    built.seconds = monotonic() - began
    return built


@transaction.atomic
def _take_the_book(recipe: Recipe) -> None:
    """Label the book as simulated, pause its nightly close and expect its payments every day.

    :raises SimulationRefused: there are other accounts, or it is a simulated book of another recipe
    """
    there = recipe_in_book()
    state = lock_book()
    if there is not None and there != recipe:
        raise SimulationRefused(f"the database holds another simulated book ({there}); name an empty database to build {recipe}")
    if not settings.INSTITUTION_NAME:
        raise SimulationRefused(
            "its letters and agreements name the lender, and the site does not say who it is: set INSTITUTION_NAME"
        )
    if there is None and CreditAccount.objects.exists():
        raise SimulationRefused(
            f'the database holds accounts already (its book is called "{state.book}"); the simulated book goes into an empty '
            "database: name one in DATABASE_URL or RISKOPS_VAR"
        )
    if state.book == SIMULATED:
        return
    before = {"book": state.book, "nightly_paused": state.nightly_paused}
    state.book, state.nightly_paused, state.note = SIMULATED, True, PAUSED_NOTE
    state.save()
    record(
        actor=SIMULATION,
        action="book.pause_nightly",
        subject_type="book",
        subject_key=SIMULATED,
        before=before,
        after={"book": SIMULATED, "nightly_paused": True, **recipe._asdict()},
        reason=PAUSED_NOTE,
    )
    publish_shipped_agreements(actor=SIMULATION, published_on=recipe.window.first_day)
    if not Feed.objects.filter(name=FEED).exists():
        save_feed(actor=SIMULATION, settings=FeedSettings(name=FEED, file_name="payments.csv", cut_off=time(9)))


def _finish_open_close(last_day: date) -> None:
    """Finish the close that a build was broken off in (its day's files and acts came before it); later days are people's."""
    run = CloseRun.objects.filter(is_open=True, business_date__lte=last_day).first()
    if run is not None:
        _close(run.business_date)


def _live_through(
    month: MonthOf,
    late: dict[str, int],
    recipe: Recipe,
    people: SimulatedPeople,
    staff: Staff,
    last: date | None,
    say: Callable[[str], None],
) -> int:
    """Live through the days of a month that are not closed and return their number."""
    began = monotonic()
    days = [day for day in month.plan.values() if last is None or day.day > last]
    with tempfile.TemporaryDirectory(prefix="simulated-", dir=_imports_folder()) as scratch:
        for plan in days:
            context = DayContext(recipe.window, month.number, plan, late, seed=recipe.seed, staff=staff)
            _live_day(plan, context, Path(scratch), recipe, people)
    if days:
        number_late = sum(months > 0 for months in month.months_late.values())
        say(
            f"{month.number + 1:>3}/{recipe.months}  {days[-1].day}  {len(month.months_late):>6,} accounts, "
            f"{number_late:>5,} late, {sum(len(plan.payments) for plan in days):>6,} payments  ({monotonic() - began:.1f} s)"
        )
    return len(days)


def _live_day(plan: DayPlan, context: DayContext, scratch: Path, recipe: Recipe, people: SimulatedPeople) -> None:
    day = plan.day
    perform(Moment.MORNING, day, context)
    folder = scratch / f"simulated-{day}"
    write_delivery(folder, plan, people=people, marks=recipe.marks() if day == recipe.window.first_day else None)
    outcome = import_portfolio(folder, actor=SIMULATION)
    if not outcome.is_clean:
        row, errors = outcome.portfolio_import, outcome.log.errors[:3]
        said = "; ".join(f"{one.file}:{one.line} {one.column} {one.message}" for one in errors) or row.failure
        raise SimulationRefused(f"the import of {day} was {row.status}: {said}")
    shutil.rmtree(folder)
    perform(Moment.EVENING, day, context)
    _close(day)


def _close(day: date) -> None:
    run = close_day(day, actor=SIMULATION)
    if run.status != CloseRun.Status.COMPLETE:
        raise SimulationRefused(f"the close of {day} is {run.status}: see the jobs page, then run simulate_book again")


def _imports_folder() -> Path:
    folder = Path(settings.VAR_DIR) / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    return folder

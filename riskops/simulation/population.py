"""Who the simulated customers are: when they came, what they bought, and what nobody can see of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import exp, log
from random import Random
from typing import Final

from riskops.simulation import targets
from riskops.simulation.entries import NewAccount
from riskops.simulation.planned import PlannedAccount
from riskops.simulation.products import MINOR, PRODUCTS
from riskops.simulation.window import Window

#: Days of the month on which an account's instalments fall due, one for each account. From the 4th to the 25th the age in
#: days at every month-end lies in the bucket of the age in months, February included.
DUE_DAYS: Final = (10, 13, 16, 19, 22, 25)
MEDIAN_INCOME: Final = 6_500
_INCOME_SPREAD: Final = 0.45
_CHANNELS: Final = ((("app", "web", "store", "partner")), (50, 20, 15, 15))
_MERCHANTS: Final = (("electronics", "fashion", "groceries", "home", "travel", "education"), (24, 26, 18, 14, 12, 6))
_REGIONS: Final = (("east", "north", "south", "west"), (40, 22, 24, 14))
_HABITS: Final = (("autopay", "punctual", "tardy"), (35, 47, 18))
#: Every so many accounts one is the second account of the customer so many before.
_SECOND_ACCOUNT_EVERY: Final = 25
_SECOND_ACCOUNT_BACK: Final = 7
#: New accounts by month: so many times more at the launch than where it settles, wearing off over so many months.
_LAUNCH: Final = 1.2
_LAUNCH_MONTHS: Final = 5.0


@dataclass(slots=True)
class Life:
    """One account and the person behind it; what changes from month to month is below the line.

    :param odds: natural logarithm of the account's own odds of going late, against the book's
    """

    opening: NewAccount
    month: int
    habit: str
    odds: float
    frailty: float
    income: int
    account: PlannedAccount
    # ---
    months_late: int = 0
    cured_in: int = -1_000
    order_ends: list[int] = field(default_factory=list)
    is_dormant: bool = False
    is_written_off: bool = False

    @property
    def owes(self) -> bool:
        """Whether any principal is outstanding: an account that owes nothing is in no bucket."""
        return self.account.ledger.outstanding_minor > 0


def openings(window: Window, accounts: int) -> list[int]:
    """Return how many accounts are opened in each month: many at the launch, then steady."""
    weights = [1 + _LAUNCH * exp(-month / _LAUNCH_MONTHS) for month in range(window.months)]
    reached = accumulate(weights, initial=0.0)
    marks = [round(weight * accounts / sum(weights)) for weight in reached]
    return [after - before for before, after in pairwise(marks)]


def population(window: Window, *, accounts: int, seed: int) -> Iterator[Life]:
    """Yield the lives in the order of their account numbers, which is that of their opening days."""
    lives: list[Life] = []
    for month, count in enumerate(openings(window, accounts)):
        last = window.month_end(month).day
        days = sorted(Random(f"{seed}:openings:{month}").choices(range(1, last + 1), k=count))
        for day in days:
            number = len(lives) + 1
            shares = number % _SECOND_ACCOUNT_EVERY == 0 and number > _SECOND_ACCOUNT_BACK
            sibling = lives[number - 1 - _SECOND_ACCOUNT_BACK] if shares else None
            life = _life(Random(f"{seed}:life:{number}"), number, month, day, window, sibling)
            lives.append(life)
            yield life


def _life(draw: Random, number: int, month: int, day: int, window: Window, sibling: Life | None) -> Life:
    product = draw.choices(PRODUCTS, [product.share for product in PRODUCTS])[0]
    channel, merchant, region, habit = (draw.choices(*options)[0] for options in (_CHANNELS, _MERCHANTS, _REGIONS, _HABITS))
    income = round(MEDIAN_INCOME * exp(draw.gauss(0, _INCOME_SPREAD)), -2)
    frailty = draw.gauss(0, targets.FRAILTY)
    customer = number
    if sibling is not None:
        income, frailty, region = sibling.income, sibling.frailty, sibling.opening.attributes[2]
        customer = sibling.opening.person_number
    limit = max(1_000, round(income * draw.uniform(0.8, 2.5) * (1.5 if product.monthly_interest_ppm else 1), -2))
    account_no = f"SIM-{number:05d}"
    opening = NewAccount(
        account_no,
        f"SIM-C{customer:05d}",
        customer,
        sibling is None,
        product.code,
        window.day(month, day),
        int(limit) * MINOR,
        (channel, merchant, region, str(int(income))),
    )
    odds = (
        targets.PRODUCT_ODDS[product.code]
        + targets.CHANNEL_ODDS[channel]
        + targets.MERCHANT_ODDS[merchant]
        + targets.REGION_ODDS[region]
        + targets.INCOME_ODDS * log(income / MEDIAN_INCOME)
        + targets.HABIT_ODDS[habit]
        + _vintage_odds(month, window.months)
        + frailty
    )
    account = PlannedAccount(account_no, product, window, due_day=draw.choice(DUE_DAYS))
    return Life(opening, month, habit, odds, frailty, int(income), account)


def _vintage_odds(month: int, months: int) -> float:
    share = month / months
    if targets.LOOSE_SPAN[0] <= share < targets.LOOSE_SPAN[1]:
        return targets.LOOSE_ODDS
    if targets.TIGHT_SPAN[0] <= share < targets.TIGHT_SPAN[1]:
        return targets.TIGHT_ODDS
    return 0.0

"""What the calculator answers: how many customers an experiment takes, on how many days, and what a given number finds."""

from __future__ import annotations

from dataclasses import dataclass

from outreach.rules.experiment_results import Question, customers_needed, days_needed, power_of, smallest_effect


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer.

    :param customers: how many it takes in all arms; None: no number of them finds it
    :param days: days on which they come in; None: never at that pace
    :param size: the number of customers asked about; None: none was
    :param size_power: how often that number finds the rise asked for, from 0 to 1
    :param size_effect: the smallest rise that it finds, as a share
    """

    customers: int | None
    days: int | None
    size: int | None = None
    size_power: float | None = None
    size_effect: float | None = None

    @property
    def size_power_percent(self) -> str:
        """The power of the size in percent."""
        return "–" if self.size_power is None else f"{100 * self.size_power:.0f}"

    @property
    def size_effect_points(self) -> str:
        """The smallest effect of the size, in points of percent."""
        return "–" if self.size_effect is None else f"{100 * self.size_effect:.2f}"


def calculate(question: Question, *, at_once: int, a_day: int, size: int | None) -> Answer:
    """Return how large the experiment must be and how long it takes.

    :param at_once: customers who come in on the first day
    :param a_day: customers who come in on each day after it
    """
    customers = customers_needed(question)
    days = None if customers is None else days_needed(customers, at_once=at_once, a_day=a_day)
    if size is None:
        return Answer(customers, days)
    return Answer(customers, days, size, power_of(question, size), smallest_effect(question, size))

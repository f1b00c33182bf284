"""What an experiment would find on the present book: how many customers take part, and how long until there are enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Count, Q

from accounts.facts import account_rows
from accounts.queries.rule_cost import rule_time_bound
from outreach.bulk.assign import eligible_accounts
from outreach.models import Experiment
from outreach.rules.experiment_results import days_needed

#: Over how many days new customers are counted.
LATELY_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class ExperimentDryRun:
    """What was counted on the book of a day.

    :param eligible: customers who would be taken in on the first day
    :param lately: of these, those whose account fell late, or was opened, within the last `LATELY_DAYS`; who did and is not
        eligible any more is not among them, so that it is a low estimate of who comes in
    :param days: days on which customers come in until there are as many as planned; None: never at that pace
    """

    as_of: date
    eligible: int
    lately: int
    days: int | None

    @property
    def a_day(self) -> int:
        """Customers who come in on a day, at least."""
        return self.lately // LATELY_DAYS

    def as_json(self) -> dict[str, Any]:
        """Return it as the draft keeps it."""
        return {"as_of": self.as_of.isoformat(), "eligible": self.eligible, "lately": self.lately, "days": self.days}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> ExperimentDryRun:
        """Return what a draft kept."""
        return cls(date.fromisoformat(kept["as_of"]), kept["eligible"], kept["lately"], kept["days"])


def try_on_book(experiment: Experiment, as_of: date) -> ExperimentDryRun:
    """Return what an experiment would find on the book of a day; nothing is written.

    :raises RuleTooSlow: its rule takes longer over the book than a rule may
    """
    since = as_of - timedelta(days=LATELY_DAYS)
    is_new = Q(oldest_unpaid_due_date__gte=since) | Q(oldest_unpaid_due_date=None, opened_on__gt=since)
    with rule_time_bound():
        counted = eligible_accounts(experiment, account_rows(), as_of).aggregate(
            eligible=Count("account__customer_id", distinct=True),
            lately=Count("account__customer_id", distinct=True, filter=is_new),
        )
    eligible, lately = counted["eligible"], counted["lately"]
    return ExperimentDryRun(
        as_of, eligible, lately, days_needed(experiment.planned_size, at_once=eligible, a_day=lately // LATELY_DAYS)
    )

"""The step of the close that takes customers into the arms of running experiments, before outreach is planned.

Who is eligible is one statement over the shard; which arm is a keyed hash that databases do not have, so the ids of those who
are new stream through Python and go back in chunks. A customer whose accounts lie in two shards is taken in by whichever comes
first: the arm, the day and the bucket are the same from both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Final

from django.db.models import Exists, Max, OuterRef, QuerySet

from accounts.facts import ACCOUNT_FACTS, account_rows
from accounts.models import AccountState, Product
from outreach.experiments import taking_in
from outreach.models import ArmAssignment, Experiment
from outreach.rules.arms import arm_of
from riskops.shared.rule_language import holding, parse_rule
from riskops.shared.sql import execute

#: The step of the close that does this.
ARMS_STEP: Final = "arms"
#: Customers that go into one statement.
AT_ONCE: Final = 1_000

_ASSIGNMENTS: Final = ArmAssignment._meta.db_table


def eligible_accounts(experiment: Experiment, rows: QuerySet[AccountState], as_of: date) -> QuerySet[AccountState]:
    """Return those of the rows that make their customer eligible: under its products, not written off, and its rule holds.

    :param rows: as `account_rows` returns them
    """
    products = Product.objects.filter(product_code__in=experiment.products)
    rows = rows.filter(product__in=products, is_written_off=False, opened_on__lte=as_of)
    return holding(parse_rule(experiment.rule, ACCOUNT_FACTS), ACCOUNT_FACTS, rows, as_of) if experiment.rule.strip() else rows


def assign_arms(*, as_of: date, first_account_id: int, last_account_id: int) -> int:
    """Take the range's newly eligible customers into their arms, and return how many rows that made.

    Whoever is in stays in; done again it finds nobody.
    """
    return sum(_assign(experiment, as_of, first_account_id, last_account_id) for experiment in taking_in(as_of))


def _assign(experiment: Experiment, as_of: date, first: int, last: int) -> int:
    there = ArmAssignment.objects.filter(experiment=experiment, customer_id=OuterRef("account__customer_id"))
    rows = eligible_accounts(experiment, account_rows(first, last), as_of).filter(~Exists(there))
    ids = rows.order_by("account__customer_id").values_list("account__customer_id", flat=True).distinct()
    return sum(_insert(experiment, as_of, chunk) for chunk in _chunks(ids.iterator(chunk_size=AT_ONCE)))


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    running = iter(ids)
    while chunk := list(islice(running, AT_ONCE)):
        yield chunk


def _insert(experiment: Experiment, as_of: date, customer_ids: list[int]) -> int:
    """Assign some customers and return how many were not assigned by a neighbour meanwhile."""
    # Of all their accounts, those of other shards too: the bucket must not depend on who comes first.
    states = AccountState.objects.filter(
        account__customer__in=customer_ids, product__product_code__in=experiment.products, is_written_off=False
    )
    buckets = dict(states.values_list("account__customer_id").annotate(worst=Max("bucket")))
    arms = experiment.parts
    values: list[int | str] = []
    for customer_id in customer_ids:
        arm = arm_of(experiment.salt, customer_id, arms)
        values += [experiment.pk, customer_id, arm.code, as_of.isoformat(), buckets[customer_id]]
    places = ", ".join(["(%s, %s, %s, %s, %s)"] * len(customer_ids))
    return execute(
        f"INSERT INTO {_ASSIGNMENTS} (experiment_id, customer_id, arm, assigned_on, bucket) VALUES {places} "
        f"ON CONFLICT DO NOTHING",
        tuple(values),
    )

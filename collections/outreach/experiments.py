"""Which experiments treat customers on a day, and how: what the close assigns by, and what planning looks up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from accounts.models import CreditAccount
from outreach.models import ArmAssignment, Experiment, Strategy
from outreach.rules.arms import Arm
from outreach.strategies import live_strategies, pick_strategy
from riskops.shared.request_context import once_a_request
from riskops.shared.sql import date_literal, is_postgresql

Status = Experiment.Status


def in_force(on: date) -> QuerySet[Experiment]:
    """Return the experiments that treat customers on a day: begun and not stopped, whether or not new ones still come in."""
    rows = Experiment.objects.filter(status=Status.APPROVED, live_from__lte=on)
    return rows.filter(Q(stopped_on=None) | Q(stopped_on__gt=on)).order_by("pk")


def _running(on: date) -> list[Experiment]:
    """Return the experiments in force, the same to every part of a page."""
    return once_a_request(("experiments", on), lambda: list(in_force(on)))


def taking_in(on: date) -> list[Experiment]:
    """Return the experiments whose arms take customers in at the close of a day."""
    return [row for row in in_force(on) if row.last_day_in is not None and on <= row.last_day_in]


@dataclass(frozen=True, slots=True)
class Treatment:
    """What an experiment does to a customer: accounts under its products follow the strategy of the arm.

    `arm.strategy` "" is no contact: no step of any strategy, but notices required by law go out.
    """

    experiment: Experiment
    arm: Arm
    since: date


def treatments_of(customer_id: int, on: date) -> tuple[Treatment, ...]:
    """Return what experiments do to a customer on a day. Of several none is about the same product."""
    running = {row.pk: row for row in _running(on)}
    if not running:
        return ()
    rows = ArmAssignment.objects.filter(customer_id=customer_id, assigned_on__lt=on, experiment_id__in=running)
    found = []
    for row in rows.order_by("experiment_id"):
        experiment = running[row.experiment_id]
        arm = experiment.arm(row.arm)
        if arm is not None:
            found.append(Treatment(experiment, arm, row.assigned_on))
    return tuple(found)


def left_alone(*, customer: str, product: str, on: date) -> str:
    """Return SQL for whether experiments leave a customer without contact about a product on a day: `treatments_of`, for those
    who cannot ask once a customer.

    :param customer: an expression for the customer's id
    :param product: one for the product's
    """
    day = date_literal(on)
    if is_postgresql():
        is_silent = "e.arms @> jsonb_build_array(jsonb_build_object('code', r.arm, 'strategy', ''))"
        is_about = "e.products @> to_jsonb(CAST(p.product_code AS text))"
    else:
        is_silent = (
            "EXISTS (SELECT 1 FROM json_each(e.arms) AS one "
            "WHERE json_extract(one.value, '$.code') = r.arm AND json_extract(one.value, '$.strategy') = '')"
        )
        is_about = "EXISTS (SELECT 1 FROM json_each(e.products) AS one WHERE one.value = p.product_code)"
    return (
        f"EXISTS (SELECT 1 FROM outreach_armassignment AS r JOIN outreach_experiment AS e ON e.id = r.experiment_id "
        f"JOIN accounts_product AS p ON p.id = {product} WHERE r.customer_id = {customer} AND r.assigned_on < {day} "
        f"AND e.status = '{Status.APPROVED}' AND e.live_from <= {day} AND (e.stopped_on IS NULL OR e.stopped_on > {day}) "
        f"AND {is_silent} AND {is_about})"
    )


@dataclass(frozen=True, slots=True)
class Treated:
    """Whom of a product a strategy treats.

    :param arm: experiment id and code of the arm whose customers these are; None: those who are in no arm
    :param apart_from: the experiment whose customers these are not
    :param is_left_alone: nothing but notices required by law
    """

    strategy: Strategy
    arm: tuple[int, str] | None = None
    apart_from: int | None = None
    is_left_alone: bool = False


def treated_of(product_code: str, strategies: dict[str, Strategy], experiments: Iterable[Experiment]) -> list[Treated]:
    """Return by which strategies the customers of a product are treated; together they are all of them, each once.

    :param strategies: those that hold on the day, by code
    :param experiments: those in force on it
    """
    own = pick_strategy(strategies, product_code)
    running = next((row for row in experiments if product_code in row.products), None)
    if running is None:
        return [Treated(own)] if own else []
    found = []
    for arm in running.parts:
        # A strategy that holds no longer gives way to the product's own, as if there were no arm.
        strategy = strategies.get(arm.strategy) or own
        if strategy is not None:
            found.append(Treated(strategy, arm=(running.pk, arm.code), is_left_alone=arm.is_no_contact))
    return [*found, Treated(own, apart_from=running.pk)] if own else found


def strategy_of(account: CreditAccount, on: date) -> Treated | None:
    """Return by which strategy one account is treated on a day; None where there is none.

    :param account: read with `product`
    """
    code = account.product.product_code
    running = [row for row in _running(on) if code in row.products]
    arms = {(each.experiment.pk, each.arm.code) for each in treatments_of(account.customer_id, on)} if running else set()
    for treated in treated_of(code, live_strategies(on), running):
        if treated.arm in arms or (treated.arm is None and all(pk != treated.apart_from for pk, _code in arms)):
            return treated
    return None

"""Customers in the arms of an experiment are planned for by the strategy of their arm, by the close and on the spot alike."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from planning_books import DAY, NEXT, NOW, follow, late, plan, planned, step

from accounts.models import CreditAccount
from outreach.experiments import strategy_of
from outreach.models import ArmAssignment, Experiment, Message
from outreach.operations.planning import plan_account
from outreach.rules.contacts import Channel, Purpose

pytestmark = pytest.mark.django_db
ARMS = [
    {"code": "champion", "strategy": "standard", "weight_bp": 5_000},
    {"code": "gentle", "strategy": "gentle", "weight_bp": 4_000},
    {"code": "control", "strategy": "", "weight_bp": 1_000},
]
STANDARD = [step("one", 1), step("told", 5, purpose=Purpose.NOTICE)]


def experiment(*accounts: CreditAccount, **more: object) -> Experiment:
    row = Experiment(
        code="kinder", version=1, name_en="Kinder", name_zh="温和", hypothesis="fewer messages, as much paid",
        products=[account.product.product_code for account in accounts], arms=ARMS, champion="champion", planned_size=1_000,
        duration_days=30, status="approved", live_from=DAY, drafted_by_name="a", approved_by_name="b",
    )  # fmt: skip
    for name, value in more.items():
        setattr(row, name, value)
    row.save()
    return row


def put(run: Experiment, account: CreditAccount, arm: str, on: date = DAY) -> None:
    ArmAssignment.objects.create(experiment=run, customer=account.customer, arm=arm, assigned_on=on, bucket=1)


def strategies_of(*accounts: CreditAccount) -> list[str]:
    rows = Message.objects.filter(account__in=accounts).order_by("account_id", "pk").select_related("strategy")
    return [f"{row.strategy.code} {row.step} {row.channel}" for row in rows if row.strategy]


def arms() -> tuple[CreditAccount, ...]:
    follow(STANDARD)
    follow([step("mild", 1, Channel.EMAIL)], code="gentle")
    accounts = tuple(late(1) for _ in range(5))
    run = experiment(*accounts[:4])
    for account, arm in zip(accounts, ("champion", "gentle", "control"), strict=False):
        put(run, account, arm)
    return accounts


def test_each_arm_follows_its_strategy_and_who_is_in_none_their_products() -> None:
    accounts = arms()
    assert plan() == 4
    assert strategies_of(*accounts) == ["standard one sms", "gentle mild email", "standard one sms", "standard one sms"]
    assert planned(accounts[2]) == []


def test_one_account_on_the_spot_is_treated_as_by_the_close() -> None:
    accounts = arms()
    of_each = [[m.step for m in plan_account(account, as_of=DAY, now=NOW)] for account in accounts]
    assert of_each == [["one"], ["mild"], [], ["one"], ["one"]]
    # Nothing is left for the close.
    assert plan() == 0


def test_who_is_left_alone_gets_notices_required_by_law() -> None:
    follow(STANDARD)
    account = late(5)
    put(experiment(account), account, "control")
    other = late(5)
    put(experiment(other, code="second"), other, "control")
    assert [message.step for message in plan_account(other, as_of=DAY, now=NOW)] == ["told"]
    assert plan() == 1
    assert planned(account, other) == [("told", "sms", "queued", "")] * 2


def test_an_experiment_that_ended_or_has_not_begun_treats_nobody() -> None:
    follow(STANDARD)
    follow([step("mild", 1, Channel.EMAIL)], code="gentle")
    stopped, coming = late(1), late(1)
    over = experiment(stopped, stopped_on=NEXT, verdict="stopped")
    put(over, stopped, "gentle", DAY - timedelta(days=9))
    put(experiment(coming, code="later", live_from=NEXT + timedelta(days=1)), coming, "gentle")
    assert plan() == 2
    assert strategies_of(stopped, coming) == ["standard one sms"] * 2


def test_a_strategy_that_holds_no_longer_gives_way_to_the_products_own() -> None:
    follow(STANDARD)
    account = late(1)
    put(experiment(account), account, "gentle")
    treated = strategy_of(account, NEXT)
    assert treated is not None and treated.strategy.code == "standard"
    assert plan() == 1

"""The sums that a close writes for the dashboards, on books worked out by hand."""

from __future__ import annotations

from datetime import date

import factories
import pytest
from books import NEVER_USED, put_snapshot, put_state, standing

from dashboards.bulk import aggregate_shard, finish_aggregate
from dashboards.models import AggregatePartial, DailyAggregate, FlowAggregate, FlowPartial
from dashboards.rules.states import State

pytestmark = pytest.mark.django_db
MAY, JUNE = date(2025, 5, 31), date(2025, 6, 30)
LAST = 2**62


def day_rows(as_of: date) -> dict[tuple[str, str, int], tuple[int, int]]:
    rows = DailyAggregate.objects.filter(as_of=as_of).select_related("product")
    return {(r.product.product_code, State(r.state).key, r.days_from): (r.accounts, r.outstanding_principal_minor) for r in rows}


def moves(as_of: date) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    return {
        (State(r.from_state).key, State(r.to_state).key): (
            r.accounts,
            r.principal_before_minor,
            r.principal_after_minor,
            r.written_off_minor,
        )
        for r in FlowAggregate.objects.filter(as_of=as_of)
    }


def test_a_day_is_summed_by_product_state_and_threshold_whatever_the_shards():
    card, loan = factories.make_product(product_code="card"), factories.make_product(product_code="loan")
    book = [
        (card, standing(0, 100)),
        (card, standing(29, 200, penalty_due_minor=7)),
        (card, standing(30, 400)),
        (card, standing(30, 800)),
        (card, standing(31, 1_600)),
        (card, standing()),
        (card, NEVER_USED),
        (loan, standing(95, 3_200, is_written_off=True)),
    ]
    ids = []
    for product, columns in book:
        account = factories.make_account(product=product)
        put_state(account, columns)
        ids.append(account.pk)
    later = factories.make_account(product=card, opened_on=date(2025, 6, 16))
    put_state(later, standing(0, 9))

    day = date(2025, 6, 15)
    aggregate_shard(as_of=day, run_id=7, shard=0, first_account_id=0, last_account_id=ids[3])
    aggregate_shard(as_of=day, run_id=7, shard=1, first_account_id=ids[3] + 1, last_account_id=LAST)
    finish_aggregate(as_of=day, run_id=7)

    assert day_rows(day) == {
        ("card", "m0", 0): (1, 100),
        ("card", "m1", 1): (1, 200),
        ("card", "m1", 30): (2, 1_200),
        ("card", "m2", 30): (1, 1_600),
        ("card", "paid_off", 0): (1, 0),
        ("card", "never_used", 0): (1, 0),
        ("loan", "written_off", 90): (1, 3_200),
    }
    late = DailyAggregate.objects.get(as_of=day, state=State.M1, days_from=1)
    assert (late.penalty_due_minor, late.overdue_principal_minor, late.provenance) == (7, 200, "reported")
    assert not FlowAggregate.objects.exists()


def test_an_account_that_owes_only_interest_fee_or_penalty_is_not_paid_off():
    for column in ("outstanding_interest_minor", "outstanding_fee_minor", "penalty_due_minor"):
        put_state(factories.make_account(product=factories.make_product(product_code=column)), standing(**{column: 1}))
    day = date(2025, 6, 15)
    aggregate_shard(as_of=day, run_id=1, shard=0, first_account_id=0, last_account_id=LAST)
    finish_aggregate(as_of=day, run_id=1)
    assert {(key[0], key[1]) for key in day_rows(day)} == {
        ("outstanding_interest_minor", "m0"),
        ("outstanding_fee_minor", "m0"),
        ("penalty_due_minor", "m0"),
    }


def test_a_month_end_sums_the_moves_since_the_month_end_before():
    product = factories.make_product()
    stories = [
        (standing(0, 1_000), standing(20, 900)),
        (standing(0, 500), standing(25, 500)),
        (standing(40, 70), standing()),
        (NEVER_USED, standing(0, 30)),
        (None, standing(0, 40)),
        (NEVER_USED, NEVER_USED),
        (standing(95, 600), standing(125, 590, is_written_off=True)),
        (standing(185, 800, is_written_off=True), standing(215, 800, is_written_off=True)),
    ]
    for before, after in stories:
        account = factories.make_account(product=product)
        if before is not None:
            put_snapshot(account, MAY, before)
        put_state(account, after)
        if after.get("is_written_off"):
            factories.make_write_off(account, value_date=date(2025, 6, 10), principal=after["outstanding_principal_minor"] + 5)

    aggregate_shard(as_of=JUNE, run_id=3, shard=0, first_account_id=0, last_account_id=LAST)
    finish_aggregate(as_of=JUNE, run_id=3)

    assert moves(JUNE) == {
        ("m0", "m1"): (2, 1_500, 1_400, 0),
        ("m2", "paid_off"): (1, 70, 0, 0),
        ("new", "m0"): (2, 0, 70, 0),
        ("m4", "written_off"): (1, 600, 590, 595),
        ("written_off", "written_off"): (1, 800, 800, 0),
    }


def test_no_moves_are_summed_without_the_month_end_before():
    put_state(factories.make_account(), standing(0, 100))
    aggregate_shard(as_of=JUNE, run_id=3, shard=0, first_account_id=0, last_account_id=LAST)
    finish_aggregate(as_of=JUNE, run_id=3)
    assert DailyAggregate.objects.filter(as_of=JUNE).count() == 1
    assert not FlowAggregate.objects.exists()


def test_doing_a_shard_or_the_sum_again_changes_nothing_and_another_run_does_not_mix_in():
    account = factories.make_account()
    put_snapshot(account, MAY, standing(0, 100))
    put_state(account, standing(5, 100))
    for _ in range(2):
        aggregate_shard(as_of=JUNE, run_id=3, shard=0, first_account_id=0, last_account_id=LAST)
    AggregatePartial.objects.filter(as_of=JUNE).first()
    left_over = AggregatePartial.objects.get(as_of=JUNE)
    left_over.pk, left_over.run_id, left_over.shard, left_over.accounts = None, 2, 9, 50
    left_over.save()
    for _ in range(2):
        finish_aggregate(as_of=JUNE, run_id=3)
        assert [(r.state, r.accounts) for r in DailyAggregate.objects.all()] == [(State.M1, 1)]
        assert moves(JUNE) == {("m0", "m1"): (1, 100, 100, 0)}


def test_partials_of_earlier_days_are_dropped_and_their_sums_stay():
    put_state(factories.make_account(), standing(0, 100))
    for day in (date(2025, 6, 14), date(2025, 6, 15)):
        aggregate_shard(as_of=day, run_id=day.day, shard=0, first_account_id=0, last_account_id=LAST)
        finish_aggregate(as_of=day, run_id=day.day)
    assert [p.as_of for p in AggregatePartial.objects.all()] == [date(2025, 6, 15)]
    assert DailyAggregate.objects.count() == 2
    assert not FlowPartial.objects.exists()

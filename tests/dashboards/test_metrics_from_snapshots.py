"""Metrics made from month-end snapshots, each on a tiny book worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import factories
import pytest
from books import NEVER_USED, close_through, history, standing
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import ScheduleChange
from dashboards.answers import answer
from dashboards.bulk import aggregate_snapshots, finish_aggregate
from dashboards.metrics.base import Cell
from dashboards.models import DailyAggregate, FlowAggregate

pytestmark = pytest.mark.django_db
APRIL, MAY, JUNE, JULY = date(2025, 4, 30), date(2025, 5, 31), date(2025, 6, 30), date(2025, 7, 31)
WRITTEN_OFF = {"is_written_off": True}


def figures(name: str, day: date = JUNE, **asked: object) -> dict[tuple[str, ...], tuple[int, int]]:
    """Return numerator and denominator of the metric's cells at one month-end by (segment,) key_1, key_2; zero cells left out."""
    found = answer(name, first=day, last=day, **asked).cells  # type: ignore[arg-type]
    assert all(cell.as_of == day for cell in found)
    return {
        tuple(part for part in (cell.segment, cell.key_1, cell.key_2) if part): (cell.numerator, cell.denominator)
        for cell in found
        if cell.numerator
    }


@pytest.fixture
def card() -> object:
    return factories.make_product(product_code="card")


def test_buckets_share_the_balance_and_leave_written_off_paid_off_and_unused_lines_out(card):
    for columns in (
        standing(0, 600),
        standing(0, 100),
        standing(30, 200),
        standing(31, 100),
        standing(200, 5_000, **WRITTEN_OFF),
        standing(),
        NEVER_USED,
    ):
        history([JUNE], columns, product=card)
    close_through(JUNE)
    assert figures("buckets") == {("m0",): (700, 1_000), ("m1",): (200, 1_000), ("m2",): (100, 1_000)}
    assert figures("buckets", measure="count") == {("m0",): (2, 4), ("m1",): (1, 4), ("m2",): (1, 4)}
    drawn = answer("buckets", first=JUNE, last=JUNE).cells
    assert [cell.key_1 for cell in drawn] == ["m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7"]
    assert sum(cell.value for cell in drawn) == 1


def test_a_book_on_the_calendar_map_has_no_bucket_m7():
    history([JUNE], standing(0, 1), product=factories.make_product(bucket_map="calendar-29"))
    close_through(JUNE)
    assert [cell.key_1 for cell in answer("buckets", first=JUNE, last=JUNE).cells][-1] == "m6"


def test_a_coincident_rate_counts_from_the_days_and_not_from_the_bucket(card):
    # Day 30 is in bucket m1 and yet 30+; day 60 in m2 and 60+; day 90 in m3 and 90+.
    for days, principal in ((0, 1_000), (29, 1), (30, 10), (60, 100), (90, 400), (365, 489)):
        history([JUNE], standing(days, principal), product=card)
    history([JUNE], standing(400, 9_999, **WRITTEN_OFF), product=card)
    close_through(JUNE)
    assert figures("coincident") == {
        ("1",): (1_000, 2_000),
        ("30",): (999, 2_000),
        ("60",): (989, 2_000),
        ("90",): (889, 2_000),
    }
    assert figures("coincident", measure="count", options={"n": "30"}) == {("30",): (4, 6)}


def test_a_growing_book_flatters_the_coincident_rate_and_not_the_lagged_one(card):
    history([MAY, JUNE], standing(0, 1_000), standing(10, 1_000), product=card)
    history([MAY, JUNE], None, standing(0, 9_000), product=card, opened_on=date(2025, 6, 3))
    close_through(JUNE)
    assert figures("coincident", options={"n": "1"}) == {("1",): (1_000, 10_000)}
    assert figures("lagged") == {("m1",): (1_000, 1_000)}


def test_the_lagged_rate_divides_by_the_book_of_k_months_ago_and_adds_the_months_write_offs_from_k_2(card):
    days = [APRIL, MAY, JUNE]
    history(days, standing(0, 4_000), standing(5, 3_000), standing(35, 2_000), product=card)
    history(days, standing(0, 1_000), standing(0, 1_000), standing(20, 500), product=card)
    lost = history(days, standing(95, 800), standing(126, 800), standing(156, 790, **WRITTEN_OFF), product=card)
    factories.make_write_off(lost, value_date=date(2025, 6, 20), principal=800)
    before = history(days, standing(95, 70), standing(126, 70, **WRITTEN_OFF), standing(156, 70, **WRITTEN_OFF), product=card)
    factories.make_write_off(before, value_date=date(2025, 5, 20), principal=70)
    close_through(JUNE)
    # AR(May) = 3000 + 1000 + 800; AR(April) = 4000 + 1000 + 800 + 70. Written off in June: 800; in May: 70, no longer added.
    assert figures("lagged") == {("m1",): (2_500, 4_800), ("m2",): (2_000 + 800, 5_870)}
    assert figures("lagged", measure="count") == {("m1",): (2, 3), ("m2",): (1 + 1, 4)}
    assert [cell.key_1 for cell in answer("lagged", first=JUNE, last=JUNE).cells] == ["m1", "m2"]


def test_a_roll_rate_is_a_flow_between_months_and_may_pass_one(card):
    history([MAY, JUNE], standing(10, 100), standing(40, 100), product=card)
    history([MAY, JUNE], standing(0, 400), standing(25, 390), product=card)
    history([MAY, JUNE], standing(45, 50), standing(45, 500), product=card)
    close_through(JUNE)
    # m1 → m2: (100 + 500) now in m2 over the 100 that stood in m1 in May; never June's m2 over June's m1 (600 ÷ 390).
    assert figures("roll_rates") == {("m0", "m1"): (390, 400), ("m1", "m2"): (600, 100)}
    assert figures("roll_rates", measure="count") == {("m0", "m1"): (1, 1), ("m1", "m2"): (2, 1)}


def test_the_transition_matrix_counts_every_account_that_had_a_state_and_nothing_else(card):
    history([MAY, JUNE], standing(0, 100), standing(10, 90), product=card)
    history([MAY, JUNE], standing(0, 300), standing(0, 250), product=card)
    history([MAY, JUNE], standing(0, 40), standing(), product=card)
    history([MAY, JUNE], standing(130, 60), standing(160, 60, **WRITTEN_OFF), product=card)
    history([MAY, JUNE], standing(), standing(0, 999), product=card)
    history([MAY, JUNE], standing(200, 7, **WRITTEN_OFF), standing(230, 7, **WRITTEN_OFF), product=card)
    history([MAY, JUNE], NEVER_USED, standing(0, 500), product=card)
    history([MAY, JUNE], None, standing(0, 500), product=card)
    history([MAY, JUNE], NEVER_USED, NEVER_USED, product=card)
    close_through(JUNE)
    assert figures("transition_matrix") == {
        ("m0", "m0"): (1, 3),
        ("m0", "m1"): (1, 3),
        ("m0", "paid_off"): (1, 3),
        ("m5", "written_off"): (1, 1),
        ("paid_off", "m0"): (1, 1),
        ("written_off", "written_off"): (1, 1),
    }
    # Weighted by the balance before; paid_off and written_off weigh nothing, so they have no row.
    assert figures("transition_matrix", measure="amount") == {
        ("m0", "m0"): (300, 440),
        ("m0", "m1"): (100, 440),
        ("m0", "paid_off"): (40, 440),
        ("m5", "written_off"): (60, 60),
    }


def test_a_matrix_over_months_divides_sums_by_sums_and_does_not_average_rates(card):
    # April → May: 1 of 1 rolls. May → June: 1 of 3 rolls. Average of the rates 2/3; sums over sums 2/4.
    days = [APRIL, MAY, JUNE]
    history(days, standing(0, 1), standing(10, 1), standing(0, 1), product=card)
    for late in (10, 0, 0):
        history(days, None, standing(0, 1), standing(late, 1), product=card)
    close_through(JUNE)
    assert figures("transition_matrix", options={"months": "2"})[("m0", "m1")] == (2, 4)
    assert ("m0", "m1") not in figures("transition_matrix", day=MAY, options={"months": "2"})


def test_cured_is_zero_days_past_due_h_months_later_and_a_write_off_is_no_cure(card):
    days = [APRIL, MAY, JUNE]
    history(days, standing(10, 1), standing(0, 1), standing(10, 1), product=card)
    history(days, standing(20, 1), standing(50, 1), standing(), product=card)
    history(days, standing(30, 1), standing(0, 1, **WRITTEN_OFF), standing(0, 1, **WRITTEN_OFF), product=card)
    history(days, standing(31, 1), standing(0, 1), standing(0, 1), product=card)
    history(days, standing(0, 1), standing(0, 1), standing(0, 1), product=card)
    close_through(JUNE)
    assert figures("cure", day=APRIL) == {("m1",): (1, 3), ("m2",): (1, 1)}
    assert figures("cure", day=APRIL, options={"h": "2"}) == {("m1",): (1, 3), ("m2",): (1, 1)}
    assert figures("cure", day=JUNE) == {}
    assert answer("cure", first=JUNE, last=JUNE).cells == []


def test_who_a_new_schedule_brought_back_is_counted_apart(card):
    days = [APRIL, MAY, JUNE]

    def moved(kind: str, day: date, **end: date) -> None:
        account = history(days, standing(40, 1), standing(0, 1), standing(0, 1), product=card)
        number = ScheduleChange.objects.count()
        ScheduleChange.objects.create(account=account, kind=kind, value_date=day, reference=f"P{number}", **end)

    history(days, standing(40, 1), standing(0, 1), standing(0, 1), product=card)
    moved("restructure", date(2025, 5, 1))
    moved("restructure", MAY)
    moved("re_age", date(2025, 5, 2))
    # One that ended by then, one from before, one from after: what was paid counts.
    moved("restructure", date(2025, 5, 2), ended_on=date(2025, 5, 20))
    moved("restructure", APRIL)
    moved("deferral", JUNE)
    close_through(JUNE)
    assert figures("cure", day=APRIL) == {("m2",): (4, 7), ("m2", "restructure"): (2, 7), ("m2", "re_age"): (1, 7)}
    two = figures("cure", day=APRIL, options={"h": "2"})
    assert two == {("m2",): (3, 7), ("m2", "restructure"): (2, 7), ("m2", "re_age"): (1, 7), ("m2", "deferral"): (1, 7)}


def test_redefault_looks_at_every_month_end_of_the_window_and_is_drawn_when_it_is_over(card):
    days = [date(2025, m, d) for m, d in ((1, 31), (2, 28), (3, 31), (4, 30), (5, 31), (6, 30), (7, 31), (8, 31))]
    ok = standing(0, 1)
    history(days, standing(40, 1), ok, ok, standing(30, 1), ok, ok, ok, ok, product=card)  # back at 30+ in April
    history(days, standing(10, 1), standing(), ok, ok, standing(29, 1), ok, ok, ok, product=card)  # 29 days is not 30+
    history(days, standing(10, 1), ok, ok, ok, ok, ok, ok, standing(45, 1), product=card)  # August ends the six months
    history(days, ok, ok, standing(31, 1), ok, ok, ok, ok, ok, product=card)  # was not late in January
    close_through(date(2025, 8, 31))
    assert answer("redefault", first=date(2025, 7, 31), last=date(2025, 7, 31)).cells == []
    assert figures("redefault", day=date(2025, 8, 31)) == {("2025-02",): (2, 3)}


def test_vintages_of_accounts_keep_closed_ones_and_count_calendar_months(card):
    opened = date(2025, 4, 30)
    days = [APRIL, MAY, JUNE]
    history(days, standing(0, 100), standing(31, 100), standing(0, 100), product=card, opened_on=opened)
    history(days, standing(0, 50), standing(), standing(), product=card, opened_on=opened)
    history(days, NEVER_USED, NEVER_USED, NEVER_USED, product=card, opened_on=opened)
    history(days, None, standing(0, 70), standing(30, 60), product=card, opened_on=date(2025, 5, 1))
    close_through(JUNE)

    def cells(**options: str) -> dict[tuple[str, str], tuple[int, int]]:
        found = answer("vintage", first=APRIL, last=date(2025, 12, 31), options=options).cells
        return {(cell.key_1, cell.key_2): (cell.numerator, cell.denominator) for cell in found}

    assert cells(n="30") == {
        ("2025-04", "0"): (0, 3),
        ("2025-04", "1"): (1, 3),
        ("2025-04", "2"): (0, 3),
        ("2025-05", "0"): (0, 1),
        ("2025-05", "1"): (1, 1),
    }
    assert cells(n="30", mode="ever")[("2025-04", "2")] == (1, 3)


def test_an_ever_vintage_is_not_drawn_where_a_month_end_is_missing_in_which_it_could_have_been_bad(card):
    history([APRIL, JUNE], standing(0, 1), standing(40, 1), product=card, opened_on=date(2025, 3, 15))
    close_through(JUNE)
    found = {(c.key_1, c.key_2) for c in answer("vintage", first=APRIL, last=JUNE, options={"mode": "ever", "n": "30"}).cells}
    # March: 31 days after 1 March at its own end, which has no snapshot: an account of 1 March could be 30 days late there.
    assert found == set()
    found = {(c.key_1, c.key_2) for c in answer("vintage", first=APRIL, last=JUNE, options={"mode": "ever", "n": "60"}).cells}
    # 60 days: only from the end of April on, which has snapshots; May has none, so nothing after it.
    assert found == {("2025-03", "1")}


def test_an_ever_vintage_is_drawn_although_month_ends_are_missing_if_nothing_could_be_so_late_by_then(card):
    ok, late = standing(0, 9), standing(50, 9)
    first = history([MAY, JUNE, JULY], ok, late, ok, product=card, opened_on=date(2025, 2, 3))
    factories.make_installment(first, due_date=date(2025, 5, 11), booked_on=date(2025, 2, 3))
    # Another product's line of the month was due earlier: 30 days late by the end of April at the earliest.
    loan = factories.make_product(product_code="loan")
    other = history([MAY, JUNE, JULY], ok, ok, ok, product=loan, opened_on=date(2025, 2, 3))
    factories.make_installment(other, due_date=date(2025, 4, 1), booked_on=date(2025, 4, 1))
    close_through(JULY)

    def drawn(n: str, **asked: str) -> dict[tuple[str, str], tuple[int, int]]:
        cells = answer("vintage", first=APRIL, last=JULY, options={"mode": "ever", "n": n}, **asked).cells
        return {(cell.segment, cell.key_2): (cell.numerator, cell.denominator) for cell in cells}

    assert drawn("30") == {("", "3"): (0, 2), ("", "4"): (1, 2), ("", "5"): (1, 2)}
    assert drawn("29") == {}
    assert drawn("29", segment="product") == {("card", "3"): (0, 1), ("card", "4"): (1, 1), ("card", "5"): (1, 1)}


def test_an_ever_vintage_minds_that_an_instalment_may_be_due_before_its_account_was_opened(card):
    account = history([JUNE, JULY], standing(70, 9), standing(0, 9), product=card, opened_on=date(2025, 5, 20))
    factories.make_installment(account, due_date=date(2025, 4, 21), booked_on=date(2025, 4, 1))
    close_through(JULY)
    # 40 days late at the end of May, of which nothing was reported.
    assert answer("vintage", first=MAY, last=JULY, options={"mode": "ever", "n": "40"}).cells == []
    assert len(answer("vintage", first=MAY, last=JULY, options={"mode": "ever", "n": "41"}).cells) == 2


def test_vintage_amounts_are_outstanding_if_current_and_booked_if_ever(card):
    opened = date(2025, 4, 2)
    late = history([APRIL, MAY], standing(0, 900), standing(35, 700), product=card, opened_on=opened)
    factories.make_installment(late, due_date=date(2025, 4, 26), principal=1_000, booked_on=date(2025, 4, 3))
    factories.make_installment(late, due_date=date(2025, 7, 1), principal=400, booked_on=date(2025, 6, 3), order_no="O2")
    good = history([APRIL, MAY], standing(0, 10), standing(0, 10), product=card, opened_on=opened)
    factories.make_installment(good, due_date=date(2025, 7, 26), principal=200, booked_on=date(2025, 5, 3))
    close_through(MAY)
    # By the end of May 1000 + 200 are booked; the order of June is not there yet.
    assert figures("vintage", day=MAY, measure="amount") == {("2025-04", "1"): (700, 1_200)}
    assert figures("vintage", day=MAY, measure="amount", options={"mode": "ever"}) == {("2025-04", "1"): (1_000, 1_200)}


def test_no_cell_lies_past_the_last_closed_month_end(card):
    history([MAY, JUNE], standing(0, 1), standing(10, 1), product=card)
    close_through(date(2025, 6, 29))
    for name in ("buckets", "coincident", "lagged", "roll_rates", "transition_matrix", "vintage", "cure"):
        assert {cell.as_of for cell in answer(name, first=MAY, last=JULY).cells} <= {MAY}, name
    assert answer("buckets", first=JUNE, last=JUNE).cells == []


def test_a_value_is_rounded_half_up_to_ten_decimals():
    assert Cell(JUNE, "", "", "", 2, 3).value == Decimal("0.6666666667")
    assert Cell(JUNE, "", "", "", 1, 3).value == Decimal("0.3333333333")
    assert Cell(JUNE, "", "", "", 5, 10**11).value == Decimal("0.0000000001")
    assert Cell(JUNE, "", "", "", -2, 3).value == Decimal("-0.6666666667")
    assert f"{Cell(JUNE, '', '', '', 5, 2).value:f}" == "2.5000000000"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["card", "loan"]),
            *[
                st.one_of(
                    st.just(NEVER_USED),
                    st.builds(
                        standing,
                        st.sampled_from([0, 0, 1, 29, 30, 31, 60, 90, 200]),
                        st.integers(1, 10**9),
                        is_written_off=st.booleans(),
                    ),
                    st.builds(standing),
                )
            ]
            * 3,
        ),
        min_size=1,
        max_size=12,
    )
)
def test_aggregates_and_snapshots_give_the_same_cells_and_rows_of_the_matrix_add_up(book):
    with transaction.atomic():
        products = {code: factories.make_product(product_code=code) for code in ("card", "loan")}
        days = [APRIL, MAY, JUNE]
        for code, *standings in book:
            history(days, *standings, product=products[code])
        close_through(JUNE)

        def every_cell() -> dict[tuple[str, ...], list[Cell]]:
            return {
                (name, measure, segment): answer(name, first=APRIL, last=JUNE, measure=measure, segment=segment).cells
                for name, measures in (
                    ("buckets", ("amount", "count")),
                    ("coincident", ("amount", "count")),
                    ("lagged", ("amount", "count")),
                    ("roll_rates", ("amount", "count")),
                    ("transition_matrix", ("amount", "count")),
                    ("cure", ("count",)),
                )
                for measure in measures
                for segment in ("", "product", "currency")
            }

        from_snapshots = every_cell()
        for number, day in enumerate(days):
            aggregate_snapshots(as_of=day, run_id=0, shard=0, first_account_id=0, last_account_id=2**62)
            finish_aggregate(as_of=day, run_id=0)
            assert DailyAggregate.objects.filter(as_of=day).exists()
            assert FlowAggregate.objects.filter(as_of=day).exists() <= bool(number)
        assert every_cell() == from_snapshots

        for key, cells in from_snapshots.items():
            if key[0] not in ("transition_matrix", "buckets"):
                continue
            rows: dict[tuple[object, ...], int] = {}
            for cell in cells:
                row = (cell.as_of, cell.segment, cell.key_1 if key[0] == "transition_matrix" else "", cell.denominator)
                rows[row] = rows.get(row, 0) + cell.numerator
            assert all(total == row[-1] for row, total in rows.items())
        transaction.set_rollback(True)


def test_month_ends_with_and_without_aggregates_answer_together(card):
    for _ in range(2):
        history([APRIL, MAY, JUNE], standing(0, 10), standing(5, 10), standing(35, 10), product=card)
    close_through(JUNE)
    before = [answer(name, first=APRIL, last=JUNE).cells for name in ("buckets", "transition_matrix", "lagged")]
    aggregate_snapshots(as_of=MAY, run_id=0, shard=0, first_account_id=0, last_account_id=2**62)
    finish_aggregate(as_of=MAY, run_id=0)
    # A planted difference shows that May is read from its aggregates, and June from its snapshots.
    after = [answer(name, first=APRIL, last=JUNE).cells for name in ("buckets", "transition_matrix", "lagged")]
    assert after == before
    DailyAggregate.objects.filter(as_of=MAY).update(accounts=7)
    counted = {cell.as_of: cell.denominator for cell in answer("buckets", first=APRIL, last=JUNE, measure="count").cells}
    assert counted == {APRIL: 2, MAY: 7, JUNE: 2}

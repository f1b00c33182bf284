"""Metrics made from instalments and payments, each on a tiny book worked out by hand and posted by the real operations."""

from __future__ import annotations

from datetime import date, timedelta

import factories
import pytest
from books import close_through, put_snapshot, standing

from accounts.models import CreditAccount, Installment, Payment
from accounts.operations.rebuilding import rebuild_accounts
from dashboards.answers import answer

pytestmark = pytest.mark.django_db
JANUARY, FEBRUARY, MARCH, APRIL = date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31), date(2025, 4, 30)
MONTH_ENDS = [JANUARY, FEBRUARY, MARCH, APRIL]


@pytest.fixture
def card():
    """A product, and an account without instalments that gives the month-ends their snapshots."""
    product = factories.make_product(product_code="card")
    unused = factories.make_account(product=product)
    for day in MONTH_ENDS:
        put_snapshot(unused, day, {"has_booked": False})
    close_through(APRIL)
    return product


def settle(as_of: date = APRIL) -> None:
    """Post every payment up to the day."""
    rebuild_accounts(list(CreditAccount.objects.values_list("pk", flat=True)), as_of=as_of, ahead_on=None)


def cells(name: str, **asked: object) -> dict[tuple[str, ...], tuple[int, int]]:
    found = answer(name, first=JANUARY, last=APRIL, **asked).cells  # type: ignore[arg-type]
    return {
        tuple(part for part in (f"{cell.as_of:%m-%d}", cell.segment, cell.key_1, cell.key_2) if part): (
            cell.numerator,
            cell.denominator,
        )
        for cell in found
    }


def pay(account: CreditAccount, on: date, amount: int) -> Payment:
    return factories.make_payment(account, paid_on=on, amount=amount)


def order(account: CreditAccount, booked: date, due: date, order_no: str = "O1", principal: int = 100) -> Installment:
    return factories.make_installment(account, booked_on=booked, due_date=due, order_no=order_no, principal=principal)


def test_first_payment_default_counts_customers_by_their_first_instalment_itself(card):
    due = date(2025, 2, 10)
    first = date(2025, 1, 5)
    never, on_day_30, on_day_29, second_only, two_accounts = (factories.make_account(product=card) for _ in range(5))
    for account in (never, on_day_30, on_day_29, second_only):
        order(account, first, due)
    pay(on_day_30, date(2025, 3, 12), 100)  # 30 days late: realised days past due are 30
    pay(on_day_29, date(2025, 3, 11), 100)
    pay(second_only, due, 100)
    order(second_only, first, date(2025, 3, 10))  # its second instalment is never paid
    # Another account of a customer counted already: customers, not orders.
    other = factories.make_account(product=card, customer=never.customer)
    order(other, date(2025, 1, 20), date(2025, 1, 25))
    # Two orders booked on the same day: the smaller order number is the first, though its due date is later.
    order(two_accounts, first, date(2025, 1, 6), order_no="O2")
    order(two_accounts, first, due, order_no="O1")
    pay(two_accounts, date(2025, 1, 7), 100)
    pay(two_accounts, due, 100)
    settle()
    # 10 February + 30 days is 12 March: nothing to draw before the end of March.
    assert cells("fpd") == {("03-31", "2025-02"): (2, 5), ("04-30", "2025-02"): (2, 5)}
    assert cells("fpd", options={"n": "29"}) == {("03-31", "2025-02"): (3, 5), ("04-30", "2025-02"): (3, 5)}


def test_a_reversed_first_payment_counts_until_its_reversal_and_never_was_afterwards(card):
    account = factories.make_account(product=card)
    order(account, date(2025, 1, 5), date(2025, 1, 20))
    payment = pay(account, date(2025, 1, 20), 100)
    factories.make_reversal(payment, paid_on=date(2025, 4, 3))
    settle()
    assert cells("fpd") == {
        ("02-28", "2025-01"): (0, 1),
        ("03-31", "2025-01"): (0, 1),
        ("04-30", "2025-01"): (1, 1),
    }


@pytest.mark.parametrize(("days_late", "reached"), [(29, 0), (30, 1), (31, 1)])
@pytest.mark.parametrize("is_replayed", [False, True])
def test_the_nth_day_counts_as_reached_however_the_account_is_read(card, days_late, reached, is_replayed):
    account = factories.make_account(product=card)
    due = date(2025, 1, 20)
    order(account, date(2025, 1, 5), due)
    pay(account, due + timedelta(days=days_late), 100)
    if is_replayed:
        factories.make_reversal(pay(account, date(2025, 1, 6), 1), paid_on=date(2025, 1, 6))
    settle()
    assert cells("fpd")["02-28", "2025-01"] == (reached, 1)


@pytest.mark.parametrize("is_replayed", [False, True])
def test_an_order_paid_on_the_month_end_itself_is_not_bad_at_it(card, is_replayed):
    account = factories.make_account(product=card)
    order(account, date(2025, 1, 5), date(2025, 1, 10))
    pay(account, FEBRUARY, 100)
    if is_replayed:
        factories.make_reversal(pay(account, date(2025, 1, 6), 1), paid_on=date(2025, 1, 6))
    settle()
    for mode in ("current", "ever"):
        assert cells("vintage", options={"entity": "order", "mode": mode})["02-28", "2025-01", "1"] == (0, 1)


def test_an_order_is_as_late_as_its_own_instalments(card):
    account = factories.make_account(product=card)
    order(account, date(2025, 1, 5), date(2025, 1, 10), order_no="O1")
    order(account, date(2025, 1, 7), date(2025, 3, 20), order_no="O2", principal=300)
    order(account, date(2025, 2, 7), date(2025, 3, 20), order_no="O3", principal=500)
    pay(account, date(2025, 3, 5), 100)
    settle()
    # O1 is 49 days late at the end of February, and paid before the end of March. O2 and O3 never reach 30 by March 31 (11).
    assert cells("vintage", options={"entity": "order"}) == {
        ("01-31", "2025-01", "0"): (0, 2),
        ("02-28", "2025-01", "1"): (1, 2),
        ("03-31", "2025-01", "2"): (0, 2),
        ("04-30", "2025-01", "3"): (1, 2),
        ("02-28", "2025-02", "0"): (0, 1),
        ("03-31", "2025-02", "1"): (0, 1),
        ("04-30", "2025-02", "2"): (1, 1),
    }
    ever = cells("vintage", options={"entity": "order", "mode": "ever"})
    assert ever["03-31", "2025-01", "2"] == (1, 2)
    assert ever["04-30", "2025-01", "3"] == (2, 2)
    amounts = cells("vintage", measure="amount", options={"entity": "order"})
    assert amounts["02-28", "2025-01", "1"] == (100, 400)
    assert amounts["04-30", "2025-01", "3"] == (300, 400)
    ever_amounts = cells("vintage", measure="amount", options={"entity": "order", "mode": "ever"})
    assert ever_amounts["04-30", "2025-01", "3"] == (400, 400)


def test_an_instalment_paid_between_two_month_ends_was_never_bad_at_one(card):
    account = factories.make_account(product=card)
    order(account, date(2025, 1, 5), date(2025, 1, 10))
    pay(account, date(2025, 2, 27), 100)  # 48 days late, but not at any month-end
    settle()
    ever = cells("vintage", options={"entity": "order", "mode": "ever"})
    assert set(ever.values()) == {(0, 1)}


def test_an_order_partly_paid_owes_the_rest(card):
    account = factories.make_account(product=card)
    order(account, date(2025, 1, 5), date(2025, 1, 10), principal=100)
    order(account, date(2025, 1, 5), date(2025, 2, 10), principal=100)
    pay(account, date(2025, 1, 20), 30)
    pay(account, date(2025, 3, 20), 25)
    settle()
    amounts = cells("vintage", measure="amount", options={"entity": "order"})
    assert amounts["02-28", "2025-01", "1"] == (170, 200)
    assert amounts["03-31", "2025-01", "2"] == (145, 200)


def test_orders_of_replayed_accounts_give_what_the_database_gives(card):
    """The same story on two products; one account is made intricate by a payment reversed on the day it came."""
    loan = factories.make_product(product_code="loan")
    for product in (card, loan):
        account = factories.make_account(product=product)
        order(account, date(2025, 1, 5), date(2025, 1, 10), principal=100)
        order(account, date(2025, 1, 5), date(2025, 2, 10), principal=80)
        order(account, date(2025, 2, 5), date(2025, 2, 28), principal=60, order_no="O2")
        pay(account, date(2025, 1, 20), 30)
        pay(account, date(2025, 3, 20), 75)
        if product is loan:
            payment = pay(account, date(2025, 3, 3), 5_000)
            factories.make_reversal(payment, paid_on=date(2025, 3, 3))
    settle()
    for name, asked in (
        ("vintage", {"options": {"entity": "order"}}),
        ("vintage", {"options": {"entity": "order", "mode": "ever"}}),
        ("vintage", {"options": {"entity": "order"}, "measure": "amount"}),
        ("vintage", {"options": {"entity": "order", "mode": "ever"}, "measure": "amount"}),
        ("fpd", {}),
        ("cei", {}),
    ):
        found = cells(name, segment="product", **asked)
        by_product = [{(k[0], *k[2:]): v for k, v in found.items() if k[1] == code} for code in ("card", "loan")]
        assert by_product[0] == by_product[1], (name, asked)
        assert any(numerator for numerator, _ in by_product[0].values()), (name, asked)


def test_collection_effectiveness_is_over_what_was_due_and_leaves_out_what_is_not_past_due_yet(card):
    account = factories.make_account(product=card)
    order(account, date(2025, 1, 5), date(2025, 2, 10), principal=1_000)
    order(account, date(2025, 1, 5), date(2025, 3, 10), principal=500)
    order(account, date(2025, 1, 5), MARCH, principal=300)  # due on the month-end itself: not past due on it
    order(account, date(2025, 1, 5), date(2025, 4, 10), principal=9_000)  # falls due in April
    pay(account, date(2025, 2, 20), 400)
    pay(account, date(2025, 3, 20), 700)
    settle()
    # March: 600 were left of February; 800 billed; 600 + 100 paid, so 700 are left, of which 300 are current.
    # April: opens with 700, 9000 billed, nothing paid: all 9700 are past due.
    assert cells("cei") == {
        ("02-28",): (400, 1_000),
        ("03-31",): (600 + 800 - 700, 600 + 800 - 300),
        ("04-30",): (0, 9_700),
    }


def test_collection_effectiveness_does_not_take_a_write_off_for_a_collection(card):
    for lost in (False, True):
        account = factories.make_account(product=card)
        order(account, date(2025, 1, 5), date(2025, 2, 10), principal=1_000)
        if lost:
            factories.make_write_off(account, value_date=date(2025, 3, 15), principal=1_000)
    settle()
    assert cells("cei") == {("02-28",): (0, 2_000), ("03-31",): (0, 1_000), ("04-30",): (0, 1_000)}


@pytest.mark.parametrize("is_replayed", [False, True])
def test_before_its_account_was_opened_an_instalment_is_in_no_figure(card, is_replayed):
    account = factories.make_account(product=card, opened_on=date(2025, 3, 5))
    order(account, date(2025, 1, 5), date(2025, 1, 10))
    pay(account, date(2025, 4, 2), 100)
    if is_replayed:
        factories.make_reversal(pay(account, date(2025, 3, 6), 1), paid_on=date(2025, 3, 6))
    settle()
    # Late at the ends of January and February, had it been there; it was at the end of March, and paid in April.
    for measure, size in (("count", 1), ("amount", 100)):
        for mode, by_april in (("current", 0), ("ever", size)):
            assert cells("vintage", measure=measure, options={"entity": "order", "mode": mode}) == {
                ("03-31", "2025-01", "2"): (size, size),
                ("04-30", "2025-01", "3"): (by_april, size),
            }
    assert cells("fpd") == {("03-31", "2025-01"): (1, 1), ("04-30", "2025-01"): (1, 1)}
    # March had nothing to collect at its beginning and nothing fell due in it; April collects what was left of March.
    assert cells("cei") == {("04-30",): (100, 100)}


@pytest.mark.parametrize("is_replayed", [False, True])
def test_an_order_paid_by_the_end_of_the_month_its_account_was_opened_in_was_never_bad(card, is_replayed):
    account = factories.make_account(product=card, opened_on=date(2025, 3, 5))
    order(account, date(2025, 1, 5), date(2025, 1, 10))
    pay(account, date(2025, 3, 20), 100)
    if is_replayed:
        factories.make_reversal(pay(account, date(2025, 3, 6), 1), paid_on=date(2025, 3, 6))
    settle()
    found = cells("vintage", options={"entity": "order", "mode": "ever"})
    assert found == {("03-31", "2025-01", "2"): (0, 1), ("04-30", "2025-01", "3"): (0, 1)}


def test_segments_cut_instalment_metrics_by_attribute(card):
    for colour in ("red", "red", "blue"):
        account = factories.make_account(product=card, attributes={"x_colour": colour})
        order(account, date(2025, 1, 5), date(2025, 1, 20))
    plain = factories.make_account(product=card)
    order(plain, date(2025, 1, 5), date(2025, 1, 20))
    put_snapshot(plain, date(2025, 5, 31), standing(30, 1))
    settle()
    assert cells("fpd", segment="x_colour") == {
        (day, *colour, "2025-01"): (count, count)
        for day in ("02-28", "03-31", "04-30")
        for colour, count in (((), 1), (("blue",), 1), (("red",), 2))
    }

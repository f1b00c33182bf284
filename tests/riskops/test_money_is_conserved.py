"""Random sequences of all that happens to an account, write-off and recovery included: money is conserved at every step.

What was lent and charged is paid, waived or still owed, in total and by component but for what a new schedule moves; what was
written off is recovered, waived or still owed; and the stored state, the replay of the entries and the nightly SQL are one.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from factories import TESTER, make_account, make_customer, make_installment, make_product
from hypothesis import given, settings
from hypothesis import strategies as st
from random_books import FIRST_DAY, longer, make_random_book
from test_schedules_on_random_books import Desk
from test_three_paths import replayed_book, stored_book

from accounts.models import AccountState, Allocation, CreditAccount, Payment, ScheduleChange, WriteOff
from accounts.operations.payments import post_payment, reverse_payment
from accounts.operations.rebuilding import rebuild_accounts
from accounts.operations.refusals import LedgerRefusal
from accounts.operations.write_offs import write_off
from accounts.queries.entries import load_entries
from accounts.queries.verifying import differences_now
from accounts.rules.terms import Component
from recovery.models import Agency, CommissionTerms, DebtSale, LegalCase, Placement, PlacementBatch
from recovery.queries.write_off_recoveries import OURS, by_month, recovered_lines, recovered_of, recovery_account, totals
from recovery.rules.write_offs import Span, way_of
from riskops.close_of_business import close_day
from riskops.shared.day import LAST_DAY
from riskops.shared.models import BookState
from riskops.shared.scope import WHOLE_BOOK

pytestmark = pytest.mark.django_db

DAYS = 45


class WritingOff(Desk):
    """The desk of the other random books, that also writes off, takes recoveries and takes them back."""

    def write_off(self, account: CreditAccount, day: date, reference: str) -> None:
        write_off(actor=TESTER, account_id=account.pk, value_date=day, reference=reference, reason="no payment expected")

    def recover(self, account: CreditAccount, day: date, reference: str) -> None:
        if WriteOff.objects.filter(account=account).exists():
            self.pay(account, day, reference)

    def take_back(self, account: CreditAccount, day: date, reference: str) -> None:
        paid = Payment.objects.filter(account=account, reverses=None, reversal=None, paid_on__lte=day).order_by("-paid_on", "-pk")
        since = paid.filter(account__write_off__value_date__lt=day).first()
        if since is not None:
            reverse_payment(actor=TESTER, payment_no=since.payment_no, value_date=day, reference=reference, reason="bounced")

    @property
    def acts(self) -> dict[str, Any]:
        """All that may happen, by name."""
        return {
            name: getattr(self, name)
            for name in ("pay", "undo", "change", "end", "waive", "cancel", "refund", "write_off", "recover", "take_back")
        }


def assert_conserved(account_id: int, day: date) -> None:
    """Assert that nothing of an account's money is lost or made, as its entries say on a day."""
    entries = load_entries([account_id])[account_id]
    rebuilt = entries.rebuilt(day)
    state = rebuilt.state
    charged, settled = Counter[int](), Counter[int]()
    for i in rebuilt.installments:
        charged[Component.PRINCIPAL] += i.entry.principal_minor
        charged[Component.INTEREST] += i.entry.interest_minor
        charged[Component.FEE] += i.entry.fee_minor
        # What accrued and fell due: charged by the day, so known by what is left and what was settled of it.
        charged[Component.PENALTY] += i.penalty_due_minor(day) + i.penalty_settled_minor
    for line in (*rebuilt.allocations, *rebuilt.waived, *rebuilt.moved):
        settled[line.component] += line.amount_minor
    owed = {
        Component.PRINCIPAL: state.outstanding_principal_minor,
        Component.INTEREST: state.outstanding_interest_minor,
        Component.FEE: state.outstanding_fee_minor,
        Component.PENALTY: state.penalty_due_minor,
    }
    assert {part: charged[part] - settled[part] for part in Component} == owed
    paid = sum(p.amount_minor for p in entries.payments if p.value_date <= day and not (p.reversed_on and p.reversed_on <= day))
    allocated = sum(line.amount_minor for line in rebuilt.allocations)
    paid_back = sum(r.amount_minor for r in entries.refunds if r.value_date <= day)
    assert paid == allocated + paid_back + state.credit_balance_minor
    assert_recovered(account_id)


def assert_recovered(account_id: int) -> None:
    """Assert that what the page of recoveries says is what the replay of the entries says, to the minor unit.

    The page goes by the stored state: of the open day once something was posted on it, else of the last closed one.
    """
    days = (AccountState.objects.get(pk=account_id).ahead_on, BookState.objects.get(pk=1).business_date)
    rebuilt = load_entries([account_id])[account_id].rebuilt(max(day for day in days if day is not None))
    entry = WriteOff.objects.filter(account_id=account_id).first()
    if entry is None:
        assert not recovered_lines(WHOLE_BOOK, [account_id]).exists()
        return
    found = recovered_of([entry], WHOLE_BOOK)[account_id]
    since = [line for line in rebuilt.allocations if line.allocated_on > entry.value_date]
    by_part = Counter[int]()
    for line in since:
        by_part[line.component] += line.amount_minor
    assert {part: amount for part, amount in found.by_component.items() if amount} == dict(by_part)
    state = rebuilt.state
    rest = state.outstanding_principal_minor + state.outstanding_interest_minor + state.outstanding_fee_minor
    assert found.rest_minor == rest + state.penalty_due_minor
    left = found.written_off_minor + found.added_minor - found.recovered_minor - found.of_buyer_minor - found.waived_minor
    assert left == found.rest_minor
    # What was added is what the entries charge or correct after the day, worked out without the page's identity.
    then = load_entries([account_id])[account_id].rebuilt(entry.value_date).state
    known = (
        then.outstanding_principal_minor + then.outstanding_interest_minor + then.outstanding_fee_minor + then.penalty_due_minor
    )
    waived = sum(line.amount_minor for line in rebuilt.waived if line.waived_on > entry.value_date)
    grown = found.rest_minor + sum(by_part.values()) + waived - known
    # A waiver that finds less to waive, after a correction, is told with what it was made for.
    assert found.added_minor == grown + (known - entry.total_minor) + (found.waived_minor - waived)
    assert found.waived_minor >= waived


@settings(max_examples=12, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(
                ["pay", "undo", "change", "end", "waive", "cancel", "refund", "write_off", "recover", "take_back", "recover"]
            ),
            st.integers(0, 9),
        ),
        min_size=4,
        max_size=14,
    ),
    seed=st.integers(0, 1_000_000),
    rate=st.sampled_from([0, 700, 9_999]),
)
def test_whatever_happens_to_an_account_its_money_is_conserved_at_every_step(
    steps: list[tuple[str, int]], seed: int, rate: int
) -> None:
    account = make_account(
        product=make_product(penalty_rate_ppm=rate, grace_days=2), customer=make_customer(), opened_on=FIRST_DAY
    )
    for number in range(3):
        due = FIRST_DAY + timedelta(days=15 * (number + 1))
        make_installment(account, due_date=due, principal=20_000 + number, interest=301, fee=99)
    desk = WritingOff(seed, [account])
    day = FIRST_DAY + timedelta(days=20)
    for number, (act, pause) in enumerate(steps):
        stand_on(account, day)
        with suppress(LedgerRefusal):
            desk.acts[act](account, day + timedelta(days=1), f"{account.pk}-{number}")
        assert_conserved(account.pk, day + timedelta(days=1))
        stored_is_replayed(account, day + timedelta(days=1))
        day += timedelta(days=pause)


def stand_on(account: CreditAccount, day: date) -> None:
    """Put the book at a closed day; the account is aged, as its close would."""
    BookState.objects.update_or_create(pk=1, defaults={"business_date": day})
    rebuild_accounts([account.pk], as_of=day, ahead_on=None)


def stored_is_replayed(account: CreditAccount, day: date) -> None:
    """Assert that the stored rows of an account are those of its entries: state, instalments, allocations."""
    account.refresh_from_db()
    rebuilt = load_entries([account.pk])[account.pk].rebuilt(account.state.ahead_on or day - timedelta(days=1))
    assert {name: getattr(account.state, name) for name in rebuilt.state._fields} == rebuilt.state._asdict()
    columns = ("payment_id", "installment_id", "component", "amount_minor", "allocated_on")
    stored = Allocation.objects.filter(account=account).values_list(*columns)
    assert sorted(stored) == sorted(tuple(line) for line in rebuilt.allocations)


def place_some(accounts: list[CreditAccount], day: date) -> dict[int, tuple[list[Span], list[Span], date | None]]:
    """Put some written-off accounts with an agency, some into legal recovery; return the spans of each, and when it is sold."""
    agency = Agency.objects.create(
        code="r", name="R", licence_no="L", licence_valid_until=LAST_DAY, contract_from=day, contract_until=LAST_DAY,
        capacity_accounts=9, capacity_minor=9, prepared_by_name="x",
    )  # fmt: skip
    terms = CommissionTerms.objects.create(agency=agency, version=1, live_from=day, bands=[], proposed_by_name="x")
    batch = PlacementBatch.objects.create(rule="dpd > 0", currency="CNY", shares={}, seed=1, as_of=day, drafted_by_name="x")
    spans: dict[int, tuple[list[Span], list[Span], date | None]] = {}
    for number, account in enumerate(accounts):
        placed, legal, sold = [], [], None
        if number % 3 == 0:
            Placement.objects.create(
                batch=batch, account=account, agency=agency, terms=terms, placed_on=day, amount_minor=1, bucket=1, days_past_due=1
            )
            placed = [Span(day, None)]
        if number % 2 == 0:
            LegalCase.objects.create(
                account=account, customer=account.customer, status="open", stage="suit", currency="CNY", claim_minor=1,
                expected_minor=0, cost_minor=0, note="n", proposed_on=day, opened_on=day, proposed_by_name="x",
            )  # fmt: skip
            legal = [Span(day - timedelta(days=1), None)]
        if number % 5 == 0:
            sold = day + timedelta(days=6)
        spans[account.pk] = (placed, legal, sold)
    return spans


def sell_due(spans: dict[int, tuple[list[Span], list[Span], date | None]], day: date) -> None:
    """Sell the accounts whose day it is."""
    DebtSale.objects.bulk_create(
        DebtSale(
            account_id=pk, sold_on=day, buyer="b", licence="l", price_minor=1, owed_minor=1, recorded_by_name="x",
            recorded_at="2025-01-01T00:00:00Z",
        )
        for pk, (_placed, _legal, sold) in spans.items()
        if sold == day
    )  # fmt: skip


@pytest.mark.parametrize("seed", [31, *(pytest.param(seed, marks=marks) for seed, marks in longer(32, 33))])
def test_over_a_book_written_off_and_recovered_all_paths_agree_to_the_minor_unit(seed: int, settings: Any) -> None:
    settings.CLOSE_SHARD_ACCOUNTS = 14
    accounts = make_random_book(seed=seed, accounts=30, days=DAYS)
    desk = WritingOff(seed, accounts)
    spans: dict[int, tuple[list[Span], list[Span], date | None]] = {}
    for offset in range(DAYS):
        day = FIRST_DAY + timedelta(days=offset)
        close_day(day, actor=TESTER)
        assert stored_book(accounts) == replayed_book(accounts, day), day
        if offset == 20:
            # Half of the book, so that there is something to recover.
            for number, account in enumerate(accounts[::2]):
                try:
                    desk.write_off(account, day + timedelta(days=1), f"X{number}")
                except LedgerRefusal:
                    continue
            gone = [entry.account for entry in WriteOff.objects.select_related("account__customer").order_by("pk")]
            spans = place_some(gone, day + timedelta(days=2))
        sell_due(spans, day + timedelta(days=1))
        if offset > 22:
            for account in gone:
                if desk.dice.random() < 0.3:
                    pay(desk, account, day + timedelta(days=1))
        desk.work(day + timedelta(days=1))
    day += timedelta(days=1)
    close_day(day, actor=TESTER)
    assert list(differences_now()) == []
    written = list(WriteOff.objects.select_related("account__product", "account__customer", "account__debt_sale"))
    assert len(written) >= 5 and ScheduleChange.objects.filter(account__in=gone).exists()
    found = recovered_of(written, WHOLE_BOOK)
    assert sum(row.recovered_minor for row in found.values()) > 0
    ways: Counter[tuple[int, str]] = Counter()
    for account in accounts:
        assert_conserved(account.pk, day)
    for entry in written:
        entries = load_entries([entry.account_id])[entry.account_id]
        paid_on = {payment.key: payment.value_date for payment in entries.payments}
        placed, legal, sold = spans.get(entry.account_id, ([], [], None))
        for line in entries.rebuilt(day).allocations:
            if line.allocated_on > entry.value_date:
                way = way_of(paid_on[line.payment], sold_on=sold, placed=placed, legal=legal)
                ways[entry.account_id, way] += line.amount_minor
        shown = recovery_account(entry.account, WHOLE_BOOK)
        assert shown is not None and sum(one.amount_minor for one in shown.lines) == shown.row.figures.paid_minor
    assert {(pk, way): n for pk, row in found.items() for way, n in row.by_way.items()} == dict(ways)
    # Of all four ways something came.
    assert {way for _account, way in ways} == {"own", "agency", "legal", "buyer"}
    for total in totals(WHOLE_BOOK):
        own = [
            row for row, entry in zip(found.values(), written, strict=True) if entry.account.product.currency == total.currency
        ]
        assert total.written_off_minor == sum(row.written_off_minor for row in own)
        assert total.recovered_minor == sum(row.recovered_minor for row in own)
        assert (total.of_buyer_minor, total.rest_minor) == (
            sum(row.of_buyer_minor for row in own), sum(row.rest_minor for row in own),
        )  # fmt: skip
        months = by_month(WHOLE_BOOK, total.currency, business_date=day)
        assert sum(cohort.written_off_minor for cohort in months.cohorts) == total.written_off_minor
        assert sum(cohort.so_far_minor for cohort in months.cohorts) == total.recovered_minor
        assert sum(one.net_minor for one in months.charge_offs) == total.written_off_minor - total.recovered_minor
        assert sum(total.by_way.get(way, 0) for way in OURS) == total.recovered_minor


def pay(desk: Desk, account: CreditAccount, day: date) -> None:
    """Let somebody pay an amount that is small enough to come again."""
    desk.number += 1
    amount_minor = desk.dice.choice([50, 101, 333])
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=amount_minor, value_date=day, reference=f"R{desk.number}")

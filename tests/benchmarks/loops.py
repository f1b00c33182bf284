"""The loop that everybody writes first: one account after the other through the ORM. For comparison, on a sample.

It does less than the close: it posts the day's plain payments and ages, and neither spends credit of days before nor draws up
the report of the day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from accounts.models import AccountState, Allocation, CreditAccount, Installment
from accounts.rules import aging
from accounts.rules.penalty import PenaltyClock
from accounts.rules.terms import Component, Terms
from tests.benchmarks.nights import bring_payments, close_night, next_day
from tests.benchmarks.rows import Row, at_least, note
from tests.benchmarks.site import Site, seconds_of

SAMPLE: Final = 2_000


def measure_loops(site: Site) -> Iterator[Row]:
    """Age a sample of accounts with the loop, and compare with the close of the whole book, payments and report included."""
    day = next_day()
    everyone = list(_spread(AccountState.objects.order_by("pk").values_list("pk", flat=True), site.accounts))
    late = AccountState.objects.filter(oldest_unpaid_due_date__isnull=False)
    late_count = late.count()
    late_ones = list(_spread(late.order_by("pk").values_list("pk", flat=True), late_count))
    bring_payments(site, day)
    each = seconds_of(lambda: close_one_by_one(everyone, day)) / len(everyone)
    each_late = seconds_of(lambda: close_one_by_one(late_ones, day)) / len(late_ones)
    close = close_night(site, pays=False).book_seconds
    yield note("loops", "loop over accounts", f"{1e3 * each:.2f} ms an account, {each * site.accounts:,.0f} s the book")
    yield at_least("loops", "loop over all accounts / close", each * site.accounts / close, 300, "×", digits=0)
    yield note("loops", f"loop over the {late_count:,} late ones", f"{1e3 * each_late:.2f} ms each")
    yield at_least("loops", "loop over the late ones alone / close", each_late * late_count / close, 50, "×", digits=0)


def _spread(ids: Sequence[int], count: int) -> Sequence[int]:
    """Return about SAMPLE of the ids, evenly spread."""
    return list(ids)[:: max(1, count // SAMPLE)]


def close_one_by_one(account_ids: Sequence[int], day: date) -> None:
    """Take account by account its payments of the day and its instalments, compute the figures in Python, save."""
    for account in CreditAccount.objects.filter(pk__in=account_ids).order_by("pk"):
        state, terms = account.state, account.product.terms
        installments = list(
            account.installments.filter(is_open=True, booked_on__lte=day).order_by("due_date", "order_no", "sequence")
        )
        for payment in account.payments.filter(is_posted=False, paid_on=day).order_by("payment_no"):
            left = payment.amount_minor
            for installment in installments:
                if left and (installment.due_date <= day or not terms.holds_prepayment):
                    left -= _pay(installment, payment.pk, left, terms, day)
            state.credit_balance_minor += left
            payment.is_posted = True
            payment.save()
        late, owed, penalty = [], [], 0
        for installment in installments:
            if not installment.is_open:
                continue
            owed.append(installment)
            unpaid = installment.principal_unpaid_minor + installment.interest_unpaid_minor + installment.fee_unpaid_minor
            if installment.due_date < day and unpaid:
                late.append(installment)
            penalty += _penalty_due(installment, terms, day)
        state.oldest_unpaid_due_date = late[0].due_date if late else None
        state.days_past_due = (day - late[0].due_date).days if late else 0
        state.bucket = aging.bucket(state.days_past_due, bucket_map=terms.bucket_map)
        state.category = aging.category(state.days_past_due)
        state.stage = aging.stage(state.days_past_due)
        state.overdue_principal_minor = sum(i.principal_unpaid_minor for i in late)
        state.overdue_interest_minor = sum(i.interest_unpaid_minor for i in late)
        state.overdue_fee_minor = sum(i.fee_unpaid_minor for i in late)
        state.penalty_due_minor = penalty
        state.outstanding_principal_minor = sum(i.principal_unpaid_minor for i in owed)
        state.outstanding_interest_minor = sum(i.interest_unpaid_minor for i in owed)
        state.outstanding_fee_minor = sum(i.fee_unpaid_minor for i in owed)
        state.has_booked = state.has_booked or bool(installments)
        state.save()


def _penalty_due(installment: Installment, terms: Terms, day: date) -> int:
    accrued = _clock(installment, terms).due_minor(
        accrued_micro=installment.accrued_micro,
        accrued_through=installment.accrued_through,
        base_minor=_base(installment, terms),
        as_of=day,
    )
    return max(0, accrued - installment.penalty_settled_minor)


def _clock(installment: Installment, terms: Terms) -> PenaltyClock:
    return PenaltyClock(terms, installment.due_date, installment.principal_minor)


def _base(installment: Installment, terms: Terms) -> int:
    return installment.principal_unpaid_minor + (installment.interest_unpaid_minor if terms.penalty_on_interest else 0)


def _pay(installment: Installment, payment_id: int, left: int, terms: Terms, day: date) -> int:
    """Pay an instalment from what is left of a payment, component by component, and return what it took."""
    clock, paid = _clock(installment, terms), 0
    rolled = clock.rolled(
        accrued_micro=installment.accrued_micro,
        accrued_through=installment.accrued_through,
        base_minor=_base(installment, terms),
        through=day,
    )
    penalty_left = _penalty_due(installment, terms, day)
    for component in terms.allocation_order:
        name = f"{component.name.lower()}_unpaid_minor"
        share = min(left - paid, penalty_left if component == Component.PENALTY else getattr(installment, name))
        if not share:
            continue
        if component == Component.PENALTY:
            installment.penalty_settled_minor += share
            penalty_left -= share
        else:
            setattr(installment, name, getattr(installment, name) - share)
        Allocation.objects.create(
            account_id=installment.account_id,
            payment_id=payment_id,
            installment=installment,
            component=component,
            amount_minor=share,
            allocated_on=day,
        )
        paid += share
    if not paid:
        return 0
    unpaid = installment.principal_unpaid_minor + installment.interest_unpaid_minor + installment.fee_unpaid_minor
    installment.accrued_micro, installment.accrued_through = rolled
    if not unpaid and day <= clock.grace_end:
        # Paid in time: what had accrued in the days of grace is not asked for.
        installment.accrued_micro = 0
    installment.is_open = bool(unpaid or penalty_left)
    installment.save()
    return paid

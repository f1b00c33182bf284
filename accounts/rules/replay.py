"""An account rebuilt from its entries: the plain-Python truth that every other path is held to.

Source: portfolio-format, "Aging, exactly". The order inside one day D is: penalty accrues through D (it depends on what
was unpaid at the close of D − 1 only), instalments booked on D appear, credit that waits is applied, then waivers, then
the payments of D in payment_no order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from accounts.rules import aging
from accounts.rules.penalty import PenaltyClock
from accounts.rules.terms import Component, Terms


class InstallmentEntry(NamedTuple):
    """An instalment as agreed; amounts in minor units. `key` is whatever the caller knows it by."""

    key: int
    order_no: str
    sequence: int
    booked_on: date
    due_date: date
    principal_minor: int
    interest_minor: int
    fee_minor: int


class PaymentEntry(NamedTuple):
    """A payment; `reversed_on` is the date of its reversal, `directed_to` the key of the instalment it names."""

    key: int
    payment_no: str
    value_date: date
    amount_minor: int
    directed_to: int | None = None
    reversed_on: date | None = None


class WaiverEntry(NamedTuple):
    """Money the lender gives up on one component of one instalment; never more than is due on its day."""

    key: int
    installment: int
    component: Component
    value_date: date
    amount_minor: int


class WaivedLine(NamedTuple):
    """What one waiver took of one component of one instalment: less than it was for where less was owed."""

    waiver: int
    installment: int
    component: Component
    amount_minor: int
    waived_on: date


class AllocationLine(NamedTuple):
    """What one payment paid of one component of one instalment, and on which day."""

    payment: int
    installment: int
    component: Component
    amount_minor: int
    allocated_on: date


@dataclass(slots=True)
class InstallmentState:
    """What is left of an instalment. `accrued_micro` stands as of `accrued_through` (None: since its first charged day)."""

    entry: InstallmentEntry
    clock: PenaltyClock
    unpaid: dict[Component, int] = field(default_factory=dict)
    accrued_micro: int = 0
    accrued_through: date | None = None
    penalty_settled_minor: int = 0
    #: Nothing is owed and nothing ever will be again: the base is gone and the penalty it left is settled.
    is_settled: bool = False

    @property
    def is_paid(self) -> bool:
        """Whether principal, interest and fee are paid (penalty may be left)."""
        return not any(self.unpaid.values())

    @property
    def base_minor(self) -> int:
        """The unpaid penalty base."""
        base = self.unpaid[Component.PRINCIPAL]
        return base + self.unpaid[Component.INTEREST] if self.clock.terms.penalty_on_interest else base

    def penalty_due_minor(self, as_of: date) -> int:
        """Return the penalty due on a day not before the last change: accrued, rounded half up, less paid and waived."""
        accrued = self.clock.due_minor(
            accrued_micro=self.accrued_micro,
            accrued_through=self.accrued_through,
            base_minor=self.base_minor,
            as_of=as_of,
        )
        return max(0, accrued - self.penalty_settled_minor)

    def settle(self, component: Component, available_minor: int, on: date) -> int:
        """Take up to the available money for one component and return what was taken."""
        is_penalty = component is Component.PENALTY
        owed = self.penalty_due_minor(on) if is_penalty else self.unpaid[component]
        taken = min(owed, available_minor)
        if taken == 0:
            return 0
        self.accrued_micro, self.accrued_through = self.clock.rolled(
            accrued_micro=self.accrued_micro,
            accrued_through=self.accrued_through,
            base_minor=self.base_minor,
            through=on,
        )
        if is_penalty:
            self.penalty_settled_minor += taken
            return taken
        self.unpaid[component] -= taken
        if on <= self.clock.grace_end and self.is_paid:
            # Rule 4: fully paid by the close of the grace period costs nothing.
            self.accrued_micro = 0
        return taken

    def is_open(self, as_of: date) -> bool:
        """Whether anything, penalty included, is still owed."""
        return not self.is_paid or self.penalty_due_minor(as_of) > 0


class AgingState(NamedTuple):
    """The figures of one account on one day; amounts in minor units (portfolio-format, rule 8)."""

    oldest_unpaid_due_date: date | None
    days_past_due: int
    bucket: int
    overdue_principal_minor: int
    overdue_interest_minor: int
    overdue_fee_minor: int
    penalty_due_minor: int
    outstanding_principal_minor: int
    outstanding_interest_minor: int
    outstanding_fee_minor: int
    credit_balance_minor: int
    category: int
    stage: int
    has_booked: bool

    @property
    def overdue_total_minor(self) -> int:
        """The four overdue amounts together."""
        return self.overdue_principal_minor + self.overdue_interest_minor + self.overdue_fee_minor + self.penalty_due_minor


@dataclass(frozen=True, slots=True)
class RebuiltAccount:
    """An account as of a day, with every allocation and waived amount that led there."""

    as_of: date
    installments: tuple[InstallmentState, ...]
    allocations: tuple[AllocationLine, ...]
    credit_minor: dict[int, int]
    state: AgingState
    waived: tuple[WaivedLine, ...] = ()


def rebuild(
    *,
    terms: Terms,
    installments: Iterable[InstallmentEntry],
    payments: Iterable[PaymentEntry] = (),
    waivers: Iterable[WaiverEntry] = (),
    as_of: date,
) -> RebuiltAccount:
    """Return the account as it stands at the close of `as_of`, from the entries dated that day or earlier and only those."""
    replay = _Replay(terms, installments)
    counting = sorted(
        (p for p in payments if p.value_date <= as_of and (p.reversed_on is None or p.reversed_on > as_of)),
        key=lambda p: (p.value_date, p.payment_no),
    )
    given_up = sorted((w for w in waivers if w.value_date <= as_of), key=lambda w: (w.value_date, w.key))
    replay.run(counting, given_up, as_of)
    return replay.result(as_of)


class _Replay:
    """One pass over the days on which something happens."""

    def __init__(self, terms: Terms, installments: Iterable[InstallmentEntry]) -> None:
        self.terms = terms
        ordered = sorted(installments, key=lambda i: (i.due_date, i.order_no, i.sequence))
        self.all = [
            InstallmentState(
                entry,
                PenaltyClock(terms, entry.due_date, entry.principal_minor),
                {
                    Component.FEE: entry.fee_minor,
                    Component.INTEREST: entry.interest_minor,
                    Component.PRINCIPAL: entry.principal_minor,
                },
            )
            for entry in ordered
        ]
        self.by_key = {state.entry.key: state for state in self.all}
        self.credit: dict[int, int] = {}
        self.allocations: list[AllocationLine] = []
        self.waived: list[WaivedLine] = []

    def run(self, payments: Sequence[PaymentEntry], waivers: Sequence[WaiverEntry], as_of: date) -> None:
        """Apply the entries; both sequences are in the order in which they count."""
        credit_days = self._days_credit_may_move(as_of) if payments else set()
        days = sorted({p.value_date for p in payments} | {w.value_date for w in waivers} | credit_days)
        next_payment = next_waiver = 0
        for day in days:
            if self.credit:
                self._apply_credit(day)
            while next_waiver < len(waivers) and waivers[next_waiver].value_date == day:
                self._waive(waivers[next_waiver])
                next_waiver += 1
            while next_payment < len(payments) and payments[next_payment].value_date == day:
                self._post(payments[next_payment])
                next_payment += 1

    def _days_credit_may_move(self, as_of: date) -> set[date]:
        if self.terms.holds_prepayment:
            return {i.entry.due_date for i in self.all if i.entry.due_date <= as_of}
        return {i.entry.booked_on for i in self.all if i.entry.booked_on <= as_of}

    def _post(self, payment: PaymentEntry) -> None:
        left = payment.amount_minor
        day = payment.value_date
        named = self.by_key.get(payment.directed_to) if payment.directed_to is not None else None
        if named is not None and named.entry.booked_on <= day:
            left = self._pay(payment.key, named, left, day)
        left = self._spread(payment.key, left, day)
        if left:
            self.credit[payment.key] = left

    def _apply_credit(self, day: date) -> None:
        for payment in list(self.credit):
            left = self._spread(payment, self.credit[payment], day)
            if left:
                self.credit[payment] = left
            else:
                del self.credit[payment]

    def _spread(self, payment: int, left: int, day: date) -> int:
        """Pay what is due by the day, oldest due date first, then prepay if the product says so; return what is left."""
        for installment in self.all:
            if not left:
                break
            if installment.is_settled:
                continue
            entry = installment.entry
            if entry.due_date > day and self.terms.holds_prepayment:
                break
            if entry.booked_on <= day:
                left = self._pay(payment, installment, left, day)
        return left

    def _pay(self, payment: int, installment: InstallmentState, left: int, day: date) -> int:
        for component in self.terms.allocation_order:
            if not left:
                break
            taken = installment.settle(component, left, day)
            if taken:
                self.allocations.append(AllocationLine(payment, installment.entry.key, component, taken, day))
                left -= taken
        installment.is_settled = not installment.is_open(day)
        return left

    def _waive(self, waiver: WaiverEntry) -> None:
        installment = self.by_key[waiver.installment]
        if installment.entry.booked_on <= waiver.value_date:
            taken = installment.settle(waiver.component, waiver.amount_minor, waiver.value_date)
            if taken:
                self.waived.append(WaivedLine(waiver.key, waiver.installment, waiver.component, taken, waiver.value_date))

    def result(self, as_of: date) -> RebuiltAccount:
        """Return the figures of rule 8."""
        booked = [i for i in self.all if i.entry.booked_on <= as_of]
        open_ones = [i for i in booked if not i.is_settled]
        past_due = [i for i in open_ones if i.entry.due_date < as_of and not i.is_paid]
        oldest = past_due[0].entry.due_date if past_due else None
        days = (as_of - oldest).days if oldest else 0
        state = AgingState(
            oldest_unpaid_due_date=oldest,
            days_past_due=days,
            bucket=aging.bucket(days, bucket_map=self.terms.bucket_map),
            overdue_principal_minor=sum(i.unpaid[Component.PRINCIPAL] for i in past_due),
            overdue_interest_minor=sum(i.unpaid[Component.INTEREST] for i in past_due),
            overdue_fee_minor=sum(i.unpaid[Component.FEE] for i in past_due),
            penalty_due_minor=sum(i.penalty_due_minor(as_of) for i in open_ones),
            outstanding_principal_minor=sum(i.unpaid[Component.PRINCIPAL] for i in open_ones),
            outstanding_interest_minor=sum(i.unpaid[Component.INTEREST] for i in open_ones),
            outstanding_fee_minor=sum(i.unpaid[Component.FEE] for i in open_ones),
            credit_balance_minor=sum(self.credit.values()),
            category=aging.category(days),
            stage=aging.stage(days),
            has_booked=bool(booked),
        )
        return RebuiltAccount(as_of, tuple(booked), tuple(self.allocations), dict(self.credit), state, tuple(self.waived))

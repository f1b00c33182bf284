"""An account rebuilt from its entries: the plain-Python truth that every other path is held to.

Source: portfolio-format, "Aging, exactly". The order inside one day D is: penalty accrues through D (it depends on what
was unpaid at the close of D − 1 only), instalments booked on D appear, schedules end, credit that waits is applied, then
waivers, then the payments of D in payment_no order, then refunds. A new schedule of D comes between what was known when it was
agreed and what was not: it takes what those waivers and payments had left, and the others go by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple, TypeVar

from accounts.rules import aging
from accounts.rules.entries import (
    AllocationLine,
    ChangeEntry,
    InstallmentEntry,
    MovedLine,
    Part,
    PaymentEntry,
    RefundEntry,
    WaivedLine,
    WaiverEntry,
)
from accounts.rules.penalty import PenaltyClock
from accounts.rules.terms import Component, Terms

#: An entry with the day it counts from.
_Dated = TypeVar("_Dated", "PaymentEntry", "WaiverEntry", "ChangeEntry", "RefundEntry")


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

    def give_back(self, component: Component, amount_minor: int, on: date) -> None:
        """Owe an amount again that was taken before; penalty on it runs from the day after."""
        self.accrued_micro, self.accrued_through = self.clock.rolled(
            accrued_micro=self.accrued_micro,
            accrued_through=self.accrued_through,
            base_minor=self.base_minor,
            through=on,
        )
        if component is Component.PENALTY:
            self.penalty_settled_minor -= amount_minor
        else:
            self.unpaid[component] += amount_minor

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
    moved: tuple[MovedLine, ...] = ()
    #: What was refunded and has to be found again, since the credit it came from is gone; the next credit goes there first, and
    #: the credit balance is below zero by it.
    refund_shortfall_minor: int = 0


def rebuild(
    *,
    terms: Terms,
    installments: Iterable[InstallmentEntry],
    payments: Iterable[PaymentEntry] = (),
    waivers: Iterable[WaiverEntry] = (),
    changes: Iterable[ChangeEntry] = (),
    refunds: Iterable[RefundEntry] = (),
    as_of: date,
) -> RebuiltAccount:
    """Return the account as it stands at the close of `as_of`, from the entries dated that day or earlier and only those."""
    replay = _Replay(terms, (i for i in installments if i.cancelled_on is None or i.cancelled_on > as_of))
    counting = sorted(
        (p for p in payments if p.value_date <= as_of and (p.reversed_on is None or p.reversed_on > as_of)),
        key=lambda p: (p.value_date, p.payment_no),
    )
    given_up = sorted((w for w in waivers if w.value_date <= as_of), key=lambda w: (w.value_date, w.key))
    changed = sorted((c for c in changes if c.value_date <= as_of), key=lambda c: (c.value_date, c.key))
    paid_back = sorted((r for r in refunds if r.value_date <= as_of), key=lambda r: (r.value_date, r.key))
    replay.run(_Entries(counting, given_up, changed, paid_back), as_of)
    return replay.result(as_of)


class _Entries(NamedTuple):
    """What happens by the day asked for, each in the order in which it counts."""

    payments: Sequence[PaymentEntry]
    waivers: Sequence[WaiverEntry]
    changes: Sequence[ChangeEntry]
    refunds: Sequence[RefundEntry]


class _Replay:
    """One pass over the days on which something happens."""

    def __init__(self, terms: Terms, installments: Iterable[InstallmentEntry]) -> None:
        self.terms = terms
        ordered = sorted(installments, key=lambda i: (i.due_date, i.order_no, i.sequence))
        self.all = [
            InstallmentState(
                entry,
                PenaltyClock(
                    terms if entry.bears_penalty else replace(terms, penalty_rate_ppm=0), entry.due_date, entry.principal_minor
                ),
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
        self.moved: list[MovedLine] = []
        self.shortfall_minor = 0
        #: Changes of the schedule that are still to come: their instalments are booked on their day, but not there before them.
        self.to_come: set[int] = set()

    def run(self, entries: _Entries, as_of: date) -> None:
        """Apply the entries."""
        self.to_come = {change.key for change in entries.changes}
        days = {p.value_date for p in entries.payments} | {w.value_date for w in entries.waivers}
        days |= {c.value_date for c in entries.changes} | {r.value_date for r in entries.refunds}
        ends = sorted(
            ((c.ended_on, c) for c in entries.changes if c.ended_on is not None and c.ended_on <= as_of),
            # Of one day the latest change first: what it gives back may be an earlier one's to give back.
            key=lambda end: (end[0], -end[1].key),
        )
        days |= {ended_on for ended_on, _ in ends}
        if entries.payments:
            days |= self._days_credit_may_move(as_of)
        payments, waivers = _by_day(entries.payments), _by_day(entries.waivers)
        changes, refunds = _by_day(entries.changes), _by_day(entries.refunds)
        for day in sorted(days):
            for _ended_on, change in (end for end in ends if end[0] == day):
                self._end(change, day)
            waived, paid = waivers.get(day, []), payments.get(day, [])
            if self.credit:
                self._apply_credit(day)
            for change in changes.get(day, ()):
                waived = self._waive_all(waived, up_to=change.known_waiver)
                paid = self._post_all(paid, up_to=change.known_payment)
                self._change(change, day)
                if self.credit:
                    self._apply_credit(day)
            self._waive_all(waived)
            self._post_all(paid)
            for refund in refunds.get(day, ()):
                self.shortfall_minor += refund.amount_minor
                self._cover_shortfall()

    def _days_credit_may_move(self, as_of: date) -> set[date]:
        if self.terms.holds_prepayment:
            return {i.entry.due_date for i in self.all if i.entry.due_date <= as_of}
        return {i.entry.booked_on for i in self.all if i.entry.booked_on <= as_of}

    def _post_all(self, payments: list[PaymentEntry], *, up_to: int | None = None) -> list[PaymentEntry]:
        """Post the payments, or those with keys up to one, and return the rest."""
        for payment in payments:
            if up_to is None or payment.key <= up_to:
                self._post(payment)
        return [payment for payment in payments if up_to is not None and payment.key > up_to]

    def _waive_all(self, waivers: list[WaiverEntry], *, up_to: int | None = None) -> list[WaiverEntry]:
        """Give up what the waivers say, or those with keys up to one, and return the rest."""
        for waiver in waivers:
            if up_to is None or waiver.key <= up_to:
                self._waive(waiver)
        return [waiver for waiver in waivers if up_to is not None and waiver.key > up_to]

    def _post(self, payment: PaymentEntry) -> None:
        left = payment.amount_minor
        day = payment.value_date
        named = self.by_key.get(payment.directed_to) if payment.directed_to is not None else None
        if named is not None and self._is_there(named, day):
            left = self._pay(payment.key, named, left, day)
        left = self._spread(payment.key, left, day)
        if left:
            self.credit[payment.key] = left
            self._cover_shortfall()

    def _cover_shortfall(self) -> None:
        """Take what was paid back from the credit, the oldest payment's first."""
        for payment in list(self.credit):
            taken = min(self.credit[payment], self.shortfall_minor)
            self.shortfall_minor -= taken
            self.credit[payment] -= taken
            if not self.credit[payment]:
                del self.credit[payment]

    def _is_there(self, installment: InstallmentState, day: date) -> bool:
        return installment.entry.booked_on <= day and installment.entry.change not in self.to_come

    def _change(self, change: ChangeEntry, day: date) -> None:
        """Hand over to the new schedule what is left of what was agreed; where less is left, shorten it from its end."""
        self.to_come.discard(change.key)
        new = [state for state in self.all if state.entry.change == change.key]
        short = dict.fromkeys(Component, 0)
        for part in change.parts:
            state = self.by_key.get(part.installment)
            for component, agreed in _components(part):
                taken = 0
                if state is not None and state.entry.booked_on <= day:
                    taken = self._take(change, state, component, agreed, day)
                # The new schedule knows no penalty of the past: it is owed there as a fee.
                short[Component.FEE if component is Component.PENALTY else component] += agreed - taken
        for state in reversed(new):
            for component in (Component.FEE, Component.INTEREST, Component.PRINCIPAL):
                short[component] -= self._take(change, state, component, short[component], day)

    def _end(self, change: ChangeEntry, day: date) -> None:
        """Owe again as before what is left of the new schedule; what it would still have cost is given up."""
        left = dict.fromkeys(Component, 0)
        for state in self.all:
            if state.entry.change == change.key:
                for component in (Component.FEE, Component.INTEREST, Component.PRINCIPAL):
                    left[component] += self._take(change, state, component, state.unpaid[component], day)
        taken = [line for line in self.moved if line.change == change.key and line.moved_on == change.value_date]
        for line in reversed(taken):
            state = self.by_key[line.installment]
            if state.entry.change == change.key:
                continue
            owed_as = Component.FEE if line.component is Component.PENALTY else line.component
            amount = min(line.amount_minor, left[owed_as])
            if amount:
                left[owed_as] -= amount
                state.give_back(line.component, amount, day)
                state.is_settled = False
                self.moved.append(MovedLine(change.key, line.installment, line.component, -amount, day))

    def _take(self, change: ChangeEntry, state: InstallmentState, component: Component, most: int, day: date) -> int:
        taken = state.settle(component, most, day) if most else 0
        if taken:
            self.moved.append(MovedLine(change.key, state.entry.key, component, taken, day))
            state.is_settled = not state.is_open(day)
        return taken

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
            if self._is_there(installment, day):
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
        installment = self.by_key.get(waiver.installment)
        if installment is not None and installment.entry.booked_on <= waiver.value_date:
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
            credit_balance_minor=sum(self.credit.values()) - self.shortfall_minor,
            category=aging.category(days),
            stage=aging.stage(days),
            has_booked=bool(booked),
        )
        return RebuiltAccount(
            as_of,
            tuple(booked),
            tuple(self.allocations),
            dict(self.credit),
            state,
            tuple(self.waived),
            tuple(self.moved),
            self.shortfall_minor,
        )


def _components(part: Part) -> tuple[tuple[Component, int], ...]:
    return (
        (Component.PENALTY, part.penalty_minor),
        (Component.FEE, part.fee_minor),
        (Component.INTEREST, part.interest_minor),
        (Component.PRINCIPAL, part.principal_minor),
    )


def _by_day(entries: Sequence[_Dated]) -> dict[date, list[_Dated]]:
    """Return entries by the day they count from, in the order given."""
    found: dict[date, list[_Dated]] = {}
    for entry in entries:
        found.setdefault(entry.value_date, []).append(entry)
    return found

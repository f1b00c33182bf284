"""The aging rules once more, in the slowest and most literal way: day by day, with the whole history kept.

Written from the contract ("Aging, exactly") and not from accounts/rules: it shares the entries' shapes with them and nothing
else. What a day does to the next is never carried in a running figure; each figure is summed anew from the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import floor

from accounts.rules.entries import ChangeEntry, InstallmentEntry, PaymentEntry, RefundEntry, WaiverEntry
from accounts.rules.terms import Component, Terms

ONE_DAY = timedelta(days=1)
PENALTY, FEE, INTEREST, PRINCIPAL = Component.PENALTY, Component.FEE, Component.INTEREST, Component.PRINCIPAL

BUCKETS = {
    "default": [(0, 0), (1, 30), (31, 60), (61, 90), (91, 120), (121, 150), (151, 180), (181, 99_999)],
    "calendar-29": [(0, 0), (1, 29), (30, 59), (60, 89), (90, 119), (120, 149), (150, 99_999)],
}
CATEGORIES = [(0, 0), (1, 90), (91, 270), (271, 360), (361, 99_999)]
STAGES = {1: (0, 30), 2: (31, 90), 3: (91, 99_999)}


@dataclass
class Slip:
    """One instalment and everything that ever happened to it: (day, component, amount) of what was paid, waived and moved.

    What a change of the schedule gives back is an amount below zero, on a day of `back_on`.
    """

    entry: InstallmentEntry
    taken: list[tuple[date, Component, int]] = field(default_factory=list)
    back_on: list[date] = field(default_factory=list)

    def scheduled(self, component: Component) -> int:
        return {PRINCIPAL: self.entry.principal_minor, INTEREST: self.entry.interest_minor, FEE: self.entry.fee_minor}[component]

    def unpaid(self, component: Component, at_close_of: date) -> int:
        return self.scheduled(component) - sum(a for d, c, a in self.taken if c is component and d <= at_close_of)

    def is_unpaid(self, at_close_of: date) -> bool:
        return any(self.unpaid(component, at_close_of) for component in (PRINCIPAL, INTEREST, FEE))


@dataclass
class Found:
    """What the oracle says of an account at the close of a day."""

    figures: dict[str, object]
    allocations: set[tuple[int, int, Component, int, date]]
    credit: dict[int, int]
    slips: dict[int, tuple[int, int, int, int]]
    shortfall: int


def days_between(first: date, last: date) -> list[date]:
    """Return the days from the first to the last one, both included."""
    return [first + n * ONE_DAY for n in range((last - first).days + 1)]


def penalty_accrued(terms: Terms, slip: Slip, on: date) -> int:
    """Return the penalty of an instalment on a day, rounded half up to minor units, before what was paid of it (rule 4)."""
    grace_end = slip.entry.due_date + terms.grace_days * ONE_DAY
    if on <= grace_end or not slip.entry.bears_penalty:
        return 0
    cost = Fraction(0)
    day = (grace_end if terms.penalty_from_grace_end else slip.entry.due_date) + ONE_DAY
    # Where nothing was left on some day of grace, what was before costs nothing, and only what was owed again later does.
    free = [d for d in days_between(slip.entry.booked_on, grace_end) if not slip.is_unpaid(at_close_of=d)]
    if free and not slip.back_on:
        return 0
    day = max([day, *(d + ONE_DAY for d in free)])
    while day <= on:
        base = slip.unpaid(PRINCIPAL, day - ONE_DAY)
        if terms.penalty_on_interest:
            base += slip.unpaid(INTEREST, day - ONE_DAY)
        cost += Fraction(base * terms.penalty_rate_ppm, 1_000_000)
        day += ONE_DAY
    if terms.penalty_cap_bp is not None:
        cost = min(cost, Fraction(slip.entry.principal_minor * terms.penalty_cap_bp, 10_000))
    return floor(cost + Fraction(1, 2))


def owed(terms: Terms, slip: Slip, component: Component, on: date) -> int:
    """Return what is owed of a component on a day, after what was taken so far."""
    if component is not PENALTY:
        return slip.unpaid(component, on)
    return penalty_accrued(terms, slip, on) - sum(a for _, c, a in slip.taken if c is PENALTY)


def ask(
    *,
    terms: Terms,
    installments: Sequence[InstallmentEntry],
    payments: Sequence[PaymentEntry] = (),
    waivers: Sequence[WaiverEntry] = (),
    changes: Sequence[ChangeEntry] = (),
    refunds: Sequence[RefundEntry] = (),
    as_of: date,
) -> Found:
    """Return the account at the close of a day, lived through from its first day."""
    slips = [Slip(entry) for entry in installments if not (entry.cancelled_on and entry.cancelled_on <= as_of)]
    slips.sort(key=lambda s: (s.entry.due_date, [ord(c) for c in s.entry.order_no], s.entry.sequence))
    counting = [p for p in payments if p.value_date <= as_of and not (p.reversed_on and p.reversed_on <= as_of)]
    allocations: set[tuple[int, int, Component, int, date]] = set()
    credit: dict[int, int] = {}
    handed_over: dict[int, list[tuple[Slip, Component, int]]] = {}
    to_pay_back = 0

    def is_there(slip: Slip, day: date) -> bool:
        return slip.entry.booked_on <= day and (slip.entry.change is None or slip.entry.change in handed_over)

    def new_slips(change: int) -> list[Slip]:
        return [slip for slip in slips if slip.entry.change == change]

    def hand_over(change: ChangeEntry, day: date) -> None:
        lines, short = handed_over.setdefault(change.key, []), {FEE: 0, INTEREST: 0, PRINCIPAL: 0}
        for part in change.parts:
            agreed = {
                PENALTY: part.penalty_minor,
                FEE: part.fee_minor,
                INTEREST: part.interest_minor,
                PRINCIPAL: part.principal_minor,
            }
            slip = next((s for s in slips if s.entry.key == part.installment and s.entry.booked_on <= day), None)
            for component, most in agreed.items():
                amount = min(most, owed(terms, slip, component, day)) if slip else 0
                if slip and amount > 0:
                    slip.taken.append((day, component, amount))
                    lines.append((slip, component, amount))
                short[FEE if component is PENALTY else component] += most - max(amount, 0)
        for slip in new_slips(change.key)[::-1]:
            for component in short:
                amount = min(short[component], slip.unpaid(component, day))
                slip.taken.append((day, component, amount))
                short[component] -= amount

    def take_back(change: ChangeEntry, day: date) -> None:
        left = {c: sum(slip.unpaid(c, day) for slip in new_slips(change.key)) for c in (FEE, INTEREST, PRINCIPAL)}
        for slip in new_slips(change.key):
            slip.taken += [(day, c, slip.unpaid(c, day)) for c in left]
        for slip, component, amount in handed_over[change.key][::-1]:
            kind = FEE if component is PENALTY else component
            back = min(amount, left[kind])
            left[kind] -= back
            slip.taken.append((day, component, -back))
            if back and component is not PENALTY:
                slip.back_on.append(day)

    def pay_back() -> None:
        nonlocal to_pay_back
        for payment in credit:
            amount = min(to_pay_back, credit[payment])
            credit[payment] -= amount
            to_pay_back -= amount

    def take(payment: int, slip: Slip, day: date) -> None:
        for component in terms.allocation_order:
            amount = min(credit[payment], owed(terms, slip, component, day))
            if amount > 0:
                slip.taken.append((day, component, amount))
                allocations.add((payment, slip.entry.key, component, amount, day))
                credit[payment] -= amount

    def spread(payment: int, day: date) -> None:
        existing = [slip for slip in slips if is_there(slip, day)]
        for slip in existing:
            if slip.entry.due_date <= day:
                take(payment, slip, day)
        if not terms.holds_prepayment:
            for slip in existing:
                if slip.entry.due_date > day:
                    take(payment, slip, day)

    events = [e.booked_on for e in installments] + [p.value_date for p in counting] + [w.value_date for w in waivers]
    events += [c.value_date for c in changes] + [r.value_date for r in refunds]
    day = min([*events, as_of])
    while day <= as_of:
        for change in sorted(changes, key=lambda c: -c.key):
            if change.ended_on == day:
                take_back(change, day)
        stirs = [s.entry.due_date if terms.holds_prepayment else s.entry.booked_on for s in slips]
        stirs += [c.value_date for c in changes] + [c.ended_on for c in changes if c.ended_on]
        if day in stirs:
            for payment in credit:
                spread(payment, day)
        waived_today = sorted((w for w in waivers if w.value_date == day), key=lambda w: w.key)
        paid_today = sorted((p for p in counting if p.value_date == day), key=lambda p: [ord(c) for c in p.payment_no])
        # The day in turns: what each new schedule of it knew, the schedule itself, and at last what none of them knew.
        turns = [c for c in sorted(changes, key=lambda c: c.key) if c.value_date == day]
        for change in [*turns, None]:
            for waiver in [w for w in waived_today if change is None or w.key <= change.known_waiver]:
                waived_today.remove(waiver)
                slip = next((s for s in slips if s.entry.key == waiver.installment), None)
                if slip and slip.entry.booked_on <= day:
                    amount = min(waiver.amount_minor, owed(terms, slip, waiver.component, day))
                    slip.taken.append((day, waiver.component, amount))
            for entry in [p for p in paid_today if change is None or p.key <= change.known_payment]:
                paid_today.remove(entry)
                credit[entry.key] = entry.amount_minor
                for slip in slips:
                    if slip.entry.key == entry.directed_to and is_there(slip, day):
                        take(entry.key, slip, day)
                spread(entry.key, day)
                pay_back()
            if change is not None:
                hand_over(change, day)
                for payment in credit:
                    spread(payment, day)
        to_pay_back += sum(r.amount_minor for r in refunds if r.value_date == day)
        pay_back()
        day += ONE_DAY
    credit = {payment: left for payment, left in credit.items() if left}
    return Found(
        _figures(terms, [s for s in slips if s.entry.booked_on <= as_of], sum(credit.values()) - to_pay_back, as_of),
        allocations,
        credit,
        {
            s.entry.key: (
                s.unpaid(PRINCIPAL, as_of),
                s.unpaid(INTEREST, as_of),
                s.unpaid(FEE, as_of),
                owed(terms, s, PENALTY, as_of),
            )
            for s in slips
            if s.entry.booked_on <= as_of
        },
        to_pay_back,
    )


def _figures(terms: Terms, slips: list[Slip], credit: int, as_of: date) -> dict[str, object]:
    """Return the figures of rules 1 to 3 and 8, by the names of the state's columns."""
    past_due = [s for s in slips if s.entry.due_date < as_of and s.is_unpaid(as_of)]
    oldest = min((s.entry.due_date for s in past_due), default=None)
    days = (as_of - oldest).days if oldest else 0
    return {
        "oldest_unpaid_due_date": oldest,
        "days_past_due": days,
        "bucket": next(n for n, (low, high) in enumerate(BUCKETS[terms.bucket_map]) if low <= days <= high),
        "overdue_principal_minor": sum(s.unpaid(PRINCIPAL, as_of) for s in past_due),
        "overdue_interest_minor": sum(s.unpaid(INTEREST, as_of) for s in past_due),
        "overdue_fee_minor": sum(s.unpaid(FEE, as_of) for s in past_due),
        "penalty_due_minor": sum(owed(terms, s, PENALTY, as_of) for s in slips),
        "outstanding_principal_minor": sum(s.unpaid(PRINCIPAL, as_of) for s in slips),
        "outstanding_interest_minor": sum(s.unpaid(INTEREST, as_of) for s in slips),
        "outstanding_fee_minor": sum(s.unpaid(FEE, as_of) for s in slips),
        "credit_balance_minor": credit,
        "category": next(n for n, (low, high) in enumerate(CATEGORIES) if low <= days <= high),
        "stage": next(stage for stage, (low, high) in STAGES.items() if low <= days <= high),
        "has_booked": bool(slips),
    }

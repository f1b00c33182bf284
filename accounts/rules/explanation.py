"""The penalty of one instalment, day by day: why it is what it is. Source: portfolio-format, "Aging, exactly", rule 4.

Told from the changes of the base, not from the stored accrual, so that it is a second account of the same figure: a
property test holds both equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.rules.penalty import PenaltyClock, PenaltyDay
from accounts.rules.replay import InstallmentState, RebuiltAccount
from accounts.rules.terms import Component
from riskops.shared.money import rounded_minor


@dataclass(frozen=True, slots=True)
class BaseChange:
    """At the close of a day the base stood at this amount (minor units)."""

    day: date
    base_minor: int


@dataclass(frozen=True, slots=True)
class PenaltySpan:
    """Charged days in a row with one base. `accrued_micro` stands after the last day and stops at the cap."""

    first_day: date
    last_day: date
    base_minor: int
    rate_ppm: int
    accrued_before_micro: int
    accrued_micro: int
    cap_micro: int | None

    @property
    def days(self) -> int:
        """How many days are charged."""
        return (self.last_day - self.first_day).days + 1

    @property
    def daily_micro(self) -> int:
        """What one day costs before the cap."""
        return self.base_minor * self.rate_ppm

    @property
    def charged_micro(self) -> int:
        """What the span added."""
        return self.accrued_micro - self.accrued_before_micro

    @property
    def is_capped(self) -> bool:
        """Whether the cap was reached inside, or before, this span."""
        return self.cap_micro is not None and self.accrued_micro == self.cap_micro and self.daily_micro > 0

    def each_day(self) -> Iterator[PenaltyDay]:
        """Yield the days one by one, with the running total."""
        total = self.accrued_before_micro
        for number in range(self.days):
            rest = self.daily_micro if self.cap_micro is None else min(self.daily_micro, self.cap_micro - total)
            total += rest
            yield PenaltyDay(self.first_day + timedelta(days=number), self.base_minor, rest, total)


@dataclass(frozen=True, slots=True)
class PenaltyExplanation:
    """How the penalty of an instalment came about up to a day.

    :param forgiven: principal, interest and fee were fully paid by the close of the grace period, so nothing is charged
    :param hidden_until: inside the grace period nothing is due yet; the day on which what accrued appears
    """

    spans: tuple[PenaltySpan, ...]
    accrued_micro: int
    accrued_minor: int
    settled_minor: int
    due_minor: int
    cap_minor: int | None
    forgiven: bool
    hidden_until: date | None


def base_changes(rebuilt: RebuiltAccount, installment: InstallmentState) -> list[BaseChange]:
    """Return the days on which the penalty base of an instalment changed, and to what, in order."""
    components = {Component.PRINCIPAL}
    if installment.clock.terms.penalty_on_interest:
        components.add(Component.INTEREST)
    return _left_after(rebuilt, installment, components, _first_base(installment))


def _left_after(
    rebuilt: RebuiltAccount, installment: InstallmentState, components: set[Component], left_minor: int
) -> list[BaseChange]:
    """Return the days on which something of the components was paid, waived or moved, and what was left at their close."""
    key = installment.entry.key
    taken: list[tuple[date, int]] = [
        *((a.allocated_on, a.amount_minor) for a in rebuilt.allocations if a.installment == key and a.component in components),
        *((w.waived_on, w.amount_minor) for w in rebuilt.waived if w.installment == key and w.component in components),
        *((m.moved_on, m.amount_minor) for m in rebuilt.moved if m.installment == key and m.component in components),
    ]
    changes: dict[date, int] = {}
    for day, amount in sorted(taken):
        left_minor -= amount
        changes[day] = left_minor
    return [BaseChange(day, left) for day, left in changes.items()]


def explain(rebuilt: RebuiltAccount, installment: InstallmentState) -> PenaltyExplanation:
    """Return the explanation of an instalment's penalty as of the day the account was rebuilt for."""
    clock, as_of = installment.clock, rebuilt.as_of
    free_on = _paid_in_grace_on(rebuilt, installment)
    forgiven = free_on is not None and installment.is_paid
    changes = base_changes(rebuilt, installment)
    spans = () if forgiven else tuple(_spans(clock, _first_base(installment), changes, as_of, free_on))
    accrued = spans[-1].accrued_micro if spans else 0
    hidden = bool(spans) and as_of <= clock.grace_end
    due = 0 if hidden else max(0, rounded_minor(accrued) - installment.penalty_settled_minor)
    cap = clock.cap_micro
    return PenaltyExplanation(
        spans=spans,
        accrued_micro=accrued,
        accrued_minor=rounded_minor(accrued),
        settled_minor=installment.penalty_settled_minor,
        due_minor=due,
        cap_minor=None if cap is None else rounded_minor(cap),
        forgiven=forgiven,
        hidden_until=clock.grace_end + timedelta(days=1) if hidden else None,
    )


def _first_base(installment: InstallmentState) -> int:
    entry = installment.entry
    return entry.principal_minor + (entry.interest_minor if installment.clock.terms.penalty_on_interest else 0)


def _paid_in_grace_on(rebuilt: RebuiltAccount, installment: InstallmentState) -> date | None:
    """Return the last day of grace on which nothing of principal, interest and fee was left; None if there was none."""
    entry = installment.entry
    owed = entry.principal_minor + entry.interest_minor + entry.fee_minor
    left = _left_after(rebuilt, installment, {Component.PRINCIPAL, Component.INTEREST, Component.FEE}, owed)
    days = [change.day for change in left if not change.base_minor and change.day <= installment.clock.grace_end]
    return max(days, default=None)


def _spans(
    clock: PenaltyClock, base: int, changes: Sequence[BaseChange], as_of: date, free_on: date | None
) -> Iterator[PenaltySpan]:
    """Yield the spans between the changes; a change at the close of a day counts from the day after.

    :param free_on: the last day of grace on which nothing was left: what ran before it costs nothing
    """
    rate, cap = clock.terms.penalty_rate_ppm, clock.cap_micro
    if free_on is not None:
        base, changes = 0, [change for change in changes if change.day > free_on]
    since, accrued = clock.charged_after, 0
    for change in [*changes, BaseChange(as_of, 0)]:
        until = min(change.day, as_of)
        if until > since and base and rate:
            total = accrued + base * rate * (until - since).days
            total = total if cap is None else min(total, cap)
            yield PenaltySpan(since + timedelta(days=1), until, base, rate, accrued, total, cap)
            accrued = total
        since, base = max(since, until), change.base_minor

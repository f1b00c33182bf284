"""What one simulated account owes, day by day, under the engine's own rules of penalty and allocation.

A customer pays exactly what the bill says, penalty included, so whoever writes the payments must know it to the cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from accounts.rules.entries import InstallmentEntry
from accounts.rules.penalty import PenaltyClock
from accounts.rules.replay import InstallmentState
from accounts.rules.terms import Component, Terms


class Ledger:
    """The open instalments of an account and its credit. Entries must come in the order of their days."""

    __slots__ = ("credit_minor", "open", "terms")

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.open: list[InstallmentState] = []
        self.credit_minor = 0

    def book(self, entries: Sequence[InstallmentEntry], *, on: date) -> None:
        """Add instalments booked on a day; waiting credit prepays them if the product says so."""
        for entry in entries:
            unpaid = {
                Component.FEE: entry.fee_minor,
                Component.INTEREST: entry.interest_minor,
                Component.PRINCIPAL: entry.principal_minor,
            }
            self.open.append(InstallmentState(entry, PenaltyClock(self.terms, entry.due_date, entry.principal_minor), unpaid))
        self.open.sort(key=lambda state: (state.entry.due_date, state.entry.order_no, state.entry.sequence))
        if not self.terms.holds_prepayment:
            self._use_credit(on)

    def pay(self, amount_minor: int, *, on: date, directed_to: tuple[str, int] | None = None) -> None:
        """Take a payment: the instalment it names first, then what is due, oldest first, then as the product says."""
        self.let_credit_in(on)
        left = amount_minor
        if directed_to is not None:
            for state in self.open:
                if (state.entry.order_no, state.entry.sequence) == directed_to:
                    left = self._settle(state, left, on)
        self.credit_minor += self._spread(left, on)
        self._drop_settled(on)

    def waive(self, order_no: str, sequence: int, component: Component, amount_minor: int, *, on: date) -> None:
        """Give up an amount on one instalment."""
        self.let_credit_in(on)
        for state in self.open:
            if (state.entry.order_no, state.entry.sequence) == (order_no, sequence):
                state.settle(component, amount_minor, on)
        self._drop_settled(on)

    def cancel(self, order_no: str) -> None:
        """Drop an order: nothing of it is owed any more."""
        self.open = [state for state in self.open if state.entry.order_no != order_no]

    def owed_minor(self, *, due_by: date, on: date) -> int:
        """Return what must be paid on a day so that nothing due by `due_by` is left, less the credit that waits for it."""
        self.let_credit_in(on)
        owed = 0
        for state in self.open:
            if state.entry.due_date > due_by:
                break
            owed += sum(state.unpaid.values()) + state.penalty_due_minor(on)
        return max(0, owed - self.credit_minor)

    def let_credit_in(self, on: date) -> None:
        """Use waiting credit on the due dates that have come by a day (products that hold it)."""
        if self.credit_minor and self.terms.holds_prepayment:
            for due in sorted({state.entry.due_date for state in self.open if state.entry.due_date <= on}):
                self._use_credit(due)

    def oldest_unpaid(self, *, due_by: date) -> date | None:
        """Return the due date of the oldest instalment due by a day with principal, interest or fee unpaid."""
        self.let_credit_in(due_by)
        for state in self.open:
            if state.entry.due_date > due_by:
                break
            if not state.is_paid:
                return state.entry.due_date
        return None

    @property
    def outstanding_minor(self) -> int:
        """All unpaid principal."""
        return sum(state.unpaid[Component.PRINCIPAL] for state in self.open)

    def due_dates(self) -> set[date]:
        """Return the due dates on which anything but penalty is unpaid."""
        return {state.entry.due_date for state in self.open if not state.is_paid}

    def largest_penalty(self, *, on: date) -> tuple[InstallmentState, int] | None:
        """Return the instalment with the most penalty due on a day, and the amount; None if none is due."""
        due = [(state.penalty_due_minor(on), number) for number, state in enumerate(self.open)]
        amount, number = max(due, default=(0, 0))
        return (self.open[number], amount) if amount else None

    def _use_credit(self, on: date) -> None:
        if self.credit_minor:
            self.credit_minor = self._spread(self.credit_minor, on)
            self._drop_settled(on)

    def _spread(self, left: int, on: date) -> int:
        for state in self.open:
            if not left or (state.entry.due_date > on and self.terms.holds_prepayment):
                break
            left = self._settle(state, left, on)
        return left

    def _settle(self, state: InstallmentState, left: int, on: date) -> int:
        for component in self.terms.allocation_order:
            if left:
                left -= state.settle(component, left, on)
        return left

    def _drop_settled(self, on: date) -> None:
        self.open = [state for state in self.open if state.is_open(on)]

"""One simulated account: what it does is written into the days' plans and into its own ledger at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from accounts.rules.entries import InstallmentEntry
from accounts.rules.terms import Component
from riskops.simulation.entries import Cue, MonthPlan, NewInstallment, Paid, Waived, WrittenOff
from riskops.simulation.ledger import Ledger
from riskops.simulation.products import SimulatedProduct
from riskops.simulation.window import Window

#: Something that was done to a ledger, to be done again when a payment before it is undone.
Happening = Callable[[Ledger], None]


class PlannedAccount:
    """Plans one account; every call belongs to the month being planned, and calls come in the order of their days.

    :param remembers: whether payments can be undone (`reverse`) once they were followed by others
    """

    __slots__ = (
        *("_counts", "_happenings", "_paid_minor", "account_no", "agreed", "due_day", "ledger", "plan", "product", "window"),
    )

    def __init__(
        self, account_no: str, product: SimulatedProduct, window: Window, *, due_day: int, remembers: bool = False
    ) -> None:
        self.account_no = account_no
        self.product = product
        self.window = window
        self.due_day = due_day
        self.ledger = Ledger(product.terms)
        self.plan: MonthPlan = {}
        #: What a plan that was signed asks for: due dates and amounts in minor units.
        self.agreed: list[tuple[date, int]] = []
        self._counts: dict[str, int] = {}
        self._happenings: dict[str, Happening] | None = {} if remembers else None
        self._paid_minor: dict[str, int] = {}

    def due_date(self, month: int) -> date:
        """Return the day of a month on which the account's instalments fall due."""
        return self.window.day(month, self.due_day)

    def order(self, on: date, *, amount_minor: int, parts: int, first_due_month: int, fee_minor: int = 0) -> str:
        """Book a purchase in equal monthly parts, the odd cents in the last one, and return the order's number."""
        number = self._number("O", on)
        each, odd = divmod(amount_minor, parts)
        interest = amount_minor * self.product.monthly_interest_ppm // 1_000_000
        entries = [
            InstallmentEntry(
                0,
                number,
                part + 1,
                on,
                self.due_date(first_due_month + part),
                each + (odd if part == parts - 1 else 0),
                interest,
                0 if part else fee_minor,
            )
            for part in range(parts)
        ]
        # Neither its key nor what becomes of it later: what was agreed.
        self.plan[on].installments += [NewInstallment(self.account_no, *entry[1:8]) for entry in entries]
        self._happen(number, lambda ledger: ledger.book(entries, on=on))
        return number

    def pay(
        self,
        on: date,
        amount_minor: int,
        *,
        channel: str,
        arrives_on: date | None = None,
        directed_to: tuple[str, int] | None = None,
        desk_reason: str = "",
    ) -> str:
        """Pay an amount and return the payment's number; by file, or at the desk if there is a reason to note.

        :param arrives_on: the day whose file brings it; default: the day it was paid
        """
        number = self._number("P", on)
        paid = Paid(number, self.account_no, on, amount_minor, channel, directed_to, reason=desk_reason)
        if desk_reason:
            self.plan[on].desk.append(paid)
        else:
            self.plan[arrives_on or on].payments.append(paid)
        self._happen(number, lambda ledger: ledger.pay(amount_minor, on=on, directed_to=directed_to))
        if self._happenings is not None:
            self._paid_minor[number] = amount_minor
        return number

    def owed_minor(self, on: date, *, through_month: int) -> int:
        """Return what a day's payment must be for nothing due by a month's end to be left."""
        return self.ledger.owed_minor(due_by=self.window.month_end(through_month), on=on)

    def pay_owed(self, on: date, *, through_month: int, channel: str, desk_reason: str = "") -> str:
        """Pay exactly what falls due by a month's end and return the payment's number, empty if nothing is owed."""
        amount_minor = self.owed_minor(on, through_month=through_month)
        return self.pay(on, amount_minor, channel=channel, desk_reason=desk_reason) if amount_minor else ""

    def bounce(self, on: date, amount_minor: int, *, channel: str, reversed_on: date) -> None:
        """Make a payment that is undone before anything else happens on the account."""
        number = self._number("P", on)
        self.plan[on].payments.append(Paid(number, self.account_no, on, amount_minor, channel))
        undone = Paid(f"{number}-R", self.account_no, reversed_on, amount_minor, channel, reverses=number)
        self.plan[reversed_on].payments.append(undone)

    def reverse(self, payment_no: str, *, on: date, value_date: date, reason: str) -> None:
        """Undo an earlier payment at the desk on a day, with effect from a value date: as if it had never been made."""
        if self._happenings is None:
            raise ValueError(f"{self.account_no} does not remember its payments")
        amount_minor = self._paid_minor[payment_no]
        undone = Paid(f"{payment_no}-R", self.account_no, value_date, amount_minor, "", reverses=payment_no, reason=reason)
        self.plan[on].desk.append(undone)
        del self._happenings[payment_no]
        self.ledger = Ledger(self.product.terms)
        for happening in self._happenings.values():
            happening(self.ledger)

    def payments_of(self, month: int) -> list[str]:
        """Return the numbers of the payments made in a month (of accounts that remember them)."""
        stem = f"{self.account_no}-P{self.window.label(month)}-"
        return [number for number in self._paid_minor if number.startswith(stem)]

    def owed_on(self, order_no: str, sequence: int, *, on: date) -> int:
        """Return what is owed on one instalment on a day."""
        states = [state for state in self.ledger.open if (state.entry.order_no, state.entry.sequence) == (order_no, sequence)]
        return sum(sum(state.unpaid.values()) + state.penalty_due_minor(on) for state in states)

    def waive(self, on: date, order_no: str, sequence: int, component: Component, amount_minor: int, *, reason: str) -> None:
        """Have an amount given up at the desk, before the day's file comes."""
        number = self._number("W", on)
        waived = Waived(number, self.account_no, order_no, sequence, component, amount_minor, reason)
        self.plan[on].waivers.append(waived)
        self._happen(number, lambda ledger: ledger.waive(order_no, sequence, component, amount_minor, on=on))

    def write_off(self, on: date, *, reason: str) -> None:
        """Take the account out of the performing book."""
        self.plan[on].write_offs.append(WrittenOff(f"{self.account_no}-X", self.account_no, reason))

    # --- what acts of casework and recovery do, and the account's own ledger must know of ----------------------------------

    def cue(self, on: date, what: str, **how: Any) -> None:
        """Have an act of casework or recovery do something on the account; `how` as in `Cue`."""
        self.plan[on].cues.append(Cue(self.account_no, what, **how))

    def corrected(self, on: date, order_no: str, sequence: int, component: Component, amount_minor: int) -> None:
        """Note that an act gives up an amount."""
        self._happen(self._number("D", on), lambda ledger: ledger.waive(order_no, sequence, component, amount_minor, on=on))

    def cancelled(self, order_no: str) -> None:
        """Note that an act cancels an order: nothing of it is owed, and what was paid on it is paid back."""
        self._happen(f"{order_no}-D", lambda ledger: ledger.cancel(order_no))

    def agree(self, on: date, *, monthly_minor: int) -> None:
        """Note that an act has a plan signed: all that is owed in instalments of so much, from the same day of next month on."""
        owed = self.owed_minor(on, through_month=self.window.months + 120)
        parts = -(-owed // monthly_minor)
        month = self.window.month_of(on)
        amounts = [monthly_minor] * (parts - 1) + [owed - monthly_minor * (parts - 1)]
        self.agreed = [(self.window.day(month + 1 + n, on.day), amount) for n, amount in enumerate(amounts)]
        self._happen(self._number("A", on), lambda ledger: ledger.open.clear())

    def pay_agreed(self, month: int, *, channel: str) -> None:
        """Pay what a plan asks for in a month, on its due date."""
        for due, amount_minor in self.agreed:
            if self.window.month_of(due) == month:
                self.pay(due, amount_minor, channel=channel)

    def months_late(self, month: int) -> int:
        """Return the bucket at a month's end, but counted on beyond m7."""
        oldest = self.ledger.oldest_unpaid(due_by=self.window.month_end(month) - timedelta(days=1))
        return 0 if oldest is None else month - self.window.month_of(oldest) + 1

    def _number(self, kind: str, on: date) -> str:
        """Return the next number of a kind in a day's month: `S-001-P202605-1`."""
        stem = f"{self.account_no}-{kind}{on:%Y%m}"
        self._counts[stem] = number = self._counts.get(stem, 0) + 1
        return f"{stem}-{number}"

    def _happen(self, name: str, happening: Happening) -> None:
        happening(self.ledger)
        if self._happenings is not None:
            self._happenings[name] = happening

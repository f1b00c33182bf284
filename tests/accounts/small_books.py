"""Short ways to write down an account for the tests of the rules; amounts in minor units."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from accounts.rules.entries import InstallmentEntry, PaymentEntry, WaiverEntry
from accounts.rules.replay import RebuiltAccount, rebuild
from accounts.rules.terms import Component, Terms

OPENED = date(2025, 1, 1)


def due(
    on: date,
    principal: int = 0,
    *,
    key: int = 1,
    interest: int = 0,
    fee: int = 0,
    booked_on: date = OPENED,
    order_no: str = "O1",
    sequence: int | None = None,
) -> InstallmentEntry:
    """Return an instalment due on a day; its sequence is its key unless told."""
    return InstallmentEntry(key, order_no, sequence or key, booked_on, on, principal, interest, fee)


def paid(
    on: date, amount: int, *, key: int = 1, no: str | None = None, to: int | None = None, undone: date | None = None
) -> PaymentEntry:
    """Return a payment; `to` is the key of the instalment it names, `undone` the day of its reversal."""
    return PaymentEntry(key, no or f"T{key}", on, amount, to, undone)


def waived(on: date, amount: int, component: Component, *, installment: int = 1, key: int = 1) -> WaiverEntry:
    """Return a waiver."""
    return WaiverEntry(key, installment, component, on, amount)


def account(
    as_of: date,
    installments: Sequence[InstallmentEntry],
    payments: Sequence[PaymentEntry] = (),
    waivers: Sequence[WaiverEntry] = (),
    **terms: Any,
) -> RebuiltAccount:
    """Return the account at the close of a day under a product's terms."""
    return rebuild(terms=Terms(**terms), installments=installments, payments=payments, waivers=waivers, as_of=as_of)


def allocated(found: RebuiltAccount) -> list[tuple[int, int, str, int, date]]:
    """Return the allocations as (payment, instalment, component, amount, day), in the order in which they were made."""
    return [
        (line.payment, line.installment, line.component.name.lower(), line.amount_minor, line.allocated_on)
        for line in found.allocations
    ]

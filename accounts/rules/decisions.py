"""What a decision may be: its kinds, its dates, the floor of a limit, the gate of an acceleration. Plain values only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

#: The version of these rules. A stored verdict names the one that gave it, so that a replay knows which rules to ask.
ENGINE_VERSION: Final = "1"
BASIS_POINTS: Final = 10_000


class Action(StrEnum):
    """What a decision does to an account."""

    SUSPEND_USE = "suspend_use"
    LOWER_LIMIT = "lower_limit"
    RAISE_LIMIT = "raise_limit"
    ACCELERATE = "accelerate"
    LIFT = "lift"
    WRITE_OFF = "write_off"


class Scope(StrEnum):
    """How much of the use a suspension stops."""

    ALL = "all"
    CHANNEL = "channel"
    CATEGORY = "category"
    AMOUNT = "amount"


class Status(StrEnum):
    """Where a decision stands. `SCHEDULED`: decided and noticed, in its buffer; everything after `EFFECTIVE` is an end."""

    PROPOSED = "proposed"
    SCHEDULED = "scheduled"
    EFFECTIVE = "effective"
    LIFTED = "lifted"
    EXPIRED = "expired"
    REPLACED = "replaced"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    UNDONE = "undone"


LIMIT_ACTIONS: Final = (Action.LOWER_LIMIT, Action.RAISE_LIMIT)
#: Actions that are weighed again when they are approved: by then they may take the approval of somebody else.
WEIGHED_ANEW: Final = frozenset({*LIMIT_ACTIONS, Action.ACCELERATE})
#: What stops the customer from buying.
RESTRICTING_ACTIONS: Final = (Action.SUSPEND_USE, Action.ACCELERATE)
#: What a lift can take back. A write-off is an entry of the ledger and stays; a raised limit is lowered, with notice.
LIFTABLE_ACTIONS: Final = (Action.SUSPEND_USE, Action.LOWER_LIMIT, Action.ACCELERATE)
OPEN_STATUSES: Final = (Status.PROPOSED, Status.SCHEDULED)


def first_effective_day(decided_on: date, *, buffer_days: int) -> date:
    """Return the first day a decision may be in force: the day it is decided (and noticed), and the buffer after it."""
    return decided_on + timedelta(days=buffer_days)


def settled_effective_day(asked_for: date, *, decided_on: date, buffer_days: int) -> date:
    """Return the day a decision comes into force when it is decided later than it was proposed: the buffer is never cut."""
    return max(asked_for, first_effective_day(decided_on, buffer_days=buffer_days))


def is_due(effective_on: date, *, closed_day: date) -> bool:
    """Return whether the close of a day puts a decision in force: it must stand from the first moment of the next day."""
    return effective_on <= closed_day + timedelta(days=1)


def floored_limit(asked_minor: int, *, owed_minor: int) -> int:
    """Return the limit asked for, never under the balance owed. Minor units."""
    return max(asked_minor, owed_minor)


@dataclass(frozen=True, slots=True)
class OrderOwed:
    """One order sold in instalments, in minor units.

    :param price_minor: the whole price: principal, interest and fee of all its instalments
    :param due_unpaid_minor: what of it is due and not paid, penalty left out (it is no part of the price)
    :param unpaid_minor: what of it is not paid at all, due or not
    """

    order_no: str
    price_minor: int
    due_unpaid_minor: int
    unpaid_minor: int


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether full repayment may be demanded: the orders of which enough is overdue, and what would be demanded of them."""

    share_bp: int
    orders: tuple[str, ...]
    due_unpaid_minor: int
    price_minor: int
    demanded_minor: int

    @property
    def is_met(self) -> bool:
        """Whether any order is overdue by the share or more."""
        return bool(self.orders)


def acceleration_gate(orders: Iterable[OrderOwed], *, share_bp: int) -> Gate:
    """Return the orders of which the unpaid due part is at least the share (basis points) of the whole price.

    Judged order by order: each is a sale of its own. `due_unpaid_minor` and `price_minor` of an unmet gate are those of the
    order that comes nearest, so that a refusal can say how far off it is.

    Source: Civil Code 634: one fifth of the whole price, a demand, a reasonable period.
    """
    known = [order for order in orders if order.price_minor > 0]
    met = [o for o in known if o.due_unpaid_minor > 0 and o.due_unpaid_minor * BASIS_POINTS >= o.price_minor * share_bp]
    shown: Sequence[OrderOwed] = met or sorted(known, key=lambda o: o.due_unpaid_minor * BASIS_POINTS // o.price_minor)[-1:]
    return Gate(
        share_bp=share_bp,
        orders=tuple(sorted(order.order_no for order in met)),
        due_unpaid_minor=sum(order.due_unpaid_minor for order in shown),
        price_minor=sum(order.price_minor for order in shown),
        demanded_minor=sum(order.unpaid_minor for order in met),
    )


def flips(ended_on: Iterable[date], *, today: date, within_days: int) -> int:
    """Return how often a restriction was lifted by itself in the days before today (today included)."""
    first = today - timedelta(days=within_days - 1)
    return sum(1 for day in ended_on if first <= day <= today)

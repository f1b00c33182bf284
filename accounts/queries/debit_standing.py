"""What of an account may be taken on a day, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import Sum

from accounts.models import AccountSignals, DebitInstruction, DebitTry, Decision
from accounts.queries.entries import AccountEntries
from accounts.rules.decisions import Action, Status
from accounts.rules.simulation import due_by, owed

#: Signals that stop every debit, in the order in which they are named.
STOPPING: Final = ("is_fraud_suspected", "is_disputed", "is_on_hold")


@dataclass(frozen=True, slots=True)
class DebitStanding:
    """What may be taken of one account; minor units.

    :param due_minor: due by the day, or everything owed where a demand for full repayment stands
    :param ordered_minor: what is ordered or with the provider already
    :param held_by: the signal that stops every debit; "" for none
    """

    due_minor: int
    ordered_minor: int
    has_demand: bool
    held_by: str

    @property
    def takeable_minor(self) -> int:
        """What one more debit may take."""
        return max(0, self.due_minor - self.ordered_minor)


def held_by(account_id: int) -> str:
    """Return the first signal that stops debits of an account, "" for none."""
    signals = AccountSignals.objects.filter(pk=account_id).values(*STOPPING).first() or {}
    return next((name for name in STOPPING if signals.get(name)), "")


def has_demand(account_id: int) -> bool:
    """Return whether a demand for full repayment is in force."""
    return Decision.objects.filter(account_id=account_id, action=Action.ACCELERATE, status=Status.EFFECTIVE).exists()


def due_of(entries: AccountEntries, day: date, *, is_demanded: bool) -> int:
    """Return what may be taken on a day at most: what is due by it, by the replay; on demand everything owed."""
    rebuilt = entries.rebuilt(day)
    return owed(rebuilt) if is_demanded else min(due_by(rebuilt), owed(rebuilt))


def with_provider(account_id: int) -> int:
    """Return what the provider was asked for and has not answered; minor units."""
    found = DebitTry.objects.filter(account_id=account_id, status=DebitTry.Status.SENT).aggregate(total=Sum("amount_minor"))
    return int(found["total"] or 0)


def ordered(account_id: int) -> int:
    """Return what is ordered and not handed over, and what is with the provider; minor units."""
    waiting = DebitInstruction.objects.filter(account_id=account_id, status=DebitInstruction.Status.SCHEDULED)
    found = waiting.aggregate(total=Sum("amount_minor"))
    return int(found["total"] or 0) + with_provider(account_id)


def debit_standing(entries: AccountEntries, day: date) -> DebitStanding:
    """Return what may be taken of an account on a day."""
    is_demanded = has_demand(entries.account_id)
    return DebitStanding(
        due_minor=due_of(entries, day, is_demanded=is_demanded),
        ordered_minor=ordered(entries.account_id),
        has_demand=is_demanded,
        held_by=held_by(entries.account_id),
    )

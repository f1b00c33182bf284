"""What of an account may be taken on a day, and what stands in the way."""

from __future__ import annotations

from collections.abc import Collection
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


def held_by(account_ids: Collection[int]) -> dict[int, str]:
    """Return, of some accounts, those that are held, with the first signal that stops their debits."""
    rows = AccountSignals.objects.filter(pk__in=account_ids).values_list("pk", *STOPPING)
    found = {pk: next((name for name, is_set in zip(STOPPING, flags, strict=True) if is_set), "") for pk, *flags in rows}
    return {pk: name for pk, name in found.items() if name}


def demanded(account_ids: Collection[int]) -> set[int]:
    """Return those of some accounts on which a demand for full repayment is in force."""
    in_force = Decision.objects.filter(account_id__in=account_ids, action=Action.ACCELERATE, status=Status.EFFECTIVE)
    return set(in_force.values_list("account_id", flat=True))


def due_of(entries: AccountEntries, day: date, *, is_demanded: bool) -> int:
    """Return what may be taken on a day at most: what is due by it, by the replay; on demand everything owed."""
    rebuilt = entries.rebuilt(day)
    return owed(rebuilt) if is_demanded else min(due_by(rebuilt), owed(rebuilt))


def with_provider(account_ids: Collection[int]) -> dict[int, int]:
    """Return what the provider was asked for and has not answered, by account; minor units."""
    sent = DebitTry.objects.filter(account_id__in=account_ids, status=DebitTry.Status.SENT)
    return dict(sent.order_by().values("account_id").annotate(total=Sum("amount_minor")).values_list("account_id", "total"))


def ordered(account_id: int) -> int:
    """Return what is ordered and not handed over, and what is with the provider; minor units."""
    waiting = DebitInstruction.objects.filter(account_id=account_id, status=DebitInstruction.Status.SCHEDULED)
    found = waiting.aggregate(total=Sum("amount_minor"))
    return int(found["total"] or 0) + with_provider([account_id]).get(account_id, 0)


def debit_standing(entries: AccountEntries, day: date) -> DebitStanding:
    """Return what may be taken of an account on a day."""
    account_id = entries.account_id
    is_demanded = bool(demanded([account_id]))
    return DebitStanding(
        due_minor=due_of(entries, day, is_demanded=is_demanded),
        ordered_minor=ordered(account_id),
        has_demand=is_demanded,
        held_by=held_by([account_id]).get(account_id, ""),
    )

"""Promises and payments as the rules take them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from accounts.models import Payment
from casework.models import Promise, PromisePart
from casework.rules.promises import Paid, Part, Pledge


def pledge_of(promise: Promise, parts: Iterable[PromisePart]) -> Pledge:
    """Return a promise as the rules take it."""
    return Pledge(
        made_on=promise.made_on,
        known_payment_id=promise.known_payment_id,
        watched_until=promise.watched_until,
        partly_from_bp=promise.partly_from_bp,
        parts=tuple(
            Part(part.due_on, part.amount_minor, part.through_minor, part.needed_minor, part.counts_until)
            for part in sorted(parts, key=lambda part: part.number)
        ),
    )


def payments_of(promises: Sequence[Promise]) -> dict[int, list[Paid]]:
    """Return the payments that promises may be kept by, by account id; one query."""
    found: dict[int, list[Paid]] = defaultdict(list)
    if not promises:
        return found
    rows = Payment.objects.received().filter(
        account_id__in={promise.account_id for promise in promises},
        paid_on__gte=min(promise.made_on for promise in promises),
        paid_on__lte=max(promise.ends_on for promise in promises),
    )
    columns = ("account_id", "pk", "paid_on", "amount_minor", "reversal__paid_on")
    for account_id, *columns_of_one in rows.order_by("paid_on", "pk").values_list(*columns):
        found[account_id].append(Paid(*columns_of_one))
    return found

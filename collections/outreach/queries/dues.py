"""What is still to be paid of accounts, by due date."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from django.db.models import F, Sum

from accounts.models import Installment

#: A due date with instalments that are open, and what is unpaid of them in minor units.
Due = tuple[date, int]


def open_dues(account_ids: Collection[int]) -> dict[int, list[Due]]:
    """Return the due dates with open instalments, the earliest first, by account; accounts without any are not there."""
    unpaid = F("principal_unpaid_minor") + F("interest_unpaid_minor") + F("fee_unpaid_minor")
    rows = Installment.objects.filter(account_id__in=account_ids, is_open=True).values("account_id", "due_date")
    found: dict[int, list[Due]] = {}
    for row in rows.annotate(unpaid=Sum(unpaid)).order_by("account_id", "due_date"):
        found.setdefault(row["account_id"], []).append((row["due_date"], row["unpaid"]))
    return found


def first_unpaid(dues: Sequence[Due]) -> Due | None:
    """Return the earliest due date with something unpaid, and how much of it is."""
    return next((due for due in dues if due[1] > 0), None)

"""Use of an account blocked by an agreement, and freed again. A part of operations that agree on one.

The caller holds the account's lock, writes the audit line, and announces what changed last of all (restrictions.py).
"""

from __future__ import annotations

from datetime import date

from accounts.models import AgreedBlock


def block_use(*, account_id: int, reference: str, since: date) -> bool:
    """Block an account from new use for an agreement, and return whether it was not.

    One that was blocked for another agreement goes on being blocked, for this one and since the same day.
    """
    there = AgreedBlock.objects.filter(pk=account_id).first()
    if there is None:
        AgreedBlock.objects.create(account_id=account_id, reference=reference, since=since)
        return True
    if there.reference == reference:
        return False
    AgreedBlock.objects.filter(pk=account_id).update(reference=reference)
    return True


def free_use(account_id: int) -> bool:
    """Free an account from what an agreement blocked, and return whether anything did."""
    return bool(AgreedBlock.objects.filter(pk=account_id).delete()[0])

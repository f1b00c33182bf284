"""What the book tells the upper rooms, after commit."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.dispatch import Signal

#: What rules see of some accounts changed outside of a close. Arguments: account_ids (tuple of int).
facts_changed = Signal()


def tell_facts_changed(account_ids: Iterable[int]) -> None:
    """Send `facts_changed` once the present transaction is committed; a listener that fails harms no other."""
    ids = tuple(account_ids)
    if ids:
        transaction.on_commit(lambda: facts_changed.send_robust(sender=None, account_ids=ids))

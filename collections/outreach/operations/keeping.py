"""What comes from outside, kept once: told again, by whomever and at the same time, it is not new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from django.db import IntegrityError, transaction

from outreach.models import MessageReceipt, ProviderEvent

Told = TypeVar("Told", ProviderEvent, MessageReceipt)


@transaction.atomic
def keep_new(rows: Sequence[Told]) -> list[Told]:
    """Keep the rows that are not kept yet, by provider and the vendor's name of the event; return them in their order."""
    if not rows:
        return []
    model = type(rows[0])
    first = {(row.provider, row.event_id): row for row in reversed(rows)}
    known = model._default_manager.filter(event_id__in={event_id for _provider, event_id in first})
    for pair in known.values_list("provider", "event_id"):
        first.pop(pair, None)
    # Always in the same order, or two who are told the same things would wait for each other.
    new = [first[pair] for pair in sorted(first)]
    try:
        with transaction.atomic():
            model._default_manager.bulk_create(new)
    except IntegrityError:
        # Somebody was told at the same time.
        new = [row for row in new if _keep(row)]
    kept = {id(row) for row in new}
    return [row for row in rows if id(row) in kept]


def _keep(row: Told) -> bool:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return False
    return True

"""The caps on what a customer may be lent, whichever way a limit comes about: granted on application, or raised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from accounts.models import CreditAccount, LendingCap
from accounts.rules.applications import Cap


def active_caps() -> list[Cap]:
    """Return the caps in use, in a fixed order: they are kept with what was judged by them."""
    rows = LendingCap.objects.filter(is_active=True).values_list("code", "kind", "source", "most", "currency")
    return [Cap(*row) for row in rows]


def caps_as_input(caps: Sequence[Cap]) -> list[dict[str, Any]]:
    """Return caps as plain JSON."""
    return [asdict(cap) for cap in caps]


def limits_beside(account_id: int | None, *, customer_id: int, currency: str, unwritten: Mapping[int, int] | None = None) -> int:
    """Return the limits of a customer's lines in a currency but one, in minor units. What is written off lends no more.

    :param account_id: the line that is changed; None where one is opened
    :param unwritten: limits by account that the caller has changed and not written yet
    """
    lines = CreditAccount.objects.filter(customer_id=customer_id, product__currency=currency)
    # A line that was in no close yet has no state and counts all the same.
    beside = lines.exclude(pk=account_id or 0).exclude(state__is_written_off=True)
    changed = unwritten or {}
    return sum(changed.get(pk, limit_minor) for pk, limit_minor in beside.values_list("pk", "credit_limit_minor"))

"""Signals of accounts, noted by the operations that know them: promises, disputes, holds, restrictions, reviews, scores."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from django.db import transaction

from accounts.events import tell_facts_changed
from accounts.models import AccountSignals

#: The columns that the close and the one-account path write; nobody notes these.
AGED_SIGNALS: Final = ("last_payment_on", "dpd_month_end", "utilization_month_end_bp", "worst_dpd_6m", "late_months_6m")
_DEFAULTS: Final[dict[str, Any]] = {
    field.attname: field.get_default() for field in AccountSignals._meta.concrete_fields if not field.primary_key
}
#: Rows that go into one statement.
_AT_ONCE: Final = 500
NOTED_SIGNALS: Final = tuple(name for name in _DEFAULTS if name not in AGED_SIGNALS)


@transaction.atomic
def note_signals(account_id: int, **columns: Any) -> bool:
    """Write columns of an account's signals and return whether anything changed. A row is made only where it says something.

    A part of operations: the caller has locked what its decision rests on and writes the audit line. Who listens to
    `facts_changed` hears of the change after commit.

    :param columns: any of `NOTED_SIGNALS`
    :raises ValueError: a column that is not noted in this way
    """
    unknown = sorted(set(columns) - set(NOTED_SIGNALS))
    if unknown:
        raise ValueError(f"no signals to be noted: {', '.join(unknown)}; there are {', '.join(NOTED_SIGNALS)}")
    changed = write_signals(account_id, columns)
    if changed:
        tell_facts_changed([account_id])
    return changed


@transaction.atomic
def note_signals_of(account_ids: Collection[int], **columns: Any) -> None:
    """Write the same columns for many accounts of a shard, in a few statements. Nobody is told: a part of the close's steps,
    before those that go by what it notes.

    :param columns: any of `NOTED_SIGNALS`
    :raises ValueError: a column that is not noted in this way
    """
    unknown = sorted(set(columns) - set(NOTED_SIGNALS))
    if unknown:
        raise ValueError(f"no signals to be noted: {', '.join(unknown)}")
    AccountSignals.objects.bulk_create(
        [AccountSignals(account_id=account_id, **columns) for account_id in sorted(account_ids)],
        update_conflicts=True,
        unique_fields=["account"],
        update_fields=list(columns),
        batch_size=_AT_ONCE,
    )


def write_signals(account_id: int, columns: dict[str, Any]) -> bool:
    """Write the columns if they differ and return whether they did. Call it inside a transaction."""
    stored = AccountSignals.objects.select_for_update().filter(pk=account_id).values(*columns).first()
    if (_DEFAULTS | columns if stored is None else columns) == (stored or _DEFAULTS):
        return False
    if stored is not None:
        AccountSignals.objects.filter(pk=account_id).update(**columns)
        return True
    # Two may come here at once for an account without a row: the second writes its own columns over the first one's.
    AccountSignals.objects.bulk_create(
        [AccountSignals(account_id=account_id, **columns)],
        update_conflicts=True,
        unique_fields=["account"],
        update_fields=list(columns),
    )
    return True

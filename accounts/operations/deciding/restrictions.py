"""What follows when restrictions change: the feed of the payment platform, and what rules see of the account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from django.db.models import Max

from accounts.models import AccountSignals, Restriction, RestrictionChange
from riskops.shared.rows import update_rows
from riskops.shared.sql import execute, is_postgresql

#: An arbitrary number that nothing else in the database uses as an advisory lock.
_LOCK_NUMBER: Final = 7_204_312
_AT_ONCE: Final = 1_000


def announce(account_ids: Iterable[int]) -> int:
    """Number the change of the accounts' restrictions or limits for the feed; return how many accounts.

    Call it last in a transaction, after every other lock: from here to the commit all announcements wait for each other, so
    that numbers become visible in their order and a reader with a cursor misses none.
    """
    ids = sorted(set(account_ids))
    if not ids:
        return 0
    take_turn()
    RestrictionChange.objects.bulk_create([RestrictionChange(account_id=account_id) for account_id in ids], batch_size=2_000)
    return len(ids)


def take_turn() -> None:
    """Wait until no other transaction is about to announce. SQLite has one writer at a time anyway."""
    if is_postgresql():
        execute(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})")


def note_restricted(account_ids: Iterable[int]) -> None:
    """Bring the signals that rules see, `restricted` and the days since, in line with the restrictions in force.

    For many accounts at once; the caller holds their locks. `restricted_on` keeps the last day after a restriction is gone.
    """
    ids = sorted(set(account_ids))
    for start in range(0, len(ids), _AT_ONCE):
        _note(ids[start : start + _AT_ONCE])


def _note(ids: Sequence[int]) -> None:
    since = dict(
        Restriction.objects.filter(account_id__in=ids).order_by("account_id").values_list("account_id").annotate(Max("since"))
    )
    columns = ("is_restricted", "restricted_on")
    stored = {pk: (is_on, on) for pk, is_on, on in AccountSignals.objects.filter(pk__in=ids).values_list("pk", *columns)}
    wanted = {pk: (pk in since, since.get(pk) or stored.get(pk, (False, None))[1]) for pk in ids}
    update_rows(AccountSignals, columns, [(pk, *wanted[pk]) for pk in ids if pk in stored and stored[pk] != wanted[pk]])
    AccountSignals.objects.bulk_create(
        [
            AccountSignals(account_id=pk, is_restricted=True, restricted_on=since[pk])
            for pk in ids
            if pk in since and pk not in stored
        ],
        update_conflicts=True,
        unique_fields=["account"],
        update_fields=list(columns),
    )

"""Month-ends before the first close (or between), filled in from the entries: *rebuilt*, and labelled so for ever."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import transaction

from accounts.bulk.signals import month_ends_before, write_history
from accounts.bulk.snapshot import partition_for_rebuilt, partition_name
from accounts.models.account import CreditAccount
from accounts.models.snapshot import AccountSnapshot
from accounts.queries.entries import in_chunks, load_entries
from accounts.rules.replay import AgingState
from accounts.tiers import tiers
from casework.queries.cases.reasons import reasons_on
from dashboards.bulk import REBUILDING_RUN, aggregate_moves, aggregate_snapshots, finish_aggregate
from dashboards.rules.months import month_ends_between, shifted
from riskops.shared import audit
from riskops.shared.day import hold_book
from riskops.shared.rows import insert_rows
from riskops.shared.sql import execute, is_postgresql

_COLUMNS: Final = (
    *("as_of", "account", "product", "opened_on", "provenance", *AgingState._fields, "is_written_off", "tier"),
    "lateness_reason",
)
_LARGEST_ID: Final = 2**63 - 1


class MonthNotClosed(ValueError):
    """A month-end past the last closed day has no figures to rebuild; the message says which."""


@dataclass(frozen=True, slots=True)
class FilledMonth:
    """What was done about a month-end: the snapshots written, or None where it had its own already and was left alone."""

    as_of: date
    accounts: int | None


def fill_month_ends(first: date, last: date, *, actor: audit.Actor) -> Iterator[FilledMonth]:
    """Write rebuilt snapshots and sums for each month-end in [first, last] that has none, and yield what was done.

    A month-end that has snapshots, reported or rebuilt, is never rewritten. One transaction a month: stopped half-way, the
    month is not there.

    :raises MonthNotClosed: the range holds no month-end up to the last closed day
    """
    with transaction.atomic():
        business_date = hold_book().business_date
    days = [day for day in month_ends_between(first, last) if business_date is not None and day <= business_date]
    if not days:
        closed = f"the last closed day is {business_date:%Y-%m-%d}" if business_date else "no day is closed yet"
        raise MonthNotClosed(f"no closed month-end lies between {first:%Y-%m-%d} and {last:%Y-%m-%d}; {closed}")
    for day in days:
        yield _fill(day, actor)


@transaction.atomic
def _fill(as_of: date, actor: audit.Actor) -> FilledMonth:
    # Keeps closes and imports out while the month is read; postings wait for nothing here.
    business_date = hold_book().business_date
    if AccountSnapshot.objects.filter(as_of=as_of).exists():
        return FilledMonth(as_of, None)
    partition_for_rebuilt(as_of)
    written = 0
    accounts = CreditAccount.objects.filter(opened_on__lte=as_of).order_by("pk")
    for chunk in in_chunks(accounts.values_list("pk", flat=True).iterator()):
        rows = list(_rows(chunk, as_of))
        insert_rows(AccountSnapshot, _COLUMNS, rows)
        written += len(rows)
    if is_postgresql():
        # Without figures about the new rows the planner takes them for a handful and joins them one by one.
        execute(f"ANALYZE {partition_name(as_of)}")
    aggregate_snapshots(as_of=as_of, run_id=REBUILDING_RUN, shard=0, first_account_id=0, last_account_id=_LARGEST_ID)
    finish_aggregate(as_of=as_of, run_id=REBUILDING_RUN, provenance=AccountSnapshot.Provenance.REBUILT)
    # The month after had nothing to come from until now.
    aggregate_moves(shifted(as_of, 1))
    if business_date is not None and as_of in month_ends_before(business_date):
        # Rules see the last six month-ends of each account: one of them is known only now.
        write_history(as_of=business_date, first_account_id=0, last_account_id=_LARGEST_ID, keep_scores=False)
    audit.record(
        actor=actor,
        action="snapshot.rebuild",
        subject_type="snapshot",
        subject_key=as_of.isoformat(),
        after={"accounts": written},
    )
    return FilledMonth(as_of, written)


def _rows(account_ids: list[int], as_of: date) -> Iterator[tuple[Any, ...]]:
    products = dict(CreditAccount.objects.filter(pk__in=account_ids).values_list("pk", "product_id"))
    entries_of = load_entries(account_ids)
    rebuilt_of = {account_id: entries.rebuilt(as_of) for account_id, entries in entries_of.items()}
    placed = tiers().known([(entries_of[account_id], rebuilt) for account_id, rebuilt in rebuilt_of.items()], as_of=as_of)
    reasons = reasons_on(account_ids, as_of)
    for account_id, entries in entries_of.items():
        yield (
            as_of,
            account_id,
            products[account_id],
            entries.opened_on,
            AccountSnapshot.Provenance.REBUILT.value,
            *rebuilt_of[account_id].state,
            entries.is_written_off(as_of),
            placed.get(account_id, ""),
            reasons.get(account_id, ""),
        )

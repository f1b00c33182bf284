"""Accounts brought to a day from their entries: the one-account path, and the intricate cases of the whole-book one.

Every entry is read, replayed (accounts/rules/replay.py), and what differs from the book is written. Whatever was wrong in
the derived columns before is right afterwards. See docs/ledger.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any, Final

from django.db import transaction

from accounts.events import tell_facts_changed
from accounts.models import AccountSignals, AccountState, Allocation, CreditAccount, Installment, Payment, ReportedState
from accounts.queries.entries import (
    DERIVED_COLUMNS,
    AccountEntries,
    StoredInstallment,
    in_chunks,
    load_entries,
    stored_allocations,
)
from accounts.rules.entries import AllocationLine
from accounts.rules.replay import AgingState, RebuiltAccount
from riskops.shared.day import DayPosition
from riskops.shared.rows import Row, delete_rows, insert_rows, update_rows, upsert_rows

_STATE_COLUMNS: Final = (*DERIVED_COLUMNS, "ahead_on")
_ALLOCATION_COLUMNS: Final = ("payment", "installment", "component", "amount_minor", "allocated_on", "account")
_REPORTED_COLUMNS: Final = (*DERIVED_COLUMNS, "tier")


@transaction.atomic
def rebuild_accounts(account_ids: Iterable[int], *, as_of: date, ahead_on: date | None) -> int:
    """Bring the accounts to the close of a day from all their entries; write what differs and return how many accounts did.

    Locks the states in id order. Afterwards entries dated up to the day are posted and later ones wait, allocations are those
    of the replay, an instalment not booked yet is wholly unpaid. An account without a state row gets one.

    :param ahead_on: the open day that the states then include; None when `as_of` is the last closed day
    """
    return sum(_rebuild(chunk, as_of=as_of, ahead_on=ahead_on) for chunk in in_chunks(sorted(set(account_ids))))


@transaction.atomic
def rebuild_where_they_stand(account_ids: Iterable[int], *, business_date: date) -> int:
    """Rebuild accounts after entries of closed days came in: each at the day its state stands at; return how many changed.

    What the last close reported of them is kept first. Call it within `hold_book`, after the entries are written and before
    new accounts get a state row by any other way: an account without one was in no report.
    """
    changed = 0
    for chunk in in_chunks(sorted(set(account_ids))):
        keep_reported(chunk, reported_day=business_date)
        ahead = {pk: on for pk, on in lock_states(chunk).values_list("pk", "ahead_on") if on and on > business_date}
        for on, ids in groupby(sorted(chunk, key=lambda pk: ahead.get(pk, business_date)), key=ahead.get):
            changed += _rebuild(list(ids), as_of=on or business_date, ahead_on=on)
    return changed


def lock_states(account_ids: Sequence[int]) -> Any:
    """Return the states of the accounts as a query that locks them, in id order. Those without a row are not made here."""
    return AccountState.objects.select_for_update().filter(pk__in=account_ids).order_by("pk")


def lock_accounts(account_ids: Sequence[int]) -> tuple[dict[int, AccountState], list[CreditAccount]]:
    """Return states by id and accounts with their products, all locked: whoever changes both takes them by this.

    States first, then accounts, each in id order. Postings and the close lock states alone; whoever began with the account
    would hold it against somebody who has the state already, and each would wait for the other.
    """
    states: dict[int, AccountState] = {state.pk: state for state in lock_states(account_ids)}
    accounts = CreditAccount.objects.select_for_update(of=("self",)).filter(pk__in=account_ids).order_by("pk")
    return states, list(accounts.select_related("product"))


def keep_reported(account_ids: Sequence[int], *, reported_day: date) -> None:
    """Keep what the close of a day found for the accounts, before it is changed; what is kept already stays as it is.

    An account without a state, or opened after the day, was in no report and is marked so.
    """
    kept = set(ReportedState.objects.filter(as_of=reported_day, account_id__in=account_ids).values_list("account_id", flat=True))
    wanted = [pk for pk in account_ids if pk not in kept]
    if not wanted:
        return
    rows: list[ReportedState] = []
    for account_id, opened_on, *columns in lock_states(wanted).values_list("pk", "opened_on", *_REPORTED_COLUMNS):
        figures = dict(zip(_REPORTED_COLUMNS, columns, strict=True)) if opened_on <= reported_day else {"is_absent": True}
        rows.append(ReportedState(account_id=account_id, as_of=reported_day, **figures))
    found = {row.account_id for row in rows}
    rows += [ReportedState(account_id=pk, as_of=reported_day, is_absent=True) for pk in wanted if pk not in found]
    # Two postings on an account that has no state yet may both come here; the second finds the first one's row.
    ReportedState.objects.bulk_create(rows, ignore_conflicts=True)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a posting did to its account, for the audit trail: the figures of one day without the entry and with it.

    :param as_of: the day of both; None if the entry waits for its close
    """

    as_of: date | None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


def take_effect(
    account_id: int, *, value_date: date, position: DayPosition, without: Callable[[AccountEntries], AccountEntries]
) -> Effect:
    """Rebuild an account after an entry of `value_date` was made, unless the entry waits for the close of its day.

    Call it inside the operation's transaction, after `hold_day` gave the position and the entry is in.

    :param without: returns the account's entries less the one just made
    """
    if position.open_day is None or value_date > position.open_day:
        return Effect(None)
    state = lock_states([account_id]).first()
    if position.reported_day is not None:
        keep_reported([account_id], reported_day=position.reported_day)
    if state is None:
        _make_states([account_id])
        state = lock_states([account_id]).get()
    # While a close runs, its steps may have brought the account to the day being closed already.
    days = (position.business_date, state.ahead_on, position.closing, value_date)
    as_of = max(day for day in days if day is not None)
    ahead_on = as_of if position.business_date is None or as_of > position.business_date else None
    entries = load_entries([account_id])
    _rebuild([account_id], as_of=as_of, ahead_on=ahead_on, entries=entries)
    tell_facts_changed([account_id])
    # Not the state as it stood: that may be of the day before, and would show a day passing as the entry's doing.
    account = entries[account_id]
    return Effect(as_of, figures(without(account).rebuilt(as_of).state), figures(account.rebuilt(as_of).state))


def figures(state: AgingState) -> dict[str, Any]:
    """Return what the audit trail keeps of a state; amounts in minor units."""
    return {
        "days_past_due": state.days_past_due,
        "bucket": f"m{state.bucket}",
        "overdue_total_minor": state.overdue_total_minor,
        "penalty_due_minor": state.penalty_due_minor,
        "outstanding_principal_minor": state.outstanding_principal_minor,
        "credit_balance_minor": state.credit_balance_minor,
    }


def _make_states(account_ids: Sequence[int]) -> None:
    """Give accounts their state row; one that somebody else makes at the same time is waited for."""
    copied = ("product_id", "opened_on", "credit_limit_minor")
    accounts = CreditAccount.objects.filter(pk__in=account_ids).values("pk", *copied)
    AccountState.objects.bulk_create(
        [AccountState(account_id=account.pop("pk"), **account) for account in accounts], ignore_conflicts=True
    )


def _rebuild(
    account_ids: Sequence[int], *, as_of: date, ahead_on: date | None, entries: dict[int, AccountEntries] | None = None
) -> int:
    """Rebuild up to a chunk of accounts, given in id order; their entries are loaded unless the caller has them."""
    states = {row[0]: row[1:] for row in lock_states(account_ids).values_list("pk", *_STATE_COLUMNS)}
    missing = [pk for pk in account_ids if pk not in states]
    if missing:
        _make_states(missing)
        states |= {row[0]: row[1:] for row in lock_states(missing).values_list("pk", *_STATE_COLUMNS)}
    allocations = stored_allocations(account_ids)
    payment_days = dict(AccountSignals.objects.filter(pk__in=account_ids).values_list("pk", "last_payment_on"))
    differences = _Differences()
    for account_id, account in (load_entries(account_ids) if entries is None else entries).items():
        differences.find(
            account,
            account.rebuilt(as_of),
            state=states[account_id],
            ahead_on=ahead_on,
            allocations=allocations.get(account_id, {}),
            last_payment_on=payment_days.get(account_id),
        )
    differences.write()
    return len(differences.accounts)


@dataclass(slots=True)
class _Differences:
    """What must be written to make the derived columns of many accounts equal to the replay's."""

    accounts: set[int] = field(default_factory=set)
    installments: list[Row] = field(default_factory=list)
    stale_allocations: list[int] = field(default_factory=list)
    new_allocations: list[Row] = field(default_factory=list)
    postings: list[Row] = field(default_factory=list)
    states: list[Row] = field(default_factory=list)
    payment_days: list[Row] = field(default_factory=list)

    def find(
        self,
        entries: AccountEntries,
        rebuilt: RebuiltAccount,
        *,
        state: tuple[Any, ...],
        ahead_on: date | None,
        allocations: dict[AllocationLine, int],
        last_payment_on: date | None,
    ) -> None:
        """Add what differs for one account."""
        account_id = entries.account_id
        wanted = entries.derived_installments(rebuilt)
        installments = [
            (entry.key, *columns)
            for entry, stored, columns in zip(entries.installments, entries.stored, wanted, strict=True)
            if stored != columns
        ]
        lines = set(rebuilt.allocations)
        stale = [key for line, key in allocations.items() if line not in lines]
        new = [(*line, account_id) for line in rebuilt.allocations if line not in allocations]
        postings = [
            (entry.payment, entry.value_date <= rebuilt.as_of)
            for entry in entries.postings
            if entry.is_posted != (entry.value_date <= rebuilt.as_of)
        ]
        columns = (*entries.derived_state(rebuilt), ahead_on)
        self.installments += installments
        self.stale_allocations += stale
        self.new_allocations += new
        self.postings += postings
        if columns != tuple(state) or installments:
            # The next aging is to look at it, whatever day it expected to.
            self.states.append((account_id, *columns, None))
            self.accounts.add(account_id)
        elif stale or new or postings:
            self.accounts.add(account_id)
        paid_on = entries.last_payment_on(rebuilt.as_of)
        if paid_on != last_payment_on:
            self.payment_days.append((account_id, paid_on))
            self.accounts.add(account_id)

    def write(self) -> None:
        """Write everything found, a statement a table."""
        delete_rows(Allocation, self.stale_allocations)
        update_rows(Installment, StoredInstallment._fields, self.installments)
        insert_rows(Allocation, _ALLOCATION_COLUMNS, self.new_allocations)
        update_rows(Payment, ["is_posted"], self.postings)
        update_rows(AccountState, [*_STATE_COLUMNS, "moves_on"], self.states)
        upsert_rows(AccountSignals, ["last_payment_on"], self.payment_days)

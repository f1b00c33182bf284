"""The book held against its entries: every derived column, recomputed in plain Python and compared.

Nothing is written and nothing is mended: rebuilding does that, once a person has looked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from django.db.models import Max

from accounts.models import (
    AccountSnapshot,
    AccountState,
    CreditAccount,
    Installment,
    InstallmentCancellation,
    Payment,
    Refund,
    ReportedState,
    ScheduleChange,
    Waiver,
    WriteOff,
)
from accounts.queries.entries import (
    DERIVED_COLUMNS,
    AccountEntries,
    StoredInstallment,
    in_chunks,
    load_entries,
    stored_allocations,
)
from accounts.queries.known import AgedAccount, accounts_opened_by
from accounts.queries.reported import reported_states
from accounts.rules.entries import AllocationLine, InstallmentEntry
from riskops.shared.day import SEALING_STEP, CloseIsRunning, book_state
from riskops.shared.models import AuditEntry, CloseRun, CloseShard

_NOT_THERE: Final = "nothing"
Tell = Callable[[int], None]


class Difference(NamedTuple):
    """One value that is not what the entries say. `is_late_correction`: entries that came after the close explain it."""

    account_no: str
    what: str
    stored: Any
    rebuilt: Any
    is_late_correction: bool = False

    def __str__(self) -> str:
        return f"{self.account_no} {self.what}: stored {self.stored}, rebuilt {self.rebuilt}"


def refuse_while_closing() -> None:
    """Refuse to compare the present book while its states are on their way from one day to the next.

    :raises CloseIsRunning: they are
    """
    run = CloseRun.objects.filter(is_open=True).exclude(status=CloseRun.Status.WAITING).first()
    if run is not None:
        raise CloseIsRunning(run.business_date, run.status)


def differences_now(*, tell: Tell | None = None) -> Iterator[Difference]:
    """Yield what differs in the present book: states, instalments, allocations, which entries are counted.

    Each account is compared at the day its state stands at: the last closed day, or the open day it was brought to.

    :param tell: told the number of accounts compared so far, now and then
    :raises CloseIsRunning: the states are on their way from one day to the next
    """
    refuse_while_closing()
    business_date = book_state().business_date
    if business_date is None:
        return
    done = 0
    for piece in in_chunks(CreditAccount.objects.order_by("pk").values_list("pk", flat=True).iterator()):
        states = {
            row[0]: row[1:] for row in AccountState.objects.filter(pk__in=piece).values_list("pk", "ahead_on", *DERIVED_COLUMNS)
        }
        copies = _copies(piece)
        allocations = stored_allocations(piece)
        for account_id, entries in load_entries(piece).items():
            if account_id not in states:
                # The first close after it came gives it one; until then an account opened later is in no figure.
                if entries.opened_on <= business_date:
                    yield Difference(entries.account_no, "state", _NOT_THERE, "a row")
                continue
            ahead_on, *columns = states[account_id]
            as_of = max(business_date, ahead_on or business_date)
            yield from _compared(entries, as_of, columns, allocations.get(account_id, {}))
            limit, copy, last_payment_on = copies[account_id]
            wanted = (limit, entries.last_payment_on(as_of))
            yield from _columns(
                entries.account_no, "", ("credit_limit_minor", "last_payment_on"), (copy, last_payment_on), wanted
            )
        done += len(piece)
        if tell:
            tell(done)


def _copies(account_ids: list[int]) -> dict[int, tuple[int, int, date | None]]:
    """Return the credit limit, the state's copy of it and the day of the last payment, by account, where there is a state."""
    rows = CreditAccount.objects.filter(pk__in=account_ids, state__isnull=False)
    columns = ("pk", "credit_limit_minor", "state__credit_limit_minor", "signals__last_payment_on")
    return {pk: (limit, copy, paid_on) for pk, limit, copy, paid_on in rows.values_list(*columns)}


def _compared(
    entries: AccountEntries, as_of: date, columns: Iterable[Any], allocations: dict[AllocationLine, int]
) -> Iterator[Difference]:
    rebuilt = entries.rebuilt(as_of)
    yield from _columns(entries.account_no, "", DERIVED_COLUMNS, columns, entries.derived_state(rebuilt))
    for entry, stored, derived in zip(entries.installments, entries.stored, entries.derived_installments(rebuilt), strict=True):
        if stored != derived:
            where = f"instalment {entry.order_no}/{entry.sequence} "
            yield from _columns(entries.account_no, where, StoredInstallment._fields, stored, derived)
    wanted = set(rebuilt.allocations)
    for line in sorted(wanted ^ set(allocations)):
        values = ("a row", _NOT_THERE) if line in allocations else (_NOT_THERE, "a row")
        component = line.component.name.lower()
        what = (
            f"allocation of payment id {line.payment} to instalment id {line.installment}, "
            f"{line.amount_minor} of {component} on {line.allocated_on}"
        )
        yield Difference(entries.account_no, what, *values)
    for posting in entries.postings:
        if posting.is_posted != (posting.value_date <= as_of):
            yield Difference(
                entries.account_no, f"payment id {posting.payment} is_posted", posting.is_posted, not posting.is_posted
            )


def _columns(
    account_no: str, where: str, names: Iterable[str], stored: Iterable[Any], rebuilt: Iterable[Any], *, late: bool = False
) -> Iterator[Difference]:
    for name, found, wanted in zip(names, stored, rebuilt, strict=True):
        if found != wanted:
            yield Difference(account_no, where + name, found, wanted, late)


def differences_reported(day: date, *, tell: Tell | None = None) -> Iterator[Difference]:
    """Yield where a close's findings differ from the entries of today, each marked whether later entries explain it.

    They explain it when the account rebuilt without them is what the close found.

    :param tell: told the number of accounts compared so far, now and then
    :raises DayNotReported: nothing is kept for the day; the message lists the days there are
    """
    reported = reported_states(day)
    account = next(reported, None)
    last_reported = _last_reported_id(day)
    seals = _Seals(day)
    done = 0
    for piece in accounts_opened_by(day):
        entries = load_entries([key.account_id for key in piece])
        marked_absent = set(
            ReportedState.objects.filter(account_id__in=entries, as_of=day, is_absent=True).values_list("account_id", flat=True)
        )
        differing: dict[int, AgedAccount] = {}
        for key in piece:
            if account is not None and account.account_id == key.account_id:
                known = entries[key.account_id]
                if _reported_columns(account) != known.derived_state(known.rebuilt(day)):
                    differing[key.account_id] = account
                account = next(reported, None)
            else:
                # Account ids grow: one above those of the report came into the book after it.
                late = key.account_id > last_reported or key.account_id in marked_absent
                yield Difference(key.account_no, "reported state", _NOT_THERE, "a row", late)
        if differing:
            yield from _explained(differing, entries, day, seals)
        done += len(piece)
        if tell:
            tell(done)


def _reported_columns(account: AgedAccount) -> tuple[Any, ...]:
    return (*account.state, account.is_written_off)


def _last_reported_id(day: date) -> int:
    """Return the largest account id of a month-end's report: 0 where its close found nobody, the largest there is otherwise."""
    reported = AccountSnapshot.objects.filter(as_of=day, provenance=AccountSnapshot.Provenance.REPORTED)
    last = reported.aggregate(last=Max("account_id"))["last"]
    if last is None:
        # Of snapshots that somebody deleted the run's ledger still says that there were some.
        sealed = CloseShard.objects.filter(run__business_date=day, step=SEALING_STEP)
        last = 2**63 - 1 if sealed.filter(rows__gt=0).exists() else 0
    return int(last)


def _explained(
    differing: dict[int, AgedAccount], entries: dict[int, AccountEntries], day: date, seals: _Seals
) -> Iterator[Difference]:
    """Yield the differences of accounts, with what the close could not know yet taken off the entries again."""
    late = _LateEntries(list(differing), seals)
    for account_id, found in differing.items():
        columns = _reported_columns(found)
        then = late.taken_off(entries[account_id])
        is_late = then.derived_state(then.rebuilt(day)) == columns
        rebuilt = entries[account_id].derived_state(entries[account_id].rebuilt(day))
        yield from _columns(found.account_no, "", DERIVED_COLUMNS, columns, rebuilt, late=is_late)


class _Seals:
    """When the close of a day took each range of accounts into its report."""

    def __init__(self, day: date) -> None:
        shards = CloseShard.objects.filter(run__business_date=day, step=SEALING_STEP, finished_at__isnull=False)
        self._ranges = list(shards.values_list("first_account_id", "last_account_id", "finished_at"))

    def moment(self, account_id: int) -> datetime | None:
        """Return the moment for an account; None if no close on record took it in."""
        return next((at for first, last, at in self._ranges if first <= account_id <= last), None)


class _LateEntries:
    """The entries of some accounts that were recorded after the close had sealed its report of them."""

    def __init__(self, account_ids: list[int], seals: _Seals) -> None:
        self._seals = seals
        self.payments = self._late(Payment, account_ids)
        self.installments = self._late(Installment, account_ids)
        self.waivers = self._late(Waiver, account_ids)
        write_offs = self._late(WriteOff, account_ids)
        self.written_off = set(WriteOff.objects.filter(pk__in=write_offs).values_list("account_id", flat=True))
        self.reversed = set(
            Payment.objects.filter(pk__in=self.payments, reverses__isnull=False).values_list("reverses_id", flat=True)
        )
        self.changes = self._installment_changes(account_ids)
        self.refunds = self._late(Refund, account_ids)
        cancellations = InstallmentCancellation.objects.filter(pk__in=self._late(InstallmentCancellation, account_ids))
        self.cancelled = set(cancellations.values_list("installment_id", flat=True))
        # The instalments of a new schedule are recorded with it, and are late with it.
        self.schedules = self._late(ScheduleChange, account_ids)
        self.ends = self._late(ScheduleChange, account_ids, recorded="end_recorded_at")

    def _is_late(self, account_id: int, at: datetime) -> bool:
        sealed = self._seals.moment(account_id)
        return sealed is not None and at > sealed

    def _late(self, model: Any, account_ids: list[int], *, recorded: str = "recorded_at") -> set[int]:
        rows = model.objects.filter(account_id__in=account_ids, **{f"{recorded}__isnull": False})
        return {pk for pk, account_id, at in rows.values_list("pk", "account_id", recorded) if self._is_late(account_id, at)}

    def _installment_changes(self, account_ids: list[int]) -> dict[int, list[tuple[str, dict[str, Any]]]]:
        """Return, by account, the instalments that an import changed since: (subject, values before), latest first."""
        changes: dict[int, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
        lines = AuditEntry.objects.filter(account_id__in=account_ids, action="installment.change").order_by("-id")
        for account_id, subject, before, at in lines.values_list("account_id", "subject_key", "before", "at"):
            if account_id is not None and self._is_late(account_id, at):
                changes[account_id].append((subject, before or {}))
        return changes

    def taken_off(self, entries: AccountEntries) -> AccountEntries:
        """Return the entries that the close could know, as they were then."""
        installments = [
            entry._replace(cancelled_on=None) if entry.key in self.cancelled else entry
            for entry in entries.installments
            if entry.key not in self.installments
        ]
        for subject, before in self.changes.get(entries.account_id, ()):
            installments = [
                _as_before(entry, before) if subject == f"{entries.account_no} {entry.order_no} {entry.sequence}" else entry
                for entry in installments
            ]
        return replace(
            entries,
            installments=installments,
            payments=[
                payment._replace(reversed_on=None) if payment.key in self.reversed else payment
                for payment in entries.payments
                if payment.key not in self.payments
            ],
            waivers=[waiver for waiver in entries.waivers if waiver.key not in self.waivers],
            changes=[
                change._replace(ended_on=None) if change.key in self.ends else change
                for change in entries.changes
                if change.key not in self.schedules
            ],
            refunds=[refund for refund in entries.refunds if refund.key not in self.refunds],
            written_off_on=None if entries.account_id in self.written_off else entries.written_off_on,
        )


def _as_before(entry: InstallmentEntry, before: dict[str, Any]) -> InstallmentEntry:
    """Return an instalment with the values that an audit line kept: dates as text, amounts in minor units."""
    values = {name: before[name] for name in InstallmentEntry._fields if name in before}
    for name in ("booked_on", "due_date"):
        if name in values:
            values[name] = date.fromisoformat(values[name])
    return entry._replace(**values)

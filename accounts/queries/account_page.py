"""The account page: everything known about one account as of a day, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import Case, CharField, Exists, OuterRef, Value, When

from accounts.models import (
    AccountSnapshot,
    AccountState,
    CreditAccount,
    Payment,
    Refund,
    ReportedState,
    ScheduleChange,
    Waiver,
    WriteOff,
)
from accounts.queries.entries import AccountEntries, load_entries_of
from accounts.queries.reported import states_shown_are_moving
from accounts.rules.entries import AllocationLine, InstallmentEntry
from accounts.rules.replay import AgingState, InstallmentState, RebuiltAccount
from accounts.rules.terms import Component
from accounts.tiers import tiers
from riskops.shared.day import book_shown
from riskops.shared.models import AuditEntry
from riskops.shared.people.conflicts import conflicts_on, refuse_conflict
from riskops.shared.personal import masked, masked_name
from riskops.shared.scope import scope_of

#: Month-ends on the chart and in the aging history.
MONTHS_SHOWN: Final = 24
AUDIT_ROWS: Final = 100


class NoSuchAccount(LookupError):
    """No account of that number is in the book."""


@dataclass(frozen=True, slots=True)
class AccountHead:
    """What stands at the top of the page. Amounts in minor units of `currency`; the person masked.

    :param as_of: the day the figures are for; `stands_on` is the day the book has reached for this account
    :param is_projection: the day is not closed yet; entries already known are counted, others may come
    """

    account: CreditAccount
    masked_name: str
    masked_phone: str
    masked_email: str
    masked_national_id: str
    currency: str
    minor_digits: int
    business_date: date | None
    stands_on: date
    as_of: date
    state: AgingState
    write_off: WriteOff | None
    tier: str

    @property
    def is_projection(self) -> bool:
        """Whether the day is later than the book has reached for the account."""
        return self.as_of > self.stands_on or self.business_date is None

    @property
    def is_past(self) -> bool:
        """Whether an earlier day than the one the account stands on was asked for."""
        return self.as_of < self.stands_on

    @property
    def exposure_minor(self) -> int:
        """Everything owed: outstanding principal, interest and fees, and the penalty due."""
        state = self.state
        owed = state.outstanding_principal_minor + state.outstanding_interest_minor + state.outstanding_fee_minor
        return owed + state.penalty_due_minor

    @property
    def available_minor(self) -> int:
        """What the limit leaves; zero where more than the limit is outstanding."""
        return max(0, self.account.credit_limit_minor - self.state.outstanding_principal_minor)


@dataclass(frozen=True, slots=True)
class LoadedAccount:
    """An account with its entries, and as rebuilt for the day asked for; payments, waivers and the rest as the rows they are."""

    head: AccountHead
    entries: AccountEntries
    rebuilt: RebuiltAccount
    payments: tuple[Payment, ...]
    waivers: tuple[Waiver, ...]
    changes: tuple[ScheduleChange, ...]
    refunds: tuple[Refund, ...]


def load_account(account_no: str, *, user: Any, as_of: date | None, today: date) -> LoadedAccount:
    """Return the account as known on a day; by default on the day the book has reached for it.

    :param user: who looks: their scope and their conflicts decide
    :param today: stands in for the business date before the first close
    :raises NoSuchAccount: no account of that number, or none in scope: a stranger learns nothing of the difference
    :raises ConflictDeclared: they have a conflict with its customer
    """
    in_conflict = conflicts_on(user.pk, today).filter(customer_id=OuterRef("customer_id"))
    account = (
        CreditAccount.objects.select_related("customer", "product", "state", "write_off", "signals")
        .annotate(is_in_conflict=Exists(in_conflict))
        .filter(account_no=account_no)
        .first()
    )
    if account is None or not scope_of(user).takes(account.product.product_code):
        raise NoSuchAccount(account_no)
    if account.is_in_conflict:
        # Says with whom, until when, and who can take over.
        refuse_conflict(user, account.customer_id, on=today)
    business_date = book_shown().business_date
    state: AccountState | None = getattr(account, "state", None)
    ahead_on = state.ahead_on if state else None
    stands_on = max((day for day in (business_date, ahead_on) if day), default=today)
    day = as_of or stands_on
    entries, payments, waivers, changes, refunds = load_entries_of(account)
    rebuilt = entries.rebuilt(day)
    person = account.customer.person
    head = AccountHead(
        account=account,
        masked_name=masked_name(person.get("name", "")),
        masked_phone=masked(person.get("phone", "")),
        masked_email=masked(person.get("email", "")),
        masked_national_id=masked(person.get("national_id", "")),
        currency=account.product.currency,
        minor_digits=account.product.minor_digits,
        business_date=business_date,
        stands_on=stands_on,
        as_of=day,
        state=rebuilt.state,
        write_off=getattr(account, "write_off", None) if entries.is_written_off(day) else None,
        tier=_tier(entries, rebuilt, stored=state.tier if state and day == stands_on else None),
    )
    return LoadedAccount(head, entries, rebuilt, payments, waivers, changes, refunds)


def _tier(entries: AccountEntries, rebuilt: RebuiltAccount, *, stored: str | None) -> str:
    """Return the tier it has now, for another day the one that the entries give."""
    return stored if stored is not None else tiers().known([(entries, rebuilt)], as_of=rebuilt.as_of).get(entries.account_id, "")


@dataclass(frozen=True, slots=True)
class MonthPoint:
    """The account at a month-end as known now."""

    day: date
    days_past_due: int
    bucket: int
    overdue_total_minor: int
    exists: bool


def known_month_ends(loaded: LoadedAccount, *, months: int = MONTHS_SHOWN) -> tuple[MonthPoint, ...]:
    """Return the month-ends up to the day asked for, oldest first; before the account was opened it does not exist."""
    days: list[date] = []
    first = loaded.head.as_of.replace(day=1)
    if (loaded.head.as_of + timedelta(days=1)).day == 1:
        days.append(loaded.head.as_of)
    while len(days) < months:
        day = first - timedelta(days=1)
        days.append(day)
        first = day.replace(day=1)
    return tuple(_point(loaded.entries, day) for day in reversed(days))


def _point(entries: AccountEntries, day: date) -> MonthPoint:
    if day < entries.opened_on:
        return MonthPoint(day, 0, 0, 0, False)
    state = entries.rebuilt(day).state
    return MonthPoint(day, state.days_past_due, state.bucket, state.overdue_total_minor, True)


@dataclass(frozen=True, slots=True)
class InstallmentRow:
    """An instalment as of the day; what is unpaid is None before it is booked."""

    entry: InstallmentEntry
    state: InstallmentState | None
    penalty_due_minor: int
    penalty_settled_minor: int
    days_late: int
    status: str
    #: The new schedule that took over what was owed, and the one it came with itself: their references.
    moved_to: str = ""
    came_with: str = ""

    @property
    def unpaid_minor(self) -> dict[str, int] | None:
        """The unpaid parts by name, None before the instalment is booked."""
        if self.state is None:
            return None
        return {component.name.lower(): self.state.unpaid[component] for component in Component if component != Component.PENALTY}

    @property
    def has_penalty(self) -> bool:
        """Whether there is a penalty to explain."""
        return self.penalty_due_minor > 0 or self.penalty_settled_minor > 0 or bool(self.state and self.state.accrued_micro)


def installment_rows(loaded: LoadedAccount) -> tuple[InstallmentRow, ...]:
    """Return the instalments by due date; status is one of later, past_due, due, penalty_left, paid, moved, cancelled."""
    as_of = loaded.rebuilt.as_of
    booked = {state.entry.key: state for state in loaded.rebuilt.installments}
    references = {change.pk: change.reference for change in loaded.changes}
    moved = _moved_to(loaded, references)
    rows = []
    for entry in sorted(loaded.entries.installments, key=lambda e: (e.due_date, e.order_no, e.sequence)):
        state, came_with = booked.get(entry.key), references.get(entry.change or 0, "")
        if state is None:
            is_cancelled = entry.cancelled_on is not None and entry.cancelled_on <= as_of
            status = "cancelled" if is_cancelled else "later"
            rows.append(InstallmentRow(entry, None, 0, 0, 0, status, came_with=came_with))
            continue
        penalty = state.penalty_due_minor(as_of)
        late = (as_of - entry.due_date).days if entry.due_date < as_of and not state.is_paid else 0
        moved_to = moved.get(entry.key, "")
        status = "past_due" if late else "due"
        if state.is_paid:
            status = "penalty_left" if penalty else "moved" if moved_to else "paid"
        rows.append(InstallmentRow(entry, state, penalty, state.penalty_settled_minor, late, status, moved_to, came_with))
    return tuple(rows)


def _moved_to(loaded: LoadedAccount, references: dict[int, str]) -> dict[int, str]:
    """Return the new schedules that hold something of an instalment at the close of the day, by its id."""
    left: dict[tuple[int, int], int] = defaultdict(int)
    new = {entry.key: entry.change for entry in loaded.entries.installments}
    for line in loaded.rebuilt.moved:
        if new[line.installment] != line.change:
            left[line.installment, line.change] += line.amount_minor
    return {installment: references[change] for (installment, change), amount in left.items() if amount > 0}


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment or a reversal, with what it paid as of the day. Status: counted, later, waiting, reversed, reversal."""

    payment_no: str
    paid_on: date
    amount_minor: int
    channel: str
    directed_to: str
    recorded_at: datetime
    status: str
    reversed_on: date | None
    reversed_by: str
    reverses: str
    lines: tuple[AllocationLine, ...]
    credit_minor: int

    @property
    def paid(self) -> list[tuple[int, date, list[AllocationLine]]]:
        """What it paid: the id of each instalment, the day, and the parts."""
        groups: dict[tuple[int, date], list[AllocationLine]] = defaultdict(list)
        for line in self.lines:
            groups[line.installment, line.allocated_on].append(line)
        return [(installment, day, lines) for (installment, day), lines in groups.items()]


def payment_rows(loaded: LoadedAccount) -> tuple[PaymentRow, ...]:
    """Return the payments and reversals, newest first."""
    lines: dict[int, list[AllocationLine]] = defaultdict(list)
    for line in loaded.rebuilt.allocations:
        lines[line.payment].append(line)
    payments = loaded.payments
    numbers = {payment.pk: payment for payment in payments}
    reversals = {payment.reverses_id: payment for payment in payments if payment.reverses_id}
    as_of = loaded.rebuilt.as_of
    rows = []
    for payment in sorted(payments, key=lambda p: (p.paid_on, p.payment_no), reverse=True):
        reversal = reversals.get(payment.pk)
        rows.append(
            PaymentRow(
                payment_no=payment.payment_no,
                paid_on=payment.paid_on,
                amount_minor=payment.amount_minor,
                channel=payment.channel,
                directed_to=f"{payment.order_no}/{payment.sequence}" if payment.order_no else "",
                recorded_at=payment.recorded_at,
                status=_payment_status(payment, reversal, as_of, is_past=loaded.head.is_past),
                reversed_on=reversal.paid_on if reversal else None,
                reversed_by=reversal.payment_no if reversal else "",
                reverses=numbers[payment.reverses_id].payment_no if payment.reverses_id else "",
                lines=tuple(lines.get(payment.pk, ())),
                credit_minor=loaded.rebuilt.credit_minor.get(payment.pk, 0),
            )
        )
    return tuple(rows)


def _payment_status(payment: Payment, reversal: Payment | None, as_of: date, *, is_past: bool) -> str:
    if payment.paid_on > as_of:
        return "later" if is_past or payment.is_posted else "waiting"
    if payment.reverses_id:
        return "reversal"
    if reversal is not None and reversal.paid_on <= as_of:
        return "reversed"
    return "counted"


def waivers_of(loaded: LoadedAccount) -> tuple[Waiver, ...]:
    """Return the waivers, newest first."""
    return tuple(sorted(loaded.waivers, key=lambda waiver: (waiver.value_date, waiver.pk), reverse=True))


@dataclass(frozen=True, slots=True)
class AgingRow:
    """A day as the close reported it beside what is known of it now. Provenance: reported, rebuilt, absent, or "" for none."""

    day: date
    known: MonthPoint
    provenance: str
    reported_days: int | None
    reported_bucket: int | None
    reported_overdue_minor: int | None

    @property
    def differs(self) -> bool:
        """Whether entries that came in later changed what is known of the day."""
        if self.reported_days is None:
            return False
        reported = (self.reported_days, self.reported_bucket, self.reported_overdue_minor)
        return reported != (self.known.days_past_due, self.known.bucket, self.known.overdue_total_minor)


class _Found(NamedTuple):
    """What a close found on a day. Provenance as of `AgingRow`; `kept`: put aside before the account changed on the spot."""

    day: date
    provenance: str
    days_past_due: int
    bucket: int
    overdue_total_minor: int


_OVERDUE: Final = ("overdue_principal_minor", "overdue_interest_minor", "overdue_fee_minor", "penalty_due_minor")


def _found(account_id: int, month_ends: Iterable[date], business_date: date | None) -> tuple[dict[date, _Found], _Found | None]:
    """Return what the snapshots of month-ends say, by day, and what was kept aside of the last closed day: one query."""
    columns = ("days_past_due", "bucket", *_OVERDUE)
    snapshots = AccountSnapshot.objects.filter(account_id=account_id, as_of__in=list(month_ends)).order_by()
    said = Case(When(is_absent=True, then=Value("absent")), default=Value("kept"), output_field=CharField())
    kept = (
        ReportedState.objects.filter(account_id=account_id, as_of=business_date or date.min).order_by().annotate(provenance=said)
    )
    rows = snapshots.values_list("as_of", "provenance", *columns).union(
        kept.values_list("as_of", "provenance", *columns), all=True
    )
    found = [_Found(day, provenance, late, bucket, sum(parts)) for day, provenance, late, bucket, *parts in rows]
    reported = {one.day: one for one in found if one.provenance not in ("kept", "absent")}
    return reported, next((one for one in found if one.provenance in ("kept", "absent")), None)


def aging_rows(loaded: LoadedAccount, points: tuple[MonthPoint, ...]) -> tuple[AgingRow, ...]:
    """Return the last closed day and the month-ends, newest first: reported beside known."""
    business_date = loaded.head.business_date
    reported, kept = _found(loaded.entries.account_id, [point.day for point in points], business_date)
    known = {point.day: point for point in points if point.exists}
    if business_date and loaded.entries.opened_on <= business_date <= loaded.head.as_of:
        known[business_date] = _point(loaded.entries, business_date)
        # While a close runs the state may be of the day being closed; what was kept aside is of the last closed one for certain.
        last = kept or (None if states_shown_are_moving() else _of_state(loaded, business_date))
        if last is not None and business_date not in reported:
            reported[business_date] = last
    rows = []
    for day in sorted(known, reverse=True):
        found = reported.get(day)
        if found is None or found.provenance == "absent":
            rows.append(AgingRow(day, known[day], found.provenance if found else "", None, None, None))
        else:
            provenance = "reported" if found.provenance == "kept" else found.provenance
            total = found.overdue_total_minor
            rows.append(AgingRow(day, known[day], provenance, found.days_past_due, found.bucket, total))
    return tuple(rows)


def _of_state(loaded: LoadedAccount, business_date: date) -> _Found | None:
    """Return what the last close found where nothing changed since: the state as it stands."""
    state: AccountState | None = getattr(loaded.head.account, "state", None)
    if state is None:
        return None
    return _Found(business_date, "reported", state.days_past_due, state.bucket, state.overdue_total_minor)


def audit_rows(account_id: int) -> tuple[AuditEntry, ...]:
    """Return the latest lines of the audit trail that speak of the account."""
    return tuple(AuditEntry.objects.filter(account_id=account_id).order_by("-id")[:AUDIT_ROWS])

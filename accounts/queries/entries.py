"""The entries of accounts, loaded in bulk for the replay: a fixed number of queries, however many accounts are asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Final, NamedTuple

from django.db.models import Exists, OuterRef

from accounts.models import (
    Allocation,
    CreditAccount,
    Installment,
    Payment,
    Product,
    Refund,
    ScheduleChange,
    ScheduleChangePart,
    Waiver,
)
from accounts.rules.entries import AllocationLine, ChangeEntry, InstallmentEntry, Part, PaymentEntry, RefundEntry, WaiverEntry
from accounts.rules.replay import AgingState, InstallmentState, RebuiltAccount, rebuild
from accounts.rules.terms import Component, Terms

#: Accounts whose entries are in memory at once, wherever a whole book is walked through.
ACCOUNTS_AT_ONCE: Final = 1_000

#: The columns of a state that follow from the entries.
DERIVED_COLUMNS: Final = (*AgingState._fields, "is_written_off")

_COMPONENTS: Final = {int(component): component for component in Component}


class StoredInstallment(NamedTuple):
    """The columns of an instalment that follow from the entries; amounts in minor units."""

    principal_unpaid_minor: int
    interest_unpaid_minor: int
    fee_unpaid_minor: int
    accrued_micro: int
    accrued_through: date | None
    penalty_settled_minor: int
    is_open: bool


class Posting(NamedTuple):
    """An entry of the payments table (a payment or a reversal): the day it counts from, and whether it is counted."""

    payment: int
    value_date: date
    is_posted: bool


@dataclass(slots=True)
class AccountEntries:
    """All entries of one account, and beside each instalment what is stored of it.

    `installments` and `stored` run in parallel. Entries of every day are here; `rebuilt` picks those that count.
    """

    account_id: int
    account_no: str
    opened_on: date
    minor_digits: int
    terms: Terms
    written_off_on: date | None
    has_refunds: bool = False
    installments: list[InstallmentEntry] = field(default_factory=list)
    stored: list[StoredInstallment] = field(default_factory=list)
    payments: list[PaymentEntry] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)
    waivers: list[WaiverEntry] = field(default_factory=list)
    changes: list[ChangeEntry] = field(default_factory=list)
    refunds: list[RefundEntry] = field(default_factory=list)

    def rebuilt(self, as_of: date) -> RebuiltAccount:
        """Return the account at the close of a day; before it was opened it has nothing (rule 0)."""
        if self.opened_on > as_of:
            return rebuild(terms=self.terms, installments=(), as_of=as_of)
        return rebuild(
            terms=self.terms,
            installments=self.installments,
            payments=self.payments,
            waivers=self.waivers,
            changes=self.changes,
            refunds=self.refunds,
            as_of=as_of,
        )

    def is_written_off(self, as_of: date) -> bool:
        """Return whether the account had left the performing book by the close of a day."""
        return self.written_off_on is not None and self.written_off_on <= as_of

    def last_payment_on(self, as_of: date) -> date | None:
        """Return the day of the last payment that counts at the close of a day; None if there is none."""
        days = (
            payment.value_date
            for payment in self.payments
            if payment.value_date <= as_of and (payment.reversed_on is None or payment.reversed_on > as_of)
        )
        return max(days, default=None)

    def derived_state(self, rebuilt: RebuiltAccount) -> tuple[Any, ...]:
        """Return what a rebuilt account's state must hold, in the order of `DERIVED_COLUMNS`."""
        return (*rebuilt.state, self.is_written_off(rebuilt.as_of))

    def derived_installments(self, rebuilt: RebuiltAccount) -> list[StoredInstallment]:
        """Return what the instalments must hold, in the order of `installments`.

        One not booked yet is wholly unpaid, one cancelled by the day is closed.
        """
        booked = {state.entry.key: _derived(state, rebuilt.as_of) for state in rebuilt.installments}
        return [booked.get(entry.key) or _not_there(entry, rebuilt.as_of) for entry in self.installments]


def _not_there(entry: InstallmentEntry, as_of: date) -> StoredInstallment:
    if entry.cancelled_on is not None and entry.cancelled_on <= as_of:
        return StoredInstallment(0, 0, 0, 0, None, 0, False)
    return StoredInstallment(entry.principal_minor, entry.interest_minor, entry.fee_minor, 0, None, 0, True)


def _derived(state: InstallmentState, as_of: date) -> StoredInstallment:
    unpaid = state.unpaid
    return StoredInstallment(
        unpaid[Component.PRINCIPAL],
        unpaid[Component.INTEREST],
        unpaid[Component.FEE],
        state.accrued_micro,
        state.accrued_through,
        state.penalty_settled_minor,
        state.is_open(as_of),
    )


_TERM_COLUMNS: Final = (
    "grace_days",
    "penalty_rate_ppm",
    "penalty_base",
    "penalty_from",
    "penalty_cap_bp",
    "allocation_order",
    "prepayment",
    "bucket_map",
)


@lru_cache(maxsize=1_000)
def _terms(*columns: Any) -> Terms:
    return Product(**dict(zip(_TERM_COLUMNS, columns, strict=True))).terms


def load_entries(account_ids: Sequence[int]) -> dict[int, AccountEntries]:
    """Return the entries of the accounts by account id, in id order, in four queries. Ids that are not in the book are left out.

    Two more for changed schedules and one for refunds, where there are any. Meant for up to `ACCOUNTS_AT_ONCE` accounts;
    `in_chunks` cuts longer lists.
    """
    entries = {row.account_id: row for row in _accounts(account_ids)}
    keys = _add_installments(entries, account_ids)
    payments = Payment.objects.filter(account_id__in=account_ids).values_list(*_PAYMENT_COLUMNS)
    _add_payments(entries, list(payments), keys)
    for key, account_id, installment, component, value_date, amount in Waiver.objects.filter(
        account_id__in=account_ids
    ).values_list("id", "account_id", "installment_id", "component", "value_date", "amount_minor"):
        entries[account_id].waivers.append(WaiverEntry(key, installment, _COMPONENTS[component], value_date, amount))
    _add_changes(entries)
    refunded = [row.account_id for row in entries.values() if row.has_refunds]
    if refunded:
        _add_refunds(entries, list(Refund.objects.filter(account_id__in=refunded)))
    return entries


class OneAccount(NamedTuple):
    """The entries of one account, and its payments, waivers, changes of schedule and refunds as the rows they are."""

    entries: AccountEntries
    payments: tuple[Payment, ...]
    waivers: tuple[Waiver, ...]
    changes: tuple[ScheduleChange, ...]
    refunds: tuple[Refund, ...]


def load_entries_of(account: CreditAccount) -> OneAccount:
    """Return the entries of an account that was read with its product and write-off, in four queries.

    Two more where its schedule was changed.
    """
    write_off, product = getattr(account, "write_off", None), account.product
    terms = _terms(*(getattr(product, column) for column in _TERM_COLUMNS))
    written_off_on = write_off.value_date if write_off else None
    refunds = tuple(Refund.objects.filter(account_id=account.pk).order_by("value_date", "pk"))
    own = AccountEntries(
        account.pk, account.account_no, account.opened_on, product.minor_digits, terms, written_off_on, bool(refunds)
    )
    keys = _add_installments({account.pk: own}, [account.pk])
    payments = tuple(Payment.objects.filter(account_id=account.pk))
    rows = [tuple(getattr(payment, column) for column in _PAYMENT_COLUMNS) for payment in payments]
    _add_payments({account.pk: own}, rows, keys)
    waivers = tuple(Waiver.objects.filter(account_id=account.pk).select_related("installment"))
    own.waivers.extend(
        WaiverEntry(waiver.pk, waiver.installment_id, _COMPONENTS[waiver.component], waiver.value_date, waiver.amount_minor)
        for waiver in waivers
    )
    changes = _add_changes({account.pk: own})
    _add_refunds({account.pk: own}, refunds)
    return OneAccount(own, payments, waivers, changes, refunds)


def _add_changes(entries: dict[int, AccountEntries]) -> tuple[ScheduleChange, ...]:
    """Add the changes of schedules and return them; asks nothing where no instalment came with one."""
    changed = sorted({i.change for account in entries.values() for i in account.installments if i.change is not None})
    if not changed:
        return ()
    parts: dict[int, list[Part]] = defaultdict(list)
    columns = ("change_id", "installment_id", "penalty_minor", "fee_minor", "interest_minor", "principal_minor")
    for change_id, *part in ScheduleChangePart.objects.filter(change__in=changed).order_by("pk").values_list(*columns):
        parts[change_id].append(Part(*part))
    changes = tuple(ScheduleChange.objects.filter(pk__in=changed).order_by("value_date", "pk"))
    for change in changes:
        entries[change.account_id].changes.append(
            ChangeEntry(
                change.pk,
                change.value_date,
                tuple(parts[change.pk]),
                change.ended_on,
                change.known_payment_id,
                change.known_waiver_id,
            )
        )
    return changes


def _add_refunds(entries: dict[int, AccountEntries], refunds: Sequence[Refund]) -> None:
    for refund in refunds:
        entries[refund.account_id].refunds.append(RefundEntry(refund.pk, refund.value_date, refund.amount_minor))


def _accounts(account_ids: Sequence[int]) -> Iterator[AccountEntries]:
    rows = (
        CreditAccount.objects.filter(pk__in=account_ids)
        .order_by("pk")
        .values_list(
            "id",
            "account_no",
            "opened_on",
            "product__minor_digits",
            "write_off__value_date",
            Exists(Refund.objects.filter(account_id=OuterRef("pk"))),
            *(f"product__{column}" for column in _TERM_COLUMNS),
        )
    )
    for account_id, account_no, opened_on, digits, written_off_on, has_refunds, *terms in rows:
        yield AccountEntries(account_id, account_no, opened_on, digits, _terms(*terms), written_off_on, bool(has_refunds))


#: The columns of an entry but for its key, as the table of instalments has them.
_INSTALLMENT_COLUMNS: Final = (
    *InstallmentEntry._fields[1:-2],
    "cancellation__value_date",
    "schedule_change_id",
)
_ENTRY: Final = len(InstallmentEntry._fields)


def _add_installments(entries: dict[int, AccountEntries], account_ids: Sequence[int]) -> dict[tuple[int, str, int], int]:
    """Add the instalments and return their ids by (account, order number, sequence)."""
    keys: dict[tuple[int, str, int], int] = {}
    for account_id, *row in Installment.objects.filter(account_id__in=account_ids).values_list(
        "account_id", "id", *_INSTALLMENT_COLUMNS, *StoredInstallment._fields
    ):
        account = entries[account_id]
        entry = InstallmentEntry(*row[:_ENTRY])
        account.installments.append(entry)
        account.stored.append(StoredInstallment(*row[_ENTRY:]))
        keys[account_id, entry.order_no, entry.sequence] = entry.key
    return keys


_PAYMENT_COLUMNS: Final = (
    *("account_id", "id", "payment_no", "paid_on", "amount_minor", "order_no", "sequence", "reverses_id", "is_posted"),
)


def _add_payments(
    entries: dict[int, AccountEntries], rows: Sequence[tuple[Any, ...]], keys: dict[tuple[int, str, int], int]
) -> None:
    reversed_on = {row[7]: row[3] for row in rows if row[7] is not None}
    for account_id, key, payment_no, paid_on, amount, order_no, sequence, reverses, is_posted in rows:
        account = entries[account_id]
        account.postings.append(Posting(key, paid_on, is_posted))
        if reverses is None:
            directed_to = keys.get((account_id, order_no, sequence)) if order_no else None
            account.payments.append(PaymentEntry(key, payment_no, paid_on, amount, directed_to, reversed_on.get(key)))


def stored_allocations(account_ids: Sequence[int]) -> dict[int, dict[AllocationLine, int]]:
    """Return the allocations in the book by account id: each line with the id of its row."""
    lines: dict[int, dict[AllocationLine, int]] = defaultdict(dict)
    for account_id, key, payment, installment, component, amount, allocated_on in Allocation.objects.filter(
        account_id__in=account_ids
    ).values_list("account_id", "id", "payment_id", "installment_id", "component", "amount_minor", "allocated_on"):
        lines[account_id][AllocationLine(payment, installment, _COMPONENTS[component], amount, allocated_on)] = key
    return lines


def in_chunks(account_ids: Iterable[int]) -> Iterator[list[int]]:
    """Yield the ids in pieces that are held in memory at once, in the order given."""
    chunk: list[int] = []
    for account_id in account_ids:
        chunk.append(account_id)
        if len(chunk) == ACCOUNTS_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk

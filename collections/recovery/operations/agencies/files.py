"""Files from agencies: checked as a whole, then reconciled, logged, or left for a second person to post; never half."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import AccountState, CreditAccount, Payment
from accounts.operations.payments import post_payment
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.entries import in_chunks, load_entries
from accounts.rules.entries import PaymentEntry
from outreach.models import Contact
from outreach.queries.standing import detail_of
from outreach.rules.contacts import Channel
from recovery.agency_roles import DELIVER_FILE, TAKE_FILE
from recovery.agency_rows import PROBLEMS, Problem, Rows, Unreadable, read_rows
from recovery.models import Agency, AgencyFile, Placement
from recovery.operations.agencies.commissions import placements_of
from recovery.operations.agencies.finding import locked_agency, note, refuse_own
from recovery.operations.agencies.refusals import (
    FileHasProblems,
    FileThere,
    FileUnknown,
    FileUnreadable,
    NothingToApprove,
    ValueMalformed,
)
from recovery.operations.agencies.reporting import key_of, log_contacts
from recovery.rules.commission import Placed, counts_for
from riskops.shared.audit import Actor
from riskops.shared.day import book_state

Kind, Status = AgencyFile.Kind, AgencyFile.Status
INCOMING: Final = (Kind.INVENTORY, Kind.PAYMENTS, Kind.CONTACTS)
#: Rows of a file stand for entries that are not in the book: their lines, after every entry that is.
_FILE: Final = 2**60
#: Problems kept of a refused file, and differences of a reconciled one.
MOST_KEPT: Final = 500


@transaction.atomic
def receive_file(*, actor: Actor, code: str, kind: str, name: str, content: bytes, now: datetime, today: date) -> AgencyFile:
    """Check a file and, where it is sound, reconcile it (inventory), log it (contacts) or leave it to be posted (payments).

    A file with problems is kept with them and changes nothing else.

    :raises AgencyUnknown: there is none of that code
    :raises ValueMalformed: no kind that comes in
    :raises FileUnreadable: no rows can be read
    :raises FileThere: the same file came before
    """
    agency = locked_agency(code)
    if kind not in INCOMING:
        raise ValueMalformed("kind", ", ".join(map(str, INCOMING)))
    digest = sha256(content).hexdigest()
    there = agency.files.filter(kind=kind, digest=digest, status__in=[Status.CHECKED, Status.LOADED]).first()
    if there is not None:
        raise FileThere(there.name)
    try:
        rows = read_rows(content, kind, digits=agency.minor_digits, most=settings.AGENCY_FILE_MAX_ROWS)
    except Unreadable as unreadable:
        raise FileUnreadable(str(unreadable)) from unreadable
    accounts = _accounts(rows)
    _check(rows, agency, kind, accounts, now=now, today=today)
    row = AgencyFile(
        agency=agency, kind=kind, name=name[:255] or "–", digest=digest, rows=rows.count, sent_by_id=actor.user_id,
        sent_by_name=actor.name, at=now, status=Status.REFUSED,
    )  # fmt: skip
    if rows.problems:
        ordered = sorted(rows.problems, key=lambda problem: (problem.line, problem.column))
        row.problems = [problem.as_kept() for problem in ordered[:MOST_KEPT]]
        row.result = {"problems": len(ordered)}
    elif kind == Kind.PAYMENTS:
        row.status, row.content = Status.CHECKED, [{"line": line, **values} for line, values in sorted(rows.by_line.items())]
        row.result = {"amount_minor": sum(values["amount"] for values in rows.by_line.values())}
    elif kind == Kind.INVENTORY:
        row.status, row.result = Status.LOADED, _reconciled(rows, agency, accounts)
    else:
        row.status, row.result = Status.LOADED, log_contacts(actor, agency, rows.by_line, accounts, now)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise FileThere(name) from None
    note(actor, DELIVER_FILE, agency, after={"file": row.pk, "kind": kind, "rows": rows.count, "file_state": row.status})
    return row


@transaction.atomic
def take_payments(*, actor: Actor, file_id: int, now: datetime) -> AgencyFile:
    """Post the payments of a checked file into the ledger: all of them or none.

    :raises FileUnknown, NothingToApprove: there is nothing that waits
    :raises OwnWork: whoever asks handed it in, or is no person
    :raises FileHasProblems: the ledger does not take a row any more; says which
    :raises ConflictDeclared: the person has a conflict of interest with a customer of it
    """
    row = AgencyFile.objects.select_for_update(of=("self",)).select_related("agency").filter(pk=file_id).first()
    if row is None:
        raise FileUnknown(file_id)
    if row.status != Status.CHECKED:
        raise NothingToApprove(row.name, row.get_status_display())
    refuse_own(actor, row.name, [row.sent_by_id], row.sent_by_name)
    ids = dict(
        CreditAccount.objects.filter(account_no__in={one["account_no"] for one in row.content}).values_list("account_no", "pk")
    )
    for one in sorted(row.content, key=lambda one: (ids[one["account_no"]], one["line"])):
        try:
            post_payment(
                actor=actor,
                account_id=ids[one["account_no"]],
                amount_minor=one["amount"],
                value_date=date.fromisoformat(one["paid_on"]),
                reference=reference_of(row.agency, one["reference"]),
                channel=f"agency {row.agency.code}",
            )
        except LedgerRefusal as refusal:
            raise FileHasProblems(one["line"], str(PROBLEMS["not_posted"]) % {"why": refusal}) from refusal
    row.status, row.taken_by_name, row.taken_at = Status.LOADED, actor.name, now
    row.save(update_fields=["status", "taken_by_name", "taken_at"])
    after = {"file": row.pk, "file_state": row.status, "rows": row.rows, **row.result}
    note(actor, TAKE_FILE, row.agency, before={"file_state": Status.CHECKED}, after=after)
    return row


def reference_of(agency: Agency, reference: str) -> str:
    """Return the number under which the ledger has a payment of an agency's file."""
    return f"{agency.code}/{reference}"


def _accounts(rows: Rows) -> dict[str, CreditAccount]:
    numbers = {values["account_no"] for values in rows.by_line.values()}
    found = CreditAccount.objects.filter(account_no__in=numbers).select_related("customer", "product")
    return {account.account_no: account for account in found}


def _check(rows: Rows, agency: Agency, kind: str, accounts: dict[str, CreditAccount], *, now: datetime, today: date) -> None:
    """Note what is wrong with rows beyond their cells: foreign accounts, days, repeats."""
    placements = placements_of(account.pk for account in accounts.values())
    business_date = book_state().business_date
    seen: dict[str, int] = {}
    known = _known_references(rows, agency, kind)
    for line, values in rows.by_line.items():
        account = accounts.get(values["account_no"])
        own = [placed for placed in placements.get(account.pk, ()) if placed.agency_id == agency.pk] if account else []
        if account is None or not own:
            rows.problems.append(Problem(line, "account_no", "foreign", values["account_no"]))
            continue
        key = values["account_no"] if kind == Kind.INVENTORY else values["reference"]
        column = "account_no" if kind == Kind.INVENTORY else "reference"
        if key in seen:
            rows.problems.append(Problem(line, column, "twice", key, {"first": seen[key]}))
        elif key in known:
            rows.problems.append(Problem(line, column, "known", key))
        seen.setdefault(key, line)
        if kind == Kind.PAYMENTS:
            rows.problems += _check_payment(line, values, placements[account.pk], agency, business_date)
        elif kind == Kind.CONTACTS:
            if datetime.fromisoformat(values["at"]) > now:
                rows.problems.append(Problem(line, "at", "future", values["at"]))
            if detail_of(account.customer, Channel(values["channel"])) is None:
                rows.problems.append(Problem(line, "channel", "no_detail", values["channel"]))
    if kind == Kind.PAYMENTS and not rows.problems:
        rows.problems += _beyond_owed(rows, accounts)


def _beyond_owed(rows: Rows, accounts: dict[str, CreditAccount]) -> Iterator[Problem]:
    """Return the rows of which something would be left as credit, were all of the file posted: more than was owed then."""
    of_account: dict[int, list[PaymentEntry]] = defaultdict(list)
    for line, values in rows.by_line.items():
        account_id, day = accounts[values["account_no"]].pk, date.fromisoformat(values["paid_on"])
        of_account[account_id].append(PaymentEntry(_FILE + line, values["reference"], day, values["amount"]))
    for chunk in in_chunks(sorted(of_account)):
        for account_id, entries in load_entries(chunk).items():
            paid = of_account[account_id]
            after = replace(entries, payments=[*entries.payments, *paid]).rebuilt(max(entry.value_date for entry in paid))
            for entry in paid:
                if after.credit_minor.get(entry.key):
                    line = entry.key - _FILE
                    yield Problem(line, "amount", "beyond_owed", str(rows.by_line[line]["account_no"]))


def _check_payment(
    line: int, values: dict[str, Any], placements: list[Placement], agency: Agency, business_date: date | None
) -> list[Problem]:
    paid_on = date.fromisoformat(values["paid_on"])
    if business_date is None or (paid_on - business_date).days > 1:
        return [Problem(line, "paid_on", "future", values["paid_on"])]
    place = counts_for([Placed(p.placed_on, p.tail_until, p.recalled_on, p.bucket) for p in placements], paid_on)
    if place is None or placements[place].agency_id != agency.pk:
        return [Problem(line, "paid_on", "not_then", values["paid_on"])]
    return []


def _known_references(rows: Rows, agency: Agency, kind: str) -> set[str]:
    """Return the references of the file that the book or the log has already."""
    references = {values["reference"] for values in rows.by_line.values() if "reference" in values}
    if kind == Kind.PAYMENTS:
        by_key = {reference_of(agency, one): one for one in references}
        found = Payment.objects.filter(payment_no__in=by_key).values_list("payment_no", flat=True)
        waiting = agency.files.filter(kind=Kind.PAYMENTS, status=Status.CHECKED).values_list("content", flat=True)
        return {by_key[key] for key in found} | ({one["reference"] for content in waiting for one in content} & references)
    if kind == Kind.CONTACTS:
        by_key = {key_of(agency, one): one for one in references}
        return {by_key[key] for key in Contact.objects.filter(key__in=by_key).values_list("key", flat=True)}
    return set()


def _reconciled(rows: Rows, agency: Agency, accounts: dict[str, CreditAccount]) -> dict[str, Any]:
    """Compare what an agency says it holds with what is placed with it now; amounts in minor units."""
    open_now = Placement.objects.filter(agency=agency, recalled_on=None).values_list("account_id", "account__account_no")
    ours = {account_no: account_id for account_id, account_no in open_now}
    states = AccountState.objects.filter(pk__in=ours.values())
    owed = {
        state.pk: state.outstanding_principal_minor
        + state.outstanding_interest_minor
        + state.outstanding_fee_minor
        + state.penalty_due_minor
        for state in states
    }
    theirs = {values["account_no"]: values["amount_due"] for values in rows.by_line.values()}
    missing = sorted(set(ours) - set(theirs))
    extra = sorted(set(theirs) - set(ours))
    differs = [
        {"account_no": number, "theirs_minor": theirs[number], "ours_minor": owed.get(ours[number], 0)}
        for number in sorted(set(ours) & set(theirs))
        if theirs[number] != owed.get(ours[number], 0)
    ]
    return {
        "ours": len(ours),
        "theirs": len(theirs),
        "same": len(set(ours) & set(theirs)) - len(differs),
        "missing": len(missing),
        "extra": len(extra),
        "differs": len(differs),
        "missing_accounts": missing[:MOST_KEPT],
        "extra_accounts": extra[:MOST_KEPT],
        "differences": differs[:MOST_KEPT],
    }

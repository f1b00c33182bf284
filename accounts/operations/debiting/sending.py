"""The day's debits handed to the provider: a file, of which every line is a try with a key of its own.

Nobody is debited twice: a debit that is with the provider has a try in the state *sent*, and the database takes one of them
at most. Two workers wait for one another at the accounts' states; a repeat finds the tries made and makes none.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from django.db import transaction

from accounts.debit_hooks import told_on
from accounts.models import DebitFile, DebitInstruction, DebitNotice, DebitTry
from accounts.operations.debiting.ending import end_debit
from accounts.operations.debiting.refusals import (
    BookIsClosing,
    DebitFileUnknown,
    NoDebitsToSend,
    NotTheOpenDay,
)
from accounts.operations.rebuilding import lock_states
from accounts.own_reasons import DEBIT_DISPUTED, DEBIT_FRAUD, DEBIT_ON_HOLD, MANDATE_RAN_OUT, MANDATE_REVOKED, NOTHING_DUE
from accounts.queries.conduct_figures import conduct_figures
from accounts.queries.debit_standing import demanded, due_of, held_by, with_provider
from accounts.queries.entries import in_chunks, load_entries
from accounts.roles import DEBIT_FILE_FETCHED, DEBIT_SENT, SEND_DEBITS
from accounts.rules.conduct_figures import ConductCode
from riskops.shared.audit import Actor, line, record, record_all
from riskops.shared.day import CloseIsRunning, hold_book
from riskops.shared.money import plain_amount
from riskops.shared.spreadsheets import harmless

Status = DebitInstruction.Status
#: What a debit waits for, as its row says it; accounts/debit_wording.py has the words.
WAITS_FOR_NOTICE: Final = "notice"
#: Columns of the file, in order.
COLUMNS: Final = ("key", "mandate", "instrument", "holder", "amount", "currency", "day")
_HELD_WHY: Final = {"is_fraud_suspected": DEBIT_FRAUD, "is_disputed": DEBIT_DISPUTED, "is_on_hold": DEBIT_ON_HOLD}


@dataclass(slots=True)
class _Gathered:
    """What goes into a file, and what ended or waits instead."""

    tries: list[DebitTry] = field(default_factory=list)
    debits: list[DebitInstruction] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    stopped: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of the day's debits.

    :param file: None where nothing could be handed over, though some ended
    """

    file: DebitFile | None
    stopped: int
    waiting: int


@transaction.atomic
def send_debits(*, actor: Actor, day: date) -> Sent:
    """Put every debit that is to be tried by the open day into a file, and return what became of them.

    Each takes what was ordered, what the mandate allows and what is due on the day, whichever is least. Where nothing is due
    any more, or a dispute, a suspicion of fraud, a hold, a revoked or run-out mandate stands in the way, it is stopped and
    the customer told; where its notice is not out, or not for as many days as it takes, it waits.

    :param day: the open day; what is due is known for no other
    :raises NotTheOpenDay: it is another
    :raises BookIsClosing: what is due on the day is being worked out
    :raises NoDebitsToSend: there is nothing to hand over, and nothing ended
    """
    try:
        position = hold_book()
    except CloseIsRunning as running:
        raise BookIsClosing(str(running)) from None
    if day != position.open_day:
        raise NotTheOpenDay(day, position.open_day)
    gathered = _Gathered()
    due = DebitInstruction.objects.filter(status=Status.SCHEDULED, next_on__lte=day)
    accounts = sorted(set(due.values_list("account_id", flat=True)))
    for chunk in in_chunks(accounts):
        _gather(chunk, day, actor, gathered)
    if not gathered.tries and not gathered.stopped:
        raise NoDebitsToSend(day, gathered.waiting)
    return Sent(_write(gathered, day, actor) if gathered.tries else None, gathered.stopped, gathered.waiting)


def _gather(account_ids: list[int], day: date, actor: Actor, gathered: _Gathered) -> None:
    # In id order and before the debits' rows, as postings do: what is due stays so until the file is written.
    list(lock_states(account_ids).values_list("pk"))
    entries = load_entries(account_ids)
    rows = DebitInstruction.objects.select_for_update(of=("self",)).select_related("mandate", "account__product")
    waiting = rows.filter(account_id__in=account_ids, status=Status.SCHEDULED, next_on__lte=day).order_by("account_id", "pk")
    told = _told(account_ids, day)
    held, on_demand, sent = held_by(account_ids), demanded(account_ids), with_provider(account_ids)
    left: dict[int, int] = {}
    for debit in waiting:
        account_id = debit.account_id
        if why := _stopped(debit, day, held.get(account_id, "")):
            end_debit(debit, Status.STOPPED, actor=actor, why=why, day=day)
            gathered.stopped += 1
            continue
        if debit.pk not in told:
            gathered.waiting += 1
            if debit.said != WAITS_FOR_NOTICE:
                debit.said = WAITS_FOR_NOTICE
                debit.save(update_fields=["said"])
            continue
        if account_id not in left:
            due = due_of(entries[account_id], day, is_demanded=account_id in on_demand)
            left[account_id] = due - sent.get(account_id, 0)
        amount = min(debit.amount_minor, debit.mandate.most_minor, left[account_id])
        if amount <= 0:
            end_debit(debit, Status.STOPPED, actor=actor, why=NOTHING_DUE, day=day)
            gathered.stopped += 1
            continue
        left[account_id] -= amount
        _add(debit, amount, day, gathered)


def _told(account_ids: list[int], day: date) -> set[int]:
    """Return the debits whose customers have known of them for as many days as a notice takes.

    What lies in the outbox, was given up there or did not arrive has told nobody.
    """
    planned = DebitNotice.objects.filter(
        instruction__account_id__in=account_ids,
        instruction__status=Status.SCHEDULED,
        instruction__next_on__lte=day,
        kind=DebitNotice.Kind.PLANNED,
        status=DebitNotice.Status.SENT,
    )
    notices = {notice.pk: notice for notice in planned.select_related("instruction")}
    latest = day - timedelta(days=conduct_figures()[ConductCode.DEBIT_NOTICE])
    return {notices[pk].instruction_id for pk, told in told_on(notices.values()).items() if told <= latest}


def _stopped(debit: DebitInstruction, day: date, held: str) -> str:
    """Return why nothing may be taken by a debit, "" where nothing stands in the way.

    :param held: the signal that holds its account, "" for none
    """
    mandate = debit.mandate
    if mandate.revoked_on is not None:
        return MANDATE_REVOKED % {"number": mandate.reference}
    if mandate.valid_until is not None and mandate.valid_until < day:
        return MANDATE_RAN_OUT % {"day": mandate.valid_until.isoformat()}
    return _HELD_WHY[held] if held else ""


def _add(debit: DebitInstruction, amount_minor: int, day: date, gathered: _Gathered) -> None:
    debit.tries += 1
    debit.status, debit.next_on, debit.said = Status.SENT, None, ""
    gathered.debits.append(debit)
    gathered.tries.append(
        DebitTry(
            key=f"{debit.reference}-{debit.tries}",
            instruction=debit,
            account_id=debit.account_id,
            number=debit.tries,
            amount_minor=amount_minor,
            day=day,
        )
    )
    gathered.totals[debit.account.product.currency] += amount_minor


def _write(gathered: _Gathered, day: date, actor: Actor) -> DebitFile:
    file = DebitFile.objects.create(
        day=day,
        rows=len(gathered.tries),
        total_minor=dict(gathered.totals),
        made_by_id=actor.user_id,
        made_by_name=actor.name,
    )
    for one in gathered.tries:
        one.file = file
    DebitTry.objects.bulk_create(gathered.tries, batch_size=500)
    DebitInstruction.objects.bulk_update(gathered.debits, ["tries", "status", "next_on", "said"], batch_size=500)
    record(
        actor=actor,
        action=SEND_DEBITS,
        subject_type="debitfile",
        subject_key=str(file.pk),
        after={"day": day.isoformat(), "debits": file.rows, "stopped": gathered.stopped, "waiting": gathered.waiting},
    )
    record_all(
        line(
            actor=actor,
            action=DEBIT_SENT,
            subject_type="debit",
            subject_key=one.instruction.reference,
            account_id=one.account_id,
            before={"status": str(Status.SCHEDULED)},
            after={"status": str(Status.SENT), "key": one.key, "amount_minor": one.amount_minor, "file": file.pk},
        )
        for one in gathered.tries
    )
    return file


@transaction.atomic
def debit_file_content(*, actor: Actor, number: int) -> tuple[DebitFile, str]:
    """Return a file as the provider gets it, the instruments in clear, and record who fetched it. Each time the same text.

    :raises DebitFileUnknown: there is none of that number
    """
    file = DebitFile.objects.filter(pk=number).first()
    if file is None:
        raise DebitFileUnknown(number)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in file.all_tries.select_related("instruction__mandate", "account__product").order_by("pk"):
        mandate, product = one.instruction.mandate, one.account.product
        writer.writerow(
            (
                one.key,
                mandate.reference,
                mandate.instrument.get("reference", ""),
                harmless(mandate.instrument.get("holder", "")),
                plain_amount(one.amount_minor, digits=product.minor_digits),
                product.currency,
                one.day.isoformat(),
            )
        )
    record(
        actor=actor,
        action=DEBIT_FILE_FETCHED,
        subject_type="debitfile",
        subject_key=str(file.pk),
        after={"debits": file.rows},
    )
    return file, text.getvalue()

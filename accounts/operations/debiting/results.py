"""The provider's results, taken in line by line: each in a transaction of its own, so that a killed import goes on.

A file is read whole first; one bad line, and nothing of it is taken. Its lines are then kept as rows, and worked through: a
success posts the payment under the try's key in the same transaction that concludes the try. Killed in between, neither is
there, and the same file sent again (or *go on*) does the rest. What a line says that is known already changes nothing.
"""

from __future__ import annotations

import csv
import hashlib
import io
import time
from datetime import date, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.bulk.debits import SIGNAL_MONTHS
from accounts.models import DebitInstruction, DebitResult, DebitResultFile, DebitTry, Payment
from accounts.operations.debiting.ending import end_debit
from accounts.operations.debiting.refusals import DebitFileUnknown, ResultsUnreadable
from accounts.operations.payments import post_payment
from accounts.operations.rebuilding import lock_states
from accounts.operations.refusals import LedgerRefusal, PaymentAlreadyPosted
from accounts.operations.signals import note_signals
from accounts.own_reasons import MANDATE_REVOKED
from accounts.roles import DEBIT_FAILED, DEBIT_TAKEN, TAKE_DEBIT_RESULTS
from accounts.rules.simulation import months_later
from riskops.shared.audit import Actor, record
from riskops.shared.day import FIRST_DAY, LAST_DAY, hold_day
from riskops.shared.money import MalformedAmount, parse_amount
from riskops.shared.own_reasons import own_reason

Outcome, Line = DebitResult.Outcome, DebitResult.Status
COLUMNS: Final = ("key", "outcome", "amount", "result_on", "reason_code")
MOST_BYTES: Final = 5_000_000
MOST_LINES: Final = 20_000
#: How long a page or the API works on a file before it answers; a command works to the end.
SECONDS_OF_A_REQUEST: Final = 20.0
#: A provider answers within this many days of the try.
LONGEST_ANSWER_DAYS: Final = 60
CHANNEL: Final = "direct_debit"
#: Payments are posted by this machine: whoever brings the file decides nothing about the customers in it.
MACHINE: Final = Actor(own_reason(gettext_noop("debit-results")))


def take_results(*, actor: Actor, name: str, content: bytes, for_seconds: float | None = None) -> DebitResultFile:
    """Take in a file of results and work through it; the same file again goes on where it stopped.

    :param for_seconds: how long to work at most; what is left then waits to be gone on with. None: to the end
    :raises ResultsUnreadable: it is not such a file, or a line cannot be read; nothing of it was taken
    """
    file = _receive(actor, name, content)
    work_results(file.pk, for_seconds=for_seconds)
    return file


def go_on(*, actor: Actor, number: int, for_seconds: float | None = None) -> DebitResultFile:
    """Work on with a file whose import was killed, or ran out of its time.

    :param for_seconds: as for `take_results`
    :raises DebitFileUnknown: there is none of that number
    """
    file = DebitResultFile.objects.filter(pk=number).first()
    if file is None:
        raise DebitFileUnknown(number)
    record(actor=actor, action=TAKE_DEBIT_RESULTS, subject_type="debitresults", subject_key=str(file.pk), after={"goes_on": True})
    work_results(file.pk, for_seconds=for_seconds)
    return file


def _receive(actor: Actor, name: str, content: bytes) -> DebitResultFile:
    """Keep the lines of a file, or return it as it was kept before."""
    fingerprint = hashlib.sha256(content).hexdigest()
    there = DebitResultFile.objects.filter(content_sha256=fingerprint).first()
    if there is not None:
        return there
    rows = _read(content)
    try:
        with transaction.atomic():
            file = DebitResultFile.objects.create(
                content_sha256=fingerprint,
                name=name[:200],
                rows=len(rows),
                received_by_id=actor.user_id,
                received_by_name=actor.name,
            )
            for row in rows:
                row.file = file
            DebitResult.objects.bulk_create(rows, batch_size=1_000)
            record(
                actor=actor,
                action=TAKE_DEBIT_RESULTS,
                subject_type="debitresults",
                subject_key=str(file.pk),
                after={"file": file.name, "results": file.rows},
            )
    except IntegrityError:
        # Somebody else brought the very same file at the same time.
        return DebitResultFile.objects.get(content_sha256=fingerprint)
    return file


def _read(content: bytes) -> list[DebitResult]:
    """Return the lines of a file.

    :raises ResultsUnreadable: with the first line that cannot be read
    """
    if len(content) > MOST_BYTES:
        raise ResultsUnreadable(1, "", "", _("at most %(most)s bytes") % {"most": MOST_BYTES})
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ResultsUnreadable(line, "", "", _("write the file in UTF-8")) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error:
        raise ResultsUnreadable(reader.line_num, "", "", _("close the quotation marks")) from None
    if not rows or tuple(rows[0][1]) != COLUMNS:
        head = ",".join(rows[0][1]) if rows else ""
        raise ResultsUnreadable(1, _("head"), head, _("the columns are %(columns)s") % {"columns": ",".join(COLUMNS)})
    if len(rows) - 1 > MOST_LINES:
        raise ResultsUnreadable(MOST_LINES + 2, "", "", _("at most %(most)s results; send it in parts") % {"most": MOST_LINES})
    digits = dict(
        DebitTry.objects.filter(key__in=[cells[0] for _line, cells in rows[1:] if cells]).values_list(
            "key", "account__product__minor_digits"
        )
    )
    return [_result(number, cells, digits) for number, cells in rows[1:]]


def _result(number: int, cells: list[str], digits: dict[str, int]) -> DebitResult:
    if len(cells) != len(COLUMNS):
        raise ResultsUnreadable(number, "", "", _("write %(n)s columns") % {"n": len(COLUMNS)})
    key, outcome, amount, result_on, reason = cells
    if not 1 <= len(key) <= 48 or not key.isprintable():
        raise ResultsUnreadable(number, "key", key, _("the key that stood in the file of debits"))
    if outcome not in Outcome.values:
        raise ResultsUnreadable(number, "outcome", outcome, _("one of %(known)s") % {"known": ", ".join(Outcome.values)})
    try:
        day = date.fromisoformat(result_on)
    except ValueError:
        day = date.min
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ResultsUnreadable(number, "result_on", result_on, _("a day such as 2026-03-31"))
    if len(reason) > 64 or not reason.isprintable():
        raise ResultsUnreadable(number, "reason_code", reason, _("at most 64 characters that print"))
    minor: int | None = None
    if amount or outcome == Outcome.DONE:
        try:
            minor = parse_amount(amount, digits=digits.get(key, 2))
        except MalformedAmount as malformed:
            raise ResultsUnreadable(number, "amount", amount, str(malformed)) from None
    return DebitResult(line=number, key=key, outcome=outcome, amount_minor=minor, result_on=day, reason_code=reason)


def work_results(number: int, *, for_seconds: float | None = None) -> int:
    """Work through the lines of a file that wait, in order, and return how many; two at once share the work."""
    done, ends = 0, None if for_seconds is None else time.monotonic() + for_seconds
    while (ends is None or time.monotonic() < ends) and (pk := _next(number)) is not None:
        done += _apply(pk)
    return done


def _next(number: int) -> int | None:
    waiting = DebitResult.objects.filter(file_id=number, status=Line.WAITING)
    return waiting.order_by("line").values_list("pk", flat=True).first()


@transaction.atomic
def _apply(result_id: int) -> int:
    """Make of one line what it says, and return 1; 0 where somebody else did meanwhile."""
    key = DebitResult.objects.values_list("key", flat=True).get(pk=result_id)
    account_id = DebitTry.objects.filter(key=key).values_list("account_id", flat=True).first()
    if account_id is not None:
        # The day, then the state, then rows of debits: the order of everybody who posts.
        hold_day(account_id)
        lock_states([account_id]).first()
    result = DebitResult.objects.select_for_update().get(pk=result_id)
    if result.status != Line.WAITING:
        return 0
    tried = DebitTry.objects.select_for_update(of=("self",)).select_related("instruction__mandate").filter(key=key).first()
    status, refusal, params = _concluded(result, tried)
    result.status, result.refusal, result.params = status, refusal, params
    result.save(update_fields=["status", "refusal", "params"])
    return 1


_Concluded = tuple[str, str, dict[str, Any]]


def _concluded(result: DebitResult, tried: DebitTry | None) -> _Concluded:
    """Conclude a try by a line; return the line's status, and why it was refused."""
    if tried is None:
        return Line.REFUSED, "unknown_key", {}
    if tried.status != DebitTry.Status.SENT:
        is_same = str(tried.status) == str(result.outcome) and tried.result_on == result.result_on
        if is_same and result.amount_minor in (None, tried.amount_minor):
            return Line.REPEATED, "", {}
        return Line.REFUSED, "other_outcome", {"status": str(tried.status)}
    latest = tried.day + timedelta(days=LONGEST_ANSWER_DAYS)
    if not tried.day <= result.result_on <= latest:
        return Line.REFUSED, "day", {"since": tried.day.isoformat(), "until": latest.isoformat()}
    if result.amount_minor not in (None, tried.amount_minor):
        return Line.REFUSED, "other_amount", {"amount_minor": tried.amount_minor}
    if result.outcome == Outcome.FAILED:
        _failed(result, tried)
        return Line.APPLIED, "", {}
    try:
        payment = _posted(result, tried)
    except LedgerRefusal as refusal:
        return Line.REFUSED, "ledger", {"said": str(refusal)[:300]}
    _taken(result, tried, payment)
    return Line.APPLIED, "", {}


def _posted(result: DebitResult, tried: DebitTry) -> Payment:
    try:
        with transaction.atomic():
            return post_payment(
                actor=MACHINE,
                account_id=tried.account_id,
                amount_minor=tried.amount_minor,
                value_date=result.result_on,
                reference=tried.key,
                channel=CHANNEL,
            )
    except PaymentAlreadyPosted:
        # A feed of payments was faster with the very same.
        return Payment.objects.get(payment_no=tried.key)


def _taken(result: DebitResult, tried: DebitTry, payment: Payment) -> None:
    tried.status, tried.result_on, tried.reason_code = DebitTry.Status.DONE, result.result_on, result.reason_code
    tried.payment = payment
    tried.save(update_fields=["status", "result_on", "reason_code", "payment"])
    debit = tried.instruction
    debit.status = DebitInstruction.Status.DONE
    debit.save(update_fields=["status"])
    _tell(DEBIT_TAKEN, tried, {"status": "done", "payment": payment.payment_no, "amount_minor": tried.amount_minor})


def _failed(result: DebitResult, tried: DebitTry) -> None:
    """Note a failure: the next try waits its days, or the debit has failed; the account's signal counts it."""
    tried.status, tried.result_on, tried.reason_code = DebitTry.Status.FAILED, result.result_on, result.reason_code
    tried.save(update_fields=["status", "result_on", "reason_code"])
    debit = tried.instruction
    again = debit.tries < debit.most_tries
    debit.status = DebitInstruction.Status.SCHEDULED if again else DebitInstruction.Status.FAILED
    debit.next_on = max(result.result_on, tried.day) + timedelta(days=debit.spacing_days) if again else None
    debit.save(update_fields=["status", "next_on"])
    after = {
        "status": str(debit.status),
        "reason_code": result.reason_code,
        "next_on": debit.next_on.isoformat() if debit.next_on else None,
    }
    _tell(DEBIT_FAILED, tried, after)
    if again and debit.mandate.revoked_on is not None:
        why = MANDATE_REVOKED % {"number": debit.mandate.reference}
        end_debit(debit, DebitInstruction.Status.STOPPED, actor=MACHINE, why=why, day=result.result_on)
    since = months_later(result.result_on, -SIGNAL_MONTHS)
    failures = DebitTry.objects.filter(account_id=tried.account_id, status=DebitTry.Status.FAILED)
    days = [day for day in failures.values_list("result_on", flat=True) if day is not None]
    note_signals(tried.account_id, failed_debits_3m=sum(day > since for day in days), debit_failed_on=max(days))


def _tell(action: str, tried: DebitTry, after: dict[str, Any]) -> None:
    record(
        actor=MACHINE,
        action=action,
        subject_type="debit",
        subject_key=tried.instruction.reference,
        account_id=tried.account_id,
        before={"status": "sent", "key": tried.key},
        after=after,
    )

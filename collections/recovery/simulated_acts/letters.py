"""Lawyer letters on the days of the simulated book, once a month: proposed, approved by another, printed, sent, and their ends.

On the 6th analysts propose a few by hand, of the old debts that bring most; on the 7th legal approves them together and they are
printed; on the 8th they go out through the gate; on the 13th the carrier's receipts are there.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import Final

from django.db import transaction

from recovery.letter_policies import policies_on
from recovery.models import Letter
from recovery.operations.letters.deciding import approve_letters, reject_letters, stop_letter
from recovery.operations.letters.keeping import add_letter_file
from recovery.operations.letters.printing import LEASE, print_approved
from recovery.operations.letters.proposing import candidates, propose_letter
from recovery.operations.letters.refusals import LetterInTheWay, NotToSendNow
from recovery.operations.letters.sending import end_letter, send_letter
from riskops.shared.day import book_state
from riskops.shared.scope import WHOLE_BOOK
from riskops.simulation.acts import DayContext, Moment, act
from riskops.simulation.staff import ANALYSTS, LEGAL

#: Proposed by hand in a month, beside those of the stories.
A_MONTH: Final = 2
#: The days of the month on which each step is done.
PROPOSED_ON, APPROVED_ON, SENT_ON, ENDED_ON = 6, 7, 8, 13
_HOUR: Final = 11
_CARRIER: Final = "Simulated Post"
#: How letters end, in hundredths.
_ENDS: Final = {Letter.Status.DELIVERED: 80, Letter.Status.REFUSED: 8, Letter.Status.RETURNED: 12}
_RECEIPT: Final = b"%PDF-1.7\n% Receipt of an invented carrier, letter "
Status = Letter.Status


@act("recovery.letters", Moment.MORNING)
def send_letters(day: date, context: DayContext) -> None:
    """Do the step of the month that falls on the day."""
    step = {PROPOSED_ON: _propose, APPROVED_ON: _approve, SENT_ON: _send, ENDED_ON: _end}.get(day.day)
    if step is not None and day > context.window.first_day:
        step(day, context)


def _propose(day: date, context: DayContext) -> None:
    now, closed = context.moment(_HOUR), book_state().business_date
    assert closed is not None  # a day of the window was closed before
    wanted = [context.account_id(cue.account_no) for cue in context.cued("letter")]
    proposed = Letter.objects.filter(proposed_on=closed)
    there = set(proposed.values_list("account_id", flat=True))
    left = A_MONTH - len(there - set(wanted))
    for policy in policies_on(day).values():
        # In the order of what they bring; those proposed before the build was broken off are not among them.
        found = (
            candidates(policy, closed, now, scope=WHOLE_BOOK)
            .filter(account__account_no__startswith="SIM-")
            .exclude(own_signals__is_placed=True)
        )
        wanted += list(found.values_list("pk", flat=True)[: max(0, left)])
    for account_id in wanted:
        if account_id not in there:
            analyst = context.staff.actor(ANALYSTS[account_id % len(ANALYSTS)])
            with suppress(LetterInTheWay):
                propose_letter(actor=analyst, account_id=account_id, note="calls bring nothing", now=now)


def _approve(_day: date, context: DayContext) -> None:
    """Approve together what was proposed, and print it; what something has come to forbid is rejected."""
    now, lawyer = context.moment(_HOUR), context.staff.actor(LEGAL)
    waiting = _at(Status.PROPOSED)
    if waiting:
        decided = approve_letters(actor=lawyer, letter_ids=waiting, now=now)
        if decided.refused:
            reject_letters(actor=lawyer, letter_ids=list(decided.refused), reason="no longer as it was proposed", now=now)
    # Once more for a letter that was in the printer when a build was broken off: it is its printer's for a minute.
    for later in (timedelta(0), LEASE * 2):
        if _at(Status.APPROVED):
            print_approved(now=now + later)


def _send(day: date, context: DayContext) -> None:
    """Send what was printed; what was paid meanwhile, or cannot be printed, is stopped."""
    now, lawyer = context.moment(_HOUR), context.staff.actor(LEGAL)
    for letter_id in _at(Status.PRINTED):
        try:
            send_letter(
                actor=lawyer,
                letter_id=letter_id,
                carrier=_CARRIER,
                tracking_no=f"SIM{letter_id:08d}",
                sent_on=day,
                now=now,
                is_simulated=True,
            )
        except (LetterInTheWay, NotToSendNow) as refusal:
            stop_letter(actor=lawyer, letter_id=letter_id, reason=str(refusal))
    for letter_id in _at(Status.APPROVED):
        stop_letter(actor=lawyer, letter_id=letter_id, reason="cannot be printed")


def _end(day: date, context: DayContext) -> None:
    """Record how the letters ended, with the carrier's receipt."""
    now, lawyer = context.moment(_HOUR), context.staff.actor(LEGAL)
    for letter_id in _at(Status.SENT):
        draw = context.draw("letter", letter_id)
        # Of a story it is told that it came.
        is_story = Letter.objects.filter(pk=letter_id, account__account_no__startswith="S-").exists()
        outcome = Status.DELIVERED if is_story else draw.choices(list(_ENDS), list(_ENDS.values()))[0]
        receipt = _RECEIPT + str(letter_id).encode()
        with transaction.atomic():
            end_letter(actor=lawyer, letter_id=letter_id, outcome=outcome, on=day, note="receipt of the carrier", now=now)
            add_letter_file(
                actor=lawyer, letter_id=letter_id, name=f"receipt-{letter_id}.pdf", chunks=[receipt], size_bytes=len(receipt)
            )


def _at(status: Letter.Status) -> list[int]:
    return list(Letter.objects.filter(status=status).order_by("pk").values_list("pk", flat=True))

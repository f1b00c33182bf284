"""Printed letters sent, through the gate, and how they ended, with the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import AccountState, CreditAccount
from outreach.gate import ContactNotOpen, end_contact, pass_gate
from outreach.operations.refusals import NoPolicyHolds
from outreach.operations.sending.stopping import is_dispatch_off
from outreach.policies import NoPolicy
from outreach.rules.contacts import Outcome
from outreach.wording import verdict_text
from recovery.letter_roles import END_LETTER, SEND_LETTER
from recovery.models import Letter
from recovery.operations.letters import refusals
from recovery.operations.letters.deciding import lock_letter, note_letter, save_letter
from recovery.queries.letter_standing import request_for, still_forbidden
from riskops.shared.audit import Actor
from riskops.shared.day import SIMULATED, book_state

#: A letter that would leave fewer days to pay is not sent, unless its figures never gave more.
LEAST_DAYS_TO_PAY: Final = 3
#: How a letter ends, and what the log of contacts is told.
ENDS: Final = {
    Letter.Status.DELIVERED: Outcome.DELIVERED,
    Letter.Status.REFUSED: Outcome.REFUSED,
    Letter.Status.RETURNED: Outcome.UNDELIVERED,
}


def send_letter(
    *,
    actor: Actor,
    letter_id: int,
    carrier: str,
    tracking_no: str,
    sent_on: date,
    now: datetime,
    is_simulated: bool = False,
) -> Letter:
    """Send a printed letter: the gate is asked, and the carrier's number kept. What the gate refuses is in its log.

    :param sent_on: the day it was handed to the carrier, by the site's calendar
    :param is_simulated: on a day that the simulated book lives through: it stands still for people, and nothing leaves the house
    :raises LetterUnknown, LetterNotIn: there is none to send
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises TrackingMissing, TrackingTaken, DayImpossible: a value that is not taken
    :raises LetterInTheWay: it was paid, it says what is not so any more, or something has come that forbids it
    :raises BookStandsStill: nobody is written to from a book whose days are not closed
    :raises NotToSendNow, NoPolicyHolds: the contact policy does not let it through
    """
    letter, refused = _send(actor, letter_id, carrier.strip(), tracking_no.strip(), sent_on, now, is_simulated)
    # Raised after the refusal is in the gate's log: rolled back with it, nobody would know that it was asked for.
    if refused:
        raise refusals.NotToSendNow(letter.reference, refused)
    return letter


@transaction.atomic
def _send(
    actor: Actor, letter_id: int, carrier: str, tracking_no: str, sent_on: date, now: datetime, is_simulated: bool
) -> tuple[Letter, str]:
    letter = lock_letter(actor, letter_id, Letter.Status.PRINTED)
    if is_dispatch_off() and not (is_simulated and book_state().book == SIMULATED):
        raise refusals.BookStandsStill
    if not carrier or not tracking_no:
        raise refusals.TrackingMissing
    other = Letter.objects.filter(carrier=carrier, tracking_no=tracking_no).first()
    if other is not None:
        raise refusals.TrackingTaken(tracking_no, other.reference)
    today = timezone.localdate(now)
    if not letter.document.dated <= sent_on <= today:
        raise refusals.DayImpossible(sent_on, letter.document.dated, today)
    account = CreditAccount.objects.select_related("customer", "product", "signals").get(pk=letter.account_id)
    state = AccountState.objects.get(pk=letter.account_id)
    obstacles = [obstacle.text for obstacle in still_forbidden(account, now)]
    obstacles += _out_of_date(letter, state.overdue_total_minor, sent_on)
    if obstacles:
        raise refusals.LetterInTheWay(account.account_no, obstacles)
    try:
        answer = pass_gate(actor=actor, key=f"letter:{letter.pk}", request=request_for(account), now=now)
    except NoPolicy:
        raise NoPolicyHolds(account.product.product_code) from None
    if answer.contact is None:
        return letter, verdict_text(answer.verdict, zone=account.customer.time_zone)
    letter.status, letter.contact_id = Letter.Status.SENT, answer.contact.pk
    letter.carrier, letter.tracking_no, letter.sent_on = carrier[:60], tracking_no[:60], sent_on
    save_letter(letter)
    after = {
        "status": letter.status,
        "contact": letter.contact_id,
        "carrier": letter.carrier,
        "tracking_no": letter.tracking_no,
        "sent_on": sent_on.isoformat(),
    }
    note_letter(actor, letter, SEND_LETTER, before="printed", after=after)
    return letter, ""


def _out_of_date(letter: Letter, overdue_minor: int, sent_on: date) -> Iterator[str]:
    """Return why what a letter demands is not to be demanded any more, in words."""
    document = letter.document
    if overdue_minor <= 0:
        yield refusals.nothing_past_due()
    elif document.total_minor is not None and overdue_minor < document.total_minor:
        yield refusals.demands_too_much(document.total_minor, overdue_minor, letter.currency)
    within = letter.policy.pay_within_days
    pay_by = document.pay_by or document.dated + timedelta(days=within)
    if (pay_by - sent_on).days < min(LEAST_DAYS_TO_PAY, within):
        yield refusals.pay_by_too_near(pay_by)


@transaction.atomic
def end_letter(*, actor: Actor, letter_id: int, outcome: str, on: date, note: str, now: datetime) -> Letter:
    """Record how a sent letter ended: delivered, acceptance refused, or returned. The log of contacts is told, and a letter that
    reached the customer restarts the limitation clock.

    :param on: the day of the carrier's receipt
    :param note: what the evidence is: who signed, what the receipt says
    :raises LetterUnknown, LetterNotIn: there is none that is on its way
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises EndUnknown, DayImpossible: a value that is not taken
    """
    letter = lock_letter(actor, letter_id, Letter.Status.SENT)
    ends = {str(status): end for status, end in ENDS.items()}
    if outcome not in ends:
        raise refusals.EndUnknown(outcome)
    today = timezone.localdate(now)
    sent_on = letter.sent_on or today
    if not sent_on <= on <= today:
        raise refusals.DayImpossible(on, sent_on, today)
    letter.status, letter.ended_on, letter.evidence_note = outcome, on, note.strip()[:500]
    save_letter(letter)
    assert letter.contact_id is not None  # the database holds that a sent letter passed the gate
    try:
        end_contact(letter.contact_id, ends[outcome], now=now, note=f"{letter.reference} {letter.carrier} {letter.tracking_no}")
    except ContactNotOpen as ended:
        raise refusals.LetterNotIn(letter.reference, str(ended.contact.get_outcome_display())) from None
    after: dict[str, object] = {"status": outcome, "ended_on": on.isoformat()}
    note_letter(actor, letter, END_LETTER, before="sent", after=after, reason=letter.evidence_note)
    return letter

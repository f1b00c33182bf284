"""Letters approved or not, in batches; stopped before they are sent. Each letter is judged again and answered by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import CreditAccount
from accounts.operations.reviewing import business_day
from outreach.operations.refusals import OutreachRefusal, ReasonNeeded
from recovery.letter_roles import DECIDE_LETTER, REJECT_LETTER, STOP_LETTER
from recovery.models import Letter
from recovery.operations.letters import refusals
from recovery.queries.letter_standing import letter_standing
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.people.refusals import ConflictDeclared
from riskops.shared.scope import scope_of_actor

#: Letters decided at once.
MOST_AT_ONCE: Final = 500
_BEFORE_SENDING: Final = (Letter.Status.PROPOSED, Letter.Status.APPROVED, Letter.Status.PRINTED)
#: What an approval judges anew; a letter that is under way is in nobody's way but its own.
_OF_ITSELF: Final = frozenset({"open_letter", "cool_off"})


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a batch: the letters decided, and why the others were not, by id."""

    done: tuple[int, ...]
    refused: dict[int, str]


def approve_letters(*, actor: Actor, letter_ids: Sequence[int], now: datetime) -> Decided:
    """Approve letters; each that is approved is printed next. One that may not be is left as it is, with the reason.

    :raises NothingChosen, TooManyChosen: of the batch as a whole
    :raises ApproverIsNobody: no person asks
    """
    if actor.user_id is None:
        raise refusals.ApproverIsNobody
    return _each(letter_ids, lambda letter_id: approve_letter(actor=actor, letter_id=letter_id, now=now))


def reject_letters(*, actor: Actor, letter_ids: Sequence[int], reason: str, now: datetime) -> Decided:
    """Reject letters, with one reason for all.

    :raises NothingChosen, TooManyChosen, ReasonNeeded: of the batch as a whole
    """
    if not reason.strip():
        raise ReasonNeeded
    return _each(letter_ids, lambda letter_id: reject_letter(actor=actor, letter_id=letter_id, reason=reason, now=now))


def _each(letter_ids: Sequence[int], decide: Callable[[int], Letter]) -> Decided:
    chosen = sorted(set(letter_ids))
    if not chosen:
        raise refusals.NothingChosen
    if len(chosen) > MOST_AT_ONCE:
        raise refusals.TooManyChosen(len(chosen), MOST_AT_ONCE)
    done, refused = [], {}
    for letter_id in chosen:
        try:
            decide(letter_id)
        except (OutreachRefusal, ConflictDeclared) as refusal:
            refused[letter_id] = str(refusal)
        else:
            done.append(letter_id)
    return Decided(tuple(done), refused)


@transaction.atomic
def approve_letter(*, actor: Actor, letter_id: int, now: datetime) -> Letter:
    """Approve one letter: somebody of legal who did not propose it by hand, on how the account stands now.

    :raises LetterUnknown, LetterNotIn: there is none that waits
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises OwnLetter, ApproverIsNobody: it takes a second person
    :raises LetterInTheWay: since it was proposed something has come that forbids it, or it would lose money now
    """
    letter = lock_letter(actor, letter_id, Letter.Status.PROPOSED)
    if actor.user_id is None:
        raise refusals.ApproverIsNobody
    if letter.source == Letter.Source.PERSON and letter.proposed_by_id == actor.user_id:
        raise refusals.OwnLetter(letter.reference, letter.proposed_by_name)
    account = CreditAccount.objects.select_related("customer", "product", "signals").get(pk=letter.account_id)
    standing = letter_standing(account, business_date=business_day(), now=now)
    obstacles = [obstacle.text for obstacle in standing.obstacles if obstacle.rule not in _OF_ITSELF]
    if obstacles:
        raise refusals.LetterInTheWay(account.account_no, obstacles)
    letter.status = Letter.Status.APPROVED
    letter.decided_by_id, letter.decided_by_name, letter.decided_at = actor.user_id, actor.name, now
    save_letter(letter)
    after = {"status": letter.status, "net_minor": standing.line.net_minor, "balance_minor": standing.line.balance_minor}
    note_letter(actor, letter, DECIDE_LETTER, before="proposed", after=after)
    transaction.on_commit(_ring)
    return letter


def _ring() -> None:
    from recovery.tasks import print_letters
    from riskops.shared.bells import ring

    ring(print_letters, expires_seconds=60)


@transaction.atomic
def reject_letter(*, actor: Actor, letter_id: int, reason: str, now: datetime) -> Letter:
    """Not approve one letter.

    :raises LetterUnknown, LetterNotIn: there is none that waits
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises ReasonNeeded: nothing is written in it
    """
    letter = lock_letter(actor, letter_id, Letter.Status.PROPOSED)
    if not reason.strip():
        raise ReasonNeeded
    letter.status, letter.reason = Letter.Status.REJECTED, reason.strip()[:500]
    letter.decided_by_id, letter.decided_by_name, letter.decided_at = actor.user_id, actor.name, now
    save_letter(letter)
    note_letter(actor, letter, REJECT_LETTER, before="proposed", after={"status": letter.status}, reason=letter.reason)
    return letter


@transaction.atomic
def stop_letter(*, actor: Actor, letter_id: int, reason: str) -> Letter:
    """Stop a letter that was not sent: whoever proposed it by mistake, or because something came between.

    :raises LetterUnknown, LetterNotIn: there is none, or it was sent or has ended
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises ReasonNeeded: nothing is written in it
    """
    letter = lock_letter(actor, letter_id, *_BEFORE_SENDING)
    if not reason.strip():
        raise ReasonNeeded
    before = letter.status
    letter.status, letter.reason = Letter.Status.STOPPED, reason.strip()[:500]
    save_letter(letter)
    note_letter(actor, letter, STOP_LETTER, before=before, after={"status": letter.status}, reason=letter.reason)
    return letter


def lock_letter(actor: Actor, letter_id: int, *states: str) -> Letter:
    """Return a letter, locked, in one of some states, about an account in sight of whoever acts."""
    letter = Letter.objects.select_for_update(of=("self",)).select_related("account").filter(pk=letter_id).first()
    if letter is None or not scope_of_actor(actor).permits(letter.account_id):
        raise refusals.LetterUnknown(letter_id)
    refuse_conflict(actor, letter.customer_id, on=timezone.localdate())
    if letter.status not in states:
        raise refusals.LetterNotIn(letter.reference, str(letter.get_status_display()))
    return letter


#: What changes of a letter; the database refuses to have the rest written again.
_CHANGING: Final = (
    "status", "decided_by", "decided_by_name", "decided_at", "reason", "problem", "sent_on", "carrier", "tracking_no", "contact",
    "ended_on", "evidence_note", "printing_until", "version",
)  # fmt: skip


def save_letter(letter: Letter) -> None:
    """Save a locked letter, its version counted up."""
    letter.version += 1
    letter.save(update_fields=_CHANGING)


def note_letter(actor: Actor, letter: Letter, action: str, *, before: str, after: dict[str, object], reason: str = "") -> None:
    """Write the line of the trail about a step of a letter."""
    record(
        actor=actor,
        action=action,
        subject_type="letter",
        subject_key=letter.reference,
        account_id=letter.account_id,
        before={"status": before},
        after=after,
        reason=reason,
    )

"""The note on an account, and who has the account on screen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import CreditAccount
from casework.models import AccountNote, Claim, Presence
from casework.operations.claiming import LEASE, hand_of, person_name
from casework.operations.work_refusals import NoteChanged, TextTooLong
from casework.work_roles import WRITE_NOTE
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import refuse_conflict

MOST_NOTE: Final = 10_000
#: A browser that has not been heard of for so long is gone.
PRESENT_FOR: Final = timedelta(seconds=30)


def latest_note(account_id: int) -> AccountNote | None:
    """Return the text that stands, None if there never was one."""
    return AccountNote.objects.filter(account_id=account_id).order_by("-version").select_related("written_by").first()


def save_note(*, actor: Actor, account: CreditAccount, text: str, version: int, now: datetime) -> AccountNote:
    """Write the next version of an account's note over the one that was read (0: there was none). Earlier texts are kept.

    :raises NoteChanged: somebody else saved another text over the same version; it carries theirs
    :raises TextTooLong, ConflictDeclared: not this text, not by this person
    """
    refuse_conflict(actor, account.customer_id, on=timezone.localdate(now))
    text = text.replace("\r\n", "\n").strip()
    if len(text) > MOST_NOTE:
        raise TextTooLong(len(text), MOST_NOTE)
    standing = latest_note(account.pk)
    if standing is not None and standing.text == text:
        return standing
    if (standing.version if standing else 0) != version:
        raise _changed(account.pk)
    try:
        with transaction.atomic():
            note = AccountNote.objects.create(
                account=account, version=version + 1, body={"text": text}, written_by_id=actor.user_id, written_at=now
            )
            # Writing is work: it keeps the account in hand.
            Claim.objects.filter(customer_id=account.customer_id, user_id=hand_of(actor), lease_until__gt=now).update(
                lease_until=now + LEASE
            )
            record(
                actor=actor,
                action=WRITE_NOTE,
                subject_type="account",
                subject_key=account.account_no,
                account_id=account.pk,
                before={"version": version},
                after={"version": note.version, "characters": len(text)},
            )
    except IntegrityError:
        raise _changed(account.pk) from None
    return note


def _changed(account_id: int) -> NoteChanged:
    note = latest_note(account_id)
    assert note is not None
    return NoteChanged(version=note.version, theirs=note.text, name=person_name(note.written_by_id))


def be_present(*, user_id: int, account_id: int, now: datetime) -> list[str]:
    """Say that a person has an account on screen, and return the names of the others who have. No trail: nothing is done."""
    Presence.objects.bulk_create(
        [Presence(account_id=account_id, user_id=user_id, seen_at=now)],
        update_conflicts=True,
        unique_fields=["account", "user"],
        update_fields=["seen_at"],
    )
    others = Presence.objects.filter(account_id=account_id, seen_at__gt=now - PRESENT_FOR).exclude(user_id=user_id)
    return [
        row.user.get_full_name() or row.user.get_username() for row in others.select_related("user").order_by("user__username")
    ]

"""What is known of numbers and addresses, written down: for whoever has them, or for the one customer whose they are not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from outreach.models import Contact, DetailState, WrongPerson
from outreach.rules.contacts import Outcome, Party


def write_state(customer_id: int, detail: int, state: str, *, evidence: str, by: str, at: datetime) -> DetailState | WrongPerson:
    """Write what is known of a number or address since a moment. Whoever calls has the customer locked.

    That somebody else answers is of this customer alone: the number may be the right one of whoever answers.
    """
    columns = {"since": at, "evidence": evidence, "noted_by_name": by}
    if state == DetailState.State.WRONG_PERSON:
        wrong, _made = WrongPerson.objects.update_or_create(customer_id=customer_id, detail=detail, defaults=columns)
        return wrong
    row, _made = DetailState.objects.update_or_create(detail=detail, defaults={"state": state, **columns})
    return row


def note_end(contact: Contact, outcome: Outcome, *, by: str, at: datetime) -> None:
    """Write what the end of a call or visit says of its number or address, if anything."""
    state = _state_after(contact, outcome)
    if state is not None:
        write_state(contact.customer_id, contact.detail, state, evidence=f"contact {contact.pk}", by=by, at=at)


def note_reported_end(contact: Contact, outcome: Outcome, *, by: str) -> None:
    """Do so for a contact that is reported afterwards, unless a later state is known, or that the customer was reached since."""
    state = _state_after(contact, outcome)
    if state is None:
        return
    known: QuerySet[Any] = DetailState.objects.all()
    if state == DetailState.State.WRONG_PERSON:
        known = WrongPerson.objects.filter(customer_id=contact.customer_id)
    since = Contact.objects.filter(customer_id=contact.customer_id, detail=contact.detail, at__gt=contact.at)
    is_reached_since = since.filter(outcome__in=(Outcome.EFFECTIVE, Outcome.DELIVERED)).exists()
    if is_reached_since or known.filter(detail=contact.detail, since__gt=contact.at).exists():
        return
    write_state(contact.customer_id, contact.detail, state, evidence=f"contact {contact.pk}", by=by, at=contact.at)


def _state_after(contact: Contact, outcome: Outcome) -> DetailState.State | None:
    if outcome is Outcome.REFUSED and contact.party == Party.THIRD_PARTY:
        return DetailState.State.REFUSED
    states = {Outcome.WRONG_PERSON: DetailState.State.WRONG_PERSON, Outcome.INVALID_DETAIL: DetailState.State.INVALID}
    return states.get(outcome)

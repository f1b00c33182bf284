"""What a customer wants: opt-outs of channels, hours of contact; and what is found out about a number or address."""

from __future__ import annotations

from datetime import datetime, time

from django.db import IntegrityError, transaction

from accounts.models import Customer
from outreach.models import AgreedHours, Contact, DetailState, OptOut, WrongPerson
from outreach.models.wishes import CHANNEL_NAMES
from outreach.operations.details import write_state
from outreach.operations.refusals import EvidenceNeeded, HoursMalformed, NoDetail, NoOptOut, OptOutThere, RefusalStays
from outreach.queries.standing import detail_of
from outreach.roles import NOTE_DETAIL, NOTE_WISH
from outreach.rules.contacts import CALLS, Channel, Outcome, Party
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import refuse_conflict


@transaction.atomic
def opt_out(*, actor: Actor, customer: Customer, channel: Channel, source: str, note: str, now: datetime) -> OptOut:
    """Note that a customer wants nothing more by a channel. It holds from now on; what is in the outbox stays there unsent.

    :raises EvidenceNeeded: told to a person, and not written down how
    :raises OptOutThere: it is noted already
    """
    refuse_conflict(actor, customer.pk)
    if source == OptOut.Source.PERSON and not note.strip():
        raise EvidenceNeeded
    _lock(customer)
    try:
        with transaction.atomic():
            row = OptOut.objects.create(
                customer=customer, channel=channel, source=source, since=now, noted_by_name=actor.name, note=note.strip()
            )
    except IntegrityError:
        raise OptOutThere(str(CHANNEL_NAMES[channel])) from None
    _record(actor, customer, {"opted_out": channel, "source": source}, note)
    return row


@transaction.atomic
def opt_in(*, actor: Actor, customer: Customer, channel: Channel, evidence: str, now: datetime) -> OptOut:
    """Note that a customer takes an opt-out back. Consent, where the channel needs it, is another matter and stays as it is.

    :raises EvidenceNeeded: it is not written down how the customer said so
    :raises NoOptOut: there is none
    """
    refuse_conflict(actor, customer.pk)
    if not evidence.strip():
        raise EvidenceNeeded
    _lock(customer)
    row = OptOut.objects.select_for_update().filter(customer=customer, channel=channel, until=None).first()
    if row is None:
        raise NoOptOut(str(CHANNEL_NAMES[channel]))
    row.until = max(now, row.since)
    row.save(update_fields=["until"])
    _record(actor, customer, {"opted_in": channel}, evidence)
    return row


@transaction.atomic
def agree_hours(
    *, actor: Actor, customer: Customer, opens_at: time | None, closes_at: time | None, evidence: str, now: datetime
) -> AgreedHours | None:
    """Note the hours that a customer agreed to, over midnight where the first is the later one; both None: the policy's again.

    :raises HoursMalformed: no hours
    :raises EvidenceNeeded: it is not written down how it was agreed
    """
    refuse_conflict(actor, customer.pk)
    if not evidence.strip():
        raise EvidenceNeeded
    # To the minute: nobody agrees to seconds.
    opens_at, closes_at = (at and at.replace(second=0, microsecond=0) for at in (opens_at, closes_at))
    if (opens_at is None) != (closes_at is None) or (opens_at is not None and opens_at == closes_at):
        raise HoursMalformed
    _lock(customer)
    before = AgreedHours.objects.filter(customer=customer).first()
    row = None
    if opens_at is None or closes_at is None:
        AgreedHours.objects.filter(customer=customer).delete()
    else:
        row, _made = AgreedHours.objects.update_or_create(
            customer=customer,
            defaults={
                "opens_at": opens_at,
                "closes_at": closes_at,
                "agreed_at": now,
                "evidence": evidence.strip(),
                "noted_by_name": actor.name,
            },
        )
    had = [before.opens_at.isoformat(), before.closes_at.isoformat()] if before else None
    has = [opens_at.isoformat(), closes_at.isoformat()] if opens_at and closes_at else None
    _record(actor, customer, {"agreed_hours": has}, evidence, before={"agreed_hours": had})
    return row


@transaction.atomic
def note_detail(
    *, actor: Actor, customer: Customer, channel: Channel, state: str, evidence: str, now: datetime
) -> DetailState | WrongPerson:
    """Note what became known of a number or address of a customer; it is tried no more, whoever else has it.

    Where somebody else answers, it is tried no more for this customer alone.

    :raises NoDetail: the customer has none for the channel
    :raises EvidenceNeeded: it is not written down how it became known
    """
    refuse_conflict(actor, customer.pk)
    if not evidence.strip():
        raise EvidenceNeeded
    detail = detail_of(customer, channel)
    if detail is None:
        raise NoDetail(str(CHANNEL_NAMES[channel]))
    _lock(customer)
    row = write_state(customer.pk, detail, state, evidence=evidence.strip(), by=actor.name, at=now)
    _record(actor, customer, {"channel": channel, "state": state}, evidence, action=NOTE_DETAIL)
    return row


@transaction.atomic
def clear_detail(*, actor: Actor, customer: Customer, channel: Channel, evidence: str) -> None:
    """Note that a number or address leads to the customer after all. What a third party refused there is noted again.

    :raises NoDetail: the customer has none for the channel, or nothing is noted of it
    :raises RefusalStays: whoever answers it did not want to be asked again
    :raises EvidenceNeeded: it is not written down how it became known
    """
    refuse_conflict(actor, customer.pk)
    if not evidence.strip():
        raise EvidenceNeeded
    _lock(customer)
    detail = detail_of(customer, channel)
    # Locked: a call of another customer at the number may be ended as refused at this moment.
    row = DetailState.objects.select_for_update().filter(pk=detail).first() if detail is not None else None
    wrong = WrongPerson.objects.filter(customer=customer, detail=detail).first() if detail is not None else None
    noted = wrong or row
    if noted is None:
        raise NoDetail(str(CHANNEL_NAMES[channel]))
    if noted.state == DetailState.State.REFUSED:
        raise RefusalStays
    before, after = str(noted.state), ""
    if wrong is not None:
        wrong.delete()
    if row is not None:
        after = _reopen(row)
    _record(actor, customer, {"channel": channel, "state": after or None}, evidence, before={"state": before}, action=NOTE_DETAIL)


def _reopen(row: DetailState) -> str:
    """Take back that a number or address leads nowhere, and return the state it is in then, "" for none."""
    if row.state == DetailState.State.REFUSED:
        return str(row.state)
    call = _refused_at(row.detail)
    if call is None:
        row.delete()
        return ""
    # A number has one state: that it led nowhere took the place of the refusal, which the log has for good.
    row.state = DetailState.State.REFUSED
    row.since, row.evidence, row.noted_by_name = call.at, f"contact {call.pk}", call.made_by_name
    row.save()
    return str(row.state)


def _refused_at(detail: int) -> Contact | None:
    """Return the last call in which a third party refused at a number."""
    calls = Contact.objects.filter(detail=detail, channel__in=CALLS, party=Party.THIRD_PARTY, outcome=Outcome.REFUSED)
    return calls.order_by("-at", "-pk").first()


def _lock(customer: Customer) -> None:
    """Wait for whoever is at the gate with the customer; who comes after sees what is noted here."""
    Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer.pk)


def _record(
    actor: Actor,
    customer: Customer,
    after: dict[str, object],
    reason: str,
    *,
    before: dict[str, object] | None = None,
    action: str = NOTE_WISH,
) -> None:
    record(
        actor=actor,
        action=action,
        subject_type="customer",
        subject_key=customer.customer_no,
        before=before,
        after=after,
        reason=reason.strip(),
    )

"""Contacts that a person makes: asked for at the gate, made, and ended with what came of them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import CreditAccount, Customer
from outreach.gate import Answer, ContactNotOpen, KeyOfAnother, end_contact, pass_gate
from outreach.models import Contact, DetailState
from outreach.models.contacts import OUTCOME_NAMES
from outreach.models.wishes import CHANNEL_NAMES
from outreach.operations.refusals import (
    ContactEnded,
    ContactOfOther,
    ContactUnknown,
    DetailNotOfCustomer,
    KeyTaken,
    NotByPerson,
    OutcomeNotOfChannel,
)
from outreach.queries.standing import detail_of, detail_of_phone
from outreach.roles import MADE_CONTACT, MAKE_CONTACT
from outreach.rules.contacts import Channel, Outcome, Party, Purpose, Request
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.people.examinations import refuse_without_examination
from riskops.shared.people.rights import roles_of_actor
from riskops.shared.roles import Role
from riskops.shared.scope import scope_of_actor

#: What a person can make; all else goes through the outbox.
BY_PERSON = (Channel.CALL, Channel.VISIT)
#: How such a contact can end.
ENDS = (
    Outcome.EFFECTIVE,
    Outcome.UNANSWERED,
    Outcome.WRONG_PERSON,
    Outcome.INVALID_DETAIL,
    Outcome.REFUSED,
    Outcome.NOT_MADE,
)


@transaction.atomic
def ask_for_contact(
    *,
    actor: Actor,
    key: str,
    account: CreditAccount,
    channel: Channel,
    purpose: Purpose,
    party: Party = Party.DEBTOR,
    number: str = "",
    now: datetime,
) -> Answer:
    """Ask the gate for a call or a visit. Let through, it counts until it is ended.

    What the gate refuses is an answer, recorded like the contact and its line in the trail, in one transaction.

    :param key: of the form or the program that asks; sent again, it is the same contact
    :param number: the number to call where it is not the customer's own
    :raises NotByPerson: messages go through the outbox
    :raises ContactEnded, KeyTaken: the key is that of a contact that has ended, or of another one
    :raises DetailNotOfCustomer: somebody else's number is missing, or the customer's own was typed
    :raises ConflictDeclared: the person has a conflict of interest with the customer
    :raises ExaminationExpired: the person has no examination that holds
    """
    refuse_conflict(actor, account.customer_id)
    refuse_without_examination(actor, on=timezone.localdate(now))
    if channel not in BY_PERSON:
        raise NotByPerson(str(CHANNEL_NAMES[channel]))
    own = detail_of(account.customer, channel)
    detail = detail_of_phone(number) if number.strip() else None
    if party is Party.DEBTOR:
        if detail is not None and detail != own:
            raise DetailNotOfCustomer(is_missing=False)
        detail = own
    elif detail is None or detail == own:
        raise DetailNotOfCustomer(is_missing=True)
    request = Request(
        channel=channel,
        purpose=purpose,
        account_id=account.pk,
        detail=detail,
        party=party,
        # Whoever calls says who they are, and to a third party no word of the debt: what they are examined on.
        names_institution=True,
        discloses_debt=party is not Party.THIRD_PARTY,
        is_collector_fit=True if actor.user_id is not None else None,
    )
    try:
        answer = pass_gate(actor=actor, key=f"person {actor.user_id}: {key}"[:64], request=request, now=now)
    except ContactNotOpen as ended:
        raise ContactEnded(str(OUTCOME_NAMES[Outcome(ended.contact.outcome)])) from None
    except KeyOfAnother:
        raise KeyTaken(key) from None
    if answer.contact is not None and answer.is_new:
        record(
            actor=actor,
            action=MAKE_CONTACT,
            subject_type="customer",
            subject_key=account.customer.customer_no,
            account_id=account.pk,
            after={"contact": answer.contact.pk, "channel": channel, "purpose": purpose, "party": party},
        )
    return answer


@transaction.atomic
def end_call(*, actor: Actor, customer: Customer, contact_id: int, outcome: Outcome, note: str, now: datetime) -> Contact:
    """Record how a call or visit ended. A number that leads nowhere, or is somebody else's, is not tried again.

    :raises ContactUnknown: no such contact with the customer
    :raises ContactOfOther: somebody else made it, and is no less present
    :raises OutcomeNotOfChannel: it cannot end so
    :raises ContactEnded: it ended otherwise
    """
    refuse_conflict(actor, customer.pk)
    Customer.objects.select_for_update(of=("self",)).get(pk=customer.pk)
    contact = Contact.objects.filter(pk=contact_id, customer=customer, channel__in=BY_PERSON).first()
    if contact is None or not scope_of_actor(actor).permits(contact.account_id):
        raise ContactUnknown(contact_id)
    if contact.made_by_id != actor.user_id and not roles_of_actor(actor) & {Role.TEAM_LEAD, Role.LEGAL}:
        raise ContactOfOther(contact.made_by_name)
    if outcome not in ENDS:
        raise OutcomeNotOfChannel(str(OUTCOME_NAMES[outcome]))
    was_open = contact.outcome == Outcome.OPEN
    try:
        contact = end_contact(contact.pk, outcome, now=max(now, contact.at), note=note.strip()[:500])
    except ContactNotOpen as ended:
        raise ContactEnded(str(OUTCOME_NAMES[Outcome(ended.contact.outcome)])) from None
    if was_open:
        states = {Outcome.WRONG_PERSON: DetailState.State.WRONG_PERSON, Outcome.INVALID_DETAIL: DetailState.State.INVALID}
        state = states.get(outcome)
        if outcome is Outcome.REFUSED and contact.party == Party.THIRD_PARTY:
            state = DetailState.State.REFUSED
        if state is not None:
            columns = {"state": state, "since": now, "evidence": f"contact {contact.pk}", "noted_by_name": actor.name}
            DetailState.objects.update_or_create(detail=contact.detail, defaults=columns)
        record(
            actor=actor,
            action=MADE_CONTACT,
            subject_type="customer",
            subject_key=customer.customer_no,
            account_id=contact.account_id,
            after={"contact": contact.pk, "outcome": outcome},
            reason=note.strip()[:500],
        )
    return contact

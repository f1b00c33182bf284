"""Contacts that a person makes: asked for at the gate, made, and ended with what came of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Application, CreditAccount, Customer
from accounts.roles import REVEAL_PERSON
from casework.trained import refuse_untrained
from outreach.contact_names import OUTCOME_NAMES
from outreach.gate import Answer, ContactNotOpen, KeyOfAnother, ask_gate, end_contact, pass_gate
from outreach.models import Contact
from outreach.models.wishes import CHANNEL_NAMES
from outreach.operations.details import note_end
from outreach.operations.refusals import (
    CallOfAnotherDay,
    ContactEnded,
    ContactOfOther,
    ContactUnknown,
    DetailNotOfCustomer,
    KeyTaken,
    MayHaveBeenMade,
    NoPolicyHolds,
    NotByPerson,
    NoticeNotByCollector,
    NotToDialNow,
    NotYoursToDial,
    NumberNotKept,
    NumberWasShown,
    OutcomeNotOfChannel,
)
from outreach.operations.typed_numbers import detail_of_typed, representatives_of
from outreach.policies import NoPolicy
from outreach.queries.standing import detail_of
from outreach.roles import DIAL, MADE_CONTACT, MAKE_CONTACT
from outreach.rules.contact_policy import Verdict
from outreach.rules.contacts import Channel, Outcome, Party, Purpose, Request
from outreach.rules.phones import e164
from outreach.wording import verdict_text
from riskops.shared.audit import Actor, record
from riskops.shared.models import AuditEntry
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.people.examinations import has_examination
from riskops.shared.people.rights import roles_of_actor
from riskops.shared.roles import Role
from riskops.shared.scope import Scope, scope_of_actor

#: What a person can make; all else goes through the outbox.
BY_PERSON = (Channel.CALL, Channel.VISIT)
#: Whose call may be a notice required by law.
MAY_NOTIFY = frozenset({Role.TEAM_LEAD, Role.LEGAL})
#: Who may say of what may have been made that it was not: what is not made counts for no limit.
MAY_UNDO_DIALLED = frozenset({Role.TEAM_LEAD, Role.LEGAL})
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
    :raises NoPolicyHolds: no contact policy does
    :raises NotByPerson: messages go through the outbox
    :raises NoticeNotByCollector: a notice passes holds, so it is not for whoever collects to call their call one
    :raises ContactEnded, KeyTaken: the key is that of a contact that has ended, or of another one
    :raises CallOfAnotherDay: the key is that of a contact that counts for another day of the customer's
    :raises DetailNotOfCustomer: somebody else's number is missing, or the customer's own was typed
    :raises ConflictDeclared, TrainedStaffOnly: not by this person
    """
    refuse_conflict(actor, account.customer_id)
    refuse_untrained(actor, account.customer_id, on=timezone.localdate(now))
    if channel not in BY_PERSON:
        raise NotByPerson(str(CHANNEL_NAMES[channel]))
    if purpose is Purpose.NOTICE and not roles_of_actor(actor) & MAY_NOTIFY:
        raise NoticeNotByCollector
    own = detail_of(account.customer, channel)
    on_record = representatives_of(account, now) if party is Party.REPRESENTATIVE else frozenset()
    detail = detail_of_typed(number, own, on_record=on_record) if number.strip() else None
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
        is_collector_fit=has_examination(actor, on=timezone.localdate(now)),
    )
    try:
        answer = pass_gate(actor=actor, key=f"person {actor.user_id}: {key}"[:64], request=request, now=now)
    except ContactNotOpen as ended:
        raise ContactEnded(str(OUTCOME_NAMES[Outcome(ended.contact.outcome)])) from None
    except KeyOfAnother:
        raise KeyTaken(key) from None
    except NoPolicy:
        raise NoPolicyHolds(settings.CONTACT_PROFILE) from None
    if answer.contact is not None and not answer.is_new:
        _refuse_another_day(answer.contact, account.customer, now)
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
def dial(*, actor: Actor, customer: Customer, contact_id: int, now: datetime, scope: Scope | None = None) -> str:
    """Return the number of a call that was let through, in clear, to whoever asked for it; the trail says who saw it.

    It is judged again: what was allowed in the afternoon is not allowed at night, nor after the customer asked not to be called.

    :param scope: what the person may see, where an upper room knows better than their products; None: as these say
    :return: E.164 where it can be read as such, else as the book has it
    :raises ContactUnknown: no such call with the customer
    :raises NotYoursToDial: somebody else asked for it
    :raises ContactEnded: it has ended; a further call is asked for anew
    :raises NumberNotKept: it is not to the number that the customer has now
    :raises CallOfAnotherDay: it counts for another day of the customer's
    :raises NotToDialNow: the contact policy does not allow it any more
    :raises NoPolicyHolds: no contact policy does
    :raises ConflictDeclared, TrainedStaffOnly: not by this person
    """
    refuse_conflict(actor, customer.pk)
    refuse_untrained(actor, customer.pk, on=timezone.localdate(now))
    contact = Contact.objects.filter(pk=contact_id, customer=customer, channel=Channel.CALL).first()
    if contact is None or not (scope or scope_of_actor(actor)).permits(contact.account_id):
        raise ContactUnknown(contact_id)
    # Behind the lock of whoever notes a hold or a wish, and of the gate.
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer.pk)
    if contact.made_by_id != actor.user_id:
        raise NotYoursToDial(contact.made_by_name)
    if contact.outcome != Outcome.OPEN:
        raise ContactEnded(str(OUTCOME_NAMES[Outcome(contact.outcome)]))
    if contact.detail != detail_of(customer, Channel.CALL):
        raise NumberNotKept
    _refuse_another_day(contact, customer, now)
    verdict = _judged_again(actor, contact, now)
    if not verdict.is_allowed:
        raise NotToDialNow(verdict_text(verdict, zone=customer.time_zone))
    record(
        actor=actor,
        action=DIAL,
        subject_type="customer",
        subject_key=customer.customer_no,
        account_id=contact.account_id,
        after={"contact": contact.pk, "fields": ["phone"]},
    )
    number: str = customer.person.get("phone", "").strip()
    return e164(number, settings.PHONE_COUNTRY_CODE) or number


def _refuse_another_day(contact: Contact, customer: Customer, now: datetime) -> None:
    """Refuse to make a contact on another day of the customer's than that for which it counts."""
    zone = ZoneInfo(customer.time_zone)
    day = contact.at.astimezone(zone).date()
    if day != now.astimezone(zone).date():
        raise CallOfAnotherDay(day)


def _judged_again(actor: Actor, contact: Contact, now: datetime) -> Verdict:
    """Return what the gate would say to the same call now, whoever makes it still being examined or not."""
    asked = replace(contact.request, is_collector_fit=has_examination(actor, on=timezone.localdate(now)))
    try:
        return ask_gate(asked, now, apart_from=contact).verdict
    except NoPolicy:
        raise NoPolicyHolds(settings.CONTACT_PROFILE) from None


@transaction.atomic
def end_call(
    *,
    actor: Actor,
    customer: Customer,
    contact_id: int,
    outcome: Outcome,
    note: str,
    now: datetime,
    scope: Scope | None = None,
) -> Contact:
    """Record how a call or visit ended. A number that leads nowhere, or is somebody else's, is not tried again.

    :param scope: what the person may see, where an upper room knows better than their products; None: as these say
    :raises ContactUnknown: no such contact with the customer
    :raises ContactOfOther: somebody else made it, and is no less present
    :raises OutcomeNotOfChannel: it cannot end so
    :raises NumberWasShown, MayHaveBeenMade: it would not count, and may have been made
    :raises ContactEnded: it ended otherwise
    """
    refuse_conflict(actor, customer.pk)
    Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer.pk)
    contact = Contact.objects.filter(pk=contact_id, customer=customer, channel__in=BY_PERSON).first()
    if contact is None or not (scope or scope_of_actor(actor)).permits(contact.account_id):
        raise ContactUnknown(contact_id)
    if contact.made_by_id != actor.user_id and not roles_of_actor(actor) & {Role.TEAM_LEAD, Role.LEGAL}:
        raise ContactOfOther(contact.made_by_name)
    if outcome not in ENDS:
        raise OutcomeNotOfChannel(str(OUTCOME_NAMES[outcome]))
    was_open = contact.outcome == Outcome.OPEN
    if outcome is Outcome.NOT_MADE:
        _refuse_to_uncount(actor, contact, customer)
    try:
        contact = end_contact(contact.pk, outcome, now=now, note=note.strip()[:500])
    except ContactNotOpen as ended:
        raise ContactEnded(str(OUTCOME_NAMES[Outcome(ended.contact.outcome)])) from None
    if was_open:
        note_end(contact, outcome, by=actor.name, at=now)
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


def _refuse_to_uncount(actor: Actor, contact: Contact, customer: Customer) -> None:
    """Refuse that whoever made a contact takes it out of every limit, where they could have made it.

    :raises NumberWasShown: they have seen the customer's number since its day began
    :raises MayHaveBeenMade: what is needed for it is shown nowhere here: somebody else's number, the way to a door
    """
    if roles_of_actor(actor) & MAY_UNDO_DIALLED:
        return
    if contact.channel != Channel.CALL or contact.party != Party.DEBTOR:
        raise MayHaveBeenMade
    zone = ZoneInfo(customer.time_zone)
    since = datetime.combine(contact.at.astimezone(zone).date(), time.min, zone)
    # The trail has who saw it, and nobody can take it out.
    shown = AuditEntry.objects.filter(action__in=(str(DIAL), str(REVEAL_PERSON)), actor_id=actor.user_id, at__gte=since)
    if shown.filter(subject_type="customer", subject_key=customer.customer_no).exists():
        raise NumberWasShown
    # An application shows who applied, with the same number: by whichever of them it was written.
    of_customer = Q(customer=customer)
    if contact.detail is not None:
        of_customer |= Q(phone_index=contact.detail)
    numbers = list(Application.objects.filter(of_customer).values_list("application_no", flat=True))
    if shown.filter(subject_type="application", subject_key__in=numbers).exists():
        raise NumberWasShown

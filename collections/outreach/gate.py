"""The gate: the one way to a contact. Whoever wants to contact a customer asks here, person or machine; there is no other.

A contact that is let through is a line of the log before it is made, under a lock on its customer: two who ask at once are
answered one after the other, and the second is counted with the first. A test holds that nobody else writes the log, and the
audit judges every line of it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import CreditAccount, Customer
from outreach.models import Contact, ContactPolicy, Denial
from outreach.policies import policy_for
from outreach.queries.standing import Known, known_of
from outreach.rules.contact_policy import ENGINE_VERSION, Verdict, next_allowed
from outreach.rules.contacts import Outcome, Request
from outreach.rules.kept import request_as_kept, standing_as_kept
from riskops.shared.audit import Actor


class ContactNotOpen(Exception):
    """A contact has ended already, otherwise than is said now."""

    def __init__(self, contact: Contact) -> None:
        super().__init__(f"contact {contact.pk} ended as {contact.outcome}")
        self.contact = contact


class KeyOfAnother(Exception):
    """The key is that of a contact with somebody else, for something else, or by another way."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate answers. `contact` is the line of the log where the contact may be made now, else None.

    :param is_new: False where the same was asked before: it was let through then, and is not counted twice
    """

    verdict: Verdict
    policy: ContactPolicy
    contact: Contact | None = None
    is_new: bool = False


@transaction.atomic
def pass_gate(*, actor: Actor, key: str, request: Request, now: datetime) -> Answer:
    """Ask for a contact. Allowed, it is in the log and counts from now on; put off or refused, that is recorded with its rule.

    :param key: what is asked for, once for all: asked again, the answer is the same contact
    :param now: aware
    :raises NoPolicy: no contact policy holds
    :raises KeyOfAnother: the key is that of a contact with somebody else, for something else, or by another way
    :raises ContactNotOpen: it was let through and has ended: a second contact is asked for by a key of its own
    """
    # The lock first: what is read after it is what whoever had the customer before us has left.
    customer = Customer.objects.select_for_update(of=("self",)).get(accounts=request.account_id)
    account = _account_of(request)
    policy = policy_for(account.product.product_code, timezone.localtime(now).date())
    earlier = Contact.objects.filter(key=key).first()
    if earlier is not None:
        same = ("account_id", "channel", "purpose", "party", "detail")
        if any(getattr(earlier, name) != getattr(request, name) for name in same):
            raise KeyOfAnother(key)
        if earlier.outcome != Outcome.OPEN:
            raise ContactNotOpen(earlier)
        return Answer(Verdict(), policy, earlier)
    known = known_of(customer, [account], [request.detail], now)
    # Whoever had the customer before us may have read a later clock. The log of a customer goes forward, as it is judged again.
    now = max([now, *(contact.at for contact in known.past[:1])])
    verdict = next_allowed(policy.figures(), request, known.standing, known.past, now)
    if verdict.is_allowed:
        contact = _write(actor, key, request, known, customer, policy, now)
        return Answer(verdict, policy, contact, is_new=True)
    _deny(actor, request, verdict, customer, policy, now)
    return Answer(verdict, policy)


def ask_gate(request: Request, now: datetime) -> Answer:
    """Return what the gate would say now, without asking for anything: nothing is written and nothing counted."""
    account = _account_of(request)
    customer = Customer.objects.get(pk=account.customer_id)
    policy = policy_for(account.product.product_code, timezone.localtime(now).date())
    known = known_of(customer, [account], [request.detail], now)
    return Answer(next_allowed(policy.figures(), request, known.standing, known.past, now), policy)


@transaction.atomic
def end_contact(contact_id: int, outcome: Outcome, *, now: datetime, note: str = "") -> Contact:
    """Write how a contact ended, once. Told the same again, nothing changes.

    :raises ContactNotOpen: it ended otherwise
    """
    contact = Contact.objects.select_for_update().get(pk=contact_id)
    if contact.outcome != Outcome.OPEN:
        if contact.outcome != outcome:
            raise ContactNotOpen(contact)
        return contact
    contact.outcome, contact.ended_at, contact.note = outcome, now, note
    contact.save(update_fields=["outcome", "ended_at", "note"])
    return contact


def _account_of(request: Request) -> CreditAccount:
    return CreditAccount.objects.select_related("product", "signals").get(pk=request.account_id)


def _write(
    actor: Actor, key: str, request: Request, known: Known, customer: Customer, policy: ContactPolicy, now: datetime
) -> Contact:
    assert request.detail is not None  # an allowed contact has one: rule `detail`
    return Contact.objects.create(
        key=key,
        customer=customer,
        account_id=request.account_id,
        channel=request.channel,
        purpose=request.purpose,
        party=request.party,
        detail=request.detail,
        at=now,
        policy=policy,
        engine=ENGINE_VERSION,
        asked=request_as_kept(request),
        standing=standing_as_kept(known.standing, request, known.zone),
        made_by_id=actor.user_id,
        made_by_name=actor.name,
    )


def _deny(actor: Actor, request: Request, verdict: Verdict, customer: Customer, policy: ContactPolicy, now: datetime) -> None:
    finding = verdict.finding
    assert finding is not None
    Denial.objects.create(
        customer=customer,
        account_id=request.account_id,
        channel=request.channel,
        purpose=request.purpose,
        party=request.party,
        at=now,
        rule=finding.rule,
        hold=finding.hold or "",
        until=finding.until,
        had=finding.had,
        most=finding.most,
        policy=policy,
        asked_by_name=actor.name,
    )

"""Contacts that were made without asking the gate first and are reported afterwards: by agencies, in files.

They were made, so each becomes a line of the log whatever the policy says, counts for the limits of whoever asks next, and is
judged by the audit like every other. Nothing here lets a contact through: who can ask first, asks the gate.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import CreditAccount, Customer
from outreach.gate import KeyOfAnother
from outreach.models import Contact
from outreach.operations.details import note_reported_end
from outreach.policies import policy_for
from outreach.queries.audit import contact_holds, opt_outs, standing_at
from outreach.queries.standing import noted_of, standing_of
from outreach.rules.contact_policy import ENGINE_VERSION, Verdict, judge
from outreach.rules.contacts import CALLS, Channel, Hold, Outcome, Request
from outreach.rules.kept import REPORTED_AT, request_as_kept, standing_as_kept
from riskops.shared.audit import Actor


@transaction.atomic
def log_reported(
    *, actor: Actor, key: str, request: Request, at: datetime, outcome: Outcome, note: str, now: datetime
) -> tuple[Contact, Verdict]:
    """Write a contact that was made at a moment before now, with what was known of the customer then, and judge it.

    Holds, opt-outs and what is known of numbers count from when they were noted for. What its end says of the number is noted,
    as of a call from here; later news of it stays. Signals without a day of their own (a hold that follows from the
    account's state) do not: whether they stood then is not known.

    :param key: what programs know it by, once for all
    :param outcome: how it ended; not `OPEN`
    :return: the line, and what the policy of its day says of it
    :raises NoPolicy: no contact policy held on its day
    :raises KeyOfAnother: the key is taken
    """
    if request.detail is None or outcome is Outcome.OPEN:
        raise ValueError("what was reported has a number or address, and an end")
    account = CreditAccount.objects.select_related("product").get(pk=request.account_id)
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=account.customer_id)
    policy = policy_for(account.product.product_code, timezone.localtime(at).date())
    called = (request.detail,) if request.channel in CALLS else ()
    noted = noted_of([customer], [request.detail], at, called=called, is_afterwards=True)
    standing = standing_of(customer, [], [request.detail], noted)
    standing = replace(
        standing,
        opted_out=frozenset(map(Channel, standing_at(opt_outs([customer.pk])[customer.pk], at))),
        holds=frozenset((Hold(kind), about) for kind, about in standing_at(contact_holds([customer.pk])[customer.pk], at)),
    )
    before = (*noted.past.get(customer.pk, ()), *noted.with_others(customer.pk, request.detail))
    verdict = judge(policy.figures(), request, standing, [made for made in before if made.at <= at], at)
    contact = Contact(
        key=key,
        customer=customer,
        account=account,
        channel=request.channel,
        purpose=request.purpose,
        party=request.party,
        detail=request.detail,
        at=at,
        outcome=outcome,
        ended_at=at,
        policy=policy,
        engine=ENGINE_VERSION,
        asked=request_as_kept(request),
        # Whoever was let through between the contact and its report could not know of it: the audit leaves it out for them.
        standing={**standing_as_kept(standing, request, customer.time_zone), REPORTED_AT: now.isoformat()},
        made_by_id=actor.user_id,
        made_by_name=actor.name,
        note=note[:500],
    )
    try:
        with transaction.atomic():
            contact.save(force_insert=True)
    except IntegrityError as taken:
        raise KeyOfAnother(key) from taken
    note_reported_end(contact, outcome, by=actor.name)
    return contact, verdict

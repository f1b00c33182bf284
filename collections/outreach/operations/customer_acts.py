"""What a customer does on their own page. Each act is the operation a person would use, made by the customer."""

from __future__ import annotations

from datetime import date, datetime
from hmac import compare_digest
from io import BytesIO

from django.db import transaction
from django.utils.translation import gettext_noop

from accounts.models import Appeal, CreditAccount, Decision
from accounts.operations.deciding.appealing import record_appeal
from accounts.operations.refusals import LedgerRefusal
from casework.models import Plan
from casework.operations.plans.agreements import kept_agreement, open_agreement
from casework.operations.plans.signing import sign_plan
from casework.operations.work_refusals import WorkRefusal
from outreach.models import OptOut
from outreach.operations import wishes
from outreach.operations.refusals import CannotAppealHere, CannotSignHere, OptOutThere
from outreach.rules.contacts import ELECTRONIC, Channel
from riskops.shared.audit import Actor
from riskops.shared.own_reasons import own_reason

#: In the trail, whoever holds the link.
CUSTOMER = Actor(own_reason(gettext_noop("customer page")))


@transaction.atomic
def opt_out_all(account: CreditAccount, channels: list[Channel], *, now: datetime) -> list[Channel]:
    """Opt the customer out of electronic channels at once; those out already stay as they are. Returns the new ones."""
    done = []
    for channel in channels:
        if channel not in ELECTRONIC:
            continue
        try:
            wishes.opt_out(
                actor=CUSTOMER, customer=account.customer, channel=channel, source=OptOut.Source.PAGE, note="", now=now
            )
        except OptOutThere:
            continue
        done.append(channel)
    return done


def appeal(account: CreditAccount, *, reference: str, grounds: str, today: date) -> Appeal:
    """Take a customer's appeal against a decision on the account.

    :raises CannotAppealHere: there is no such decision to appeal, the time for it is over, or nothing is written
    """
    decision = Decision.objects.filter(account=account, reference=reference).first()
    if decision is None:
        raise CannotAppealHere("")
    try:
        return record_appeal(
            actor=CUSTOMER, decision_id=decision.pk, version=decision.version, received_on=today, grounds=grounds
        )
    except LedgerRefusal as refusal:
        raise CannotAppealHere(str(refusal)) from None


#: How many last characters of the identity number (or of the telephone number, without one) prove who reads.
PROOF_LENGTH = 4


def is_proof(account: CreditAccount, typed: str) -> bool:
    """Return whether somebody knows the end of the customer's identity number, or of their telephone number without one."""
    person = account.customer.person
    known = (person.get("national_id") or person.get("phone") or "").strip()
    return len(known) >= PROOF_LENGTH and compare_digest(known[-PROOF_LENGTH:].upper(), typed.strip().upper())


def accept_plan(account: CreditAccount, *, reference: str) -> Plan:
    """Take a customer's consent to the plan that is offered on the account; whoever calls has asked for a proof.

    :raises CannotSignHere: there is no such offer (any more), or what is owed has changed since
    """
    plan = Plan.objects.filter(account=account, reference=reference).first()
    if plan is None:
        raise CannotSignHere("")
    try:
        return sign_plan(actor=CUSTOMER, reference=reference, way=Plan.Way.LINK, is_customers=True)
    except (WorkRefusal, LedgerRefusal) as refusal:
        raise CannotSignHere(str(refusal)) from None


def read_agreement(account: CreditAccount, *, reference: str) -> BytesIO | None:
    """Return the PDF of the agreement of a plan of the account, the latest kept; None where there is none.

    Whoever calls has asked for a proof. That the customer had it before they accepted is recorded.

    :raises FileNotFoundError: the bytes are gone from var/
    """
    plan = Plan.objects.filter(account=account, reference=reference).first()
    kept = kept_agreement(plan) if plan is not None else None
    return open_agreement(actor=CUSTOMER, plan=plan, kept=kept) if plan is not None and kept is not None else None

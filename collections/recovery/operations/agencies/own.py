"""What people of an agency do: see what is placed with it, ask for calls, and hand files in. Every look is recorded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import CreditAccount
from outreach.gate import Answer
from outreach.models import Contact
from outreach.operations.calls import ask_for_contact, dial, end_call
from outreach.rules.contacts import Channel, Outcome, Purpose
from recovery.models import Agency, AgencyAccess, AgencyPerson, Placement
from recovery.operations.agencies.finding import is_trained
from recovery.operations.agencies.refusals import NoAgencyOfYours, NotOfAgency, TrainingOver, ValueMalformed
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.scope import WHOLE_BOOK

#: What an agency calls for.
PURPOSES = (Purpose.REMINDER, Purpose.DEMAND)


def agency_of(user: Any) -> Agency:
    """Return the agency that a person works for.

    :raises NoAgencyOfYours: they are registered with none, or it has ended
    """
    row = AgencyPerson.objects.select_related("agency").filter(user_id=user.pk, until=None).first()
    if row is None or row.agency.status not in (Agency.Status.IN_USE, Agency.Status.PREPARED, Agency.Status.SUSPENDED):
        raise NoAgencyOfYours
    return row.agency


def placed_with_own(user: Any, account_no: str) -> Placement:
    """Return the open placement of an account with a person's agency.

    :raises NotOfAgency: it is not placed with it, or there is none of that number
    :raises ConflictDeclared: the person has a conflict of interest with the customer
    """
    account = CreditAccount.objects.filter(account_no=account_no).only("pk", "customer_id").first()
    if account is not None:
        refuse_conflict(user, account.customer_id)
    try:
        agency = agency_of(user)
    except NoAgencyOfYours:
        raise NotOfAgency(account_no) from None
    rows = Placement.objects.filter(agency=agency, account__account_no=account_no, recalled_on=None)
    placement = rows.select_related("agency", "account__customer", "account__product", "account__state").first()
    if placement is None:
        raise NotOfAgency(account_no)
    return placement


def note_access(agency: Agency, user: Any, account_ids: Iterable[int], what: str, now: datetime) -> None:
    """Record that somebody of an agency saw something of accounts."""
    name = user.get_username()
    AgencyAccess.objects.bulk_create(
        (
            AgencyAccess(agency=agency, account_id=account_id, what=what, user_id=user.pk, user_name=name, at=now)
            for account_id in account_ids
        ),
        batch_size=1_000,
    )


@transaction.atomic
def announce_contact(*, user: Any, account_no: str, channel: Channel, purpose: Purpose, key: str, now: datetime) -> Answer:
    """Ask the gate for a call or visit to the customer of a placed account, as everybody does.

    :raises NotOfAgency: it is not placed with the person's agency
    :raises TrainingOver: the person was not trained within a year
    :raises ValueMalformed: agencies call for a reminder or a demand only
    :raises OutreachRefusal: whatever else stands in the way of asking
    """
    placement = placed_with_own(user, account_no)
    person = AgencyPerson.objects.get(user_id=user.pk, until=None)
    if not is_trained(person.trained_on, timezone.localtime(now).date()):
        raise TrainingOver
    if purpose not in PURPOSES:
        raise ValueMalformed("purpose", ", ".join(map(str, PURPOSES)))
    return ask_for_contact(actor=Actor.of(user), key=key, account=placement.account, channel=channel, purpose=purpose, now=now)


@transaction.atomic
def number_of_call(*, user: Any, account_no: str, contact_id: int, now: datetime) -> str:
    """Return the number of a call that was let through, in clear; who saw it is recorded twice, in the trail and here.

    :raises NotOfAgency: it is not placed with the person's agency
    :raises OutreachRefusal: the call is none of theirs, or not allowed any more
    """
    placement = placed_with_own(user, account_no)
    number = dial(actor=Actor.of(user), customer=placement.account.customer, contact_id=contact_id, now=now, scope=WHOLE_BOOK)
    note_access(placement.agency, user, [placement.account_id], AgencyAccess.What.NUMBER, now)
    return number


@transaction.atomic
def end_own_call(*, user: Any, account_no: str, contact_id: int, outcome: Outcome, note: str, now: datetime) -> Contact:
    """Record how a call or visit ended.

    :raises NotOfAgency: it is not placed with the person's agency
    :raises OutreachRefusal: the call is none of theirs, or ended otherwise
    """
    placement = placed_with_own(user, account_no)
    return end_call(
        actor=Actor.of(user), customer=placement.account.customer, contact_id=contact_id, outcome=outcome, note=note, now=now,
        scope=WHOLE_BOOK,
    )  # fmt: skip

"""What people of an agency do: see what is placed with it, ask for calls, and hand files in. Every look is recorded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.facts import facts_of
from accounts.models import CreditAccount
from outreach.gate import Answer
from outreach.models import Contact
from outreach.operations.calls import ask_for_contact, dial, end_call
from outreach.rules.contacts import Channel, Outcome, Purpose
from recovery.agency_facts import sold_among
from recovery.models import Agency, AgencyAccess, AgencyFile, AgencyPerson, Placement
from recovery.operations.agencies.finding import BLOCKER_NAMES, STOPPING, is_trained, standing_of
from recovery.operations.agencies.recalling import FACTS, ending_reason
from recovery.operations.agencies.refusals import (
    AgencyMayNotWork,
    NoAgencyOfYours,
    NotOfAgency,
    PlacementEnds,
    TrainingOver,
    ValueMalformed,
)
from riskops.shared.audit import Actor
from riskops.shared.day import book_state
from riskops.shared.people.conflicts import conflicted_customers, refuse_conflict
from riskops.shared.scope import WHOLE_BOOK

#: What an agency calls for.
PURPOSES = (Purpose.REMINDER, Purpose.DEMAND)


def agency_of(user: Any, today: date) -> Agency:
    """Return the agency that a person works for.

    :param today: the calendar day, by which contracts run
    :raises NoAgencyOfYours: they are registered with none, or it is suspended or ended, or its contract does not run
    """
    row = AgencyPerson.objects.select_related("agency").filter(user_id=user.pk, until=None).first()
    # A change that waits for its second person keeps new accounts away, and calls; what is there stays in sight.
    if row is None or row.agency.status not in (Agency.Status.IN_USE, Agency.Status.PREPARED):
        raise NoAgencyOfYours
    if not row.agency.contract_from <= today <= row.agency.contract_until:
        raise NoAgencyOfYours
    return row.agency


def placed_with_own(user: Any, account_no: str, today: date) -> Placement:
    """Return the open placement of an account with a person's agency.

    :param today: the calendar day, by which contracts run
    :raises NotOfAgency: it is not placed with it, or there is none of that number
    :raises ConflictDeclared: the person has a conflict of interest with the customer
    """
    account = CreditAccount.objects.filter(account_no=account_no).only("pk", "customer_id").first()
    if account is not None:
        refuse_conflict(user, account.customer_id)
    try:
        agency = agency_of(user, today)
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


def _refuse_stopped(placement: Placement, today: date) -> None:
    """Refuse contact by an agency that may not work, and about an account that is with it only until the close of the day."""
    standing = standing_of(placement.agency, today)
    stopping = [str(BLOCKER_NAMES[blocker]) for blocker in standing.blockers if blocker in STOPPING]
    if stopping:
        raise AgencyMayNotWork(placement.agency.name, stopping)
    facts = facts_of([placement.account_id], book_state().business_date or today, FACTS)
    is_sold = bool(sold_among([placement.account_id]))
    reason = ending_reason(facts.get(placement.account_id), is_sold=is_sold)
    if reason is not None:
        raise PlacementEnds(placement.account.account_no, str(reason.label))


@transaction.atomic
def announce_contact(*, user: Any, account_no: str, channel: Channel, purpose: Purpose, key: str, now: datetime) -> Answer:
    """Ask the gate for a call or visit to the customer of a placed account, as everybody does.

    :raises NotOfAgency: it is not placed with the person's agency
    :raises AgencyMayNotWork: it is not in use, or its licence, contract, evaluation or undertaking forbids it
    :raises PlacementEnds: the account is paid, or what is known of it recalls it with the close of the day
    :raises TrainingOver: the person was not trained within a year
    :raises ValueMalformed: agencies call for a reminder or a demand only
    :raises OutreachRefusal: whatever else stands in the way of asking
    """
    today = timezone.localdate(now)
    placement = placed_with_own(user, account_no, today)
    _refuse_stopped(placement, today)
    person = AgencyPerson.objects.get(user_id=user.pk, until=None)
    if not is_trained(person.trained_on, today):
        raise TrainingOver
    if purpose not in PURPOSES:
        raise ValueMalformed("purpose", ", ".join(map(str, PURPOSES)))
    return ask_for_contact(actor=Actor.of(user), key=key, account=placement.account, channel=channel, purpose=purpose, now=now)


def result_shown(agency: Agency, user: Any, file: AgencyFile, now: datetime) -> dict[str, Any]:
    """Return what came of a file as somebody of its agency sees it: without the accounts of customers they have a conflict with.
    That the others were seen is recorded.
    """
    numbers = {number for rows in _lists(file.result).values() for number in map(_number_of, rows)}
    accounts = dict(CreditAccount.objects.filter(account_no__in=numbers).values_list("account_no", "pk"))
    conflicted = CreditAccount.objects.filter(account_no__in=numbers, customer_id__in=conflicted_customers(user))
    hidden = set(conflicted.values_list("account_no", flat=True))
    note_access(agency, user, (pk for number, pk in accounts.items() if number not in hidden), AgencyAccess.What.FILE, now)
    shown = {name: [row for row in rows if _number_of(row) not in hidden] for name, rows in _lists(file.result).items()}
    return {**file.result, **shown}


def _lists(result: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the lists of accounts in what came of a file: an inventory's three, the contacts that were not allowed."""
    return {name: rows for name, rows in result.items() if isinstance(rows, list)}


def _number_of(row: Any) -> str:
    return str(row["account_no"] if isinstance(row, dict) else row)


@transaction.atomic
def number_of_call(*, user: Any, account_no: str, contact_id: int, now: datetime) -> str:
    """Return the number of a call that was let through, in clear; who saw it is recorded twice, in the trail and here.

    :raises NotOfAgency: it is not placed with the person's agency
    :raises AgencyMayNotWork, PlacementEnds: as when the call was asked for
    :raises OutreachRefusal: the call is none of theirs, or not allowed any more
    """
    today = timezone.localdate(now)
    placement = placed_with_own(user, account_no, today)
    _refuse_stopped(placement, today)
    number = dial(actor=Actor.of(user), customer=placement.account.customer, contact_id=contact_id, now=now, scope=WHOLE_BOOK)
    note_access(placement.agency, user, [placement.account_id], AgencyAccess.What.NUMBER, now)
    return number


@transaction.atomic
def end_own_call(*, user: Any, account_no: str, contact_id: int, outcome: Outcome, note: str, now: datetime) -> Contact:
    """Record how a call or visit ended.

    :raises NotOfAgency: it is not placed with the person's agency
    :raises OutreachRefusal: the call is none of theirs, or ended otherwise
    """
    placement = placed_with_own(user, account_no, timezone.localdate(now))
    return end_call(
        actor=Actor.of(user), customer=placement.account.customer, contact_id=contact_id, outcome=outcome, note=note, now=now,
        scope=WHOLE_BOOK,
    )  # fmt: skip

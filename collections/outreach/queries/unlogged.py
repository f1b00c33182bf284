"""Outcomes of calls and visits for which the log has no contact: what was made without asking the gate, or never made.

Casework records what came of working on an account, and knows of no contact; so the log is held against it from here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from heapq import merge
from itertools import islice
from typing import Final

from django.db.models import Q
from django.db.models.fields.json import KT
from django.utils import timezone

from casework.models import CaseEvent, OutcomeCode, WorkRecord
from outreach.models import Contact
from outreach.rules.contacts import CALLS, Channel, Outcome

#: The channels of the log that the action of an outcome may have been made by.
CHANNELS: Final = {OutcomeCode.Action.CALL: CALLS, OutcomeCode.Action.VISIT: frozenset({Channel.VISIT})}
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Unlogged:
    """An outcome of a call or visit by a person, without a contact of theirs about the account on its day.

    :param day: the business day that was worked, where it is known; a contact of that day is one too
    """

    at: datetime
    account_id: int
    account_no: str
    customer_id: int
    customer_no: str
    action: str
    outcome: str
    user_id: int
    by: str
    day: date | None = None

    @property
    def days(self) -> frozenset[date]:
        """The days by the site's clock on which the contact may have been made."""
        return frozenset({timezone.localdate(self.at)} | ({self.day} if self.day else set()))


def unlogged_outcomes(since: datetime, until: datetime) -> list[Unlogged]:
    """Return the outcomes recorded from a moment up to another for which no contact is in the log, in time.

    What was undone, and what no person recorded, is left out. A contact that was not made is none. However many there are, a few
    hundred are in memory at once beside those that are returned.
    """
    recorded = merge(_of_worklist(since, until), _of_cases(since, until), key=lambda one: (one.at, one.account_id))
    found = []
    while chunk := list(islice(recorded, _AT_ONCE)):
        logged = _logged(chunk)
        found += [one for one in chunk if not _is_logged(one, logged)]
    return found


def has_contact(account_id: int, user_id: int, action: str, now: datetime) -> bool:
    """Return whether a person has a contact in the log about an account on the day of a moment, by the way of an action.

    An action that is no call and no visit needs none.
    """
    channels = CHANNELS.get(OutcomeCode.Action(action))
    if channels is None:
        return True
    begin = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    made = Contact.objects.filter(account_id=account_id, made_by_id=user_id, channel__in=channels)
    # By the customer, which has an index.
    made = made.filter(customer__accounts=account_id, at__gte=begin, at__lt=begin + timedelta(days=1))
    return made.exclude(outcome=Outcome.NOT_MADE).exists()


def _of_worklist(since: datetime, until: datetime) -> Iterator[Unlogged]:
    actions = {code.code: code.action for code in OutcomeCode.objects.filter(action__in=CHANNELS)}
    rows = WorkRecord.objects.filter(
        act=WorkRecord.Act.OUTCOME, recorded_at__gte=since, recorded_at__lt=until, undone_at=None, outcome__in=actions
    ).exclude(user=None)
    # In time, as `merge` takes them. Columns alone: a whole customer would be decrypted with every row.
    rows = rows.order_by("recorded_at", "item__account_id", "pk")
    columns = rows.values_list("recorded_at", *_named("item__account"), "outcome", "user_id", "user__username")
    for at, account_id, account_no, customer_id, customer_no, outcome, *person in columns.iterator(chunk_size=_AT_ONCE):
        yield Unlogged(at, account_id, account_no, customer_id, customer_no, actions[outcome], outcome, *person)


def _of_cases(since: datetime, until: datetime) -> Iterator[Unlogged]:
    """Return what was recorded in cases beside the worklist, which carries its own over to them."""
    rows = CaseEvent.objects.filter(kind=CaseEvent.Kind.OUTCOME, recorded_at__gte=since, recorded_at__lt=until)
    rows = rows.exclude(actor=None).annotate(action=KT("details__action"), outcome=KT("details__outcome"))
    is_own = Q(details__work_record=None) | Q(details__work_record__isnull=True)
    rows = rows.filter(is_own, details__action__in=list(CHANNELS))
    rows = rows.order_by("recorded_at", "case__account_id", "pk")
    names = ("recorded_at", *_named("case__account"), "action", "outcome", "actor_id", "actor__username", "day")
    for columns in rows.values_list(*names).iterator(chunk_size=_AT_ONCE):
        yield Unlogged(*columns)


def _named(account: str) -> tuple[str, ...]:
    """Return the columns that name an account and its customer, by the way to the account."""
    return (f"{account}_id", f"{account}__account_no", f"{account}__customer_id", f"{account}__customer__customer_no")


def _logged(chunk: Sequence[Unlogged]) -> dict[tuple[int, int], list[tuple[str, date]]]:
    """Return the contacts of the customers in the log, by person and account: channel and day."""
    days = {day for one in chunk for day in one.days}
    first, last = (_begin_of(day) for day in (min(days), max(days) + timedelta(days=1)))
    rows = Contact.objects.filter(customer_id__in={one.customer_id for one in chunk}, at__gte=first, at__lt=last)
    rows = rows.exclude(outcome=Outcome.NOT_MADE).exclude(made_by=None)
    found: dict[tuple[int, int], list[tuple[str, date]]] = defaultdict(list)
    for user_id, account_id, channel, at in rows.values_list("made_by_id", "account_id", "channel", "at"):
        found[user_id, account_id].append((channel, timezone.localdate(at)))
    return found


def _is_logged(one: Unlogged, logged: dict[tuple[int, int], list[tuple[str, date]]]) -> bool:
    made: Iterable[tuple[str, date]] = logged.get((one.user_id, one.account_id), ())
    channels = CHANNELS[OutcomeCode.Action(one.action)]
    return any(channel in channels and day in one.days for channel, day in made)


def _begin_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))

"""What time does to items: sleepers wake, boosts end, service clocks run and stand still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import AccountSignals, AccountState, Payment
from casework.calendars import business_hours
from casework.models import Vulnerability, WorkItem, WorkRecord
from casework.policies import live_policy_row
from casework.rules.business_time import BusinessHours, NeverOpens, after_minutes, minutes_between
from riskops.shared.sql import date_literal, fetch, moment

#: Items that one request wakes on its way to the next account.
MOST_WOKEN: Final = 200
#: Larger than any account id, as the close says it.
LAST_ACCOUNT_ID: Final = 2**63 - 1

_ITEMS: Final = WorkItem._meta.db_table
_RECORDS: Final = WorkRecord._meta.db_table
_FLAGS: Final = Vulnerability._meta.db_table
Status = WorkItem.Status


def wake_items(*, as_of: date, now: datetime, first_account_id: int = 0, last_account_id: int = LAST_ACCOUNT_ID) -> int:
    """Open what has slept long enough, or whose event has come, and end boosts that are over. Return how many changed."""
    items = WorkItem.objects.filter(account_id__gte=first_account_id, account_id__lte=last_account_id)
    own = {"account": OuterRef("account")}
    payment = Payment.objects.received().filter(**own, recorded_at__gt=OuterRef("asleep_since"))
    broken = AccountSignals.objects.filter(**own, broken_promises_6m__gt=OuterRef("noted_broken"))
    late = AccountState.objects.filter(**own, days_past_due__gte=OuterRef("wake_days"))
    is_over = (
        Q(snoozed_until__lte=now)
        | Q(Exists(payment), wake_on=WorkItem.Wake.PAYMENT)
        | Q(Exists(broken), wake_on=WorkItem.Wake.BROKEN_PROMISE)
        | Q(Exists(late), wake_on=WorkItem.Wake.DAYS)
    )
    return _wake(items.filter(is_over, status=Status.SNOOZED)) + _end_boosts(items, timezone.localdate(now))


@dataclass(frozen=True, slots=True)
class Looks:
    """What there is to do before somebody is given the next account: one query tells, where nearly always nothing is.

    :param sleepers: something has slept long enough
    :param boosts: a boost is over
    :param assigned: something open is assigned to the person
    :param skips: they passed on something since the moment that was named
    :param flagged: a customer is flagged as vulnerable
    """

    sleepers: bool
    boosts: bool
    assigned: bool
    skips: bool
    flagged: bool


def look_around(user_id: int, *, now: datetime, skips_since: datetime) -> Looks:
    """Return what there is to do before a person is given the next account."""
    today = date_literal(timezone.localdate(now))
    found = fetch(
        f"SELECT EXISTS (SELECT 1 FROM {_ITEMS} WHERE status = 'snoozed' AND snoozed_until <= %s), "
        f"EXISTS (SELECT 1 FROM {_ITEMS} WHERE boost_until < {today}), "
        f"EXISTS (SELECT 1 FROM {_ITEMS} WHERE status = 'open' AND assigned_to_id = %s), "
        f"EXISTS (SELECT 1 FROM {_RECORDS} WHERE act = 'skip' AND user_id = %s AND recorded_at > %s), "
        f"EXISTS (SELECT 1 FROM {_FLAGS} WHERE ended_at IS NULL)",
        (moment(now), user_id, user_id, moment(skips_since)),
    )
    return Looks(*map(bool, found[0]))


def wake_rested(now: datetime, looks: Looks) -> int:
    """Wake some of what has slept until now, and end boosts that are over: for whoever asks for the next account.

    A bounded number, and none that anybody else holds, so that nobody waits for the sleepers of a whole team.
    """
    today, woken = timezone.localdate(now), 0
    if looks.sleepers:
        asleep = WorkItem.objects.filter(status=Status.SNOOZED, snoozed_until__lte=now)
        due = asleep.order_by("snoozed_until", "pk").select_for_update(skip_locked=True, of=("self",))
        woken = _wake(WorkItem.objects.filter(pk__in=list(due.values_list("pk", flat=True)[:MOST_WOKEN])))
    if looks.boosts:
        over = WorkItem.objects.filter(boost_until__lt=today).order_by("pk").select_for_update(skip_locked=True, of=("self",))
        woken += _end_boosts(WorkItem.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:MOST_WOKEN])), today)
    return woken


def _wake(items: QuerySet[WorkItem]) -> int:
    # One statement with the status in its condition: what somebody finished meanwhile stays finished.
    return items.filter(status=Status.SNOOZED).update(
        status=Status.OPEN, snoozed_until=None, wake_on="", wake_days=None, asleep_since=None, version=F("version") + 1
    )


def _end_boosts(items: QuerySet[WorkItem], today: date) -> int:
    return items.filter(boost_until__lt=today).update(boost_factor=1, boost_until=None, rank=F("basis"))


def run_clocks(*, as_of: date, now: datetime, first_account_id: int = 0, last_account_id: int = LAST_ACCOUNT_ID) -> int:
    """Stop the service clock of what is blocked, start that of what is not. Return how many changed.

    Items that entered together run out together: one statement for each of the few moments there are.
    """
    policy = live_policy_row(as_of)
    hours = business_hours(policy.calendar) if policy else None
    if hours is None:
        return 0
    items = WorkItem.objects.filter(
        account_id__gte=first_account_id, account_id__lte=last_account_id, status__in=[Status.OPEN, Status.SNOOZED]
    )
    changed = 0
    running = items.exclude(blocked_by="").filter(due_at__isnull=False)
    for due_at in list(running.order_by().values_list("due_at", flat=True).distinct()):
        assert due_at is not None
        left = minutes_between(now, due_at, hours)
        changed += running.filter(due_at=due_at).update(due_at=None, minutes_left=left)
    paused = items.filter(blocked_by="", due_at=None, minutes_left__isnull=False)
    for minutes in list(paused.order_by().values_list("minutes_left", flat=True).distinct()):
        changed += paused.filter(minutes_left=minutes).update(due_at=_ends(now, minutes or 0, hours), minutes_left=None)
    return changed


def _ends(now: datetime, minutes: int, hours: BusinessHours) -> datetime:
    try:
        return after_minutes(now, minutes, hours)
    except NeverOpens:
        # A calendar without working time: no clock could run out, and none is promised.
        return now + timedelta(days=366)

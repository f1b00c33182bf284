"""Examinations of those who call customers: conduct-rules ask for one before the job and at least once a year."""

from __future__ import annotations

import calendar
from datetime import date
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from riskops.shared.audit import Actor, record
from riskops.shared.operations import RECORD_EXAMINATION
from riskops.shared.people.conflicts import person_id
from riskops.shared.people.models import Examination
from riskops.shared.people.refusals import ExaminationExpired, ExaminationRecordedAlready, PassedInFuture, PassedTooLongAgo
from riskops.shared.people.rights import active_person, refuse_oneself, refuse_other_people

Subject = Examination.Subject


def expiry(passed_on: date, *, months: int) -> date:
    """Return the first day an examination no longer holds: the same day so many months later, or that month's last."""
    year, month = divmod(passed_on.year * 12 + passed_on.month - 1 + months, 12)
    return date(year, month + 1, min(passed_on.day, calendar.monthrange(year, month + 1)[1]))


def refuse_without_examination(user: Any, *, subject: str = Subject.COLLECTIONS, on: date | None = None) -> None:
    """Refuse the next account, or a call, to a person (a user or an `Actor`) without an examination that holds. Machines pass.

    :raises ExaminationExpired: says since when, and what to do
    """
    user_id = person_id(user)
    if user_id is None:
        return
    day = on or timezone.localdate()
    expires_on = _expires_on(user_id, subject, day)
    if expires_on is None or expires_on <= day:
        raise ExaminationExpired(subject=str(Subject(subject).label), expired_on=expires_on)


def has_examination(user: Any, *, subject: str = Subject.COLLECTIONS, on: date) -> bool | None:
    """Return whether a person has an examination that holds on a day; None for machines, which need none."""
    user_id = person_id(user)
    if user_id is None:
        return None
    expires_on = _expires_on(user_id, subject, on)
    return expires_on is not None and on < expires_on


def _expires_on(user_id: int, subject: str, day: date) -> date | None:
    passed = Examination.objects.filter(user_id=user_id, subject=subject, passed_on__lte=day)
    return passed.order_by("-expires_on").values_list("expires_on", flat=True).first()


@transaction.atomic
def record_examination(*, actor: Actor, username: str, subject: str, passed_on: date, today: date) -> Examination:
    """Record that a person passed an examination; it holds for EXAMINATION_VALID_MONTHS from that day.

    :raises PersonUnknown, NotForYourself, NotYourPerson: not for that person
    :raises PassedInFuture, PassedTooLongAgo: a day that cannot be
    :raises ExaminationRecordedAlready: the very same is recorded; whoever asked may carry on
    """
    person = active_person(username)
    refuse_oneself(actor, person)
    refuse_other_people(actor, person)
    if passed_on > today:
        raise PassedInFuture(passed_on, today)
    expires_on = expiry(passed_on, months=settings.EXAMINATION_VALID_MONTHS)
    if expires_on <= today:
        raise PassedTooLongAgo(passed_on, expires_on)
    try:
        with transaction.atomic():
            examination = Examination.objects.create(
                user=person,
                subject=Subject(subject),
                passed_on=passed_on,
                expires_on=expires_on,
                recorded_by_id=actor.user_id,
            )
    except IntegrityError:
        raise ExaminationRecordedAlready(username, passed_on) from None
    record(
        actor=actor,
        action=RECORD_EXAMINATION,
        subject_type="user",
        subject_key=username,
        after={"subject": subject, "passed_on": passed_on.isoformat(), "expires_on": expires_on.isoformat()},
    )
    return examination

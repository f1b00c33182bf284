"""Changing when the jobs start by themselves: the rows that the scheduler reads, changed by administrators only, with a trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from riskops.shared import audit
from riskops.shared.operations import EDIT_SCHEDULES

#: The jobs of riskops/shared/schedules.py as people know them: name, and what it does.
JOB_NAMES: Final[dict[str, tuple[Promise, Promise]]] = {
    "nightly close": (
        _("nightly close"),
        _("Closes every day up to yesterday, in the business time zone. Does nothing while the nightly close is paused."),
    ),
    "close tick": (
        _("close tick"),
        _("Wakes workers for shards that lost their worker and for closes whose feeds have come. Every minute is right."),
    ),
    "export tick": (
        _("export tick"),
        _("Starts exports and checks that no worker has taken or whose worker is gone, and removes files kept long enough."),
    ),
    "import tick": (
        _("import tick"),
        _("Starts imports that no worker has taken and says of those whose process is gone that they failed."),
    ),
    "outbox dispatch": (
        _("outbox dispatch"),
        _(
            "Wakes workers for messages that are due. Sends nothing while the nightly close is paused: the book stands still "
            "then."
        ),
    ),
    "outbox doubts": (
        _("outbox doubts"),
        _("Asks providers about messages of which nobody knows whether they went out."),
    ),
    "replay of verdicts": (
        _("replay of verdicts"),
        _("Computes verdicts on decisions and applications again, each once in 28 days; a difference is an alarm in the trail."),
    ),
}
SHORTEST_SECONDS: Final = 10
LONGEST_SECONDS: Final = 86_400


class ScheduleMalformed(Exception):
    """A time that a job cannot have; nothing changed. `about` names the value to look at."""

    def __init__(self, about: str, message: str) -> None:
        super().__init__(message)
        self.about = about


@dataclass(frozen=True, slots=True)
class Timing:
    """When a job starts: daily `at` a time of the business day, or `every_seconds`; never while it is not `enabled`."""

    enabled: bool
    at: time | None = None
    every_seconds: int | None = None


def schedules() -> QuerySet[PeriodicTask]:
    """Return the rows of the jobs by name, without Celery's own housekeeping: nothing here keeps results."""
    return PeriodicTask.objects.exclude(name__startswith="celery.").select_related("crontab", "interval").order_by("name")


def timing_of(task: PeriodicTask) -> Timing:
    """Return when a job starts. A crontab that is no daily time (made by hand) has neither `at` nor `every_seconds`."""
    at = None
    if task.crontab is not None and task.crontab.hour.isdecimal() and task.crontab.minute.isdecimal():
        at = time(int(task.crontab.hour), int(task.crontab.minute))
    every = int(task.interval.schedule.run_every.total_seconds()) if task.interval is not None else None
    return Timing(task.enabled, at, every)


@transaction.atomic
def change_schedule(*, actor: audit.Actor, task_id: int, timing: Timing) -> PeriodicTask:
    """Change when a job starts; the scheduler reads it within seconds.

    :raises ScheduleMalformed: nothing was changed
    """
    task = PeriodicTask.objects.select_for_update(of=("self",)).select_related("crontab", "interval").get(pk=task_id)
    before = timing_of(task)
    if timing == before:
        return task
    task.enabled = timing.enabled
    if timing.every_seconds != before.every_seconds:
        task.interval = _interval(timing.every_seconds) if task.interval is not None else _refuse_kind("every_seconds")
    if timing.at != before.at:
        task.crontab = _daily(timing.at) if task.crontab is not None else _refuse_kind("at")
    task.save()
    audit.record(
        actor=actor,
        action=EDIT_SCHEDULES,
        subject_type="schedule",
        subject_key=task.name,
        before=_facts(before),
        after=_facts(timing),
    )
    return task


def _interval(seconds: int | None) -> IntervalSchedule:
    if seconds is None or not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        raise ScheduleMalformed(
            "every_seconds",
            _now("Give a number of seconds from %(least)s to %(most)s.") % {"least": SHORTEST_SECONDS, "most": LONGEST_SECONDS},
        )
    return IntervalSchedule.objects.get_or_create(every=seconds, period=IntervalSchedule.SECONDS)[0]


def _daily(at: time | None) -> CrontabSchedule:
    if at is None:
        raise ScheduleMalformed("at", _now("Give a time of the day, e.g. 00:30."))
    every_day = {"day_of_week": "*", "day_of_month": "*", "month_of_year": "*", "timezone": settings.TIME_ZONE}
    return CrontabSchedule.objects.get_or_create(minute=str(at.minute), hour=str(at.hour), **every_day)[0]


def _refuse_kind(about: str) -> Any:
    raise ScheduleMalformed(about, _now("This job starts in another way; change the value it has."))


def _facts(timing: Timing) -> dict[str, Any]:
    facts: dict[str, Any] = {"enabled": timing.enabled}
    if timing.at is not None:
        facts["at"] = timing.at.isoformat(timespec="minutes")
    if timing.every_seconds is not None:
        facts["every_seconds"] = timing.every_seconds
    return facts

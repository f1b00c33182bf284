"""The jobs that start by themselves, as first installed. They are rows: administrators change them at /admin/.

A row is made when its name is missing and never touched again, so a changed time stays changed. One that was deleted
comes back with the next migrate; to be rid of a job, switch its row off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job by name and when it starts: a time of the business day, or every so many seconds."""

    name: str
    task: str
    description: str
    hour: int | None = None
    minute: int = 0
    every_seconds: int | None = None


SCHEDULES: Final = (
    Schedule(
        "nightly close",
        "riskops.nightly_close",
        "Closes every day up to yesterday, in the business time zone. Does nothing while the nightly close is paused.",
        hour=0,
        minute=30,
    ),
    Schedule(
        "close tick",
        "riskops.close_tick",
        "Wakes workers for shards that lost their worker and for closes whose feeds have come.",
        every_seconds=60,
    ),
    Schedule(
        "export tick",
        "accounts.reading_tick",
        "Starts exports and checks that no worker has taken or whose worker is gone, removes old files.",
        every_seconds=60,
    ),
    Schedule(
        "import tick",
        "accounts.import_tick",
        "Starts imports that no worker has taken, says of those whose process is gone that they failed, removes old uploads.",
        every_seconds=60,
    ),
    Schedule(
        "outbox dispatch",
        "outreach.dispatch_tick",
        "Wakes workers for messages that are due. Sends nothing while the nightly close is paused: the book stands still then.",
        every_seconds=60,
    ),
    Schedule(
        "outbox doubts",
        "outreach.resolve_tick",
        "Asks providers about messages of which nobody knows whether they went out.",
        every_seconds=60,
    ),
    Schedule(
        "letters tick",
        "recovery.print_letters",
        "Prints approved letters that no worker has printed.",
        every_seconds=60,
    ),
    Schedule(
        "replay of verdicts",
        "accounts.replay_in_turn",
        "Computes verdicts on decisions and applications again, each once in 28 days; a difference is an alarm in the trail.",
        hour=5,
    ),
)


def seed_schedules(*, using: str = "default") -> list[str]:
    """Make the rows that are missing and return their names."""
    from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

    known = set(PeriodicTask.objects.using(using).values_list("name", flat=True))
    missing = [schedule for schedule in SCHEDULES if schedule.name not in known]
    for schedule in missing:
        when: dict[str, CrontabSchedule | IntervalSchedule]
        if schedule.every_seconds is None:
            crontab, _ = CrontabSchedule.objects.using(using).get_or_create(
                minute=str(schedule.minute),
                hour=str(schedule.hour),
                day_of_week="*",
                day_of_month="*",
                month_of_year="*",
                timezone=settings.TIME_ZONE,
            )
            when = {"crontab": crontab}
        else:
            interval, _ = IntervalSchedule.objects.using(using).get_or_create(
                every=schedule.every_seconds, period=IntervalSchedule.SECONDS
            )
            when = {"interval": interval}
        PeriodicTask.objects.using(using).create(
            name=schedule.name,
            task=schedule.task,
            description=schedule.description,
            # One that comes often is of no use late: without a worker they would pile up by the thousand.
            expire_seconds=schedule.every_seconds,
            **when,
        )
    return [schedule.name for schedule in missing]

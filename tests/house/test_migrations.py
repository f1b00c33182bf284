"""Migrations: none is missing, and what every migrate brings along is there."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django_celery_beat.models import PeriodicTask

from riskops.celery import app
from riskops.shared.schedules import SCHEDULES, seed_schedules

pytestmark = pytest.mark.django_db


def test_no_migration_is_missing():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_the_schedules_are_rows_that_name_tasks_there_are(settings):
    app.loader.import_default_modules()
    nightly = PeriodicTask.objects.get(name="nightly close")
    assert (nightly.crontab.hour, nightly.crontab.minute, str(nightly.crontab.timezone)) == ("0", "30", settings.TIME_ZONE)
    tick = PeriodicTask.objects.get(name="close tick")
    assert (tick.interval.every, tick.interval.period) == (60, "seconds")
    assert {schedule.task for schedule in SCHEDULES} <= set(app.tasks)
    assert nightly.enabled
    assert tick.enabled


def test_a_schedule_that_an_administrator_changed_stays_changed():
    PeriodicTask.objects.filter(name="nightly close").update(enabled=False, task="riskops.close_tick")
    assert seed_schedules() == []
    changed = PeriodicTask.objects.get(name="nightly close")
    assert (changed.enabled, changed.task) == (False, "riskops.close_tick")

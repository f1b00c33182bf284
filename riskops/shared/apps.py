from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class SharedConfig(AppConfig):
    """What every app may use: money, dates, audit, encrypted fields, the run ledger."""

    name = "riskops.shared"
    label = "shared"
    verbose_name = _("Operations")

    def ready(self) -> None:
        """Have every migrate put the schedules in that are not there yet."""
        post_migrate.connect(_seed_schedules, sender=self, dispatch_uid="shared.seed_schedules")


def _seed_schedules(using: str, **_kwargs: Any) -> None:
    from riskops.shared.schedules import seed_schedules

    # A migrate of one app alone may come before the tables of the schedules.
    if "django_celery_beat_periodictask" in connections[using].introspection.table_names():
        seed_schedules(using=using)

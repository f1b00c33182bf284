from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class OutreachConfig(AppConfig):
    """What reaches customers: the contact policy and its gate, the log of contacts."""

    name = "outreach"
    verbose_name = _("Outreach")

    def ready(self) -> None:
        """Have migrate seed the policies."""
        post_migrate.connect(_seed_policies, sender=self, dispatch_uid="outreach.seed_policies")


def _seed_policies(using: str, **_kwargs: Any) -> None:
    from outreach.models import ContactPolicy
    from outreach.shipped import seed_policies

    # A migrate of other apps alone, or back to before the tables, finds none.
    if ContactPolicy._meta.db_table in connections[using].introspection.table_names():
        seed_policies(using=using)

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
        """Show contacts on the pages of customers and accounts; have migrate seed the policies."""
        from accounts.customer_panels import Panel, TimelineSource, register_panel, register_timeline
        from accounts.panels import register_panel as register_account_panel
        from outreach.panels import contact_lines, contact_panel, next_contact_panel, refused_lines
        from outreach.roles import VIEW_CONTACTS

        panel = Panel("contacts", _("Contact"), 20, contact_panel, "outreach/_panel.html", VIEW_CONTACTS)
        register_panel(panel)
        register_account_panel("contact", next_contact_panel, place=20)
        register_timeline(TimelineSource("contact", _("contacts"), contact_lines))
        register_timeline(TimelineSource("refused_contact", _("refused contacts"), refused_lines))
        post_migrate.connect(_seed_policies, sender=self, dispatch_uid="outreach.seed_policies")


def _seed_policies(using: str, **_kwargs: Any) -> None:
    from outreach.models import ContactPolicy
    from outreach.shipped import seed_policies

    # A migrate of other apps alone, or back to before the tables, finds none.
    if ContactPolicy._meta.db_table in connections[using].introspection.table_names():
        seed_policies(using=using)

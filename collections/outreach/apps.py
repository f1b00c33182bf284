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
        from accounts.debit_hooks import register_told
        from accounts.events import facts_changed
        from accounts.panels import register_panel as register_account_panel
        from casework.blocks import register_passing_block
        from casework.contact_hooks import register_outcome_check
        from casework.dispute_hooks import CauseKind, register_cause, register_holds, register_letters
        from casework.plan_hooks import register_noted_plans, register_offers
        from outreach.disputes import find_contact, find_message, recent_contacts, recent_messages, send_letter, trace_letter
        from outreach.operations.holds import end_for_dispute, has_noted_plan, place_for_dispute
        from outreach.operations.receipts import register_receiver
        from outreach.operations.sending.notices import debit_notices_told_on
        from outreach.operations.sending.receiving import take_receipts
        from outreach.operations.sending.stopping import stop_changed
        from outreach.outbox_panels import message_lines
        from outreach.outcome_checks import contact_lacking
        from outreach.panels import contact_lines, contact_panel, ladder_panel, next_contact_panel, refused_lines, treatment_panel
        from outreach.passing import CALLS_BLOCK, calls_refused, items_at_rest
        from outreach.plan_offers import send_offer, send_offer_again
        from outreach.plan_offers_shown import offer_shown
        from outreach.providers import checks  # noqa: F401  (registers the system checks)
        from outreach.reply_lines import reply_lines
        from outreach.roles import VIEW_CONTACTS

        panel = Panel("contacts", _("Contact"), 20, contact_panel, "outreach/_panel.html", VIEW_CONTACTS)
        register_panel(panel)
        register_account_panel("contact", next_contact_panel, place=20)
        register_account_panel("ladder", ladder_panel, place=25, is_under=True)
        register_account_panel("experiment", treatment_panel, place=22, is_under=True)
        register_timeline(TimelineSource("contact", _("contacts"), contact_lines))
        register_timeline(TimelineSource("refused_contact", _("refused contacts"), refused_lines))
        no_call = _("no call is allowed at this hour, so soon after the last, or to a control group")
        register_passing_block(CALLS_BLOCK, no_call, calls_refused, items_at_rest)
        register_outcome_check("contact", contact_lacking)
        register_timeline(TimelineSource("reply", _("replies"), reply_lines))
        register_timeline(TimelineSource("message", _("messages"), message_lines))
        register_holds("contact", place_for_dispute, end_for_dispute)
        register_letters("outbox", send_letter, trace_letter)
        register_noted_plans("holds", has_noted_plan)
        register_offers("outbox", send_offer, send_offer_again, offer_shown)
        register_told("outbox", debit_notices_told_on)
        register_cause(CauseKind("contact", _("contact"), find_contact, recent_contacts))
        register_cause(CauseKind("message", _("message"), find_message, recent_messages))
        register_receiver(take_receipts)
        facts_changed.connect(stop_changed, dispatch_uid="outreach.stop_changed")
        post_migrate.connect(_seed_policies, sender=self, dispatch_uid="outreach.seed_policies")
        post_migrate.connect(_seed_education, sender=self, dispatch_uid="outreach.seed_education")
        post_migrate.connect(_seed_templates, sender=self, dispatch_uid="outreach.seed_templates")
        post_migrate.connect(_seed_strategies, sender=self, dispatch_uid="outreach.seed_strategies")


def _seed_policies(using: str, **_kwargs: Any) -> None:
    from outreach.models import ContactPolicy
    from outreach.shipped import seed_policies

    # A migrate of other apps alone, or back to before the tables, finds none.
    if ContactPolicy._meta.db_table in connections[using].introspection.table_names():
        seed_policies(using=using)


def _seed_education(using: str, **_kwargs: Any) -> None:
    from outreach.models import EducationArticle
    from outreach.shipped_education import seed_education

    if EducationArticle._meta.db_table in connections[using].introspection.table_names():
        seed_education(using=using)


def _seed_templates(using: str, **_kwargs: Any) -> None:
    from outreach.models import MessageTemplate
    from outreach.shipped_templates import seed_templates

    if MessageTemplate._meta.db_table in connections[using].introspection.table_names():
        seed_templates(using=using)


def _seed_strategies(using: str, **_kwargs: Any) -> None:
    from outreach.models import Strategy
    from outreach.shipped_strategies import seed_strategies

    if Strategy._meta.db_table in connections[using].introspection.table_names():
        seed_strategies(using=using)

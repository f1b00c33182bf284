from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CaseworkConfig(AppConfig):
    """The work on accounts: warning tiers, queues, the worklist."""

    name = "casework"
    verbose_name = _("Casework")

    def ready(self) -> None:
        """Answer for the tiers; hear what changes of accounts and who goes away; have migrate seed the policy."""
        from accounts.customer_panels import Panel, TimelineSource, register_timeline
        from accounts.customer_panels import register_panel as register_customer_panel
        from accounts.events import facts_changed
        from accounts.held_back import register_held_back
        from accounts.operations.attachments import register_kept_files
        from accounts.panels import register_panel
        from accounts.queries.known_facts import register_known
        from accounts.tiers import register_tiers
        from casework.answers import TiersOfPolicies, tier_panel
        from casework.blocks import register_standing_block
        from casework.bulk.vulnerability import mark_changed
        from casework.case_panels import care_of_customer, care_panel, case_panel, cases_of_customer, promises_of_customer
        from casework.dispute_hooks import CauseKind, register_cause
        from casework.dispute_panels import account_panel, customer_panel, dispute_lines, find_decision, recent_decisions
        from casework.dispute_roles import VIEW_DISPUTES
        from casework.models import Dispute, DisputeCorrection, DisputeFile, DisputeKind, Plan, ReliefTerms
        from casework.operations.cases.following import follow_changed
        from casework.operations.handing_back import hand_back_of_absent
        from casework.operations.promises.observing import observe_changed
        from casework.operations.queues import refill_changed
        from casework.operations.retiering import retier_changed
        from casework.plan_glue import join_plans, seed_relief
        from casework.plan_words import covers_word, read_word
        from casework.queries.cases.timeline import register_case_events
        from casework.queries.disputes import decisions_held_back
        from casework.queries.promises.known import known_promises
        from casework.queries.tier_timeline import register_tier_changes
        from casework.work_roles import VIEW_CASES, VIEW_PROMISES
        from riskops.shared.audit_words import register_subject
        from riskops.shared.people.events import absence_entered

        register_subject("dispute", Dispute, DisputeCorrection, kind=DisputeKind.named)
        register_subject("dispute_kind", DisputeKind)
        register_subject("plan", Plan, ReliefTerms, covers=covers_word, read=read_word)
        register_subject("relief_terms", ReliefTerms)
        register_known("promises", known_promises)
        register_tiers(TiersOfPolicies())
        register_panel("tier", tier_panel, place=10)
        register_panel("care", care_panel, place=5)
        register_customer_panel(Panel("care", _("Care"), 5, care_of_customer, "casework/care/_customer.html", VIEW_CASES))
        register_panel("case", case_panel, place=12)
        register_customer_panel(
            Panel("cases", _("Cases"), 15, cases_of_customer, "casework/cases/_customer_panel.html", VIEW_CASES)
        )
        register_customer_panel(
            Panel("promises", _("Promises"), 16, promises_of_customer, "casework/promises/_customer_panel.html", VIEW_PROMISES)
        )
        register_standing_block("promise", _("a promise is open"), "open_promise = True")
        # Before anything goes by it: a new account may be a vulnerable customer's.
        facts_changed.connect(mark_changed, dispatch_uid="casework.mark_changed")
        # First of all: what was promised may be paid, and tiers and queues go by that.
        facts_changed.connect(observe_changed, dispatch_uid="casework.observe_changed")
        join_plans()
        facts_changed.connect(retier_changed, dispatch_uid="casework.retier_changed")
        facts_changed.connect(follow_changed, dispatch_uid="casework.follow_changed")
        # After the tier, which queues go by.
        facts_changed.connect(refill_changed, dispatch_uid="casework.refill_changed")
        absence_entered.connect(hand_back_of_absent, dispatch_uid="casework.hand_back_of_absent")
        register_tier_changes()
        register_held_back("disputes", decisions_held_back)
        register_kept_files(DisputeFile)
        register_cause(CauseKind("decision", _("decision"), find_decision, recent_decisions))
        register_panel("disputes", account_panel, place=15, is_under=True)
        register_customer_panel(
            Panel("disputes", _("Disputes"), 15, customer_panel, "casework/disputes/_panel.html", VIEW_DISPUTES)
        )
        register_timeline(TimelineSource("dispute", _("disputes"), dispute_lines))
        post_migrate.connect(_seed_disputes, sender=self, dispatch_uid="casework.seed_disputes")
        register_case_events()
        post_migrate.connect(seed_relief, sender=self, dispatch_uid="casework.seed_relief")
        post_migrate.connect(_seed, sender=self, dispatch_uid="casework.seed")


def _seed(using: str, **_kwargs: Any) -> None:
    from casework.models import LatenessReason, OutcomeCode, TierPolicy
    from casework.shipped import seed_tiers
    from casework.shipped_cases import seed_cases

    # A migrate of other apps alone, or back to before the tables, finds none.
    tables = connections[using].introspection.table_names()
    if TierPolicy._meta.db_table in tables:
        seed_tiers(using=using)
    if {OutcomeCode._meta.db_table, LatenessReason._meta.db_table} <= set(tables):
        seed_cases(using=using)


def _seed_disputes(using: str, **_kwargs: Any) -> None:
    from casework.models import DisputeKind
    from casework.shipped_disputes import seed_disputes

    if DisputeKind._meta.db_table in connections[using].introspection.table_names():
        seed_disputes(using=using)

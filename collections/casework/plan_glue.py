"""Where relief and plans meet the rest: signals heard, panels and lines of the timeline shown, files kept, terms seeded."""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.utils.translation import gettext_lazy

from accounts.customer_panels import Happening, TimelineAsk, TimelineSource, register_timeline
from accounts.events import facts_changed
from accounts.operations.attachments import register_kept_files
from accounts.panels import Panel, register_panel
from accounts.queries.account_page import LoadedAccount
from accounts.queries.timeline import by_day, holding_text
from accounts.simulation_offers import register_offers
from casework.models import PlanAgreement, PlanEvent, PlanFile, ReliefTerms
from casework.operations.plans.following import follow_plans_of
from casework.plan_roles import PROPOSE_PLAN
from casework.queries.plan_offers import drawn_plan
from casework.queries.plans import latest_plan
from casework.shipped_relief import seed_relief as put_terms
from riskops.shared.roles import may


def join_plans() -> None:
    """Join plans to the rest of the site; called once, when the app is ready."""
    register_panel("plan", plan_panel, place=30, is_under=True)
    register_timeline(TimelineSource("plan", gettext_lazy("plans"), _steps))
    register_offers("plan", drawn_plan)
    register_kept_files(PlanFile)
    register_kept_files(PlanAgreement)
    facts_changed.connect(follow_plans_of, dispatch_uid="casework.follow_plans_of")


def seed_relief(using: str, **_kwargs: Any) -> None:
    """Have migrate put the shipped terms where there are none."""
    if ReliefTerms._meta.db_table in connections[using].introspection.table_names():
        put_terms(using=using)


def plan_panel(loaded: LoadedAccount, user: Any) -> Panel | None:
    """Return the account's last plan, and the way to a new one."""
    plan, may_propose = latest_plan(loaded.head.account.pk), may(user, PROPOSE_PLAN)
    if plan is None and not may_propose:
        return None
    is_standing = plan is not None and plan.status in ("proposed", "offered", "confirming", "active")
    context = {"plan": plan, "may_propose": may_propose and not is_standing and not loaded.head.is_past}
    return Panel("casework/plans/_panel.html", context)


def _steps(ask: TimelineAsk) -> list[Happening]:
    rows = PlanEvent.objects.filter(plan__account__in=ask.accounts).select_related("plan__terms").order_by()
    bad = (PlanEvent.Kind.MISSED, PlanEvent.Kind.BROKEN, PlanEvent.Kind.REJECTED)
    return [
        Happening(
            "plan",
            row.day,
            row.pk,
            f"{row.plan.terms.get_instrument_display()} {row.plan.reference}: {row.get_kind_display()}",
            account_no=ask.accounts[row.plan.account_id],
            at=row.at,
            who=row.actor_name,
            text=row.note,
            tone="bad" if row.kind in bad else "",
        )
        for row in by_day(holding_text(rows, ask, ("plan__reference", "note")), ask, day="day")
    ]

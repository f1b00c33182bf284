"""Decision rules: their list with the switch, the pages that every rule in versions has, and undoing what one decided."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import DecisionRuleVersion
from accounts.operations.deciding.ruling import DECISION_RULES
from accounts.operations.deciding.settings import switch_automatic
from accounts.operations.deciding.undoing import DECISION_UNDOINGS
from accounts.operations.deciding.weighing import control
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.decisions import business_today
from accounts.queries.rule_dry_runs import dry_run_seen
from accounts.queries.rule_undoings import undoings_seen
from accounts.queries.scope_values import scope_values
from accounts.roles import SWITCH_DECISIONS, VIEW_DECISIONS
from accounts.rule_forms import DecisionRuleForm
from accounts.views.rule_undoing import UndoDesk, undo_views, undoing_context
from accounts.views.rule_versions import RuleDesk, rule_views
from riskops.shared.audit import Actor
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.scope import scope_of


@never_cache
@require_GET
@requires(VIEW_DECISIONS)
def rules(request: HttpRequest) -> HttpResponse:
    """Show the rules in their versions, the switch, and what was undone."""
    scope = scope_of(request.user)
    versions = DecisionRuleVersion.objects.select_related("reason")
    context = {
        "title": _("Decision rules"),
        "versions": [(version, dry_run_seen(version, scope)) for version in versions],
        "undoings": undoings_seen(DECISION_UNDOINGS, user=request.user),
        "control": control(),
        "today": business_today(),
    }
    return render(request, "accounts/decisions/rules.html", context)


UNDO_DESK = UndoDesk(
    kind=DECISION_UNDOINGS,
    url="decision_rule",
    ask_url="rule_undo",
    heading=_("Undo its decisions"),
    day_label=_("Only the run of"),
)


def _shown(request: HttpRequest, version: DecisionRuleVersion) -> dict[str, Any]:
    """Return the channel or category that a version stops, by its name, and what can be undone of it."""
    named = scope_values().get((version.scope, version.scope_value), version.scope_value)
    return {"named": named} | undoing_context(UNDO_DESK, request, version)


VIEWS = rule_views(
    RuleDesk(
        kind=DECISION_RULES,
        form=DecisionRuleForm,
        view_operation=VIEW_DECISIONS,
        facts="account",
        url="decision_rule",
        list_title=_("Decision rules"),
        draft_title=_("Draft a decision rule"),
        said="accounts/decisions/_rule_said.html",
        tried="accounts/decisions/_rule_tried.html",
        aside="accounts/rules/_undo.html",
        more=_shown,
    )
)


ask_undo, judge_undo = undo_views(UNDO_DESK)


@requires(SWITCH_DECISIONS)
@posted_from("accounts:decision_rules")
def switch(request: HttpRequest) -> HttpResponse:
    """Stop automatic decisions, or let them start again."""
    was_stopped = request.POST.get("was_stopped") == "1"
    try:
        switch_automatic(
            actor=Actor.of(request.user), stop=not was_stopped, reason=request.POST.get("reason", ""), was_stopped=was_stopped
        )
    except LedgerRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, gettext("Done: the rules stand as below."))
    return redirect("accounts:decision_rules")

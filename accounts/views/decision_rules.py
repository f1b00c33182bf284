"""Decision rules: their list with the switch, the pages that every rule in versions has, and undoing what one decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import DecisionRuleVersion, DecisionUndo
from accounts.operations.deciding import undoing
from accounts.operations.deciding.ruling import DECISION_RULES
from accounts.operations.deciding.settings import switch_automatic
from accounts.operations.deciding.weighing import control
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.decisions import business_today
from accounts.queries.rule_dry_runs import dry_run_seen
from accounts.roles import APPROVE_UNDO, ASK_UNDO, SWITCH_DECISIONS, VIEW_DECISIONS
from accounts.rule_forms import DecisionRuleForm
from accounts.views.rule_versions import RuleDesk, rule_views
from riskops.shared.audit import Actor
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.scope import refuse_limited_scope, scope_of


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
        # Their figures are of the whole book, and so is what would be undone.
        "undoings": () if scope.is_limited else DecisionUndo.objects.select_related("rule_version")[:50],
        "control": control(),
        "today": business_today(),
    }
    return render(request, "accounts/decisions/rules.html", context)


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
        aside="accounts/decisions/_rule_undo.html",
    )
)


def _do(request: HttpRequest, call: Callable[[], Any]) -> HttpResponse:
    """Do one act and show the rules again, with what was refused above them."""
    try:
        call()
    except LedgerRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, gettext("Done: the rules stand as below."))
    return redirect("accounts:decision_rules")


@requires(ASK_UNDO)
@posted_from("accounts:decision_rule")
def ask_undo(request: HttpRequest, version_id: int) -> HttpResponse:
    """Ask to undo what a version decided: all of it, or one day."""
    refuse_limited_scope(request.user)
    day, reason = parse_date(request.POST.get("proposed_on", "")), request.POST.get("reason", "")
    return _do(
        request,
        lambda: undoing.ask_undo(actor=Actor.of(request.user), version_id=version_id, proposed_on=day, reason=reason),
    )


@requires(APPROVE_UNDO)
@posted_from("accounts:decision_rules", takes=())
def judge_undo(request: HttpRequest, undo_id: int) -> HttpResponse:
    """Approve an undoing, or refuse it."""
    refuse_limited_scope(request.user)
    is_approved = "approve" in request.POST
    return _do(request, lambda: undoing.judge_undo(actor=Actor.of(request.user), undo_id=undo_id, is_approved=is_approved))


@requires(SWITCH_DECISIONS)
@posted_from("accounts:decision_rules")
def switch(request: HttpRequest) -> HttpResponse:
    """Stop automatic decisions, or let them start again."""
    was_stopped = request.POST.get("was_stopped") == "1"
    return _do(
        request,
        lambda: switch_automatic(
            actor=Actor.of(request.user), stop=not was_stopped, reason=request.POST.get("reason", ""), was_stopped=was_stopped
        ),
    )

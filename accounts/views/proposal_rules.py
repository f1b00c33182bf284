"""Proposal rules: their list, and the pages that every rule in versions has."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import ProposalRule
from accounts.models.applications import OUTCOME_CHOICES
from accounts.operations.applications.proposal_rules import PROPOSAL_RULES
from accounts.operations.applications.receiving import open_day_or_none
from accounts.operations.applications.undoing import APPLICATION_UNDOINGS
from accounts.queries.applications import proposal_rules as all_rules
from accounts.queries.rule_dry_runs import dry_run_seen
from accounts.queries.rule_undoings import undoings_seen
from accounts.roles import VIEW_APPLICATIONS
from accounts.rule_forms import ProposalRuleForm
from accounts.views.rule_undoing import UndoDesk, undo_views, undoing_context
from accounts.views.rule_versions import RuleDesk, rule_views
from riskops.shared.roles import requires
from riskops.shared.scope import scope_of


@never_cache
@require_GET
@requires(VIEW_APPLICATIONS)
def proposal_rules(request: HttpRequest) -> HttpResponse:
    """Show all versions of all rules, those that speak first."""
    context = {
        "title": _("Proposal rules"),
        "rules": all_rules(),
        "undoings": undoings_seen(APPLICATION_UNDOINGS, user=request.user),
        "today": open_day_or_none(),
    }
    return render(request, "accounts/applications/rules.html", context)


UNDO_DESK = UndoDesk(
    kind=APPLICATION_UNDOINGS,
    url="proposal_rule",
    ask_url="proposal_rule_undo",
    heading=_("Undo what it decided"),
    day_label=_("Only what was decided on"),
)


def _in_words(request: HttpRequest, version: ProposalRule) -> dict[str, Any]:
    """Return the outcomes and movers of the dry run in words, and what there is of undoings."""
    found, undoing = dry_run_seen(version, scope_of(request.user)), undoing_context(UNDO_DESK, request, version)
    if found is None:
        return undoing
    words = dict(OUTCOME_CHOICES)
    before, after = found.outcomes("before"), found.outcomes("after")
    return {
        **undoing,
        "outcomes": [(label, before[name], after[name]) for name, label in OUTCOME_CHOICES],
        "movers": [
            {**mover, **{name: (words[mover[name][0]], mover[name][1]) for name in ("before", "after")}} for mover in found.movers
        ],
    }


VIEWS = rule_views(
    RuleDesk(
        kind=PROPOSAL_RULES,
        form=ProposalRuleForm,
        view_operation=VIEW_APPLICATIONS,
        facts="application",
        url="proposal_rule",
        list_title=_("Proposal rules"),
        draft_title=_("Draft a proposal rule"),
        said="accounts/applications/_rule_said.html",
        tried="accounts/applications/_rule_tried.html",
        aside="accounts/rules/_undo.html",
        more=_in_words,
    )
)
ask_undo, judge_undo = undo_views(UNDO_DESK)

"""Write-off rules: their list, and the pages that every rule in versions has."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.queries.decisions import business_today
from accounts.queries.rule_dry_runs import dry_run_seen
from accounts.views.rule_versions import RuleDesk, rule_views
from recovery.models import WriteOffRule
from recovery.operations.write_offs.rules import WRITE_OFF_RULES
from recovery.write_off_forms import WriteOffRuleForm
from recovery.write_off_roles import VIEW_WRITE_OFF_RULE
from riskops.shared.roles import requires
from riskops.shared.scope import scope_of


@never_cache
@require_GET
@requires(VIEW_WRITE_OFF_RULE)
def rules(request: HttpRequest) -> HttpResponse:
    """Show the rules in their versions."""
    scope = scope_of(request.user)
    context = {
        "title": _("Write-off rules"),
        "versions": [(version, dry_run_seen(version, scope)) for version in WriteOffRule.objects.all()],
        "today": business_today(),
    }
    return render(request, "recovery/write_offs/rules.html", context)


VIEWS = rule_views(
    RuleDesk(
        kind=WRITE_OFF_RULES,
        form=WriteOffRuleForm,
        view_operation=VIEW_WRITE_OFF_RULE,
        facts="account",
        url="write_off_rule",
        list_title=_("Write-off rules"),
        draft_title=_("Draft a write-off rule"),
        said="recovery/write_offs/_rule_said.html",
        tried="recovery/write_offs/_rule_tried.html",
        space="recovery",
    )
)

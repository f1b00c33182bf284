"""What the rule editor asks: the facts for its completion, and whether what is typed is a rule."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.application_facts import APPLICATION_FACTS
from accounts.facts import ACCOUNT_FACTS
from accounts.operations.applications.receiving import open_day_or_none
from accounts.queries.applications import applications_held
from accounts.queries.rule_cost import RuleTooSlow, measure_rule
from accounts.roles import VIEW_ACCOUNTS, VIEW_APPLICATIONS
from accounts.templatetags.rules import refusal_context
from riskops.shared.day import book_state
from riskops.shared.roles import requires
from riskops.shared.rule_language import RuleRefusal, parse_rule
from riskops.shared.scope import scope_of


@never_cache
@require_GET
@requires(VIEW_ACCOUNTS)
def completion(request: HttpRequest) -> JsonResponse:
    """Answer the facts as DjangoQL's completion reads them."""
    return JsonResponse(ACCOUNT_FACTS.completion(scope_of(request.user)))


@never_cache
@require_GET
@requires(VIEW_APPLICATIONS)
def application_completion(request: HttpRequest) -> JsonResponse:
    """Answer the facts of applications as DjangoQL's completion reads them."""
    return JsonResponse(APPLICATION_FACTS.completion(scope_of(request.user)))


@never_cache
@require_POST
@requires(VIEW_APPLICATIONS)
def application_check(request: HttpRequest) -> HttpResponse:
    """Say under the editor what is wrong with a rule about applications, or on how many of the latest ones it holds."""
    text = request.POST.get(request.POST.get("field", "rule"), "")
    context: dict[str, Any] = {}
    try:
        if text.strip():
            rule = parse_rule(text, APPLICATION_FACTS)
            context["hits"] = applications_held(rule, scope=scope_of(request.user), today=open_day_or_none())
    except RuleRefusal as refusal:
        context = refusal_context(text, refusal)
    return render(request, "accounts/_rule_verdict.html", context)


@never_cache
@require_POST
@requires(VIEW_ACCOUNTS)
def check(request: HttpRequest) -> HttpResponse:
    """Say under the editor what is wrong with a rule, or on how many accounts it holds today."""
    text = request.POST.get(request.POST.get("field", "rule"), "")
    context: dict[str, Any] = {}
    business_date = book_state().business_date
    try:
        if text.strip():
            rule = parse_rule(text, ACCOUNT_FACTS)
            context["cost"] = measure_rule(rule, business_date, scope=scope_of(request.user)) if business_date else None
    except RuleRefusal as refusal:
        context = refusal_context(text, refusal)
    except RuleTooSlow as refusal:
        context["slow"] = refusal
    return render(request, "accounts/_rule_verdict.html", context)

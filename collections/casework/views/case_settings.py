"""What cases go by, on one page: figures, terms of promises, outcome codes and the script; and the forms that change them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Product
from accounts.operations.refusals import LedgerRefusal
from casework import work_roles as may_do
from casework.case_forms import FiguresForm, OutcomeForm, PromptForm, ReasonForm, SettingForm, TermsForm, initial_of
from casework.models import Case, CasePrompt, LatenessReason, OutcomeCode
from casework.operations.cases import settings as operations
from casework.operations.cases.refusals import CaseRefused
from casework.queries.cases.open_cases import figures_in_force
from casework.queries.promises.terms import terms_in_force, terms_of
from riskops.shared.audit import Actor
from riskops.shared.roles import requires


@never_cache
@require_GET
@requires(may_do.VIEW_CASES)
def settings(request: HttpRequest) -> HttpResponse:
    """Show everything cases go by."""
    context = {
        "title": _("Settings of cases"),
        "figures": figures_in_force(),
        "terms": terms_in_force(),
        "outcomes": OutcomeCode.objects.order_by("-is_active", "key", "code"),
        # In the order in which a case goes through its stages, not in that of their names.
        "prompts": sorted(CasePrompt.objects.all(), key=lambda prompt: Case.Stage.values.index(prompt.stage)),
        "reasons": LatenessReason.objects.order_by("-is_active", "position", "code"),
        "products": Product.objects.order_by("product_code"),
    }
    return render(request, "casework/cases/settings.html", context)


def _version(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else -1


def _serve(request: HttpRequest, title: Any, form: SettingForm, version: int | None, save: Any, done: str) -> HttpResponse:
    """Show a form of the settings; to a POST save it and go back, or show what was refused beside what was typed."""
    if form.is_bound and form.is_valid():
        try:
            save()
        except CaseRefused as refusal:
            form.refuse(getattr(refusal, "field", ""), str(refusal))
        except LedgerRefusal as refusal:
            form.refuse(refusal.about, str(refusal))
        else:
            messages.success(request, done)
            return redirect("case-settings")
    context = {"title": title, "form": form, "version": version}
    return render(request, "casework/cases/setting.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.SET_CASE_FIGURES)
def figures(request: HttpRequest) -> HttpResponse:
    """Set the figures of cases."""
    standing = figures_in_force()
    form = FiguresForm(request.POST or None, initial=initial_of(standing, operations.FIGURES))
    return _serve(
        request,
        _("Figures of cases"),
        form,
        standing.version,
        lambda: operations.set_case_figures(
            actor=Actor.of(request.user),
            values=form.values,
            version=_version(request),
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
        ),
        gettext("The figures are in force; cases move by them from the next close on."),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.SET_PROMISE_TERMS)
def terms(request: HttpRequest) -> HttpResponse:
    """Set the terms of promises, of the product that the address names or of all."""
    code = request.GET.get("product", "")
    product = Product.objects.filter(product_code=code).first() if code else None
    if code and product is None:
        raise Http404(gettext("There is no product “%(code)s”.") % {"code": code})
    standing = terms_of(product.pk if product else None)
    form = TermsForm(request.POST or None, initial=initial_of(standing, operations.TERMS))
    title = gettext("Terms of promises: %(product)s") % {"product": product or gettext("all products")}
    return _serve(
        request,
        title,
        form,
        standing.version,
        lambda: operations.set_promise_terms(
            actor=Actor.of(request.user),
            product_code=code,
            values=form.values,
            version=_version(request),
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
        ),
        gettext("The terms are in force for promises taken from now on."),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.EDIT_OUTCOME_CODES)
def new_outcome(request: HttpRequest) -> HttpResponse:
    """Add an outcome code."""
    form = OutcomeForm(request.POST or None, initial={"rest_days": 1, "next_action_days": 1, "is_active": True})
    return _serve(
        request,
        _("New outcome code"),
        form,
        None,
        lambda: operations.save_outcome_code(
            actor=Actor.of(request.user), code=form.cleaned_data["code"], values=form.values, version=None
        ),
        gettext("The outcome code is saved."),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.EDIT_OUTCOME_CODES)
def outcome(request: HttpRequest, code: str) -> HttpResponse:
    """Change an outcome code."""
    row = OutcomeCode.objects.filter(code=code).first()
    if row is None:
        raise Http404(gettext("There is no “%(key)s” in the settings of cases.") % {"key": code})
    form = OutcomeForm(request.POST or None, initial=initial_of(row, operations.OUTCOME_FIELDS))
    del form.fields["code"]
    return _serve(
        request,
        row.label,
        form,
        row.version,
        lambda: operations.save_outcome_code(
            actor=Actor.of(request.user), code=code, values=form.values, version=_version(request)
        ),
        gettext("The outcome code is saved."),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.EDIT_LATENESS_REASONS)
def new_reason(request: HttpRequest) -> HttpResponse:
    """Add a reason for lateness."""
    form = ReasonForm(request.POST or None, initial={"position": 100, "is_active": True})
    return _serve(
        request,
        _("New reason for lateness"),
        form,
        None,
        lambda: operations.save_lateness_reason(
            actor=Actor.of(request.user), code=form.cleaned_data["code"], values=form.values, version=None
        ),
        gettext("The reason is saved."),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.EDIT_LATENESS_REASONS)
def reason(request: HttpRequest, code: str) -> HttpResponse:
    """Change a reason for lateness."""
    row = LatenessReason.objects.filter(code=code).first()
    if row is None:
        raise Http404(gettext("There is no “%(key)s” in the settings of cases.") % {"key": code})
    form = ReasonForm(request.POST or None, initial=initial_of(row, operations.REASON_FIELDS))
    del form.fields["code"]
    return _serve(
        request,
        row.label,
        form,
        row.version,
        lambda: operations.save_lateness_reason(
            actor=Actor.of(request.user), code=code, values=form.values, version=_version(request)
        ),
        gettext("The reason is saved."),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.EDIT_PROMPTS)
def new_prompt(request: HttpRequest) -> HttpResponse:
    """Add a line to the script."""
    form = PromptForm(request.POST or None, initial={"position": 100, "is_active": True})
    return _serve(
        request,
        _("New line of the script"),
        form,
        None,
        lambda: operations.save_prompt(actor=Actor.of(request.user), prompt_id=None, values=form.values, version=None),
        gettext("The line of the script is saved."),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.EDIT_PROMPTS)
def prompt(request: HttpRequest, prompt_id: int) -> HttpResponse:
    """Change a line of the script."""
    row = CasePrompt.objects.filter(pk=prompt_id).first()
    if row is None:
        raise Http404(gettext("There is no “%(key)s” in the settings of cases.") % {"key": prompt_id})
    form = PromptForm(request.POST or None, initial=initial_of(row, operations.PROMPT_FIELDS))
    return _serve(
        request,
        _("Line of the script"),
        form,
        row.version,
        lambda: operations.save_prompt(
            actor=Actor.of(request.user), prompt_id=prompt_id, values=form.values, version=_version(request)
        ),
        gettext("The line of the script is saved."),
    )

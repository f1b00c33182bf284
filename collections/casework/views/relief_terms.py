"""The terms of relief: what each instrument asks and grants, and a new version of them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.operations.refusals import LedgerRefusal
from casework.models import ReliefTerms
from casework.operations.plans.eligibility import all_terms_in_force, terms_in_force
from casework.operations.plans.terms import TERM_FIELDS, set_relief_terms
from casework.operations.work_refusals import WorkRefusal
from casework.plan_forms import MajorField, PercentField
from casework.plan_roles import SET_RELIEF_TERMS, VIEW_PLANS
from riskops.shared.audit import Actor
from riskops.shared.roles import may, requires
from riskops.shared.rule_language import RuleRefusal


class TermsForm(forms.ModelForm):  # type: ignore[type-arg]
    """A version of the terms of one instrument."""

    month_interest_ppm = PercentField(
        parts=10_000, most=10, label=_("Interest a month, %"), help_text=_("of the principal that is left; 0: none goes on")
    )
    approver_from_minor = MajorField(
        label=_("An approver decides from, in major units"),
        help_text=_("of a currency with two decimals, such as yuan; below it a team lead, never who proposed it"),
    )
    share_bp = PercentField(
        parts=100,
        label=_("Share of what is left, %"),
        help_text=_("of what the household has left a month; a plan asks no more"),
    )
    break_bp = PercentField(
        parts=100, label=_("Plans that break in a month, %"), help_text=_("for the ranking of suggestions; below 100")
    )
    based_on = forms.IntegerField(widget=forms.HiddenInput)
    why = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    class Meta:
        model = ReliefTerms
        fields = TERM_FIELDS
        widgets = {"rule": forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "code"})}


@never_cache
@require_GET
@requires(VIEW_PLANS)
def relief_terms(request: HttpRequest) -> HttpResponse:
    """Show the terms of every instrument that count now, with those before."""
    versions = ReliefTerms.objects.order_by("instrument", "-version")
    context = {
        "title": _("Terms of relief"),
        "terms": all_terms_in_force(),
        "versions": versions,
        "may_set": may(request.user, SET_RELIEF_TERMS),
    }
    return render(request, "casework/plans/terms.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(SET_RELIEF_TERMS)
def set_terms(request: HttpRequest, instrument: str) -> HttpResponse:
    """Set a new version of an instrument's terms."""
    if instrument not in ReliefTerms.Instrument.values:
        raise Http404(gettext("There is no instrument “%(code)s”.") % {"code": instrument})
    present = terms_in_force(instrument)
    initial = {name: getattr(present, name) for name in TERM_FIELDS} | {"based_on": present.version}
    form = TermsForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            values: dict[str, Any] = dict(form.cleaned_data)
            reason, based_on = values.pop("why"), values.pop("based_on")
            try:
                made = set_relief_terms(
                    actor=Actor.of(request.user),
                    instrument=instrument,
                    based_on=based_on,
                    values=values,
                    reason=reason,
                    now=timezone.now(),
                )
            except RuleRefusal as refusal:
                form.add_error("rule", str(refusal))
            except (WorkRefusal, LedgerRefusal) as refusal:
                about = getattr(refusal, "field", "") or refusal.about
                form.add_error(about if about in form.fields else None, str(refusal))
            else:
                messages.success(request, gettext("Version %(n)s counts for what is proposed from now on.") % {"n": made.version})
                return redirect("casework:relief_terms")
    context = {"title": present.get_instrument_display(), "form": form, "present": present}
    return render(request, "casework/plans/terms_edit.html", context, status=status)

"""Outreach → Contact log: what was made, what was refused, and the log judged again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from outreach import forms
from outreach.contact_names import OUTCOMES
from outreach.models.wishes import CHANNELS
from outreach.operations.refusals import PeriodMalformed
from outreach.queries.log import Audit, audit_period, contacts_made, contacts_refused, read_filters
from outreach.roles import AUDIT_CONTACTS, VIEW_CONTACT_LOG
from outreach.wording import RULE_NAMES
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.scope import refuse_limited_scope


@never_cache
@require_GET
@requires(VIEW_CONTACT_LOG)
def log(request: HttpRequest) -> HttpResponse:
    """Show the contacts that were made, newest first."""
    return _shown(request)


def _shown(
    request: HttpRequest, *, audit: Audit | None = None, form: forms.PeriodForm | None = None, status: int = 200
) -> HttpResponse:
    filters = read_filters(request.GET)
    yesterday = timezone.localdate() - timedelta(days=1)
    context: dict[str, Any] = {
        "title": _("Contact log"),
        "page": contacts_made(request.user, filters),
        "filters": filters,
        "channels": CHANNELS,
        "outcomes": OUTCOMES,
        "period": form or forms.PeriodForm(initial={"first": yesterday - timedelta(days=6), "last": yesterday}),
        "audit": audit,
        "is_typed": audit is not None or form is not None,
    }
    return render(request, "outreach/log.html", context, status=status)


@never_cache
@require_GET
@requires(VIEW_CONTACT_LOG)
def refused(request: HttpRequest) -> HttpResponse:
    """Show the contacts that the gate refused or put off, newest first."""
    filters = read_filters(request.GET)
    context = {
        "title": _("Refused contacts"),
        "page": contacts_refused(request.user, filters),
        "filters": filters,
        "channels": CHANNELS,
        "rules": [(str(rule), name) for rule, name in RULE_NAMES.items()],
    }
    return render(request, "outreach/refused.html", context)


@never_cache
@requires(AUDIT_CONTACTS)
@posted_from("outreach:log")
def audit(request: HttpRequest) -> HttpResponse:
    """Judge the contacts of some days again. It reads the whole book, so only who sees it all asks."""
    refuse_limited_scope(request.user)
    form = forms.PeriodForm(request.POST)
    if form.is_valid():
        try:
            found = audit_period(form.cleaned_data["first"], form.cleaned_data["last"])
        except PeriodMalformed as refusal:
            form.refuse(refusal)
        else:
            return _shown(request, audit=found, form=form)
    return _shown(request, form=form, status=422)

"""What the views of agencies share: an agency or 404, and a step that is done or refused above its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from outreach.operations.refusals import OutreachRefusal
from recovery.agency_forms import AgencyFormBase
from recovery.models import Agency
from recovery.operations.agencies.refusals import AgencyRefusal, AgencyUnknown

#: What an operation of these pages refuses.
REFUSALS = (AgencyRefusal, OutreachRefusal)


def agency_or_404(code: str) -> Agency:
    """Return an agency."""
    agency = Agency.objects.filter(code=code).first()
    if agency is None:
        raise Http404(str(AgencyUnknown(code)))
    return agency


def step(
    request: HttpRequest, act: Callable[[], str], *, to: tuple[Any, ...], show: Callable[[int], HttpResponse]
) -> HttpResponse:
    """Do one thing and go to a page; what was refused is said above the page it came from, and nothing is changed.

    :param to: the url name and its arguments
    :param show: shows the page it came from, with a status
    """
    try:
        messages.success(request, act())
    except REFUSALS as refusal:
        if refusal.status == 404:
            raise Http404(str(refusal)) from None
        messages.error(request, str(refusal))
        return show(refusal.status)
    return redirect(*to)


def form_step(
    request: HttpRequest,
    form: AgencyFormBase,
    act: Callable[[dict[str, Any]], str],
    *,
    to: tuple[Any, ...],
    show: Callable[[int], HttpResponse],
) -> HttpResponse:
    """Do what a form asks and go to a page, or show its page again with what was refused beside what was typed."""
    if not form.is_valid():
        return show(422)
    try:
        messages.success(request, act(form.cleaned_data))
    except REFUSALS as refusal:
        if refusal.status == 404:
            raise Http404(str(refusal)) from None
        form.refuse(refusal)
        return show(refusal.status)
    return redirect(*to)

"""Outreach → Delivery providers, and → Replies."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from outreach.operations.delivery_health import try_again
from outreach.operations.refusals import OutreachRefusal
from outreach.operations.replies import mark_read
from outreach.queries.providers import provider_names, provider_page
from outreach.queries.replies import reply_page
from outreach.roles import READ_REPLY, RETRY_PROVIDER, VIEW_PROVIDERS, VIEW_REPLIES
from riskops.shared.audit import Actor
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires


@never_cache
@require_GET
@requires(VIEW_PROVIDERS)
def providers(request: HttpRequest) -> HttpResponse:
    """Show by channel who carries messages, in which order, and how each stands."""
    return _providers(request)


def _providers(request: HttpRequest, *, status: int = 200) -> HttpResponse:
    context = {"title": _("Delivery providers"), "channels": provider_page(timezone.now())}
    return render(request, "outreach/providers.html", context, status=status)


@never_cache
@requires(RETRY_PROVIDER)
@posted_from("outreach:providers", takes=())
def retry(request: HttpRequest, provider: str) -> HttpResponse:
    """Let messages go by a provider again at once."""
    try:
        try_again(actor=Actor.of(request.user), provider=provider, names=provider_names(), now=timezone.now())
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
        return _providers(request, status=refusal.status)
    messages.success(request, gettext("Messages go by %(provider)s again.") % {"provider": provider})
    return redirect("outreach:providers")


@never_cache
@require_GET
@requires(VIEW_REPLIES)
def replies(request: HttpRequest) -> HttpResponse:
    """Show what customers wrote back; what waits to be read first."""
    return _replies(request)


def _replies(request: HttpRequest, *, status: int = 200) -> HttpResponse:
    context = {
        "title": _("Replies of customers"),
        "page": reply_page(request.user, request.GET),
    }
    return render(request, "outreach/replies.html", context, status=status)


@never_cache
@requires(READ_REPLY)
@posted_from("outreach:replies", takes=())
def read(request: HttpRequest, reply_id: int) -> HttpResponse:
    """Note that a reply was read."""
    try:
        mark_read(actor=Actor.of(request.user), reply_id=reply_id, now=timezone.now())
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
        return _replies(request, status=refusal.status)
    messages.success(request, gettext("It is noted that you have read it."))
    return redirect("outreach:replies")

"""/hooks/<provider>/: what providers report. The one public address of delivery; nothing is believed before its signature is."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from outreach.operations.receipts import keep_unread, take_receipts
from outreach.operations.replies import take_reply
from outreach.providers import registry
from outreach.providers.interface import Receipt, Reply, UnreadEvent, WebhookRefused

log = structlog.get_logger(__name__)
_MINUTE: Final = 60


@csrf_exempt
@login_not_required
@never_cache
@require_POST
def hook(request: HttpRequest, provider: str) -> HttpResponse:
    """Take the receipts of one request, then its replies: a vendor sends again what was not answered with 200, kept once each."""
    now = timezone.now()
    found = registry.provider_named(provider)
    if found is None:
        return _refused(404, "no provider of that name here")
    if _is_too_many(provider, now):
        answer = _refused(429, "too many requests; send it again in a minute")
        answer["Retry-After"] = str(_MINUTE)
        return answer
    # Without a length there is no body here; with one, the server reads no further.
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > settings.WEBHOOK_MOST_BYTES:
        return _refused(413, f"more than {settings.WEBHOOK_MOST_BYTES} bytes")
    try:
        headers = {name.lower(): value for name, value in request.headers.items()}
        events = found.read_webhook(request.body, headers, _address(request), now)
    except WebhookRefused as refusal:
        # What it holds is nobody's word; who sent it and how much is all that is kept of it.
        log.warning("webhook refused", provider=provider, why=type(refusal).__name__, bytes=int(length))
        return _refused(refusal.status, str(refusal))
    take_receipts([event for event in events if isinstance(event, Receipt)], now)
    # Each by itself: customers are locked in one order everywhere, and replies come in their own.
    for event in events:
        if isinstance(event, Reply):
            take_reply(event, now)
    unread = [event for event in events if isinstance(event, UnreadEvent)]
    if unread:
        # Answered with 200 all the same: sent again it would be no more readable, and all beside it would come again.
        log.warning("webhook events not readable", provider=provider, events=len(unread), why=unread[0].reason)
        keep_unread(unread, now)
    content_type, body = found.thanks
    return HttpResponse(body, content_type=content_type)


def _refused(status: int, why: str) -> HttpResponse:
    return JsonResponse({"detail": why}, status=status)


def _address(request: HttpRequest) -> str:
    """Return the address as the vendor called it: behind a proxy it is not the one that this process is called by."""
    public: str = settings.PUBLIC_URL.rstrip("/")
    return public + request.get_full_path() if public else request.build_absolute_uri()


def _is_too_many(provider: str, now: datetime) -> bool:
    """Count a request; by provider and not by sender: behind a proxy all come from one address."""
    key = f"hook:{provider}:{int(now.timestamp()) // _MINUTE}"
    cache.add(key, 0, timeout=2 * _MINUTE)
    try:
        return cache.incr(key) > settings.WEBHOOK_MOST_A_MINUTE
    except ValueError:
        # It went out of the cache in between: it has not been many.
        return False

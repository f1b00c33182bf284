"""The ladder of one account: queueing what is due without waiting for the close."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache

from accounts.views.account import load_or_404
from outreach.models import Message
from outreach.operations.planning import plan_now
from outreach.operations.refusals import OutreachRefusal
from outreach.roles import PLAN_MESSAGES
from riskops.shared.audit import Actor
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires


@never_cache
@requires(PLAN_MESSAGES)
@posted_from("accounts:account")
def plan(request: HttpRequest, account_no: str) -> HttpResponse:
    """Queue what is due for an account, and go back to its page."""
    account = load_or_404(account_no, user=request.user).head.account
    try:
        planned = plan_now(actor=Actor.of(request.user), account=account, now=timezone.now())
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        queued = sum(message.status == Message.Status.QUEUED for message in planned)
        said = ngettext("%(count)s message is queued.", "%(count)s messages are queued.", queued) % {"count": queued}
        messages.success(request, said)
    return redirect("accounts:account", account_no)

"""What became of the offer of a plan, for whoever looks at the plan: its last message, why, and what to do where none arrives."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.models import Plan
from casework.plan_hooks import OfferShown
from outreach.customer_links import tried_out_link
from outreach.models import Message
from outreach.operations.sending.holding import Hold
from outreach.outbox_wording import reason_text
from outreach.plan_offers import is_answerable, messages_of
from riskops.shared.wording import moment_text

#: A message that ended so has told the customer nothing.
_NOT_TOLD = (Message.Status.CANCELLED, Message.Status.DEAD, Message.Status.UNDELIVERED)


def offer_shown(plan: Plan) -> OfferShown:
    """Return what became of the offer of a plan, and the customer's own page where staff may open it."""
    stands = plan.status == Plan.Status.OFFERED
    own_page = tried_out_link(plan.account_id, today=timezone.localdate()) if stands else ""
    message = next(iter(messages_of([plan])), None)
    if message is None:
        why = "" if is_answerable() or not stands else reason_text(Hold.NO_WAY_TO_ACCEPT)
        return OfferShown(own_page=own_page, why=why, what_next=_otherwise() if stands else "")
    about = {"channel": message.get_channel_display(), "state": message.get_status_display()}
    text = _("%(channel)s: %(state)s") % about
    if message.sent_at is not None:
        text = _("%(channel)s of %(at)s: %(state)s") % {**about, "at": moment_text(message.sent_at)}
    return OfferShown(
        text,
        reverse("outreach:message", args=[message.pk]),
        own_page,
        message=message.pk,
        channel=message.channel,
        status=message.status,
        sent_at=message.sent_at,
        why=reason_text(message.reason) if message.reason else "",
        what_next=_otherwise() if stands and message.status in _NOT_TOLD else "",
    )


def _otherwise() -> str:
    return _("Tell the customer another way: by a call that the contact policy allows, or with the agreement on paper.")

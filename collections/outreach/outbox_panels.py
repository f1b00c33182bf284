"""Messages as lines of a customer's timeline."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.customer_panels import Happening, TimelineAsk
from accounts.queries.timeline import by_moment, day_of, holding_text
from outreach.models import Message
from outreach.outbox_wording import reason_text

#: How a line stands out.
_TONES = {
    Message.Status.DELIVERED: "",
    Message.Status.SENT: "",
    Message.Status.CANCELLED: "",
    Message.Status.QUEUED: "",
    Message.Status.SENDING: "",
    Message.Status.UNKNOWN: "warn",
    Message.Status.UNDELIVERED: "warn",
    Message.Status.DEAD: "bad",
}


def message_lines(ask: TimelineAsk) -> list[Happening]:
    """Return messages as lines of a customer's timeline: on the day they were planned, with what became of them."""
    rows = Message.objects.filter(account__in=ask.accounts, customer_id=ask.customer_id)
    rows = holding_text(rows, ask, ("step", "template_code"))
    return [
        Happening(
            "message",
            day_of(row.created_at),
            row.pk,
            _("%(channel)s, message %(step)s") % {"channel": row.get_channel_display(), "step": row.step},
            account_no=ask.accounts[row.account_id],
            at=row.created_at,
            text=reason_text(row.reason),
            details=[(_("state"), str(row.get_status_display()))],
            url=reverse("outreach:message", args=[row.pk]),
            tone=_TONES[Message.Status(row.status)],
        )
        for row in by_moment(rows, ask, moment="created_at")
    ]

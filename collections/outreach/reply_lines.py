"""Replies of customers as lines of their timeline."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.customer_panels import Happening, TimelineAsk
from accounts.queries.timeline import by_moment, day_of
from outreach.models import CustomerReply
from outreach.models.wishes import CHANNEL_NAMES
from outreach.rules.contacts import Channel
from outreach.rules.stop_words import Wish
from outreach.wording import WISH_NAMES


def reply_lines(ask: TimelineAsk) -> list[Happening]:
    """Return replies as lines of a customer's timeline. Their text is encrypted, so no search finds it."""
    if ask.search:
        return []
    rows = CustomerReply.objects.filter(customer_id=ask.customer_id).select_related("event")
    return [
        Happening(
            "reply",
            day_of(row.event.received_at),
            row.pk,
            _("reply by %(channel)s") % {"channel": CHANNEL_NAMES[Channel(row.channel)]},
            at=row.event.received_at,
            who=row.read_by_name,
            text=row.words["text"],
            details=[(_("asks for"), str(WISH_NAMES[Wish(row.wish)]))] if row.wish != Wish.OTHER else [],
            tone="warn" if row.read_at is None and row.wish != Wish.STOP else "",
        )
        for row in by_moment(rows, ask, moment="event__received_at")
    ]

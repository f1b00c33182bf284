"""Changes of tier as lines of a customer's timeline."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.customer_panels import Happening, TimelineAsk, TimelineSource, register_timeline
from accounts.queries.timeline import by_day, holding_text
from casework.models import TierChange


def _tier_changes(ask: TimelineAsk) -> list[Happening]:
    rows = holding_text(TierChange.objects.filter(account__in=ask.accounts), ask, ("from_tier", "to_tier"))
    return [
        Happening(
            "tier",
            row.as_of,
            row.pk,
            _("Tier %(before)s → %(after)s") % {"before": row.from_tier or "–", "after": row.to_tier or "–"},
            account_no=ask.accounts[row.account_id],
            at=row.recorded_at,
            tone="warn",
        )
        for row in by_day(rows, ask, day="as_of")
    ]


def register_tier_changes() -> None:
    """Register the lines; called once, when the app is ready."""
    register_timeline(TimelineSource("tier", gettext_lazy("tier changes"), _tier_changes))

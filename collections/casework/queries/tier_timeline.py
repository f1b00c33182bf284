"""Changes of tier as lines of a customer's timeline."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.customer_panels import Happening, TimelineAsk, TimelineSource, register_timeline
from accounts.queries.timeline import by_day, holding_text
from casework.models import Tier, TierChange


def _tier_changes(ask: TimelineAsk) -> list[Happening]:
    found = holding_text(TierChange.objects.filter(account__in=ask.accounts), ask, ("from_tier", "to_tier"))
    rows = list(by_day(found, ask, day="as_of"))
    # The tier that an account leaves may be one of an earlier policy: its name is then that of the same code today.
    names = {tier.code: tier.name for tier in Tier.objects.filter(policy__in={row.policy_id for row in rows})}
    return [
        Happening(
            "tier",
            row.as_of,
            row.pk,
            _("Tier %(before)s → %(after)s") % {"before": _name(row.from_tier, names), "after": _name(row.to_tier, names)},
            account_no=ask.accounts[row.account_id],
            at=row.recorded_at,
            tone="warn",
        )
        for row in rows
    ]


def _name(code: str, names: Mapping[str, str]) -> str:
    return names.get(code, code) or "–"


def register_tier_changes() -> None:
    """Register the lines; called once, when the app is ready."""
    register_timeline(TimelineSource("tier", gettext_lazy("tier changes"), _tier_changes))

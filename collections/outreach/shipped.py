"""What every new site starts with: the three contact policies of conduct-rules. Put in by migrate, changed by people afterwards.

Live from the first day a book may have, so that every day has one.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from django.db import transaction
from django.utils import timezone

from outreach.models import ContactPolicy
from outreach.rules.profiles import PROFILES

FIRST_DAY: Final = date(1990, 1, 1)
AUTHOR: Final = "riskops"

NAMES: Final = {
    "cn-2026": ("China, from 2026", "中国2026版"),
    "cn-strict": ("China, strict", "中国从严版"),
    "us-reg-f": ("United States, Regulation F", "美国Regulation F"),
}


@transaction.atomic
def seed_policies(*, using: str = "default") -> list[str]:
    """Make the first version of each profile that has none and return the profiles."""
    rows = ContactPolicy.objects.using(using)
    known = set(rows.values_list("profile", flat=True))
    missing = [profile for profile in PROFILES if profile not in known]
    for profile in missing:
        figures = PROFILES[profile]
        rows.create(
            profile=profile,
            version=1,
            name_en=NAMES[profile][0],
            name_zh=NAMES[profile][1],
            opens_at=figures.hours.since,
            closes_at=figures.hours.until,
            effective_calls_a_day=figures.effective_calls_a_day,
            unanswered_a_day=figures.unanswered_a_day,
            calls_a_week=figures.calls_a_week,
            quiet_days_after_conversation=figures.quiet_days_after_conversation,
            messages_a_day_per_channel=figures.messages_a_day_per_channel,
            messages_a_day=figures.messages_a_day,
            messages_a_week=figures.messages_a_week,
            failures_to_be_lost=figures.failures_to_be_lost,
            notices_pass=sorted(figures.notices_pass),
            is_opt_out_demanded=figures.is_opt_out_demanded,
            status=ContactPolicy.Status.APPROVED,
            live_from=FIRST_DAY,
            drafted_by_name=AUTHOR,
            approved_by_name=AUTHOR,
            approved_at=timezone.now(),
        )
    return missing

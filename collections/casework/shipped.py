"""What every new site starts with: a calendar and the first tier policy. Put in by migrate, changed by people afterwards.

The policy is live from the first day a book may have, so that every day has one.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from casework.models import BusinessCalendar, Tier, TierPolicy
from riskops.shared.models import Team

FIRST_DAY: Final = date(1990, 1, 1)
AUTHOR: Final = "riskops"
CALENDAR: Final = "standard"

_DAY, _HOUR = 9 * 60, 60
_WORK: Final = ("remind", "call", "plan", "review")
_PURSUE: Final = (*_WORK, "limit", "suspend", "accelerate", "agency", "letter")

#: In the order in which they are tried. Lanes come first: what they hold back must not be worked as plain lateness.
TIERS: Final[tuple[dict[str, Any], ...]] = (
    {
        "code": "fraud-suspected", "name_en": "Fraud suspected", "name_zh": "疑似欺诈", "tone": "fraud",
        "rule": "fraud_suspected = True",
        "queue": "Fraud suspected", "owner_kind": Team.Kind.REVIEW, "service_minutes": 4 * _HOUR,
        "interventions": ["review", "suspend"],
    },
    {
        "code": "disputed", "name_en": "Disputed", "name_zh": "争议", "tone": "disputed",
        "rule": "disputed = True",
        "queue": "Disputed", "owner_kind": Team.Kind.REVIEW, "service_minutes": _DAY,
        "interventions": ["review"],
    },
    {
        "code": "legal", "name_en": "Legal", "name_zh": "法律追偿", "tone": "m7",
        "rule": "in_legal = True",
        "queue": "Legal", "owner_kind": Team.Kind.LEGAL, "service_minutes": 3 * _DAY,
        "interventions": ["plan", "letter", "legal", "write_off"],
    },
    {
        "code": "serious", "name_en": "Serious 91+", "name_zh": "严重逾期 91+", "tone": "m5",
        "rule": "dpd >= 91",
        "queue": "Serious 91+", "owner_kind": Team.Kind.COLLECTIONS, "service_minutes": 2 * _DAY,
        "interventions": [*_PURSUE, "legal", "write_off"],
    },
    {
        "code": "late", "name_en": "Late 61–90", "name_zh": "后期 61–90", "tone": "m4",
        "rule": "dpd >= 61 and dpd <= 90",
        "queue": "Late 61–90", "owner_kind": Team.Kind.COLLECTIONS, "service_minutes": _DAY,
        "interventions": [*_PURSUE],
    },
    {
        "code": "middle", "name_en": "Middle 31–60", "name_zh": "中期 31–60", "tone": "m3",
        "rule": "dpd >= 31 and dpd <= 60",
        "queue": "Middle 31–60", "owner_kind": Team.Kind.COLLECTIONS, "service_minutes": _DAY,
        "interventions": [*_WORK, "limit", "suspend", "letter"],
    },
    {
        "code": "early", "name_en": "Early 1–30", "name_zh": "早期 1–30", "tone": "m2",
        "rule": "dpd >= 1 and dpd <= 30",
        "queue": "Early 1–30", "owner_kind": Team.Kind.COLLECTIONS, "service_minutes": 2 * _DAY,
        "interventions": [*_WORK],
    },
    {
        "code": "watch", "name_en": "Watch", "name_zh": "关注", "tone": "m1",
        "rule": "score_change <= -20 or utilization_change >= 25 and utilization >= 70\nor late_months_6m >= 2"
                " or broken_promises_6m >= 1",
        "queue": "Watch", "owner_kind": Team.Kind.REVIEW, "service_minutes": 5 * _DAY,
        "interventions": ["remind", "review", "limit"],
    },
    {
        "code": "normal", "name_en": "Normal", "name_zh": "正常", "tone": "m0",
        "rule": "dpd = 0",
        "queue": "", "owner_kind": "", "service_minutes": None,
        "interventions": ["remind"],
    },
)  # fmt: skip


@transaction.atomic
def seed_tiers(*, using: str = "default") -> bool:
    """Put calendar and policy in where there are none yet, and return whether anything was."""
    if TierPolicy.objects.using(using).exists():
        return False
    calendar, _ = BusinessCalendar.objects.using(using).get_or_create(name=CALENDAR)
    now = timezone.now()
    policy = TierPolicy(
        version=1,
        calendar=calendar,
        note="Shipped with the site",
        drafted_by_name=AUTHOR,
        approved_by_name=AUTHOR,
        live_from=FIRST_DAY,
        approved_at=now,
    )
    # Approved last: tiers of an approved policy take no change.
    policy.save(using=using)
    Tier.objects.using(using).bulk_create(
        Tier(policy=policy, position=number, **tier) for number, tier in enumerate(TIERS, start=1)
    )
    policy.status = TierPolicy.Status.APPROVED
    policy.save(using=using, update_fields=["status"])
    return True

"""What a new site starts with: reason codes of reviews, and sweeps that somebody looks at before switching them on."""

from __future__ import annotations

from typing import Final

from accounts.models import ReviewReason, ReviewSweep
from accounts.rules.reviews import Schedule

_REASONS: Final = (
    ("income_lost", "Income lost or reduced", "收入减少或中断"),
    ("over_indebted", "Owes much elsewhere", "多头负债"),
    ("forgot", "Forgot or did not know", "遗忘或不知情"),
    ("dispute", "Disputes what is owed", "对欠款有异议"),
    ("unreachable", "Cannot be reached", "无法联系"),
    ("identity_doubt", "Identity in doubt", "身份存疑"),
    ("linked_risk", "Linked to a risky account", "关联账户有风险"),
    ("unusual_use", "Unusual use of the line", "额度使用异常"),
    ("data_wrong", "Data is wrong", "数据有误"),
    ("behaves_well", "Behaves well", "表现良好"),
    ("false_alarm", "The rule hit without cause", "规则误报"),
)
_SWEEPS: Final = (
    (
        "rising-use",
        "Use of the line jumps",
        "Look at what was bought since the month-end, and whether income carries it.",
        "utilization > 80 and utilization_change > 30",
        Schedule.WEEKLY,
        1,
        30,
    ),
    (
        "early-default",
        "Late within the first half year",
        "Look at the application, linked accounts and the first purchases: a new customer who does not pay may be no customer.",
        "months_on_book <= 6 and dpd > 15",
        Schedule.DAILY,
        1,
        60,
    ),
    (
        "long-restricted",
        "Restricted for long",
        "Look at whether the cause of the restriction still stands; if not, lift it.",
        "restricted = True and days_since_restriction > 180 and dpd = 0",
        Schedule.MONTHLY,
        1,
        90,
    ),
)


def seed_review_settings(*, using: str) -> None:
    """Put reason codes and sweeps in where there are none. The sweeps are not active."""
    if not ReviewReason.objects.using(using).exists():
        ReviewReason.objects.using(using).bulk_create(
            [ReviewReason(code=code, name_en=english, name_zh=chinese) for code, english, chinese in _REASONS]
        )
    if not ReviewSweep.objects.using(using).exists():
        ReviewSweep.objects.using(using).bulk_create(
            [
                ReviewSweep(
                    code=code, name=name, purpose=purpose, rule=rule, schedule=schedule, schedule_day=day, cool_off_days=cool
                )
                for code, name, purpose, rule, schedule, day, cool in _SWEEPS
            ]
        )

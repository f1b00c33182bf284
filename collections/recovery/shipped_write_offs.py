"""The write-off rules that every new site starts with. Put in by migrate, changed by people afterwards."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.models.rule_versions import RuleVersion
from outreach.shipped import AUTHOR, FIRST_DAY
from recovery.models import WriteOffRule

#: What forbids a write-off wherever it is proposed by rule: somebody is at work, or the customer is heard.
_QUIET: Final = (
    "(days_since_payment > 90 or days_since_payment = None) and hardship_plan = False and open_promise = False "
    "and disputed = False and fraud_suspected = False and on_hold = False and placed = False and in_legal = False"
)
#: code, names, rule, only where going on loses money.
SHIPPED: Final = (
    (
        "late-180",
        "Late by more than 180 days, nothing paid for 90",
        "逾期超过180天且90天未还款",
        f"dpd > 180 and {_QUIET}",
        False,
    ),
    (
        "small",
        "Small, late by more than 90 days, and collecting costs more than it brings",
        "小额、逾期超过90天且催收成本高于预期回收",
        f"dpd > 90 and exposure <= 500 and {_QUIET}",
        True,
    ),
)


@transaction.atomic
def seed_write_off_rules(*, using: str = "default") -> list[str]:
    """Make the first version of each rule where there is no rule at all, and return what was made."""
    rules = WriteOffRule.objects.using(using)
    if rules.exists():
        return []
    live: dict[str, Any] = {
        "number": 1,
        "status": RuleVersion.Status.LIVE,
        "live_from": FIRST_DAY,
        "drafted_by_name": AUTHOR,
        "approved_by_name": AUTHOR,
        "approved_at": timezone.now(),
        "dry_run": {},
        "note": "shipped",
    }
    for code, name_en, name_zh, rule, only_losing in SHIPPED:
        rules.create(code=code, name_en=name_en, name_zh=name_zh, rule=rule, only_losing=only_losing, **live)
    return [code for code, *_rest in SHIPPED]

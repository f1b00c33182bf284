"""The collection strategy every new site starts with: the standard ladder. Put in by migrate, changed by people afterwards.

Its templates ship beside it (by code). A reminder goes by SMS, else by e-mail; the one before the due date and the one on the day
after it by the app first. From 31 days on people call, from 61 the whole is demanded.
"""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from outreach.models import Strategy
from outreach.rules.contacts import Channel, Purpose
from outreach.rules.ladder_json import as_plain, in_order
from outreach.rules.ladders import Act, Anchor, Step, Way
from outreach.shipped import AUTHOR, FIRST_DAY

STANDARD: Final = "standard"
#: Who has promised to pay, is in court or was written off is written to by those who handle it.
STOP_RULE: Final = "open_promise = True or in_legal = True or written_off = True"
#: Asks for whom a step was written.
CARE_RULE: Final = "vulnerable = True"
_SMS_FIRST: Final = (Channel.SMS, Channel.EMAIL)
_APP_FIRST: Final = (Channel.PUSH, Channel.SMS, Channel.EMAIL)


def _message(
    code: str, days: int, names: tuple[str, str], template: str, channels: tuple[Channel, ...] = _SMS_FIRST, **more: Any
) -> Step:
    ways = tuple(Way(channel, f"{template}-{channel}") for channel in channels)
    values = {"anchor": Anchor.DUE_DATE, "act": Act.MESSAGE, "stop_rule": STOP_RULE, **more}
    return Step(code=code, name_en=names[0], name_zh=names[1], days=days, ways=ways, **values)


def _call(code: str, days: int, names: tuple[str, str]) -> Step:
    return Step(
        code=code, name_en=names[0], name_zh=names[1], anchor=Anchor.DUE_DATE, days=days, act=Act.CALL, stop_rule=STOP_RULE,
        valid_days=5,
    )  # fmt: skip


LADDER: Final = in_order(
    [
        _message("due-soon", -3, ("Due in three days", "到期前三天提醒"), "due-soon", _APP_FIRST),
        _message("due-today", 0, ("Due today", "到期日提醒"), "due-today", valid_days=0),
        _message("overdue-1", 1, ("One day late", "逾期1天提醒"), "overdue-1", _APP_FIRST, valid_days=1),
        _message("overdue-3", 3, ("Three days late", "逾期3天提醒"), "overdue-3"),
        _message("overdue-7", 7, ("A week late", "逾期7天提醒"), "overdue-7", valid_days=4),
        _message("overdue-15", 15, ("Half a month late", "逾期15天提醒"), "overdue-15", valid_days=5),
        _message("overdue-25", 25, ("25 days late", "逾期25天提醒"), "overdue-25", valid_days=5),
        _call("call-32", 32, ("First call", "第一次电话")),
        _call("call-40", 40, ("Second call", "第二次电话")),
        _call("call-50", 50, ("Third call", "第三次电话")),
        _message("demand", 61, ("Demand", "催告"), "demand", purpose=Purpose.DEMAND, valid_days=7),
        # In other words and on other days, for customers who are handled with care: nothing else of the ladder is for them.
        _message("care-soon", -2, ("Due soon, in soft words", "到期前关怀提醒"), "care", rule=CARE_RULE, valid_days=1),
        _message("care-5", 5, ("Late, in soft words", "逾期5天关怀提醒"), "care", rule=CARE_RULE, valid_days=5),
        _message("care-20", 20, ("Still late, in soft words", "逾期20天关怀提醒"), "care", rule=CARE_RULE, valid_days=5),
        _message(
            "promise-due", -1, ("The day before a promised payment", "承诺还款日前一天提醒"), "promise-due",
            anchor=Anchor.PROMISE_DUE, stop_rule="in_legal = True or written_off = True", valid_days=0,
        ),
        _message(
            "restriction", 0, ("Notice of the restriction", "账户限制通知"), "restriction-notice",
            anchor=Anchor.RESTRICTED, purpose=Purpose.NOTICE, stop_rule="", valid_days=3,
        ),
    ]
)  # fmt: skip


@transaction.atomic
def seed_strategies(*, using: str = "default") -> list[str]:
    """Make the first version of the standard strategy if it has none and return what was made."""
    rows = Strategy.objects.using(using)
    if rows.filter(code=STANDARD).exists():
        return []
    rows.create(
        code=STANDARD,
        version=1,
        name_en="Standard",
        name_zh="标准策略",
        steps=[as_plain(step) for step in LADDER],
        status=Strategy.Status.APPROVED,
        live_from=FIRST_DAY,
        drafted_by_name=AUTHOR,
        approved_by_name=AUTHOR,
        approved_at=timezone.now(),
    )
    return [STANDARD]

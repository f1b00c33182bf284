"""What cases of every new site start with: outcome codes and the script. Put in by migrate, changed by people afterwards."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import translation

from casework.lateness import REASONS
from casework.models import CasePrompt, LatenessReason, OutcomeCode
from casework.outcomes import OUTCOMES

#: Lines of the script by stage: English, Chinese.
PROMPTS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "remind": (
        (
            "Name the institution and yourself, then make sure it is the customer before you mention the account.",
            "先报机构名称和本人姓名，确认是客户本人后再谈账户。",
        ),
        (
            "Ask whether the payment was overlooked, and offer the ways to pay today.",
            "询问是否忘记还款，并说明今天可用的还款方式。",
        ),
        (
            "Ask why it is late; note illness, loss of work or a dispute as they say it.",
            "询问逾期原因；如有疾病、失业或争议，按客户原话记录。",
        ),
    ),
    "work": (
        (
            "Say what is overdue, since when, and what it costs each further day.",
            "说明逾期金额、起始日期以及每多一天的费用。",
        ),
        (
            "Agree on an amount and a day that the customer names themself; do not press for more than they can pay.",
            "由客户自己提出金额和日期；不得施压超出其偿还能力。",
        ),
        (
            "If they cannot pay, ask for income and essentials, and offer a plan.",
            "如无力还款，了解收入与必要支出，并提供分期方案。",
        ),
    ),
    "pursue": (
        (
            "Say what was promised and what came of it, in figures.",
            "用具体数字说明之前的承诺及结果。",
        ),
        (
            "Say which next steps the contract allows and from when; threaten nothing.",
            "说明合同允许的下一步及起始时间；不得威胁。",
        ),
        (
            "Offer a plan once more, and name the day on which the case goes on without an answer.",
            "再次提供分期方案，并告知若无答复案件继续推进的日期。",
        ),
    ),
    "legal": (
        (
            "Take no promise that contradicts what legal agreed; check with them first.",
            "不得接受与法务约定相抵触的承诺；先与法务确认。",
        ),
    ),
    "agency": (
        (
            "The agency speaks to the customer. Take payments and complaints only, and note them.",
            "由委外机构联系客户；仅受理还款与投诉并记录。",
        ),
    ),
    "written_off": (
        (
            "The debt stands although it was written off. Offer a settlement only within your authority.",
            "账户虽已核销，债务仍然存在；仅在授权范围内协商。",
        ),
    ),
}


@transaction.atomic
def seed_cases(*, using: str = "default") -> bool:
    """Put outcome codes and script in where there are none yet, and return whether anything was."""
    is_new = False
    if not OutcomeCode.objects.using(using).exists():
        with translation.override("en"):
            OutcomeCode.objects.using(using).bulk_create(
                OutcomeCode(
                    code=outcome.code,
                    action=outcome.action,
                    result=outcome.code,
                    name_en=str(outcome.label),
                    name_zh=outcome.zh,
                    key=outcome.key,
                    rest_days=outcome.rest_days,
                    is_success=outcome.is_success,
                    is_right_party=outcome.is_right_party,
                    next_action=outcome.next_action,
                    next_action_days=outcome.rest_days,
                )
                for outcome in OUTCOMES
            )
        is_new = True
    if not LatenessReason.objects.using(using).exists():
        with translation.override("en"):
            LatenessReason.objects.using(using).bulk_create(
                LatenessReason(code=code, position=10 * number, name_en=str(name), name_zh=chinese)
                for number, (code, name, chinese) in enumerate(REASONS, start=1)
            )
        is_new = True
    if not CasePrompt.objects.using(using).exists():
        CasePrompt.objects.using(using).bulk_create(
            CasePrompt(stage=stage, position=10 * number, text_en=english, text_zh=chinese)
            for stage, lines in PROMPTS.items()
            for number, (english, chinese) in enumerate(lines, start=1)
        )
        is_new = True
    return is_new

"""What every new site starts with: kinds of disputes with their figures, and reply letters. Put in by migrate, changed by people.

Sources: conduct-rules for the 20 days of credit data; the complaint rules of the banking regulator for complaints; where nothing
is written, a default of our own that says so.
"""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction

from casework.dispute_reasons import COMPLAINT_RULES, CREDIT_REPORTING, OWN_DEFAULT
from casework.models import DisputeKind, ReplyTemplate
from casework.rules.disputes import DemandTerms, Lane, Outcome, PenaltyTerms, Reach

KINDS: Final[tuple[dict[str, Any], ...]] = (
    {
        "code": "amount", "name_en": "Amount is wrong", "name_zh": "金额有误", "lane": Lane.DISPUTE, "answer_days": 15,
        "source": OWN_DEFAULT,
    },
    {
        "code": "already_paid", "name_en": "Already paid", "name_zh": "已还款", "lane": Lane.DISPUTE, "answer_days": 10,
        "source": OWN_DEFAULT,
    },
    {
        "code": "not_mine", "name_en": "Not mine: fraud claim", "name_zh": "非本人交易（冒用）", "lane": Lane.FRAUD,
        "answer_days": 20, "source": OWN_DEFAULT, "demands": DemandTerms.END,
        # A suspension protects whoever was impersonated; the fraud lane allows it.
        "holds_restrictions": False,
    },
    {
        "code": "service", "name_en": "Goods or service", "name_zh": "商品或服务", "lane": Lane.DISPUTE, "answer_days": 15,
        "source": OWN_DEFAULT,
    },
    {
        "code": "conduct", "name_en": "How we contact them", "name_zh": "催收行为投诉", "lane": Lane.COMPLAINT, "answer_days": 15,
        "source": COMPLAINT_RULES, "reach": Reach.CUSTOMER, "penalty": PenaltyTerms.CHARGED, "demands": DemandTerms.HOLD,
        "holds_restrictions": False,
    },
    {
        "code": "complaint", "name_en": "Other complaint", "name_zh": "其他投诉", "lane": Lane.COMPLAINT, "answer_days": 15,
        "source": COMPLAINT_RULES, "reach": Reach.ACCOUNT, "penalty": PenaltyTerms.CHARGED, "demands": DemandTerms.KEEP,
        "holds_restrictions": False,
    },
    {
        "code": "credit_report", "name_en": "Objection to credit data", "name_zh": "征信异议", "lane": Lane.DISPUTE,
        "answer_days": 20, "source": CREDIT_REPORTING,
    },
)  # fmt: skip

_HEAD_EN: Final = "Your case {number} of {received}, account {account}: {kind}.\n"
_HEAD_ZH: Final = "您于{received}提出的第{number}号事项（账户{account}）：{kind}。\n"
_TAIL_EN: Final = "\nIf you do not agree, answer this letter or turn to the supervisor's complaint line 12378.\n{day}"
_TAIL_ZH: Final = "\n如您不认可本答复，可回复本函，或拨打金融消费者投诉热线12378。\n{day}"
LETTERS: Final[dict[Outcome, tuple[str, str]]] = {
    Outcome.UPHELD: (
        f"{_HEAD_EN}You are right, and we apologise.\n{{answer}}\n{{corrections}}\n{_TAIL_EN}",
        f"{_HEAD_ZH}经核查，您的主张成立，我们深表歉意。\n{{answer}}\n{{corrections}}\n{_TAIL_ZH}",
    ),
    Outcome.PARTLY: (
        f"{_HEAD_EN}You are right in part.\n{{answer}}\n{{corrections}}\n{_TAIL_EN}",
        f"{_HEAD_ZH}经核查，您的主张部分成立。\n{{answer}}\n{{corrections}}\n{_TAIL_ZH}",
    ),
    Outcome.REJECTED: (
        f"{_HEAD_EN}We have looked into it and cannot agree.\n{{answer}}\n{{corrections}}\n{_TAIL_EN}",
        f"{_HEAD_ZH}经核查，我们无法认可您的主张。\n{{answer}}\n{{corrections}}\n{_TAIL_ZH}",
    ),
}


@transaction.atomic
def seed_disputes(*, using: str = "default") -> None:
    """Put kinds and letters in where there are none yet."""
    if not DisputeKind.objects.using(using).exists():
        DisputeKind.objects.using(using).bulk_create([DisputeKind(**kind) for kind in KINDS])
    there = set(ReplyTemplate.objects.using(using).values_list("outcome", flat=True))
    ReplyTemplate.objects.using(using).bulk_create(
        [ReplyTemplate(outcome=outcome, text_en=en, text_zh=zh) for outcome, (en, zh) in LETTERS.items() if outcome not in there]
    )

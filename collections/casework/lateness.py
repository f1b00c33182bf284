"""Why customers are late: the reasons of the site, those in use in their order; and what it starts with."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from casework.models import LatenessReason
from riskops.shared.request_context import once_a_request

#: What segments call accounts without a reason; no reason has this code.
NONE_RECORDED: Final = "none_recorded"
#: What a new site starts with: code, name, Chinese. casework/shipped_cases.py puts them in.
REASONS: Final[tuple[tuple[str, Promise, str], ...]] = (
    ("forgot", _("forgot"), "忘记还款"),
    ("payment_failed", _("payment method failed"), "扣款方式失败"),
    ("income_lost", _("income reduced or lost"), "收入减少或失业"),
    ("illness", _("illness"), "患病"),
    ("family", _("family event"), "家庭变故"),
    ("over_indebted", _("over-indebted"), "多头负债"),
    ("goods_dispute", _("dispute about goods or service"), "商品或服务有争议"),
    ("not_recognised", _("does not recognise the debt"), "不认可该债务"),
    ("moved", _("moved or phone changed"), "搬家或更换号码"),
    ("will_not_pay", _("will not pay"), "拒绝还款"),
    ("other", _("another reason"), "其他原因"),
    (LatenessReason.NOT_SAID, _("asked, not said"), "已询问，未说明"),
)


def _all() -> dict[str, LatenessReason]:
    return once_a_request("lateness reasons", lambda: {reason.code: reason for reason in LatenessReason.objects.all()})


def reasons_offered() -> tuple[LatenessReason, ...]:
    """Return the reasons in use in their order; one query a request."""
    return tuple(reason for reason in _all().values() if reason.is_active)


def reason_offered(code: str) -> LatenessReason | None:
    """Return a reason in use; None where there is none of the code."""
    found = _all().get(code)
    return found if found is not None and found.is_active else None


def reason_label(code: str) -> str:
    """Return the words for a reason; one that the site no longer knows keeps its code."""
    found = _all().get(code)
    return found.label if found is not None else code

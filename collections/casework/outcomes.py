"""What can come of working on an account: the outcome codes of the site, those in use by their keys; and what it starts with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from casework.models import NextAction, OutcomeCode
from riskops.shared.request_context import once_a_request


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome that a new site starts with; casework/shipped_cases.py puts them in.

    :param rest_days: the account rests so long before it may come back to the queue, if it still belongs there
    :param is_success: it counts for the effect of working in the queue
    """

    key: int
    code: str
    label: Promise
    zh: str
    rest_days: int
    next_action: str
    is_success: bool = False
    is_right_party: bool = True
    action: str = "call"


#: The outcome that taking a promise at the worklist records.
PROMISED: Final = "promise"

OUTCOMES: Final = (
    Outcome(1, "promise", _("promise to pay"), "承诺还款", 3, NextAction.AWAIT_PAYMENT, is_success=True),
    Outcome(2, "no_answer", _("no answer"), "无人接听", 1, NextAction.CALL_AGAIN, is_right_party=False),
    Outcome(3, "wrong_number", _("wrong number"), "号码有误", 7, NextAction.TRACE, is_right_party=False),
    Outcome(4, "call_back", _("asked to be called back"), "要求回电", 1, NextAction.CALL_AGAIN),
    Outcome(5, "paid", _("says it is paid"), "称已还款", 3, NextAction.CHECK_PAYMENT, is_success=True),
    Outcome(6, "cannot_pay", _("cannot pay"), "无力还款", 7, NextAction.OFFER_PLAN),
    Outcome(7, "refuses", _("refuses to pay"), "拒绝还款", 7, NextAction.ESCALATE),
    Outcome(8, "disputes", _("disputes the debt"), "对债务有争议", 14, NextAction.OPEN_DISPUTE),
    Outcome(9, "reviewed", _("looked at, nothing to do"), "已查看，无需处理", 7, "", is_right_party=False, action="desk"),
)


def _all() -> dict[str, OutcomeCode]:
    return once_a_request("outcome codes", lambda: {code.code: code for code in OutcomeCode.objects.order_by("key", "code")})


def outcomes_offered() -> tuple[OutcomeCode, ...]:
    """Return the outcome codes in use, those with a key first, in the order of the keys; one query a request."""
    return tuple(sorted((code for code in _all().values() if code.is_active), key=lambda code: (code.key or 10, code.code)))


def outcome_offered(code: str) -> OutcomeCode | None:
    """Return an outcome code in use; None where there is none of the name."""
    found = _all().get(code)
    return found if found is not None and found.is_active else None


def outcome_labels() -> dict[str, str]:
    """Return the words for every outcome by code, those not in use among them."""
    return {code: row.label for code, row in _all().items()}


def outcome_label(code: str) -> str:
    """Return the words for an outcome; one that the site no longer knows keeps its code."""
    return outcome_labels().get(code, code)

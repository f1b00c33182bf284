"""What can come of working on an account: the keys 1 to 9 of the worklist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome.

    :param rest_days: the account rests so long before it may come back to the queue, if it still belongs there
    :param is_success: it counts for the effect of working in the queue
    """

    key: int
    code: str
    label: Promise
    rest_days: int
    is_success: bool = False


OUTCOMES: Final = (
    Outcome(1, "promise", _("promise to pay"), 3, is_success=True),
    Outcome(2, "no_answer", _("no answer"), 1),
    Outcome(3, "wrong_number", _("wrong number"), 7),
    Outcome(4, "call_back", _("asked to be called back"), 1),
    Outcome(5, "paid", _("says it is paid"), 3, is_success=True),
    Outcome(6, "cannot_pay", _("cannot pay"), 7),
    Outcome(7, "refuses", _("refuses to pay"), 7),
    Outcome(8, "disputes", _("disputes the debt"), 14),
    Outcome(9, "reviewed", _("looked at, nothing to do"), 7),
)
OUTCOME_BY_CODE: Final = {outcome.code: outcome for outcome in OUTCOMES}
SUCCESSES: Final = tuple(outcome.code for outcome in OUTCOMES if outcome.is_success)


def outcome_label(code: str) -> Promise | str:
    """Return the words for an outcome; one that is no longer offered keeps its code."""
    return OUTCOME_BY_CODE[code].label if code in OUTCOME_BY_CODE else code

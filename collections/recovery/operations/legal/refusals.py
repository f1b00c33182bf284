"""Why a legal case or the limitation clock refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from recovery.operations.letters.refusals import RecoveryRefusal, impossible_day
from riskops.shared.wording import money_text


class CaseUnknown(RecoveryRefusal):
    """No such case, or none that the person may see."""

    status = 404

    def __init__(self, case_id: int) -> None:
        super().__init__(_("There is no legal case %(id)s; look for it on the board.") % {"id": case_id})


class CaseThere(RecoveryRefusal):
    """The account has one that is proposed or open."""

    status = 409

    def __init__(self, account_no: str, reference: str) -> None:
        text = _("Account %(account)s has legal case %(case)s already; work on that one.")
        super().__init__(text % {"account": account_no, "case": reference})


class CaseInTheWay(RecoveryRefusal):
    """Something forbids a legal case."""

    status = 409

    def __init__(self, account_no: str, why: Sequence[str]) -> None:
        text = _("No legal case about account %(account)s: %(why)s.")
        super().__init__(text % {"account": account_no, "why": "; ".join(why)})


class CaseNotIn(RecoveryRefusal):
    """It is in another state than the step is for."""

    status = 409

    def __init__(self, reference: str, state: str) -> None:
        text = _("Legal case %(case)s is now: %(state)s. That step is not for it; load the page again.")
        super().__init__(text % {"case": reference, "state": state})


class CaseChanged(RecoveryRefusal):
    """Somebody changed it since the form was made."""

    status = 409

    def __init__(self, reference: str) -> None:
        super().__init__(_("Legal case %(case)s was changed meanwhile; load the page again.") % {"case": reference})


class OwnCase(RecoveryRefusal):
    """Whoever proposed it would approve it."""

    status = 403

    def __init__(self, reference: str, name: str) -> None:
        text = _("Legal case %(case)s was proposed by %(name)s; somebody else must approve it.")
        super().__init__(text % {"case": reference, "name": name})


class StageNotNext(RecoveryRefusal):
    """That stage does not follow the present one."""

    about = "stage"

    def __init__(self, stage: str, after: str, possible: Sequence[str]) -> None:
        if not possible:
            text = _("Nothing follows %(after)s; close the case with its outcome.")
            super().__init__(text % {"after": after})
            return
        text = _("%(stage)s does not follow %(after)s; next can be: %(possible)s.")
        super().__init__(text % {"stage": stage, "after": after, "possible": ", ".join(possible)})


class StageNotFirst(RecoveryRefusal):
    """A case does not begin with that stage."""

    about = "stage"

    def __init__(self, stage: str, possible: Sequence[str]) -> None:
        text = _("A case does not begin with %(stage)s; it can begin with: %(possible)s.")
        super().__init__(text % {"stage": stage, "possible": ", ".join(possible)})


class CaseDayImpossible(RecoveryRefusal):
    """A day on which that cannot have happened."""

    about = "on"

    def __init__(self, day: date, first: date, last: date) -> None:
        super().__init__(impossible_day(day, first, last))


class CostNotAboveZero(RecoveryRefusal):
    """A cost that is none."""

    about = "cost_minor"

    def __init__(self) -> None:
        super().__init__(_("A cost that is booked is zero or more; write it without a sign, or leave it empty for none."))


class StillOwed(RecoveryRefusal):
    """Paid in full, says the outcome, and the account is not."""

    about, status = "outcome", 409

    def __init__(self, account_no: str, owed_minor: int, currency: str) -> None:
        super().__init__(
            _(
                "%(owed)s of account %(account)s is past due, so the case does not close as paid in full. Book the payment first,"
                " or choose how it ended otherwise: settled, won, lost or withdrawn."
            )
            % {"owed": money_text(owed_minor, currency), "account": account_no}
        )


class LeftInPlan(RecoveryRefusal):
    """Paid in full, says the outcome, and what was claimed is owed by a plan now."""

    about, status = "outcome", 409

    def __init__(self, account_no: str, plans: Sequence[str], left_minor: int, currency: str) -> None:
        super().__init__(
            _(
                "%(left)s of account %(account)s is not paid but owed by plan %(plans)s, so the case does not close as paid in"
                " full. Wait until the plan is paid, or choose how it ended otherwise: settled, won, lost or withdrawn."
            )
            % {"left": money_text(left_minor, currency), "account": account_no, "plans": ", ".join(plans)}
        )


class PaidLessThanClaimed(RecoveryRefusal):
    """Paid in full, says the outcome, and part of what was claimed was given up."""

    about, status = "outcome", 409

    def __init__(self, reference: str, short_minor: int, claim_minor: int, currency: str) -> None:
        super().__init__(
            _(
                "%(short)s of the %(claim)s that legal case %(case)s claims was waived or cancelled and not paid, so it does not"
                " close as paid in full. Choose how it ended otherwise: settled, won, lost or withdrawn."
            )
            % {
                "short": money_text(short_minor, currency),
                "claim": money_text(claim_minor, currency),
                "case": reference,
            }
        )


class CaseOutcomeUnknown(RecoveryRefusal):
    """No case closes so."""

    about = "outcome"

    def __init__(self, outcome: str, possible: Sequence[str]) -> None:
        text = _("“%(outcome)s” is no outcome of a legal case; there are: %(possible)s.")
        super().__init__(text % {"outcome": outcome, "possible": ", ".join(possible)})


class EvidenceNeeded(RecoveryRefusal):
    """Nothing says how it is known."""

    about = "evidence"

    def __init__(self) -> None:
        super().__init__(_("Write what the evidence is and where it lies; a court will ask for it."))


class CauseNotNoted(RecoveryRefusal):
    """The clock knows it from elsewhere."""

    about = "cause"

    def __init__(self, cause: str, possible: Sequence[str]) -> None:
        text = _("“%(cause)s” is not noted by hand; it can be: %(possible)s. The rest the clock takes from the book.")
        super().__init__(text % {"cause": cause, "possible": ", ".join(possible)})


class NothingOwed(RecoveryRefusal):
    """No claim is open, so no clock runs."""

    status = 409

    def __init__(self, account_no: str) -> None:
        super().__init__(_("Account %(account)s owes nothing, so no limitation runs.") % {"account": account_no})


class FactUnknownHere(RecoveryRefusal):
    """No such fact that stands."""

    status = 404

    def __init__(self, fact_id: int) -> None:
        super().__init__(_("There is no noted fact %(id)s that stands; load the page again.") % {"id": fact_id})

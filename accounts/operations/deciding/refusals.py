"""Why a decision was refused. Each says what, why and what next, with the values; nothing changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.utils.translation import gettext as _

from accounts.models.decision_settings import AUTHORITY_CHOICES, STATUS_CHOICES, why_unknown
from accounts.operations.refusals import LedgerRefusal
from accounts.rules.applications import CapBroken
from accounts.rules.decisions import BASIS_POINTS, Gate
from riskops.shared.roles import ROLE_NAMES, Role
from riskops.shared.wording import money_text

_ACTIONS = dict(AUTHORITY_CHOICES)
_STATUSES = dict(STATUS_CHOICES)


def role_names(roles: Iterable[str]) -> str:
    """Return roles in words, one after the other."""
    return ", ".join(str(ROLE_NAMES[Role(role)]) for role in roles)


class DecisionRefusal(LedgerRefusal):
    """A decision that was not taken, or not changed."""


class DecisionUnknown(DecisionRefusal):
    """There is no such decision."""

    about = "decision"

    def __init__(self, decision_id: int) -> None:
        super().__init__(_("There is no decision %(id)s; look it up in the list of decisions.") % {"id": decision_id})


class DecisionAlreadyMade(DecisionRefusal):
    """The very same decision is there under this reference; whoever asked may carry on."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(_("Decision %(number)s is there already, the very same; nothing was done.") % {"number": reference})


class DecisionReferenceTaken(DecisionRefusal):
    """The reference belongs to a different decision."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(
            _("Decision %(number)s is there with other values; look at it, or use another reference.") % {"number": reference}
        )


class ReasonCodeUnknown(DecisionRefusal):
    """No reason code of that name is in use for the action."""

    about = "reason_code"

    def __init__(self, code: str, action: str) -> None:
        super().__init__(
            _("“%(code)s” is not a reason code in use for “%(action)s”; choose one of that action.")
            % {"code": code, "action": _ACTIONS.get(action, action)}
        )


class AccountClosed(DecisionRefusal):
    """The account was closed; there is nothing left to restrict."""

    about = "account"

    def __init__(self, account_no: str, closed_on: date) -> None:
        super().__init__(
            _("Account %(account)s was closed on %(day)s; no decision can be taken on it.")
            % {"account": account_no, "day": closed_on.isoformat()}
        )


class AccountWrittenOff(DecisionRefusal):
    """The account has left the performing book."""

    about = "account"

    def __init__(self, account_no: str) -> None:
        super().__init__(
            _("Account %(account)s is written off and cannot be used any more; work on its recovery instead.")
            % {"account": account_no}
        )


class DecisionHeldBack(DecisionRefusal):
    """Something open on the account, a dispute for one, holds such decisions back until it is closed."""

    about = "account"

    def __init__(self, account_no: str, action: str, why: str) -> None:
        super().__init__(
            _("“%(action)s” is held back on account %(account)s: %(why)s Decide it once that is closed.")
            % {"account": account_no, "action": _ACTIONS.get(action, action), "why": why}
        )


class AccountNotAged(DecisionRefusal):
    """The account has no state yet, so nothing is known to judge by."""

    about = "account"

    def __init__(self, account_no: str) -> None:
        super().__init__(
            _("Account %(account)s has not been in a close of business yet; decide after the next one.") % {"account": account_no}
        )


class EffectiveDatePast(DecisionRefusal):
    """The day lies before today's business day."""

    about = "effective_on"

    def __init__(self, effective_on: date, today: date) -> None:
        super().__init__(
            _("%(day)s is past: the open day is %(open)s; use that day or a later one.")
            % {"day": effective_on.isoformat(), "open": today.isoformat()}
        )


class BufferTooShort(DecisionRefusal):
    """The notice must run its days before the decision takes effect."""

    about = "effective_on"

    def __init__(self, effective_on: date, first_day: date, buffer_days: int) -> None:
        super().__init__(
            _("%(day)s leaves less than the %(days)s days between notice and effect; use %(first)s or a later day.")
            % {"day": effective_on.isoformat(), "days": buffer_days, "first": first_day.isoformat()}
        )


class DatesOutOfOrder(DecisionRefusal):
    """Review and expiry come after the effect."""

    about = "expires_on"

    def __init__(self, effective_on: date) -> None:
        super().__init__(
            _("The review and the expiry must come after %(day)s, the first day in force.") % {"day": effective_on.isoformat()}
        )


class LimitMissing(DecisionRefusal):
    """A change of the limit needs the new one."""

    about = "new_limit"

    def __init__(self) -> None:
        super().__init__(_("The new limit is missing; write it as an amount."))


class LimitUnderBalance(DecisionRefusal):
    """The limit would not cover what is owed."""

    about = "new_limit"

    def __init__(self, new_limit_minor: int, present_minor: int, owed_minor: int, currency: str) -> None:
        values = {
            "limit": money_text(new_limit_minor, currency),
            "present": money_text(present_minor, currency),
            "owed": money_text(owed_minor, currency),
        }
        if owed_minor >= present_minor:
            text = _(
                "%(owed)s is owed and the limit is %(present)s: it cannot be lowered until less is owed. "
                "To stop new use now, suspend use instead."
            )
        else:
            text = _("%(limit)s is under the %(owed)s owed; the limit may be lowered to that and no further.")
        super().__init__(text % values)


class LimitOverCap(DecisionRefusal):
    """The customer would be lent more than a configured bound allows, with its rule's name."""

    about = "new_limit"

    def __init__(self, broken: CapBroken) -> None:
        super().__init__(
            _("All limits of the customer together would be %(found)s; %(rule)s allows at most %(most)s.")
            % {
                "found": money_text(broken.found, broken.cap.currency),
                "rule": broken.cap.source,
                "most": money_text(broken.most, broken.cap.currency),
            }
        )


class LimitNotChangedThatWay(DecisionRefusal):
    """A lower limit that is not lower, a higher one that is not higher."""

    about = "new_limit"

    def __init__(self, new_limit_minor: int, limit_minor: int, currency: str, action: str) -> None:
        super().__init__(
            _("The limit is %(limit)s; %(new)s does not %(action)s.")
            % {
                "limit": money_text(limit_minor, currency),
                "new": money_text(new_limit_minor, currency),
                "action": _ACTIONS[action],
            }
        )


class ScopeMalformed(DecisionRefusal):
    """A suspension says what it stops, nothing else does."""

    about = "scope"

    def __init__(self) -> None:
        super().__init__(
            _("A suspension stops all use, a named channel or category, or purchases above an amount; say just one of them.")
        )


class ScopeValueUnknown(DecisionRefusal):
    """A suspension of one channel or category names one that is in use; the message says which there are."""

    about = "scope_value"

    def __init__(self, scope: str, value: str, known: Iterable[str]) -> None:
        super().__init__(why_unknown(scope, value, known))


class AlreadyDecided(DecisionRefusal):
    """The same kind of decision is open or in force on the account."""

    about = "account"

    def __init__(self, reference: str, status: str) -> None:
        super().__init__(
            _("Decision %(number)s (%(status)s) does this on the account already; end that one first.")
            % {"number": reference, "status": _STATUSES[status]}
        )


class AuthorityMissing(DecisionRefusal):
    """The matrix has no line for the person."""

    about = "action"

    def __init__(self, action: str, amount_minor: int, currency: str) -> None:
        super().__init__(
            _("Your roles may not “%(action)s” for %(amount)s, not even with an approval; ask somebody whom the matrix names.")
            % {"action": _ACTIONS[action], "amount": money_text(amount_minor, currency)}
        )


class ApprovalNeeded(DecisionRefusal):
    """The matrix wants a second person, whom this way of doing it does not ask."""

    about = "action"

    def __init__(self, action: str, amount_minor: int, currency: str, roles: Iterable[str]) -> None:
        super().__init__(
            _("“%(action)s” for %(amount)s needs the approval of: %(roles)s. Propose it as a decision; nothing was done.")
            % {
                "action": _ACTIONS[action],
                "amount": money_text(amount_minor, currency),
                "roles": role_names(roles),
            }
        )


class OwnApproval(DecisionRefusal):
    """One person cannot be both."""

    about = "decision"

    def __init__(self, reference: str) -> None:
        super().__init__(
            _("You proposed %(number)s yourself; somebody else has to approve or reject it.") % {"number": reference}
        )


class NotAnApprover(DecisionRefusal):
    """The approval is another role's."""

    about = "decision"

    def __init__(self, reference: str, roles: Iterable[str]) -> None:
        super().__init__(
            _("%(number)s needs the approval of: %(roles)s; you hold none of these roles.")
            % {"number": reference, "roles": role_names(roles)}
        )


class NotYoursToCancel(DecisionRefusal):
    """What others proposed or decided is not taken back by anybody who comes along."""

    about = "decision"

    def __init__(self, reference: str, roles: Iterable[str]) -> None:
        super().__init__(
            _("%(number)s is not yours to cancel; ask somebody who may: %(roles)s.")
            % {"number": reference, "roles": role_names(roles) or "–"}
        )


class StaleForm(DecisionRefusal):
    """Somebody changed it since the form was opened."""

    about = "version"

    def __init__(self, reference: str, seen: int, now: int) -> None:
        super().__init__(
            _("%(number)s has changed since you opened it (version %(seen)s, now %(now)s); look again, then decide.")
            % {"number": reference, "seen": seen, "now": now}
        )


class DecisionMovedOn(DecisionRefusal):
    """It stands where this cannot be done any more."""

    about = "decision"

    def __init__(self, reference: str, status: str) -> None:
        super().__init__(
            _("%(number)s is %(status)s; this can no longer be done with it.")
            % {"number": reference, "status": _STATUSES[status]}
        )


class AgreementNotAccepted(DecisionRefusal):
    """No accepted agreement is on record."""

    about = "account"

    def __init__(self, account_no: str) -> None:
        super().__init__(
            _("No accepted agreement of account %(account)s is on record; record the customer's acceptance first.")
            % {"account": account_no}
        )


class ClauseMissing(DecisionRefusal):
    """The agreement that the customer accepted gives no right to it."""

    about = "account"

    def __init__(self, account_no: str, version: str) -> None:
        super().__init__(
            _("Version %(version)s, which the customer of %(account)s accepted, has no clause for demanding full repayment.")
            % {"version": version, "account": account_no}
        )


class GateNotMet(DecisionRefusal):
    """Too little is overdue to demand everything."""

    about = "account"

    def __init__(self, gate: Gate, currency: str) -> None:
        super().__init__(
            _("%(unpaid)s of %(price)s is due and unpaid; everything may be demanded from %(share)s %% of one order's price on.")
            % {
                "unpaid": money_text(gate.due_unpaid_minor, currency),
                "price": money_text(gate.price_minor, currency),
                "share": f"{gate.share_bp / (BASIS_POINTS / 100):g}",
            }
        )


class NothingToLift(DecisionRefusal):
    """What would be lifted is not there, not this account's, or cannot be lifted."""

    about = "lifts"

    def __init__(self) -> None:
        super().__init__(_("A lift names a suspension, a lowered limit or a demand for full repayment in force on the account."))


class NothingToAppeal(DecisionRefusal):
    """Only what the customer was told of can be appealed."""

    about = "decision"

    def __init__(self, reference: str) -> None:
        super().__init__(
            _("%(number)s burdens the customer with nothing now; there is nothing to appeal.") % {"number": reference}
        )


class AppealTooLate(DecisionRefusal):
    """The time to appeal is over."""

    about = "received_on"

    def __init__(self, received_on: date, last_day: date) -> None:
        super().__init__(
            _("The appeal of %(day)s came after %(last)s, the last day for it; take it up as a complaint.")
            % {"day": received_on.isoformat(), "last": last_day.isoformat()}
        )


class AppealDateOff(DecisionRefusal):
    """An appeal comes after the notice and not in the future."""

    about = "received_on"

    def __init__(self, first: date, last: date) -> None:
        super().__init__(
            _("An appeal is received from %(first)s, the day of the notice, to %(last)s, the open day.")
            % {"first": first.isoformat(), "last": last.isoformat()}
        )


class AppealAlreadyMade(DecisionRefusal):
    """One appeal a decision."""

    about = "decision"

    def __init__(self, reference: str) -> None:
        super().__init__(_("%(number)s has been appealed already; see the decision's page.") % {"number": reference})


class AppealNotOpen(DecisionRefusal):
    """There is no open appeal."""

    about = "decision"

    def __init__(self, reference: str) -> None:
        super().__init__(_("%(number)s has no open appeal.") % {"number": reference})


class PartInTheDecision(DecisionRefusal):
    """Whoever took the decision does not judge the appeal."""

    about = "decision"

    def __init__(self, reference: str) -> None:
        super().__init__(
            _("You had a part in %(number)s or in its appeal; somebody who had none has to judge it.") % {"number": reference}
        )


class AutomaticDecisionsStopped(DecisionRefusal):
    """The kill switch is on."""

    about = "control"

    def __init__(self, reason: str) -> None:
        super().__init__(_("Automatic decisions are stopped: %(reason)s") % {"reason": reason})


class DecisionSettingRefused(DecisionRefusal):
    """A row of the matrix, a reason code, terms or an agreement that cannot be saved; the message says why."""

    about = "setting"

"""Why a step of a plan was refused; nothing changed. Each message says what, why and what next, with the values."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from casework.operations.work_refusals import WorkRefusal
from riskops.shared.wording import day_text, money_text


class PlanUnknown(WorkRefusal):
    """No such plan, or none that the person may see."""

    about, status = "plan", 404

    def __init__(self, reference: str) -> None:
        super().__init__(_("There is no plan %(number)s; look it up in the list of plans.") % {"number": reference})


class PlanThere(WorkRefusal):
    """The account has a plan that is not over."""

    about, status = "account", 409

    def __init__(self, reference: str, status: str) -> None:
        super().__init__(
            _("The account has plan %(number)s already (%(status)s); withdraw it first, or change nothing.")
            % {"number": reference, "status": status}
        )


class PlanMovedOn(WorkRefusal):
    """Somebody else took the step, or another one."""

    about, status = "plan", 409

    def __init__(self, reference: str, status: str) -> None:
        super().__init__(
            _("Plan %(number)s stands at “%(status)s” and takes this step no more; read it again.")
            % {"number": reference, "status": status}
        )


class NotEligible(WorkRefusal):
    """The terms of the instrument do not allow it."""

    about = "instrument"

    def __init__(self, instrument: str, why: str) -> None:
        super().__init__(
            _("%(instrument)s is not open to this account: %(why)s. Choose another instrument, or ask a manager about its terms.")
            % {"instrument": instrument, "why": why}
        )


class FirstDueTooFar(WorkRefusal):
    """Its first instalment would be due too far ahead."""

    about = "first_due"

    def __init__(self, first_due: date, latest: date) -> None:
        super().__init__(
            _("%(day)s is too far ahead for the first instalment; name a day up to %(latest)s.")
            % {"day": first_due.isoformat(), "latest": latest.isoformat()}
        )


class AffordabilityUnknown(WorkRefusal):
    """No such form, or one of another customer."""

    about = "affordability_id"

    def __init__(self, form_id: int) -> None:
        super().__init__(
            _("The customer has no affordability form %(number)s; name one of theirs, or none.") % {"number": form_id}
        )


class NotTheCustomer(WorkRefusal):
    """Somebody of ours says that the customer agreed on their page or in their app."""

    about = "way"

    def __init__(self) -> None:
        super().__init__(
            _(
                "Only the customer agrees on their page or in their app. Give the recording of a consent by telephone, or hand "
                "in the signed agreement."
            )
        )


class NothingToCover(WorkRefusal):
    """There is nothing that a plan could take over."""

    about = "covers"

    def __init__(self) -> None:
        super().__init__(_("Nothing of what you chose is unpaid; there is nothing to put into a plan."))


class PlanPaysTooLittle(WorkRefusal):
    """The amount does not pay the interest of a month."""

    about = "amount"

    def __init__(self, amount_minor: int, accrues_minor: int, currency: str) -> None:
        super().__init__(
            _("%(amount)s a month pays less than the %(accrues)s that accrue in a month: what is owed would grow. Ask for more.")
            % {"amount": money_text(amount_minor, currency), "accrues": money_text(accrues_minor, currency)}
        )


class PlanTakesTooLong(WorkRefusal):
    """The amount needs more instalments than the terms allow."""

    about = "amount"

    def __init__(self, amount_minor: int, least_minor: int, most: int, currency: str) -> None:
        super().__init__(
            _("%(amount)s a month takes more than %(most)s instalments; it takes %(least)s a month at least.")
            % {"amount": money_text(amount_minor, currency), "most": most, "least": money_text(least_minor, currency)}
        )


class TooManyMonths(WorkRefusal):
    """More instalments or months than the terms allow."""

    about = "number"

    def __init__(self, number: int, most: int) -> None:
        super().__init__(
            _("%(number)s is more than the terms allow (%(most)s); choose fewer.") % {"number": number, "most": most}
        )


class PlanReasonTooShort(WorkRefusal):
    """A reason that says nothing to whoever decides."""

    about = "reason"

    def __init__(self, least: int) -> None:
        super().__init__(
            _("The reason needs at least %(least)s characters; write what happened to the customer: who decides reads it.")
            % {"least": least}
        )


class LengthGivenTwice(WorkRefusal):
    """A number of instalments and an amount a month: either gives the other."""

    about = "amount"

    def __init__(self, number: int, amount_minor: int, currency: str) -> None:
        super().__init__(
            _("%(number)s instalments and %(amount)s a month are two plans; give one of them and leave the other empty.")
            % {"number": number, "amount": money_text(amount_minor, currency)}
        )


class DeferralMovesDays(WorkRefusal):
    """A deferral with an amount or a first day: it leaves the instalments as they are."""

    about = "instrument"

    def __init__(self) -> None:
        super().__init__(
            _(
                "A deferral leaves each instalment as it is, some months later: give the months alone, without an amount or a"
                " first day; or choose a restructure."
            )
        )


class OwnPlan(WorkRefusal):
    """Whoever proposed it does not decide on it."""

    about = "plan"

    def __init__(self) -> None:
        super().__init__(_("You proposed this plan; somebody else has to decide on it."))


class AboveYourLimit(WorkRefusal):
    """An approver decides on an amount like this."""

    about, status = "plan", 403

    def __init__(self, owed_minor: int, from_minor: int, currency: str) -> None:
        super().__init__(
            _("Plans over %(from)s or more are decided by an approver; this one takes over %(owed)s. Ask an approver.")
            % {"from": money_text(from_minor, currency), "owed": money_text(owed_minor, currency)}
        )


class OfferOver(WorkRefusal):
    """The days in which it could be signed are over."""

    about, status = "plan", 409

    def __init__(self, until: date) -> None:
        super().__init__(_("The offer stood until %(day)s; make a new one from the present figures.") % {"day": day_text(until)})


class BalanceChanged(WorkRefusal):
    """What is owed is no more what the plan was made of."""

    about, status = "plan", 409

    def __init__(self, was_minor: int, is_minor: int, currency: str) -> None:
        super().__init__(
            _(
                "What is owed has changed since the plan was made: it takes over %(was)s, and %(is)s is unpaid now. Withdraw it"
                " and make a new one from the present figures."
            )
            % {"was": money_text(was_minor, currency), "is": money_text(is_minor, currency)}
        )


class EvidenceMissing(WorkRefusal):
    """What proves the signature is not there."""

    about = "evidence"

    def __init__(self, what: str) -> None:
        super().__init__(_("A plan agreed this way needs %(what)s; add it.") % {"what": what})


class OwnSignature(WorkRefusal):
    """Whoever handed in the agreement does not confirm it."""

    about = "plan"

    def __init__(self) -> None:
        super().__init__(_("You handed in this agreement; somebody else has to confirm it."))


class AgreementUnprinted(WorkRefusal):
    """Its agreement cannot be printed."""

    about = "plan"

    def __init__(self, reference: str, why: str) -> None:
        super().__init__(_("The agreement of plan %(number)s cannot be printed: %(why)s") % {"number": reference, "why": why})

"""Why a write-off, or a sale after it, was not taken on: expected answers. Each says what, why and what next."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from outreach.operations.refusals import OutreachRefusal
from recovery.operations.letters.refusals import impossible_day
from riskops.shared.wording import day_text


class WriteOffRefusal(OutreachRefusal):
    """Something about a write-off that was not done; nothing changed."""


class WriteOffUnknown(WriteOffRefusal):
    """No such proposal, or none that the person may see."""

    status = 404

    def __init__(self, write_off_id: int) -> None:
        super().__init__(_("There is no proposed write-off %(id)s; look for it in the list.") % {"id": write_off_id})


class WriteOffInTheWay(WriteOffRefusal):
    """Something forbids proposing the account."""

    status = 409

    def __init__(self, account_no: str, why: str) -> None:
        text = _("Account %(account)s is not proposed for write-off: %(why)s.")
        super().__init__(text % {"account": account_no, "why": why})


class WriteOffMovedOn(WriteOffRefusal):
    """The proposal is in another state than the step is for."""

    status = 409

    def __init__(self, reference: str, state: str) -> None:
        text = _("%(reference)s is now: %(state)s. That step is not for it any more; load the page again.")
        super().__init__(text % {"reference": reference, "state": state})


class WriteOffLapsed(WriteOffRefusal):
    """What it was proposed on is gone."""

    status = 409

    def __init__(self, reference: str, why: str) -> None:
        text = _("%(reference)s lapses: %(why)s. Nothing is to be decided; it goes out of the list by itself.")
        super().__init__(text % {"reference": reference, "why": why})


class WriteOffsNotChosen(WriteOffRefusal):
    """No proposal was chosen."""

    def __init__(self) -> None:
        super().__init__(_("No account is chosen; tick the ones that you mean."))


class TooManyWriteOffs(WriteOffRefusal):
    """More at once than is taken."""

    def __init__(self, chosen: int, most: int) -> None:
        text = _("%(chosen)s accounts are chosen and at most %(most)s are taken at once; choose fewer.")
        super().__init__(text % {"chosen": chosen, "most": most})


class BookNotBegun(WriteOffRefusal):
    """No day is closed yet."""

    status = 409

    def __init__(self) -> None:
        super().__init__(_("No day of the book is closed yet, so nothing is late; close the first day."))


class ResaleOff(WriteOffRefusal):
    """Written-off accounts are not sold here."""

    status = 409

    def __init__(self, since: str) -> None:
        text = _(
            "Written-off accounts are not marked or listed for sale here: the switch of resale is off (%(since)s). "
            "Conduct rules in China forbid passing consumer credit receivables to parties without a licence; "
            "a manager asks for the switch with the basis it rests on, and a second person approves it."
        )
        super().__init__(text % {"since": since})


class ResaleAsIs(WriteOffRefusal):
    """The switch stands so already, or is asked for already."""

    status = 409

    def __init__(self, state: str) -> None:
        super().__init__(_("Nothing was changed: %(state)s.") % {"state": state})


class ResaleChangeGone(WriteOffRefusal):
    """There is nothing to approve any more."""

    status = 404

    def __init__(self, change_id: int) -> None:
        super().__init__(_("Request %(id)s does not wait for anybody; load the page again.") % {"id": change_id})


class OwnResaleChange(WriteOffRefusal):
    """Whoever asked would approve."""

    status = 403

    def __init__(self, name: str) -> None:
        super().__init__(_("%(name)s asked for it; somebody else must approve it.") % {"name": name})


class BasisMissing(WriteOffRefusal):
    """Nothing says why resale would be allowed."""

    about = "basis"

    def __init__(self) -> None:
        super().__init__(_("Say on what basis: which law or licence allows it, and who looked at it."))


class NotWrittenOff(WriteOffRefusal):
    """Only what was written off is sold."""

    status = 409

    def __init__(self, account_no: str) -> None:
        text = _("Account %(account)s is not written off, and only written-off accounts are sold.")
        super().__init__(text % {"account": account_no})


class SoldAlready(WriteOffRefusal):
    """It was sold before."""

    status = 409

    def __init__(self, account_no: str, buyer: str, sold_on: date) -> None:
        text = _("Account %(account)s was sold to %(buyer)s on %(day)s.")
        super().__init__(text % {"account": account_no, "buyer": buyer, "day": day_text(sold_on)})


class CannotBeSold(WriteOffRefusal):
    """Something open on the account must end first."""

    status = 409

    def __init__(self, account_no: str, why: str) -> None:
        super().__init__(_("Account %(account)s is not sold: %(why)s.") % {"account": account_no, "why": why})


class SaleValueMissing(WriteOffRefusal):
    """Buyer or licence is not named."""

    def __init__(self, about: str) -> None:
        self.about = about  # type: ignore[misc]
        super().__init__(_("Name the buyer and the licence they hold: who has none may not be sold to."))


class PriceNotPossible(WriteOffRefusal):
    """A price below nothing."""

    about = "price"

    def __init__(self) -> None:
        super().__init__(_("The price is zero or more."))


class SaleDayImpossible(WriteOffRefusal):
    """A day on which it cannot have been sold."""

    about = "sold_on"

    def __init__(self, day: date, first: date, last: date) -> None:
        super().__init__(impossible_day(day, first, last))

"""Why a change of schedule, a cancellation or a refund was refused; nothing changed."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from accounts.models.payment import COMPONENT_CHOICES
from accounts.operations.refusals import LedgerRefusal
from accounts.rules.terms import Component
from riskops.shared.money import plain_amount


class NotTheOpenDay(LedgerRefusal):
    """The entry counts from the open day only."""

    about = "value_date"

    def __init__(self, value_date: date, open_day: date | None, *, after: date | None = None) -> None:
        values = {
            "day": value_date.isoformat(),
            "open": open_day.isoformat() if open_day else "",
            "after": after.isoformat() if after else "",
        }
        if open_day is None:
            message = _("No day of this book is closed yet; close its first day, then try again.")
        elif after is not None and value_date <= after:
            message = _("It counts from %(after)s on and can end on a later day only; try again once that day is closed.")
        else:
            message = _("This counts from the open day, %(open)s, and not from %(day)s; use the open day.")
        super().__init__(message % values)


class NothingMoved(LedgerRefusal):
    """There is nothing to hand over, or nowhere to hand it."""

    about = "parts"

    def __init__(self) -> None:
        super().__init__(_("Nothing that is owed is taken into the new schedule; choose instalments with something unpaid."))


class MoreThanOwed(LedgerRefusal):
    """More is taken of an instalment than is owed on it; a payment may have come since it was agreed."""

    about = "parts"

    def __init__(self, installment: str) -> None:
        super().__init__(
            _(
                "More is taken of instalment %(installment)s than is owed on it now; what is owed has changed since: make the"
                " schedule anew from the present figures."
            )
            % {"installment": installment}
        )


class ScheduleTakesLess(LedgerRefusal):
    """The new schedule does not hold what it takes over, to the minor unit."""

    about = "schedule"

    def __init__(self, component: Component, held_minor: int, taken_minor: int, digits: int) -> None:
        names = dict(COMPONENT_CHOICES)
        super().__init__(
            _(
                "The new schedule holds %(held)s of %(component)s for the %(taken)s that it takes over; make them equal (interest"
                " and fees may be more), with no empty instalment."
            )
            % {
                "held": plain_amount(held_minor, digits=digits),
                "component": names[component],
                "taken": plain_amount(taken_minor, digits=digits),
            }
        )


class DueTooEarly(LedgerRefusal):
    """A due date is not after the day, or not after the one before it."""

    about = "schedule"

    def __init__(self, value_date: date) -> None:
        super().__init__(
            _("The due dates of a new schedule come after %(day)s, each later than the one before; correct them.")
            % {"day": value_date.isoformat()}
        )


class TooManyInstallments(LedgerRefusal):
    """More instalments than a new schedule may have."""

    about = "schedule"

    def __init__(self, number: int, most: int) -> None:
        super().__init__(
            _("%(number)s instalments are more than the %(most)s that a new schedule may have; use fewer.")
            % {"number": number, "most": most}
        )


class ChangeUnknown(LedgerRefusal):
    """There is no change of schedule of that reference."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(_("There is no change of schedule %(number)s; look it up at its account.") % {"number": reference})


class ChangeEnded(LedgerRefusal):
    """It has ended before."""

    about = "reference"

    def __init__(self, reference: str, ended_on: date) -> None:
        super().__init__(
            _("The schedule %(number)s ended on %(day)s; nothing was done.") % {"number": reference, "day": ended_on.isoformat()}
        )


class ChangeTakenOver(LedgerRefusal):
    """A later change holds what is left of it."""

    about = "reference"

    def __init__(self, reference: str, later: str) -> None:
        super().__init__(
            _("What was left of %(number)s has been taken over by %(later)s; end that one first.")
            % {"number": reference, "later": later}
        )


class ChangeAlreadyMade(LedgerRefusal):
    """The very same change is in the book; whoever asked may carry on."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(
            _("The change of schedule %(number)s is in the book already, the very same; nothing was done.")
            % {"number": reference}
        )


class ChangeReferenceTaken(LedgerRefusal):
    """The reference belongs to another change, or is an order number of the account."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(
            _("%(number)s is in the book for something else; look at it, or use another reference.") % {"number": reference}
        )


class AlreadyCancelled(LedgerRefusal):
    """The instalment is cancelled."""

    about = "installment"

    def __init__(self, installment: str, reference: str, value_date: date) -> None:
        super().__init__(
            _("Instalment %(installment)s is cancelled from %(day)s on by %(number)s; nothing was done.")
            % {"installment": installment, "day": value_date.isoformat(), "number": reference}
        )


class OfNewSchedule(LedgerRefusal):
    """The instalment came with a new schedule: what is wrong is what that took over."""

    about = "installment"

    def __init__(self, installment: str, change: str) -> None:
        super().__init__(
            _(
                "Instalment %(installment)s is of the new schedule %(change)s; cancel the instalment that it took over, and it "
                "is shortened by that."
            )
            % {"installment": installment, "change": change}
        )


class CancellationReferenceTaken(LedgerRefusal):
    """The reference belongs to another cancellation."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(
            _("Cancellation %(number)s belongs to another instalment; look at it, or use another reference.")
            % {"number": reference}
        )


class RefundAboveCredit(LedgerRefusal):
    """There is less credit than is to be paid back."""

    about = "amount"

    def __init__(self, amount_minor: int, credit_minor: int, digits: int, value_date: date) -> None:
        super().__init__(
            _("%(amount)s is more than the credit balance of %(credit)s on %(day)s; pay back that or less.")
            % {
                "amount": plain_amount(amount_minor, digits=digits),
                "credit": plain_amount(credit_minor, digits=digits),
                "day": value_date.isoformat(),
            }
        )


class RefundAlreadyMade(LedgerRefusal):
    """The very same refund is in the book; whoever asked may carry on."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(_("Refund %(number)s is in the book already, the very same; nothing was done.") % {"number": reference})


class RefundReferenceTaken(LedgerRefusal):
    """The reference belongs to a different refund; a person must look."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(
            _("Refund %(number)s is in the book with other values; look at it, or use another reference.") % {"number": reference}
        )

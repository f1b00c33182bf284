"""Why the ledger refused: expected answers, apart from bugs. Each message says what, why and what next, with the values."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.utils.translation import gettext as _

from riskops.shared.money import LARGEST_MAJOR, plain_amount


class LedgerRefusal(Exception):
    """An entry that was not made; nothing changed. `about` names the argument to look at, as doors show it beside a field."""

    about: ClassVar[str] = ""


class AccountUnknown(LedgerRefusal):
    """The account is not in the book."""

    about = "account"

    def __init__(self, account_id: int) -> None:
        super().__init__(_("There is no account with id %(id)s in the book; look it up by its number.") % {"id": account_id})


class InstallmentUnknown(LedgerRefusal):
    """The account has no such instalment."""

    about = "installment"

    def __init__(self, account_no: str, order_no: str, sequence: int) -> None:
        super().__init__(
            _("Account %(account)s has no instalment %(order)s/%(sequence)s; pick one of its own.")
            % {"account": account_no, "order": order_no, "sequence": sequence}
        )


class InstallmentNotBookedYet(LedgerRefusal):
    """The instalment exists from a later day on."""

    about = "value_date"

    def __init__(self, booked_on: date, value_date: date) -> None:
        super().__init__(
            _("The instalment is booked on %(booked)s and takes nothing on %(day)s; use a day from then on.")
            % {"booked": booked_on.isoformat(), "day": value_date.isoformat()}
        )


class AmountNotAboveZero(LedgerRefusal):
    """Nothing, or less than nothing."""

    about = "amount"

    def __init__(self, amount_minor: int, digits: int) -> None:
        super().__init__(
            _("%(amount)s is not above zero; to undo a payment, reverse it.")
            % {"amount": plain_amount(amount_minor, digits=digits)}
        )


class AmountTooLarge(LedgerRefusal):
    """More than the book takes in one entry."""

    about = "amount"

    def __init__(self, amount_minor: int, digits: int) -> None:
        super().__init__(
            _("%(amount)s is more than %(most)s, the largest amount of one entry; check the digits.")
            % {
                "amount": plain_amount(amount_minor, digits=digits),
                "most": plain_amount(LARGEST_MAJOR * 10**digits, digits=digits),
            }
        )


class ReferenceMalformed(LedgerRefusal):
    """The reference cannot be a key."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(
            _("“%(reference)s” cannot be a reference; it takes 1 to 64 characters, no line breaks, no spaces around.")
            % {"reference": reference}
        )


class ReasonMissing(LedgerRefusal):
    """This kind of entry needs a reason."""

    about = "reason"

    def __init__(self) -> None:
        super().__init__(_("No reason is given; write why, it is kept in the audit trail."))


class DayOutOfRange(LedgerRefusal):
    """Not a day of this book."""

    about = "value_date"

    def __init__(self, value_date: date) -> None:
        super().__init__(_("%(day)s is not between 1990-01-01 and 2099-12-31; check the year.") % {"day": value_date.isoformat()})


class DayNotOpenYet(LedgerRefusal):
    """The entry is made on the spot only, and its day has not come."""

    about = "value_date"

    def __init__(self, value_date: date, open_day: date | None) -> None:
        values = {"day": value_date.isoformat(), "open": open_day.isoformat() if open_day else ""}
        if open_day is None:
            super().__init__(_("No day of this book is closed yet; close its first day, then try again.") % values)
        else:
            super().__init__(_("%(day)s has not come: the open day is %(open)s; use that day or an earlier one.") % values)


class BeforeOpening(LedgerRefusal):
    """The account did not exist on the day."""

    about = "value_date"

    def __init__(self, account_no: str, opened_on: date, value_date: date) -> None:
        super().__init__(
            _("Account %(account)s was opened on %(opened)s and takes nothing on %(day)s; use a day from then on.")
            % {"account": account_no, "opened": opened_on.isoformat(), "day": value_date.isoformat()}
        )


class PaymentAlreadyPosted(LedgerRefusal):
    """The very same payment is in the book; whoever asked may carry on."""

    about = "reference"

    def __init__(self, payment_no: str) -> None:
        super().__init__(
            _("Payment %(number)s is in the book already, the very same; nothing was done.") % {"number": payment_no}
        )


class PaymentReferenceTaken(LedgerRefusal):
    """The reference belongs to a different payment; a person must look."""

    about = "reference"

    def __init__(self, payment_no: str, differences: str) -> None:
        super().__init__(
            _("Payment %(number)s is in the book with other values (%(differences)s); look at it, or use another reference.")
            % {"number": payment_no, "differences": differences}
        )


class PaymentUnknown(LedgerRefusal):
    """There is no such payment."""

    about = "payment_no"

    def __init__(self, payment_no: str) -> None:
        super().__init__(_("There is no payment %(number)s in the book; check the number.") % {"number": payment_no})


class ReversalOfAReversal(LedgerRefusal):
    """A reversal is not undone; the payment is entered again."""

    about = "payment_no"

    def __init__(self, payment_no: str) -> None:
        super().__init__(
            _("%(number)s is itself a reversal; to bring the money back, post it as a new payment.") % {"number": payment_no}
        )


class AlreadyReversed(LedgerRefusal):
    """The payment is reversed once already, by another entry."""

    about = "payment_no"

    def __init__(self, payment_no: str, reversal_no: str, reversed_on: date) -> None:
        super().__init__(
            _("Payment %(number)s was reversed on %(day)s by %(reversal)s; a payment is reversed once only.")
            % {"number": payment_no, "day": reversed_on.isoformat(), "reversal": reversal_no}
        )


class ReversalBeforePayment(LedgerRefusal):
    """The reversal is dated before what it undoes."""

    about = "value_date"

    def __init__(self, payment_no: str, paid_on: date, value_date: date) -> None:
        super().__init__(
            _("Payment %(number)s counts from %(paid)s; its reversal cannot be dated %(day)s, before it.")
            % {"number": payment_no, "paid": paid_on.isoformat(), "day": value_date.isoformat()}
        )


class WaiverAboveDue(LedgerRefusal):
    """More than is owed is given up."""

    about = "amount"

    def __init__(self, amount_minor: int, due_minor: int, digits: int, value_date: date) -> None:
        super().__init__(
            _("%(amount)s is more than the %(due)s due on %(day)s; waive that or less.")
            % {
                "amount": plain_amount(amount_minor, digits=digits),
                "due": plain_amount(due_minor, digits=digits),
                "day": value_date.isoformat(),
            }
        )


class WaiverAlreadyMade(LedgerRefusal):
    """The very same waiver is in the book; whoever asked may carry on."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(_("Waiver %(number)s is in the book already, the very same; nothing was done.") % {"number": reference})


class WaiverReferenceTaken(LedgerRefusal):
    """The reference belongs to a different waiver; a person must look."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(
            _("Waiver %(number)s is in the book with other values; look at it, or use another reference.") % {"number": reference}
        )


class AlreadyWrittenOff(LedgerRefusal):
    """The account has left the performing book already."""

    about = "account"

    def __init__(self, account_no: str, reference: str, written_off_on: date) -> None:
        super().__init__(
            _("Account %(account)s was written off on %(day)s by %(reference)s; nothing was done.")
            % {"account": account_no, "day": written_off_on.isoformat(), "reference": reference}
        )


class WriteOffReferenceTaken(LedgerRefusal):
    """The reference belongs to the write-off of another account."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(
            _("Write-off %(number)s belongs to another account; look at it, or use another reference.") % {"number": reference}
        )


class NothingToWriteOff(LedgerRefusal):
    """The account owes nothing on the day."""

    about = "account"

    def __init__(self, account_no: str, value_date: date) -> None:
        super().__init__(
            _("Account %(account)s owes nothing on %(day)s; there is nothing to write off.")
            % {"account": account_no, "day": value_date.isoformat()}
        )

"""Why a debit, or a mandate, was refused: what, why and what next, with the values. Nothing changed."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.operations.refusals import LedgerRefusal
from riskops.shared.money import plain_amount

#: What stands in the way of taking money, by the signal that says so.
HELD_BY: Final[dict[str, Promise]] = {
    "is_disputed": gettext_lazy("it is disputed"),
    "is_fraud_suspected": gettext_lazy("fraud is suspected"),
    "is_on_hold": gettext_lazy("collection is on hold"),
}


class DebitRefusal(LedgerRefusal):
    """A debit or a mandate that was not written, or not changed."""


class MandateUnknown(DebitRefusal):
    """There is no such mandate."""

    about = "mandate"

    def __init__(self, mandate_id: int) -> None:
        super().__init__(_("There is no debit mandate %(id)s; look it up on the account's page of debits.") % {"id": mandate_id})


class MandateReferenceTaken(DebitRefusal):
    """The number belongs to a different mandate."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(
            _("Mandate %(number)s is on record with other values; look at it, or use another number.") % {"number": reference}
        )


class MandateRecordedAlready(DebitRefusal):
    """The very same mandate is on record; whoever asked may carry on."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(_("Mandate %(number)s is on record already, the very same; nothing was done.") % {"number": reference})


class MandateEndsBeforeItBegins(DebitRefusal):
    """The last day is before the first."""

    about = "valid_until"

    def __init__(self, valid_from: date, valid_until: date) -> None:
        super().__init__(
            _("It would end on %(until)s, before it begins on %(since)s; correct one of the two.")
            % {"until": valid_until.isoformat(), "since": valid_from.isoformat()}
        )


class InstrumentMalformed(DebitRefusal):
    """The number of the instrument cannot be one."""

    about = "instrument"

    def __init__(self, least: int, most: int) -> None:
        # Never with the value: it is personal, and messages are kept.
        super().__init__(
            _("The instrument takes %(least)s to %(most)s letters and digits, without spaces; type its number again.")
            % {"least": least, "most": most}
        )


class EvidenceMissing(DebitRefusal):
    """Nothing says where the customer's leave is kept."""

    about = "evidence"

    def __init__(self) -> None:
        super().__init__(_("Nothing says where the customer's leave is kept; name the form or the recording."))


class MandateRevoked(DebitRefusal):
    """It was revoked before."""

    about = "mandate"

    def __init__(self, reference: str, revoked_on: date) -> None:
        super().__init__(
            _("Mandate %(number)s was revoked on %(day)s; nothing is taken by it. Record a new one if the customer gives leave.")
            % {"number": reference, "day": revoked_on.isoformat()}
        )


class MandateNotValidThen(DebitRefusal):
    """The day is outside of the mandate's time."""

    about = "debit_on"

    def __init__(self, reference: str, day: date, valid_from: date, valid_until: date | None) -> None:
        super().__init__(
            _("Mandate %(number)s holds from %(since)s to %(until)s, not on %(day)s; choose a day within, or another mandate.")
            % {
                "number": reference,
                "since": valid_from.isoformat(),
                "until": valid_until.isoformat() if valid_until else "…",
                "day": day.isoformat(),
            }
        )


class DebitAboveMandate(DebitRefusal):
    """More than the customer allowed to be taken at once."""

    about = "amount"

    def __init__(self, amount_minor: int, most_minor: int, digits: int) -> None:
        super().__init__(
            _("%(amount)s is more than the %(most)s that the mandate allows at once; take that or less.")
            % {"amount": plain_amount(amount_minor, digits=digits), "most": plain_amount(most_minor, digits=digits)}
        )


class DebitAboveDue(DebitRefusal):
    """More than is due on the day, and no demand for full repayment stands."""

    about = "amount"

    def __init__(self, amount_minor: int, due_minor: int, ordered_minor: int, digits: int, day: date) -> None:
        values = {
            "amount": plain_amount(amount_minor, digits=digits),
            "due": plain_amount(due_minor, digits=digits),
            "ordered": plain_amount(ordered_minor, digits=digits),
            "day": day.isoformat(),
        }
        if due_minor + ordered_minor == 0:
            text = _("Nothing is due on %(day)s, so nothing can be taken; choose a day on or after a due date.")
        elif ordered_minor:
            text = _(
                "%(amount)s is more than the %(due)s due on %(day)s beside the %(ordered)s ordered already; order that or less."
            )
        else:
            text = _(
                "%(amount)s is more than the %(due)s due on %(day)s; order that or less. More takes a demand for full repayment."
            )
        super().__init__(text % values)


class DebitHeld(DebitRefusal):
    """The account is held: nothing is taken."""

    about = "account"

    def __init__(self, account_no: str, signal: str) -> None:
        super().__init__(
            _("Nothing is taken from account %(account)s while %(why)s; settle that first.")
            % {"account": account_no, "why": HELD_BY[signal]}
        )


class DebitTooSoon(DebitRefusal):
    """The customer would not be told in time."""

    about = "debit_on"

    def __init__(self, day: date, earliest: date, notice_days: int) -> None:
        super().__init__(
            _("%(day)s is too soon: the customer is told %(days)s days before; choose %(earliest)s or a later day.")
            % {"day": day.isoformat(), "days": notice_days, "earliest": earliest.isoformat()}
        )


class DebitReferenceTaken(DebitRefusal):
    """The number belongs to a different debit."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(
            _("Debit %(number)s is ordered with other values; look at it, or use another number.") % {"number": reference}
        )


class DebitOrderedAlready(DebitRefusal):
    """The very same debit is ordered; whoever asked may carry on."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(_("Debit %(number)s is ordered already, the very same; nothing was done.") % {"number": reference})


class DebitUnknown(DebitRefusal):
    """There is no such debit."""

    about = "debit"

    def __init__(self, debit_id: int) -> None:
        super().__init__(_("There is no debit %(id)s; look it up in the list of debits.") % {"id": debit_id})


class DebitMovedOn(DebitRefusal):
    """It is no longer where it could be cancelled."""

    about = "debit"

    def __init__(self, reference: str, status: str) -> None:
        super().__init__(
            _("Debit %(number)s is “%(status)s” and cannot be cancelled; what the provider has is cancelled there.")
            % {"number": reference, "status": status}
        )


class NotTheOpenDay(DebitRefusal):
    """Debits are handed over on the open day alone: on another day nobody knows what will be due."""

    about = "day"

    def __init__(self, day: date, open_day: date | None) -> None:
        if open_day is None:
            super().__init__(_("No day of this book is closed yet; close its first day, then try again."))
        else:
            super().__init__(
                _("Debits of %(day)s cannot be handed over: the open day is %(open)s, and what is due is known for it alone.")
                % {"day": day.isoformat(), "open": open_day.isoformat()}
            )


class BookIsClosing(DebitRefusal):
    """A close is under way: what is due on the open day is being worked out. Says what the close says."""

    about = "day"


class NoDebitsToSend(DebitRefusal):
    """No debit of the day can be handed over."""

    about = "day"

    def __init__(self, day: date, waiting: int) -> None:
        super().__init__(
            _("No debit can be handed over for %(day)s; %(waiting)s wait for their notice to go out.")
            % {"day": day.isoformat(), "waiting": waiting}
        )


class DebitFileUnknown(DebitRefusal):
    """There is no such file."""

    about = "file"

    def __init__(self, number: int) -> None:
        super().__init__(_("There is no file %(number)s; look it up in the list of files.") % {"number": number})


class ResultsUnreadable(DebitRefusal):
    """The file of results is not one, or a line of it cannot be read; nothing of it was taken."""

    about = "file"

    def __init__(self, line: int, column: str, value: str, remedy: str) -> None:
        values = {"line": line, "column": column, "value": value[:80], "remedy": remedy}
        if column:
            text = _(
                "Line %(line)s, %(column)s “%(value)s”: %(remedy)s. Nothing of the file was taken; correct it and send it again."
            )
        else:
            text = _("Line %(line)s: %(remedy)s. Nothing of the file was taken; correct it and send it again.")
        super().__init__(text % values)

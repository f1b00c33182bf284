"""Why legal recovery refused: expected answers, apart from bugs. Each message says what, why and what next, with the values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from outreach.operations.refusals import OutreachRefusal
from riskops.shared.wording import day_text, money_text


class RecoveryRefusal(OutreachRefusal):
    """Something of legal recovery that was not done; nothing changed."""


class LetterUnknown(RecoveryRefusal):
    """No such letter, or none that the person may see."""

    status = 404

    def __init__(self, letter_id: int) -> None:
        super().__init__(_("There is no letter %(id)s; look for it in the list.") % {"id": letter_id})


class NoLetterPolicy(RecoveryRefusal):
    """No version of the figures holds for the currency."""

    def __init__(self, currency: str) -> None:
        text = _("No figures of letters hold for %(currency)s, so nothing can be weighed; draft them and have them approved.")
        super().__init__(text % {"currency": currency})


class LetterInTheWay(RecoveryRefusal):
    """Something forbids the letter."""

    status = 409

    def __init__(self, account_no: str, obstacles: Sequence[str]) -> None:
        text = _("No letter about account %(account)s: %(why)s.")
        super().__init__(text % {"account": account_no, "why": "; ".join(obstacles)})


class LetterNotIn(RecoveryRefusal):
    """The letter is in another state than the step is for."""

    status = 409

    def __init__(self, reference: str, state: str) -> None:
        text = _("Letter %(letter)s is now: %(state)s. That step is not for it any more; load the page again.")
        super().__init__(text % {"letter": reference, "state": state})


class OwnLetter(RecoveryRefusal):
    """Whoever proposed it by hand would approve it."""

    status = 403

    def __init__(self, reference: str, name: str) -> None:
        text = _("Letter %(letter)s was proposed by %(name)s; somebody else must approve it.")
        super().__init__(text % {"letter": reference, "name": name})


class ApproverIsNobody(RecoveryRefusal):
    """A machine would approve."""

    status = 403

    def __init__(self) -> None:
        super().__init__(_("A letter is approved by a person; no machine does."))


class NothingChosen(RecoveryRefusal):
    """No letter was chosen."""

    def __init__(self) -> None:
        super().__init__(_("No letter is chosen; tick the ones that you mean."))


class TooManyChosen(RecoveryRefusal):
    """More at once than is taken."""

    def __init__(self, chosen: int, most: int) -> None:
        text = _("%(chosen)s letters are chosen and at most %(most)s are taken at once; choose fewer.")
        super().__init__(text % {"chosen": chosen, "most": most})


class CannotPrint(RecoveryRefusal):
    """The letter cannot be printed as things are."""

    def __init__(self, reference: str, why: str) -> None:
        super().__init__(_("Letter %(letter)s cannot be printed: %(why)s") % {"letter": reference, "why": why})


class BookStandsStill(RecoveryRefusal):
    """The book's days are not closed."""

    status = 409

    def __init__(self) -> None:
        super().__init__(_("This book stands still: its days are not closed, so nobody is written to from it."))


class TrackingMissing(RecoveryRefusal):
    """A letter by post is sent by a carrier under a number."""

    about = "tracking_no"

    def __init__(self) -> None:
        super().__init__(_("Give the carrier and the tracking number: they are the evidence that it went out."))


class TrackingTaken(RecoveryRefusal):
    """The number is another letter's."""

    about = "tracking_no"
    status = 409

    def __init__(self, tracking_no: str, reference: str) -> None:
        text = _("Tracking number %(number)s is that of letter %(letter)s; look at the receipt again.")
        super().__init__(text % {"number": tracking_no, "letter": reference})


def impossible_day(day: date, first: date, last: date) -> str:
    """Say that a day cannot be, and which can."""
    text = _("%(day)s cannot be: it must be from %(first)s to %(last)s.")
    if first == last:
        text = _("%(day)s cannot be: it must be %(first)s.")
    return text % {"day": day_text(day), "first": day_text(first), "last": day_text(last)}


class DayImpossible(RecoveryRefusal):
    """A day on which that cannot have happened."""

    about = "on"

    def __init__(self, day: date, first: date, last: date) -> None:
        super().__init__(impossible_day(day, first, last))


class NotToSendNow(RecoveryRefusal):
    """The contact policy does not let the letter through; the refusal is in the log."""

    status = 409

    def __init__(self, reference: str, why: str) -> None:
        text = _("Letter %(letter)s may not be sent. %(why)s")
        super().__init__(text % {"letter": reference, "why": why})


class EndUnknown(RecoveryRefusal):
    """A letter does not end so."""

    about = "outcome"

    def __init__(self, outcome: str) -> None:
        text = _("“%(outcome)s” is no end of a letter; use delivered, refused or returned.")
        super().__init__(text % {"outcome": outcome})


class HashMalformed(RecoveryRefusal):
    """What was typed is no hash."""

    about = "hash"

    def __init__(self, least: int) -> None:
        text = _("Type at least %(least)s of the digits (0 to 9, a to f) that stand at the foot of each page.")
        super().__init__(text % {"least": least})


class LetterFileRefused(RecoveryRefusal):
    """The file is not taken."""

    about = "file"


class LetterFileThere(LetterFileRefused):
    """The very same bytes are kept already."""

    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(_("This file is kept already, as “%(name)s”; nothing was done.") % {"name": name})


class TooManyFiles(LetterFileRefused):
    """It holds as many as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(_("There are %(most)s files, which is the most; put the rest into one file.") % {"most": most})


def nothing_past_due() -> str:
    """Return the words for an account that owes nothing past due."""
    return _("nothing is past due")


def demands_too_much(total_minor: int, overdue_minor: int, currency: str) -> str:
    """Return the words for a letter of which a part was paid since it was printed."""
    text = _("it demands %(total)s and %(overdue)s is past due now; stop it and propose a new one")
    return text % {"total": money_text(total_minor, currency), "overdue": money_text(overdue_minor, currency)}


def pay_by_too_near(pay_by: date) -> str:
    """Return the words for a letter that leaves no time to pay."""
    return _("it demands payment by %(day)s, which leaves too little time; stop it and propose a new one") % {
        "day": day_text(pay_by)
    }

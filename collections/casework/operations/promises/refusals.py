"""Why a promise was not taken or not cancelled: what happened, why, and what to do next."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework.operations.work_refusals import WorkRefusal
from riskops.shared.money import plain_amount


class PromiseRefused(WorkRefusal):
    """Something about a promise was refused; nothing was changed."""


class NoDayClosed(PromiseRefused):
    """Before the first close nothing is late and nothing can be promised."""

    def __init__(self) -> None:
        super().__init__(_("No day of this book is closed yet; close the first one, then take promises."))


class PromiseUnknown(PromiseRefused):
    """There is no such promise in sight."""

    status = 404

    def __init__(self, promise_id: int) -> None:
        super().__init__(_("There is no promise %(id)s in sight.") % {"id": promise_id})


class PromiseOpenAlready(PromiseRefused):
    """One promise at a time."""

    status = 409

    def __init__(self, account_no: str, ends_on: date) -> None:
        super().__init__(
            _("Account %(account)s has an open promise until %(day)s; cancel it with a reason before another is taken.")
            % {"account": account_no, "day": ends_on.isoformat()}
        )


class PlanStands(PromiseRefused):
    """A signed plan says already what is paid when."""

    def __init__(self, account_no: str) -> None:
        super().__init__(
            _("Account %(account)s keeps a signed plan: what is paid when stands in it. Change the plan instead.")
            % {"account": account_no}
        )


class PartsMalformed(PromiseRefused):
    """The parts are none, too many, or no amounts."""

    about = "parts"


class NoParts(PartsMalformed):
    """Nothing is promised."""

    def __init__(self) -> None:
        super().__init__(_("A promise has at least one amount with its day; give both."))


class TooManyParts(PartsMalformed):
    """More parts than the terms allow."""

    def __init__(self, parts: int, most: int) -> None:
        super().__init__(
            ngettext(
                "A promise has at most %(most)s part; %(parts)s were given. Agree on a plan instead.",
                "A promise has at most %(most)s parts; %(parts)s were given. Agree on a plan instead.",
                most,
            )
            % {"most": most, "parts": parts}
        )


class PartNotAboveZero(PartsMalformed):
    """An amount of zero or less."""

    def __init__(self, number: int) -> None:
        super().__init__(_("Part %(number)s must be above 0.") % {"number": number})


class PartsOutOfOrder(PartsMalformed):
    """A part is not later than the one before it."""

    def __init__(self, number: int, due_on: date, before: date) -> None:
        super().__init__(
            _("Part %(number)s is for %(day)s, which is not after %(before)s, the day of the part before it.")
            % {"number": number, "day": due_on.isoformat(), "before": before.isoformat()}
        )


class PromiseInThePast(PromiseRefused):
    """The day has gone."""

    about = "due_on"

    def __init__(self, due_on: date, today: date) -> None:
        super().__init__(
            _("%(day)s is past: the day to be worked is %(today)s. Give that day or a later one.")
            % {"day": due_on.isoformat(), "today": today.isoformat()}
        )


class PromiseTooFarAhead(PromiseRefused):
    """Later than the terms allow."""

    about = "due_on"

    def __init__(self, due_on: date, last_day: date, most_days: int) -> None:
        super().__init__(
            ngettext(
                "%(day)s is more than %(most)s day ahead; a promise is for %(last)s at the latest. Agree on a plan instead.",
                "%(day)s is more than %(most)s days ahead; a promise is for %(last)s at the latest. Agree on a plan instead.",
                most_days,
            )
            % {"day": due_on.isoformat(), "most": most_days, "last": last_day.isoformat()}
        )


class PromiseAboveOwed(PromiseRefused):
    """More than all that is owed."""

    about = "amount"

    def __init__(self, total_minor: int, owed_minor: int, digits: int) -> None:
        super().__init__(
            _("%(total)s is more than all that is owed, %(owed)s; promise that or less.")
            % {"total": plain_amount(total_minor, digits=digits), "owed": plain_amount(owed_minor, digits=digits)}
        )


class TooManyBroken(PromiseRefused):
    """The last promises were all broken."""

    about = "override_reason"

    def __init__(self, account_no: str, broken: int) -> None:
        super().__init__(
            ngettext(
                "The last promise of account %(account)s was broken. A team lead can take another with a reason.",
                "The last %(broken)s promises of account %(account)s were broken. A team lead can take another with a reason.",
                broken,
            )
            % {"account": account_no, "broken": broken}
        )
        self.broken = broken


class OverrideNotYours(PromiseRefused):
    """Only a team lead takes a promise beyond the limit."""

    about = "override_reason"

    def __init__(self) -> None:
        super().__init__(_("A promise beyond the limit is taken by a team lead or a manager; escalate the account to one."))


class PromiseDecided(PromiseRefused):
    """It is not open any more."""

    status = 409

    def __init__(self, status: str, decided_on: date | None) -> None:
        super().__init__(
            _("The promise is %(status)s since %(day)s: it can no longer be cancelled.")
            % {"status": status, "day": decided_on.isoformat() if decided_on else "–"}
        )

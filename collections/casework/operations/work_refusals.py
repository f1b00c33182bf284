"""Why work on an item was refused; nothing changed. Each message says what, why and what next, with the values."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import ClassVar

from django.utils import timezone
from django.utils.translation import gettext as _

from riskops.shared.wording import day_text


def _time(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%H:%M}"


class WorkRefusal(Exception):
    """An act that was not done; nothing changed. `about` names the argument, `status` is what the API answers with."""

    about: ClassVar[str] = ""
    status: ClassVar[int] = 422

    @property
    def code(self) -> str:
        """What programs know it by, e.g. `lease_ended`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class ItemUnknown(WorkRefusal):
    """No such item, or none that the person may see."""

    status = 404

    def __init__(self, item_id: int) -> None:
        super().__init__(_("There is no item %(id)s in the worklist; go back to the queue.") % {"id": item_id})


class QueueUnknown(WorkRefusal):
    """No open queue of that code."""

    about, status = "queue", 404

    def __init__(self, code: str) -> None:
        super().__init__(_("There is no open queue “%(code)s”; choose one from the list of queues.") % {"code": code})


class NothingToTake(WorkRefusal):
    """The queue holds nothing that this person may take now."""

    status = 404

    def __init__(self, passed: int, why_not: str = "") -> None:
        said = _("Nothing is left to take.")
        if passed:
            said += " " + _("%(count)s open items are blocked, assigned to others or in somebody's hand.") % {"count": passed}
        if why_not:
            said += " " + _("One of them: %(why)s") % {"why": why_not}
        super().__init__(said + " " + _("Choose another queue, or come back later."))


class ClaimedByOther(WorkRefusal):
    """Somebody else has the customer in hand."""

    status = 409

    def __init__(self, name: str, until: datetime) -> None:
        super().__init__(
            _("%(name)s has this customer in hand until %(time)s; nothing was done. Take another, or ask them to release it.")
            % {"name": name, "time": _time(until)}
        )


class LeaseEnded(WorkRefusal):
    """The claim that the form was opened with is over."""

    status = 409

    def __init__(self, until: datetime | None) -> None:
        ended = _("Your claim ended at %(time)s") % {"time": _time(until)} if until else _("Your claim has ended")
        super().__init__(
            ended + _("; nothing was done. Claim the account again, look at what changed, and repeat what you wanted to do.")
        )


class ItemChanged(WorkRefusal):
    """Somebody, or the close, changed the item after the form was opened."""

    status = 409

    def __init__(self, account_no: str) -> None:
        super().__init__(
            _("Account %(account)s changed after you opened it; nothing was done. Open it again and look before you repeat.")
            % {"account": account_no}
        )


class ItemNotOpen(WorkRefusal):
    """The item is done, asleep or out of its queue."""

    status = 409

    def __init__(self, account_no: str, status: str) -> None:
        super().__init__(
            _("Account %(account)s is not open in this queue any more (%(status)s); nothing was done. Take the next one.")
            % {"account": account_no, "status": status}
        )


class ItemBlocked(WorkRefusal):
    """A hold or another block forbids working the account."""

    status = 409

    def __init__(self, account_no: str, why: str) -> None:
        super().__init__(
            _("Account %(account)s must not be worked now: %(why)s. Take the next one.") % {"account": account_no, "why": why}
        )


class TooManyClaims(WorkRefusal):
    """One person has as many customers in hand as one may."""

    status = 409

    def __init__(self, most: int) -> None:
        super().__init__(_("You have %(most)s customers in hand already; finish or release one first.") % {"most": most})


class OutcomeUnknown(WorkRefusal):
    """No such outcome."""

    about = "outcome"

    def __init__(self, code: str, known: str) -> None:
        super().__init__(_("“%(code)s” is no outcome; there are %(known)s.") % {"code": code, "known": known})


class ReasonMissing(WorkRefusal):
    """A reason is asked for."""

    about = "reason"

    def __init__(self) -> None:
        super().__init__(_("Give a reason; those who read it later know only what stands there."))


class TextTooLong(WorkRefusal):
    """More text than is kept."""

    about = "text"

    def __init__(self, length: int, most: int) -> None:
        super().__init__(_("The text has %(length)s characters; at most %(most)s are kept.") % {"length": length, "most": most})


class SnoozeOutOfRange(WorkRefusal):
    """A moment that is past, or too far away."""

    about = "until"

    def __init__(self, until: datetime, most_days: int) -> None:
        super().__init__(
            _("%(moment)s cannot be slept until; give a moment after now, within %(days)s days.")
            % {"moment": f"{timezone.localtime(until):%Y-%m-%d %H:%M}", "days": most_days}
        )


class WakeMalformed(WorkRefusal):
    """An event that is none, or lacks its number of days."""

    about = "wake_on"

    def __init__(self) -> None:
        super().__init__(_("What shall wake it? A payment, a broken promise, or days past due from 1 to 9999."))


class WakeReached(WorkRefusal):
    """The days past due that shall wake it have come."""

    about = "wake_days"

    def __init__(self, account_no: str, days: int) -> None:
        super().__init__(
            _("Account %(account)s is %(days)s days late already; give more days than that.")
            % {"account": account_no, "days": days}
        )


class BoostOutOfRange(WorkRefusal):
    """A factor or an end date that cannot be."""

    about = "until"

    def __init__(self, most_factor: int, most_days: int) -> None:
        super().__init__(
            _("A boost is a factor from 2 to %(factor)s that ends within %(days)s days, today at the earliest.")
            % {"factor": most_factor, "days": most_days}
        )


class NobodyToEscalateTo(WorkRefusal):
    """The queue's team has no lead who could take it."""

    status = 409

    def __init__(self, queue: str) -> None:
        super().__init__(
            _("No lead of the team of queue %(queue)s can take this account; nothing was done. Ask a manager to name another.")
            % {"queue": queue}
        )


class LeadAway(WorkRefusal):
    """Everybody who could take an escalation is away."""

    status = 409

    def __init__(self, queue: str) -> None:
        super().__init__(
            _("The lead of queue %(queue)s is away today; nothing was done. Pass the account on with a reason, or ask a manager.")
            % {"queue": queue}
        )


class NotAnAssignee(WorkRefusal):
    """Somebody who cannot take work of this queue today."""

    about = "username"

    def __init__(self, username: str, why: str) -> None:
        super().__init__(_("Nothing can be assigned to %(name)s: %(why)s.") % {"name": username, "why": why})


class WorkOfOther(WorkRefusal):
    """What lies with a colleague is theirs until they, or a lead, give it away."""

    about = "username"

    def __init__(self, name: str) -> None:
        super().__init__(_("This account lies with %(name)s; they or a lead can give it to you.") % {"name": name})


class NotUndoable(WorkRefusal):
    """What was done cannot be undone, or not any more."""

    status = 409

    def __init__(self, why: str) -> None:
        super().__init__(_("It cannot be undone: %(why)s.") % {"why": why})


class NoteChanged(WorkRefusal):
    """Somebody else saved another text meanwhile; both are there."""

    about, status = "text", 409

    def __init__(self, *, version: int, theirs: str, name: str) -> None:
        super().__init__(
            _("%(name)s saved another text while you wrote; yours is not lost. Compare the two, and save what shall stand.")
            % {"name": name}
        )
        self.version, self.theirs = version, theirs


class QueueMalformed(WorkRefusal):
    """A queue that cannot be."""

    def __init__(self, about: str, message: str) -> None:
        super().__init__(message)
        self.field = about


class QueueChanged(WorkRefusal):
    """The form was opened before somebody else changed the queue."""

    status = 409

    def __init__(self, code: str) -> None:
        super().__init__(
            _("Queue %(code)s was changed by somebody else meanwhile; nothing was saved. Open it again.") % {"code": code}
        )


class QueueKeptByPolicy(WorkRefusal):
    """What the tier policy says of a queue is not changed here."""

    status = 409

    def __init__(self, code: str) -> None:
        super().__init__(
            _("Queue %(code)s is kept from the tier policy; change its tiers, team and service time there.") % {"code": code}
        )


class WeightsChanged(WorkRefusal):
    """The form was opened before somebody else set other weights."""

    status = 409

    def __init__(self, version: int) -> None:
        super().__init__(
            _("Version %(version)s of the weights is in force by now; nothing was saved. Open the page again.")
            % {"version": version}
        )


class WeightsMalformed(WorkRefusal):
    """Weights that cannot be."""

    def __init__(self, about: str) -> None:
        super().__init__(
            _("Shares are from 0 to 100 %, one for each bucket m0 to m7; a piece of work takes from 1 to 480 minutes.")
        )
        self.field = about


class ViewNameTaken(WorkRefusal):
    """The person has a view of that name."""

    about, status = "name", 409

    def __init__(self, name: str) -> None:
        super().__init__(_("You have a view “%(name)s” already; give it another name, or delete that one.") % {"name": name})


class ViewMalformed(WorkRefusal):
    """A view without a name, or with an address that is too long."""

    about = "name"

    def __init__(self) -> None:
        super().__init__(_("A view needs a name of at most 60 characters, and an address of at most 2,000."))


class ViewUnknown(WorkRefusal):
    """No view that the person owns."""

    status = 404

    def __init__(self) -> None:
        super().__init__(_("You own no such view; only its owner deletes a view."))


class SelectionMalformed(WorkRefusal):
    """Nothing selected, or more than one action takes."""

    about = "items"

    def __init__(self, count: int, most: int) -> None:
        super().__init__(
            _("%(count)s items are selected; an action takes from 1 to %(most)s. Narrow the filter.")
            % {"count": count, "most": most}
        )


def until_text(day: date) -> str:
    """Return the last day of something in words."""
    return _("until %(day)s") % {"day": day_text(day)}

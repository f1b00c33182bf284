"""Why something about a review was refused. Each says what, why and what next, with the values; nothing changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from accounts.operations.refusals import LedgerRefusal
from riskops.shared.scope import Scope


class ReviewRefusal(LedgerRefusal):
    """Something about a review that was not done."""


class ReviewUnknown(ReviewRefusal):
    """There is no such review."""

    about = "review"

    def __init__(self, review_id: int) -> None:
        super().__init__(_("There is no review %(id)s; look it up in the list of reviews.") % {"id": review_id})


class ReviewOpenAlready(ReviewRefusal):
    """A review of the same cause is open on the account."""

    about = "account"

    def __init__(self, review_id: int, account_no: str, opened_on: date) -> None:
        super().__init__(
            _("Review %(id)s of %(account)s is open since %(day)s for the same cause; go on with that one.")
            % {"id": review_id, "account": account_no, "day": opened_on.isoformat()}
        )
        self.review_id = review_id


class ReviewCoolsOff(ReviewRefusal):
    """A review of the same cause was closed a short while ago."""

    about = "account"

    def __init__(self, review_id: int, closed_on: date, cool_off_days: int) -> None:
        super().__init__(
            _("Review %(id)s of the same cause was closed on %(day)s; a rule opens the next one after %(days)s days.")
            % {"id": review_id, "day": closed_on.isoformat(), "days": cool_off_days}
        )
        self.review_id = review_id


class ReviewClosed(ReviewRefusal):
    """It is closed: what was found stays as it was written."""

    about = "review"

    def __init__(self, review_id: int, closed_by: str, closed_on: date) -> None:
        super().__init__(
            _("Review %(id)s was closed by %(who)s on %(day)s and stays as it is; open a new one, or write a note.")
            % {"id": review_id, "who": closed_by, "day": closed_on.isoformat()}
        )


class ReviewChanged(ReviewRefusal):
    """Somebody else saved it since the form was made. `differences`: field → (yours, theirs)."""

    about = "version"

    def __init__(self, review_id: int, version: int, changed_by: str, differences: Mapping[str, tuple[Any, Any]]) -> None:
        super().__init__(
            _("Review %(id)s was changed by %(who)s while you worked on it; see the difference below, then save again.")
            % {"id": review_id, "who": changed_by}
        )
        self.version = version
        self.differences = dict(differences)


class ReviewOfSomebodyElse(ReviewRefusal):
    """Another person works on it."""

    about = "review"

    def __init__(self, review_id: int, username: str) -> None:
        super().__init__(
            _("Review %(id)s is assigned to %(who)s; ask them, or a team lead, to hand it over.")
            % {"id": review_id, "who": username}
        )


class OutcomeMissing(ReviewRefusal):
    """It cannot be closed without one."""

    about = "outcome"

    def __init__(self) -> None:
        super().__init__(_("No outcome is chosen; a closed review says what follows from it."))


class OutcomeUnknown(ReviewRefusal):
    """There is no such outcome."""

    about = "outcome"

    def __init__(self, outcome: str, known: Sequence[str]) -> None:
        super().__init__(
            _("There is no outcome “%(outcome)s”; there are %(known)s.") % {"outcome": outcome, "known": ", ".join(known)}
        )


class ReasonsMissing(ReviewRefusal):
    """It cannot be closed without one."""

    about = "reasons"

    def __init__(self) -> None:
        super().__init__(_("No reason code is chosen; a closed review says what was found, with one code at least."))


class ReasonUnknown(ReviewRefusal):
    """There is no such code in use."""

    about = "reasons"

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__(_("No reason code in use: %(codes)s; choose from the list.") % {"codes": ", ".join(codes)})


class TextTooLong(ReviewRefusal):
    """More than is kept."""

    about = "note"

    def __init__(self, length: int, most: int) -> None:
        super().__init__(
            _("The text has %(length)s characters and may have %(most)s; shorten it, or attach a file.")
            % {"length": length, "most": most}
        )


class TextMissing(ReviewRefusal):
    """Nothing is written."""

    about = "note"

    def __init__(self) -> None:
        super().__init__(_("Nothing is written; write what the next person should know."))


class AssigneeUnfit(ReviewRefusal):
    """The person cannot work on it."""

    about = "assigned_to"

    def __init__(self, username: str, why: str) -> None:
        super().__init__(_("%(who)s cannot take this review: %(why)s. Choose somebody else.") % {"who": username, "why": why})


class NoReviewWaits(ReviewRefusal):
    """Nothing is left to take."""

    about = "review"

    def __init__(self) -> None:
        super().__init__(_("No open review waits for anybody; sweeps open new ones when a day is closed."))


class FileRefused(ReviewRefusal):
    """The file is not taken."""

    about = "file"


class FileTooLarge(FileRefused):
    """Bigger than is kept."""

    def __init__(self, size_bytes: int, most_bytes: int) -> None:
        super().__init__(
            _("The file has %(size)s KB and may have %(most)s KB; make it smaller.")
            % {"size": -(-size_bytes // 1024), "most": most_bytes // 1024}
        )


class FileEmpty(FileRefused):
    """Nothing is in it."""

    def __init__(self) -> None:
        super().__init__(_("The file is empty; choose another one."))


class FileKindUnknown(FileRefused):
    """Its content is none of the kinds that are taken, whatever it is called."""

    def __init__(self, name: str, kinds: Sequence[str]) -> None:
        super().__init__(
            _("“%(name)s” is, by its content, none of the kinds that are taken: %(kinds)s.")
            % {"name": name, "kinds": ", ".join(kinds)}
        )


class FileThereAlready(FileRefused):
    """The very same bytes belong to the review."""

    def __init__(self, name: str) -> None:
        super().__init__(_("The review has this file already, as “%(name)s”; nothing was done.") % {"name": name})


class TooManyFiles(FileRefused):
    """The review holds as many as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(_("The review has %(most)s files, which is the most; put the rest into one file.") % {"most": most})


def _in_words(scope: Scope) -> str:
    return _("the whole book") if scope.products is None else ", ".join(sorted(scope.products)) or _("nothing")


class SweepUnknown(ReviewRefusal):
    """There is no such sweep."""

    about = "sweep"

    def __init__(self, sweep_id: int) -> None:
        super().__init__(_("There is no sweep %(id)s; look it up in the list of sweeps.") % {"id": sweep_id})


class SweepCodeTaken(ReviewRefusal):
    """Another sweep has the code."""

    about = "code"

    def __init__(self, code: str) -> None:
        super().__init__(_("A sweep “%(code)s” is there already; change that one, or choose another code.") % {"code": code})


class SweepChanged(ReviewRefusal):
    """Somebody else changed it since the form was made."""

    about = "version"

    def __init__(self, code: str, version: int) -> None:
        super().__init__(
            _("Sweep “%(code)s” was changed by somebody else and stands at version %(version)s; load it again.")
            % {"code": code, "version": version}
        )


class SweepRuleRefused(ReviewRefusal):
    """The rule cannot be used."""

    about = "rule"


class SweepValueRefused(ReviewRefusal):
    """A figure of the sweep is out of its range."""

    def __init__(self, about: str, value: int, least: int, most: int) -> None:
        super().__init__(
            _("%(value)s is not from %(least)s to %(most)s; choose a figure in between.")
            % {"value": value, "least": least, "most": most}
        )
        self.about = about  # type: ignore[misc]


class SweepBeyondSight(ReviewRefusal):
    """The sweep looks through accounts that the person may not see."""

    about = "sweep"

    def __init__(self, code: str, covers: Scope, seen: Scope) -> None:
        super().__init__(
            _("Sweep “%(code)s” looks through %(covers)s, and you see %(seen)s; set up one of your own.")
            % {"code": code, "covers": _in_words(covers), "seen": _in_words(seen)}
        )


class SweepIsOff(ReviewRefusal):
    """Only an active sweep is run."""

    about = "sweep"

    def __init__(self, code: str) -> None:
        super().__init__(_("Sweep “%(code)s” is not active; switch it on first.") % {"code": code})


class SampleDrawnAlready(ReviewRefusal):
    """The same drawing is there."""

    about = "seed"

    def __init__(self, seed: str) -> None:
        super().__init__(_("A sample of this period with the seed “%(seed)s” is drawn already; grade that one.") % {"seed": seed})


class SampleEmpty(ReviewRefusal):
    """Nothing was closed in the period."""

    about = "closed_from"

    def __init__(self, closed_from: date, closed_to: date) -> None:
        super().__init__(
            _("No review was closed from %(first)s to %(last)s; choose another period.")
            % {"first": closed_from.isoformat(), "last": closed_to.isoformat()}
        )


class SampleValueRefused(ReviewRefusal):
    """A value of the drawing cannot be."""

    def __init__(self, about: str, what: str) -> None:
        super().__init__(what)
        self.about = about  # type: ignore[misc]


class NotSampled(ReviewRefusal):
    """Only reviews of a sample are graded."""

    about = "review"

    def __init__(self, review_id: int) -> None:
        super().__init__(_("Review %(id)s is in no sample that waits for a grade; draw one first.") % {"id": review_id})


class GradedByReviewer(ReviewRefusal):
    """Nobody grades their own review."""

    about = "review"

    def __init__(self, review_id: int) -> None:
        super().__init__(_("You closed review %(id)s yourself; a second person must grade it.") % {"id": review_id})


class GradeGiven(ReviewRefusal):
    """It is graded."""

    about = "review"

    def __init__(self, review_id: int, graded_by: str) -> None:
        super().__init__(_("Review %(id)s was graded by %(who)s; a grade stays as it is.") % {"id": review_id, "who": graded_by})


class FindingMissing(ReviewRefusal):
    """A grade below sound says what was found."""

    about = "finding"

    def __init__(self) -> None:
        super().__init__(_("Nothing is written; say what was found, for the reviewer to learn from."))


class ReasonMalformed(ReviewRefusal):
    """A reason code or one of its names cannot be; the message says which."""

    about = "code"


class GradeUnknown(ReviewRefusal):
    """There is no such grade."""

    about = "grade"

    def __init__(self, grade: str) -> None:
        super().__init__(_("“%(grade)s” is no grade; there are sound, minor and major.") % {"grade": grade})


#: Answered with 404 and with 409 by the API.
NOT_THERE = (ReviewUnknown, SweepUnknown, NoReviewWaits)
IN_THE_WAY = (
    ReviewOpenAlready,
    ReviewCoolsOff,
    ReviewClosed,
    ReviewChanged,
    ReviewOfSomebodyElse,
    FileThereAlready,
    SweepCodeTaken,
    SweepChanged,
    SampleDrawnAlready,
    GradeGiven,
)

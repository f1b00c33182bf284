"""Why a version of a rule was not written, tried or approved. Each says what, why and what next; nothing changed."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from accounts.models.rule_versions import RuleVersion
from accounts.operations.refusals import LedgerRefusal
from riskops.shared.rule_language import RuleRefusal


class RuleVersionRefusal(LedgerRefusal):
    """A version that was not written, tried or approved."""


class RuleUnusable(RuleVersionRefusal):
    """The condition does not parse, or names what there is not."""

    about = "rule"

    def __init__(self, refusal: RuleRefusal) -> None:
        super().__init__(str(refusal))


class RuleSlow(RuleVersionRefusal):
    """The condition takes longer over what there is than a rule may."""

    about = "rule"


class RuleFitsAllOrNone(RuleVersionRefusal):
    """A rule about to go live that holds on everything, or on nothing; whoever means it says so."""

    about = "is_warning_accepted"

    def __init__(self, name: str, holds: int, of: int) -> None:
        super().__init__(
            _("%(name)s holds on %(holds)s of %(of)s: it tells none from another. Confirm that this is meant.")
            % {"name": name, "holds": holds, "of": of}
        )


class RuleValuesRefused(RuleVersionRefusal):
    """A value beside the condition cannot be."""

    def __init__(self, message: str, about: str = "") -> None:
        super().__init__(message)
        self.about = about  # type: ignore[misc]


class RuleUnknown(RuleVersionRefusal):
    """There is no such version."""

    about = "version"

    def __init__(self, version_id: int) -> None:
        super().__init__(_("There is no rule version %(id)s; look it up in the list of rules.") % {"id": version_id})


class RuleStale(RuleVersionRefusal):
    """Somebody changed it since it was looked at."""

    about = "revision"

    def __init__(self, name: str) -> None:
        super().__init__(_("%(name)s has changed since you opened it; look again, then go on.") % {"name": name})


class RuleMovedOn(RuleVersionRefusal):
    """It is no draft any more, or not live."""

    about = "version"

    def __init__(self, name: str, status: str) -> None:
        super().__init__(
            _("%(name)s is %(status)s; this can no longer be done with it. A change is a new version.")
            % {"name": name, "status": RuleVersion.Status(status).label}
        )


class DraftThere(RuleVersionRefusal):
    """One draft a rule at a time."""

    about = "code"

    def __init__(self, code: str) -> None:
        super().__init__(_("There is a draft of %(code)s already; change or discard that one.") % {"code": code})


class NotTried(RuleVersionRefusal):
    """Nothing goes live that was not tried."""

    about = "version"

    def __init__(self, name: str) -> None:
        super().__init__(_("%(name)s has not been tried as it stands; make a dry run first.") % {"name": name})


class TriedAnotherDay(RuleVersionRefusal):
    """A dry run speaks of the book as it stood."""

    about = "version"

    def __init__(self, name: str) -> None:
        super().__init__(_("The dry run of %(name)s is of another day; repeat it on the book as it stands.") % {"name": name})


class OwnRule(RuleVersionRefusal):
    """Whoever drafted it, or changed the draft, does not approve it."""

    about = "version"

    def __init__(self, name: str) -> None:
        super().__init__(_("You drafted %(name)s, or changed its draft; somebody else has to approve it.") % {"name": name})


class LiveDayPast(RuleVersionRefusal):
    """A rule never speaks about days that are over."""

    about = "live_from"

    def __init__(self, day: date, today: date) -> None:
        super().__init__(
            _("%(day)s is past: the open day is %(open)s; use that day or a later one.")
            % {"day": day.isoformat(), "open": today.isoformat()}
        )


class UndoRefused(RuleVersionRefusal):
    """An undoing that cannot be; the message says why."""

    about = "rule"


class UndoDayUnreadable(RuleVersionRefusal):
    """The day that an undoing is limited to cannot be read."""

    about = "day"

    def __init__(self, typed: str) -> None:
        super().__init__(
            _("“%(typed)s” is no day; write it as 2025-03-11, or leave it empty for all that the version did.") % {"typed": typed}
        )

"""Why the casework refused: expected answers, apart from bugs. Each message says what, why and what next, with the values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from django.utils.translation import gettext as _

from riskops.shared.wording import number_text


class CaseworkRefusal(Exception):
    """Something that was not done; nothing changed. `about` names the argument to look at, as doors show it beside a field."""

    about: ClassVar[str] = ""
    #: Not there, in the way of something else, or (neither) a value that is not taken.
    is_not_there: ClassVar[bool] = False
    is_in_the_way: ClassVar[bool] = False

    @property
    def code(self) -> str:
        """What programs know it by, e.g. `own_draft`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class TierPolicyUnknown(CaseworkRefusal):
    """There is no such version."""

    about = "version"
    is_not_there = True

    def __init__(self, version: int) -> None:
        super().__init__(_("There is no version %(version)s of the tier policy.") % {"version": version})


class NotADraft(CaseworkRefusal):
    """What was asked is done to drafts only."""

    about = "status"
    is_in_the_way = True

    def __init__(self, version: int, status: str) -> None:
        super().__init__(
            _("Version %(version)s is %(status)s and takes no change; draft the next version.")
            % {"version": version, "status": status}
        )


class NotProposed(CaseworkRefusal):
    """What was asked is done to proposed versions only."""

    about = "status"
    is_in_the_way = True

    def __init__(self, version: int, status: str) -> None:
        super().__init__(
            _("Version %(version)s is %(status)s; only a version that waits for approval can be approved or sent back.")
            % {"version": version, "status": status}
        )


class NotToBeWithdrawn(CaseworkRefusal):
    """It is not approved, or has begun."""

    about = "status"
    is_in_the_way = True

    def __init__(self, version: int, status: str, live_from: date | None) -> None:
        values = {"version": version, "status": status, "day": live_from.isoformat() if live_from else "–"}
        super().__init__(
            _(
                "Version %(version)s is %(status)s, first day %(day)s: only an approved version whose first day is not closed "
                "can be withdrawn; replace it by a later version."
            )
            % values
        )


class DraftChangedMeanwhile(CaseworkRefusal):
    """The form was opened before somebody else's change."""

    about = "revision"
    is_in_the_way = True

    def __init__(self, version: int, changed_by: str) -> None:
        super().__init__(
            _("Version %(version)s was changed by %(person)s since you opened it; look at the change, then enter yours again.")
            % {"version": version, "person": changed_by}
        )


@dataclass(frozen=True, slots=True)
class TierProblem:
    """What is wrong with one field of one tier (by its place, from 1; 0: the policy as a whole)."""

    position: int
    field: str
    message: str


class TiersMalformed(CaseworkRefusal):
    """Some tiers cannot be as they are; all problems at once."""

    about = "tiers"

    def __init__(self, problems: Sequence[TierProblem]) -> None:
        self.problems = tuple(problems)
        lines = [
            _("Tier %(place)s, %(field)s: %(what)s") % {"place": p.position, "field": p.field, "what": p.message}
            if p.position
            else p.message
            for p in self.problems
        ]
        super().__init__(" ".join(lines))


class NothingToDryRunOn(CaseworkRefusal):
    """The book has reached no day yet."""

    def __init__(self) -> None:
        super().__init__(_("No day of this book is closed yet, so there is nothing to try a policy on; close its first day."))


class DryRunMissing(CaseworkRefusal):
    """The present text was never tried on the present book."""

    about = "dry_run"

    def __init__(self, version: int, tried_on: date | None, business_date: date | None) -> None:
        if tried_on is None:
            text = _("Version %(version)s as it stands now was not tried on the book; run it dry first.")
        else:
            text = _(
                "Version %(version)s was tried on the book of %(tried)s, and the book has reached %(day)s; run it dry again, "
                "then look at the figures."
            )
        day = business_date.isoformat() if business_date else "–"
        super().__init__(text % {"version": version, "tried": tried_on.isoformat() if tried_on else "", "day": day})


class RuleTooSlow(CaseworkRefusal):
    """A rule takes too long over the present book."""

    about = "rule"

    def __init__(self, *, slow: Sequence[tuple[str, int]], most_ms: int) -> None:
        named = ", ".join(
            _("%(tier)s took %(ms)s ms") % {"tier": tier or _("all rules together"), "ms": number_text(ms)} for tier, ms in slow
        )
        super().__init__(
            _("Too slow over the present book: %(named)s, and %(most)s ms are allowed; make the rules simpler.")
            % {"named": named, "most": number_text(most_ms)}
        )


class FirstDayPast(CaseworkRefusal):
    """A closed day is not placed again."""

    about = "live_from"

    def __init__(self, live_from: date, business_date: date) -> None:
        super().__init__(
            _("%(day)s is closed: the book has reached %(last)s; use a later day.")
            % {"day": live_from.isoformat(), "last": business_date.isoformat()}
        )


class FirstDayTaken(CaseworkRefusal):
    """Another version is live from that day."""

    about = "live_from"
    is_in_the_way = True

    def __init__(self, live_from: date, version: int) -> None:
        super().__init__(
            _("Version %(version)s is approved to go live on %(day)s; use another day, or have that version withdrawn.")
            % {"version": version, "day": live_from.isoformat()}
        )


class OwnDraft(CaseworkRefusal):
    """Who wrote it may not approve it."""

    about = "approved_by"

    def __init__(self, version: int, editors: Sequence[str]) -> None:
        super().__init__(
            _("You wrote version %(version)s, or a part of it (%(people)s did): somebody else must approve it.")
            % {"version": version, "people": ", ".join(editors)}
        )


class PersonNeeded(CaseworkRefusal):
    """A machine cannot be the second pair of eyes."""

    about = "approved_by"

    def __init__(self) -> None:
        super().__init__(_("A tier policy is approved by a person."))


class EveryAccountAlike(CaseworkRefusal):
    """All accounts would be in one tier, or in none; asked for again with that said, it is done."""

    about = "despite_crowding"

    def __init__(self, *, code: str, accounts: int) -> None:
        values = {"accounts": number_text(accounts), "tier": code}
        if code:
            text = _("All %(accounts)s accounts would be in the tier %(tier)s. If that is meant, tick that you have seen it.")
        else:
            text = _("All %(accounts)s accounts would be in no tier. If that is meant, tick that you have seen it.")
        super().__init__(text % values)


class ReasonNeeded(CaseworkRefusal):
    """No reason was given."""

    about = "reason"

    def __init__(self) -> None:
        super().__init__(_("No reason is given; write why, it is kept in the audit trail."))

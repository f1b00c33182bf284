"""Why something about people was refused. Each message says what, why and what next, with the values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from riskops.shared.wording import day_text


class PeopleRefusal(Exception):
    """A value that cannot be; nothing changed. `about` names the argument to look at, as doors show it beside a field."""

    about: ClassVar[str] = ""


class PersonRefused(PermissionDenied):
    """The role table would allow it, but not to this person, or not here. Doors answer 403 with the message."""

    @property
    def code(self) -> str:
        """What programs know it by, e.g. `conflict_declared`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class ConflictDeclared(PersonRefused):
    """The person has a conflict of interest with the customer."""

    def __init__(self, *, kind: str, until: date | None, takers: tuple[str, ...]) -> None:
        why = {
            "own": _("This is your own account."),
            "relative": _("A relative of yours is the customer of this account."),
            "colleague": _("A colleague of yours is the customer of this account."),
        }[kind]
        ends = _("Declared until %(day)s.") % {"day": day_text(until)} if until else _("Declared without an end.")
        others = (
            _("%(people)s can take over.") % {"people": ", ".join(takers)}
            if takers
            else _("Nobody in your teams can take over; ask a manager.")
        )
        what = _("You cannot open it for work, reveal, post, waive, write off or decide on it.")
        super().__init__(" ".join((why, ends, what, others)))


class ScopeLimited(PersonRefused):
    """What was asked for holds rows of every product, and the person may not see every one."""

    def __init__(self, products: Sequence[str]) -> None:
        seen = ", ".join(products) or _("nothing")
        super().__init__(
            _("This holds rows of every product, and you may see %(products)s only; ask somebody who sees the whole book.")
            % {"products": seen}
        )


class ExaminationExpired(PersonRefused):
    """The person has passed no examination of the subject that still holds."""

    def __init__(self, *, subject: str, expired_on: date | None) -> None:
        if expired_on is None:
            said = _("No passed examination “%(subject)s” is recorded for you.") % {"subject": subject}
        else:
            values = {"subject": subject, "day": day_text(expired_on)}
            said = _("Your examination “%(subject)s” expired on %(day)s.") % values
        super().__init__(f"{said} " + _("Pass it, and have your team lead record it, before you take an account or call."))


class NotYourTeam(PersonRefused):
    """A lead acts for the teams they lead."""

    def __init__(self, team: str) -> None:
        super().__init__(_("You do not lead %(team)s; its lead, a manager or an administrator can do this.") % {"team": team})


class NotYourPerson(PersonRefused):
    """A lead acts for the people of the teams they lead."""

    def __init__(self, person: str) -> None:
        super().__init__(
            _("%(person)s is in no team that you lead; a lead of theirs or a manager can do this.") % {"person": person}
        )


class NotForYourself(PersonRefused):
    """What somebody else must do, since it speaks about the person."""

    def __init__(self) -> None:
        super().__init__(_("Nobody does this for themself; ask a lead, a manager or compliance."))


class PersonUnknown(PeopleRefusal):
    """There is no such person, or they are no longer active."""

    about = "person"

    def __init__(self, person: str) -> None:
        super().__init__(_("There is no active person %(person)s; choose one of the list of people.") % {"person": person})


class TeamUnknown(PeopleRefusal):
    """There is no such team."""

    about = "team"

    def __init__(self, team_id: int) -> None:
        super().__init__(_("There is no team %(team)s; choose one of the list of teams.") % {"team": team_id})


class TeamClosed(PeopleRefusal):
    """The team takes no more people."""

    about = "team"

    def __init__(self, team: str) -> None:
        super().__init__(_("%(team)s is closed and takes nobody; open it first.") % {"team": team})


class TeamNameMissing(PeopleRefusal):
    """A team is known by its name."""

    about = "name"

    def __init__(self) -> None:
        super().__init__(_("The team has no name; give it one of 1 to 80 characters."))


class TeamNameTaken(PeopleRefusal):
    """Another team has the name."""

    about = "name"

    def __init__(self, name: str) -> None:
        super().__init__(_("There is a team %(name)s already; choose another name.") % {"name": name})


class CapacityOutOfRange(PeopleRefusal):
    """No number of accounts that one person works in a day."""

    about = "daily_capacity"

    def __init__(self, capacity: int, most: int) -> None:
        super().__init__(
            _("%(capacity)s is no capacity of a day; give 0 to %(most)s accounts.") % {"capacity": capacity, "most": most}
        )


class DaysBackwards(PeopleRefusal):
    """The last day lies before the first."""

    about = "until"

    def __init__(self, first: date, last: date) -> None:
        super().__init__(
            _("%(last)s lies before %(first)s; give a last day from then on.")
            % {"first": first.isoformat(), "last": last.isoformat()}
        )


class DayBeforeToday(PeopleRefusal):
    """What held yesterday held; an end counts from today on."""

    about = "until"

    def __init__(self, day: date, today: date) -> None:
        super().__init__(
            _("%(day)s is past; what was in force then stays so. Give %(today)s or a later day.")
            % {"day": day.isoformat(), "today": today.isoformat()}
        )


class MemberAlready(PeopleRefusal):
    """The person is in the team on some of those days."""

    about = "person"

    def __init__(self, person: str, team: str, since: date) -> None:
        super().__init__(
            _("%(person)s is in %(team)s since %(since)s; end that first, or change its capacity.")
            % {"person": person, "team": team, "since": since.isoformat()}
        )


class MembershipUnknown(PeopleRefusal):
    """There is no such membership, or it has ended."""

    about = "membership"

    def __init__(self, membership_id: int) -> None:
        super().__init__(_("There is no membership %(id)s that lasts; look at the team again.") % {"id": membership_id})


class AbsenceTooLong(PeopleRefusal):
    """Longer than a year: a mistyped year, or a membership to end."""

    about = "last_day"

    def __init__(self, days: int, most: int) -> None:
        super().__init__(
            _("%(days)s days are more than %(most)s; check the year, or end the membership instead.")
            % {"days": days, "most": most}
        )


class AbsentAlready(PeopleRefusal):
    """Some of the days are entered already."""

    about = "first_day"

    def __init__(self, first: date, last: date) -> None:
        super().__init__(
            _("An absence from %(first)s to %(last)s is entered already; cancel it first, or choose other days.")
            % {"first": first.isoformat(), "last": last.isoformat()}
        )


class AbsenceUnknown(PeopleRefusal):
    """There is no such absence."""

    about = "absence"

    def __init__(self, absence_id: int) -> None:
        super().__init__(_("There is no absence %(id)s; it may be cancelled already.") % {"id": absence_id})


class ProductUnknown(PeopleRefusal):
    """The book has no product of that code."""

    about = "products"

    def __init__(self, code: str, known: Sequence[str]) -> None:
        super().__init__(
            _("There is no product %(code)s in the book; there are %(known)s.")
            % {"code": code, "known": ", ".join(known) or _("none yet")}
        )


class CustomerUnknown(PeopleRefusal):
    """The book has no customer of that number."""

    about = "customer_no"

    def __init__(self, customer_no: str) -> None:
        super().__init__(
            _("There is no customer %(number)s in the book; the number stands on the customer's bill.") % {"number": customer_no}
        )


class ConflictDeclaredAlready(PeopleRefusal):
    """The very same stands already."""

    about = "customer_no"

    def __init__(self, customer_no: str, until: date | None) -> None:
        ends = _("until %(day)s") % {"day": until.isoformat()} if until else _("without an end")
        super().__init__(
            _("A conflict with customer %(number)s is declared already, %(ends)s; end that one first.")
            % {"number": customer_no, "ends": ends}
        )


class ConflictOver(PeopleRefusal):
    """There is no such conflict, or it has ended."""

    about = "conflict"

    def __init__(self, conflict_id: int) -> None:
        super().__init__(_("There is no conflict %(id)s that still holds.") % {"id": conflict_id})


class ReasonMissing(PeopleRefusal):
    """Somebody will ask why."""

    about = "reason"

    def __init__(self) -> None:
        super().__init__(_("No reason is given; write why, it is kept in the audit trail."))


class PassedInFuture(PeopleRefusal):
    """Nobody has passed anything tomorrow."""

    about = "passed_on"

    def __init__(self, passed_on: date, today: date) -> None:
        super().__init__(
            _("%(day)s has not come (today is %(today)s); record the examination when it is passed.")
            % {"day": passed_on.isoformat(), "today": today.isoformat()}
        )


class PassedTooLongAgo(PeopleRefusal):
    """It would have expired already."""

    about = "passed_on"

    def __init__(self, passed_on: date, expires_on: date) -> None:
        super().__init__(
            _("Passed on %(day)s, it expired on %(expired)s; record a newer one.")
            % {"day": passed_on.isoformat(), "expired": expires_on.isoformat()}
        )


class ExaminationRecordedAlready(PeopleRefusal):
    """The very same is recorded."""

    about = "passed_on"

    def __init__(self, person: str, passed_on: date) -> None:
        super().__init__(
            _("The examination that %(person)s passed on %(day)s is recorded already; nothing was done.")
            % {"person": person, "day": passed_on.isoformat()}
        )

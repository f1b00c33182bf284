"""Teams: setting them up, who is in them, how much they can work, when they are away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Q

from riskops.shared.audit import Actor, record
from riskops.shared.operations import ENTER_ABSENCE, MANAGE_TEAMS, STAFF_TEAM
from riskops.shared.people.events import tell_absence_entered
from riskops.shared.people.models import Absence, Membership, Team
from riskops.shared.people.refusals import (
    AbsenceTooLong,
    AbsenceUnknown,
    AbsentAlready,
    CapacityOutOfRange,
    DayBeforeToday,
    DaysBackwards,
    MemberAlready,
    MembershipUnknown,
    TeamClosed,
    TeamNameMissing,
    TeamNameTaken,
    TeamUnknown,
)
from riskops.shared.people.rights import active_person, refuse_other_people, refuse_other_teams
from riskops.shared.scope import current

#: Accounts that one person works in a day, at the very most; above it a digit is too many.
MOST_A_DAY: Final = 1_000
LONGEST_ABSENCE_DAYS: Final = 366


@dataclass(frozen=True, slots=True)
class TeamSettings:
    """What a team is. `lead` is a user name, "" for none."""

    name: str
    kind: str
    lead: str = ""
    is_open: bool = True


@transaction.atomic
def save_team(*, actor: Actor, settings: TeamSettings, team_id: int | None = None) -> Team:
    """Set up a team, or change one.

    :raises TeamUnknown: there is none of that id
    :raises TeamNameMissing, TeamNameTaken, PersonUnknown: a value that cannot be
    """
    team = Team() if team_id is None else Team.objects.select_for_update().select_related(None).filter(pk=team_id).first()
    if team is None:
        raise TeamUnknown(team_id or 0)
    name = " ".join(settings.name.split())
    if not 1 <= len(name) <= 80:
        raise TeamNameMissing
    if Team.objects.filter(name=name).exclude(pk=team.pk).exists():
        raise TeamNameTaken(name)
    before = None if team_id is None else _team_as_recorded(team)
    team.name, team.kind, team.is_open = name, Team.Kind(settings.kind), settings.is_open
    team.lead = active_person(settings.lead) if settings.lead else None
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError:
        raise TeamNameTaken(name) from None
    after = _team_as_recorded(team)
    if before != after:
        record(actor=actor, action=MANAGE_TEAMS, subject_type="team", subject_key=team.name, before=before, after=after)
    return team


def _team_as_recorded(team: Team) -> dict[str, Any]:
    lead = team.lead.get_username() if team.lead else ""
    return {"name": team.name, "kind": str(team.kind), "lead": lead, "is_open": team.is_open}


def team_to_staff(team_id: int, *, actor: Actor) -> Team:
    """Return a team that whoever acts may staff, locked.

    :raises TeamUnknown, NotYourTeam: there is none, or somebody else leads it
    """
    team = Team.objects.select_for_update().filter(pk=team_id).first()
    if team is None:
        raise TeamUnknown(team_id)
    refuse_other_teams(actor, team)
    return team


@transaction.atomic
def add_member(
    *, actor: Actor, team_id: int, username: str, since: date, daily_capacity: int, until: date | None = None
) -> Membership:
    """Put a person into a team from a day on.

    :raises TeamUnknown, TeamClosed, NotYourTeam, PersonUnknown: not into that team, or not that person
    :raises CapacityOutOfRange, DaysBackwards: a value that cannot be
    :raises MemberAlready: they are in it on some of those days
    """
    team = team_to_staff(team_id, actor=actor)
    person = active_person(username)
    if not team.is_open:
        raise TeamClosed(team.name)
    _check_capacity(daily_capacity)
    if until is not None and until < since:
        raise DaysBackwards(since, until)
    there = Membership.objects.filter(Q(until=None) | Q(until__gte=since), team=team, user=person)
    if until is not None:
        there = there.filter(since__lte=until)
    if standing := there.order_by("since").first():
        raise MemberAlready(username, team.name, standing.since)
    membership = Membership.objects.create(team=team, user=person, since=since, until=until, daily_capacity=daily_capacity)
    _record_membership(actor, membership, username, before=None)
    return membership


@transaction.atomic
def change_membership(*, actor: Actor, membership_id: int, daily_capacity: int, until: date | None, today: date) -> Membership:
    """Change how much a member works, or say until when they are in the team. What is past stays as it was.

    :raises MembershipUnknown: there is none that lasts
    :raises NotYourTeam: somebody else leads the team
    :raises CapacityOutOfRange, DaysBackwards, DayBeforeToday: a value that cannot be
    """
    membership = (
        Membership.objects.select_for_update(of=("self",)).select_related("team", "user").filter(pk=membership_id).first()
    )
    if membership is None or (membership.until is not None and membership.until < today):
        raise MembershipUnknown(membership_id)
    refuse_other_teams(actor, membership.team)
    _check_capacity(daily_capacity)
    if until is not None and until < membership.since:
        raise DaysBackwards(membership.since, until)
    if until is not None and until < today and membership.since <= today:
        raise DayBeforeToday(until, today)
    before = _membership_as_recorded(membership)
    membership.daily_capacity, membership.until = daily_capacity, until
    if before != _membership_as_recorded(membership):
        membership.save(update_fields=["daily_capacity", "until"])
        _record_membership(actor, membership, membership.user.get_username(), before=before)
    return membership


def _check_capacity(capacity: int) -> None:
    if not 0 <= capacity <= MOST_A_DAY:
        raise CapacityOutOfRange(capacity, MOST_A_DAY)


def _membership_as_recorded(membership: Membership) -> dict[str, Any]:
    return {
        "team": membership.team.name,
        "since": membership.since.isoformat(),
        "until": membership.until.isoformat() if membership.until else None,
        "daily_capacity": membership.daily_capacity,
    }


def _record_membership(actor: Actor, membership: Membership, username: str, *, before: dict[str, Any] | None) -> None:
    after = _membership_as_recorded(membership)
    record(actor=actor, action=STAFF_TEAM, subject_type="user", subject_key=username, before=before, after=after)


@transaction.atomic
def enter_absence(*, actor: Actor, username: str, first_day: date, last_day: date) -> Absence:
    """Say that a person takes no work on some days: one's own absence, or that of somebody one is responsible for.

    Whoever gives out work is told, and takes back what lies with them (`riskops.shared.people.events`).

    :raises PersonUnknown, NotYourPerson: not for that person
    :raises DaysBackwards, AbsenceTooLong: days that cannot be
    :raises AbsentAlready: some of them are entered already
    """
    person = active_person(username)
    if actor.user_id != person.pk:
        refuse_other_people(actor, person)
    if last_day < first_day:
        raise DaysBackwards(first_day, last_day)
    days = (last_day - first_day).days + 1
    if days > LONGEST_ABSENCE_DAYS:
        raise AbsenceTooLong(days, LONGEST_ABSENCE_DAYS)
    type(person).objects.select_for_update().filter(pk=person.pk).first()
    there = Absence.objects.filter(user=person, first_day__lte=last_day, last_day__gte=first_day).order_by("first_day").first()
    if there is not None:
        raise AbsentAlready(there.first_day, there.last_day)
    absence = Absence.objects.create(user=person, first_day=first_day, last_day=last_day)
    record(actor=actor, action=ENTER_ABSENCE, subject_type="user", subject_key=username, after=_absence_as_recorded(absence))
    tell_absence_entered(absence, actor)
    return absence


@transaction.atomic
def cancel_absence(*, actor: Actor, absence_id: int) -> None:
    """Take an absence back; the audit trail keeps that it was entered.

    :raises AbsenceUnknown, NotYourPerson: there is none, or not for that person
    """
    absence = Absence.objects.select_for_update(of=("self",)).select_related("user").filter(pk=absence_id).first()
    if absence is None:
        raise AbsenceUnknown(absence_id)
    if actor.user_id != absence.user_id:
        refuse_other_people(actor, absence.user)
    username, before = absence.user.get_username(), _absence_as_recorded(absence)
    absence.delete()
    record(actor=actor, action=ENTER_ABSENCE, subject_type="user", subject_key=username, before=before)


def _absence_as_recorded(absence: Absence) -> dict[str, Any]:
    return {"first_day": absence.first_day.isoformat(), "last_day": absence.last_day.isoformat()}


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a team on a day. `capacity` is what they can work that day: 0 while they are absent."""

    user_id: int
    username: str
    name: str
    daily_capacity: int
    is_absent: bool

    @property
    def capacity(self) -> int:
        """Accounts they can work that day."""
        return 0 if self.is_absent else self.daily_capacity


def members_on(team_ids: Iterable[int], on: date) -> dict[int, tuple[Member, ...]]:
    """Return the active members of teams on a day, by team and in order of their user names; two queries."""
    rows = list(
        current(Membership.objects.filter(team_id__in=list(team_ids), user__is_active=True), on)
        .select_related("user")
        .order_by("user__username")
    )
    absent = away_on(on)
    found: dict[int, list[Member]] = defaultdict(list)
    for row in rows:
        name = row.user.get_full_name() or row.user.get_username()
        member = Member(row.user_id, row.user.get_username(), name, row.daily_capacity, row.user_id in absent)
        found[row.team_id].append(member)
    return {team: tuple(members) for team, members in found.items()}


def away_on(day: date) -> frozenset[int]:
    """Return the ids of everybody who is away on a day."""
    return frozenset(Absence.objects.filter(first_day__lte=day, last_day__gte=day).values_list("user_id", flat=True))


def capacity_on(team_id: int, on: date) -> int:
    """Return how many accounts a team can work on a day."""
    return sum(member.capacity for member in members_on([team_id], on).get(team_id, ()))

"""What the pages and the API of people and teams show; a fixed number of queries each, however many people there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils.functional import Promise

from riskops.shared.models import Absence, Conflict, Examination, Membership, PortfolioScope, Team
from riskops.shared.people.conflicts import conflicts_on
from riskops.shared.people.teams import Member, members_on
from riskops.shared.roles import ROLE_NAMES, Role
from riskops.shared.scope import current

PAGE_ROWS: Final = 100
#: An examination that expires within so many days is shown as a warning: there must be time to sit the next one.
EXPIRES_SOON_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class ExaminationState:
    """How a person stands with the examination of collectors: `holds`, `soon` (to expire), `expired` or `none`."""

    state: str
    expires_on: date | None

    @property
    def tone(self) -> str:
        """The colour of its pill."""
        return {"holds": "ok", "soon": "wait", "expired": "bad"}.get(self.state, "none")


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as lists show them. `products` None: the whole book. `conflicts` counts what holds today, derived ones too."""

    user_id: int
    username: str
    name: str
    is_active: bool
    roles: tuple[Role, ...]
    teams: tuple[Team, ...]
    own_products: tuple[str, ...]
    products: tuple[str, ...] | None
    examination: ExaminationState
    is_absent: bool

    @property
    def role_names(self) -> list[Promise]:
        """The roles in words."""
        return [ROLE_NAMES[role] for role in self.roles]


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """A page of people by user name. `next_after` "" on the last one."""

    rows: tuple[PersonRow, ...]
    search: str
    next_after: str


def people_page(*, today: date, search: str = "", after: str = "") -> PeoplePage:
    """Return a page of people, those who are inactive last shown as such; seven queries."""
    people = User.objects.order_by("username")
    if search:
        named = Q(username__icontains=search) | Q(first_name__icontains=search) | Q(last_name__icontains=search)
        people = people.filter(named)
    if after:
        people = people.filter(username__gt=after)
    found = list(people.prefetch_related("groups")[: PAGE_ROWS + 1])
    rows = person_rows(found[:PAGE_ROWS], today=today)
    return PeoplePage(rows, search, rows[-1].username if len(found) > PAGE_ROWS else "")


def person_rows(people: Iterable[User], *, today: date) -> tuple[PersonRow, ...]:
    """Return people as lists show them; their groups should be prefetched."""
    people = list(people)
    ids = [person.pk for person in people]
    teams: dict[int, list[Team]] = defaultdict(list)
    memberships = current(Membership.objects.filter(user_id__in=ids), today).select_related("team").order_by("team__name")
    for membership in memberships:
        teams[membership.user_id].append(membership.team)
    team_ids = {team.pk for found in teams.values() for team in found}
    of_person: dict[int, list[str]] = defaultdict(list)
    of_team: dict[int, list[str]] = defaultdict(list)
    portfolio = PortfolioScope.objects.filter(Q(user_id__in=ids) | Q(team_id__in=team_ids)).order_by("product_code")
    for user_id, team_id, code in portfolio.values_list("user_id", "team_id", "product_code"):
        (of_person[user_id] if user_id is not None else of_team[team_id or 0]).append(code)
    expires: dict[int, date] = {}
    passed = Examination.objects.filter(user_id__in=ids, subject=Examination.Subject.COLLECTIONS).order_by("expires_on")
    expires.update(passed.values_list("user_id", "expires_on"))
    away = Absence.objects.filter(user_id__in=ids, first_day__lte=today, last_day__gte=today)
    absent = set(away.values_list("user_id", flat=True))
    rows = []
    for person in people:
        names = {group.name for group in person.groups.all()}
        roles = tuple(role for role in Role if role.value in names)
        inherited = sorted({code for team in teams[person.pk] for code in of_team[team.pk]})
        own = tuple(of_person[person.pk])
        rows.append(
            PersonRow(
                user_id=person.pk,
                username=person.username,
                name=person.get_full_name(),
                is_active=person.is_active,
                roles=roles,
                teams=tuple(teams[person.pk]),
                own_products=own,
                products=_products(roles, own, inherited),
                examination=_examination(expires.get(person.pk), today),
                is_absent=person.pk in absent,
            )
        )
    return tuple(rows)


def _products(roles: tuple[Role, ...], own: tuple[str, ...], inherited: list[str]) -> tuple[str, ...] | None:
    """Return what `scope_of` would, from rows that are read already."""
    if Role.COMPLIANCE in roles:
        return None
    if own or inherited:
        return own or tuple(inherited)
    return () if set(roles) <= {Role.AGENCY} else None


def _examination(expires_on: date | None, today: date) -> ExaminationState:
    if expires_on is None:
        return ExaminationState("none", None)
    if expires_on <= today:
        return ExaminationState("expired", expires_on)
    return ExaminationState("soon" if expires_on <= today + timedelta(days=EXPIRES_SOON_DAYS) else "holds", expires_on)


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """A conflict as it concerns one person. `is_derived`: the own account of somebody in their team, declared by nobody."""

    conflict: Conflict
    kind: Promise | str
    is_derived: bool
    holds: bool


@dataclass(frozen=True, slots=True)
class PersonPage:
    """Everything about one person. `conflicts` None: the reader may not see them."""

    row: PersonRow
    memberships: tuple[Membership, ...]
    absences: tuple[Absence, ...]
    examinations: tuple[Examination, ...]
    conflicts: tuple[ConflictRow, ...] | None


def person_page(username: str, *, today: date, with_conflicts: bool) -> PersonPage | None:
    """Return a person's page, None if there is nobody of that name."""
    person = User.objects.prefetch_related("groups").filter(username=username).first()
    if person is None:
        return None
    (row,) = person_rows([person], today=today)
    memberships = Membership.objects.filter(user=person).select_related("team").order_by("-since", "-pk")
    examinations = Examination.objects.filter(user=person).select_related("recorded_by").order_by("-passed_on")
    return PersonPage(
        row=row,
        memberships=tuple(memberships),
        absences=tuple(Absence.objects.filter(user=person, last_day__gte=today - timedelta(days=30)).order_by("first_day")),
        examinations=tuple(examinations),
        conflicts=_conflict_rows(person.pk, today) if with_conflicts else None,
    )


def _conflict_rows(user_id: int, today: date) -> tuple[ConflictRow, ...]:
    holding = {row.pk: row for row in conflicts_on(user_id, today).select_related("declared_by")}
    own = Conflict.objects.filter(user_id=user_id).select_related("declared_by").order_by("-since", "-pk")
    rows = [ConflictRow(row, row.get_kind_display(), False, row.pk in holding) for row in own]
    derived = [row for row in holding.values() if row.user_id != user_id]
    return tuple(rows + [ConflictRow(row, Conflict.Kind.COLLEAGUE.label, True, True) for row in derived])


@dataclass(frozen=True, slots=True)
class TeamRow:
    """A team as lists show it. `products` empty: the whole book."""

    team: Team
    members: tuple[Member, ...]
    products: tuple[str, ...]

    @property
    def capacity(self) -> int:
        """Accounts it can work today."""
        return sum(member.capacity for member in self.members)

    @property
    def full_capacity(self) -> int:
        """Accounts it could work with everybody there."""
        return sum(member.daily_capacity for member in self.members)

    @property
    def absent(self) -> int:
        """Members who are away today."""
        return sum(member.is_absent for member in self.members)


def team_rows(*, today: date, team_id: int | None = None) -> tuple[TeamRow, ...]:
    """Return all teams, or one, the open ones first; four queries."""
    teams = Team.objects.select_related("lead").order_by("-is_open", "name")
    found = list(teams if team_id is None else teams.filter(pk=team_id))
    members = members_on([team.pk for team in found], today)
    products: dict[int, list[str]] = defaultdict(list)
    rows = PortfolioScope.objects.filter(team_id__in=[team.pk for team in found]).order_by("product_code")
    for owner, code in rows.values_list("team_id", "product_code"):
        products[owner or 0].append(code)
    return tuple(TeamRow(team, members.get(team.pk, ()), tuple(products[team.pk])) for team in found)


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A membership that lasts or begins later, with the member as they stand today."""

    membership: Membership
    name: str
    is_absent: bool
    is_later: bool


@dataclass(frozen=True, slots=True)
class TeamPage:
    """One team: its members now and later; `former` counts those who left."""

    row: TeamRow
    members: tuple[MemberRow, ...]
    former: int


def team_page(team_id: int, *, today: date) -> TeamPage | None:
    """Return a team's page, None if there is no such team."""
    rows = team_rows(today=today, team_id=team_id)
    if not rows:
        return None
    absent = {member.user_id for member in rows[0].members if member.is_absent}
    every = list(Membership.objects.filter(team_id=team_id).select_related("user").order_by("user__username", "since"))
    lasting = [row for row in every if row.until is None or row.until >= today]
    members = (
        MemberRow(row, row.user.get_full_name() or row.user.get_username(), row.user_id in absent, row.since > today)
        for row in lasting
    )
    return TeamPage(rows[0], tuple(members), len(every) - len(lasting))


def person_choices() -> list[tuple[str, str]]:
    """Return the active people as a form offers them: user name and name."""
    people: Any = User.objects.filter(is_active=True).order_by("username")
    return [(person.username, f"{person.get_full_name()} · {person.username}".lstrip(" ·")) for person in people]

"""Roles as groups, and the demo people of a first run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.contrib.auth.models import Group, User
from django.db import transaction

from riskops.shared import audit
from riskops.shared.models import Examination, Team
from riskops.shared.people.examinations import record_examination
from riskops.shared.people.teams import TeamSettings, add_member, save_team
from riskops.shared.roles import Role

#: One person per role, and a second of compliance, who approves what the first proposes.
#: The password is the user name followed by "-demo".
DEMO_PEOPLE: Final[dict[str, tuple[str, str, Role]]] = {
    "analyst": ("Lin", "Analyst", Role.ANALYST),
    "lead": ("Mei", "Lead", Role.TEAM_LEAD),
    "approver": ("Otto", "Approver", Role.APPROVER),
    "legal": ("Rosa", "Legal", Role.LEGAL),
    "manager": ("Nils", "Manager", Role.MANAGER),
    "compliance": ("Hana", "Compliance", Role.COMPLIANCE),
    "compliance2": ("Iris", "Compliance", Role.COMPLIANCE),
    "agency": ("Ivo", "Agency", Role.AGENCY),
    "admin": ("Ada", "Admin", Role.ADMINISTRATOR),
    "service": ("Batch", "Service", Role.SERVICE),
}


#: The demo teams, with their leads and members: user names with their capacity a day.
DEMO_TEAMS: Final[tuple[tuple[TeamSettings, dict[str, int]], ...]] = (
    (TeamSettings("Early collections", Team.Kind.COLLECTIONS, "lead"), {"lead": 20, "analyst": 60}),
    (TeamSettings("Limits and reviews", Team.Kind.REVIEW, "approver"), {"approver": 15, "analyst": 10}),
    (TeamSettings("Letters and courts", Team.Kind.LEGAL, "legal"), {"legal": 12}),
    (TeamSettings("Conduct desk", Team.Kind.COMPLIANCE, "compliance"), {"compliance": 0, "compliance2": 0}),
    (TeamSettings("Harbour agency", Team.Kind.AGENCY, "lead"), {"agency": 40}),
)
#: Who has passed the examination of those who call customers; the agency's collector still has to.
DEMO_EXAMINED: Final = ("analyst", "lead", "legal")


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """What to type at the log-in page."""

    user_name: str
    password: str
    role: Role
    is_new: bool


def seed_roles(*, using: str = "default") -> None:
    """Make sure that each role has its group."""
    known = set(Group.objects.using(using).values_list("name", flat=True))
    Group.objects.using(using).bulk_create([Group(name=role.value) for role in Role if role.value not in known])


@transaction.atomic
def make_demo_people(*, today: date) -> list[DemoLogin]:
    """Create the demo people and teams that are missing and return all people; existing ones keep password, roles and teams."""
    seed_roles()
    logins = []
    for user_name, (first, last, role) in DEMO_PEOPLE.items():
        user, is_new = User.objects.get_or_create(username=user_name, defaults={"first_name": first, "last_name": last})
        password = f"{user_name}-demo"
        if is_new:
            user.set_password(password)
            user.save()
            user.groups.add(Group.objects.get(name=role.value))
            made = {"roles": [role.value]}
            audit.record(actor=audit.COMMAND, action="people.manage", subject_type="user", subject_key=user_name, after=made)
        logins.append(DemoLogin(user_name, password, role, is_new))
    if not Team.objects.exists():
        _make_demo_teams(today)
    return logins


def _make_demo_teams(today: date) -> None:
    """Create the demo teams, put their people in, and record a first examination of those who call."""
    for settings, members in DEMO_TEAMS:
        team = save_team(actor=audit.COMMAND, settings=settings)
        for username, capacity in members.items():
            add_member(actor=audit.COMMAND, team_id=team.pk, username=username, since=today, daily_capacity=capacity)
    for username in DEMO_EXAMINED:
        subject = Examination.Subject.COLLECTIONS
        record_examination(actor=audit.COMMAND, username=username, subject=subject, passed_on=today, today=today)

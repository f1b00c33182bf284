"""Who works at the simulated lender: played people, who cannot log in. Each is made on the day they first do something."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Final

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from riskops.shared.audit import COMMAND, Actor, record
from riskops.shared.models import Examination
from riskops.shared.people.examinations import record_examination
from riskops.shared.roles import Role

ANALYSTS: Final = ("sim-an", "sim-bo", "sim-cai")
LEAD: Final = "sim-dai"
APPROVER: Final = "sim-en"
LEGAL: Final = "sim-fang"
MANAGER: Final = "sim-guo"
COMPLIANCE: Final = "sim-hua"
#: Those of the agencies, by the agency's code.
COLLECTORS: Final = {"sim-north": "sim-ivo", "sim-south": "sim-jun"}
#: Who is trained for vulnerable customers.
TRAINED: Final = (ANALYSTS[0], LEAD)

_PEOPLE: Final[dict[str, tuple[str, Role]]] = {
    ANALYSTS[0]: ("An", Role.ANALYST),
    ANALYSTS[1]: ("Bo", Role.ANALYST),
    ANALYSTS[2]: ("Cai", Role.ANALYST),
    LEAD: ("Dai", Role.TEAM_LEAD),
    APPROVER: ("En", Role.APPROVER),
    LEGAL: ("Fang", Role.LEGAL),
    MANAGER: ("Guo", Role.MANAGER),
    COMPLIANCE: ("Hua", Role.COMPLIANCE),
    COLLECTORS["sim-north"]: ("Ivo", Role.AGENCY),
    COLLECTORS["sim-south"]: ("Jun", Role.AGENCY),
}
#: An examination that ends within so many days is taken anew.
_AHEAD: Final = timedelta(days=35)


class Staff:
    """The played people of one build."""

    def __init__(self) -> None:
        self._actors: dict[str, Actor] = {}

    def actor(self, username: str) -> Actor:
        """Return somebody as who acts; made with their role, and without a password, if they are not there yet."""
        if username not in self._actors:
            first_name, role = _PEOPLE[username]
            users = get_user_model().objects
            user, is_new = users.get_or_create(username=username, defaults={"first_name": first_name, "last_name": "(simulated)"})
            if is_new:
                user.set_unusable_password()
                user.save(update_fields=["password"])
                user.groups.add(Group.objects.get_or_create(name=role.value)[0])
                made = {"roles": [role.value]}
                record(actor=COMMAND, action="people.manage", subject_type="user", subject_key=username, after=made)
            self._actors[username] = Actor.of(user)
        return self._actors[username]

    def analyst(self, draw: Random) -> Actor:
        """Return one of the analysts, by chance."""
        return self.actor(draw.choice(ANALYSTS))

    def examine(self, usernames: Iterable[str], subject: str, *, on: date) -> None:
        """Have those pass an examination whose last one ends soon, or who never passed one."""
        holding = Examination.objects.filter(subject=subject, passed_on__lte=on, expires_on__gt=on + _AHEAD)
        fit = set(holding.values_list("user__username", flat=True))
        for username in sorted(set(usernames) - fit):
            self.actor(username)
            record_examination(actor=self.actor(MANAGER), username=username, subject=subject, passed_on=on, today=on)

"""For whom a person may act, beyond what the role table says: leads for their own, managers and administrators for all."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth import get_user_model

from riskops.shared.audit import Actor
from riskops.shared.people.models import Membership, Team
from riskops.shared.people.refusals import NotForYourself, NotYourPerson, NotYourTeam, PersonUnknown
from riskops.shared.roles import Role, roles_of

_FOR_ALL: Final = frozenset({Role.MANAGER, Role.ADMINISTRATOR})


def active_person(username: str) -> Any:
    """Return the active user of a name.

    :raises PersonUnknown: there is none
    """
    person = get_user_model().objects.filter(username=username, is_active=True).first()
    if person is None:
        raise PersonUnknown(username)
    return person


def roles_of_actor(actor: Actor) -> frozenset[Role]:
    """Return the roles of whoever acts; those of a machine are none."""
    person = get_user_model().objects.filter(pk=actor.user_id).first() if actor.user_id is not None else None
    return roles_of(person) if person is not None else frozenset()


def refuse_other_teams(actor: Actor, team: Team) -> None:
    """Refuse to act for a team that one does not lead; managers, administrators and machines act for all.

    :raises NotYourTeam: somebody else leads it
    """
    if actor.user_id is None or team.lead_id == actor.user_id or roles_of_actor(actor) & _FOR_ALL:
        return
    raise NotYourTeam(team.name)


def refuse_other_people(actor: Actor, person: Any, *, also: frozenset[Role] = frozenset()) -> None:
    """Refuse to act for somebody who is in no team that one leads; managers, administrators, `also` and machines act for all.

    :raises NotYourPerson: others are responsible for the person
    """
    if actor.user_id is None or roles_of_actor(actor) & (_FOR_ALL | also):
        return
    # A membership that has ended keeps its lead responsible for what is found out later.
    if not Membership.objects.filter(user_id=person.pk, team__lead_id=actor.user_id).exists():
        raise NotYourPerson(person.get_username())


def refuse_oneself(actor: Actor, person: Any) -> None:
    """Refuse what another person must do.

    :raises NotForYourself: whoever acts is the person it is about
    """
    if actor.user_id == person.pk:
        raise NotForYourself

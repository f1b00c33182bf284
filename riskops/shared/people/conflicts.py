"""Conflicts of interest: who must not work on which customer."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from riskops.shared.audit import Actor, record
from riskops.shared.operations import DECLARE_CONFLICT, DECLARE_FOR_OTHERS, END_CONFLICT
from riskops.shared.people.book import book
from riskops.shared.people.models import Conflict, Membership, Team
from riskops.shared.people.refusals import (
    ConflictDeclared,
    ConflictDeclaredAlready,
    ConflictOver,
    CustomerUnknown,
    DayBeforeToday,
    ReasonMissing,
)
from riskops.shared.people.rights import active_person, refuse_oneself, refuse_other_people, roles_of_actor
from riskops.shared.request_context import once_a_request
from riskops.shared.roles import OPERATIONS, Role
from riskops.shared.scope import current
from riskops.shared.sql import fetch

#: Names of others that a refusal offers.
MOST_TAKERS: Final = 3


def person_id(user: Any) -> int | None:
    """Return the id of a user or an `Actor`, None for a machine."""
    found: int | None = user.user_id if hasattr(user, "user_id") else user.pk
    return found


# As text: it is asked before nearly everything, and Django takes longer to build it than the database to answer it.
# The own accounts of everybody who is in a team with the person that day count: colleagues, without anyone declaring it.
_STANDING: Final = f"""
    FROM {Conflict._meta.db_table} AS c
    WHERE c.since <= %s AND (c.until IS NULL OR c.until >= %s)
      AND (c.user_id = %s OR (c.kind = '{Conflict.Kind.OWN}' AND c.user_id IN (
          SELECT mate.user_id FROM {Membership._meta.db_table} AS mine
          JOIN {Membership._meta.db_table} AS mate ON mate.team_id = mine.team_id
          WHERE mine.user_id = %s AND mine.since <= %s AND (mine.until IS NULL OR mine.until >= %s)
            AND mate.since <= %s AND (mate.until IS NULL OR mate.until >= %s))))"""


def _standing(user_id: int, on: date) -> tuple[Any, ...]:
    """Return the parameters of `_STANDING`."""
    return (on, on, user_id, user_id, on, on, on, on)


def conflicts_on(user_id: int, on: date) -> QuerySet[Conflict]:
    """Return what stands between a person and customers on a day: declared of them, or their colleagues' own accounts."""
    return Conflict.objects.filter(pk__in=RawSQL(f"SELECT c.id{_STANDING}", _standing(user_id, on)))


def conflicted_customers(user: Any, *, on: date | None = None) -> frozenset[int]:
    """Return the ids of the customers whom a person (or actor) must not work on; for passing them over in a list."""
    user_id = person_id(user)
    if user_id is None:
        return frozenset()
    day = on or timezone.localdate()

    def ask() -> frozenset[int]:
        return frozenset(customer_id for (customer_id,) in fetch(f"SELECT c.customer_id{_STANDING}", _standing(user_id, day)))

    return once_a_request(("conflicted", user_id, day), ask)


def refuse_conflict(user: Any, customer_id: int, *, on: date | None = None) -> None:
    """Refuse work on a customer whom the person (a user or an `Actor`) has a conflict with. A machine has none.

    :raises ConflictDeclared: says which, until when, and who can take over
    """
    user_id = person_id(user)
    if user_id is None:
        return
    day = on or timezone.localdate()
    # Own before relative before colleague: what is nearest is said.
    order = list(Conflict.Kind.values)
    found = sorted(
        conflicts_on(user_id, day).filter(customer_id=customer_id),
        key=lambda conflict: (conflict.user_id != user_id, order.index(conflict.kind)),
    )
    if not found:
        return
    nearest = found[0]
    kind = nearest.kind if nearest.user_id == user_id else Conflict.Kind.COLLEAGUE
    raise ConflictDeclared(kind=kind, until=nearest.until, takers=takers(user_id, customer_id, on=day))


def takers(user_id: int, customer_id: int, *, on: date) -> tuple[str, ...]:
    """Return the names of people who can take a customer over: leads of the person's teams, others in them, other leads."""
    teams = list(current(Membership.objects.filter(user_id=user_id), on).values_list("team_id", flat=True))
    leads = list(Team.objects.filter(is_open=True, lead__isnull=False).values_list("pk", "lead_id"))
    mates = list(current(Membership.objects.filter(team_id__in=teams), on).values_list("user_id", flat=True))
    wanted = [lead for team, lead in leads if team in teams] + mates + [lead for team, lead in leads if team not in teams]
    people = get_user_model().objects.filter(pk__in=wanted, is_active=True).exclude(pk=user_id).in_bulk()
    names: list[str] = []
    for other in dict.fromkeys(wanted):
        if len(names) == MOST_TAKERS:
            break
        if other in people and not conflicts_on(int(other or 0), on).filter(customer_id=customer_id).exists():
            names.append(people[other].get_full_name() or people[other].get_username())
    return tuple(names)


@transaction.atomic
def declare_conflict(
    *, actor: Actor, username: str, customer_no: str, kind: str, today: date, until: date | None = None
) -> Conflict:
    """Declare that a person must not work on a customer, from today: one's own conflict, or that of somebody else.

    :param until: the last day it holds; None for no end
    :raises PersonUnknown, CustomerUnknown: there is none
    :raises NotYourPerson: not for that person
    :raises DayBeforeToday: it would have ended already
    :raises ConflictDeclaredAlready: the same stands already, and lasts as long
    """
    person = active_person(username)
    is_own = actor.user_id == person.pk
    if not is_own and actor.user_id is not None:
        # The role table lets nearly everybody declare; for others, only these.
        may_for_others = OPERATIONS[DECLARE_FOR_OTHERS].roles & roles_of_actor(actor)
        refuse_other_people(actor, person, also=may_for_others & {Role.COMPLIANCE})
    number = customer_no.strip()
    customer_id = book().customer_id_of(number)
    if customer_id is None:
        raise CustomerUnknown(number)
    if until is not None and until < today:
        raise DayBeforeToday(until, today)
    type(person).objects.select_for_update().filter(pk=person.pk).first()
    standing = current(Conflict.objects.filter(user=person, customer_id=customer_id, kind=kind), today).first()
    if standing is not None and (standing.until is None or (until is not None and standing.until >= until)):
        raise ConflictDeclaredAlready(number, standing.until)
    conflict = Conflict.objects.create(
        user=person,
        kind=Conflict.Kind(kind),
        customer_id=customer_id,
        customer_no=number,
        since=today,
        until=until,
        declared_by_id=actor.user_id,
    )
    record(
        actor=actor,
        action=DECLARE_CONFLICT if is_own else DECLARE_FOR_OTHERS,
        subject_type="user",
        subject_key=username,
        after=_as_recorded(conflict),
    )
    return conflict


@transaction.atomic
def end_conflict(*, actor: Actor, conflict_id: int, last_day: date, today: date, reason: str) -> Conflict:
    """Have a conflict of somebody else end on a day, today at the earliest.

    :raises ConflictOver: there is none that still holds
    :raises NotForYourself: nobody frees themself
    :raises ReasonMissing, DayBeforeToday: a value that cannot be
    """
    conflict = Conflict.objects.select_for_update(of=("self",)).select_related("user").filter(pk=conflict_id).first()
    if conflict is None or (conflict.until is not None and conflict.until < today):
        raise ConflictOver(conflict_id)
    refuse_oneself(actor, conflict.user)
    if not reason.strip():
        raise ReasonMissing
    if last_day < today:
        raise DayBeforeToday(last_day, today)
    before = _as_recorded(conflict)
    conflict.until = last_day
    conflict.save(update_fields=["until"])
    record(
        actor=actor,
        action=END_CONFLICT,
        subject_type="user",
        subject_key=conflict.user.get_username(),
        before=before,
        after=_as_recorded(conflict),
        reason=reason.strip(),
    )
    return conflict


def _as_recorded(conflict: Conflict) -> dict[str, Any]:
    until = conflict.until.isoformat() if conflict.until else None
    return {"customer_no": conflict.customer_no, "kind": str(conflict.kind), "until": until}

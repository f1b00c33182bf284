"""A queue shared out among the people who can work it today: by load, with caps, without those who are away."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from accounts.models import Product
from casework.models import Claim, Queue, Vulnerability, WorkItem, WorkRecord
from casework.operations.handing_back import hand_back
from casework.operations.work_refusals import QueueUnknown
from casework.rules.loads import Hand, share_out
from casework.trained import trained_people
from casework.work_roles import NEXT_WORK, SHARE_OUT_WORK
from riskops.shared.audit import Actor, record
from riskops.shared.models import Team
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.people.examinations import refuse_without_examination
from riskops.shared.people.refusals import ExaminationExpired
from riskops.shared.people.rights import refuse_other_teams
from riskops.shared.people.teams import members_on
from riskops.shared.roles import may
from riskops.shared.scope import scope_of

#: Items looked at; teams are smaller than that.
MOST_SHARED: Final = 5_000


@dataclass(frozen=True, slots=True)
class SharedOut:
    """What became of it: items by user name, and how many were taken back from people who are away today."""

    by_person: dict[str, int]
    taken_back: int


@transaction.atomic
def share_out_queue(*, actor: Actor, code: str, now: datetime) -> SharedOut:
    """Assign the first unassigned items of a queue to its team, each person up to what they can still work today.

    What is assigned to people who are away today, or are here no more, is taken back first (`hand_back`). Accounts of one
    customer go to one person; nobody gets a customer whom they have a conflict with, may not see or are not trained for, and
    nobody gets any without a role that works accounts and an examination that holds.

    :raises QueueUnknown: there is no such open queue
    :raises NotYourTeam: somebody else leads the queue's team
    """
    queue = Queue.objects.filter(code=code, is_open=True).select_related("team").first()
    if queue is None:
        raise QueueUnknown(code)
    teams = [queue.team] if queue.team else list(Team.objects.filter(is_open=True, kind=queue.owner_kind))
    for team in teams:
        refuse_other_teams(actor, team)
    today = timezone.localdate(now)
    members = {m.user_id: m for found in members_on([team.pk for team in teams], today).values() for m in found}
    assigned = WorkItem.objects.filter(assigned_to__in=members, status=WorkItem.Status.OPEN)
    # Whoever they are: it may have been assigned by hand to somebody of another team, or before they left this one.
    taken_back = hand_back(actor=actor, now=now, among=Q(queue=queue))
    loads = dict(assigned.order_by().values_list("assigned_to").annotate(Count("id")))
    midnight = timezone.make_aware(datetime.combine(today, time()), timezone.get_current_timezone())
    done = WorkRecord.objects.filter(
        user__in=members, act=WorkRecord.Act.OUTCOME, undone_at=None, recorded_at__gte=midnight
    ).order_by()
    worked = dict(done.values_list("user_id").annotate(Count("id")))
    trained = trained_people(today)
    with_care = frozenset(Vulnerability.objects.filter(ended_at=None).values_list("customer_id", flat=True))
    hands = [
        Hand(
            user_id,
            member.capacity,
            loads.get(user_id, 0) + worked.get(user_id, 0),
            conflicted_customers(Actor(member.username, user_id), on=today) | (frozenset() if user_id in trained else with_care),
            products,
        )
        for user_id, member in sorted(members.items())
        if member.capacity and (products := _sight(user_id, today)) != frozenset()
    ]
    in_hand = Claim.objects.filter(lease_until__gt=now).values("customer_id")
    # What is escalated is a lead's to take, or to give to somebody by name.
    free = WorkItem.objects.filter(queue=queue, status=WorkItem.Status.OPEN, blocked_by="", assigned_to=None, is_escalated=False)
    rows = free.exclude(customer_id__in=in_hand).order_by("-rank", "pk").select_for_update(skip_locked=True, of=("self",))
    given = share_out(list(rows.values_list("pk", "customer_id", "product_id")[:MOST_SHARED]), hands)
    by_user: dict[int, list[int]] = defaultdict(list)
    for item_id, user_id in given.items():
        by_user[user_id].append(item_id)
    for user_id, items in by_user.items():
        WorkItem.objects.filter(pk__in=items).update(assigned_to=user_id, version=F("version") + 1)
    result = SharedOut({members[user_id].username: len(items) for user_id, items in sorted(by_user.items())}, taken_back)
    record(
        actor=actor,
        action=SHARE_OUT_WORK,
        subject_type="queue",
        subject_key=queue.code,
        after={"assigned": result.by_person, "taken_back": taken_back},
    )
    return result


def _sight(user_id: int, today: date) -> frozenset[int] | None:
    """Return the ids of the products whose accounts a person may work on today, None for all; empty if they may work on none."""
    person = get_user_model().objects.get(pk=user_id)
    try:
        refuse_without_examination(person, on=today)
    except ExaminationExpired:
        return frozenset()
    if not may(person, NEXT_WORK):
        return frozenset()
    scope = scope_of(person)
    if scope.products is None:
        return None
    return frozenset(Product.objects.filter(product_code__in=scope.products).values_list("pk", flat=True))

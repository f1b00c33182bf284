"""What lies with people who are away, or are here no more, goes back to its queue, where others take it; what was escalated to
them goes to another lead who is there.

The close does so over its shard, the entering of an absence that covers today for one person, sharing out for one queue: by the
same statements, a line for each item. What somebody has in hand stays where it is until the lease has ended.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import Product
from accounts.queries.entries import in_chunks
from casework.models import Claim, Vulnerability, WorkItem, WorkRecord
from casework.operations.acting import kept_values
from casework.operations.leads import leads_of, seeing, sights_of
from casework.trained import trained_people
from casework.work_roles import HAND_BACK
from riskops.shared.audit import Actor, line, record_all
from riskops.shared.people.conflicts import conflicts_on
from riskops.shared.people.teams import away_on

Status = WorkItem.Status


def lying_with(user_ids: Collection[int], *, among: Q, now: datetime) -> QuerySet[WorkItem]:
    """Return what lies with some people and is in nobody's hand, asleep or awake. Asked by the words of its index."""
    in_hand = Claim.objects.filter(customer_id=OuterRef("customer_id"), lease_until__gt=now)
    running = Q(assigned_to__isnull=False, status__in=[Status.OPEN, Status.SNOOZED])
    return WorkItem.objects.filter(among, running, ~Exists(in_hand), assigned_to__in=user_ids)


@transaction.atomic
def hand_back(*, actor: Actor, now: datetime, among: Q, run_id: int | None = None) -> int:
    """Take, of some items, what lies with people who are away today or no longer active, and return how many were taken.

    Asleep or awake. One that was escalated stays so: another lead of its queue gets it, and where none is there it is nobody's.

    :param among: which items are looked at
    :param run_id: the close that does so, for the audit trail
    """
    today = timezone.localdate(now)
    gone = away_on(today) | set(get_user_model().objects.filter(is_active=False).values_list("pk", flat=True))
    if not gone:
        return 0
    # Held: whoever wants one of them at this moment waits, and finds it with somebody else or nobody.
    lying = lying_with(gone, among=among, now=now).select_related("account", "queue")
    items = list(lying.order_by("pk").select_for_update(of=("self",)))
    takers = _takers(items, gone, today)
    for taker in sorted(set(takers.values()), key=lambda lead_id: lead_id or 0):
        for chunk in in_chunks(pk for pk, lead_id in takers.items() if lead_id == taker):
            WorkItem.objects.filter(pk__in=chunk).update(assigned_to=taker, version=F("version") + 1)
    WorkRecord.objects.bulk_create(
        (
            WorkRecord(
                item=item,
                queue_id=item.queue_id,
                user_id=item.assigned_to_id,
                act=WorkRecord.Act.HAND_BACK,
                recorded_at=now,
                before=kept_values(item),
                version_after=item.version + 1,
            )
            for item in items
        ),
        batch_size=500,
    )
    record_all(
        line(
            actor=actor,
            action=HAND_BACK,
            subject_type="account",
            subject_key=item.account.account_no,
            account_id=item.account_id,
            before={"assigned_to_id": item.assigned_to_id, "is_escalated": item.is_escalated},
            after={"assigned_to_id": takers[item.pk], "is_escalated": item.is_escalated, "queue": item.queue.code},
            run_id=run_id,
        )
        for item in items
    )
    return len(items)


def _takers(items: Collection[WorkItem], gone: Collection[int], today: date) -> dict[int, int | None]:
    """Return by item the lead to whom it would be escalated today; None for what was not escalated, or if nobody is there."""
    escalated = [item for item in items if item.is_escalated]
    queues = {item.queue_id: item.queue for item in escalated}
    there = {pk: [lead_id for lead_id in leads_of(queue) if lead_id not in gone] for pk, queue in queues.items()}
    leads = {lead_id for of_queue in there.values() for lead_id in of_queue}
    sights = sights_of(leads)
    codes = dict(Product.objects.filter(pk__in={item.product_id for item in escalated}).values_list("pk", "product_code"))
    conflicts = {lead_id: set(conflicts_on(lead_id, today).values_list("customer_id", flat=True)) for lead_id in leads}
    takers: dict[int, int | None] = dict.fromkeys(item.pk for item in items)
    of_escalated = Vulnerability.objects.filter(customer_id__in={item.customer_id for item in escalated}, ended_at=None)
    with_care = set(of_escalated.values_list("customer_id", flat=True)) if escalated else set()
    trained = trained_people(today) if with_care else frozenset()
    for item in escalated:
        in_sight = seeing(there[item.queue_id], codes[item.product_id], sights)
        able = (lead for lead in in_sight if item.customer_id not in with_care or lead in trained)
        takers[item.pk] = next((lead for lead in able if item.customer_id not in conflicts[lead]), None)
    return takers


def hand_back_of_absent(*, user_id: int, first_day: date, last_day: date, actor: Actor, **_more: object) -> None:
    """Hear that an absence was entered (riskops/shared/people/events.py): one that covers today takes effect at once."""
    now = timezone.now()
    if first_day <= timezone.localdate(now) <= last_day:
        hand_back(actor=actor, now=now, among=Q(assigned_to=user_id))

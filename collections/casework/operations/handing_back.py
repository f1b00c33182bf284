"""What lies with people who are away, or are here no more, goes back to its queue, where others take it.

The close does so over its shard, the entering of an absence that covers today for one person, sharing out for one queue: by the
same statements, a line for each item. What somebody has in hand stays where it is until the lease has ended.
"""

from __future__ import annotations

from datetime import date, datetime

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from accounts.queries.entries import in_chunks
from casework.models import Claim, WorkItem, WorkRecord
from casework.operations.acting import kept_values
from casework.work_roles import HAND_BACK
from riskops.shared.audit import Actor, line, record_all
from riskops.shared.people.teams import away_on

Status = WorkItem.Status


@transaction.atomic
def hand_back(*, actor: Actor, now: datetime, among: Q, run_id: int | None = None) -> int:
    """Take, of some items, what lies with people who are away today or no longer active, and return how many were taken.

    Asleep or awake; one that was escalated is so no longer, since nobody has seen to it.

    :param among: which items are looked at
    :param run_id: the close that does so, for the audit trail
    """
    gone = away_on(timezone.localdate(now)) | set(get_user_model().objects.filter(is_active=False).values_list("pk", flat=True))
    if not gone:
        return 0
    in_hand = Claim.objects.filter(customer_id=OuterRef("customer_id"), lease_until__gt=now)
    lying = WorkItem.objects.filter(among, ~Exists(in_hand), assigned_to__in=gone, status__in=[Status.OPEN, Status.SNOOZED])
    # Held: whoever wants one of them at this moment waits, and finds it nobody's.
    items = list(lying.select_related("account", "queue").order_by("pk").select_for_update(of=("self",)))
    for chunk in in_chunks(item.pk for item in items):
        WorkItem.objects.filter(pk__in=chunk).update(assigned_to=None, is_escalated=False, version=F("version") + 1)
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
            before={"assigned_to_id": item.assigned_to_id},
            after={"assigned_to_id": None, "queue": item.queue.code},
            run_id=run_id,
        )
        for item in items
    )
    return len(items)


def hand_back_of_absent(*, user_id: int, first_day: date, last_day: date, actor: Actor, **_more: object) -> None:
    """Hear that an absence was entered (riskops/shared/people/events.py): one that covers today takes effect at once."""
    now = timezone.now()
    if first_day <= timezone.localdate(now) <= last_day:
        hand_back(actor=actor, now=now, among=Q(assigned_to=user_id))

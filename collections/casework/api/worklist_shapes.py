"""What the worklist's API takes and gives. Amounts are decimals in the account's currency, as text."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from casework.models import Claim, Queue, WorkItem, WorkRecord
from casework.queries.worklist import Figures, WorkRow
from riskops.shared.money import minor_digits, plain_amount


class WorkRefusalShape(serializers.Serializer[Any]):
    """Why nothing was done."""

    code = serializers.CharField()
    about = serializers.CharField()
    detail = serializers.CharField()


class FiguresShape(serializers.Serializer[Any]):
    """What waits in a queue."""

    open = serializers.IntegerField()
    blocked = serializers.IntegerField()
    snoozed = serializers.IntegerField()
    oldest = serializers.DateTimeField(allow_null=True)
    due_today = serializers.IntegerField()
    late = serializers.IntegerField()


class QueueShape(serializers.Serializer[Any]):
    """A queue."""

    code = serializers.CharField()
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    kind = serializers.ChoiceField(Queue.Kind.choices)
    tiers = serializers.ListField(child=serializers.CharField())
    rule = serializers.CharField()
    order = serializers.ChoiceField(Queue.Order.choices)
    team = serializers.CharField()
    service_minutes = serializers.IntegerField(allow_null=True)
    ignored_blocks = serializers.ListField(child=serializers.CharField())
    position = serializers.IntegerField()
    is_open = serializers.BooleanField()
    is_of_policy = serializers.BooleanField()
    version = serializers.IntegerField()


class QueueWithFiguresShape(QueueShape):
    """A queue with what waits in it and what its people can work."""

    figures = FiguresShape()
    capacity = serializers.IntegerField()
    worked_today = serializers.IntegerField()
    effect_bp = serializers.IntegerField()
    minutes = serializers.IntegerField()
    measured_outcomes = serializers.IntegerField()
    prior_author = serializers.CharField()


class QueueRequest(serializers.Serializer[Any]):
    """A queue to be set up or changed; `version` is the one that was read, left out for a new queue."""

    code = serializers.CharField(max_length=40, required=False, default="")
    name_en = serializers.CharField(max_length=60)
    name_zh = serializers.CharField(max_length=60, required=False, default="", allow_blank=True)
    kind = serializers.ChoiceField(Queue.Kind.choices, required=False, default=Queue.Kind.DYNAMIC)
    rule = serializers.CharField(max_length=4_000, required=False, default="", allow_blank=True)
    order = serializers.ChoiceField(Queue.Order.choices, required=False, default=Queue.Order.PRIORITY)
    team = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    service_minutes = serializers.IntegerField(required=False, default=None, allow_null=True)
    ignored_blocks = serializers.ListField(child=serializers.CharField(max_length=40), required=False, default=list)
    position = serializers.IntegerField(required=False, default=100)
    is_open = serializers.BooleanField(required=False, default=True)
    version = serializers.IntegerField(required=False, default=None, allow_null=True)


class QueueListRequest(serializers.Serializer[Any]):
    """Accounts for, or off, the list of a fixed queue."""

    account_nos = serializers.ListField(child=serializers.CharField(max_length=64), max_length=5_000)
    remove = serializers.BooleanField(required=False, default=False)


class QueueListShape(serializers.Serializer[Any]):
    """What became of a list."""

    changed = serializers.IntegerField()
    unknown = serializers.ListField(child=serializers.CharField())


class SharedOutShape(serializers.Serializer[Any]):
    """What became of sharing a queue out."""

    assigned = serializers.DictField(child=serializers.IntegerField())
    taken_back = serializers.IntegerField()


class WorkItemShape(serializers.Serializer[Any]):
    """An account in a queue. `priority` is the expected loss avoided per minute of work, in major units."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    queue = serializers.CharField()
    account_no = serializers.CharField()
    currency = serializers.CharField()
    days_past_due = serializers.IntegerField()
    bucket = serializers.IntegerField()
    overdue = serializers.CharField()
    score = serializers.IntegerField(allow_null=True)
    tier = serializers.CharField()
    priority = serializers.CharField()
    boost_factor = serializers.IntegerField()
    due_at = serializers.DateTimeField(allow_null=True)
    service_minutes_left = serializers.IntegerField(allow_null=True, help_text="negative: overdrawn")
    clock_is_paused = serializers.BooleanField()
    blocked_by = serializers.CharField()
    assigned_to = serializers.CharField()
    is_escalated = serializers.BooleanField()
    is_handled_with_care = serializers.BooleanField(help_text="only people trained for vulnerable customers may work it")
    held_by = serializers.CharField()
    snoozed_until = serializers.DateTimeField(allow_null=True)


class WorkPageShape(serializers.Serializer[Any]):
    """A page of a queue; `next` goes into `after`."""

    queue = serializers.CharField()
    figures = FiguresShape(allow_null=True)
    results = WorkItemShape(many=True)
    next = serializers.CharField(allow_null=True)


class ClaimShape(serializers.Serializer[Any]):
    """What somebody has in hand: the token goes with every act, the items are all the customer's, the first one first."""

    token = serializers.CharField()
    claimed_at = serializers.DateTimeField()
    lease_until = serializers.DateTimeField()
    is_resumed = serializers.BooleanField()
    items = WorkItemShape(many=True)


class NextRequest(serializers.Serializer[Any]):
    """Which queue; empty: the one of the person's queues whose first item is worth most."""

    queue = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)


class TokenRequest(serializers.Serializer[Any]):
    """A claim."""

    token = serializers.CharField(max_length=32)


class LeaseShape(serializers.Serializer[Any]):
    """Until when a claim lasts; null: it was released."""

    lease_until = serializers.DateTimeField(allow_null=True)


class ActRequest(serializers.Serializer[Any]):
    """What every act comes with: the version of the item as it was seen, and the claim's token where there is one."""

    version = serializers.IntegerField()
    token = serializers.CharField(max_length=32, required=False, default="", allow_blank=True)


class OutcomeRequest(ActRequest):
    """An outcome."""

    outcome = serializers.CharField(max_length=20)
    remark = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)
    lateness_reason = serializers.CharField(
        max_length=20,
        required=False,
        default="",
        allow_blank=True,
        help_text="the code of why the customer is late; needed when they are spoken to and no reason stands in the case",
    )


class SnoozeRequest(ActRequest):
    """A moment, and what wakes the item before it."""

    until = serializers.DateTimeField(default_timezone=timezone.get_default_timezone())
    wake_on = serializers.ChoiceField(WorkItem.Wake.choices, required=False, default="", allow_blank=True)
    wake_days = serializers.IntegerField(required=False, default=None, allow_null=True)
    reason = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)


class ReasonRequest(ActRequest):
    """A reason."""

    reason = serializers.CharField(max_length=2_000, allow_blank=True)


class AssignRequest(ActRequest):
    """A person by user name; empty: nobody."""

    username = serializers.CharField(max_length=150, allow_blank=True)


class BoostRequest(ReasonRequest):
    """A factor until a day; 1 ends a boost."""

    factor = serializers.IntegerField()
    until = serializers.DateField()


class RecordShape(serializers.Serializer[Any]):
    """What was done; `id` is what an undo names, `version` the item's afterwards."""

    id = serializers.IntegerField()
    item = serializers.IntegerField()
    account_no = serializers.CharField()
    queue = serializers.CharField()
    act = serializers.CharField()
    outcome = serializers.CharField()
    by = serializers.CharField()
    recorded_at = serializers.DateTimeField()
    was_in_time = serializers.BooleanField(allow_null=True)
    is_undone = serializers.BooleanField()
    version = serializers.IntegerField()


def lacks() -> serializers.CharField:
    """Return the field of an outcome's answer for what lacks of its contact (casework/contact_hooks.py)."""
    about = "what lacks for the outcome, as the pages say it: no such contact of yours in the log, for one; empty: nothing"
    return serializers.CharField(allow_blank=True, help_text=about)


class OutcomeRecordShape(RecordShape):
    """An outcome that was recorded."""

    lacks = lacks()


class SkipShape(serializers.Serializer[Any]):
    """An item that was passed on."""

    account_no = serializers.CharField()
    queue = serializers.CharField()
    by = serializers.CharField()
    reason = serializers.CharField()
    recorded_at = serializers.DateTimeField()


class HandedBackShape(serializers.Serializer[Any]):
    """How many items of a queue came back on a day from somebody who was away."""

    on = serializers.DateField()
    queue = serializers.CharField()
    lay_with = serializers.CharField()
    items = serializers.IntegerField()


class BulkRequest(serializers.Serializer[Any]):
    """An action on many items: snooze (until, reason), assign (username), boost (factor, until, reason)."""

    action = serializers.ChoiceField(["snooze", "assign", "boost"])
    items = serializers.ListField(child=serializers.IntegerField(), max_length=1_000)
    until = serializers.DateField(required=False, default=None, allow_null=True)
    username = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
    factor = serializers.IntegerField(required=False, default=0)
    reason = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)
    reference = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)


class BlockedShape(serializers.Serializer[Any]):
    """A reason, and how many items it keeps out."""

    reason = serializers.CharField()
    count = serializers.IntegerField()


class BulkPreviewShape(serializers.Serializer[Any]):
    """What an action would meet."""

    selected = serializers.IntegerField()
    free = serializers.IntegerField()
    blocked = BlockedShape(many=True)


class BulkRowShape(serializers.Serializer[Any]):
    """What became of one item."""

    account_no = serializers.CharField()
    done = serializers.BooleanField()
    reason = serializers.CharField()
    record = serializers.IntegerField(allow_null=True)


class BulkShape(serializers.Serializer[Any]):
    """What became of each."""

    id = serializers.IntegerField()
    action = serializers.CharField()
    results = BulkRowShape(many=True)


class NoteShape(serializers.Serializer[Any]):
    """The note on an account; version 0: there is none."""

    version = serializers.IntegerField()
    text = serializers.CharField(allow_blank=True)
    by = serializers.CharField()


class NoteRequest(serializers.Serializer[Any]):
    """A text over the version that was read."""

    version = serializers.IntegerField()
    text = serializers.CharField(max_length=10_000, allow_blank=True)


class NoteRefusalShape(WorkRefusalShape):
    """Somebody else saved another text: theirs, and its version."""

    version = serializers.IntegerField()
    theirs = serializers.CharField()


class PriorShape(serializers.Serializer[Any]):
    """What is believed of a queue; "" stands for all without their own."""

    queue = serializers.CharField(allow_blank=True)
    effect_bp = serializers.IntegerField()
    minutes = serializers.IntegerField()


class WeightsShape(serializers.Serializer[Any]):
    """The weights in force. Shares in hundredths of a percent."""

    version = serializers.IntegerField()
    chance_bp = serializers.ListField(child=serializers.IntegerField(), min_length=8, max_length=8)
    loss_bp = serializers.IntegerField()
    least_outcomes = serializers.IntegerField()
    priors = PriorShape(many=True)
    author = serializers.CharField(read_only=True)
    reason = serializers.CharField(max_length=500)


class ViewShape(serializers.Serializer[Any]):
    """A saved view of the worklist."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=60)
    query = serializers.CharField(max_length=2_000, allow_blank=True)
    is_shared = serializers.BooleanField(required=False, default=False)
    is_own = serializers.BooleanField(read_only=True)


class PresenceShape(serializers.Serializer[Any]):
    """Who else has the account on screen."""

    others = serializers.ListField(child=serializers.CharField())


def queue_out(queue: Queue) -> dict[str, Any]:
    """Return a queue as the API gives it."""
    names = ("code", "name_en", "name_zh", "kind", "tiers", "rule", "order", "service_minutes", "ignored_blocks")
    more = ("position", "is_open", "is_of_policy", "version")
    return {name: getattr(queue, name) for name in names + more} | {"team": queue.team.name if queue.team else ""}


def figures_out(figures: Figures | None) -> dict[str, Any] | None:
    """Return a queue's figures."""
    names = ("open", "blocked", "snoozed", "oldest", "due_today", "late")
    return None if figures is None else {name: getattr(figures, name) for name in names}


def row_out(row: WorkRow) -> dict[str, Any]:
    """Return an item."""
    left = None if row.clock is None else -row.clock.minutes if row.clock.is_late else row.clock.minutes
    return {
        "id": row.item_id,
        "version": row.version,
        "queue": row.queue_code,
        "account_no": row.account_no,
        "currency": row.currency,
        "days_past_due": row.days_past_due,
        "bucket": row.bucket,
        "overdue": plain_amount(row.overdue_minor, digits=minor_digits(row.currency)),
        "score": row.score,
        "tier": row.tier,
        "priority": plain_amount(row.priority, digits=4),
        "boost_factor": row.boost_factor,
        "due_at": row.clock.due_at if row.clock else None,
        "service_minutes_left": left,
        "clock_is_paused": bool(row.clock and row.clock.is_paused),
        "blocked_by": str(row.block),
        "assigned_to": row.assigned_to,
        "is_escalated": row.is_escalated,
        "is_handled_with_care": bool(row.care),
        "held_by": row.held_by,
        "snoozed_until": row.snoozed_until,
    }


def claim_out(claim: Claim, rows: tuple[WorkRow, ...], *, is_resumed: bool) -> dict[str, Any]:
    """Return a claim with its items."""
    return {
        "token": claim.token,
        "claimed_at": claim.claimed_at,
        "lease_until": claim.lease_until,
        "is_resumed": is_resumed,
        "items": [row_out(row) for row in rows],
    }


def record_out(record: WorkRecord) -> dict[str, Any]:
    """Return what was done."""
    return {
        "id": record.pk,
        "item": record.item_id,
        "account_no": record.item.account.account_no,
        "queue": record.item.queue.code,
        "act": record.act,
        "outcome": record.outcome,
        "by": record.user.get_username() if record.user else "",
        "recorded_at": record.recorded_at,
        "was_in_time": record.was_in_time,
        "is_undone": record.undone_at is not None,
        "version": record.item.version,
    }

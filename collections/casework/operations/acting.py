"""What every act on an item has in common: it holds the item and refuses what is stale, writes what it did, and lets go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from casework.models import Claim, WorkItem, WorkRecord
from casework.operations.claiming import (
    hand_of,
    is_live,
    live_claim,
    locked_item,
    refuse_other_hand,
    refuse_unworkable,
    take_customer,
)
from casework.operations.work_refusals import ItemChanged, ItemNotOpen, ReasonMissing, TextTooLong
from casework.trained import refuse_untrained
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.people.examinations import refuse_without_examination
from riskops.shared.scope import Scope

Act = WorkRecord.Act
Status = WorkItem.Status
MOST_TEXT: Final = 2_000
#: What an undo brings back.
KEPT: Final = (
    "status", "assigned_to_id", "is_escalated", "snoozed_until", "wake_on", "wake_days", "asleep_since", "noted_broken",
    "outcome", "returns_on", "boost_factor", "boost_until",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What every act on an item comes with.

    :param version: of the item, as the person saw it
    :param token: of the claim the form was opened with; "" where it was not claimed
    """

    actor: Actor
    scope: Scope
    item_id: int
    version: int
    now: datetime
    token: str = ""

    @property
    def today(self) -> date:
        """The day of the wall clock."""
        return timezone.localdate(self.now)


@dataclass(frozen=True, slots=True)
class Hand:
    """An item held for an act, and since when the person had it in hand (None: they had not)."""

    item: WorkItem
    claim: Claim
    since: datetime | None


def hold(asked: Asked, *, needs_work: bool = True, needs_training: bool = True, ends_work: bool = False) -> Hand:
    """Return the item of an act, locked and in the person's hand.

    :param ends_work: it says what came of working: whoever has the customer in hand says so whatever came up since they took
        them, a block, or that the account left its queue; not twice
    :param needs_training: not where it is only given to somebody, or back; nor is an examination needed then
    :raises ItemUnknown, ConflictDeclared, TrainedStaffOnly: not this item
    :raises ExaminationExpired: whoever acts may not take work, and has not taken this
    :raises LeaseEnded, ClaimedByOther: it is not in the person's hand
    :raises ItemChanged, ItemNotOpen, ItemBlocked: it is not as it was seen
    """
    item = locked_item(asked.item_id, asked.scope)
    refuse_conflict(asked.actor, item.customer_id, on=asked.today)
    claim = live_claim(asked.actor, asked.token, asked.now) if asked.token else None
    if claim is not None and claim.customer_id != item.customer_id:
        claim = None
    refuse_other_hand(item.customer_id, asked.actor, asked.now)
    if claim is None:
        claim = Claim.objects.select_for_update().filter(customer_id=item.customer_id, user_id=hand_of(asked.actor)).first()
        claim = claim if claim is not None and is_live(claim, asked.now) else None
    is_at_work = ends_work and claim is not None
    has_left = claim is not None and ends_work and _has_left(item, asked, claim)
    if item.version != asked.version and not has_left:
        raise ItemChanged(item.account.account_no)
    if needs_work and not is_at_work:
        refuse_unworkable(item)
    elif item.status not in (Status.OPEN, Status.SNOOZED) and not has_left:
        raise ItemNotOpen(item.account.account_no, item.get_status_display())
    if claim is not None:
        # Whoever has the customer in hand finishes what they are at, though they became vulnerable meanwhile.
        return Hand(item, claim, claim.claimed_at)
    if needs_training:
        refuse_without_examination(asked.actor, on=asked.today)
        refuse_untrained(asked.actor, item.customer_id, on=asked.today)
    made = take_customer(asked.actor, item, asked.now)
    if made is None:
        refuse_other_hand(item.customer_id, asked.actor, asked.now)
        raise ItemChanged(item.account.account_no)
    return Hand(item, made, None)


def _has_left(item: WorkItem, asked: Asked, claim: Claim) -> bool:
    """Return whether an item left its queue while the person had it in hand, nobody having acted on it since they saw it."""
    if item.status != Status.GONE:
        return False
    if asked.version == item.version:
        return claim.item_id == item.pk
    acted = WorkRecord.objects.filter(item=item, version_after__gt=asked.version)
    return asked.version < item.version and not acted.exists()


def let_go(hand: Hand, asked: Asked, *, is_finished: bool) -> None:
    """Release the customer after an act, or go on to the next open item of theirs that the person had in hand."""
    claim = hand.claim
    if is_finished or hand.since is None:
        left = None
        if hand.since is not None:
            others = WorkItem.objects.filter(customer_id=hand.item.customer_id, status=Status.OPEN, blocked_by="")
            left = asked.scope.accounts(others.exclude(pk=hand.item.pk)).order_by("-priority", "pk").first()
        if left is None:
            Claim.objects.filter(pk=claim.pk, token=claim.token).delete()
            return
        claim.item_id, claim.claimed_at = left.pk, asked.now
    claim.lease_until = asked.now + timedelta(minutes=15)
    claim.save(update_fields=["item", "claimed_at", "lease_until"])


def kept_values(item: WorkItem) -> dict[str, Any]:
    """Return what an undo brings back, as a record keeps it."""
    values = {name: getattr(item, name) for name in KEPT}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def note_act(
    act: WorkRecord.Act,
    hand: Hand,
    asked: Asked,
    changes: dict[str, Any],
    *,
    action: str,
    said: str = "",
    promise_id: int | None = None,
    **more: Any,
) -> WorkRecord:
    """Write the changes of an item with their record and their line in the trail.

    :param promise_id: the promise taken with it, which has its own line
    """
    item, before = hand.item, kept_values(hand.item)
    for name, value in changes.items():
        setattr(item, name, value)
    item.version += 1
    if "boost_factor" in changes:
        item.rank = item.basis * item.boost_factor
        changes = {**changes, "rank": item.rank}
    item.save(update_fields=[*(name.removesuffix("_id") for name in changes), "version"])
    kept = kept_values(item)
    worked = None if hand.since is None else max(0, int((asked.now - hand.since).total_seconds()))
    made = WorkRecord.objects.create(
        item=item,
        queue_id=item.queue_id,
        user_id=asked.actor.user_id,
        act=act,
        said={"text": said} if said else None,
        recorded_at=asked.now,
        worked_seconds=worked if act == Act.OUTCOME else None,
        was_in_time=None if act != Act.OUTCOME or item.due_at is None else asked.now <= item.due_at,
        before=before,
        version_after=item.version,
        promise_id=promise_id,
        **more,
    )
    record(
        actor=asked.actor,
        action=action,
        subject_type="account",
        subject_key=item.account.account_no,
        account_id=item.account_id,
        before={name: before[name] for name in kept if kept[name] != before[name]},
        after={name: kept[name] for name in kept if kept[name] != before[name]} | {"queue": item.queue.code} | more,
        reason=said,
    )
    return made


def checked(text: str, *, is_needed: bool = True) -> str:
    """Return a reason without the blanks around it.

    :raises ReasonMissing, TextTooLong: it is none, or too much
    """
    text = text.strip()
    if is_needed and not text:
        raise ReasonMissing
    if len(text) > MOST_TEXT:
        raise TextTooLong(len(text), MOST_TEXT)
    return text

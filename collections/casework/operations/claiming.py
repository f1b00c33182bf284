"""Having an account in hand: the next one, one that was chosen, for fifteen minutes at a time, by one person only.

The claim is a row whose primary key is the customer; whoever's INSERT (or UPDATE of one whose lease has ended) counts has it.
Row locks that skip what others hold keep fifty people who ask at once from queueing up behind one item; they decide nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Product
from casework.blocks import block_label, kept_away_for_days, passing_reasons
from casework.bulk.waking import Looks, look_around, wake_rested
from casework.models import Claim, Queue, WorkItem, WorkRecord
from casework.operations.work_refusals import (
    ClaimedByOther,
    ItemBlocked,
    ItemNotOpen,
    ItemUnknown,
    LeaseEnded,
    NothingToTake,
    QueueUnknown,
    TooManyClaims,
)
from casework.trained import flagged, is_trained, left_to_trained, refuse_untrained
from casework.work_roles import CLAIM_WORK, NEXT_WORK, RELEASE_WORK, RENEW_WORK
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import conflicted_customers, refuse_conflict
from riskops.shared.people.examinations import refuse_without_examination
from riskops.shared.people.models import Membership
from riskops.shared.scope import Scope, current
from riskops.shared.sql import execute, moment

LEASE: Final = timedelta(minutes=15)
#: Customers that one person may have in hand at once.
MOST_CLAIMS: Final = 5
#: What was skipped stays out of the same person's way for so long.
SKIP_HOURS: Final = 16
#: Items looked at, a batch at a time, before the queues count as empty for this person.
_BATCH: Final = 20
_MOST_BATCHES: Final = 25
_CLAIMS: Final = Claim._meta.db_table


@dataclass(frozen=True, slots=True)
class Taken:
    """What somebody has in hand: the item asked for, the claim, and all open items of the same customer, that one first."""

    item: WorkItem
    claim: Claim
    items: tuple[WorkItem, ...]
    is_resumed: bool = False


def person_name(user_id: int | None) -> str:
    """Return what a person is called on screens."""
    person = get_user_model().objects.filter(pk=user_id).first() if user_id is not None else None
    return (person.get_full_name() or person.get_username()) if person else ""


def hand_of(actor: Actor) -> int:
    """Return the id of the person who acts; 0, which is nobody's, for a machine: it takes nothing in hand."""
    return actor.user_id or 0


def is_live(claim: Claim, now: datetime) -> bool:
    """Return whether a claim still holds."""
    return claim.lease_until > now


def own_queues(user_id: int, now: datetime, *, among: Sequence[Queue] | None = None) -> list[Queue]:
    """Return the open queues whose work is a person's: those of their teams, all for who is in no team.

    :param among: the open queues; None: they are read
    """
    queues = list(Queue.objects.filter(is_open=True) if among is None else among)
    day = timezone.localdate(now)
    teams = dict(
        current(Membership.objects.filter(user_id=user_id, team__is_open=True), day).values_list("team_id", "team__kind")
    )
    if not teams:
        return queues
    kinds = set(teams.values())
    return [
        queue
        for queue in queues
        if (queue.team_id in teams if queue.team_id else not queue.owner_kind or queue.owner_kind in kinds)
    ]


@transaction.atomic
def get_next(*, actor: Actor, scope: Scope, now: datetime, queue_code: str = "") -> Taken:
    """Claim the next account for a person and return it with its related ones; the one they have in hand, if any, is next.

    What is blocked, assigned to somebody else, in somebody's hand, out of scope, in conflict with the person, left to trained
    staff or skipped by them lately is passed over. What is assigned to them comes first.

    :param queue_code: the queue; "" for the one of the person's queues whose first item is worth most
    :raises ExaminationExpired: they may not take work
    :raises QueueUnknown: there is no such open queue
    :raises NothingToTake: nothing is left for them
    """
    refuse_without_examination(actor, on=timezone.localdate(now))
    _hold_person(actor)
    if held := _held(actor, scope, now):
        return held
    among = list(Queue.objects.filter(is_open=True, **({"code": queue_code} if queue_code else {})))
    if not among and queue_code:
        raise QueueUnknown(queue_code)
    queues = among if queue_code else own_queues(hand_of(actor), now, among=among)
    looks = look_around(hand_of(actor), now=now, skips_since=now - timedelta(hours=SKIP_HOURS))
    if wake_rested(now, looks):
        # What was woken may be theirs.
        looks = replace(looks, assigned=True)
    why_not = ""
    for batch in _Candidates(actor, scope, now, queues, among, looks).batches():
        taken, why = _take_first(actor, batch, among, scope, now)
        if taken is not None:
            _record_claim(NEXT_WORK, actor, taken)
            return taken
        why_not = why_not or why
    raise NothingToTake(WorkItem.objects.filter(queue__in=queues, status=WorkItem.Status.OPEN).count(), why_not)


def _hold_person(actor: Actor) -> None:
    """Let one request of a person take work at a time: two keys pressed at once are one account, and count as claims."""
    get_user_model().objects.select_for_update(no_key=True).filter(pk=hand_of(actor)).order_by().values_list("pk").first()


def _held(actor: Actor, scope: Scope, now: datetime) -> Taken | None:
    """Return what the person claimed by get-next or by hand and has not finished, renewed.

    A customer whom they declared a conflict with since is out of their hand, and so is one who is left to trained staff since.
    """
    claims = Claim.objects.select_for_update().filter(user_id=hand_of(actor), lease_until__gt=now).order_by("-claimed_at")
    conflicted = conflicted_customers(actor, on=timezone.localdate(now)) if claims else frozenset()
    for claim in claims:
        if claim.customer_id in conflicted or left_to_trained(actor, claim.customer_id, on=timezone.localdate(now)):
            claim.delete()
            continue
        items = items_of_customer(claim.customer_id, first=claim.item_id, scope=scope)
        workable = [item for item in items if not item.blocked_by]
        if workable:
            claim.lease_until = now + LEASE
            claim.save(update_fields=["lease_until"])
            return Taken(workable[0], claim, items, is_resumed=True)
    return None


class _Candidates:
    """The items that a person may take, best first.

    :param queues: where what is nobody's is taken from
    :param among: where what is assigned to the person is: a lead may give them what lies in a queue of another team
    """

    def __init__(
        self, actor: Actor, scope: Scope, now: datetime, queues: Sequence[Queue], among: Sequence[Queue], looks: Looks
    ) -> None:
        self.queues, self.among, self.now = queues, among, now
        self.user_id, self.may_have_own = actor.user_id, looks.assigned
        taken = Claim.objects.filter(customer_id=OuterRef("customer_id"), lease_until__gt=now)
        rows = WorkItem.objects.filter(~Exists(taken), status=WorkItem.Status.OPEN, blocked_by="")
        conflicted = conflicted_customers(actor, on=timezone.localdate(now))
        if conflicted:
            rows = rows.exclude(customer_id__in=conflicted)
        if looks.flagged and not is_trained(actor, on=timezone.localdate(now)):
            rows = rows.filter(~flagged())
        if scope.products is not None:
            products = Product.objects.filter(product_code__in=scope.products).values_list("pk", flat=True)
            rows = rows.filter(product_id__in=list(products))
        # No more of a candidate than claiming asks for.
        self.rows = rows.only("customer_id", "account_id", "queue_id", "rank")
        if looks.skips:
            skips = WorkRecord.objects.filter(
                user_id=hand_of(actor),
                act=WorkRecord.Act.SKIP,
                undone_at=None,
                recorded_at__gt=now - timedelta(hours=SKIP_HOURS),
            )
            self.rows = self.rows.exclude(pk__in=list(skips.values_list("item_id", flat=True)))

    def batches(self) -> Iterator[list[WorkItem]]:
        """Yield the candidates, a few at a time, locked where the database can skip what others have locked.

        First the best one alone, which can nearly always be taken. After it, without those that are kept away for days, the
        person's own and then queue by queue: each gets its share of the batches before one gets more, so that none hides the
        others behind what lies in front of it for an hour.
        """
        first = next(filter(None, (_batch(rows, 1) for rows in self._places(self.rows))), None)
        if first is None:
            return
        yield first
        others = self.rows
        for kept_away in kept_away_for_days({queue.pk: queue.ignored_blocks for queue in self.among}, self.now):
            others = others.exclude(kept_away)
        left = [_Walk(rows) for rows in self._places(others)]
        turns = _MOST_BATCHES
        while left and turns > 0:
            share = -(-turns // len(left))
            for walk in tuple(left):
                for _turn in range(share):
                    turns -= 1
                    if not (found := walk.batch()):
                        left.remove(walk)
                        break
                    yield found

    def _places(self, rows: QuerySet[WorkItem]) -> Iterator[QuerySet[WorkItem]]:
        """Yield some of the items by where they lie: with the person, then in each queue, that with the best first one first."""
        if self.may_have_own:
            yield rows.filter(assigned_to=self.user_id, queue__in=self.among)
        free = rows.filter(assigned_to=None)
        if len(self.queues) == 1:
            yield free.filter(queue=self.queues[0])
            return
        firsts = [(queue, first) for queue in self.queues if (first := self._first(free, queue)) is not None]
        for queue, (_worth, rank) in sorted(firsts, key=lambda pair: -pair[1][0]):
            # From there on: what lies in front of it was looked at to find it.
            yield free.filter(queue=queue, rank__lte=rank)

    @staticmethod
    def _first(free: QuerySet[WorkItem], queue: Queue) -> tuple[int, int] | None:
        """Return what the best item of a queue is worth, and its rank; None where there is none."""
        found = free.filter(queue=queue).order_by("-rank", "pk").values_list("priority", "boost_factor", "rank").first()
        return None if found is None else (found[0] * found[1], found[2])


class _Walk:
    """A way through the items of one place, the best first, a batch at a time."""

    def __init__(self, rows: QuerySet[WorkItem]) -> None:
        self.rows = rows
        self.last: WorkItem | None = None

    def batch(self) -> list[WorkItem]:
        """Return the next few; none where it ends."""
        rows = self.rows
        if self.last is not None:
            after = Q(rank__lt=self.last.rank) | Q(pk__gt=self.last.pk)
            rows = rows.filter(after, rank__lte=self.last.rank)
        found = _batch(rows, _BATCH)
        self.last = found[-1] if found else None
        return found


def _batch(rows: QuerySet[WorkItem], size: int) -> list[WorkItem]:
    return list(rows.order_by("-rank", "pk").select_for_update(skip_locked=True, of=("self",))[:size])


def _take_first(
    actor: Actor, batch: Sequence[WorkItem], queues: Sequence[Queue], scope: Scope, now: datetime
) -> tuple[Taken | None, str]:
    """Claim the first of a few items that can be, and return it, or why in words the first that must not be cannot."""
    ignored = {queue.pk: queue.ignored_blocks for queue in queues}
    reasons = passing_reasons({item.account_id: ignored[item.queue_id] for item in batch}, now)
    for item in batch:
        # Not its customer: of their accounts another may be worked.
        if item.account_id in reasons:
            continue
        claim = take_customer(actor, item, now)
        if claim is not None:
            items = items_of_customer(item.customer_id, first=item.pk, scope=scope)
            return Taken(items[0], claim, items), ""
    return None, next((reasons[item.account_id] for item in batch if item.account_id in reasons), "")


def take_customer(actor: Actor, item: WorkItem, now: datetime) -> Claim | None:
    """Write the claim on an item's customer and return it; None if somebody has a live one. Atomic on any database."""
    claim = Claim(
        customer_id=item.customer_id,
        user_id=hand_of(actor),
        item_id=item.pk,
        token=secrets.token_hex(16),
        claimed_at=now,
        lease_until=now + LEASE,
    )
    written = execute(
        f"INSERT INTO {_CLAIMS} (customer_id, user_id, item_id, token, claimed_at, lease_until) VALUES (%s, %s, %s, %s, %s, %s) "
        f"ON CONFLICT (customer_id) DO UPDATE SET user_id = excluded.user_id, item_id = excluded.item_id, "
        f"token = excluded.token, claimed_at = excluded.claimed_at, lease_until = excluded.lease_until "
        f"WHERE {_CLAIMS}.lease_until <= %s",
        (claim.customer_id, claim.user_id, claim.item_id, claim.token, moment(now), moment(claim.lease_until), moment(now)),
    )
    return claim if written == 1 else None


def items_of_customer(customer_id: int, *, first: int, scope: Scope) -> tuple[WorkItem, ...]:
    """Return the open items of a customer that the person may see: the one named first, then the largest priority."""
    rows = scope.accounts(WorkItem.objects.filter(customer_id=customer_id, status=WorkItem.Status.OPEN))
    return tuple(sorted(rows.select_related("queue", "account"), key=lambda item: (item.pk != first, -item.priority, item.pk)))


def claim_item(*, actor: Actor, item_id: int, scope: Scope, now: datetime) -> Taken:
    """Claim the customer of a chosen item; one's own claim is renewed.

    :raises ItemUnknown: there is none in sight
    :raises ConflictDeclared, ExaminationExpired, TrainedStaffOnly: not by this person
    :raises ItemNotOpen, ItemBlocked, ClaimedByOther, TooManyClaims: not now
    """
    refuse_without_examination(actor, on=timezone.localdate(now))
    with transaction.atomic():
        _hold_person(actor)
        item = locked_item(item_id, scope)
        refuse_conflict(actor, item.customer_id, on=timezone.localdate(now))
        refuse_untrained(actor, item.customer_id, on=timezone.localdate(now))
        refuse_unworkable(item)
        own = Claim.objects.filter(customer_id=item.customer_id, user_id=hand_of(actor), lease_until__gt=now)
        if own.update(lease_until=now + LEASE, item_id=item.pk):
            return Taken(item, own.get(), items_of_customer(item.customer_id, first=item.pk, scope=scope), is_resumed=True)
        if why := why_not_now(item, now):
            raise ItemBlocked(item.account.account_no, why)
        if Claim.objects.filter(user_id=hand_of(actor), lease_until__gt=now).count() >= MOST_CLAIMS:
            raise TooManyClaims(MOST_CLAIMS)
        claim = take_customer(actor, item, now)
        if claim is None:
            refuse_other_hand(item.customer_id, actor, now)
            raise ItemNotOpen(item.account.account_no, item.get_status_display())
        taken = Taken(item, claim, items_of_customer(item.customer_id, first=item.pk, scope=scope))
        _record_claim(CLAIM_WORK, actor, taken)
        return taken


def refuse_other_hand(customer_id: int, actor: Actor, now: datetime) -> None:
    """Refuse where somebody else has the customer in hand.

    :raises ClaimedByOther: says who, and until when
    """
    claim = Claim.objects.filter(customer_id=customer_id, lease_until__gt=now).exclude(user_id=hand_of(actor)).first()
    if claim is not None:
        raise ClaimedByOther(person_name(claim.user_id), claim.lease_until)


def refuse_unworkable(item: WorkItem) -> None:
    """Refuse an item that is not open, or blocked.

    :raises ItemNotOpen, ItemBlocked: why not
    """
    if item.status not in (WorkItem.Status.OPEN, WorkItem.Status.SNOOZED):
        raise ItemNotOpen(item.account.account_no, item.get_status_display())
    if item.blocked_by:
        raise ItemBlocked(item.account.account_no, str(block_label(item.blocked_by)))


def why_not_now(item: WorkItem, now: datetime) -> str:
    """Return in words why an item must not be taken at this moment, "" if it may.

    Only taking it: whoever has it in hand records what they did, the last call that was allowed among it.
    """
    return passing_reasons({item.account_id: item.queue.ignored_blocks}, now).get(item.account_id, "")


def locked_item(item_id: int, scope: Scope) -> WorkItem:
    """Return an item in scope, locked.

    :raises ItemUnknown: there is none in sight
    """
    rows = scope.accounts(WorkItem.objects.filter(pk=item_id)).select_related("queue", "account")
    item = rows.select_for_update(of=("self",)).first()
    if item is None:
        raise ItemUnknown(item_id)
    return item


@transaction.atomic
def renew_claim(*, actor: Actor, token: str, now: datetime) -> Claim:
    """Begin the fifteen minutes again.

    :raises LeaseEnded: they are over, or somebody else's
    """
    claim = live_claim(actor, token, now)
    claim.lease_until = now + LEASE
    claim.save(update_fields=["lease_until"])
    record(
        actor=actor,
        action=RENEW_WORK,
        subject_type="account",
        subject_key=claim.item.account.account_no,
        account_id=claim.item.account_id,
    )
    return claim


def live_claim(actor: Actor, token: str, now: datetime) -> Claim:
    """Return the person's claim of that token, locked.

    :raises LeaseEnded: it is over
    """
    claims = Claim.objects.select_for_update(of=("self",)).select_related("item__account")
    claim = claims.filter(token=token, user_id=hand_of(actor)).first() if token else None
    if claim is None or not is_live(claim, now):
        raise LeaseEnded(claim.lease_until if claim else None)
    return claim


@transaction.atomic
def release_claim(*, actor: Actor, token: str, now: datetime) -> None:
    """Put a customer back as they were, for whoever comes next.

    :raises LeaseEnded: it is not in the person's hand any more; whoever asked may carry on
    """
    claim = live_claim(actor, token, now)
    item = claim.item
    claim.delete()
    record(
        actor=actor,
        action=RELEASE_WORK,
        subject_type="account",
        subject_key=item.account.account_no,
        account_id=item.account_id,
        before={"claimed_by": actor.name},
    )


def _record_claim(action: str, actor: Actor, taken: Taken) -> None:
    item = taken.items[0] if taken.items else taken.item
    record(
        actor=actor,
        action=action,
        subject_type="account",
        subject_key=item.account.account_no,
        account_id=item.account_id,
        after={"queue": item.queue.code, "with": [other.account.account_no for other in taken.items[1:]]},
    )


def claims_of(customer_ids: Iterable[int], now: datetime) -> dict[int, Claim]:
    """Return the live claims on some customers."""
    rows = Claim.objects.filter(Q(customer_id__in=list(customer_ids)), lease_until__gt=now).select_related("user")
    return {claim.customer_id: claim for claim in rows}


def why_not_workable(item: WorkItem) -> str:
    """Return in words why an item must not be worked, "" if it may."""
    if item.blocked_by:
        return str(block_label(item.blocked_by))
    return "" if item.status in (WorkItem.Status.OPEN, WorkItem.Status.SNOOZED) else _("not open in this queue")

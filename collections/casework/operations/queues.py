"""Queues: kept from the tier policy, set up by people, filled at once when they change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.facts import ACCOUNT_FACTS
from accounts.models import CreditAccount
from accounts.queries.rule_cost import RuleTooSlow, measure_rule
from casework.blocks import all_blocks
from casework.bulk.effects import keep_effects
from casework.bulk.queues import fill_queues
from casework.models import Queue, Tier, TierPolicy, WorkItem
from casework.operations.handing_back import hand_back
from casework.operations.vulnerability import leave_to_trained
from casework.operations.work_refusals import QueueChanged, QueueKeptByPolicy, QueueMalformed, QueueUnknown
from casework.policies import live_policy_row
from casework.work_roles import MANAGE_QUEUES
from riskops.shared.audit import CLOSE, Actor, record
from riskops.shared.day import book_state, hold_day
from riskops.shared.models import Team
from riskops.shared.rule_language import parse_rule
from riskops.shared.scope import WHOLE_BOOK, Scope

#: Accounts that one paste puts into a list.
MOST_LISTED: Final = 5_000
MOST_MINUTES: Final = 60 * 24 * 90
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
#: What the tiers of a lane are worked in spite of.
_IGNORED: Final = {Tier.Tone.FRAUD: ["fraud", "hold"], Tier.Tone.DISPUTED: ["dispute", "hold"]}
_RECORDED: Final = (
    "name_en", "name_zh", "kind", "tiers", "rule", "order", "team_id", "owner_kind", "service_minutes", "ignored_blocks",
    "position", "is_open",
)  # fmt: skip


def tier_queues_wanted(as_of: date) -> list[dict[str, Any]]:
    """Return what the queues of the live policy's tiers are, by the names that the tiers give them."""
    policy = live_policy_row(as_of)
    wanted: dict[str, dict[str, Any]] = {}
    for tier in policy.tiers.exclude(queue="").order_by("position") if policy else ():
        fields = wanted.setdefault(
            tier.queue,
            {
                "code": tier.code,
                "name_en": tier.queue,
                "name_zh": tier.name_zh,
                "tiers": [],
                "tier_minutes": {},
                "team_id": tier.owner_team_id,
                "owner_kind": tier.owner_kind,
                "position": tier.position,
                "ignored_blocks": _IGNORED.get(Tier.Tone(tier.tone), []),
            },
        )
        fields["tiers"].append(tier.code)
        if tier.service_minutes:
            fields["tier_minutes"][tier.code] = tier.service_minutes
    return list(wanted.values())


def keep_tier_queues(as_of: date) -> int:
    """Make, change and close the queues that are kept from the tier policy, and return how many changed.

    Looked at without a lock, since it is nearly always as it should be; only a change takes one.
    """
    wanted = tier_queues_wanted(as_of)
    if not _differing(wanted):
        return 0
    with transaction.atomic():
        # Everybody who comes here locks the first policy, which is always there: before the first day no queue is.
        TierPolicy.objects.select_for_update(no_key=True).order_by("pk").first()
        list(Queue.objects.select_for_update(no_key=True).order_by("pk"))
        differing = _differing(wanted)
        for queue, fields in differing:
            before = _as_recorded(queue) if queue.pk else None
            for name, value in fields.items():
                setattr(queue, name, value)
            if queue.pk:
                queue.version += 1
            queue.save()
            _record(queue, before, actor=CLOSE)
        _empty(Queue.objects.filter(is_open=False))
        return len(differing)


def _empty(closed: QuerySet[Queue]) -> None:
    """Take everything out of queues that closed. Forms opened before are stale, and nothing of before is undone into them."""
    WorkItem.objects.filter(queue__in=closed).exclude(status=WorkItem.Status.GONE).update(
        status=WorkItem.Status.GONE,
        assigned_to=None,
        due_at=None,
        minutes_left=None,
        snoozed_until=None,
        returns_on=None,
        version=F("version") + 1,
    )


def _differing(wanted: Sequence[dict[str, Any]]) -> list[tuple[Queue, dict[str, Any]]]:
    """Return the queues of the policy that are not as wanted, with what they should be."""
    there = {queue.name_en: queue for queue in Queue.objects.filter(is_of_policy=True)}
    codes = set(Queue.objects.values_list("code", flat=True))
    found = []
    for fields in wanted:
        queue = there.pop(fields["name_en"], None)
        if queue is None:
            code = next(
                code
                for code in (fields["code"], *(f"{fields['code']}-{number}" for number in range(2, 10_000)))
                if code not in codes
            )
            codes.add(code)
            found.append((Queue(kind=Queue.Kind.DYNAMIC, is_of_policy=True), {**fields, "code": code}))
            continue
        # Its code stays: addresses and saved views name it.
        kept = {name: value for name, value in fields.items() if name != "code"} | {"is_open": True}
        if any(getattr(queue, name) != value for name, value in kept.items()):
            found.append((queue, kept))
    found.extend((queue, {"is_open": False}) for queue in there.values() if queue.is_open)
    return found


def close_cases(*, as_of: date, now: datetime, first_account_id: int, last_account_id: int, run_id: int | None = None) -> int:
    """Do the step `cases` of the close for a range of accounts, and return how many rows changed.

    Who is away is asked of the wall clock's day: the close of a day runs when the next one has begun.
    """
    keep_tier_queues(as_of)
    keep_effects(as_of=as_of, now=now)
    filled = fill_queues(as_of=as_of, now=now, first_account_id=first_account_id, last_account_id=last_account_id)
    within = Q(account_id__gte=first_account_id, account_id__lte=last_account_id)
    handed_back = hand_back(actor=CLOSE, now=now, among=within, run_id=run_id)
    return filled + handed_back + leave_to_trained(actor=CLOSE, now=now, among=within, run_id=run_id)


def refill_changed(*, account_ids: Sequence[int], **_more: Any) -> None:
    """Hear that what rules see of accounts changed (accounts/events.py): bring their items up to date at once."""
    day = book_state().business_date
    if day is None:
        return
    for account_id in account_ids:
        with transaction.atomic():
            # A close at work on the account's shard goes by what it read before the change: after it, not under it.
            hold_day(account_id)
            fill_queues(as_of=day, now=timezone.now(), first_account_id=account_id, last_account_id=account_id)


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """What a queue is that people set up. `team` is a team's name, "" for none; minutes are of working time."""

    name_en: str
    name_zh: str = ""
    kind: str = Queue.Kind.DYNAMIC
    rule: str = ""
    order: str = Queue.Order.PRIORITY
    team: str = ""
    service_minutes: int | None = None
    ignored_blocks: tuple[str, ...] = ()
    position: int = 100
    is_open: bool = True


def save_queue(
    *, actor: Actor, code: str, settings: QueueSettings, now: datetime, as_of: date | None, version: int | None = None
) -> Queue:
    """Set up a queue (`version` None), or change one, and fill it at once.

    Of a queue that is kept from the tier policy only the order may change here.

    :raises QueueMalformed: a value that cannot be; `field` names it
    :raises QueueChanged: somebody else changed it since `version`
    :raises QueueKeptByPolicy: it is not changed here
    :raises QueueUnknown: there is none to change
    :raises RuleRefusal: the rule does not parse
    """
    if as_of is not None and settings.is_open and settings.kind == Queue.Kind.DYNAMIC and settings.rule.strip():
        _refuse_slow(settings.rule, as_of)
    with transaction.atomic():
        if version is None:
            if not _CODE.fullmatch(code):
                raise QueueMalformed("code", _("A code has small letters, digits and hyphens: early-1-30."))
            if Queue.objects.filter(code=code).exists():
                raise QueueMalformed("code", _("There is a queue “%(code)s” already; give another code.") % {"code": code})
            queue, before = Queue(code=code), None
        else:
            # Not for its key: outcomes go on being recorded in it while it is filled.
            found = Queue.objects.select_for_update(no_key=True).filter(code=code).first()
            if found is None:
                raise QueueUnknown(code)
            if found.version != version:
                raise QueueChanged(code)
            queue, before = found, _as_recorded(found)
            queue.version += 1
        _set(queue, settings, is_new=version is None)
        try:
            with transaction.atomic():
                queue.save()
        except IntegrityError:
            raise QueueMalformed("code", _("There is a queue “%(code)s” already; give another code.") % {"code": code}) from None
        _record(queue, before, actor=actor)
        if not queue.is_open:
            _empty(Queue.objects.filter(pk=queue.pk))
        elif as_of is not None:
            keep_effects(as_of=as_of, now=now, queue_ids=[queue.pk])
            fill_queues(as_of=as_of, now=now, queue_ids=[queue.pk])
    return queue


def _refuse_slow(rule: str, as_of: date) -> None:
    """Refuse a rule that the close could not afford, before anything is locked.

    :raises QueueMalformed: it takes longer over the present book than a rule may
    :raises RuleRefusal: it does not parse
    """
    try:
        measure_rule(parse_rule(rule, ACCOUNT_FACTS), as_of, scope=WHOLE_BOOK)
    except RuleTooSlow as slow:
        raise QueueMalformed("rule", str(slow)) from slow


def _set(queue: Queue, settings: QueueSettings, *, is_new: bool) -> None:
    """Put settings into a queue.

    :raises QueueMalformed, QueueKeptByPolicy, RuleRefusal: not these
    """
    if settings.order not in Queue.Order.values:
        raise QueueMalformed("order", _("“%(order)s” is no order.") % {"order": settings.order})
    if queue.is_of_policy:
        same_name = settings.name_en.strip() == queue.name_en
        if not same_name or settings.rule.strip() or not settings.is_open or settings.kind != queue.kind:
            raise QueueKeptByPolicy(queue.code)
        queue.order = settings.order
        return
    name = " ".join(settings.name_en.split())
    if not 1 <= len(name) <= 60 or len(settings.name_zh) > 60:
        raise QueueMalformed("name_en", _("A queue needs a name of at most 60 characters."))
    if settings.kind not in Queue.Kind.values or (not is_new and settings.kind != queue.kind):
        raise QueueMalformed("kind", _("A queue is dynamic or a fixed list, and stays what it is."))
    if settings.kind == Queue.Kind.DYNAMIC and not settings.rule.strip():
        raise QueueMalformed("rule", _("A dynamic queue needs a rule, e.g. dpd > 7 and exposure > 5000."))
    if settings.service_minutes is not None and not 1 <= settings.service_minutes <= MOST_MINUTES:
        raise QueueMalformed(
            "service_minutes", _("A service time is from 1 to %(most)s minutes of working time.") % {"most": MOST_MINUTES}
        )
    if unknown := sorted(set(settings.ignored_blocks) - set(all_blocks())):
        raise QueueMalformed("ignored_blocks", _("There is no block “%(name)s”.") % {"name": unknown[0]})
    team = Team.objects.filter(name=settings.team, is_open=True).first() if settings.team else None
    if settings.team and team is None:
        raise QueueMalformed("team", _("There is no open team “%(name)s”.") % {"name": settings.team})
    if not 1 <= settings.position <= 999:
        raise QueueMalformed("position", _("A position is from 1 to 999."))
    rule = settings.rule.strip() if settings.kind == Queue.Kind.DYNAMIC else ""
    queue.rule = parse_rule(rule, ACCOUNT_FACTS).text if rule else ""
    queue.name_en, queue.name_zh, queue.kind = name, settings.name_zh.strip() or name, settings.kind
    queue.order, queue.team, queue.service_minutes = settings.order, team, settings.service_minutes
    queue.ignored_blocks, queue.position, queue.is_open = sorted(settings.ignored_blocks), settings.position, settings.is_open


def list_accounts(
    *, actor: Actor, code: str, account_nos: Sequence[str], scope: Scope, now: datetime, as_of: date
) -> tuple[int, list[str]]:
    """Put accounts on the list of a fixed queue; return how many are new on it, and the numbers that are none in sight.

    :raises QueueUnknown, QueueMalformed: no such queue, not a fixed one, or too many numbers
    """
    numbers = list(dict.fromkeys(number.strip() for number in account_nos if number.strip()))
    if not 1 <= len(numbers) <= MOST_LISTED:
        raise QueueMalformed("account_nos", _("Give from 1 to %(most)s account numbers.") % {"most": MOST_LISTED})
    with transaction.atomic():
        queue = _fixed(code)
        seen = scope.accounts(CreditAccount.objects.filter(account_no__in=numbers))
        rows = {row["account_no"]: row for row in seen.values("account_no", "pk", "customer_id", "product_id")}
        ids = [row["pk"] for row in rows.values()]
        there = dict(WorkItem.objects.filter(queue=queue, account_id__in=ids).values_list("account_id", "status"))
        WorkItem.objects.bulk_create(
            WorkItem(
                queue=queue,
                account_id=row["pk"],
                customer_id=row["customer_id"],
                product_id=row["product_id"],
                entered_at=now,
                minutes_left=queue.service_minutes,
            )
            for row in rows.values()
            if row["pk"] not in there
        )
        again = [pk for pk, status in there.items() if status in (WorkItem.Status.GONE, WorkItem.Status.DONE)]
        for item in WorkItem.objects.select_for_update().filter(queue=queue, account_id__in=again).order_by("pk"):
            item.status, item.episode, item.entered_at, item.version = "open", item.episode + 1, now, item.version + 1
            item.due_at, item.minutes_left, item.returns_on, item.assigned_to = None, queue.service_minutes, None, None
            item.save()
        fill_queues(as_of=as_of, now=now, queue_ids=[queue.pk])
        new = len(rows) - len(there) + len(again)
        _record_list(queue, actor, {"added": new, "first": numbers[0], "last": numbers[-1]})
    return new, [number for number in numbers if number not in rows]


@transaction.atomic
def unlist_accounts(*, actor: Actor, code: str, account_nos: Sequence[str], scope: Scope) -> int:
    """Take accounts off the list of a fixed queue and return how many were on it.

    :raises QueueUnknown, QueueMalformed: no such queue, or not a fixed one
    """
    queue = _fixed(code)
    items = scope.accounts(WorkItem.objects.filter(queue=queue, account__account_no__in=list(account_nos)[:MOST_LISTED]))
    ids = list(items.exclude(status=WorkItem.Status.GONE).select_for_update(of=("self",)).values_list("pk", flat=True))
    for item in WorkItem.objects.filter(pk__in=ids):
        item.status, item.version, item.due_at, item.minutes_left = WorkItem.Status.GONE, item.version + 1, None, None
        item.assigned_to = item.snoozed_until = None
        item.save()
    _record_list(queue, actor, {"removed": len(ids)})
    return len(ids)


def _fixed(code: str) -> Queue:
    queue = Queue.objects.select_for_update(no_key=True).filter(code=code, is_open=True).first()
    if queue is None:
        raise QueueUnknown(code)
    if queue.kind != Queue.Kind.FIXED:
        raise QueueMalformed("account_nos", _("Queue %(code)s holds what its rule says; it takes no list.") % {"code": code})
    return queue


def _as_recorded(queue: Queue) -> dict[str, Any]:
    return {name: getattr(queue, name) for name in _RECORDED}


def _record(queue: Queue, before: dict[str, Any] | None, *, actor: Actor) -> None:
    record(
        actor=actor,
        action=MANAGE_QUEUES,
        subject_type="queue",
        subject_key=queue.code,
        before=before,
        after=_as_recorded(queue),
    )


def _record_list(queue: Queue, actor: Actor, after: dict[str, Any]) -> None:
    record(actor=actor, action=MANAGE_QUEUES, subject_type="queue", subject_key=queue.code, after=after)

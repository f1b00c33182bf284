"""What the desk shows of one item beside the list: its account, who has it, what is related, how its priority comes about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from accounts.facts import ACCOUNT_FACTS, facts_of
from accounts.models import AccountState
from casework.models import Claim, PriorityWeights, Queue, Tier, WorkItem, WorkRecord
from casework.operations.claiming import is_live, why_not_now, why_not_workable
from casework.policies import tiers_shown
from casework.queries.cases.pages import CaseBrief, case_brief
from casework.queries.effectiveness import current_weights, effectiveness, formula_of
from casework.queries.worklist import WorkRow, value_text, work_rows
from casework.rules.priority import Effectiveness
from casework.trained import TrainedStaffOnly, is_trained, takers
from riskops.shared.day import book_shown
from riskops.shared.rule_language import Explanation, RuleRefusal, explain, parse_rule
from riskops.shared.scope import scope_of

Status = WorkItem.Status


@dataclass(frozen=True, slots=True)
class Worth:
    """How an item's priority comes about, with every figure of the formula."""

    exposure: int
    bucket: int
    chance_bp: int
    loss_bp: int
    effectiveness: Effectiveness
    weights_version: int
    priority: int
    boost_factor: int
    boost_until: date | None

    @property
    def exposure_text(self) -> str:
        """The exposure in major units with two decimals."""
        return value_text(self.exposure)

    @property
    def priority_text(self) -> str:
        """The value of a minute, in major units with two decimals."""
        return value_text(self.priority)


@dataclass(frozen=True, slots=True)
class Desk:
    """What stands beside the list for one item.

    `why_not`: it must not be worked; `why_not_now`: it must not be taken at this moment, though it may later.
    """

    row: WorkRow
    item: WorkItem
    queue: Queue
    state: AccountState | None
    exposure_minor: int
    claim: Claim | None
    is_mine: bool
    minutes_left: int
    related: tuple[WorkRow, ...]
    records: tuple[WorkRecord, ...]
    worth: Worth | None
    tier: Tier | None
    explanation: Explanation | None
    why_not: str
    why_not_now: str
    brief: CaseBrief | None

    @property
    def takes_promise(self) -> bool:
        """Whether a promise can be taken down at it."""
        return (
            self.brief is not None and self.brief.room is not None and not self.why_not and (self.is_mine or self.claim is None)
        )


def desk_of(item: WorkItem, *, user: Any, now: datetime) -> Desk:
    """Return the desk for an item that the person may see and open."""
    claim = Claim.objects.filter(customer_id=item.customer_id, lease_until__gt=now).select_related("user").first()
    claim = claim if claim is not None and is_live(claim, now) else None
    others = WorkItem.objects.filter(customer_id=item.customer_id, status__in=[Status.OPEN, Status.SNOOZED]).exclude(pk=item.pk)
    others = scope_of(user).accounts(others).order_by("-priority", "pk")
    row, *related = work_rows([item.pk, *others.values_list("pk", flat=True)[:20]], user=user, now=now)
    state: AccountState | None = getattr(item.account, "state", None)
    day = book_shown().business_date
    is_mine = claim is not None and claim.user_id == user.pk
    tier, explanation = _why_tier(state, day)
    owed = ("outstanding_principal_minor", "outstanding_interest_minor", "outstanding_fee_minor", "penalty_due_minor")
    return Desk(
        row=row,
        item=item,
        queue=item.queue,
        state=state,
        exposure_minor=sum(getattr(state, name) for name in owed) if state else 0,
        claim=claim,
        is_mine=is_mine,
        minutes_left=max(1, int((claim.lease_until - now).total_seconds() / 60 + 0.5)) if claim else 0,
        related=tuple(related),
        records=tuple(WorkRecord.objects.filter(item=item).select_related("user", "undone_by").order_by("-pk")[:10]),
        worth=_worth(item, day, now),
        tier=tier,
        explanation=explanation,
        why_not=_why_not(item, row, is_mine=is_mine, user=user, now=now),
        why_not_now="" if claim else why_not_now(item, now),
        brief=case_brief(item.account_id, state),
    )


def _why_not(item: WorkItem, row: WorkRow, *, is_mine: bool, user: Any, now: datetime) -> str:
    """Return why an item must not be worked; whoever has it in hand says what came of it, whatever came up meanwhile."""
    if is_mine:
        return why_not_workable(item) if item.status == Status.DONE else ""
    return why_not_workable(item) or ("" if not row.care else _why_not_trained(user, now))


def _why_not_trained(user: Any, now: datetime) -> str:
    """Return why a customer who is handled with care is not this person's to work, "" for trained staff."""
    day = timezone.localdate(now)
    return "" if is_trained(user, on=day) else str(TrainedStaffOnly(takers(day)))


def _why_tier(state: AccountState | None, day: date | None) -> tuple[Tier | None, Explanation | None]:
    """Return the tier of an account in the live policy, and its rule with the values compared."""
    tiers = tiers_shown(day) if state and day and state.tier else ()
    tier = next((tier for tier in tiers if state and tier.code == state.tier), None)
    if tier is None or state is None or day is None:
        return None, None
    try:
        rule = parse_rule(tier.rule, ACCOUNT_FACTS)
    except RuleRefusal:
        return tier, None
    return tier, explain(rule, facts_of([state.pk], day, rule.names)[state.pk])


def _worth(item: WorkItem, day: date | None, now: datetime) -> Worth | None:
    facts = facts_of([item.account_id], day, ["exposure", "bucket"]) if day else {}
    if item.account_id not in facts:
        return None
    weights: PriorityWeights = current_weights()
    found = effectiveness([item.queue], weights=weights, now=now)[item.queue_id]
    exposure, bucket = int(facts[item.account_id]["exposure"] or 0), int(facts[item.account_id]["bucket"] or 0)
    return Worth(
        exposure=exposure,
        bucket=bucket,
        chance_bp=formula_of(weights).chance_bp[bucket],
        loss_bp=weights.loss_bp,
        effectiveness=found,
        weights_version=weights.version,
        priority=item.priority,
        boost_factor=item.boost_factor,
        boost_until=item.boost_until,
    )

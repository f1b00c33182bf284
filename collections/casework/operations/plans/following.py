"""Plans followed by themselves: kept, missed, caught up, paid, cured, broken, and offers that nobody signed in time.

At each close for all of them, and at once for one account when something changes on it; both go the same way. There are few: a
plan is read only while it is in force or observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import count
from typing import Any

from django.db import transaction

from accounts.models import AccountState
from accounts.operations.checks import check_reason
from accounts.operations.deciding.restrictions import announce
from accounts.operations.rebuilding import lock_states
from accounts.operations.schedule_changes import end_schedule
from accounts.operations.signals import note_signals
from accounts.queries.entries import load_entries
from accounts.rules.replay import InstallmentState, RebuiltAccount
from casework.models import Plan, PlanEvent
from casework.operations.plans.proposing import STANDING
from casework.operations.plans.standing import hold_plan, note
from casework.operations.plans.using import settle_use
from casework.plan_hooks import is_noted_elsewhere
from casework.plan_roles import BREAK_PLAN, FOLLOW_PLAN
from casework.rules.plans import Progress, month_later, observed_until
from riskops.shared.audit import CLOSE, Actor
from riskops.shared.day import hold_day

PLANS_STEP = "plans"
_FOLLOWED = (Plan.Status.ACTIVE, Plan.Status.PAID)


def follow_shard(*, as_of: date, first_account_id: int, last_account_id: int) -> int:
    """Follow the plans of a range of accounts to the close of a day, and let offers lapse; return how many moved."""
    within = Plan.objects.filter(account_id__gte=first_account_id, account_id__lte=last_account_id)
    moved, used = 0, []
    followed = within.filter(status__in=_FOLLOWED).order_by("account_id", "pk").values_list("account_id", flat=True).distinct()
    for account_id in followed:
        changed = _follow_account(account_id, as_of, open_day=as_of)
        moved += changed
        if changed and settle_use(account_id, day=as_of, actor=CLOSE):
            used.append(account_id)
    # What was signed on paper in time waits for its confirmation, however long that takes.
    for plan in within.filter(status=Plan.Status.OFFERED, offered_until__lte=as_of).order_by("account_id"):
        moved += _lapse(plan, as_of)
    # Last of all: from here to the commit announcements wait for each other.
    announce(used)
    return moved


def follow_plans_of(*, account_ids: Sequence[int], **_more: Any) -> None:
    """Hear that something changed on accounts (accounts/events.py)."""
    for account_id in Plan.objects.filter(account__in=account_ids, status__in=_FOLLOWED).values_list("account_id", flat=True):
        _follow_on_the_spot(account_id)


@transaction.atomic
def _follow_on_the_spot(account_id: int) -> None:
    position = hold_day(account_id)
    state = lock_states([account_id]).first()
    days = [day for day in (position.business_date, state.ahead_on if state else None) if day is not None]
    if state is None or not days or position.open_day is None:
        return
    if not _follow_account(account_id, max(days), open_day=position.open_day):
        return
    if settle_use(account_id, day=max(days), actor=CLOSE):
        announce([account_id])


def _follow_account(account_id: int, as_of: date, *, open_day: date) -> int:
    """Follow the plans of an account to the close of a day; one that breaks does so from the open day on."""
    lock_states([account_id]).first()
    plans = Plan.objects.select_for_update(of=("self",)).select_related("terms", "change")
    moved = 0
    rebuilt = load_entries([account_id])[account_id].rebuilt(as_of)
    for plan in plans.filter(account_id=account_id, status__in=_FOLLOWED).order_by("pk"):
        moved += _follow(plan, rebuilt, as_of, open_day)
    return moved


def progress_of(plan: Plan, rebuilt: RebuiltAccount) -> Progress:
    """Return how a plan stands at the close of the day an account was rebuilt for."""
    own = [state for state in rebuilt.installments if state.entry.change == plan.change_id]
    grace = timedelta(days=plan.terms.grace_days)
    missed = [i.entry.due_date for i in own if not i.is_paid and i.entry.due_date + grace < rebuilt.as_of]
    due = [i for i in own if i.entry.due_date + grace <= rebuilt.as_of]
    kept = 0
    for state in due:
        kept = kept + 1 if _paid_by(state, rebuilt, state.entry.due_date + grace) else 0
    is_paid = all(state.is_paid for state in own)
    if is_paid and own:
        # Once it is paid, each month that passes is a period kept: no instalment is left to be one.
        since = max(own[-1].entry.due_date, *(_paid_on(state, rebuilt) for state in own))
        kept += next(months for months in count() if month_later(since, months + 1) > rebuilt.as_of)
    return Progress(min(missed, default=None), kept, is_paid)


def _paid_by(state: InstallmentState, rebuilt: RebuiltAccount, day: date) -> bool:
    return state.is_paid and _paid_on(state, rebuilt) <= day


def _paid_on(state: InstallmentState, rebuilt: RebuiltAccount) -> date:
    """Return the day of the last payment or waiver of an instalment; when it was booked where there was none."""
    key = state.entry.key
    days = [line.allocated_on for line in rebuilt.allocations if line.installment == key]
    days += [line.waived_on for line in rebuilt.waived if line.installment == key]
    return max(days, default=state.entry.booked_on)


def _follow(plan: Plan, rebuilt: RebuiltAccount, as_of: date, open_day: date) -> int:
    found = progress_of(plan, rebuilt)
    was = (plan.missed_since, plan.periods_kept, plan.status)
    before = plan.status
    if plan.status == Plan.Status.ACTIVE and found.days_missed(as_of) > plan.terms.broken_after_days:
        _break(plan, open_day, actor=CLOSE, action=FOLLOW_PLAN, reason="", days=found.days_missed(as_of))
        return 1
    plan.periods_kept = found.periods_kept
    if found.missed_since and plan.missed_since is None:
        plan.missed_since = found.missed_since
        _say(plan, PlanEvent.Kind.MISSED, as_of, before, {"missed_since": found.missed_since.isoformat()})
    elif found.missed_since is None and plan.missed_since is not None:
        plan.missed_since = None
        # A miss restarts the clock (metrics.md, five-category classification).
        plan.observed_until = observed_until(as_of, months=plan.terms.observed_months)
        _say(plan, PlanEvent.Kind.CAUGHT_UP, as_of, before, {"observed_until": plan.observed_until.isoformat()})
    else:
        plan.missed_since = found.missed_since
    if plan.status == Plan.Status.ACTIVE and found.is_paid:
        plan.status = Plan.Status.PAID
        _say(plan, PlanEvent.Kind.PAID, as_of, before, {"periods_kept": found.periods_kept})
    elif plan.status == Plan.Status.PAID and not found.is_paid and not _has_another(plan):
        # A payment was undone: it is in force again; beside a later plan it waits, and its instalments age like any other.
        plan.status = Plan.Status.ACTIVE
        _say(plan, PlanEvent.Kind.CAUGHT_UP, as_of, before, {"periods_kept": found.periods_kept})
    if plan.status == Plan.Status.PAID and _is_cured(plan, as_of):
        plan.status, plan.ended_on = Plan.Status.CURED, as_of
        _say(plan, PlanEvent.Kind.CURED, as_of, before, {"periods_kept": plan.periods_kept})
    if was == (plan.missed_since, plan.periods_kept, plan.status):
        return 0
    plan.save(update_fields=["missed_since", "periods_kept", "status", "ended_on", "observed_until"])
    _stop_or_resume(plan)
    return 1


def _has_another(plan: Plan) -> bool:
    return Plan.objects.filter(account_id=plan.account_id, status__in=STANDING).exclude(pk=plan.pk).exists()


def _is_cured(plan: Plan, as_of: date) -> bool:
    """Return whether observation is over: a year at least, with so many periods kept, and nothing of the account late.

    A plan of fewer instalments than that has kept all it had.
    """
    assert plan.observed_until is not None  # signed
    wanted = min(plan.terms.observed_periods, len(plan.schedule))
    is_late = AccountState.objects.filter(pk=plan.account_id, oldest_unpaid_due_date__isnull=False).exists()
    return as_of >= plan.observed_until and plan.periods_kept >= wanted and not is_late


def _stop_or_resume(plan: Plan) -> None:
    """Stop collection while the plan is kept, and let it go on from the first instalment missed."""
    stops = plan.status == Plan.Status.ACTIVE and plan.missed_since is None
    note_signals(plan.account_id, has_hardship_plan=stops or is_noted_elsewhere(plan.account_id))


@transaction.atomic
def break_plan(*, actor: Actor, reference: str, reason: str) -> Plan:
    """End a plan in force before its time: what is left is owed as its terms say.

    :raises ReasonMissing: nothing is written in it
    :raises NotTheOpenDay: on the day it was signed
    :raises PlanUnknown, PlanMovedOn, ConflictDeclared: see `hold_plan`
    """
    check_reason(reason)
    plan, held = hold_plan(reference, actor, Plan.Status.ACTIVE)
    missed = progress_of(plan, held.rebuilt).days_missed(held.open_day)
    _break(plan, held.open_day, actor=actor, action=BREAK_PLAN, reason=reason.strip(), days=missed)
    if settle_use(plan.account_id, day=held.open_day, actor=actor):
        announce([plan.account_id])
    return plan


def _break(plan: Plan, day: date, *, actor: Actor, action: str, reason: str, days: int) -> None:
    before = plan.status
    if plan.terms.returns_when_broken:
        why = reason or f"an instalment missed for {days} days"
        end_schedule(actor=actor, reference=plan.reference, value_date=day, reason=why)
    plan.status, plan.ended_on, plan.missed_since = Plan.Status.BROKEN, day, None
    plan.save(update_fields=["status", "ended_on", "missed_since"])
    _stop_or_resume(plan)
    figures = {"days_missed": days, "is_owed_as_before": plan.terms.returns_when_broken}
    note(plan, PlanEvent.Kind.BROKEN, day=day, actor=actor, action=action, before=before, note=reason, figures=figures)


def _lapse(plan: Plan, as_of: date) -> int:
    before = plan.status
    changed = Plan.objects.filter(pk=plan.pk, status=before).update(status=Plan.Status.LAPSED, ended_on=as_of)
    if changed:
        plan.status = Plan.Status.LAPSED
        _say(plan, PlanEvent.Kind.LAPSED, as_of, before, {})
    return changed


def _say(plan: Plan, kind: PlanEvent.Kind, day: date, before: str, figures: dict[str, Any]) -> None:
    note(plan, kind, day=day, actor=CLOSE, action=FOLLOW_PLAN, before=before, figures=figures)

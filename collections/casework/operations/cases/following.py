"""The case of one account, brought to what its state says at once, when something changes between two closes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import AccountState, CreditAccount
from accounts.operations.rebuilding import lock_states
from casework.bulk.cases import EPISODES_STEP
from casework.models import Case, CaseEvent
from casework.queries.cases.open_cases import bounds_of, figures_in_force, open_case_of
from casework.rules.case_stages import CURED, following_stage, standing_stage
from riskops.shared.audit import CLOSE, Actor
from riskops.shared.day import DayPosition, hold_day
from riskops.shared.models import CloseShard


def follow_changed(*, account_ids: Sequence[int], **_more: Any) -> None:
    """Hear that what rules see of accounts changed (accounts/events.py)."""
    for account_id in account_ids:
        follow_account(account_id)


@transaction.atomic
def follow_account(account_id: int) -> Case | None:
    """Open, move or close the case of an account by how it stands; return the case if anything changed.

    Before the first close nothing stands anywhere, and while a close runs, its own step comes to the account.
    """
    position = hold_day(account_id)
    state = lock_states([account_id]).first()
    as_of = None if state is None else day_of(state, position, step=EPISODES_STEP)
    if state is None or as_of is None or state.opened_on > as_of:
        return None
    case = open_case_of(account_id)
    if case is None:
        is_late = state.oldest_unpaid_due_date is not None and state.days_past_due > 0
        return open_case(state, as_of=as_of) if is_late else None
    becomes = following_stage(
        case.stage,
        days_past_due=state.days_past_due,
        is_written_off=state.is_written_off,
        bounds=bounds_of(figures_in_force()),
    )
    if becomes == case.stage:
        return None
    change_stage(case, becomes, state=state, day=as_of, actor=CLOSE)
    return case


def day_of(state: AccountState, position: DayPosition, *, step: str) -> date | None:
    """Return the business day that an account stands on, None where there is none or a running close's step comes to it."""
    if position.closing is not None and not is_done(position.closing, state.pk, step=step):
        return None
    days = [day for day in (position.business_date, state.ahead_on, position.closing) if day is not None]
    return max(days, default=None)


def is_done(closing: date, account_id: int, *, step: str) -> bool:
    """Return whether the running close has done a step for the account."""
    marks = CloseShard.objects.filter(run__business_date=closing, step=step, status=CloseShard.Status.DONE)
    return marks.filter(first_account_id__lte=account_id, last_account_id__gte=account_id).exists()


def open_case(state: AccountState, *, as_of: date) -> Case:
    """Open the next episode of an account that is past due and has no open case. Its state is locked by the caller."""
    since = state.oldest_unpaid_due_date
    if since is None:
        raise ValueError(f"nothing of account {state.pk} is past due")
    figures = figures_in_force()
    last = Case.objects.filter(account_id=state.pk).order_by("-episode").first()
    is_redefault = (
        last is not None and last.closed_on is not None and last.closed_on >= as_of - timedelta(days=figures.redefault_days)
    )
    stage = standing_stage(days_past_due=state.days_past_due, is_written_off=state.is_written_off, bounds=bounds_of(figures))
    case = Case.objects.create(
        account_id=state.pk,
        customer_id=CreditAccount.objects.values_list("customer_id", flat=True).get(pk=state.pk),
        product_id=state.product_id,
        episode=last.episode + 1 if last else 1,
        since=since,
        opened_on=as_of,
        stage=stage,
        stage_since=as_of,
        previous=last if is_redefault else None,
    )
    add_event(case, CaseEvent.Kind.OPENED, day=as_of, actor=CLOSE, state=state, to_stage=stage)
    return case


def change_stage(case: Case, stage: str, *, state: AccountState, day: date, actor: Actor, reason: str = "") -> None:
    """Put an open case in another stage (closing it as cured), with its event."""
    was, kind = case.stage, CaseEvent.Kind.CLOSED if stage == CURED else CaseEvent.Kind.MOVED
    case.stage, case.stage_since = stage, day
    case.closed_on = day if stage == CURED else None
    case.save(update_fields=["stage", "stage_since", "closed_on"])
    if stage == CURED and case.reason_id is not None:
        # The next episode has a reason of its own.
        AccountState.objects.filter(pk=case.account_id).update(lateness_reason="")
    add_event(case, kind, day=day, actor=actor, state=state, from_stage=was, to_stage=stage, reason=reason)


def add_event(
    case: Case, kind: CaseEvent.Kind, *, day: date, actor: Actor, state: AccountState | None = None, **more: Any
) -> CaseEvent:
    """Append an event, with how the account stands."""
    return CaseEvent.objects.create(
        case=case,
        kind=kind,
        day=day,
        recorded_at=timezone.now(),
        actor_name=actor.name,
        actor_id=actor.user_id,
        days_past_due=None if state is None else state.days_past_due,
        overdue_minor=None if state is None else state.overdue_total_minor,
        **more,
    )

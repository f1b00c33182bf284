"""Cases moved to the stages that follow from no figure, and back: a part of the operations of the rooms above."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date

from django.db import transaction
from django.utils import timezone

from accounts.operations.checks import account_facts, check_reason
from accounts.operations.rebuilding import lock_states
from casework.models import Case, CaseEvent
from casework.operations.cases.following import change_stage
from casework.operations.cases.refusals import CaseInStageAlready, NoOpenCase, StageNotByHand
from casework.queries.cases.open_cases import bounds_of, figures_in_force, open_case_of
from casework.rules.case_stages import AGED_STAGES, CURED, KEPT_STAGES, standing_stage
from casework.work_roles import MOVE_CASE
from riskops.shared.audit import Actor, line, record, record_all
from riskops.shared.day import hold_day


@transaction.atomic
def move_case(*, actor: Actor, account_id: int, stage: str, reason: str) -> Case:
    """Move the open case of an account to `legal` or `agency`, or back to where its days past due put it.

    A part of operations: whoever calls it has asked who may, and locks nothing that comes after account states.

    :param stage: `legal`, `agency`, or any of `remind`, `work`, `pursue` to leave them: the days past due (or the write-off)
        say which of those it is
    :raises AccountUnknown: no such account
    :raises NoOpenCase: nothing of it is past due
    :raises StageNotByHand: a stage that follows from the book
    :raises CaseInStageAlready: it is there
    :raises ReasonMissing: nothing is written in it
    """
    check_reason(reason)
    account = account_facts(account_id)
    position = hold_day(account_id)
    state = lock_states([account_id]).first()
    case = open_case_of(account_id)
    if case is None or state is None:
        raise NoOpenCase(account.account_no)
    if stage in AGED_STAGES:
        becomes = standing_stage(
            days_past_due=state.days_past_due, is_written_off=state.is_written_off, bounds=bounds_of(figures_in_force())
        )
        # Paid up meanwhile: the case closes by the book, not by this.
        stage = case.stage if becomes == CURED else becomes
    elif stage not in KEPT_STAGES:
        raise StageNotByHand(stage)
    if stage == case.stage:
        raise CaseInStageAlready(account.account_no, stage)
    was = case.stage
    days = [day for day in (position.business_date, state.ahead_on, position.closing, case.stage_since) if day is not None]
    change_stage(case, stage, state=state, day=max(days), actor=actor, reason=reason)
    record(
        actor=actor,
        action=MOVE_CASE,
        subject_type="account",
        subject_key=account.account_no,
        account_id=account_id,
        before={"stage": was},
        after={"stage": stage, "episode": case.episode},
        reason=reason,
    )
    return case


@transaction.atomic
def move_cases(
    *,
    actor: Actor,
    account_ids: Collection[int],
    stage: str,
    reason: str,
    day: date,
    leaving: str = "",
    run_id: int | None = None,
) -> int:
    """Move the open cases of many accounts as `move_case` does one, in a few statements; return how many moved.

    Accounts without an open case, and cases that are there already, are passed over: what is placed or recalled at night need
    not have one.

    :param leaving: only cases of this stage move; "": of any
    :param day: the business day of the move
    """
    if stage not in KEPT_STAGES and stage not in AGED_STAGES:
        raise ValueError(f"nobody moves cases to {stage}")
    states = {state.pk: state for state in lock_states(sorted(account_ids))}
    rows = Case.objects.filter(account_id__in=states, closed_on=None).select_related("account").order_by("account_id")
    bounds = bounds_of(figures_in_force())
    targets: dict[str, list[Case]] = defaultdict(list)
    for case in rows:
        state, target = states[case.account_id], stage
        if stage in AGED_STAGES:
            target = standing_stage(days_past_due=state.days_past_due, is_written_off=state.is_written_off, bounds=bounds)
        # Paid up meanwhile: the case closes by the book, not by this.
        if target not in (case.stage, CURED) and leaving in ("", case.stage):
            targets[target].append(case)
    now = timezone.now()
    for target, cases in targets.items():
        CaseEvent.objects.bulk_create(
            CaseEvent(
                case=case, kind=CaseEvent.Kind.MOVED, day=max(day, case.stage_since), recorded_at=now, actor_name=actor.name,
                actor_id=actor.user_id, days_past_due=states[case.account_id].days_past_due,
                overdue_minor=states[case.account_id].overdue_total_minor, from_stage=case.stage, to_stage=target, reason=reason,
            )
            for case in cases
        )  # fmt: skip
        record_all(
            line(
                actor=actor, action=MOVE_CASE, subject_type="account", subject_key=case.account.account_no,
                account_id=case.account_id, before={"stage": case.stage}, after={"stage": target, "episode": case.episode},
                reason=reason, run_id=run_id,
            )
            for case in cases
        )  # fmt: skip
        Case.objects.filter(pk__in=[case.pk for case in cases], stage_since__lte=day).update(stage=target, stage_since=day)
        # One that came into its stage on a later day stays since then.
        Case.objects.filter(pk__in=[case.pk for case in cases], stage_since__gt=day).update(stage=target)
    return sum(map(len, targets.values()))

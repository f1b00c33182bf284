"""A customer's objection: recorded by one person, judged by another who had no part in the decision."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import Appeal, Decision, DecisionNotice
from accounts.operations.checks import check_reason
from accounts.operations.deciding import refusals
from accounts.operations.deciding.judging import hold_decision
from accounts.operations.deciding.weighing import terms_of
from accounts.operations.deciding.writing import Writes
from accounts.roles import DECIDE_APPEAL, RECORD_APPEAL
from accounts.rules.decisions import LIFTABLE_ACTIONS, Status
from riskops.shared.audit import Actor


def last_day_to_appeal(decision: Decision) -> date | None:
    """Return the last day on which an appeal counts; None for a decision that the customer was not told of."""
    if decision.decided_on is None:
        return None
    told_again = DecisionNotice.objects.filter(decision=decision, kind=DecisionNotice.Kind.POSTPONED).values_list(
        "dated", flat=True
    )
    # Put off, it is told of anew, and objected to for as long from there.
    told_on = max([decision.decided_on, *told_again])
    return told_on + timedelta(days=terms_of(decision.action).appeal_days)


@transaction.atomic
def record_appeal(*, actor: Actor, decision_id: int, version: int, received_on: date, grounds: str) -> Appeal:
    """Record a customer's appeal against a decision in its buffer or in force.

    :raises ReasonMissing: nothing of what the customer says is written down
    :raises NothingToAppeal, AppealAlreadyMade: there is nothing to appeal, or it was appealed already
    :raises AppealDateOff, AppealTooLate: not in the time for it
    :raises StaleForm: the decision changed since it was looked at
    """
    check_reason(grounds)
    decision, standing, today = hold_decision(decision_id, actor=actor, version=version)
    if Appeal.objects.filter(decision=decision).exists():
        raise refusals.AppealAlreadyMade(decision.reference)
    last_day = last_day_to_appeal(decision)
    if decision.action not in LIFTABLE_ACTIONS or decision.status not in (Status.SCHEDULED, Status.EFFECTIVE) or last_day is None:
        raise refusals.NothingToAppeal(decision.reference)
    assert decision.decided_on is not None
    if not decision.decided_on <= received_on <= today.open_day:
        raise refusals.AppealDateOff(decision.decided_on, today.open_day)
    if received_on > last_day:
        raise refusals.AppealTooLate(received_on, last_day)
    appeal = Appeal.objects.create(
        decision=decision,
        received_on=received_on,
        grounds=grounds.strip(),
        recorded_by_id=actor.user_id,
        recorded_by_name=actor.name,
    )
    writes = Writes(actor, today.open_day)
    writes.move(decision, Status(decision.status))
    writes.note(decision, RECORD_APPEAL, standing, grounds.strip(), more={"received_on": received_on.isoformat()})
    writes.write()
    return appeal


@transaction.atomic
def decide_appeal(*, actor: Actor, decision_id: int, version: int, is_granted: bool, answer_en: str, answer_zh: str) -> Appeal:
    """Judge an appeal. Granted, the decision ends at once and what it changed goes back; either way the customer is told.

    :raises ReasonMissing: the customer is owed an answer, in both languages
    :raises AppealNotOpen: there is none to judge
    :raises PartInTheDecision: by somebody who proposed, approved or recorded
    :raises StaleForm: the decision changed since it was looked at
    """
    check_reason(answer_en)
    check_reason(answer_zh)
    decision, standing, today = hold_decision(decision_id, actor=actor, version=version)
    appeal = Appeal.objects.select_for_update().filter(decision=decision, outcome=Appeal.Outcome.OPEN).first()
    if appeal is None:
        raise refusals.AppealNotOpen(decision.reference)
    if actor.user_id is None or actor.user_id in (decision.proposed_by_id, decision.judged_by_id, appeal.recorded_by_id):
        raise refusals.PartInTheDecision(decision.reference)
    appeal.outcome = Appeal.Outcome.GRANTED if is_granted else Appeal.Outcome.REFUSED
    appeal.answer = f"{answer_en.strip()}\n{answer_zh.strip()}"
    appeal.decided_by_id, appeal.decided_by_name, appeal.decided_at = actor.user_id, actor.name, timezone.now()
    appeal.save()
    writes = Writes(actor, today.open_day)
    is_ended = is_granted and decision.status in (Status.SCHEDULED, Status.EFFECTIVE)
    if is_ended:
        status = Status.LIFTED if decision.status == Status.EFFECTIVE else Status.CANCELLED
        writes.end(decision, status, standing, why=answer_en.strip(), notice=None)
    else:
        writes.move(decision, Status(decision.status))
    # Told after the end: the answer names the limit that has come back.
    writes.tell(decision, DecisionNotice.Kind.APPEAL, standing, answer=answer_en.strip())
    # Each language answers in its own words.
    chinese = Writes(actor, today.open_day)
    chinese.tell(decision, DecisionNotice.Kind.APPEAL, standing, answer=answer_zh.strip())
    writes.notices[-1].text_zh = chinese.notices[-1].text_zh
    writes.note(decision, DECIDE_APPEAL, standing, answer_en.strip(), more={"outcome": appeal.outcome})
    writes.write()
    return appeal

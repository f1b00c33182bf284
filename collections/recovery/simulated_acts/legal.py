"""Legal cases on the days of the simulated book: proposed by one, approved by another, moved from stage to stage, closed."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.db import transaction

from recovery.models import LegalCase
from recovery.operations.legal.cases import StageAsked, approve_case, close_case, move_case, note_stage, propose_case
from riskops.simulation.acts import DayContext, Moment, act
from riskops.simulation.entries import Cue
from riskops.simulation.staff import LEAD, LEGAL

Status = LegalCase.Status
_BODY: Final = "People's Court of an invented district"


@act("recovery.legal", Moment.MORNING)
def work_legal_cases(day: date, context: DayContext) -> None:
    """Propose, approve, move on and close the legal cases of the stories."""
    for cue in context.cued("legal.propose"):
        account_id = context.account_id(cue.account_no)
        if not LegalCase.objects.filter(account_id=account_id).exists():
            note = "letter delivered, nothing paid since"
            propose_case(actor=context.staff.actor(LEAD), account_id=account_id, stage=cue.how, note=note, today=day)
    lawyer = LEGAL
    for cue in context.cued("legal.approve"):
        case = _of(cue, context, Status.PROPOSED)
        if case is not None:
            approve_case(actor=context.staff.actor(lawyer), case_id=case.pk, version=case.version, on=day, today=day)
    for cue in context.cued("legal.move"):
        case = _of(cue, context, Status.OPEN)
        if case is not None and case.stage != cue.how:
            _move(case, cue, day, context)
    for cue in context.cued("legal.close"):
        case = _of(cue, context, Status.OPEN)
        if case is not None:
            close_case(
                actor=context.staff.actor(lawyer),
                case_id=case.pk,
                version=case.version,
                outcome=cue.how,
                reason="paid after the judgment",
                on=day,
                today=day,
            )


def _of(cue: Cue, context: DayContext, status: LegalCase.Status) -> LegalCase | None:
    """Return the story's case that stands at a status; None: the day was lived through before."""
    return LegalCase.objects.filter(account_id=context.account_id(cue.account_no), status=status).first()


@transaction.atomic
def _move(case: LegalCase, cue: Cue, day: date, context: DayContext) -> None:
    """Begin the next stage and book what it costs: both or neither."""
    lawyer = context.staff.actor(LEGAL)
    docket = f"({day.year}) simulated {case.pk}"
    asked = StageAsked(cue.how, day, body=_BODY, docket_no=docket)
    case = move_case(
        actor=lawyer, case_id=case.pk, version=case.version, asked=asked, result="no agreement was reached", today=day
    )
    note_stage(actor=lawyer, case_id=case.pk, version=case.version, body=_BODY, docket_no=docket, cost_minor=cue.amount_minor)

"""Plans on the days of the simulated book: from what the household has to the signature, in one call with three people on it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from casework.models import AffordabilityForm, Plan
from casework.operations.plans.deciding import approve_plan
from casework.operations.plans.proposing import PlanAsked, dues_in, fill_affordability, propose_plan
from casework.operations.plans.signing import sign_plan
from riskops.shared.roles import Role
from riskops.simulation.acts import DayContext, Moment, act
from riskops.simulation.entries import Cue
from riskops.simulation.staff import ANALYSTS, APPROVER

#: What the households of the stories have a month, in minor units: income, essentials, other debts.
_HOUSEHOLD: Final = (520_000, 330_000, 40_000)
_KEPT: Final = timedelta(days=5 * 365)
_HOUR: Final = 15


@act("casework.plans", Moment.EVENING)
def agree_plans(day: date, context: DayContext) -> None:
    """Have the plans signed that the stories say: filled in, proposed, approved by another, agreed to on the telephone."""
    for cue in context.cued("plan"):
        _agree(day, context, cue)


def _agree(day: date, context: DayContext, cue: Cue) -> None:
    """Do the steps that are not done yet; each is a transaction of its own, and a build may be broken off between two."""
    account_id = context.account_id(cue.account_no)
    analyst = context.staff.actor(ANALYSTS[2])
    plan = Plan.objects.filter(account_id=account_id).first()
    if plan is None:
        form = AffordabilityForm.objects.filter(account_id=account_id, filled_on=day).first()
        if form is None:
            income, essentials, debts = _HOUSEHOLD
            form = fill_affordability(
                actor=analyst, account_id=account_id, income_minor=income, essentials_minor=essentials, other_debts_minor=debts
            )
        asked = PlanAsked(instrument=cue.how, covers="open", amount_minor=cue.amount_minor)
        reason = "lost their job; can pay again from next month on"
        plan = propose_plan(actor=analyst, account_id=account_id, asked=asked, reason=reason, affordability_id=form.pk)
    if plan.status == Plan.Status.PROPOSED:
        approver = context.staff.actor(APPROVER)
        plan = approve_plan(actor=approver, roles=[Role.APPROVER.value], reference=plan.reference, now=context.moment(_HOUR))
    if plan.status == Plan.Status.OFFERED:
        sign_plan(
            actor=analyst,
            reference=plan.reference,
            way=Plan.Way.ORAL,
            recording=f"simulated/{cue.account_no}/{day}",
            kept_until=dues_in(plan)[-1].due_date + _KEPT,
        )

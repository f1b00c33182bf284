"""The plan that is drawn for an account, as the repayment simulator compares it."""

from __future__ import annotations

from datetime import date

from django.utils.translation import ngettext

from accounts.rules.replay import RebuiltAccount
from accounts.rules.simulation import Offer, OfferedInstallment
from casework.models import Plan
from casework.operations.plans.proposing import dues_in, parts_in
from casework.operations.plans.standing import parts_of

_DRAWN = (Plan.Status.PROPOSED, Plan.Status.OFFERED, Plan.Status.CONFIRMING)


def drawn_plan(account_id: int, rebuilt: RebuiltAccount) -> tuple[Offer, ...]:
    """Return the plan that is proposed or offered, with what it leaves beside it; none where it could not be signed any more.

    What it does not take over is paid as it falls due, and what is late of that, on the day itself.
    """
    plan = Plan.objects.filter(account=account_id, status__in=_DRAWN).select_related("terms").first()
    if plan is None:
        return ()
    taken = {part.installment: part for part in parts_in(plan)}
    unpaid = {part.installment: part for part in parts_of(rebuilt, covers="open")}
    if any(key not in unpaid or unpaid[key][2:] != part[2:] for key, part in taken.items()):
        return ()
    due_dates = {state.entry.key: state.entry.due_date for state in rebuilt.installments}
    schedule = [OfferedInstallment(_ahead(due.due_date, rebuilt), *due[1:]) for due in dues_in(plan)]
    for key, part in unpaid.items():
        if key not in taken:
            fee_minor = part.fee_minor + part.penalty_minor
            day = _ahead(due_dates[key], rebuilt)
            schedule.append(OfferedInstallment(day, part.principal_minor, part.interest_minor, fee_minor))
        elif part.penalty_minor > taken[key].penalty_minor:
            # Penalty that came since stays due beside the plan.
            schedule.append(OfferedInstallment(rebuilt.as_of, 0, 0, part.penalty_minor - taken[key].penalty_minor))
    label = ngettext("%(instrument)s: %(number)s instalment", "%(instrument)s: %(number)s instalments", len(plan.schedule)) % {
        "instrument": plan.terms.get_instrument_display(),
        "number": len(plan.schedule),
    }
    return (Offer(label, tuple(sorted(schedule))),)


def _ahead(day: date, rebuilt: RebuiltAccount) -> date:
    return max(day, rebuilt.as_of)

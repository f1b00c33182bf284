"""What every step of a plan holds and asks first: the day, the account, the plan's row, and the event it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from accounts.models import CreditAccount
from accounts.operations.rebuilding import lock_states
from accounts.operations.refusals import DayNotOpenYet
from accounts.queries.entries import load_entries
from accounts.rules.entries import Part
from accounts.rules.replay import RebuiltAccount
from accounts.rules.terms import Component
from casework.models import Plan, PlanEvent
from casework.operations.plans.refusals import PlanMovedOn, PlanUnknown
from casework.rules.plans import Owed
from casework.trained import refuse_untrained
from riskops.shared.audit import Actor, record
from riskops.shared.day import hold_day
from riskops.shared.people.conflicts import refuse_conflict


@dataclass(frozen=True, slots=True)
class Held:
    """An account held still for a step of a plan, as it stands on the open day.

    :param closed_day: the last closed day, which facts are of
    """

    account: CreditAccount
    open_day: date
    closed_day: date
    rebuilt: RebuiltAccount

    @property
    def currency(self) -> str:
        """The currency of its amounts."""
        return self.account.product.currency


def hold_account(account_id: int, actor: Actor) -> Held:
    """Return an account held still until the transaction ends.

    :raises ConflictDeclared, TrainedStaffOnly: not by this person
    :raises DayNotOpenYet: no day of the book is closed yet
    """
    position = hold_day(account_id)
    lock_states([account_id]).first()
    account = CreditAccount.objects.select_related("product", "customer").get(pk=account_id)
    refuse_conflict(actor, account.customer_id)
    refuse_untrained(actor, account.customer_id)
    if position.open_day is None or position.business_date is None:
        raise DayNotOpenYet(account.opened_on, None)
    rebuilt = load_entries([account_id])[account_id].rebuilt(position.open_day)
    return Held(account, position.open_day, position.business_date, rebuilt)


def hold_plan(reference: str, actor: Actor, *standing_at: Plan.Status) -> tuple[Plan, Held]:
    """Return a plan locked, with its account held still.

    :raises PlanUnknown: there is none of that reference
    :raises PlanMovedOn: it stands at none of these statuses
    """
    found = Plan.objects.filter(reference=reference).values_list("account_id", flat=True).first()
    if found is None:
        raise PlanUnknown(reference)
    held = hold_account(found, actor)
    plan = Plan.objects.select_for_update(of=("self",)).select_related("terms", "affordability").get(reference=reference)
    if plan.status not in standing_at:
        raise PlanMovedOn(reference, plan.get_status_display())
    return plan, held


def parts_of(rebuilt: RebuiltAccount, *, covers: str) -> tuple[Part, ...]:
    """Return all that is owed on instalments: `late` on those past due or with penalty, `open` on all that are booked."""
    parts = []
    for state in rebuilt.installments:
        penalty = state.penalty_due_minor(rebuilt.as_of)
        is_late = state.entry.due_date < rebuilt.as_of
        if (not state.is_paid or penalty) and (covers == "open" or is_late):
            unpaid = state.unpaid
            parts.append(
                Part(
                    state.entry.key,
                    penalty,
                    unpaid[Component.FEE],
                    unpaid[Component.INTEREST],
                    unpaid[Component.PRINCIPAL],
                )
            )
    return tuple(parts)


def owed_by(parts: tuple[Part, ...]) -> Owed:
    """Return what parts take over; penalty is owed as a fee."""
    return Owed(
        sum(part.principal_minor for part in parts),
        sum(part.interest_minor for part in parts),
        sum(part.fee_minor + part.penalty_minor for part in parts),
    )


def note(
    plan: Plan,
    kind: PlanEvent.Kind,
    *,
    day: date,
    actor: Actor,
    action: str,
    before: str,
    note: str = "",
    figures: Mapping[str, Any] | None = None,
) -> None:
    """Add a step to the plan's history and the line to the audit trail."""
    PlanEvent.objects.create(
        plan=plan,
        kind=kind,
        day=day,
        actor_id=actor.user_id,
        actor_name=actor.name,
        note=note,
        figures=dict(figures or {}),
    )
    record(
        actor=actor,
        action=action,
        subject_type="plan",
        subject_key=plan.reference,
        account_id=plan.account_id,
        before={"status": before} if before else None,
        after={"status": plan.status, "day": day.isoformat(), **(figures or {})},
        reason=note,
    )

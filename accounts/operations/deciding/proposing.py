"""A decision proposed, or taken at once by somebody who may act alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.models import Decision
from accounts.operations.checks import check_reference
from accounts.operations.deciding import refusals
from accounts.operations.deciding.standing import Standing, hold_today, lock_standing, read_standing
from accounts.operations.deciding.taking_effect import schedule
from accounts.operations.deciding.weighing import Asked, Weighed, hold_scope_value, weigh
from accounts.operations.deciding.writing import Writes
from accounts.roles import PROPOSE_DECISION
from accounts.rules.decisions import ENGINE_VERSION, LIMIT_ACTIONS, OPEN_STATUSES, RESTRICTING_ACTIONS, Action, Status
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict

#: The columns by which the very same decision is told from another one under its reference.
_SAME = ("account_id", "action", "scope", "scope_value", "most_minor", "new_limit_minor", "lifts_id", "note")


@transaction.atomic
def propose_decision(
    *, actor: Actor, roles: Collection[str], account_id: int, asked: Asked, reference: str, source: str = Decision.Source.PERSON
) -> Decision:
    """Propose a decision on an account; where the matrix lets the person act alone it is decided, noticed and scheduled at once.

    :param roles: the roles the matrix is asked with
    :raises AccountUnknown, DayNotOpenYet, ReferenceMalformed, DayOutOfRange: a value the book does not take
    :raises DecisionRefusal: the account, the limit, the gate, the dates or the matrix forbid it; the message says which
    :raises DecisionAlreadyMade: the very same decision is there; whoever asked may carry on
    :raises DecisionReferenceTaken: the reference belongs to another decision
    :raises ConflictDeclared: the person has a conflict of interest with the customer
    """
    check_reference(reference)
    today = hold_today(account_id)
    standing = lock_standing(account_id)
    refuse_conflict(actor, standing.customer_id)
    _refuse_repeated(account_id, asked, reference)
    hold_scope_value(asked.scope, asked.scope_value)
    weighed = weigh(asked, standing, roles=roles, today=today)
    refuse_rivals(account_id, weighed.fields)
    decision = Decision(
        reference=reference,
        account_id=account_id,
        status=Status.PROPOSED,
        source=source,
        proposed_by_id=actor.user_id,
        proposed_by_name=actor.name,
        engine_version=ENGINE_VERSION,
        **weighed.fields,
    )
    try:
        with transaction.atomic():
            decision.save(force_insert=True)
    except IntegrityError:
        _refuse_repeated(account_id, asked, reference)
        refuse_rivals(account_id, weighed.fields)
        raise
    writes = Writes(actor, today.open_day)
    writes.note(decision, PROPOSE_DECISION, standing, decision.note, more=_summary(decision))
    if weighed.acts_alone:
        schedule(decision, standing, writes, today=today)
    writes.write()
    return decision


def lift_decision(
    *, actor: Actor, roles: Collection[str], decision_id: int, version: int, reason_code: str, note: str, reference: str
) -> Decision:
    """Propose to end a decision in force, or end it at once by somebody who may.

    :raises StaleForm: the decision changed since it was looked at
    :raises DecisionRefusal: see `propose_decision`
    """
    target = Decision.objects.filter(pk=decision_id).first()
    if target is None:
        raise refusals.DecisionUnknown(decision_id)
    if target.version != version:
        raise refusals.StaleForm(target.reference, version, target.version)
    asked = Asked(action=Action.LIFT, reason_code=reason_code, note=note, lifts=target.pk)
    return propose_decision(actor=actor, roles=roles, account_id=target.account_id, asked=asked, reference=reference)


@transaction.atomic
def preview_decision(*, roles: Collection[str], account_id: int, asked: Asked) -> tuple[Standing, Weighed]:
    """Return what `propose_decision` would decide, with everything that it would refuse; nothing is written.

    :raises LedgerRefusal: as `propose_decision`
    """
    today = hold_today(account_id)
    standing = read_standing(account_id)
    weighed = weigh(asked, standing, roles=roles, today=today)
    refuse_rivals(account_id, weighed.fields)
    return standing, weighed


def rivals(fields: Mapping[str, Any]) -> QuerySet[Decision]:
    """Return what is open or in force on any account that a decision of these fields would stand beside, and may not."""
    action = fields["action"]
    if action in RESTRICTING_ACTIONS:
        return Decision.objects.filter(
            action=action,
            scope=fields["scope"],
            scope_value=fields["scope_value"],
            status__in=[*OPEN_STATUSES, Status.EFFECTIVE],
        )
    if action in LIMIT_ACTIONS:
        return Decision.objects.filter(action__in=LIMIT_ACTIONS, status__in=OPEN_STATUSES)
    if action == Action.LIFT:
        return Decision.objects.filter(lifts=fields["lifts"], status__in=OPEN_STATUSES)
    return Decision.objects.filter(action=action, status__in=OPEN_STATUSES)


def refuse_rivals(account_id: int, fields: Mapping[str, Any]) -> None:
    """Refuse what is open or in force on the account already.

    :raises AlreadyDecided: with the decision in the way
    """
    rival = rivals(fields).filter(account_id=account_id).first()
    if rival is not None:
        raise refusals.AlreadyDecided(rival.reference, rival.status)


def _refuse_repeated(account_id: int, asked: Asked, reference: str) -> None:
    there = Decision.objects.select_related("reason").filter(reference=reference).first()
    if there is None:
        return
    wanted = (
        account_id,
        asked.action,
        asked.scope,
        asked.scope_value,
        asked.most_minor,
        asked.new_limit_minor,
        asked.lifts,
        asked.note.strip(),
    )
    if tuple(getattr(there, name) for name in _SAME) == wanted and there.reason.code == asked.reason_code:
        raise refusals.DecisionAlreadyMade(reference)
    raise refusals.DecisionReferenceTaken(reference)


def _summary(decision: Decision) -> dict[str, Any]:
    """Return what the audit line of a proposal says beside its status."""
    values = {
        "scope": decision.scope,
        "scope_value": decision.scope_value,
        "most_minor": decision.most_minor,
        "new_limit_minor": decision.new_limit_minor,
        "reason_code": decision.reason.code,
        "effective_on": decision.effective_on.isoformat(),
        "needs_approval_by": decision.needs_approval_by,
        "lifts": decision.lifts.reference if decision.lifts else None,
    }
    return {name: value for name, value in values.items() if value not in (None, "", [])}

"""What people note for the limitation clock: a demand that arrived otherwise, an acknowledgement; and the taking back of it."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from accounts.models import CreditAccount
from outreach.operations.refusals import ReasonNeeded
from recovery.letter_roles import NOTE_LIMITATION
from recovery.models import LimitationFact
from recovery.models.legal import NOTED_CAUSES
from recovery.operations.legal import refusals
from recovery.queries.limitation import clocks_of
from recovery.rules.limitation import Cause
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import refuse_conflict


@transaction.atomic
def note_fact(*, actor: Actor, account: CreditAccount, cause: str, on: date, evidence: str, today: date) -> LimitationFact:
    """Note a demand that arrived, or an acknowledgement by the customer, with where its evidence lies.

    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises CauseNotNoted, EvidenceNeeded, CaseDayImpossible: a value that is not taken
    :raises NothingOwed: no claim is open
    """
    refuse_conflict(actor, account.customer_id)
    causes = dict(NOTED_CAUSES)
    if cause not in causes:
        raise refusals.CauseNotNoted(cause, [str(name) for name in causes.values()])
    if not evidence.strip():
        raise refusals.EvidenceNeeded
    if not account.opened_on <= on <= today:
        raise refusals.CaseDayImpossible(on, account.opened_on, today)
    # Whatever the years are: whether a claim is there at all.
    if account.pk not in clocks_of([account.pk], years=1, as_of=today):
        raise refusals.NothingOwed(account.account_no)
    fact = LimitationFact.objects.create(
        account=account, cause=Cause(cause), on=on, evidence=evidence.strip()[:500], noted_by_name=actor.name
    )
    _record(actor, account, {"fact": fact.pk, "cause": cause, "on": on.isoformat()}, fact.evidence)
    return fact


@transaction.atomic
def withdraw_fact(*, actor: Actor, account: CreditAccount, fact_id: int, reason: str, now: datetime) -> LimitationFact:
    """Take back what was noted by mistake; it stays in sight, and counts no more.

    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises FactUnknownHere: there is none that stands
    :raises ReasonNeeded: nothing is written in it
    """
    refuse_conflict(actor, account.customer_id)
    rows = LimitationFact.objects.select_for_update(of=("self",)).filter(pk=fact_id, account=account, withdrawn_at=None)
    fact = rows.first()
    if fact is None:
        raise refusals.FactUnknownHere(fact_id)
    if not reason.strip():
        raise ReasonNeeded
    fact.withdrawn_at, fact.withdrawn_by_name = now, actor.name
    fact.save(update_fields=["withdrawn_at", "withdrawn_by_name"])
    _record(actor, account, {"fact": fact.pk, "withdrawn": True}, reason.strip()[:500])
    return fact


def _record(actor: Actor, account: CreditAccount, after: dict[str, object], reason: str) -> None:
    record(
        actor=actor,
        action=NOTE_LIMITATION,
        subject_type="account",
        subject_key=account.account_no,
        account_id=account.pk,
        after=after,
        reason=reason,
    )

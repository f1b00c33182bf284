"""A decision explained to the customer who asks (PIPL 24): what was decided, on which facts, and what they can do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction

from accounts.facts import ACCOUNT_FACTS
from accounts.models import AccountSignals, Decision
from accounts.operations.deciding.replaying import Replay, replay
from accounts.operations.refusals import ReasonMissing
from accounts.queries.fact_wording import fact_text
from accounts.roles import EXPLAIN_DECISION
from riskops.shared.audit import Actor, record
from riskops.shared.models import AuditEntry
from riskops.shared.people.conflicts import refuse_conflict


@dataclass(frozen=True, slots=True)
class DecisionExplanation:
    """What may be told of a decision. `facts`: label and value in words, those that say nothing left out.

    :param facts_as_of: the day they count their days from, the last closed one when the decision was proposed
    """

    decision: Decision
    is_automated: bool
    facts: tuple[tuple[str, str], ...]
    facts_as_of: date
    replay: Replay
    may_refuse_automation: bool
    given: tuple[AuditEntry, ...]


def decision_explanation(decision: Decision) -> DecisionExplanation:
    """Return what a customer may be told of a decision, checked by computing its verdict again."""
    facts = []
    for fact in ACCOUNT_FACTS:
        value: Any = decision.facts.get(fact.name)
        if value not in (None, False, 0, ""):
            facts.append((str(fact.label), fact_text(fact, value)))
    refuses = AccountSignals.objects.filter(pk=decision.account_id, refuses_automated_decisions=True).exists()
    given = AuditEntry.objects.filter(
        account_id=decision.account_id, action=EXPLAIN_DECISION, subject_type="decision", subject_key=decision.reference
    )
    is_automated = decision.source == Decision.Source.RULE
    return DecisionExplanation(
        decision=decision,
        is_automated=is_automated,
        facts=tuple(facts),
        # A proposal is dated by the open day, the one after the last close (see facts_day in deciding/standing.py).
        facts_as_of=decision.proposed_on - timedelta(days=1),
        replay=replay(decision),
        may_refuse_automation=is_automated and not refuses,
        given=tuple(given.order_by("-id")[:20]),
    )


@transaction.atomic
def explain_decision(*, actor: Actor, decision: Decision, requested_on: date, how: str) -> AuditEntry:
    """Record that a decision was explained to the customer on their request.

    :param how: by which way the explanation was given, and anything the customer said
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises ReasonMissing: nothing is written
    """
    refuse_conflict(actor, decision.account.customer_id)
    if not how.strip():
        raise ReasonMissing
    return record(
        actor=actor,
        action=EXPLAIN_DECISION,
        subject_type="decision",
        subject_key=decision.reference,
        account_id=decision.account_id,
        after={"requested_on": requested_on.isoformat(), "is_automated": decision.source == Decision.Source.RULE},
        reason=how.strip(),
    )

"""A past verdict computed again from what was kept of it; a difference is an alarm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.facts import ACCOUNT_FACTS
from accounts.models import Decision
from accounts.rules.decisions import ENGINE_VERSION
from accounts.rules.verdicts import differences, verdict
from riskops.shared.audit import Actor, record
from riskops.shared.rule_language import RuleRefusal, holds, parse_rule


@dataclass(frozen=True, slots=True)
class Replay:
    """What came out the second time. `differences`: name, stored, replayed."""

    reference: str
    engine_version: str
    verdict: dict[str, Any]
    differences: tuple[tuple[str, Any, Any], ...]

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def replay(decision: Decision) -> Replay:
    """Return the verdict on a decision computed again from its stored inputs; nothing is written."""
    again = verdict(decision.inputs)
    if "rule_text" in decision.inputs:
        again["rule_holds"] = _rule_holds(decision)
    return Replay(decision.reference, decision.engine_version, again, tuple(differences(decision.verdict, again)))


def _rule_holds(decision: Decision) -> bool | None:
    """Return whether the rule, as it was written, holds on the facts that were kept; None if it can no longer be read."""
    try:
        return holds(parse_rule(decision.inputs["rule_text"], ACCOUNT_FACTS), decision.facts)
    except RuleRefusal:
        return None


@transaction.atomic
def replay_decisions(*, actor: Actor, decisions: QuerySet[Decision]) -> tuple[int, list[Replay]]:
    """Replay decisions and return how many were, and those that differ; each of these is an alarm in the trail."""
    alarms: list[Replay] = []
    count = 0
    for decision in decisions.order_by("pk").iterator(chunk_size=500):
        count += 1
        found = replay(decision)
        if found.is_same:
            continue
        alarms.append(found)
        record(
            actor=actor,
            action="decision.replay_alarm",
            subject_type="decision",
            subject_key=decision.reference,
            account_id=decision.account_id,
            before={name: stored for name, stored, _again in found.differences},
            after={name: again for name, _stored, again in found.differences},
            reason=f"engine {decision.engine_version}, replayed with {ENGINE_VERSION}",
        )
    return count, alarms

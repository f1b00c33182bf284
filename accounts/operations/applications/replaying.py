"""The proposal and the decision of a past application, computed again from what was kept; a difference is an alarm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Application
from accounts.operations.applications.proposing import proposal_of
from accounts.rules.applications import ENGINE_VERSION, decision_verdict
from accounts.rules.verdicts import differences
from riskops.shared.audit import Actor, record
from riskops.shared.rule_language import RuleRefusal


@dataclass(frozen=True, slots=True)
class ApplicationReplay:
    """What came out the second time. `differences`: name, stored, computed now."""

    application_no: str
    differences: tuple[tuple[str, Any, Any], ...]

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def replay_application(application: Application) -> ApplicationReplay:
    """Return the proposal and the verdict of an application computed again; nothing is written."""
    found: list[tuple[str, Any, Any]] = []
    if application.inputs:
        try:
            again = proposal_of(application.inputs, application.facts)
        except RuleRefusal as refusal:
            # A fact that the rule spoke of is gone: the verdict cannot be had any more, which is a difference too.
            again = {"outcome": str(refusal)}
        found += differences(application.proposal, again)
    if application.decision_inputs:
        found += differences(application.verdict, decision_verdict(application.decision_inputs))
    return ApplicationReplay(application.application_no, tuple(found))


@transaction.atomic
def replay_applications(*, actor: Actor, applications: QuerySet[Application]) -> tuple[int, list[ApplicationReplay]]:
    """Replay applications and return how many were, and those that differ; each is an alarm in the trail."""
    alarms: list[ApplicationReplay] = []
    count = 0
    for application in applications.order_by("pk").iterator(chunk_size=500):
        count += 1
        found = replay_application(application)
        if found.is_same:
            continue
        alarms.append(found)
        record(
            actor=actor,
            action="application.replay_alarm",
            subject_type="application",
            subject_key=application.application_no,
            before={name: stored for name, stored, _again in found.differences},
            after={name: again for name, _stored, again in found.differences},
            reason=f"engine {application.engine_version}, replayed with {ENGINE_VERSION}",
        )
    return count, alarms

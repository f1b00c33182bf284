"""The end of an experiment: a challenger is promoted, or all stays as it was. Written once, with the figures of the moment."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.db import transaction

from outreach.models import Experiment
from outreach.operations.experiment_refusals import (
    ArmNotPromotable,
    ExperimentNotRunning,
    SharesMismatch,
    TooEarlyToPromote,
)
from outreach.operations.experiments import EXPERIMENTS
from outreach.operations.refusals import ReasonNeeded
from outreach.operations.strategies import STRATEGIES
from outreach.operations.version_refusals import VersionUnknown
from outreach.operations.versions import change_draft, draft_next
from outreach.queries.experiment_results import Results, results
from outreach.queries.promotion import can_promote, promotion
from outreach.roles import CONCLUDE_EXPERIMENT
from riskops.shared.audit import Actor, record
from riskops.shared.day import book_state

Stage = Experiment.Stage
_LONGEST_REASON: Final = 500


@transaction.atomic
def promote_arm(*, actor: Actor, key: str, version: int, arm: str, reason: str, today: date) -> Experiment:
    """Stop an experiment in favour of a challenger, and draft the versions of strategies that give it the products.

    Nothing follows the challenger yet: the drafts take the two people of every strategy.

    :raises VersionUnknown, ExperimentNotRunning: there is nothing to conclude
    :raises ArmNotPromotable: the arm is no challenger with a strategy of its own
    :raises TooEarlyToPromote, SharesMismatch: the results say nothing
    :raises DraftThere: a version of one of the strategies is in work
    :raises ReasonNeeded: nothing is written in it
    """
    row = _held(key, version, today)
    promoted = row.arm(arm)
    if promoted is None or not can_promote(row, promoted):
        raise ArmNotPromotable(arm, str(row))
    found = results(row, book_state().business_date)
    if found.is_too_early:
        raise TooEarlyToPromote(found.measured, found.planned)
    if found.has_wrong_shares:
        raise SharesMismatch
    drafts = []
    for change in promotion(row, promoted, today):
        note = f"{row}: {arm}"
        draft = draft_next(STRATEGIES, actor=actor, copy_of=change.code, note=note)
        values = {"products": list(change.products)}
        about: dict[str, Any] = {"key": change.code, "version": draft.version, "revision": draft.revision}
        drafts.append(str(change_draft(STRATEGIES, actor=actor, values=values, **about)))
    return _end(row, actor, Experiment.Verdict.PROMOTED, found, reason=reason, today=today, arm=arm, drafts=drafts)


@transaction.atomic
def stop_experiment(*, actor: Actor, key: str, version: int, reason: str, today: date) -> Experiment:
    """Stop an experiment; its customers are treated as their products say from today on.

    :raises VersionUnknown, ExperimentNotRunning: there is nothing to stop
    :raises ReasonNeeded: nothing is written in it
    """
    row = _held(key, version, today)
    found = results(row, book_state().business_date)
    return _end(row, actor, Experiment.Verdict.STOPPED, found, reason=reason, today=today)


def _held(key: str, version: int, today: date) -> Experiment:
    row = EXPERIMENTS.of(key).select_for_update(of=("self",)).filter(version=version).first()
    if row is None:
        raise VersionUnknown(key, version)
    stage = row.stage(today)
    if stage not in (Stage.RUNNING, Stage.MEASURING):
        raise ExperimentNotRunning(str(row), str(stage.label))
    return row


def _end(
    row: Experiment,
    actor: Actor,
    verdict: Experiment.Verdict,
    found: Results,
    *,
    reason: str,
    today: date,
    arm: str = "",
    drafts: list[str] | None = None,
) -> Experiment:
    reason = reason.strip()[:_LONGEST_REASON]
    if not reason:
        raise ReasonNeeded
    row.stopped_on, row.verdict, row.promoted_arm = today, verdict, arm
    row.conclusion, row.concluded_by_name, row.results = reason, actor.name, results_as_kept(found)
    row.save(update_fields=["stopped_on", "verdict", "promoted_arm", "conclusion", "concluded_by_name", "results"])
    after: dict[str, Any] = {"verdict": str(verdict), "stopped_on": today.isoformat()}
    if arm:
        after |= {"arm": arm, "drafts": drafts or []}
    record(
        actor=actor,
        action=CONCLUDE_EXPERIMENT,
        subject_type=EXPERIMENTS.subject,
        subject_key=str(row),
        after=after,
        reason=reason,
    )
    return row


def results_as_kept(found: Results) -> dict[str, Any]:
    """Return results as plain JSON, as the experiment keeps those of its end and the API gives them."""
    return {
        "as_of": found.as_of.isoformat() if found.as_of else None,
        "currency": found.currency,
        "measured": found.measured,
        "planned": found.planned,
        "is_too_early": found.is_too_early,
        "share_probability": found.mismatch,
        "has_wrong_shares": found.has_wrong_shares,
        "arms": [
            {
                "code": row.arm.code,
                "strategy": row.arm.strategy,
                "weight_bp": row.arm.weight_bp,
                "is_champion": row.is_champion,
                "assigned": row.assigned,
                "messages": row.messages,
                "cost": str(row.cost),
                "cost_customers": row.cost_customers,
                "figures": [
                    {
                        "measure": str(figure.measure),
                        "customers": figure.customers,
                        "total": figure.total,
                        "difference": figure.interval.difference if figure.interval else None,
                        "low": figure.interval.low if figure.interval else None,
                        "high": figure.interval.high if figure.interval else None,
                    }
                    for figure in row.figures
                ],
            }
            for row in found.arms
        ],
    }

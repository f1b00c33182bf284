"""The pages of experiments: all of them, and one with its arms, its results and what promoting would change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count

from outreach.experiment_chart import SHARES, height_of, interval_figure
from outreach.experiment_wording import (
    cost_text,
    difference_text,
    measure_about,
    share_text,
    shares_text,
    tone_of,
    value_text,
    verdict_text,
)
from outreach.models import ArmAssignment, Experiment, Strategy
from outreach.models.experiments import WINDOWS, Measure
from outreach.queries.experiment_dry_run import ExperimentDryRun
from outreach.queries.experiment_results import AMOUNTS, ArmResult, Results, results
from outreach.queries.promotion import StrategyChange, can_promote, promotion
from riskops.shared.models import AuditEntry
from riskops.shared.scope import Scope
from riskops.shared.wording import percent_text

Stage = Experiment.Stage


def is_in_sight(experiment: Experiment, scope: Scope) -> bool:
    """Return whether a person sees all of an experiment's products; its figures cannot be cut to a part of them."""
    return all(scope.takes(code) for code in experiment.products)


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """An experiment in the list. `complete_on`: the first day on which everybody's longest window is over."""

    experiment: Experiment
    stage: Experiment.Stage
    assigned: int
    complete_on: date | None


def experiment_rows(scope: Scope, today: date) -> tuple[ExperimentRow, ...]:
    """Return every experiment in sight: those that run first, then those in work, then the others, the latest first."""
    counts = dict(ArmAssignment.objects.values_list("experiment").annotate(n=Count("pk")))
    rows = [
        ExperimentRow(row, row.stage(today), counts.get(row.pk, 0), _complete_on(row))
        for row in Experiment.objects.order_by("-pk")
        if is_in_sight(row, scope)
    ]
    order = (Stage.RUNNING, Stage.MEASURING, Stage.COMING, Stage.PROPOSED, Stage.DRAFT, Stage.STOPPED, Stage.WITHDRAWN)
    return tuple(sorted(rows, key=lambda row: order.index(row.stage)))


def _complete_on(row: Experiment) -> date | None:
    return row.last_day_in + timedelta(days=WINDOWS[-1]) if row.last_day_in else None


@dataclass(frozen=True, slots=True)
class ArmLine:
    """An arm as the page shows it. `messages` is None while nobody's days for counting them are over."""

    code: str
    strategy: str
    is_champion: bool
    planned: str
    assigned: int
    share: str
    messages: int | None
    cost: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A measure of one arm: its value, of how many customers, and how it differs from the champion's."""

    value: str
    customers: int
    difference: str
    tone: str


@dataclass(frozen=True, slots=True)
class MeasureLine:
    """A measure over all arms."""

    measure: Measure
    about: str
    is_deciding: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of intervals."""

    key: str
    figure: dict[str, Any]
    height: int

    @property
    def script_id(self) -> str:
        """The id of the script that holds the figure."""
        return f"figure-{self.key}"


@dataclass(frozen=True, slots=True)
class Promotion:
    """A challenger that could be promoted, and what that would draft."""

    arm: str
    strategy: str
    changes: tuple[StrategyChange, ...]


@dataclass(frozen=True, slots=True)
class ExperimentPage:
    """One experiment. `found` None: it has not begun."""

    experiment: Experiment
    stage: Experiment.Stage
    found: Results | None
    arms: tuple[ArmLine, ...]
    measures: tuple[MeasureLine, ...]
    charts: tuple[Chart, ...]
    shares: str
    verdicts: tuple[str, ...]
    promotions: tuple[Promotion, ...]
    dry_run: ExperimentDryRun | None
    complete_on: date | None
    audit: tuple[AuditEntry, ...]

    @property
    def is_same_against_same(self) -> bool:
        """Whether all arms follow one strategy: it must show nothing."""
        return len({arm.strategy for arm in self.experiment.parts}) == 1

    @property
    def is_conclusive(self) -> bool:
        """Whether a challenger may be promoted."""
        return self.found is not None and not self.found.is_too_early and not self.found.has_wrong_shares


def experiment_page(experiment: Experiment, *, as_of: date | None, today: date, with_audit: bool) -> ExperimentPage:
    """Return one experiment with its results up to the last closed day."""
    stage = experiment.stage(today)
    has_begun = stage in (Stage.RUNNING, Stage.MEASURING, Stage.STOPPED)
    found = results(experiment, as_of) if has_begun else None
    audit = AuditEntry.objects.filter(subject_type="experiment", subject_key=str(experiment)).order_by("-id")[:50]
    promotions: tuple[Promotion, ...] = ()
    if stage in (Stage.RUNNING, Stage.MEASURING):
        arms = [arm for arm in experiment.parts if can_promote(experiment, arm)]
        promotions = tuple(Promotion(arm.code, arm.strategy, promotion(experiment, arm, today)) for arm in arms)
    return ExperimentPage(
        experiment=experiment,
        stage=stage,
        found=found,
        arms=_arm_lines(experiment, found),
        measures=_measure_lines(experiment, found) if found else (),
        charts=_charts(found) if found else (),
        shares=shares_text(found) if found else "",
        verdicts=_verdicts(experiment, found) if found else (),
        promotions=promotions,
        dry_run=ExperimentDryRun.from_json(experiment.dry_run) if experiment.dry_run else None,
        complete_on=_complete_on(experiment),
        audit=tuple(audit) if with_audit else (),
    )


def _arm_lines(experiment: Experiment, found: Results | None) -> tuple[ArmLine, ...]:
    by_code = {row.arm.code: row for row in found.arms} if found else {}
    lines = []
    for arm in experiment.parts:
        row = by_code.get(arm.code)
        assigned = row.assigned if row else 0
        share = percent_text(assigned, found.assigned, digits=1) if found else "–"
        is_champion = arm.code == experiment.champion
        messages, cost = (row.messages, cost_text(row)) if row and row.cost_customers else (None, "–")
        lines.append(ArmLine(arm.code, arm.strategy, is_champion, share_text(arm.weight_bp), assigned, share, messages, cost))
    return tuple(lines)


def _measure_lines(experiment: Experiment, found: Results) -> tuple[MeasureLine, ...]:
    return tuple(
        MeasureLine(
            measure,
            measure_about(measure),
            measure == experiment.measure,
            tuple(_cell(row, measure, found.currency) for row in found.arms),
        )
        for measure in map(Measure, Measure.values)
    )


def _cell(row: ArmResult, measure: Measure, currency: str) -> Cell:
    figure = row.figure(measure)
    return Cell(value_text(figure, currency), figure.customers, difference_text(figure, currency), tone_of(figure))


def _charts(found: Results) -> tuple[Chart, ...]:
    kinds: tuple[tuple[str, Sequence[Measure]], ...] = (("shares", SHARES), ("amounts", AMOUNTS))
    drawn = ((key, measures, interval_figure(found, measures)) for key, measures in kinds)
    return tuple(Chart(key, figure, height_of(measures)) for key, measures, figure in drawn if figure is not None)


def _verdicts(experiment: Experiment, found: Results) -> tuple[str, ...]:
    champion = next(row for row in found.arms if row.is_champion)
    said = [verdict_text(found, row, champion, Measure(experiment.measure)) for row in found.arms if not row.is_champion]
    # Too early is said once and not of each.
    return tuple(dict.fromkeys(said))


def strategy_codes() -> list[str]:
    """Return the strategies that an arm may name: those with an approved version."""
    rows = Strategy.objects.filter(status=Strategy.Status.APPROVED)
    return list(rows.order_by("code").values_list("code", flat=True).distinct())

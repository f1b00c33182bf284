"""The pages of collection strategies: all versions; one of them with its ladder, what came of its steps, and its dry run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, F, Q

from outreach.charts import tries_figure
from outreach.models import Message, Strategy
from outreach.queries.ladder_drawing import Drawing, drawing_of
from outreach.queries.strategy_tries import StrategyTry
from outreach.queries.unfit_steps import UnfitStep, unfit_steps
from outreach.rules.ladders import Step
from outreach.strategies import ladder_of, live_strategies
from riskops.shared.day import book_shown
from riskops.shared.models import AuditEntry

#: What came of the steps is counted over so many days.
RESULT_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class StrategyRow:
    """A version in the list. `holds`: on the day asked about."""

    strategy: Strategy
    holds: bool


@dataclass(frozen=True, slots=True)
class StrategyRows:
    """A strategy with its versions, the latest first. `is_default`: products that no strategy names follow it."""

    code: str
    name: str
    is_default: bool
    live: Strategy | None
    rows: tuple[StrategyRow, ...]
    in_work: Strategy | None


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came of a step in the days looked at. `left_out`: planned and stopped at once, since no way was open."""

    planned: int = 0
    waiting: int = 0
    sent: int = 0
    delivered: int = 0
    undelivered: int = 0
    stopped: int = 0
    dead: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step in the table: `before` is the same step of the version that holds, where that says something else.

    :param is_new: the version that holds has no step of that code; False where there is no other version to compare
    """

    step: Step
    result: StepResult
    before: Step | None
    is_new: bool
    tried: int | None


@dataclass(frozen=True, slots=True)
class ShownTry:
    """A dry run as it is shown. `is_current`: of what the version says now."""

    found: StrategyTry
    is_current: bool
    figure: dict[str, Any] | None
    days: tuple[tuple[date, int, int], ...]
    by_step: tuple[tuple[str, str, int], ...]

    @property
    def by_way(self) -> dict[tuple[str, str], int]:
        """Messages and calls by step and channel."""
        counts: dict[tuple[str, str], int] = {}
        for line in self.found.lines:
            if not line.why:
                counts[line.step, line.channel] = counts.get((line.step, line.channel), 0) + line.times
        return counts


@dataclass(frozen=True, slots=True)
class StrategyPage:
    """One version. `compared`: the version that holds, where it is another one; `gone`: its steps that this one lacks.

    :param is_forecast: nothing was planned by it yet: its figures are those of its dry run
    :param unfit: its steps whose messages are set aside, where it holds or will
    """

    strategy: Strategy
    holds: bool
    compared: Strategy | None
    drawing: Drawing
    lines: tuple[StepLine, ...]
    gone: tuple[Step, ...]
    unfit: tuple[UnfitStep, ...]
    tried: ShownTry | None
    is_forecast: bool
    is_frozen: bool
    since: date
    audit: tuple[AuditEntry, ...]


def strategy_rows(today: date) -> tuple[StrategyRows, ...]:
    """Return every strategy, the site's own first, in two queries."""
    live = live_strategies(today)
    by_code: dict[str, list[Strategy]] = {}
    for strategy in Strategy.objects.order_by("code", "-version"):
        by_code.setdefault(strategy.code, []).append(strategy)
    found = []
    for code, versions in by_code.items():
        holding = live.get(code)
        in_work = next((row for row in versions if row.status in ("draft", "proposed")), None)
        rows = tuple(StrategyRow(row, holding is not None and row.pk == holding.pk) for row in versions)
        is_default = code == settings.COLLECTION_STRATEGY
        found.append(StrategyRows(code, (holding or versions[0]).name, is_default, holding, rows, in_work))
    return tuple(sorted(found, key=lambda row: (not row.is_default, row.code)))


def strategy_page(strategy: Strategy, today: date, *, with_audit: bool) -> StrategyPage:
    """Return one version, beside the one that holds."""
    live = live_strategies(today).get(strategy.code)
    holds = live is not None and live.pk == strategy.pk
    compared = None if holds else live
    steps = ladder_of(strategy).steps
    since = today - timedelta(days=RESULT_DAYS)
    tried = _shown_try(strategy, steps)
    is_to_come = strategy.status == Strategy.Status.APPROVED and strategy.live_from is not None and strategy.live_from > today
    is_forecast = tried is not None and (strategy.live_from is None or strategy.live_from > today)
    came = step_results(strategy.code, since)
    results = _by_step(came)
    planned = {way: result.planned for way, result in came.items()}
    others = {step.code: step for step in ladder_of(compared).steps} if compared else {}
    lines = tuple(_line(step, results, others, compared, tried) for step in steps)
    codes = {step.code for step in steps}
    audit = AuditEntry.objects.filter(subject_type="strategy", subject_key=str(strategy)).order_by("-id")[:50]
    return StrategyPage(
        strategy=strategy,
        holds=holds,
        compared=compared,
        drawing=drawing_of(steps, tried.by_way if tried is not None and is_forecast else planned, today),
        lines=lines,
        gone=tuple(step for code, step in others.items() if code not in codes),
        unfit=unfit_steps([strategy]) if holds or is_to_come else (),
        tried=tried,
        is_forecast=is_forecast,
        is_frozen=book_shown().nightly_paused,
        since=since,
        audit=tuple(audit) if with_audit else (),
    )


def _line(
    step: Step, results: dict[str, StepResult], others: dict[str, Step], compared: Strategy | None, tried: ShownTry | None
) -> StepLine:
    other = others.get(step.code)
    counted = sum(times for (code, _channel), times in tried.by_way.items() if code == step.code) if tried else None
    return StepLine(
        step=step,
        result=results.get(step.code, StepResult()),
        before=other if other is not None and other != step else None,
        is_new=compared is not None and other is None,
        tried=counted,
    )


def step_results(code: str, since: date) -> dict[tuple[str, str], StepResult]:
    """Return what came of a strategy's steps, whatever its version, whose day was a day or later; by step and channel."""
    status = Message.Status
    of = {
        "planned": Q(),
        "waiting": Q(status__in=Message.OPEN),
        "sent": Q(status__in=(status.SENT, status.DELIVERED, status.UNDELIVERED)),
        "delivered": Q(status=status.DELIVERED),
        "undelivered": Q(status=status.UNDELIVERED),
        "stopped": Q(status=status.CANCELLED, settled_at__gt=F("created_at")),
        "dead": Q(status=status.DEAD),
        "left_out": Q(status=status.CANCELLED, settled_at__lte=F("created_at")),
    }
    versions = list(Strategy.objects.filter(code=code).values_list("pk", flat=True))
    rows = Message.objects.filter(strategy_id__in=versions, planned_on__gte=since).order_by()
    counts = {name: Count("pk", filter=wanted) for name, wanted in of.items()}
    found = rows.values("step", "channel").annotate(**counts).values_list("step", "channel", *of)
    return {(step, channel): StepResult(**dict(zip(of, numbers, strict=True))) for step, channel, *numbers in found}


def _by_step(came: dict[tuple[str, str], StepResult]) -> dict[str, StepResult]:
    found: dict[str, StepResult] = {}
    for (step, _channel), result in came.items():
        before = found.get(step, StepResult())
        names = (field.name for field in fields(StepResult))
        found[step] = StepResult(**{name: getattr(before, name) + getattr(result, name) for name in names})
    return found


def _shown_try(strategy: Strategy, steps: Sequence[Step]) -> ShownTry | None:
    if strategy.dry_run is None:
        return None
    found = StrategyTry.from_json(strategy.dry_run)
    is_current = strategy.dry_run_revision == strategy.revision
    by_day = found.by("day")
    calls: dict[date, int] = {}
    for line in found.lines:
        if line.channel == "call":
            calls[line.day] = calls.get(line.day, 0) + line.times
    days = tuple((day, by_day.get((day,), 0), calls.get(day, 0)) for day in found.days)
    order = {step.code: place for place, step in enumerate(steps)}
    counted = sorted(found.by("step", "channel").items(), key=lambda entry: (order.get(entry[0][0], 0), entry[0]))
    by_step = tuple((step, channel, count) for (step, channel), count in counted)
    return ShownTry(found, is_current, tries_figure(found) if found.messages or found.calls else None, days, by_step)

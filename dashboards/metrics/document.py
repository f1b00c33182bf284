"""docs/metrics.md, made from the registry."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import translation

from dashboards.metrics import METRICS
from dashboards.metrics.base import Metric
from dashboards.segments import SEGMENTS


def metrics_document() -> str:
    """Return a section for each metric, in English with its Chinese title and definition, and the table of segments."""
    with translation.override("en"):
        sections = [_section(metric) for metric in METRICS.values()]
        segments = [f"| `{name}` | {label} |" for name, label in SEGMENTS.items()]
    table = "\n".join(["| segment | cut by |", "| --- | --- |", *segments])
    return "\n\n".join([*sections, "## Segments", table])


def _section(metric: Metric) -> str:
    with translation.override("zh-hans"):
        chinese_title, chinese_definition = str(metric.title), str(metric.definition)
    lines = [f"## {metric.title} · {chinese_title}", "", str(metric.definition), "", chinese_definition, ""]
    return "\n".join([*lines, "| | |", "| --- | --- |", *(f"| {name} | {text} |" for name, text in _rows(metric))])


def _rows(metric: Metric) -> Iterator[tuple[str, str]]:
    yield "export name", f"`{metric.name}`"
    yield "numerator", str(metric.numerator)
    yield "denominator", str(metric.denominator)
    yield "as of", str(metric.as_of_rule)
    yield (
        "made from",
        f"what is {metric.basis}"
        + (f"; with `{metric.known_with[0]}={metric.known_with[1]}` what is known" if metric.known_with else ""),
    )
    yield "keys", "; ".join(str(key) for key in (metric.key_1, metric.key_2) if key) or "none"
    yield "measures", ", ".join(f"`{measure}`" for measure in metric.measures)
    for option in metric.options:
        yield f"option `{option.name}`", f"{option.label}: {option.values}; unless told {option.value}"
    for trap in metric.traps:
        yield "mind", str(trap)

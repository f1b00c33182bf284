"""The registry of metrics: pages, `export_metric`, the API and docs/metrics.md are made from it."""

from __future__ import annotations

from typing import Final

from dashboards.metrics.base import Metric
from dashboards.metrics.buckets import BUCKET_SHARES
from dashboards.metrics.cei import CEI
from dashboards.metrics.coincident import COINCIDENT
from dashboards.metrics.cure import CURE
from dashboards.metrics.fpd import FPD
from dashboards.metrics.lagged import LAGGED
from dashboards.metrics.redefault import REDEFAULT
from dashboards.metrics.relief import PROMISE_KEPT, RELIEF
from dashboards.metrics.roll_rates import ROLL_RATES
from dashboards.metrics.transition_matrix import TRANSITION_MATRIX
from dashboards.metrics.vintage import VINTAGE

METRICS: Final[dict[str, Metric]] = {
    metric.name: metric
    for metric in (
        BUCKET_SHARES,
        COINCIDENT,
        LAGGED,
        ROLL_RATES,
        TRANSITION_MATRIX,
        CURE,
        VINTAGE,
        FPD,
        CEI,
        REDEFAULT,
        RELIEF,
        PROMISE_KEPT,
    )
}

"""The figures of conduct as they stand."""

from __future__ import annotations

from accounts.models import ConductFigure
from accounts.rules.conduct_figures import FIGURES, ConductCode


def conduct_figures() -> dict[ConductCode, int]:
    """Return every figure as it stands; one that has no row as it ships."""
    stored = dict(ConductFigure.objects.values_list("code", "value"))
    return {code: stored.get(code.value, figure.shipped) for code, figure in FIGURES.items()}

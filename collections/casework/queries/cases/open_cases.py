"""The open case of an account, and the figures that cases follow."""

from __future__ import annotations

from casework.models import Case, CaseFigures
from casework.rules.case_stages import StageBounds


def open_case_of(account_id: int) -> Case | None:
    """Return the open case of an account; None where it is not being collected."""
    return Case.objects.filter(account_id=account_id, closed_on=None).first()


def figures_in_force() -> CaseFigures:
    """Return the figures that cases follow now; a site whose migrations have not seeded any has the shipped ones."""
    return CaseFigures.objects.order_by("-version").first() or CaseFigures(version=0)


def bounds_of(figures: CaseFigures) -> StageBounds:
    """Return the bounds of the stages as the rules take them."""
    return StageBounds(figures.work_from_days, figures.pursue_from_days)

"""The figures of conduct: put in where there is nothing yet, and changed by whoever may."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import ConductFigure
from accounts.operations.deciding.refusals import DecisionSettingRefused
from accounts.roles import EDIT_CONDUCT_FIGURES
from accounts.rules.conduct_figures import FIGURES, ConductCode
from riskops.shared.audit import Actor, record


def seed_conduct_figures(*, using: str) -> None:
    """Put in the figures that are missing; those a site has stay as they are."""
    for code, figure in FIGURES.items():
        ConductFigure.objects.using(using).get_or_create(
            code=code.value, defaults={"value": figure.shipped, "source": figure.source}
        )


@transaction.atomic
def save_conduct_figure(*, actor: Actor, code: str, value: int, source: str) -> ConductFigure:
    """Change a figure and the name of its rule. What was done before stays as it is.

    :raises DecisionSettingRefused: there is no such figure, it is out of its range, or no rule is named
    """
    figure = ConductFigure.objects.select_for_update().filter(code=code).first()
    if figure is None:
        known = ", ".join(FIGURES)
        raise DecisionSettingRefused(_("“%(code)s” is no figure; there are %(known)s.") % {"code": code, "known": known})
    bounds = FIGURES[ConductCode(figure.code)]
    if not bounds.lowest <= value <= bounds.highest:
        raise DecisionSettingRefused(
            _("%(value)s is not from %(lowest)s to %(highest)s; choose a figure in that range.")
            % {"value": value, "lowest": bounds.lowest, "highest": bounds.highest}
        )
    before = {"value": figure.value, "source": figure.source}
    figure.value, figure.source = value, source.strip()
    try:
        figure.full_clean()
    except ValidationError as invalid:
        raise DecisionSettingRefused(" ".join(invalid.messages)) from None
    figure.save(update_fields=["value", "source"])
    record(
        actor=actor,
        action=EDIT_CONDUCT_FIGURES,
        subject_type="conductfigure",
        subject_key=code,
        before=before,
        after={"value": figure.value, "source": figure.source},
    )
    return figure

"""Figures of conduct: configuration with the rule's name beside it, never a constant in code."""

from __future__ import annotations

from typing import Any, Final

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.rules.conduct_figures import ConductCode
from riskops.shared.fields import KeyField

#: What each figure is, with its unit.
FIGURE_NAMES: Final[dict[ConductCode, Promise]] = {
    ConductCode.YEARLY_COST_LINE: _("yearly cost above which a product is flagged, hundredths of a percent"),
    ConductCode.DEBIT_NOTICE: _("notice before a debit, days"),
    ConductCode.DEBIT_TRIES: _("tries of one debit at most"),
    ConductCode.DEBIT_SPACING: _("days between two tries of a debit"),
}
_CHOICES: Final[list[tuple[str, Any]]] = [(code.value, name) for code, name in FIGURE_NAMES.items()]


class ConductFigure(models.Model):
    """One figure. The rows are shipped; a site changes their values (accounts/operations/conduct_figures.py)."""

    code = KeyField(_("code"), max_length=40, unique=True, choices=_CHOICES)
    value = models.PositiveIntegerField(_("figure"))
    source = models.CharField(_("rule"), max_length=200, help_text=_("where the figure comes from"))

    class Meta:
        verbose_name = _("figure of conduct")
        verbose_name_plural = _("figures of conduct")
        ordering = ["code"]

    def __str__(self) -> str:
        return str(self.code)

"""Collection strategies in versions: ladders of steps, each with its day, its condition and what is done."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from outreach.models.versions import Version, version_constraints
from riskops.shared.fields import KeyField


class Strategy(Version):
    """One version of one strategy.

    A product follows the strategy whose version on a day names it, else the site's own (COLLECTION_STRATEGY). Its steps are plain
    values (outreach/rules/ladders.py says which), so that what was approved is one row.
    """

    code = KeyField(_("code"), max_length=32)
    # Codes of the products that follow it. As with contact policies no product is in two of one day.
    products = models.JSONField(_("products"), default=list, blank=True)
    steps = models.JSONField(_("steps"), default=list, blank=True)
    # What the last dry run found, and of which revision.
    dry_run = models.JSONField(null=True)
    dry_run_revision = models.PositiveIntegerField(null=True)

    KEY = "code"
    SAID = ("name_en", "name_zh", "products", "steps", "note")

    class Meta:
        verbose_name = _("strategy")
        verbose_name_plural = _("strategies")
        ordering = ["code", "-version"]
        constraints = version_constraints("code", "strategy")

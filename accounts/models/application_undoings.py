"""The undoing of what a proposal rule decided about applications."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.applications import ProposalRule
from accounts.models.rule_versions import RuleUndo
from accounts.rules.application_undoing import Fate

#: In the order in which people read them: what is done, then what is passed over and why.
FATE_CHOICES = [
    (Fate.STOPPED.value, _("line never used: suspended, and its limit lowered to what is owed")),
    (Fate.LOWERED.value, _("limit of a line that was there: lowered to the one before")),
    (Fate.REOPENED.value, _("refusal: open again, and the applicant told")),
    (Fate.PROPOSED_ANEW.value, _("not decided yet: proposed anew")),
    (Fate.USED.value, _("stays: the line is used")),
    (Fate.DECIDED_SINCE.value, _("stays: the limit or the account was decided otherwise since")),
    (Fate.NOTHING_LEFT.value, _("stays: nothing is left to lower")),
    (Fate.ACCOUNT_ENDED.value, _("stays: the account is closed or written off")),
    (Fate.APPEALED.value, _("stays: somebody else has looked at it again, or does")),
    (Fate.APPLIED_SINCE.value, _("stays: the person has applied again since")),
    (Fate.UNDONE_BEFORE.value, _("stays: a refusal of it was undone before")),
    (Fate.OWN_DECISION.value, _("stays: decided otherwise than the rule proposed")),
]


class ApplicationUndo(RuleUndo):
    """The undoing of what a proposal rule decided: all of it, or the applications decided on one day.

    `preview`: `fates` (how many of each), `money` by currency, `asked_roles` (the matrix is asked with them) and
    `needs_approval_by`. `result`: the application numbers by fate, once it is done.
    """

    rule_version = models.ForeignKey(ProposalRule, on_delete=models.PROTECT, related_name="undoings")
    decided_on = models.DateField(_("decided on"), null=True, help_text="business day; empty: all that the version decided")
    result = models.JSONField(default=dict)

    class Meta(RuleUndo.Meta):
        abstract = False
        verbose_name = _("undoing of decisions on applications")
        constraints = [
            models.CheckConstraint(
                condition=Q(judged_by__isnull=True) | ~Q(judged_by=F("asked_by")), name="application_undoing_by_two"
            ),
            models.UniqueConstraint(
                fields=["rule_version"], name="one_application_undoing_asked_for", condition=Q(status="asked")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule_version_id} {self.decided_on or ''}"

    @property
    def day(self) -> date | None:
        """The business day it is limited to."""
        return self.decided_on

    @property
    def figures(self) -> list[tuple[Any, int]]:
        """Applications by what becomes of them: as it was done, or as it was when it was asked for."""
        counts = {name: len(numbers) for name, numbers in self.result.items()} or self.preview.get("fates", {})
        return [(label, counts[name]) for name, label in FATE_CHOICES if counts.get(name)]

    @property
    def money(self) -> list[dict[str, Any]]:
        """What was granted and refused when it was asked for, a row a currency."""
        found: list[dict[str, Any]] = self.preview.get("money", [])
        return found

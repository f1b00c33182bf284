"""Rules that decide about accounts, in versions, and the undoing of what a version decided."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.decision_settings import (
    ACTION_CHOICES,
    NAMING_SCOPES,
    SCOPE_CHOICES,
    STATUS_CHOICES,
    ReasonCode,
    ScopeValue,
    why_unknown,
)
from accounts.models.rule_versions import RuleUndo, RuleVersion


class DecisionRuleVersion(RuleVersion):
    """One version of a rule that decides: what it decides about the accounts that it holds on."""

    action = models.CharField(_("action"), max_length=16, choices=ACTION_CHOICES)
    reason = models.ForeignKey(ReasonCode, on_delete=models.PROTECT, related_name="+", verbose_name=_("reason"))
    scope = models.CharField(_("scope"), max_length=10, choices=SCOPE_CHOICES, blank=True)
    scope_value = models.CharField(_("channel or category"), max_length=64, blank=True)
    most_major = models.PositiveBigIntegerField(_("largest purchase"), null=True, blank=True, help_text=_("whole units"))
    limit_percent = models.PositiveSmallIntegerField(
        _("new limit, percent of the present one"), null=True, blank=True, help_text=_("never under the balance owed")
    )
    lifts_itself = models.BooleanField(_("lifted when the cause is gone"), default=True)

    class Meta(RuleVersion.Meta):
        abstract = False
        verbose_name = _("decision rule")
        verbose_name_plural = _("decision rules")
        ordering = ["code", "-number"]
        constraints = [
            *RuleVersion.Meta.constraints,
            models.CheckConstraint(
                condition=Q(action__in=["lower_limit", "raise_limit"], limit_percent__isnull=False)
                | (~Q(action__in=["lower_limit", "raise_limit"]) & Q(limit_percent__isnull=True)),
                name="decision_rule_says_the_limit",
            ),
            models.CheckConstraint(condition=~Q(action__in=["lift", "write_off"]), name="decision_rule_restricts_or_grants"),
        ]

    def clean_values(self) -> None:
        """Refuse an action that no rule takes, and a reason, scope or limit that does not go with it."""
        if self.reason.action != self.action or self.action in ("lift", "write_off", "accelerate"):
            raise ValidationError(_("A rule suspends, lowers or raises, for a reason code of that action."))
        percent = self.limit_percent
        wanted = {"lower_limit": percent is not None and percent < 100, "raise_limit": percent is not None and percent > 100}
        if not wanted.get(self.action, percent is None):
            raise ValidationError(_("To lower a limit takes less than 100 percent of it, to raise it more; the rest take none."))
        value, most = self.scope_value, self.most_major
        fits = {
            "all": not value and most is None,
            "channel": bool(value) and most is None,
            "category": bool(value) and most is None,
            "amount": not value and most is not None,
            "": not value and most is None,
        }[self.scope]
        if not fits or (self.action == "suspend_use") != bool(self.scope):
            raise ValidationError(_("A suspension stops all use, a named channel or category, or purchases above an amount."))
        if self.scope in NAMING_SCOPES:
            known = ScopeValue.objects.filter(kind=self.scope, is_active=True).values_list("code", flat=True)
            if value not in known:
                raise ValidationError({"scope_value": why_unknown(self.scope, value, known)})


#: In the preview of an undoing, beside the statuses: how many lifts of the day it leaves as they are.
LIFTS_THAT_STAY: Final = "lifts_that_stay"


class DecisionUndo(RuleUndo):
    """The undoing of every decision of a rule version, or of those of one day."""

    rule_version = models.ForeignKey(DecisionRuleVersion, on_delete=models.PROTECT, related_name="undoings")
    proposed_on = models.DateField(_("run of"), null=True, help_text="business day; empty: every decision of the version")

    class Meta(RuleUndo.Meta):
        abstract = False
        verbose_name = _("undoing of decisions")
        constraints = [
            models.CheckConstraint(condition=Q(judged_by__isnull=True) | ~Q(judged_by=F("asked_by")), name="undoing_by_two"),
            models.UniqueConstraint(fields=["rule_version"], name="one_undoing_asked_for", condition=Q(status="asked")),
        ]

    def __str__(self) -> str:
        return f"{self.rule_version_id} {self.proposed_on or ''}"

    @property
    def day(self) -> date | None:
        """The run it is limited to."""
        return self.proposed_on

    @property
    def figures(self) -> list[tuple[Any, int]]:
        """Decisions by status when it was asked for, and the lifts that it leaves."""
        labels: dict[str, Any] = {**dict(STATUS_CHOICES), LIFTS_THAT_STAY: _("lifts that stay")}
        return [(labels.get(status, status), count) for status, count in self.preview.items()]

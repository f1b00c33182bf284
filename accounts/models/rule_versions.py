"""Rules in versions: a draft, tried on what there is, approved by a second person, live from a day; and what one did undone.

The columns that all kinds share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from riskops.shared.fields import KeyField

#: Columns that say how a version came about, not what it says.
_NOT_SAID: Final = {
    *("id", "number", "status", "revision", "drafted_by", "drafted_by_name", "drafted_at", "editors"),
    *("dry_run", "dry_run_at"),
    *("approved_by", "approved_by_name", "approved_at", "live_from", "live_until"),
}


class RuleVersion(models.Model):
    """One version of one rule. Written by accounts/operations/rule_versions.py, nobody else.

    A version that went live never changes: a correction is the next number of the same code. Live from a day (included) until
    a day (not included). `dry_run` is what the last trial found; a change of the draft empties it.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        LIVE = "live", _("approved")
        DISCARDED = "discarded", _("discarded")

    code = KeyField(_("code"), max_length=40)
    number = models.PositiveIntegerField(_("version"))
    name_en = models.CharField(_("name in English"), max_length=100)
    name_zh = models.CharField(_("name in Chinese"), max_length=100)
    rule = models.TextField(_("rule"), help_text=_("a condition over facts; see docs/rules.md"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    revision = models.PositiveIntegerField(default=1, help_text="counts up with every change: a stale form is refused")
    note = models.TextField(_("note"), blank=True)
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    drafted_by_name = models.CharField(_("drafted by"), max_length=150)
    drafted_at = models.DateTimeField(_("drafted at"), auto_now_add=True)
    # Ids of all who drafted it or changed the draft: none of them may approve it.
    editors = models.JSONField(default=list)
    dry_run = models.JSONField(null=True)
    dry_run_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    approved_by_name = models.CharField(_("approved by"), max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True)
    live_from = models.DateField(_("live from"), null=True)
    live_until = models.DateField(_("live until"), null=True, help_text="first day it no longer holds")

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["code", "number"], name="%(class)s_number_once"),
            models.UniqueConstraint(fields=["code"], condition=Q(status="draft"), name="%(class)s_one_draft"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(status="live", live_until__isnull=True), name="%(class)s_one_live"
            ),
            models.CheckConstraint(
                condition=Q(status="live", live_from__isnull=False, dry_run__isnull=False)
                | (~Q(status="live") & Q(live_from__isnull=True, live_until__isnull=True)),
                name="%(class)s_live_from_a_day",
            ),
            models.CheckConstraint(
                condition=Q(live_until__isnull=True) | Q(live_until__gte=F("live_from")), name="%(class)s_lives_forward"
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("drafted_by")), name="%(class)s_by_two"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} v{self.number}"

    @property
    def name(self) -> str:
        """Its name in the reader's language."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en

    def is_by(self, user_id: int | None) -> bool:
        """Return whether somebody drafted it, or changed the draft."""
        return user_id is not None and user_id in {self.drafted_by_id, *self.editors}

    def values(self) -> dict[str, Any]:
        """Return what a draft says, for the audit trail and for the next version."""
        return {f.attname: getattr(self, f.attname) for f in self._meta.concrete_fields if f.name not in _NOT_SAID}

    def clean_values(self) -> None:
        """Refuse values that cannot stand together; kinds with such values say which.

        :raises ValidationError: says what is wrong
        """


class RuleUndo(models.Model):
    """The undoing of everything that a rule version did, or of what it did on one day: asked for by one, approved by another.

    Written by accounts/operations/rule_undoing.py, nobody else. Kinds add the version and the day.
    """

    class Status(models.TextChoices):
        ASKED = "asked", _("asked for")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")

    reason = models.TextField(_("reason"))
    preview = models.JSONField(default=dict, help_text="what there was to undo when it was asked for")
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.ASKED)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    asked_by_name = models.CharField(_("asked by"), max_length=150)
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    judged_by_name = models.CharField(_("judged by"), max_length=150, blank=True)
    undone = models.PositiveIntegerField(_("undone"), default=0)
    asked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["-id"]

    @property
    def day(self) -> Any:
        """The business day it is limited to; None: all that the version did."""
        raise NotImplementedError

    @property
    def figures(self) -> Sequence[tuple[Any, int]]:
        """What there was to undo, in words, with how many of each."""
        raise NotImplementedError

    @property
    def money(self) -> Sequence[dict[str, Any]]:
        """The money of it, a row a currency; amounts in its minor units."""
        return ()

"""What outreach keeps in versions: contact policies, templates, strategies. The columns that all of them share."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, ClassVar, Final, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

IN_WORK: Final = ("draft", "proposed")


class Version(models.Model):
    """One version of something that two people put live. Written by outreach/operations/versions.py, nobody else.

    Of the approved versions of one key that with the latest `live_from` up to a day holds on it. Triggers refuse to change or
    delete what was approved: the way on is the next version.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PROPOSED = "proposed", _("waits for approval")
        APPROVED = "approved", _("approved")
        WITHDRAWN = "withdrawn", _("withdrawn")

    version = models.PositiveIntegerField(_("version"))
    name_en = models.CharField(_("name in English"), max_length=100)
    name_zh = models.CharField(_("name in Chinese"), max_length=100)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    note = models.CharField(_("what it changes, and why"), max_length=500, blank=True)
    live_from = models.DateField(_("live from"), null=True)
    revision = models.PositiveIntegerField(default=1, help_text="counts up with every change: a stale form is refused")
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    drafted_by_name = models.CharField(_("drafted by"), max_length=150)
    drafted_at = models.DateTimeField(_("drafted"), auto_now_add=True)
    # Ids of all who changed the draft: none of them may approve it.
    editors = models.JSONField(default=list)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    approved_by_name = models.CharField(_("approved by"), max_length=150, blank=True)
    approved_at = models.DateTimeField(_("approved"), null=True)

    #: The column that names what this is a version of.
    KEY: ClassVar[str]
    #: The columns that say what a version is, in the order of forms.
    SAID: ClassVar[tuple[str, ...]]

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"

    @property
    def key(self) -> str:
        """What it is a version of."""
        return str(getattr(self, self.KEY))

    @property
    def name(self) -> str:
        """Its name in the reader's language."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en

    def said(self) -> dict[str, Any]:
        """Return what it says, as plain JSON, for the trail."""
        plain = {name: getattr(self, name) for name in self.SAID}
        return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in plain.items()}


def version_constraints(key: str, prefix: str) -> list[models.BaseConstraint]:
    """Return what the database holds of every kind of version; names begin with the prefix."""
    return [
        models.UniqueConstraint(fields=[key, "version"], name=f"{prefix}_version_once"),
        models.UniqueConstraint(fields=[key], condition=Q(status__in=IN_WORK), name=f"{prefix}_one_draft"),
        models.UniqueConstraint(fields=[key, "live_from"], condition=Q(status="approved"), name=f"{prefix}_one_live_a_day"),
        models.CheckConstraint(
            condition=~Q(status__in=["proposed", "approved"]) | Q(live_from__isnull=False), name=f"{prefix}_has_a_first_day"
        ),
        models.CheckConstraint(
            condition=Q(approved_by=None) | ~Q(approved_by=F("drafted_by")), name=f"{prefix}_takes_two_people"
        ),
    ]


AnyVersion = TypeVar("AnyVersion", bound=Version)


def live_versions(model: type[AnyVersion], on: date, keys: Collection[str] | None = None) -> dict[str, AnyVersion]:
    """Return the version of each key that holds on a day (the site's calendar), by key.

    :param keys: those that are wanted; None: all
    """
    approved = model._default_manager.filter(status=Version.Status.APPROVED, live_from__lte=on)
    if keys is not None:
        approved = approved.filter(**{f"{model.KEY}__in": keys})
    # Later ones take the place of earlier ones.
    return {row.key: row for row in approved.order_by("live_from")}

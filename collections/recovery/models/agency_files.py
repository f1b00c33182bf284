"""Files to and from agencies, and who of an agency saw which account when."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import CreditAccount
from recovery.models.agencies import Agency, person
from riskops.shared.fields import KeyField


class AgencyFile(models.Model):
    """A file that was exchanged. What came in is checked as a whole: with one bad row nothing of it is loaded."""

    class Kind(models.TextChoices):
        PLACEMENTS = "placements", _("placements (to the agency)")
        INVENTORY = "inventory", _("inventory (from the agency)")
        PAYMENTS = "payments", _("payments (from the agency)")
        CONTACTS = "contacts", _("contacts (from the agency)")

    class Status(models.TextChoices):
        SENT = "sent", pgettext_lazy("file", "handed over")
        REFUSED = "refused", pgettext_lazy("file", "refused")
        CHECKED = "checked", _("checked: waits for a second person")
        LOADED = "loaded", pgettext_lazy("file", "loaded")

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="files")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(_("file"), max_length=255)
    digest = KeyField(help_text="SHA-256 of its bytes")
    status = models.CharField(_("state"), max_length=8, choices=Status)
    rows = models.PositiveIntegerField(_("rows"))
    problems = models.JSONField(default=list)
    # What is to be loaded (no personal data: references, days, amounts), or what a reconciliation found.
    content = models.JSONField(default=list)
    result = models.JSONField(default=dict)
    sent_by = person()
    sent_by_name = models.CharField(max_length=150)
    at = models.DateTimeField(_("when"))
    taken_by_name = models.CharField(max_length=150, blank=True)
    taken_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("file of an agency")
        indexes = [models.Index(fields=["agency", "-at"], name="files_of_an_agency")]
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "kind", "digest"], condition=Q(status__in=["checked", "loaded"]), name="an_agency_file_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.kind} {self.name}"


class AgencyAccess(models.Model):
    """Somebody of an agency saw something of an account. Only added; triggers refuse all else."""

    class What(models.TextChoices):
        LIST = "list", _("in the list")
        PAGE = "page", _("its page")
        NUMBER = "number", _("the telephone number")
        FILE = "file", _("in a file")

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    what = models.CharField(_("what"), max_length=6, choices=What)
    user = person()
    user_name = models.CharField(pgettext_lazy("access", "who"), max_length=150)
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("access by an agency")
        indexes = [
            models.Index(fields=["agency", "-at", "-id"], name="access_by_an_agency"),
            models.Index(fields=["account", "-at"], name="access_to_an_account"),
        ]

    def __str__(self) -> str:
        return f"{self.user_name} {self.what} {self.account_id}"

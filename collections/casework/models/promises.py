"""Promises to pay, their parts, and the terms on which they are taken."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import CreditAccount, Customer, Product
from casework.models.cases import Case
from riskops.shared.personal import EncryptedPersonField


class PromiseTerms(models.Model):
    """A version of the terms of promises, of one product or (`product` null) of all that have none of their own.

    The highest version is the one in force; none is ever changed, and a promise keeps those it was made on.
    """

    product = models.ForeignKey(
        Product, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("product")
    )
    version = models.PositiveIntegerField()
    grace_days = models.PositiveSmallIntegerField(
        _("grace days of a promise"), default=1, help_text=_("a payment counts so many days after its day")
    )
    tolerance_bp = models.PositiveIntegerField(
        _("tolerance, hundredths of a percent"), default=100, help_text=_("of what was promised up to the day")
    )
    tolerance_minor = models.PositiveBigIntegerField(
        _("tolerance, minor units"), default=100, help_text=_("the larger of the two tolerances counts")
    )
    partly_from_bp = models.PositiveIntegerField(
        _("partly kept from, hundredths of a percent"), default=5_000, help_text=_("less than this paid: broken")
    )
    most_days = models.PositiveSmallIntegerField(_("last day at most so many days ahead"), default=30)
    most_parts = models.PositiveSmallIntegerField(_("parts at most"), default=6)
    most_broken_in_a_row = models.PositiveSmallIntegerField(
        _("broken in a row at most"), default=2, help_text=_("after so many a team lead must allow the next one")
    )
    reversal_days = models.PositiveSmallIntegerField(
        _("reversals count for"), default=30, help_text=_("days after the end; a later reversal leaves the promise as it is")
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=150)
    reason = models.CharField(max_length=500)
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = _("terms of promises")
        verbose_name_plural = _("terms of promises")
        ordering = ["product", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["product", "version"], name="one_version_of_terms_of_a_product"),
            models.UniqueConstraint(fields=["version"], condition=Q(product__isnull=True), name="one_version_of_terms_for_all"),
            models.CheckConstraint(
                condition=Q(tolerance_bp__lte=10_000, partly_from_bp__lte=10_000, most_parts__gte=1),
                name="promise_terms_hold",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id or '*'} {self.version}"


class Promise(models.Model):
    """A customer's word to pay by a day, or in parts by several.

    `status`, `paid_minor`, `next_due_on` and `decided_on` follow from payments (casework/bulk/promises.py, casework/
    operations/promises/observing.py); nobody sets them but who cancels it.
    """

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("promise", "open")
        KEPT = "kept", pgettext_lazy("promise", "kept")
        PARTLY = "partly", pgettext_lazy("promise", "partly kept")
        BROKEN = "broken", pgettext_lazy("promise", "broken")
        CANCELLED = "cancelled", pgettext_lazy("promise", "cancelled")

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="promises", db_index=False)
    # Copies of the account's own, which never change.
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="promises")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="promises")
    made_on = models.DateField(_("made on"), help_text=_("the business day; payments count from it"))
    recorded_at = models.DateTimeField(_("recorded"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    made_by_name = models.CharField(_("taken by"), max_length=150)
    total_minor = models.BigIntegerField(_("promised"))
    part_count = models.PositiveSmallIntegerField(_("parts"))
    terms = models.ForeignKey(PromiseTerms, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    partly_from_bp = models.PositiveIntegerField()
    #: The last day on which a payment counts, and the last on which a reversal does.
    ends_on = models.DateField(_("ends on"))
    watched_until = models.DateField()
    #: The last entry that was in the book when it was made: what was paid on its day before it does not count.
    known_payment_id = models.BigIntegerField(default=0)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    paid_minor = models.BigIntegerField(pgettext_lazy("promise", "paid"), default=0)
    next_due_on = models.DateField(_("next due"), null=True)
    decided_on = models.DateField(_("decided on"), null=True)
    #: Free text about a person, so kept as personal data is.
    said = EncryptedPersonField(null=True)
    # Why it was taken in spite of those broken before it, and why it was cancelled.
    override_reason = models.CharField(max_length=500, blank=True)
    cancel_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")
        constraints = [
            models.CheckConstraint(condition=Q(total_minor__gt=0, part_count__gt=0), name="promise_of_something"),
            models.CheckConstraint(
                condition=Q(status="open", decided_on__isnull=True) | (~Q(status="open") & Q(decided_on__isnull=False)),
                name="promise_decided_on_a_day",
            ),
            models.CheckConstraint(condition=Q(watched_until__gte=F("ends_on")), name="promise_watched_to_its_end"),
        ]
        indexes = [
            models.Index(fields=["account", "watched_until"], name="promises_of_accounts"),
            models.Index(fields=["next_due_on", "id"], name="promises_open", condition=Q(status="open")),
            models.Index(fields=["decided_on", "id"], name="promises_decided", condition=Q(decided_on__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.made_on} {self.status}"

    @property
    def text(self) -> str:
        """What was said, in clear."""
        return (self.said or {}).get("text", "")


class PromisePart(models.Model):
    """An amount of a promise and its day; status and what was paid are written with the promise's."""

    promise = models.ForeignKey(Promise, on_delete=models.PROTECT, related_name="parts", db_index=False)
    number = models.PositiveSmallIntegerField(_("part"))
    due_on = models.DateField(_("due on"))
    amount_minor = models.BigIntegerField(_("amount"))
    #: Promised up to and with this part, and how much of that must be paid, by when.
    through_minor = models.BigIntegerField()
    needed_minor = models.BigIntegerField()
    counts_until = models.DateField(_("counts until"))
    status = models.CharField(_("status"), max_length=10, choices=Promise.Status, default=Promise.Status.OPEN)
    paid_minor = models.BigIntegerField(pgettext_lazy("promise", "paid"), default=0)

    class Meta:
        verbose_name = _("part of a promise")
        verbose_name_plural = _("parts of promises")
        ordering = ["promise", "number"]
        constraints = [
            models.UniqueConstraint(fields=["promise", "number"], name="one_part_of_a_number"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, needed_minor__gt=0, counts_until__gte=F("due_on")), name="promise_part_holds"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.promise_id}/{self.number}"

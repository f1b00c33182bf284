"""Agreements and disclosures in their versions, and which of them a customer accepted."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.account import CreditAccount
from accounts.models.customer import Customer
from accounts.models.product import Product
from riskops.shared.fields import KeyField


class AgreementVersion(models.Model):
    """One version of a text that customers accept. Published ones never change: a correction is a new version."""

    class Kind(models.TextChoices):
        AGREEMENT = "agreement", _("credit agreement")
        DISCLOSURE = "disclosure", _("disclosure")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    code = KeyField(_("version"), max_length=40, help_text=_("e.g. baitiao-2025-03"))
    product = models.ForeignKey(
        Product,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("product"),
        help_text=_("empty: every product"),
    )
    title_en = models.CharField(_("title in English"), max_length=200)
    title_zh = models.CharField(_("title in Chinese"), max_length=200)
    text_en = models.TextField(_("text in English"))
    text_zh = models.TextField(_("text in Chinese"))
    has_acceleration_clause = models.BooleanField(
        _("has an acceleration clause"), default=False, help_text=_("without it full repayment cannot be demanded")
    )
    published_on = models.DateField(_("published on"))

    class Meta:
        verbose_name = _("agreement version")
        verbose_name_plural = _("agreement versions")
        ordering = ["kind", "-published_on", "code"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "code"], name="agreement_version_once"),
            models.CheckConstraint(
                condition=Q(has_acceleration_clause=False) | Q(kind="agreement"), name="only_an_agreement_has_clauses"
            ),
            models.CheckConstraint(condition=~Q(text_en="") & ~Q(text_zh=""), name="agreement_speaks_both_languages"),
        ]

    def __str__(self) -> str:
        return self.code


class Acceptance(models.Model):
    """A customer's yes to a version on a day, for one account. The latest one by day is the one that holds."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="acceptances", db_index=False)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="acceptances", db_index=False)
    version = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT, related_name="acceptances")
    accepted_on = models.DateField(_("accepted on"))
    channel = models.CharField(_("channel"), max_length=64, blank=True)
    evidence = models.CharField(_("evidence"), max_length=200, blank=True, help_text=_("where the proof is kept"))
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("acceptance")
        verbose_name_plural = _("acceptances")
        constraints = [models.UniqueConstraint(fields=["account", "version", "accepted_on"], name="acceptance_once_a_day")]
        indexes = [models.Index(fields=["customer"], name="acceptances_by_customer")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.version_id}"

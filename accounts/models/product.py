"""Products: the terms that penalty, allocation and buckets follow."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.rules.terms import COMPONENT_BY_NAME, Terms
from riskops.shared.fields import KeyField


class Product(models.Model):
    """A product's terms; only its name may change once it is in the book."""

    class PenaltyBase(models.TextChoices):
        PRINCIPAL = "principal", _("principal")
        PRINCIPAL_INTEREST = "principal_interest", _("principal and interest")

    class PenaltyFrom(models.TextChoices):
        DUE_DATE = "due_date", _("due date")
        GRACE_END = "grace_end", _("end of the grace period")

    class Prepayment(models.TextChoices):
        NEXT_INSTALLMENTS = "next_installments", _("pays the next instalments")
        HOLD = "hold", _("waits for the due date")

    class BucketMap(models.TextChoices):
        DEFAULT = "default", _("default (1–30, 31–60, …)")
        CALENDAR_29 = "calendar-29", _("calendar (1–29, 30–59, …)")

    product_code = KeyField(_("product code"), unique=True)
    name = models.CharField(_("product name"), max_length=200, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    minor_digits = models.PositiveSmallIntegerField(default=2)
    grace_days = models.PositiveSmallIntegerField(_("grace days"), default=0)
    penalty_rate_ppm = models.PositiveIntegerField(_("penalty, ppm a day"), default=0)
    penalty_base = models.CharField(_("penalty base"), max_length=20, choices=PenaltyBase, default=PenaltyBase.PRINCIPAL)
    penalty_from = models.CharField(_("penalty from"), max_length=10, choices=PenaltyFrom, default=PenaltyFrom.DUE_DATE)
    penalty_cap_bp = models.PositiveIntegerField(
        _("penalty cap"), null=True, help_text=_("hundredths of a percent of the scheduled principal; empty: no cap")
    )
    allocation_order = models.CharField(_("allocation order"), max_length=40, default="penalty,fee,interest,principal")
    prepayment = models.CharField(_("prepayment"), max_length=20, choices=Prepayment, default=Prepayment.NEXT_INSTALLMENTS)
    bucket_map = models.CharField(_("bucket map"), max_length=12, choices=BucketMap, default=BucketMap.DEFAULT)
    attributes = models.JSONField(_("attributes"), default=dict)
    content_hash = models.BigIntegerField(help_text="keyed hash of the imported row; see accounts/portfolio_files")

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.CheckConstraint(condition=Q(grace_days__lte=365), name="product_grace_within_a_year"),
            models.CheckConstraint(condition=Q(penalty_rate_ppm__lte=10_000), name="product_rate_at_most_1_percent_a_day"),
        ]

    def __str__(self) -> str:
        return self.name or self.product_code

    @property
    def terms(self) -> Terms:
        """The product's terms as the plain value that the rules work on."""
        return Terms(
            grace_days=self.grace_days,
            penalty_rate_ppm=self.penalty_rate_ppm,
            penalty_on_interest=self.penalty_base == self.PenaltyBase.PRINCIPAL_INTEREST,
            penalty_from_grace_end=self.penalty_from == self.PenaltyFrom.GRACE_END,
            penalty_cap_bp=self.penalty_cap_bp,
            allocation_order=tuple(COMPONENT_BY_NAME[name] for name in self.allocation_order.split(",")),
            holds_prepayment=self.prepayment == self.Prepayment.HOLD,
            bucket_map=self.bucket_map,
        )

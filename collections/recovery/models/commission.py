"""What agencies earn: a line for each payment or reversal, and the statement of a month."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Payment
from recovery.models.agencies import Agency, person
from recovery.models.placements import Placement


class AgencyStatement(models.Model):
    """The commission of an agency for a month: drawn up by one person, issued by another. Issued, it never changes again."""

    class Status(models.TextChoices):
        PREPARED = "prepared", _("waits for a second person")
        ISSUED = "issued", pgettext_lazy("statement", "issued")
        DROPPED = "dropped", pgettext_lazy("statement", "dropped")

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="statements")
    month = models.DateField(_("month"), help_text="its first day")
    status = models.CharField(_("state"), max_length=8, choices=Status, default=Status.PREPARED)
    lines_count = models.PositiveIntegerField(_("lines"))
    base_minor = models.BigIntegerField(pgettext_lazy("commission", "paid"))
    total_minor = models.BigIntegerField(_("commission"))
    # The last line there was when it was drawn up: what comes later is of the next statement.
    last_line = models.BigIntegerField()
    prepared_by = person()
    prepared_by_name = models.CharField(max_length=150)
    prepared_at = models.DateTimeField(auto_now_add=True)
    issued_by_name = models.CharField(max_length=150, blank=True)
    issued_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("commission statement")
        verbose_name_plural = _("Commission statements")
        constraints = [
            models.UniqueConstraint(fields=["agency", "month"], condition=~Q(status="dropped"), name="one_statement_a_month"),
            models.UniqueConstraint(fields=["agency"], condition=Q(status="prepared"), name="one_statement_in_work"),
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.month:%Y-%m}"


class CommissionLine(models.Model):
    """What one payment earned an agency, or what its reversal takes back. Only added; its statement is noted once."""

    placement = models.ForeignKey(Placement, on_delete=models.PROTECT, related_name="commission", db_index=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", db_index=False)
    # The payment itself, or the reversal of one: each counts once.
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="commission_line")
    value_date = models.DateField(_("counts from"))
    base_minor = models.BigIntegerField(pgettext_lazy("commission", "paid"))
    rate_bp = models.IntegerField(_("rate, hundredths of a percent"))
    commission_minor = models.BigIntegerField(_("commission"))
    is_tail = models.BooleanField(_("after recall"))
    statement = models.ForeignKey(AgencyStatement, null=True, on_delete=models.PROTECT, related_name="lines")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("line of commission")
        indexes = [
            models.Index(fields=["agency", "value_date"], name="commission_not_stated", condition=Q(statement__isnull=True)),
            models.Index(fields=["placement"], name="commission_of_a_placement"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.commission_minor}"

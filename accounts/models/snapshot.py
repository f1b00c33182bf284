"""Per-account figures kept at month-ends. Partitioned by day on PostgreSQL, one plain table on SQLite."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.account import CreditAccount
from accounts.models.aging_columns import AgingColumns
from accounts.models.product import Product


class AccountSnapshot(AgingColumns):
    """An account as the close of a month-end found it (`reported`), or as it was filled in later (`rebuilt`). Never rewritten."""

    class Provenance(models.TextChoices):
        REPORTED = "reported", _("reported")
        REBUILT = "rebuilt", _("rebuilt")

    pk = models.CompositePrimaryKey("as_of", "account_id")
    as_of = models.DateField()
    account = models.ForeignKey(CreditAccount, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    product = models.ForeignKey(Product, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    opened_on = models.DateField()
    lateness_reason = models.CharField(_("reason for lateness"), max_length=20, blank=True, default="", db_default="")
    provenance = models.CharField(max_length=8, choices=Provenance, default=Provenance.REPORTED)

    class Meta:
        verbose_name = _("account snapshot")

    def __str__(self) -> str:
        return f"{self.account_id} {self.as_of}"

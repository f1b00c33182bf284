"""Sums over accounts: of one day by product and state, and of a month's moves between states.

Each is first written as partials, one set a shard in that shard's own transaction, then summed once the last shard is done
(dashboards/bulk.py, the only writer). Partials of a day are dropped when a later day is summed.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.product import Product
from accounts.models.snapshot import AccountSnapshot
from dashboards.rules.states import State

STATE_CHOICES = [(state.value, state.key) for state in State]


class DayFigures(models.Model):
    """Figures of the accounts of one product that share a state and have reached the same threshold of days past due."""

    as_of = models.DateField(_("as of"))
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.SmallIntegerField(_("state"), choices=STATE_CHOICES)
    days_from = models.SmallIntegerField(_("days past due from"), help_text=_("0, 1, 30, 60 or 90: the largest one reached"))
    accounts = models.BigIntegerField(_("accounts"))
    overdue_principal_minor = models.BigIntegerField(_("overdue principal"))
    overdue_interest_minor = models.BigIntegerField(_("overdue interest"))
    overdue_fee_minor = models.BigIntegerField(_("overdue fee"))
    penalty_due_minor = models.BigIntegerField(_("penalty due"))
    outstanding_principal_minor = models.BigIntegerField(_("outstanding principal"))
    outstanding_interest_minor = models.BigIntegerField(_("outstanding interest"))
    outstanding_fee_minor = models.BigIntegerField(_("outstanding fee"))
    credit_balance_minor = models.BigIntegerField(_("credit balance"))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.as_of} {self.product_id} {State(self.state).key} {self.days_from}+"


class AggregatePartial(DayFigures):
    """One shard's part of a day, as its run wrote it."""

    run_id = models.BigIntegerField()
    shard = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["as_of", "shard", "product", "state", "days_from"], name="one_aggregate_partial_a_shard"
            )
        ]


class DailyAggregate(DayFigures):
    """The whole book on one closed day: what the portfolio page reads instead of the accounts."""

    provenance = models.CharField(_("provenance"), max_length=8, choices=AccountSnapshot.Provenance)

    class Meta:
        verbose_name = _("daily aggregate")
        constraints = [
            models.UniqueConstraint(fields=["as_of", "product", "state", "days_from"], name="one_daily_aggregate"),
        ]


class MonthMoves(models.Model):
    """Accounts of one product that were in one state at the month-end before and are in another at this one.

    `written_off_minor` is the principal written off on accounts that entered the state written_off in this month.
    """

    as_of = models.DateField(_("as of"))
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    from_state = models.SmallIntegerField(_("from"), choices=STATE_CHOICES)
    to_state = models.SmallIntegerField(_("to"), choices=STATE_CHOICES)
    accounts = models.BigIntegerField(_("accounts"))
    principal_before_minor = models.BigIntegerField(_("outstanding principal before"))
    principal_after_minor = models.BigIntegerField(_("outstanding principal after"))
    written_off_minor = models.BigIntegerField(_("principal written off"))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.as_of} {self.product_id} {State(self.from_state).key} → {State(self.to_state).key}"


class FlowPartial(MonthMoves):
    """One shard's part of a month's moves, as its run wrote it."""

    run_id = models.BigIntegerField()
    shard = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["as_of", "shard", "product", "from_state", "to_state"], name="one_flow_partial_a_shard"
            )
        ]


class FlowAggregate(MonthMoves):
    """The whole book's moves in one month."""

    class Meta:
        verbose_name = _("monthly flow")
        constraints = [
            models.UniqueConstraint(fields=["as_of", "product", "from_state", "to_state"], name="one_monthly_flow"),
        ]

"""Collection agencies 委外机构: who they are, what they may take, who works there, and what they are paid."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from recovery.rules.commission import Band, bands_from_plain
from riskops.shared.fields import KeyField


def person(**more: Any) -> Any:
    """Return a column for who did something."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, **more
    )


class Agency(models.Model):
    """An agency. Prepared by one person, put into use by another; what is changed afterwards waits for a second person again.

    Written by recovery/operations/agencies, nobody else.
    """

    class Status(models.TextChoices):
        PREPARED = "prepared", _("waits for a second person")
        IN_USE = "in_use", pgettext_lazy("agency", "in use")
        SUSPENDED = "suspended", pgettext_lazy("agency", "suspended")
        ENDED = "ended", pgettext_lazy("agency", "ended")

    class Details(models.TextChoices):
        NONE = "none", _("no contact details: every number is shown one at a time, when a call is allowed")
        PHONE = "phone", _("telephone number")
        PHONE_NAME = "phone_name", _("telephone number and name")

    code = KeyField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=200)
    licence_no = models.CharField(_("licence number"), max_length=64)
    licence_valid_until = models.DateField(_("licence valid until"))
    contract_from = models.DateField(_("contract from"))
    contract_until = models.DateField(_("contract until"))
    undertaking_on = models.DateField(_("undertaking not to sub-delegate signed on"), null=True, blank=True)
    undertaking_reference = models.CharField(_("where the undertaking is kept"), max_length=200, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    minor_digits = models.PositiveSmallIntegerField(default=2)
    capacity_accounts = models.PositiveIntegerField(_("most accounts at a time"))
    capacity_minor = models.BigIntegerField(_("most money at a time"))
    placed_days = models.PositiveSmallIntegerField(_("days until an account is recalled"), default=180)
    contact_details = models.CharField(_("contact details in its file"), max_length=12, choices=Details, default=Details.NONE)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.PREPARED)
    status_reason = models.CharField(_("reason"), max_length=500, blank=True)
    # The close recalls whatever is open with it, as each account can be.
    recalls_all = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1)
    prepared_by_name = models.CharField(max_length=150)
    # Everybody who wrote what waits: none of them approves it.
    editors = models.JSONField(default=list)
    approved_by = person()
    approved_by_name = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True)

    #: What is said of an agency and approved by a second person.
    SAID = (
        "name",
        "licence_no",
        "licence_valid_until",
        "contract_from",
        "contract_until",
        "undertaking_on",
        "undertaking_reference",
        "capacity_accounts",
        "capacity_minor",
        "placed_days",
        "contact_details",
    )

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("Agencies")
        constraints = [
            models.CheckConstraint(condition=Q(contract_until__gte=models.F("contract_from")), name="agency_contract_in_order"),
            models.CheckConstraint(condition=Q(capacity_minor__gte=0), name="agency_capacity_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name

    def said(self) -> dict[str, Any]:
        """What it says, as plain values for the audit trail."""
        values = {name: getattr(self, name) for name in self.SAID}
        return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}


class AgencyEvaluation(models.Model):
    """An agency was evaluated 机构评估. Only added; triggers refuse all else."""

    class Result(models.TextChoices):
        PASSED = "passed", pgettext_lazy("evaluation", "passed")
        FAILED = "failed", pgettext_lazy("evaluation", "not passed")

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="evaluations")
    evaluated_on = models.DateField(_("evaluated on"))
    result = models.CharField(_("result"), max_length=6, choices=Result)
    findings = models.CharField(_("findings"), max_length=2000)
    evaluated_by = person()
    evaluated_by_name = models.CharField(max_length=150)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("evaluation of an agency")
        constraints = [models.UniqueConstraint(fields=["agency", "evaluated_on"], name="one_evaluation_a_day")]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.evaluated_on} {self.result}"


class AgencyPerson(models.Model):
    """A person of an agency, with a log-in of their own: only they contact customers for it, so nobody else can be sent."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="people")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="agency_work", db_index=False)
    # The latest; all of them are in `trainings`.
    trained_on = models.DateField(_("trained on"))
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True)
    registered_by_name = models.CharField(max_length=150)

    class Meta:
        verbose_name = _("person of an agency")
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(until__isnull=True), name="one_agency_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.user_id}"


class AgencyTraining(models.Model):
    """A training of a person of an agency. Only added: calls are judged by the trainings that had been by their day."""

    person = models.ForeignKey(AgencyPerson, on_delete=models.PROTECT, related_name="trainings", db_index=False)
    trained_on = models.DateField(_("trained on"))
    recorded_by_name = models.CharField(max_length=150)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("training of a person of an agency")
        constraints = [models.UniqueConstraint(fields=["person", "trained_on"], name="one_training_a_day")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.trained_on}"


class CommissionTerms(models.Model):
    """What an agency is paid, of payments on what is placed from a day on. Proposed by one person, approved by another."""

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("waits for a second person")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("sent back")

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="terms")
    version = models.PositiveIntegerField()
    live_from = models.DateField(_("from"))
    bands = models.JSONField(_("bands"))
    tail_days = models.PositiveSmallIntegerField(_("days after recall that still count"), default=0)
    status = models.CharField(_("state"), max_length=8, choices=Status, default=Status.PROPOSED)
    proposed_by = person()
    proposed_by_name = models.CharField(max_length=150)
    decided_by_name = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("commission terms")
        constraints = [
            models.UniqueConstraint(fields=["agency", "version"], name="one_version_of_terms"),
            models.UniqueConstraint(fields=["agency", "live_from"], condition=Q(status="approved"), name="one_terms_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} v{self.version}"

    @property
    def parts(self) -> tuple[Band, ...]:
        """Its bands, as the rules take them."""
        return bands_from_plain(self.bands)

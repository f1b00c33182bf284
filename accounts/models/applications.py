"""Applications for credit: who asks for what, with which consents and bureau records, what rules propose, what was decided."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.account import CreditAccount
from accounts.models.agreements import AgreementVersion
from accounts.models.customer import Customer
from accounts.models.decision_settings import ReasonCode
from accounts.models.product import Product
from accounts.models.rule_versions import RuleVersion
from accounts.rules.applications import ApplicationAction, ApplicationStatus, CapKind, Outcome, Repayment
from riskops.shared.fields import KeyField
from riskops.shared.personal import EncryptedPersonField

_OPEN = ["received", "proposed", "in_approval"]
_ENDED = ["granted", "refused", "withdrawn", "expired"]
STATUS_CHOICES = [
    (ApplicationStatus.RECEIVED.value, _("received")),
    (ApplicationStatus.PROPOSED.value, _("with a proposal")),
    (ApplicationStatus.IN_APPROVAL.value, _("in approval")),
    (ApplicationStatus.GRANTED.value, pgettext_lazy("application", "granted")),
    (ApplicationStatus.REFUSED.value, _("refused")),
    (ApplicationStatus.WITHDRAWN.value, _("withdrawn")),
    (ApplicationStatus.EXPIRED.value, _("expired")),
]
OUTCOME_CHOICES = [
    (Outcome.GRANT.value, _("grant")),
    (Outcome.REFUSE.value, _("refuse")),
    (Outcome.REFER.value, _("look at it")),
]
REPAYMENT_CHOICES = [
    (Repayment.INSTALLMENTS.value, _("in instalments")),
    (Repayment.BULLET.value, _("principal at once, at the end")),
]


class ProposalRule(RuleVersion):
    """A rule that proposes how to decide applications. The first one that holds, by `order`, speaks."""

    order = models.PositiveSmallIntegerField(_("order"), help_text=_("the first rule that holds speaks"))
    outcome = models.CharField(_("proposes"), max_length=8, choices=OUTCOME_CHOICES)
    reason = models.ForeignKey(
        ReasonCode, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("reason code")
    )
    share_bp = models.PositiveIntegerField(
        _("most of what is asked for"), null=True, blank=True, help_text=_("basis points: 10000 is all of it; empty: all")
    )
    income_multiple_bp = models.PositiveIntegerField(
        _("most monthly incomes"), null=True, blank=True, help_text=_("basis points: 30000 is three; empty: no such bound")
    )

    class Meta(RuleVersion.Meta):
        abstract = False
        verbose_name = _("proposal rule")
        verbose_name_plural = _("proposal rules")
        ordering = ["order", "code", "-number"]
        constraints = [
            *RuleVersion.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(outcome="refuse") | Q(reason__isnull=False), name="proposal_refuses_for_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(share_bp__isnull=True) | Q(share_bp__gte=1, share_bp__lte=10_000), name="proposal_share_is_a_share"
            ),
        ]

    def clean_values(self) -> None:
        """Refuse a refusal without a reason, and figures of a grant that is none."""
        if self.outcome == Outcome.REFUSE and (self.reason is None or self.reason.action != ApplicationAction.REFUSE_APPLICATION):
            raise ValidationError(_("A rule that proposes to refuse names the reason that the customer is told."))
        if self.outcome != Outcome.GRANT and (self.share_bp is not None or self.income_multiple_bp is not None):
            raise ValidationError(_("Only a rule that proposes to grant says how much."))
        if self.share_bp is not None and not 1 <= self.share_bp <= 10_000:
            raise ValidationError(_("The share is 1 to 10000 basis points."))


class LendingCap(models.Model):
    """A bound on what may be granted, with the name of the rule it comes from. A figure here, never a constant in code."""

    class Kind(models.TextChoices):
        CUSTOMER_LIMIT = CapKind.CUSTOMER_LIMIT.value, _("all limits of one customer, in whole units")
        BULLET_MONTHS = CapKind.BULLET_MONTHS.value, _("months of a loan repaid at once")

    code = KeyField(_("code"), max_length=40, unique=True)
    kind = models.CharField(_("bounds"), max_length=16, choices=Kind)
    currency = models.CharField(_("currency"), max_length=3, blank=True, help_text=_("of an amount; empty for months"))
    most = models.PositiveBigIntegerField(_("at most"), help_text=_("whole units of the currency, or months"))
    source = models.CharField(_("rule"), max_length=200, help_text=_("where the figure comes from, as refusals name it"))
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("cap on granting")
        verbose_name_plural = _("caps on granting")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(kind="customer_limit") & ~Q(currency="")) | Q(kind="bullet_months", currency=""),
                name="cap_on_an_amount_has_a_currency",
            )
        ]

    def __str__(self) -> str:
        return self.code


class Application(models.Model):
    """One application, from its receipt to its end. Written by accounts/operations/applications, nobody else.

    `person` is who applies, as they said: one encrypted value, searched by the same blind indexes as customers. `customer` is
    the one they are known as, if they are. What they asked for never changes; `version` counts up with everything else.
    Amounts in minor units of the product's currency. `facts`, `inputs` and `proposal` are what the rules saw, were asked
    with and said; `decision_inputs` and `verdict` those of the decision. All four are kept for the replay.
    """

    class Employment(models.TextChoices):
        UNKNOWN = "", _("not said")
        EMPLOYED = "employed", _("employed")
        SELF_EMPLOYED = "self_employed", _("self-employed")
        RETIRED = "retired", _("retired")
        STUDENT = "student", _("student")
        UNEMPLOYED = "unemployed", _("without employment")
        OTHER = "other", _("other employment")

    application_no = KeyField(_("application number"), unique=True)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="applications")
    customer_no = KeyField(_("customer number"), blank=True, help_text="as the sender knows them; new ones are opened under it")
    person = EncryptedPersonField()
    name_index = models.BigIntegerField(null=True, db_index=True)
    phone_index = models.BigIntegerField(null=True, db_index=True)
    phone_last4_index = models.BigIntegerField(null=True)
    email_index = models.BigIntegerField(null=True)
    national_id_index = models.BigIntegerField(null=True, db_index=True)
    national_id_last4_index = models.BigIntegerField(null=True)
    language = models.CharField(
        _("language"), max_length=7, choices=Customer.Language, default=Customer.Language.SIMPLIFIED_CHINESE
    )
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="applications", verbose_name=_("product"))
    received_on = models.DateField(_("received on"), help_text=_("business day"))
    received_at = models.DateTimeField(auto_now_add=True)
    requested_limit_minor = models.BigIntegerField(_("requested limit"))
    declared_income_minor = models.BigIntegerField(_("declared monthly income"))
    employment = models.CharField(_("employment"), max_length=16, choices=Employment, blank=True)
    purpose = models.CharField(_("purpose"), max_length=200, blank=True)
    channel = models.CharField(_("channel"), max_length=64, blank=True)
    repayment = models.CharField(_("repayment"), max_length=16, choices=REPAYMENT_CHOICES, default=Repayment.INSTALLMENTS.value)
    term_months = models.PositiveSmallIntegerField(_("term in months"), null=True)
    agreement = models.ForeignKey(AgreementVersion, null=True, on_delete=models.PROTECT, related_name="+")
    disclosure = models.ForeignKey(AgreementVersion, null=True, on_delete=models.PROTECT, related_name="+")
    accepted_on = models.DateField(_("accepted on"), null=True)
    refuses_automated = models.BooleanField(_("no solely automated decision"), default=False)
    attributes = models.JSONField(default=dict)
    content_hash = models.BigIntegerField()

    status = models.CharField(_("status"), max_length=12, choices=STATUS_CHOICES, default=ApplicationStatus.RECEIVED.value)
    version = models.PositiveIntegerField(default=1)
    facts = models.JSONField(default=dict)
    inputs = models.JSONField(default=dict)
    proposal = models.JSONField(default=dict)
    proposal_rule = models.ForeignKey(ProposalRule, null=True, on_delete=models.PROTECT, related_name="applications")
    proposed_on = models.DateField(_("proposed on"), null=True)
    engine_version = models.CharField(max_length=20, blank=True)

    outcome = models.CharField(_("decision"), max_length=8, choices=OUTCOME_CHOICES, blank=True)
    granted_limit_minor = models.BigIntegerField(_("granted limit"), null=True)
    terms = models.JSONField(_("terms"), default=dict, help_text="the product's, as they were granted")
    reason = models.ForeignKey(ReasonCode, null=True, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(_("note"), blank=True)
    text_en = models.TextField(_("text to the customer in English"), blank=True)
    text_zh = models.TextField(_("text to the customer in Chinese"), blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_by_name = models.CharField(_("decided by"), max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    needs_approval_by = models.JSONField(_("needs approval by"), default=list, help_text="roles; empty: decided alone")
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    judged_by_name = models.CharField(_("approved by"), max_length=150, blank=True)
    judged_at = models.DateTimeField(null=True)
    decision_inputs = models.JSONField(default=dict)
    verdict = models.JSONField(default=dict)
    ended_on = models.DateField(_("ended on"), null=True, help_text="business day")
    ended_why = models.TextField(_("why it ended"), blank=True)
    account = models.ForeignKey(CreditAccount, null=True, on_delete=models.PROTECT, related_name="applications")
    limit_before_minor = models.BigIntegerField(_("limit before"), null=True, help_text="of an account that was there already")
    # Where a refusal was undone with the rule that proposed it: the open day of that, and the refusal as it stood.
    reopened_on = models.DateField(_("open again since"), null=True, help_text="business day")
    undone_refusal = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["status", "-id"], name="applications_by_status"),
            models.Index(fields=["received_on", "id"], name="applications_open", condition=Q(status__in=_OPEN)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(requested_limit_minor__gt=0, declared_income_minor__gte=0), name="application_asks_for_something"
            ),
            models.CheckConstraint(
                condition=(Q(status__in=_ENDED) & Q(ended_on__isnull=False)) | (~Q(status__in=_ENDED) & Q(ended_on__isnull=True)),
                name="application_ended_or_not",
            ),
            models.CheckConstraint(
                condition=Q(status="granted", account__isnull=False, outcome="grant", granted_limit_minor__gt=0)
                | (~Q(status="granted") & Q(account__isnull=True)),
                name="application_granted_has_an_account",
            ),
            models.CheckConstraint(
                condition=Q(granted_limit_minor__isnull=True) | Q(granted_limit_minor__lte=F("requested_limit_minor")),
                name="application_grants_what_was_asked",
            ),
            # A refusal is told with its reason, in both languages.
            models.CheckConstraint(
                condition=~Q(status__in=["granted", "refused", "in_approval"])
                | (Q(reason__isnull=False) & ~Q(text_en="") & ~Q(text_zh="")),
                name="application_decided_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(judged_by__isnull=True) | ~Q(judged_by=F("decided_by")), name="application_decided_by_two"
            ),
            # One open application a person, however they are known.
            models.UniqueConstraint(fields=["customer"], condition=Q(status__in=_OPEN), name="one_open_application_a_customer"),
            models.UniqueConstraint(
                fields=["national_id_index"], condition=Q(status__in=_OPEN), name="one_open_application_a_person"
            ),
        ]

    def __str__(self) -> str:
        return self.application_no

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its decision."""
        return self.status in _OPEN

    @property
    def open_since(self) -> date:
        """The business day from which the days for deciding it count."""
        return self.reopened_on or self.received_on


class ApplicationConsent(models.Model):
    """That an applicant agreed to something, or refused it: from which source, at which moment."""

    class Kind(models.TextChoices):
        BUREAU = "bureau", _("asking credit bureaus")
        SMS = "sms", _("messages by SMS")
        EMAIL = "email", _("messages by e-mail")
        PUSH = "push", _("messages by push")

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="consents", db_index=False)
    kind = models.CharField(_("consent"), max_length=8, choices=Kind)
    is_given = models.BooleanField(_("given"))
    source = models.CharField(_("source"), max_length=100)
    given_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("consent")
        constraints = [models.UniqueConstraint(fields=["application", "kind"], name="consent_once_an_application")]

    def __str__(self) -> str:
        return f"{self.application_id} {self.kind}"


class BureauRecord(models.Model):
    """What a credit bureau said of an applicant; only ever with their consent, which is named. Amounts in minor units."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="bureau_records", db_index=False)
    consent = models.ForeignKey(ApplicationConsent, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(_("bureau"), max_length=64)
    reported_on = models.DateField(_("reported on"))
    score = models.IntegerField(_("score"), null=True)
    debt_minor = models.BigIntegerField(_("debt elsewhere"), null=True)
    overdue_days = models.PositiveIntegerField(_("days past due elsewhere"), null=True)
    queries_6m = models.PositiveIntegerField(_("queries in six months"), null=True)

    class Meta:
        verbose_name = _("bureau record")
        ordering = ["-reported_on", "-id"]
        constraints = [models.UniqueConstraint(fields=["application", "source", "reported_on"], name="bureau_record_once_a_day")]

    def __str__(self) -> str:
        return f"{self.application_id} {self.source}"

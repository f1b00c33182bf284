"""Relief and plans: the terms of each instrument, what a household can pay, and agreements from draft to end."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import CreditAccount, Customer, ScheduleChange
from riskops.shared.fields import KeyField
from riskops.shared.personal import EncryptedPersonField


def check_some_stand(share_bp: int) -> None:
    """Refuse that all plans break in a month: no suggestion would be worth anything.

    :raises ValidationError: it is 100 % or more
    """
    if share_bp >= 10_000:
        raise ValidationError(
            _("If %(share)s %% of the plans broke in a month, none would be left to rank; give less than 100 %%."),
            params={"share": f"{Decimal(share_bp) / 100:.2f}"},
        )


class ReliefTerms(models.Model):
    """A version of the terms of one instrument. The highest version is the one in force; none is ever changed."""

    class Instrument(models.TextChoices):
        DEFERRAL = "deferral", _("deferral")
        RESTRUCTURE = "restructure", _("restructure")
        RE_AGE = "re_age", _("re-age")

    class NewUse(models.TextChoices):
        FREE = "", pgettext_lazy("new use", "as without the plan")
        PAID = "paid", pgettext_lazy("new use", "blocked until it is paid off")
        CURED = "cured", pgettext_lazy("new use", "blocked until it is cured")

    instrument = models.CharField(_("instrument"), max_length=12, choices=Instrument)
    version = models.PositiveIntegerField(_("version"))
    rule = models.TextField(_("eligible if"), help_text=_("a rule over the account's facts; see docs/rules.md"))
    most_installments = models.PositiveSmallIntegerField(_("instalments at most"), default=60)
    once_in_months = models.PositiveSmallIntegerField(
        _("once in months"), default=0, help_text=_("0: as often as it is eligible")
    )
    most_in_5_years = models.PositiveSmallIntegerField(_("at most in five years"), default=0, help_text=_("0: no limit"))
    payments_in_a_row = models.PositiveSmallIntegerField(
        _("payments before it"), default=0, help_text=_("months up to it in each of which what fell due was paid")
    )
    # The switches of the agreement.
    month_interest_ppm = models.PositiveIntegerField(
        _("interest a month, ppm"), default=0, help_text=_("parts per million of the principal that is left; 0: none goes on")
    )
    bears_penalty = models.BooleanField(_("late instalments cost penalty"), default=False)
    returns_when_broken = models.BooleanField(
        _("owed as before when broken"), default=True, help_text=_("else what is left stays due as the plan says")
    )
    # Empty where terms were set before there was a choice: nobody agreed to it then.
    new_use = models.CharField(
        _("new use of the account"), max_length=5, choices=NewUse, blank=True, default="", help_text=_("from the signature on")
    )
    is_reported_as_restructured = models.BooleanField(_("told to credit bureaus as restructured"), default=False)
    broken_after_days = models.PositiveSmallIntegerField(_("broken after days missed"), default=15)
    grace_days = models.PositiveSmallIntegerField(_("days of grace of an instalment"), default=0)
    offer_days = models.PositiveSmallIntegerField(_("an offer stands for days"), default=10)
    observed_periods = models.PositiveSmallIntegerField(_("periods kept before cured"), default=2)
    observed_months = models.PositiveSmallIntegerField(_("months before cured"), default=12)
    approver_from_minor = models.BigIntegerField(
        _("an approver decides from"), default=2_000_000, help_text=_("below it a team lead; never who proposed it")
    )
    share_bp = models.PositiveIntegerField(_("share of what is left"), default=5_000)
    break_bp = models.PositiveIntegerField(
        _("plans that break in a month"),
        default=300,
        validators=[check_some_stand],
        help_text=_("for the ranking of suggestions"),
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=150)
    reason = models.CharField(_("reason"), max_length=500)
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = _("terms of relief")
        verbose_name_plural = _("terms of relief")
        ordering = ["instrument", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["instrument", "version"], name="one_version_of_relief_terms"),
            models.CheckConstraint(
                condition=Q(most_installments__gte=1, most_installments__lte=60, share_bp__lte=10_000, break_bp__lt=10_000)
                & Q(month_interest_ppm__lte=100_000),
                name="relief_terms_hold",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_instrument_display()} {self.version}"


class AffordabilityForm(models.Model):
    """What a household has in a month, as the customer says it; amounts in minor units of the account's currency."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="affordability_forms")
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+")
    income_minor = models.BigIntegerField(_("income a month"))
    essentials_minor = models.BigIntegerField(_("essentials"), help_text=_("rent, food, health, school, getting to work"))
    other_debts_minor = models.BigIntegerField(_("other debts a month"))
    note = models.TextField(_("note"), blank=True)
    filled_on = models.DateField(_("filled on"))
    filled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    filled_by_name = models.CharField(max_length=150)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("affordability form")
        constraints = [
            models.CheckConstraint(
                condition=Q(income_minor__gte=0, essentials_minor__gte=0, other_debts_minor__gte=0),
                name="affordability_not_negative",
            )
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.filled_on}"


class Plan(models.Model):
    """A plan for one account, from its proposal to its end; the ledger's new schedule is made when it is signed.

    What is agreed (parts, schedule, terms) is written once, when it is proposed. Every step is an event.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("plan", "waits for approval")
        OFFERED = "offered", pgettext_lazy("plan", "offered")
        CONFIRMING = "confirming", pgettext_lazy("plan", "signature to be confirmed")
        ACTIVE = "active", pgettext_lazy("plan", "in force")
        PAID = "paid", pgettext_lazy("plan", "paid, observed")
        CURED = "cured", pgettext_lazy("plan", "cured")
        BROKEN = "broken", pgettext_lazy("plan", "broken")
        REJECTED = "rejected", pgettext_lazy("plan", "rejected")
        WITHDRAWN = "withdrawn", pgettext_lazy("plan", "withdrawn")
        LAPSED = "lapsed", pgettext_lazy("plan", "not signed in time")

    class Way(models.TextChoices):
        LINK = "link", _("on the customer's page")
        APP = "app", _("in the customer's app")
        PAPER = "paper", _("on paper")
        ORAL = "oral", _("on the telephone, recorded")

    reference = KeyField(_("reference"), unique=True)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="plans")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="plans")
    terms = models.ForeignKey(ReliefTerms, on_delete=models.PROTECT, related_name="+")
    affordability = models.ForeignKey(AffordabilityForm, null=True, on_delete=models.PROTECT, related_name="plans")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PROPOSED)
    # What is agreed: which instalment gives what, and the instalments of the plan.
    parts = models.JSONField(encoder=DjangoJSONEncoder)
    schedule = models.JSONField(encoder=DjangoJSONEncoder)
    owed_minor = models.BigIntegerField(_("takes over"))
    price_minor = models.BigIntegerField(_("costs"), default=0)
    reason = models.TextField(_("reason"))
    proposed_on = models.DateField(_("proposed on"))
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    proposed_by_name = models.CharField(max_length=150)
    offered_until = models.DateField(_("stands until"), null=True)
    way = models.CharField(_("signed"), max_length=6, choices=Way, blank=True)
    signed_on = models.DateField(_("signed on"), null=True)
    # Of an oral consent: where the recording lies and until when it is kept. Paper is a `PlanFile`.
    evidence = models.JSONField(default=dict)
    signed_by_id = models.IntegerField(null=True)
    change = models.OneToOneField(ScheduleChange, null=True, on_delete=models.PROTECT, related_name="plan")
    # Written by casework/operations/plans/following.py, nobody else.
    missed_since = models.DateField(_("missed since"), null=True)
    periods_kept = models.PositiveSmallIntegerField(_("periods kept"), default=0)
    observed_until = models.DateField(_("observed until"), null=True)
    ended_on = models.DateField(_("ended on"), null=True)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        constraints = [
            # Two plans at once for one account there never are, nor two offers.
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(status__in=["proposed", "offered", "confirming", "active"]),
                name="one_plan_at_once",
            ),
            models.CheckConstraint(
                condition=Q(change__isnull=False) | ~Q(status__in=["active", "paid", "cured", "broken"]),
                name="plan_in_force_is_in_the_ledger",
            ),
            models.CheckConstraint(condition=Q(owed_minor__gt=0, price_minor__gte=0), name="plan_takes_something_over"),
        ]
        indexes = [
            models.Index(fields=["status", "proposed_on"], name="plans_by_status"),
            models.Index(fields=["account"], name="plans_followed", condition=Q(status__in=["active", "paid"])),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def file(self) -> PlanFile | None:
        """The agreement on paper that counts, or waits to be confirmed."""
        return self.files.filter(sent_back_at=None).first()

    @property
    def holds_use(self) -> bool:
        """Whether it keeps the account from new use as it stands."""
        until = self.terms.new_use
        return (self.status == self.Status.ACTIVE and bool(until)) or (self.status == self.Status.PAID and until == "cured")


class PlanFile(models.Model):
    """The agreement as signed on paper; the bytes lie where accounts/operations/attachments.py keeps them, encrypted.

    One that was sent back stays beside the one that came in its place.
    """

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(_("name"), max_length=120)
    content_type = models.CharField(max_length=100)
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=64, unique=True)
    added_at = models.DateTimeField(auto_now_add=True)
    sent_back_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("signed agreement")
        constraints = [
            models.UniqueConstraint(fields=["plan"], condition=Q(sent_back_at=None), name="one_paper_of_a_plan_at_once"),
        ]

    def __str__(self) -> str:
        return self.name


class PlanAgreement(models.Model):
    """A plan's agreement as it was printed: when it was offered, and once more with its signature. Only added.

    The PDF lies encrypted where accounts/operations/attachments.py keeps files. `content_sha256` is of what the document says and
    stands, shortened, on each page; `pdf_sha256` is of the file.
    """

    class Stage(models.TextChoices):
        OFFERED = "offered", pgettext_lazy("agreement", "as offered")
        SIGNED = "signed", pgettext_lazy("agreement", "with the signature")

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="agreements")
    stage = models.CharField(_("agreement"), max_length=7, choices=Stage)
    language = models.CharField(_("language"), max_length=2, choices=[("en", "English"), ("zh", "中文")])
    layout = models.PositiveSmallIntegerField()
    said = EncryptedPersonField()
    content_sha256 = KeyField(max_length=64)
    pdf_sha256 = KeyField(max_length=64)
    size_bytes = models.PositiveIntegerField(_("size"))
    stored_as = models.CharField(max_length=64, unique=True)
    dated = models.DateField(_("made on"))
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("agreement of a plan")
        verbose_name_plural = _("agreements of plans")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["plan", "stage"], name="one_agreement_a_stage")]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.stage} {self.content_sha256[:12]}"


class PlanEvent(models.Model):
    """A step of a plan; rows are only ever added."""

    class Kind(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("plan", "proposed")
        APPROVED = "approved", pgettext_lazy("plan", "approved and offered")
        REJECTED = "rejected", pgettext_lazy("plan", "rejected")
        WITHDRAWN = "withdrawn", pgettext_lazy("plan", "withdrawn")
        LAPSED = "lapsed", pgettext_lazy("plan", "not signed in time")
        HANDED_IN = "handed_in", pgettext_lazy("plan", "signed agreement handed in")
        SENT_BACK = "sent_back", pgettext_lazy("plan", "signed agreement sent back")
        EXTENDED = "extended", pgettext_lazy("plan", "offer stands longer")
        SIGNED = "signed", pgettext_lazy("plan", "signed, in force")
        MISSED = "missed", pgettext_lazy("plan", "instalment missed, collection goes on")
        CAUGHT_UP = "caught_up", pgettext_lazy("plan", "caught up, collection stops again")
        PAID = "paid", pgettext_lazy("plan", "paid off")
        CURED = "cured", pgettext_lazy("plan", "cured after observation")
        BROKEN = "broken", pgettext_lazy("plan", "broken")

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind)
    day = models.DateField()
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    actor_name = models.CharField(max_length=150)
    note = models.TextField(blank=True)
    figures = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("step of a plan")
        ordering = ["pk"]

    @property
    def offered_until(self) -> date | None:
        """Until when the offer stands by this step, where it says so."""
        until = self.figures.get("offered_until")
        return date.fromisoformat(until) if until else None

    def __str__(self) -> str:
        return f"{self.plan_id} {self.kind}"

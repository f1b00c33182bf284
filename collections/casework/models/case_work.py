"""What people do in cases: outcome codes, prompts of the script, contact persons, costs."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from casework.models.cases import Case
from casework.models.worklist import in_language
from riskops.shared.fields import KeyField
from riskops.shared.personal import EncryptedPersonField


class NextAction(models.TextChoices):
    """What is to be done next in a case."""

    CALL_AGAIN = "call_again", _("call again")
    AWAIT_PAYMENT = "await_payment", _("wait for the payment")
    CHECK_PAYMENT = "check_payment", _("look for the payment")
    TRACE = "trace", _("find a new number")
    OFFER_PLAN = "offer_plan", _("offer a plan")
    OPEN_DISPUTE = "open_dispute", _("open a dispute")
    ESCALATE = "escalate", _("have a lead look at it")
    VISIT = "visit", pgettext_lazy("next action", "visit")


class OutcomeCode(models.Model):
    """One thing that can come of working on an account: an action and its result. Never deleted; one not in use is offered
    no more, and what was recorded with it keeps its words.
    """

    class Action(models.TextChoices):
        CALL = "call", pgettext_lazy("action", "call")
        MESSAGE = "message", pgettext_lazy("action", "message")
        VISIT = "visit", pgettext_lazy("action", "visit")
        DESK = "desk", _("at the desk")

    code = KeyField(_("code"), max_length=20, unique=True)
    action = models.CharField(_("action"), max_length=8, choices=Action)
    result = models.CharField(_("result"), max_length=20)
    name_en = models.CharField(_("name in English"), max_length=60)
    name_zh = models.CharField(_("name in Chinese"), max_length=60)
    key = models.PositiveSmallIntegerField(_("key"), null=True, blank=True, help_text=_("1 to 9 in the worklist; empty: no key"))
    rest_days = models.PositiveSmallIntegerField(_("rests for days"), default=1, help_text=_("before it may come back"))
    is_success = models.BooleanField(_("success"), default=False, help_text=_("counts for the effect of working in a queue"))
    is_right_party = models.BooleanField(_("right party"), default=False, help_text=_("the customer was spoken to"))
    next_action = models.CharField(_("next action"), max_length=16, choices=NextAction, blank=True)
    next_action_days = models.PositiveSmallIntegerField(_("next action after days"), default=1)
    is_active = models.BooleanField(_("in use"), default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("outcome code")
        verbose_name_plural = _("outcome codes")
        ordering = ["key", "code"]
        constraints = [
            models.UniqueConstraint(fields=["action", "result"], name="outcome_of_action_and_result_once"),
            models.UniqueConstraint(fields=["key"], condition=Q(is_active=True), name="outcome_key_once"),
            models.CheckConstraint(condition=Q(key__isnull=True) | Q(key__gte=1, key__lte=9), name="outcome_key_1_to_9"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def label(self) -> str:
        """Its name in the language in use."""
        return in_language(self.name_en, self.name_zh)


class LatenessReason(models.Model):
    """Why a customer is late, as they say it. Never deleted; one not in use is offered no more, and cases keep what they name.

    `NOT_SAID` is always in use: it says that they were asked.
    """

    NOT_SAID = "not_said"

    code = KeyField(_("code"), max_length=20, unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    name_en = models.CharField(_("name in English"), max_length=60)
    name_zh = models.CharField(_("name in Chinese"), max_length=60)
    is_active = models.BooleanField(_("in use"), default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("reason for lateness")
        verbose_name_plural = _("reasons for lateness")
        ordering = ["position", "code"]
        constraints = [
            models.CheckConstraint(condition=~Q(name_en="") & ~Q(name_zh=""), name="lateness_reason_speaks_both_languages"),
            models.CheckConstraint(condition=~Q(code="not_said") | Q(is_active=True), name="lateness_not_said_is_offered"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def label(self) -> str:
        """Its name in the language in use."""
        return in_language(self.name_en, self.name_zh)


class CasePrompt(models.Model):
    """What to say and to ask in a stage: a line of the script, in both languages."""

    stage = models.CharField(_("stage"), max_length=12, choices=Case.Stage)
    position = models.PositiveSmallIntegerField(_("position"), default=10)
    text_en = models.CharField(_("text in English"), max_length=500)
    text_zh = models.CharField(_("text in Chinese"), max_length=500)
    is_active = models.BooleanField(_("in use"), default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("line of the script")
        verbose_name_plural = _("lines of the script")
        ordering = ["stage", "position", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text_en="") & ~Q(text_zh=""), name="prompt_speaks_both_languages"),
            models.CheckConstraint(condition=~Q(stage="cured"), name="prompt_of_an_open_stage"),
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.position}"

    @property
    def text(self) -> str:
        """Its text in the language in use."""
        return in_language(self.text_en, self.text_zh)


class CaseContact(models.Model):
    """Somebody through whom the customer of a case may be reached; name and number are personal data.

    Only kept here: whether they may be contacted at all is decided by the contact policy, which forbids third parties unless the
    customer is lost, and for ever once they refused.
    """

    class Relation(models.TextChoices):
        SELF = "self", _("the customer")
        SPOUSE = "spouse", _("spouse")
        PARENT = "parent", _("parent")
        CHILD = "child", _("child")
        SIBLING = "sibling", _("brother or sister")
        FRIEND = "friend", _("friend")
        EMPLOYER = "employer", _("employer")
        OTHER = "other", pgettext_lazy("relation", "other")

    class Source(models.TextChoices):
        CUSTOMER = "customer", _("the customer named them")
        APPLICATION = "application", _("named in the application")
        THEMSELVES = "themselves", _("they said so themselves")
        PUBLIC = "public", _("a public register")

    class Consent(models.TextChoices):
        UNKNOWN = "unknown", pgettext_lazy("consent", "not asked")
        GIVEN = "given", pgettext_lazy("consent", "given")
        REFUSED = "refused", pgettext_lazy("consent", "refused")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="contacts")
    relation = models.CharField(_("relation"), max_length=10, choices=Relation)
    person = EncryptedPersonField()
    source = models.CharField(_("source"), max_length=12, choices=Source)
    consent = models.CharField(_("consent"), max_length=8, choices=Consent, default=Consent.UNKNOWN)
    refused_at = models.DateTimeField(_("refused"), null=True)
    added_by_name = models.CharField(_("added by"), max_length=150)
    added_at = models.DateTimeField(_("added"))

    class Meta:
        verbose_name = _("contact person")
        verbose_name_plural = _("contact persons")
        constraints = [
            models.CheckConstraint(
                condition=Q(consent="refused", refused_at__isnull=False) | (~Q(consent="refused") & Q(refused_at__isnull=True)),
                name="refusal_has_its_moment",
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.relation}"

    @property
    def is_third_party(self) -> bool:
        """Whether it is somebody else than the customer."""
        return self.relation != self.Relation.SELF


class CaseCost(models.Model):
    """What collecting cost, booked on a case; corrected by booking the opposite. Not the customer's debt."""

    class Kind(models.TextChoices):
        CALLS = "calls", _("calls and messages")
        VISIT = "visit", _("visit")
        TRACING = "tracing", _("tracing")
        COURT = "court", _("court fee")
        LAWYER = "lawyer", _("lawyer")
        COMMISSION = "commission", _("commission")
        OTHER = "other", pgettext_lazy("cost", "other")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="costs")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    #: Minor units of the account's currency; below 0 takes back what was booked.
    amount_minor = models.BigIntegerField(_("amount"))
    incurred_on = models.DateField(_("incurred on"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    booked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    booked_by_name = models.CharField(_("booked by"), max_length=150)
    booked_at = models.DateTimeField(_("booked"))

    class Meta:
        verbose_name = _("cost of a case")
        verbose_name_plural = _("costs of cases")
        constraints = [models.CheckConstraint(condition=~Q(amount_minor=0), name="case_cost_not_zero")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind} {self.amount_minor}"

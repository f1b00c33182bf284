"""Decisions on accounts, what of them is in force, what the customer is told, and appeals."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.account import CreditAccount
from accounts.models.agreements import AgreementVersion
from accounts.models.decision_rules import DecisionRuleVersion
from accounts.models.decision_settings import ACTION_CHOICES, SCOPE_CHOICES, STATUS_CHOICES, ReasonCode
from accounts.models.notices import Retried
from accounts.rules.decisions import Action, Scope, Status
from riskops.shared.fields import KeyField

_LIMITS = ["lower_limit", "raise_limit"]
_OPEN = ["proposed", "scheduled"]
_ENDED = ["lifted", "expired", "replaced", "cancelled", "rejected", "undone"]


class Decision(models.Model):
    """One decision on one account, from its proposal to its end. Written by accounts/operations/deciding, nobody else.

    `version` counts up with every change: a form that was made for an older one is refused. Amounts in minor units of the
    account's currency. `facts`, `inputs` and `verdict` are what was judged and what came out, kept for the replay.
    """

    class Source(models.TextChoices):
        PERSON = "person", _("person")
        RULE = "rule", _("rule")

    reference = KeyField(_("reference"), unique=True)
    account = models.ForeignKey(
        CreditAccount, on_delete=models.PROTECT, related_name="decisions", db_index=False, verbose_name=_("account")
    )
    action = models.CharField(_("action"), max_length=16, choices=ACTION_CHOICES)
    status = models.CharField(_("status"), max_length=10, choices=STATUS_CHOICES)
    version = models.PositiveIntegerField(_("version"), default=1)
    scope = models.CharField(_("scope"), max_length=10, choices=SCOPE_CHOICES, blank=True)
    scope_value = models.CharField(_("channel or category"), max_length=64, blank=True)
    most_minor = models.BigIntegerField(_("largest purchase"), null=True)
    new_limit_minor = models.BigIntegerField(_("new limit"), null=True)
    limit_before_minor = models.BigIntegerField(_("limit before"), null=True)
    limit_after_minor = models.BigIntegerField(_("limit after"), null=True, help_text=_("what it became when it took effect"))
    owed_minor = models.BigIntegerField(_("balance owed"), help_text=_("when it was proposed"))
    weighed_minor = models.BigIntegerField(_("amount weighed"), help_text=_("what the authority matrix was asked with"))
    reason = models.ForeignKey(ReasonCode, on_delete=models.PROTECT, related_name="+", verbose_name=_("reason"))
    note = models.TextField(_("note"), blank=True)
    text_en = models.TextField(_("text to the customer in English"))
    text_zh = models.TextField(_("text to the customer in Chinese"))

    source = models.CharField(_("source"), max_length=6, choices=Source, default=Source.PERSON)
    rule_version = models.ForeignKey(
        DecisionRuleVersion,
        null=True,
        on_delete=models.PROTECT,
        related_name="decisions",
        db_index=False,
        verbose_name=_("rule version"),
    )
    cause_gone_since = models.DateField(
        _("cause gone since"), null=True, help_text=_("first of the days in a row on which its rule did not hold")
    )
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    proposed_by_name = models.CharField(_("proposed by"), max_length=150)
    proposed_at = models.DateTimeField(_("proposed at"), auto_now_add=True)
    proposed_on = models.DateField(_("proposed on"), help_text=_("business day"))
    needs_approval_by = models.JSONField(_("needs approval by"), default=list, help_text=_("roles; empty: taken alone"))
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    judged_by_name = models.CharField(_("approved or rejected by"), max_length=150, blank=True)
    judged_at = models.DateTimeField(_("judged at"), null=True)
    judgement = models.TextField(_("remark of the approver"), blank=True)

    buffer_days = models.PositiveSmallIntegerField(_("buffer days"))
    decided_on = models.DateField(_("decided on"), null=True, help_text=_("business day; the notice is dated so"))
    effective_on = models.DateField(_("effective on"), help_text=_("first business day in force"))
    review_on = models.DateField(_("review on"), null=True)
    expires_on = models.DateField(_("expires on"), null=True, help_text=_("first business day no longer in force"))
    ended_on = models.DateField(_("ended on"), null=True)
    ended_why = models.TextField(_("why it ended"), blank=True)
    lifts = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="lifted_by", verbose_name=_("lifts"))
    agreement_version = models.ForeignKey(
        AgreementVersion, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("agreement version")
    )

    facts = models.JSONField(default=dict)
    inputs = models.JSONField(default=dict)
    verdict = models.JSONField(default=dict)
    engine_version = models.CharField(_("engine version"), max_length=20)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "-id"], name="decisions_by_account"),
            models.Index(fields=["status", "-id"], name="decisions_by_status"),
            models.Index(fields=["account", "effective_on"], name="decisions_in_buffer", condition=Q(status="scheduled")),
            models.Index(
                fields=["account", "expires_on"],
                name="decisions_that_expire",
                condition=Q(status="effective", expires_on__isnull=False),
            ),
            models.Index(
                fields=["rule_version", "proposed_on", "account"],
                name="decisions_by_rule",
                condition=Q(rule_version__isnull=False),
            ),
            models.Index(
                fields=["review_on", "id"],
                name="decisions_to_review",
                condition=Q(status="effective", review_on__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(judged_by__isnull=True) | ~Q(judged_by=F("proposed_by")), name="decision_by_two"),
            models.CheckConstraint(
                condition=Q(action__in=_LIMITS, new_limit_minor__isnull=False, limit_before_minor__isnull=False)
                | (~Q(action__in=_LIMITS) & Q(new_limit_minor__isnull=True)),
                name="decision_has_a_limit_if_it_sets_one",
            ),
            # No limit goes under what is owed; lowering lowers and raising raises.
            models.CheckConstraint(
                condition=Q(new_limit_minor__isnull=True)
                | Q(action="lower_limit", new_limit_minor__gte=F("owed_minor"), new_limit_minor__lt=F("limit_before_minor"))
                | Q(action="raise_limit", new_limit_minor__gte=F("owed_minor"), new_limit_minor__gt=F("limit_before_minor")),
                name="decision_limit_not_under_balance",
            ),
            models.CheckConstraint(
                condition=(Q(action="suspend_use") & ~Q(scope="")) | (~Q(action="suspend_use") & Q(scope="")),
                name="decision_scope_of_a_suspension",
            ),
            models.CheckConstraint(
                condition=Q(scope__in=["", "all"], scope_value="", most_minor__isnull=True)
                | (Q(scope__in=["channel", "category"], most_minor__isnull=True) & ~Q(scope_value=""))
                | Q(scope="amount", scope_value="", most_minor__gte=0),
                name="decision_scope_says_what",
            ),
            models.CheckConstraint(
                condition=Q(action="lift", lifts__isnull=False) | (~Q(action="lift") & Q(lifts__isnull=True)),
                name="decision_lifts_something",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["proposed", "rejected", "cancelled"])
                | Q(decided_on__isnull=False, effective_on__gte=F("decided_on")),
                name="decision_effective_after_decided",
            ),
            models.CheckConstraint(
                condition=(Q(status__in=_ENDED) & Q(ended_on__isnull=False)) | (~Q(status__in=_ENDED) & Q(ended_on__isnull=True)),
                name="decision_ended_or_not",
            ),
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(expires_on__gt=F("effective_on")), name="decision_expires_later"
            ),
            models.CheckConstraint(condition=~Q(text_en="") & ~Q(text_zh=""), name="decision_speaks_both_languages"),
            models.UniqueConstraint(
                fields=["account", "action", "scope", "scope_value"],
                name="one_restriction_of_a_kind",
                condition=Q(action__in=["suspend_use", "accelerate"], status__in=[*_OPEN, "effective"]),
            ),
            models.UniqueConstraint(
                fields=["account"], name="one_limit_change_open", condition=Q(action__in=_LIMITS, status__in=_OPEN)
            ),
            models.UniqueConstraint(
                fields=["account"],
                name="one_limit_decision_in_force",
                condition=Q(action__in=_LIMITS, status="effective"),
            ),
            models.UniqueConstraint(fields=["lifts"], name="one_lift_at_a_time", condition=Q(status__in=[*_OPEN, "effective"])),
            models.UniqueConstraint(
                fields=["account"], name="one_write_off_open", condition=Q(action="write_off", status__in=_OPEN)
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        """Whether it is not in force yet and may still come to be."""
        return self.status in (Status.PROPOSED, Status.SCHEDULED)

    @property
    def is_in_force(self) -> bool:
        """Whether it holds now."""
        return self.status == Status.EFFECTIVE and self.action not in (Action.LIFT, Action.WRITE_OFF)

    @property
    def is_by_machine_alone(self) -> bool:
        """Whether no person had a part in it: a rule decided, and the matrix asked for nobody's approval."""
        return self.source == self.Source.RULE and self.judged_by_id is None

    @property
    def is_of_limit(self) -> bool:
        """Whether it changes the limit."""
        return self.action in (Action.LOWER_LIMIT, Action.RAISE_LIMIT)

    @property
    def blocks(self) -> dict[str, Any] | None:
        """The restriction it stands for while in force: scope, value, largest purchase; None if it stops no purchase."""
        if self.action == Action.SUSPEND_USE:
            return {"scope": self.scope, "scope_value": self.scope_value, "most_minor": self.most_minor}
        if self.action == Action.ACCELERATE:
            return {"scope": Scope.ALL.value, "scope_value": "", "most_minor": None}
        return None


class Restriction(models.Model):
    """What an account may not do now. One row for each decision in force that stops purchases; gone when it ends.

    Read by the payment platform (accounts/queries/restrictions.py). Written with the decision it stands for, nobody else.
    """

    decision = models.OneToOneField(
        Decision, primary_key=True, on_delete=models.PROTECT, related_name="restriction", verbose_name=_("decision")
    )
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="restrictions", verbose_name=_("account"))
    scope = models.CharField(_("scope"), max_length=10, choices=SCOPE_CHOICES)
    scope_value = models.CharField(_("channel or category"), max_length=64, blank=True)
    most_minor = models.BigIntegerField(_("largest purchase"), null=True)
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True, help_text=_("first business day it no longer holds, if that is known"))

    class Meta:
        verbose_name = _("restriction")
        verbose_name_plural = _("restrictions")

    def __str__(self) -> str:
        return f"{self.account_id} {self.scope} {self.scope_value}".rstrip()


class AgreedBlock(models.Model):
    """That an account may not be used for anything new while an agreement stands: no decision, but what the customer signed.

    Read by the payment platform with the restrictions. Written by accounts/operations/deciding/agreed_blocks.py, nobody else.
    """

    account = models.OneToOneField(CreditAccount, primary_key=True, on_delete=models.PROTECT, related_name="agreed_block")
    reference = KeyField(_("reference"))
    since = models.DateField(_("since"))

    class Meta:
        verbose_name = _("agreed block of use")

    def __str__(self) -> str:
        return f"{self.account_id} {self.reference}"


class RestrictionChange(models.Model):
    """That an account's restrictions or limit changed: the feed of the payment platform, in order of commit.

    The number is handed out under a lock that is held to the end of the transaction (operations/deciding/restrictions.py):
    a reader that has seen a number never misses a smaller one.
    """

    # A plain number: a change is a notice to look, and outlives nothing.
    account_id = models.BigIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("change of restrictions")

    def __str__(self) -> str:
        return f"{self.pk} {self.account_id}"


class DecisionNotice(Retried):
    """What the customer is told about a decision or an application: queued in the transaction that decides, sent once,
    whatever crashes.

    The unique key is the promise: a decision, or an application, has at most one notice of a kind. Outreach claims and sends
    them.
    """

    class Kind(models.TextChoices):
        DECIDED = "decided", _("decision")
        AGAIN = "again", _("decision after an undone refusal")
        POSTPONED = "postponed", _("put off, with its new day")
        CANCELLED = "cancelled", _("cancelled before it took effect")
        ENDED = "ended", _("ended")
        CORRECTED = "corrected", _("corrected")
        APPEAL = "appeal", _("outcome of an appeal")

    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENT = "sent", _("sent")

    decision = models.ForeignKey(Decision, null=True, on_delete=models.PROTECT, related_name="notices", db_index=False)
    application = models.ForeignKey(
        "accounts.Application", null=True, on_delete=models.PROTECT, related_name="notices", db_index=False
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.QUEUED)
    text_en = models.TextField(_("text in English"))
    text_zh = models.TextField(_("text in Chinese"))
    dated = models.DateField(_("dated"), help_text="business day")
    queued_at = models.DateTimeField(_("queued"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    delivery = models.CharField(_("delivery"), max_length=200, blank=True, help_text="how it went out, by whom")

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.UniqueConstraint(fields=["decision", "kind"], name="one_notice_of_a_kind"),
            models.UniqueConstraint(fields=["application", "kind"], name="one_notice_of_a_kind_on_an_application"),
            models.CheckConstraint(
                condition=Q(decision__isnull=False, application__isnull=True)
                | Q(decision__isnull=True, application__isnull=False),
                name="notice_about_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(status="queued", sent_at__isnull=True) | Q(status="sent", sent_at__isnull=False),
                name="notice_sent_at_a_moment",
            ),
        ]
        indexes = [models.Index(fields=["id"], name="notices_to_send", condition=Q(status="queued"))]

    def __str__(self) -> str:
        return f"{self.decision_id or self.application_id} {self.kind}"


class Appeal(models.Model):
    """A customer's objection to a decision, judged by somebody who had no part in it."""

    class Outcome(models.TextChoices):
        OPEN = "open", pgettext_lazy("appeals", "open")
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="appeal")
    received_on = models.DateField(_("received on"))
    grounds = models.TextField(_("what the customer says"))
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_by_name = models.CharField(_("recorded by"), max_length=150)
    recorded_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome, default=Outcome.OPEN)
    answer = models.TextField(_("answer"), blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_by_name = models.CharField(_("decided by"), max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="open", decided_at__isnull=True)
                | (Q(outcome__in=["granted", "refused"], decided_at__isnull=False) & ~Q(answer="")),
                name="appeal_decided_with_an_answer",
            )
        ]

    def __str__(self) -> str:
        return f"{self.decision_id} {self.outcome}"

"""What decisions are made of: who may take them, for which reasons, on which terms, and whether machines may at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.rules.applications import ApplicationAction
from accounts.rules.decisions import Action, Scope, Status
from riskops.shared.fields import KeyField
from riskops.shared.roles import ROLE_NAMES

ACTION_CHOICES = [
    (Action.SUSPEND_USE.value, _("suspend use")),
    (Action.LOWER_LIMIT.value, _("lower the limit")),
    (Action.RAISE_LIMIT.value, _("raise the limit")),
    (Action.ACCELERATE.value, _("demand full repayment")),
    (Action.LIFT.value, _("lift")),
    (Action.WRITE_OFF.value, _("write off")),
]
APPLICATION_CHOICES = [
    (ApplicationAction.GRANT_LIMIT.value, _("grant a limit")),
    (ApplicationAction.REFUSE_APPLICATION.value, _("refuse an application")),
]
#: Everything that somebody may or may not do: to an account, and about an application.
AUTHORITY_CHOICES = [*ACTION_CHOICES, *APPLICATION_CHOICES]
SCOPE_CHOICES = [
    (Scope.ALL.value, _("all use")),
    (Scope.CHANNEL.value, _("one channel")),
    (Scope.CATEGORY.value, _("one category of goods")),
    (Scope.AMOUNT.value, _("purchases above an amount")),
]
STATUS_CHOICES = [
    (Status.PROPOSED.value, _("proposed")),
    (Status.SCHEDULED.value, _("decided, in its buffer")),
    (Status.EFFECTIVE.value, _("in force")),
    (Status.LIFTED.value, _("lifted")),
    (Status.EXPIRED.value, _("expired")),
    (Status.REPLACED.value, _("replaced")),
    (Status.CANCELLED.value, _("cancelled")),
    (Status.REJECTED.value, _("rejected")),
    (Status.UNDONE.value, _("undone")),
]
#: Scopes that name a value: one of a list that is kept.
NAMING_SCOPES: Final = (Scope.CHANNEL.value, Scope.CATEGORY.value)
ROLE_CHOICES = [(role.value, name) for role, name in ROLE_NAMES.items()]
#: What a line of the authority matrix says, in the order of `rules.authority.AuthorityLine`.
AUTHORITY_COLUMNS: Final = ("action", "role", "currency", "amount_from", "amount_to", "approver_role")


class AuthorityRow(models.Model):
    """A line of the authority matrix: action × amount × role → alone, or with the approval of another role.

    The amount is what the action weighs (docs/decisions-on-accounts.md), in whole units of the currency.
    """

    action = models.CharField(_("action"), max_length=16, choices=AUTHORITY_CHOICES)
    role = models.CharField(_("role"), max_length=20, choices=ROLE_CHOICES)
    currency = models.CharField(
        _("currency"), max_length=3, blank=True, help_text=_("empty: every currency without rows of its own for the action")
    )
    amount_from = models.PositiveBigIntegerField(_("amount from"), default=0, help_text=_("whole units, included"))
    amount_to = models.PositiveBigIntegerField(
        _("amount to"), null=True, blank=True, help_text=_("whole units, not included; empty: no end")
    )
    approver_role = models.CharField(
        _("needs approval by"), max_length=20, choices=ROLE_CHOICES, blank=True, help_text=_("empty: may act alone")
    )

    class Meta:
        verbose_name = _("authority")
        verbose_name_plural = _("authority matrix")
        ordering = ["action", "role", "currency", "amount_from", "approver_role"]
        constraints = [
            models.UniqueConstraint(
                fields=["action", "role", "currency", "amount_from", "approver_role"], name="authority_row_once"
            ),
            models.CheckConstraint(
                condition=Q(amount_to__isnull=True) | Q(amount_to__gt=F("amount_from")), name="authority_amounts_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} · {self.role} · {self.amount_from}–{self.amount_to or '∞'}"

    def values(self) -> dict[str, Any]:
        """What the line says, by column: plain JSON, as changes of the matrix and the audit trail keep it."""
        return {name: getattr(self, name) for name in AUTHORITY_COLUMNS}


class ReasonCode(models.Model):
    """Why a decision is taken, and what the customer reads, in both languages.

    The texts may hold {account}, {amount}, {limit}, {day}, {scope} and {review}; nothing else in braces.
    """

    code = KeyField(_("code"), max_length=40, unique=True)
    action = models.CharField(_("action"), max_length=16, choices=AUTHORITY_CHOICES)
    name_en = models.CharField(_("name in English"), max_length=100)
    name_zh = models.CharField(_("name in Chinese"), max_length=100)
    text_en = models.TextField(_("text to the customer in English"))
    text_zh = models.TextField(_("text to the customer in Chinese"))
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("reason code")
        verbose_name_plural = _("reason codes")
        ordering = ["action", "code"]
        constraints = [
            models.CheckConstraint(condition=~Q(text_en="") & ~Q(text_zh=""), name="reason_code_speaks_both_languages")
        ]

    def __str__(self) -> str:
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


class ScopeValue(models.Model):
    """A channel or a category of goods that a suspension may stop alone, by the name that the payment platform knows it by.

    Never deleted: what was decided names it. One that is not active is proposed no more.
    """

    class Kind(models.TextChoices):
        CHANNEL = Scope.CHANNEL.value, pgettext_lazy("suspensions", "channel")
        CATEGORY = Scope.CATEGORY.value, _("category of goods")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    # Sorted as the database sorts text: decisions are joined to it by their own column, which does so too.
    code = models.CharField(_("code"), max_length=64, help_text=_("as the payment platform names it; never changes"))
    name_en = models.CharField(_("name in English"), max_length=100)
    name_zh = models.CharField(_("name in Chinese"), max_length=100)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("channel or category of goods")
        verbose_name_plural = _("channels and categories of goods")
        ordering = ["-kind", "code"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "code"], name="scope_value_once"),
            models.CheckConstraint(
                condition=~Q(code="") & ~Q(name_en="") & ~Q(name_zh=""), name="scope_value_named_in_both_languages"
            ),
        ]

    def __str__(self) -> str:
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


def why_unknown(scope: str, value: str, known: Iterable[str]) -> str:
    """Return why a suspension cannot name a value: with those that it may name."""
    there = ", ".join(sorted(known)) or "–"
    if scope == Scope.CHANNEL:
        return gettext("“%(value)s” is no channel in use; there are: %(known)s.") % {"value": value, "known": there}
    return gettext("“%(value)s” is no category in use; there are: %(known)s.") % {"value": value, "known": there}


class DecisionTerms(models.Model):
    """The figures of one action: how long its notice runs before it takes effect, and when it is looked at again."""

    action = models.CharField(_("action"), max_length=16, choices=AUTHORITY_CHOICES, unique=True)
    buffer_days = models.PositiveSmallIntegerField(_("buffer days"), help_text=_("from the notice to the first day in force"))
    review_days = models.PositiveSmallIntegerField(_("review after days"), null=True, blank=True)
    expiry_days = models.PositiveSmallIntegerField(_("expires after days"), null=True, blank=True, help_text=_("empty: never"))
    appeal_days = models.PositiveSmallIntegerField(_("days to appeal"), default=30, help_text=_("from the notice"))
    source = models.CharField(_("source of the figures"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("decision terms")
        verbose_name_plural = _("decision terms")
        ordering = ["action"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expiry_days__isnull=True) | Q(review_days__isnull=True) | Q(review_days__lte=F("expiry_days")),
                name="decision_reviewed_before_it_expires",
            )
        ]

    def __str__(self) -> str:
        return self.action


class DecisionControl(models.Model):
    """The one row that every decision reads: the kill switch, and the figures that belong to no single action."""

    is_automatic_stopped = models.BooleanField(_("automatic decisions stopped"), default=False)
    stop_reason = models.TextField(_("reason"), blank=True)
    changed_by_name = models.CharField(max_length=150, blank=True)
    changed_at = models.DateTimeField(auto_now=True)
    due_share_bp = models.PositiveIntegerField(
        _("unpaid due share for demanding full repayment"),
        default=2_000,
        help_text=_("basis points of the whole price: 2000 is one fifth (Civil Code 634)"),
    )
    cool_off_days = models.PositiveSmallIntegerField(
        _("cool-off days"),
        default=7,
        help_text=_("days in a row without the cause before a rule's restriction is lifted by itself"),
    )
    most_flips = models.PositiveSmallIntegerField(
        _("most flip-flops"),
        default=2,
        help_text=_("automatic lifts of an account within the period below; the next is proposed"),
    )
    flip_days = models.PositiveSmallIntegerField(_("flip-flop period, days"), default=90)
    raise_window_days = models.PositiveSmallIntegerField(
        _("changes of a limit weighed together, days"),
        default=180,
        help_text=_(
            "what raises, or lowerings, of a limit in so many days come to, today counted, is what the authority matrix "
            "weighs; at least 90"
        ),
    )

    class Meta:
        verbose_name = _("control of decisions")
        verbose_name_plural = _("control of decisions")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="decision_control_is_one_row"),
            models.CheckConstraint(condition=Q(due_share_bp__gte=1, due_share_bp__lte=10_000), name="decision_share_is_a_share"),
            # One person sets it, and a window of a day would let many small raises pass under the bound that two people set.
            models.CheckConstraint(
                condition=Q(raise_window_days__gte=90),
                name="decision_raise_window_not_too_short",
                violation_error_message=_(
                    "Raises are weighed together over at least 90 days: over fewer, small ones in a row would pass under the "
                    "authority matrix. Type 90 or more."
                ),
            ),
            models.CheckConstraint(condition=Q(is_automatic_stopped=False) | ~Q(stop_reason=""), name="decision_stop_says_why"),
        ]

    def __str__(self) -> str:
        return "stopped" if self.is_automatic_stopped else "running"

"""Teams and who is in them, portfolios, conflicts of interest, examinations. Days are days of the wall clock, both ends in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Team(models.Model):
    """People who share work. A team is never deleted, only closed: queues and the audit trail speak of it."""

    class Kind(models.TextChoices):
        COLLECTIONS = "collections", _("collections")
        REVIEW = "review", _("account review")
        APPROVAL = "approval", _("approval")
        LEGAL = "legal", _("legal affairs")
        COMPLIANCE = "compliance", _("compliance")
        AGENCY = "agency", _("agency")

    name = models.CharField(_("name"), max_length=80, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    lead = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="teams_led",
        verbose_name=_("lead"),
    )
    is_open = models.BooleanField(_("open"), default=True, help_text=_("takes work; a closed team keeps its history"))

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="team_has_a_name"),
            models.CheckConstraint(
                condition=Q(kind__in=["collections", "review", "approval", "legal", "compliance", "agency"]),
                name="team_kind_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person in a team from a day until a day, and how many accounts a day they work there. Ended, never deleted."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True, help_text=_("the last day; empty while it lasts"))
    daily_capacity = models.PositiveSmallIntegerField(_("capacity a day"), help_text=_("accounts a day; 0 takes no work"))

    class Meta:
        verbose_name = _("membership")
        constraints = [
            # Over all time the operation refuses an overlap; of two that last, the database does.
            models.UniqueConstraint(fields=["user", "team"], condition=Q(until=None), name="one_lasting_membership"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="membership_days_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.team_id} {self.user_id} {self.since}"


class Absence(models.Model):
    """Days on which a person takes no work, in any team. Why is not asked: it may be about their health."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="absences")
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))

    class Meta:
        verbose_name = _("absence")
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="absence_days_in_order"),
            models.UniqueConstraint(fields=["user", "first_day"], name="one_absence_from_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.first_day}–{self.last_day}"


class PortfolioScope(models.Model):
    """A product that a team or a person may see. riskops/shared/scope.py says what several rows, and none, come to."""

    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="portfolio")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="portfolio")
    # The code and no foreign key: products belong to the book, which stands above this room.
    product_code = models.CharField(_("product"), max_length=64)

    class Meta:
        verbose_name = _("portfolio scope")
        constraints = [
            models.CheckConstraint(
                condition=Q(team=None, user__isnull=False) | Q(team__isnull=False, user=None),
                name="scope_of_a_team_or_a_person",
            ),
            models.UniqueConstraint(fields=["team", "product_code"], condition=Q(user=None), name="team_product_once"),
            models.UniqueConstraint(fields=["user", "product_code"], condition=Q(team=None), name="person_product_once"),
        ]

    def __str__(self) -> str:
        return self.product_code


class Conflict(models.Model):
    """A customer whom a person must not work on: themself, a relative, a colleague. Ended, never deleted (a trigger refuses)."""

    class Kind(models.TextChoices):
        OWN = "own", _("own account")
        RELATIVE = "relative", _("relative")
        COLLEAGUE = "colleague", _("colleague")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="conflicts")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    # A plain number and no foreign key, as in the audit trail: customers belong to the book, which stands above this room.
    customer_id = models.BigIntegerField()
    customer_no = models.CharField(_("customer number"), max_length=64)
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True, help_text=_("the last day it holds; empty for no end"))
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    declared_at = models.DateTimeField(_("declared"), auto_now_add=True)

    class Meta:
        verbose_name = _("conflict of interest")
        verbose_name_plural = _("conflicts of interest")
        indexes = [
            models.Index(fields=["customer_id"], name="conflicts_by_customer"),
            models.Index(fields=["user", "customer_id"], name="conflicts_by_person"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="conflict_days_in_order"),
            models.CheckConstraint(condition=Q(kind__in=["own", "relative", "colleague"]), name="conflict_kind_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.customer_no} {self.kind}"


class Examination(models.Model):
    """An examination that a person passed. A trigger refuses to change or delete it; a new year is a new row."""

    class Subject(models.TextChoices):
        COLLECTIONS = "collections", _("conduct in collections")
        VULNERABLE = "vulnerable", _("care of vulnerable customers")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="examinations")
    subject = models.CharField(_("subject"), max_length=20, choices=Subject)
    passed_on = models.DateField(_("passed on"))
    expires_on = models.DateField(_("expires on"), help_text=_("the first day it no longer holds"))
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(_("recorded"), auto_now_add=True)

    class Meta:
        verbose_name = _("examination")
        verbose_name_plural = _("examinations")
        constraints = [
            models.UniqueConstraint(fields=["user", "subject", "passed_on"], name="examination_once_a_day"),
            models.CheckConstraint(condition=Q(expires_on__gt=F("passed_on")), name="examination_holds_a_while"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.subject} {self.passed_on}"

"""Reviews of accounts, what opens them by itself, the notes and files people leave, and the quality of closed reviews."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models.account import CreditAccount
from accounts.models.customer import Customer
from accounts.rules.reviews import Schedule
from riskops.shared.fields import KeyField
from riskops.shared.scope import WHOLE_BOOK, Scope


class ReviewReason(models.Model):
    """A code that a closed review carries: what was found. Codes are never deleted, only taken out of use."""

    code = KeyField(_("code"), max_length=40, unique=True)
    name_en = models.CharField(_("name in English"), max_length=120)
    name_zh = models.CharField(_("name in Chinese"), max_length=120)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("reason code of reviews")
        verbose_name_plural = _("reason codes of reviews")
        ordering = ["code"]
        constraints = [models.CheckConstraint(condition=~Q(name_en="") & ~Q(name_zh=""), name="review_reason_in_both_languages")]

    def __str__(self) -> str:
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


class ReviewSweep(models.Model):
    """A search of the book that opens reviews by itself: a rule, the days it runs on, and what the reviews are for.

    `version` counts up with every change; a review keeps the version and the text of the rule that opened it.
    """

    code = KeyField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    purpose = models.TextField(_("what reviewers should look at"))
    rule = models.TextField(_("rule"))
    schedule = models.CharField(
        _("runs"),
        max_length=8,
        choices=[
            (Schedule.DAILY.value, _("daily")),
            (Schedule.WEEKLY.value, _("weekly")),
            (Schedule.MONTHLY.value, _("monthly")),
        ],
    )
    schedule_day = models.PositiveSmallIntegerField(
        _("on day"), default=1, help_text=_("weekly: 1 is Monday; monthly: the day, or the month's last one where it is shorter")
    )
    cool_off_days = models.PositiveSmallIntegerField(
        _("cool-off days"), default=30, help_text=_("after a review of the same cause is closed, none is opened for so long")
    )
    most_a_run = models.PositiveIntegerField(
        _("most in one run"), default=200, help_text=_("the accounts that owe most come first; the others wait for the next run")
    )
    is_active = models.BooleanField(_("active"), default=False)
    # The sight of whoever set it up, for good: who may see less neither changes nor runs it.
    products = models.JSONField(_("looks through"), null=True, help_text="product codes; null: the whole book")
    version = models.PositiveIntegerField(default=1)
    last_run_on = models.DateField(_("last run"), null=True, help_text="business date")
    last_opened = models.PositiveIntegerField(_("opened in the last run"), default=0)
    last_failure = models.TextField(_("why the last run failed"), blank=True)

    class Meta:
        verbose_name = _("review sweep")
        verbose_name_plural = _("review sweeps")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(schedule="daily")
                | Q(schedule="weekly", schedule_day__gte=1, schedule_day__lte=7)
                | Q(schedule="monthly", schedule_day__gte=1, schedule_day__lte=31),
                name="review_sweep_runs_on_a_day",
            ),
            models.CheckConstraint(condition=Q(cool_off_days__gte=1, most_a_run__gte=1), name="review_sweep_is_bounded"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> Scope:
        """The part of the book that it looks through."""
        return WHOLE_BOOK if self.products is None else Scope(frozenset(self.products))

    @property
    def cause(self) -> str:
        """What its reviews carry as their cause."""
        return f"sweep:{self.code}"


class SweepCandidate(models.Model):
    """An account that a sweep found in the close under way, until the close opens the reviews. Nothing stays after a close.

    Written by accounts/operations/sweeping.py: each shard its own, so that all of them know which owe most in the book.
    """

    sweep = models.ForeignKey(ReviewSweep, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    sweep_version = models.PositiveIntegerField()
    owed_minor = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["sweep", "-owed_minor", "account"], name="sweep_candidates_by_owed")]
        constraints = [models.UniqueConstraint(fields=["sweep", "account"], name="one_candidate_of_a_sweep")]

    def __str__(self) -> str:
        return f"{self.sweep_id} {self.account_id}"


class Review(models.Model):
    """One look at one account, from its opening to its outcome. Written by accounts/operations/reviewing.py, nobody else.

    `cause` is what the review is for: `hand`, or the code of the sweep or rule that opened it; one of a cause is open at a
    time. `version` counts up with every change: a form that was made for an older one is shown the difference.
    """

    class Source(models.TextChoices):
        HAND = "hand", _("by hand")
        RULE = "rule", _("by a rule")
        SWEEP = "sweep", _("by a sweep")

    class Outcome(models.TextChoices):
        NO_ACTION = "no_action", _("nothing to do")
        WATCH = "watch", _("keep watching")
        CONTACT = "contact", _("contact the customer")
        RESTRICT = "restrict", _("restrict use or limit")
        RAISE = "raise", _("raise the limit")
        PLAN = "plan", _("offer a plan")
        FRAUD = "fraud", _("hand over: fraud")
        LEGAL = "legal", _("hand over: legal")
        CORRECT = "correct", _("correct the data")

    account = models.ForeignKey(
        CreditAccount, on_delete=models.PROTECT, related_name="reviews", db_index=False, verbose_name=_("account")
    )
    # A copy of the account's own, which never changes: the customer page asks by it.
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="reviews", db_index=False)
    source = models.CharField(pgettext_lazy("reviews", "opened"), max_length=5, choices=Source)
    cause = KeyField(_("cause"), max_length=48)
    purpose = models.TextField(_("what it is for"))
    sweep = models.ForeignKey(ReviewSweep, null=True, on_delete=models.PROTECT, related_name="reviews")
    rule = models.TextField(_("rule that hit"), blank=True)
    rule_version = models.PositiveIntegerField(null=True)
    facts = models.JSONField(default=dict, help_text="what rules saw of the account when it was opened")
    opened_on = models.DateField(pgettext_lazy("reviews", "opened on"), help_text=_("business date"))
    opened_at = models.DateTimeField(auto_now_add=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    opened_by_name = models.CharField(_("opened by"), max_length=150)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("assigned to")
    )
    assigned_at = models.DateTimeField(null=True)

    is_open = models.BooleanField(pgettext_lazy("reviews", "open"), default=True)
    version = models.PositiveIntegerField(default=1)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True)
    reasons = models.JSONField(_("reason codes"), default=list, help_text="codes of accounts.ReviewReason, in order")
    note = models.TextField(_("note"), blank=True)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by_name = models.CharField(max_length=150, blank=True)
    closed_on = models.DateField(_("closed on"), null=True, help_text=_("business date"))
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    closed_by_name = models.CharField(_("closed by"), max_length=150, blank=True)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "cause", "-id"], name="reviews_by_account"),
            models.Index(fields=["customer", "opened_on", "id"], name="reviews_by_customer"),
            models.Index(fields=["opened_on", "id"], name="reviews_open", condition=Q(is_open=True)),
            models.Index(fields=["assigned_to", "opened_on", "id"], name="reviews_open_by_person", condition=Q(is_open=True)),
            models.Index(fields=["closed_on", "id"], name="reviews_closed", condition=Q(is_open=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["account", "cause"], name="one_open_review_of_a_cause", condition=Q(is_open=True)),
            models.CheckConstraint(
                condition=Q(is_open=True, closed_on__isnull=True, closed_at__isnull=True)
                | (Q(is_open=False, closed_on__isnull=False, closed_at__isnull=False) & ~Q(outcome="")),
                name="review_closed_with_an_outcome",
            ),
            models.CheckConstraint(
                condition=Q(source="sweep", sweep__isnull=False) | (~Q(source="sweep") & Q(sweep__isnull=True)),
                name="review_of_a_sweep",
            ),
            models.CheckConstraint(condition=Q(source="hand", rule="") | ~Q(source="hand"), name="review_by_hand_has_no_rule"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class ReviewFile(models.Model):
    """A file that belongs to a review. The bytes lie under var/, never where a web server would serve them by itself."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(_("file"), max_length=120)
    content_type = models.CharField(_("kind"), max_length=100)
    size_bytes = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=80, unique=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    added_by_name = models.CharField(_("added by"), max_length=150)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("file of a review")
        verbose_name_plural = _("files of reviews")
        constraints = [models.UniqueConstraint(fields=["review", "sha256"], name="one_file_a_review_once")]

    def __str__(self) -> str:
        return self.name


class Note(models.Model):
    """What somebody wrote down about a customer, or one account of theirs. Never changed: a correction is another note."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="notes", db_index=False)
    account = models.ForeignKey(CreditAccount, null=True, on_delete=models.PROTECT, related_name="notes", db_index=False)
    text = models.TextField(_("note"))
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    written_by_name = models.CharField(_("written by"), max_length=150)
    written_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        indexes = [models.Index(fields=["customer", "-id"], name="notes_by_customer")]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="note_says_something")]

    def __str__(self) -> str:
        return f"{self.pk}"


class QualitySample(models.Model):
    """A drawing of closed reviews that second people grade. The seed and the shares give the same reviews again."""

    closed_from = models.DateField(_("closed from"))
    closed_to = models.DateField(_("closed to"))
    percent = models.PositiveSmallIntegerField(_("percent of each reviewer's"))
    shares = models.JSONField(_("other percentages"), default=dict, help_text="percent by user name, where it is another one")
    seed = models.CharField(_("seed"), max_length=40)
    drawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    drawn_by_name = models.CharField(_("drawn by"), max_length=150)
    drawn_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("quality sample")
        verbose_name_plural = _("quality samples")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["closed_from", "closed_to", "seed"], name="one_quality_sample_of_a_seed"),
            models.CheckConstraint(condition=Q(closed_to__gte=F("closed_from")), name="quality_sample_of_a_period"),
            models.CheckConstraint(condition=Q(percent__gte=1, percent__lte=100), name="quality_sample_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.closed_from} – {self.closed_to} {self.seed}"


class QualityGrade(models.Model):
    """One sampled review and what a second person found in it, who is never the reviewer."""

    class Grade(models.TextChoices):
        SOUND = "sound", _("sound")
        MINOR = "minor", _("minor finding")
        MAJOR = "major", _("major finding")

    sample = models.ForeignKey(QualitySample, on_delete=models.PROTECT, related_name="grades", db_index=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="grades")
    # A copy of the review's `closed_by`, so that the database itself keeps the two apart.
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    grade = models.CharField(_("grade"), max_length=5, choices=Grade, blank=True)
    finding = models.TextField(_("finding"), blank=True)
    graded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    graded_by_name = models.CharField(_("graded by"), max_length=150, blank=True)
    graded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("quality grade")
        verbose_name_plural = _("quality grades")
        constraints = [
            models.UniqueConstraint(fields=["sample", "review"], name="a_review_once_a_sample"),
            models.CheckConstraint(
                condition=Q(graded_by__isnull=True) | ~Q(graded_by=F("reviewer")), name="graded_by_a_second_person"
            ),
            models.CheckConstraint(
                condition=Q(grade="", graded_at__isnull=True)
                | (Q(graded_at__isnull=False) & ~Q(grade="") & (Q(grade="sound") | ~Q(finding=""))),
                name="a_finding_is_written_down",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.review_id} {self.grade}"

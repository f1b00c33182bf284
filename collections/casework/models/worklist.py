"""Queues, the items of work in them, who has one in hand, and what was done."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import CreditAccount, Customer, Product
from riskops.shared.fields import KeyField
from riskops.shared.models import Team
from riskops.shared.personal import EncryptedPersonField


def in_language(english: str, chinese: str) -> str:
    """Return the one of two names that the language in use wants."""
    return chinese if (get_language() or "").startswith("zh") else english


class Queue(models.Model):
    """Accounts to be worked in an order. A dynamic one holds what its tiers and its rule say; a fixed one holds a list.

    Queues of tiers are kept from the live tier policy (casework/operations/queues.py). One is never deleted, only closed.
    """

    class Kind(models.TextChoices):
        DYNAMIC = "dynamic", _("dynamic")
        FIXED = "fixed", _("fixed list")

    class Order(models.TextChoices):
        PRIORITY = "priority", _("most value a minute")
        SERVICE_TIME = "service_time", _("first due")
        LATENESS = "lateness", _("most days past due")
        OVERDUE = "overdue", _("largest overdue")

    code = KeyField(_("code"), max_length=40, unique=True)
    name_en = models.CharField(_("name in English"), max_length=60)
    name_zh = models.CharField(_("name in Chinese"), max_length=60)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    # Codes of tiers; several tiers may share a queue. Empty: the rule alone decides.
    tiers = models.JSONField(_("tiers"), default=list)
    # The service time of each of those tiers, in minutes of working time.
    tier_minutes = models.JSONField(default=dict)
    rule = models.TextField(_("rule"), blank=True)
    order = models.CharField(_("order"), max_length=12, choices=Order, default=Order.PRIORITY)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("team"))
    owner_kind = models.CharField(_("owner, if no team is named"), max_length=12, choices=Team.Kind, blank=True)
    service_minutes = models.PositiveIntegerField(_("service time in minutes"), null=True, blank=True)
    # What does not keep an item of this queue from being worked, although it would elsewhere: see casework/blocks.py.
    ignored_blocks = models.JSONField(_("works in spite of"), default=list)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_open = models.BooleanField(_("open"), default=True)
    is_of_policy = models.BooleanField(_("kept from the tier policy"), default=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        ordering = ["position", "code"]
        constraints = [models.CheckConstraint(condition=~Q(code="") & ~Q(name_en=""), name="queue_has_a_name")]

    def __str__(self) -> str:
        return self.code

    @property
    def name(self) -> str:
        """Its name in the language in use."""
        return in_language(self.name_en, self.name_zh)


class QueueEffect(models.Model):
    """What the priorities of a queue's items are worked out with until the next close: its effect and minutes.

    Written by the close and with new weights, so that all accounts are weighed alike however they come to be (casework/bulk/
    effects.py). Apart from the queue, whose row everybody shares who fills it.
    """

    queue = models.OneToOneField(Queue, on_delete=models.CASCADE, primary_key=True, related_name="effect")
    #: The share of the loss that working avoids, in hundredths of a percent.
    effect_bp = models.PositiveIntegerField()
    minutes = models.PositiveIntegerField()
    #: How many outcomes they were measured from; 0: the prior of the weights in force.
    outcomes = models.PositiveIntegerField()
    #: The business day up to which outcomes count.
    as_of = models.DateField()

    class Meta:
        verbose_name = _("effect of a queue")
        verbose_name_plural = _("effects of queues")

    def __str__(self) -> str:
        return f"{self.queue_id} {self.effect_bp}/{self.minutes}"


class WorkItem(models.Model):
    """An account in a queue: one row for good, which is open, sleeps, is done or gone, and comes back for another episode.

    Membership, `priority`, `rank` and `blocked_by` are written by casework/bulk/queues.py; the rest by the operations.
    """

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("work item", "open")
        SNOOZED = "snoozed", _("snoozed")
        DONE = "done", _("done")
        GONE = "gone", _("left the queue")

    class Wake(models.TextChoices):
        """What ends a snooze early."""

        PAYMENT = "payment", _("a payment comes")
        BROKEN_PROMISE = "broken_promise", _("a promise is broken")
        DAYS = "days", _("days past due reach")

    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="items", db_index=False)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="work_items", db_index=False)
    # Copies of the account's own, which never change: claims are by customer, scope by product.
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.OPEN)
    episode = models.PositiveIntegerField(default=1)
    entered_at = models.DateTimeField(_("entered"))
    due_at = models.DateTimeField(_("due"), null=True, help_text=_("when its service time ends; empty while the clock pauses"))
    minutes_left = models.PositiveIntegerField(null=True, help_text=_("of the service time, while the clock pauses"))
    #: Ten-thousandths of a major unit, for each minute of work.
    priority = models.BigIntegerField(_("priority"), default=0)
    #: What the queue orders by, the larger the earlier; `rank` is that times the boost.
    basis = models.BigIntegerField(default=0)
    boost_factor = models.PositiveSmallIntegerField(_("boost"), default=1)
    boost_until = models.DateField(_("boosted until"), null=True)
    rank = models.BigIntegerField(default=0)
    blocked_by = models.CharField(_("blocked by"), max_length=40, blank=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="work_items", db_index=False
    )
    is_escalated = models.BooleanField(_("escalated"), default=False)
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True)
    wake_on = models.CharField(_("wakes when"), max_length=16, choices=Wake, blank=True)
    wake_days = models.PositiveIntegerField(null=True)
    # What stood when it fell asleep: a payment recorded after the moment wakes, a count above this one.
    asleep_since = models.DateTimeField(null=True)
    noted_broken = models.SmallIntegerField(default=0)
    outcome = models.CharField(_("last outcome"), max_length=20, blank=True)
    returns_on = models.DateField(_("returns on"), null=True)
    # Counts the changes that people make: a form that was opened before one is stale.
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("work item")
        verbose_name_plural = _("work items")
        constraints = [
            models.UniqueConstraint(fields=["account", "queue"], name="one_item_of_an_account_in_a_queue"),
            models.CheckConstraint(
                condition=~Q(status="snoozed") | Q(snoozed_until__isnull=False), name="item_sleeps_until_a_moment"
            ),
            models.CheckConstraint(condition=Q(boost_factor__gte=1), name="item_boost_not_below_one"),
        ]
        indexes = [
            models.Index("queue", F("rank").desc(), "id", name="items_in_order", condition=Q(status="open")),
            models.Index(
                "queue", F("rank").desc(), "id", name="items_to_take",
                condition=Q(status="open", blocked_by="", assigned_to=None),
            ),
            models.Index(
                "assigned_to", F("rank").desc(), "id", name="items_of_a_person",
                condition=Q(status="open", assigned_to__isnull=False),
            ),
            # Also what sleeps: all that goes back to its queue when they are away.
            models.Index(
                fields=["assigned_to"], name="items_lying_with",
                condition=Q(assigned_to__isnull=False, status__in=["open", "snoozed"]),
            ),
            models.Index(F("rank").desc(), "id", name="items_escalated", condition=Q(status="open", is_escalated=True)),
            models.Index(fields=["customer"], name="items_of_a_customer", condition=Q(status__in=["open", "snoozed"])),
            models.Index(fields=["snoozed_until"], name="items_asleep", condition=Q(status="snoozed")),
            models.Index(fields=["boost_until"], name="items_boosted", condition=Q(boost_until__isnull=False)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.queue_id}/{self.account_id}"


class Claim(models.Model):
    """A customer in somebody's hand: all their items at once. The primary key is why no account is ever in two hands.

    A row whose lease has ended is nobody's; the next to claim writes over it.
    """

    customer = models.OneToOneField(Customer, on_delete=models.PROTECT, primary_key=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="+", db_index=False)
    token = models.CharField(max_length=32)
    claimed_at = models.DateTimeField(_("claimed"))
    lease_until = models.DateTimeField(_("lease until"))

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")

    def __str__(self) -> str:
        return f"{self.customer_id} {self.user_id}"


class WorkRecord(models.Model):
    """What a person did to an item. Appended; an undo marks it and changes nothing else of it.

    HAND_BACK nobody did: `user` is who was away, and had it assigned until then.
    """

    class Act(models.TextChoices):
        OUTCOME = "outcome", _("outcome")
        SKIP = "skip", _("skipped")
        SNOOZE = "snooze", _("snoozed")
        WAKE = "wake", _("woken")
        ESCALATE = "escalate", _("escalated")
        ASSIGN = "assign", _("assigned")
        BOOST = "boost", _("boosted")
        HAND_BACK = "hand_back", _("away: back to the queue")

    item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="records")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    act = models.CharField(max_length=10, choices=Act)
    outcome = models.CharField(max_length=20, blank=True)
    #: Free text about a person, so kept as personal data is.
    said = EncryptedPersonField(null=True)
    recorded_at = models.DateTimeField(_("recorded"))
    #: From the claim to this act; None where the item was not claimed for it.
    worked_seconds = models.PositiveIntegerField(null=True)
    was_in_time = models.BooleanField(null=True)
    #: Taken with the outcome, and cancelled with it where that is undone.
    promise = models.ForeignKey("casework.Promise", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    # For undoing: the item as it was, and the version that this act gave it.
    before = models.JSONField(default=dict)
    version_after = models.PositiveIntegerField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("work record")
        verbose_name_plural = _("work records")
        indexes = [
            models.Index(fields=["queue", "recorded_at"], name="records_of_outcomes", condition=Q(act="outcome")),
            models.Index(fields=["user", "recorded_at"], name="records_of_a_person"),
            models.Index(fields=["recorded_at"], name="records_of_skips", condition=Q(act="skip")),
            # Of all queues, for whoever holds outcomes against the contact log.
            models.Index(fields=["recorded_at"], name="outcomes_by_moment", condition=Q(act="outcome")),
            models.Index(fields=["recorded_at"], name="records_handed_back", condition=Q(act="hand_back")),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.act}"

    @property
    def text(self) -> str:
        """The reason or remark, in clear."""
        return (self.said or {}).get("text", "")


class AccountNote(models.Model):
    """One version of the note that people keep on an account. The key refuses a second text over the same one."""

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.PositiveIntegerField()
    body = EncryptedPersonField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        verbose_name = _("account note")
        verbose_name_plural = _("account notes")
        constraints = [models.UniqueConstraint(fields=["account", "version"], name="one_text_a_version_of_a_note")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.version}"

    @property
    def text(self) -> str:
        """The text in clear."""
        return self.body.get("text", "")


class PriorityWeights(models.Model):
    """A version of what goes into the priority. The highest version is the one in force; none is ever changed."""

    version = models.PositiveIntegerField(unique=True)
    #: By bucket m0 to m7, in hundredths of a percent: how likely the account is lost if nobody works on it.
    chance_bp = models.JSONField(_("chance of loss"))
    loss_bp = models.PositiveIntegerField(_("loss given default"))
    #: By queue code, "" for all others: {"effect_bp", "minutes"}; what is believed until outcomes say more.
    priors = models.JSONField(_("priors"))
    #: From so many outcomes in the window on, what was recorded takes the place of the prior.
    least_outcomes = models.PositiveIntegerField(_("outcomes needed"), default=50)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=150)
    reason = models.CharField(max_length=500)
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = _("priority weights")
        verbose_name_plural = _("priority weights")
        ordering = ["-version"]

    def __str__(self) -> str:
        return str(self.version)


class SavedView(models.Model):
    """A name for what the worklist's address asks for; private, or shared with everybody."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=2_000)
    is_shared = models.BooleanField(_("shared"), default=False)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="one_view_of_a_name")]

    def __str__(self) -> str:
        return self.name


class Presence(models.Model):
    """Who has an account on screen, as their browser says every few seconds."""

    account = models.ForeignKey(CreditAccount, on_delete=models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")
        constraints = [models.UniqueConstraint(fields=["account", "user"], name="one_presence_of_a_person")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.user_id}"


class BulkAction(models.Model):
    """One action on many items, and what became of each."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=10)
    parameters = models.JSONField(default=dict)
    #: A list of [account number, done, reason].
    report = models.JSONField(default=list)
    made_at = models.DateTimeField()
    # A form sent twice carries the same one: it is done once.
    reference = models.CharField(max_length=40, unique=True)

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")

    def __str__(self) -> str:
        return f"{self.action} {self.pk}"

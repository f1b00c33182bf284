"""The outbox: every message that is to go out, from its planning to its end; its attempts, and what providers report of them."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import CreditAccount, Customer
from outreach.contact_names import PURPOSES
from outreach.models.contacts import Contact
from outreach.models.strategies import Strategy
from outreach.models.templates import MESSAGE_CHANNELS, MessageTemplate
from outreach.rules.contacts import Purpose
from riskops.shared.fields import KeyField
from riskops.shared.personal import EncryptedPersonField


class Message(models.Model):
    """A message to one customer about one account. Written by outreach/operations/sending, outreach/operations/correcting.py and
    outreach/bulk/plan.py, nobody else.

    The unique key is the promise that a step reaches a customer once an episode and channel. What it says is written when it is
    sent, with the figures of that moment, and kept encrypted.

    queued → sending → sent → delivered, undelivered; sending → unknown (nobody knows whether it went out) → sent, queued, dead;
    queued → cancelled (paid, held, refused by the gate, …); queued → dead (tried as often as it may be).
    """

    class Status(models.TextChoices):
        QUEUED = "queued", pgettext_lazy("message", "waits")
        SENDING = "sending", pgettext_lazy("message", "is being sent")
        UNKNOWN = "unknown", pgettext_lazy("message", "not known whether sent")
        SENT = "sent", pgettext_lazy("message", "sent")
        DELIVERED = "delivered", pgettext_lazy("message", "delivered")
        UNDELIVERED = "undelivered", pgettext_lazy("message", "not delivered")
        CANCELLED = "cancelled", pgettext_lazy("message", "stopped")
        DEAD = "dead", pgettext_lazy("message", "given up")

    #: A person or the next pass must still look at these.
    OPEN = (Status.QUEUED, Status.SENDING, Status.UNKNOWN)

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="messages", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="messages", db_index=False)
    # The due date that the account's lateness counts from (or the coming one); of what is no step, the day it was asked for.
    episode = models.DateField(_("episode"))
    step = KeyField(_("step"), max_length=48, help_text="code of the step; of a notice, what it is about")
    channel = models.CharField(_("channel"), max_length=10, choices=MESSAGE_CHANNELS)
    purpose = models.CharField(_("for"), max_length=10, choices=PURPOSES)
    strategy = models.ForeignKey(Strategy, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    # Of a template that holds when it is sent; a notice brings its text itself.
    template_code = KeyField(_("template"), max_length=48, blank=True)
    template = models.ForeignKey(MessageTemplate, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    # What a notice says, by language: it was written with the decision, and is sent as it stands.
    texts = models.JSONField(null=True)
    # The ways after this one, in order: [{"channel": …, "template": …}]. Taken in turn where this one cannot be gone.
    fallback = models.JSONField(default=list, blank=True)
    planned_on = models.DateField(_("planned for"), help_text="the day on which it fell due")
    expires_on = models.DateField(_("not after"), null=True, help_text="the last day on which it makes sense")
    priority = models.PositiveSmallIntegerField(default=5, help_text="lower goes first")
    created_at = models.DateTimeField(_("planned at"), auto_now_add=True)

    status = models.CharField(_("state"), max_length=12, choices=Status, default=Status.QUEUED)
    due_at = models.DateTimeField(_("not before"), help_text="when it is to be looked at next")
    reason = models.CharField(_("why"), max_length=300, blank=True)
    # The number of the present attempt; a new one has a new key.
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    failures = models.PositiveSmallIntegerField(default=0, help_text="attempts refused for the time being, since it was queued")
    doubts = models.PositiveSmallIntegerField(default=0, help_text="how often its provider was asked and could not tell")
    claimed_until = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=100, blank=True)
    #: What was let through by the gate for the present attempt.
    contact = models.OneToOneField(Contact, null=True, on_delete=models.PROTECT, related_name="message")
    provider = KeyField(_("provider"), max_length=32, blank=True)
    reference = KeyField(_("provider's number"), max_length=128, blank=True)
    # Address, subject and text as sent, and what it was rendered from (JSON): personal, so encrypted.
    said = EncryptedPersonField(null=True)
    language = models.CharField(_("language"), max_length=7, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    settled_at = models.DateTimeField(_("settled at"), null=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["account", "episode", "step", "channel"], name="one_message_a_step_and_channel"),
            models.CheckConstraint(
                condition=~Q(status__in=["sending", "unknown", "sent", "delivered", "undelivered"]) | Q(contact__isnull=False),
                name="message_passed_the_gate",
            ),
        ]
        indexes = [
            models.Index(fields=["channel", "priority", "due_at", "id"], name="messages_to_send", condition=Q(status="queued")),
            models.Index(fields=["status", "due_at"], name="messages_in_doubt", condition=Q(status__in=["sending", "unknown"])),
            # Not of those that planning writes: each index is paid for by every message, and they are found by
            # `messages_to_send` or are most of all. A customer's messages are found by their accounts.
            models.Index(
                fields=["status", "-id"],
                name="messages_by_status",
                condition=Q(status__in=["sending", "unknown", "sent", "delivered", "undelivered", "dead"]),
            ),
            models.Index(fields=["planned_on", "status", "channel"], name="messages_of_a_day"),
            models.Index(fields=["reference"], name="messages_by_reference", condition=~Q(reference="")),
            models.Index(fields=["-id"], name="notices_not_delivered", condition=Q(status="undelivered", purpose="notice")),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.step} {self.channel}"

    @property
    def is_untold_notice(self) -> bool:
        """Whether it is a notice required by law that did not arrive, with no way left: a person must see to it (`UNTOLD`)."""
        return self.status == self.Status.UNDELIVERED and self.purpose == Purpose.NOTICE and not self.fallback

    @property
    def attempt_key(self) -> str:
        """The key of the present attempt: the gate and the provider know it by this, so neither takes it twice."""
        return f"message:{self.pk}:{self.attempts}"


#: The condition on messages that `Message.is_untold_notice` tells of one.
UNTOLD: Final = Q(status=Message.Status.UNDELIVERED, purpose=str(Purpose.NOTICE), fallback=[])


class MessageAttempt(models.Model):
    """One try of a message: let through by the gate, handed to one provider under one key. Written by operations/sending.

    It outlives the message's present state: a receipt may come for a try that was given up long ago.
    """

    class State(models.TextChoices):
        SENDING = "sending", pgettext_lazy("message", "is being sent")
        UNKNOWN = "unknown", pgettext_lazy("message", "not known whether sent")
        REFUSED = "refused", pgettext_lazy("message", "refused by the provider")
        NOT_MADE = "not_made", pgettext_lazy("message", "never reached the provider")
        SENT = "sent", pgettext_lazy("message", "sent")
        UNDELIVERED = "undelivered", pgettext_lazy("message", "not delivered")
        DELIVERED = "delivered", pgettext_lazy("message", "delivered")

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="tries", db_index=False)
    number = models.PositiveSmallIntegerField(_("attempt"))
    key = KeyField(unique=True)
    contact = models.OneToOneField(Contact, on_delete=models.PROTECT, related_name="attempt")
    provider = KeyField(_("provider"), max_length=32)
    reference = KeyField(_("provider's number"), max_length=128, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.SENDING)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    began_at = models.DateTimeField(_("handed over at"))
    ended_at = models.DateTimeField(_("settled at"), null=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints = [models.UniqueConstraint(fields=["message", "number"], name="one_attempt_of_a_number")]
        indexes = [models.Index(fields=["reference"], name="attempts_by_reference", condition=~Q(reference=""))]

    def __str__(self) -> str:
        return self.key


class MessageReceipt(models.Model):
    """What a provider reported of a message, once each. Written by outreach/operations/sending/receiving.py, nobody else.

    Without an attempt: nobody here knows the message, or not yet (a receipt may overtake the answer that brings its reference).
    """

    class State(models.TextChoices):
        DELIVERED = "delivered", pgettext_lazy("message", "delivered")
        UNDELIVERED = "undelivered", pgettext_lazy("message", "not delivered")

    provider = KeyField(_("provider"), max_length=32)
    event_id = KeyField(max_length=128)
    attempt = models.ForeignKey(MessageAttempt, null=True, on_delete=models.PROTECT, related_name="receipts")
    reference = KeyField(max_length=128, blank=True)
    key = KeyField(blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State)
    is_detail_dead = models.BooleanField(default=False)
    detail = models.CharField(_("what the provider says"), max_length=200, blank=True)
    at = models.DateTimeField(_("when"))
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="message_receipt_once")]
        indexes = [models.Index(fields=["received_at"], name="receipts_without_message", condition=Q(attempt__isnull=True))]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"


class ChannelRate(models.Model):
    """What a channel may still send at once: a bucket that fills with time. Locked by whoever claims messages of the channel."""

    channel = models.CharField(max_length=10, primary_key=True, choices=MESSAGE_CHANNELS)
    tokens = models.FloatField()
    filled_at = models.DateTimeField()

    class Meta:
        verbose_name = _("rate of a channel")

    def __str__(self) -> str:
        return self.channel

"""Providers: how each stands, what each reported, what customers wrote back, and the messages that stayed in the house."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Customer
from outreach.models.wishes import CHANNELS
from outreach.providers.interface import LONGEST_KEY, LONGEST_REASON, ReceiptState
from outreach.rules.circuits import Circuit
from outreach.rules.stop_words import Wish
from riskops.shared.fields import KeyField
from riskops.shared.personal import EncryptedPersonField

LONGEST_EVENT_ID: Final = 128
LONGEST_REFERENCE: Final = 128


class ProviderHealth(models.Model):
    """How a provider stands; none: nothing ever went wrong. Written by outreach/operations/delivery_health.py."""

    provider = KeyField(_("provider"), max_length=32, unique=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    open_until = models.DateTimeField(_("passed over until"), null=True)
    last_error = models.CharField(_("last error"), max_length=LONGEST_REASON, blank=True)
    last_failed_at = models.DateTimeField(_("last failure"), null=True)
    last_answered_at = models.DateTimeField(_("last answer"), null=True)

    class Meta:
        verbose_name = _("health of a provider")
        verbose_name_plural = _("health of providers")

    def __str__(self) -> str:
        return self.provider

    def circuit(self) -> Circuit:
        """Return how it stands, as the rules take it."""
        return Circuit(self.failures, self.open_until)


class ProviderEvent(models.Model):
    """What a provider reported by webhook, once each: the same again is known by its id. Added by operations/receipts.py."""

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("receipt")
        REPLY = "reply", pgettext_lazy("of a customer", "reply")
        REFUSED = "refused", _("not readable")

    provider = KeyField(_("provider"), max_length=32)
    event_id = KeyField(max_length=LONGEST_EVENT_ID)
    kind = models.CharField(max_length=8, choices=Kind)
    reference = models.CharField(max_length=LONGEST_REFERENCE, blank=True)
    key = KeyField(max_length=LONGEST_KEY, blank=True)
    state = models.CharField(max_length=12, blank=True, choices=[(str(state), str(state)) for state in ReceiptState])
    is_detail_dead = models.BooleanField(default=False)
    detail = models.CharField(max_length=LONGEST_REASON, blank=True)
    at = models.DateTimeField(_("when"))
    received_at = models.DateTimeField(_("taken at"))

    class Meta:
        verbose_name = _("report of a provider")
        verbose_name_plural = _("reports of providers")
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="provider_event_once")]
        indexes = [models.Index(fields=["key"], name="provider_events_of_a_message", condition=~models.Q(key=""))]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"


class CustomerReply(models.Model):
    """What a customer wrote back, for a person to read; one row for each customer with that number or address, or one for none.

    Written by outreach/operations/replies.py. `words`: {"address": …, "text": …}.
    """

    event = models.ForeignKey(ProviderEvent, on_delete=models.PROTECT, related_name="replies", db_index=False)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="replies", db_index=False)
    channel = models.CharField(_("channel"), max_length=10, choices=CHANNELS)
    words = EncryptedPersonField()
    wish = models.CharField(max_length=8, choices=[(str(wish), str(wish)) for wish in Wish])
    at = models.DateTimeField(_("when"))
    read_at = models.DateTimeField(_("read"), null=True)
    read_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    read_by_name = models.CharField(_("read by"), max_length=150, blank=True)

    class Meta:
        verbose_name = _("reply of a customer")
        verbose_name_plural = _("replies of customers")
        constraints = [
            models.UniqueConstraint(fields=["event", "customer"], name="reply_once_a_customer"),
            models.UniqueConstraint(fields=["event"], name="reply_of_nobody_once", condition=models.Q(customer=None)),
            models.CheckConstraint(
                condition=models.Q(read_at__isnull=True, read_by_name="") | models.Q(read_at__isnull=False),
                name="reply_read_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="replies_of_a_customer"),
            models.Index(fields=["-at", "-id"], name="replies_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.at:%Y-%m-%d %H:%M}"


class LocalMessage(models.Model):
    """A message that was handed to the provider `local`: it is kept here and goes nowhere. Written by providers/local.py.

    `words`: address, subject, body and the values, encrypted.
    """

    key = KeyField(max_length=LONGEST_KEY, unique=True)
    channel = models.CharField(_("channel"), max_length=10, choices=CHANNELS)
    language = models.CharField(max_length=10)
    template_code = models.CharField(max_length=64)
    words = EncryptedPersonField()
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("message kept here")
        verbose_name_plural = _("messages kept here")

    def __str__(self) -> str:
        return self.key

"""The log of contacts: each let through by the gate, with what it was judged on; and what the gate refused."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import CreditAccount, Customer
from outreach.contact_names import OUTCOMES, PARTIES, PURPOSES
from outreach.models.policies import ContactPolicy
from outreach.models.wishes import CHANNELS
from outreach.rules.contacts import CALLS, Outcome, Party, Request
from outreach.rules.kept import request_from_kept
from riskops.shared.fields import KeyField

_CALLS = sorted(map(str, CALLS))


class Contact(models.Model):
    """One contact that the gate let through. Written by outreach/gate.py, nobody else; triggers refuse all but its one end.

    `asked` and `standing` are what it was judged on beside the contacts before it, so that the audit judges it again.
    """

    key = KeyField(unique=True, help_text="what was asked for: asked again, it is the same contact")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="contacts", db_index=False)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    channel = models.CharField(_("channel"), max_length=10, choices=CHANNELS)
    purpose = models.CharField(_("purpose"), max_length=10, choices=PURPOSES)
    party = models.CharField(_("who"), max_length=14, choices=PARTIES, default=Party.DEBTOR)
    detail = models.BigIntegerField(help_text="keyed index of the number or address")
    at = models.DateTimeField(_("when"))
    outcome = models.CharField(_("outcome"), max_length=14, choices=OUTCOMES, default=Outcome.OPEN)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    policy = models.ForeignKey(ContactPolicy, on_delete=models.PROTECT, related_name="+", db_index=False)
    engine = models.CharField(max_length=8)
    asked = models.JSONField()
    standing = models.JSONField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    made_by_name = models.CharField(_("by"), max_length=150)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes = [
            models.Index(fields=["customer", "-at"], name="contacts_of_a_customer"),
            models.Index(fields=["at", "id"], name="contacts_by_time"),
            models.Index(fields=["detail", "-at"], name="calls_at_a_number", condition=models.Q(channel__in=_CALLS)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(outcome="open", ended_at__isnull=True) | ~models.Q(outcome="open"),
                name="contact_open_has_no_end",
            )
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.channel} {self.at:%Y-%m-%d %H:%M}"

    @property
    def request(self) -> Request:
        """What was asked for, as it was judged."""
        return request_from_kept(
            self.asked,
            channel=self.channel,
            purpose=self.purpose,
            party=self.party,
            account_id=self.account_id,
            detail=self.detail,
        )


class Denial(models.Model):
    """A contact that somebody asked for and the gate refused or put off, with the rule. Only added."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    channel = models.CharField(_("channel"), max_length=10, choices=CHANNELS)
    purpose = models.CharField(_("purpose"), max_length=10, choices=PURPOSES)
    party = models.CharField(_("who"), max_length=14, choices=PARTIES, default=Party.DEBTOR)
    at = models.DateTimeField(_("when"))
    rule = models.CharField(_("rule"), max_length=24)
    hold = models.CharField(max_length=24, blank=True)
    until = models.DateTimeField(_("until"), null=True)
    had = models.PositiveSmallIntegerField(null=True)
    most = models.PositiveSmallIntegerField(null=True)
    policy = models.ForeignKey(ContactPolicy, on_delete=models.PROTECT, related_name="+", db_index=False)
    asked_by_name = models.CharField(_("by"), max_length=150)

    class Meta:
        verbose_name = _("refused contact")
        verbose_name_plural = _("refused contacts")
        indexes = [
            models.Index(fields=["customer", "-at"], name="denials_of_a_customer"),
            models.Index(fields=["-at", "-id"], name="denials_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.channel} {self.rule}"

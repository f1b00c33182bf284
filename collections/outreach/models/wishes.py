"""What customers want, and what else stands against contact: opt-outs, agreed hours, holds, numbers that lead nowhere."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import CreditAccount, Customer
from casework.models import Dispute
from outreach.models.policies import NOTED_HOLD_CHOICES
from outreach.rules.contacts import Channel

CHANNEL_NAMES = {
    Channel.CALL: _("call"),
    Channel.VOICE_BOT: _("machine's call"),
    Channel.SMS: _("SMS"),
    Channel.EMAIL: pgettext_lazy("channel", "e-mail"),
    Channel.PUSH: _("app push"),
    Channel.LETTER: _("letter"),
    Channel.VISIT: _("visit"),
}
CHANNELS = [(str(channel), name) for channel, name in CHANNEL_NAMES.items()]


class ContactHold(models.Model):
    """Contact about a customer, or about one account of theirs, is held back from a moment to a moment.

    Written by outreach/operations/holds.py, nobody else; the signals of the accounts (disputed, on hold, …) are stored copies.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="contact_holds")
    account = models.ForeignKey(CreditAccount, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(_("why"), max_length=24, choices=NOTED_HOLD_CHOICES)
    # The dispute that holds contact back: it ends with it, whatever people hold back beside it.
    dispute = models.OneToOneField(Dispute, null=True, on_delete=models.PROTECT, related_name="contact_hold")
    # Kept as other people's numbers are: its index. The debt is disclosed at this number, so it is none that a caller types.
    representative = models.BigIntegerField(null=True, help_text="keyed index of the legal representative's number")
    reason = models.CharField(_("reason"), max_length=500)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    placed_by_name = models.CharField(_("placed by"), max_length=150)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    ended_by_name = models.CharField(_("ended by"), max_length=150, blank=True)
    end_reason = models.CharField(_("reason of the end"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("hold on contact")
        verbose_name_plural = _("holds on contact")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind"],
                condition=Q(until__isnull=True, dispute__isnull=True),
                name="one_open_hold_of_a_kind_on_an_account",
            ),
            models.UniqueConstraint(
                fields=["customer", "kind"],
                condition=Q(until__isnull=True, account__isnull=True, dispute__isnull=True),
                name="one_open_hold_of_a_kind_on_a_customer",
            ),
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="contact_hold_ends_after"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.kind}"


class OptOut(models.Model):
    """A channel by which a customer wants nothing more, from a moment to a moment. Written by outreach/operations/wishes.py."""

    class Source(models.TextChoices):
        REPLY = "reply", _("reply to a message")
        PAGE = "page", _("the customer's page")
        PERSON = "person", _("told to a person")

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="opt_outs")
    channel = models.CharField(_("channel"), max_length=10, choices=CHANNELS)
    source = models.CharField(_("source"), max_length=8, choices=Source)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True)
    noted_by_name = models.CharField(_("noted by"), max_length=150)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("opt-out")
        verbose_name_plural = _("opt-outs")
        constraints = [
            models.UniqueConstraint(fields=["customer", "channel"], condition=Q(until__isnull=True), name="one_open_opt_out"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.channel}"


class AgreedHours(models.Model):
    """Hours of contact that a customer agreed to instead of the policy's. A new agreement takes the place of the one before."""

    customer = models.OneToOneField(Customer, on_delete=models.PROTECT, primary_key=True, related_name="agreed_hours")
    opens_at = models.TimeField(_("contacts from"))
    closes_at = models.TimeField(_("contacts until"))
    agreed_at = models.DateTimeField(_("agreed at"))
    evidence = models.CharField(_("how it was agreed"), max_length=500)
    noted_by_name = models.CharField(_("noted by"), max_length=150)

    class Meta:
        verbose_name = _("agreed hours")
        verbose_name_plural = _("agreed hours")

    def __str__(self) -> str:
        return f"{self.customer_id} {self.opens_at}–{self.closes_at}"


class DetailState(models.Model):
    """What is known of a number or address, whosever: it leads nowhere, or who answers it does not want to be asked again.

    That it is not one customer's is no state of it: see `WrongPerson`. `detail` is the keyed index of it; the number or address
    itself is kept nowhere but with its person.
    """

    class State(models.TextChoices):
        INVALID = "invalid", _("leads nowhere")
        BOUNCED = "bounced", _("mail comes back")
        WRONG_PERSON = "wrong_person", _("is somebody else's")
        REFUSED = "refused", _("a third party refused")

    detail = models.BigIntegerField(primary_key=True)
    state = models.CharField(_("state"), max_length=12, choices=State)
    since = models.DateTimeField(_("since"))
    evidence = models.CharField(_("evidence"), max_length=200)
    noted_by_name = models.CharField(_("noted by"), max_length=150)

    class Meta:
        verbose_name = _("state of a number or address")
        verbose_name_plural = _("states of numbers and addresses")

    def __str__(self) -> str:
        return f"{self.detail} {self.state}"


class WrongPerson(models.Model):
    """A number or address in the book of a customer at which somebody else answers.

    Of this customer alone: whoever answers may be a customer too, and is reached there.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    detail = models.BigIntegerField(help_text="keyed index of the number or address")
    since = models.DateTimeField(_("since"))
    evidence = models.CharField(_("evidence"), max_length=200)
    noted_by_name = models.CharField(_("noted by"), max_length=150)

    class Meta:
        verbose_name = _("number or address of somebody else")
        verbose_name_plural = _("numbers and addresses of somebody else")
        constraints = [models.UniqueConstraint(fields=["customer", "detail"], name="one_wrong_person_at_a_detail")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.detail}"

    @property
    def state(self) -> DetailState.State:
        """What is known of the number or address for this customer, as `DetailState.state`."""
        return DetailState.State.WRONG_PERSON

    def get_state_display(self) -> str:
        """Return the words for it."""
        return str(self.state.label)

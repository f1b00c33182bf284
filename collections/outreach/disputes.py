"""What disputes ask of outreach: their letters sent, and the contacts and messages that may have caused one."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import CreditAccount
from casework.dispute_hooks import Found
from casework.models import DisputeLetter
from outreach.models import Contact, Message
from outreach.operations.sending.notices import queue_notice
from riskops.shared.wording import moment_text

MOST_SHOWN = 15


def send_letter(letter: DisputeLetter, now: datetime) -> str:
    """Take the letter of a dispute into the outbox as a notice, and return the number of its message."""
    dispute = letter.dispute
    texts = {"en": letter.text_en, "zh": letter.text_zh}
    account = dispute.account
    return f"message {queue_notice(account, dated=letter.dated, step=f'dispute:{dispute.pk}', texts=texts, now=now).pk}"


def trace_letter(letter: DisputeLetter) -> Found | None:
    """Return what became of the message that carries a letter."""
    number = letter.delivery.removeprefix("message ")
    message = Message.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    return _message(message) if message else None


def find_contact(customer_id: int, number: int) -> Found | None:
    """Return a line of the log of contacts by its number, if it is the customer's."""
    contact = Contact.objects.filter(pk=number, customer_id=customer_id).select_related("customer").first()
    if contact is None:
        return None
    return Found(_contact(contact), reverse("outreach:customer", args=[contact.customer.customer_no]))


def recent_contacts(customer_id: int) -> list[tuple[int, str]]:
    """Return the latest calls and visits of a customer: number and words. Messages are a kind of their own."""
    rows = Contact.objects.filter(customer_id=customer_id, message=None).order_by("-at", "-pk")[:MOST_SHOWN]
    return [(contact.pk, _contact(contact)) for contact in rows]


def _contact(contact: Contact) -> str:
    return _("%(channel)s of %(at)s by %(who)s") % {
        "channel": contact.get_channel_display(),
        "at": moment_text(contact.at),
        "who": contact.made_by_name,
    }


def find_message(customer_id: int, number: int) -> Found | None:
    """Return a message of the outbox by its number, if it is the customer's."""
    message = Message.objects.filter(pk=number, customer_id=customer_id).first()
    return _message(message) if message else None


def recent_messages(customer_id: int) -> list[tuple[int, str]]:
    """Return the latest messages to a customer that went out: number and words."""
    accounts = CreditAccount.objects.filter(customer_id=customer_id).values("pk")
    rows = Message.objects.filter(account__in=accounts, sent_at__isnull=False).order_by("-pk")[:MOST_SHOWN]
    return [(message.pk, _message(message).text) for message in rows]


def _message(message: Message) -> Found:
    what = {"channel": message.get_channel_display(), "state": message.get_status_display()}
    if message.sent_at is None:
        return Found(_("%(channel)s: %(state)s") % what, reverse("outreach:message", args=[message.pk]))
    text = _("%(channel)s of %(at)s: %(state)s") % {**what, "at": moment_text(message.sent_at)}
    return Found(text, reverse("outreach:message", args=[message.pk]))

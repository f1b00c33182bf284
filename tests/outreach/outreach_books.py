"""A customer to contact: reachable by telephone, e-mail and app, agreed to everything, with one account or more."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from factories import make_account, make_customer

from accounts.models import CreditAccount
from outreach.queries.standing import detail_of
from outreach.rules.contacts import Channel, Purpose, Request
from riskops.shared.audit import Actor

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: A Wednesday.
NOON = datetime(2025, 3, 12, 12, tzinfo=SHANGHAI)
SENDER = Actor("reminders")
PERSON = {
    "name": "王小明",
    "phone": "13900000001",
    "email": "wang@example.com",
    "address": "1 Example Road",
    "device_ids": "dev-1",
}


def make_reachable(*, person: dict[str, str] | None = None, **fields: Any) -> CreditAccount:
    """Return an account whose customer may be contacted by every way."""
    consents = {"consent_sms": True, "consent_email": True, "consent_push": True}
    return make_account(customer=make_customer(person=person or PERSON, **{**consents, **fields}))


def wanted(account: CreditAccount, channel: Channel = Channel.SMS, **more: Any) -> Request:
    """Return the request for a contact with an account's customer."""
    more.setdefault("detail", detail_of(account.customer, channel))
    more.setdefault("purpose", Purpose.REMINDER)
    return Request(channel=channel, account_id=account.pk, **more)

"""The provider that sends nothing: every message is kept in a table and can be read there. The default of every channel."""

from __future__ import annotations

import json
from datetime import datetime
from typing import ClassVar

from django.utils import timezone

from outreach.models.providers import LocalMessage
from outreach.providers.interface import Accepted, Found, NotThere, Outgoing, Provider, Result
from outreach.rules.contacts import Channel


class LocalProvider(Provider):
    """Accepts everything, once a key. Nothing is delivered, and nothing says so."""

    name: ClassVar[str] = "local"
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.SMS, Channel.EMAIL, Channel.PUSH})
    is_idempotent: ClassVar[bool] = True
    is_askable: ClassVar[bool] = True
    knows_absence: ClassVar[bool] = True
    is_remote: ClassVar[bool] = False

    def send(self, outgoing: Outgoing) -> Result:
        """Keep the message, in the caller's transaction."""
        words = {
            "address": outgoing.address,
            "subject": outgoing.subject,
            "body": outgoing.body,
            "values": json.dumps(dict(outgoing.values), ensure_ascii=False),
        }
        row = LocalMessage(
            key=outgoing.key,
            channel=outgoing.channel,
            language=outgoing.language,
            template_code=outgoing.template_code,
            words=words,
            at=timezone.now(),
        )
        LocalMessage.objects.bulk_create([row], ignore_conflicts=True)
        return Accepted(_reference(outgoing.key))

    def find(self, key: str, *, address: str = "", sent_at: datetime | None = None) -> Found:
        """Return whether a message is kept."""
        return Accepted(_reference(key)) if LocalMessage.objects.filter(key=key).exists() else NotThere()


def _reference(key: str) -> str:
    return f"local:{key}"

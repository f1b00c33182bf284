"""What the usual channels of payments are called. The book keeps any text; what is no usual one stands as it came."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CHANNEL_NAMES: Final[dict[str, Promise]] = {
    "app": _("app"),
    "mobile_app": _("app"),
    "bank_transfer": _("bank transfer"),
    "direct_debit": _("direct debit"),
    "autopay": _("automatic payment"),
    "counter": _("counter"),
    "convenience_store": _("convenience store"),
    "agency": _("collection agency"),
    # Of the sample book: money that its source lacks.
    "adjustment": _("adjustment"),
}


def channel_name(code: str) -> str:
    """Return a channel in the language in use."""
    return str(CHANNEL_NAMES.get(code, code))

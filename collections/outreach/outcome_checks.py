"""What the contact log says to whoever records the outcome of a call or visit in casework."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from outreach.queries.unlogged import has_contact


def contact_lacking(account_id: int, user_id: int, action: str, now: datetime) -> str:
    """Return that no contact of the person's is in the log today, "" where one is or none is needed."""
    if has_contact(account_id, user_id, action, now):
        return ""
    return _(
        "No such call or visit of yours about this account is in the contact log today; the audit of contacts lists it. Ask the "
        "contact policy before each one, on the customer's page Contact."
    )

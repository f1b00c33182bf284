"""What the site itself writes as the reason of what a dispute does: kept in English, read in the language in use."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop

from riskops.shared.own_reasons import own_reason

HELD_BY: Final = own_reason(gettext_noop("Dispute %(number)s is open."))
CLOSED: Final = own_reason(gettext_noop("Dispute %(number)s is closed."))
CORRECTED_BY: Final = own_reason(gettext_noop("Put right by dispute %(number)s."))

"""What the site itself writes as the reason of what a dispute does, and as the source of its figures.

It is kept in English and read in the language in use.
"""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop

from riskops.shared.own_reasons import own_reason

HELD_BY: Final = own_reason(gettext_noop("Dispute %(number)s is open."))
CLOSED: Final = own_reason(gettext_noop("Dispute %(number)s is closed."))
CORRECTED_BY: Final = own_reason(gettext_noop("Put right by dispute %(number)s."))

# Where the figures of the kinds that ship come from.
OWN_DEFAULT: Final = own_reason(gettext_noop("our own default"))
COMPLAINT_RULES: Final = own_reason(gettext_noop("complaint rules 2020, art. 16"))
CREDIT_REPORTING: Final = own_reason(gettext_noop("credit-reporting rules: within 20 days"))

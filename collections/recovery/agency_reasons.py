"""Why cases move to agencies and back: what the site writes itself."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop

from riskops.shared.own_reasons import own_reason

PLACED_IN_BATCH: Final = own_reason(gettext_noop("Placed with an agency in batch %(number)s."))
RECALLED: Final = own_reason(gettext_noop("Recalled from the agency."))

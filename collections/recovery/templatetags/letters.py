"""Words of letters and the limitation clock in templates."""

from __future__ import annotations

from typing import Final

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recovery.rules.limitation import Cause

register = template.Library()

CAUSE_NAMES: Final[dict[str, Promise]] = {
    Cause.DUE: _("last instalment due"),
    Cause.DEMAND: _("demand that arrived"),
    Cause.PAYMENT: _("payment"),
    Cause.ACKNOWLEDGEMENT: _("acknowledgement by the customer"),
    Cause.MEDIATION: _("request for mediation"),
    Cause.PROCEEDINGS: _("arbitration or court proceedings"),
}


@register.filter
def cause_name(cause: str) -> Promise | str:
    """Return the words for what begins the clock anew."""
    return CAUSE_NAMES.get(cause, cause)

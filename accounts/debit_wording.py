"""Debits in words: why one waits, and why a line of the provider's was refused."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import DebitResult, DebitTry
from riskops.shared.money import plain_amount

WAITS: Final[dict[str, Promise]] = {"notice": gettext_lazy("its notice is not out, or not long enough")}


def refusal_text(result: DebitResult, digits: int = 2) -> str:
    """Return why a line of results was refused, and what to do; "" where it was not.

    :param digits: decimals of its currency
    """
    params = result.params
    match result.refusal:
        case "unknown_key":
            return _("There is no debit with this key; ask the provider.")
        case "other_outcome":
            status = DebitTry.Status(params["status"]).label
            return _("It is on record as “%(status)s”; look at both, and reverse the payment if it came back.") % {
                "status": status
            }
        case "other_amount":
            amount = plain_amount(params["amount_minor"], digits=digits)
            return _("%(amount)s was asked for; ask the provider about the difference.") % {"amount": amount}
        case "day":
            return _("The result's day is not from %(since)s to %(until)s; ask the provider.") % params
        case "ledger":
            return str(params["said"])
        case _other:
            return ""

"""What the site itself writes of write-offs that come to nothing."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop

from riskops.shared.own_reasons import own_reason

#: Why the decision of a proposal is cancelled, by what ended it.
LAPSED: Final = {
    "written_off": own_reason(gettext_noop("The account was written off otherwise.")),
    "fraud": own_reason(gettext_noop("Fraud is suspected: the write-off falls away.")),
    "dispute": own_reason(gettext_noop("The account is disputed: the write-off falls away.")),
    "plan": own_reason(gettext_noop("A plan is kept: the write-off falls away.")),
    "promise": own_reason(gettext_noop("A promise is open: the write-off falls away.")),
    "cured": own_reason(gettext_noop("Nothing is past due any more: the write-off falls away.")),
    "paid": own_reason(gettext_noop("Something was paid, waived or cancelled: the write-off falls away.")),
}
#: Why contact is held back after a sale.
SOLD: Final = own_reason(gettext_noop("Written off and sold."))

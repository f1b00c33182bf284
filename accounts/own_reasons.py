"""Why decisions and applications end by themselves."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop

from riskops.shared.own_reasons import own_reason

RAN_OUT: Final = own_reason(gettext_noop("It ran out."))
PAID_IN_TIME_BOOKED_LATER: Final = own_reason(gettext_noop("The customer had paid in time; the payment was booked later."))
PAID_IN_TIME: Final = own_reason(gettext_noop("The customer paid in time: the demand for full repayment falls away."))
WRITTEN_OFF_BEFORE: Final = own_reason(gettext_noop("The account was written off before it took effect."))
CLOSED_BEFORE: Final = own_reason(gettext_noop("The account was closed before it took effect."))
WRITTEN_OFF_ALREADY: Final = own_reason(gettext_noop("The account was written off already."))
NO_CLAUSE_SINCE: Final = own_reason(gettext_noop("The agreement accepted since has no clause for demanding full repayment."))
NOTHING_LEFT_TO_CHANGE: Final = own_reason(gettext_noop("The limit or the balance owed had changed: nothing was left to change."))
RAN_OUT_BEFORE: Final = own_reason(gettext_noop("It was held back until it had run out."))
HELD_AGAIN: Final = own_reason(gettext_noop("It was held back over its day a second time; what is known by now is decided anew."))
ENDED_ALREADY: Final = own_reason(gettext_noop("What it would have lifted had ended already."))
REPLACED_BY: Final = own_reason(gettext_noop("Replaced by %(number)s."))
LIFTED_BY: Final = own_reason(gettext_noop("Lifted by %(number)s."))
GRANTED_ANEW: Final = own_reason(gettext_noop("Granted anew: application %(number)s."))
NOT_DECIDED_WITHIN: Final = own_reason(gettext_noop("Not decided within %(days)s days."))
DISPUTED: Final = own_reason(gettext_noop("The customer disputes it: dispute %(number)s ends demands for full repayment."))
NO_MACHINE_WANTED: Final = own_reason(
    gettext_noop("The customer wants no decision that no person takes; it is proposed to a person instead.")
)
MANDATE_REVOKED: Final = own_reason(gettext_noop("Mandate %(number)s was revoked."))
MANDATE_RAN_OUT: Final = own_reason(gettext_noop("The mandate ran out on %(day)s."))
DEBIT_DISPUTED: Final = own_reason(gettext_noop("The account is disputed."))
DEBIT_FRAUD: Final = own_reason(gettext_noop("Fraud is suspected on the account."))
DEBIT_ON_HOLD: Final = own_reason(gettext_noop("Collection from the account is on hold."))
NOTHING_DUE: Final = own_reason(gettext_noop("Nothing is due any more."))

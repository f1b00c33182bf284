"""What is said of a contact: its purpose, with whom it was, and how it ended. Upper rooms may read these, not the log itself."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from outreach.rules.contacts import Outcome, Party, Purpose

PURPOSE_NAMES = {
    Purpose.REMINDER: _("reminder"),
    Purpose.DEMAND: _("demand"),
    Purpose.EDUCATION: _("education"),
    Purpose.OFFER: _("offer of a plan"),
    Purpose.NOTICE: _("notice required by law"),
    Purpose.LOCATE: _("to reach the debtor"),
}
PARTY_NAMES = {
    Party.DEBTOR: _("customer"),
    Party.REPRESENTATIVE: _("legal representative"),
    Party.THIRD_PARTY: _("third party"),
}
OUTCOME_NAMES = {
    Outcome.OPEN: _("not ended"),
    Outcome.EFFECTIVE: _("spoken to"),
    Outcome.UNANSWERED: _("no answer"),
    Outcome.WRONG_PERSON: _("somebody else's number"),
    Outcome.INVALID_DETAIL: _("number or address leads nowhere"),
    Outcome.REFUSED: _("refused to talk"),
    Outcome.DELIVERED: _("delivered"),
    Outcome.UNDELIVERED: _("not delivered"),
    Outcome.NOT_MADE: _("not made"),
}
PURPOSES = [(str(purpose), name) for purpose, name in PURPOSE_NAMES.items()]
#: What a template may be written for: an offer brings its text itself.
TEMPLATE_PURPOSES = [(str(purpose), name) for purpose, name in PURPOSE_NAMES.items() if purpose is not Purpose.OFFER]
PARTIES = [(str(party), name) for party, name in PARTY_NAMES.items()]
OUTCOMES = [(str(outcome), name) for outcome, name in OUTCOME_NAMES.items()]

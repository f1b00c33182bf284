"""Why outreach refused: expected answers, apart from bugs. Each message says what, why and what next, with the values."""

from __future__ import annotations

import re
from datetime import date
from typing import ClassVar

from django.utils.translation import gettext as _

from riskops.shared.wording import day_text


class OutreachRefusal(Exception):
    """Something that was not done; nothing changed. `about` names the argument, `status` is what the API answers with."""

    about: ClassVar[str] = ""
    status: ClassVar[int] = 422

    @property
    def code(self) -> str:
        """What programs know it by, e.g. `own_draft`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class ReasonNeeded(OutreachRefusal):
    """No reason was given."""

    about = "reason"

    def __init__(self) -> None:
        super().__init__(_("No reason is given; write why, it is kept in the audit trail."))


class CustomerNotInBook(OutreachRefusal):
    """No such customer, or none that the person may see."""

    status = 404

    def __init__(self, customer_no: str) -> None:
        super().__init__(_("There is no customer %(customer)s in this book.") % {"customer": customer_no})


class AccountNotOfCustomer(OutreachRefusal):
    """The account is somebody else's."""

    about = "account"

    def __init__(self, account_no: str, customer_no: str) -> None:
        super().__init__(
            _("Account %(account)s is not one of customer %(customer)s; pick one of theirs.")
            % {"account": account_no, "customer": customer_no}
        )


class HoldThere(OutreachRefusal):
    """Contact is held back for this already."""

    status = 409

    def __init__(self, kind: str) -> None:
        super().__init__(_("Contact is held back already: %(kind)s. End that hold first, or leave it.") % {"kind": kind})


class NotOfRepresentative(OutreachRefusal):
    """The number is not that of a legal representative."""

    about = "representative"

    def __init__(self) -> None:
        super().__init__(
            _(
                "Give the telephone number of who represents the customer, not the customer's own, and only for a hold because "
                "of legal representation."
            )
        )


class HoldUnknown(OutreachRefusal):
    """No such hold on this customer."""

    status = 404

    def __init__(self, hold_id: int) -> None:
        super().__init__(_("There is no hold %(id)s on this customer; load the page again.") % {"id": hold_id})


class HoldEnded(OutreachRefusal):
    """It has ended."""

    status = 409

    def __init__(self, ended_by: str) -> None:
        super().__init__(_("This hold was ended by %(person)s; there is nothing to end.") % {"person": ended_by})


class OwnHold(OutreachRefusal):
    """Who placed a hold that protects the customer does not lift it alone."""

    status = 403

    def __init__(self, kind: str) -> None:
        super().__init__(
            _("You placed this hold (%(kind)s); somebody else ends it, so that two people have seen that contact may go on.")
            % {"kind": kind}
        )


class HoldOfDispute(OutreachRefusal):
    """A dispute holds contact back; the hold ends when the dispute is closed."""

    status = 409

    def __init__(self, dispute_id: int) -> None:
        super().__init__(
            _("Dispute %(id)s holds contact back; the hold ends when that is closed with its outcome.") % {"id": dispute_id}
        )


class HoursMalformed(OutreachRefusal):
    """The hours are none."""

    about = "opens_at"

    def __init__(self) -> None:
        super().__init__(_("Contact from and until are the same; give two different times of the day."))


class EvidenceNeeded(OutreachRefusal):
    """It is not said how the customer said so."""

    about = "evidence"

    def __init__(self) -> None:
        super().__init__(_("Write when and how the customer said so, e.g. “call of 12 March, 10:05”."))


class OptOutThere(OutreachRefusal):
    """The customer has opted out of it already."""

    status = 409

    def __init__(self, channel: str) -> None:
        super().__init__(_("The customer has opted out already: %(channel)s.") % {"channel": channel})


class NoOptOut(OutreachRefusal):
    """There is nothing to take back."""

    status = 409

    def __init__(self, channel: str) -> None:
        super().__init__(_("The customer has not opted out: %(channel)s. There is nothing to take back.") % {"channel": channel})


class NoDetail(OutreachRefusal):
    """The customer has no such number or address."""

    def __init__(self, channel: str) -> None:
        super().__init__(_("The customer has no number or address for this: %(channel)s.") % {"channel": channel})


class NotByPerson(OutreachRefusal):
    """Messages are not made by hand."""

    about = "channel"

    def __init__(self, channel: str) -> None:
        super().__init__(_("%(channel)s is sent by the outbox; a person calls or visits.") % {"channel": channel})


class DetailNotOfCustomer(OutreachRefusal):
    """The number is not that of whom is to be contacted."""

    about = "number"

    def __init__(self, *, is_missing: bool) -> None:
        if is_missing:
            text = _("Give the number of whom you want to call; it is not the customer's own.")
        else:
            text = _("This is not the customer's number. Leave it empty to call the customer, or choose who else is called.")
        super().__init__(text)


class ContactUnknown(OutreachRefusal):
    """No such contact with this customer."""

    status = 404

    def __init__(self, contact_id: int) -> None:
        super().__init__(_("There is no call or visit %(id)s with this customer; load the page again.") % {"id": contact_id})


class RefusalStays(OutreachRefusal):
    """A third party who refused is not asked again, whosever number it turns out to be."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            _("Whoever answers this number did not want to be asked about others again. That stays; the customer can be called.")
        )


class ContactOfOther(OutreachRefusal):
    """Somebody else made it."""

    status = 403

    def __init__(self, made_by: str) -> None:
        super().__init__(_("%(person)s made this contact and records how it ended, or a team lead does.") % {"person": made_by})


class NotYoursToDial(OutreachRefusal):
    """Somebody else asked for the call."""

    status = 409

    def __init__(self, made_by: str) -> None:
        super().__init__(_("%(person)s asked for this call and dials it; ask for one of your own.") % {"person": made_by})


class CallOfAnotherDay(OutreachRefusal):
    """The call was let through on another day of the customer's, and counts there."""

    status = 409

    def __init__(self, day: date) -> None:
        super().__init__(
            _("This call was let through on %(day)s and counts for that day. Record how it ended and ask for a new one.")
            % {"day": day_text(day)}
        )


class NotToDialNow(OutreachRefusal):
    """What was let through is not allowed any more, or not at this hour."""

    status = 409

    def __init__(self, verdict: str) -> None:
        super().__init__(_("%(verdict)s The call was let through before that.") % {"verdict": verdict})


class NumberWasShown(OutreachRefusal):
    """Whoever says that a call was not made has seen the customer's number that day."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            _("The number was shown, so the call counts. Record how it ended; a team lead or legal may note it as not made.")
        )


class MayHaveBeenMade(OutreachRefusal):
    """Nothing here shows whether a contact was made."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            _(
                "A visit, or a call at somebody else's number, counts: that it was made is seen nowhere here. Record how it "
                "ended; a team lead or legal may note it as not made."
            )
        )


class NumberNotKept(OutreachRefusal):
    """The number of a call is not that which the customer has now."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            _(
                "This call is not to the number that the customer has now: of another person's no number is kept, dial what you "
                "typed; where the customer's changed since, record the call as not made and ask for a new one."
            )
        )


class ContactEnded(OutreachRefusal):
    """It ended otherwise."""

    status = 409

    def __init__(self, outcome: str) -> None:
        super().__init__(_("This contact has ended already: %(outcome)s. The log is not rewritten.") % {"outcome": outcome})


class KeyTaken(OutreachRefusal):
    """The key was used for something else."""

    about = "key"
    status = 409

    def __init__(self, key: str) -> None:
        super().__init__(_("The key %(key)s is that of another contact; ask with a new one.") % {"key": key})


class NoticeNotByCollector(OutreachRefusal):
    """A notice passes holds and caps; whoever collects does not say by themselves that a call is one."""

    about = "purpose"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            _("A call as a notice required by law is for a team lead or legal: it passes holds. Pick what else it is for.")
        )


class OutcomeNotOfChannel(OutreachRefusal):
    """Such a contact does not end so."""

    about = "outcome"

    def __init__(self, outcome: str) -> None:
        super().__init__(_("A call or visit does not end so: %(outcome)s.") % {"outcome": outcome})


class PeriodMalformed(OutreachRefusal):
    """The days are in the wrong order, or too many."""

    about = "last"

    def __init__(self, most: int) -> None:
        super().__init__(
            _("Give a first and a last day in this order, at most %(most)s days; longer periods by manage.py audit_contacts.")
            % {"most": most}
        )


class NoPolicyHolds(OutreachRefusal):
    """Without a contact policy nobody is contacted."""

    status = 409

    def __init__(self, profile: str) -> None:
        super().__init__(
            _("No version of contact policy %(profile)s holds, so nobody is contacted; compliance must approve one.")
            % {"profile": profile}
        )


class CannotAppealHere(OutreachRefusal):
    """The customer's appeal was not taken."""

    about = "grounds"

    def __init__(self, why: str) -> None:
        super().__init__(why or _("There is nothing to object to under this number; load the page again."))


class CannotSignHere(OutreachRefusal):
    """The customer's consent to a plan was not taken."""

    about = "plan"

    def __init__(self, why: str) -> None:
        super().__init__(why or _("This offer is no longer open; load the page again, or call us."))

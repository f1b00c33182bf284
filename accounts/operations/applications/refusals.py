"""Why something about an application was refused. Each says what, why and what next, with the values; nothing changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models.applications import STATUS_CHOICES
from accounts.operations.deciding.refusals import role_names
from accounts.operations.refusals import LedgerRefusal
from accounts.rules.applications import CapBroken, CapKind
from riskops.shared.wording import money_text

_STATUSES = dict(STATUS_CHOICES)


class ApplicationRefusal(LedgerRefusal):
    """Something about an application that was not done."""


class ApplicationUnknown(ApplicationRefusal):
    """There is no such application, or it is out of the person's sight."""

    about = "application"

    def __init__(self, application_id: int) -> None:
        super().__init__(_("There is no application %(id)s; look it up in the list of applications.") % {"id": application_id})


class ApplicationReceivedAlready(ApplicationRefusal):
    """The very same application is there; whoever sent it may carry on."""

    about = "application_no"

    def __init__(self, number: str) -> None:
        super().__init__(_("Application %(number)s is there already, the very same; nothing was done.") % {"number": number})


class ApplicationNumberTaken(ApplicationRefusal):
    """The number belongs to another application."""

    about = "application_no"

    def __init__(self, number: str) -> None:
        super().__init__(
            _("Application %(number)s is there with other values, and what was asked for never changes; use another number.")
            % {"number": number}
        )


class OpenApplicationThere(ApplicationRefusal):
    """The same person has an open application."""

    about = "person"

    def __init__(self, number: str) -> None:
        super().__init__(
            _("The same person has an open application, %(number)s; decide or withdraw that one first.") % {"number": number}
        )


class PersonMissing(ApplicationRefusal):
    """Nobody can be recognised without a name and a number."""

    about = "national_id"

    def __init__(self) -> None:
        super().__init__(_("An application names a person: a name, and an identity number or the number of a customer."))


class ProductUnknown(ApplicationRefusal):
    """The product is not in the book, or out of sight."""

    about = "product_code"

    def __init__(self, code: str) -> None:
        super().__init__(_("There is no product “%(code)s” in the book; choose one of those there are.") % {"code": code})


class CustomerUnknown(ApplicationRefusal):
    """An existing customer was named who is not there."""

    about = "customer_no"

    def __init__(self, number: str) -> None:
        super().__init__(
            _("Customer %(number)s belongs to another person; leave the number out, or correct it.") % {"number": number}
        )


class AgreementUnknown(ApplicationRefusal):
    """The accepted version is not published for the product."""

    about = "agreement"

    def __init__(self, code: str) -> None:
        super().__init__(
            _("“%(code)s” is no version published for this product; publish it first, or name the one accepted.") % {"code": code}
        )


class BureauWithoutConsent(ApplicationRefusal):
    """A bureau record needs the applicant's consent."""

    about = "bureau_source"

    def __init__(self) -> None:
        super().__init__(_("A bureau record came without the applicant's consent to ask bureaus; record the consent first."))


class ConsentIncomplete(ApplicationRefusal):
    """A consent says where it comes from and when it was given."""

    about = "consent_source"

    def __init__(self) -> None:
        super().__init__(_("A consent needs its source and its moment; say where and when it was given."))


class TermOutOfRange(ApplicationRefusal):
    """The term is no number of months that a line has."""

    about = "term_months"

    def __init__(self, most: int) -> None:
        super().__init__(_("The term is 1 to %(most)s months, or left out.") % {"most": most})


class StaleApplication(ApplicationRefusal):
    """Somebody changed it since the form was opened."""

    about = "version"

    def __init__(self, number: str, seen: int, now: int) -> None:
        super().__init__(
            _("%(number)s has changed since you opened it (version %(seen)s, now %(now)s); look again, then decide.")
            % {"number": number, "seen": seen, "now": now}
        )


class ApplicationMovedOn(ApplicationRefusal):
    """It stands where this cannot be done any more."""

    about = "application"

    def __init__(self, number: str, status: str) -> None:
        super().__init__(
            _("%(number)s is %(status)s; this can no longer be done with it.") % {"number": number, "status": _STATUSES[status]}
        )


class LimitNotInRange(ApplicationRefusal):
    """The granted limit is above zero and not above what was asked for."""

    about = "limit"

    def __init__(self, requested_minor: int, currency: str) -> None:
        super().__init__(
            _("The granted limit is an amount above zero and at most the %(requested)s asked for.")
            % {"requested": money_text(requested_minor, currency)}
        )


class LimitUnderOwed(ApplicationRefusal):
    """The limit of the account that is there would not cover what is owed."""

    about = "limit"

    def __init__(self, account_no: str, owed_minor: int, currency: str) -> None:
        super().__init__(
            _("Account %(account)s owes %(owed)s; its limit cannot be set under that.")
            % {"account": account_no, "owed": money_text(owed_minor, currency)}
        )


class LimitUnderPresent(ApplicationRefusal):
    """A grant gives; lowering the limit that is there is a decision of its own.

    :param limit_minor: the present limit
    :param least_minor: what may be granted at least: less than that where an undoing lets the limit come down
    """

    about = "limit"

    def __init__(self, account_no: str, limit_minor: int, currency: str, *, least_minor: int) -> None:
        if least_minor < limit_minor:
            text = _(
                "Account %(account)s has a limit of %(limit)s, which comes down to %(least)s since its last grant was undone; a "
                "grant does not go under that. Grant %(least)s or more, or refuse the application and propose on the account's "
                "page to lower its limit."
            )
        else:
            text = _(
                "Account %(account)s has a limit of %(limit)s, and a grant does not lower it. Grant that much or more, or refuse "
                "the application and propose on the account's page to lower its limit."
            )
        limits = {"limit": money_text(limit_minor, currency), "least": money_text(least_minor, currency)}
        super().__init__(text % {"account": account_no, **limits})


class CapExceeded(ApplicationRefusal):
    """A configured bound on granting, with its rule's name."""

    about = "limit"

    def __init__(self, broken: CapBroken) -> None:
        if broken.cap.kind == CapKind.CUSTOMER_LIMIT:
            text = _("All limits of the customer together would be %(found)s; %(rule)s allows at most %(most)s.") % {
                "found": money_text(broken.found, broken.cap.currency),
                "rule": broken.cap.source,
                "most": money_text(broken.most, broken.cap.currency),
            }
        else:
            text = ngettext(
                "The principal would be repaid at once after more than the %(most)s month that %(rule)s allows; "
                "agree a shorter term, or instalments.",
                "The principal would be repaid at once after more than the %(most)s months that %(rule)s allows; "
                "agree a shorter term, or instalments.",
                broken.most,
            ) % {"most": broken.most, "rule": broken.cap.source}
        super().__init__(text)


class AcceptanceMissing(ApplicationRefusal):
    """Nothing is granted on an agreement or a disclosure that was not accepted."""

    about = "application"

    def __init__(self, number: str) -> None:
        super().__init__(
            _("%(number)s names no accepted agreement and disclosure; record both before granting.") % {"number": number}
        )


class NoteMissing(ApplicationRefusal):
    """Who grants what the rules propose to refuse says why."""

    about = "note"

    def __init__(self, number: str) -> None:
        super().__init__(
            _("The rules propose to refuse %(number)s; write in the note why it is granted all the same.") % {"number": number}
        )


class NoAuthority(ApplicationRefusal):
    """The matrix has no line for the person."""

    about = "outcome"

    def __init__(self, amount_minor: int, currency: str) -> None:
        super().__init__(
            _("The matrix lets none of your roles decide over %(amount)s, not even with an approval; ask somebody whom it names.")
            % {"amount": money_text(amount_minor, currency)}
        )


class AppealIncomplete(ApplicationRefusal):
    """An objection says by whom and how it came."""

    about = "channel"

    def __init__(self) -> None:
        super().__init__(_("Say who objects, and by which channel it came."))


class OwnApproval(ApplicationRefusal):
    """One person cannot be both."""

    about = "application"

    def __init__(self, number: str) -> None:
        super().__init__(
            _("You decided %(number)s yourself; somebody else has to approve it or send it back.") % {"number": number}
        )


class NotAnApprover(ApplicationRefusal):
    """The approval is another role's."""

    about = "application"

    def __init__(self, number: str, roles: Iterable[str]) -> None:
        super().__init__(
            _("%(number)s needs the approval of: %(roles)s; you hold none of these roles.")
            % {"number": number, "roles": role_names(roles)}
        )


class PersonMustDecide(ApplicationRefusal):
    """A program tried to decide about somebody who refuses decisions that no person takes."""

    about = "application"

    def __init__(self, number: str) -> None:
        super().__init__(
            _("The applicant of %(number)s refuses solely automated decisions (PIPL 24); a person has to decide.")
            % {"number": number}
        )


class AccountInTheWay(ApplicationRefusal):
    """The line cannot be opened or changed as things stand."""

    about = "application"

    def __init__(self, account_no: str, *, decision: str = "") -> None:
        said = _("Account %(account)s is closed or written off: nothing can be granted to it any more.")
        if decision:
            said = _("The limit of account %(account)s stands under decision %(decision)s; settle that one first, then grant.")
        super().__init__(said % {"account": account_no, "decision": decision})


class NumberTaken(ApplicationRefusal):
    """The number under which the account or the customer would be opened is in the book."""

    about = "application"

    def __init__(self, number: str) -> None:
        super().__init__(
            _("The book holds %(number)s already; nothing can be opened under it. Send the application under another number.")
            % {"number": number}
        )


class ReceiptDayOff(ApplicationRefusal):
    """An acceptance lies after its application, or before its version was published."""

    about = "accepted_on"

    def __init__(self, accepted_on: date) -> None:
        super().__init__(
            _("Nothing can have been accepted on %(day)s: that is before the version was published, or after the open day.")
            % {"day": accepted_on.isoformat()}
        )

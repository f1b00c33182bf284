"""Why something about a dispute was refused. Each says what, why and what next, with the values; nothing changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.utils.translation import gettext as _

from accounts.operations.deciding.refusals import role_names
from accounts.operations.refusals import LedgerRefusal
from accounts.operations.review_refusals import FileRefused
from riskops.shared.money import plain_amount


class DisputeRefusal(LedgerRefusal):
    """Something about a dispute that was not done."""


class DisputeUnknown(DisputeRefusal):
    """There is no such dispute."""

    about = "dispute"

    def __init__(self, dispute_id: int) -> None:
        super().__init__(_("There is no dispute %(id)s; look it up in the list of disputes.") % {"id": dispute_id})


class DisputeKindUnknown(DisputeRefusal):
    """No kind of that code is in use."""

    about = "kind"

    def __init__(self, code: str, known: Iterable[str]) -> None:
        super().__init__(
            _("“%(code)s” is no kind of dispute in use; choose one of %(known)s.") % {"code": code, "known": ", ".join(known)}
        )


class DisputeTakenInAlready(DisputeRefusal):
    """The very same dispute is there under this reference; whoever asked may carry on."""

    about = "reference"

    def __init__(self, dispute_id: int, reference: str) -> None:
        super().__init__(
            _("Dispute %(id)s is there already under %(reference)s, the very same; nothing was done.")
            % {"id": dispute_id, "reference": reference}
        )
        self.dispute_id = dispute_id


class DisputeReferenceTaken(DisputeRefusal):
    """The reference belongs to a different dispute."""

    about = "reference"

    def __init__(self, dispute_id: int, reference: str) -> None:
        super().__init__(
            _("Reference %(reference)s belongs to dispute %(id)s, which says something else; use another reference.")
            % {"id": dispute_id, "reference": reference}
        )


class DisputeOpenAlready(DisputeRefusal):
    """One of the same kind about the same thing is not closed yet."""

    about = "kind"

    def __init__(self, dispute_id: int, account_no: str, received_on: date) -> None:
        super().__init__(
            _("Dispute %(id)s of %(account)s about the same is open since %(day)s; add what is new to that one.")
            % {"id": dispute_id, "account": account_no, "day": received_on.isoformat()}
        )
        self.dispute_id = dispute_id


class ReceivedOutOfRange(DisputeRefusal):
    """The day of receipt lies ahead, or before the account was opened."""

    about = "received_on"

    def __init__(self, received_on: date, opened_on: date, open_day: date) -> None:
        super().__init__(
            _("%(day)s cannot be the day of receipt: the account was opened on %(opened)s, the open day is %(open)s.")
            % {"day": received_on.isoformat(), "opened": opened_on.isoformat(), "open": open_day.isoformat()}
        )


class OrderUnknown(DisputeRefusal):
    """The account has no such order."""

    about = "order_no"

    def __init__(self, account_no: str, order_no: str) -> None:
        super().__init__(
            _("Account %(account)s has no order %(order)s; choose one of its own, or leave it empty for the whole account.")
            % {"account": account_no, "order": order_no}
        )


class DisputedMoreThanEver(DisputeRefusal):
    """The disputed amount is above everything that was ever on the account."""

    about = "amount_minor"

    def __init__(self, account_no: str, amount_minor: int, most_minor: int, digits: int) -> None:
        super().__init__(
            _(
                "Account %(account)s cannot be disputed for %(amount)s: all that was ever charged to it or paid into it is "
                "%(most)s. Give the part that the customer disputes, or leave the amount empty."
            )
            % {
                "account": account_no,
                "amount": plain_amount(amount_minor, digits=digits),
                "most": plain_amount(most_minor, digits=digits),
            }
        )


class TextNeeded(DisputeRefusal):
    """A text that must say something says nothing."""

    def __init__(self, about: str, what: str) -> None:
        super().__init__(_("Nothing is written: %(what)s") % {"what": what})
        self.about = about  # type: ignore[misc]


class TextOverlong(DisputeRefusal):
    """A text is longer than is kept."""

    def __init__(self, about: str, length: int, most: int) -> None:
        super().__init__(
            _("The text has %(length)s characters and may have %(most)s; make it shorter, or attach it as a file.")
            % {"length": length, "most": most}
        )
        self.about = about  # type: ignore[misc]


class ValueUnknown(DisputeRefusal):
    """A value is none of those there are."""

    def __init__(self, about: str, value: str, known: Iterable[str]) -> None:
        super().__init__(_("“%(value)s” is none of %(known)s; choose one of them.") % {"value": value, "known": ", ".join(known)})
        self.about = about  # type: ignore[misc]


class DisputeChanged(DisputeRefusal):
    """Somebody changed it since it was looked at."""

    about = "version"

    def __init__(self, dispute_id: int, seen: int, present: int) -> None:
        super().__init__(
            _("Dispute %(id)s was changed since you opened it (version %(seen)s, now %(present)s); load it again.")
            % {"id": dispute_id, "seen": seen, "present": present}
        )


class DisputeNotOpen(DisputeRefusal):
    """It is closed, or its outcome waits for the second person: nothing of it changes now."""

    about = "dispute"

    def __init__(self, dispute_id: int, status: str) -> None:
        super().__init__(
            _("Dispute %(id)s cannot be changed: %(status)s. What is new about a closed one is a new dispute.")
            % {"id": dispute_id, "status": status}
        )


class NothingToApprove(DisputeRefusal):
    """No outcome of it waits for a second person."""

    about = "dispute"

    def __init__(self, dispute_id: int, status: str) -> None:
        super().__init__(
            _("No outcome of dispute %(id)s waits for a second person: %(status)s.") % {"id": dispute_id, "status": status}
        )


class DisputeOfSomebodyElse(DisputeRefusal):
    """Another person works on it."""

    about = "assigned_to"

    def __init__(self, dispute_id: int, who: str) -> None:
        super().__init__(
            _("Dispute %(id)s is worked on by %(who)s; a team lead can hand it over.") % {"id": dispute_id, "who": who}
        )


class AssigneeUnfitForDispute(DisputeRefusal):
    """The person or team cannot have it."""

    about = "assigned_to"

    def __init__(self, who: str, why: str) -> None:
        super().__init__(_("%(who)s cannot take this dispute: %(why)s. Choose somebody else.") % {"who": who, "why": why})


class OutcomeMissing(DisputeRefusal):
    """A dispute is not closed without an outcome."""

    about = "outcome"

    def __init__(self, dispute_id: int) -> None:
        super().__init__(
            _("Dispute %(id)s cannot be closed without an outcome: say whether it is upheld, partly upheld or rejected.")
            % {"id": dispute_id}
        )


class CauseUnknown(DisputeRefusal):
    """What is said to have caused it is none of the customer's."""

    about = "cause_id"

    def __init__(self, kind: str, number: int | None) -> None:
        super().__init__(
            _("The customer has no %(kind)s %(number)s; take the number from their timeline.")
            % {"kind": kind, "number": "–" if number is None else number}
        )


class CorrectionOfARejection(DisputeRefusal):
    """A rejected dispute puts nothing right."""

    about = "outcome"

    def __init__(self, dispute_id: int, count: int) -> None:
        super().__init__(
            _("Dispute %(id)s has %(count)s planned corrections; take them out before it is rejected, or uphold it.")
            % {"id": dispute_id, "count": count}
        )


class CorrectionMalformed(DisputeRefusal):
    """A correction lacks what it needs, or has what it cannot use."""

    def __init__(self, about: str, what: str) -> None:
        super().__init__(what)
        self.about = about  # type: ignore[misc]


class CorrectionThere(DisputeRefusal):
    """The very same is planned already."""

    about = "what"

    def __init__(self, what: str) -> None:
        super().__init__(_("“%(what)s” is planned already for the same; nothing was done.") % {"what": what})


class CancelledAndWaived(DisputeRefusal):
    """An instalment is to be cancelled, and something of it waived."""

    about = "sequence"

    def __init__(self, order_no: str, sequence: int) -> None:
        super().__init__(
            _("Instalment %(order)s/%(sequence)s cannot be both cancelled and waived on; take the other correction out first.")
            % {"order": order_no, "sequence": sequence}
        )


class CorrectionUnknown(DisputeRefusal):
    """No planned correction of that number."""

    about = "correction"

    def __init__(self, correction_id: int) -> None:
        super().__init__(_("There is no planned correction %(id)s in this dispute; what is done stays.") % {"id": correction_id})


class OwnConclusion(DisputeRefusal):
    """Whoever said what came of it, or planned what it puts right, does not approve that."""

    about = "dispute"

    def __init__(self, dispute_id: int) -> None:
        super().__init__(
            _("You concluded dispute %(id)s or planned a correction of it; somebody else must approve what moves money.")
            % {"id": dispute_id}
        )


class NotForThisRole(DisputeRefusal):
    """The outcome takes the approval of another role."""

    about = "dispute"

    def __init__(self, dispute_id: int, roles: Iterable[str]) -> None:
        super().__init__(
            _("The outcome of dispute %(id)s pays money back: it takes %(roles)s to approve it.")
            % {"id": dispute_id, "roles": role_names(sorted(roles))}
        )


class SettingMalformed(DisputeRefusal):
    """A value of a kind or letter cannot be; the message says which."""

    def __init__(self, about: str, what: str) -> None:
        super().__init__(what)
        self.about = about  # type: ignore[misc]


class EvidenceThereAlready(FileRefused):
    """The very same bytes belong to the dispute."""

    def __init__(self, name: str) -> None:
        super().__init__(_("The dispute has this file already, as “%(name)s”; nothing was done.") % {"name": name})


class TooMuchEvidence(FileRefused):
    """The dispute holds as many files as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(_("The dispute has %(most)s files, which is the most; put the rest into one file.") % {"most": most})


#: Answered with 404 and with 409 by the API.
NOT_THERE = (DisputeUnknown, CorrectionUnknown)
IN_THE_WAY = (
    DisputeReferenceTaken,
    DisputeOpenAlready,
    DisputeChanged,
    DisputeNotOpen,
    NothingToApprove,
    DisputeOfSomebodyElse,
    CorrectionThere,
    EvidenceThereAlready,
)

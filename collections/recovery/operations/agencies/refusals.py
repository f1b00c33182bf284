"""Why something about agencies was refused. Each message says what, why and what next, with the values; nothing changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from django.utils.translation import gettext as _

from riskops.shared.money import plain_amount
from riskops.shared.wording import day_text, month_text, number_text


class AgencyRefusal(Exception):
    """Something that was not done. `about` names the argument, `status` is what the API answers with."""

    about: ClassVar[str] = ""
    status: ClassVar[int] = 422

    @property
    def code(self) -> str:
        """What programs know it by, e.g. `agency_unknown`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class ValueMalformed(AgencyRefusal):
    """A value that cannot be."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.about = field  # type: ignore[misc]  # of this one refusal


class ReasonMissing(AgencyRefusal):
    """No reason was given."""

    about = "reason"

    def __init__(self) -> None:
        super().__init__(_("No reason is given; write why, it is kept in the audit trail."))


class AgencyUnknown(AgencyRefusal):
    """No such agency."""

    status = 404

    def __init__(self, code: str) -> None:
        super().__init__(_("There is no agency %(code)s; pick one from the list.") % {"code": code})


class AgencyCodeTaken(AgencyRefusal):
    """There is one of that code."""

    about = "code"
    status = 409

    def __init__(self, code: str) -> None:
        super().__init__(_("There is an agency %(code)s already; give this one a code of its own.") % {"code": code})


class AgencyStale(AgencyRefusal):
    """Somebody changed it meanwhile."""

    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(_("%(agency)s was changed by somebody else; load the page again.") % {"agency": name})


class AgencyEnded(AgencyRefusal):
    """It is ended for good."""

    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(_("%(agency)s is ended; enter a new agency if its contract begins anew.") % {"agency": name})


class NothingToApprove(AgencyRefusal):
    """It does not wait for anybody."""

    status = 409

    def __init__(self, what: str, state: str) -> None:
        super().__init__(_("%(what)s does not wait for approval: %(state)s.") % {"what": what, "state": state})


class OwnWork(AgencyRefusal):
    """Whoever wrote it does not approve it."""

    status = 403

    def __init__(self, what: str, names: str) -> None:
        super().__init__(
            _("%(what)s was written by %(names)s; somebody else must approve it, so that two people have seen it.")
            % {"what": what, "names": names}
        )


class AgencyNotReady(AgencyRefusal):
    """Something that the rules ask for is missing."""

    status = 409

    def __init__(self, name: str, why: Sequence[str]) -> None:
        super().__init__(
            _("Nothing can be placed with %(agency)s: %(why)s.") % {"agency": name, "why": "; ".join(str(part) for part in why)}
        )


class EvaluationThere(AgencyRefusal):
    """It was evaluated on that day."""

    about = "evaluated_on"
    status = 409

    def __init__(self, day: date) -> None:
        super().__init__(_("An evaluation of %(day)s is recorded already; what is recorded stays.") % {"day": day_text(day)})


class PersonElsewhere(AgencyRefusal):
    """The person works for an agency already."""

    about = "username"
    status = 409

    def __init__(self, username: str, name: str) -> None:
        super().__init__(_("%(person)s works for %(agency)s already; end that first.") % {"person": username, "agency": name})


class NotAgencyUser(AgencyRefusal):
    """Only agency users can be registered: others see more than an agency may."""

    about = "username"

    def __init__(self, username: str) -> None:
        super().__init__(
            _("%(person)s is not an agency user and nothing else; an administrator gives that role alone, then register them.")
            % {"person": username}
        )


class PersonNotOfAgency(AgencyRefusal):
    """Nobody of that name works there."""

    status = 404

    def __init__(self, username: str, name: str) -> None:
        super().__init__(_("%(person)s does not work for %(agency)s.") % {"person": username, "agency": name})


class TermsUnknown(AgencyRefusal):
    """No such terms."""

    status = 404

    def __init__(self, version: int) -> None:
        super().__init__(_("There are no terms of version %(version)s.") % {"version": version})


class TermsThere(AgencyRefusal):
    """Other terms hold from the same day."""

    about = "live_from"
    status = 409

    def __init__(self, day: date) -> None:
        super().__init__(_("Terms from %(day)s are approved already; choose another day.") % {"day": day_text(day)})


class RuleRefused(AgencyRefusal):
    """The rule cannot be used."""

    about = "rule"


class NobodyFound(AgencyRefusal):
    """The rule holds on no account that can be placed."""

    about = "rule"

    def __init__(self) -> None:
        super().__init__(
            _("The rule holds on no account of this currency that is not placed already and owes something; widen it.")
        )


class TooMany(AgencyRefusal):
    """More than one batch takes."""

    about = "rule"

    def __init__(self, most: int) -> None:
        super().__init__(
            _("The rule holds on more than the %(most)s accounts that one batch takes; narrow it.") % {"most": f"{most:,}"}
        )


class SharesMalformed(AgencyRefusal):
    """The agencies or their weights cannot be."""

    about = "shares"


class BatchUnknown(AgencyRefusal):
    """No such batch."""

    status = 404

    def __init__(self, batch_id: int) -> None:
        super().__init__(_("There is no placement batch %(id)s.") % {"id": batch_id})


class BatchNotThere(AgencyRefusal):
    """It is in another state."""

    status = 409

    def __init__(self, batch: str, state: str) -> None:
        super().__init__(_("Batch %(batch)s cannot take this step: %(state)s.") % {"batch": batch, "state": state})


class BatchStale(AgencyRefusal):
    """The book has moved on since it was run dry."""

    status = 409

    def __init__(self, batch: str, as_of: date, now: date) -> None:
        super().__init__(
            _("Batch %(batch)s was split on the book of %(as_of)s and the book stands at %(now)s; run it dry again.")
            % {"batch": batch, "as_of": day_text(as_of), "now": day_text(now)}
        )


class SplitUneven(AgencyRefusal):
    """The agencies would get different accounts, and nobody says why that is taken."""

    about = "reason"

    def __init__(self, largest: str, most: str) -> None:
        super().__init__(
            _(
                "The largest standardised difference is %(largest)s, the bound is %(most)s: "
                "widen the rule, or write why it is taken."
            )
            % {"largest": largest, "most": most}
        )


class NotPlaced(AgencyRefusal):
    """The account is with no agency."""

    status = 409

    def __init__(self, account_no: str) -> None:
        super().__init__(_("Account %(account)s is with no agency; there is nothing to recall.") % {"account": account_no})


class PaidToday(AgencyRefusal):
    """A payment of the open day is not settled yet."""

    status = 409

    def __init__(self, account_no: str, amount: str, day: date) -> None:
        super().__init__(
            _(
                "Account %(account)s was paid %(amount)s on %(day)s, whose commission is not settled; "
                "recall it after the close of that day."
            )
            % {"account": account_no, "amount": amount, "day": day_text(day)}
        )


class NoBook(AgencyRefusal):
    """No day has been closed."""

    status = 409

    def __init__(self) -> None:
        super().__init__(_("No day has been closed yet; placement begins after the first close."))


class MonthNotClosed(AgencyRefusal):
    """The month is not over."""

    about = "month"
    status = 409

    def __init__(self, month: date, closed: date | None) -> None:
        stands = day_text(closed) if closed else "–"
        super().__init__(
            _("The book stands at %(day)s; a statement of %(month)s is drawn up after the close of its last day.")
            % {"day": stands, "month": month_text(month)}
        )


class StatementThere(AgencyRefusal):
    """There is one, or a later one."""

    about = "month"
    status = 409

    def __init__(self, month: date) -> None:
        super().__init__(
            _("There is a statement of %(month)s or later already; what came in since goes on the next one.")
            % {"month": month_text(month)}
        )


class StatementUnknown(AgencyRefusal):
    """No such statement."""

    status = 404

    def __init__(self, statement_id: int) -> None:
        super().__init__(_("There is no statement %(id)s.") % {"id": statement_id})


class StatementUnreconciled(AgencyRefusal):
    """Its lines do not add up to the payments."""

    status = 409

    def __init__(self, stated_minor: int, computed_minor: int, digits: int) -> None:
        super().__init__(
            _(
                "The lines say %(stated)s and the payments and terms give %(computed)s; "
                "an administrator must look before it is issued."
            )
            % {"stated": plain_amount(stated_minor, digits=digits), "computed": plain_amount(computed_minor, digits=digits)}
        )


class FileUnreadable(AgencyRefusal):
    """No rows can be read of it."""

    about = "file"


class FileThere(AgencyRefusal):
    """The same file was taken before."""

    about = "file"
    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(_("The same file came before, as %(name)s; nothing was changed.") % {"name": name})


class FileUnknown(AgencyRefusal):
    """No such file."""

    status = 404

    def __init__(self, file_id: int) -> None:
        super().__init__(_("There is no file %(id)s.") % {"id": file_id})


class FileHasProblems(AgencyRefusal):
    """A row of it cannot be loaded any more."""

    status = 409

    def __init__(self, line: int, why: str) -> None:
        super().__init__(
            _("Line %(line)s: %(why)s Nothing of the file was loaded; ask the agency for a corrected one.")
            % {"line": line, "why": why}
        )


class NotOfAgency(AgencyRefusal):
    """The account is not with the person's agency, or the person with none."""

    status = 404

    def __init__(self, account_no: str) -> None:
        super().__init__(_("Account %(account)s is not placed with your agency.") % {"account": account_no})


class NoAgencyOfYours(AgencyRefusal):
    """The person is registered with no agency."""

    status = 404

    def __init__(self) -> None:
        super().__init__(_("You are registered with no agency that is in use; ask whoever placed the accounts with you."))


class TrainingOver(AgencyRefusal):
    """The person's training is too old to call on."""

    status = 403

    def __init__(self) -> None:
        super().__init__(_("Your training is not within a year; after the next one whoever registered you enters its day."))


class AgencyMayNotWork(AgencyRefusal):
    """Something stops the agency."""

    status = 403

    def __init__(self, name: str, why: Sequence[str]) -> None:
        text = _(
            "%(agency)s may contact nobody now: %(why)s. Whoever placed the accounts with it can say what has to come first."
        )
        super().__init__(text % {"agency": name, "why": "; ".join(why)})


class PlacementEnds(AgencyRefusal):
    """What is known of the account ends its placement."""

    status = 409

    def __init__(self, account_no: str, why: str) -> None:
        text = _("Account %(account)s is recalled with the close of the day: %(why)s. Do not contact its customer any more.")
        super().__init__(text % {"account": account_no, "why": why})


class NoRoom(AgencyRefusal):
    """Another batch took the room meanwhile."""

    status = 409

    def __init__(self, name: str, accounts: int, room: int) -> None:
        text = _(
            "This batch gives %(agency)s %(accounts)s accounts, and beside what it has and what is approved there is room for "
            "%(room)s, or not for their money. Drop the batch and run it dry again."
        )
        super().__init__(text % {"agency": name, "accounts": number_text(accounts), "room": number_text(room)})

"""Why something about a case was refused: what happened, why, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from casework.models import Case
from casework.operations.work_refusals import WorkRefusal


class CaseRefused(WorkRefusal):
    """Something about a case was refused; nothing was changed."""


class NoOpenCase(CaseRefused):
    """The account has no case that is open."""

    def __init__(self, account_no: str) -> None:
        super().__init__(
            _("Account %(account)s has no open case: nothing of it is past due. One opens by itself once something is.")
            % {"account": account_no}
        )
        self.account_no = account_no


class StageNotByHand(CaseRefused):
    """A stage that follows from the book, and is not set."""

    def __init__(self, stage: str) -> None:
        super().__init__(
            _("A case is not moved to “%(stage)s”: that follows from the book. It can be moved to legal or agency, and back.")
            % {"stage": Case.Stage(stage).label if stage in Case.Stage.values else stage}
        )
        self.stage = stage


class CaseInStageAlready(CaseRefused):
    """It is where it is to be moved."""

    def __init__(self, account_no: str, stage: str) -> None:
        super().__init__(
            _("The case of account %(account)s is in “%(stage)s” already; nothing was changed.")
            % {"account": account_no, "stage": Case.Stage(stage).label}
        )
        self.account_no, self.stage = account_no, stage


class CaseSettled(CaseRefused):
    """The case is closed."""

    status = 409

    def __init__(self, account_no: str, closed_on: date) -> None:
        super().__init__(
            _("The case of account %(account)s is closed since %(day)s; a new one opens by itself if it is late again.")
            % {"account": account_no, "day": closed_on.isoformat()}
        )


class NextActionMalformed(CaseRefused):
    """No such action, or no day for it."""

    about = "next_action"

    def __init__(self, today: date, most_days: int) -> None:
        super().__init__(
            _("A next action is one of the list with a day from %(today)s on, at most %(days)s days ahead; or neither.")
            % {"today": today.isoformat(), "days": most_days}
        )


class ReasonUnknown(CaseRefused):
    """No such reason for lateness is in use."""

    about = "lateness_reason"

    def __init__(self, code: str, known: Sequence[str]) -> None:
        super().__init__(
            _("There is no reason “%(code)s” in use; choose one of %(known)s.") % {"code": code, "known": ", ".join(known)}
        )


class ReasonNotAsked(CaseRefused):
    """The customer was spoken to, and why they are late was not asked."""

    about = "lateness_reason"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            _("Ask why the customer is late, once an episode, and choose what they say: %(names)s.") % {"names": ", ".join(names)}
        )


class ReasonStands(CaseRefused):
    """It is the reason that stands."""

    about = "lateness_reason"

    def __init__(self, name: str) -> None:
        super().__init__(_("“%(name)s” is the reason that stands; nothing was changed. Choose another one.") % {"name": name})


class OwnerUnknown(CaseRefused):
    """Nobody who could own the case."""

    about = "username"

    def __init__(self, username: str) -> None:
        super().__init__(
            _("%(name)s cannot own the case: no active person who works cases of this product and has no conflict with it.")
            % {"name": username}
        )


class ContactMalformed(CaseRefused):
    """A value of a contact person that cannot be."""

    def __init__(self, field: str) -> None:
        super().__init__(
            _("A contact person has a name, a number of 5 to 20 digits, and relation, source and consent from the lists.")
            if field != "proof"
            else _("Say how it was made sure that it is the customer: choose one of the list.")
        )
        self.field = field


class ContactUnknown(CaseRefused):
    """There is no such contact person in sight."""

    status = 404

    def __init__(self, contact_id: int) -> None:
        super().__init__(_("There is no contact person %(id)s in sight.") % {"id": contact_id})


class ContactRefusedAlready(CaseRefused):
    """It is noted already."""

    status = 409

    def __init__(self, refused_at: datetime) -> None:
        super().__init__(
            _("They refused on %(day)s already; nothing was changed.")
            % {"day": timezone.localtime(refused_at).date().isoformat()}
        )


class CostMalformed(CaseRefused):
    """A cost that cannot be booked."""

    def __init__(self, field: str) -> None:
        said = {
            "kind": _("Choose a kind of cost from the list."),
            "amount": _("An amount is above 0; one below 0 takes back at most what was booked of its kind."),
            "incurred_on": _("The day lies between the beginning of the lateness and the day that is worked."),
            "note": _("The note is too long; write at most 200 characters."),
        }
        super().__init__(said[field])
        self.field = field


class SettingMalformed(CaseRefused):
    """A figure, code or text of the settings that cannot be; `field` names it."""

    def __init__(self, field: str, said: str) -> None:
        super().__init__(said)
        self.field = field


class SettingChanged(CaseRefused):
    """Somebody else changed it since it was read."""

    status = 409

    def __init__(self) -> None:
        super().__init__(_("Somebody else changed this meanwhile; look at what stands there now, then change it again."))


class SettingUnknown(CaseRefused):
    """There is no such row of the settings."""

    status = 404

    def __init__(self, key: object) -> None:
        super().__init__(_("There is no “%(key)s” in the settings of cases.") % {"key": key})

"""Why something about a case was refused: what happened, why, and what to do next."""

from __future__ import annotations

from django.utils.translation import gettext as _

from casework.models import Case


class CaseRefused(Exception):
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

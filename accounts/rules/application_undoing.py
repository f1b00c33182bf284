"""What becomes of each application that a proposal rule decided, when what the rule decided is undone. Plain values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from accounts.rules.applications import ApplicationStatus, Outcome
from accounts.rules.decisions import Action


class Fate(StrEnum):
    """What an undoing does with an application, or why it passes it over."""

    STOPPED = "stopped"
    LOWERED = "lowered"
    REOPENED = "reopened"
    PROPOSED_ANEW = "proposed_anew"
    USED = "used"
    DECIDED_SINCE = "decided_since"
    NOTHING_LEFT = "nothing_left"
    ACCOUNT_ENDED = "account_ended"
    APPEALED = "appealed"
    APPLIED_SINCE = "applied_since"
    UNDONE_BEFORE = "undone_before"
    OWN_DECISION = "own_decision"


#: The reason codes of the decisions that an undoing takes; every migrate brings them (applications/defaults.py). They say that
#: a grant was wrong, so the next grant to the line ends them.
REASONS: Final = {Action.SUSPEND_USE: "wrong_grant", Action.LOWER_LIMIT: "wrong_limit"}
#: What is done; every other fate is a reason to pass over.
DONE_FATES: Final = (Fate.STOPPED, Fate.LOWERED, Fate.REOPENED, Fate.PROPOSED_ANEW)


@dataclass(frozen=True, slots=True)
class Line:
    """The account of a granted application as it stands now. Amounts in minor units.

    :param is_used: something was bought on it, ever
    :param is_ended: closed or written off
    :param is_decided_about: a decision on it is open or in force; for a line that was there before, one about its limit
    """

    limit_minor: int
    owed_minor: int
    is_used: bool
    is_ended: bool
    is_decided_about: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """An application that a rule version proposed something for, as it stands.

    :param follows: it was decided as the rule proposed
    :param is_superseded: the person has applied again since; of a granted one, its account was granted anew since
    :param limit_before_minor: of a line that was there before; None where the grant opened it
    :param line: of a granted one
    """

    status: str
    follows: bool
    is_appealed: bool
    is_superseded: bool
    was_reopened: bool
    granted_limit_minor: int | None = None
    limit_before_minor: int | None = None
    line: Line | None = None


def follows(proposal: Mapping[str, Any], *, outcome: str, limit_minor: int | None, reason_code: str) -> bool:
    """Return whether a decision is what was proposed: the same limit of a grant, the same reason of a refusal."""
    if not outcome or proposal.get("outcome") != outcome:
        return False
    if outcome == Outcome.GRANT:
        return bool(proposal.get("limit_minor") == limit_minor)
    return bool(proposal.get("reason_code") == reason_code)


def fate(decided: Decided) -> Fate:
    """Return what the undoing does with an application. Where a person has judged it for themselves since, it is theirs."""
    if decided.status in (ApplicationStatus.RECEIVED, ApplicationStatus.PROPOSED):
        return Fate.PROPOSED_ANEW
    if not decided.follows:
        return Fate.OWN_DECISION
    if decided.is_appealed:
        return Fate.APPEALED
    if decided.status == ApplicationStatus.IN_APPROVAL:
        return Fate.PROPOSED_ANEW
    if decided.status == ApplicationStatus.REFUSED:
        if decided.was_reopened:
            return Fate.UNDONE_BEFORE
        return Fate.APPLIED_SINCE if decided.is_superseded else Fate.REOPENED
    assert decided.line is not None
    return _fate_of_grant(decided, decided.line)


def _fate_of_grant(decided: Decided, line: Line) -> Fate:
    if line.is_ended:
        return Fate.ACCOUNT_ENDED
    if decided.is_superseded or line.is_decided_about or line.limit_minor != decided.granted_limit_minor:
        return Fate.DECIDED_SINCE
    if decided.limit_before_minor is not None:
        is_above = limit_left(decided.limit_before_minor, owed_minor=line.owed_minor) < line.limit_minor
        return Fate.LOWERED if is_above else Fate.NOTHING_LEFT
    return Fate.USED if line.is_used else Fate.STOPPED


def limit_left(limit_before_minor: int | None, *, owed_minor: int) -> int:
    """Return the limit after an undoing: the one before the grant, nothing where it opened the line; never under what is owed."""
    return max(limit_before_minor or 0, owed_minor)

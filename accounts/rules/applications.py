"""What an application may become: its states, the proposal that rules make of it, and the caps on what is granted.

Plain values only. Amounts are minor units, shares and multiples basis points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from accounts.rules.authority import AuthorityLine, authority

#: The version of these rules; stored with every proposal and decision, so that a replay knows which ones to ask.
ENGINE_VERSION: Final = "1"
BASIS_POINTS: Final = 10_000


class ApplicationAction(StrEnum):
    """What the authority matrix and the reason codes call the two ways to decide an application."""

    GRANT_LIMIT = "grant_limit"
    REFUSE_APPLICATION = "refuse_request"


class ApplicationStatus(StrEnum):
    """Where an application stands. `IN_APPROVAL`: an analyst has decided, a second person must agree."""

    RECEIVED = "received"
    PROPOSED = "proposed"
    IN_APPROVAL = "in_approval"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Outcome(StrEnum):
    """What rules or people say. `REFER`: no rule holds, or nothing is left to grant: a person looks without a proposal."""

    GRANT = "grant"
    REFUSE = "refuse"
    REFER = "refer"


class Repayment(StrEnum):
    """How what is bought is paid back."""

    INSTALLMENTS = "installments"
    BULLET = "bullet"


class CapKind(StrEnum):
    """What a cap bounds: all limits of one customer together (whole units), or the months of a loan repaid at once."""

    CUSTOMER_LIMIT = "customer_limit"
    BULLET_MONTHS = "bullet_months"


OPEN_STATUSES: Final = (ApplicationStatus.RECEIVED, ApplicationStatus.PROPOSED, ApplicationStatus.IN_APPROVAL)
#: Where an analyst may decide.
DECIDABLE_STATUSES: Final = (ApplicationStatus.RECEIVED, ApplicationStatus.PROPOSED)
ACTION_OF: Final = {Outcome.GRANT: ApplicationAction.GRANT_LIMIT, Outcome.REFUSE: ApplicationAction.REFUSE_APPLICATION}


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """One proposal rule as it met an application.

    :param holds: whether its condition held on the stored facts
    :param share_bp: how much of what is asked for it grants at most; None: all
    :param income_multiple_bp: how many monthly incomes it grants at most; None: no such bound
    """

    code: str
    number: int
    outcome: str
    holds: bool
    reason_code: str = ""
    share_bp: int | None = None
    income_multiple_bp: int | None = None


@dataclass(frozen=True, slots=True)
class Cap:
    """A bound on what is granted, with the rule it comes from.

    :param most: whole units of the currency, or months
    :param currency: "" for a bound that is no amount
    """

    code: str
    kind: str
    source: str
    most: int
    currency: str = ""


@dataclass(frozen=True, slots=True)
class CapBroken:
    """A cap that a grant would break: the bound and what would stand against it, in minor units or months."""

    cap: Cap
    most: int
    found: int


def proposal(
    lines: Iterable[ProposalLine],
    *,
    requested_minor: int,
    income_minor: int,
    room_minor: int | None,
    minor_digits: int,
    present_minor: int = 0,
) -> dict[str, Any]:
    """Return what the rules propose: the first one that holds speaks. Plain JSON.

    A grant is the least of the share of what is asked for, the multiple of the monthly income and the room under the caps,
    down to a whole unit of the currency; when that is nothing, or no more than the applicant has, a person looks at it without a
    proposal.

    :param room_minor: what the caps leave; None: no cap speaks
    :param present_minor: the limit of the line that a grant would change; 0 where one would be opened
    """
    speaks = next((line for line in lines if line.holds), None)
    if speaks is None:
        return _said(Outcome.REFER, None, None)
    if speaks.outcome != Outcome.GRANT:
        return _said(Outcome(speaks.outcome), speaks, None)
    bounds = [requested_minor * (BASIS_POINTS if speaks.share_bp is None else speaks.share_bp) // BASIS_POINTS]
    if speaks.income_multiple_bp is not None:
        bounds.append(income_minor * speaks.income_multiple_bp // BASIS_POINTS)
    if room_minor is not None:
        bounds.append(room_minor)
    unit = 10**minor_digits
    limit = max(0, min(bounds)) // unit * unit
    return _said(Outcome.GRANT, speaks, limit) if limit > present_minor else _said(Outcome.REFER, speaks, None)


def _said(outcome: Outcome, line: ProposalLine | None, limit_minor: int | None) -> dict[str, Any]:
    return {
        "outcome": outcome.value,
        "rule": line.code if line else "",
        "number": line.number if line else None,
        "reason_code": line.reason_code if line else "",
        "limit_minor": limit_minor,
    }


def room_minor(caps: Iterable[Cap], *, currency: str, other_limits_minor: int, minor_digits: int) -> int | None:
    """Return what the caps on a customer's limits leave for this line; None where none speaks of the currency."""
    found = [cap.most * 10**minor_digits for cap in caps if cap.kind == CapKind.CUSTOMER_LIMIT and cap.currency == currency]
    return max(0, min(found) - other_limits_minor) if found else None


def caps_broken(
    caps: Iterable[Cap],
    *,
    limit_minor: int,
    other_limits_minor: int,
    currency: str,
    minor_digits: int,
    repayment: str,
    term_months: int | None,
) -> tuple[CapBroken, ...]:
    """Return the caps that a grant breaks.

    :param other_limits_minor: the customer's other lines in the same currency; the one that is changed is not among them
    :param term_months: None: the longest the product knows, which a cap on bullet loans does not let pass

    Source: Order 9/2020: consumer line by internet loan at most CNY 200,000; principal repaid at once within 1 year.
    """
    broken = []
    for cap in caps:
        if cap.kind == CapKind.CUSTOMER_LIMIT and cap.currency == currency:
            most, found = cap.most * 10**minor_digits, limit_minor + other_limits_minor
        elif cap.kind == CapKind.BULLET_MONTHS and repayment == Repayment.BULLET:
            most, found = cap.most, term_months if term_months is not None else cap.most + 1
        else:
            continue
        if found > most:
            broken.append(CapBroken(cap, most, found))
    return tuple(broken)


def decision_verdict(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the rules say about a decision: who must approve, and which caps it breaks. Plain JSON."""
    found = authority(
        (AuthorityLine(**line) for line in inputs["lines"]),
        action=inputs["action"],
        currency=inputs["currency"],
        minor_digits=inputs["minor_digits"],
        amount_minor=inputs["weighed_minor"],
        roles=inputs["roles"],
    )
    broken: tuple[CapBroken, ...] = ()
    if inputs["action"] == ApplicationAction.GRANT_LIMIT:
        broken = caps_broken(
            [Cap(**cap) for cap in inputs["caps"]],
            limit_minor=inputs["weighed_minor"],
            other_limits_minor=inputs["other_limits_minor"],
            currency=inputs["currency"],
            minor_digits=inputs["minor_digits"],
            repayment=inputs["repayment"],
            term_months=inputs["term_months"],
        )
    return {
        "has_authority": found.is_known,
        "needs_approval_by": list(found.approver_roles),
        "caps_broken": [asdict(entry) for entry in broken],
    }


def proposal_from(inputs: Mapping[str, Any], held: Iterable[bool]) -> dict[str, Any]:
    """Return the proposal of stored inputs, given which of their rules hold on the stored facts."""
    lines = [
        ProposalLine(
            code=line["code"],
            number=line["number"],
            outcome=line["outcome"],
            holds=holds,
            reason_code=line["reason_code"],
            share_bp=line["share_bp"],
            income_multiple_bp=line["income_multiple_bp"],
        )
        for line, holds in zip(inputs["lines"], held, strict=True)
    ]
    return proposal(
        lines,
        requested_minor=inputs["requested_minor"],
        income_minor=inputs["income_minor"],
        room_minor=inputs["room_minor"],
        minor_digits=inputs["minor_digits"],
        # Proposals from before it was asked were kept without.
        present_minor=inputs.get("present_minor", 0),
    )

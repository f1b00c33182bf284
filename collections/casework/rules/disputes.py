"""Disputes and complaints as plain values: their lanes, their clock, what may be corrected, and the letters that answer them.

Source: conduct-rules, "Contact policy" (holds) and "Money and contract" (a dispute about credit data is answered within 20
days).
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final


class Lane(StrEnum):
    """Which way a dispute goes: which hold it is to contact, which tier and queue its account comes to."""

    DISPUTE = "dispute"
    FRAUD = "fraud"
    COMPLAINT = "complaint"


class Reach(StrEnum):
    """What contact an open dispute holds back."""

    NONE = "none"
    ACCOUNT = "account"
    CUSTOMER = "customer"


class PenaltyTerms(StrEnum):
    """What becomes of the penalty that accrues between intake and outcome."""

    CHARGED = "charged"
    IF_UPHELD = "if_upheld"
    ALWAYS = "always"


class DemandTerms(StrEnum):
    """What an open dispute does to demands for full repayment. `END` ends those there are, and holds new ones back too."""

    KEEP = "keep"
    HOLD = "hold"
    END = "end"


class Outcome(StrEnum):
    """What came of a dispute."""

    UPHELD = "upheld"
    PARTLY = "partly"
    REJECTED = "rejected"


class Correction(StrEnum):
    """What of the ledger is put right."""

    REVERSE_PAYMENT = "reverse_payment"
    CANCEL_INSTALLMENT = "cancel_installment"
    WAIVE = "waive"
    REFUND_CREDIT = "refund_credit"


#: In which order corrections are made: what frees money before what pays it back.
IN_TURN: Final = tuple(Correction)
#: What a reply letter may hold in braces.
PLACEHOLDERS: Final = ("number", "account", "kind", "received", "answer", "corrections", "day")


def answer_day(received_on: date, *, answer_days: int) -> date:
    """Return the last day on which an answer is in time: the day after the receipt is day 1. Calendar days."""
    return received_on + timedelta(days=answer_days)


def days_left(answer_by: date, *, today: date) -> int:
    """Return how many days are left to answer; below zero it is late by so many."""
    return (answer_by - today).days


def is_penalty_waived(terms: PenaltyTerms, outcome: Outcome) -> bool:
    """Return whether the penalty since the intake is given up."""
    if terms is PenaltyTerms.IF_UPHELD:
        return outcome is not Outcome.REJECTED
    return terms is PenaltyTerms.ALWAYS


@dataclass(frozen=True, slots=True)
class PenaltyOf:
    """The penalty of one instalment, in minor units: settled (paid or waived) and due, when received and now."""

    installment_id: int
    settled_then_minor: int
    due_then_minor: int
    settled_now_minor: int
    due_now_minor: int

    @property
    def accrued_since_minor(self) -> int:
        """What accrued since, as far as it is still due: what was paid meanwhile is no longer there to be given up."""
        accrued = self.settled_now_minor + self.due_now_minor - self.settled_then_minor - self.due_then_minor
        return max(0, min(accrued, self.due_now_minor))


def penalty_to_waive(penalties: Iterable[PenaltyOf]) -> dict[int, int]:
    """Return what is given up by instalment, in minor units; those with nothing are left out."""
    found = {penalty.installment_id: penalty.accrued_since_minor for penalty in penalties}
    return {key: minor for key, minor in found.items() if minor}


def placeholders_in(text: str) -> set[str]:
    """Return the names in braces of a letter.

    :raises ValueError: the braces do not match, or hold more than a name
    """
    names: set[str] = set()
    for _literal, name, spec, conversion in string.Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(name)
        names.add(name)
    return names


def letter_text(template: str, values: Mapping[str, str]) -> str:
    """Return a letter with its values put in; a line of corrections that is empty leaves no gap."""
    lines = template.format(**values).splitlines()
    kept: list[str] = []
    for line in lines:
        if line.strip() or (kept and kept[-1].strip()):
            kept.append(line.rstrip())
    return "\n".join(kept).strip()

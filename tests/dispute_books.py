"""Disputes to take in and conclude, in one line each."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from deciding_books import Person

from accounts.models import CreditAccount
from casework.models import Dispute
from casework.operations.disputes.concluding import Conclusion, approve_outcome, conclude_dispute
from casework.operations.disputes.correcting import Planned, plan_correction
from casework.operations.disputes.opening import Intake, open_dispute

NOW = datetime(2025, 3, 11, 4, tzinfo=UTC)
_number = count(1)


def takes_in(person: Person, account: CreditAccount, kind: str = "amount", *, reference: str = "", **intake: Any) -> Dispute:
    """Take in a dispute that came by a call, under a reference counted up unless told."""
    intake.setdefault("came_by", "call")
    intake.setdefault("claim", "I do not owe that much.")
    return open_dispute(
        actor=person.actor,
        account_id=account.pk,
        intake=Intake(kind=kind, **intake),
        reference=reference or f"DS{next(_number)}",
        now=NOW,
    )


def plans(person: Person, dispute: Dispute, what: str, **planned: Any) -> Any:
    """Plan a correction of a dispute as it stands."""
    return plan_correction(
        actor=person.actor, dispute_id=dispute.pk, version=version_of(dispute), planned=Planned(what=what, **planned)
    )


def concludes(person: Person, dispute: Dispute, outcome: str, **said: Any) -> Dispute:
    """Conclude a dispute as it stands."""
    said.setdefault("finding", "Looked at the entries.")
    said.setdefault("root_cause", "none")
    said.setdefault("answer_en", "We have looked at it.")
    said.setdefault("answer_zh", "我们已核查。")
    conclusion = Conclusion(outcome=outcome, **said)
    return conclude_dispute(
        actor=person.actor, dispute_id=dispute.pk, version=version_of(dispute), conclusion=conclusion, now=NOW
    )


def approves(person: Person, dispute: Dispute) -> Dispute:
    """Approve the outcome of a dispute as it stands."""
    return approve_outcome(actor=person.actor, dispute_id=dispute.pk, version=version_of(dispute), now=NOW)


def version_of(dispute: Dispute) -> int:
    """Return the version that a dispute is at."""
    return Dispute.objects.values_list("version", flat=True).get(pk=dispute.pk)

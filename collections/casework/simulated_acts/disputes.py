"""Disputes and complaints on the days of the simulated book: those of the stories, and those that callers of the crowd take in.

Of the crowd nothing is put right: its people pay what their own ledger says, to the cent. So its disputes about money are
rejected, and complaints, which move none, are upheld now and then. Corrections by two people are the stories'.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.db import transaction

from accounts.models import Installment
from accounts.rules.terms import Component
from casework.models import Dispute
from casework.operations.disputes.concluding import Conclusion, approve_outcome, conclude_dispute
from casework.operations.disputes.correcting import Planned, plan_correction
from casework.operations.disputes.opening import Intake, open_dispute
from casework.rules.disputes import Correction, Lane, Outcome
from riskops.simulation.acts import DayContext, Moment, act
from riskops.simulation.entries import Cue
from riskops.simulation.staff import APPROVER

#: What the references begin with of disputes taken in from the crowd; a story's is the account's number and the day.
FROM_A_CALL: Final = "SIM-"
#: A dispute of the crowd is concluded so many days after it was received, at the least and at the most: inside every clock.
_WORKED_DAYS: Final = (3, 9)
_HOUR: Final = 16
_UPHELD_COMPLAINTS: Final = 0.4

_CLAIMS: Final = {
    "service": "The goods never came.",
    "amount": "I was never told of this fee.",
    "not_mine": "I did not take this loan; my identity card was stolen.",
    "already_paid": "I paid this last week.",
    "conduct": "You called me at work.",
}
#: By outcome: the finding, and the answer in English and Chinese.
_SAID: Final = {
    Outcome.UPHELD: (
        "Looked at the entries and at what the customer sent in: it is as they say.",
        "It is as you say. We have put it right.",
        "经核查，情况属实，我们已作更正。",
    ),
    Outcome.REJECTED: (
        "Looked at the entries and at what the merchant sent in: the claim does not hold.",
        "What we found does not bear it out. The amounts stay as they are.",
        "经核查，所述情况不成立，账务不作调整。",
    ),
}
_CAUSES: Final = {"not_mine": "identity", "amount": "pricing", "conduct": "conduct"}


def take_in(context: DayContext, *, account_no: str, kind: str, reference: str, **intake: object) -> Dispute:
    """Take a dispute in that came by a call, under a reference."""
    analyst = context.staff.analyst(context.draw("dispute", reference))
    said = Intake(kind=kind, came_by=Dispute.CameBy.CALL, claim=_CLAIMS[kind], **intake)  # type: ignore[arg-type]
    return open_dispute(
        actor=analyst,
        account_id=context.account_id(account_no),
        intake=said,
        reference=reference,
        now=context.moment(_HOUR - 4),
    )


@act("casework.disputes", Moment.EVENING)
def work_disputes(day: date, context: DayContext) -> None:
    """Take in, conclude and approve what the stories say; conclude what came from the crowd a few days ago."""
    for cue in context.cued("dispute.open"):
        reference = f"{cue.account_no}-{day:%y%m%d}"
        if not Dispute.objects.filter(reference=reference).exists():
            about = {"order_no": cue.order_no, "amount_minor": cue.amount_minor}
            take_in(context, account_no=cue.account_no, kind=cue.how, reference=reference, **about)
    for cue in context.cued("dispute.conclude"):
        found = _of(cue, context, Dispute.Status.OPEN)
        if found is not None:
            _conclude(found, Outcome(cue.how), context, refund_minor=cue.amount_minor)
    for cue in context.cued("dispute.approve"):
        found = _of(cue, context, Dispute.Status.PROPOSED)
        if found is not None:
            approver, now = context.staff.actor(APPROVER), context.moment(_HOUR)
            approve_outcome(actor=approver, dispute_id=found.pk, version=found.version, now=now)
    least, most = _WORKED_DAYS
    waiting = Dispute.objects.filter(
        status=Dispute.Status.OPEN, reference__startswith=FROM_A_CALL, received_on__lte=day - timedelta(days=least)
    )
    for dispute in waiting.select_related("kind").order_by("pk"):
        draw = context.draw("outcome", dispute.reference)
        if dispute.received_on + timedelta(days=draw.randint(least, most)) <= day:
            is_upheld = dispute.lane == Lane.COMPLAINT and draw.random() < _UPHELD_COMPLAINTS
            _conclude(dispute, Outcome.UPHELD if is_upheld else Outcome.REJECTED, context)


def _of(cue: Cue, context: DayContext, status: Dispute.Status) -> Dispute | None:
    """Return the dispute of a story that stands at a status; None: the day was lived through before."""
    rows = Dispute.objects.filter(account_id=context.account_id(cue.account_no), status=status)
    return rows.select_related("kind").order_by("-pk").first()


@transaction.atomic
def _conclude(dispute: Dispute, outcome: Outcome, context: DayContext, *, refund_minor: int = 0) -> None:
    """Plan what is to be put right and conclude: both or neither, so that a day done again plans nothing twice."""
    analyst, version = context.staff.actor(dispute.opened_by_name), dispute.version
    if outcome is Outcome.UPHELD:
        for planned in _corrections(dispute, refund_minor):
            plan_correction(actor=analyst, dispute_id=dispute.pk, version=version, planned=planned)
            version += 1
    finding, english, chinese = _SAID[outcome]
    cause = _CAUSES.get(dispute.kind.code, "merchant") if outcome is Outcome.UPHELD else "none"
    conclude_dispute(
        actor=analyst,
        dispute_id=dispute.pk,
        version=version,
        conclusion=Conclusion(outcome, finding, cause, english, chinese),
        now=context.moment(_HOUR),
    )


def _corrections(dispute: Dispute, refund_minor: int) -> list[Planned]:
    """Return what puts an upheld dispute of a story right: a loan that is not the customer's is cancelled, a fee waived."""
    if dispute.kind.code == "not_mine":
        rows = Installment.objects.filter(account_id=dispute.account_id, order_no=dispute.order_no).order_by("sequence")
        parts = [
            Planned(Correction.CANCEL_INSTALLMENT, order_no=dispute.order_no, sequence=sequence)
            for sequence in rows.values_list("sequence", flat=True)
        ]
        return [*parts, Planned(Correction.REFUND_CREDIT, amount_minor=refund_minor)]
    if dispute.kind.code == "amount":
        fee = Planned(Correction.WAIVE, order_no=dispute.order_no, sequence=1, component=Component.FEE, amount_minor=refund_minor)
        return [fee]
    return []

"""Proposals sent to approval, approved or rejected, in batches: one decision an account, each answered by itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction

from accounts.models import Decision
from accounts.operations.deciding.judging import approve_decision, reject_decision
from accounts.operations.deciding.proposing import propose_decision
from accounts.operations.deciding.weighing import Asked
from accounts.operations.refusals import LedgerRefusal
from accounts.rules.decisions import Action
from outreach.operations.refusals import OutreachRefusal, ReasonNeeded
from recovery.models import WriteOffProposal
from recovery.operations.write_offs import refusals
from recovery.operations.write_offs.lapsing import ending_of, follow_decision
from recovery.operations.write_offs.proposing import lock_proposal
from recovery.queries.write_off_standing import owing_of
from recovery.write_off_roles import APPROVE_WRITE_OFF, REJECT_WRITE_OFF, SEND_WRITE_OFF
from riskops.shared.audit import Actor, record
from riskops.shared.people.refusals import ConflictDeclared

#: Proposals decided at once.
MOST_AT_ONCE: Final = 500
#: The reason code that a write-off bears unless another is named.
USUAL_REASON: Final = "not_recoverable"
Status = WriteOffProposal.Status


@dataclass(frozen=True, slots=True)
class DoneOf:
    """What came of a batch: the proposals that went on, and why the others stay, by id."""

    done: tuple[int, ...]
    refused: dict[int, str]


def send_write_offs(
    *, actor: Actor, roles: Collection[str], write_off_ids: Sequence[int], reason_code: str = USUAL_REASON, note: str = ""
) -> DoneOf:
    """Send proposals to approval: each becomes a decision, whose approval the authority matrix asks for by its amount.

    Where the matrix lets somebody act alone the account is written off at once. One that is refused stays, with the reason.

    :raises WriteOffsNotChosen, TooManyWriteOffs: of the batch as a whole
    """
    about: dict[str, Any] = {"actor": actor, "roles": roles, "reason_code": reason_code, "note": note}
    return _each(write_off_ids, lambda write_off_id: send_write_off(write_off_id=write_off_id, **about))


def approve_write_offs(*, actor: Actor, roles: Collection[str], write_off_ids: Sequence[int], remark: str = "") -> DoneOf:
    """Approve proposals that were sent; each is written off on the spot, or stays with the reason.

    :raises WriteOffsNotChosen, TooManyWriteOffs: of the batch as a whole
    """
    about: dict[str, Any] = {"actor": actor, "roles": roles, "remark": remark}
    return _each(write_off_ids, lambda write_off_id: approve_write_off(write_off_id=write_off_id, **about))


def reject_write_offs(*, actor: Actor, roles: Collection[str], write_off_ids: Sequence[int], reason: str) -> DoneOf:
    """Reject proposals, sent or not, with one reason for all.

    :raises WriteOffsNotChosen, TooManyWriteOffs, ReasonNeeded: of the batch as a whole
    """
    if not reason.strip():
        raise ReasonNeeded
    about: dict[str, Any] = {"actor": actor, "roles": roles, "reason": reason.strip()[:500]}
    return _each(write_off_ids, lambda write_off_id: reject_write_off(write_off_id=write_off_id, **about))


def _each(write_off_ids: Sequence[int], act: Callable[[int], Any]) -> DoneOf:
    chosen = sorted(set(write_off_ids))
    if not chosen:
        raise refusals.WriteOffsNotChosen
    if len(chosen) > MOST_AT_ONCE:
        raise refusals.TooManyWriteOffs(len(chosen), MOST_AT_ONCE)
    done, refused = [], {}
    for write_off_id in chosen:
        try:
            act(write_off_id)
        except (OutreachRefusal, LedgerRefusal, ConflictDeclared) as refusal:
            refused[write_off_id] = str(refusal)
        else:
            done.append(write_off_id)
    return DoneOf(tuple(done), refused)


@transaction.atomic
def send_write_off(
    *, actor: Actor, roles: Collection[str], write_off_id: int, reason_code: str = USUAL_REASON, note: str = ""
) -> WriteOffProposal:
    """Send one proposal to approval.

    :raises WriteOffUnknown, WriteOffMovedOn: there is none that is only proposed
    :raises WriteOffLapsed: the account is not what it was proposed as
    :raises DecisionRefusal: the matrix, a dispute or another decision forbids it
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    """
    proposal, standing, today = lock_proposal(actor, write_off_id, Status.PROPOSED)
    _refuse_lapsed(proposal)
    asked = Asked(action=Action.WRITE_OFF, reason_code=reason_code, note=(note.strip() or proposal.note)[:500])
    decision = propose_decision(
        actor=actor,
        roles=roles,
        account_id=proposal.account_id,
        asked=asked,
        reference=proposal.reference,
        source=Decision.Source.PERSON,
    )
    proposal.decision, proposal.status = decision, Status.SENT
    proposal.save(update_fields=["decision", "status"])
    record(
        actor=actor,
        action=SEND_WRITE_OFF,
        subject_type="account",
        subject_key=standing.account_no,
        account_id=proposal.account_id,
        before={"reference": proposal.reference, "status": "proposed"},
        after={"status": "sent", "owed_minor": decision.owed_minor, "needs_approval_by": decision.needs_approval_by},
        reason=note.strip(),
    )
    follow_decision(proposal, standing.account_no, today.open_day, actor=actor, action=SEND_WRITE_OFF)
    return proposal


@transaction.atomic
def approve_write_off(*, actor: Actor, roles: Collection[str], write_off_id: int, remark: str = "") -> WriteOffProposal:
    """Approve one proposal that was sent: somebody else than whoever sent it, whom the matrix names for its amount.

    :raises WriteOffUnknown, WriteOffMovedOn: there is none that waits
    :raises WriteOffLapsed: the account is not what it was proposed as
    :raises OwnApproval, NotAnApprover, DecisionRefusal: not by this person, or not on this account
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    """
    proposal, standing, today = lock_proposal(actor, write_off_id, Status.SENT)
    _refuse_lapsed(proposal)
    assert proposal.decision is not None
    version = proposal.decision.version
    proposal.decision = approve_decision(
        actor=actor, roles=roles, decision_id=proposal.decision.pk, version=version, remark=remark.strip()[:500]
    )
    follow_decision(proposal, standing.account_no, today.open_day, actor=actor, action=APPROVE_WRITE_OFF)
    return proposal


@transaction.atomic
def reject_write_off(*, actor: Actor, roles: Collection[str], write_off_id: int, reason: str) -> WriteOffProposal:
    """Reject one proposal; one that was sent only as a second person whom the matrix names.

    :raises WriteOffUnknown, WriteOffMovedOn: there is none to reject
    :raises ReasonNeeded: nothing is written in it
    :raises OwnApproval, NotAnApprover: not by this person
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    """
    proposal, standing, today = lock_proposal(actor, write_off_id, Status.PROPOSED, Status.SENT)
    if not reason.strip():
        raise ReasonNeeded
    if proposal.decision is not None:
        proposal.decision = reject_decision(
            actor=actor,
            roles=roles,
            decision_id=proposal.decision.pk,
            version=proposal.decision.version,
            remark=reason.strip()[:500],
        )
        follow_decision(proposal, standing.account_no, today.open_day, actor=actor, action=REJECT_WRITE_OFF)
        return proposal
    proposal.status, proposal.ended_on = Status.REJECTED, today.open_day
    proposal.reason, proposal.ended_by_name = reason.strip()[:500], actor.name
    proposal.save(update_fields=["status", "ended_on", "reason", "ended_by_name"])
    record(
        actor=actor,
        action=REJECT_WRITE_OFF,
        subject_type="account",
        subject_key=standing.account_no,
        account_id=proposal.account_id,
        before={"reference": proposal.reference, "status": "proposed"},
        after={"status": proposal.status},
        reason=proposal.reason,
    )
    return proposal


def _refuse_lapsed(proposal: WriteOffProposal) -> None:
    why = ending_of(proposal, owing_of([proposal.account_id]).get(proposal.account_id))
    if why:
        raise refusals.WriteOffLapsed(proposal.reference, str(WriteOffProposal.Ended(why).label))

"""Proposals that end by themselves: the account paid, got a plan or a dispute, was cured; or their decision was judged.

At each close for those of a shard, and at once for one account when something changes on it; both by the same rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import structlog
from django.db import transaction

from accounts.operations.deciding.ending_write_offs import end_write_off
from accounts.operations.deciding.standing import hold_today, lock_standings
from accounts.operations.deciding.writing import Writes
from recovery.models import WriteOffProposal
from recovery.models.write_offs import became_of
from recovery.operations.write_offs.proposing import propose_by_rules
from recovery.queries.write_off_standing import Owing, owing_of
from recovery.rules.write_offs import ended_by
from recovery.write_off_reasons import LAPSED
from recovery.write_off_roles import FOLLOW_WRITE_OFF, LAPSE_WRITE_OFF
from riskops.shared.audit import CLOSE, Actor, line, record_all
from riskops.shared.models import AuditEntry
from riskops.shared.rows import update_rows

log = structlog.get_logger(__name__)

#: The step of the close that does this.
WRITE_OFFS_STEP = "write_offs"
Status = WriteOffProposal.Status
_AT_ONCE = 500
_LAPSING = ("status", "ended", "ended_on", "ended_by_name")


def work_write_offs(*, as_of: date, today: date, first_account_id: int, last_account_id: int, run_id: int | None = None) -> int:
    """Let end what has ended in a range by the close of a day, and propose what is new; return how many rows changed.

    :param today: the calendar day, by which figures of letters hold
    """
    moved = follow_shard(first_account_id=first_account_id, last_account_id=last_account_id, run_id=run_id)
    within = {"first_account_id": first_account_id, "last_account_id": last_account_id}
    return moved + propose_by_rules(as_of=as_of, today=today, run_id=run_id, **within)


def follow_shard(*, first_account_id: int, last_account_id: int, run_id: int | None = None) -> int:
    """Bring the open proposals of a range to what has become of their accounts; return how many ended.

    The caller's shard is held. A few queries for each 500 proposals, and the statements of an ending for those alone that were
    sent to approval.
    """
    rows = WriteOffProposal.objects.filter(
        status__in=WriteOffProposal.OPEN, account_id__gte=first_account_id, account_id__lte=last_account_id
    )
    found = list(rows.select_related("decision").order_by("account_id"))
    ended = 0
    for begin in range(0, len(found), _AT_ONCE):
        chunk = found[begin : begin + _AT_ONCE]
        stands = owing_of([proposal.account_id for proposal in chunk])
        over = [proposal.account_id for proposal in chunk if _is_over(proposal, stands.get(proposal.account_id))]
        ended += _follow(over, run_id) if over else 0
    return ended


def follow_changed(*, account_ids: Sequence[int], **_more: Any) -> None:
    """Hear that something changed on accounts (accounts/events.py)."""
    rows = WriteOffProposal.objects.filter(account__in=account_ids, status__in=WriteOffProposal.OPEN)
    for proposal in rows.select_related("decision").order_by("account_id"):
        try:
            if _is_over(proposal, owing_of([proposal.account_id]).get(proposal.account_id)):
                with transaction.atomic():
                    _follow([proposal.account_id], None)
        except Exception:
            # The close ends it tonight; nobody else's change may fail of it.
            log.exception("write_off_not_followed", account_id=proposal.account_id)


def ending_of(proposal: WriteOffProposal, row: Owing | None) -> str:
    """Return what ends a proposal as its account stands; "" where nothing does."""
    if row is None:
        return ""
    agreed_minor = proposal.principal_minor + proposal.interest_minor + proposal.fee_minor
    return ended_by(row.stand, paid_until=proposal.last_payment_on, agreed_minor=agreed_minor)


def _is_over(proposal: WriteOffProposal, row: Owing | None) -> bool:
    return proposal.standing != proposal.status or bool(ending_of(proposal, row))


def _follow(account_ids: Sequence[int], run_id: int | None) -> int:
    """End the open proposals of accounts of one shard, looked at again with day and accounts held; return how many ended."""
    today = hold_today(account_ids[0])
    standings = lock_standings(account_ids)
    stands = owing_of(account_ids)
    rows = WriteOffProposal.objects.select_for_update(of=("self",)).select_related("decision")
    open_ones = rows.filter(account__in=account_ids, status__in=WriteOffProposal.OPEN).order_by("account_id")
    lapsed: list[WriteOffProposal] = []
    lines: list[AuditEntry] = []
    followed = 0
    writes = Writes(CLOSE, today.open_day, run_id)
    for proposal in open_ones:
        standing = standings[proposal.account_id]
        if proposal.decision is not None and not proposal.decision.is_open:
            follow_decision(proposal, standing.account_no, today.open_day, actor=CLOSE, action=FOLLOW_WRITE_OFF, run_id=run_id)
            followed += 1
            continue
        why = ending_of(proposal, stands.get(proposal.account_id))
        if not why:
            continue
        if proposal.decision_id is not None:
            end_write_off(proposal.decision_id, standing, writes, why=LAPSED[why])
        before = proposal.status
        proposal.status, proposal.ended, proposal.ended_on, proposal.ended_by_name = (
            Status.LAPSED,
            why,
            today.open_day,
            CLOSE.name,
        )
        lapsed.append(proposal)
        lines.append(_line(proposal, standing.account_no, CLOSE, LAPSE_WRITE_OFF, before, {"why": why}, run_id=run_id))
    update_rows(
        WriteOffProposal, _LAPSING, [(proposal.pk, *(getattr(proposal, name) for name in _LAPSING)) for proposal in lapsed]
    )
    record_all(lines)
    # Last: what it announces is heard here too, and finds these ended.
    writes.write()
    return followed + len(lapsed)


def follow_decision(
    proposal: WriteOffProposal, account_no: str, day: date, *, actor: Actor, action: str, run_id: int | None = None
) -> None:
    """Bring a proposal that was sent, held by the caller, to what its decision has become; nothing while that is open."""
    assert proposal.decision is not None
    became = became_of(proposal.decision)
    if became == proposal.status:
        return
    before = proposal.status
    proposal.status, proposal.ended_on = became, proposal.decision.ended_on or day
    proposal.ended_by_name = proposal.decision.judged_by_name or actor.name
    if became == Status.REJECTED:
        proposal.reason = (proposal.decision.judgement or proposal.decision.ended_why or proposal.decision.status)[:500]
    proposal.save(update_fields=["status", "ended_on", "ended_by_name", "reason"])
    record_all([_line(proposal, account_no, actor, action, before, {"status": became}, run_id=run_id, reason=proposal.reason)])


def _line(
    proposal: WriteOffProposal,
    account_no: str,
    actor: Actor,
    action: str,
    before: str,
    after: dict[str, Any],
    *,
    run_id: int | None = None,
    reason: str = "",
) -> AuditEntry:
    return line(
        actor=actor,
        action=action,
        subject_type="account",
        subject_key=account_no,
        account_id=proposal.account_id,
        before={"reference": proposal.reference, "status": before},
        after={"status": proposal.status, **after},
        reason=reason,
        run_id=run_id,
    )

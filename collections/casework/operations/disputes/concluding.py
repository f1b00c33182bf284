"""What comes of a dispute: an outcome with finding, root cause, corrections and letter; two people where money moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.operations.checks import check_reason
from accounts.roles import REFUND_CREDIT
from casework.dispute_hooks import cause_kinds, end_holds, find_cause, send_letter
from casework.dispute_roles import APPROVE_DISPUTE, CLOSED_DISPUTE, SENT_BACK, WORK_DISPUTE
from casework.models import Dispute, DisputeLetter
from casework.operations.disputes import refusals
from casework.operations.disputes.correcting import make_corrections, penalty_since
from casework.operations.disputes.letters import compose_letter
from casework.operations.disputes.opening import check_text, hold_account, note
from casework.operations.disputes.working import hold_dispute, take_on, touch
from casework.rules.disputes import Correction, Outcome, PenaltyTerms, is_penalty_waived
from riskops.shared.audit import Actor
from riskops.shared.people.rights import roles_of_actor
from riskops.shared.roles import OPERATIONS, Role

_SAID: Final = ("outcome", "finding", "root_cause", "cause_kind", "cause_id", "answer_en", "answer_zh")


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What came of a dispute. `cause_kind` and `cause_id` name what caused it, where one thing did."""

    outcome: str
    finding: str
    root_cause: str
    answer_en: str
    answer_zh: str
    cause_kind: str = ""
    cause_id: int | None = None


@transaction.atomic
def conclude_dispute(*, actor: Actor, dispute_id: int, version: int, conclusion: Conclusion, now: datetime) -> Dispute:
    """Say what came of a dispute. It closes at once where no money moves; else its outcome waits for a second person.

    :raises DisputeUnknown, DisputeChanged, DisputeNotOpen, DisputeOfSomebodyElse, ConflictDeclared: not this one, not now
    :raises OutcomeMissing: a dispute is not closed without one
    :raises ValueUnknown, TextNeeded, TextOverlong, CauseUnknown: a value that cannot be
    :raises CorrectionOfARejection: it is rejected and puts something right
    :raises DayNotOpenYet: no day of the book is open
    """
    dispute, today = _held(dispute_id, actor, version)
    take_on(dispute, actor)
    _check(conclusion, dispute)
    for name in _SAID:
        value = getattr(conclusion, name)
        setattr(dispute, name, value.strip() if isinstance(value, str) else value)
    dispute.concluded_by_id, dispute.concluded_by_name, dispute.concluded_at = actor.user_id, actor.name, now
    dispute.sent_back_why = ""
    columns = (*_SAID, "concluded_by", "concluded_by_name", "concluded_at", "sent_back_why", "status")
    if moves_money(dispute, today=today):
        dispute.status = Dispute.Status.PROPOSED
        touch(dispute, *columns)
        note(actor, WORK_DISPUTE, dispute, before={"status": Dispute.Status.OPEN.value}, after=_as_recorded(dispute))
        return dispute
    touch(dispute, *columns)
    _close(dispute, actor, today=today, now=now)
    return dispute


@transaction.atomic
def approve_outcome(*, actor: Actor, dispute_id: int, version: int, now: datetime) -> Dispute:
    """Approve an outcome as the second person: the ledger is put right, the letter goes out, what was held back is free.

    The penalty since the intake is reckoned up to today. Where the ledger refuses a correction none is made, and the outcome
    goes on waiting: send it back with the reason.

    :raises DisputeUnknown, DisputeChanged, NothingToApprove, ConflictDeclared: there is nothing to approve
    :raises OwnConclusion: whoever concluded it, or planned any of its corrections, is not the one who approves
    :raises NotForThisRole: it pays money back, which takes an approver
    :raises LedgerRefusal: the ledger does not take a correction
    """
    dispute, today = _held(dispute_id, actor, version)
    _refuse_not_proposed(dispute, actor)
    wanted = approving_roles(dispute)
    if not wanted & roles_of_actor(actor):
        raise refusals.NotForThisRole(dispute.pk, wanted)
    waives = is_penalty_waived(PenaltyTerms(dispute.penalty), Outcome(dispute.outcome))
    make_corrections(dispute, actor=actor, today=today, waives_penalty=waives)
    dispute.judged_by_id, dispute.judged_by_name = actor.user_id, actor.name
    touch(dispute, "judged_by", "judged_by_name")
    note(actor, APPROVE_DISPUTE, dispute, after={"outcome": dispute.outcome})
    _close(dispute, actor, today=today, now=now)
    return dispute


@transaction.atomic
def send_back_outcome(*, actor: Actor, dispute_id: int, version: int, reason: str) -> Dispute:
    """Send a proposed outcome back to who works on the dispute; nothing moved.

    :raises ReasonMissing: it must say why
    :raises DisputeUnknown, DisputeChanged, NothingToApprove, OwnConclusion, ConflictDeclared: as for `approve_outcome`
    """
    check_reason(reason)
    dispute = hold_dispute(dispute_id, actor=actor, version=version)
    _refuse_not_proposed(dispute, actor)
    dispute.status, dispute.sent_back_why = Dispute.Status.OPEN, reason.strip()
    touch(dispute, "status", "sent_back_why")
    note(
        actor,
        SENT_BACK,
        dispute,
        before={"status": Dispute.Status.PROPOSED.value},
        after={"status": dispute.status, "outcome": dispute.outcome},
        reason=reason.strip(),
    )
    return dispute


def approving_roles(dispute: Dispute) -> frozenset[Role]:
    """Return whose approval the outcome of a dispute takes: who may pay money back by itself, where it does that."""
    roles = OPERATIONS[APPROVE_DISPUTE].roles
    pays_back = dispute.corrections.filter(what=Correction.REFUND_CREDIT, done_on=None).exists()
    return frozenset(roles & OPERATIONS[REFUND_CREDIT].roles if pays_back else roles)


def is_own_outcome(dispute: Dispute, *, user_id: int | None, name: str) -> bool:
    """Return whether somebody concluded a dispute or planned any of its corrections: they are not the second person.

    :param name: what the corrections are known by that were planned before they kept who planned them
    """
    own = Q(added_by_id=user_id) | Q(added_by=None, added_by_name=name)
    return dispute.concluded_by_id == user_id or dispute.corrections.filter(own, done_on=None).exists()


def moves_money(dispute: Dispute, *, today: date) -> bool:
    """Return whether the outcome that stands on a dispute changes the ledger."""
    if dispute.corrections.filter(done_on=None).exists():
        return True
    waives = is_penalty_waived(PenaltyTerms(dispute.penalty), Outcome(dispute.outcome))
    return waives and bool(penalty_since(dispute, today=today))


def _held(dispute_id: int, actor: Actor, version: int) -> tuple[Dispute, date]:
    """Return a dispute and the open day, the account held first: days and accounts come before all else."""
    account_id = Dispute.objects.filter(pk=dispute_id).values_list("account_id", flat=True).first()
    if account_id is None:
        raise refusals.DisputeUnknown(dispute_id)
    _standing, today = hold_account(account_id)
    return hold_dispute(dispute_id, actor=actor, version=version), today.open_day


def _refuse_not_proposed(dispute: Dispute, actor: Actor) -> None:
    if dispute.status != Dispute.Status.PROPOSED:
        raise refusals.NothingToApprove(dispute.pk, dispute.get_status_display())
    if actor.user_id is None or is_own_outcome(dispute, user_id=actor.user_id, name=actor.name):
        raise refusals.OwnConclusion(dispute.pk)


def _check(conclusion: Conclusion, dispute: Dispute) -> None:
    if not conclusion.outcome:
        raise refusals.OutcomeMissing(dispute.pk)
    if conclusion.outcome not in set(Outcome):
        raise refusals.ValueUnknown("outcome", conclusion.outcome, [outcome.value for outcome in Outcome])
    check_text(conclusion.finding, "finding", _("say what was found, and by what."))
    if conclusion.root_cause not in Dispute.RootCause.values:
        raise refusals.ValueUnknown("root_cause", conclusion.root_cause, Dispute.RootCause.values)
    check_text(conclusion.answer_en, "answer_en", _("say in English what the customer is told."))
    check_text(conclusion.answer_zh, "answer_zh", _("say in Chinese what the customer is told."))
    planned = dispute.corrections.filter(done_on=None).count()
    if conclusion.outcome == Outcome.REJECTED and planned:
        raise refusals.CorrectionOfARejection(dispute.pk, planned)
    _check_cause(conclusion, dispute)


def _check_cause(conclusion: Conclusion, dispute: Dispute) -> None:
    if not conclusion.cause_kind and conclusion.cause_id is None:
        return
    labels = {kind.code: str(kind.label) for kind in cause_kinds()}
    if conclusion.cause_kind not in labels:
        raise refusals.ValueUnknown("cause_kind", conclusion.cause_kind, labels)
    number = conclusion.cause_id
    if number is None or find_cause(conclusion.cause_kind, dispute.customer_id, number) is None:
        raise refusals.CauseUnknown(labels[conclusion.cause_kind], number)


def _close(dispute: Dispute, actor: Actor, *, today: date, now: datetime) -> None:
    done = list(dispute.corrections.exclude(done_on=None))
    answers = {"en": dispute.answer_en, "zh": dispute.answer_zh}
    text = compose_letter(dispute, outcome=Outcome(dispute.outcome), answers=answers, corrections=done, dated=today)
    was = dispute.status
    dispute.status, dispute.closed_on, dispute.closed_at = Dispute.Status.CLOSED, today, timezone.now()
    touch(dispute, "status", "closed_on", "closed_at")
    letter = DisputeLetter.objects.create(
        dispute=dispute, dated=today, text_en=text.text_en, text_zh=text.text_zh, written_by_name=dispute.concluded_by_name
    )
    end_holds(dispute, actor, now)
    letter.delivery = send_letter(letter, now)
    letter.save(update_fields=["delivery"])
    after = _as_recorded(dispute) | {"corrections": [each.reference for each in done], "letter": letter.delivery}
    note(actor, CLOSED_DISPUTE, dispute, before={"status": was}, after=after)


def _as_recorded(dispute: Dispute) -> dict[str, Any]:
    values: dict[str, Any] = {"status": dispute.status, "outcome": dispute.outcome, "root_cause": dispute.root_cause}
    if dispute.cause_kind:
        values["cause"] = f"{dispute.cause_kind} {dispute.cause_id}"
    if dispute.closed_on is not None:
        values["closed_on"] = dispute.closed_on.isoformat()
    return values

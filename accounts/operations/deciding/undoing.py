"""Every decision of a rule version, or of one of its runs, undone: previewed, approved by a second person, notices corrected."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Decision, DecisionNotice, DecisionRuleVersion, DecisionUndo
from accounts.operations.checks import check_reason
from accounts.operations.deciding.refusals import DecisionRefusal, OwnApproval
from accounts.operations.deciding.ruling import DECISION_RULES
from accounts.operations.deciding.standing import Standing, facts_day, hold_today, lock_standings
from accounts.operations.deciding.writing import Writes
from accounts.operations.rule_versions import end_on
from accounts.queries.entries import in_chunks
from accounts.roles import APPROVE_UNDO, ASK_UNDO
from accounts.rules.decisions import LIMIT_ACTIONS, Action, Status, floored_limit
from riskops.shared.audit import Actor, record
from riskops.shared.day import hold_day
from riskops.shared.people.conflicts import conflicted_customers, refuse_conflict

#: A limit replaced by a later one is still what that one would be lifted to.
_UNDOABLE = (Status.PROPOSED, Status.SCHEDULED, Status.EFFECTIVE, Status.REPLACED)


class UndoRefused(DecisionRefusal):
    """An undoing that cannot be; the message says why."""

    about = "rule"


def preview_undo(*, version_id: int, proposed_on: date | None = None) -> dict[str, int]:
    """Return how many decisions of a rule version (of one of its days) stand in each status that would be undone."""
    return dict(Counter(_decisions(version_id, proposed_on).values_list("status", flat=True)))


def _decisions(version_id: int, proposed_on: date | None) -> QuerySet[Decision]:
    found = Decision.objects.filter(rule_version_id=version_id, status__in=_UNDOABLE)
    return found.filter(proposed_on=proposed_on) if proposed_on else found


def _refuse_conflicts(actor: Actor, version_id: int, proposed_on: date | None) -> None:
    """Refuse whoever has a conflict with one of the customers decided about.

    :raises ConflictDeclared: says which, and who can take over
    """
    customers = conflicted_customers(actor)
    if customers:
        of_them = _decisions(version_id, proposed_on).filter(account__customer_id__in=customers)
        customer_id = of_them.values_list("account__customer_id", flat=True).first()
        if customer_id is not None:
            refuse_conflict(actor, customer_id)


@transaction.atomic
def ask_undo(*, actor: Actor, version_id: int, proposed_on: date | None, reason: str) -> DecisionUndo:
    """Ask for the undoing, with the figures that the second person will see; a live version ends at once.

    :raises ReasonMissing: it must say why
    :raises UndoRefused: nothing is left to undo, or it is asked for already
    :raises ConflictDeclared: the person has a conflict of interest with one of the customers
    """
    check_reason(reason)
    _refuse_conflicts(actor, version_id, proposed_on)
    version = DecisionRuleVersion.objects.select_for_update().filter(pk=version_id).first()
    figures = preview_undo(version_id=version_id, proposed_on=proposed_on)
    if version is None or not figures:
        raise UndoRefused(_("No decision of this rule version is open or in force; there is nothing to undo."))
    if DecisionUndo.objects.filter(rule_version=version, status=DecisionUndo.Status.ASKED).exists():
        raise UndoRefused(_("The undoing of %(version)s is asked for already.") % {"version": str(version)})
    # It would decide the same again tonight.
    open_day = facts_day() + timedelta(days=1)
    end_on(DECISION_RULES, version, actor=actor, until=open_day, today=open_day, reason=reason)
    undo = DecisionUndo.objects.create(
        rule_version=version,
        proposed_on=proposed_on,
        reason=reason.strip(),
        preview=figures,
        asked_by_id=actor.user_id,
        asked_by_name=actor.name,
    )
    record(
        actor=actor, action=ASK_UNDO, subject_type="decision_rule", subject_key=str(version), after=figures, reason=reason.strip()
    )
    return undo


@transaction.atomic
def judge_undo(*, actor: Actor, undo_id: int, is_approved: bool) -> DecisionUndo:
    """Approve the undoing and do it, or refuse it. Limits go back, restrictions end, and who was told is told again.

    :raises OwnApproval: by the one who asked
    :raises UndoRefused: it is done or refused already
    :raises ConflictDeclared: the person has a conflict of interest with one of the customers
    """
    undo = DecisionUndo.objects.select_for_update(of=("self",)).select_related("rule_version").filter(pk=undo_id).first()
    if undo is None or undo.status != DecisionUndo.Status.ASKED:
        raise UndoRefused(_("This undoing is not waiting for anybody."))
    if actor.user_id is None or actor.user_id == undo.asked_by_id:
        raise OwnApproval(str(undo.rule_version))
    _refuse_conflicts(actor, undo.rule_version_id, undo.proposed_on)
    undo.judged_by_id, undo.judged_by_name = actor.user_id, actor.name
    undo.status = DecisionUndo.Status.DONE if is_approved else DecisionUndo.Status.REFUSED
    if is_approved:
        undo.undone = _undo(actor, undo)
    undo.save()
    record(
        actor=actor,
        action=APPROVE_UNDO,
        subject_type="decision_rule",
        subject_key=str(undo.rule_version),
        after={"status": undo.status, "undone": undo.undone},
        reason=undo.reason,
    )
    return undo


def _undo(actor: Actor, undo: DecisionUndo) -> int:
    ids = sorted(set(_decisions(undo.rule_version_id, undo.proposed_on).values_list("account_id", flat=True)))
    undone = 0
    if not ids:
        return 0
    # Every account is held before the first is written: announcing comes after the last lock.
    today = hold_today(ids[0])
    if hold_day(ids[0]).closing is not None:
        # Without a close none can begin now: the day stands still for all of them. With one each shard is held by itself.
        today = [hold_today(account_id) for account_id in ids][-1]
    standings: dict[int, Standing] = {}
    for chunk in in_chunks(ids):
        standings |= lock_standings(chunk)
    writes = Writes(actor, today.open_day)
    for chunk in in_chunks(ids):
        decisions = _decisions(undo.rule_version_id, undo.proposed_on).filter(account_id__in=chunk)
        for decision in decisions.select_for_update(of=("self",)).order_by("account_id", "-id"):
            was_told = decision.status != Status.PROPOSED
            notice = DecisionNotice.Kind.CORRECTED if was_told else None
            status = Status.UNDONE if was_told else Status.CANCELLED
            standing = standings[decision.account_id]
            if decision.status == Status.REPLACED:
                _undo_under_its_successor(decision, standing, writes)
            writes.end(decision, status, standing, why=undo.reason, notice=notice)
            undone += 1
    writes.write()
    return undone


def _undo_under_its_successor(decision: Decision, standing: Standing, writes: Writes) -> None:
    """Take the limit of a replaced decision out of what came after it.

    A lowered limit that stands on it goes back, when it is lifted, to the limit from before both. A limit raised from it, or
    put back to it, is restored at once where it is still lower, or higher, for that decision alone.
    """
    before, after = decision.limit_before_minor, decision.limit_after_minor
    if before is None or after is None:
        return
    later = Decision.objects.filter(
        account_id=decision.account_id,
        action__in=LIMIT_ACTIONS,
        effective_on__gte=decision.ended_on,
        limit_before_minor=after,
        limit_after_minor__isnull=False,
    ).exclude(pk=decision.pk)
    successor = later.select_for_update(of=("self",)).select_related("reason").order_by("effective_on", "pk").first()
    is_in_force = successor is not None and successor.status == Status.EFFECTIVE and successor.pk not in writes.ended
    if successor is not None and is_in_force and successor.action == Action.LOWER_LIMIT:
        if successor.new_limit_minor is not None and successor.new_limit_minor < before:
            successor.limit_before_minor = before
            writes.move(successor, Status.EFFECTIVE)
            writes.note(successor, APPROVE_UNDO, standing, str(decision), more={"limit_before_minor": before})
        return
    is_still_lower = is_in_force and standing.limit_minor < before
    if is_still_lower or (not is_in_force and standing.limit_minor == after):
        writes.set_limit(standing, floored_limit(before, owed_minor=min(standing.owed_minor, standing.limit_minor)))

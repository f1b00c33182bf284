"""Every decision of a rule version, or of one of its runs, undone: limits put back, notices corrected (see rule_undoing.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Decision, DecisionNotice, DecisionRuleVersion, DecisionUndo
from accounts.models.decision_rules import LIFTS_THAT_STAY
from accounts.operations.deciding.automatic import decided_anew, still_held
from accounts.operations.deciding.ruling import DECISION_RULES
from accounts.operations.deciding.standing import Standing, Today, facts_day, hold_all, read_standings
from accounts.operations.deciding.taking_effect import schedule
from accounts.operations.deciding.weighing import hold_control
from accounts.operations.deciding.writing import Writes, add_decisions
from accounts.operations.rule_refusals import UndoRefused
from accounts.operations.rule_undoing import UndoKind
from accounts.queries.entries import in_chunks
from accounts.roles import APPROVE_UNDO, ASK_UNDO, PROPOSE_DECISION
from accounts.rules.decisions import LIMIT_ACTIONS, Action, Status
from riskops.shared.audit import Actor

#: A limit replaced by a later one is still what that one would be lifted to.
_UNDOABLE = (Status.PROPOSED, Status.SCHEDULED, Status.EFFECTIVE, Status.REPLACED)


def preview_undo(version_id: int, proposed_on: date | None = None, _roles: Collection[str] = ()) -> dict[str, int]:
    """Return how many decisions of a rule version (of one of its days) stand in each status that would be undone.

    Under LIFTS_THAT_STAY how many lifts would be left as they are.

    :raises UndoRefused: there are only such lifts
    """
    decisions = _decisions(version_id, proposed_on)
    found = Counter(decisions.exclude(action=Action.LIFT).values_list("status", flat=True))
    lifts = list(decisions.filter(action=Action.LIFT))
    if lifts:
        open_day = facts_day() + timedelta(days=1)
        standings = read_standings((lift.account_id for lift in lifts), with_facts=True)
        days = dict.fromkeys(standings, Today(open_day, open_day))
        wrong, _anew = _sort_lifts(DecisionRuleVersion.objects.get(pk=version_id), lifts, standings, days)
        found.update(lift.status for lift in wrong)
        if not found:
            raise UndoRefused(
                ngettext(
                    "Nothing is left to undo: %(count)s lift of that day stays, since the rule does not hold on its account "
                    "today or decides nothing about it any more.",
                    "Nothing is left to undo: the %(count)s lifts of that day stay, since the rule does not hold on their "
                    "accounts today or decides nothing about them any more.",
                    len(lifts),
                )
                % {"count": len(lifts)}
            )
        if len(wrong) < len(lifts):
            found[LIFTS_THAT_STAY] = len(lifts) - len(wrong)
    return dict(found)


def _decisions(version_id: int, proposed_on: date | None) -> QuerySet[Decision]:
    found = Decision.objects.filter(rule_version_id=version_id, status__in=_UNDOABLE)
    # Of a whole version a lift is no wrong to undo: what it lifted was decided by the version too.
    return found.filter(proposed_on=proposed_on) if proposed_on else found.exclude(action=Action.LIFT)


def _customers(version_id: int, proposed_on: date | None) -> QuerySet[Any]:
    return _decisions(version_id, proposed_on).values_list("account__customer_id", flat=True)


def _undo(actor: Actor, _roles: Collection[str], undo: DecisionUndo) -> dict[str, Any]:
    """Undo it: limits go back, restrictions end, and who was told is told again.

    What was wrongly lifted on the day that is undone is decided anew, with the authority, the notice and the buffer of every
    decision; with the switch thrown it is proposed to people.
    """
    ids = sorted(set(_decisions(undo.rule_version_id, undo.proposed_on).values_list("account_id", flat=True)))
    undone = 0
    if not ids:
        return {"undone": 0}
    # What is decided anew is decided by a machine: whoever throws the switch waits for it, and then none follows.
    is_stopped = undo.proposed_on is not None and hold_control().is_automatic_stopped
    # Facts are kept with what is decided anew.
    days, standings = hold_all(ids, with_facts=undo.proposed_on is not None)
    lifts: list[Decision] = []
    writes = Writes(actor, days[ids[0]].open_day)
    for chunk in in_chunks(ids):
        decisions = _decisions(undo.rule_version_id, undo.proposed_on).filter(account_id__in=chunk)
        for decision in decisions.select_for_update(of=("self",)).order_by("account_id", "-id"):
            if decision.action == Action.LIFT:
                lifts.append(decision)
                continue
            _take_back(decision, standings[decision.account_id], writes, why=undo.reason)
            undone += 1
    wrong, anew = _sort_lifts(undo.rule_version, lifts, standings, days, is_for_people=is_stopped)
    for lift in wrong:
        _take_back(lift, standings[lift.account_id], writes, why=undo.reason)
    _restrict_again(anew, standings, days, writes)
    writes.write()
    return {"undone": undone + len(wrong)}


def _take_back(decision: Decision, standing: Standing, writes: Writes, *, why: str) -> None:
    """End a decision as undone; whoever was told of it is told again."""
    was_told = decision.status != Status.PROPOSED
    notice = DecisionNotice.Kind.CORRECTED if was_told else None
    if decision.status == Status.REPLACED:
        _undo_under_its_successor(decision, standing, writes)
    writes.end(decision, Status.UNDONE if was_told else Status.CANCELLED, standing, why=why, notice=notice)


def _sort_lifts(
    version: DecisionRuleVersion,
    lifts: Sequence[Decision],
    standings: Mapping[int, Standing],
    days: Mapping[int, Today],
    *,
    is_for_people: bool = False,
) -> tuple[list[Decision], list[Decision]]:
    """Return the lifts that were wrong as everything stands now, and what is decided anew in the place of those in force.

    One whose account the rule does not hold on is right by now, and so is one in force where nothing can be decided any more:
    to tell its customer that it was wrong, and restrict nothing, would be no truth.
    """
    in_force = {lift.account_id for lift in lifts if lift.status == Status.EFFECTIVE}
    waiting = {lift.account_id for lift in lifts} - in_force
    anew = decided_anew(version, [standings[pk] for pk in sorted(in_force)], days, is_for_people=is_for_people)
    held = {standing.account_id for standing in still_held(version, [standings[pk] for pk in sorted(waiting)])}
    return [lift for lift in lifts if lift.account_id in anew or lift.account_id in held], list(anew.values())


def _restrict_again(
    anew: Sequence[Decision], standings: Mapping[int, Standing], days: Mapping[int, Today], writes: Writes
) -> None:
    """Write what is decided anew, and put in force at once what needs nobody's approval and no buffer."""
    add_decisions(anew)
    for made in anew:
        standing = standings[made.account_id]
        writes.note(made, PROPOSE_DECISION, standing, made.note, more={"needs_approval_by": made.needs_approval_by})
        if not made.needs_approval_by:
            schedule(made, standing, writes, today=days[made.account_id])


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
        was = standing.limit_minor
        more = writes.restore_limit(standing, before)
        writes.note(decision, APPROVE_UNDO, standing, limits=(was, standing.limit_minor), more=more)


DECISION_UNDOINGS: Final = UndoKind(
    model=DecisionUndo,
    rules=DECISION_RULES,
    ask_operation=ASK_UNDO,
    approve_operation=APPROVE_UNDO,
    day="proposed_on",
    preview=preview_undo,
    customers=_customers,
    undo=_undo,
    nothing=gettext_lazy("No decision of this rule version is open or in force; there is nothing to undo."),
)

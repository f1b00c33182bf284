"""What came of working on an account, in its case: the outcome, the next action it leads to, and who was spoken to."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.db import transaction

from accounts.models import AccountState
from accounts.operations.checks import account_facts
from casework.models import Case, CaseEvent, OutcomeCode
from casework.operations.acting import checked
from casework.operations.cases.following import add_event
from casework.operations.cases.reasons import answer_reason, hold_state
from casework.operations.cases.refusals import CaseSettled, NoOpenCase
from casework.operations.work_refusals import OutcomeUnknown
from casework.outcomes import outcome_offered, outcomes_offered
from casework.queries.cases.open_cases import open_case_of
from casework.trained import refuse_untrained
from casework.work_roles import RECORD_CASE_OUTCOME
from riskops.shared.audit import Actor, record
from riskops.shared.day import book_state
from riskops.shared.people.conflicts import refuse_conflict

Kind = CaseEvent.Kind
#: What an outcome changes of a case, and what taking it back puts back.
_KEPT: Final = ("next_action", "next_action_on", "right_party_on")


def held_case(account_id: int, *, account_no: str) -> Case:
    """Return the open case of an account, locked.

    :raises NoOpenCase: nothing of it is past due
    """
    case = Case.objects.select_for_update(of=("self",)).filter(account_id=account_id, closed_on=None).first()
    if case is None:
        raise NoOpenCase(account_no)
    return case


def day_of_work(case: Case) -> date:
    """Return the business day that is worked: the one after the last closed, not before the case opened."""
    closed = book_state().business_date
    return max(closed + timedelta(days=1), case.opened_on) if closed else case.opened_on


@transaction.atomic
def record_case_outcome(
    *, actor: Actor, account_id: int, code: str, today: date, remark: str = "", lateness_reason: str = ""
) -> CaseEvent:
    """Record what came of working on a case, outside of a queue.

    :param today: the calendar day, from which its next action is reckoned
    :param lateness_reason: the code of why the customer is late; "" for nothing new
    :raises AccountUnknown, ConflictDeclared, TrainedStaffOnly, NoOpenCase: not this account
    :raises OutcomeUnknown, ReasonUnknown, TextTooLong: a value that cannot be
    :raises ReasonNotAsked: the customer was spoken to, and no reason stands
    """
    known = outcome_offered(code)
    if known is None:
        raise OutcomeUnknown(code, ", ".join(entry.code for entry in outcomes_offered()))
    remark = checked(remark, is_needed=False)
    account = account_facts(account_id)
    refuse_conflict(actor, account.customer_id, on=today)
    refuse_untrained(actor, account.customer_id, on=today)
    hold_state(account_id, lateness_reason)
    case = held_case(account_id, account_no=account.account_no)
    event = _follow(case, known, actor=actor, today=today, said=remark, reason=lateness_reason)
    record(
        actor=actor,
        action=RECORD_CASE_OUTCOME,
        subject_type="account",
        subject_key=account.account_no,
        account_id=account_id,
        after={"outcome": code, "next_action": case.next_action, "next_action_on": _iso(case.next_action_on)},
    )
    return event


def follow_outcome(
    account_id: int, known: OutcomeCode, *, actor: Actor, today: date, said: str, work_record: int, lateness_reason: str = ""
) -> CaseEvent | None:
    """Carry an outcome of the worklist over to the account's open case; nothing where it has none. Its item is locked.

    :raises ReasonUnknown: no such reason for lateness is in use
    :raises ReasonNotAsked: the customer was spoken to, and no reason stands
    """
    hold_state(account_id, lateness_reason)
    case = Case.objects.select_for_update(of=("self",)).filter(account_id=account_id, closed_on=None).first()
    if case is None:
        return None
    return _follow(case, known, actor=actor, today=today, said=said, work_record=work_record, reason=lateness_reason)


def _follow(
    case: Case,
    known: OutcomeCode,
    *,
    actor: Actor,
    today: date,
    said: str,
    work_record: int | None = None,
    reason: str = "",
) -> CaseEvent:
    before = {name: getattr(case, name) for name in _KEPT}
    case.next_action = known.next_action
    case.next_action_on = today + timedelta(days=known.next_action_days) if known.next_action else None
    day = day_of_work(case)
    answer_reason(case, reason, actor=actor, day=day, is_right_party=known.is_right_party)
    if known.is_right_party:
        case.right_party_on = day
    case.save(update_fields=list(_KEPT))
    return add_event(
        case,
        Kind.OUTCOME,
        day=day,
        actor=actor,
        state=AccountState.objects.filter(pk=case.account_id).first(),
        said={"text": said} if said else None,
        details={
            "outcome": known.code,
            "action": known.action,
            "is_right_party": known.is_right_party,
            "next_action": case.next_action,
            "next_action_on": _iso(case.next_action_on),
            "work_record": work_record,
            "before": {name: _iso(value) if name != "next_action" else value for name, value in before.items()},
        },
    )


def take_back_outcome(account_id: int, work_record: int, *, actor: Actor) -> None:
    """Put a case back as it was before an outcome of the worklist that is undone; what stands there since stays."""
    case = open_case_of(account_id)
    if case is None:
        return
    case = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    found = CaseEvent.objects.filter(case=case, kind=Kind.OUTCOME).order_by("-pk").first()
    if found is None or found.details.get("work_record") != work_record or found.details.get("undone"):
        return
    before = found.details["before"]
    case.next_action = before["next_action"]
    case.next_action_on = _day(before["next_action_on"])
    case.right_party_on = _day(before["right_party_on"])
    case.save(update_fields=list(_KEPT))
    details = {"outcome": found.details["outcome"], "undone": True, "work_record": work_record}
    add_event(case, Kind.OUTCOME, day=day_of_work(case), actor=actor, details=details)


def _iso(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def refuse_settled(case: Case) -> None:
    """Refuse to add to a case that is closed.

    :raises CaseSettled: says since when
    """
    if case.closed_on is not None:
        raise CaseSettled(case.account.account_no, case.closed_on)

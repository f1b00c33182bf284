"""Why a customer is late: asked at the first contact with them, recorded for the episode, changed as more is known."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from accounts.models import AccountState
from accounts.operations.rebuilding import lock_states
from casework.lateness import reason_offered, reasons_offered
from casework.models import Case, CaseEvent, LatenessReason
from casework.operations.cases.following import add_event
from casework.operations.cases.refusals import ReasonNotAsked, ReasonUnknown
from casework.work_roles import RECORD_LATENESS_REASON
from riskops.shared.audit import Actor, record


def hold_state(account_id: int, code: str) -> None:
    """Lock the state that will keep a reason, where one is given: before the case, as everybody does."""
    if code:
        lock_states([account_id]).first()


def answer_reason(case: Case, code: str, *, actor: Actor, day: date, is_right_party: bool) -> None:
    """Record the reason that came with something done in a case; refuse a contact with the customer at which none was asked.

    :param code: "" for none
    :raises ReasonUnknown: no such reason is in use
    :raises ReasonNotAsked: the customer was spoken to, and no reason stands
    """
    if not code:
        if is_right_party and case.reason_id is None:
            raise ReasonNotAsked([reason.label for reason in reasons_offered()])
        return
    reason = known_reason(code)
    if case.reason_id != reason.pk:
        write_reason(case, reason, actor=actor, day=day)


def known_reason(code: str) -> LatenessReason:
    """Return a reason in use.

    :raises ReasonUnknown: there is none of the code
    """
    reason = reason_offered(code)
    if reason is None:
        raise ReasonUnknown(code, [entry.code for entry in reasons_offered()])
    return reason


@transaction.atomic
def write_reason(case: Case, reason: LatenessReason, *, actor: Actor, day: date) -> None:
    """Write the reason of a locked case, its event, the copy in the account's state, and its line in the trail."""
    was = case.reason.code if case.reason is not None else ""
    case.reason = reason
    case.save(update_fields=["reason"])
    AccountState.objects.filter(pk=case.account_id).update(lateness_reason=reason.code)
    state = AccountState.objects.filter(pk=case.account_id).first()
    details = {"reason": reason.code, "was": was}
    add_event(case, CaseEvent.Kind.REASON, day=day, actor=actor, state=state, details=details)
    record(
        actor=actor,
        action=RECORD_LATENESS_REASON,
        subject_type="account",
        subject_key=case.account.account_no,
        account_id=case.account_id,
        before={"lateness_reason": was} if was else None,
        after={"lateness_reason": reason.code},
    )

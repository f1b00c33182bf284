"""The promises of one account decided at once, when something is paid or reversed between two closes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction

from accounts.models import AccountState
from accounts.operations.rebuilding import lock_states
from accounts.operations.signals import note_signals
from casework.bulk.promises import PROMISES_STEP, promise_signals
from casework.models import CaseEvent, Promise
from casework.operations.cases.following import add_event, day_of
from casework.queries.promises.pledges import payments_of, pledge_of
from casework.rules.promises import OPEN, Verdict, judge
from riskops.shared.audit import CLOSE
from riskops.shared.day import DayPosition, hold_day
from riskops.shared.sql import as_day, fetch

Status = Promise.Status


def observe_changed(*, account_ids: Sequence[int], **_more: Any) -> None:
    """Hear that what rules see of accounts changed (accounts/events.py): something may have been paid."""
    # Most accounts have promised nothing: one query for all of them.
    promised = set(Promise.objects.filter(account_id__in=account_ids).values_list("account_id", flat=True))
    for account_id in account_ids:
        if account_id in promised:
            observe_account(account_id)


@transaction.atomic
def observe_account(account_id: int) -> int:
    """Decide the promises of an account by what the book says now; return how many changed.

    A part is missed only once its last day is closed; it is paid at once. While a close runs, its own step comes to the account.
    """
    position = hold_day(account_id)
    state = lock_states([account_id]).first()
    as_of = None if state is None else day_of(state, position, step=PROMISES_STEP)
    if state is None or as_of is None:
        return 0
    changed = _judge_all(state, as_of=as_of, closed_through=_last_day_over(position))
    note_account(account_id, as_of=as_of)
    return changed


def _last_day_over(position: DayPosition) -> date | None:
    return position.closing or position.business_date


def _judge_all(state: AccountState, *, as_of: date, closed_through: date | None) -> int:
    promises = list(
        Promise.objects.filter(account_id=state.pk, watched_until__gte=as_of, made_on__lte=as_of)
        .exclude(status=Status.CANCELLED)
        .prefetch_related("parts")
        .select_related("case")
        .order_by("pk")
    )
    payments = payments_of(promises)
    owes_nothing = not (
        state.outstanding_principal_minor
        + state.outstanding_interest_minor
        + state.outstanding_fee_minor
        + state.penalty_due_minor
    )
    changed = 0
    for promise in promises:
        verdict = judge(
            pledge_of(promise, promise.parts.all()),
            payments[state.pk],
            as_of=as_of,
            closed_through=closed_through,
            owes_nothing=owes_nothing and promise.status == OPEN,
        )
        changed += _write(promise, verdict, state=state, as_of=as_of)
    return changed


def _write(promise: Promise, verdict: Verdict, *, state: AccountState, as_of: date) -> bool:
    for part, becomes in zip(promise.parts.all(), verdict.parts, strict=True):
        if (part.status, part.paid_minor) != (becomes.status, becomes.paid_minor):
            part.status, part.paid_minor = becomes.status, becomes.paid_minor
            part.save(update_fields=["status", "paid_minor"])
    was = (promise.status, promise.paid_minor, promise.next_due_on)
    if was == (verdict.status, verdict.paid_minor, verdict.next_due_on):
        return False
    if promise.status != verdict.status:
        tell(promise, verdict.status, verdict.paid_minor, state=state, day=as_of)
        promise.decided_on = None if verdict.status == OPEN else as_of
    promise.status, promise.paid_minor, promise.next_due_on = verdict.status, verdict.paid_minor, verdict.next_due_on
    promise.save(update_fields=["status", "paid_minor", "next_due_on", "decided_on"])
    return True


def tell(promise: Promise, becomes: str, paid_minor: int, *, state: AccountState, day: date, **more: Any) -> None:
    """Append what became of a promise to its case's history."""
    details = {"promise": promise.pk, "was": promise.status, "becomes": becomes, "paid_minor": paid_minor}
    more.setdefault("actor", CLOSE)
    add_event(promise.case, CaseEvent.Kind.PROMISE, day=day, state=state, details=details, **more)


def note_account(account_id: int, *, as_of: date) -> bool:
    """Bring what rules and ladders see of an account's promises up to date; its state is locked by the caller."""
    rows = fetch(promise_signals(as_of=as_of, within=f"BETWEEN {account_id:d} AND {account_id:d}"))
    if not rows:
        return False
    _account, broken, is_open, due_on, broken_on = rows[0]
    return note_signals(
        account_id,
        broken_promises_6m=int(broken),
        has_open_promise=bool(is_open),
        promise_due_on=as_day(due_on) if due_on else None,
        promise_broken_on=as_day(broken_on) if broken_on else None,
    )

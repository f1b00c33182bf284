"""Calls on the days of the simulated book: a few analysts call a few of the late accounts, and what comes of it.

Who is called is chance, and so is what the customer says; whether a promise is kept is not: people pay as they had planned to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Final
from zlib import crc32

from django.db import transaction
from django.db.models import Q

from accounts.models import AccountState, CreditAccount
from casework.models import Case
from casework.operations.cases.outcomes import record_case_outcome
from casework.operations.promises.taking import room_for, take_promise
from casework.simulated_acts.disputes import FROM_A_CALL, take_in
from casework.trained import standing_flag
from outreach.models import Contact, Denial
from outreach.operations.calls import ask_for_contact, end_call
from outreach.rules.contacts import Channel, Outcome, Purpose
from riskops.shared.audit import Actor
from riskops.simulation.acts import DayContext, Moment, act
from riskops.simulation.staff import TRAINED

#: Of the accounts in the book, how many are called on a working day; and never more than so many.
SHARE: Final = 0.002
MOST_A_DAY: Final = 3
_FRIDAY: Final = 4
_FIRST_HOUR: Final = 10
#: How a call goes, in hundredths: the codes of casework's outcomes.
_SAID: Final = {
    "no_answer": 50,
    "promise": 20,
    "cannot_pay": 9,
    "refuses": 8,
    "call_back": 6,
    "paid": 3,
    "disputes": 3,
    "wrong_number": 1,
}
_REASONS: Final = {
    "forgot": 24,
    "income_lost": 20,
    "over_indebted": 18,
    "payment_failed": 9,
    "illness": 6,
    "family": 6,
    "goods_dispute": 4,
    "will_not_pay": 4,
    "moved": 3,
    "other": 2,
    "not_said": 4,
}
#: What is disputed in a call, in hundredths: kinds of casework.
_KINDS: Final = {"already_paid": 40, "service": 30, "conduct": 30}
#: A promise is for one of so many days ahead.
_PROMISED_DAYS: Final = (2, 14)
_ENDS: Final = {"no_answer": Outcome.UNANSWERED, "wrong_number": Outcome.WRONG_PERSON}
#: Nobody is called about an account of which one of these stands.
_LEFT_ALONE: Final = (
    *("has_open_promise", "is_disputed", "is_fraud_suspected", "is_on_hold", "has_hardship_plan", "is_in_legal"),
    *("is_placed", "is_vulnerable"),
)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call to make. `why` "": what was said before stands; `by` None: nothing is promised."""

    account_no: str
    how: str
    why: str = ""
    by: date | None = None
    amount_minor: int = 0


@act("outreach.calls", Moment.MORNING)
def call_late_accounts(day: date, context: DayContext) -> None:
    """Call whom the stories say and, on a working day, some of the late accounts that may be called."""
    calls = [_Call(cue.account_no, cue.how, cue.why, cue.by, cue.amount_minor) for cue in context.cued("call")]
    number = _number_of(day, len(context.months_late))
    if not (calls or number):
        return
    called = _asked_on(context)
    calls.extend(_drawn(day, context, number, called))
    for place, call in enumerate(calls):
        if context.account_id(call.account_no) not in called:
            _make(call, day, context, at=context.moment(_FIRST_HOUR) + timedelta(minutes=9 * place))


def _number_of(day: date, accounts: int) -> int:
    """Return how many of the crowd are called on a day: the share, its fractions added up over the month."""
    if day.weekday() > _FRIDAY:
        return 0
    share = min(MOST_A_DAY, SHARE * accounts)
    return int(share * day.day) - int(share * (day.day - 1))


def _asked_on(context: DayContext) -> set[int]:
    """Return the accounts about which a call was asked for today, let through or not: the day was begun before."""
    span = {"at__gte": context.moment(0), "at__lt": context.moment(0) + timedelta(days=1), "channel": Channel.CALL}
    rows = [model.objects.filter(**span).values_list("account_id", flat=True) for model in (Contact, Denial)]
    return {account_id for found in rows for account_id in found}


def _drawn(day: date, context: DayContext, number: int, called: set[int]) -> Iterator[_Call]:
    """Yield the calls of a day: the same ones when it is begun again after some of them were made."""
    cases = Case.objects.filter(closed_on=None, stage__in=[Case.Stage.REMIND, Case.Stage.WORK, Case.Stage.PURSUE])
    left_alone = Q()
    for column in _LEFT_ALONE:
        left_alone |= Q(**{f"account__signals__{column}": True})
    may_be = Q(next_action_on=None) | Q(next_action_on__lte=day)
    # What a call of today has changed does not keep its account from being drawn again: it is passed over then.
    rows = cases.filter((may_be & ~left_alone) | Q(account_id__in=called))
    found = rows.filter(account__account_no__startswith="SIM-").values_list("account__account_no", "reason_id")
    # A checksum is chance enough for an order, and a thousand of them take no time.
    ranked = sorted(found, key=lambda row: crc32(f"{context.seed} {day} {row[0]}".encode()))
    for account_no, reason_id in ranked[:number]:
        yield _said(context.draw("call", day, account_no), account_no, day, is_asked_why=reason_id is None)


def _said(draw: Random, account_no: str, day: date, *, is_asked_why: bool) -> _Call:
    how, why = _one_of(draw, _SAID), _one_of(draw, _REASONS)
    by = day + timedelta(days=draw.randint(*_PROMISED_DAYS))
    return _Call(account_no, how, why if is_asked_why and how not in _ENDS else "", by)


def _one_of(draw: Random, weights: dict[str, int]) -> str:
    return draw.choices(list(weights), list(weights.values()))[0]


@transaction.atomic
def _make(call: _Call, day: date, context: DayContext, *, at: datetime) -> None:
    """Make a call: asked for, ended, recorded, and what was promised or disputed taken; all of it or nothing."""
    account = CreditAccount.objects.select_related("customer", "product").get(account_no=call.account_no)
    is_vulnerable = standing_flag(account.customer_id) is not None
    by_chance = context.staff.analyst(context.draw("caller", call.account_no, day))
    caller = context.staff.actor(TRAINED[0]) if is_vulnerable else by_chance
    answer = ask_for_contact(
        actor=caller,
        key=f"sim {day:%y%m%d} {account.pk}",
        account=account,
        channel=Channel.CALL,
        purpose=Purpose.REMINDER if is_vulnerable else Purpose.DEMAND,
        now=at,
    )
    if answer.contact is None:
        return
    ends = at + timedelta(minutes=4)
    outcome = _ENDS.get(call.how, Outcome.EFFECTIVE)
    end_call(actor=caller, customer=account.customer, contact_id=answer.contact.pk, outcome=outcome, note="", now=ends)
    state = AccountState.objects.get(pk=account.pk)
    how = call.how
    if how == "promise" and room_for(state, today=day).needs_override:
        # Two were broken: no analyst takes the next one.
        how = "cannot_pay"
    record_case_outcome(actor=caller, account_id=account.pk, code=how, today=day, lateness_reason=call.why)
    if how == "promise" and call.by is not None:
        _promise(caller, state, call.by, call.amount_minor, on=day)
    elif how == "disputes":
        kind = _one_of(context.draw("kind", call.account_no, day), _KINDS)
        take_in(context, account_no=call.account_no, kind=kind, reference=f"{FROM_A_CALL}{day:%y%m%d}-{account.pk}")


def _promise(caller: Actor, state: AccountState, by: date, amount_minor: int, *, on: date) -> None:
    """Take the customer's word to pay, unless said otherwise all that is past due."""
    take_promise(actor=caller, account_id=state.pk, parts=[(by, amount_minor or state.overdue_total_minor)], on=on)

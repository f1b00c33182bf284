"""The planning of one account's messages on the spot: what the close would queue, in plain Python, for one account."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction

from accounts.models import CreditAccount
from outreach.bulk.plan import fallback_of, opening
from outreach.models import ContactPolicy, Message
from outreach.operations.strategy_refusals import BookIsFrozen, NothingDue
from outreach.policies import policy_for
from outreach.queries.ladder_place import LadderStand, LineStand, ladder_stand
from outreach.queries.standing import Known, detail_of, known_of
from outreach.roles import PLAN_MESSAGES
from outreach.rules.contact_policy import RuleId, judge
from outreach.rules.contacts import Channel, Request
from outreach.rules.ladders import OVERTAKEN, PRIORITIES, Act, Step, Way
from riskops.shared.audit import Actor, record
from riskops.shared.day import book_state

#: A device is looked for when the message is sent; any will do to ask what else forbids a push.
_SOME_DEVICE: Final = 0
#: What the planning asks about, in the order of the gate: what will not have changed by the time the message goes out.
ASKED_AHEAD: Final = (RuleId.HOLD, RuleId.DETAIL, RuleId.OPT_OUT, RuleId.CONSENT)


@transaction.atomic
def plan_now(*, actor: Actor, account: CreditAccount, now: datetime) -> list[Message]:
    """Queue what is due for one account without waiting for the close, for a person who asks.

    :raises BookIsFrozen: nothing goes out of a frozen book, or of one that has no closed day
    :raises NothingDue: no step is due that was not planned
    """
    book = book_state()
    if book.nightly_paused or book.business_date is None:
        raise BookIsFrozen
    planned = plan_account(account, as_of=book.business_date, now=now)
    if not planned:
        raise NothingDue(account.account_no)
    record(
        actor=actor,
        action=PLAN_MESSAGES,
        subject_type="account",
        subject_key=account.account_no,
        after={"steps": [f"{message.step} {message.channel} {message.status}" for message in planned]},
    )
    return planned


@transaction.atomic
def plan_account(account: CreditAccount, *, as_of: date, now: datetime) -> list[Message]:
    """Queue what is to go out on the day after the last closed one, and return it; nothing that was planned before.

    :param account: read with `product`, `customer` and `signals`
    """
    today = as_of + timedelta(days=1)
    stand = ladder_stand(account, as_of=as_of, today=today)
    if stand is None:
        return []
    policy = policy_for(account.product.product_code, today)
    details = [detail_of(account.customer, channel) for channel in (Channel.SMS, Channel.EMAIL)]
    known = known_of(account.customer, [account], details, now)
    planned = []
    for line in stand.lines:
        if line.due is not None and line.due.act is Act.MESSAGE:
            message = _message(account, stand, line, line.due, policy, known, now)
            # Whoever was faster has planned the same.
            planned += Message.objects.bulk_create([message], ignore_conflicts=True)
            _stop_earlier(line, line.due, now)
    return planned


def _message(
    account: CreditAccount,
    stand: LadderStand,
    line: LineStand,
    step: Step,
    policy: ContactPolicy,
    known: Known,
    now: datetime,
) -> Message:
    due_at = opening(stand.today, policy, account.customer.time_zone)
    forbidden = [_forbidden(account, step, way, policy, known, due_at) for way in step.ways]
    place = next((place for place, rule in enumerate(forbidden) if rule is None), None)
    way = step.ways[place or 0]
    is_open = place is not None
    return Message(
        account=account,
        customer=account.customer,
        episode=line.episode,
        step=step.code,
        channel=way.channel,
        purpose=step.purpose,
        strategy_id=stand.strategy.pk,
        template_code=way.template,
        fallback=fallback_of(step.ways, place or 0),
        planned_on=step.day(line.episode),
        expires_on=step.last_day(line.episode),
        priority=PRIORITIES[step.purpose],
        created_at=now,
        status=Message.Status.QUEUED if is_open else Message.Status.CANCELLED,
        due_at=due_at,
        reason="" if is_open else str(forbidden[0]),
        settled_at=None if is_open else now,
    )


def _forbidden(
    account: CreditAccount, step: Step, way: Way, policy: ContactPolicy, known: Known, due_at: datetime
) -> RuleId | None:
    """Return the rule that forbids a way for good, None if none does; what puts it off is seen when it goes out."""
    detail = _SOME_DEVICE if way.channel is Channel.PUSH else detail_of(account.customer, way.channel)
    request = Request(way.channel, step.purpose, account.pk, detail, has_opt_out=True)
    finding = judge(policy.figures(), request, known.standing, (), due_at).finding
    return finding.rule if finding is not None and finding.rule in ASKED_AHEAD else None


def _stop_earlier(line: LineStand, step: Step, now: datetime) -> None:
    """Stop what still waits of earlier steps of the line."""
    earlier = [message.pk for message in line.planned if message.planned_on < step.day(line.episode)]
    waiting = Message.objects.filter(pk__in=earlier, status=Message.Status.QUEUED)
    # In the order of their ids, as workers lock those they send.
    list(waiting.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
    waiting.update(status=Message.Status.CANCELLED, reason=OVERTAKEN, settled_at=now)

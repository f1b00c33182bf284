"""What stops a message before it is sent, looked at in the moment it would be: paid, promised, disputed, too late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import structlog
from django.db import connection, transaction
from django.utils import timezone

from accounts.facts import ACCOUNT_FACTS, facts_of
from accounts.models import AccountSignals, AccountState, CreditAccount
from accounts.operations.deciding.standing import facts_day
from outreach.models import Message, Strategy
from outreach.operations.sending.corrected import corrected_among
from outreach.plan_offers import OffersSeen, offers_seen
from outreach.queries.dues import Due, open_dues
from outreach.rules.contacts import Purpose
from outreach.rules.ladders import Anchor
from outreach.strategies import VULNERABLE
from riskops.shared.day import book_state
from riskops.shared.feeds import days_without
from riskops.shared.rule_language import FactsRow, Rule, holds, parse_rule

log = structlog.get_logger(__name__)

#: The file whose feeds tell who has paid.
PAYMENTS_FILE: Final = "payments.csv"
#: How many days of it are asked for. A gap that nobody has closed in two weeks is no file that is still to come.
DAYS_OF_PAYMENTS: Final = 14
#: Accounts looked at when facts change; the look before sending sees to all the others.
MOST_LOOKED_AT: Final = 1_000


class Stop:
    """Why a message is stopped, as its row keeps it; outbox_wording.py has the words."""

    EXPIRED: Final = "expired"
    OFFER_OVER: Final = "offer-over"
    OFFER_REPLACED: Final = "offer-replaced"
    EPISODE_OVER: Final = "episode-over"
    RESTRICTION_OVER: Final = "restriction-over"
    PROMISE_OVER: Final = "promise-over"
    WRITTEN_OFF: Final = "written-off"
    PROMISE: Final = "promise"
    PLAN: Final = "plan"
    DISPUTE: Final = "dispute"
    VULNERABLE: Final = "vulnerable"
    STOP_RULE: Final = "stop-rule"
    CORRECTED: Final = "corrected"


def is_dispatch_off() -> bool:
    """Return whether the book stands still: nobody is written to from a book whose days are not closed."""
    return book_state().nightly_paused


def is_payment_feed_missing(now: datetime) -> bool:
    """Return whether it is not known yet who paid up to yesterday: the payments of some day are still to come."""
    yesterday = timezone.localdate(now) - timedelta(days=1)
    # Yesterday's alone would not do: who paid on Monday is not in Tuesday's file. Tolerated or not: a close may do without it, a
    # customer who has paid and is reminded may not.
    return bool(days_without(PAYMENTS_FILE, yesterday - timedelta(days=DAYS_OF_PAYMENTS - 1), yesterday))


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at before messages go out, read in as many queries for many as for one.

    :param accounts: of the messages, with customer, product, state and signals
    :param dues: of the accounts that owe nothing overdue
    :param facts: of the accounts whose message has a stop rule
    :param rules: the stop rules, by message
    :param anchors: what the steps of the messages are reckoned from, by message; none for the due date
    :param gentle: the messages whose step was written for vulnerable customers
    :param offers: how the plans stand that messages offer
    :param corrected: the messages that were handed over before, or perhaps, and whose customers were told to disregard them
    """

    accounts: Mapping[int, CreditAccount]
    dues: Mapping[int, Sequence[Due]]
    facts: Mapping[int, FactsRow]
    rules: Mapping[int, str]
    anchors: Mapping[int, Anchor]
    gentle: frozenset[int]
    offers: OffersSeen
    corrected: frozenset[int]


def look_at(messages: Sequence[Message]) -> Look:
    """Read what decides whether messages still go out, and with which figures."""
    ids = {message.account_id for message in messages}
    accounts = CreditAccount.objects.select_related("customer", "product", "state", "signals").in_bulk(ids)
    owe_nothing = {pk for pk, account in accounts.items() if _is_not_overdue(account)}
    strategies = Strategy.objects.in_bulk({message.strategy_id for message in messages if message.strategy_id})
    steps = {message.pk: _step(strategies[message.strategy_id], message.step) for message in messages if message.strategy_id}
    rules = {pk: text for pk, step in steps.items() if (text := str(step.get("stop_rule") or "").strip())}
    facts: Mapping[int, FactsRow] = {}
    if rules:
        names = {name for text in rules.values() for name in _parsed(text).names}
        with_rule = {message.account_id for message in messages if message.pk in rules}
        facts = facts_of(with_rule, facts_day(), names)
    anchors = {pk: Anchor(step["anchor"]) for pk, step in steps.items() if step.get("anchor", Anchor.DUE_DATE) != Anchor.DUE_DATE}
    taken = {pk: text for pk, step in steps.items() if (text := str(step.get("rule") or "").strip())}
    gentle = frozenset(pk for pk, text in taken.items() if VULNERABLE in _parsed(text).names)
    dues = open_dues(owe_nothing) if owe_nothing else {}
    # What waits for its first attempt was never anybody's to correct.
    tried = [message for message in messages if message.attempts or message.status != Message.Status.QUEUED]
    return Look(accounts, dues, facts, rules, anchors, gentle, offers_seen(messages), corrected_among(tried))


def stop_reason(message: Message, look: Look, today: date) -> str:
    """Return why a message does not go out any more; "" where it does. What the gate forbids is the gate's to say.

    :param look: at the message's account, as it stands now
    :param today: the site's calendar day
    """
    if message.pk in look.corrected:
        return Stop.CORRECTED
    if message.pk in look.offers.over:
        return Stop.OFFER_OVER
    if message.pk in look.offers.replaced:
        return Stop.OFFER_REPLACED
    if message.expires_on is not None and message.expires_on < today:
        return Stop.EXPIRED
    # A notice and a correction are told whatever has become of the debt.
    if message.strategy_id is None:
        return ""
    account = look.accounts[message.account_id]
    state = getattr(account, "state", None)
    signals = getattr(account, "signals", None)
    anchor = look.anchors.get(message.pk, Anchor.DUE_DATE)
    if anchor is Anchor.RESTRICTED:
        # The line of restrictions has a date of its own: what is told of one is over with it, not with the debt.
        if _restricted_on(signals) != message.episode:
            return Stop.RESTRICTION_OVER
    elif anchor in (Anchor.PROMISE_DUE, Anchor.PROMISE_BROKEN):
        # So have those of promises: kept, broken, cancelled or followed by another one, and what was to be told is over.
        if _promised_on(signals, anchor) != message.episode:
            return Stop.PROMISE_OVER
    elif state is None or _episode_of(state, look.dues.get(account.pk, ())) != message.episode:
        return Stop.EPISODE_OVER
    if state is not None and state.is_written_off:
        return Stop.WRITTEN_OFF
    # What the law wants told is told to who promised or disputes too; the gate knows which holds it passes.
    if signals is not None and message.purpose != Purpose.NOTICE:
        found = (
            # Whoever promised is reminded of that promise and of nothing else.
            (signals.has_open_promise and anchor is not Anchor.PROMISE_DUE, Stop.PROMISE),
            (signals.has_hardship_plan, Stop.PLAN),
            (signals.is_disputed, Stop.DISPUTE),
            (signals.is_vulnerable and (message.pk not in look.gentle or message.purpose == Purpose.DEMAND), Stop.VULNERABLE),
        )
        stopped = next((reason for is_so, reason in found if is_so), "")
        if stopped:
            return stopped
    rule = look.rules.get(message.pk, "")
    return f"{Stop.STOP_RULE}: {rule}"[:300] if rule and holds(_parsed(rule), look.facts.get(account.pk, {})) else ""


def _is_not_overdue(account: CreditAccount) -> bool:
    state = getattr(account, "state", None)
    return state is None or state.oldest_unpaid_due_date is None


def _episode_of(state: AccountState, dues: Sequence[Due]) -> date | None:
    """Return the episode of the line of due dates: the due date it is late since, else that of its next open instalment."""
    return state.oldest_unpaid_due_date or next((due_date for due_date, _unpaid in dues), None)


def _restricted_on(signals: AccountSignals | None) -> date | None:
    """Return the episode of the line of restrictions: the day since which use is suspended, None where it is not."""
    return signals.restricted_on if signals is not None and signals.is_restricted else None


def _promised_on(signals: AccountSignals | None, anchor: Anchor) -> date | None:
    """Return the episode of a line of promises: the day of the next part, or that of the breach; None where there is none."""
    if signals is None:
        return None
    if anchor is Anchor.PROMISE_DUE:
        return signals.promise_due_on if signals.has_open_promise else None
    return None if signals.has_open_promise else signals.promise_broken_on


def _step(strategy: Strategy, code: str) -> dict[str, Any]:
    """Return a step of a strategy as it is kept."""
    return next((step for step in strategy.steps if step.get("code") == code), {})


@lru_cache(maxsize=500)
def _parsed(text: str) -> Rule:
    return parse_rule(text, ACCOUNT_FACTS)


def cancel(message: Message, reason: str, now: datetime) -> None:
    """Stop a locked message that is queued."""
    message.status, message.reason, message.settled_at = Message.Status.CANCELLED, reason[:300], now
    message.claimed_until, message.claimed_by = None, ""
    message.save(update_fields=["status", "reason", "settled_at", "claimed_until", "claimed_by"])


def stop_changed(*, account_ids: Sequence[int], **_more: Any) -> None:
    """Hear that what is known of accounts changed (accounts/events.py): the outbox shows at once what will not go out."""
    queued = Message.objects.filter(account_id__in=account_ids[:MOST_LOOKED_AT], status=Message.Status.QUEUED)
    ids = list(queued.exclude(strategy=None).order_by("pk").values_list("pk", flat=True)[:MOST_LOOKED_AT])
    for message_id in ids:
        _stop(message_id, timezone.now())


@transaction.atomic
def _stop(message_id: int, now: datetime) -> None:
    # One that is being prepared is locked, and looks by itself.
    skip = connection.features.has_select_for_update_skip_locked
    message = Message.objects.select_for_update(of=("self",), skip_locked=skip).filter(pk=message_id).first()
    if message is None or message.status != Message.Status.QUEUED:
        return
    reason = stop_reason(message, look_at([message]), timezone.localdate(now))
    if reason:
        cancel(message, reason, now)
        log.info("message_stopped", message=message_id, reason=reason)

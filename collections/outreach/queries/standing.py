"""What is known of a customer at a moment, as the contact policy takes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from operator import itemgetter
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import CreditAccount, Customer
from outreach.experiments import left_alone
from outreach.models import DetailState
from outreach.rules.contacts import Channel, Hold, Hours, Outcome, Party, Past, Purpose, Standing
from riskops.shared.personal import digits_of, link_indexes, person_indexes
from riskops.shared.sql import as_moment, fetch, moment, places

#: The signals of an account that hold contact back, whoever noted them.
HOLD_SIGNALS: Final = {
    "is_disputed": Hold.DISPUTE,
    "is_fraud_suspected": Hold.FRAUD_CLAIM,
    "has_hardship_plan": Hold.HARDSHIP_PLAN,
}
#: What is read of a customer and of an account's signals.
CUSTOMER_COLUMNS: Final = ("time_zone", "phone_index", "consent_sms", "consent_email", "consent_push")
SIGNAL_COLUMNS: Final = (*HOLD_SIGNALS, "is_on_hold", "is_vulnerable")
#: More contacts than any policy lets through in a week, and enough to see the last ones that failed.
PAST_READ: Final = 300
#: A day of one clock is over within two of any other: calls with others at a number count by the day.
OTHERS_READ: Final = timedelta(days=2)
#: The states that close a number or address for whoever has it.
CLOSED: Final = (DetailState.State.INVALID, DetailState.State.BOUNCED)


@dataclass(frozen=True, slots=True)
class Known:
    """A customer's standing, the contacts before the moment, and the product of the account asked about."""

    standing: Standing
    zone: str
    past: tuple[Past, ...]


@dataclass(frozen=True, slots=True)
class Noted:
    """What is noted of some customers at a moment, and the last contacts with each, the newest first.

    :param states: of the details asked about, by keyed index
    :param keys: of these contacts: what they were asked for by
    :param called: the last calls at each number that is to be called, by customer
    """

    rows: dict[int, list[tuple[str, str, Any, Any]]]
    states: dict[int, str]
    past: dict[int, tuple[Past, ...]]
    keys: frozenset[str]
    called: dict[int, list[tuple[int, Past]]]

    def with_others(self, customer_id: int, detail: int | None) -> tuple[Past, ...]:
        """Return the last calls with other customers at a number, the newest first."""
        if detail is None:
            return ()
        return tuple(replace(p, is_with_another=True) for other, p in self.called.get(detail, ()) if other != customer_id)


def known_of(
    customer: Customer,
    accounts: Iterable[CreditAccount],
    details: Iterable[int | None],
    now: datetime,
    *,
    called: int | None = None,
) -> Known:
    """Return what is known of a customer at a moment, in two queries.

    :param accounts: those asked about, read with `signals`
    :param details: the numbers and addresses asked about, as keyed indexes
    :param called: that of them which is to be called
    """
    details = list(details)
    noted = noted_of([customer], details, now, called=() if called is None else (called,))
    past = (*noted.past.get(customer.pk, ()), *noted.with_others(customer.pk, called))
    return Known(standing_of(customer, accounts, details, noted), customer.time_zone, past)


def noted_of(
    customers: Iterable[Customer],
    details: Iterable[int | None],
    now: datetime,
    *,
    called: Collection[int] = (),
    is_afterwards: bool = False,
) -> Noted:
    """Return what is noted of customers at a moment, in two queries however many there are.

    :param details: the numbers and addresses asked about beside the customers' own telephones, as keyed indexes
    :param called: those of them that are to be called: how often others were called there counts
    :param is_afterwards: the moment is over; what was noted after it does not stand
    """
    customers = list(customers)
    wanted = {detail for detail in (*details, *(customer.phone_index for customer in customers)) if detail is not None}
    rows: dict[int, list[tuple[str, str, Any, Any]]] = {}
    states: dict[int, str] = {}
    ids = [customer.pk for customer in customers]
    for customer_id, what, name, number, end in _noted_rows(ids, wanted, now, is_afterwards):
        if what == _DETAIL:
            states[number] = name
        else:
            rows.setdefault(customer_id, []).append((what, name, number, end))
    past, at_numbers, keys = _past_of(ids, called, now)
    return Noted(rows, states, past, keys, at_numbers)


def standing_of(customer: Customer, accounts: Iterable[CreditAccount], details: Iterable[int | None], noted: Noted) -> Standing:
    """Return how a customer stands, as far as these accounts and details are concerned."""
    holds: set[tuple[Hold, int | None]] = set()
    representatives: set[tuple[int, int | None]] = set()
    opted_out: set[Channel] = set()
    not_theirs: set[int] = set()
    hours: Hours | None = None
    for what, name, number, end in noted.rows.get(customer.pk, ()):
        if what == _HOLD:
            holds.add((Hold(name), number))
            if end is not None:
                representatives.add((int(end), number))
        elif what == _OPT_OUT:
            opted_out.add(Channel(name))
        elif what == _WRONG_PERSON:
            not_theirs.add(number)
        else:
            hours = Hours(time.fromisoformat(name), time.fromisoformat(end))
    for account in accounts:
        signals = getattr(account, "signals", None)
        if signals is not None:
            holds |= {(hold, account.pk) for column, hold in HOLD_SIGNALS.items() if getattr(signals, column)}
            said = {about for hold, about in holds if hold is not Hold.NO_CONTACT_ARM}
            if signals.is_on_hold and not said & {None, account.pk}:
                holds.add((Hold.STOP_CONTACT, account.pk))
            if signals.is_vulnerable:
                holds.add((Hold.VULNERABLE, account.pk))
    states = {detail: noted.states[detail] for detail in (*details, customer.phone_index) if detail in noted.states}
    unusable = frozenset(detail for detail, state in states.items() if state in CLOSED) | not_theirs
    # That mail comes back is no reason to ask others: the telephone may be tried.
    nowhere = {detail for detail, state in states.items() if state == DetailState.State.INVALID} | not_theirs
    consents = {Channel.SMS: customer.consent_sms, Channel.EMAIL: customer.consent_email, Channel.PUSH: customer.consent_push}
    return Standing(
        zone=ZoneInfo(customer.time_zone),
        agreed_hours=hours,
        consents=frozenset(channel for channel, agreed in consents.items() if agreed),
        opted_out=frozenset(opted_out),
        holds=frozenset(holds),
        representatives=frozenset(representatives),
        unusable=unusable,
        refused_by=frozenset(detail for detail, state in states.items() if state == DetailState.State.REFUSED),
        is_lost=any(hold is Hold.DEATH for hold, _about in holds) or customer.phone_index in nowhere,
    )


_HOLD, _OPT_OUT, _DETAIL, _WRONG_PERSON = "hold", "opt-out", "detail", "wrong-person"

#: What is noted of customers: of whom, what, its name, its number, the end of the hours or the detail of a representative.
#: Statements of our own: the gate asks before every contact, and to have five queries written out each time would be most of
#: what it takes.
_NOTED: Final = """
SELECT customer_id, 'hold', kind, account_id, CAST(representative AS text) FROM outreach_contacthold
WHERE customer_id IN ({customers}) AND (until IS NULL OR until > %s){then}
UNION ALL
SELECT customer_id, 'opt-out', channel, NULL, NULL FROM outreach_optout
WHERE customer_id IN ({customers}) AND (until IS NULL OR until > %s){then}
UNION ALL
SELECT NULL, 'detail', state, detail, NULL FROM outreach_detailstate WHERE detail IN ({details}){then}
UNION ALL
SELECT customer_id, 'wrong-person', NULL, detail, NULL FROM outreach_wrongperson WHERE customer_id IN ({customers}){then}
UNION ALL
SELECT customer_id, 'hours', CAST(opens_at AS text), NULL, CAST(closes_at AS text) FROM outreach_agreedhours
WHERE customer_id IN ({customers})
UNION ALL
SELECT c.customer_id, 'hold', 'no_contact_arm', c.id, NULL FROM accounts_creditaccount AS c
WHERE c.customer_id IN ({customers}) AND {left_alone}
"""
_COLUMNS: Final = "id, customer_id, at, channel, purpose, party, account_id, detail, outcome, key"
_PAST: Final = f"""
SELECT 'past', {_COLUMNS} FROM (
    SELECT {_COLUMNS} FROM outreach_contact WHERE customer_id = %s ORDER BY at DESC, id DESC LIMIT {PAST_READ}
) AS last
"""
_PASTS: Final = f"""
SELECT 'past', {_COLUMNS} FROM (
    SELECT {_COLUMNS}, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY at DESC, id DESC) AS place
    FROM outreach_contact WHERE customer_id IN ({{customers}})
) AS numbered
WHERE place <= {PAST_READ}
"""
#: The channels as in the index of calls, letter by letter: only so does SQLite know that it may be used.
_CALLS: Final = f"""
UNION ALL
SELECT 'call', {_COLUMNS} FROM outreach_contact WHERE detail IN ({{numbers}}) AND channel IN ('call', 'voice_bot') AND at > %s
"""


def _noted_rows(
    customer_ids: Sequence[int], details: Collection[int], now: datetime, is_afterwards: bool
) -> list[tuple[Any, ...]]:
    """Return all that is noted at a moment, in one query: of whom it is, what it is, its name, its number, its end."""
    if not customer_ids:
        return []
    # Whatever its beginning: what was noted while the gate waited for the customer has a later clock, and holds all the same.
    ids, at = tuple(customer_ids), moment(now)
    then, also = (" AND since <= %s", (at,)) if is_afterwards else ("", ())
    # None of a customer's has this index, and a list of none is no SQL.
    of_details = tuple(details) or (0,)
    alone = left_alone(customer="c.customer_id", product="c.product_id", on=timezone.localtime(now).date())
    sql = _NOTED.format(customers=places(ids), details=places(of_details), left_alone=alone, then=then)
    parameters = (*ids, at, *also, *ids, at, *also, *of_details, *also, *ids, *also, *ids, *ids)
    return fetch(sql, parameters)


def _past_of(
    customer_ids: Sequence[int], called: Collection[int], now: datetime
) -> tuple[dict[int, tuple[Past, ...]], dict[int, list[tuple[int, Past]]], frozenset[str]]:
    """Return the last contacts with customers, the last calls at numbers with whose each was, and the keys of the former.

    In one query; the newest first.
    """
    if not customer_ids:
        return {}, {}, frozenset()
    sql = _PAST if len(customer_ids) == 1 else _PASTS.format(customers=places(customer_ids))
    parameters: tuple[Any, ...] = tuple(customer_ids)
    if called:
        sql += _CALLS.format(numbers=places(tuple(called)))
        parameters = (*parameters, *called, moment(now - OTHERS_READ))
    of_customers: dict[int, list[Past]] = {}
    at_numbers: dict[int, list[tuple[int, Past]]] = {}
    keys = set()
    for what, _id, customer_id, at, channel, purpose, party, account_id, detail, outcome, key in sorted(
        fetch(sql, parameters), key=_NEWEST, reverse=True
    ):
        past = Past(as_moment(at), Channel(channel), Purpose(purpose), Party(party), account_id, detail, Outcome(outcome))
        if what == "past":
            of_customers.setdefault(customer_id, []).append(past)
            keys.add(key)
        else:
            at_numbers.setdefault(detail, []).append((customer_id, past))
    return {customer_id: tuple(past) for customer_id, past in of_customers.items()}, at_numbers, frozenset(keys)


#: `at`, then the id.
_NEWEST: Final = itemgetter(3, 1)


def detail_of(customer: Customer, channel: Channel) -> int | None:
    """Return the keyed index of the number or address by which a customer is reached, None where there is none.

    By app the device, by post and in person the address.
    """
    if channel in (Channel.CALL, Channel.VOICE_BOT, Channel.SMS):
        return customer.phone_index
    if channel is Channel.EMAIL:
        return customer.email_index
    links = link_indexes(customer.person)
    return min(links["device" if channel is Channel.PUSH else "address"], default=None)


def detail_of_phone(number: str) -> int | None:
    """Return the keyed index of a telephone number somebody typed."""
    return person_indexes({"phone": digits_of(number)})["phone_index"]

"""What is known of a customer at a moment, as the contact policy takes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import BigIntegerField, Q, Value
from django.db.models.functions import Cast, ExtractHour, ExtractMinute

from accounts.models import CreditAccount, Customer
from outreach.models import AgreedHours, Contact, ContactHold, DetailState, OptOut
from outreach.rules.contacts import Channel, Hold, Hours, Outcome, Party, Past, Purpose, Standing
from riskops.shared.personal import digits_of, link_indexes, person_indexes

#: The signals of an account that hold contact back, whoever noted them.
HOLD_SIGNALS: Final = {
    "is_disputed": Hold.DISPUTE,
    "is_fraud_suspected": Hold.FRAUD_CLAIM,
    "has_hardship_plan": Hold.HARDSHIP_PLAN,
}
#: More contacts than any policy lets through in a week, and enough to see the last ones that failed.
PAST_READ: Final = 300
_INVALID: Final = (DetailState.State.INVALID, DetailState.State.BOUNCED, DetailState.State.WRONG_PERSON)


@dataclass(frozen=True, slots=True)
class Known:
    """A customer's standing, the contacts before the moment, and the product of the account asked about."""

    standing: Standing
    zone: str
    past: tuple[Past, ...]


def known_of(customer: Customer, accounts: Iterable[CreditAccount], details: Iterable[int | None], now: datetime) -> Known:
    """Return what is known of a customer at a moment, in two queries.

    :param accounts: those asked about, read with `signals`
    :param details: the numbers and addresses asked about, as keyed indexes
    """
    holds: set[tuple[Hold, int | None]] = set()
    opted_out: set[Channel] = set()
    states: dict[int, str] = {}
    hours: dict[str, time] = {}
    asked = {detail for detail in (*details, customer.phone_index) if detail is not None}
    for what, name, number in _noted_of(customer.pk, asked, now):
        if what == _HOLD:
            holds.add((Hold(name), number))
        elif what == _OPT_OUT:
            opted_out.add(Channel(name))
        elif what == _DETAIL:
            states[number] = name
        else:
            hours[what] = time(*divmod(number, 60))
    for account in accounts:
        signals = getattr(account, "signals", None)
        if signals is not None:
            holds |= {(hold, account.pk) for column, hold in HOLD_SIGNALS.items() if getattr(signals, column)}
            if signals.is_on_hold and not any(about in (None, account.pk) for _hold, about in holds):
                holds.add((Hold.STOP_CONTACT, account.pk))
    unusable = frozenset(detail for detail, state in states.items() if state in _INVALID)
    consents = {Channel.SMS: customer.consent_sms, Channel.EMAIL: customer.consent_email, Channel.PUSH: customer.consent_push}
    standing = Standing(
        zone=ZoneInfo(customer.time_zone),
        agreed_hours=Hours(hours[_OPENS], hours[_CLOSES]) if hours else None,
        consents=frozenset(channel for channel, agreed in consents.items() if agreed),
        opted_out=frozenset(opted_out),
        holds=frozenset(holds),
        unusable=unusable,
        refused_by=frozenset(detail for detail, state in states.items() if state == DetailState.State.REFUSED),
        is_lost=any(hold is Hold.DEATH for hold, _about in holds) or customer.phone_index in unusable,
    )
    return Known(standing, customer.time_zone, past_of(customer.pk))


_HOLD, _OPT_OUT, _DETAIL, _OPENS, _CLOSES = "hold", "opt-out", "detail", "opens", "closes"


def _noted_of(customer_id: int, details: Collection[int], now: datetime) -> list[tuple[str, str, Any]]:
    """Return all that is noted of a customer at a moment, in one query: what it is, its name, its number.

    The gate asks before every contact and the pages of accounts for every view: five queries would be most of their time.
    """
    # Whatever its beginning: what was noted while the gate waited for the customer has a later clock, and holds all the same.
    holding = Q(until=None) | Q(until__gt=now)
    number = BigIntegerField()
    holds = ContactHold.objects.filter(holding, customer_id=customer_id)
    out = OptOut.objects.filter(holding, customer_id=customer_id)
    hours = AgreedHours.objects.filter(customer_id=customer_id)
    rows = [
        holds.values_list(Value(_HOLD), "kind", Cast("account_id", number)),
        out.values_list(Value(_OPT_OUT), "channel", Value(None, output_field=number)),
        DetailState.objects.filter(pk__in=details).values_list(Value(_DETAIL), "state", Cast("detail", number)),
        *(
            hours.values_list(Value(what), Value(""), Cast(ExtractHour(column) * 60 + ExtractMinute(column), number))
            for what, column in ((_OPENS, "opens_at"), (_CLOSES, "closes_at"))
        ),
    ]
    return list(rows[0].union(*rows[1:], all=True))


def past_of(customer_id: int) -> tuple[Past, ...]:
    """Return the last contacts with a customer, the newest first."""
    rows = Contact.objects.filter(customer_id=customer_id).order_by("-at", "-pk")
    columns = rows.values_list("at", "channel", "purpose", "party", "account_id", "detail", "outcome")[:PAST_READ]
    return tuple(
        Past(at, Channel(channel), Purpose(purpose), Party(party), account_id, detail, Outcome(outcome))
        for at, channel, purpose, party, account_id, detail, outcome in columns
    )


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

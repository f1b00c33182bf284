"""The planning of a day's messages for a range of accounts: the close's step `outreach`.

What the ladders of the strategies want sent on the day after the closed one is queued in the outbox, in one statement a strategy.
A message that no way is open for is written as stopped, with the rule that forbids it: whoever looks at the step sees it, and
it is not tried again. Whoever is killed in between, or repeats it, changes nothing: a step is planned once an episode.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db.models import Max

from accounts.models import Product
from outreach.bulk.ladder import Span, asked, come, fresh, picked, seen, step_rows
from outreach.experiments import Treated, in_force, treated_of
from outreach.models import ContactPolicy, Message
from outreach.policies import NoPolicy, live_policies, pick_policy
from outreach.rules.contacts import Standing
from outreach.rules.ladders import OVERTAKEN, Way
from outreach.strategies import ANCHORS, Ladder, ladder_of, live_strategies, notices_of
from riskops.shared.sql import days_after, execute, fetch, is_postgresql, moment

log = structlog.get_logger(__name__)

#: The step of the close that does this.
OUTREACH_STEP: Final = "outreach"

_MESSAGES: Final = Message._meta.db_table
_COLUMNS: Final = (
    *("account_id", "customer_id", "episode", "step", "channel", "purpose", "strategy_id", "template_code", "template_id"),
    *("texts", "fallback", "planned_on", "expires_on", "priority", "created_at", "status", "due_at", "reason", "attempts"),
    *("failures", "doubts"),
    *("claimed_until", "claimed_by", "contact_id", "provider", "reference", "said", "language", "sent_at", "settled_at"),
)


@dataclass(frozen=True, slots=True)
class _Followers:
    """Products, or an arm of their customers, that one strategy treats and one contact policy judges."""

    treated: Treated
    policy: ContactPolicy
    product_ids: tuple[int, ...]


def plan_messages(*, as_of: date, first_account_id: int, last_account_id: int, now: datetime) -> int:
    """Queue what is to go out on the day after the closed one, for the accounts of the range; return how many messages that is.

    :param as_of: the day whose close it is
    """
    today = as_of + timedelta(days=1)
    return sum(_plan(followers, as_of, today, first_account_id, last_account_id, now) for followers in _followers(today))


def _followers(day: date) -> list[_Followers]:
    strategies, policies, experiments = live_strategies(day), live_policies(day), list(in_force(day))
    grouped: dict[tuple[Treated, int], _Followers] = {}
    for product_id, product_code in Product.objects.order_by("pk").values_list("pk", "product_code"):
        try:
            policy = pick_policy(policies, product_code)
        except NoPolicy:
            # Without one nobody is contacted; a day is closed all the same.
            log.warning("nothing_planned_without_a_contact_policy", product=product_code)
            continue
        for treated in treated_of(product_code, strategies, experiments):
            before = grouped.get((treated, policy.pk))
            products = (*(before.product_ids if before else ()), product_id)
            grouped[treated, policy.pk] = _Followers(treated, policy, products)
    return list(grouped.values())


def _plan(followers: _Followers, as_of: date, today: date, first: int, last: int, now: datetime) -> int:
    treated = followers.treated
    ladder = ladder_of(treated.strategy)
    if treated.is_left_alone:
        ladder = notices_of(ladder)
    if not ladder.messages:
        return 0
    policy = followers.policy.figures()
    span = Span(
        ladder, followers.product_ids, as_of, today, today, now, policy.notices_pass, first, last,
        arm=treated.arm, apart_from=treated.apart_from,
    )  # fmt: skip
    before = Message.objects.aggregate(last=Max("pk"))["last"] or 0
    opens = opening(today, followers.policy, settings.TIME_ZONE)
    planned = _insert(span, opens)
    if planned:
        # The rows just written are the only ones of the range beyond the mark: a step holds its range.
        _open_in_their_zones(span, followers.policy, before)
        _stop_what_is_overtaken(span, before)
    return planned


def opening(day: date, policy: ContactPolicy, time_zone: str) -> datetime:
    """Return when the hours of contact of a day begin for a customer; the gate sees to hours that they agreed to."""
    return Standing(zone=ZoneInfo(time_zone)).begin_of(day, policy.opens_at)


def _insert(span: Span, opens: datetime) -> int:
    ladder_text, ladder_parameters = step_rows(span)
    seen_text, seen_parameters = seen(span)
    asked_text, asked_parameters = asked(span)
    rest, rest_parameters = _rest(span.ladder)
    now = moment(span.now)
    values = (
        f"p.account_id, p.customer_id, p.episode, s.code, w.channel, s.purpose, {span.ladder.strategy_id or 0:d}, w.template, "
        f"NULL, NULL, {rest}, p.day, {days_after('p.day', 's.valid_days')}, s.priority, {_moment()}, "
        f"CASE WHEN p.place IS NULL THEN '{Message.Status.CANCELLED}' ELSE '{Message.Status.QUEUED}' END, {_moment()}, "
        f"CASE WHEN p.place IS NULL THEN p.why ELSE '' END, 0, 0, 0, NULL, '', NULL, '', '', NULL, '', NULL, "
        f"CASE WHEN p.place IS NULL THEN {_moment()} END"
    )
    return execute(
        f"INSERT INTO {_MESSAGES} ({', '.join(_COLUMNS)}) "
        f"WITH {ladder_text}, {seen_text}, {come(span)}, {fresh(span)}, {asked_text}, {picked(span)} "
        f"SELECT {values} FROM picked AS p JOIN steps AS s ON s.number = p.number "
        f"JOIN ways AS w ON w.number = p.number AND w.place = COALESCE(p.place, 0) "
        f"WHERE TRUE ORDER BY p.account_id ON CONFLICT DO NOTHING",
        (*ladder_parameters, *seen_parameters, *asked_parameters, *rest_parameters, now, moment(opens), now),
    )


def _moment() -> str:
    """Return a parameter that is a moment; a bare one among the columns of a SELECT would be taken for a text."""
    return "CAST(%s AS timestamptz)" if is_postgresql() else "%s"


def _rest(ladder: Ladder) -> tuple[str, tuple[Any, ...]]:
    """Return the ways after the one taken, as JSON."""
    whens: list[str] = []
    parameters: list[str] = []
    for number, step in enumerate(ladder.steps):
        for place in range(len(step.ways) - 1):
            whens.append(f"WHEN p.number = {number:d} AND COALESCE(p.place, 0) = {place:d} THEN %s")
            parameters.append(json.dumps(fallback_of(step.ways, place)))
    text = f"CASE {' '.join(whens)} ELSE '[]' END" if whens else "'[]'"
    return f"CAST({text} AS jsonb)" if is_postgresql() else text, tuple(parameters)


def fallback_of(ways: Sequence[Way], place: int) -> list[dict[str, str]]:
    """Return the ways after one, as a message keeps them."""
    return [{"channel": str(way.channel), "template": way.template} for way in ways[place + 1 :]]


def _open_in_their_zones(span: Span, policy: ContactPolicy, before: int) -> None:
    """Let the messages just planned wait for the hours of their customers' time zones, where those are not the site's."""
    within = f"m.id > {before:d} AND m.account_id BETWEEN {span.first_account_id:d} AND {span.last_account_id:d}"
    zones = fetch(
        f"SELECT DISTINCT c.time_zone FROM {_MESSAGES} AS m JOIN accounts_customer AS c ON c.id = m.customer_id "
        f"WHERE {within} AND c.time_zone <> %s",
        (settings.TIME_ZONE,),
    )
    for (zone,) in zones:
        execute(
            f"UPDATE {_MESSAGES} AS m SET due_at = %s FROM accounts_customer AS c "
            f"WHERE {within} AND c.id = m.customer_id AND c.time_zone = %s",
            (moment(opening(span.today, policy, zone)), zone),
        )


def _stop_what_is_overtaken(span: Span, before: int) -> None:
    """Stop what still waits of earlier steps of the same episode: after a long stop the latest goes out, not the backlog."""
    within = f"n.id > {before:d} AND n.account_id BETWEEN {span.first_account_id:d} AND {span.last_account_id:d}"
    earlier = (
        f"m.account_id = n.account_id AND m.episode = n.episode AND m.strategy_id IS NOT NULL "
        f"AND m.status = '{Message.Status.QUEUED}' AND m.planned_on < n.planned_on"
    )
    # In the order of their ids, as workers lock those they send: an UPDATE takes them as they come, and of the two who wait for
    # each other one would be ended, as likely as not the close.
    lock = "FOR UPDATE OF m" if is_postgresql() else ""
    if not fetch(f"SELECT m.id FROM {_MESSAGES} AS m JOIN {_MESSAGES} AS n ON {earlier} WHERE {within} ORDER BY m.id {lock}"):
        # So it is on most nights: what was planned before went out by day.
        return
    for anchor in ANCHORS:
        line = [step.code for step in span.ladder.line(anchor)]
        others = [step.code for step in span.ladder.steps if step.anchor is not anchor]
        if not line:
            continue
        of_others = f"AND m.step NOT IN ({', '.join(['%s'] * len(others))})" if others else ""
        execute(
            f"UPDATE {_MESSAGES} AS m SET status = '{Message.Status.CANCELLED}', reason = %s, settled_at = %s "
            f"FROM {_MESSAGES} AS n WHERE {within} AND n.step IN ({', '.join(['%s'] * len(line))}) "
            f"AND {earlier} {of_others}",
            (OVERTAKEN, moment(span.now), *line, *others),
        )

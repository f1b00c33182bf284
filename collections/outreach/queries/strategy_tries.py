"""What a strategy would do: messages and calls by day, step and channel for a month, and what they cost.

On the book of the last closed day, if nobody pays. What goes out on the day after it was planned by the strategy that holds, so
the count begins on the day after that, the first that another one can have. On its first day a version takes up what is due and
was not planned; on the days after it a step is counted on its own day. Tiers and facts are those of the last closed day.
Nothing is written.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, NamedTuple

from django.conf import settings

from accounts.models import Product
from outreach.bulk.ladder import Span, asked, come, fresh, picked, seen, step_rows, to_come
from outreach.models import Strategy
from outreach.policies import live_policies, pick_policy
from outreach.rules.contacts import Hold
from outreach.rules.ladders import Act
from outreach.strategies import Ladder, ladder_of, live_strategies, pick_strategy
from riskops.shared.sql import as_day, date_literal, fetch, prepare_for_bulk_work

#: So many days are looked at.
DAYS: Final = 30
#: The channel of a call by a person, which sends no message.
CALL: Final = "call"
_LAST_ACCOUNT_ID: Final = 2**63 - 1


class TryLine(NamedTuple):
    """A step on a day by a channel, so many times; `why` is the rule where no way is open, then nothing goes out."""

    day: date
    step: str
    channel: str
    why: str
    times: int


@dataclass(frozen=True, slots=True)
class StrategyTry:
    """What was found, on the book of which day.

    :param costs: what a message cost by channel when it was tried, in major units of `currency`
    """

    as_of: date
    lines: tuple[TryLine, ...]
    costs: dict[str, str]
    currency: str
    took_ms: int

    @property
    def days(self) -> tuple[date, ...]:
        """The days looked at."""
        return tuple(self.as_of + timedelta(days=number) for number in range(2, DAYS + 2))

    @property
    def sent(self) -> tuple[TryLine, ...]:
        """The messages that would go out."""
        return tuple(line for line in self.lines if not line.why and line.channel != CALL)

    @property
    def messages(self) -> int:
        """How many messages would go out."""
        return sum(line.times for line in self.sent)

    @property
    def calls(self) -> int:
        """How many calls would fall due."""
        return sum(line.times for line in self.lines if line.channel == CALL)

    @property
    def left_out(self) -> int:
        """How many messages no way would be open for."""
        return sum(line.times for line in self.lines if line.why)

    @property
    def cost(self) -> Decimal:
        """What they would cost, in major units, rounded to the hundredth once."""
        whole = sum((Decimal(self.costs.get(line.channel, "0")) * line.times for line in self.sent), Decimal(0))
        return whole.quantize(Decimal("0.01"), ROUND_HALF_UP)

    def by(self, *fields: str) -> dict[tuple[Any, ...], int]:
        """Return the messages that would go out, counted by some columns of the lines."""
        counts: Counter[tuple[Any, ...]] = Counter()
        for line in self.sent:
            counts[tuple(getattr(line, name) for name in fields)] += line.times
        return dict(counts)

    def as_json(self) -> dict[str, Any]:
        """Return it as the draft keeps it."""
        return {
            "as_of": self.as_of.isoformat(),
            "lines": [[line.day.isoformat(), *line[1:]] for line in self.lines],
            "costs": self.costs,
            "currency": self.currency,
            "took_ms": self.took_ms,
            "messages": self.messages,
            "calls": self.calls,
            "left_out": self.left_out,
            "cost": str(self.cost),
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> StrategyTry:
        """Return what a draft kept."""
        return cls(
            as_of=date.fromisoformat(kept["as_of"]),
            lines=tuple(TryLine(date.fromisoformat(day), *rest) for day, *rest in kept["lines"]),
            costs=kept["costs"],
            currency=kept["currency"],
            took_ms=kept["took_ms"],
        )


def try_ladder(strategy: Strategy, *, as_of: date, now: datetime) -> StrategyTry:
    """Return what a version would do on the book of a day, for the products that would follow it. Call it within `one_moment`.

    :raises LadderUnread, RuleRefusal: it says what is no ladder, or a rule names what there is no more
    """
    prepare_for_bulk_work()
    begun = time.perf_counter()
    first_day = as_of + timedelta(days=2)
    ladder = ladder_of(strategy)
    counts: Counter[tuple[date, str, str, str]] = Counter()
    for notices_pass, product_ids in _products(strategy, first_day).items():
        span = Span(
            ladder, product_ids, as_of, first_day, first_day + timedelta(days=DAYS - 1), now, notices_pass, 0, _LAST_ACCOUNT_ID,
            with_calls=True,
        )  # fmt: skip
        for day, number, channel, why, count in _counted(span):
            counts[as_day(day), ladder.steps[number].code, channel, why] += count
    took_ms = round((time.perf_counter() - begun) * 1_000)
    lines = tuple(TryLine(*key, count) for key, count in sorted(counts.items()))
    costs = {channel: str(cost) for channel, cost in settings.MESSAGE_COST.items()}
    return StrategyTry(as_of, lines, costs, settings.MESSAGE_COST_CURRENCY, took_ms)


def _products(strategy: Strategy, day: date) -> dict[frozenset[Hold], list[int]]:
    """Return the products that would follow a version, by the holds that notices pass under their contact policies."""
    strategies = {**live_strategies(day), strategy.code: strategy}
    policies = live_policies(day)
    found: dict[frozenset[Hold], list[int]] = {}
    for product_id, product_code in Product.objects.order_by("pk").values_list("pk", "product_code"):
        if pick_strategy(strategies, product_code) is strategy:
            found.setdefault(pick_policy(policies, product_code).figures().notices_pass, []).append(product_id)
    return found


def _counted(span: Span) -> list[tuple[Any, ...]]:
    ladder_text, ladder_parameters = step_rows(span)
    seen_text, seen_parameters = seen(span)
    asked_text, asked_parameters = asked(span, "every_step")
    calls = _numbers_of_calls(span.ladder)
    of_calls = f"number IN ({', '.join(map(str, calls))})" if calls else "number < 0"
    # What was due before the first day goes out on it.
    day = f"CASE WHEN day < {date_literal(span.today)} THEN {date_literal(span.today)} ELSE day END"
    return fetch(
        f"WITH {ladder_text}, {seen_text}, {come(span)}, {fresh(span)}, {to_come(span)}, "
        f"every_step AS (SELECT * FROM fresh UNION ALL SELECT * FROM to_come), {asked_text}, {picked(span)} "
        f"SELECT {day}, p.number, w.channel, CASE WHEN p.place IS NULL THEN p.why ELSE '' END, COUNT(*) FROM picked AS p "
        f"JOIN ways AS w ON w.number = p.number AND w.place = COALESCE(p.place, 0) GROUP BY 1, 2, 3, 4 "
        f"UNION ALL SELECT {day}, number, '{CALL}', '', COUNT(*) FROM every_step WHERE {of_calls} GROUP BY 1, 2",
        (*ladder_parameters, *seen_parameters, *asked_parameters),
    )


def _numbers_of_calls(ladder: Ladder) -> list[int]:
    return [number for number, step in enumerate(ladder.steps) if step.act is Act.CALL]

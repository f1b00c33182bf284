"""The ladder as SQL: which accounts of a range stand where on it on a day, and by which way each can be reached.

What the close plans and what a dry run counts are made of the same parts; operations/planning.py does the same for one account
in plain Python, and a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from django.db.models import BooleanField, Case, DateField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from accounts.facts import ACCOUNT_FACTS, account_rows
from accounts.models import AccountSignals, Installment
from casework.policies import account_rule
from outreach.models import ArmAssignment, ContactHold, DetailState, Message, OptOut, WrongPerson
from outreach.queries.standing import CLOSED, HOLD_SIGNALS
from outreach.rules.contact_policy import RuleId
from outreach.rules.contacts import Channel, Hold, Purpose
from outreach.rules.ladders import PRIORITIES, Act, Anchor, Step
from outreach.strategies import VULNERABLE, Ladder, is_gentle
from riskops.shared.rule_language import compiled, condition
from riskops.shared.sql import boolean, date_literal, days_after, moment

#: The key of the number or address by which a channel reaches a customer; a device is looked for when it is sent.
_DETAILS: Final = {Channel.SMS: "c.phone_index", Channel.EMAIL: "c.email_index"}
_MESSAGES: Final = Message._meta.db_table
#: The column of an account's signals that holds the date of a line.
SIGNAL_DATES: Final = {
    Anchor.RESTRICTED: "restricted_on",
    Anchor.PROMISE_DUE: "promise_due_on",
    Anchor.PROMISE_BROKEN: "promise_broken_on",
}


@dataclass(frozen=True)
class Span:
    """What a statement looks at.

    :param as_of: the last closed day, whose figures the rules see
    :param today: the first day asked about; `through` the last
    :param notices_pass: the holds that notices pass under the contact policy of these products
    :param arm: experiment id and code of the arm whose customers alone are looked at
    :param apart_from: the experiment whose customers are not
    """

    ladder: Ladder
    product_ids: Sequence[int]
    as_of: date
    today: date
    through: date
    now: datetime
    notices_pass: frozenset[Hold]
    first_account_id: int
    last_account_id: int
    with_calls: bool = False
    arm: tuple[int, str] | None = None
    apart_from: int | None = None

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps that the statement is to find; all others only stand before or after them."""
        return self.ladder.steps if self.with_calls else self.ladder.messages

    def window(self, anchor: Anchor) -> tuple[date, date] | None:
        """Return the first and last episode of a line in which a step can be due; None where it has no steps."""
        steps = [step for step in self.steps if step.anchor is anchor]
        if not steps:
            return None
        longest = max(step.days + step.valid_days for step in steps)
        return self.today - timedelta(days=longest), self.through - timedelta(days=min(step.days for step in steps))

    @cached_property
    def conditions(self) -> dict[tuple[Any, ...], str]:
        """The name of the column for each condition that steps have, each once; none for a step that is always taken."""
        found: dict[tuple[Any, ...], str] = {}
        for step in self.ladder.steps:
            key = _key(step)
            if any(key):
                found.setdefault(key, f"takes_{len(found)}")
        return found

    def takes(self, step: Step) -> str:
        """Return the condition of a step over the rows of `seen`."""
        name = self.conditions.get(_key(step))
        return name or boolean(True)


def _key(step: Step) -> tuple[Any, ...]:
    """Return what a step is taken by: its tiers, its rules, and whether vulnerable customers are left out."""
    return step.tiers, step.rule, step.stop_rule, not is_gentle(step)


def seen(span: Span) -> tuple[str, tuple[Any, ...]]:
    """Return the first table of a statement, `seen`: the accounts that may stand on a step, with the due date they stand on.

    Most accounts are neither late by a number of days that a step is about nor have something due soon; `moves_on`, which aging
    keeps (accounts/bulk/age.py), tells the latter without a look at their instalments.
    """
    rows = account_rows(span.first_account_id, span.last_account_id).filter(_candidates(span), opened_on__lte=span.as_of)
    if span.product_ids:
        rows = rows.filter(product_id__in=list(span.product_ids))
    assigned = ArmAssignment.objects.filter(customer_id=OuterRef("account__customer_id"))
    if span.arm is not None:
        rows = rows.filter(Exists(assigned.filter(experiment_id=span.arm[0], arm=span.arm[1])))
    if span.apart_from is not None:
        rows = rows.filter(~Exists(assigned.filter(experiment_id=span.apart_from)))
    annotated: QuerySet[Any] = ACCOUNT_FACTS.annotated(rows, span.ladder.facts, span.as_of)
    conditions = {name: _condition(*key) for key, name in span.conditions.items()}
    annotated = annotated.annotate(due_date=_due_date(span.as_of), **conditions)
    columns = ("account_id", "due_date", *conditions)
    query, parameters = compiled(annotated.values_list(*columns))
    # Kept: worked into the CASE over the steps, every date would be looked up once a step.
    return f"seen ({', '.join(columns)}) AS MATERIALIZED ({query})", parameters


def _candidates(span: Span) -> Q:
    found = Q(pk__in=[])
    window = span.window(Anchor.DUE_DATE)
    if window is not None:
        first, last = window
        found |= Q(oldest_unpaid_due_date__gte=first, oldest_unpaid_due_date__lte=last)
        if last >= span.as_of:
            # The day after a due date is one on which aging must look at the account again.
            is_soon = Q(moves_on=None) | Q(moves_on__lte=last + timedelta(days=1))
            found |= Q(oldest_unpaid_due_date=None) & is_soon
    for anchor, column in SIGNAL_DATES.items():
        window = span.window(anchor)
        if window is not None:
            # A list of few, found first: asked of the joined signals, these would be read for every account of the range.
            of_range = AccountSignals.objects.filter(pk__gte=span.first_account_id, pk__lte=span.last_account_id)
            found |= Q(pk__in=of_range.filter(**{f"{column}__range": window}).values("pk"))
    return found


def _due_date(as_of: date) -> Any:
    coming = Installment.objects.filter(account_id=OuterRef("pk"), is_open=True, due_date__gte=as_of).order_by("due_date")
    return Coalesce(F("oldest_unpaid_due_date"), Subquery(coming.values("due_date")[:1]), output_field=DateField())


def _condition(tiers: Sequence[str], rule: str, stop_rule: str, spares_vulnerable: bool) -> Any:
    wanted = Q(tier__in=list(tiers)) if tiers else Q()
    if spares_vulnerable:
        wanted &= condition(account_rule(f"{VULNERABLE} = False"))
    if rule:
        wanted &= condition(account_rule(rule))
    if stop_rule:
        wanted &= ~condition(account_rule(stop_rule))
    return Case(When(wanted, then=Value(True)), default=Value(False), output_field=BooleanField())


def step_rows(span: Span) -> tuple[str, tuple[Any, ...]]:
    """Return the tables `steps` and `ways` of a statement: the ladder itself."""
    anchors = list(Anchor)
    rows: list[str] = []
    ways: list[str] = []
    parameters: list[Any] = []
    way_parameters: list[Any] = []
    for number, step in enumerate(span.ladder.steps):
        line, priority = anchors.index(step.anchor), PRIORITIES[step.purpose]
        rows.append(f"({number:d}, %s, {step.days:d}, {step.valid_days:d}, {line:d}, %s, {priority:d})")
        parameters += [step.code, str(step.purpose)]
        for place, way in enumerate(step.ways):
            ways.append(f"({number:d}, {place:d}, %s, %s)")
            way_parameters += [str(way.channel), way.template]
    if not ways:
        ways, way_parameters = ["(-1, 0, %s, %s)"], ["", ""]
    text = (
        f"steps (number, code, days, valid_days, line, purpose, priority) AS (VALUES {', '.join(rows)}), "
        f"ways (number, place, channel, template) AS (VALUES {', '.join(ways)})"
    )
    return text, (*parameters, *way_parameters)


def come(span: Span) -> str:
    """Return the table `come` of a statement: the step on which each account stands on the first day, by line."""
    queries = []
    for anchor in Anchor:
        window = span.window(anchor)
        if window is None:
            continue
        first, last = window[0], span.today - timedelta(days=min(step.days for step in span.steps if step.anchor is anchor))
        queries.append(
            f"SELECT v.account_id, {_DATES[anchor]} AS episode, {_standing(span, anchor)} AS number FROM {_LINES[anchor]} "
            f"WHERE {_DATES[anchor]} BETWEEN {date_literal(first)} AND {date_literal(last)}"
        )
    return f"come AS ({' UNION ALL '.join(queries)})"


#: The date of a line, and the rows that have it: few accounts were restricted or promised, and they are looked up by that.
_SIGNALS_TABLE: Final = AccountSignals._meta.db_table
_DATES: Final = {Anchor.DUE_DATE: "v.due_date", **{anchor: f"r.{column}" for anchor, column in SIGNAL_DATES.items()}}
_OF_SIGNALS: Final = f"seen AS v JOIN {_SIGNALS_TABLE} AS r ON r.account_id = v.account_id"
_LINES: Final = {
    Anchor.DUE_DATE: "seen AS v",
    Anchor.RESTRICTED: f"{_OF_SIGNALS} AND r.is_restricted",
    Anchor.PROMISE_DUE: f"{_OF_SIGNALS} AND r.has_open_promise",
    Anchor.PROMISE_BROKEN: f"{_OF_SIGNALS} AND NOT r.has_open_promise",
}


def _standing(span: Span, anchor: Anchor) -> str:
    """Return the number of the latest step of a line whose day has come and that is taken; NULL where there is nothing to do."""
    whens = []
    numbered = [(number, step) for number, step in enumerate(span.ladder.steps) if step.anchor is anchor]
    for number, step in sorted(numbered, key=lambda entry: -entry[1].days):
        last_day, its_day = (span.today - timedelta(days=days) for days in (step.days + step.valid_days, step.days))
        is_wanted = step.act is Act.MESSAGE or span.with_calls
        does = f"CASE WHEN {_DATES[anchor]} >= {date_literal(last_day)} THEN {number:d} END" if is_wanted else "NULL"
        whens.append(f"WHEN {_DATES[anchor]} <= {date_literal(its_day)} AND {span.takes(step)} THEN {does}")
    return f"CASE {' '.join(whens)} END"


def fresh(span: Span) -> str:
    """Return the table `fresh` of a statement: of those that stand on a step, whom it has not been planned for.

    Nor any of that day or later in the episode; what was planned by a strategy before counts by its days.
    """
    its_day = days_after("c.episode", "s.days")
    return (
        f"fresh AS MATERIALIZED (SELECT c.account_id, c.episode, c.number, {its_day} AS day FROM come AS c "
        f"JOIN steps AS s ON s.number = c.number WHERE NOT EXISTS ("
        f"SELECT 1 FROM {_MESSAGES} AS m WHERE m.account_id = c.account_id AND m.episode = c.episode "
        f"AND m.account_id BETWEEN {span.first_account_id:d} AND {span.last_account_id:d} AND m.strategy_id IS NOT NULL "
        f"AND (m.step = s.code OR (m.planned_on >= {its_day} "
        f"AND NOT EXISTS (SELECT 1 FROM steps AS o WHERE o.code = m.step AND o.line <> s.line)))))"
    )


def to_come(span: Span) -> str:
    """Return the table `to_come` of a statement: the steps whose own day is after the first one, as the accounts stand now."""
    queries = []
    for line, anchor in enumerate(Anchor):
        takes = [
            f"WHEN {number:d} THEN {span.takes(step)}"
            for number, step in enumerate(span.ladder.steps)
            if step.anchor is anchor and step in span.steps
        ]
        if not takes:
            continue
        its_day = days_after(_DATES[anchor], "s.days")
        after, through = date_literal(span.today + timedelta(days=1)), date_literal(span.through)
        queries.append(
            f"SELECT v.account_id, {_DATES[anchor]} AS episode, s.number, {its_day} AS day FROM {_LINES[anchor]} "
            f"JOIN steps AS s ON s.line = {line:d} WHERE {its_day} BETWEEN {after} AND {through} "
            f"AND CASE s.number {' '.join(takes)} END"
        )
    return f"to_come AS ({' UNION ALL '.join(queries)})"


def asked(span: Span, table: str = "fresh") -> tuple[str, tuple[Any, ...]]:
    """Return the table `asked` of a statement: whether contact about each account of a table is held back, and what forbids each
    channel, '' where nothing does.

    What the gate forbids for good is asked here already, in its order: holds, dead numbers, opt-outs, consent. What it puts off
    it puts off when the message goes out.
    """
    held, parameters = _held(span)
    columns = [f"{held} AS is_held"]
    channels = sorted({way.channel for step in span.ladder.messages for way in step.ways})
    for channel in channels:
        text, more = _forbidden(span, channel)
        columns.append(f"{text} AS why_{channel}")
        parameters += more
    # Kept, and so are the rows it is made of: each hold and wish is looked up once, and only for whom nothing was planned yet.
    text = (
        f"asked AS MATERIALIZED (SELECT f.account_id, f.episode, f.number, f.day, a.customer_id, {', '.join(columns)} "
        f"FROM {table} AS f JOIN accounts_creditaccount AS a ON a.id = f.account_id "
        f"AND a.id BETWEEN {span.first_account_id:d} AND {span.last_account_id:d} "
        f"JOIN accounts_customer AS c ON c.id = a.customer_id JOIN steps AS s ON s.number = f.number "
        f"LEFT JOIN {_SIGNALS_TABLE} AS g ON g.account_id = f.account_id)"
    )
    return text, parameters


def _forbidden(span: Span, channel: Channel) -> tuple[str, tuple[Any, ...]]:
    """Return the rule that forbids a channel for good, '' where none does."""
    whens = []
    if channel in _DETAILS:
        column, dead = _DETAILS[channel], ", ".join(f"'{state}'" for state in CLOSED)
        unusable = f"SELECT 1 FROM {DetailState._meta.db_table} AS d WHERE d.detail = {column} AND d.state IN ({dead})"
        another = f"SELECT 1 FROM {WrongPerson._meta.db_table} AS w WHERE w.customer_id = c.id AND w.detail = {column}"
        whens.append(f"WHEN {column} IS NULL OR EXISTS ({unusable}) OR EXISTS ({another}) THEN '{RuleId.DETAIL}'")
    out = (
        f"SELECT 1 FROM {OptOut._meta.db_table} AS o WHERE o.customer_id = c.id AND o.channel = '{channel}' "
        f"AND (o.until IS NULL OR o.until > %s)"
    )
    whens.append(f"WHEN EXISTS ({out}) THEN '{RuleId.OPT_OUT}'")
    whens.append(f"WHEN s.purpose <> '{Purpose.NOTICE}' AND NOT c.consent_{channel} THEN '{RuleId.CONSENT}'")
    return f"CASE {' '.join(whens)} ELSE '' END", (moment(span.now),)


def _held(span: Span) -> tuple[str, tuple[Any, ...]]:
    """Return the condition that contact about an account is held back, for the purpose of the step; see queries/standing.py."""
    now = moment(span.now)
    holds = (
        f"SELECT 1 FROM {ContactHold._meta.db_table} AS h WHERE h.customer_id = c.id "
        f"AND (h.account_id IS NULL OR h.account_id = a.id) AND (h.until IS NULL OR h.until > %s)"
    )
    known = f"({' OR '.join(_flag(name) for name in HOLD_SIGNALS)} OR EXISTS ({holds}))"
    passed = [str(hold) for hold in sorted(span.notices_pass)]
    stopping = [_flag(name) for name, hold in HOLD_SIGNALS.items() if hold not in span.notices_pass]
    some = f"AND h.kind NOT IN ({', '.join(['%s'] * len(passed))})" if passed else ""
    stopping.append(f"EXISTS ({holds} {some})")
    parameters: tuple[Any, ...] = (now, now, *passed)
    if Hold.STOP_CONTACT not in span.notices_pass:
        # Collection is held and nothing says why: as if the customer had asked for it.
        stopping.append(f"({_flag('is_on_hold')} AND NOT {known})")
        parameters = (*parameters, now)
    text = (
        f"(CASE WHEN s.purpose <> '{Purpose.NOTICE}' THEN ({_flag('is_on_hold')} OR {known}) ELSE ({' OR '.join(stopping)}) END)"
    )
    return text, parameters


def _flag(name: str) -> str:
    """Return a signal of the account; most accounts without any have no row."""
    return f"COALESCE(g.{name}, {boolean(False)})"


def picked(span: Span) -> str:
    """Return the table `picked` of a statement: the place of the first way that nothing forbids (NULL where all are forbidden),
    and what forbids the first one.
    """
    # A ladder of calls alone has no ways at all.
    places, whys = ["WHEN -1 THEN 0"], ["WHEN -1 THEN ''"]
    for number, step in enumerate(span.ladder.steps):
        if step.ways:
            in_order = " ".join(f"WHEN why_{way.channel} = '' THEN {place:d}" for place, way in enumerate(step.ways))
            places.append(f"WHEN {number:d} THEN CASE {in_order} END")
            whys.append(f"WHEN {number:d} THEN why_{step.ways[0].channel}")
    return (
        f"picked AS (SELECT account_id, customer_id, episode, number, day, "
        f"CASE WHEN NOT is_held THEN CASE number {' '.join(places)} END END AS place, "
        f"CASE WHEN is_held THEN '{RuleId.HOLD}' ELSE CASE number {' '.join(whys)} END END AS why FROM asked)"
    )

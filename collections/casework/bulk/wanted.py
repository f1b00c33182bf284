"""What belongs in the queues: found by a pass over a range of accounts, or worked out in plain Python for a single one.

Both come to the same (tests/casework/test_filling_queues.py), and the statements of casework/bulk/queues.py take either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db.models import BigIntegerField, Case, CharField, ExpressionWrapper, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Least

from accounts.facts import ACCOUNT_FACTS, account_rows
from accounts.models import AccountState
from casework.blocks import STANDING, StandingBlock
from casework.models import Queue, WorkItem
from casework.policies import account_rule
from casework.queries.effectiveness import current_weights, effectiveness, formula_of
from casework.rules.priority import AMOUNT_STEP, MOST_WEIGHED, WEIGHT_SCALE, priority
from riskops.shared.rule_language import FactsRow, Rule, compiled, condition, holds
from riskops.shared.sql import execute, is_postgresql

#: The table of the session that `collect_wanted` fills.
WANTED: Final = "casework_wanted"
_COLUMNS: Final = {
    "account_id": "bigint", "queue_id": "bigint", "priority": "bigint", "basis": "bigint", "blocked_by": "varchar(40)",
    "minutes": "integer",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """An account that belongs in a queue, with what its item says. Minutes are of the service time, None for none."""

    account_id: int
    queue_id: int
    priority: int
    basis: int
    blocked_by: str
    minutes: int | None


@dataclass(frozen=True, slots=True)
class _Group:
    """Queues that one pass fills: those of tiers, where the tier of an account tells which; or one queue."""

    members: tuple[Queue, ...]

    @property
    def first(self) -> Queue:
        return self.members[0]

    @property
    def rule(self) -> Rule | None:
        return account_rule(self.first.rule) if self.first.rule else None

    @property
    def tiers(self) -> list[str]:
        """The tiers that belong in it; none for those that a list or a rule alone fills."""
        is_fixed = self.first.kind == Queue.Kind.FIXED
        return [] if is_fixed else [tier for member in self.members for tier in member.tiers]

    @property
    def blocks(self) -> list[StandingBlock]:
        """The blocks that any of its queues goes by."""
        return [block for block in STANDING.values() if any(block.name not in each.ignored_blocks for each in self.members)]

    @property
    def names(self) -> set[str]:
        """The facts that it asks for."""
        of_blocks = {name for block in self.blocks for name in block.rule.names}
        return {"exposure", "overdue"} | of_blocks | set(self.rule.names if self.rule else ())


def _groups(queues: Sequence[Queue]) -> list[_Group]:
    """Return the passes that queues take: one for all queues of tiers as long as no tier is in two, one for each other."""
    by_tier: list[list[Queue]] = []
    alone: list[list[Queue]] = []
    for queue in queues:
        if queue.kind != Queue.Kind.DYNAMIC or not queue.tiers or queue.rule:
            alone.append([queue])
            continue
        wanted = set(queue.tiers)
        members = next((found for found in by_tier if not wanted & {tier for each in found for tier in each.tiers}), None)
        if members is None:
            by_tier.append(members := [])
        members.append(queue)
    return [_Group(tuple(members)) for members in (*by_tier, *alone)]


def _weights(queues: Sequence[Queue], now: datetime) -> dict[int, tuple[int, ...]]:
    """Return the weight of each bucket, by queue id."""
    weights = current_weights()
    formula, found = formula_of(weights), effectiveness(queues, weights=weights, now=now)
    return {queue.pk: formula.by_bucket(found[queue.pk]) for queue in queues}


def collect_wanted(queues: Sequence[Queue], *, as_of: date, now: datetime, first: int, last: int) -> None:
    """Put what belongs in the queues into a table of this session: one pass for all queues of tiers, one for each other."""
    columns = ", ".join(f"{name} {kind}" + ("" if name == "minutes" else " NOT NULL") for name, kind in _COLUMNS.items())
    # Made once a session: a new one for every shard is as many dead rows in the catalogue.
    if is_postgresql():
        execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {WANTED} ({columns}) ON COMMIT DELETE ROWS")
    else:
        # SQLite joins row by row: without a key it reads the whole table again for every item of the shard.
        key = "PRIMARY KEY (account_id, queue_id)"
        execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {WANTED} ({columns}, {key}) WITHOUT ROWID")
    execute(f"DELETE FROM {WANTED}")
    by_bucket = _weights(queues, now)
    for group in _groups(queues):
        query, parameters = compiled(_rows(group, by_bucket, as_of=as_of, first=first, last=last))
        execute(f"INSERT INTO {WANTED} ({', '.join(_COLUMNS)}) {query}", parameters)


def _rows(
    group: _Group, by_bucket: dict[int, tuple[int, ...]], *, as_of: date, first: int, last: int
) -> QuerySet[AccountState, Any]:
    """Return account, queue, priority, basis of the order, block and service minutes of what belongs in queues of one group."""
    queue, members = group.first, group.members
    rule, tiers = group.rule, group.tiers
    rows = account_rows(first, last).filter(opened_on__lte=as_of)
    if queue.kind == Queue.Kind.FIXED:
        rows = rows.filter(pk__in=WorkItem.objects.filter(queue=queue).values("account_id"))
    elif tiers:
        rows = rows.filter(tier__in=tiers)
    rows = ACCOUNT_FACTS.annotated(rows, sorted(group.names), as_of)
    if rule is not None:
        rows = rows.filter(condition(rule))

    def by_member(value: Any, field: Any) -> Any:
        values = [value(member) for member in members]
        whens = [When(tier__in=member.tiers, then=then) for member, then in zip(members[1:], values[1:], strict=True)]
        return Case(*whens, default=values[0], output_field=field)

    def weight(member: Queue) -> Any:
        whens = [When(bucket=number, then=Value(found)) for number, found in enumerate(by_bucket[member.pk])]
        return Case(*whens, default=Value(0), output_field=BigIntegerField())

    step, scale = Value(AMOUNT_STEP), Value(WEIGHT_SCALE // AMOUNT_STEP)
    weighed = Least(F("fact_exposure") / step, Value(MOST_WEIGHED), output_field=BigIntegerField())
    worth = ExpressionWrapper(weighed * by_member(weight, BigIntegerField()) / scale, output_field=BigIntegerField())
    bases = {
        Queue.Order.LATENESS: ExpressionWrapper(F("days_past_due") * Value(1), output_field=BigIntegerField()),
        Queue.Order.OVERDUE: F("fact_overdue"),
        Queue.Order.SERVICE_TIME: Value(0, output_field=BigIntegerField()),
    }
    orders = {Queue.Order(member.order) for member in members}
    is_alike = len(orders) == 1
    basis = (
        bases.get(orders.pop(), worth)
        if is_alike
        else by_member(lambda member: bases.get(Queue.Order(member.order), worth), BigIntegerField())
    )
    minutes = [
        When(tier=tier, then=Value(member.tier_minutes[tier]))
        for member in members
        for tier in member.tiers
        if member.tier_minutes.get(tier)
    ]
    minutes += [When(tier__in=each.tiers, then=Value(each.service_minutes)) for each in members[1:] if each.service_minutes]
    blocked = Case(
        *(When(_blocks(block, members), then=Value(block.name)) for block in group.blocks),
        default=Value(""),
        output_field=CharField(),
    )
    return rows.annotate(
        in_queue=by_member(lambda member: Value(member.pk), BigIntegerField()),
        worth=worth,
        order_basis=basis,
        block=blocked,
        minutes=Case(*minutes, default=Value(queue.service_minutes, output_field=IntegerField()), output_field=IntegerField()),
    ).values_list("account_id", "in_queue", "worth", "order_basis", "block", "minutes")


def _blocks(block: StandingBlock, members: Sequence[Queue]) -> Q:
    """Return the condition that a block holds in the queue that an account is in."""
    spared = [tier for member in members if block.name in member.ignored_blocks for tier in member.tiers]
    return condition(block.rule) & ~Q(tier__in=spared) if spared else condition(block.rule)


def wanted_of(account_id: int, queues: Sequence[Queue], *, listed: frozenset[int], as_of: date, now: datetime) -> list[Wanted]:
    """Return where one account belongs: two queries for the figures of the queues, one for the account's facts, no table.

    :param listed: ids of the queues, among them the fixed ones, in which it has an item
    """
    groups = _groups(queues)
    names = sorted({"dpd", "bucket"}.union(*(group.names for group in groups)))
    facts = [ACCOUNT_FACTS.fact(name) for name in names]
    rows = ACCOUNT_FACTS.annotated(account_rows().filter(pk=account_id, opened_on__lte=as_of), names, as_of)
    found = rows.values_list("tier", *(fact.annotation for fact in facts)).first()
    if found is None:
        return []
    tier, *values = found
    row = {fact.name: fact.plain(value) for fact, value in zip(facts, values, strict=True)}
    belonging = []
    for group in groups:
        queue = next((member for member in group.members[1:] if tier in member.tiers), group.first)
        is_fixed, tiers, rule = queue.kind == Queue.Kind.FIXED, group.tiers, group.rule
        belongs = queue.pk in listed if is_fixed else not tiers or tier in tiers
        if belongs and (rule is None or holds(rule, row)):
            belonging.append(queue)
    # Without a queue there is nothing to weigh: most accounts that somebody pays on are in none.
    by_bucket = _weights(belonging, now) if belonging else {}
    return [_wanted(account_id, queue, row, tier=tier, weights=by_bucket[queue.pk]) for queue in belonging]


def _wanted(account_id: int, queue: Queue, row: FactsRow, *, tier: str, weights: Sequence[int]) -> Wanted:
    bucket = int(row["bucket"] or 0)
    worth = priority(int(row["exposure"] or 0), weights[bucket] if 0 <= bucket < len(weights) else 0)
    basis = {
        Queue.Order.LATENESS: int(row["dpd"] or 0),
        Queue.Order.OVERDUE: int(row["overdue"] or 0),
        Queue.Order.SERVICE_TIME: 0,
    }
    blocks = (block for block in STANDING.values() if block.name not in queue.ignored_blocks)
    is_fixed = queue.kind == Queue.Kind.FIXED
    return Wanted(
        account_id=account_id,
        queue_id=queue.pk,
        priority=worth,
        basis=basis.get(Queue.Order(queue.order), worth),
        blocked_by=next((block.name for block in blocks if holds(block.rule, row)), ""),
        minutes=(None if is_fixed else queue.tier_minutes.get(tier) if tier in queue.tiers else None) or queue.service_minutes,
    )


def as_rows(wanted: Sequence[Wanted]) -> tuple[str, tuple[Any, ...]]:
    """Return some rows as a statement reads them in the place of the table, and their parameters."""
    # No head of a statement (WITH): on SQLite, Python counts no rows of one.
    line = "SELECT " + ", ".join(f"CAST(%s AS {kind}) AS {name}" for name, kind in _COLUMNS.items())
    none = "SELECT " + ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in _COLUMNS.items()) + " WHERE 1 = 0"
    parameters = tuple(getattr(each, name) for each in wanted for name in _COLUMNS)
    return f"({' UNION ALL '.join([line] * len(wanted) or [none])})", parameters

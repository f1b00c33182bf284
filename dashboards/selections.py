"""The accounts behind a figure: a selection as it stands in the address bar, its exact size, and its rows by keyset.

Sizes come from the same tallies as the charts; rows from the snapshots those were summed from. As reported: what an account
owed and was on that month-end, not today.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models.account import CreditAccount
from accounts.models.product import Product
from accounts.models.snapshot import AccountSnapshot
from dashboards.rules.months import shifted
from dashboards.rules.states import BUCKETS, STATE_BY_KEY, STATES, THRESHOLDS, State
from dashboards.scope import Scope
from dashboards.state_sql import HAS_STATE, before_joins_sql, from_state_sql, state_sql
from dashboards.tallies import Tallies
from riskops.shared.personal import masked_name
from riskops.shared.sql import date_literal, fetch
from riskops.shared.wording import day_text

PAGE_ROWS: Final = 50
STATE_NAMES: Final[dict[State, Promise | str]] = {
    **{bucket: bucket.key for bucket in BUCKETS},
    State.PAID_OFF: gettext_lazy("paid off"),
    State.WRITTEN_OFF: gettext_lazy("written off"),
    State.NEW: gettext_lazy("new"),
}


class UnreadableSelection(ValueError):
    """The address does not name a selection; the message says which part."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Accounts at a month-end. Exactly one of the ways to choose is used; with none, accounts in any bucket.

    :param states: in one of these states
    :param days_from: in a bucket and at least so many days past due
    :param move: in the first state at the month-end before and in the second now
    :param lag: numerator of the lagged rate of this k: bucket mk or worse, and for k ≥ 2 written off in the month
    """

    as_of: date
    states: tuple[State, ...] = ()
    days_from: int = 0
    move: tuple[State, State] | None = None
    lag: int = 0
    product: str = ""
    currency: str = ""

    @property
    def query(self) -> str:
        """The address bar's query of this selection."""
        parameters: list[tuple[str, str]] = [("as_of", self.as_of.isoformat())]
        parameters += [("state", state.key) for state in self.states]
        if self.days_from:
            parameters.append(("n", str(self.days_from)))
        if self.move:
            parameters += [("from", self.move[0].key), ("to", self.move[1].key)]
        if self.lag:
            parameters.append(("lag", str(self.lag)))
        parameters += [(name, value) for name, value in (("product", self.product), ("currency", self.currency)) if value]
        return urlencode(parameters)

    @property
    def words(self) -> str:
        """What is selected, in words."""
        if self.move:
            names = {"origin": STATE_NAMES[self.move[0]], "target": STATE_NAMES[self.move[1]]}
            before = day_text(shifted(self.as_of, -1))
            return _("%(origin)s on %(before)s, then %(target)s") % {**names, "before": before}
        if self.lag >= 2:
            return _("m%(k)s or worse, or written off in the month") % {"k": self.lag}
        if self.lag:
            return _("m%(k)s or worse") % {"k": self.lag}
        if self.days_from:
            return _("%(n)s or more days past due, not written off") % {"n": self.days_from}
        if self.states:
            return ", ".join(str(STATE_NAMES[state]) for state in self.states)
        return _("in any bucket")

    @property
    def needs_before(self) -> bool:
        """Whether the month-end before decides too."""
        return self.move is not None or self.lag >= 2

    def takes(self, state: State, days_from: int) -> bool:
        """Return whether accounts in a state, having reached a threshold, are selected (for a lag: by the bucket alone)."""
        if self.lag:
            return state in BUCKETS and state >= self.lag
        if self.days_from:
            return state in BUCKETS and days_from >= self.days_from
        return state in (self.states or BUCKETS)


def read_selection(parameters: Mapping[str, str], *, states: list[str]) -> Selection:
    """Return the selection of query parameters; `states` are all values of the parameter state.

    :raises UnreadableSelection: an unreadable or unknown value
    """
    try:
        as_of = date.fromisoformat(parameters.get("as_of", ""))
    except ValueError as error:
        raise UnreadableSelection(_("as_of: not a day such as 2025-03-31")) from error
    origin, target = parameters.get("from", ""), parameters.get("to", "")
    known = {state.key for state in STATES}
    for name, value in [*(("state", s) for s in states), *((n, v) for n, v in (("from", origin), ("to", target)) if v)]:
        if value not in known and not (name == "from" and value == State.NEW.key):
            raise UnreadableSelection(_("%(name)s: no state %(value)s") % {"name": name, "value": value})
    if bool(origin) != bool(target):
        raise UnreadableSelection(_("from and to: give both or neither"))
    return Selection(
        as_of=as_of,
        states=tuple(STATE_BY_KEY[state] for state in states),
        days_from=_one_of("n", parameters.get("n", ""), THRESHOLDS),
        move=(STATE_BY_KEY[origin], STATE_BY_KEY[target]) if origin else None,
        lag=_one_of("lag", parameters.get("lag", ""), tuple(range(1, 7))),
        product=parameters.get("product", ""),
        currency=parameters.get("currency", ""),
    )


def _one_of(name: str, value: str, choices: tuple[int, ...]) -> int:
    if not value:
        return 0
    if value not in {str(choice) for choice in choices}:
        allowed = ", ".join(map(str, choices))
        raise UnreadableSelection(_("%(name)s: one of %(choices)s") % {"name": name, "choices": allowed})
    return int(value)


@dataclass(frozen=True, slots=True)
class Size:
    """How many accounts a selection holds and their outstanding principal at that month-end."""

    accounts: int
    principal_minor: int


def size_of(selection: Selection, tallies: Tallies) -> Size:
    """Return the selection's size from the tallies that the charts are drawn from."""
    accounts = principal = 0
    if selection.move is None:
        for tally in tallies.states([selection.as_of]):
            if selection.takes(tally.state, tally.days_from):
                accounts += tally.accounts
                principal += tally.principal_minor
    if selection.needs_before:
        for flow in tallies.flows([(shifted(selection.as_of, -1), selection.as_of)]):
            is_lost = flow.target is State.WRITTEN_OFF and flow.origin is not State.WRITTEN_OFF
            if selection.move == (flow.origin, flow.target) or (selection.move is None and is_lost):
                accounts += flow.accounts
                principal += flow.principal_after_minor
    return Size(accounts, principal)


@dataclass(frozen=True, slots=True)
class BehindRow:
    """One account of a selection as it stood at the month-end; amounts in minor units, the name masked."""

    account_id: int
    account_no: str
    masked_name: str
    customer_no: str
    product: Product
    state: State
    bucket: int
    days_past_due: int
    outstanding_principal_minor: int
    overdue_total_minor: int

    @property
    def state_name(self) -> Promise | str:
        """The state in words."""
        return STATE_NAMES[self.state]


def rows_of(selection: Selection, scope: Scope, *, after: int = 0, limit: int = PAGE_ROWS) -> list[BehindRow]:
    """Return up to so many rows in account-id order, after an account id."""
    joins = before_joins_sql(shifted(selection.as_of, -1)) if selection.needs_before else ""
    found = fetch(
        f"SELECT s.account_id, {state_sql('s')}, s.bucket, s.days_past_due, s.outstanding_principal_minor, "
        f"s.overdue_principal_minor + s.overdue_interest_minor + s.overdue_fee_minor + s.penalty_due_minor "
        f"FROM {AccountSnapshot._meta.db_table} s {joins} "
        f"WHERE s.as_of = {date_literal(selection.as_of)} AND s.account_id > {int(after)} AND {HAS_STATE} "
        f"AND {scope.condition('s')} AND ({_condition(selection)}) ORDER BY s.account_id LIMIT {int(limit)}"
    )
    people: dict[int, tuple[Any, ...]] = {
        row[0]: row[1:]
        for row in CreditAccount.objects.filter(pk__in=[row[0] for row in found]).values_list(
            "pk", "account_no", "customer__person", "customer__customer_no", "product_id"
        )
    }
    products = {product.pk: product for product in scope.products}
    rows = []
    for account_id, state, *figures in found:
        account_no, person, customer_no, product_id = people[account_id]
        name = masked_name(person.get("name", ""))
        rows.append(BehindRow(account_id, account_no, name, customer_no, products[product_id], State(state), *map(int, figures)))
    return rows


def _condition(selection: Selection) -> str:
    now = state_sql("s")
    buckets = f"{now} IN ({', '.join(str(int(bucket)) for bucket in BUCKETS)})"
    if selection.move:
        origin, target = selection.move
        return f"{from_state_sql()} = {int(origin)} AND {now} = {int(target)}"
    if selection.lag:
        late = f"{buckets} AND s.bucket >= {selection.lag:d}"
        lost = f"s.is_written_off AND {from_state_sql()} <> {State.WRITTEN_OFF:d}"
        return f"({late}) OR ({lost})" if selection.lag >= 2 else late
    if selection.days_from:
        return f"{buckets} AND s.days_past_due >= {selection.days_from:d}"
    return f"{now} IN ({', '.join(str(int(state)) for state in selection.states or BUCKETS)})"

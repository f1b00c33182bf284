"""What a policy would do to today's book: who would move, with how much money, and what that asks of the teams.

The figures are of one statement over the whole book; the draft keeps them (`TierPolicy.dry_run`), so that its approver sees
what its author saw. Where each account is now is what the last close, or a change since, has written.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from django.db.models import F, Q, QuerySet

from accounts.facts import account_rows
from accounts.models import AccountState, CreditAccount, Product
from accounts.queries.rule_cost import RuleTooSlow, measure_rule
from casework.bulk.tiers import placed
from casework.policies import ParsedPolicy
from casework.rules.tiers import Crowded, crowding
from riskops.shared.personal import masked_name
from riskops.shared.rule_language import Rule, compiled
from riskops.shared.scope import WHOLE_BOOK, Scope
from riskops.shared.sql import fetch, prepare_for_bulk_work

MOVERS_ROWS: Final = 50


class Flow(NamedTuple):
    """Accounts of one product that are in one tier and would be in another (or the same); exposure in minor units."""

    from_tier: str
    to_tier: str
    product_code: str
    accounts: int
    exposure_minor: int


@dataclass(frozen=True, slots=True)
class DryRun:
    """What was found on the book of a day, how long that took, and how long single rules take if it was too long."""

    as_of: date
    flows: tuple[Flow, ...]
    took_ms: int
    slow_ms: tuple[tuple[str, int], ...] = ()

    def cut_to(self, scope: Scope) -> DryRun:
        """Return the part that a person may see."""
        flows = tuple(flow for flow in self.flows if scope.takes(flow.product_code))
        return DryRun(self.as_of, flows, self.took_ms, self.slow_ms)

    @property
    def accounts(self) -> int:
        """All accounts it is about."""
        return sum(flow.accounts for flow in self.flows)

    @property
    def movers(self) -> int:
        """The accounts that would move."""
        return sum(flow.accounts for flow in self.flows if flow.from_tier != flow.to_tier)

    def accounts_by_tier(self, *, after: bool) -> dict[str, int]:
        """Return the number of accounts by tier, as it is or as it would be."""
        counts: dict[str, int] = {}
        for flow in self.flows:
            tier = flow.to_tier if after else flow.from_tier
            counts[tier] = counts.get(tier, 0) + flow.accounts
        return counts

    @property
    def left_out(self) -> int:
        """The accounts that are in a tier and would be in none: nobody would see to them."""
        return sum(flow.accounts for flow in self.flows if flow.from_tier and not flow.to_tier)

    @property
    def crowding(self) -> Crowded | None:
        """What its approver must be warned of."""
        return crowding(self.accounts_by_tier(after=True))

    def as_json(self) -> dict[str, Any]:
        """Return it as the draft keeps it."""
        return {
            "as_of": self.as_of.isoformat(),
            "took_ms": self.took_ms,
            "slow_ms": [list(entry) for entry in self.slow_ms],
            "flows": [list(flow) for flow in self.flows],
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> DryRun:
        """Return what a draft kept."""
        return cls(
            as_of=date.fromisoformat(kept["as_of"]),
            flows=tuple(Flow(*flow) for flow in kept["flows"]),
            took_ms=kept["took_ms"],
            slow_ms=tuple((tier, ms) for tier, ms in kept["slow_ms"]),
        )


def dry_run(policy: ParsedPolicy, *, as_of: date, bound_ms: int) -> DryRun:
    """Return what a policy would do to the book of a day; nothing is written. Call it within `one_moment`.

    :param bound_ms: where all rules together take longer than this, rules are timed alone, so that a slow one has a name
    """
    prepare_for_bulk_work()
    begun = time.perf_counter()
    flows = _flows(policy, as_of)
    took_ms = round((time.perf_counter() - begun) * 1_000)
    return DryRun(as_of, flows, took_ms, _slow_rules(policy, as_of, bound_ms, took_ms) if took_ms > bound_ms else ())


def _slow_rules(policy: ParsedPolicy, as_of: date, bound_ms: int, took_ms: int) -> tuple[tuple[str, int], ...]:
    """Return the tiers whose rule alone is past the bound, with its milliseconds; "" for all together where none is found.

    Looked for no longer than two bounds, since somebody waits.
    """
    slow, spent_ms = [], 0
    for code, rule in policy.tiers:
        alone_ms = _alone(rule, as_of, bound_ms)
        spent_ms += alone_ms
        if alone_ms > bound_ms:
            slow.append((code, alone_ms))
        if spent_ms > bound_ms:
            break
    return tuple(slow) or (("", took_ms),)


def _exposure() -> Any:
    names = ("outstanding_principal_minor", "outstanding_interest_minor", "outstanding_fee_minor", "penalty_due_minor")
    principal, interest, fee, penalty = map(F, names)
    return principal + interest + fee + penalty


def _opened(as_of: date) -> QuerySet[AccountState]:
    return account_rows().filter(opened_on__lte=as_of)


def _flows(policy: ParsedPolicy, as_of: date) -> tuple[Flow, ...]:
    rows = placed(policy, _opened(as_of), as_of=as_of).annotate(exposure_minor=_exposure())
    query, parameters = compiled(rows.values("tier", "placed_tier", "product_id", "exposure_minor"))
    # Wrapped, so that the parameters of the rules stand once: grouped by the expression itself they would stand twice.
    found = fetch(
        f"WITH p (tier, placed_tier, product_id, exposure_minor) AS ({query}) "
        f"SELECT tier, placed_tier, product_id, COUNT(*), SUM(exposure_minor) FROM p GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        parameters,
    )
    codes = dict(Product.objects.values_list("pk", "product_code"))
    return tuple(Flow(was, becomes, codes[product], int(n), int(sum_)) for was, becomes, product, n, sum_ in found)


def _alone(rule: Rule, as_of: date, bound_ms: int) -> int:
    """Return how many milliseconds a rule takes alone; stopped when it is past the bound."""
    begun = time.perf_counter()
    try:
        measure_rule(rule, as_of, scope=WHOLE_BOOK)
    except RuleTooSlow:
        return max(bound_ms + 1, round((time.perf_counter() - begun) * 1_000))
    return round((time.perf_counter() - begun) * 1_000)


# Who would move -----------------------------------------------------------------------------------------------------


class Mover(NamedTuple):
    """An account that would change its tier; the person masked, exposure in minor units of `currency`."""

    account_id: int
    account_no: str
    masked_name: str
    days_past_due: int
    bucket: int
    exposure_minor: int
    currency: str
    from_tier: str
    to_tier: str


@dataclass(frozen=True, slots=True)
class Movers:
    """A page of movers, and the id after which the next one begins (None on the last)."""

    rows: tuple[Mover, ...]
    next_after: int | None


def movers(
    policy: ParsedPolicy,
    *,
    as_of: date,
    scope: Scope,
    from_tier: str | None = None,
    to_tier: str | None = None,
    after: int = 0,
    page_rows: int = MOVERS_ROWS,
) -> Movers:
    """Return a page of the accounts in scope that a policy would move, in order of their ids.

    :param from_tier, to_tier: only those from, or to, a tier; "" is no tier
    """
    rows = placed(policy, scope.accounts(_opened(as_of)).filter(pk__gt=after), as_of=as_of)
    rows = rows.filter(~Q(tier=F("placed_tier")))
    if from_tier is not None:
        rows = rows.filter(tier=from_tier)
    if to_tier is not None:
        rows = rows.filter(placed_tier=to_tier)
    found = list(rows.order_by("pk").values_list("pk", "tier", "placed_tier")[: page_rows + 1])
    shown = found[:page_rows]
    accounts = _described([pk for pk, _was, _becomes in shown])
    return Movers(
        tuple(Mover._make((pk, *accounts[pk], was, becomes)) for pk, was, becomes in shown),
        shown[-1][0] if len(found) > page_rows else None,
    )


def _described(account_ids: Iterable[int]) -> dict[int, tuple[Any, ...]]:
    rows = CreditAccount.objects.filter(pk__in=list(account_ids)).annotate(
        exposure_minor=F("state__outstanding_principal_minor")
        + F("state__outstanding_interest_minor")
        + F("state__outstanding_fee_minor")
        + F("state__penalty_due_minor")
    )
    found: Iterable[Any] = rows.values_list(
        "pk", "account_no", "customer__person", "state__days_past_due", "state__bucket", "exposure_minor", "product__currency"
    )
    return {pk: (account_no, masked_name(person.get("name", "")), *figures) for pk, account_no, person, *figures in found}

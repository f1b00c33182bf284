"""The pages under Settings → Tiers: the versions, one of them, and what its dry run found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from accounts.models import Product
from casework.charts import flow_figure
from casework.models import Tier, TierPolicy
from casework.policies import live_policy_row
from casework.queries.dry_run import DryRun
from casework.queries.workload import Workload, workloads
from riskops.shared.day import book_shown
from riskops.shared.models import AuditEntry
from riskops.shared.scope import Scope


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version in the list. `is_live`: it places accounts today; `was_until`: the last day an earlier one was live."""

    policy: TierPolicy
    tiers: int
    is_live: bool
    was_until: date | None


def last_closed_day() -> date | None:
    """Return the day the book has reached."""
    day: date | None = book_shown().business_date
    return day


def day_in_force(today: date) -> date:
    """Return the day whose policy is the live one: the last closed day, before the first close today."""
    return last_closed_day() or today


def versions(today: date) -> tuple[VersionRow, ...]:
    """Return every version, the newest first."""
    day = day_in_force(today)
    policies = list(TierPolicy.objects.prefetch_related("tiers").order_by("-version"))
    live = live_policy_row(day)
    starts = sorted(p.live_from for p in policies if p.status == TierPolicy.Status.APPROVED and p.live_from)
    rows = []
    for policy in policies:
        following = next((start for start in starts if policy.live_from and start > policy.live_from), None)
        is_over = policy.status == TierPolicy.Status.APPROVED and following is not None and following <= day
        until = following - timedelta(days=1) if is_over and following else None
        rows.append(VersionRow(policy, len(policy.tiers.all()), live is not None and live.pk == policy.pk, until))
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency, minor units."""

    currency: str
    minor: int


@dataclass(frozen=True, slots=True)
class TierLine:
    """A tier in the dry run: how many accounts and how much exposure it holds, and would hold."""

    code: str
    before: int
    after: int
    money_before: tuple[Money, ...]
    money_after: tuple[Money, ...]

    @property
    def change(self) -> int:
        """Accounts more, or fewer."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class DryRunPage:
    """What a dry run found, laid out."""

    found: DryRun
    is_current: bool
    lines: tuple[TierLine, ...]
    workloads: tuple[Workload, ...]
    figure: dict[str, Any] | None
    moves: tuple[tuple[str, str, int, tuple[Money, ...]], ...]


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """One version with its tiers, its dry run as far as it may be seen, and what happened to it."""

    policy: TierPolicy
    tiers: tuple[Tier, ...]
    names: Mapping[str, Tier]
    dry_run: DryRunPage | None
    audit: tuple[AuditEntry, ...]
    is_live: bool
    first_possible_day: date | None
    is_scope_limited: bool


def policy_page(policy: TierPolicy, *, scope: Scope, today: date, url_of_moves: str, with_audit: bool) -> PolicyPage:
    """Return a version's page.

    :param today: of the wall clock, for who works today
    :param url_of_moves: the address of the list of movers; the tiers of a flow are added to it
    """
    tiers = tuple(policy.tiers.select_related("owner_team").order_by("position"))
    live = live_policy_row(day_in_force(today))
    live_tiers = tuple(live.tiers.select_related("owner_team").order_by("position")) if live else ()
    names = {**{tier.code: tier for tier in live_tiers}, **{tier.code: tier for tier in tiers}}
    business_date = last_closed_day()
    shown = None
    if policy.dry_run:
        found = DryRun.from_json(policy.dry_run).cut_to(scope)
        is_current = policy.dry_run_revision == policy.revision and found.as_of == business_date
        shown = _laid_out(found, names, live_tiers, tiers, today, url_of_moves, is_current=is_current)
    entries = AuditEntry.objects.filter(subject_type="tier policy", subject_key=str(policy.version)).order_by("-pk")
    return PolicyPage(
        policy=policy,
        tiers=tiers,
        names=names,
        dry_run=shown,
        audit=tuple(entries[:50]) if with_audit else (),
        is_live=live is not None and live.pk == policy.pk,
        first_possible_day=business_date + timedelta(days=1) if business_date else None,
        is_scope_limited=scope.is_limited,
    )


def _laid_out(
    found: DryRun,
    names: Mapping[str, Tier],
    before: Iterable[Tier],
    after: Iterable[Tier],
    today: date,
    url_of_moves: str,
    *,
    is_current: bool,
) -> DryRunPage:
    currencies = dict(Product.objects.values_list("product_code", "currency"))
    order = [*names, *({code for flow in found.flows for code in (flow.from_tier, flow.to_tier)} - set(names))]
    counts_before, counts_after = found.accounts_by_tier(after=False), found.accounts_by_tier(after=True)
    lines = tuple(
        TierLine(
            code,
            counts_before.get(code, 0),
            counts_after.get(code, 0),
            _money(((f.product_code, f.exposure_minor) for f in found.flows if f.from_tier == code), currencies),
            _money(((f.product_code, f.exposure_minor) for f in found.flows if f.to_tier == code), currencies),
        )
        for code in order
        if code in counts_before or code in counts_after or code in {tier.code for tier in after}
    )
    moves: dict[tuple[str, str], list[Any]] = {}
    for flow in found.flows:
        if flow.from_tier != flow.to_tier:
            entry = moves.setdefault((flow.from_tier, flow.to_tier), [0, []])
            entry[0] += flow.accounts
            entry[1].append((flow.product_code, flow.exposure_minor))
    rows = tuple(
        (was, becomes, count, _money(parts, currencies))
        for (was, becomes), (count, parts) in sorted(moves.items(), key=lambda item: -item[1][0])
    )
    return DryRunPage(
        found=found,
        is_current=is_current,
        lines=lines,
        workloads=workloads(found, before=before, after=after, today=today),
        figure=flow_figure(rows, names, order, url_of_moves) if rows else None,
        moves=rows,
    )


def _money(parts: Iterable[tuple[str, int]], currencies: Mapping[str, str]) -> tuple[Money, ...]:
    """Sum amounts of products by their currencies."""
    sums: dict[str, int] = {}
    for product_code, minor in parts:
        currency = currencies.get(product_code, "")
        sums[currency] = sums.get(currency, 0) + minor
    return tuple(Money(currency, minor) for currency, minor in sorted(sums.items()))

"""The dry run of a tier policy on the whole book, the pages of its movers, and one account placed on the spot."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from statistics import median

from casework.models import TierPolicy
from casework.operations.retiering import retier
from casework.operations.tier_drafts import TierDraft, change_draft, draft_policy
from casework.operations.tier_policies import dry_run_policy
from casework.policies import parsed
from casework.queries.dry_run import movers
from riskops.shared.audit import Actor
from riskops.shared.day import book_state
from riskops.shared.scope import WHOLE_BOOK
from tests.benchmarks.rows import Row, at_most, note
from tests.benchmarks.site import Site

BENCHMARK = Actor("benchmark")
RUNS = 3


def measure_tiers(site: Site) -> Iterator[Row]:
    """Draft a version that moves accounts between the early tiers, run it dry, and page through its movers."""
    from accounts.models import AccountState

    draft = draft_policy(actor=BENCHMARK, copy_of=1)
    moved = {"early": "dpd >= 1 and dpd <= 10", "middle": "dpd >= 11 and dpd <= 60"}
    tiers = [TierDraft.of(tier) for tier in draft.tiers.order_by("position")]
    tiers = [replace(tier, rule=moved.get(tier.code, tier.rule)) for tier in tiers]
    change_draft(actor=BENCHMARK, version=draft.version, revision=1, note="benchmark", calendar_id=draft.calendar_id, tiers=tiers)
    seconds = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        found = dry_run_policy(actor=BENCHMARK, version=draft.version)
        seconds.append(time.perf_counter() - begun)
    yield at_most("tiers", f"dry run, {found.movers:,} movers", median(seconds), 10, "s")
    policy, as_of = parsed(TierPolicy.objects.get(version=draft.version)), book_state().business_date
    assert as_of is not None
    last = AccountState.objects.order_by("-pk").values_list("pk", flat=True)[0]
    for name, after in (("first", 0), ("deep", last // 2)):
        begun = time.perf_counter()
        movers(policy, as_of=as_of, scope=WHOLE_BOOK, after=after)
        yield note("tiers", f"{name} page of movers", f"{(time.perf_counter() - begun) * 1_000:.0f} ms")
    begun = time.perf_counter()
    for account_id in range(last - 100, last):
        retier(account_id)
    yield note("tiers", "one account placed on the spot", f"{(time.perf_counter() - begun) * 10:.1f} ms")

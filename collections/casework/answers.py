"""What the book asks of the tiers: their names for lists, the known tier of any day, and the panel on the account page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from accounts.panels import Panel
from accounts.queries.account_page import LoadedAccount
from accounts.queries.entries import AccountEntries
from accounts.queries.known_facts import known_facts
from accounts.rules.replay import RebuiltAccount
from accounts.tiers import ShownTier
from casework.policies import live_policy, tiers_shown
from casework.queries.why import why_in_tier


class TiersOfPolicies:
    """The tiers as the versions of the policy have them (`accounts.tiers.Tiers`)."""

    def shown(self, on: date) -> Mapping[str, ShownTier]:
        """Return the tiers of the policy live on a day by code, in order."""
        return {tier.code: ShownTier(tier.code, tier.name, tier.tone) for tier in tiers_shown(on)}

    def known(self, accounts: Iterable[tuple[AccountEntries, RebuiltAccount]], *, as_of: date) -> Mapping[int, str]:
        """Return the tier of each account by the policy live on a day, on what its entries say of that day."""
        policy = live_policy(as_of)
        if policy is None:
            return {}
        return {account_id: policy.tier_of(facts) for account_id, facts in known_facts(accounts).items()}


def tier_panel(loaded: LoadedAccount, _user: Any) -> Panel | None:
    """Return why the account is in its tier; nothing for a day past, whose tier is that of the entries alone."""
    if loaded.head.is_past:
        return None
    why = why_in_tier(loaded)
    return None if why is None else Panel("casework/tiers/_why.html", {"why": why})

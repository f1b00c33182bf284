"""The live tier policy of a day, parsed: what the close, the one-account path, exports and explanations all place by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from django.db.models import QuerySet, Subquery

from accounts.facts import ACCOUNT_FACTS
from casework.models import Tier, TierPolicy
from casework.rules.tiers import place
from riskops.shared.request_context import once_a_request
from riskops.shared.rule_language import Plain, Rule, holds, parse_rule


@dataclass(frozen=True, slots=True)
class ParsedPolicy:
    """A policy with its tiers in order, each rule parsed."""

    policy_id: int
    version: int
    tiers: tuple[tuple[str, Rule], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The facts that its rules compare, sorted, each once."""
        return tuple(sorted({name for _code, rule in self.tiers for name in rule.names}))

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of its tiers, in order."""
        return tuple(code for code, _rule in self.tiers)

    def tier_of(self, row: Mapping[str, Plain]) -> str:
        """Return the tier of an account with these facts, "" for none."""
        return place(self.tiers, lambda rule: holds(rule, row))


def live_policies(on: date) -> QuerySet[TierPolicy]:
    """Return the policies that have begun by a business date, the one that is live on it first."""
    return TierPolicy.objects.filter(status=TierPolicy.Status.APPROVED, live_from__lte=on).order_by("-live_from")


def tiers_shown(on: date) -> tuple[Tier, ...]:
    """Return the tiers of the policy that is live on a business date, in order, with policy and team: for showing, one query.

    Every part of a page gets the same; empty where no policy is live yet.
    """
    live = Subquery(live_policies(on).values("pk")[:1])
    rows = Tier.objects.filter(policy=live).select_related("policy", "owner_team").order_by("position")
    return once_a_request(("tiers", on), lambda: tuple(rows))


def live_policy_row(on: date) -> TierPolicy | None:
    """Return the policy that is live on a business date."""
    return live_policies(on).select_related("calendar").first()


def live_policy(on: date) -> ParsedPolicy | None:
    """Return the policy that is live on a business date, parsed; None if there is none yet.

    :raises RuleRefusal: a rule names a fact that this version of the site no longer has
    """
    row = live_policies(on).first()
    return None if row is None else parsed(row)


def parsed(policy: TierPolicy) -> ParsedPolicy:
    """Return a policy with its rules parsed.

    :raises RuleRefusal: a rule does not parse, or names a fact there is none of
    """
    tiers = policy.tiers.order_by("position").values_list("code", "rule")
    return ParsedPolicy(policy.pk, policy.version, tuple((code, account_rule(text)) for code, text in tiers))


def parsed_tiers(tiers: Sequence[Tier]) -> ParsedPolicy:
    """Return a policy whose tiers, one at least, are at hand, with its rules parsed.

    :raises RuleRefusal: a rule does not parse, or names a fact there is none of
    """
    policy = tiers[0].policy
    return ParsedPolicy(policy.pk, policy.version, tuple((tier.code, account_rule(tier.rule)) for tier in tiers))


#: Rules of a few versions at a time; a parse takes a tenth of a millisecond, and postings come by the thousand.
_KEPT_RULES: Final = 256


@lru_cache(maxsize=_KEPT_RULES)
def account_rule(text: str) -> Rule:
    """Return a rule over the facts of accounts, parsed.

    :raises RuleRefusal: it does not parse, or names a fact there is none of
    """
    return parse_rule(text, ACCOUNT_FACTS)


def tier_named(code: str, on: date) -> Tier | None:
    """Return the tier of a code in the policy live on a day."""
    row = live_policy_row(on)
    return row.tiers.filter(code=code).first() if row else None

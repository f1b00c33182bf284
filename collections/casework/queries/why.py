"""Why an account is in its tier: the rules that were tried, each comparison with both values, and how it came there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.facts import facts_shown
from accounts.models import AccountState
from accounts.queries.account_page import LoadedAccount
from casework.models import Tier, TierChange
from casework.policies import parsed_tiers, tiers_shown
from riskops.shared.rule_language import Compared, Explanation, Fact, Kind, Plain, explain
from riskops.shared.wording import MINUS, NARROW_SPACE, day_text, number_text

CHANGES_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Tried:
    """One tier of the policy, tried on the account's facts."""

    tier: Tier
    explanation: Explanation

    @property
    def comparisons(self) -> tuple[Compared, ...]:
        """Every comparison of its rule."""
        return tuple(self.explanation.comparisons)


@dataclass(frozen=True, slots=True)
class Why:
    """Why an account is in a tier.

    :param as_of: the day its facts are of
    :param stored: the tier it has now; `due` is what the rules give on these facts, the same but for the moment of a change
    :param tried: the tiers tried before one held, in order; the last one holds unless `due` is none
    :param tiers: the policy's tiers by code, for names and colours
    """

    as_of: date
    version: int
    stored: str
    due: str
    tried: tuple[Tried, ...]
    facts: Mapping[str, Plain]
    changes: tuple[TierChange, ...]
    tiers: Mapping[str, Tier]

    @property
    def decisive(self) -> Tried | None:
        """The tier whose rule holds."""
        return self.tried[-1] if self.due else None

    @property
    def passed_over(self) -> tuple[Tried, ...]:
        """The tiers tried before, whose rules do not hold."""
        return self.tried[:-1] if self.due else self.tried

    @property
    def since(self) -> TierChange | None:
        """The change that brought the account into its tier."""
        return self.changes[0] if self.changes else None


def why_in_tier(loaded: LoadedAccount) -> Why | None:
    """Return why an account is in its tier; None before its first close, or without a policy."""
    account, business_date = loaded.head.account, loaded.head.business_date
    state: AccountState | None = getattr(account, "state", None)
    if state is None or business_date is None:
        return None
    as_of = max(day for day in (business_date, state.ahead_on) if day is not None)
    rows = tiers_shown(as_of)
    if not rows:
        return None
    policy = parsed_tiers(rows)
    tiers = {tier.code: tier for tier in rows}
    facts = facts_shown(account.pk, as_of, policy.names)
    tried = []
    due = ""
    for code, rule in policy.tiers:
        explanation = explain(rule, facts)
        tried.append(Tried(tiers[code], explanation))
        if explanation.holds:
            due = code
            break
    changes = tuple(TierChange.objects.filter(account_id=account.pk).select_related("policy").order_by("-pk")[:CHANGES_SHOWN])
    return Why(as_of, policy.version, state.tier, due, tuple(tried), facts, changes, tiers)


def value_text(fact: Fact, value: Plain) -> str | Promise:
    """Return a value of a fact as people read it: scaled, percentages with their sign; other units stand with the fact."""
    if value is None:
        return _("absent")
    if fact.kind is Kind.YES_NO:
        return _("yes") if value else _("no")
    if fact.kind is Kind.DATE:
        return day_text(date.fromisoformat(str(value)))
    if fact.kind is Kind.TEXT or not isinstance(value, int):
        return str(value)
    if not fact.kind.decimals:
        return number_text(value)
    whole, rest = divmod(abs(value), 10**fact.kind.decimals)
    digits = f"{rest:0{fact.kind.decimals}d}".rstrip("0")
    text = f"{MINUS if value < 0 else ''}{whole:,}{'.' + digits if digits else ''}"
    return f"{text}{NARROW_SPACE}%" if fact.kind is Kind.PERCENT else text

"""How accounts are split: the strata that each agency gets alike, and what makes an account one that can be placed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from django.db.models import Count, Exists, F, OuterRef, QuerySet

from accounts.facts import ACCOUNT_FACTS, account_rows
from accounts.models import AccountState
from recovery.models import DebtSale, Placement
from recovery.rules.splitting import Candidate
from riskops.shared.rule_language import Rule, holding, parse_rule
from riskops.shared.scope import Scope

#: The variables whose strata the agencies get alike.
STRATA: Final = ("bucket", "balance", "product", "prior")
#: Upper ends of the bands of what is owed, in major units; the last band is open.
BALANCE_BANDS: Final = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
#: Placed so often or more is one level.
MOST_PRIOR: Final = 2

#: The facts of which one that holds keeps an account from agencies and ends its placement, with the reason; the gravest first.
ENDING: Final = (
    ("fraud_suspected", Placement.Reason.FRAUD),
    ("disputed", Placement.Reason.DISPUTE),
    ("hardship_plan", Placement.Reason.PLAN),
    ("in_legal", Placement.Reason.LEGAL),
    ("vulnerable", Placement.Reason.CARE),
)
#: What keeps an account from agencies beside being sold: what ends a placement, and contact that is held back.
_NONE_BARS: Final = " and ".join(f"{name} = False" for name in (*(name for name, _reason in ENDING), "on_hold"))

_OWED: Final = (
    F("outstanding_principal_minor") + F("outstanding_interest_minor") + F("outstanding_fee_minor") + F("penalty_due_minor")
)


def placeable(
    rule: Rule, as_of: date, currency: str, scope: Scope, rows: QuerySet[AccountState] | None = None
) -> QuerySet[AccountState]:
    """Return the account states that a rule chooses and that can be placed: of the currency, owing, with no agency now, and
    nothing known of them that would end a placement at once, neither sold nor held back from contact.

    :param rows: as `account_rows` returns them; None: the whole book
    """
    rows = scope.accounts(account_rows() if rows is None else rows)
    open_ones = Placement.objects.filter(account_id=OuterRef("pk"), recalled_on=None)
    sold = DebtSale.objects.filter(account_id=OuterRef("pk"))
    rows = holding(parse_rule(_NONE_BARS, ACCOUNT_FACTS), ACCOUNT_FACTS, rows, as_of)
    found = holding(rule, ACCOUNT_FACTS, rows, as_of).filter(~Exists(open_ones), ~Exists(sold), product__currency=currency)
    return found.annotate(owed_minor=_OWED).filter(owed_minor__gt=0)


def sold_among(account_ids: Iterable[int]) -> frozenset[int]:
    """Return which of some accounts were sold: they are not ours to place, and one that is placed comes back."""
    return frozenset(DebtSale.objects.filter(account_id__in=list(account_ids)).values_list("account_id", flat=True))


def candidates(rows: QuerySet[Any], minor_digits: int) -> Iterator[Candidate]:
    """Return accounts with their strata, in the order of ids."""
    prior = dict(Placement.objects.order_by().values_list("account_id").annotate(n=Count("pk")))
    columns = rows.order_by("pk").values_list("pk", "bucket", "product__product_code", "owed_minor")
    for account_id, bucket, product, owed in columns.iterator(chunk_size=5_000):
        times = min(prior.get(account_id, 0), MOST_PRIOR)
        yield Candidate(account_id, (f"m{bucket}", str(balance_band(owed, minor_digits)), product, str(times)), owed)


def balance_band(owed_minor: int, minor_digits: int) -> int:
    """Return the number of the band of what is owed, from 0."""
    scale = 10**minor_digits
    return sum(owed_minor > upper * scale for upper in BALANCE_BANDS)

"""The terms of relief that ship: one version of each instrument, for managers to put their own over.

The figures of *re-age* are those of the US profile (conduct-rules, FFIEC): nine months old, three payments in a row, once in
twelve months, twice in five years. The others are our own (docs/plans.md).
"""

from __future__ import annotations

from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext_noop

from casework.models import ReliefTerms
from riskops.shared.own_reasons import own_reason

AS_SHIPPED: Final = own_reason(gettext_noop("as shipped"))
_OPEN: Final = "written_off = False and fraud_suspected = False and disputed = False"

SHIPPED: Final[tuple[dict[str, Any], ...]] = (
    {
        "instrument": "deferral",
        "rule": f"{_OPEN} and dpd <= 60",
        "most_installments": 3,
        "once_in_months": 12,
        "observed_months": 6,
    },
    {
        "instrument": "restructure",
        "rule": _OPEN,
        "most_installments": 60,
        "is_reported_as_restructured": True,
    },
    {
        "instrument": "re_age",
        "rule": f"{_OPEN} and months_on_book >= 9 and dpd > 0",
        "most_installments": 6,
        "once_in_months": 12,
        "most_in_5_years": 2,
        "payments_in_a_row": 3,
    },
)


def seed_relief(*, using: str) -> None:
    """Put the shipped terms where there are none."""
    for terms in SHIPPED:
        if not ReliefTerms.objects.using(using).filter(instrument=terms["instrument"]).exists():
            ReliefTerms.objects.using(using).create(
                **terms, new_use="paid", version=1, author_name="riskops", reason=AS_SHIPPED, made_at=timezone.now()
            )

"""By what the metrics can be cut: SQL over an account `a` and its product `r` (and the snapshot `s` for what changes)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from casework.lateness import NONE_RECORDED
from riskops.shared.sql import is_postgresql

#: Upper ends of the bands of credit limit, in major units.
LIMIT_BANDS: Final = (10_000, 50_000, 100_000, 200_000, 500_000)
_ATTRIBUTE: Final = re.compile(r"x_.{1,62}")

SEGMENTS: Final[dict[str, Promise]] = {
    "product": _("product code"),
    "currency": _("currency of the product"),
    "limit_band": _("band of today's credit limit, in major units"),
    "vintage": _("month the account was opened in"),
    "granted_by": _("how its application was decided: proposal rule with version, or analyst; empty: came by file"),
    "tier": _("warning tier at the month-end (before it, for moves); metrics from snapshots only"),
    "lateness_reason": _(
        "reason for lateness of the case open at the month-end (before it, for moves), none_recorded without one; "
        "metrics from snapshots only"
    ),
    "x_…": _("an attribute of the account, else of its customer, else of its product"),
}


#: Segments that snapshots keep and the entries do not tell.
OF_SNAPSHOTS: Final = ("tier", "lateness_reason")


class UnknownSegment(ValueError):
    """There is no such segment; the message lists what there is."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A cut of the book. `expression` yields text; `parameters` go where it stands."""

    name: str
    expression: str
    parameters: tuple[Any, ...] = ()
    needs_account: bool = True
    needs_customer: bool = False


WHOLE: Final = Segment("", "''", needs_account=False)


def segment(name: str | None, *, tier_of: str = "s") -> Segment:
    """Return the segment of a name; None or "" is the whole book.

    :param tier_of: the alias of the snapshot whose tier and reason count; "" if the metric has none
    :raises UnknownSegment: no such field
    """
    if not name:
        return WHOLE
    if name == "product":
        return Segment(name, "r.product_code", needs_account=False)
    if name == "currency":
        return Segment(name, "r.currency", needs_account=False)
    if name == "limit_band":
        return Segment(name, _limit_band())
    if name == "vintage":
        return Segment(name, month_sql("a.opened_on"))
    if name == "granted_by":
        return Segment(name, "COALESCE(a.granted_by, '')")
    if name == "tier" and tier_of:
        return Segment(name, f"{tier_of}.tier", needs_account=False)
    if name == "lateness_reason" and tier_of:
        return Segment(name, f"COALESCE(NULLIF({tier_of}.lateness_reason, ''), '{NONE_RECORDED}')", needs_account=False)
    if _ATTRIBUTE.fullmatch(name) and name.isprintable():
        return _attribute(name)
    known = ", ".join(field for field in SEGMENTS if field not in OF_SNAPSHOTS or tier_of)
    raise UnknownSegment(f"no segment {name!r} for this metric; there are {known} (any column x_… of the files)")


def month_sql(column: str) -> str:
    """Return the SQL of the month of a date as text: `2025-03`."""
    return f"to_char({column}, 'YYYY-MM')" if is_postgresql() else f"substr({column}, 1, 7)"


def _limit_band() -> str:
    scale = "(CASE r.minor_digits WHEN 0 THEN 1 WHEN 2 THEN 100 WHEN 3 THEN 1000 ELSE 10000 END)"
    cases = []
    low = 0
    for high in LIMIT_BANDS:
        cases.append(f"WHEN a.credit_limit_minor < {high} * {scale} THEN '{low}-{high - 1}'")
        low = high
    return f"CASE {' '.join(cases)} ELSE '{low}+' END"


def _attribute(name: str) -> Segment:
    if is_postgresql():
        expression = "COALESCE(a.attributes ->> %s, c.attributes ->> %s, r.attributes ->> %s, '')"
        return Segment(name, expression, (name,) * 3, needs_customer=True)
    # Not by a JSON path: one finds no name that is written with escapes, as those beyond ASCII are.
    found = ", ".join(f"(SELECT CAST(j.value AS text) FROM json_each({row}.attributes) AS j WHERE j.key = %s)" for row in "acr")
    return Segment(name, f"COALESCE({found}, '')", (name,) * 3, needs_customer=True)

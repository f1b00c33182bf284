"""The accounts behind a figure, a page of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from dashboards.rules.months import shifted
from dashboards.scope import MonthEnd, UnknownScope, month_ends, scope
from dashboards.selections import (
    PAGE_ROWS,
    BehindRow,
    Selection,
    Size,
    UnreadableSelection,
    read_selection,
    rows_of,
    size_of,
)
from dashboards.tallies import Tallies
from riskops.shared.scope import Scope as PersonScope


@dataclass(frozen=True, slots=True)
class BehindPage:
    """One page of a selection, as reported (or rebuilt) on its month-end. `next_after` 0: this is the last page."""

    selection: Selection
    month: MonthEnd
    size: Size
    rows: tuple[BehindRow, ...]
    after: int
    next_after: int
    #: The currency that balances may be summed in; "" if the selection mixes currencies.
    currency: str


def behind_page(parameters: Mapping[str, str], *, states: list[str], visible: PersonScope) -> BehindPage:
    """Return the page that query parameters ask for, of the accounts that the person may see.

    :raises UnreadableSelection: no such selection, product, currency or month-end
    """
    selection = read_selection(parameters, states=states)
    try:
        part = scope(visible=visible, product=selection.product, currency=selection.currency)
    except UnknownScope as error:
        raise UnreadableSelection(str(error)) from error
    closed = {day.as_of: day for day in month_ends()}
    if selection.as_of not in closed:
        raise UnreadableSelection(
            _("as_of: %(day)s is no closed month-end with snapshots") % {"day": selection.as_of.isoformat()}
        )
    if selection.needs_before and shifted(selection.as_of, -1) not in closed:
        raise UnreadableSelection(
            _("as_of: the month-end before %(day)s has no snapshots, so nothing is known to have moved")
            % {"day": selection.as_of.isoformat()}
        )
    after = parameters.get("after", "")
    start = int(after) if after.isdecimal() and len(after) < 19 else 0
    rows = rows_of(selection, part, after=start, limit=PAGE_ROWS + 1)
    return BehindPage(
        selection=selection,
        month=closed[selection.as_of],
        size=size_of(selection, Tallies(part)),
        rows=tuple(rows[:PAGE_ROWS]),
        after=start,
        next_after=rows[PAGE_ROWS - 1].account_id if len(rows) > PAGE_ROWS else 0,
        currency=part.currencies[0] if len(part.currencies) == 1 else "",
    )

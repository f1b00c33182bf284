"""How accounts, or orders, of the same month grew bad with age."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

from django.utils.translation import gettext_lazy as _

from dashboards.metrics import vintage_accounts, vintage_orders
from dashboards.metrics.base import Ask, Basis, Cell, Measure, Metric, Option
from dashboards.rules.months import label, months_between, shifted

#: Sums by (segment, month-end of the vintage, month-end looked at).
Sums = Counter[tuple[str, date, date]]


def compute(ask: Ask) -> list[Cell]:
    """Return the bad of vintage v at month-on-book m ÷ all of v, at the month-end of v + m."""
    source = vintage_orders if ask.options["entity"] == "order" else vintage_accounts
    is_ever = ask.options["mode"] == "ever"
    bad, every = source.sums(ask, n=ask.number("n"), is_ever=is_ever)
    cells = _cells(ask, bad, every)
    if is_ever and source is vintage_accounts:
        first_due = vintage_accounts.first_due(ask)
        return [cell for opened, cell in cells if _has_whole_history(ask, cell, opened, first_due.get((cell.segment, opened)))]
    return [cell for _opened, cell in cells]


def _cells(ask: Ask, bad: Sums, every: Sums) -> Iterable[tuple[date, Cell]]:
    """Yield each cell after the month-end of its vintage."""
    for day in ask.days:
        for key in sorted(every):
            segment, opened, at = key
            if at == day and every[key] > 0:
                yield opened, Cell(day, segment, label(opened), str(months_between(opened, day)), bad[key], every[key])


def _has_whole_history(ask: Ask, cell: Cell, opened: date, first_due: date | None) -> bool:
    """Return whether every month-end at which an account of the cell could have been n days past due is closed.

    None could be before the n-th day after the first of their due dates; without one, after the first of the month.
    """
    since = first_due or opened.replace(day=1)
    days = [shifted(opened, month) for month in range(months_between(opened, cell.as_of) + 1)]
    return ask.is_closed(*(day for day in days if (day - since).days >= ask.number("n")))


VINTAGE = Metric(
    name="vintage",
    title=_("Vintage"),
    definition=_(
        "Of the accounts opened (or orders booked) in a month, the share n or more days past due at a month on book (current),"
        " or at any month-end up to it (ever). Month on book 0 is the month itself."
    ),
    numerator=_(
        "of those, accounts or orders n or more days past due (amount: their outstanding principal if current, their booked"
        " principal if ever); an order's days are those of its own instalments"
    ),
    denominator=_("all accounts opened or orders booked in the month, closed ones too (amount: their principal booked by then)"),
    as_of_rule=_(
        "the month-end of the month on book, never one that is not closed. Accounts: as reported, and ever is drawn only where"
        " every month-end at which one could have been so late has snapshots. Orders: from the entries (known)"
    ),
    key_1=_("v: month of opening, or of booking"),
    key_2=_("m: months on book"),
    measures=(Measure.COUNT, Measure.AMOUNT),
    compute=compute,
    basis=Basis.REPORTED,
    options=(
        Option("entity", ("account", "order"), _("what is followed")),
        Option("mode", ("current", "ever"), _("bad at that month-end, or at any up to it")),
        Option("n", tuple(map(str, range(1, 361))), _("days past due that count as bad"), default="30"),
    ),
    traps=(
        _("Months on book are calendar months after the month of opening; closed accounts stay in the denominator."),
        _("No cell lies past the last closed month-end: young vintages end early, they do not fall."),
    ),
    has_tier=False,
    known_with=("entity", "order"),
)

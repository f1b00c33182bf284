"""Commission statements: the list with what is not stated yet, and one with its lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Sum

from recovery.models import Agency, AgencyStatement, CommissionLine
from recovery.operations.agencies.commissions import recomputed_minor, unstated
from recovery.operations.agencies.statements import last_day_of

LINES: Final = 500


@dataclass(frozen=True, slots=True)
class Unstated:
    """What an agency earned that is on no statement, drawn up or issued; amounts in minor units of its currency."""

    agency: Agency
    lines: int
    base_minor: int
    commission_minor: int


@dataclass(frozen=True, slots=True)
class StatementList:
    """The statements, the newest first, and what is not stated yet."""

    rows: tuple[AgencyStatement, ...]
    unstated: tuple[Unstated, ...]


@dataclass(frozen=True, slots=True)
class StatementPage:
    """A statement with its lines. `recomputed_minor`: what payments, placements and terms give, worked out anew."""

    statement: AgencyStatement
    lines: tuple[CommissionLine, ...]
    lines_left: int
    recomputed_minor: int

    @property
    def agency(self) -> Agency:
        """Whose it is."""
        return self.statement.agency

    @property
    def is_reconciled(self) -> bool:
        """Whether both come to the same."""
        return self.recomputed_minor == self.statement.total_minor


def statement_rows() -> StatementList:
    """Return all statements."""
    rows = AgencyStatement.objects.select_related("agency").order_by("-month", "agency__code", "-pk")[:200]
    agencies = {agency.pk: agency for agency in Agency.objects.all()}
    lines_left = CommissionLine.objects.filter(statement=None)
    for row in AgencyStatement.objects.filter(status=AgencyStatement.Status.PREPARED):
        # What is drawn up is on a statement, though its lines are frozen with the issue.
        lines_left = lines_left.exclude(agency=row.agency_id, value_date__lte=last_day_of(row.month), pk__lte=row.last_line)
    grouped = (
        lines_left.order_by()
        .values_list("agency_id")
        .annotate(lines=Count("pk"), base=Sum("base_minor"), commission=Sum("commission_minor"))
    )
    left = tuple(Unstated(agencies[agency_id], lines, base, commission) for agency_id, lines, base, commission in sorted(grouped))
    return StatementList(tuple(rows), left)


def statement_page(row: AgencyStatement, *, most: int | None = LINES) -> StatementPage:
    """Return a statement: its own lines where it is issued, else those that it will have.

    :param most: lines at most; None: all of them
    """
    if row.status == AgencyStatement.Status.ISSUED:
        lines = CommissionLine.objects.filter(statement=row)
    else:
        lines = unstated(row.agency_id, last_day_of(row.month)).filter(pk__lte=row.last_line)
    ordered = lines.select_related("payment__account", "placement").order_by("value_date", "pk")
    shown = tuple(ordered if most is None else ordered[:most])
    return StatementPage(row, shown, max(0, row.lines_count - len(shown)), recomputed_minor(lines))

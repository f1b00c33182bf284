"""Commission statements: drawn up for a closed month, issued by a second person, frozen from then on."""

from __future__ import annotations

import calendar
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from recovery.agency_roles import ISSUE_STATEMENT, PREPARE_STATEMENT
from recovery.models import AgencyStatement, Placement
from recovery.operations.agencies.commissions import recomputed_minor, settle, unstated
from recovery.operations.agencies.finding import locked_agency, note, reason_of, refuse_own
from recovery.operations.agencies.refusals import (
    MonthNotClosed,
    NothingToApprove,
    StatementThere,
    StatementUnknown,
    StatementUnreconciled,
    ValueMalformed,
)
from riskops.shared.audit import Actor
from riskops.shared.day import book_state

Status = AgencyStatement.Status


def last_day_of(month: date) -> date:
    """Return the last day of a month."""
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


@transaction.atomic
def prepare_statement(*, actor: Actor, code: str, month: date) -> AgencyStatement:
    """Draw up what an agency earned up to the end of a month and was not stated yet. What comes in later is of the next one.

    :param month: its first day
    :raises AgencyUnknown: there is none of that code
    :raises ValueMalformed: no first day of a month
    :raises MonthNotClosed: its last day is not closed
    :raises StatementThere: that month or a later one is stated, or another one waits
    """
    agency = locked_agency(code)
    if month.day != 1:
        raise ValueMalformed("month", _("Give the first day of the month."))
    end, closed = last_day_of(month), book_state().business_date
    if closed is None or closed < end:
        raise MonthNotClosed(month, closed)
    there = agency.statements.exclude(status=Status.DROPPED)
    if there.filter(month__gte=month).exists() or there.filter(status=Status.PREPARED).exists():
        raise StatementThere(month)
    # What was entered for closed days since the last close has no line yet.
    settle(as_of=end, account_ids=Placement.objects.filter(agency=agency).values_list("account_id", flat=True).distinct())
    figures = unstated(agency.pk, end).aggregate(
        lines=Count("pk"), base=Sum("base_minor"), total=Sum("commission_minor"), last=Max("pk")
    )
    try:
        with transaction.atomic():
            row = AgencyStatement.objects.create(
                agency=agency,
                month=month,
                lines_count=figures["lines"],
                base_minor=figures["base"] or 0,
                total_minor=figures["total"] or 0,
                last_line=figures["last"] or 0,
                prepared_by_id=actor.user_id,
                prepared_by_name=actor.name,
            )
    except IntegrityError:
        raise StatementThere(month) from None
    note(actor, PREPARE_STATEMENT, agency, after=_said(row))
    return row


@transaction.atomic
def issue_statement(*, actor: Actor, statement_id: int) -> AgencyStatement:
    """Issue what somebody else drew up: its lines are frozen, and what is corrected later comes on the next one.

    :raises StatementUnknown, NothingToApprove: there is nothing that waits
    :raises OwnWork: whoever asks drew it up, or is no person
    :raises StatementUnreconciled: its lines do not add up to what payments, placements and terms give
    """
    row = _locked(statement_id)
    refuse_own(actor, str(row.month), [row.prepared_by_id], row.prepared_by_name)
    lines = unstated(row.agency_id, last_day_of(row.month)).filter(pk__lte=row.last_line)
    stated = lines.aggregate(total=Sum("commission_minor"))["total"] or 0
    computed = recomputed_minor(lines)
    if stated != row.total_minor or computed != row.total_minor:
        raise StatementUnreconciled(stated, computed, row.agency.minor_digits)
    row.status, row.issued_by_name, row.issued_at = Status.ISSUED, actor.name, timezone.now()
    # The lines first: those of an issued statement are not added to.
    lines.update(statement=row)
    row.save(update_fields=["status", "issued_by_name", "issued_at"])
    note(actor, ISSUE_STATEMENT, row.agency, before={"status": "prepared"}, after=_said(row))
    return row


@transaction.atomic
def drop_statement(*, actor: Actor, statement_id: int, reason: str) -> AgencyStatement:
    """Drop what was drawn up and not issued; the month can be drawn up anew.

    :raises StatementUnknown, NothingToApprove: there is nothing that waits
    :raises ReasonMissing: nothing is written in it
    """
    row = _locked(statement_id)
    row.status, row.note = Status.DROPPED, reason_of(reason)
    row.save(update_fields=["status", "note"])
    note(actor, ISSUE_STATEMENT, row.agency, before={"status": "prepared"}, after=_said(row), reason=row.note)
    return row


def _locked(statement_id: int) -> AgencyStatement:
    rows = AgencyStatement.objects.select_for_update(of=("self",)).select_related("agency")
    row = rows.filter(pk=statement_id).first()
    if row is None:
        raise StatementUnknown(statement_id)
    if row.status != Status.PREPARED:
        raise NothingToApprove(row.agency.name, row.get_status_display())
    return row


def _said(row: AgencyStatement) -> dict[str, object]:
    return {
        "month": row.month.isoformat(),
        "status": str(row.status),
        "lines": row.lines_count,
        "base_minor": row.base_minor,
        "total_minor": row.total_minor,
        "currency": row.agency.currency,
    }

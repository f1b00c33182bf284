"""The pages of agencies: the list, one of them with its clocks, who of it saw what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

from django.db.models import Count, Q, Sum

from recovery.models import Agency, AgencyAccess, AgencyEvaluation, AgencyPerson, CommissionTerms, Placement
from recovery.operations.agencies.finding import Standing, is_trained, standing_of
from riskops.shared.models import AuditEntry
from riskops.shared.people.models import Examination
from riskops.shared.scope import scope_of

ROWS: Final = 50


@dataclass(frozen=True, slots=True)
class AgencyRow:
    """An agency in the list; amounts in minor units of its currency, as they stood when the accounts were placed.

    :param shows_held: whether whoever looks may know what is with it: that is of the whole book
    """

    agency: Agency
    standing: Standing
    accounts: int
    amount_minor: int
    shows_held: bool = True

    @property
    def is_published(self) -> bool:
        """Whether it is on the published list: in use, or with accounts still."""
        return self.agency.status == Agency.Status.IN_USE or bool(self.accounts)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person of an agency. `examined_until`: the day their examination expires; None: none holds."""

    person: AgencyPerson
    username: str
    is_trained: bool
    examined_until: date | None


@dataclass(frozen=True, slots=True)
class AgencyPage:
    """One agency with all that keeps it fit."""

    row: AgencyRow
    evaluations: tuple[AgencyEvaluation, ...]
    people: tuple[PersonRow, ...]
    terms: tuple[CommissionTerms, ...]
    audit: tuple[AuditEntry, ...]


@dataclass(frozen=True, slots=True)
class AccessPage:
    """A page of looks, newest first. `next_after`: the mark of the next page, "" on the last."""

    rows: tuple[AgencyAccess, ...]
    next_after: str


def agency_rows(user: Any, today: date, business_date: date | None) -> tuple[AgencyRow, ...]:
    """Return all agencies, those in use first."""
    held, shows_held = _held(), not scope_of(user).is_limited
    order = {status: place for place, status in enumerate(Agency.Status.values)}
    agencies = sorted(Agency.objects.all(), key=lambda one: (one.status != Agency.Status.IN_USE, order[one.status], one.code))
    return tuple(_row(agency, held, today, business_date, shows_held) for agency in agencies)


def agency_page(user: Any, agency: Agency, today: date, business_date: date | None, *, with_audit: bool) -> AgencyPage:
    """Return one agency."""
    lines = AuditEntry.objects.filter(subject_type="agency", subject_key=agency.code).order_by("-at", "-pk")
    return AgencyPage(
        row=_row(agency, _held(agency), today, business_date, not scope_of(user).is_limited),
        evaluations=tuple(agency.evaluations.order_by("-evaluated_on")),
        people=_people(agency, today),
        terms=tuple(agency.terms.order_by("-version")),
        audit=tuple(lines[:30]) if with_audit else (),
    )


def accesses(agency: Agency, *, account_no: str = "", after: str = "") -> AccessPage:
    """Return who of an agency saw which account when."""
    rows = AgencyAccess.objects.filter(agency=agency).select_related("account")
    if account_no:
        rows = rows.filter(account__account_no=account_no)
    moment, _comma, row_id = after.partition(",")
    try:
        at = datetime.fromisoformat(moment)
        rows = rows.filter(Q(at__lt=at) | Q(at=at, pk__lt=int(row_id[:18])))
    except ValueError:
        pass
    found = list(islice(rows.order_by("-at", "-pk")[: ROWS + 1], ROWS + 1))
    shown = found[:ROWS]
    mark = f"{shown[-1].at.isoformat()},{shown[-1].pk}" if len(found) > ROWS else ""
    return AccessPage(tuple(shown), mark)


def _held(agency: Agency | None = None) -> dict[int, tuple[int, int]]:
    rows = Placement.objects.filter(recalled_on=None).order_by()
    if agency is not None:
        rows = rows.filter(agency=agency)
    grouped = rows.values_list("agency_id").annotate(n=Count("pk"), owed=Sum("amount_minor"))
    return {agency_id: (number, owed) for agency_id, number, owed in grouped}


def _row(
    agency: Agency, held: dict[int, tuple[int, int]], today: date, business_date: date | None, shows_held: bool
) -> AgencyRow:
    accounts, amount = held.get(agency.pk, (0, 0))
    return AgencyRow(agency, standing_of(agency, today, placed_on=business_date), accounts, amount, shows_held)


def _people(agency: Agency, today: date) -> tuple[PersonRow, ...]:
    people = list(AgencyPerson.objects.filter(agency=agency).select_related("user").order_by("until", "pk"))
    held: dict[int, Any] = {}
    examined = Examination.objects.filter(
        user_id__in=[person.user_id for person in people], subject=Examination.Subject.COLLECTIONS, expires_on__gt=today
    )
    for user_id, expires_on in examined.values_list("user_id", "expires_on"):
        held[user_id] = max(held.get(user_id, expires_on), expires_on)
    return tuple(
        PersonRow(person, person.user.get_username(), is_trained(person.trained_on, today), held.get(person.user_id))
        for person in people
    )

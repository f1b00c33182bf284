"""What somebody of an agency sees of what is placed with it: the least, masked; nothing of other agencies or of the book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Final

from django.db.models import Q

from outreach.models import Contact
from outreach.rules.contacts import Outcome
from recovery.models import Agency, AgencyFile, Placement
from recovery.queries.placements import owed_by
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.personal import masked, masked_name

ROWS: Final = 50


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A placed account, masked; amounts in minor units of the agency's currency."""

    account_no: str
    account_id: int
    name: str
    phone: str
    days_past_due: int
    bucket: int
    owed_minor: int
    placed_on: date


@dataclass(frozen=True, slots=True)
class OwnList:
    """A page of placed accounts, by number. `next_after`: the last number of it, "" on the last page."""

    rows: tuple[OwnRow, ...]
    next_after: str


@dataclass(frozen=True, slots=True)
class OwnPage:
    """One placed account, and the calls that the person asked for about it."""

    row: OwnRow
    currency: str
    calls: tuple[Contact, ...]

    @property
    def open_calls(self) -> tuple[Contact, ...]:
        """Those that have not ended."""
        return tuple(call for call in self.calls if call.outcome == Outcome.OPEN)


def own_list(agency: Agency, user: Any, *, after: str = "", account_no: str = "") -> OwnList:
    """Return the accounts that are with an agency."""
    rows = Placement.objects.filter(agency=agency, recalled_on=None)
    conflicted = conflicted_customers(user)
    if conflicted:
        rows = rows.exclude(account__customer_id__in=conflicted)
    if after:
        rows = rows.filter(account__account_no__gt=after[:64])
    if account_no:
        rows = rows.filter(account__account_no=account_no[:64])
    rows = rows.select_related("account__customer", "account__state").order_by("account__account_no")
    found = list(islice(rows[: ROWS + 1], ROWS + 1))
    shown = tuple(own_row(placement) for placement in found[:ROWS])
    return OwnList(shown, shown[-1].account_no if len(found) > ROWS else "")


def own_page(placement: Placement, user: Any) -> OwnPage:
    """Return one placed account for somebody of its agency."""
    calls = Contact.objects.filter(account_id=placement.account_id, made_by=user.pk).order_by("-at", "-pk")
    return OwnPage(own_row(placement), placement.agency.currency, tuple(calls[:20]))


def own_files(agency: Agency, user: Any) -> tuple[AgencyFile, ...]:
    """Return the latest files that came in from an agency."""
    rows = AgencyFile.objects.filter(~Q(kind=AgencyFile.Kind.PLACEMENTS), agency=agency, sent_by=user.pk)
    return tuple(rows.order_by("-at", "-pk")[:20])


def own_row(placement: Placement) -> OwnRow:
    """Return a placement as its agency sees it."""
    state, person = placement.account.state, placement.account.customer.person
    return OwnRow(
        account_no=placement.account.account_no,
        account_id=placement.account_id,
        name=masked_name(person.get("name", "")),
        phone=masked(person.get("phone", "")),
        days_past_due=state.days_past_due,
        bucket=state.bucket,
        owed_minor=owed_by(state),
        placed_on=placement.placed_on,
    )

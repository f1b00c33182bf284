"""The placement file of an agency: what it needs to work and nothing else. Not kept; its digest and who got what are."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction

from recovery.agency_roles import SEND_FILE
from recovery.models import Agency, AgencyAccess, AgencyFile, Placement
from recovery.operations.agencies.finding import locked_agency, note
from riskops.shared.audit import Actor
from riskops.shared.money import plain_amount
from riskops.shared.spreadsheets import harmless

Details = Agency.Details
#: What every agency gets, and what is added where its contract needs it.
COLUMNS = ("account_no", "placed_on", "days_past_due", "currency", "amount_due")
ADDED = {Details.NONE: (), Details.PHONE: ("phone",), Details.PHONE_NAME: ("name", "phone")}


@transaction.atomic
def placement_file(*, actor: Actor, code: str, now: datetime) -> tuple[AgencyFile, str]:
    """Return the row of a placement file and its text: every account that is with the agency now, with the least data.

    :raises AgencyUnknown: there is none of that code
    """
    agency = locked_agency(code)
    added = ADDED[Details(agency.contact_details)]
    rows = Placement.objects.filter(agency=agency, recalled_on=None).order_by("account__account_no")
    related = ["account__state", *(["account__customer"] if added else [])]
    placements = list(rows.select_related(*related))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *added])
    for placement in placements:
        writer.writerow(_cells(placement, agency, added))
    content = text.getvalue()
    row = AgencyFile.objects.create(
        agency=agency, kind=AgencyFile.Kind.PLACEMENTS, name=f"placements-{agency.code}-{now:%Y%m%d-%H%M%S}.csv",
        digest=sha256(content.encode()).hexdigest(), status=AgencyFile.Status.SENT, rows=len(placements),
        result={"columns": [*COLUMNS, *added]}, sent_by_id=actor.user_id, sent_by_name=actor.name, at=now,
    )  # fmt: skip
    AgencyAccess.objects.bulk_create(
        (
            AgencyAccess(
                agency=agency, account_id=placement.account_id, what=AgencyAccess.What.FILE, user_id=actor.user_id,
                user_name=actor.name, at=now,
            )
            for placement in placements
        ),
        batch_size=1_000,
    )  # fmt: skip
    note(actor, SEND_FILE, agency, after={"file": row.pk, "rows": row.rows, "columns": row.result["columns"]})
    return row, content


def _cells(placement: Placement, agency: Agency, added: tuple[str, ...]) -> list[Any]:
    state = placement.account.state
    owed = (
        state.outstanding_principal_minor
        + state.outstanding_interest_minor
        + state.outstanding_fee_minor
        + state.penalty_due_minor
    )
    person = placement.account.customer.person if added else {}
    values = [
        placement.account.account_no,
        placement.placed_on.isoformat(),
        state.days_past_due,
        agency.currency,
        plain_amount(owed, digits=agency.minor_digits),
        *(person.get(name, "") for name in added),
    ]
    return [harmless(value) if isinstance(value, str) else value for value in values]

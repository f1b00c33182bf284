"""What a contact was judged on, as the log keeps it: plain JSON there and back, so that the audit judges it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, Final
from zoneinfo import ZoneInfo

from outreach.rules.contacts import Channel, Hold, Hours, Party, Purpose, Request, Standing

#: Where the log keeps when a contact was reported that nobody asked the gate for: in an ISO moment beside the standing.
REPORTED_AT: Final = "reported_at"


def request_as_kept(request: Request) -> dict[str, Any]:
    """Return what was asked for beside what the log has columns of."""
    return {
        "names_institution": request.names_institution,
        "discloses_debt": request.discloses_debt,
        "has_opt_out": request.has_opt_out,
        "is_collector_fit": request.is_collector_fit,
    }


def request_from_kept(
    kept: Mapping[str, Any], *, channel: str, purpose: str, party: str, account_id: int, detail: int | None
) -> Request:
    """Return the request of a line of the log."""
    return Request(
        channel=Channel(channel),
        purpose=Purpose(purpose),
        party=Party(party),
        account_id=account_id,
        detail=detail,
        **kept,
    )


def standing_as_kept(standing: Standing, request: Request, zone: str) -> dict[str, Any]:
    """Return what was known of the customer, as far as it bears on the request. Details stand for themselves: keyed indexes."""
    hours = standing.agreed_hours
    return {
        "zone": zone,
        "agreed_hours": [hours.since.isoformat(), hours.until.isoformat()] if hours else None,
        "consents": sorted(standing.consents),
        "opted_out": sorted(standing.opted_out),
        "holds": sorted(standing.held_by(request.account_id)),
        "is_representative": request.detail in standing.represented_at(request.account_id),
        "is_unusable": request.detail in standing.unusable,
        "has_refused": request.detail in standing.refused_by,
        "is_lost": standing.is_lost,
    }


def standing_from_kept(kept: Mapping[str, Any], request: Request) -> Standing:
    """Return the standing that `standing_as_kept` wrote."""
    hours = kept["agreed_hours"]
    of_detail = frozenset() if request.detail is None else frozenset({request.detail})
    # Before numbers of representatives were on record the rules asked for none.
    is_representative = kept.get("is_representative", request.party is Party.REPRESENTATIVE)
    return Standing(
        zone=ZoneInfo(kept["zone"]),
        agreed_hours=Hours(time.fromisoformat(hours[0]), time.fromisoformat(hours[1])) if hours else None,
        consents=frozenset(map(Channel, kept["consents"])),
        opted_out=frozenset(map(Channel, kept["opted_out"])),
        holds=frozenset((Hold(name), request.account_id) for name in kept["holds"]),
        representatives=frozenset((detail, request.account_id) for detail in of_detail if is_representative),
        unusable=of_detail if kept["is_unusable"] else frozenset(),
        refused_by=of_detail if kept["has_refused"] else frozenset(),
        is_lost=kept["is_lost"],
    )

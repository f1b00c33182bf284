"""The audit page: who did what, newest first, by keyset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.queries.trail import lines_in_sight
from riskops.shared.audit_words import action_choices
from riskops.shared.models import AuditEntry
from riskops.shared.operations import VIEW_AUDIT
from riskops.shared.roles import requires

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of the trail and the filters that chose it."""

    rows: tuple[AuditEntry, ...]
    next_before: int | None
    filters: dict[str, str]
    actions: tuple[tuple[str, Promise], ...]


def audit_page(parameters: Any, *, user: Any) -> AuditPage:
    """Return the page that the query parameters ask for, of the lines the person may read; what cannot be read is passed over."""
    filters = {name: parameters.get(name, "").strip() for name in ("action", "actor", "subject", "run")}
    lines = lines_in_sight(_filtered(filters, parameters.get("before", "")), user=user)
    rows = list(lines[: PAGE_ROWS + 1])
    more = len(rows) > PAGE_ROWS
    rows = rows[:PAGE_ROWS]
    return AuditPage(
        rows=tuple(rows),
        next_before=rows[-1].pk if more else None,
        filters=filters,
        actions=action_choices(),
    )


def _filtered(filters: dict[str, str], before: str) -> QuerySet[AuditEntry]:
    entries = AuditEntry.objects.order_by("-id")
    if filters["action"]:
        entries = entries.filter(action=filters["action"])
    if filters["actor"]:
        entries = entries.filter(actor_name=filters["actor"])
    if filters["subject"]:
        entries = entries.filter(subject_key=filters["subject"])
    if filters["run"].isdecimal():
        entries = entries.filter(run_id=int(filters["run"]))
    if before.isdecimal():
        entries = entries.filter(pk__lt=int(before))
    return entries


@requires(VIEW_AUDIT)
def audit_trail(request: HttpRequest) -> HttpResponse:
    """Show the trail."""
    page = audit_page(request.GET, user=request.user)
    return render(request, "riskops_site/audit.html", {"title": _("Audit trail"), "page": page})

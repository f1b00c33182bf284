"""The acts on undoings of rule versions, the same for every kind of rule: a preview, asked for, judged by a second person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext

from accounts.models.rule_versions import RuleUndo, RuleVersion
from accounts.operations.deciding.refusals import role_names
from accounts.operations.refusals import LedgerRefusal
from accounts.operations.rule_refusals import UndoDayUnreadable
from accounts.operations.rule_undoing import UndoKind, ask_to_undo, ends_when_asked, judge_undoing, preview_undoing
from accounts.queries.rule_undoings import UndoingShown, undoings_of
from riskops.shared.audit import Actor
from riskops.shared.people.refusals import ConflictDeclared
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires, roles_of
from riskops.shared.scope import refuse_limited_scope, scope_of


@dataclass(frozen=True, slots=True)
class UndoDesk:
    """What the pages need to know of one kind.

    :param url: the name of a version's page; its list adds an s
    :param ask_url: where the form is sent
    :param heading: over the form; `day_label` beside its day
    """

    kind: UndoKind
    url: str
    ask_url: str
    heading: Promise
    day_label: Promise


@dataclass(frozen=True, slots=True)
class UndoForm:
    """The form that asks for an undoing: its address, and what the day that was asked about holds.

    :param preview: as it would be asked for, not saved; None before somebody looks, or where nothing is left
    :param ends_at_once: asking ends the version, else the approval does
    """

    heading: Promise
    day_label: Promise
    url: str
    day_name: str
    day: str
    is_looked_at: bool
    preview: RuleUndo | None
    refusal: str
    ends_at_once: bool

    @property
    def approvers(self) -> str:
        """The roles that the matrix asks of the second person."""
        return role_names(self.preview.preview.get("needs_approval_by", ())) if self.preview else ""


def undoing_context(desk: UndoDesk, request: HttpRequest, version: RuleVersion) -> dict[str, Any]:
    """Return what the page of a version says of its undoing: the undoings there are, and the form for whoever may ask."""
    shown: tuple[UndoingShown, ...] = undoings_of(desk.kind, version.pk, user=request.user)
    may_ask = may(request.user, desk.kind.ask_operation) and not scope_of(request.user).is_limited
    return {"undoings": shown, "undo_form": _form(desk, request, version) if may_ask and version.live_from else None}


def _form(desk: UndoDesk, request: HttpRequest, version: RuleVersion) -> UndoForm:
    said = request.GET.get("undo")
    day, preview, refusal = None, None, ""
    if said is not None:
        try:
            day = _day(said)
            figures = preview_undoing(
                desk.kind, actor=Actor.of(request.user), roles=_roles(request), version_id=version.pk, day=day
            )
            preview = desk.kind.model(preview=figures) if figures else None
        except (LedgerRefusal, ConflictDeclared) as refused:
            refusal = str(refused)
    return UndoForm(
        heading=desk.heading,
        day_label=desk.day_label,
        url=reverse(f"accounts:{desk.ask_url}", args=[version.pk]),
        day_name=desk.kind.day,
        day=day.isoformat() if day else "",
        is_looked_at=said is not None,
        preview=preview,
        refusal=refusal,
        ends_at_once=ends_when_asked(desk.kind, _roles(request)),
    )


def undo_views(desk: UndoDesk) -> tuple[Any, Any]:
    """Return the views that ask for an undoing and that judge one."""
    kind = desk.kind

    @requires(kind.ask_operation)
    @posted_from(f"accounts:{desk.url}")
    def asked(request: HttpRequest, version_id: int) -> HttpResponse:
        """Ask to undo what a version did: all of it, or what it did on one day."""
        refuse_limited_scope(request.user)
        try:
            day = _day(request.POST.get(kind.day, ""))
            ask_to_undo(
                kind,
                actor=Actor.of(request.user),
                roles=_roles(request),
                version_id=version_id,
                day=day,
                reason=request.POST.get("reason", ""),
            )
        except LedgerRefusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, gettext("Asked for: somebody else approves it, on the list of rules."))
        return redirect(f"accounts:{desk.url}", version_id)

    @requires(kind.approve_operation)
    @posted_from(f"accounts:{desk.url}s", takes=())
    def judged(request: HttpRequest, undo_id: int) -> HttpResponse:
        """Approve an undoing, or refuse it."""
        refuse_limited_scope(request.user)
        is_approved = "approve" in request.POST
        try:
            judge_undoing(kind, actor=Actor.of(request.user), roles=_roles(request), undo_id=undo_id, is_approved=is_approved)
        except LedgerRefusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, gettext("Done: the rules stand as below."))
        return redirect(f"accounts:{desk.url}s")

    return asked, judged


def _roles(request: HttpRequest) -> list[str]:
    return [role.value for role in roles_of(request.user)]


def _day(text: str) -> date | None:
    """Return the day that was typed; None for nothing, which means all days.

    :raises UndoDayUnreadable: it is no day: taken for nothing, it would widen the undoing to everything
    """
    typed = text.strip()
    if not typed:
        return None
    try:
        day = parse_date(typed)
    except ValueError:
        day = None
    if day is None:
        raise UndoDayUnreadable(typed)
    return day

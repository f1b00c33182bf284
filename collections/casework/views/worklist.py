"""The worklist: the list, the desk beside it, and the next account. What is done there: casework/views/work_acts.py."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from casework import work_roles as may_do
from casework.case_forms import OFFERED_PARTS
from casework.lateness import reasons_offered
from casework.models import SavedView, WorkItem
from casework.operations import claiming, noting
from casework.operations.work_refusals import NothingToTake, WorkRefusal
from casework.operations.working import MOST_BOOST_DAYS, MOST_SNOOZE_DAYS
from casework.outcomes import outcomes_offered
from casework.queries.desk import desk_of
from casework.queries.worklist import SHOWN, WorkFilters, read_work_filters, work_page
from casework.rules.priority import WHOLE_BP
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.people.models import Membership
from riskops.shared.people.refusals import PersonRefused
from riskops.shared.posting import posted_from
from riskops.shared.request_context import once_a_request
from riskops.shared.roles import OPERATIONS, Role, may, requires, roles_of
from riskops.shared.scope import scope_of

_NAMES = (pgettext_lazy("work item", "open"), _("mine"), _("escalated to me"), _("blocked"), _("snoozed"), _("done"))
SHOWN_NAMES = dict(zip(SHOWN, _NAMES, strict=True))
#: What the keys 1, 2 and 3 of the snooze form offer, in days.
SNOOZES = ((1, _("tomorrow")), (3, _("in 3 days")), (7, _("in a week")))


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page, not for the page."""
    htmx: Any = getattr(request, "htmx", False)
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def item_or_404(item_id: int, user: Any) -> WorkItem:
    """Return an item of an account that the person may see and open; 404 if they may not see it.

    :raises ConflictDeclared: they have a conflict with its customer
    """
    items = scope_of(user).accounts(WorkItem.objects.filter(pk=item_id))
    item = items.select_related("queue__effect", "account__product", "account__customer", "account__state").first()
    if item is None:
        raise Http404(gettext("There is no item %(id)s in the worklist.") % {"id": item_id})
    refuse_conflict(user, item.customer_id)
    return item


@never_cache
@require_GET
@requires(may_do.VIEW_WORK)
def worklist(request: HttpRequest) -> HttpResponse:
    """Show a page of a queue, and beside it the item that the address names with `at`."""
    now = timezone.now()
    filters = read_work_filters(request.GET, user=request.user)
    # The figures stand above the list: whoever turns a page of it has them already. The list itself asks after an act.
    is_after_act = getattr(request, "htmx", None) is not None and request.headers.get("HX-Trigger") == "work-list"
    page = work_page(filters, user=request.user, now=now, with_figures=is_after_act or not is_partial(request))
    filters = page.filters
    asked = {"queue": page.queue.code if page.queue else "", "show": filters.show, "rule": filters.rule_text}
    context: dict[str, Any] = {
        "title": _("Worklist"),
        "page": page,
        "filters": filters,
        "shown": SHOWN_NAMES.items(),
        "views": SavedView.objects.filter(Q(owner=request.user.pk) | Q(is_shared=True)).order_by("name"),
        "reference": secrets.token_hex(12),
        "address": urlencode({name: value for name, value in asked.items() if value}),
        **_choices(request),
    }
    if is_partial(request):
        return render(request, "casework/worklist/_list.html", {**context, "is_partial": True})
    if filters.at is not None:
        context |= _desk_or_why_not(request, filters, now)
    return render(request, "casework/worklist/worklist.html", context)


def _choices(request: HttpRequest) -> dict[str, Any]:
    """Return what the forms of list and desk offer."""
    is_lead = bool(roles_of(request.user) & {Role.TEAM_LEAD, Role.MANAGER})
    people: Any = []
    if is_lead:
        people = once_a_request("colleagues", _colleagues) or [request.user]
    today = timezone.localdate()
    return {
        "is_lead": is_lead,
        "people": people,
        "outcomes": outcomes_offered(),
        "offered_parts": range(OFFERED_PARTS),
        "snoozes": [(days, label, today + timedelta(days=days)) for days, label in SNOOZES],
        "tomorrow": today + timedelta(days=1),
        "last_snooze_day": today + timedelta(days=MOST_SNOOZE_DAYS),
        "last_boost_day": today + timedelta(days=MOST_BOOST_DAYS),
        "may_work": may(request.user, may_do.RECORD_OUTCOME),
        "may_next": may(request.user, may_do.NEXT_WORK),
        "may_bulk": may(request.user, may_do.BULK_WORK),
        "wakes": WorkItem.Wake.choices,
    }


def _colleagues() -> list[Any]:
    """Return everybody who is in a team now and whose roles work accounts, each once, by user name."""
    roles = [role.value for role in OPERATIONS[may_do.RECORD_OUTCOME].roles]
    mates = Membership.objects.filter(until=None, user__is_active=True, user__groups__name__in=roles)
    return list({row.user_id: row.user for row in mates.select_related("user").order_by("user__username")}.values())


def _desk_or_why_not(request: HttpRequest, filters: WorkFilters, now: datetime) -> dict[str, Any]:
    try:
        return desk_context(request, item_or_404(filters.at or 0, request.user), now)
    except Http404:
        return {"desk_refusal": gettext("The account of this address is not in the worklist any more.")}
    except PersonRefused as refusal:
        return {"desk_refusal": str(refusal)}


def desk_context(request: HttpRequest, item: WorkItem, now: datetime, **more: Any) -> dict[str, Any]:
    """Return what the desk of an item shows."""
    desk = desk_of(item, user=request.user, now=now)
    note = more.pop("note", None) or noting.latest_note(item.account_id)
    return {
        "desk": desk,
        "note": note,
        "note_text": note.text if note else "",
        "note_version": note.version if note else 0,
        "whole_bp": WHOLE_BP,
        "reasons": reasons_offered() if desk.brief and desk.brief.asks_reason else (),
        **_choices(request),
        **more,
    }


def desk_answer(request: HttpRequest, item: WorkItem, *, status: int = 200, **more: Any) -> HttpResponse:
    """Return the desk of an item, as a part of the page or as the page with it."""
    if not is_partial(request):
        for text in filter(None, (more.get("refusal"),)):
            messages.error(request, text)
        address = urlencode({"queue": item.queue.code, "at": item.pk})
        return redirect(f"{reverse('worklist')}?{address}")
    context = desk_context(request, item, timezone.now(), **more)
    answer = render(request, "casework/worklist/_desk.html", context, status=status)
    answer["HX-Trigger"] = json.dumps({"worklist:changed": {"at": item.pk}})
    return answer


@never_cache
@require_GET
@requires(may_do.VIEW_WORK)
def item(request: HttpRequest, item_id: int) -> HttpResponse:
    """Show the desk of an item: alone for htmx, else the worklist with it.

    One that is refused clears the desk: above another account that lies open the reason would be read as that one's.
    """
    try:
        found = item_or_404(item_id, request.user)
    except PersonRefused as refusal:
        if not is_partial(request):
            raise
        context = {**_choices(request), "desk_refusal": str(refusal)}
        return render(request, "casework/worklist/_desk.html", context, status=403)
    if not is_partial(request):
        return redirect(f"{reverse('worklist')}?{urlencode({'queue': found.queue.code, 'at': found.pk})}")
    return render(request, "casework/worklist/_desk.html", desk_context(request, found, timezone.now()))


@never_cache
@requires(may_do.NEXT_WORK)
@posted_from("worklist")
def next_item(request: HttpRequest) -> HttpResponse:
    """Take the next account of a queue."""
    return take_next(request, request.POST.get("queue", ""))


def take_next(request: HttpRequest, queue: str, *, done: str = "", undo: int | None = None) -> HttpResponse:
    """Take the next account and show it; with what was just done, and a way to undo that."""
    more: dict[str, Any] = {"done": done, "undo": undo, "is_play": True}
    try:
        taken = claiming.get_next(
            actor=Actor.of(request.user), scope=scope_of(request.user), now=timezone.now(), queue_code=queue
        )
    except WorkRefusal as refusal:
        if not is_partial(request):
            messages.info(request, f"{done} {refusal}".strip())
            return redirect(f"{reverse('worklist')}?{urlencode({'queue': queue})}")
        context = {**more, **_choices(request), "nothing": str(refusal), "is_empty": isinstance(refusal, NothingToTake)}
        answer = render(request, "casework/worklist/_desk.html", context)
        answer["HX-Trigger"] = json.dumps({"worklist:changed": {"at": None}})
        return answer
    return desk_answer(request, item_or_404(taken.item.pk, request.user), **more)

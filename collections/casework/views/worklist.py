"""The worklist: the list, the desk beside it, and what is done there. Each act answers with the desk as it is afterwards."""

from __future__ import annotations

import difflib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import CreditAccount
from casework import work_roles as may_do
from casework.models import Queue, SavedView, WorkItem, WorkRecord
from casework.operations import claiming, noting, working
from casework.operations.work_refusals import NoteChanged, NothingToTake, WorkRefusal
from casework.operations.working import MOST_BOOST_DAYS, MOST_SNOOZE_DAYS, Asked
from casework.outcomes import OUTCOMES
from casework.queries.worklist import SHOWN, WorkFilters, desk_of, read_work_filters, work_page
from casework.rules.priority import WHOLE_BP
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.people.models import Membership
from riskops.shared.people.refusals import PersonRefused
from riskops.shared.posting import posted_from
from riskops.shared.request_context import once_a_request
from riskops.shared.roles import Role, may, requires, roles_of
from riskops.shared.scope import scope_of

SHOWN_NAMES = dict(zip(SHOWN, (_("open"), _("mine"), _("escalated to me"), _("blocked"), _("snoozed"), _("done")), strict=True))
#: What the keys 1, 2 and 3 of the snooze form offer, in days.
SNOOZES = ((1, _("tomorrow")), (3, _("in 3 days")), (7, _("in a week")))


def _is_partial(request: HttpRequest) -> bool:
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
    # The figures stand above the list: whoever turns a page of it has them already.
    page = work_page(filters, user=request.user, now=now, with_figures=not _is_partial(request))
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
    if _is_partial(request):
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
        "outcomes": OUTCOMES,
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
    """Return everybody who is in a team now, each once, by user name."""
    mates = Membership.objects.filter(until=None, user__is_active=True).select_related("user").order_by("user__username")
    return list({row.user_id: row.user for row in mates}.values())


def _desk_or_why_not(request: HttpRequest, filters: WorkFilters, now: datetime) -> dict[str, Any]:
    try:
        return _desk_context(request, item_or_404(filters.at or 0, request.user), now)
    except Http404:
        return {"desk_refusal": gettext("The account of this address is not in the worklist any more.")}
    except PersonRefused as refusal:
        return {"desk_refusal": str(refusal)}


def _desk_context(request: HttpRequest, item: WorkItem, now: datetime, **more: Any) -> dict[str, Any]:
    desk = desk_of(item, user=request.user, now=now)
    note = more.pop("note", None) or noting.latest_note(item.account_id)
    return {
        "desk": desk,
        "note": note,
        "note_text": note.text if note else "",
        "note_version": note.version if note else 0,
        "whole_bp": WHOLE_BP,
        **_choices(request),
        **more,
    }


def _desk_answer(request: HttpRequest, item: WorkItem, *, status: int = 200, **more: Any) -> HttpResponse:
    """Return the desk of an item, as a part of the page or as the page with it."""
    if not _is_partial(request):
        for text in filter(None, (more.get("refusal"),)):
            messages.error(request, text)
        address = urlencode({"queue": item.queue.code, "at": item.pk})
        return redirect(f"{reverse('worklist')}?{address}")
    context = _desk_context(request, item, timezone.now(), **more)
    answer = render(request, "casework/worklist/_desk.html", context, status=status)
    answer["HX-Trigger"] = json.dumps({"worklist:changed": {"at": item.pk}})
    return answer


@never_cache
@require_GET
@requires(may_do.VIEW_WORK)
def item(request: HttpRequest, item_id: int) -> HttpResponse:
    """Show the desk of an item: alone for htmx, else the worklist with it."""
    found = item_or_404(item_id, request.user)
    if not _is_partial(request):
        return redirect(f"{reverse('worklist')}?{urlencode({'queue': found.queue.code, 'at': found.pk})}")
    return render(request, "casework/worklist/_desk.html", _desk_context(request, found, timezone.now()))


@never_cache
@requires(may_do.NEXT_WORK)
@posted_from("worklist")
def next_item(request: HttpRequest) -> HttpResponse:
    """Take the next account of a queue."""
    return _next(request, request.POST.get("queue", ""))


def _next(request: HttpRequest, queue: str, *, done: str = "", undo: int | None = None) -> HttpResponse:
    """Take the next account and show it; with what was just done, and a way to undo that."""
    more: dict[str, Any] = {"done": done, "undo": undo, "is_play": True}
    try:
        taken = claiming.get_next(
            actor=Actor.of(request.user), scope=scope_of(request.user), now=timezone.now(), queue_code=queue
        )
    except WorkRefusal as refusal:
        if not _is_partial(request):
            messages.info(request, f"{done} {refusal}".strip())
            return redirect(f"{reverse('worklist')}?{urlencode({'queue': queue})}")
        context = {**more, **_choices(request), "nothing": str(refusal), "is_empty": isinstance(refusal, NothingToTake)}
        answer = render(request, "casework/worklist/_desk.html", context)
        answer["HX-Trigger"] = json.dumps({"worklist:changed": {"at": None}})
        return answer
    return _desk_answer(request, item_or_404(taken.item.pk, request.user), **more)


@dataclass(frozen=True, slots=True)
class _Form:
    """What an act's form sent."""

    request: HttpRequest
    item: WorkItem

    def text(self, name: str) -> str:
        return self.request.POST.get(name, "").strip()

    def whole(self, name: str) -> int:
        value = self.text(name)
        return int(value) if value.isdecimal() and len(value) < 10 else 0

    @property
    def asked(self) -> Asked:
        return Asked(
            actor=Actor.of(self.request.user),
            scope=scope_of(self.request.user),
            item_id=self.item.pk,
            version=self.whole("version"),
            now=timezone.now(),
            token=self.text("token"),
        )


def _act(
    request: HttpRequest, item_id: int, do: Callable[[_Form], WorkRecord], done: Callable[[_Form], str], *, goes_on: bool
) -> HttpResponse:
    """Do an act and show the desk: the same item with the refusal, or what comes after it."""
    form = _Form(request, item_or_404(item_id, request.user))
    try:
        made = do(form)
    except WorkRefusal as refusal:
        fresh = item_or_404(item_id, request.user)
        return _desk_answer(request, fresh, status=422, refusal=str(refusal), typed=form.text("reason") or form.text("remark"))
    said = done(form)
    if goes_on and request.POST.get("play"):
        return _next(request, form.item.queue.code, done=said, undo=made.pk)
    if not _is_partial(request):
        messages.success(request, said)
    return _desk_answer(request, item_or_404(item_id, request.user), done=said, undo=made.pk)


@never_cache
@requires(may_do.RECORD_OUTCOME)
@posted_from("worklist-item")
def outcome(request: HttpRequest, item_id: int) -> HttpResponse:
    """Record an outcome; in play mode the next account follows."""

    def said(form: _Form) -> str:
        label = next((str(o.label) for o in OUTCOMES if o.code == form.text("outcome")), "")
        return gettext("%(account)s: %(outcome)s.") % {"account": form.item.account.account_no, "outcome": label}

    return _act(
        request,
        item_id,
        lambda form: working.record_outcome(form.asked, outcome=form.text("outcome"), remark=form.text("remark")),
        said,
        goes_on=True,
    )


def read_moment(day: str) -> datetime:
    """Return the start of business of a day as people type it; long ago where it cannot be read, which is refused."""
    try:
        found = date.fromisoformat(day)
    except ValueError:
        found = date(1990, 1, 1)
    return timezone.make_aware(datetime.combine(found, time(9)), timezone.get_current_timezone())


@never_cache
@requires(may_do.SNOOZE_WORK)
@posted_from("worklist-item")
def snooze(request: HttpRequest, item_id: int) -> HttpResponse:
    """Put an item to sleep until a day, or until something happens before; or wake it."""
    if request.POST.get("wake"):
        return _act(
            request,
            item_id,
            lambda form: working.wake(form.asked),
            lambda form: gettext("%(account)s is awake.") % {"account": form.item.account.account_no},
            goes_on=False,
        )
    return _act(
        request,
        item_id,
        lambda form: working.snooze(
            form.asked,
            until=read_moment(form.text("until")),
            wake_on=form.text("wake_on"),
            wake_days=form.whole("wake_days") or None,
            reason=form.text("reason"),
        ),
        lambda form: gettext("%(account)s sleeps.") % {"account": form.item.account.account_no},
        goes_on=True,
    )


@never_cache
@requires(may_do.SKIP_WORK)
@posted_from("worklist-item")
def skip(request: HttpRequest, item_id: int) -> HttpResponse:
    """Pass an item on, with a reason."""
    return _act(
        request,
        item_id,
        lambda form: working.skip(form.asked, reason=form.text("reason")),
        lambda form: gettext("%(account)s is passed on.") % {"account": form.item.account.account_no},
        goes_on=True,
    )


@never_cache
@requires(may_do.ESCALATE_WORK)
@posted_from("worklist-item")
def escalate(request: HttpRequest, item_id: int) -> HttpResponse:
    """Hand an item to the lead."""
    return _act(
        request,
        item_id,
        lambda form: working.escalate(form.asked, reason=form.text("reason")),
        lambda form: gettext("%(account)s is escalated.") % {"account": form.item.account.account_no},
        goes_on=True,
    )


@never_cache
@requires(may_do.ASSIGN_WORK)
@posted_from("worklist-item")
def assign(request: HttpRequest, item_id: int) -> HttpResponse:
    """Assign an item to a person, or to nobody."""
    return _act(
        request,
        item_id,
        lambda form: working.assign(form.asked, username=form.text("username")),
        lambda form: (
            gettext("%(account)s is assigned to %(name)s.")
            % {"account": form.item.account.account_no, "name": form.text("username")}
            if form.text("username")
            else gettext("%(account)s is assigned to nobody.") % {"account": form.item.account.account_no}
        ),
        goes_on=False,
    )


@never_cache
@requires(may_do.BOOST_WORK)
@posted_from("worklist-item")
def boost(request: HttpRequest, item_id: int) -> HttpResponse:
    """Boost an item until a day."""
    return _act(
        request,
        item_id,
        lambda form: working.boost(
            form.asked, factor=form.whole("factor"), until=read_moment(form.text("until")).date(), reason=form.text("reason")
        ),
        lambda form: gettext("%(account)s is boosted.") % {"account": form.item.account.account_no},
        goes_on=False,
    )


@never_cache
@requires(may_do.CLAIM_WORK)
@posted_from("worklist-item")
def claim(request: HttpRequest, item_id: int) -> HttpResponse:
    """Claim a chosen item."""
    item_or_404(item_id, request.user)
    try:
        claiming.claim_item(actor=Actor.of(request.user), item_id=item_id, scope=scope_of(request.user), now=timezone.now())
    except WorkRefusal as refusal:
        return _desk_answer(request, item_or_404(item_id, request.user), status=422, refusal=str(refusal))
    return _desk_answer(request, item_or_404(item_id, request.user))


def _with_claim(request: HttpRequest, item_id: int, do: Callable[..., Any]) -> HttpResponse:
    item_or_404(item_id, request.user)
    try:
        do(actor=Actor.of(request.user), token=request.POST.get("token", ""), now=timezone.now())
    except WorkRefusal as refusal:
        return _desk_answer(request, item_or_404(item_id, request.user), status=422, refusal=str(refusal))
    return _desk_answer(request, item_or_404(item_id, request.user))


@never_cache
@require_POST
@requires(may_do.RENEW_WORK)
def renew(request: HttpRequest, item_id: int) -> HttpResponse:
    """Begin the fifteen minutes again."""
    return _with_claim(request, item_id, claiming.renew_claim)


@never_cache
@requires(may_do.RELEASE_WORK)
@posted_from("worklist-item")
def release(request: HttpRequest, item_id: int) -> HttpResponse:
    """Release a customer."""
    return _with_claim(request, item_id, claiming.release_claim)


@never_cache
@requires(may_do.UNDO_WORK)
@posted_from("worklist", takes=())
def undo(request: HttpRequest, record_id: int) -> HttpResponse:
    """Undo an act."""
    made = WorkRecord.objects.filter(pk=record_id).first()
    if made is None:
        raise Http404(gettext("There is nothing of that number to undo."))
    item_or_404(made.item_id, request.user)
    more: dict[str, Any] = {"done": gettext("Undone.")}
    status = 200
    try:
        working.undo(actor=Actor.of(request.user), scope=scope_of(request.user), record_id=record_id, now=timezone.now())
    except WorkRefusal as refusal:
        more, status = {"refusal": str(refusal)}, 422
    return _desk_answer(request, item_or_404(made.item_id, request.user), status=status, **more)


@never_cache
@requires(may_do.WRITE_NOTE)
@posted_from("worklist-item")
def note(request: HttpRequest, item_id: int) -> HttpResponse:
    """Save the account's note; where somebody else saved another text, show both and lose none."""
    found = item_or_404(item_id, request.user)
    text, version = request.POST.get("text", ""), request.POST.get("note_version", "0")
    try:
        noting.save_note(
            actor=Actor.of(request.user),
            account=found.account,
            text=text,
            version=int(version) if version.isdecimal() and len(version) < 10 else 0,
            now=timezone.now(),
        )
    except NoteChanged as changed:
        differences = [
            (line[0], line[2:])
            for line in difflib.ndiff(changed.theirs.splitlines(), text.replace("\r\n", "\n").splitlines())
            if line[0] != "?"
        ]
        more = {
            "note_refusal": str(changed),
            "note_theirs": changed.theirs,
            "note_differences": differences,
            "note_text": text,
            "note_version": changed.version,
        }
        if not _is_partial(request):
            context = {"title": found.account.account_no, **_desk_context(request, found, timezone.now(), **more)}
            return render(request, "casework/worklist/note.html", context, status=422)
        return _desk_answer(request, found, status=422, **more)
    except WorkRefusal as refusal:
        return _desk_answer(request, found, status=422, refusal=str(refusal), note_text=text)
    return _desk_answer(request, found, done=gettext("The note is saved."))


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.VIEW_WORK)
def presence(request: HttpRequest, account_no: str) -> HttpResponse:
    """Say that the person has the account on screen, and show who else has. A GET only looks."""
    seen = scope_of(request.user).accounts(CreditAccount.objects.filter(account_no=account_no)).first()
    if seen is None:
        raise Http404(gettext("There is no account %(number)s in this book.") % {"number": account_no})
    refuse_conflict(request.user, seen.customer_id)
    others = noting.be_present(user_id=int(request.user.pk or 0), account_id=seen.pk, now=timezone.now())
    return render(request, "casework/worklist/_presence.html", {"others": others, "account_no": account_no})


def queue_or_404(code: str) -> Queue:
    """Return a queue; answer 404 with its code."""
    queue = Queue.objects.filter(code=code).select_related("team").first()
    if queue is None:
        raise Http404(gettext("There is no queue “%(code)s”.") % {"code": code})
    return queue

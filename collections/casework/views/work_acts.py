"""What is done to an item of the worklist. Each act answers with the desk as it is afterwards, or with the next account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from casework import work_roles as may_do
from casework.case_forms import PromiseTyped, read_parts
from casework.contact_hooks import with_what_lacks
from casework.models import WorkItem, WorkRecord
from casework.operations import claiming, working
from casework.operations.acting import Asked
from casework.operations.promises import take_promise
from casework.operations.work_refusals import WorkRefusal
from casework.outcomes import PROMISED, outcome_label
from casework.views.worklist import desk_answer, is_partial, item_or_404, take_next
from riskops.shared.audit import Actor
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.scope import scope_of


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
        typed = form.text("reason") or form.text("remark")
        chosen = form.text("lateness_reason")
        more: dict[str, Any] = {"refusal": str(refusal), "typed": typed, "chosen_reason": chosen}
        if "due_on" in request.POST:
            more["typed_promise"] = PromiseTyped.of(request.POST, refusal)
        return desk_answer(request, fresh, status=422, **more)
    said = done(form)
    if goes_on and request.POST.get("play"):
        return take_next(request, form.item.queue.code, done=said, undo=made.pk)
    if not is_partial(request):
        messages.success(request, said)
    return desk_answer(request, item_or_404(item_id, request.user), done=said, undo=made.pk)


@never_cache
@requires(may_do.RECORD_OUTCOME)
@posted_from("worklist-item")
def outcome(request: HttpRequest, item_id: int) -> HttpResponse:
    """Record an outcome; in play mode the next account follows."""

    def said(form: _Form) -> str:
        label = outcome_label(form.text("outcome"))
        done = gettext("%(account)s: %(outcome)s.") % {"account": form.item.account.account_no, "outcome": label}
        return _with_what_lacks(done, form, form.text("outcome"))

    return _act(
        request,
        item_id,
        lambda form: working.record_outcome(
            form.asked,
            outcome=form.text("outcome"),
            remark=form.text("remark"),
            lateness_reason=form.text("lateness_reason"),
        ),
        said,
        goes_on=True,
    )


@never_cache
@requires(may_do.TAKE_PROMISE)
@posted_from("worklist-item")
def promise(request: HttpRequest, item_id: int) -> HttpResponse:
    """Take a promise and record it as the outcome, both or neither; in play mode the next account follows."""

    @transaction.atomic
    def take(form: _Form) -> WorkRecord:
        account = form.item.account
        promise = take_promise(
            actor=form.asked.actor,
            account_id=account.pk,
            parts=read_parts(request.POST, digits=account.product.minor_digits),
            said=form.text("said"),
            override_reason=form.text("override_reason"),
        )
        return working.record_outcome(
            form.asked, outcome=PROMISED, lateness_reason=form.text("lateness_reason"), promise_id=promise.pk
        )

    def said(form: _Form) -> str:
        done = gettext("%(account)s: the promise is taken.") % {"account": form.item.account.account_no}
        return _with_what_lacks(done, form, PROMISED)

    return _act(request, item_id, take, said, goes_on=True)


def _with_what_lacks(done: str, form: _Form, outcome: str) -> str:
    user_id = form.asked.actor.user_id
    return with_what_lacks(done, account_id=form.item.account_id, user_id=user_id, outcome=outcome, now=form.asked.now)


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
        return desk_answer(request, item_or_404(item_id, request.user), status=422, refusal=str(refusal))
    return desk_answer(request, item_or_404(item_id, request.user))


def _with_claim(request: HttpRequest, item_id: int, do: Callable[..., Any]) -> HttpResponse:
    item_or_404(item_id, request.user)
    try:
        do(actor=Actor.of(request.user), token=request.POST.get("token", ""), now=timezone.now())
    except WorkRefusal as refusal:
        return desk_answer(request, item_or_404(item_id, request.user), status=422, refusal=str(refusal))
    return desk_answer(request, item_or_404(item_id, request.user))


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
    said = gettext("Undone; the promise is cancelled.") if made.promise_id else gettext("Undone.")
    more: dict[str, Any] = {"done": said}
    status = 200
    try:
        working.undo(actor=Actor.of(request.user), scope=scope_of(request.user), record_id=record_id, now=timezone.now())
    except WorkRefusal as refusal:
        more, status = {"refusal": str(refusal)}, 422
    return desk_answer(request, item_or_404(made.item_id, request.user), status=status, **more)

"""Outreach → Outbox: what is to go out and what went out, dead letters, one message, corrections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.operations.refusals import LedgerRefusal
from accounts.roles import REVEAL_PERSON
from outreach import outbox_forms
from outreach.forms import ReasonForm
from outreach.models import Message
from outreach.models.templates import MESSAGE_CHANNELS
from outreach.operations import outbox as acts
from outreach.operations.correcting import Preview, correct_messages, preview_correction
from outreach.operations.outbox_refusals import MessageUnknown
from outreach.operations.refusals import OutreachRefusal
from outreach.queries import outbox as queries
from outreach.roles import ACT_ON_OUTBOX, CORRECT_MESSAGES, VIEW_OUTBOX
from riskops.shared.audit import Actor
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.scope import scope_of

PAGE = "outreach:message"
Act = Callable[..., Message]


@never_cache
@require_GET
@requires(VIEW_OUTBOX)
def outbox(request: HttpRequest) -> HttpResponse:
    """Show the outbox; asked by htmx, only the counts, which move."""
    filters, now = queries.read_filters(request.GET), timezone.now()
    context: dict[str, Any] = {"counts": queries.counts(request.user, filters.day or timezone.localdate(now), now)}
    if getattr(request, "htmx", False):
        return render(request, "outreach/_outbox_counts.html", context)
    context |= {
        "title": _("Outbox"),
        "page": queries.messages_page(request.user, filters),
        "filters": filters,
        "channels": MESSAGE_CHANNELS,
        "states": Message.Status.choices,
    }
    return render(request, "outreach/outbox.html", context)


@never_cache
@require_GET
@requires(VIEW_OUTBOX)
def dead(request: HttpRequest) -> HttpResponse:
    """Show what a person must see to."""
    return _dead(request, ReasonForm())


def _dead(request: HttpRequest, form: ReasonForm, *, status: int = 200) -> HttpResponse:
    after = request.GET.get("after", "")[:64]
    context = {
        "title": _("Dead letters"),
        "page": queries.dead_page(request.user, after),
        "filters": queries.OutboxFilters(after=after),
        "form": form,
        "chosen": request.POST.getlist("messages"),
    }
    return render(request, "outreach/outbox_dead.html", context, status=status)


@never_cache
@requires(ACT_ON_OUTBOX)
@posted_from("outreach:outbox_dead")
def act_on_dead(request: HttpRequest) -> HttpResponse:
    """Send the chosen ones again, or drop them."""
    form = ReasonForm(request.POST)
    chosen = [int(text) for text in request.POST.getlist("messages") if text.isascii() and text.isdecimal() and len(text) <= 18]
    act: Act = acts.drop_message if request.POST.get("act") == "drop" else acts.resend_message
    if form.is_valid():
        try:
            done, refused = acts.act_on_many(
                act, actor=Actor.of(request.user), message_ids=chosen, reason=form.cleaned_data["reason"], now=timezone.now()
            )
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            said = _dropped(done) if act is acts.drop_message else _resent(done)
            (messages.success if done else messages.error)(request, said)
            for why in refused[:5]:
                messages.error(request, why)
            return redirect("outreach:outbox_dead")
    return _dead(request, form, status=422)


def _resent(done: int) -> str:
    return ngettext("%(count)s message is queued again.", "%(count)s messages are queued again.", done) % {"count": done}


def _dropped(done: int) -> str:
    return ngettext("%(count)s message is dropped.", "%(count)s messages are dropped.", done) % {"count": done}


@never_cache
@require_GET
@requires(VIEW_OUTBOX)
def message(request: HttpRequest, message_id: int) -> HttpResponse:
    """Show one message."""
    return _shown(request, message_id)


def _shown(
    request: HttpRequest, message_id: int, *, said: dict[str, str] | None = None, status: int = 200, **typed: ReasonForm
) -> HttpResponse:
    row = _message_or_404(request, message_id)
    context = {
        "title": _("Message %(number)s") % {"number": row.pk},
        "page": queries.message_page(row),
        "form": ReasonForm(auto_id="act_%s"),
        "reveal": ReasonForm(auto_id="reveal_%s"),
        "said": said,
        **typed,
    }
    return render(request, "outreach/message.html", context, status=status)


def _message_or_404(request: HttpRequest, message_id: int) -> Message:
    try:
        return acts.message_in_sight(Actor.of(request.user), message_id)
    except MessageUnknown as refusal:
        raise Http404(str(refusal)) from None


def _act(request: HttpRequest, message_id: int, act: Act, said: str) -> HttpResponse:
    _message_or_404(request, message_id)
    form = ReasonForm(request.POST, auto_id="act_%s")
    if form.is_valid():
        try:
            act(
                actor=Actor.of(request.user),
                message_id=message_id,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except OutreachRefusal as refusal:
            # Whose state has changed meanwhile has no form any more.
            messages.error(request, str(refusal))
        else:
            messages.success(request, said)
            return redirect(PAGE, message_id)
    return _shown(request, message_id, form=form, status=422)


@never_cache
@requires(ACT_ON_OUTBOX)
@posted_from(PAGE)
def stop(request: HttpRequest, message_id: int) -> HttpResponse:
    """Stop a message that waits."""
    return _act(request, message_id, acts.cancel_message, gettext("The message is stopped."))


@never_cache
@requires(ACT_ON_OUTBOX)
@posted_from(PAGE)
def resend(request: HttpRequest, message_id: int) -> HttpResponse:
    """Queue a message again."""
    return _act(request, message_id, acts.resend_message, gettext("The message is queued again."))


@never_cache
@requires(ACT_ON_OUTBOX)
@posted_from(PAGE)
def drop(request: HttpRequest, message_id: int) -> HttpResponse:
    """Let a message go that a person must see to."""
    return _act(request, message_id, acts.drop_message, gettext("The message is dropped."))


@never_cache
@requires(REVEAL_PERSON)
@posted_from(PAGE)
def reveal(request: HttpRequest, message_id: int) -> HttpResponse:
    """Show what was said in clear, once, for a reason that is kept."""
    _message_or_404(request, message_id)
    form = ReasonForm(request.POST, auto_id="reveal_%s")
    if form.is_valid():
        try:
            said = acts.reveal_message(actor=Actor.of(request.user), message_id=message_id, reason=form.cleaned_data["reason"])
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            return _shown(request, message_id, said=said)
    return _shown(request, message_id, reveal=form, status=422)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(CORRECT_MESSAGES)
def correct(request: HttpRequest) -> HttpResponse:
    """Count what would be corrected, then correct it."""
    if request.method == "GET":
        form = outbox_forms.CorrectionForm(request.GET or None)
        preview = _preview(request, form) if form.is_bound and form.is_valid() else None
        return _correction(request, form, preview, None)
    asked = outbox_forms.CorrectForm(request.POST)
    if asked.is_valid():
        try:
            count = correct_messages(
                actor=Actor.of(request.user),
                wrong=asked.wrong(),
                reason=asked.cleaned_data["reason"],
                expected=asked.cleaned_data["expected"],
                now=timezone.now(),
            )
        except OutreachRefusal as refusal:
            asked.refuse(refusal)
        else:
            said = ngettext("%(count)s correction is queued.", "%(count)s corrections are queued.", count) % {"count": count}
            messages.success(request, said)
            return redirect("outreach:outbox")
    form = outbox_forms.CorrectionForm(request.POST)
    return _correction(request, form, _preview(request, form) if form.is_valid() else None, asked, status=422)


def _preview(request: HttpRequest, form: outbox_forms.CorrectionForm) -> Preview | None:
    try:
        return preview_correction(form.wrong(), scope=scope_of(request.user))
    except OutreachRefusal as refusal:
        form.refuse(refusal)
        return None


def _correction(
    request: HttpRequest,
    form: outbox_forms.CorrectionForm,
    preview: Preview | None,
    asked: outbox_forms.CorrectForm | None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {"title": _("Correct messages"), "form": form, "preview": preview, "asked": asked or outbox_forms.CorrectForm()}
    return render(request, "outreach/outbox_correct.html", context, status=status)

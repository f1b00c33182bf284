"""Work → Letters: those that wait for legal, to be sent, on their way, ended; one letter; proposing and verifying."""

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

from accounts.views.account import load_or_404
from outreach.forms import OutreachForm, ReasonForm, RejectionForm
from outreach.operations.refusals import OutreachRefusal
from recovery import letter_forms as forms
from recovery import letter_roles as may_do
from recovery.models import Letter
from recovery.operations.letters import deciding, keeping, proposing, refusals, sending, verifying
from recovery.queries import letters as queries
from recovery.queries.letter_standing import rate_text
from riskops.shared.audit import Actor
from riskops.shared.operations import VIEW_AUDIT
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires

PAGE, LIST = "recovery:letter", "recovery:letters"


@never_cache
@require_GET
@requires(may_do.VIEW_LETTER)
def letters(request: HttpRequest) -> HttpResponse:
    """Show one tab of the letters."""
    return _list(request, request.GET.get("tab", ""))


def _chosen(request: HttpRequest) -> set[int]:
    return {int(text) for text in request.POST.getlist("letters") if text.isascii() and text.isdecimal() and len(text) < 19}


def _list(request: HttpRequest, tab: str, *, status: int = 200, form: RejectionForm | None = None) -> HttpResponse:
    context = {
        "title": _("Letters"),
        "page": queries.letters_page(request.user, tab, request.GET.get("after", "")[:40]),
        "form": form or RejectionForm(),
        "chosen": _chosen(request),
    }
    return render(request, "recovery/letters/letters.html", context, status=status)


@never_cache
@requires(may_do.PROPOSE_LETTERS)
@posted_from(LIST)
def propose_due(request: HttpRequest) -> HttpResponse:
    """Propose today's letters by rule."""
    try:
        run = proposing.propose_letters(actor=Actor.of(request.user), now=timezone.now())
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
        return redirect(LIST)
    number = len(run.letters)
    said = ngettext("%(count)s letter is proposed.", "%(count)s letters are proposed.", number) % {"count": number}
    if run.is_bounded:
        said += " " + gettext("There were more than a run may propose; those that bring most were taken.")
    messages.success(request, said)
    return redirect(LIST)


@never_cache
@requires(may_do.DECIDE_LETTER)
@posted_from(LIST)
def decide(request: HttpRequest) -> HttpResponse:
    """Approve the chosen letters, or not."""
    chosen = sorted(_chosen(request))
    is_rejection = request.POST.get("act") == "reject"
    form = RejectionForm(request.POST) if is_rejection else RejectionForm()
    about: dict[str, Any] = {"actor": Actor.of(request.user), "letter_ids": chosen, "now": timezone.now()}
    if is_rejection and not form.is_valid():
        return _list(request, "proposed", status=422, form=form)
    try:
        if is_rejection:
            decided = deciding.reject_letters(**about, reason=form.cleaned_data["reason"])
        else:
            decided = deciding.approve_letters(**about)
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
        return _list(request, "proposed", status=refusal.status, form=form)
    number = len(decided.done)
    if number:
        messages.success(request, _rejected(number) if is_rejection else _approved(number))
    for why in list(decided.refused.values())[:5]:
        messages.error(request, why)
    return redirect(LIST)


def _approved(number: int) -> str:
    said = ngettext(
        "%(count)s letter is approved and will be printed.", "%(count)s letters are approved and will be printed.", number
    )
    return said % {"count": number}


def _rejected(number: int) -> str:
    return ngettext("%(count)s letter is not approved.", "%(count)s letters are not approved.", number) % {"count": number}


def letter_or_404(request: HttpRequest, letter_id: int) -> Letter:
    """Return a letter that the person may open.

    :raises ConflictDeclared: they have a conflict with the customer
    """
    found = queries.letter_in_sight(Actor.of(request.user), letter_id)
    if found is None:
        raise Http404(str(refusals.LetterUnknown(letter_id)))
    return found


@never_cache
@require_GET
@requires(may_do.VIEW_LETTER)
def letter(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Show one letter."""
    return shown(request, letter_or_404(request, letter_id))


def shown(request: HttpRequest, found: Letter, *, status: int = 200, **typed: OutreachForm) -> HttpResponse:
    """Return the page of a letter, with forms as they were typed."""
    today = timezone.localdate()
    context = {
        "title": _("Letter %(letter)s") % {"letter": found.reference},
        "page": queries.letter_page(found, with_audit=may(request.user, VIEW_AUDIT)),
        "is_own": found.source == Letter.Source.PERSON and found.proposed_by_id == request.user.pk,
        "sending": forms.SendForm(initial={"on": today}, auto_id="send_%s"),
        "ending": forms.EndForm(initial={"on": today}, auto_id="end_%s"),
        "evidence": forms.EvidenceForm(auto_id="evidence_%s"),
        "reason": ReasonForm(auto_id="reason_%s"),
        "stop": ReasonForm(auto_id="stop_%s"),
        **typed,
    }
    return render(request, "recovery/letters/letter.html", context, status=status)


Act = Callable[[Actor, dict[str, Any]], str]


def _step(request: HttpRequest, letter_id: int, name: str, form: OutreachForm, act: Act) -> HttpResponse:
    """Do one step and go back to the letter; what was refused is said beside its field, and nothing is changed."""
    found = letter_or_404(request, letter_id)
    if form.is_valid():
        try:
            said = act(Actor.of(request.user), form.cleaned_data)
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, said)
            return redirect(PAGE, letter_id)
    for error in form.non_field_errors():
        messages.error(request, str(error))
    return shown(request, found, status=422, **{name: form})


@never_cache
@requires(may_do.DECIDE_LETTER)
@posted_from(PAGE)
def approve(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Approve one letter."""

    def act(actor: Actor, _values: dict[str, Any]) -> str:
        deciding.approve_letter(actor=actor, letter_id=letter_id, now=timezone.now())
        return _approved(1)

    return _step(request, letter_id, "approval", OutreachForm(request.POST), act)


@never_cache
@requires(may_do.DECIDE_LETTER)
@posted_from(PAGE)
def reject(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Not approve one letter."""

    def act(actor: Actor, values: dict[str, Any]) -> str:
        deciding.reject_letter(actor=actor, letter_id=letter_id, reason=values["reason"], now=timezone.now())
        return _rejected(1)

    return _step(request, letter_id, "reason", ReasonForm(request.POST, auto_id="reason_%s"), act)


@never_cache
@requires(may_do.STOP_LETTER)
@posted_from(PAGE)
def stop(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Stop a letter before it is sent."""

    def act(actor: Actor, values: dict[str, Any]) -> str:
        stopped = deciding.stop_letter(actor=actor, letter_id=letter_id, reason=values["reason"])
        return gettext("Letter %(letter)s is stopped; it will not be sent.") % {"letter": stopped}

    return _step(request, letter_id, "stop", ReasonForm(request.POST, auto_id="stop_%s"), act)


@never_cache
@requires(may_do.SEND_LETTER)
@posted_from(PAGE)
def send(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Record that a printed letter was handed to its carrier."""

    def act(actor: Actor, values: dict[str, Any]) -> str:
        about = {"carrier": values["carrier"], "tracking_no": values["tracking_no"], "sent_on": values["on"]}
        sent = sending.send_letter(actor=actor, letter_id=letter_id, now=timezone.now(), **about)
        return gettext("Letter %(letter)s is on its way as %(number)s.") % {"letter": sent, "number": sent.tracking_no}

    return _step(request, letter_id, "sending", forms.SendForm(request.POST, auto_id="send_%s"), act)


@never_cache
@requires(may_do.END_LETTER)
@posted_from(PAGE)
def end(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Record how a letter ended."""

    def act(actor: Actor, values: dict[str, Any]) -> str:
        ended = sending.end_letter(actor=actor, letter_id=letter_id, now=timezone.now(), **values)
        return gettext("Letter %(letter)s: %(end)s.") % {"letter": ended, "end": ended.get_status_display()}

    return _step(request, letter_id, "ending", forms.EndForm(request.POST, auto_id="end_%s"), act)


@never_cache
@requires(may_do.END_LETTER)
@posted_from(PAGE)
def add_evidence(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Keep a scan with a letter."""

    def act(actor: Actor, values: dict[str, Any]) -> str:
        file = values["file"]
        about = {"name": file.name, "chunks": file.chunks(), "size_bytes": file.size}
        kept = keeping.add_letter_file(actor=actor, letter_id=letter_id, **about)
        return gettext("File %(name)s is kept.") % {"name": kept.name}

    return _step(request, letter_id, "evidence", forms.EvidenceForm(request.POST, request.FILES, auto_id="evidence_%s"), act)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.PROPOSE_LETTER)
def propose(request: HttpRequest, account_no: str) -> HttpResponse:
    """Weigh a letter about one account, and propose it by hand."""
    account = load_or_404(account_no, user=request.user).head.account
    now = timezone.now()
    form = forms.ProposeLetterForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = proposing.propose_letter(
                actor=Actor.of(request.user), account_id=account.pk, note=form.cleaned_data["note"], now=now
            )
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("Letter %(letter)s is proposed; legal approves it.") % {"letter": made})
            return redirect(PAGE, made.pk)
    context: dict[str, Any] = {"title": _("Letter about account %(account)s") % {"account": account_no}, "form": form}
    try:
        standing = proposing.weigh_letter(account_id=account.pk, now=now)
    except OutreachRefusal as refusal:
        context |= {"account": account, "refusal": str(refusal)}
    else:
        context |= {"account": account, "standing": standing, "rate": rate_text(standing.line.rate_bp)}
    return render(request, "recovery/letters/propose.html", context, status=422 if request.method == "POST" else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.VERIFY_LETTER)
def verify(request: HttpRequest) -> HttpResponse:
    """Say whether a letter is ours, by the number on its pages or by the file."""
    context: dict[str, Any] = {"title": _("Is this letter ours?")}
    form, status = forms.VerifyForm(), 200
    if request.method == "POST":
        form = forms.VerifyForm(request.POST, request.FILES)
        status = 422
        if form.is_valid():
            try:
                context["verified"] = _verified(Actor.of(request.user), form.cleaned_data)
                status = 200
            except OutreachRefusal as refusal:
                form.refuse(refusal)
    return render(request, "recovery/letters/verify.html", {**context, "form": form}, status=status)


def _verified(actor: Actor, values: dict[str, Any]) -> verifying.Verified:
    if values["file"]:
        return verifying.verify_file(actor=actor, content=values["file"].read(keeping.MOST_BYTES + 1))
    return verifying.verify_hash(actor=actor, text=values["hash"])

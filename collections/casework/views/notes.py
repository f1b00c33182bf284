"""The note on an account of the worklist, and who has the account on screen."""

from __future__ import annotations

import difflib

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import CreditAccount
from casework import work_roles as may_do
from casework.operations import noting
from casework.operations.work_refusals import NoteChanged, WorkRefusal
from casework.views.worklist import desk_answer, desk_context, is_partial, item_or_404
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.scope import scope_of


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
        if not is_partial(request):
            context = {"title": found.account.account_no, **desk_context(request, found, timezone.now(), **more)}
            return render(request, "casework/worklist/note.html", context, status=422)
        return desk_answer(request, found, status=422, **more)
    except WorkRefusal as refusal:
        return desk_answer(request, found, status=422, refusal=str(refusal), note_text=text)
    return desk_answer(request, found, done=gettext("The note is saved."))


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

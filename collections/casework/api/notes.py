"""Notes on accounts, and who has an account on screen, over the API."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import CreditAccount
from casework import work_roles as may_do
from casework.api import worklist_shapes as shapes
from casework.api.worklist_answers import TAG, WorkView, read
from casework.operations import noting
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.scope import scope_of


class AccountNoteView(WorkView):
    """The note on an account."""

    operation = {"GET": may_do.VIEW_WORK, "PUT": may_do.WRITE_NOTE}

    @extend_schema(summary="Get the note on an account", responses=shapes.NoteShape, tags=TAG)
    def get(self, request: Request, account_no: str) -> Response:
        """Return the text that stands."""
        note = noting.latest_note(_account_or_404(request, account_no).pk)
        by = note.written_by.get_username() if note and note.written_by else ""
        return Response({"version": note.version if note else 0, "text": note.text if note else "", "by": by})

    @extend_schema(
        summary="Write the note on an account",
        request=shapes.NoteRequest,
        responses={200: shapes.NoteShape, 409: shapes.NoteRefusalShape},
        tags=TAG,
    )
    def put(self, request: Request, account_no: str) -> Response:
        """Write a text over the version that was read; refused with the other text where somebody was faster."""
        account, values = _account_or_404(request, account_no), read(shapes.NoteRequest, request)
        note = noting.save_note(actor=Actor.of(request.user), account=account, now=timezone.now(), **values)
        return Response({"version": note.version, "text": note.text, "by": request.user.get_username()})


class Present(WorkView):
    """Who has an account on screen."""

    operation = may_do.VIEW_WORK

    @extend_schema(summary="Say that an account is on screen", request=None, responses=shapes.PresenceShape, tags=TAG)
    def post(self, request: Request, account_no: str) -> Response:
        """Keep one's presence for half a minute and return the others'."""
        account = _account_or_404(request, account_no)
        others = noting.be_present(user_id=int(request.user.pk or 0), account_id=account.pk, now=timezone.now())
        return Response({"others": others})


def _account_or_404(request: Request, account_no: str) -> CreditAccount:
    found = scope_of(request.user).accounts(CreditAccount.objects.filter(account_no=account_no)).first()
    if found is None:
        raise NotFound(f"there is no account {account_no} in this book")
    refuse_conflict(request.user, found.customer_id)
    return found

"""Legal cases and the limitation clock over the API: the operations of the pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from outreach.api.answers import OutreachView, account_of, answers, read
from recovery import letter_roles as may_do
from recovery.api import letter_shapes as shapes
from recovery.models import LegalCase
from recovery.operations.legal import cases, limitation
from recovery.operations.letters import keeping
from recovery.queries import legal as queries
from recovery.queries.limitation import clock_day, clock_of, running_out
from recovery.rules.limitation import Clock
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.scope import scope_of

TAG = ["legal"]
_MOST = 200


def _out(case: LegalCase, *, status: int = 200) -> Response:
    case = LegalCase.objects.select_related("account").prefetch_related("stages", "files").get(pk=case.pk)
    return Response(shapes.LegalCaseShape(case).data, status=status)


class LegalCases(OutreachView):
    """The legal cases; proposing one."""

    operation: ClassVar[Any] = {"GET": may_do.VIEW_LEGAL_CASE, "POST": may_do.OPEN_LEGAL_CASE}

    @extend_schema(
        summary="List legal cases",
        parameters=[OpenApiParameter("after", int, description="id of the last case of the page before")],
        responses=answers(shapes.LegalCaseShape(many=True)),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return legal cases in the order they were proposed, 200 at a time; those one has a conflict about are left out."""
        rows = queries.cases_in_sight(scope_of(request.user)).prefetch_related("stages", "files").order_by("pk")
        after = request.GET.get("after", "")
        if after.isascii() and after.isdecimal() and len(after) < 19:
            rows = rows.filter(pk__gt=int(after))
        rows = rows.exclude(customer_id__in=conflicted_customers(request.user))
        return Response(shapes.LegalCaseShape(rows[:_MOST], many=True).data)

    @extend_schema(
        summary="Propose a legal case",
        request=shapes.ProposeCaseRequest,
        responses=answers(shapes.LegalCaseShape, status=201),
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """Propose to take an account to mediation, arbitration or court; asked again while it is open, it is refused."""
        asked = read(shapes.ProposeCaseRequest, request)
        account = account_of(request, asked["account_no"])
        about: dict[str, Any] = {"stage": asked["stage"], "note": asked["note"], "today": timezone.localdate()}
        return _out(cases.propose_case(actor=Actor.of(request.user), account_id=account.pk, **about), status=201)


class LegalCaseDetail(OutreachView):
    """One legal case."""

    operation: ClassVar[Any] = may_do.VIEW_LEGAL_CASE

    @extend_schema(summary="Get a legal case", responses=answers(shapes.LegalCaseShape), tags=TAG)
    def get(self, request: Request, case_id: int) -> Response:
        """Return a case with its stages and files."""
        return _out(cases.case_in_sight(Actor.of(request.user), case_id))


class LegalCaseDecision(OutreachView):
    """Approving, or not."""

    operation: ClassVar[Any] = may_do.DECIDE_LEGAL_CASE

    @extend_schema(
        summary="Approve or reject a legal case",
        request=shapes.DecideCaseRequest,
        responses=answers(shapes.LegalCaseShape),
        tags=TAG,
    )
    def post(self, request: Request, case_id: int) -> Response:
        """Approve a proposed case from a day (today if none is given), or reject it with a reason."""
        cases.case_in_sight(Actor.of(request.user), case_id)
        asked = read(shapes.DecideCaseRequest, request)
        about: dict[str, Any] = {"actor": Actor.of(request.user), "case_id": case_id, "version": asked["version"]}
        if asked["decision"] == "reject":
            return _out(cases.reject_case(**about, reason=asked["reason"]))
        today = timezone.localdate()
        return _out(cases.approve_case(**about, on=asked["on"] or today, today=today))


class LegalCaseStage(OutreachView):
    """The stage of a case."""

    operation: ClassVar[Any] = may_do.WORK_LEGAL_CASE

    @extend_schema(
        summary="Move a legal case on", request=shapes.MoveCaseRequest, responses=answers(shapes.LegalCaseShape), tags=TAG
    )
    def post(self, request: Request, case_id: int) -> Response:
        """Begin the next stage; the present one ends on the same day."""
        cases.case_in_sight(Actor.of(request.user), case_id)
        asked = read(shapes.MoveCaseRequest, request)
        stage = cases.StageAsked(asked["stage"], asked["on"], asked["body"], asked["docket_no"])
        about: dict[str, Any] = {"version": asked["version"], "result": asked["result"], "today": timezone.localdate()}
        return _out(cases.move_case(actor=Actor.of(request.user), case_id=case_id, asked=stage, **about))

    @extend_schema(
        summary="Write on the present stage", request=shapes.NoteStageRequest, responses=answers(shapes.LegalCaseShape), tags=TAG
    )
    def patch(self, request: Request, case_id: int) -> Response:
        """Write before whom it is and its docket number, and book a cost with it."""
        cases.case_in_sight(Actor.of(request.user), case_id)
        asked = read(shapes.NoteStageRequest, request)
        return _out(cases.note_stage(actor=Actor.of(request.user), case_id=case_id, **asked))


class LegalCaseClosing(OutreachView):
    """Closing."""

    operation: ClassVar[Any] = may_do.WORK_LEGAL_CASE

    @extend_schema(
        summary="Close a legal case", request=shapes.CloseCaseRequest, responses=answers(shapes.LegalCaseShape), tags=TAG
    )
    def post(self, request: Request, case_id: int) -> Response:
        """Close an open case with its outcome."""
        cases.case_in_sight(Actor.of(request.user), case_id)
        asked = read(shapes.CloseCaseRequest, request)
        return _out(cases.close_case(actor=Actor.of(request.user), case_id=case_id, today=timezone.localdate(), **asked))


class LegalCaseFiles(OutreachView):
    """Documents of a case."""

    operation: ClassVar[Any] = may_do.WORK_LEGAL_CASE
    parser_classes = [MultiPartParser]

    @extend_schema(
        summary="Attach a document to a legal case",
        request={"multipart/form-data": shapes.EvidenceRequest},
        responses=answers(shapes.RecoveryFileShape, status=201),
        tags=TAG,
    )
    def post(self, request: Request, case_id: int) -> Response:
        """Keep a filing, a judgment, a receipt of costs; up to 10 MB."""
        case = cases.case_in_sight(Actor.of(request.user), case_id)
        file = read(shapes.EvidenceRequest, request)["file"]
        about = {"name": file.name, "chunks": file.chunks(), "size_bytes": file.size}
        kept = keeping.add_case_file(actor=Actor.of(request.user), case=case, **about)
        return Response(shapes.RecoveryFileShape(kept).data, status=201)


def _clock_out(account_no: str, found: Clock) -> dict[str, Any]:
    starts = shapes.StartShape(found.starts, many=True).data
    return {
        "account_no": account_no,
        "as_of": found.as_of,
        "runs_out_on": found.runs_out_on,
        "days_left": found.days_left,
        "has_run_out": found.has_run_out,
        "starts": starts,
    }


class LimitationList(OutreachView):
    """Whose limitation runs out."""

    operation: ClassVar[Any] = may_do.VIEW_LEGAL_CASE

    @extend_schema(
        summary="List accounts whose limitation runs out",
        parameters=[OpenApiParameter("days", int, description="look so far ahead; without it, as far as the figures say")],
        responses=answers(shapes.ClockShape(many=True)),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return the accounts whose time runs out within days, then those whose time has run out, the earliest first; at most 500
        of each.
        """
        typed = request.GET.get("days", "")
        days = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 5 else None
        scope, today = scope_of(request.user), timezone.localdate()
        found = running_out(scope=scope, as_of=clock_day(today), today=today, within_days=days)
        return Response([_clock_out(row.account.account_no, row.clock) for row in (*found.running, *found.ran_out)])


class Limitation(OutreachView):
    """The limitation clock of an account."""

    operation: ClassVar[Any] = {"GET": may_do.VIEW_LEGAL_CASE, "POST": may_do.NOTE_LIMITATION}

    @extend_schema(summary="Get the limitation clock of an account", responses=answers(shapes.ClockShape), tags=TAG)
    def get(self, request: Request, account_no: str) -> Response:
        """Return the clock with all that restarted it."""
        return self._clock(request, account_no)

    @extend_schema(
        summary="Note what restarts the limitation clock",
        request=shapes.NoteFactRequest,
        responses=answers(shapes.ClockShape),
        tags=TAG,
    )
    def post(self, request: Request, account_no: str) -> Response:
        """Note a demand that arrived, or an acknowledgement, and return the clock."""
        account = account_of(request, account_no)
        asked = read(shapes.NoteFactRequest, request)
        limitation.note_fact(actor=Actor.of(request.user), account=account, today=timezone.localdate(), **asked)
        return self._clock(request, account_no)

    def _clock(self, request: Request, account_no: str) -> Response:
        account = account_of(request, account_no)
        today = timezone.localdate()
        found = clock_of(account, as_of=clock_day(today), today=today)
        if found is None:
            raise NotFound(f"account {account_no} owes nothing, so no limitation runs")
        return Response(_clock_out(account_no, found))


class LimitationWithdrawal(OutreachView):
    """Taking a noted fact back."""

    operation: ClassVar[Any] = may_do.NOTE_LIMITATION

    @extend_schema(summary="Take a noted fact back", request=shapes.WithdrawFactRequest, responses={204: None}, tags=TAG)
    def post(self, request: Request, account_no: str, fact_id: int) -> Response:
        """Take back what was noted by mistake."""
        account = account_of(request, account_no)
        reason = read(shapes.WithdrawFactRequest, request)["reason"]
        about: dict[str, Any] = {"fact_id": fact_id, "reason": reason, "now": timezone.now()}
        limitation.withdraw_fact(actor=Actor.of(request.user), account=account, **about)
        return Response(status=204)

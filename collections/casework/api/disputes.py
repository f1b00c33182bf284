"""Disputes and complaints over the API: the operations of the pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.refusing import account_or_404, minor_or_400, refused
from accounts.operations.refusals import LedgerRefusal
from accounts.rules.terms import Component
from accounts.views.reviews import download
from casework.api import dispute_shapes as shapes
from casework.dispute_roles import (
    APPROVE_DISPUTE,
    ASSIGN_DISPUTE,
    OPEN_DISPUTE,
    VIEW_DISPUTES,
    WORK_DISPUTE,
)
from casework.models import Dispute, DisputeCorrection, DisputeFile
from casework.operations.disputes import concluding, correcting, opening, refusals, working
from casework.operations.disputes.letters import compose_letter
from casework.queries import disputes as queries
from casework.queries.dispute_page import dispute_page
from casework.rules.disputes import Outcome
from riskops.shared.audit import Actor
from riskops.shared.money import plain_amount
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.roles import MayOperate
from riskops.shared.scope import scope_of

TAGS: Final = ["disputes"]
_COMPONENTS: Final = {component.name.lower(): int(component) for component in Component}


def answers(shape: Any, status: int = 200) -> dict[int, Any]:
    """Return what the schema says an operation answers: its shape, and the refusals of `done`."""
    return {
        status: shape,
        404: OpenApiResponse(shapes.DisputeRefusalShape, description="there is none, or none in sight"),
        409: OpenApiResponse(shapes.DisputeRefusalShape, description="it stands otherwise; nothing was done"),
        422: OpenApiResponse(shapes.DisputeRefusalShape, description="a value that cannot be; nothing was done"),
    }


def done(act: Callable[[], Any]) -> Any:
    """Return what an operation returns, or its refusal as an answer: 404, 409 or 422."""
    try:
        return act()
    except refusals.DisputeTakenInAlready:
        # No refusal to whoever asked: the dispute is there, and is the answer.
        raise
    except LedgerRefusal as refusal:
        if not isinstance(refusal, (*refusals.NOT_THERE, *refusals.IN_THE_WAY)):
            return refused(refusal)
        code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(refusal).__name__).lower()
        status = 404 if isinstance(refusal, refusals.NOT_THERE) else 409
        return Response({"code": code, "about": refusal.about, "detail": str(refusal)}, status=status)


def given(shape: Any, request: Request) -> dict[str, Any]:
    """Return what was sent, read by a shape; answered with 400 and the field if it cannot be read."""
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def found_dispute(dispute_id: int, user: Any) -> Dispute:
    """Return a dispute that the person may open; answer 404 if they may not see it."""
    dispute = queries.dispute_or_none(dispute_id, scope=scope_of(user))
    if dispute is None:
        raise NotFound(f"there is no dispute {dispute_id}")
    refuse_conflict(user, dispute.customer_id)
    return dispute


def _amount(minor: int | None, digits: int) -> str | None:
    return None if minor is None else plain_amount(minor, digits=digits)


def _dispute_out(dispute: Dispute) -> dict[str, Any]:
    product = dispute.account.product
    return {
        "id": dispute.pk,
        "reference": dispute.reference,
        "account_no": dispute.account.account_no,
        "customer_no": dispute.customer.customer_no,
        "kind": dispute.kind.code,
        "lane": dispute.lane,
        "came_by": dispute.came_by,
        "claim": dispute.claim,
        "order_no": dispute.order_no,
        "amount": _amount(dispute.amount_minor, product.minor_digits),
        "currency": product.currency,
        "received_on": dispute.received_on,
        "answer_by": dispute.answer_by,
        "days_left": queries.clock_of(dispute, queries.open_day()).days_left,
        "status": dispute.status,
        "version": dispute.version,
        "assigned_to": dispute.assigned_to.get_username() if dispute.assigned_to else "",
        "team": dispute.team.name if dispute.team else "",
        "outcome": dispute.outcome,
        "concluded_by": dispute.concluded_by_name,
        "approved_by": dispute.judged_by_name,
        "closed_on": dispute.closed_on,
    }


def _correction_out(correction: DisputeCorrection, digits: int) -> dict[str, Any]:
    return {
        "id": correction.pk,
        "what": correction.what,
        "order_no": correction.order_no,
        "sequence": correction.sequence,
        "component": Component(correction.component).name.lower() if correction.component is not None else None,
        "payment_no": correction.payment_no,
        "amount": _amount(correction.amount_minor, digits),
        "entry": correction.reference,
        "done_on": correction.done_on,
    }


def _file_out(kept: DisputeFile) -> dict[str, Any]:
    columns = ("name", "content_type", "size_bytes", "sha256", "added_at")
    return {"id": kept.pk, "added_by": kept.added_by_name, **{name: getattr(kept, name) for name in columns}}


def _detail_out(dispute: Dispute, user: Any) -> dict[str, Any]:
    page = dispute_page(dispute, scope=scope_of(user))
    digits = dispute.account.product.minor_digits
    said = ("finding", "root_cause", "cause_kind", "cause_id", "answer_en", "answer_zh", "sent_back_why")
    letter = page.letter and {
        "dated": page.letter.dated,
        "text_en": page.letter.text_en,
        "text_zh": page.letter.text_zh,
        "delivery": page.delivery.text if page.delivery else "",
    }
    return {
        **_dispute_out(dispute),
        **{name: getattr(dispute, name) for name in said},
        "penalty_since": plain_amount(page.penalty_minor, digits=digits),
        "is_penalty_waived": page.is_penalty_waived,
        "corrections": [_correction_out(each, digits) for each in page.corrections],
        "corrected": page.corrected
        and {
            "overdue": plain_amount(page.corrected.overdue_minor, digits=digits),
            "owed": plain_amount(page.corrected.owed_minor, digits=digits),
            "credit": plain_amount(page.corrected.credit_minor, digits=digits),
        },
        "files": [_file_out(kept) for kept in page.files],
        "letter": letter,
    }


class DisputesView(APIView):
    """What the views of disputes have in common."""

    permission_classes = [MayOperate]
    operation: Any = VIEW_DISPUTES

    def acted(self, request: Request, act: Callable[[], Any], *, dispute_id: int | None = None, status: int = 200) -> Response:
        """Return the dispute after an operation, or its refusal."""
        made = done(act)
        if isinstance(made, Response):
            return made
        return Response(_detail_out(found_dispute(dispute_id or made.pk, request.user), request.user), status=status)


class Disputes(DisputesView):
    """The list of disputes."""

    operation = {"GET": VIEW_DISPUTES, "POST": OPEN_DISPUTE}

    @extend_schema(
        operation_id="disputes_list",
        summary="List disputes",
        parameters=[
            OpenApiParameter("state", str, enum=list(queries.STATES), description="default: open"),
            OpenApiParameter("whose", str, enum=list(queries.WHOSE), description="default: all"),
            OpenApiParameter("lane", str, enum=list(queries.LANES)),
            OpenApiParameter("kind", str),
            OpenApiParameter("product", str),
            OpenApiParameter("late", str, enum=["1"], description="only those whose answer is late, or came late"),
            OpenApiParameter("after", str, description="`next` of the page before"),
        ],
        responses=shapes.DisputePageShape,
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """Return a page: those not closed by the day they must be answered, closed ones the latest first."""
        filters = queries.read_dispute_filters(request.query_params)
        found, next_after = queries.list_disputes(filters, scope=scope_of(request.user), user=request.user)
        return Response({"results": [_dispute_out(dispute) for dispute in found], "next": next_after})

    @extend_schema(
        summary="Take in a dispute",
        request=shapes.OpenDisputeRequest,
        responses=answers(shapes.DisputeDetailShape, 201) | {200: shapes.DisputeDetailShape},
        tags=TAGS,
    )
    def post(self, request: Request) -> Response:
        """Take in a dispute or complaint about an account; the very same again under its reference is answered with 200."""
        values = given(shapes.OpenDisputeRequest, request)
        account = account_or_404(values.pop("account_no"), user=request.user)
        amount, reference = values.pop("amount"), values.pop("reference")
        minor = minor_or_400(amount, digits=account.product.minor_digits) if amount else None
        intake = opening.Intake(**values, amount_minor=minor)
        try:
            return self.acted(
                request,
                lambda: opening.open_dispute(
                    actor=Actor.of(request.user),
                    account_id=account.pk,
                    intake=intake,
                    reference=reference,
                    now=timezone.now(),
                ),
                status=201,
            )
        except refusals.DisputeTakenInAlready as there:
            return Response(_detail_out(found_dispute(there.dispute_id, request.user), request.user))


class DisputeDetail(DisputesView):
    """One dispute."""

    @extend_schema(summary="Get a dispute", responses=shapes.DisputeDetailShape, tags=TAGS)
    def get(self, request: Request, dispute_id: int) -> Response:
        """Return a dispute with its corrections, evidence and letter."""
        return Response(_detail_out(found_dispute(dispute_id, request.user), request.user))


class DisputeTake(DisputesView):
    """Taking a dispute."""

    operation = WORK_DISPUTE

    @extend_schema(summary="Take a dispute", request=None, responses=answers(shapes.DisputeDetailShape), tags=TAGS)
    def post(self, request: Request, dispute_id: int) -> Response:
        """Take a dispute of nobody."""
        found_dispute(dispute_id, request.user)
        return self.acted(request, lambda: working.take_dispute(actor=Actor.of(request.user), dispute_id=dispute_id))


class DisputeAssign(DisputesView):
    """Assigning a dispute."""

    operation = ASSIGN_DISPUTE

    @extend_schema(
        summary="Assign a dispute",
        request=shapes.AssignDisputeRequest,
        responses=answers(shapes.DisputeDetailShape),
        tags=TAGS,
    )
    def post(self, request: Request, dispute_id: int) -> Response:
        """Give a dispute to a person, a team, both or nobody."""
        found_dispute(dispute_id, request.user)
        values = given(shapes.AssignDisputeRequest, request)
        who = {"username": values["assigned_to"], "team_id": values["team"]}
        return self.acted(request, lambda: working.assign_dispute(actor=Actor.of(request.user), dispute_id=dispute_id, **who))


class DisputeFiles(DisputesView):
    """Evidence of a dispute."""

    operation = WORK_DISPUTE
    parser_classes = [MultiPartParser]

    @extend_schema(
        summary="Attach evidence to a dispute",
        request={"multipart/form-data": shapes.EvidenceRequest},
        responses=answers(shapes.DisputeFileShape, 201),
        tags=TAGS,
    )
    def post(self, request: Request, dispute_id: int) -> Response:
        """Keep a file: PDF, PNG, JPEG, text, Word or Excel without macros, told from its bytes; up to 10 MB."""
        found_dispute(dispute_id, request.user)
        file = given(shapes.EvidenceRequest, request)["file"]
        kept = done(
            lambda: working.add_evidence(
                actor=Actor.of(request.user), dispute_id=dispute_id, name=file.name, chunks=file.chunks(), size_bytes=file.size
            )
        )
        return kept if isinstance(kept, Response) else Response(_file_out(kept), status=201)


class DisputeFileContent(DisputesView):
    """The bytes of a file."""

    @extend_schema(
        summary="Download evidence of a dispute", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}, tags=TAGS
    )
    def get(self, request: Request, evidence_id: int) -> Any:
        """Return a file as a download."""
        kept = DisputeFile.objects.filter(pk=evidence_id).first()
        if kept is None:
            raise NotFound(f"there is no file {evidence_id}")
        found_dispute(kept.dispute_id, request.user)
        try:
            return download(kept)
        except Http404 as gone:
            raise NotFound(str(gone)) from None


class DisputeCorrections(DisputesView):
    """What of the ledger is to be put right."""

    operation = WORK_DISPUTE

    @extend_schema(
        summary="Plan a correction of a dispute",
        request=shapes.CorrectionRequest,
        responses=answers(shapes.DisputeDetailShape, 201),
        tags=TAGS,
    )
    def post(self, request: Request, dispute_id: int) -> Response:
        """Plan to reverse a payment, cancel an instalment, waive an amount or refund from the credit; nothing moves yet."""
        dispute = found_dispute(dispute_id, request.user)
        values = given(shapes.CorrectionRequest, request)
        version, amount, component = values.pop("version"), values.pop("amount"), values.pop("component")
        planned = correcting.Planned(
            **values,
            component=_COMPONENTS[component] if component else None,
            amount_minor=minor_or_400(amount, digits=dispute.account.product.minor_digits) if amount else None,
        )
        act = {"actor": Actor.of(request.user), "dispute_id": dispute_id, "version": version, "planned": planned}
        return self.acted(request, lambda: correcting.plan_correction(**act), dispute_id=dispute_id, status=201)


class DisputeCorrectionDrop(DisputesView):
    """A planned correction taken out."""

    operation = WORK_DISPUTE

    @extend_schema(
        summary="Take a planned correction out",
        request=shapes.DisputeVersionRequest,
        responses=answers(shapes.DisputeDetailShape),
        tags=TAGS,
    )
    def post(self, request: Request, dispute_id: int, correction_id: int) -> Response:
        """Take it out; what is done stays."""
        found_dispute(dispute_id, request.user)
        version = given(shapes.DisputeVersionRequest, request)["version"]
        act = {"actor": Actor.of(request.user), "dispute_id": dispute_id, "version": version, "correction_id": correction_id}
        return self.acted(request, lambda: correcting.drop_correction(**act), dispute_id=dispute_id)


class DisputeReplyPreview(DisputesView):
    """The letter before it is sent."""

    operation = WORK_DISPUTE

    @extend_schema(
        summary="Preview the letter of a dispute",
        request=shapes.ReplyPreviewRequest,
        responses=answers(shapes.ReplyPreviewShape),
        tags=TAGS,
    )
    def post(self, request: Request, dispute_id: int) -> Response:
        """Return the letter as it would be sent today, with what would be put right."""
        dispute = found_dispute(dispute_id, request.user)
        values = given(shapes.ReplyPreviewRequest, request)
        outcome, today = Outcome(values["outcome"]), queries.open_day()
        letter = compose_letter(
            dispute,
            outcome=outcome,
            answers={"en": values["answer_en"], "zh": values["answer_zh"]},
            corrections=correcting.corrections_to_come(dispute, outcome, today=today),
            dated=today or dispute.received_on,
        )
        return Response({"text_en": letter.text_en, "text_zh": letter.text_zh})


class DisputeOutcome(DisputesView):
    """What came of a dispute."""

    operation = WORK_DISPUTE

    @extend_schema(
        summary="Conclude a dispute",
        request=shapes.ConclusionRequest,
        responses=answers(shapes.DisputeDetailShape),
        tags=TAGS,
    )
    def post(self, request: Request, dispute_id: int) -> Response:
        """Close it with its outcome; where money moves the outcome waits for a second person (`status` says so)."""
        found_dispute(dispute_id, request.user)
        values = given(shapes.ConclusionRequest, request)
        version = values.pop("version")
        act = {"actor": Actor.of(request.user), "dispute_id": dispute_id, "version": version, "now": timezone.now()}
        return self.acted(request, lambda: concluding.conclude_dispute(conclusion=concluding.Conclusion(**values), **act))


class DisputeApproval(DisputesView):
    """The second person."""

    operation = APPROVE_DISPUTE

    @extend_schema(
        summary="Approve the outcome of a dispute",
        request=shapes.DisputeVersionRequest,
        responses=answers(shapes.DisputeDetailShape),
        tags=TAGS,
    )
    def post(self, request: Request, dispute_id: int) -> Response:
        """Put the ledger right, send the letter and close it; never by whoever concluded it."""
        found_dispute(dispute_id, request.user)
        version = given(shapes.DisputeVersionRequest, request)["version"]
        act = {"actor": Actor.of(request.user), "dispute_id": dispute_id, "version": version, "now": timezone.now()}
        return self.acted(request, lambda: concluding.approve_outcome(**act))


class DisputeReturn(DisputesView):
    """An outcome sent back."""

    operation = APPROVE_DISPUTE

    @extend_schema(
        summary="Send the outcome of a dispute back",
        request=shapes.SendBackRequest,
        responses=answers(shapes.DisputeDetailShape),
        tags=TAGS,
    )
    def post(self, request: Request, dispute_id: int) -> Response:
        """Send it back to who works on it, with a reason; nothing moves."""
        found_dispute(dispute_id, request.user)
        values = given(shapes.SendBackRequest, request)
        return self.acted(
            request, lambda: concluding.send_back_outcome(actor=Actor.of(request.user), dispute_id=dispute_id, **values)
        )

"""Letters over the API: the operations of the pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from outreach.api.answers import OutreachView, account_of, answers, read
from outreach.api.shapes import ReasonRequest
from outreach.api.versions import version_endpoints
from outreach.operations.versions import draft_next
from recovery import letter_roles as may_do
from recovery.api import letter_shapes as shapes
from recovery.models import Letter
from recovery.operations.letters import deciding, keeping, proposing, sending, verifying
from recovery.operations.letters.refusals import LetterUnknown
from recovery.operations.letters.versions import LETTER_POLICIES, LETTER_TEMPLATES
from recovery.queries import letters as queries
from recovery.queries.letter_standing import LetterStanding
from recovery.views import letter_documents
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import conflicted_customers

TAG = ["letters"]


def letter_of(request: Request, letter_id: int) -> Letter:
    """Return a letter that the person may open; answered with 404 or 403."""
    found = queries.letter_in_sight(Actor.of(request.user), letter_id)
    if found is None:
        raise NotFound(str(LetterUnknown(letter_id)))
    return found


def _out(letter: Letter, *, status: int = 200) -> Response:
    letter = Letter.objects.select_related("account", "policy").get(pk=letter.pk)
    return Response(shapes.LetterShape(letter).data, status=status)


class Letters(OutreachView):
    """The letters of a tab; proposing one by hand."""

    operation: ClassVar[Any] = {"GET": may_do.VIEW_LETTER, "POST": may_do.PROPOSE_LETTER}

    @extend_schema(
        summary="List letters",
        parameters=[
            OpenApiParameter("tab", str, enum=list(queries.TABS)),
            OpenApiParameter("after", str, description="`next_after` of the page before"),
        ],
        responses=answers(shapes.LetterPageShape),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return the letters of a tab, those that bring most first; those one has a conflict about are left out."""
        page = queries.letters_page(request.user, request.GET.get("tab", ""), request.GET.get("after", "")[:40])
        # Of a customer they have a conflict with the page of a letter is refused, and what it says is not said here.
        conflicted = conflicted_customers(request.user)
        ids = [row.letter.pk for row in page.rows if row.letter.customer_id not in conflicted]
        found = Letter.objects.select_related("account", "policy", "document__template").prefetch_related("files").in_bulk(ids)
        rows = shapes.LetterShape([found[letter_id] for letter_id in ids], many=True).data
        return Response({"letters": rows, "next_after": page.next_after})

    @extend_schema(
        summary="Propose a letter",
        request=shapes.ProposeLetterRequest,
        responses=answers(shapes.LetterShape, status=201),
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """Propose a letter about an account; asked again while it is open, it is refused."""
        asked = read(shapes.ProposeLetterRequest, request)
        account = account_of(request, asked["account_no"])
        about: dict[str, Any] = {"account_id": account.pk, "note": asked["note"], "now": timezone.now()}
        return _out(proposing.propose_letter(actor=Actor.of(request.user), **about), status=201)


class WeighedLetter(OutreachView):
    """An account weighed for a letter."""

    operation: ClassVar[Any] = may_do.VIEW_LETTER

    @extend_schema(summary="Weigh a letter about an account", responses=answers(shapes.WeighedShape), tags=TAG)
    def get(self, request: Request, account_no: str) -> Response:
        """Return what a letter is expected to bring against its cost, and what stands in the way; nothing is proposed."""
        account = account_of(request, account_no)
        return Response(_weighed(proposing.weigh_letter(account_id=account.pk, now=timezone.now())))


def _weighed(standing: LetterStanding) -> dict[str, Any]:
    line = standing.line
    return {
        "account_no": standing.account.account_no,
        "policy": str(standing.policy),
        "currency": standing.currency,
        "days_past_due": standing.days_past_due,
        "bucket": standing.bucket,
        "balance_minor": line.balance_minor,
        "rate_bp": line.rate_bp,
        "expected_minor": line.expected_minor,
        "cost_minor": line.cost_minor,
        "net_minor": line.net_minor,
        "is_outside_rule": standing.is_outside_rule,
        "obstacles": [{"rule": obstacle.rule, "text": obstacle.text} for obstacle in standing.obstacles],
    }


class DueLetters(OutreachView):
    """Today's letters by rule."""

    operation: ClassVar[Any] = may_do.PROPOSE_LETTERS

    @extend_schema(
        summary="Propose today's letters by rule", request=None, responses=answers(shapes.ProposedShape, status=201), tags=TAG
    )
    def post(self, request: Request) -> Response:
        """Propose a letter for each account that the figures choose, up to their bound; nothing is proposed twice."""
        run = proposing.propose_letters(actor=Actor.of(request.user), now=timezone.now())
        return Response({"letters": [letter.pk for letter in run.letters], "is_bounded": run.is_bounded}, status=201)


class LetterDecisions(OutreachView):
    """Approving, or not."""

    operation: ClassVar[Any] = may_do.DECIDE_LETTER

    @extend_schema(
        summary="Approve or reject letters", request=shapes.DecideRequest, responses=answers(shapes.DecidedShape), tags=TAG
    )
    def post(self, request: Request) -> Response:
        """Decide letters; each is answered by itself."""
        asked = read(shapes.DecideRequest, request)
        about: dict[str, Any] = {"actor": Actor.of(request.user), "letter_ids": asked["letters"], "now": timezone.now()}
        if asked["decision"] == "approve":
            decided = deciding.approve_letters(**about)
        else:
            decided = deciding.reject_letters(**about, reason=asked["reason"])
        return Response({"done": list(decided.done), "refused": {str(pk): why for pk, why in decided.refused.items()}})


class LetterDetail(OutreachView):
    """One letter."""

    operation: ClassVar[Any] = may_do.VIEW_LETTER

    @extend_schema(summary="Get a letter", responses=answers(shapes.LetterShape), tags=TAG)
    def get(self, request: Request, letter_id: int) -> Response:
        """Return a letter with its document's hashes and its evidence."""
        return _out(letter_of(request, letter_id))


class LetterStop(OutreachView):
    """Stopping."""

    operation: ClassVar[Any] = may_do.STOP_LETTER

    @extend_schema(summary="Stop a letter", request=ReasonRequest, responses=answers(shapes.LetterShape), tags=TAG)
    def post(self, request: Request, letter_id: int) -> Response:
        """Stop a letter that was not sent."""
        letter_of(request, letter_id)
        reason = read(ReasonRequest, request)["reason"]
        return _out(deciding.stop_letter(actor=Actor.of(request.user), letter_id=letter_id, reason=reason))


class LetterSending(OutreachView):
    """Sending."""

    operation: ClassVar[Any] = may_do.SEND_LETTER

    @extend_schema(summary="Send a printed letter", request=shapes.SendRequest, responses=answers(shapes.LetterShape), tags=TAG)
    def post(self, request: Request, letter_id: int) -> Response:
        """Record that a letter was handed to its carrier, once the gate lets it through."""
        letter_of(request, letter_id)
        asked = read(shapes.SendRequest, request)
        return _out(sending.send_letter(actor=Actor.of(request.user), letter_id=letter_id, now=timezone.now(), **asked))


class LetterEnd(OutreachView):
    """How a letter ended."""

    operation: ClassVar[Any] = may_do.END_LETTER

    @extend_schema(
        summary="Record how a letter ended", request=shapes.EndRequest, responses=answers(shapes.LetterShape), tags=TAG
    )
    def post(self, request: Request, letter_id: int) -> Response:
        """Record delivery, refusal or return."""
        letter_of(request, letter_id)
        asked = read(shapes.EndRequest, request)
        return _out(sending.end_letter(actor=Actor.of(request.user), letter_id=letter_id, now=timezone.now(), **asked))


class LetterEvidence(OutreachView):
    """Evidence of a letter."""

    operation: ClassVar[Any] = may_do.END_LETTER
    parser_classes = [MultiPartParser]

    @extend_schema(
        summary="Attach evidence to a letter",
        request={"multipart/form-data": shapes.EvidenceRequest},
        responses=answers(shapes.RecoveryFileShape, status=201),
        tags=TAG,
    )
    def post(self, request: Request, letter_id: int) -> Response:
        """Keep a scan: PDF, PNG, JPEG, text, Word or Excel without macros, told from its bytes; up to 10 MB."""
        letter_of(request, letter_id)
        file = read(shapes.EvidenceRequest, request)["file"]
        about = {"name": file.name, "chunks": file.chunks(), "size_bytes": file.size}
        kept = keeping.add_letter_file(actor=Actor.of(request.user), letter_id=letter_id, **about)
        return Response(shapes.RecoveryFileShape(kept).data, status=201)


class LetterPdf(OutreachView):
    """The PDF of a letter."""

    operation: ClassVar[Any] = may_do.READ_LETTER

    @extend_schema(summary="Download the PDF of a letter", responses={(200, "application/pdf"): OpenApiTypes.BINARY}, tags=TAG)
    def get(self, request: Request, letter_id: int) -> Any:
        """Return the file that was kept; the reading is recorded."""
        return letter_documents.pdf_of(letter_of(request, letter_id), Actor.of(request.user))


class LetterVerification(OutreachView):
    """Whether a letter is ours."""

    operation: ClassVar[Any] = may_do.VERIFY_LETTER

    @extend_schema(summary="Verify a letter", request=shapes.VerifyRequest, responses=answers(shapes.VerifiedShape), tags=TAG)
    def post(self, request: Request) -> Response:
        """Say whether the digits at the foot of a letter, or the SHA-256 of a file, are of a letter of ours."""
        asked = read(shapes.VerifyRequest, request)
        found = verifying.verify_hash(actor=Actor.of(request.user), text=asked["hash"])
        return Response(shapes.VerifiedShape(found).data)


TEMPLATE_ENDPOINTS = version_endpoints(
    LETTER_TEMPLATES,
    name="letter template",
    shape=shapes.LetterTemplateShape,
    view_operation=may_do.VIEW_LETTER_TEMPLATE,
    draft_request=shapes.DraftLetterVersionRequest,
    draft=lambda actor, values: draft_next(
        LETTER_TEMPLATES, actor=actor, copy_of=values["copy_of"], key=values["code"], note=values["note"]
    ),
)
POLICY_ENDPOINTS = version_endpoints(
    LETTER_POLICIES,
    name="letter policy",
    shape=shapes.LetterPolicyShape,
    view_operation=may_do.VIEW_LETTER_POLICY,
    draft_request=shapes.DraftLetterVersionRequest,
    draft=lambda actor, values: draft_next(
        LETTER_POLICIES, actor=actor, copy_of=values["copy_of"], key=values["code"], note=values["note"]
    ),
)

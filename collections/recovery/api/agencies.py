"""Agencies over the API: the same operations as the pages, the same refusals."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from recovery import agency_roles as may_do
from recovery.agency_days import business_date, today
from recovery.api import agency_money_shapes as money_shapes
from recovery.api import agency_shapes as shapes
from recovery.api.agency_answers import TAG, AgencyView, agency_of, answers, read
from recovery.models import Agency
from recovery.operations.agencies import evaluating, preparing
from recovery.operations.agencies.refusals import NoBook, ValueMalformed
from recovery.queries.agencies import accesses, agency_page, agency_rows
from recovery.queries.agency_scorecard import scorecard
from recovery.rules.commission import Band
from riskops.shared.audit import Actor
from riskops.shared.money import UnknownCurrency, minor_digits
from riskops.shared.scope import refuse_limited_scope


def _page(request: Request, code: str, *, status: int = 200) -> Response:
    page = agency_page(request.user, Agency.objects.get(code=code), today(), business_date(), with_audit=False)
    return Response(shapes.agency_page_out(page), status=status)


def _said(values: dict[str, Any], digits: int) -> dict[str, Any]:
    said = {name: values[name] for name in Agency.SAID if name in values}
    return {**said, "capacity_minor": int(values["capacity"] * 10**digits)}


class Agencies(AgencyView):
    """All agencies."""

    operation: ClassVar[Any] = {"GET": may_do.VIEW_AGENCIES, "POST": may_do.PREPARE_AGENCY}

    @extend_schema(
        summary="List agencies",
        parameters=[OpenApiParameter("published", bool, description="only those on the published list")],
        responses=answers(shapes.AgencyShape(many=True)),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return agencies with their clocks; `published=1` gives the published list."""
        rows = agency_rows(request.user, today(), business_date())
        if request.query_params.get("published") in ("1", "true"):
            rows = tuple(row for row in rows if row.is_published)
        return Response([shapes.agency_out(row) for row in rows])

    @extend_schema(
        summary="Enter an agency", request=shapes.AgencyRequest, responses=answers(shapes.AgencyPageShape, status=201), tags=TAG
    )
    def post(self, request: Request) -> Response:
        """Enter an agency; somebody else puts it into use."""
        values = read(shapes.AgencyRequest, request)
        currency = values["currency"].upper()
        try:
            digits = minor_digits(currency)
        except UnknownCurrency as unknown:
            raise ValueMalformed("currency", str(unknown)) from None
        row = preparing.prepare_agency(
            actor=Actor.of(request.user),
            code=values["code"],
            currency=currency,
            minor_digits=digits,
            values=_said(values, digits),
        )
        return _page(request, row.code, status=201)


class AgencyOne(AgencyView):
    """One agency."""

    operation: ClassVar[Any] = {"GET": may_do.VIEW_AGENCIES, "PUT": may_do.PREPARE_AGENCY}

    @extend_schema(summary="Get an agency", responses=answers(shapes.AgencyPageShape), tags=TAG)
    def get(self, request: Request, code: str) -> Response:
        """Return an agency with evaluations, people and terms."""
        return _page(request, agency_of(code).code)

    @extend_schema(summary="Change an agency", request=shapes.AgencyChange, responses=answers(shapes.AgencyPageShape), tags=TAG)
    def put(self, request: Request, code: str) -> Response:
        """Change what is said of an agency; it waits for a second person then."""
        found, values = agency_of(code), read(shapes.AgencyChange, request)
        preparing.change_agency(
            actor=Actor.of(request.user), code=code, revision=values["revision"], values=_said(values, found.minor_digits)
        )
        return _page(request, code)


class AgencyApprove(AgencyView):
    """Putting an agency into use."""

    operation: ClassVar[Any] = may_do.APPROVE_AGENCY

    @extend_schema(
        summary="Put an agency into use", request=shapes.AgencyNothing, responses=answers(shapes.AgencyPageShape), tags=TAG
    )
    def post(self, request: Request, code: str) -> Response:
        """Put an agency that somebody else entered into use."""
        preparing.approve_agency(actor=Actor.of(request.user), code=agency_of(code).code, today=today())
        return _page(request, code)


class AgencyStop(AgencyView):
    """Suspending or ending an agency."""

    operation: ClassVar[Any] = may_do.STOP_AGENCY

    @extend_schema(
        summary="Suspend or end an agency", request=shapes.StopRequest, responses=answers(shapes.AgencyPageShape), tags=TAG
    )
    def post(self, request: Request, code: str) -> Response:
        """Place nothing more with an agency; an ended one gives everything back."""
        found, values = agency_of(code), read(shapes.StopRequest, request)
        preparing.stop_agency(actor=Actor.of(request.user), code=found.code, **values)
        return _page(request, code)


class AgencyEvaluations(AgencyView):
    """Evaluations of an agency."""

    operation: ClassVar[Any] = may_do.EVALUATE_AGENCY

    @extend_schema(
        summary="Record an evaluation", request=shapes.EvaluationRequest, responses=answers(shapes.EvaluationShape, status=201),
        tags=TAG,
    )  # fmt: skip
    def post(self, request: Request, code: str) -> Response:
        """Record an evaluation; what is recorded stays."""
        found, values = agency_of(code), read(shapes.EvaluationRequest, request)
        row = evaluating.evaluate_agency(actor=Actor.of(request.user), code=found.code, today=today(), **values)
        return Response(shapes.EvaluationShape(row).data, status=201)


class AgencyPeople(AgencyView):
    """People of an agency."""

    operation: ClassVar[Any] = may_do.STAFF_AGENCY

    @extend_schema(
        summary="Register a person of an agency", request=shapes.AgencyPersonRequest,
        responses=answers(shapes.AgencyPageShape, status=201), tags=TAG,
    )  # fmt: skip
    def post(self, request: Request, code: str) -> Response:
        """Register a person, or bring the day of their training up to date."""
        found, values = agency_of(code), read(shapes.AgencyPersonRequest, request)
        evaluating.register_person(actor=Actor.of(request.user), code=found.code, today=today(), **values)
        return _page(request, code, status=201)


class AgencyPersonEnd(AgencyView):
    """The end of somebody's work for an agency."""

    operation: ClassVar[Any] = may_do.STAFF_AGENCY

    @extend_schema(
        summary="End a person's work for an agency",
        request=shapes.AgencyNothing,
        responses=answers(shapes.AgencyPageShape),
        tags=TAG,
    )
    def post(self, request: Request, code: str, username: str) -> Response:
        """From now on they see nothing of it."""
        evaluating.end_person(actor=Actor.of(request.user), code=agency_of(code).code, username=username, today=today())
        return _page(request, code)


class AgencyTerms(AgencyView):
    """What an agency is paid."""

    operation: ClassVar[Any] = may_do.PROPOSE_TERMS

    @extend_schema(
        summary="Propose commission terms",
        request=shapes.TermsRequest,
        responses=answers(shapes.TermsShape, status=201),
        tags=TAG,
    )
    def post(self, request: Request, code: str) -> Response:
        """Propose what an agency is paid of what is placed from a day on."""
        found, values = agency_of(code), read(shapes.TermsRequest, request)
        row = evaluating.propose_terms(
            actor=Actor.of(request.user), code=found.code, live_from=values["live_from"],
            bands=[Band(**band) for band in values["bands"]], tail_days=values["tail_days"], today=business_date() or today(),
        )  # fmt: skip
        return Response(shapes.terms_out(row), status=201)


class AgencyTermsApprove(AgencyView):
    """Approving what an agency is paid."""

    operation: ClassVar[Any] = may_do.APPROVE_TERMS

    @extend_schema(
        summary="Approve commission terms", request=shapes.AgencyNothing, responses=answers(shapes.TermsShape), tags=TAG
    )
    def post(self, request: Request, code: str, version: int) -> Response:
        """Approve terms that somebody else proposed."""
        row = evaluating.decide_terms(actor=Actor.of(request.user), code=agency_of(code).code, version=version, approves=True)
        return Response(shapes.terms_out(row))


class AgencyTermsRefuse(AgencyView):
    """Sending back what an agency was to be paid."""

    operation: ClassVar[Any] = may_do.APPROVE_TERMS

    @extend_schema(
        summary="Send commission terms back", request=shapes.AgencyReason, responses=answers(shapes.TermsShape), tags=TAG
    )
    def post(self, request: Request, code: str, version: int) -> Response:
        """Send terms back; the next version says it better."""
        found, values = agency_of(code), read(shapes.AgencyReason, request)
        row = evaluating.decide_terms(
            actor=Actor.of(request.user), code=found.code, version=version, approves=False, reason=values["reason"]
        )
        return Response(shapes.terms_out(row))


class AgencyAccesses(AgencyView):
    """Who of an agency saw which account when."""

    operation: ClassVar[Any] = may_do.VIEW_ACCESS

    @extend_schema(
        summary="List what an agency saw",
        parameters=[
            OpenApiParameter("account", str),
            OpenApiParameter("after", str, description="`next_after` of the page before"),
        ],
        responses=answers(money_shapes.AccessPageShape),
        tags=TAG,
    )
    def get(self, request: Request, code: str) -> Response:
        """Return looks, the newest first."""
        found = agency_of(code)
        refuse_limited_scope(request.user)
        query = request.query_params
        page = accesses(found, account_no=query.get("account", "")[:64], after=query.get("after", ""))
        return Response({"rows": money_shapes.AccessShape(page.rows, many=True).data, "next_after": page.next_after})


class AgencyScorecard(AgencyView):
    """How an agency does."""

    operation: ClassVar[Any] = may_do.VIEW_AGENCIES

    @extend_schema(summary="Get the scorecard of an agency", responses=answers(money_shapes.ScorecardShape), tags=TAG)
    def get(self, request: Request, code: str) -> Response:
        """Return liquidation by month of placement, complaints, contacts, and what the audit finds of them."""
        found, day = agency_of(code), business_date()
        refuse_limited_scope(request.user)
        if day is None:
            raise NoBook
        return Response(money_shapes.scorecard_out(scorecard(found, business_date=day, today=today())))

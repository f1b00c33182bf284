"""What cases go by over the API: figures, terms of promises, outcome codes, the script."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from casework import work_roles as may_do
from casework.api import case_shapes as shapes
from casework.api.cases import CaseView
from casework.api.worklist_answers import answers, read
from casework.models import CasePrompt, LatenessReason, OutcomeCode
from casework.operations.cases import settings as operations
from casework.queries.cases.open_cases import figures_in_force
from casework.queries.promises.terms import terms_in_force
from riskops.shared.audit import Actor

TAG = ["case settings"]


class CaseFiguresView(CaseView):
    """The figures of cases."""

    operation = {"GET": may_do.VIEW_CASES, "PUT": may_do.SET_CASE_FIGURES}

    @extend_schema(summary="Get the figures of cases", responses=shapes.FiguresOfCasesShape, tags=TAG)
    def get(self, request: Request) -> Response:
        """Return the figures in force."""
        return Response(shapes.FiguresOfCasesShape(figures_in_force()).data)

    @extend_schema(
        summary="Set the figures of cases",
        request=shapes.FiguresOfCasesShape,
        responses=answers(shapes.FiguresOfCasesShape),
        tags=TAG,
    )
    def put(self, request: Request) -> Response:
        """Put other figures in force over the version that was read."""
        values = read(shapes.FiguresOfCasesShape, request)
        made = operations.set_case_figures(
            actor=Actor.of(request.user),
            version=values.pop("version"),
            reason=values.pop("reason"),
            values=_with_all(values, figures_in_force(), operations.FIGURES),
            now=timezone.now(),
        )
        return Response(shapes.FiguresOfCasesShape(made).data)


def _with_all(values: dict[str, Any], standing: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the values sent, with those that stand for what was left out."""
    return {name: values.get(name, getattr(standing, name)) for name in names}


def _terms_out(terms: Any) -> dict[str, Any]:
    own = {name: getattr(terms, name) for name in ("version", *operations.TERMS, "reason")}
    return {"product": terms.product.product_code if terms.product else "", **own}


class PromiseTermsView(CaseView):
    """The terms of promises."""

    operation = {"GET": may_do.VIEW_CASES, "PUT": may_do.SET_PROMISE_TERMS}

    @extend_schema(summary="List the terms of promises", responses=shapes.TermsShape(many=True), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return the terms of all, then those of each product that has its own."""
        return Response([_terms_out(terms) for terms in terms_in_force()])

    @extend_schema(summary="Set the terms of promises", request=shapes.TermsShape, responses=answers(shapes.TermsShape), tags=TAG)
    def put(self, request: Request) -> Response:
        """Put other terms in force over the version that was read."""
        values = read(shapes.TermsShape, request)
        code = values.pop("product")
        standing = next(
            (terms for terms in terms_in_force() if (terms.product.product_code if terms.product else "") == code),
            terms_in_force()[0],
        )
        made = operations.set_promise_terms(
            actor=Actor.of(request.user),
            product_code=code,
            version=values.pop("version"),
            reason=values.pop("reason"),
            values=_with_all(values, standing, operations.TERMS),
            now=timezone.now(),
        )
        return Response(_terms_out(made))


class OutcomeCodes(CaseView):
    """The outcome codes."""

    operation = {"GET": may_do.VIEW_CASES, "PUT": may_do.EDIT_OUTCOME_CODES}

    @extend_schema(summary="List outcome codes", responses=shapes.OutcomeCodeShape(many=True), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return every outcome code, those not in use last."""
        rows = OutcomeCode.objects.order_by("-is_active", "key", "code")
        return Response(shapes.OutcomeCodeShape(rows, many=True).data)

    @extend_schema(
        summary="Save an outcome code",
        request=shapes.OutcomeCodeShape,
        responses=answers(shapes.OutcomeCodeShape),
        tags=TAG,
    )
    def put(self, request: Request) -> Response:
        """Add an outcome code, or change one that was read at a version."""
        values = read(shapes.OutcomeCodeShape, request)
        code, version = values.pop("code"), values.pop("version")
        there = OutcomeCode.objects.filter(code=code).first() or OutcomeCode()
        row = operations.save_outcome_code(
            actor=Actor.of(request.user),
            code=code,
            values=_with_all(values, there, operations.OUTCOME_FIELDS),
            version=version,
        )
        return Response(shapes.OutcomeCodeShape(row).data)


class LatenessReasons(CaseView):
    """The reasons for lateness."""

    operation = {"GET": may_do.VIEW_CASES, "PUT": may_do.EDIT_LATENESS_REASONS}

    @extend_schema(summary="List reasons for lateness", responses=shapes.LatenessReasonShape(many=True), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return every reason for lateness in its order, those not in use last."""
        rows = LatenessReason.objects.order_by("-is_active", "position", "code")
        return Response(shapes.LatenessReasonShape(rows, many=True).data)

    @extend_schema(
        summary="Save a reason for lateness",
        request=shapes.LatenessReasonShape,
        responses=answers(shapes.LatenessReasonShape),
        tags=TAG,
    )
    def put(self, request: Request) -> Response:
        """Add a reason for lateness, or change one that was read at a version."""
        values = read(shapes.LatenessReasonShape, request)
        code, version = values.pop("code"), values.pop("version")
        there = LatenessReason.objects.filter(code=code).first() or LatenessReason()
        row = operations.save_lateness_reason(
            actor=Actor.of(request.user),
            code=code,
            values=_with_all(values, there, operations.REASON_FIELDS),
            version=version,
        )
        return Response(shapes.LatenessReasonShape(row).data)


class CasePrompts(CaseView):
    """The script."""

    operation = {"GET": may_do.VIEW_CASES, "POST": may_do.EDIT_PROMPTS}

    @extend_schema(summary="List the script", responses=shapes.PromptShape(many=True), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return every line of the script by stage."""
        return Response(shapes.PromptShape(CasePrompt.objects.all(), many=True).data)

    @extend_schema(
        summary="Add a line to the script",
        request=shapes.PromptShape,
        responses=answers(shapes.PromptShape, status=201),
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """Add a line."""
        values = _with_all(read(shapes.PromptShape, request), CasePrompt(), operations.PROMPT_FIELDS)
        row = operations.save_prompt(actor=Actor.of(request.user), prompt_id=None, values=values, version=None)
        return Response(shapes.PromptShape(row).data, status=201)


class CasePromptDetail(CaseView):
    """A line of the script."""

    operation = may_do.EDIT_PROMPTS

    @extend_schema(
        summary="Change a line of the script",
        request=shapes.PromptShape,
        responses=answers(shapes.PromptShape),
        tags=TAG,
    )
    def put(self, request: Request, prompt_id: int) -> Response:
        """Change a line that was read at a version."""
        values = read(shapes.PromptShape, request)
        version = values.pop("version")
        there = CasePrompt.objects.filter(pk=prompt_id).first() or CasePrompt()
        row = operations.save_prompt(
            actor=Actor.of(request.user),
            prompt_id=prompt_id,
            values=_with_all(values, there, operations.PROMPT_FIELDS),
            version=version if version is not None else 0,
        )
        return Response(shapes.PromptShape(row).data)

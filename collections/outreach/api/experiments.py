"""Experiments over the API: the same operations as the pages, the same refusals."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from outreach.api import experiment_shapes as shapes
from outreach.api.answers import TAG, OutreachView, answers, read
from outreach.api.shapes import ReasonRequest
from outreach.api.versions import version_endpoints
from outreach.models import Experiment
from outreach.models.versions import Version
from outreach.operations.concluding import promote_arm, results_as_kept, stop_experiment
from outreach.operations.experiments import EXPERIMENTS, try_experiment
from outreach.operations.versions import draft_next
from outreach.queries.calculator import calculate
from outreach.queries.experiment_pages import experiment_rows, is_in_sight
from outreach.queries.experiment_results import results
from outreach.roles import CONCLUDE_EXPERIMENT, DRAFT_EXPERIMENT, VIEW_EXPERIMENT
from outreach.rules.experiment_results import Question
from riskops.shared.audit import Actor
from riskops.shared.day import book_state
from riskops.shared.scope import scope_of


def _draft(actor: Actor, values: dict[str, Any]) -> Version:
    copy_of, code, note = values.pop("copy_of"), values.pop("code"), values.pop("note")
    if copy_of:
        return draft_next(EXPERIMENTS, actor=actor, copy_of=copy_of, key=code, note=note)
    return draft_next(EXPERIMENTS, actor=actor, copy_of="", key=code, note=note, values=values)


_ENDPOINTS = version_endpoints(
    EXPERIMENTS,
    name="experiment",
    shape=shapes.ExperimentShape,
    view_operation=VIEW_EXPERIMENT,
    draft_request=shapes.DraftExperimentRequest,
    draft=_draft,
)


class _OfProductsInSight(OutreachView):
    """Knows experiments only on products that the person may see."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Answer with 404 where an experiment is about a product out of sight."""
        super().initial(request, *args, **kwargs)
        row = EXPERIMENTS.of(kwargs["key"]).filter(version=kwargs["version"]).first()
        if row is None or not is_in_sight(row, scope_of(request.user)):
            raise NotFound(f"there is no experiment {kwargs['key']} v{kwargs['version']}")


class AllExperiments(_ENDPOINTS.all):  # type: ignore[name-defined]  # made at run time
    """All experiments in sight."""

    @extend_schema(summary="List every version of every experiment", responses=shapes.ExperimentShape(many=True), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return every run of every experiment in sight, those that run first."""
        rows = experiment_rows(scope_of(request.user), timezone.localdate())
        return Response(shapes.ExperimentShape([row.experiment for row in rows], many=True).data)


class OneExperiment(_OfProductsInSight, _ENDPOINTS.one):  # type: ignore[name-defined]
    """One experiment."""


class ExperimentProposal(_OfProductsInSight, _ENDPOINTS.proposal):  # type: ignore[name-defined]
    """Asking for approval."""


class ExperimentApproval(_OfProductsInSight, _ENDPOINTS.approval):  # type: ignore[name-defined]
    """Approving."""


class ExperimentSendBack(_OfProductsInSight, _ENDPOINTS.send_back):  # type: ignore[name-defined]
    """Sending back."""


class ExperimentDrop(_OfProductsInSight, _ENDPOINTS.drop):  # type: ignore[name-defined]
    """Dropping a draft."""


class ExperimentWithdrawal(_OfProductsInSight, _ENDPOINTS.withdrawal):  # type: ignore[name-defined]
    """Withdrawing."""


def _out(row: Experiment) -> Response:
    row.refresh_from_db()
    return Response(shapes.ExperimentShape(row).data)


class ExperimentTrial(_OfProductsInSight):
    """Running a draft dry."""

    operation = DRAFT_EXPERIMENT

    @extend_schema(
        summary="Try an experiment on the book",
        request=shapes.RevisionRequest,
        responses=answers(shapes.ExperimentShape),
        tags=TAG,
    )
    def post(self, request: Request, key: str, version: int) -> Response:
        """Count on the present book who would take part, and keep that with the draft."""
        about: dict[str, Any] = {"key": key, "version": version, **read(shapes.RevisionRequest, request)}
        return _out(try_experiment(actor=Actor.of(request.user), **about))


class ExperimentResults(_OfProductsInSight):
    """What the arms came to."""

    operation = VIEW_EXPERIMENT

    @extend_schema(summary="Get the results of an experiment", responses=answers(shapes.ExperimentResultsShape), tags=TAG)
    def get(self, request: Request, key: str, version: int) -> Response:
        """Return the results up to the last closed day."""
        row = EXPERIMENTS.of(key).get(version=version)
        return Response(results_as_kept(results(row, book_state().business_date)))


class ExperimentPromotion(_OfProductsInSight):
    """Promoting a challenger."""

    operation = CONCLUDE_EXPERIMENT

    @extend_schema(
        summary="Promote a challenger", request=shapes.PromoteRequest, responses=answers(shapes.ExperimentShape), tags=TAG
    )
    def post(self, request: Request, key: str, version: int) -> Response:
        """Stop an experiment and draft the strategies that give its products to the challenger."""
        about: dict[str, Any] = {"key": key, "version": version, **read(shapes.PromoteRequest, request)}
        return _out(promote_arm(actor=Actor.of(request.user), today=timezone.localdate(), **about))


class ExperimentStop(_OfProductsInSight):
    """Stopping."""

    operation = CONCLUDE_EXPERIMENT

    @extend_schema(summary="Stop an experiment", request=ReasonRequest, responses=answers(shapes.ExperimentShape), tags=TAG)
    def post(self, request: Request, key: str, version: int) -> Response:
        """Stop an experiment; all stays as it was."""
        about: dict[str, Any] = {"key": key, "version": version, **read(ReasonRequest, request)}
        return _out(stop_experiment(actor=Actor.of(request.user), today=timezone.localdate(), **about))


class ExperimentCalculator(OutreachView):
    """Size and duration."""

    operation = VIEW_EXPERIMENT

    @extend_schema(
        summary="Calculate the size of an experiment",
        parameters=[shapes.CalculatorRequest],
        responses=answers(shapes.CalculatorShape),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return how many customers an experiment takes and on how many days they come in."""
        asked = shapes.CalculatorRequest(data=request.query_params)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        rates = {"base_rate": values["base"] / 100, "effect": values["effect"] / 100, "power": values["power"] / 100}
        question = Question(**rates, champion_bp=round(values["champion"] * 100), arm_bp=round(values["arm"] * 100))
        answer = calculate(question, at_once=values["at_once"], a_day=values["a_day"], size=values["size"])
        return Response(shapes.CalculatorShape(answer).data)

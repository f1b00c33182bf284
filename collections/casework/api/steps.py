"""Lists over the API by what happened to their rows in a span of days."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from casework.queries.steps import StepFilter, StepMalformed, read_step


def step_parameters(steps: tuple[str, ...]) -> list[OpenApiParameter]:
    """Return what a list takes beside its own parameters."""
    return [
        OpenApiParameter("step", OpenApiTypes.STR, enum=list(steps)),
        OpenApiParameter("since", OpenApiTypes.DATE, description="the first day of the step; not of `open`"),
        OpenApiParameter("until", OpenApiTypes.DATE, description="the last day of the step"),
        OpenApiParameter("currency", OpenApiTypes.STR, description="with a step"),
        OpenApiParameter("product", OpenApiTypes.STR, description="with a step: the product's code"),
    ]


def step_or_400(request: Request, steps: tuple[str, ...]) -> StepFilter | None:
    """Return the step that is asked for, None where none is; 400 saying what would be right."""
    try:
        return read_step(request.query_params, steps)
    except StepMalformed as malformed:
        raise ValidationError({malformed.about: str(malformed)}) from None

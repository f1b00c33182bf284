"""What the endpoints of the worklist share: reading what is sent, and refusals as answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from casework.api import worklist_shapes as shapes
from casework.operations.work_refusals import NoteChanged, WorkRefusal
from riskops.shared.roles import MayOperate
from riskops.shared.rule_language import RuleRefusal

TAG = ["worklist"]


class WorkView(APIView):
    """Answers refusals of the worklist with their code, what they are about, and the reason."""

    permission_classes = [MayOperate]
    operation: ClassVar[str | Mapping[str, str]]

    def handle_exception(self, exc: Exception) -> Response:
        """Answer what an operation refused; all else as everywhere."""
        if isinstance(exc, NoteChanged):
            return Response(_refusal(exc) | {"version": exc.version, "theirs": exc.theirs}, status=exc.status)
        if isinstance(exc, WorkRefusal):
            return Response(_refusal(exc), status=exc.status)
        if isinstance(exc, RuleRefusal):
            return Response({"code": "rule_refused", "about": "rule", "detail": str(exc)}, status=422)
        return super().handle_exception(exc)


def _refusal(refusal: WorkRefusal) -> dict[str, Any]:
    return {"code": refusal.code, "about": getattr(refusal, "field", "") or refusal.about, "detail": str(refusal)}


def answers(shape: Any, *, status: int = 200) -> dict[int, Any]:
    """Return what the schema says an operation answers: its shape, and the refusals of the worklist."""
    return {status: shape, 404: shapes.WorkRefusalShape, 409: shapes.WorkRefusalShape, 422: shapes.WorkRefusalShape}


def read(shape: type[Any], request: Request) -> dict[str, Any]:
    """Return what was sent, read by a shape; answered with 400 and the field if it cannot be read."""
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)

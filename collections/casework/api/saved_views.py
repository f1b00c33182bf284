"""Saved views of the worklist over the API."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from casework import work_roles as may_do
from casework.api import worklist_shapes as shapes
from casework.api.worklist_answers import TAG, WorkView, answers, read
from casework.models import SavedView
from casework.operations import saved_views
from riskops.shared.audit import Actor


class Views(WorkView):
    """Saved views."""

    operation = {"GET": may_do.VIEW_WORK, "POST": may_do.SAVE_VIEW}

    @extend_schema(summary="List saved views", responses=shapes.ViewShape(many=True), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return one's own views and the shared ones."""
        found = SavedView.objects.filter(Q(owner=request.user.pk) | Q(is_shared=True)).order_by("name")
        return Response([_view_out(view, request) for view in found])

    @extend_schema(summary="Save a view", request=shapes.ViewShape, responses=answers(shapes.ViewShape, status=201), tags=TAG)
    def post(self, request: Request) -> Response:
        """Keep what an address of the worklist asks for under a name."""
        values = read(shapes.ViewShape, request)
        return Response(_view_out(saved_views.save_view(actor=Actor.of(request.user), **values), request), status=201)


def _view_out(view: SavedView, request: Request) -> dict[str, Any]:
    is_own = view.owner_id == request.user.pk
    return {"id": view.pk, "name": view.name, "query": view.query, "is_shared": view.is_shared, "is_own": is_own}


class ViewDetail(WorkView):
    """One saved view."""

    operation = may_do.SAVE_VIEW

    @extend_schema(summary="Delete a view", responses={204: None, 404: shapes.WorkRefusalShape}, tags=TAG)
    def delete(self, request: Request, view_id: int) -> Response:
        """Delete one's own view."""
        saved_views.delete_view(actor=Actor.of(request.user), view_id=view_id)
        return Response(status=204)

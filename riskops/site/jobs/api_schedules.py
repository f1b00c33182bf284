"""When the jobs start by themselves, over the API: the same operations as the jobs pages."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from django_celery_beat.models import PeriodicTask
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from riskops.shared import scheduling
from riskops.shared.audit import Actor
from riskops.shared.operations import EDIT_SCHEDULES
from riskops.shared.roles import MayOperate
from riskops.site.jobs.api_answers import answers, given, refused


class ScheduleShape(serializers.Serializer[Any]):
    """A job and when it starts: daily `at` a time of the business day, or `every_seconds`."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    enabled = serializers.BooleanField()
    at = serializers.TimeField(allow_null=True)
    every_seconds = serializers.IntegerField(allow_null=True)
    last_run_at = serializers.DateTimeField(allow_null=True)


class ScheduleRequest(serializers.Serializer[Any]):
    """What changes of a schedule."""

    enabled = serializers.BooleanField(required=False)
    at = serializers.TimeField(required=False)
    every_seconds = serializers.IntegerField(required=False)


def _schedule_out(task: PeriodicTask) -> dict[str, Any]:
    return {"id": task.pk, "name": task.name, **asdict(scheduling.timing_of(task)), "last_run_at": task.last_run_at}


class ScheduleList(APIView):
    """When the jobs start by themselves."""

    permission_classes = [MayOperate]
    operation = EDIT_SCHEDULES

    @extend_schema(
        operation_id="schedules_list", summary="List schedules", responses=ScheduleShape(many=True), tags=["schedules"]
    )
    def get(self, request: Request) -> Response:
        """Return the schedules by name."""
        return Response(ScheduleShape([_schedule_out(task) for task in scheduling.schedules()], many=True).data)


class ScheduleDetail(APIView):
    """One schedule."""

    permission_classes = [MayOperate]
    operation = EDIT_SCHEDULES

    @extend_schema(summary="Change a schedule", request=ScheduleRequest, responses=answers(ScheduleShape), tags=["schedules"])
    def patch(self, request: Request, schedule_id: int) -> Response:
        """Change what is given and leave the rest."""
        task = scheduling.schedules().filter(pk=schedule_id).first()
        if task is None:
            raise NotFound({"code": "schedule_unknown", "about": "", "detail": f"there is no schedule {schedule_id}"})
        values = {name: value for name, value in given(ScheduleRequest, request).items() if name in request.data}
        timing = replace(scheduling.timing_of(task), **values)
        try:
            changed = scheduling.change_schedule(actor=Actor.of(request.user), task_id=task.pk, timing=timing)
        except scheduling.ScheduleMalformed as refusal:
            return refused(refusal)
        return Response(ScheduleShape(_schedule_out(changed)).data)

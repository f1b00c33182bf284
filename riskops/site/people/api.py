"""People with their absences, conflicts and examinations over the API: the same operations as the pages."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from riskops.shared.audit import Actor
from riskops.shared.models import Absence, Conflict, Examination
from riskops.shared.operations import (
    DECLARE_CONFLICT,
    END_CONFLICT,
    ENTER_ABSENCE,
    RECORD_EXAMINATION,
    SET_PORTFOLIO,
    VIEW_CONFLICTS,
    VIEW_OWN_RECORD,
)
from riskops.shared.people.conflicts import declare_conflict, end_conflict
from riskops.shared.people.examinations import record_examination
from riskops.shared.people.portfolios import set_person_portfolio
from riskops.shared.people.teams import cancel_absence, enter_absence
from riskops.shared.roles import may
from riskops.site.people import queries
from riskops.site.people.api_answers import MembershipShape, PeopleView, PortfolioShape, answers, done, given, membership_out


class PersonShape(serializers.Serializer[Any]):
    """A person. `products` null: they may see the whole book; `examination_expires_on` null: none was ever recorded."""

    username = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    is_active = serializers.BooleanField()
    roles = serializers.ListField(child=serializers.CharField())
    teams = serializers.ListField(child=serializers.CharField())
    products = serializers.ListField(child=serializers.CharField(), allow_null=True)
    examination_expires_on = serializers.DateField(allow_null=True)
    is_absent = serializers.BooleanField()


class PersonPageShape(serializers.Serializer[Any]):
    """A page of people. `next` is the value of `after` that the next page begins with."""

    results = PersonShape(many=True)
    next = serializers.CharField(allow_blank=True)


class AbsenceShape(serializers.Serializer[Any]):
    """Days without work, both ends in."""

    id = serializers.IntegerField()
    first_day = serializers.DateField()
    last_day = serializers.DateField()


class ConflictShape(serializers.Serializer[Any]):
    """A conflict of interest. `is_derived`: the own account of somebody in the team."""

    id = serializers.IntegerField()
    customer_no = serializers.CharField()
    kind = serializers.ChoiceField(choices=Conflict.Kind.values)
    since = serializers.DateField()
    until = serializers.DateField(allow_null=True)
    holds = serializers.BooleanField()
    is_derived = serializers.BooleanField()
    declared_by = serializers.CharField(allow_blank=True)


class ExaminationShape(serializers.Serializer[Any]):
    """A passed examination; it holds up to the day before `expires_on`."""

    id = serializers.IntegerField()
    subject = serializers.ChoiceField(choices=Examination.Subject.values)
    passed_on = serializers.DateField()
    expires_on = serializers.DateField()


class PersonDetailShape(PersonShape):
    """A person with everything the reader may see; `conflicts` null where they may not."""

    own_products = serializers.ListField(child=serializers.CharField())
    memberships = MembershipShape(many=True)
    absences = AbsenceShape(many=True)
    examinations = ExaminationShape(many=True)
    conflicts = ConflictShape(many=True, allow_null=True)


class AbsenceRequest(serializers.Serializer[Any]):
    """Days without work, both ends in."""

    first_day = serializers.DateField()
    last_day = serializers.DateField()


class ConflictRequest(serializers.Serializer[Any]):
    """A customer whom the person must not work on."""

    customer_no = serializers.CharField(max_length=64)
    kind = serializers.ChoiceField(choices=Conflict.Kind.values)
    until = serializers.DateField(allow_null=True, default=None)


class EndConflictRequest(serializers.Serializer[Any]):
    """The last day it holds, and why it ends."""

    last_day = serializers.DateField()
    reason = serializers.CharField(allow_blank=True, default="", max_length=500)


class ExaminationRequest(serializers.Serializer[Any]):
    """What was passed, and when."""

    subject = serializers.ChoiceField(choices=Examination.Subject.values, default=Examination.Subject.COLLECTIONS.value)
    passed_on = serializers.DateField()


def _person_out(row: queries.PersonRow) -> dict[str, Any]:
    return {
        "username": row.username,
        "name": row.name,
        "is_active": row.is_active,
        "roles": [role.value for role in row.roles],
        "teams": [team.name for team in row.teams],
        "products": None if row.products is None else list(row.products),
        "examination_expires_on": row.examination.expires_on,
        "is_absent": row.is_absent,
    }


def _absence_out(row: Absence) -> dict[str, Any]:
    return {"id": row.pk, "first_day": row.first_day, "last_day": row.last_day}


def _examination_out(row: Examination) -> dict[str, Any]:
    return {"id": row.pk, "subject": row.subject, "passed_on": row.passed_on, "expires_on": row.expires_on}


def _conflict_out(row: queries.ConflictRow) -> dict[str, Any]:
    conflict = row.conflict
    return {
        "id": conflict.pk,
        "customer_no": conflict.customer_no,
        "kind": Conflict.Kind.COLLEAGUE.value if row.is_derived else conflict.kind,
        "since": conflict.since,
        "until": conflict.until,
        "holds": row.holds,
        "is_derived": row.is_derived,
        "declared_by": conflict.declared_by.get_username() if conflict.declared_by else "",
    }


def _detail_out(username: str, *, with_conflicts: bool) -> dict[str, Any]:
    page = queries.person_page(username, today=timezone.localdate(), with_conflicts=with_conflicts)
    if page is None:
        raise NotFound(f"there is nobody of the name {username}")
    return {
        **_person_out(page.row),
        "own_products": list(page.row.own_products),
        "memberships": [membership_out(row, username) for row in page.memberships],
        "absences": [_absence_out(row) for row in page.absences],
        "examinations": [_examination_out(row) for row in page.examinations],
        "conflicts": None if page.conflicts is None else [_conflict_out(row) for row in page.conflicts],
    }


class People(PeopleView):
    """The people of the site."""

    @extend_schema(
        operation_id="people_list",
        summary="List people",
        parameters=[
            OpenApiParameter("q", str, description="part of a user name or name"),
            OpenApiParameter("after", str, description="`next` of the page before"),
        ],
        responses=PersonPageShape,
        tags=["people"],
    )
    def get(self, request: Request) -> Response:
        """Return a page of people by user name."""
        asked = request.query_params
        page = queries.people_page(today=timezone.localdate(), search=asked.get("q", "").strip(), after=asked.get("after", ""))
        return Response({"results": [_person_out(row) for row in page.rows], "next": page.next_after})


class PersonDetail(PeopleView):
    """One person."""

    @extend_schema(operation_id="people_get", summary="Get a person", responses=PersonDetailShape, tags=["people"])
    def get(self, request: Request, username: str) -> Response:
        """Return a person with teams, portfolio, absences, examinations and, to those who may see them, conflicts."""
        with_conflicts = username == request.user.get_username() or may(request.user, VIEW_CONFLICTS)
        return Response(_detail_out(username, with_conflicts=with_conflicts))


class OwnRecord(PeopleView):
    """One's own record."""

    operation = VIEW_OWN_RECORD

    @extend_schema(summary="Get one's own record", responses=PersonDetailShape, tags=["people"])
    def get(self, request: Request) -> Response:
        """Return what the site knows of whoever asks."""
        return Response(_detail_out(request.user.get_username(), with_conflicts=True))


class PersonPortfolio(PeopleView):
    """The products a person may see."""

    operation = SET_PORTFOLIO

    @extend_schema(summary="Set a person's portfolio", request=PortfolioShape, responses=answers(PortfolioShape), tags=["people"])
    def put(self, request: Request, username: str) -> Response:
        """Set it as a whole; empty: what their teams may see."""
        products = given(PortfolioShape, request)["products"]
        result = done(lambda: set_person_portfolio(actor=Actor.of(request.user), username=username, products=products))
        return result if isinstance(result, Response) else Response({"products": sorted(result)})


class Absences(PeopleView):
    """Absences of a person."""

    operation = ENTER_ABSENCE

    @extend_schema(summary="Enter an absence", request=AbsenceRequest, responses=answers(AbsenceShape, 201), tags=["people"])
    def post(self, request: Request, username: str) -> Response:
        """Enter days on which a person takes no work; why is not asked."""
        days = given(AbsenceRequest, request)
        result = done(lambda: enter_absence(actor=Actor.of(request.user), username=username, **days))
        return result if isinstance(result, Response) else Response(_absence_out(result), status=201)


class AbsenceDetail(PeopleView):
    """One absence."""

    operation = ENTER_ABSENCE

    @extend_schema(summary="Cancel an absence", responses=answers(None, 204), tags=["people"])
    def delete(self, request: Request, absence_id: int) -> Response:
        """Take an absence back."""
        result = done(lambda: cancel_absence(actor=Actor.of(request.user), absence_id=absence_id))
        return result if isinstance(result, Response) else Response(status=204)


class Conflicts(PeopleView):
    """Conflicts of interest of a person."""

    operation = DECLARE_CONFLICT

    @extend_schema(
        summary="Declare a conflict of interest", request=ConflictRequest, responses=answers(ConflictShape, 201), tags=["people"]
    )
    def post(self, request: Request, username: str) -> Response:
        """Declare one's own, or, as a lead of the person, a manager or compliance, that of somebody else."""
        values, actor, today = given(ConflictRequest, request), Actor.of(request.user), timezone.localdate()
        result = done(lambda: declare_conflict(actor=actor, username=username, today=today, **values))
        if isinstance(result, Response):
            return result
        return Response(_conflict_out(queries.ConflictRow(result, "", False, True)), status=201)


class ConflictEnd(PeopleView):
    """The end of a conflict of interest."""

    operation = END_CONFLICT

    @extend_schema(
        summary="End a conflict of interest", request=EndConflictRequest, responses=answers(ConflictShape), tags=["people"]
    )
    def post(self, request: Request, conflict_id: int) -> Response:
        """Have it end on a day, today at the earliest, with a reason."""
        values, actor, today = given(EndConflictRequest, request), Actor.of(request.user), timezone.localdate()
        result = done(lambda: end_conflict(actor=actor, conflict_id=conflict_id, today=today, **values))
        return result if isinstance(result, Response) else Response(_conflict_out(queries.ConflictRow(result, "", False, True)))


class Examinations(PeopleView):
    """Examinations of a person."""

    operation = RECORD_EXAMINATION

    @extend_schema(
        summary="Record a passed examination",
        request=ExaminationRequest,
        responses=answers(ExaminationShape, 201),
        tags=["people"],
    )
    def post(self, request: Request, username: str) -> Response:
        """Record that somebody else passed; it holds for the configured months from that day."""
        values, actor, today = given(ExaminationRequest, request), Actor.of(request.user), timezone.localdate()
        result = done(lambda: record_examination(actor=actor, username=username, today=today, **values))
        return result if isinstance(result, Response) else Response(_examination_out(result), status=201)

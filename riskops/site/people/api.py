"""People and teams over the API: the same operations as the pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from riskops.shared.audit import Actor
from riskops.shared.models import Absence, Conflict, Examination, Membership, Team
from riskops.shared.operations import (
    DECLARE_CONFLICT,
    END_CONFLICT,
    ENTER_ABSENCE,
    MANAGE_TEAMS,
    RECORD_EXAMINATION,
    SET_PORTFOLIO,
    STAFF_TEAM,
    VIEW_CONFLICTS,
    VIEW_OWN_RECORD,
    VIEW_PEOPLE,
    VIEW_TEAMS,
)
from riskops.shared.people import refusals
from riskops.shared.people.conflicts import declare_conflict, end_conflict
from riskops.shared.people.examinations import record_examination
from riskops.shared.people.portfolios import set_person_portfolio, set_team_portfolio
from riskops.shared.people.teams import (
    MOST_A_DAY,
    TeamSettings,
    add_member,
    cancel_absence,
    change_membership,
    enter_absence,
    save_team,
)
from riskops.shared.roles import MayOperate, may
from riskops.site.people import queries

_NOT_THERE: Final = (
    refusals.PersonUnknown,
    refusals.TeamUnknown,
    refusals.MembershipUnknown,
    refusals.AbsenceUnknown,
    refusals.ConflictOver,
)
_IN_THE_WAY: Final = (
    refusals.TeamNameTaken,
    refusals.TeamClosed,
    refusals.MemberAlready,
    refusals.AbsentAlready,
    refusals.ConflictDeclaredAlready,
    refusals.ExaminationRecordedAlready,
)


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


class MembershipShape(serializers.Serializer[Any]):
    """A person in a team. `until` null while it lasts."""

    id = serializers.IntegerField()
    team_id = serializers.IntegerField()
    username = serializers.CharField()
    since = serializers.DateField()
    until = serializers.DateField(allow_null=True)
    daily_capacity = serializers.IntegerField()


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


class TeamShape(serializers.Serializer[Any]):
    """A team. `products` empty: its people may see the whole book; capacities are of today, absences counted out and in."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Team.Kind.values)
    lead = serializers.CharField(allow_blank=True)
    is_open = serializers.BooleanField()
    members = serializers.IntegerField()
    absent = serializers.IntegerField()
    capacity = serializers.IntegerField()
    full_capacity = serializers.IntegerField()
    products = serializers.ListField(child=serializers.CharField())


class TeamDetailShape(TeamShape):
    """A team with its members now and later."""

    memberships = MembershipShape(many=True)


class TeamRequest(serializers.Serializer[Any]):
    """A team's settings. `lead` is a user name, "" for nobody."""

    name = serializers.CharField(max_length=80)
    kind = serializers.ChoiceField(choices=Team.Kind.values)
    lead = serializers.CharField(allow_blank=True, default="", max_length=150)
    is_open = serializers.BooleanField(default=True)


class MemberRequest(serializers.Serializer[Any]):
    """Who comes into the team, from when, and how much they work."""

    username = serializers.CharField(max_length=150)
    since = serializers.DateField()
    until = serializers.DateField(allow_null=True, default=None)
    daily_capacity = serializers.IntegerField(min_value=0, max_value=MOST_A_DAY)


class MembershipRequest(serializers.Serializer[Any]):
    """What is to change; what is left out stays."""

    daily_capacity = serializers.IntegerField(min_value=0, max_value=MOST_A_DAY, required=False)
    until = serializers.DateField(allow_null=True, required=False)


class PortfolioShape(serializers.Serializer[Any]):
    """Product codes; empty: no limit."""

    products = serializers.ListField(child=serializers.CharField(max_length=64), max_length=1_000)


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


class PeopleRefusalShape(serializers.Serializer[Any]):
    """What was not done and why; nothing changed."""

    code = serializers.CharField()
    about = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()


def _answers(shape: Any, status: int = 200) -> dict[int, Any]:
    return {
        status: shape,
        403: OpenApiResponse(PeopleRefusalShape, description="not the person's to do, by role or for this person or team"),
        404: OpenApiResponse(PeopleRefusalShape, description="there is none"),
        409: OpenApiResponse(PeopleRefusalShape, description="it stands otherwise; nothing was done"),
        422: OpenApiResponse(PeopleRefusalShape, description="a value that cannot be; nothing was done"),
    }


def _done(act: Callable[[], Any]) -> Any:
    """Return what an operation returns, or its refusal as an answer: 404, 409 or 422."""
    try:
        return act()
    except refusals.PeopleRefusal as refusal:
        status = 404 if isinstance(refusal, _NOT_THERE) else 409 if isinstance(refusal, _IN_THE_WAY) else 422
        code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(refusal).__name__).lower()
        return Response({"code": code, "about": refusal.about, "detail": str(refusal)}, status=status)


def _given(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


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


def _membership_out(row: Membership, username: str) -> dict[str, Any]:
    return {
        "id": row.pk,
        "team_id": row.team_id,
        "username": username,
        "since": row.since,
        "until": row.until,
        "daily_capacity": row.daily_capacity,
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
        "memberships": [_membership_out(row, username) for row in page.memberships],
        "absences": [_absence_out(row) for row in page.absences],
        "examinations": [_examination_out(row) for row in page.examinations],
        "conflicts": None if page.conflicts is None else [_conflict_out(row) for row in page.conflicts],
    }


def _team_out(row: queries.TeamRow) -> dict[str, Any]:
    return {
        "id": row.team.pk,
        "name": row.team.name,
        "kind": row.team.kind,
        "lead": row.team.lead.get_username() if row.team.lead else "",
        "is_open": row.team.is_open,
        "members": len(row.members),
        "absent": row.absent,
        "capacity": row.capacity,
        "full_capacity": row.full_capacity,
        "products": list(row.products),
    }


def _team_detail_out(team_id: int) -> dict[str, Any]:
    page = queries.team_page(team_id, today=timezone.localdate())
    if page is None:
        raise NotFound(f"there is no team {team_id}")
    members = [_membership_out(row.membership, row.membership.user.get_username()) for row in page.members]
    return {**_team_out(page.row), "memberships": members}


class PeopleView(APIView):
    """What the views of people have in common."""

    permission_classes = [MayOperate]
    operation: Any = VIEW_PEOPLE


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
        given = request.query_params
        page = queries.people_page(today=timezone.localdate(), search=given.get("q", "").strip(), after=given.get("after", ""))
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

    @extend_schema(
        summary="Set a person's portfolio", request=PortfolioShape, responses=_answers(PortfolioShape), tags=["people"]
    )
    def put(self, request: Request, username: str) -> Response:
        """Set it as a whole; empty: what their teams may see."""
        products = _given(PortfolioShape, request)["products"]
        done = _done(lambda: set_person_portfolio(actor=Actor.of(request.user), username=username, products=products))
        return done if isinstance(done, Response) else Response({"products": sorted(done)})


class Absences(PeopleView):
    """Absences of a person."""

    operation = ENTER_ABSENCE

    @extend_schema(summary="Enter an absence", request=AbsenceRequest, responses=_answers(AbsenceShape, 201), tags=["people"])
    def post(self, request: Request, username: str) -> Response:
        """Enter days on which a person takes no work; why is not asked."""
        days = _given(AbsenceRequest, request)
        done = _done(lambda: enter_absence(actor=Actor.of(request.user), username=username, **days))
        return done if isinstance(done, Response) else Response(_absence_out(done), status=201)


class AbsenceDetail(PeopleView):
    """One absence."""

    operation = ENTER_ABSENCE

    @extend_schema(summary="Cancel an absence", responses=_answers(None, 204), tags=["people"])
    def delete(self, request: Request, absence_id: int) -> Response:
        """Take an absence back."""
        done = _done(lambda: cancel_absence(actor=Actor.of(request.user), absence_id=absence_id))
        return done if isinstance(done, Response) else Response(status=204)


class Conflicts(PeopleView):
    """Conflicts of interest of a person."""

    operation = DECLARE_CONFLICT

    @extend_schema(
        summary="Declare a conflict of interest", request=ConflictRequest, responses=_answers(ConflictShape, 201), tags=["people"]
    )
    def post(self, request: Request, username: str) -> Response:
        """Declare one's own, or, as a lead of the person, a manager or compliance, that of somebody else."""
        values, actor, today = _given(ConflictRequest, request), Actor.of(request.user), timezone.localdate()
        done = _done(lambda: declare_conflict(actor=actor, username=username, today=today, **values))
        if isinstance(done, Response):
            return done
        return Response(_conflict_out(queries.ConflictRow(done, "", False, True)), status=201)


class ConflictEnd(PeopleView):
    """The end of a conflict of interest."""

    operation = END_CONFLICT

    @extend_schema(
        summary="End a conflict of interest", request=EndConflictRequest, responses=_answers(ConflictShape), tags=["people"]
    )
    def post(self, request: Request, conflict_id: int) -> Response:
        """Have it end on a day, today at the earliest, with a reason."""
        values, actor, today = _given(EndConflictRequest, request), Actor.of(request.user), timezone.localdate()
        done = _done(lambda: end_conflict(actor=actor, conflict_id=conflict_id, today=today, **values))
        return done if isinstance(done, Response) else Response(_conflict_out(queries.ConflictRow(done, "", False, True)))


class Examinations(PeopleView):
    """Examinations of a person."""

    operation = RECORD_EXAMINATION

    @extend_schema(
        summary="Record a passed examination",
        request=ExaminationRequest,
        responses=_answers(ExaminationShape, 201),
        tags=["people"],
    )
    def post(self, request: Request, username: str) -> Response:
        """Record that somebody else passed; it holds for the configured months from that day."""
        values, actor, today = _given(ExaminationRequest, request), Actor.of(request.user), timezone.localdate()
        done = _done(lambda: record_examination(actor=actor, username=username, today=today, **values))
        return done if isinstance(done, Response) else Response(_examination_out(done), status=201)


class Teams(PeopleView):
    """The teams."""

    operation = {"GET": VIEW_TEAMS, "POST": MANAGE_TEAMS}

    @extend_schema(operation_id="teams_list", summary="List teams", responses=TeamShape(many=True), tags=["teams"])
    def get(self, request: Request) -> Response:
        """Return the teams, the open ones first, with their capacity of today."""
        return Response([_team_out(row) for row in queries.team_rows(today=timezone.localdate())])

    @extend_schema(summary="Set up a team", request=TeamRequest, responses=_answers(TeamDetailShape, 201), tags=["teams"])
    def post(self, request: Request) -> Response:
        """Set up a team."""
        settings = TeamSettings(**_given(TeamRequest, request))
        done = _done(lambda: save_team(actor=Actor.of(request.user), settings=settings))
        return done if isinstance(done, Response) else Response(_team_detail_out(done.pk), status=201)


class TeamDetail(PeopleView):
    """One team."""

    operation = {"GET": VIEW_TEAMS, "PUT": MANAGE_TEAMS}

    @extend_schema(operation_id="teams_get", summary="Get a team", responses=TeamDetailShape, tags=["teams"])
    def get(self, request: Request, team_id: int) -> Response:
        """Return a team with its members."""
        return Response(_team_detail_out(team_id))

    @extend_schema(summary="Change a team", request=TeamRequest, responses=_answers(TeamDetailShape), tags=["teams"])
    def put(self, request: Request, team_id: int) -> Response:
        """Change name, kind and lead; close or open it."""
        settings = TeamSettings(**_given(TeamRequest, request))
        done = _done(lambda: save_team(actor=Actor.of(request.user), settings=settings, team_id=team_id))
        return done if isinstance(done, Response) else Response(_team_detail_out(done.pk))


class TeamPortfolio(PeopleView):
    """The products a team's people may see."""

    operation = SET_PORTFOLIO

    @extend_schema(summary="Set a team's portfolio", request=PortfolioShape, responses=_answers(PortfolioShape), tags=["teams"])
    def put(self, request: Request, team_id: int) -> Response:
        """Set it as a whole; empty: the whole book."""
        products = _given(PortfolioShape, request)["products"]
        done = _done(lambda: set_team_portfolio(actor=Actor.of(request.user), team_id=team_id, products=products))
        return done if isinstance(done, Response) else Response({"products": sorted(done)})


class TeamMembers(PeopleView):
    """Members of a team."""

    operation = STAFF_TEAM

    @extend_schema(
        summary="Put somebody into a team", request=MemberRequest, responses=_answers(MembershipShape, 201), tags=["teams"]
    )
    def post(self, request: Request, team_id: int) -> Response:
        """Put a person into the team from a day on; a lead does so for the teams they lead."""
        values = _given(MemberRequest, request)
        done = _done(lambda: add_member(actor=Actor.of(request.user), team_id=team_id, **values))
        return done if isinstance(done, Response) else Response(_membership_out(done, values["username"]), status=201)


class MembershipDetail(PeopleView):
    """One membership."""

    operation = STAFF_TEAM

    @extend_schema(summary="Change a membership", request=MembershipRequest, responses=_answers(MembershipShape), tags=["teams"])
    def patch(self, request: Request, membership_id: int) -> Response:
        """Change the capacity, or say the last day."""
        values, actor, today = _given(MembershipRequest, request), Actor.of(request.user), timezone.localdate()
        found = Membership.objects.filter(pk=membership_id).first()
        if found is None:
            raise NotFound(f"there is no membership {membership_id}")
        kept = {"daily_capacity": found.daily_capacity, "until": found.until}
        done = _done(lambda: change_membership(actor=actor, membership_id=membership_id, today=today, **{**kept, **values}))
        if isinstance(done, Response):
            return done
        return Response(_membership_out(done, User.objects.get(pk=done.user_id).get_username()))

"""Teams and their members over the API: the same operations as the pages."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from riskops.shared.audit import Actor
from riskops.shared.models import Membership, Team
from riskops.shared.operations import MANAGE_TEAMS, SET_PORTFOLIO, STAFF_TEAM, VIEW_TEAMS
from riskops.shared.people.portfolios import set_team_portfolio
from riskops.shared.people.teams import MOST_A_DAY, TeamSettings, add_member, change_membership, save_team
from riskops.site.people import queries
from riskops.site.people.api_answers import MembershipShape, PeopleView, PortfolioShape, answers, done, given, membership_out


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
    members = [membership_out(row.membership, row.membership.user.get_username()) for row in page.members]
    return {**_team_out(page.row), "memberships": members}


class Teams(PeopleView):
    """The teams."""

    operation = {"GET": VIEW_TEAMS, "POST": MANAGE_TEAMS}

    @extend_schema(operation_id="teams_list", summary="List teams", responses=TeamShape(many=True), tags=["teams"])
    def get(self, request: Request) -> Response:
        """Return the teams, the open ones first, with their capacity of today."""
        return Response([_team_out(row) for row in queries.team_rows(today=timezone.localdate())])

    @extend_schema(summary="Set up a team", request=TeamRequest, responses=answers(TeamDetailShape, 201), tags=["teams"])
    def post(self, request: Request) -> Response:
        """Set up a team."""
        settings = TeamSettings(**given(TeamRequest, request))
        result = done(lambda: save_team(actor=Actor.of(request.user), settings=settings))
        return result if isinstance(result, Response) else Response(_team_detail_out(result.pk), status=201)


class TeamDetail(PeopleView):
    """One team."""

    operation = {"GET": VIEW_TEAMS, "PUT": MANAGE_TEAMS}

    @extend_schema(operation_id="teams_get", summary="Get a team", responses=TeamDetailShape, tags=["teams"])
    def get(self, request: Request, team_id: int) -> Response:
        """Return a team with its members."""
        return Response(_team_detail_out(team_id))

    @extend_schema(summary="Change a team", request=TeamRequest, responses=answers(TeamDetailShape), tags=["teams"])
    def put(self, request: Request, team_id: int) -> Response:
        """Change name, kind and lead; close or open it."""
        settings = TeamSettings(**given(TeamRequest, request))
        result = done(lambda: save_team(actor=Actor.of(request.user), settings=settings, team_id=team_id))
        return result if isinstance(result, Response) else Response(_team_detail_out(result.pk))


class TeamPortfolio(PeopleView):
    """The products a team's people may see."""

    operation = SET_PORTFOLIO

    @extend_schema(summary="Set a team's portfolio", request=PortfolioShape, responses=answers(PortfolioShape), tags=["teams"])
    def put(self, request: Request, team_id: int) -> Response:
        """Set it as a whole; empty: the whole book."""
        products = given(PortfolioShape, request)["products"]
        result = done(lambda: set_team_portfolio(actor=Actor.of(request.user), team_id=team_id, products=products))
        return result if isinstance(result, Response) else Response({"products": sorted(result)})


class TeamMembers(PeopleView):
    """Members of a team."""

    operation = STAFF_TEAM

    @extend_schema(
        summary="Put somebody into a team", request=MemberRequest, responses=answers(MembershipShape, 201), tags=["teams"]
    )
    def post(self, request: Request, team_id: int) -> Response:
        """Put a person into the team from a day on; a lead does so for the teams they lead."""
        values = given(MemberRequest, request)
        result = done(lambda: add_member(actor=Actor.of(request.user), team_id=team_id, **values))
        return result if isinstance(result, Response) else Response(membership_out(result, values["username"]), status=201)


class MembershipDetail(PeopleView):
    """One membership."""

    operation = STAFF_TEAM

    @extend_schema(summary="Change a membership", request=MembershipRequest, responses=answers(MembershipShape), tags=["teams"])
    def patch(self, request: Request, membership_id: int) -> Response:
        """Change the capacity, or say the last day."""
        values, actor, today = given(MembershipRequest, request), Actor.of(request.user), timezone.localdate()
        found = Membership.objects.filter(pk=membership_id).first()
        if found is None:
            raise NotFound(f"there is no membership {membership_id}")
        kept = {"daily_capacity": found.daily_capacity, "until": found.until}
        result = done(lambda: change_membership(actor=actor, membership_id=membership_id, today=today, **{**kept, **values}))
        if isinstance(result, Response):
            return result
        return Response(membership_out(result, User.objects.get(pk=result.user_id).get_username()))

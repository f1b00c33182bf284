"""The addresses of people and teams, under /api/v1/."""

from django.urls import URLPattern, path

from riskops.site.people import api, api_teams

urlpatterns: list[URLPattern] = [
    path("me/", api.OwnRecord.as_view(), name="api-own-record"),
    path("people/", api.People.as_view(), name="api-people"),
    path("people/<str:username>/", api.PersonDetail.as_view(), name="api-person"),
    path("people/<str:username>/portfolio/", api.PersonPortfolio.as_view(), name="api-person-portfolio"),
    path("people/<str:username>/absences/", api.Absences.as_view(), name="api-absences"),
    path("people/<str:username>/conflicts/", api.Conflicts.as_view(), name="api-conflicts"),
    path("people/<str:username>/examinations/", api.Examinations.as_view(), name="api-examinations"),
    path("absences/<int:absence_id>/", api.AbsenceDetail.as_view(), name="api-absence"),
    path("conflicts/<int:conflict_id>/end/", api.ConflictEnd.as_view(), name="api-conflict-end"),
    path("teams/", api_teams.Teams.as_view(), name="api-teams"),
    path("teams/<int:team_id>/", api_teams.TeamDetail.as_view(), name="api-team"),
    path("teams/<int:team_id>/portfolio/", api_teams.TeamPortfolio.as_view(), name="api-team-portfolio"),
    path("teams/<int:team_id>/members/", api_teams.TeamMembers.as_view(), name="api-team-members"),
    path("memberships/<int:membership_id>/", api_teams.MembershipDetail.as_view(), name="api-membership"),
]

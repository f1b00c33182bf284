"""The addresses of people, teams and one's own record."""

from django.urls import URLPattern, path

from riskops.site.people import views

urlpatterns: list[URLPattern] = [
    path("me/", views.own_record, name="own-record"),
    path("people/", views.people, name="people"),
    path("people/<str:username>/", views.person, name="person"),
    path("people/<str:username>/portfolio/", views.person_portfolio, name="person-portfolio"),
    path("people/<str:username>/absences/", views.absences, name="absences"),
    path("people/<str:username>/conflicts/", views.conflicts, name="conflicts"),
    path("people/<str:username>/examinations/", views.examinations, name="examinations"),
    path("absences/<int:absence_id>/cancel/", views.absence_cancelled, name="absence-cancel"),
    path("conflicts/<int:conflict_id>/end/", views.conflict_ended, name="conflict-end"),
    path("teams/", views.teams, name="teams"),
    path("teams/new/", views.new_team, name="team-new"),
    path("teams/<int:team_id>/", views.team, name="team"),
    path("teams/<int:team_id>/change/", views.team_changed, name="team-change"),
    path("teams/<int:team_id>/portfolio/", views.team_portfolio, name="team-portfolio"),
    path("teams/<int:team_id>/members/", views.team_members, name="team-members"),
    path("memberships/<int:membership_id>/", views.membership, name="membership"),
]

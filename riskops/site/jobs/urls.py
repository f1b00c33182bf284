"""The addresses of the jobs pages."""

from django.urls import URLPattern, path

from riskops.shared import converters  # noqa: F401  (registers <day:…>)
from riskops.site.jobs import views

urlpatterns: list[URLPattern] = [
    path("jobs/", views.jobs, name="jobs"),
    path("jobs/close/", views.start, name="close-start"),
    path("jobs/nightly/", views.pause, name="close-pause"),
    path("jobs/arrivals/", views.arrivals, name="feed-arrivals"),
    path("jobs/<day:day>/", views.close, name="close"),
    path("jobs/<day:day>/restart/", views.restart, name="close-restart"),
    path("jobs/<day:day>/override/", views.override, name="close-override"),
]

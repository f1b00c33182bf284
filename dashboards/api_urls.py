"""The addresses of the dashboards' part of the API, below /api/v1/."""

from django.urls import URLPattern, path

from dashboards.api import AccountsBehind, MetricCells, MetricList, ReliefCounters

urlpatterns: list[URLPattern] = [
    path("accounts-behind/", AccountsBehind.as_view(), name="api-accounts-behind"),
    path("relief-counters/", ReliefCounters.as_view(), name="api-relief-counters"),
    path("metrics/", MetricList.as_view(), name="api-metrics"),
    path("metrics/<str:name>/", MetricCells.as_view(), name="api-metric"),
]

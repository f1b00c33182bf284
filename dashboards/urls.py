"""The addresses of the dashboards' pages."""

from django.urls import URLPattern, path

from dashboards import views

app_name = "dashboards"
urlpatterns: list[URLPattern] = [
    path("dashboards/portfolio/", views.portfolio, name="portfolio"),
    path("dashboards/relief/", views.relief, name="relief"),
    path("dashboards/accounts-behind/", views.accounts_behind, name="accounts_behind"),
    path("dashboards/metrics/<str:name>.csv", views.metric_csv, name="metric_csv"),
]

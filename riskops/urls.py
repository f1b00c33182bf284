"""Where each address leads."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView

from riskops.site.audit_api import AuditList
from riskops.site.views.api_docs import api_docs, new_token
from riskops.site.views.audit import audit_trail
from riskops.site.views.health import healthz, readyz
from riskops.site.views.landing import landing
from riskops.site.views.patterns import patterns

urlpatterns: list[URLPattern | URLResolver] = [
    path("", landing, name="landing"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("patterns/", patterns, name="patterns"),
    path("audit/", audit_trail, name="audit"),
    path("", include("riskops.site.jobs.urls")),
    path("", include("riskops.site.people.urls")),
    path("admin/", admin.site.urls),
    path("api/", api_docs, name="api-docs"),
    path("api/token/", new_token, name="api-token"),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/v1/audit/", AuditList.as_view(), name="api-audit"),
    path("api/v1/", include("riskops.site.jobs.api_urls")),
    path("api/v1/", include("riskops.site.people.api_urls")),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("casework.api.worklist_urls")),
    path("", include("accounts.urls")),
    path("", include("casework.urls")),
    path("api/v1/", include("casework.api.urls")),
    path("", include("casework.worklist_urls")),
    path("", include("casework.case_urls")),
    path("api/v1/", include("casework.api.case_urls")),
    path("", include("outreach.urls")),
    path("api/v1/", include("outreach.api.urls")),
    path("", include("recovery.urls")),
    path("api/v1/", include("recovery.api.urls")),
    path("", include("recovery.agency_urls")),
    path("api/v1/", include("recovery.api.agency_urls")),
    path("", include("dashboards.urls")),
    path("api/v1/", include("dashboards.api_urls")),
]

handler403 = "riskops.site.views.errors.forbidden"
handler404 = "riskops.site.views.errors.not_found"
handler500 = "riskops.site.views.errors.failed"

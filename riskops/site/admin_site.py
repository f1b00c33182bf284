"""The AdminSite that carries configuration and rare records, for those who hold a role."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from riskops.shared.roles import roles_of
from riskops.site.log_in import LogInForm


class RiskopsAdminSite(UnfoldAdminSite):
    """Everyone who holds a role may log in; what they see inside follows the role table."""

    site_title = site_header = "riskops"
    index_title = _("Settings and records")
    login_form = LogInForm
    login_template = "riskops_site/login.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether the person may see any page at all. Django would ask for `is_staff`."""
        return bool(request.user.is_active and request.user.is_authenticated and roles_of(request.user))

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead to the landing page after log-in, not to the admin's index."""
        return super().login(request, {"next": request.GET.get("next") or reverse("landing"), **(extra_context or {})})

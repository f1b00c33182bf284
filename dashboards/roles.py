"""What the dashboards' pages and API can do, and who may."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from riskops.shared.roles import READERS, operation

VIEW_DASHBOARDS = operation("dashboard.view", _("see the dashboards and metrics"), *READERS)
EXPORT_METRIC = operation("metric.export", _("export metrics"), *READERS)

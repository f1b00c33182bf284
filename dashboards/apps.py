from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DashboardsConfig(AppConfig):
    """Metrics, snapshots, charts; owns no facts of its own."""

    name = "dashboards"
    verbose_name = _("Dashboards")

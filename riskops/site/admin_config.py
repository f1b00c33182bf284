"""The admin app with our own AdminSite in place of Django's. Apart from apps.py, which may hold one default config only."""

from django.contrib.admin.apps import AdminConfig


class RiskopsAdminConfig(AdminConfig):
    """`admin.site` is ours, so that `@admin.register` needs no further word."""

    default_site = "riskops.site.admin_site.RiskopsAdminSite"
    default = False

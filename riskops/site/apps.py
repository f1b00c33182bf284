from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class SiteConfig(AppConfig):
    """The shell: the AdminSite, the navigation, log-in, the pages that belong to no app."""

    name = "riskops.site"
    label = "riskops_site"
    verbose_name = _("Site")

    def ready(self) -> None:
        """Fill the role table from every app, and keep the roles' groups in step with it."""
        from riskops.shared import operations  # noqa: F401  (enters its rows into the role table)

        autodiscover_modules("roles")
        post_migrate.connect(_seed_roles, sender=self, dispatch_uid="riskops_site.seed_roles")


def _seed_roles(using: str, **_kwargs: Any) -> None:
    from riskops.site.people.demo import seed_roles

    seed_roles(using=using)

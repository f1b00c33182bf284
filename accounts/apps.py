from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """The book: customers, credit accounts, instalments, payments, penalty, aging; decisions on accounts."""

    name = "accounts"
    verbose_name = _("The book")

    def ready(self) -> None:
        """Name the book that scope and conflicts ask, fill the timeline; have every migrate put in the settings."""
        from accounts.book_of_customers import BookOfCustomers
        from accounts.queries.timeline_sources import register_sources
        from riskops.shared.people.book import register_book

        register_book(BookOfCustomers())
        register_sources()
        post_migrate.connect(_seed_decision_settings, sender=self, dispatch_uid="accounts.seed_decision_settings")
        post_migrate.connect(_seed_conduct_figures, sender=self, dispatch_uid="accounts.seed_conduct_figures")
        post_migrate.connect(_seed_review_settings, sender=self, dispatch_uid="accounts.seed_review_settings")


def _seed_decision_settings(using: str, **_kwargs: Any) -> None:
    """Put in what decisions are made by, where there is nothing yet."""
    from accounts.operations.applications.defaults import seed_application_settings
    from accounts.operations.deciding.defaults import seed_decision_settings, seed_scope_values

    # A migrate to an earlier state has no such tables.
    tables = connections[using].introspection.table_names()
    if "accounts_decisioncontrol" in tables:
        seed_decision_settings(using=using)
    if "accounts_scopevalue" in tables:
        seed_scope_values(using=using)
    if "accounts_lendingcap" in tables:
        seed_application_settings(using=using)


def _seed_review_settings(using: str, **_kwargs: Any) -> None:
    from accounts.operations.review_defaults import seed_review_settings

    if "accounts_reviewreason" in connections[using].introspection.table_names():
        seed_review_settings(using=using)


def _seed_conduct_figures(using: str, **_kwargs: Any) -> None:
    from accounts.operations.conduct_figures import seed_conduct_figures

    if "accounts_conductfigure" in connections[using].introspection.table_names():
        seed_conduct_figures(using=using)

"""Caps on granting in the admin; applications and appeals as records, the application's page is where to work on one."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.decision_admin import OperatedAdmin, _Recorded
from accounts.models import Application, ApplicationAppeal, LendingCap
from accounts.operations.applications.caps import save_cap
from accounts.roles import EDIT_CAPS, VIEW_APPLICATIONS
from riskops.shared.audit import Actor


@admin.register(LendingCap)
class LendingCapAdmin(OperatedAdmin):
    """The bounds on what is granted, with the rules they come from."""

    view_operation = VIEW_APPLICATIONS
    edit_operation = EDIT_CAPS
    list_display = ("code", "kind", "most", "currency", "source", "is_active")

    def operate(self, actor: Actor, row: LendingCap, said: Collection[str]) -> None:
        save_cap(actor=actor, cap=row)


@admin.register(Application)
class ApplicationAdmin(_Recorded):
    """Applications as records; nothing personal is shown."""

    product_path = "product"
    customer_path = "customer_id"

    view_operation = VIEW_APPLICATIONS
    list_display = ("application_no", "page", "status", "product", "received_on", "decided_by_name")
    list_select_related = ("product",)
    list_filter = ("status", "product")
    search_fields = ("=application_no",)
    search_help_text = _("Application number, all of it")
    fields = ("application_no", "page", "status", "product", "received_on", "decided_by_name")
    readonly_fields = ("page",)

    def customer_id(self, record: Application) -> int | None:
        """Return whom the applicant is known as, if they are."""
        return record.customer_id

    @admin.display(description=_("page"))
    def page(self, application: Application) -> SafeString:
        """A link to the application's page."""
        return format_html('<a href="{}">{}</a>', reverse("accounts:application", args=[application.pk]), _("application page"))


@admin.register(ApplicationAppeal)
class ApplicationAppealAdmin(_Recorded):
    """Objections to refusals as records; what was said is on the application's page, where they are taken in and judged."""

    product_path = "application__product"
    customer_path = "application__customer_id"

    view_operation = VIEW_APPLICATIONS
    list_display = ("application", "page", "received_on", "said_by", "outcome", "recorded_by_name", "decided_by_name")
    list_select_related = ("application",)
    list_filter = ("outcome", "said_by")
    search_fields = ("=application__application_no",)
    search_help_text = _("Application number, all of it")
    fields = (
        *("application", "page", "received_on", "channel", "said_by", "recorded_by_name", "recorded_at"),
        *("outcome", "decided_by_name", "decided_at"),
    )
    readonly_fields = ("page", "recorded_at")

    def called(self, record: ApplicationAppeal) -> str:
        """Return the number of its application."""
        return record.application.application_no

    def customer_id(self, record: ApplicationAppeal) -> int | None:
        """Return whom the applicant is known as, if they are."""
        return record.application.customer_id

    @admin.display(description=_("page"))
    def page(self, appeal: ApplicationAppeal) -> SafeString:
        """A link to the application's page."""
        path = reverse("accounts:application", args=[appeal.application_id])
        return format_html('<a href="{}">{}</a>', path, _("application page"))

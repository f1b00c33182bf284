"""The admin's pages of the casework: business calendars, and the tier policies as records to look at."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from casework import dispute_admin  # noqa: F401  (registers kinds of disputes and reply letters)
from casework.models import BusinessCalendar, TierPolicy
from casework.operations.calendars import CalendarMalformed, CalendarSettings, check_calendar, save_calendar
from casework.roles import EDIT_CALENDARS, VIEW_TIERS
from riskops.shared.audit import Actor
from riskops.shared.role_admin import RoleAdmin


class CalendarForm(forms.ModelForm):  # type: ignore[type-arg]
    """A calendar; checked by the operation's own rules."""

    def clean(self) -> dict[str, Any]:
        """Show what the operation refuses beside its field."""
        values = super().clean() or {}
        if not self.errors:
            try:
                check_calendar(self.settings, self.instance.pk)
            except CalendarMalformed as malformed:
                raise ValidationError({malformed.field: str(malformed)}) from malformed
        return values

    @property
    def settings(self) -> CalendarSettings:
        """What was typed."""
        return CalendarSettings(**{name: self.cleaned_data[name] for name in CalendarSettings.__slots__})


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(RoleAdmin):
    """When the teams work. One that is in use stays; its hours can change."""

    view_operation, edit_operation = VIEW_TIERS, EDIT_CALENDARS
    form = CalendarForm
    fields = ("name", "country", "time_zone", "weekdays", "opens_at", "closes_at")
    list_display = fields
    ordering = ("name",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Keep no second trail beside the site's own."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Keep no second trail beside the site's own."""

    def save_model(self, request: HttpRequest, obj: BusinessCalendar, form: Any, change: bool) -> None:
        """Write the calendar by its operation."""
        saved = save_calendar(actor=Actor.of(request.user), settings=form.settings, calendar_id=obj.pk if change else None)
        obj.pk = saved.pk


@admin.register(TierPolicy)
class TierPolicyAdmin(RoleAdmin):
    """Versions of the tier policy, to look at: they are written under Settings → Tiers."""

    view_operation = VIEW_TIERS
    list_display = ("version", "page", "status", "live_from", "drafted_by_name", "approved_by_name")
    fields = (
        *("version", "page", "status", "what_changes", "calendar", "live_from"),
        *("drafted_by_name", "drafted_at", "changed_by_name", "approved_by_name", "approved_at"),
    )
    readonly_fields = fields
    ordering = ("-version",)

    @admin.display(description=_("what it changes, and why"))
    def what_changes(self, policy: TierPolicy) -> str:
        """What its drafter said of it."""
        return str(_("Shipped with the site")) if policy.drafted_by_name == "riskops" else policy.note

    @admin.display(description=_("page"))
    def page(self, policy: TierPolicy) -> SafeString:
        """A link to the policy's page, with its tiers and its dry run."""
        return format_html('<a href="{}">{}</a>', reverse("casework:policy", args=[policy.version]), _("policy page"))

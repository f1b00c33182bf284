"""The admin's pages of schedules and expected feeds: forms over the operations, which check and write the trail."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import PeriodicTask
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from riskops import closes
from riskops.shared import scheduling
from riskops.shared.audit import Actor
from riskops.shared.models import Feed
from riskops.shared.operations import EDIT_SCHEDULES, VIEW_JOBS
from riskops.shared.role_admin import RoleAdmin


class TrailedAdmin(RoleAdmin):
    """Pages whose history is the site's own audit trail, and that delete nothing: what it speaks of is switched off."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponseBase:
        """Lead to the lines about this row."""
        row = get_object_or_404(self.model, pk=object_id)
        return redirect(f"{reverse('audit')}?{urlencode({'subject': row.name})}")

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Keep no second trail beside the site's own."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Keep no second trail beside the site's own."""


class ScheduleForm(forms.ModelForm):  # type: ignore[type-arg]
    """When a job starts: of the two ways only the one it has."""

    at = forms.TimeField(
        label=_("At"),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "time"}),
        help_text=_("time of the day in the business time zone, e.g. 00:30"),
    )
    every_seconds = forms.IntegerField(
        label=_("Every (seconds)"),
        min_value=scheduling.SHORTEST_SECONDS,
        max_value=scheduling.LONGEST_SECONDS,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "number"}),
    )

    class Meta:
        model = PeriodicTask
        fields = ("enabled",)
        labels = {"enabled": _("On")}
        # Those of django-celery-beat speak of columns that are not here.
        help_texts = {"enabled": _("whether the job starts by itself"), "last_run_at": "", "total_run_count": ""}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        timing = scheduling.timing_of(self.instance)
        for name in ("at", "every_seconds"):
            if getattr(timing, name) is None:
                self.fields.pop(name, None)
            elif name in self.fields:
                self.fields[name].initial = getattr(timing, name)

    def validate_unique(self) -> None:
        """Leave the row's own rules to the operation: they speak of columns that are not on this form."""

    def _post_clean(self) -> None:
        """Leave the instance as it is; the operation writes it."""

    @property
    def timing(self) -> scheduling.Timing:
        """What was typed."""
        values = self.cleaned_data
        return scheduling.Timing(values["enabled"], values.get("at"), values.get("every_seconds"))


@admin.register(PeriodicTask)
class ScheduleAdmin(TrailedAdmin):
    """Which job starts when. Jobs come with the product: they are switched off here, not made or deleted."""

    view_operation = edit_operation = EDIT_SCHEDULES
    form = ScheduleForm
    list_display = ("job", "when", "is_on", "last_run_at", "total_run_count")
    list_display_links = ("job",)
    readonly_fields = ("job", "what", "last_run_at", "total_run_count")
    ordering = ("name",)
    list_select_related = ("crontab", "interval")
    search_fields: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> Any:
        return scheduling.schedules()

    def get_fields(self, request: HttpRequest, obj: PeriodicTask | None = None) -> list[str]:
        timing = scheduling.timing_of(obj) if obj else scheduling.Timing(enabled=True)
        times = [name for name in ("at", "every_seconds") if getattr(timing, name) is not None]
        return ["job", "what", "enabled", *times, "last_run_at", "total_run_count"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # Not the factory of the admin: it would look for the form's own fields among the columns.
        return ScheduleForm

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def called(self, record: PeriodicTask) -> str:
        """Return the job's name in words."""
        return capfirst(self.job(record))

    @admin.display(description=_("job"), ordering="name")
    def job(self, task: PeriodicTask) -> str:
        """The job's name in words."""
        return str(scheduling.JOB_NAMES[task.name][0]) if task.name in scheduling.JOB_NAMES else task.name

    @admin.display(description=_("what it does"))
    def what(self, task: PeriodicTask) -> str:
        """What the job does."""
        return str(scheduling.JOB_NAMES[task.name][1]) if task.name in scheduling.JOB_NAMES else task.description

    @admin.display(description=_("starts"))
    def when(self, task: PeriodicTask) -> str:
        """When the job starts."""
        timing = scheduling.timing_of(task)
        if timing.at is not None:
            return str(_("daily at %(time)s") % {"time": timing.at.isoformat(timespec="minutes")})
        if timing.every_seconds is not None:
            return str(_("every %(seconds)s s") % {"seconds": timing.every_seconds})
        return str(task.scheduler)

    @admin.display(description=_("on"), boolean=True, ordering="enabled")
    def is_on(self, task: PeriodicTask) -> bool:
        """Whether the job starts by itself at all."""
        return task.enabled

    def save_model(self, request: HttpRequest, obj: PeriodicTask, form: Any, change: bool) -> None:
        """Change the schedule by its operation."""
        scheduling.change_schedule(actor=Actor.of(request.user), task_id=obj.pk, timing=form.timing)


class FeedForm(forms.ModelForm):  # type: ignore[type-arg]
    """What is expected; checked by the operation's own rules."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=2_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("needed when days could be closed without the feed from now on; kept in the audit trail"),
    )

    def clean(self) -> dict[str, Any]:
        """Show what the operation refuses beside its field."""
        values = super().clean() or {}
        if not self.errors:
            try:
                closes.checked_feed(self.settings, self.instance.pk)
            except closes.FeedMalformed as malformed:
                raise ValidationError({malformed.field: str(malformed)}) from malformed
            if not values["reason"].strip() and closes.loosens_feed(self.settings, self.instance.pk):
                self.add_error("reason", str(closes.ReasonMissing()))
        return values

    @property
    def settings(self) -> closes.FeedSettings:
        """What was typed."""
        return closes.FeedSettings(**{name: self.cleaned_data[name] for name in closes.FeedSettings.__slots__})


@admin.register(Feed)
class FeedAdmin(TrailedAdmin):
    """The files that must have come before a day may be closed. One that came once stays; it can be switched off."""

    view_operation = VIEW_JOBS
    edit_operation = EDIT_SCHEDULES
    form = FeedForm
    list_display = ("name", "file_name", "is_expected", "weekdays", "cut_off", "on_missing")
    ordering = ("name",)

    def get_fields(self, request: HttpRequest, obj: Feed | None = None) -> tuple[str, ...]:
        """What is expected; who changes it says why."""
        return (*self.list_display, "reason") if self._may_edit(request) else self.list_display

    def save_model(self, request: HttpRequest, obj: Feed, form: Any, change: bool) -> None:
        """Write the feed by its operation."""
        saved = closes.save_feed(
            actor=Actor.of(request.user),
            settings=form.settings,
            feed_id=obj.pk if change else None,
            reason=form.cleaned_data["reason"],
        )
        obj.pk = saved.pk

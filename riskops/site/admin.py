"""Admin pages of what belongs to no app: people and roles, schedules, expected feeds."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.forms import ModelForm, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from rest_framework.authtoken.models import TokenProxy
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from riskops.shared import audit
from riskops.shared.operations import MANAGE_PEOPLE
from riskops.shared.role_admin import RoleAdmin
from riskops.shared.roles import ROLE_NAMES

# Pages of other packages ask Django's own permissions, not the role table; the one of tokens shows everybody's in clear.
for _model in (User, Group, TokenProxy, PeriodicTask, CrontabSchedule, IntervalSchedule, ClockedSchedule, SolarSchedule):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)

# Registers the schedules in the shell, so only after celery-beat's own pages are gone.
from riskops.site.jobs import admin as _jobs_admin  # noqa: E402, F401


def _role_name(group: Group) -> str:
    return str(ROLE_NAMES.get(group.name, group.name))  # type: ignore[call-overload]  # a role is its own text


class RolesField(ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Roles to choose from."""

    def label_from_instance(self, group: Any) -> str:
        """Return the role in the reader's language."""
        return _role_name(group)


class RoleFilter(admin.SimpleListFilter):
    """People by role."""

    title = _("roles")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Every role in the reader's language."""
        return [(role.value, name) for role, name in ROLE_NAMES.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return those who hold the role."""
        return queryset.filter(groups__name=self.value()) if self.value() else queryset


@admin.register(User)
class PersonAdmin(RoleAdmin, UserAdmin):  # type: ignore[type-arg]
    """People and the roles they hold. A person is never deleted, only made inactive: the audit trail speaks of them."""

    view_operation = edit_operation = MANAGE_PEOPLE
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "role_names", "is_active", "last_login")
    list_filter = (RoleFilter, "is_active")
    search_fields = ("username", "first_name", "last_name", "email")
    search_help_text = _("User name, first or last name, e-mail")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("Roles"), {"fields": ("is_active", "groups")}),
        (_("Moments"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("username", "password1", "password2", "groups")}),)
    readonly_fields = ("last_login", "date_joined")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("roles"))
    def role_names(self, user: User) -> str:
        """The person's roles."""
        return ", ".join(_role_name(group) for group in user.groups.all())

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the roles in the reader's language."""
        if db_field.name == "groups":
            # Django speaks of groups with permissions; here a group is a role of the role table.
            kwargs |= {"form_class": RolesField, "label": _("Roles"), "help_text": ""}
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_related(self, request: HttpRequest, form: ModelForm[User], formsets: Any, change: bool) -> None:
        """Save, and write down what of the person changed: roles and whether active as values, anything else by its name."""
        before = sorted(form.instance.groups.values_list("name", flat=True))
        super().save_related(request, form, formsets, change)
        after = sorted(form.instance.groups.values_list("name", flat=True))
        others = sorted(set(form.changed_data) - {"groups", "is_active"})
        audit.record(
            actor=audit.Actor.of(request.user),
            action=MANAGE_PEOPLE,
            subject_type="user",
            subject_key=form.instance.username,
            before={"roles": before, "is_active": form.initial["is_active"]} if change else None,
            after={
                "roles": after,
                "is_active": form.instance.is_active,
                **({"fields": others} if change and others else {}),
            },
        )

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Set a person's password, and write it down: whoever knows it acts under the person's name."""
        person = self.get_object(request, unquote(id))
        answer = super().user_change_password(request, id, form_url)
        if person is not None and User.objects.filter(pk=person.pk).exclude(password=person.password).exists():
            audit.record(
                actor=audit.Actor.of(request.user),
                action=MANAGE_PEOPLE,
                subject_type="user",
                subject_key=person.get_username(),
                after={"fields": ["password"]},
            )
        return answer

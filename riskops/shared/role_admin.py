"""Admin pages that follow the role table. Apart from models.py, since the admin wants the apps loaded."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin

from riskops.shared.record_columns import NONE
from riskops.shared.roles import may


class RoleAdmin(ModelAdmin):
    """A model's admin pages, open to those who may do the named operations of the role table.

    `edit_operation` None makes it read-only for everybody: what the operations write must not be edited behind their back.
    """

    empty_value_display = NONE
    view_operation: str
    edit_operation: str | None = None

    def called(self, record: Any) -> str:
        """Return what a record is called at the head of its page. Its `str` may be a key: a code, a number, a schedule."""
        return str(record)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the record, with what it is called for templates/unfold/helpers/header_title.html."""
        record = super().get_object(request, object_id, from_field)
        if record is not None:
            record.called = self.called(record)
        return record

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Let the window's title call the record as the page's head does."""
        if context.get("original") is not None:
            context["subtitle"] = context["original"].called
        return super().render_change_form(request, context, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form; what is said of a column of riskops/shared/record_columns.py stands below it."""
        texts = {name: getattr(getattr(self, name, None), "help_text", "") for name in self.get_readonly_fields(request, obj)}
        if helps := {name: text for name, text in texts.items() if text}:
            kwargs["help_texts"] = helps
        return super().get_form(request, obj, change=change, **kwargs)

    def _may_edit(self, request: HttpRequest) -> bool:
        return self.edit_operation is not None and may(request.user, self.edit_operation)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, self.view_operation) or self._may_edit(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit(request)

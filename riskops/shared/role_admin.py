"""Admin pages that follow the role table. Apart from models.py, since the admin wants the apps loaded."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin

from riskops.shared.roles import may


class RoleAdmin(ModelAdmin):
    """A model's admin pages, open to those who may do the named operations of the role table.

    `edit_operation` None makes it read-only for everybody: what the operations write must not be edited behind their back.
    """

    view_operation: str
    edit_operation: str | None = None

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

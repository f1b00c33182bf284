"""The figures of conduct in the admin; every write goes through the operation that the API calls."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib import admin
from django.http import HttpRequest
from django.utils.text import capfirst

from accounts.decision_admin import OperatedAdmin
from accounts.models import ConductFigure
from accounts.operations.conduct_figures import save_conduct_figure
from accounts.roles import EDIT_CONDUCT_FIGURES, VIEW_PRODUCTS
from riskops.shared.audit import Actor


@admin.register(ConductFigure)
class ConductFigureAdmin(OperatedAdmin):
    """Figures with the rules they come from. The list is the site's: none is added or deleted."""

    view_operation = VIEW_PRODUCTS
    edit_operation = EDIT_CONDUCT_FIGURES
    list_display = ("code", "value", "source")
    readonly_fields = ("code",)
    ordering = ("code",)

    def called(self, record: ConductFigure) -> str:
        """Return what the figure is."""
        return capfirst(record.get_code_display())

    def has_add_permission(self, request: HttpRequest, obj: ConductFigure | None = None) -> bool:
        return False

    def operate(self, actor: Actor, row: ConductFigure, said: Collection[str]) -> None:
        save_conduct_figure(actor=actor, code=row.code, value=row.value, source=row.source)

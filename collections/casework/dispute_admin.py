"""The admin's pages of disputes: their kinds and the reply letters. Every write goes through the operation that the API calls."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.decision_admin import OperatedAdmin
from casework.dispute_roles import EDIT_DISPUTE_SETTINGS, VIEW_DISPUTES
from casework.models import DisputeKind, ReplyTemplate
from casework.operations.disputes.settings import KIND_COLUMNS, save_dispute_kind, save_reply_template
from riskops.shared.audit import Actor


@admin.register(DisputeKind)
class DisputeKindAdmin(OperatedAdmin):
    """Kinds of disputes with their figures: added and taken out of use, never deleted, since disputes carry them."""

    view_operation = VIEW_DISPUTES
    edit_operation = EDIT_DISPUTE_SETTINGS
    list_display = ("code", "name_en", "name_zh", "lane", "answer_days", "source", "is_active")
    list_filter = ("lane", "is_active")
    fields = (
        "code",
        "name_en",
        "name_zh",
        "is_active",
        "lane",
        "answer_days",
        "source",
        "reach",
        "penalty",
        "demands",
        "holds_restrictions",
    )
    ordering = ("code",)

    def get_readonly_fields(self, request: HttpRequest, obj: DisputeKind | None = None) -> tuple[str, ...]:
        """Disputes and programs name it by its code."""
        return ("code",) if obj else ()

    def operate(self, actor: Actor, row: DisputeKind, said: Collection[str]) -> None:
        values = {name: getattr(row, name) for name in KIND_COLUMNS if name in said or row.pk is None}
        saved = save_dispute_kind(actor=actor, code=row.code, values=values)
        row.pk = saved.pk


@admin.register(ReplyTemplate)
class ReplyTemplateAdmin(OperatedAdmin):
    """What reply letters say around the answer, one an outcome."""

    view_operation = VIEW_DISPUTES
    edit_operation = EDIT_DISPUTE_SETTINGS
    list_display = ("outcome", "text_zh", "text_en")
    fields = ("outcome", "text_zh", "text_en")
    readonly_fields = ("outcome",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def operate(self, actor: Actor, row: ReplyTemplate, said: Collection[str]) -> None:
        save_reply_template(actor=actor, outcome=row.outcome, text_en=row.text_en, text_zh=row.text_zh)

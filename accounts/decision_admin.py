"""Decisions and what they are made by in the admin. Every write goes through the operation that the pages and the API call."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.paginator import InfinitePaginator

from accounts.models import (
    AgreementVersion,
    AuthorityRow,
    Decision,
    DecisionControl,
    DecisionTerms,
    ReasonCode,
    Restriction,
    ScopeValue,
)
from accounts.operations.deciding import settings as operations
from accounts.operations.deciding.agreements import publish_agreement
from accounts.operations.deciding.refusals import role_names
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.scope_values import with_scope_names
from accounts.roles import EDIT_REASONS, EDIT_SCOPE_VALUES, EDIT_TERMS, PUBLISH_AGREEMENT, VIEW_DECISIONS
from accounts.templatetags.decisions import scope_value_name
from riskops.shared.audit import Actor
from riskops.shared.own_reasons import in_words
from riskops.shared.people.conflicts import conflicted_customers, refuse_conflict
from riskops.shared.record_columns import NONE, amount, words
from riskops.shared.role_admin import RoleAdmin
from riskops.shared.scope import scope_of


class OperatedAdmin(RoleAdmin):
    """A table whose rows are written by an operation, with its refusals shown as the admin shows errors."""

    view_operation = VIEW_DECISIONS
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def operate(self, actor: Actor, row: Any, said: Collection[str]) -> None:
        """Write the row.

        :param said: the fields that the form gave
        """
        raise NotImplementedError

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"clean": _refusing(form.clean, self._tried(request))})

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Let the form say what stood in it when it was opened: what nobody touched does not undo what changed meanwhile."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.show_hidden_initial = True
        return field

    def _tried(self, request: HttpRequest) -> Callable[[Any, Any], None]:
        """Return what tries the operation and takes it back, so that a refusal stands on the form and not in a 500."""

        def try_it(row: Any, form: Any) -> None:
            with transaction.atomic():
                self.operate(Actor.of(request.user), row, _said(form))
                transaction.set_rollback(True)

        return try_it

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.operate(Actor.of(request.user), obj, _said(form))


def _said(form: Any) -> list[str]:
    """Return the fields that a form changes; one that does not say what stood in it before counts as changed."""
    return [name for name in form.fields if name in form.changed_data or form.add_initial_prefix(name) not in form.data]


def _refusing(clean: Callable[[Any], Any], try_it: Callable[[Any, Any], None]) -> Callable[[Any], Any]:
    def cleaned(form: Any) -> Any:
        values = clean(form)
        if not form.errors:
            row = copy.copy(form.instance)
            for name, value in form.cleaned_data.items():
                setattr(row, name, value)
            try:
                try_it(row, form)
            except LedgerRefusal as refusal:
                form.add_error(None, str(refusal))
        return values

    return cleaned


@admin.register(AuthorityRow)
class AuthorityAdmin(RoleAdmin):
    """The lines of the authority matrix, to look at: the page of the matrix is where a change is proposed and judged."""

    view_operation = VIEW_DECISIONS
    actions = None
    list_display = ("action", "role", "currency", "amount_from", "amount_to", "approver_role", "page")
    list_filter = ("action", "role")
    readonly_fields = ("page",)

    def called(self, record: AuthorityRow) -> str:
        """Return what it is about, whose it is, and the amounts it holds for."""
        amounts = f"{record.amount_from:,}–{'∞' if record.amount_to is None else f'{record.amount_to:,}'}"
        return capfirst(f"{record.get_action_display()} · {record.get_role_display()} · {amounts}")

    @admin.display(description=_("page"))
    def page(self, _line: AuthorityRow) -> SafeString:
        """A link to the page of the matrix."""
        return format_html('<a href="{}">{}</a>', reverse("accounts:authority"), _("Authority matrix"))


@admin.register(ReasonCode)
class ReasonCodeAdmin(OperatedAdmin):
    """Reason codes with the texts that customers read."""

    edit_operation = EDIT_REASONS
    list_display = ("code", "action", "name_en", "name_zh", "is_active")
    list_filter = ("action", "is_active")

    def operate(self, actor: Actor, row: ReasonCode, said: Collection[str]) -> None:
        operations.save_reason_code(actor=actor, reason=row, said=said)


@admin.register(ScopeValue)
class ScopeValueAdmin(OperatedAdmin):
    """The channels and categories of goods that a suspension may stop alone."""

    edit_operation = EDIT_SCOPE_VALUES
    list_display = ("code", "kind", "name_en", "name_zh", "is_active")
    list_filter = ("kind", "is_active")

    def get_readonly_fields(self, request: HttpRequest, obj: ScopeValue | None = None) -> tuple[str, ...]:
        """Decisions name it by kind and code."""
        return ("kind", "code") if obj else ()

    def operate(self, actor: Actor, row: ScopeValue, said: Collection[str]) -> None:
        operations.save_scope_value(actor=actor, value=row, said=said)


@admin.register(DecisionTerms)
class DecisionTermsAdmin(OperatedAdmin):
    """Buffer, review, expiry and appeal of each action."""

    edit_operation = EDIT_TERMS
    list_display = ("action", "buffer_days", "review_days", "expiry_days", "appeal_days", "source")

    def called(self, record: DecisionTerms) -> str:
        """Return the action in words."""
        return capfirst(record.get_action_display())

    def operate(self, actor: Actor, row: DecisionTerms, said: Collection[str]) -> None:
        operations.save_terms(actor=actor, terms=row, said=said)


@admin.register(DecisionControl)
class DecisionControlAdmin(OperatedAdmin):
    """The figures that belong to no single action; the switch is on the page of decisions."""

    edit_operation = EDIT_TERMS
    list_display = ("automatic_decisions", "due_share_bp", "cool_off_days", "most_flips", "flip_days", "raise_window_days")
    fields = ("due_share_bp", "cool_off_days", "most_flips", "flip_days", "raise_window_days")

    @admin.display(description=_("automatic decisions"))
    def automatic_decisions(self, control: DecisionControl) -> str:
        """Whether machines may decide at all."""
        return str(_("stopped") if control.is_automatic_stopped else _("running"))

    def called(self, record: DecisionControl) -> str:
        """Return whether machines may decide at all."""
        name = _("automatic decisions")
        return capfirst(f"{name} · {self.automatic_decisions(record)}")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def operate(self, actor: Actor, row: DecisionControl, said: Collection[str]) -> None:
        operations.save_control(actor=actor, changed=row, said=said)


@admin.register(AgreementVersion)
class AgreementVersionAdmin(OperatedAdmin):
    """Agreements and disclosures; a published version is only looked at."""

    edit_operation = PUBLISH_AGREEMENT
    list_display = ("code", "kind", "product", "published_on", "has_acceleration_clause")
    list_filter = ("kind",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def operate(self, actor: Actor, row: AgreementVersion, said: Collection[str]) -> None:
        publish_agreement(actor=actor, version=row)


def without_conflicts(request: HttpRequest, records: Any, *, customer_path: str) -> Any:
    """Return the records for a list less those of customers the person has a conflict with.

    One record is left in: it is refused when it is opened, with who can take over.
    """
    match = request.resolver_match
    if match is None or match.url_name is None or not match.url_name.endswith("_changelist"):
        return records
    conflicted = conflicted_customers(request.user)
    return records.exclude(**{f"{customer_path}__in": conflicted}) if conflicted else records


class _Recorded(RoleAdmin):
    """Records that operations write: to look at, and to go to the page where to work on one."""

    view_operation = VIEW_DECISIONS
    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = 50
    actions = None
    #: The path to the product, of which a person may see a part.
    product_path = "account__product"
    #: The path to the customer's id, with whom a person may have a conflict.
    customer_path = "account__customer_id"

    def customer_id(self, record: Any) -> int | None:
        """Return the customer whom a conflict may stand against."""
        found: int = record.account.customer_id
        return found

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the records in sight; the list passes over those of customers the person has a conflict with."""
        records = scope_of(request.user).accounts(super().get_queryset(request), product=self.product_path)
        return without_conflicts(request, records, customer_path=self.customer_path)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the record; a person in conflict with its customer is refused as on the account page."""
        record = super().get_object(request, object_id, from_field)
        customer_id = self.customer_id(record) if record is not None else None
        if customer_id is not None:
            refuse_conflict(request.user, customer_id)
        return record


def _currency(record: Any) -> str:
    """Return the currency that a record's amounts are in."""
    found: str = record.account.product.currency
    return found


@admin.register(Decision)
class DecisionAdmin(_Recorded):
    """Decisions as records; the decision's page is where to work on one."""

    list_display = ("reference", "page", "action", "status", "effective_on", "proposed_by_name")
    list_filter = ("status", "action", "source")
    search_fields = ("=reference", "=account__account_no")
    search_help_text = _("Reference or account number, all of it")
    fields = (
        *("reference", "page", "account", "action", "status", "version", "scope", "scope_name"),
        *("largest_purchase", "new_limit", "limit_before", "limit_after", "owed", "weighed"),
        *("reason", "note", "text_en", "text_zh", "source", "rule_version", "cause_gone_since"),
        *("proposed_by_name", "proposed_at", "proposed_on", "approvers", "judged_by_name", "judged_at", "judgement"),
        *("buffer_days", "decided_on", "effective_on", "review_on", "expires_on", "ended_on", "why_ended", "lifts"),
        *("agreement_version", "engine_version"),
    )
    readonly_fields = fields

    largest_purchase = amount(Decision, "most_minor", _currency)
    new_limit = amount(Decision, "new_limit_minor", _currency)
    limit_before = amount(Decision, "limit_before_minor", _currency)
    limit_after = amount(Decision, "limit_after_minor", _currency)
    owed = amount(Decision, "owed_minor", _currency)
    weighed = amount(Decision, "weighed_minor", _currency)
    approvers = words(Decision, "needs_approval_by", role_names)
    why_ended = words(Decision, "ended_why", in_words)

    def get_queryset(self, request: HttpRequest) -> Any:
        return with_scope_names(super().get_queryset(request)).select_related("account__product")

    @admin.display(description=_("channel or category"))
    def scope_name(self, decision: Decision) -> str:
        """The name of the channel or category that is stopped."""
        return scope_value_name(decision) or NONE

    @admin.display(description=_("page"))
    def page(self, decision: Decision) -> SafeString:
        """A link to the decision's page."""
        return format_html('<a href="{}">{}</a>', reverse("accounts:decision", args=[decision.pk]), _("decision page"))


@admin.register(Restriction)
class RestrictionAdmin(_Recorded):
    """What is restricted now."""

    list_display = ("account", "scope", "scope_name", "largest_purchase", "since", "until", "decision")
    list_select_related = ("account__product", "decision")
    list_filter = ("scope",)
    search_fields = ("=account__account_no",)
    search_help_text = _("Account number, all of it")
    fields = ("decision", "account", "scope", "scope_name", "largest_purchase", "since", "until")
    readonly_fields = fields

    largest_purchase = amount(Restriction, "most_minor", _currency)

    def called(self, record: Restriction) -> str:
        """Return whose it is and what it stops."""
        return f"{record.account.account_no} · {record.get_scope_display()}"

    def get_queryset(self, request: HttpRequest) -> Any:
        return with_scope_names(super().get_queryset(request))

    @admin.display(description=_("channel or category"))
    def scope_name(self, restriction: Restriction) -> str:
        """The name of the channel or category that is stopped."""
        return scope_value_name(restriction) or NONE

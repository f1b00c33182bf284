"""Rare records of the book in the admin: to look at. What is in the book changes by operations and imports only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminSelectMultipleWidget

from accounts import application_admin, conduct_admin, decision_admin  # noqa: F401  (register what is decided, and settings)
from accounts.models import CreditAccount, Customer, Product, Review, ReviewReason
from accounts.operations.refusals import LedgerRefusal
from accounts.operations.review_reasons import save_review_reason
from accounts.operations.reviewing import Findings, may_write_on, save_review
from accounts.queries.conduct_figures import conduct_figures
from accounts.queries.finding import find_accounts
from accounts.roles import EDIT_REVIEW_REASONS, VIEW_ACCOUNTS, VIEW_PRODUCTS, VIEW_REVIEWS, WORK_REVIEW
from accounts.rules.conduct_figures import ConductCode
from accounts.rules.yearly_cost import is_over_line, simple_yearly_ppm
from accounts.simulation_wording import ppm_text
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.personal import masked_name
from riskops.shared.record_columns import NONE, amount, pairs, words
from riskops.shared.request_context import once_a_request
from riskops.shared.role_admin import RoleAdmin
from riskops.shared.scope import scope_of
from riskops.shared.templatetags.riskops import component_names


@admin.register(Product)
class ProductAdmin(RoleAdmin):
    """Products and their terms."""

    view_operation = VIEW_PRODUCTS
    list_display = (
        *("product_code", "name", "currency", "grace_days", "penalty_rate_ppm", "yearly_cost", "penalty_base", "bucket_map"),
    )
    search_fields = ("product_code", "name")
    search_help_text = _("Product code or name")
    fields = (
        *("product_code", "name", "currency", "grace_days", "penalty_rate_ppm", "penalty_base", "penalty_from", "penalty_cap_bp"),
        *("yearly_cost", "paid_in_order", "prepayment", "bucket_map", "further"),
    )
    readonly_fields = fields
    ordering = ("product_code",)

    paid_in_order = words(Product, "allocation_order", component_names)
    further = pairs(Product, "attributes")

    @admin.display(description=_("lateness a year, simple"), ordering="penalty_rate_ppm")
    def yearly_cost(self, product: Product) -> str:
        """What lateness costs a year, and whether that is above the line."""
        line_bp = once_a_request("yearly-cost-line", lambda: conduct_figures()[ConductCode.YEARLY_COST_LINE])
        cost = ppm_text(simple_yearly_ppm(product.penalty_rate_ppm))
        if not is_over_line(product.penalty_rate_ppm, line_bp):
            return cost
        return gettext("%(cost)s: above the line of %(line)s") % {"cost": cost, "line": ppm_text(line_bp * 100)}


class BigTableAdmin(RoleAdmin):
    """A table of millions: no count, searched by index only."""

    view_operation = VIEW_ACCOUNTS
    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = 50
    # What is searched for here stands in the address, so nothing personal is.
    search_help_text = _("Account number or its beginning, or customer number; by name or phone on the page Accounts")
    # Django shows its search box only where this is not empty; `get_search_results` does the searching.
    search_fields = ("pk",)
    #: The path to the customer's id, whom a conflict may stand against.
    customer_id_path: str

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the record; a person in conflict with its customer is refused as on the account page."""
        record = super().get_object(request, object_id, from_field)
        if record is not None:
            refuse_conflict(request.user, getattr(record, self.customer_id_path))
        return record


@admin.register(CreditAccount)
class AccountAdmin(BigTableAdmin):
    """Accounts as records; the account page is where to work on one."""

    customer_id_path = "customer_id"
    list_display = ("account_no", "page", "opened_on", "product")
    list_select_related = ("product",)
    fields = ("account_no", "page", "product", "opened_on", "credit_limit", "further")
    readonly_fields = fields
    ordering = ("account_no",)

    credit_limit = amount(CreditAccount, "credit_limit_minor", lambda account: account.product.currency)
    further = pairs(CreditAccount, "attributes")

    @admin.display(description=_("page"))
    def page(self, account: CreditAccount) -> SafeString:
        """A link to the account page."""
        return format_html('<a href="{}">{}</a>', reverse("accounts:account", args=[account.account_no]), _("account page"))

    def get_queryset(self, request: HttpRequest) -> Any:
        return scope_of(request.user).accounts(super().get_queryset(request))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        found = find_accounts(search_term, scope=scope_of(request.user), is_number=True)
        return (queryset.filter(pk__in=found.account_ids) if search_term.strip() else queryset), False


@admin.register(Customer)
class CustomerAdmin(BigTableAdmin):
    """Customers, masked: personal data is revealed on the account page, for a reason."""

    customer_id_path = "pk"
    list_display = ("customer_no", "page", "masked_name", "language", "time_zone")
    fields = (
        "customer_no",
        "page",
        "masked_name",
        "language",
        "time_zone",
        "consent_sms",
        "consent_email",
        "consent_push",
        "further",
    )
    readonly_fields = fields
    ordering = ("customer_no",)

    further = pairs(Customer, "attributes")

    @admin.display(description=_("page"))
    def page(self, customer: Customer) -> SafeString:
        """A link to the customer page."""
        return format_html('<a href="{}">{}</a>', reverse("accounts:customer", args=[customer.customer_no]), _("customer page"))

    @admin.display(description=_("name"))
    def masked_name(self, customer: Customer) -> str:
        """The name with all but its first character hidden."""
        return masked_name(customer.person.get("name", ""))

    def get_queryset(self, request: HttpRequest) -> Any:
        customers, scope = super().get_queryset(request), scope_of(request.user)
        owned = scope.accounts(CreditAccount.objects.filter(customer_id=OuterRef("pk")))
        return customers.filter(Exists(owned)) if scope.is_limited else customers

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        found = find_accounts(search_term, scope=scope_of(request.user), is_number=True)
        return queryset.filter(accounts__in=found.account_ids), True


class ReviewRecordForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's forms take no arguments at run time
    """Outcome, reason codes and note, and the version they were read at; saved by the operation, never by the form."""

    version = forms.IntegerField(label=_("version"), widget=forms.HiddenInput)
    reasons = forms.MultipleChoiceField(
        label=_("Reason codes"), required=False, choices=[], widget=UnfoldAdminSelectMultipleWidget
    )

    class Meta:
        model = Review
        fields = ("version", "outcome", "reasons", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reasons = self.fields.get("reasons")
        if isinstance(reasons, forms.ChoiceField):
            reasons.choices = [(reason.code, str(reason)) for reason in ReviewReason.objects.order_by("code")]

    def _post_clean(self) -> None:
        """Leave the record as it is: the operation writes, or refuses."""


@admin.register(Review)
class ReviewAdmin(BigTableAdmin):
    """Reviews as records; the review page is where to work on one. What is changed here goes through the same operation."""

    view_operation = VIEW_REVIEWS
    edit_operation = WORK_REVIEW
    customer_id_path = "customer_id"
    form = ReviewRecordForm
    list_display = ("id", "page", "account", "source", "cause_beside", "opened_on", "is_open", "outcome", "closed_by_name")
    list_select_related = ("account",)
    list_filter = ("is_open", "source", "outcome")
    _shown = ("page", "account_no", "purpose", "rule", "opened_on", "opened_by_name", "closed_on", "closed_by_name")
    readonly_fields = (*_shown, "reason_names")
    ordering = ("-id",)

    def get_fields(self, request: HttpRequest, obj: Review | None = None) -> tuple[str, ...]:
        """The findings to fill in, with the version that they were read at; else their reasons in words."""
        if self.has_change_permission(request, obj):
            return (*self._shown, "version", "outcome", "reasons", "note")
        return (*self._shown, "outcome", "reason_names", "note")

    @admin.display(description=_("cause"), ordering="cause")
    def cause_beside(self, review: Review) -> str:
        """The sweep or rule that opened it; none has opened one by hand."""
        return NONE if review.source == Review.Source.HAND else review.cause

    @admin.display(description=_("reason codes"))
    def reason_names(self, review: Review) -> str:
        """The names of its reason codes."""
        names = {reason.code: str(reason) for reason in ReviewReason.objects.filter(code__in=review.reasons)}
        return ", ".join(names.get(code, code) for code in review.reasons) or NONE

    @admin.display(description=_("page"))
    def page(self, review: Review) -> SafeString:
        """A link to the review page."""
        return format_html('<a href="{}">{}</a>', reverse("accounts:review", args=[review.pk]), _("review page"))

    @admin.display(description=_("account number"))
    def account_no(self, review: Review) -> str:
        """The number of its account."""
        return review.account.account_no

    def get_queryset(self, request: HttpRequest) -> Any:
        records = scope_of(request.user).accounts(super().get_queryset(request), product="account__product")
        return decision_admin.without_conflicts(request, records, customer_path="customer_id")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        found = find_accounts(search_term, scope=scope_of(request.user), is_number=True)
        return queryset.filter(account__in=found.account_ids), False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or may_write_on(request.user, obj))

    def save_model(self, request: HttpRequest, obj: Review, form: Any, change: bool) -> None:
        """Save by the operation of the pages; its refusal is shown, and nothing is written."""
        values = form.cleaned_data
        try:
            save_review(
                actor=Actor.of(request.user),
                review_id=obj.pk,
                version=values["version"],
                findings=Findings(values["outcome"], tuple(values["reasons"]), values["note"]),
            )
        except LedgerRefusal as refusal:
            messages.set_level(request, messages.ERROR)
            self.message_user(request, str(refusal), messages.ERROR)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Leave it to the audit trail, where the operation wrote its line."""


@admin.register(ReviewReason)
class ReviewReasonAdmin(RoleAdmin):
    """Reason codes of reviews: added and taken out of use, never deleted, since reviews carry them."""

    view_operation = VIEW_REVIEWS
    edit_operation = EDIT_REVIEW_REASONS
    list_display = ("code", "name_en", "name_zh", "is_active")
    list_filter = ("is_active",)
    ordering = ("code",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ReviewReason, form: Any, change: bool) -> None:
        """Save by the operation that the API calls."""
        saved = save_review_reason(
            actor=Actor.of(request.user), code=obj.code, name_en=obj.name_en, name_zh=obj.name_zh, is_active=obj.is_active
        )
        obj.pk = saved.pk

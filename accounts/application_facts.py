"""What proposal rules may know of an application: what was asked for and declared, what the book and bureaus know of the person.

A second catalogue of the one rule language. A row is one application; its person's accounts are found by the customer they
were recognised as. Amounts are in the currency of the product applied for; accounts in other currencies count by their days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    Count,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, ExtractMonth, ExtractYear, NullIf
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.facts import product_codes
from accounts.models import AccountState, Application, ApplicationConsent, BureauRecord, CreditAccount
from accounts.rules.applications import BASIS_POINTS, ApplicationStatus, Repayment
from riskops.shared.rule_language.facts import AMOUNT_DIGITS, Catalogue, Fact, FactsRow, Kind

#: The facts of applications.
APPLICATION_FACTS: Final = Catalogue("application")
#: How far back refusals count.
REFUSAL_DAYS: Final = 180


def application_facts_of(application_ids: Iterable[int], as_of: date) -> dict[int, FactsRow]:
    """Return what rules see of some applications, by id.

    :param as_of: the open day: what is decided now is dated so
    """
    return dict(APPLICATION_FACTS.rows(Application.objects.filter(pk__in=list(application_ids)), as_of))


def _major(minor: Any) -> Any:
    """Return an amount of the product's currency in ten-thousandths of a major unit."""
    scales = [When(product__minor_digits=digits, then=Value(10 ** (AMOUNT_DIGITS - digits))) for digits in (0, 3, 4)]
    return _whole(minor * Case(*scales, default=Value(100), output_field=BigIntegerField()))


def _whole(expression: Any) -> Any:
    return ExpressionWrapper(expression, output_field=BigIntegerField())


def _of_states(aggregate: Any, *, same_currency: bool = False) -> Any:
    """Return an aggregate over the states of the customer's accounts; NULL where they have none."""
    rows: QuerySet[Any] = AccountState.objects.filter(account__customer_id=OuterRef("customer_id"))
    if same_currency:
        rows = rows.filter(product__currency=OuterRef("product__currency"))
    found = rows.order_by().values("account__customer_id").annotate(found=aggregate).values("found")
    return Subquery(found, output_field=BigIntegerField())


def _owed() -> Any:
    names = ("outstanding_principal_minor", "outstanding_interest_minor", "outstanding_fee_minor", "penalty_due_minor")
    principal, interest, fee, penalty = map(F, names)
    return Sum(principal + interest + fee + penalty)


def _amount_of_states(aggregate: Any) -> Any:
    return _major(Coalesce(_of_states(aggregate, same_currency=True), Value(0), output_field=BigIntegerField()))


def _count_of_states(aggregate: Any) -> Any:
    return Coalesce(_of_states(aggregate), Value(0), output_field=BigIntegerField())


def _refusals(same: Q, by: str) -> Callable[[date], Any]:
    """Return how many other applications with the same value in a column were refused lately."""

    def expression(as_of: date) -> Any:
        rows = Application.objects.filter(
            same, status=ApplicationStatus.REFUSED, ended_on__gt=as_of - timedelta(days=REFUSAL_DAYS)
        ).exclude(pk=OuterRef("pk"))
        found = rows.order_by().values(by).annotate(found=Count("pk")).values("found")
        return Coalesce(Subquery(found, output_field=IntegerField()), Value(0))

    return expression


def _months_known(as_of: date) -> Any:
    rows = CreditAccount.objects.filter(customer_id=OuterRef("customer_id")).order_by().values("customer_id")
    first = Subquery(rows.annotate(found=Min("opened_on")).values("found"), output_field=DateField())
    return _whole(Value(as_of.year * 12 + as_of.month) - ExtractYear(first) * Value(12) - ExtractMonth(first))


def _latest(column: str) -> Callable[[date], Any]:
    """Return a column of the latest bureau record."""

    def expression(_day: date) -> Any:
        rows = BureauRecord.objects.filter(application_id=OuterRef("pk")).order_by("-reported_on", "-id")
        return Subquery(rows.values(column)[:1], output_field=BigIntegerField())

    return expression


_DAYS, _MONTHS, _COUNT, _NONE = _("days"), _("months"), _("count"), ""
_MONEY, _PERCENT, _POINTS = _("major units of the product's currency"), _("percent"), _("points")


def _fact(
    name: str,
    kind: Kind,
    label: Promise,
    unit: Promise | str,
    about: Promise,
    expression: Callable[[date], Any],
    **more: Any,
) -> None:
    APPLICATION_FACTS.register(Fact(name, kind, label, unit, about, expression, **more))


_fact(
    "requested_limit", Kind.AMOUNT, _("requested limit"), _MONEY, _("the limit asked for"),
    lambda _day: _major(F("requested_limit_minor")),
)  # fmt: skip
_fact(
    "declared_income", Kind.AMOUNT, _("declared income"), _MONEY, _("a month, as the applicant says"),
    lambda _day: _major(F("declared_income_minor")),
)  # fmt: skip
_fact(
    "income_multiple", Kind.PERCENT, _("requested limit to monthly income"), _PERCENT,
    _("300 is three monthly incomes; absent where no income is declared"),
    lambda _day: _whole(F("requested_limit_minor") * Value(BASIS_POINTS) / NullIf(F("declared_income_minor"), Value(0))),
    is_nullable=True,
)  # fmt: skip
_fact(
    "product", Kind.TEXT, _("product"), _("product code"), _("the product applied for"),
    lambda _day: F("product__product_code"), choices=product_codes,
)  # fmt: skip
_fact("currency", Kind.TEXT, _("currency"), _("ISO 4217 code"), _("the product's currency"), lambda _day: F("product__currency"))
_fact(
    "employment", Kind.TEXT, _("employment"), _NONE, _("as the applicant says; empty where nothing is said"),
    lambda _day: F("employment"), choices=tuple(value for value in Application.Employment.values if value),
)  # fmt: skip
_fact("purpose", Kind.TEXT, _("purpose"), _NONE, _("what it is for, as the applicant says"), lambda _day: F("purpose"))
_fact("channel", Kind.TEXT, _("channel"), _NONE, _("where the application came from"), lambda _day: F("channel"))
_fact(
    "repayment", Kind.TEXT, _("repayment"), _NONE, _("in instalments, or the principal at once at the end"),
    lambda _day: F("repayment"), choices=tuple(entry.value for entry in Repayment),
)  # fmt: skip
_fact(
    "term_months", Kind.MONTHS, _("term"), _MONTHS, _("asked for; absent where none is said"), lambda _day: F("term_months"),
    is_nullable=True,
)  # fmt: skip
_fact(
    "existing_accounts", Kind.NUMBER, _("accounts already there"), _COUNT, _("of the same customer, in any currency"),
    lambda _day: _count_of_states(Count("pk")),
)  # fmt: skip
_fact(
    "existing_limit", Kind.AMOUNT, _("limits already there"), _MONEY, _("of the customer's accounts in the same currency"),
    lambda _day: _amount_of_states(Sum("credit_limit_minor")),
)  # fmt: skip
_fact(
    "existing_exposure", Kind.AMOUNT, _("existing exposure"), _MONEY,
    _("all that the customer owes on accounts in the same currency"), lambda _day: _amount_of_states(_owed()),
)  # fmt: skip
_fact(
    "existing_dpd", Kind.DAYS, _("existing days past due"), _DAYS, _("most of any of the customer's accounts; 0 if none is late"),
    lambda _day: _count_of_states(Max("days_past_due")),
)  # fmt: skip
_fact(
    "worst_dpd_6m", Kind.DAYS, _("most days past due at six month-ends"), _DAYS,
    _("of any of the customer's accounts; today is not in it"),
    lambda _day: _count_of_states(Max("signals__worst_dpd_6m")),
)  # fmt: skip
_fact(
    "written_off", Kind.YES_NO, _("written off"), _NONE, _("an account of the customer is"),
    lambda _day: Exists(AccountState.objects.filter(account__customer_id=OuterRef("customer_id"), is_written_off=True)),
)  # fmt: skip
_fact(
    "relationship_months", Kind.MONTHS, _("age of the relationship"), _MONTHS,
    _("since the month the customer's first account was opened; absent for a new customer"), _months_known, is_nullable=True,
)  # fmt: skip
_fact(
    "score", Kind.NUMBER, _("behaviour score"), _POINTS, _("lowest of the customer's accounts; absent until it is computed"),
    lambda _day: _of_states(Min("signals__score")), is_nullable=True,
)  # fmt: skip
_fact(
    "refusals_6m", Kind.NUMBER, _("own refusals in six months"), _COUNT, _("applications of the same identity number refused"),
    _refusals(Q(national_id_index=OuterRef("national_id_index")), "national_id_index"),
)  # fmt: skip
_fact(
    "linked_refusals_6m", Kind.NUMBER, _("linked refusals in six months"), _COUNT,
    _("applications with the same phone number refused, whoever made them"),
    _refusals(Q(phone_index=OuterRef("phone_index")), "phone_index"),
)  # fmt: skip
_fact(
    "bureau_consent", Kind.YES_NO, _("consent to ask bureaus"), _NONE, _("the applicant gave it"),
    lambda _day: Exists(
        ApplicationConsent.objects.filter(application_id=OuterRef("pk"), kind=ApplicationConsent.Kind.BUREAU, is_given=True)
    ),
)  # fmt: skip
_fact(
    "bureau_score", Kind.NUMBER, _("bureau score"), _POINTS, _("of the latest bureau record; absent without one"),
    _latest("score"), is_nullable=True,
)  # fmt: skip
_fact(
    "bureau_debt", Kind.AMOUNT, _("debt elsewhere"), _MONEY, _("as the latest bureau record says; absent without one"),
    lambda day: _major(_latest("debt_minor")(day)), is_nullable=True,
)  # fmt: skip
_fact(
    "bureau_overdue_days", Kind.DAYS, _("days past due elsewhere"), _DAYS, _("as the latest bureau record says"),
    _latest("overdue_days"), is_nullable=True,
)  # fmt: skip
_fact(
    "bureau_queries_6m", Kind.NUMBER, _("bureau queries in six months"), _COUNT, _("as the latest bureau record says"),
    _latest("queries_6m"), is_nullable=True,
)  # fmt: skip
_fact(
    "no_automated_decisions", Kind.YES_NO, _("no automated decisions"), _NONE,
    _("the applicant refuses decisions that no person takes"),
    lambda _day: ExpressionWrapper(Q(refuses_automated=True), output_field=BooleanField()),
)  # fmt: skip

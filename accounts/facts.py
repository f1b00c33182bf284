"""What rules may know of an account: the one list of facts that tiers, queues, saved views, decisions and search share.

Every fact is an expression over the account's state and its signals, which are one-to-one and stored: no fact looks
anything up per row, so a rule over the whole book is one pass (docs/rules.md). Upper rooms add no SQL: they write columns of
`AccountSignals` through `note_signals`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Final

from django.db.models import (
    BigIntegerField,
    Case,
    DateField,
    ExpressionWrapper,
    F,
    FilteredRelation,
    Func,
    IntegerField,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce, ExtractMonth, ExtractYear, Greatest, NullIf
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import AccountState, Product
from accounts.rules.aging import CATEGORIES
from riskops.shared.request_context import once_a_request
from riskops.shared.rule_language.facts import AMOUNT_DIGITS, Catalogue, Fact, FactsRow, Kind
from riskops.shared.scope import Scope

#: The facts of accounts.
ACCOUNT_FACTS: Final = Catalogue("account")

#: The join of a state's signals; see `account_rows`.
_SIGNALS: Final = "own_signals"
#: Hundredths of a percent in a whole.
_WHOLE_BP: Final = 10_000


def account_rows(first_account_id: int | None = None, last_account_id: int | None = None) -> QuerySet[AccountState]:
    """Return the rows that the facts of accounts stand on: the states, their signals joined where they have any.

    :param first_account_id: the range of a shard, both ends included; it bounds both tables, which planners would not
    """
    if first_account_id is None or last_account_id is None:
        return AccountState.objects.annotate(**{_SIGNALS: FilteredRelation("signals")})
    within = Q(signals__account__gte=first_account_id, signals__account__lte=last_account_id)
    joined = FilteredRelation("signals", condition=within)
    return AccountState.objects.filter(pk__gte=first_account_id, pk__lte=last_account_id).annotate(**{_SIGNALS: joined})


def facts_of(account_ids: Iterable[int], as_of: date, names: Iterable[str] | None = None) -> dict[int, FactsRow]:
    """Return what rules see of some accounts, by account id: for explanations, and to be stored with decisions.

    :param as_of: the last closed day, from which days are counted
    :param names: the facts wanted; None: all
    """
    return dict(ACCOUNT_FACTS.rows(account_rows().filter(pk__in=list(account_ids)), as_of, names))


def facts_shown(account_id: int, as_of: date, names: Iterable[str]) -> FactsRow:
    """Return what rules see of one account, for showing: no part of a page asks for a fact that another has asked for."""
    known: dict[str, Any] = once_a_request(("facts", account_id, as_of), dict)
    wanted = list(names)
    missing = [name for name in wanted if name not in known]
    if missing:
        known.update(facts_of([account_id], as_of, missing)[account_id])
    return {name: known[name] for name in wanted}


class DaysSince(Func):
    """The whole days from a date to a day; NULL where the date is."""

    output_field = IntegerField()

    def __init__(self, expression: Any, day: Any) -> None:
        super().__init__(expression, day if hasattr(day, "resolve_expression") else Value(day, output_field=DateField()))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Subtract: the difference of two dates is a number of days."""
        earlier, later = self.source_expressions
        return self._joined(compiler, later, earlier, "(%s - %s)")

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Subtract Julian days: dates are text at midnight, so both end in .5 and the difference is whole."""
        earlier, later = self.source_expressions
        return self._joined(compiler, later, earlier, "CAST(julianday(%s) - julianday(%s) AS INTEGER)")

    @staticmethod
    def _joined(compiler: Any, later: Any, earlier: Any, template: str) -> Any:
        (after, after_parameters), (before, before_parameters) = compiler.compile(later), compiler.compile(earlier)
        return template % (after, before), (*after_parameters, *before_parameters)


def _of_signals(column: str, default: Any = None) -> Any:
    """Return a column of the signals, with what an account without a row has."""
    return F(f"{_SIGNALS}__{column}") if default is None else Coalesce(F(f"{_SIGNALS}__{column}"), Value(default))


def _major(minor: Any) -> Any:
    """Return an amount in ten-thousandths of a major unit, so that one figure fits all currencies."""
    scales = [When(product__minor_digits=digits, then=Value(10 ** (AMOUNT_DIGITS - digits))) for digits in (0, 3, 4)]
    return _whole(minor * Case(*scales, default=Value(100), output_field=BigIntegerField()))


def _whole(expression: Any) -> Any:
    return ExpressionWrapper(expression, output_field=BigIntegerField())


def _owed() -> Any:
    names = ("outstanding_principal_minor", "outstanding_interest_minor", "outstanding_fee_minor", "penalty_due_minor")
    principal, interest, fee, penalty = map(F, names)
    return principal + interest + fee + penalty


def _overdue() -> Any:
    names = ("overdue_principal_minor", "overdue_interest_minor", "overdue_fee_minor", "penalty_due_minor")
    principal, interest, fee, penalty = map(F, names)
    return principal + interest + fee + penalty


def _utilization() -> Any:
    # Whole by the division of whole numbers, which drops the rest; neither side is ever negative.
    return F("outstanding_principal_minor") * Value(_WHOLE_BP) / NullIf(F("credit_limit_minor"), Value(0))


def _available() -> Any:
    left = F("credit_limit_minor") - F("outstanding_principal_minor")
    return Greatest(left, Value(0, output_field=BigIntegerField()))


def _days_since(column: str) -> Callable[[date], Any]:
    def days(as_of: date) -> Any:
        # What was done on the open day, after the last closed one, was done no days ago.
        return Case(
            When(**{f"{_SIGNALS}__{column}__gt": as_of}, then=Value(0)),
            default=DaysSince(F(f"{_SIGNALS}__{column}"), as_of),
            output_field=IntegerField(),
        )

    return days


def _months_on_book(as_of: date) -> Any:
    opened = ExtractYear("opened_on") * Value(12) + ExtractMonth("opened_on")
    return ExpressionWrapper(Value(as_of.year * 12 + as_of.month) - opened, output_field=IntegerField())


def _category(as_of: date) -> Any:
    whens = [When(category=number, then=Value(name)) for number, name in enumerate(CATEGORIES)]
    return Case(*whens, default=Value(CATEGORIES[-1]), output_field=TextField())


def product_codes(scope: Scope) -> tuple[str, ...]:
    """Return the codes of products to offer while a rule is typed, to a person who may see so much."""
    # The completion puts them into the page as they are; a code that could be taken for mark-up is typed by hand.
    seen = scope.among(Product.objects.order_by("product_code"))[:100]
    return tuple(code for code in (product.product_code for product in seen) if not set(code) & set("<>&\"'"))


def _currencies(scope: Scope) -> tuple[str, ...]:
    return tuple(sorted({product.currency for product in scope.among(Product.objects.all())}))


_DAYS, _MONTHS, _NONE = _("days"), _("months"), ""
_MONEY, _PERCENT, _POINTS = _("major units of the account's currency"), _("percent"), _("percentage points")


def _fact(
    name: str,
    kind: Kind,
    label: Promise,
    unit: Promise | str,
    about: Promise,
    expression: Callable[[date], Any],
    **more: Any,
) -> None:
    ACCOUNT_FACTS.register(Fact(name, kind, label, unit, about, expression, **more))


def _flag(name: str, label: Promise, about: Promise, column: str) -> None:
    _fact(name, Kind.YES_NO, label, _NONE, about, lambda _day: _of_signals(column, False))


_fact(
    "dpd", Kind.DAYS, _("days past due"), _DAYS, _("since the due date of the oldest past-due instalment; 0 if none is"),
    lambda _day: F("days_past_due"),
)  # fmt: skip
_fact(
    "dpd_change", Kind.DAYS, _("change of days past due"), _DAYS, _("since the last month-end; below 0: less late than then"),
    lambda _day: F("days_past_due") - _of_signals("dpd_month_end", 0),
)  # fmt: skip
_fact("bucket", Kind.NUMBER, _("bucket"), _("0 to 7"), _("number of the product's bucket: 2 for m2"), lambda _day: F("bucket"))
_fact(
    "worst_dpd_6m", Kind.DAYS, _("most days past due at six month-ends"), _DAYS,
    _("at the last six month-ends; today is not in it"),
    lambda _day: _of_signals("worst_dpd_6m", 0),
)  # fmt: skip
_fact(
    "late_months_6m", Kind.NUMBER, _("months late of six"), _("0 to 6"), _("how many of the last six month-ends found it late"),
    lambda _day: _of_signals("late_months_6m", 0),
)  # fmt: skip
_fact(
    "overdue", Kind.AMOUNT, _("overdue total"), _MONEY, _("unpaid parts of past-due instalments and the penalty due"),
    lambda _day: _major(_overdue()),
)  # fmt: skip
_fact(
    "exposure", Kind.AMOUNT, _("exposure"), _MONEY, _("all that is owed: principal, interest and fees booked, penalty due"),
    lambda _day: _major(_owed()),
)  # fmt: skip
_fact(
    "credit_limit",
    Kind.AMOUNT,
    _("credit limit"),
    _MONEY,
    _("how much may be owed"),
    lambda _day: _major(F("credit_limit_minor")),
)
_fact(
    "available", Kind.AMOUNT, _("available"), _MONEY, _("credit limit less outstanding principal, never below 0"),
    lambda _day: _major(_available()),
)  # fmt: skip
_fact(
    "utilization", Kind.PERCENT, _("utilisation"), _PERCENT,
    _("outstanding principal of the credit limit; absent with a limit of 0"),
    lambda _day: _whole(_utilization()), is_nullable=True,
)  # fmt: skip
_fact(
    "utilization_change", Kind.PERCENT, _("change of utilisation"), _POINTS,
    _("since the last month-end; absent with a limit of 0"),
    lambda _day: _whole(_utilization() - _of_signals("utilization_month_end_bp", 0)), is_nullable=True,
)  # fmt: skip
_fact(
    "days_since_payment", Kind.DAYS, _("days since the last payment"), _DAYS,
    _("reversed payments apart; absent if none was made"),
    _days_since("last_payment_on"), is_nullable=True,
)  # fmt: skip
_fact(
    "months_on_book", Kind.MONTHS, _("months on book"), _MONTHS, _("calendar months after the month of opening, itself 0"),
    _months_on_book,
)  # fmt: skip
_fact(
    "category", Kind.TEXT, _("five-category classification"), _NONE, _("as the days past due give it, before any override"),
    _category, choices=CATEGORIES,
)  # fmt: skip
_fact("stage", Kind.NUMBER, _("stage"), _("1 to 3"), _("IFRS 9 stage that the days past due give"), lambda _day: F("stage"))
_fact("written_off", Kind.YES_NO, _("written off"), _NONE, _("it left the performing book"), lambda _day: F("is_written_off"))
_fact(
    "product", Kind.TEXT, _("product"), _("product code"), _("the product whose terms it has"),
    lambda _day: F("product__product_code"), choices=product_codes,
)  # fmt: skip
_fact(
    "currency", Kind.TEXT, _("currency"), _("ISO 4217 code"), _("the product's currency"),
    lambda _day: F("product__currency"), choices=_currencies,
)  # fmt: skip
_fact(
    "score", Kind.NUMBER, _("score"), _("points"), _("behaviour score, higher is better; absent until it is computed"),
    lambda _day: _of_signals("score"), is_nullable=True,
)  # fmt: skip
_fact(
    "score_change", Kind.NUMBER, _("change of score"), _("points"), _("since the last month-end; absent where either is"),
    lambda _day: _of_signals("score") - _of_signals("score_month_end"), is_nullable=True,
)  # fmt: skip
_fact(
    "broken_promises_6m", Kind.NUMBER, _("broken promises"), _("count"), _("promises to pay broken in the last six months"),
    lambda _day: _of_signals("broken_promises_6m", 0),
)  # fmt: skip
_fact(
    "failed_debits_3m", Kind.NUMBER, _("failed debits"), _("count"), _("tries of debits that failed in the last three months"),
    lambda _day: _of_signals("failed_debits_3m", 0),
)  # fmt: skip
_fact(
    "days_since_failed_debit", Kind.DAYS, _("days since a debit failed"), _DAYS,
    _("since the last one; absent if none ever did"), _days_since("debit_failed_on"), is_nullable=True,
)  # fmt: skip
_flag("open_promise", _("open promise"), _("a promise to pay that has not matured"), "has_open_promise")
_flag("disputed", _("disputed"), _("the customer disputes it and the dispute is open"), "is_disputed")
_flag("fraud_suspected", _("fraud suspected"), _("held to be fraud until it is settled"), "is_fraud_suspected")
_flag("in_legal", _("in legal recovery"), _("a letter or a suit is under way"), "is_in_legal")
_flag("placed", _("placed"), _("it is with a collection agency"), "is_placed")
_flag("on_hold", _("on hold"), _("collection is held"), "is_on_hold")
_flag("hardship_plan", _("hardship plan"), _("a signed plan is kept"), "has_hardship_plan")
_flag("vulnerable", _("vulnerable"), _("the customer is handled with care, by trained staff only"), "is_vulnerable")
_flag("restricted", _("restricted"), _("its use is suspended, wholly or in part"), "is_restricted")
_fact(
    "days_since_restriction", Kind.DAYS, _("days since the restriction"), _DAYS,
    _("since use was suspended last; absent if never"),
    _days_since("restricted_on"), is_nullable=True,
)  # fmt: skip
_fact(
    "days_since_review", Kind.DAYS, _("days since the review"), _DAYS, _("since the account was reviewed last; absent if never"),
    _days_since("reviewed_on"), is_nullable=True,
)  # fmt: skip
_flag(
    "no_automated_decisions",
    _("no automated decisions"),
    _("the customer refuses decisions that no person takes"),
    "refuses_automated_decisions",
)

"""Both evaluators of a rule agree on random rules and random rows, absent values included, on the database in use."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from factories import make_account, make_product
from hypothesis import given
from hypothesis import strategies as st

from accounts.facts import ACCOUNT_FACTS, account_rows, facts_of
from accounts.models import AccountSignals, AccountState
from riskops.shared.rule_language import Fact, Kind, condition, explain, first_holding, holding, holds, parse_rule
from riskops.shared.rule_language.facts import PERCENT_DIGITS

DAY = date(2025, 6, 16)
#: Few values, so that rows and rules meet; those at edges among them.
SMALL = st.sampled_from([0, 1, 2, 30, 31, 90])
DAYS = st.none() | st.sampled_from([DAY + timedelta(days=n) for n in (-400, -31, -1, 0, 1)])
FLAGS = (
    "has_open_promise", "is_disputed", "is_fraud_suspected", "is_in_legal", "is_on_hold", "has_hardship_plan", "is_restricted",
    "refuses_automated_decisions",
)  # fmt: skip

states = st.fixed_dictionaries(
    {
        "opened_on": st.sampled_from([date(2024, 2, 29), date(2025, 1, 31), date(2025, 6, 16)]),
        "credit_limit_minor": st.sampled_from([0, 1, 300, 1_000_000]),
        "days_past_due": SMALL,
        "bucket": st.integers(0, 7),
        "penalty_due_minor": SMALL,
        "outstanding_principal_minor": st.sampled_from([0, 1, 299, 300, 10_000]),
        "outstanding_interest_minor": SMALL,
        "category": st.integers(0, 4),
        "stage": st.integers(1, 3),
        "is_written_off": st.booleans(),
    }
)
signals = st.none() | st.fixed_dictionaries(
    {
        "last_payment_on": DAYS,
        "restricted_on": DAYS,
        "reviewed_on": DAYS,
        "dpd_month_end": SMALL,
        "utilization_month_end_bp": st.sampled_from([0, 1, 9_999, 10_000]),
        "worst_dpd_6m": SMALL,
        "late_months_6m": st.integers(0, 6),
        "score": st.none() | SMALL,
        "score_month_end": st.none() | SMALL,
        "broken_promises_6m": SMALL,
        "failed_debits_3m": SMALL,
        "debit_failed_on": DAYS,
        **{flag: st.booleans() for flag in FLAGS},
    }
)
PRODUCTS = ("CashLoan", "cashloan", "分期", "a%b_c", "O'Neil")
CURRENCIES = (("CNY", 2), ("JPY", 0), ("KWD", 3))


def _literal(fact: Fact, value: Any) -> str:
    """Write a held value as a rule would."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    decimals = fact.kind.decimals
    if not decimals:
        return str(value)
    whole, rest = divmod(abs(value), 10**decimals)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{rest:0{decimals}d}"


def _values(fact: Fact) -> st.SearchStrategy[Any]:
    if fact.kind is Kind.YES_NO:
        return st.booleans()
    if fact.kind is Kind.TEXT:
        if isinstance(fact.choices, tuple):
            return st.sampled_from(fact.choices)
        return st.sampled_from([*PRODUCTS, "CNY", "JPY", "x"])
    numbers = st.sampled_from([-31, -1, 0, 1, 2, 30, 31, 90, 2**31, 2**63 - 1])
    scale = 10**fact.kind.decimals
    return st.sampled_from([0, 1, 100 * 10**PERCENT_DIGITS, -1, 30_000, 2**63 - 1]) if scale > 1 else numbers


@st.composite
def comparisons(draw: Any) -> str:
    fact = draw(st.sampled_from(list(ACCOUNT_FACTS)))
    operators = ["=", "!=", "in", "not in"]
    operators += ["<", "<=", ">", ">="] if fact.kind.has_order else []
    is_open_text = fact.kind is Kind.TEXT and not isinstance(fact.choices, tuple)
    operators += ["~", "!~", "startswith", "not startswith", "endswith", "not endswith"] if is_open_text else []
    operator = draw(st.sampled_from(operators))
    if operator in ("~", "!~", "startswith", "not startswith", "endswith", "not endswith"):
        part = st.sampled_from(["C", "c", "Cash", "Loan", "loan", "%", "_", "分", "'", "O'Neil", "O'Neil and more"])
        return f"{fact.name} {operator} {_literal(fact, draw(part))}"
    values = _values(fact)
    if fact.is_nullable and operator in ("=", "!=", "in", "not in"):
        values = values | st.none()
    if operator in ("in", "not in"):
        written = ", ".join(_literal(fact, value) for value in draw(st.lists(values, min_size=1, max_size=4)))
        return f"{fact.name} {operator} ({written})"
    return f"{fact.name} {operator} {_literal(fact, draw(values))}"


rules = st.recursive(
    comparisons(),
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner)
        | st.builds("{} {} {}".format, inner, st.sampled_from(["and", "or"]), inner)
    ),
    max_leaves=6,
)


@pytest.mark.django_db
@given(
    book=st.lists(st.tuples(states, signals, st.sampled_from(PRODUCTS), st.sampled_from(CURRENCIES)), min_size=1, max_size=4),
    texts=st.lists(rules, min_size=1, max_size=8),
)
def test_the_database_and_plain_python_judge_alike(book: Any, texts: list[str]) -> None:
    AccountSignals.objects.all().delete()
    AccountState.objects.all().delete()
    ids = []
    for columns, noted, code, (currency, digits) in book:
        product = _products(code, currency, digits)
        account = make_account(product=product, opened_on=columns["opened_on"], credit_limit_minor=columns["credit_limit_minor"])
        AccountState.objects.create(account=account, product=product, **columns)
        if noted is not None:
            AccountSignals.objects.create(account=account, **noted)
        ids.append(account.pk)
    rows = facts_of(ids, DAY)
    parsed = [parse_rule(text, ACCOUNT_FACTS) for text in texts]
    for rule in parsed:
        expected = {pk for pk in ids if holds(rule, rows[pk])}
        found = holding(rule, ACCOUNT_FACTS, account_rows(), DAY)
        assert set(found.values_list("pk", flat=True)) == expected, rule.text
        # True or false, never NULL: what does not hold is exactly what is left.
        others = ACCOUNT_FACTS.annotated(account_rows(), rule.names, DAY).filter(~condition(rule))
        assert set(others.values_list("pk", flat=True)) == set(ids) - expected, rule.text
        assert {pk for pk in ids if explain(rule, rows[pk]).holds} == expected
    names = sorted({name for rule in parsed for name in rule.names})
    placed = ACCOUNT_FACTS.annotated(account_rows(), names, DAY).annotate(place=first_holding(parsed)).values_list("pk", "place")
    by_hand = {pk: next((n for n, rule in enumerate(parsed) if holds(rule, rows[pk])), None) for pk in ids}
    assert dict(placed) == by_hand


def _products(code: str, currency: str, digits: int) -> Any:
    from accounts.models import Product

    # A code means one product, so the currency is in it; the code's own text stands first and last.
    known = Product.objects.filter(name=code, currency=currency).first()
    if known:
        return known
    taken = Product.objects.filter(product_code=code).exists()
    return make_product(
        product_code=f"{code}-{currency}-{code}" if taken else code, name=code, currency=currency, minor_digits=digits
    )

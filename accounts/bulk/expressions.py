"""The rules as SQL expressions over `accounts_installment i` and `accounts_product p`, for one day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from accounts.rules.aging import CATEGORY_FROM_DAYS, STAGE_FROM_DAYS
from accounts.rules.terms import BUCKET_MAPS
from riskops.shared.money import MICRO_PER_MINOR
from riskops.shared.sql import date_literal, days_between

#: What is unpaid besides penalty; more than zero keeps an instalment past due (rule 1).
UNPAID = "(i.principal_unpaid_minor + i.interest_unpaid_minor + i.fee_unpaid_minor)"

#: The unpaid penalty base.
BASE = "(i.principal_unpaid_minor + CASE WHEN p.penalty_base = 'principal_interest' THEN i.interest_unpaid_minor ELSE 0 END)"

#: Days from the due date to the day before the first charged one.
CHARGED_AFTER_DAYS = "(CASE WHEN p.penalty_from = 'grace_end' THEN p.grace_days ELSE 0 END)"


def past_due(as_of: date) -> str:
    """Return the condition of rule 1."""
    return f"(i.due_date < {date_literal(as_of)} AND {UNPAID} > 0)"


def days_late(as_of: date) -> str:
    """Return the days from the due date to the day; negative before it."""
    return days_between(date_literal(as_of), "i.due_date")


def days_since_accrual(as_of: date) -> str:
    """Return the charged days since `accrued_through`, or since the first charged one; may be negative before that."""
    return (
        f"(CASE WHEN i.accrued_through IS NULL THEN {days_late(as_of)} - {CHARGED_AFTER_DAYS}"
        f" ELSE {days_between(date_literal(as_of), 'i.accrued_through')} END)"
    )


def accrued_micro(as_of: date) -> str:
    """Return the penalty accrued through the day, in micro-units, as `PenaltyClock.rolled` carries it on."""
    days = days_since_accrual(as_of)
    return f"(i.accrued_micro + CASE WHEN i.bears_penalty AND {days} > 0 THEN {BASE} * p.penalty_rate_ppm * {days} ELSE 0 END)"


def penalty_due(as_of: date) -> str:
    """Return the penalty due on the day in minor units, less what was paid or waived (rule 4)."""
    accrued = accrued_micro(as_of)
    cap = "(i.principal_minor * p.penalty_cap_bp * 100)"
    capped = f"CASE WHEN p.penalty_cap_bp IS NOT NULL AND {accrued} > {cap} THEN {cap} ELSE {accrued} END"
    half, whole = MICRO_PER_MINOR // 2, MICRO_PER_MINOR
    due = f"({capped} + {half}) / {whole} - i.penalty_settled_minor"
    return (
        f"(CASE WHEN p.penalty_rate_ppm = 0 OR NOT i.bears_penalty OR i.due_date >= {date_literal(as_of)} THEN 0"
        f" WHEN {days_late(as_of)} <= p.grace_days THEN 0"
        f" WHEN {due} < 0 THEN 0 ELSE {due} END)"
    )


def step_function(value: str, thresholds: Sequence[int], *, first: int = 0) -> str:
    """Return how many of the ascending thresholds a value has reached, plus `first`: bisect_right as SQL."""
    whens = " ".join(
        f"WHEN {value} >= {threshold} THEN {first + number}"
        for number, threshold in sorted(enumerate(thresholds, start=1), reverse=True)
    )
    return f"(CASE {whens} ELSE {first} END)"


def bucket(days: str, *, bucket_map: str) -> str:
    """Return the bucket's number for a days expression and an expression that names the bucket map."""
    whens = " ".join(
        f"WHEN {bucket_map} = '{name}' THEN {step_function(days, thresholds)}"
        for name, thresholds in BUCKET_MAPS.items()
        if name != "default"
    )
    return f"(CASE {whens} ELSE {step_function(days, BUCKET_MAPS['default'])} END)"


def category(days: str) -> str:
    """Return the index of the five-category class."""
    return step_function(days, CATEGORY_FROM_DAYS)


def stage(days: str) -> str:
    """Return the IFRS 9 stage."""
    return step_function(days, STAGE_FROM_DAYS, first=1)

"""Values of facts in words: as a reader expects them, not as rules hold them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from accounts.models.applications import REPAYMENT_CHOICES
from accounts.rules.aging import CATEGORIES
from riskops.shared.rule_language import Compared, Fact, Kind
from riskops.shared.templatetags.riskops import CATEGORY_NAMES
from riskops.shared.wording import day_text


def fact_text(fact: Fact, value: Any) -> str:
    """Return a value as it is held, in words with its unit: `1,234.50`, `74 %`, `yes`, `–` where it is absent."""
    if value is None:
        return "–"
    if isinstance(value, (tuple, list)):
        return ", ".join(fact_text(fact, one) for one in value)
    if fact.kind is Kind.YES_NO:
        return _("yes") if value else _("no")
    if fact.name == "category":
        return category_text(value)
    if fact.name == "repayment":
        return str(dict(REPAYMENT_CHOICES).get(value, value))
    if fact.kind is Kind.DATE:
        return day_text(date.fromisoformat(value))
    if fact.kind.is_numeric and isinstance(value, int):
        scaled = Decimal(value).scaleb(-fact.kind.decimals)
        text = f"{scaled:,.2f}" if fact.kind is Kind.AMOUNT else f"{scaled.normalize():,f}"
        return f"{text} %" if fact.kind is Kind.PERCENT else text
    return str(value)


def category_text(code: Any) -> str:
    """Return the name of a five-category class by its code; a code there is none of stays."""
    return str(CATEGORY_NAMES[CATEGORIES.index(code)]) if code in CATEGORIES else str(code)


def comparison_line(compared: Compared) -> dict[str, Any]:
    """Return a comparison as a line: what is compared, what the rule asks for, what was found, whether it holds."""
    return {
        "name": compared.fact.name,
        "label": str(compared.fact.label),
        "operator": compared.operator.value,
        "wanted": fact_text(compared.fact, compared.wanted),
        "found": fact_text(compared.fact, compared.found),
        "holds": compared.holds,
    }

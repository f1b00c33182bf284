"""The facts that rules see of one account, in words: name, value with its unit, and what it means."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.facts import ACCOUNT_FACTS, facts_of
from accounts.operations.deciding.standing import facts_day
from accounts.queries.fact_wording import category_text
from riskops.shared.money import minor_digits
from riskops.shared.rule_language import Catalogue, Fact, FactsRow, Kind, Plain
from riskops.shared.rule_language.facts import AMOUNT_DIGITS
from riskops.shared.wording import money_text, number_text


@dataclass(frozen=True, slots=True)
class FactLine:
    """One fact of one account. `text` is "" where the fact is absent."""

    name: str
    label: Promise | str
    about: Promise | str
    text: str


def fact_rows(account_id: int, currency: str) -> tuple[FactLine, ...]:
    """Return the facts of an account as they stand now."""
    return in_words(facts_of([account_id], facts_day()).get(account_id, {}), currency)


def in_words(row: FactsRow, currency: str, catalogue: Catalogue = ACCOUNT_FACTS) -> tuple[FactLine, ...]:
    """Return a row of facts in words, in the catalogue's order; what the catalogue no longer knows is left out."""
    return tuple(
        FactLine(fact.name, fact.label, fact.about, _text_of(fact, row[fact.name], currency))
        for fact in catalogue
        if fact.name in row
    )


def _text_of(fact: Fact, value: Plain, currency: str) -> str:
    return category_text(value) if fact.name == "category" and value else value_text(fact.kind, value, currency)


def value_text(kind: Kind, value: Plain, currency: str) -> str:
    """Return a fact's value as people read it."""
    if value is None:
        return ""
    if kind is Kind.YES_NO:
        return _("yes") if value else _("no")
    if not kind.is_numeric:
        return str(value)
    number = int(value)
    if kind is Kind.AMOUNT:
        return money_text(number // 10 ** (AMOUNT_DIGITS - minor_digits(currency)), currency)
    if kind is Kind.PERCENT:
        whole, rest = divmod(abs(number), 100)
        return f"{'−' if number < 0 else ''}{whole:,}.{rest:02d} %"
    return number_text(number)

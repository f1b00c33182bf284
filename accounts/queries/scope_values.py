"""The channels and categories of goods that a suspension may name: by code, as choices, and beside what names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from accounts.models import ScopeValue

AnyModel = TypeVar("AnyModel", bound=Model)
#: Values by kind and code, those that are not in use as well.
ScopeValues = Mapping[tuple[str, str], ScopeValue]


def scope_values() -> ScopeValues:
    """Return every value; one query."""
    return {(value.kind, value.code): value for value in ScopeValue.objects.all()}


def scope_value_choices(chosen: str = "") -> list[Any]:
    """Return the values in use as choices, by kind.

    :param chosen: what is chosen already; it is kept among them, so that a form shows what it was sent
    """
    rows = list(ScopeValue.objects.filter(is_active=True))
    groups = (
        (_("Channels"), [(row.code, str(row)) for row in rows if row.kind == ScopeValue.Kind.CHANNEL]),
        (_("Categories of goods"), [(row.code, str(row)) for row in rows if row.kind == ScopeValue.Kind.CATEGORY]),
    )
    choices: list[Any] = [("", "–"), *groups]
    if chosen and not any(chosen == code for _name, group in groups for code, _label in group):
        choices.append((chosen, chosen))
    return choices


def with_scope_names(rows: QuerySet[AnyModel]) -> QuerySet[AnyModel]:
    """Return rows that have a `scope` and a `scope_value`, each with the names of its value (`accounts/templatetags/decisions`).

    A part of their own query, so that a page asks no more of it the more there is restricted.
    """
    named = ScopeValue.objects.filter(kind=OuterRef("scope"), code=OuterRef("scope_value"))
    names = {f"scope_{name}": Subquery(named.values(name)[:1]) for name in ("name_en", "name_zh")}
    return rows.annotate(**names)

"""Columns of records as people read them: display methods for the admin's pages, each made of a field that is kept otherwise.

    class DecisionAdmin(RoleAdmin):
        owed = amount(Decision, "owed_minor", lambda decision: decision.account.product.currency)

Name and help text are the field's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import admin
from django.db import models
from django.utils.html import format_html_join

from riskops.shared.wording import money_text

#: What stands where there is nothing, here and in the columns that Django shows by itself (RoleAdmin).
NONE: Final = "–"

Column = Callable[[Any, Any], Any]


def amount(model: type[models.Model], name: str, currency: Callable[[Any], str]) -> Column:
    """Return a column of an amount in minor units: in major units, with its currency.

    :param currency: returns the currency of a record
    """

    def shown(record: Any) -> str:
        minor = getattr(record, name)
        return NONE if minor is None else money_text(minor, currency(record))

    return _column(model, name, shown)


def words(model: type[models.Model], name: str, in_words: Callable[[Any], str]) -> Column:
    """Return a column of values that have words of their own, as the members of a list.

    :param in_words: returns the field's value in the language in use
    """
    return _column(model, name, lambda record: in_words(getattr(record, name)) or NONE)


def pairs(model: type[models.Model], name: str) -> Column:
    """Return a column of named values, as attributes are: one a line, by name: databases keep no order."""

    def shown(record: Any) -> Any:
        found = getattr(record, name)
        return format_html_join("", "<div>{}: {}</div>", sorted(found.items())) if found else NONE

    return _column(model, name, shown)


def _column(model: type[models.Model], name: str, shown: Callable[[Any], Any]) -> Column:
    def column(_pages: Any, record: Any) -> Any:
        return shown(record)

    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    # Read by RoleAdmin: Django asks the model's own fields only.
    column.help_text = field.help_text  # type: ignore[attr-defined]
    return admin.display(description=field.verbose_name, ordering=name)(column)

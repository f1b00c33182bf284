"""What the customer reads about a decision: the reason code's text with the values put in, in both languages."""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Decision, DecisionNotice
from accounts.models.decision_settings import SCOPE_CHOICES
from accounts.queries.scope_values import ScopeValues
from accounts.rules.decisions import Action, Scope, Status
from riskops.shared.wording import day_text, money_text

#: The languages of a notice, by the ending of the columns that hold them.
LANGUAGES: Final = {"en": "en", "zh": "zh-hans"}
#: What a reason code's text may hold in braces.
PLACEHOLDERS: Final = ("account", "amount", "limit", "day", "scope", "review")


def placeholders_in(text: str) -> set[str]:
    """Return the names in braces.

    :raises ValueError: the braces do not match, or hold more than a name
    """
    names: set[str] = set()
    for _literal, name, spec, conversion in string.Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(name)
        names.add(name)
    return names


def scope_text(values: Mapping[str, Any], currency: str, names: ScopeValues) -> str:
    """Return what a suspension stops, in the active language.

    :param names: of channels and categories; one that is not among them is said by its code
    """
    scope = values.get("scope", "")
    if not scope:
        return ""
    if scope == Scope.AMOUNT:
        return _("purchases above %(amount)s") % {"amount": money_text(values["most_minor"] or 0, currency)}
    name = str(dict(SCOPE_CHOICES)[scope])
    value = values.get("scope_value")
    return f"{name}: {names.get((scope, value), value)}" if value else name


def customer_text(
    template: str,
    language: str,
    *,
    account_no: str,
    currency: str,
    values: Mapping[str, Any],
    names: ScopeValues = MappingProxyType({}),
) -> str:
    """Return a reason code's text in a language, with the values of one decision.

    :param values: the fields of the decision: weighed_minor, new_limit_minor, limit_before_minor, effective_on, scope …
    :param names: of channels and categories, where the decision may be a suspension
    """
    with translation.override(LANGUAGES[language]):
        limit, before = values.get("new_limit_minor"), values.get("limit_before_minor")
        # The matrix weighs a raise together with those before it; the customer is told of this one.
        amount = values["weighed_minor"] if limit is None or before is None else abs(limit - before)
        review: date | None = values.get("review_on")
        # The end of the number is enough to know the account by, and no use to whoever else reads the message.
        return template.format(
            account=f"…{account_no[-4:]}",
            amount=money_text(amount, currency),
            limit=money_text(limit, currency) if limit is not None else "",
            day=day_text(values["effective_on"]),
            scope=scope_text(values, currency, names),
            review=day_text(review) if review else "",
        )


def follow_up_texts(
    decision: Decision, kind: str, *, account_no: str, currency: str, limit_minor: int, names: ScopeValues, answer: str = ""
) -> dict[str, str]:
    """Return the texts of a later notice by language: put off, cancelled, ended, corrected, or the outcome of an appeal.

    :param limit_minor: the account's limit now, after what the notice tells of
    :param names: of channels and categories
    """
    texts = {}
    for language, code in LANGUAGES.items():
        with translation.override(code):
            values = {
                "what": _what(decision, currency, names),
                "account": f"…{account_no[-4:]}",
                "answer": answer,
                "text": decision.text_zh if language == "zh" else decision.text_en,
                "limit": money_text(limit_minor, currency),
            }
            texts[language] = _follow_up(decision, kind) % values
    return texts


def _follow_up(decision: Decision, kind: str) -> str:
    if kind == DecisionNotice.Kind.POSTPONED:
        return _("This replaces our earlier notice, which was held back: %(text)s")
    if kind == DecisionNotice.Kind.CANCELLED:
        return _("Account %(account)s: our notice (%(what)s) is withdrawn. It does not take effect.")
    if kind == DecisionNotice.Kind.CORRECTED:
        if decision.is_of_limit:
            return _("Account %(account)s: our earlier notice (%(what)s) was wrong and is undone. Your limit is %(limit)s.")
        return _("Account %(account)s: our earlier notice (%(what)s) was wrong and is undone. We are sorry for the trouble.")
    if kind == DecisionNotice.Kind.APPEAL:
        if decision.is_of_limit and decision.status == Status.LIFTED:
            return _(
                "Account %(account)s: we have looked at your objection (%(what)s). %(answer)s "
                "Your limit is %(limit)s from now on."
            )
        return _("Account %(account)s: we have looked at your objection (%(what)s). %(answer)s")
    if decision.is_of_limit:
        return _("Account %(account)s: %(what)s has ended. Your limit is %(limit)s.")
    return _("Account %(account)s: %(what)s has ended.")


def _what(decision: Decision, currency: str, names: ScopeValues) -> str:
    if decision.action == Action.SUSPEND_USE:
        scope = {"scope": decision.scope, "scope_value": decision.scope_value, "most_minor": decision.most_minor}
        return _("suspension of %(scope)s") % {"scope": scope_text(scope, currency, names)}
    if decision.new_limit_minor is not None:
        return _("new limit %(limit)s") % {"limit": money_text(decision.new_limit_minor, currency)}
    return str(decision.get_action_display())

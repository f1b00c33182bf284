"""The rule editor, for every page on which a rule is typed: `{% load rules %}{% rule_field form.rule %}`.

A page that has one says `{% rule_editor_head %}` in its head.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from django import template
from django.forms.boundfield import BoundField

from accounts.application_facts import APPLICATION_FACTS
from accounts.facts import ACCOUNT_FACTS
from riskops.shared.rule_language import Catalogue, RuleRefusal, parse_rule

register = template.Library()


class _Facts(NamedTuple):
    """The facts that a rule may name, and the addresses that complete and check it."""

    catalogue: Catalogue
    completion: str
    check: str


FACTS: Final = {
    "account": _Facts(ACCOUNT_FACTS, "accounts:rule_completion", "accounts:rule_check"),
    "application": _Facts(APPLICATION_FACTS, "accounts:application_rule_completion", "accounts:application_rule_check"),
}


@register.inclusion_tag("components/_rule_editor_head.html")
def rule_editor_head() -> dict[str, Any]:
    """Bring the editor's style and its completion."""
    return {}


@register.inclusion_tag("components/rule_editor.html")
def rule_editor(
    name: str,
    text: str = "",
    refusal: Exception | str | None = None,
    *,
    is_search: bool = False,
    facts: str = "account",
    is_listed: bool = True,
    is_by_slash: bool = False,
) -> dict[str, Any]:
    """Show a box for a rule, with completion, the facts beside it, and what is wrong with the rule.

    :param name: the name of the form's field
    :param is_search: one line that grows, the facts folded away: for filters; else the whole editor, checked while typing
    :param facts: `account` or `application`
    :param is_listed: whether the facts stand beside it; pages with many editors leave them out
    :param is_by_slash: whether the key / leads into it
    """
    known = FACTS[facts]
    return {
        "name": name,
        "text": text,
        "is_search": is_search,
        "is_listed": is_listed,
        "is_by_slash": is_by_slash,
        "facts": known.catalogue,
        "completion": known.completion,
        "check": known.check,
        "rows": min(12, max(1 if is_search else 4 if is_listed else 2, text.count("\n") + 1)),
        **refusal_context(text, _placed(text, refusal, known.catalogue)),
    }


@register.inclusion_tag("components/rule_field.html")
def rule_field(field: BoundField, *, facts: str = "account") -> dict[str, Any]:
    """Show a form's field for a rule as the rule editor, with its label, its help, and what is wrong with it."""
    return {
        "field": field,
        "facts": facts,
        "text": field.value() or "",
        "refusal": " ".join(map(str, field.errors)) or None,
    }


@register.inclusion_tag("components/_rule_verdict.html")
def rule_verdict(name: str, text: str, refusal: Exception | str | None) -> dict[str, Any]:
    """Put what is wrong with a rule (or nothing) under its box, from an answer that replaces another part of the page."""
    return {"name": name, "is_swapped": True, **refusal_context(text, _placed(text, refusal, ACCOUNT_FACTS))}


def _placed(text: str, refusal: Exception | str | None, catalogue: Catalogue) -> Exception | str | None:
    """Return the refusal with its place in the text, where it is about the text itself."""
    if not refusal or isinstance(refusal, RuleRefusal):
        return refusal
    try:
        parse_rule(text, catalogue)
    except RuleRefusal as found:
        return found if text.strip() else refusal
    return refusal


def refusal_context(text: str, refusal: Exception | str | None) -> dict[str, Any]:
    """Return what components/_rule_refusal.html shows: the refusal and, where it names a place, the text around that."""
    if not isinstance(refusal, RuleRefusal):
        return {"refusal": refusal}
    lines = text.replace("\r\n", "\n").split("\n")
    line = lines[refusal.line - 1] if refusal.line <= len(lines) else ""
    return {"refusal": refusal, "before": line[: refusal.column - 1][-60:], "after": line[refusal.column - 1 :][:40]}

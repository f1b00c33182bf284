"""Reading a template: Django's parser with three tags and one filter, and nothing else that it could reach.

What it parses is turned into plain values (outreach/rules/message_parts.py) and Django's nodes are dropped: a message is written
from those, so no text can load, include, call or look into anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from django.template import Engine, Library, Template, TemplateSyntaxError
from django.template.base import Lexer, Node, TextNode, TokenType, Variable, VariableNode
from django.template.defaultfilters import default
from django.template.defaulttags import CommentNode, IfNode, comment, do_if

from outreach.rules.message_parts import Both, Choice, Not, Parts, Put, Question, Same, Value, Words
from outreach.rules.template_variables import VARIABLES

#: The longest text, the longest tag, and how many tags: far more than a message needs, and no depth that anything could fail at.
MOST_CHARACTERS: Final = 4000
_LONGEST_TAG: Final = 200
_MOST_TAGS: Final = 60

_LIBRARY: Final = Library()
_LIBRARY.tag("if", do_if)
_LIBRARY.tag("comment", comment)
_LIBRARY.filter("default", default)
_KNOWN_TAGS: Final = frozenset({"if", "elif", "else", "endif", "comment", "endcomment"})
_ENGINE: Final = Engine(loaders=[], autoescape=False)
_ENGINE.template_libraries = {}
_ENGINE.template_builtins = [_LIBRARY]

#: What stands in the text where braces were not closed on their line: the customer would read it.
_BRACES: Final = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}")
#: Line ends apart, signs that no message carries: control characters, halves of pairs.
_FORBIDDEN: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_UNKNOWN_FILTER: Final = re.compile(r"Invalid filter: '(\w+)'")


class Fault(StrEnum):
    """Why a text is no template."""

    TOO_LONG = "too-long"
    TOO_MANY_TAGS = "too-many-tags"
    SIGN = "sign"
    TAG = "tag"
    FILTER = "filter"
    VARIABLE = "variable"
    DEFAULT = "default"
    QUESTION = "question"
    BRACES = "braces"
    SYNTAX = "syntax"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: what it is about, and the line where the parser knows it."""

    fault: Fault
    what: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """A text as read. With findings there are no parts."""

    parts: Parts
    findings: tuple[Finding, ...] = ()


@lru_cache(maxsize=1024)
def read(text: str) -> Read:
    """Return what a text says, or everything that is wrong with it. Of any text whatsoever: nothing is raised."""
    findings = list(_before_parsing(text))
    if findings:
        return Read((), tuple(findings))
    try:
        nodes = Template(text, engine=_ENGINE).nodelist
    except TemplateSyntaxError as error:
        return Read((), (_as_finding(error),))
    parts = _parts(nodes, findings)
    return Read((), tuple(findings)) if findings else Read(parts)


def _before_parsing(text: str) -> Iterable[Finding]:
    """Yield what is refused before Django's parser sees it: what is too much, and tags that are not ours."""
    if len(text) > MOST_CHARACTERS:
        yield Finding(Fault.TOO_LONG, str(MOST_CHARACTERS))
        return
    for match in _FORBIDDEN.finditer(text):
        yield Finding(Fault.SIGN, f"U+{ord(match[0]):04X}", text.count("\n", 0, match.start()) + 1)
        return
    tokens = [token for token in Lexer(text).tokenize() if token.token_type is not TokenType.TEXT]
    if len(tokens) > _MOST_TAGS:
        yield Finding(Fault.TOO_MANY_TAGS, str(_MOST_TAGS))
        return
    in_comment = False
    for token in tokens:
        if len(token.contents) > _LONGEST_TAG:
            yield Finding(Fault.SYNTAX, f"{token.contents[:20]}…", token.lineno)
        name = token.contents.split(None, 1)[0] if token.contents.split() else ""
        if token.token_type is TokenType.BLOCK and name not in _KNOWN_TAGS and not in_comment:
            yield Finding(Fault.TAG, name, token.lineno)
        if token.token_type is TokenType.BLOCK and name in ("comment", "endcomment"):
            in_comment = name == "comment"


def _as_finding(error: TemplateSyntaxError) -> Finding:
    line = getattr(getattr(error, "token", None), "lineno", None)
    unknown = _UNKNOWN_FILTER.search(str(error))
    return Finding(Fault.FILTER, unknown[1], line) if unknown else Finding(Fault.SYNTAX, str(error), line)


def _parts(nodes: Iterable[Node], findings: list[Finding]) -> Parts:
    """Return plain values for Django's nodes; what has none is a finding."""
    parts: list[Words | Put | Choice] = []
    for node in nodes:
        line = node.token.lineno if node.token is not None else None
        if isinstance(node, TextNode):
            if _BRACES.search(node.s):
                findings.append(Finding(Fault.BRACES, _BRACES.findall(node.s)[0], line))
            parts.append(Words(node.s))
        elif isinstance(node, VariableNode):
            parts.append(_put(node.filter_expression, line, findings))
        elif isinstance(node, IfNode):
            branches = [(_question(asked, line, findings), _parts(inner, findings)) for asked, inner in node.conditions_nodelists]
            parts.append(Choice(tuple(branches)))
        elif not isinstance(node, CommentNode):
            findings.append(Finding(Fault.TAG, type(node).__name__, line))
    return tuple(parts)


def _name(expression: Any, line: int | None, findings: list[Finding]) -> str:
    """Return the variable that an expression is, and nothing but one of the list."""
    variable = expression.var
    name = str(variable.var if isinstance(variable, Variable) else expression.token)
    if not isinstance(variable, Variable) or variable.lookups != (name,) or name not in VARIABLES:
        findings.append(Finding(Fault.VARIABLE, name, line))
    return name


def _put(expression: Any, line: int | None, findings: list[Finding]) -> Put:
    name = _name(expression, line, findings)
    if not expression.filters:
        return Put(name)
    (_filter, arguments), *more = expression.filters
    instead = arguments[0][1] if arguments else None
    # A text in quotes, and one: no variable, no number, nothing that gettext would translate, no empty hole.
    if more or not isinstance(instead, str) or not instead.strip() or _BRACES.search(instead):
        findings.append(Finding(Fault.DEFAULT, str(expression.token), line))
        return Put(name)
    # Joined anew it is a plain text, and not one that Django marked as safe.
    return Put(name, "".join(list(instead)))


def _question(asked: Any, line: int | None, findings: list[Finding]) -> Question | None:
    """Return a question of `if` or `elif`; None for `else`. Figures are texts here: they are there or not, or are the same."""
    if asked is None:
        return None
    if asked.id == "literal":
        return Value(name=_name(asked.value, line, findings)) if _is_plain(asked, line, findings) else Value()
    if asked.id == "not":
        return Not(_question(asked.first, line, findings) or Value())
    if asked.id in ("and", "or"):
        first, second = (_question(side, line, findings) or Value() for side in (asked.first, asked.second))
        return Both(first, second, is_or=asked.id == "or")
    if asked.id in ("==", "!=") and asked.first.id == asked.second.id == "literal":
        same = Same(*(_compared(side, line, findings) for side in (asked.first, asked.second)))
        return same if asked.id == "==" else Not(same)
    findings.append(Finding(Fault.QUESTION, str(asked.id), line))
    return Value()


def _is_plain(side: Any, line: int | None, findings: list[Finding]) -> bool:
    if side.value.filters:
        findings.append(Finding(Fault.QUESTION, str(side.text), line))
    return not side.value.filters


def _compared(side: Any, line: int | None, findings: list[Finding]) -> Value:
    if not _is_plain(side, line, findings):
        return Value()
    if isinstance(side.value.var, str):
        return Value(text="".join(list(side.value.var)))
    return Value(name=_name(side.value, line, findings))

"""The text of a rule, read: DjangoQL's words and grammar, a tree of our own, no model in sight.

From DjangoQL come the lexer and the grammar of comparisons (docs/rules.md). Three things are ours: `and` binds before `or`
(DjangoQL joins them from the right, so that `a and b or c` would mean `a and (b or c)`); every comparison remembers where
it stands; and a refusal says what could stand there instead.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from djangoql.lexer import DjangoQLLexer
from djangoql.parser import DjangoQLParser
from ply import lex, yacc

from riskops.shared.rule_language.errors import FactUnknown, RuleMalformed, ValueMalformed
from riskops.shared.rule_language.facts import Catalogue, Fact, Kind, Plain, UnknownFact
from riskops.shared.rule_language.rules import And, Comparison, Node, Operator, Or, Rule

#: Bounds on what is typed: far above what a person can read, far below what a database minds.
MOST_CHARACTERS: Final = 4_000
MOST_COMPARISONS: Final = 100
MOST_VALUES: Final = 200
MOST_DEPTH: Final = 20
#: Whole numbers are compared as eight bytes.
LARGEST_NUMBER: Final = 2**63 - 1
_MOST_DIGITS: Final = 19

_ORDERING: Final = (Operator.LESS, Operator.LESS_OR_EQUAL, Operator.GREATER, Operator.GREATER_OR_EQUAL)
_TEXT_ONLY: Final = (
    Operator.CONTAINS,
    Operator.NOT_CONTAINS,
    Operator.STARTS,
    Operator.NOT_STARTS,
    Operator.ENDS,
    Operator.NOT_ENDS,
)
#: What keyboards and word processors put where the language has a plain character.
_LOOKALIKES: Final = {
    "＝": "=", "＞": ">", "＜": "<", "（": "(", "）": ")", "，": ",", "、": ",", "“": '"', "”": '"', "‘": "'", "’": "'",
    "≥": ">=", "≤": "<=", "≠": "!=", "！": "!", "～": "~", "！＝": "!=",
}  # fmt: skip
_KEYWORDS: Final = {word.lower(): word for word in ("and", "or", "not", "in", "startswith", "endswith", "True", "False", "None")}


def parse_rule(text: str, catalogue: Catalogue) -> Rule:
    """Return the rule that a text says about the catalogue's facts.

    :raises RuleMalformed: it does not parse, or is larger than a rule may be
    :raises FactUnknown: it names something that is no fact
    :raises ValueMalformed: a fact is compared in a way, or with a value, that does not fit its kind
    """
    # One kind of line end, so that the lines counted are those seen: forms send two characters for one.
    text = re.sub(r"\r\n?|[\u2028\u2029]", "\n", text)
    where = _Position(text)
    if not text.strip():
        raise RuleMalformed(_("The rule is empty."), _("Write a comparison, such as dpd > 7."), line=1, column=1)
    if len(text) > MOST_CHARACTERS:
        raise RuleMalformed(
            _("The rule has %(count)s characters.") % {"count": len(text)},
            _("At most %(most)s are read; make it shorter or split it in two.") % {"most": MOST_CHARACTERS},
            **where.at(MOST_CHARACTERS),
        )
    written = _grammar().read(text, where)
    return Rule(text, _Reading(catalogue, where).node(written, depth=1))


@dataclass(frozen=True, slots=True)
class _Position:
    """Turns places in the text into lines and columns, both from 1."""

    text: str

    def at(self, place: int) -> dict[str, int]:
        before = self.text[:place]
        return {"line": before.count("\n") + 1, "column": place - (before.rfind("\n") + 1) + 1}

    @property
    def end(self) -> int:
        return len(self.text.rstrip())


@dataclass(frozen=True, slots=True)
class _Value:
    """A value as typed, and where."""

    value: Any
    place: int


@dataclass(frozen=True, slots=True)
class _Written:
    """A comparison as typed; `values` has one value unless the operator takes a list."""

    name: str
    place: int
    operator: Operator
    operator_place: int
    values: tuple[_Value, ...]


@dataclass(frozen=True, slots=True)
class _Joined:
    """Two sides of an `and` or an `or`."""

    is_and: bool
    sides: tuple[Any, Any]


class _Lexer(DjangoQLLexer):
    """DjangoQL's words; a character that belongs to none is refused with a hint."""

    where: _Position

    def t_error(self, t: Any) -> None:
        shown = t.value[0]
        if shown in "'\"":
            what_next = _("A text stands between two quotation marks of one kind, on one line: close it.")
        elif shown in _LOOKALIKES:
            what_next = _("Write %(plain)s instead.") % {"plain": _LOOKALIKES[shown]}
        elif shown in "&|":
            what_next = _("Write and, or.")
        elif shown == "!":
            what_next = _("Write != or !~.")
        else:
            what_next = _("Take it away, or put texts between quotation marks.")
        what = _("“%(character)s” does not belong in a rule.") % {"character": shown}
        raise RuleMalformed(what, what_next, **self.where.at(t.lexpos))


class _Grammar(DjangoQLParser):
    """DjangoQL's grammar with our tree as its result. One per thread: ply's parser keeps its place in itself."""

    # `and` before `or`, each from the left; DjangoQL's own rules for joining are switched off.
    precedence = (("left", "OR"), ("left", "AND"))
    p_logical = None

    def __init__(self) -> None:
        self.default_lexer = _Lexer(errorlog=lex.NullLogger())
        self.tokens = self.default_lexer.tokens
        self.yacc = yacc.yacc(module=self, debug=False, write_tables=False, errorlog=yacc.NullLogger())

    def read(self, text: str, where: _Position) -> Any:
        self.where = self.default_lexer.where = where
        return self.yacc.parse(input=text, lexer=self.default_lexer, tracking=True)

    def p_expression_logical(self, p: Any) -> None:
        """
        expression : expression OR expression
                   | expression AND expression
        """
        p[0] = _Joined(p[2] == "and", (p[1], p[3]))

    def p_expression_comparison(self, p: Any) -> None:
        """
        expression : name comparison_number number
                   | name comparison_string string
                   | name comparison_equality boolean_value
                   | name comparison_equality none
                   | name comparison_in_list const_list_value
        """
        values = p[3] if isinstance(p[3], tuple) else (p[3],)
        p[0] = _Written(p[1].value, p.lexpos(1), Operator(p[2].operator), p.lexpos(2), values)

    def p_number_int(self, p: Any) -> None:
        """
        number : INT_VALUE
        """
        p[0] = self._number(p)

    def p_number_float(self, p: Any) -> None:
        """
        number : FLOAT_VALUE
        """
        p[0] = self._number(p)

    def _number(self, p: Any) -> _Value:
        if len(p[1]) > _MOST_DIGITS * 2 or "e" in p[1].lower():
            raise ValueMalformed(
                _("%(value)s cannot be read.") % {"value": p[1][:40]},
                _("Write a plain number of at most %(most)s digits, without exponent.") % {"most": _MOST_DIGITS - 1},
                **self.where.at(p.lexpos(1)),
            )
        return _Value(Decimal(p[1]), p.lexpos(1))

    def p_string(self, p: Any) -> None:
        """
        string : STRING_VALUE
        """
        super().p_string(p)
        p[0] = _Value(p[0].value, p.lexpos(1))

    def p_none(self, p: Any) -> None:
        """
        none : NONE
        """
        p[0] = _Value(None, p.lexpos(1))

    def p_true(self, p: Any) -> None:
        """
        true : TRUE
        """
        p[0] = _Value(True, p.lexpos(1))

    def p_false(self, p: Any) -> None:
        """
        false : FALSE
        """
        p[0] = _Value(False, p.lexpos(1))

    def p_const_list_value(self, p: Any) -> None:
        """
        const_list_value : PAREN_L const_value_list PAREN_R
        """
        p[0] = tuple(p[2])

    def p_error(self, token: Any) -> None:
        expected = _expected(self.yacc.action[self.yacc.statestack[-1]])
        if token is None:
            raise RuleMalformed(
                _("The rule stops too early."),
                _("After this comes %(expected)s.") % {"expected": expected},
                **self.where.at(self.where.end),
            )
        written = str(token.value)
        keyword = _KEYWORDS.get(written.lower())
        if token.type == "NAME" and keyword and keyword != written:
            what_next = _("Write %(keyword)s.") % {"keyword": keyword}
        else:
            what_next = _("Here comes %(expected)s.") % {"expected": expected}
        shown = written if len(written) <= 20 else f"{written[:19]}…"
        raise RuleMalformed(_("“%(word)s” does not fit here.") % {"word": shown}, what_next, **self.where.at(token.lexpos))


_of_thread = threading.local()


def _grammar() -> _Grammar:
    if not hasattr(_of_thread, "grammar"):
        _of_thread.grammar = _Grammar()
    return _of_thread.grammar


def _expected(possible: dict[str, int]) -> str:
    """Return the words that could stand at a place, said as a person says them."""
    kinds = [
        ("NAME", _("a fact")),
        ("PAREN_L", _("an opening bracket")),
        ("EQUALS", "=, !="),
        ("GREATER", ">, >=, <, <="),
        ("CONTAINS", "~, !~, startswith, endswith"),
        ("IN", "in"),
        ("NOT", "not in"),
        ("STARTSWITH", "startswith, endswith"),
        ("INT_VALUE", _("a number")),
        ("STRING_VALUE", _("a text between quotation marks")),
        ("TRUE", "True, False"),
        ("NONE", "None"),
        ("AND", "and, or"),
        ("COMMA", _("a comma")),
        ("PAREN_R", _("a closing bracket")),
        ("$end", _("the end")),
    ]
    said = [words for token, words in kinds if token in possible]
    # Where a comparison sign may stand all of them may; STARTSWITH apart is only said after `not`.
    if "CONTAINS" in possible:
        said.remove("startswith, endswith")
    if len(said) < 2:
        return said[0] if said else _("the end")
    return _("%(most)s or %(last)s") % {"most": "; ".join(said[:-1]), "last": said[-1]}


class _Reading:
    """Turns what was written into the tree, asking the catalogue what the names mean."""

    def __init__(self, catalogue: Catalogue, where: _Position) -> None:
        self.catalogue = catalogue
        self.where = where
        self.comparisons = 0

    def node(self, written: _Written | _Joined, *, depth: int) -> Node:
        if isinstance(written, _Written):
            return self.comparison(written)
        sides = _sides(written)
        if depth > MOST_DEPTH:
            raise RuleMalformed(
                _("Brackets stand more than %(most)s deep.") % {"most": MOST_DEPTH},
                _("Write it flatter."),
                **self.where.at(_first(written).place),
            )
        parts = tuple(self.node(side, depth=depth + 1) for side in sides)
        return And(parts) if written.is_and else Or(parts)

    def comparison(self, written: _Written) -> Comparison:
        self.comparisons += 1
        if self.comparisons > MOST_COMPARISONS:
            raise RuleMalformed(
                _("The rule has more than %(most)s comparisons.") % {"most": MOST_COMPARISONS},
                _("Split it in two, or use in (…)."),
                **self.where.at(written.place),
            )
        try:
            fact = self.catalogue.fact(written.name)
        except UnknownFact as unknown:
            raise FactUnknown(written.name, unknown.near, **self.where.at(written.place)) from None
        self.check_operator(fact, written)
        if written.operator in (Operator.IN, Operator.NOT_IN):
            if len(written.values) > MOST_VALUES:
                raise RuleMalformed(
                    _("The list has %(count)s values.") % {"count": len(written.values)},
                    _("At most %(most)s are read; use a range, or a fixed list of accounts.") % {"most": MOST_VALUES},
                    **self.where.at(written.values[0].place),
                )
            values = tuple(dict.fromkeys(self.value(fact, written.operator, value) for value in written.values))
            return Comparison(fact, written.operator, values)
        return Comparison(fact, written.operator, self.value(fact, written.operator, written.values[0]))

    def check_operator(self, fact: Fact, written: _Written) -> None:
        operator = written.operator
        names = {"fact": fact.name, "operator": operator.value}
        if operator in _TEXT_ONLY and fact.kind is not Kind.TEXT:
            what = _("%(fact)s is no text: %(operator)s does not apply.") % names
        elif operator in _ORDERING and not fact.kind.has_order:
            what = _("%(fact)s has no order: %(operator)s does not apply.") % names
        else:
            return
        fitting = "=, !=, in, not in" + (", <, <=, >, >=" if fact.kind.has_order else "")
        raise ValueMalformed(
            what, _("Use one of %(operators)s.") % {"operators": fitting}, **self.where.at(written.operator_place)
        )

    def value(self, fact: Fact, operator: Operator, typed: _Value) -> Plain:
        """Return a value as the fact's kind holds it."""
        if typed.value is None:
            if fact.is_nullable:
                return None
            raise ValueMalformed(
                _("%(fact)s is never absent.") % {"fact": fact.name},
                _("Compare it with a value instead of None."),
                **self.where.at(typed.place),
            )
        read = {Kind.YES_NO: _yes_no, Kind.TEXT: _text, Kind.DATE: _day}.get(fact.kind, _number)
        held, what_next = read(fact, operator, typed.value)
        if held is None:
            raise ValueMalformed(
                _("%(fact)s cannot be compared with %(value)s.") % {"fact": fact.name, "value": _shown(typed.value)},
                what_next,
                **self.where.at(typed.place),
            )
        return held


def _sides(written: _Joined) -> list[_Written | _Joined]:
    """Return what an `and` (or an `or`) joins, those inside it of the same kind opened up, in the order written."""
    sides: list[_Written | _Joined] = []
    waiting: list[_Written | _Joined] = [written]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _Joined) and node.is_and == written.is_and:
            waiting.extend(reversed(node.sides))
        else:
            sides.append(node)
    return sides


def _first(written: _Written | _Joined) -> _Written:
    while isinstance(written, _Joined):
        written = written.sides[0]
    return written


def _shown(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _number(fact: Fact, operator: Operator, value: Any) -> tuple[Plain, str]:
    decimals = fact.kind.decimals
    if decimals:
        wanted = _("Write a number with at most %(decimals)s decimals.") % {"decimals": decimals}
    else:
        wanted = _("Write a whole number.")
    if not isinstance(value, Decimal):
        return None, wanted
    if int(value.as_tuple().exponent) < -decimals:
        return None, wanted
    scaled = value.scaleb(decimals)
    if abs(scaled) > LARGEST_NUMBER:
        return None, _("Write a smaller number.")
    return int(scaled), wanted


def _yes_no(fact: Fact, operator: Operator, value: Any) -> tuple[Plain, str]:
    return (value if isinstance(value, bool) else None), _("Write True or False, without quotation marks.")


def _text(fact: Fact, operator: Operator, value: Any) -> tuple[Plain, str]:
    if not isinstance(value, str):
        return None, _("Put it between quotation marks.")
    if any("\ud800" <= character <= "\udfff" or character == "\0" for character in value):
        return None, _("Take the character away that no text can hold.")
    if operator in _TEXT_ONLY:
        return (value or None), _("An empty text is part of every text; write what to look for.")
    if isinstance(fact.choices, tuple) and fact.choices and value not in fact.choices:
        return None, _("It is one of %(choices)s.") % {"choices": ", ".join(fact.choices)}
    return value, ""


def _day(fact: Fact, operator: Operator, value: Any) -> tuple[Plain, str]:
    wanted = _('Write a day as "2025-03-31".')
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return None, wanted
    try:
        return date.fromisoformat(value).isoformat(), wanted
    except ValueError:
        return None, wanted

"""Rules are read as written, and a refusal says where, what is wrong and what to write instead."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from riskops.shared.rule_language import (
    And,
    Catalogue,
    Comparison,
    Fact,
    FactUnknown,
    Kind,
    Operator,
    Or,
    RuleMalformed,
    RuleRefusal,
    ValueMalformed,
    explain,
    holds,
    parse_rule,
)
from riskops.shared.rule_language.parsing import MOST_CHARACTERS, MOST_COMPARISONS, MOST_DEPTH


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    facts = Catalogue("test")
    for name, kind, is_nullable in [
        ("dpd", Kind.DAYS, False),
        ("score", Kind.NUMBER, True),
        ("exposure", Kind.AMOUNT, False),
        ("utilization", Kind.PERCENT, True),
        ("on_hold", Kind.YES_NO, False),
        ("product", Kind.TEXT, False),
        ("seen_on", Kind.DATE, True),
    ]:
        facts.register(Fact(name, kind, name, "", "", lambda _day: None, is_nullable))
    facts.register(Fact("category", Kind.TEXT, "category", "", "", lambda _day: None, choices=("normal", "loss")))
    return facts


def shape(node: Any) -> Any:
    if isinstance(node, Comparison):
        return (node.fact.name, node.operator.value, node.value)
    return ("and" if isinstance(node, And) else "or", *map(shape, node.parts))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dpd > 7", ("dpd", ">", 7)),
        ("exposure > 5000", ("exposure", ">", 50_000_000)),
        ("exposure = 0.0001", ("exposure", "=", 1)),
        ("utilization >= 82.5", ("utilization", ">=", 8_250)),
        ("on_hold = True", ("on_hold", "=", True)),
        ('product ~ "a\\"b"', ("product", "~", 'a"b')),
        ("product not startswith 'x'", ("product", "not startswith", "x")),
        ('seen_on < "2025-03-31"', ("seen_on", "<", "2025-03-31")),
        ("score in (None, 600, 600)", ("score", "in", (None, 600))),
        ("score != None", ("score", "!=", None)),
        ("dpd != -3", ("dpd", "!=", -3)),
        # `and` binds before `or`, whichever comes first; of one kind, all stand side by side.
        ("dpd=1 or dpd=2 and dpd=3", ("or", ("dpd", "=", 1), ("and", ("dpd", "=", 2), ("dpd", "=", 3)))),
        ("dpd=1 and dpd=2 or dpd=3", ("or", ("and", ("dpd", "=", 1), ("dpd", "=", 2)), ("dpd", "=", 3))),
        ("dpd=1 and (dpd=2 or dpd=3)", ("and", ("dpd", "=", 1), ("or", ("dpd", "=", 2), ("dpd", "=", 3)))),
        ("dpd=1 and (dpd=2 and dpd=3)", ("and", ("dpd", "=", 1), ("dpd", "=", 2), ("dpd", "=", 3))),
        ("dpd > 7\r\nand score < 600", ("and", ("dpd", ">", 7), ("score", "<", 600))),
    ],
)
def test_a_rule_is_read_as_it_is_written(catalogue: Catalogue, text: str, expected: Any) -> None:
    assert shape(parse_rule(text, catalogue).tree) == expected


def test_a_rule_knows_its_text_and_the_facts_it_needs(catalogue: Catalogue) -> None:
    rule = parse_rule("score < 600 or dpd > 7 and score = None", catalogue)
    assert rule.names == ("dpd", "score")
    assert [c.fact.name for c in rule.comparisons] == ["score", "dpd", "score"]
    assert str(rule) == rule.text
    assert rule == parse_rule(rule.text, catalogue)


@pytest.mark.parametrize(
    ("text", "error", "line", "column", "message"),
    [
        ("", RuleMalformed, 1, 1, "The rule is empty."),
        ("dpd >", RuleMalformed, 1, 6, "After this comes a number or a text between quotation marks."),
        ("dpd > 7 AND score < 1", RuleMalformed, 1, 9, "“AND” does not fit here. Write and."),
        ("dpd > 7\n  and\n  score = none", RuleMalformed, 3, 11, "“none” does not fit here. Write None."),
        ("dpd ＞ 7", RuleMalformed, 1, 5, "Write > instead."),
        ('product = "abc', RuleMalformed, 1, 11, "close it"),
        ("(dpd > 7", RuleMalformed, 1, 9, "a closing bracket"),
        ("dpd > 7 ; score", RuleMalformed, 1, 9, "does not belong in a rule"),
        ("not dpd = 7", RuleMalformed, 1, 1, "Here comes a fact or an opening bracket."),
        ("dpd in ()", RuleMalformed, 1, 9, "“)” does not fit here."),
        ("dpd > 7 and\r\ndbd = 1", FactUnknown, 2, 1, "There is no fact “dbd”. Did you mean dpd?"),
        ("account.customer.name = 1", FactUnknown, 1, 1, "follow no relation"),
        ("zebra = 1", FactUnknown, 1, 1, "Pick one from the list of facts."),
        ("dpd > 7.5", ValueMalformed, 1, 7, "dpd cannot be compared with 7.5. Write a whole number."),
        ('dpd = "7"', ValueMalformed, 1, 7, 'dpd cannot be compared with "7".'),
        ("dpd = None", ValueMalformed, 1, 7, "dpd is never absent."),
        ("dpd in (1, None)", ValueMalformed, 1, 12, "dpd is never absent."),
        ("dpd = True", ValueMalformed, 1, 7, "Write a whole number."),
        ("exposure > 1.00001", ValueMalformed, 1, 12, "at most 4 decimals"),
        ("utilization > 0.123", ValueMalformed, 1, 15, "at most 2 decimals"),
        ("on_hold = 1", ValueMalformed, 1, 11, "Write True or False"),
        ('on_hold > "a"', ValueMalformed, 1, 9, "on_hold has no order"),
        ('product > "a"', ValueMalformed, 1, 9, "product has no order"),
        ('dpd ~ "a"', ValueMalformed, 1, 5, "dpd is no text"),
        ('product ~ ""', ValueMalformed, 1, 11, "An empty text is part of every text"),
        ('product = "\\u0000"', ValueMalformed, 1, 11, "no text can hold"),
        ('product = "\\ud800"', ValueMalformed, 1, 11, "no text can hold"),
        ('category = "los"', ValueMalformed, 1, 12, "It is one of normal, loss."),
        ('seen_on > "2025-02-30"', ValueMalformed, 1, 11, "Write a day as"),
        ("dpd > 9223372036854775808", ValueMalformed, 1, 7, "Write a smaller number."),
        ("dpd > 1e3", ValueMalformed, 1, 7, "without exponent"),
        ("dpd > " + "9" * 3000, ValueMalformed, 1, 7, "cannot be read"),
        ("x" * (MOST_CHARACTERS + 1), RuleMalformed, 1, MOST_CHARACTERS + 1, "4001 characters"),
    ],
)
def test_a_refusal_says_where_what_and_what_next(
    catalogue: Catalogue, text: str, error: type[RuleRefusal], line: int, column: int, message: str
) -> None:
    with pytest.raises(RuleRefusal) as refused:
        parse_rule(text, catalogue)
    assert type(refused.value) is error
    assert (refused.value.line, refused.value.column) == (line, column)
    assert message in str(refused.value)


def test_a_rule_is_bounded(catalogue: Catalogue) -> None:
    joined = " and ".join(["dpd=1"] * MOST_COMPARISONS)
    assert len(list(parse_rule(joined, catalogue).comparisons)) == MOST_COMPARISONS
    with pytest.raises(RuleMalformed, match="more than 100 comparisons"):
        parse_rule(joined + " and dpd=1", catalogue)
    nested = "dpd=1"
    for number in range(MOST_DEPTH):
        nested = f"(dpd=1 {('and', 'or')[number % 2]} {nested})"
    parse_rule(nested, catalogue)
    with pytest.raises(RuleMalformed, match="more than 20 deep"):
        parse_rule(f"dpd=2 {('and', 'or')[MOST_DEPTH % 2]} {nested}", catalogue)
    # Brackets that say nothing do not count.
    parse_rule("(" * 1_900 + "dpd=1" + ")" * 1_900, catalogue)


def test_a_refusal_speaks_chinese_too(catalogue: Catalogue) -> None:
    with translation.override("zh-hans"), pytest.raises(FactUnknown) as refused:
        parse_rule("dbd > 7", catalogue)
    assert str(refused.value) == "第 1 行第 1 列：没有名为“dbd”的指标。是否想写 dpd？"


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("score < 600", None, False),
        ("score != 600", None, False),
        ("score not in (600)", None, False),
        ("score = None", None, True),
        ("score != None", None, False),
        ("score in (None, 600)", None, True),
        ("score not in (None, 600)", None, False),
        ("score not in (None, 600)", 599, True),
        ("score not in (None)", 599, True),
        ("score in (None)", 599, False),
        ("score != None", 599, True),
    ],
)
def test_an_absent_value_compares_false_and_only_none_asks_for_it(
    catalogue: Catalogue, text: str, found: int | None, expected: bool
) -> None:
    rule = parse_rule(text, catalogue)
    assert holds(rule, {"score": found}) is expected
    if found is None:
        assert holds(rule, {}) is expected


def test_an_explanation_compares_every_value(catalogue: Catalogue) -> None:
    explanation = explain(parse_rule("dpd > 7 and (score < 600 or on_hold = True)", catalogue), {"dpd": 14, "on_hold": False})
    assert not explanation.holds
    assert [(c.fact.name, c.operator, c.wanted, c.found, c.holds) for c in explanation.comparisons] == [
        ("dpd", Operator.GREATER, 7, 14, True),
        ("score", Operator.LESS, 600, None, False),
        ("on_hold", Operator.EQUAL, True, False, False),
    ]
    assert explanation.as_json() == {
        "rule": "dpd > 7 and (score < 600 or on_hold = True)",
        "holds": False,
        "why": {
            "join": "and",
            "holds": False,
            "parts": [
                {"fact": "dpd", "operator": ">", "wanted": 7, "found": 14, "holds": True},
                {
                    "join": "or",
                    "holds": False,
                    "parts": [
                        {"fact": "score", "operator": "<", "wanted": 600, "found": None, "holds": False},
                        {"fact": "on_hold", "operator": "=", "wanted": True, "found": False, "holds": False},
                    ],
                },
            ],
        },
    }


def test_a_fact_is_registered_once(catalogue: Catalogue) -> None:
    with pytest.raises(ValueError, match="twice"):
        catalogue.register(catalogue.fact("dpd"))


def test_the_tree_of_a_rule_is_ours(catalogue: Catalogue) -> None:
    assert isinstance(parse_rule("dpd=1 or dpd=2", catalogue).tree, Or)

"""Templates read, judged and written: whatever the text, nothing is read but the values and nothing raised but refusals."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from outreach.models import MessageTemplate
from outreach.operations.template_refusals import TemplateUnfit, TextTooLong, ValueMissing
from outreach.policies import ContactPolicy
from outreach.rendering import (
    Text,
    discloses_debt,
    example_values,
    has_opt_out,
    longest_text,
    names_institution,
    problems_of,
    render,
)
from outreach.rendering import problems as problems_module
from outreach.rendering.reading import Fault, read
from outreach.rules.message_text import sms_length
from outreach.rules.template_variables import VARIABLES

GOOD_EN = "{{ institution }}: {{ amount_due }} is due on {{ due_date }}. {{ opt_out }}"
GOOD_ZH = "【{{ institution }}】应还{{ amount_due }}，还款日{{ due_date }}。{{ opt_out }}"
#: In Django's words.
UNDERSCORES = "Variables and attributes may not begin with underscores: 'due_date.__class__'"
VALUES = {"institution": "House", "amount_due": "¥12.00", "due_date": "1 Mar 2025", "opt_out": "Reply STOP to opt out."}


@pytest.fixture(autouse=True)
def _no_policy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let texts alone be judged: which policies are followed is asked of the database."""
    monkeypatch.setattr(problems_module, "followed_policies", list)


def sms(body_en: str = GOOD_EN, body_zh: str = GOOD_ZH, **more: Any) -> MessageTemplate:
    return MessageTemplate(**{"code": "t", "version": 1, "channel": "sms", "body_en": body_en, "body_zh": body_zh, **more})


def faults(text: str) -> list[tuple[Fault, str, int | None]]:
    return [(finding.fault, finding.what, finding.line) for finding in read(text).findings]


def fields(template: MessageTemplate) -> list[str]:
    return [problem.field for problem in problems_of(template)]


def test_a_message_is_written_in_the_customers_language_with_plain_values() -> None:
    assert render(sms(), VALUES, "en") == Text("", "House: ¥12.00 is due on 1 Mar 2025. Reply STOP to opt out.")
    assert render(sms(), VALUES, "zh-hans").body == "【House】应还¥12.00，还款日1 Mar 2025。Reply STOP to opt out."
    # Nothing is escaped, and braces in a value are no template.
    assert render(sms("{{ institution }} {{ product }}"), {"institution": "A & B", "product": "{{ due_date }}"}, "en").body == (
        "A & B {{ due_date }}"
    )


def test_choices_go_by_whether_a_value_is_there_or_the_same() -> None:
    text = sms(
        '{{ institution }} {% if penalty_due and not product %}p{% elif currency == "CNY" %}c{% elif due_date != "" %}d'
        "{% else %}e{% endif %}{% comment %}not {{ sent }}{% endcomment %}{# nor this #}"
    )
    said = [
        render(text, {"institution": "H", **values}, "en").body
        for values in ({"penalty_due": "1"}, {"penalty_due": "1", "product": "x", "currency": "CNY"}, {"due_date": "1 Mar"}, {})
    ]
    assert said == ["H p", "H c", "H d", "H e"]


def test_a_variable_without_value_is_a_refusal_and_no_hole() -> None:
    with pytest.raises(ValueMissing, match="amount_due") as refusal:
        render(sms(), {name: value for name, value in VALUES.items() if name != "amount_due"}, "en")
    assert refusal.value.name == "amount_due"
    with pytest.raises(ValueMissing):
        render(sms(), {**VALUES, "amount_due": ""}, "en")
    # Unless something is said instead, or nobody asks.
    text = sms('{{ institution }} {{ customer_name|default:"customer" }}{% if penalty_due %}{{ penalty_due }}{% endif %}')
    assert render(text, {"institution": "H"}, "en").body == "H customer"


def test_a_message_that_its_values_make_too_long_is_refused() -> None:
    text = sms("{{ institution }} {{ product }}")
    assert render(text, {"institution": "H", "product": "x" * 457}, "en").body.endswith("x")
    with pytest.raises(TextTooLong, match="4 segments") as refusal:
        render(text, {"institution": "H", "product": "x" * 458}, "en")
    assert refusal.value.found.most == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ nobody }}", (Fault.VARIABLE, "nobody", 1)),
        ("a\n{% if due_date %}\n{{ nobody }}{% endif %}", (Fault.VARIABLE, "nobody", 3)),
        ("{% if nobody %}x{% endif %}", (Fault.VARIABLE, "nobody", 1)),
        ("{{ due_date.__class__ }}", (Fault.SYNTAX, UNDERSCORES, 1)),
        ("{{ due_date.year }}", (Fault.VARIABLE, "due_date.year", 1)),
        ("{{ due_date.upper }}", (Fault.VARIABLE, "due_date.upper", 1)),
        ('{{ "x" }}', (Fault.VARIABLE, '"x"', 1)),
        ('{{ _("yes") }}', (Fault.VARIABLE, '_("yes")', 1)),
        ("{{ 3 }}", (Fault.VARIABLE, "3", 1)),
        ("{{ block.super }}", (Fault.VARIABLE, "block.super", 1)),
        ("{{ True }}", (Fault.VARIABLE, "True", 1)),
        ("{{ due_date|upper }}", (Fault.FILTER, "upper", 1)),
        ("{{ due_date|safe }}", (Fault.FILTER, "safe", 1)),
        ("{{ due_date|default:product }}", (Fault.DEFAULT, "due_date|default:product", 1)),
        ("{{ due_date|default:3 }}", (Fault.DEFAULT, "due_date|default:3", 1)),
        ('{{ due_date|default:_("yes") }}', (Fault.DEFAULT, 'due_date|default:_("yes")', 1)),
        ('{{ due_date|default:"" }}', (Fault.DEFAULT, 'due_date|default:""', 1)),
        ('{{ due_date|default:"a"|default:"b" }}', (Fault.DEFAULT, 'due_date|default:"a"|default:"b"', 1)),
        ("{% if days_past_due > 3 %}x{% endif %}", (Fault.QUESTION, ">", 1)),
        ('{% if "1" in days_past_due %}x{% endif %}', (Fault.QUESTION, "in", 1)),
        ('{% if product|default:"x" %}x{% endif %}', (Fault.QUESTION, 'product|default:"x"', 1)),
        ('{% include "x" %}', (Fault.TAG, "include", 1)),
        ("a\n{% load static %}", (Fault.TAG, "load", 2)),
        ("{% debug %}", (Fault.TAG, "debug", 1)),
        ("{% now 'Y' %}", (Fault.TAG, "now", 1)),
        ("{% for x in due_date %}{% endfor %}", (Fault.TAG, "for", 1)),
        ('{% extends "base.html" %}', (Fault.TAG, "extends", 1)),
        ("{% verbatim %}{{ x }}{% endverbatim %}", (Fault.TAG, "verbatim", 1)),
        ("{{ due_date\n}}", (Fault.BRACES, "{{", 1)),
        ("{{ due_date }} }}", (Fault.BRACES, "}}", 1)),
        ("a\x00b", (Fault.SIGN, "U+0000", 1)),
        ("a\n\ud800", (Fault.SIGN, "U+D800", 2)),
        ("x" * 4001, (Fault.TOO_LONG, "4000", None)),
        ("{{ due_date }}" * 61, (Fault.TOO_MANY_TAGS, "60", None)),
    ],
)  # fmt: skip
def test_what_is_no_template_is_found_with_its_line(text: str, found: tuple[Fault, str, int | None]) -> None:
    assert found in faults(text)
    with pytest.raises(TemplateUnfit):
        render(sms(text), {**VALUES, "product": "p", "days_past_due": "3"}, "en")


@pytest.mark.parametrize("text", ["{% if due_date %}", "{% endif %}", "{{ }}", "{% if %}x{% endif %}", "{% else %}", "{% %}"])
def test_what_cannot_be_parsed_is_found(text: str) -> None:
    assert faults(text)[0][0] in (Fault.SYNTAX, Fault.TAG)


PIECES = st.sampled_from(
    [
        *("{{ due_date }}", "{{ x.__class__ }}", "{{ due_date.__class__.__mro__ }}", "{% debug %}", "{{ self }}", "{{ _('x') }}"),
        *('{% include "/etc/passwd" %}', "{% load static %}", "{% if due_date %}", "{% elif product == 'x' %}", "{% else %}"),
        *("{% endif %}", "{# #}", "{% if not not not (", "{{ product|default:'a' }}", "{% comment %}", "{% endcomment %}"),
        *(
            "{{",
            "}}",
            "{%",
            "%}",
            "|",
            ":",
            "'",
            '"',
            "\\",
            "1e999",
            "==",
            " and ",
            " in ",
            "forloop",
            "request",
            "settings",
            "\n",
        ),
        *("{% if product and due_date %}", "{% if product != 'x' or due_date %}", "{{ 9" + "9" * 150),
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=40).map("".join)


def is_cut_from(said: str, text: str) -> bool:
    """Return whether all of a text stands in another, in the same order."""
    signs = iter(text)
    return all(sign in signs for sign in said)


@given(TEXTS, st.sets(st.sampled_from(list(VARIABLES))))
def test_no_text_whatsoever_raises_but_the_refusals_or_says_but_its_own_words_and_the_values(text: str, known: set[str]) -> None:
    template = sms(text)
    problems_of(template)
    longest_text(template, "en")
    assert {names_institution(template), discloses_debt(template), has_opt_out(template)} <= {True, False}
    try:
        said = render(template, {name: f"\ue000{name}\ue001" for name in known}, "en").body
    except (TemplateUnfit, ValueMissing, TextTooLong):
        return
    assert set(re.findall("\ue000(.*?)\ue001", said)) <= {name for name in known if name in text}
    assert is_cut_from(re.sub("\ue000.*?\ue001", "", said), text)


def test_the_property_would_find_what_is_not_of_the_text() -> None:
    assert is_cut_from("ad", "abcd") and not is_cut_from("da", "abcd") and not is_cut_from("x", "abcd")


@given(st.text(max_size=300))
def test_a_text_without_braces_is_sent_as_it_stands(text: str) -> None:
    if any(brace in text for brace in ("{", "}", "%", "#")) or read(text.strip()).findings or not text.strip():
        return
    try:
        assert render(sms(text), {}, "en").body == text.strip()
    except TextTooLong:
        assert sms_length(text.strip()).segments > 3


def test_the_deepest_template_that_is_taken_does_not_exhaust_the_stack() -> None:
    deep = "{% if due_date %}" * 30 + "{{ due_date }}" + "{% endif %}" * 29
    assert faults(deep)[0][0] is Fault.SYNTAX
    whole = "{% if due_date %}" * 29 + "{{ due_date }}" + "{% endif %}" * 29
    assert render(sms(whole), {"due_date": "1 Mar"}, "en").body == "1 Mar"
    assert faults("{% if " + "not " * 2000 + "due_date %}x{% endif %}")[0][0] in (Fault.SYNTAX, Fault.TOO_LONG)


def test_what_a_template_tells_the_gate_is_read_from_every_branch_and_language() -> None:
    assert (names_institution(sms()), has_opt_out(sms()), discloses_debt(sms())) == (True, True, True)
    only_sometimes = "{% if product %}{{ institution }} {{ opt_out }}{% endif %}"
    always = "{% if product %}{{ institution }} {{ opt_out }}{% else %}{{ opt_out }}{{ institution }}{% endif %}"
    plain_zh = "{{ institution }} {{ opt_out }}"
    assert not names_institution(sms(only_sometimes, plain_zh)) and not has_opt_out(sms(only_sometimes, plain_zh))
    assert names_institution(sms(always, plain_zh)) and has_opt_out(sms(always, plain_zh))
    assert not names_institution(sms(always, "no name")) and not has_opt_out(sms(always, "no way"))
    assert not discloses_debt(sms(always, plain_zh))
    assert discloses_debt(sms(always, "{% if product %}{{ penalty_due }}{% endif %}" + plain_zh))
    assert discloses_debt(sms(plain_zh, "您的账户已逾期")) and discloses_debt(sms("an unpaid amount", plain_zh))
    # What cannot be read may tell anything.
    assert discloses_debt(sms("{{ nobody }}", plain_zh)) and not names_institution(sms("{{ nobody }}", plain_zh))


def test_words_do_as_well_as_variables(settings: LazySettings) -> None:
    settings.INSTITUTION_NAME, settings.INSTITUTION_NAME_ZH = "First Bank", "第一银行"
    assert names_institution(sms("First Bank writes", "第一银行来信")) and has_opt_out(sms("Reply STOP now", "退订回T"))
    assert not names_institution(sms("Second Bank writes", "第一银行来信"))
    # Without a name nothing names it.
    settings.INSTITUTION_NAME = ""
    assert not names_institution(sms("First Bank writes", "第一银行来信"))


def test_what_is_wrong_is_found_in_both_languages_with_its_field() -> None:
    assert problems_of(sms()) == []
    assert fields(sms(body_zh=" ")) == ["body_zh"]
    assert fields(sms(body_en="{{ institution }} {{ nobody }} {{ neither }}")) == ["body_en", "body_en"]
    assert fields(sms(subject_en="Hello")) == ["subject_en"]
    assert fields(sms(channel="email")) == ["subject_en", "subject_zh"]
    assert fields(sms(channel="email", subject_en="a\nb", subject_zh="x" * 79)) == ["subject_en", "subject_zh"]
    assert fields(sms(channel="pigeon")) == ["channel"]
    (nameless,) = problems_of(sms(body_en="Please pay."))
    assert (nameless.field, "{{ institution }}" in nameless.text) == ("body_en", True)
    (unknown,) = problems_of(sms(body_en="{{ institution }}\n{% if product %}{{ nobody }}{% endif %}"))
    assert unknown.text.startswith("Line 2: there is no variable “nobody”")


def test_length_is_judged_with_the_longest_branch_and_the_longest_values() -> None:
    # 15 of the institution, 1 + 443: 459 septets are three segments of 153. One more is four.
    long = "{{ institution }} {% if product %}" + "a" * 443 + "{% else %}b{% endif %}"
    assert fields(sms(long)) == []
    assert longest_text(sms(long), "en").body == "Riskops Finance " + "a" * 443
    (problem,) = problems_of(sms(long.replace("{% else %}", "a{% else %}")))
    assert (problem.field, "4 segments" in problem.text) == ("body_en", True)
    # One branch with a sign that no GSM alphabet has: 201 units of UCS-2 are three segments, 202 four.
    mixed = "{{ institution }} {% if product %}" + "a" * 185 + "{% else %}…{% endif %}"
    assert fields(sms(mixed)) == []
    # The branch that is longest is still GSM: two segments, for those customers.
    assert sms_length(longest_text(sms(mixed), "en").body).segments == 2
    # An amount of 1,000,000.00 is measured, whatever the example.
    assert "¥1,000,000.00" in longest_text(sms(), "en").body
    assert "¥1,280.00" in render(sms(), example_values("en", "sms"), "en").body


def test_education_says_how_to_opt_out_where_a_policy_that_is_followed_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = {"body_en": "{{ institution }}: tips", "body_zh": "{{ institution }}：小贴士"}
    assert fields(sms(**text, purpose="education")) == []
    wants = ContactPolicy(profile="us-reg-f", version=1, is_opt_out_demanded=True)
    monkeypatch.setattr(problems_module, "followed_policies", lambda: [wants])
    found = problems_of(sms(**text, purpose="education"))
    assert [problem.field for problem in found] == ["body_en", "body_zh"] and "us-reg-f v1" in found[0].text
    assert fields(sms(purpose="education")) == [] == fields(sms(**text, purpose="reminder"))

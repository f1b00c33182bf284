"""What templates write for programs is not written for people: a number in an attribute has no thousands separator."""

from __future__ import annotations

import re
from pathlib import Path

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"
ATTRIBUTE = re.compile(r'\b(?:value|id|name|for|href|data-[\w-]+|hx-[\w-]+)="((?:\{%.*?%\}|\{\{.*?\}\}|[^"])*)"')
#: A key, a version or a number of a row: read back by a form, a link or a script. A form's `auto_id` is a text.
NUMBER = re.compile(r"\{\{ *((?:\w+\.)*(?:pk|id|(?!auto_)\w+_id|version|\w+_version)) *\}\}")


def test_numbers_that_are_read_back_are_written_without_a_thousands_separator() -> None:
    found = [
        f"{path.relative_to(TEMPLATES)}: {number}"
        for path in sorted(TEMPLATES.rglob("*.html"))
        for attribute in ATTRIBUTE.findall(path.read_text(encoding="utf-8"))
        for number in NUMBER.findall(attribute)
    ]
    assert found == []


def test_such_a_number_would_be_found() -> None:
    (attribute,) = ATTRIBUTE.findall("""<a href="{% url 'x' %}?at={{ row.item_id }}">""")
    assert NUMBER.findall(attribute) == ["row.item_id"]
    assert NUMBER.findall("{{ row.item_id|unlocalize }}") == []

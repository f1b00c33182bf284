"""There is no second way: the log of contacts is written by the gate alone."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WRITERS = {"create", "bulk_create", "get_or_create", "update_or_create", "update", "bulk_update", "save", "delete"}
#: Where the log may be written: the gate, its tables and their migrations; and what was made and is reported afterwards.
ALLOWED = {"collections/outreach/gate.py", "collections/outreach/reported.py"}


def product_code() -> list[Path]:
    """Return the modules of the product, migrations apart."""
    folders = ("riskops", "accounts", "collections", "dashboards", "tools")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return [path for path in found if "migrations" not in path.parts]


def writes_of_the_log(source: str) -> list[int]:
    """Return the lines on which something is written through `Contact` or `Denial`, or one of them is made."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        text = ast.unparse(node.func)
        is_made = text in ("Contact", "Denial", "models.Contact", "models.Denial")
        is_written = text.split(".")[-1] in WRITERS and re.search(r"\b(Contact|Denial)\.objects", text)
        if is_made or is_written:
            lines.append(node.lineno)
    return lines


def test_only_the_gate_writes_the_log() -> None:
    found = {str(path.relative_to(ROOT)): writes_of_the_log(path.read_text()) for path in product_code()}
    assert {path for path, lines in found.items() if lines} == ALLOWED


def test_the_search_sees_a_planted_bypass() -> None:
    planted = (
        "Contact.objects.create(customer=c)",
        "Contact.objects.filter(pk=1).update(outcome='open')",
        "models.Contact(customer=c).save()",
        "Denial.objects.bulk_create(rows)",
    )
    assert all(writes_of_the_log(line) for line in planted)
    assert not writes_of_the_log("Contact.objects.filter(pk=1).count()")

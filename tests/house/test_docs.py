"""The documents hold: links lead somewhere, the glossary's words are the code's and the screens', made parts are fresh."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from riskops.close_of_business import STEPS
from riskops.shared.roles import OPERATIONS
from tools import documents, messages

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CODE_FOLDERS = ("riskops", "accounts", "collections", "dashboards", "tools", "templates")


@cache
def code() -> str:
    files = (path for folder in CODE_FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".html"})
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (document.parent / path).resolve() if path else document
        assert linked.exists(), f"{target} is not there"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.M)
            assert anchor in map(slug, headings), f"{target}: no such heading"


@pytest.mark.parametrize("source", ["py", "html"])
def test_a_document_that_the_code_names_is_there(source):
    named = set()
    for folder in CODE_FOLDERS:
        for path in (ROOT / folder).rglob(f"*.{source}"):
            named |= set(re.findall(r"docs/[\w/-]+\.md", path.read_text(encoding="utf-8")))
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_every_decision_is_in_the_index():
    folder = ROOT / "docs" / "decisions"
    linked = set(re.findall(r"\(([\w-]+\.md)\)", (folder / "index.md").read_text(encoding="utf-8")))
    assert linked == {path.name for path in folder.glob("*.md")} - {"index.md"}


@pytest.mark.parametrize("document", documents.DOCUMENTS)
def test_what_is_made_from_the_code_is_fresh(document):
    content = (ROOT / document).read_text(encoding="utf-8")
    made = content.partition(documents.BEGIN)[2].partition(documents.END)[0].strip()
    assert made == documents.DOCUMENTS[document]().strip(), "run `make docs`"


def test_the_roles_document_has_a_row_for_every_operation():
    rows = re.findall(r"^\| `([\w.]+)` \|", (ROOT / "docs" / "roles.md").read_text(encoding="utf-8"), re.M)
    assert rows == sorted(OPERATIONS)
    assert "payment.post" in rows


def test_the_commands_of_the_contract_are_there():
    assert {
        "import_portfolio", "close_of_business", "export_aging", "export_metric", "verify_book", "load_sample", "make_book"
    } <= set(documents.own_commands())  # fmt: skip


def glossary() -> list[tuple[str, str, str]]:
    """Return English, Chinese and code name of each term."""
    rows = re.findall(
        r"^\| ([^|`]+) \| ([^|`]+) \| `(\w+)` \| .+ \|$", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.M
    )
    return [(english.strip(), chinese.strip(), name) for english, chinese, name in rows]


@pytest.mark.parametrize("told", [ROOT / "docs/architecture.md", ROOT / "riskops/close_of_business.py"])
def test_the_order_of_the_close_is_told_as_it_is(told):
    text = " ".join(told.read_text(encoding="utf-8").split())
    assert " → ".join(step.name for step in STEPS) in text, told


def test_the_glossary_has_each_term_once_with_a_chinese_word():
    terms = glossary()
    lines = [line for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert len(terms) == len(lines) - 2, "a row has another shape"
    assert len({english for english, _, _ in terms}) == len(terms)
    assert [english for english, chinese, _ in terms if not re.search(r"[\u4e00-\u9fff]", chinese)] == []


def test_the_code_says_each_term_of_the_glossary_as_given():
    assert [name for _, _, name in glossary() if not re.search(rf"\b{name}\b", code())] == []


def test_a_term_on_a_screen_is_translated_as_the_glossary_says():
    by_english = {english.lower(): chinese for english, chinese, _ in glossary()}
    wrong = []
    for home in messages.HOMES:
        for message in messages.read_catalog(home.po_path):
            chinese = by_english.get(message.id.lower()) if isinstance(message.id, str) else None
            if chinese and message.string and chinese not in message.string:
                wrong.append(f"{message.id}: {message.string} in {home.po_path.relative_to(ROOT)}, glossary: {chinese}")
    assert wrong == []

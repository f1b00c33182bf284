"""The key table is what the scripts do, what `?` shows, and what the analyst's guide prints in both languages."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest
from django.utils import translation

from casework.outcomes import OUTCOMES
from riskops.site.keys import ACCOUNT, DESK, EVERYWHERE, GO_TO, KEY_TABLE, LISTS, REVIEWS, WORKLIST, Key, KeyGroup
from riskops.site.navigation import GO_KEYS
from tools.documents import BEGIN, END

ROOT = Path(__file__).resolve().parent.parent.parent
GUIDES = {"en": ROOT / "docs" / "analyst-guide.md", "zh-hans": ROOT / "docs" / "analyst-guide.zh.md"}
#: A focused link opens on Enter without any script of ours.
OF_THE_BROWSER = {"Enter"}


def script(name: str) -> str:
    return (ROOT / "static" / "js" / f"{name}.js").read_text(encoding="utf-8")


def keys_of_script(name: str) -> set[str]:
    """Return the keys that a script answers to, spelt as in the table."""
    text = script(name)
    with_control = r"ctrlKey \|\| event\.metaKey\) && event\.key(?:\.toLowerCase\(\))? === \"(\w+)\""
    found = {f"Ctrl {key.upper() if len(key) == 1 else key}" for key in re.findall(with_control, text)}
    # Beside the key with Ctrl stands what Shift makes of it.
    found |= {"Ctrl Shift Enter" for _ in re.findall(r"event\.shiftKey \?", text)}
    text = re.sub(with_control, "", text)
    found |= set(re.findall(r'event\.key [!=]== "([^"]+)"', text))
    found |= set(re.findall(r"^ {6}(\w): \(\) =>", text, re.M))
    if "/^[1-9]$/" in text:
        found.add("1 … 9")
    shown = {"Escape": "Esc", "X": "Shift x", "ArrowUp": "↑", "ArrowDown": "↓"}
    return {shown.get(key, key) for key in found}


def hotkeys_of(*folders: str) -> set[str]:
    """Return the letters that templates give with data-hotkey."""
    texts = (path.read_text(encoding="utf-8") for folder in folders for path in (ROOT / "templates" / folder).rglob("*.html"))
    return set(re.findall(r'data-hotkey="(.)"', "".join(texts)))


def strokes(*groups: KeyGroup) -> set[str]:
    return {key.strokes for key in chain.from_iterable(group.keys for group in groups)}


def test_the_shells_keys_are_those_of_its_script() -> None:
    # Of "g w" the script knows the g; the letters are those of the navigation.
    table = {key for key in strokes(EVERYWHERE, LISTS) if key != "↑ ↓"} | {".", ",", "↑", "↓", "g"}
    assert "↑ ↓" in strokes(EVERYWHERE)
    assert {".", ","} <= strokes(ACCOUNT)
    # Enter is the browser's.
    assert keys_of_script("riskops") == table - OF_THE_BROWSER


def test_the_letters_after_g_are_those_of_the_navigation_and_lead_to_one_page_each() -> None:
    assert strokes(GO_TO) == {f"g {letter}" for letter in GO_KEYS.values()}
    assert len(GO_TO.keys) == len(GO_KEYS) == len(set(GO_KEYS.values()))


def test_the_worklists_keys_are_those_of_its_script_and_its_desk() -> None:
    table = strokes(WORKLIST, DESK)
    assert keys_of_script("worklist") | hotkeys_of("casework") == table
    # A letter of the list is no letter of the desk, but for those that serve both.
    assert strokes(WORKLIST) & strokes(DESK) == set()


def test_the_outcomes_have_the_keys_1_to_9() -> None:
    assert [outcome.key for outcome in OUTCOMES] == list(range(1, 10))


def test_the_keys_of_an_account_and_of_reviews_are_those_of_the_code() -> None:
    assert hotkeys_of("accounts") == strokes(ACCOUNT) - {".", ","}
    assert keys_of_script("reviews") == strokes(REVIEWS)


def test_no_key_has_two_meanings_where_both_could_be_meant() -> None:
    for group in (WORKLIST, DESK, ACCOUNT, REVIEWS):
        assert len(strokes(group)) == len(group.keys)
        assert strokes(group) & strokes(EVERYWHERE, GO_TO, LISTS) <= {"Enter", "Esc"}


def rows_of_guide(language: str) -> list[tuple[str, str, str]]:
    """Return heading, strokes and words of each line of the guide's key tables."""
    text = GUIDES[language].read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows, heading = [], ""
    for line in text.splitlines():
        if line.startswith("### "):
            heading = line[4:]
        elif found := re.match(r"\| (<kbd>.+</kbd>) \| (.+) \|$", line):
            rows.append((heading, re.sub(r"</?kbd>", "", found[1]), found[2]))
    return rows


@pytest.mark.parametrize("language", GUIDES)
def test_every_key_of_the_guide_is_in_the_table_and_every_key_of_the_table_in_the_guide(language: str) -> None:
    with translation.override(language):
        table = [(str(group.label), key.strokes, str(key.label)) for group in KEY_TABLE for key in group.keys]
    assert rows_of_guide(language) == table
    assert len(table) > 40


@pytest.mark.parametrize("language", GUIDES)
def test_a_key_that_the_guide_speaks_of_elsewhere_is_a_key_of_the_table(language: str) -> None:
    text = GUIDES[language].read_text(encoding="utf-8")
    prose = text.partition(BEGIN)[0] + text.partition(END)[2]
    known = set(chain.from_iterable(Key(stroke, "").caps for stroke in strokes(*KEY_TABLE))) | {"Tab", "Space"}
    known |= {str(number) for number in range(1, 10)}
    named = set(re.findall(r"<kbd>(.+?)</kbd>", prose))
    assert len(named) > 15
    assert named - known == set()


def test_the_guides_lead_to_one_another() -> None:
    assert "(analyst-guide.zh.md)" in GUIDES["en"].read_text(encoding="utf-8")
    assert "(analyst-guide.md)" in GUIDES["zh-hans"].read_text(encoding="utf-8")

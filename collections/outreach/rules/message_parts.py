"""What a template says, as plain values: words, variables, choices. Written out, measured, and read for what it tells.

outreach/rendering/reading.py makes these of a text. There is nothing in them that could ask for anything but the values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from outreach.rules.message_text import Encoding, is_gsm, units_of


class Missing(Exception):
    """A variable that is to be written has no value."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Words:
    """Text that stands as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Put:
    """A variable's value; where it has none, what is said instead, if anything is."""

    name: str
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """One side of a question: a variable, or a text in quotes."""

    name: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    question: Question


@dataclass(frozen=True, slots=True)
class Both:
    """Two questions: `and`, `or`."""

    first: Question
    second: Question
    is_or: bool


@dataclass(frozen=True, slots=True)
class Same:
    """Whether two sides are the same text."""

    first: Value
    second: Value


Question = Value | Not | Both | Same


@dataclass(frozen=True, slots=True)
class Choice:
    """The first of the branches whose question is answered yes; the one without a question is `else`."""

    branches: tuple[tuple[Question | None, Parts], ...]


Parts = tuple[Words | Put | Choice, ...]

_ALWAYS: Final = None


def written(parts: Parts, values: Mapping[str, str]) -> str:
    """Return the text with the values put in.

    :param values: a name that is not among them, or is empty, has no value
    :raises Missing: a variable without value is to be written, and nothing instead of it
    """
    return "".join(_written(part, values) for part in parts)


def _written(part: Words | Put | Choice, values: Mapping[str, str]) -> str:
    if isinstance(part, Words):
        return part.text
    if isinstance(part, Put):
        value = values.get(part.name) or part.instead
        if not value:
            raise Missing(part.name)
        return value
    for question, branch in part.branches:
        if question is _ALWAYS or answer(question, values):
            return written(branch, values)
    return ""


def answer(question: Question, values: Mapping[str, str]) -> bool:
    """Return the answer to a question; a variable is yes where it has a value."""
    if isinstance(question, Value):
        return bool(_side(question, values))
    if isinstance(question, Not):
        return not answer(question.question, values)
    if isinstance(question, Same):
        return _side(question.first, values) == _side(question.second, values)
    if question.is_or:
        return answer(question.first, values) or answer(question.second, values)
    return answer(question.first, values) and answer(question.second, values)


def _side(value: Value, values: Mapping[str, str]) -> str:
    return values.get(value.name, "") if value.name else value.text


def longest(parts: Parts, values: Mapping[str, str]) -> str:
    """Return the longest text that the parts can make with values as long as they come, in every choice the longest branch.

    Where any branch needs UCS-2, branches are compared in its units, else in septets. A text with many signs of two units may
    take a segment more than this, as they are not cut in two: what is sent is measured again.
    """
    texts = [text for text in _all_texts(parts, values) if text]
    encoding = Encoding.GSM if all(map(is_gsm, texts)) else Encoding.UCS2

    def of(some: Parts) -> str:
        return "".join(map(of_part, some))

    def of_part(part: Words | Put | Choice) -> str:
        if isinstance(part, Words):
            return part.text
        if isinstance(part, Put):
            candidates = [values.get(part.name, ""), part.instead or ""]
        else:
            candidates = ["", *(of(branch) for _question, branch in part.branches)]
        return max(candidates, key=lambda text: units_of(text, encoding))

    return of(parts)


def _all_texts(parts: Parts, values: Mapping[str, str]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Words):
            yield part.text
        elif isinstance(part, Put):
            yield from (values.get(part.name, ""), part.instead or "")
        else:
            for _question, branch in part.branches:
                yield from _all_texts(branch, values)


def says_always(parts: Parts, name: str, words: re.Pattern[str] | None = None) -> bool:
    """Return whether a variable, or words that do as well, stand in the text whatever is chosen."""

    def is_said(part: Words | Put | Choice) -> bool:
        if isinstance(part, Words):
            return words is not None and words.search(part.text) is not None
        if isinstance(part, Put):
            return part.name == name
        has_else = any(question is _ALWAYS for question, _branch in part.branches)
        return has_else and all(says_always(branch, name, words) for _question, branch in part.branches)

    return any(map(is_said, parts))


def names_written(parts: Parts) -> frozenset[str]:
    """Return the variables whose value may stand in the text, in any branch; those that are only asked about do not."""
    found: set[str] = set()
    for part in parts:
        if isinstance(part, Put):
            found.add(part.name)
        elif isinstance(part, Choice):
            found.update(*(names_written(branch) for _question, branch in part.branches))
    return frozenset(found)


def says_ever(parts: Parts, is_meant: Callable[[str], bool], words: re.Pattern[str]) -> bool:
    """Return whether a variable that is meant, or the words, stand in any branch."""
    for part in parts:
        if isinstance(part, Words):
            found = words.search(part.text) is not None
        elif isinstance(part, Put):
            found = is_meant(part.name) or (part.instead is not None and words.search(part.instead) is not None)
        else:
            found = any(says_ever(branch, is_meant, words) for _question, branch in part.branches)
        if found:
            return True
    return False

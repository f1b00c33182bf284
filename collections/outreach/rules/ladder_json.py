"""Steps of a ladder as plain JSON, as a strategy keeps and the API takes them; what cannot be read is refused with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from outreach.rules.contacts import ELECTRONIC, Channel
from outreach.rules.ladders import MOST_WAYS, PRIORITIES, Act, Anchor, Step, Way

CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,47}")
MOST_NAME: Final = 60
MOST_RULE: Final = 4_000
_FIELDS: Final = (
    *("code", "name_en", "name_zh", "anchor", "days", "tiers", "rule", "stop_rule"),
    *("act", "purpose", "ways", "valid_days"),
)
_NEEDED: Final = ("code", "name_en", "name_zh", "anchor", "days", "act")


class Unread(StrEnum):
    """Why a value cannot be read."""

    NOT_A_LIST = "not_a_list"
    NOT_AN_OBJECT = "not_an_object"
    NOT_A_FIELD = "not_a_field"
    MISSING = "missing"
    NOT_A_TEXT = "not_a_text"
    NOT_A_CODE = "not_a_code"
    NOT_WHOLE = "not_whole"
    NOT_ONE_OF = "not_one_of"


class LadderUnread(Exception):
    """A value that cannot be read: where it stands (`steps[2].ways[0].channel`), why, and with what values."""

    def __init__(self, path: str, why: Unread, **about: object) -> None:
        super().__init__(f"{path}: {why} {about}")
        self.path, self.why, self.about = path, why, about


def as_plain(step: Step) -> dict[str, Any]:
    """Return a step as JSON."""
    return {
        "code": step.code,
        "name_en": step.name_en,
        "name_zh": step.name_zh,
        "anchor": str(step.anchor),
        "days": step.days,
        "tiers": list(step.tiers),
        "rule": step.rule,
        "stop_rule": step.stop_rule,
        "act": str(step.act),
        "purpose": str(step.purpose),
        "ways": [{"channel": str(way.channel), "template": way.template} for way in step.ways],
        "valid_days": step.valid_days,
    }


def steps_from_plain(plain: Any) -> tuple[Step, ...]:
    """Return the steps that JSON says, in its order.

    :raises LadderUnread: a value that cannot be read
    """
    return tuple(_step(f"steps[{place}]", value) for place, value in enumerate(_list("steps", plain)))


def in_order(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return steps by their days, those of one anchor together."""
    anchors = list(Anchor)
    return tuple(sorted(steps, key=lambda step: (anchors.index(step.anchor), step.days, step.code)))


def _step(path: str, plain: Any) -> Step:
    values = _object(path, plain, _FIELDS)
    for name in _NEEDED:
        if name not in values:
            raise LadderUnread(f"{path}.{name}", Unread.MISSING)
    ways = _list(f"{path}.ways", values.get("ways", []))
    if len(ways) > MOST_WAYS:
        raise LadderUnread(f"{path}.ways", Unread.NOT_A_LIST, most=MOST_WAYS)
    tiers = _list(f"{path}.tiers", values.get("tiers", []))
    return Step(
        code=_code(f"{path}.code", values["code"]),
        name_en=_text(f"{path}.name_en", values["name_en"], 1, MOST_NAME),
        name_zh=_text(f"{path}.name_zh", values["name_zh"], 1, MOST_NAME),
        anchor=Anchor(_one_of(f"{path}.anchor", values["anchor"], list(Anchor))),
        days=_whole(f"{path}.days", values["days"]),
        act=Act(_one_of(f"{path}.act", values["act"], list(Act))),
        purpose=_purpose(path, values),
        ways=tuple(_way(f"{path}.ways[{place}]", way) for place, way in enumerate(ways)),
        tiers=tuple(_code(f"{path}.tiers[{place}]", tier) for place, tier in enumerate(tiers)),
        rule=_text(f"{path}.rule", values.get("rule", ""), 0, MOST_RULE).strip(),
        stop_rule=_text(f"{path}.stop_rule", values.get("stop_rule", ""), 0, MOST_RULE).strip(),
        valid_days=_whole(f"{path}.valid_days", values.get("valid_days", 2)),
    )


def _purpose(path: str, values: Mapping[str, Any]) -> Any:
    purposes = {str(purpose): purpose for purpose in PRIORITIES}
    return purposes[_one_of(f"{path}.purpose", values.get("purpose", "reminder"), list(purposes))]


def _way(path: str, plain: Any) -> Way:
    values = _object(path, plain, ("channel", "template"))
    channel = _one_of(f"{path}.channel", values.get("channel"), sorted(ELECTRONIC))
    return Way(Channel(channel), _code(f"{path}.template", values.get("template")))


def _object(path: str, plain: Any, fields: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(plain, dict):
        raise LadderUnread(path, Unread.NOT_AN_OBJECT)
    for name in plain:
        if name not in fields:
            raise LadderUnread(f"{path}.{str(name)[:40]}", Unread.NOT_A_FIELD, fields=", ".join(fields))
    return plain


def _list(path: str, plain: Any) -> list[Any]:
    if not isinstance(plain, list):
        raise LadderUnread(path, Unread.NOT_A_LIST, most="")
    return plain


def _text(path: str, value: Any, least: int, most: int) -> str:
    if not isinstance(value, str) or not least <= len(value.strip()) <= most:
        raise LadderUnread(path, Unread.NOT_A_TEXT, least=least, most=most)
    return value.strip()


def _code(path: str, value: Any) -> str:
    if not isinstance(value, str) or not CODE.fullmatch(value):
        raise LadderUnread(path, Unread.NOT_A_CODE)
    return value


def _whole(path: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise LadderUnread(path, Unread.NOT_WHOLE)
    return value


def _one_of(path: str, value: Any, known: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise LadderUnread(path, Unread.NOT_ONE_OF, known=", ".join(known))
    return value

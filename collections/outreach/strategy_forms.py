"""What is typed on the pages of strategies: a ladder of any length, and the few fields beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from outreach.forms import OutreachForm, with_known_products
from outreach.models import Strategy
from outreach.operations.strategy_refusals import LadderProblem
from outreach.rules.ladders import MOST_STEPS, MOST_WAYS, Act, Anchor

_REMOVE, _ADD, _COPY = "remove", "add", "copy"
_TEXTS: Final = ("code", "name_en", "name_zh", "anchor", "act", "purpose")
_RULES: Final = ("rule", "stop_rule")
EMPTY: Final[dict[str, Any]] = {
    "code": "", "name_en": "", "name_zh": "", "anchor": str(Anchor.DUE_DATE), "days": 1, "act": str(Act.MESSAGE),
    "purpose": "reminder", "ways": [], "tiers": [], "rule": "", "stop_rule": "", "valid_days": 2,
}  # fmt: skip


class HeadForm(OutreachForm):
    """What a draft has beside its ladder."""

    name_en = forms.CharField(label=_("Name in English"), max_length=100)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=100)
    products = forms.CharField(
        label=_("Products"),
        required=False,
        help_text=_("codes with commas between; every product that no strategy names follows the site's own"),
    )
    note = forms.CharField(label=_("What it changes, and why"), max_length=500, required=False)
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["products"].help_text = with_known_products(self.fields["products"].help_text)

    @classmethod
    def of(cls, row: Strategy) -> HeadForm:
        """Return the form with what a draft says."""
        said = {name: getattr(row, name) for name in ("name_en", "name_zh", "note", "revision")}
        return cls(initial={**said, "products": ", ".join(row.products)})

    def clean_products(self) -> list[str]:
        """Return the codes, each once, in order."""
        codes = [code.strip() for code in self.cleaned_data["products"].split(",")]
        return list(dict.fromkeys(code for code in codes if code))


class StrategyForm(OutreachForm):
    """A new strategy, as a copy of one there is."""

    copy_of = forms.ChoiceField(label=_("Copy of"), choices=[])
    code = forms.CharField(label=_("Code of the strategy"), max_length=32, help_text=_("small letters, digits, hyphens"))

    def __init__(self, *args: Any, codes: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["copy_of"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(code, code) for code in codes]


@dataclass(frozen=True, slots=True)
class TypedStep:
    """A step as it stands in the form, plain, with what is wrong by field; `ways` filled up to the most there may be."""

    number: int
    values: dict[str, Any]
    ways: tuple[str, ...]
    problems: dict[str, str]

    @property
    def prefix(self) -> str:
        """What the names of its fields begin with."""
        return f"step-{self.number}"


def typed_steps(steps: Sequence[dict[str, Any]], problems: Iterable[LadderProblem] = ()) -> list[TypedStep]:
    """Return steps as the form shows them."""
    by_step: dict[int, dict[str, str]] = {}
    for problem in problems:
        if problem.step is not None:
            said = by_step.setdefault(problem.step, {})
            said[problem.field] = " ".join(part for part in (said.get(problem.field), problem.message) if part)
    return [TypedStep(number, step, _ways(step), by_step.get(number, {})) for number, step in enumerate(steps)]


def _ways(step: dict[str, Any]) -> tuple[str, ...]:
    codes = [f"{way['channel']}:{way['template']}" for way in step["ways"]]
    return (*codes, *[""] * (MOST_WAYS - len(codes)))


def read_steps(data: QueryDict) -> list[dict[str, Any]]:
    """Return the steps that a form holds, plain; what is no number stays a text, which is refused with its field."""
    count = _whole(data.get("steps", ""))
    return [_read_step(data, f"step-{number}-") for number in range(min(count if isinstance(count, int) else 0, MOST_STEPS + 1))]


def _read_step(data: QueryDict, prefix: str) -> dict[str, Any]:
    step: dict[str, Any] = {name: data.get(prefix + name, "").strip() for name in _TEXTS}
    step |= {name: data.get(prefix + name, "").replace("\r\n", "\n").strip() for name in _RULES}
    step |= {name: _whole(data.get(prefix + name, "")) for name in ("days", "valid_days")}
    chosen = [data.get(f"{prefix}way-{place}", "") for place in range(MOST_WAYS)]
    ways = [{"channel": channel, "template": code} for channel, _colon, code in (way.partition(":") for way in chosen if way)]
    # The purpose and the ways of a message stand in the form of a call too, where they say nothing.
    is_call = step["act"] == Act.CALL
    purpose = EMPTY["purpose"] if is_call else step["purpose"]
    return {**step, "purpose": purpose, "tiers": data.getlist(f"{prefix}tiers"), "ways": [] if is_call else ways}


def _whole(text: str) -> int | str:
    text = text.strip().replace("−", "-")
    digits = text.removeprefix("-").removeprefix("+")
    return int(text) if digits.isdecimal() and digits.isascii() and len(digits) <= 6 else text


def rearranged(steps: Sequence[dict[str, Any]], pressed: str) -> list[dict[str, Any]] | None:
    """Return the steps after a button of the list was pressed (`remove-2`, `copy-2`, `add`), None if it was none."""
    act, _dash, number = pressed.partition("-")
    found = list(steps)
    if act == _ADD:
        return [*found, dict(EMPTY)] if len(found) < MOST_STEPS else found
    place = _whole(number)
    if act not in (_REMOVE, _COPY) or not isinstance(place, int) or not 0 <= place < len(found):
        return None
    if act == _REMOVE:
        del found[place]
    elif len(found) < MOST_STEPS:
        found.insert(place + 1, {**found[place], "code": ""})
    return found

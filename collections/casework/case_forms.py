"""What is typed on the pages of cases: parts of a promise, and the settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from casework.models import Case, NextAction, OutcomeCode
from casework.operations.cases.refusals import CaseRefused
from casework.operations.cases.settings import FIGURES, OUTCOME_FIELDS, PROMPT_FIELDS, REASON_FIELDS, TERMS
from casework.operations.promises.refusals import PartsMalformed
from riskops.shared.money import MalformedAmount, parse_amount

#: Rows that the drawer of a promise offers.
OFFERED_PARTS: Final = 3


class PartUnreadable(PartsMalformed):
    """A day or an amount that cannot be read."""

    def __init__(self, number: int) -> None:
        super().__init__(_("Part %(number)s cannot be read: give a day and an amount such as 1234.50.") % {"number": number})


class ValueUnreadable(CaseRefused):
    """An amount or a day of a form that cannot be read."""

    def __init__(self, text: str) -> None:
        super().__init__(
            _("“%(text)s” cannot be read: write an amount such as 1234.50, a day such as 2025-03-31.") % {"text": text}
        )


def read_parts(data: QueryDict, *, digits: int) -> list[tuple[date, int]]:
    """Return the parts of a promise that a form holds; rows left empty are passed over.

    :raises PartUnreadable: a row that is half empty or cannot be read
    """
    parts = []
    days, amounts = data.getlist("due_on"), data.getlist("amount")
    for number, (day, amount) in enumerate(zip(days, amounts, strict=False), start=1):
        if not day.strip() and not amount.strip():
            continue
        try:
            parts.append((date.fromisoformat(day.strip()), parse_amount(_plain(amount), digits=digits)))
        except (ValueError, MalformedAmount):
            raise PartUnreadable(number) from None
    return parts


@dataclass(frozen=True, slots=True)
class PromiseTyped:
    """A promise as it was typed and refused: its drawer opens with it again, the reason beside the field it is about."""

    parts: tuple[dict[str, str], ...]
    said: str
    override_reason: str
    back: str
    about: str
    why: str

    @classmethod
    def of(cls, data: QueryDict, refusal: Exception) -> PromiseTyped:
        """Return what a form sent."""
        rows = list(zip_longest(data.getlist("amount")[:OFFERED_PARTS], data.getlist("due_on")[:OFFERED_PARTS], fillvalue=""))
        rows += [("", "")] * (OFFERED_PARTS - len(rows))
        return cls(
            parts=tuple({"amount": amount, "due_on": day} for amount, day in rows),
            **{name: data.get(name, "") for name in ("said", "override_reason")},
            back=data.get("next", ""),
            about=getattr(refusal, "about", ""),
            why=str(refusal),
        )


def _plain(amount: str) -> str:
    return amount.replace(",", "").replace("，", "").strip()


def read_amount(text: str, *, digits: int) -> int:
    """Return minor units of an amount that may be below 0.

    :raises ValueUnreadable: it is none
    """
    plain = _plain(text)
    try:
        minor: int = parse_amount(plain.removeprefix("-"), digits=digits)
    except MalformedAmount:
        raise ValueUnreadable(text) from None
    return -minor if plain.startswith("-") else minor


def read_day(text: str) -> date | None:
    """Return a day, None for nothing.

    :raises ValueUnreadable: it is none
    """
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueUnreadable(text) from None


class SettingForm(forms.Form):
    """A form of the settings; what the operation refuses is shown beside its field."""

    def refuse(self, field: str, said: str) -> None:
        """Show a refusal."""
        self.add_error(field if field in self.fields else None, said)


def _number(label: Any, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, help_text=help_text, widget=forms.TextInput(attrs={"inputmode": "numeric"}))


class FiguresForm(SettingForm):
    """The figures of cases."""

    work_from_days = _number(gettext_lazy("work from days past due"))
    pursue_from_days = _number(gettext_lazy("pursue from days past due"))
    redefault_days = _number(
        gettext_lazy("re-default within days"), gettext_lazy("late again so soon after the last case closed: linked to it")
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)

    @property
    def values(self) -> dict[str, int]:
        """The figures typed."""
        return {name: self.cleaned_data[name] for name in FIGURES}


class TermsForm(SettingForm):
    """The terms of promises."""

    grace_days = _number(gettext_lazy("grace days of a promise"), gettext_lazy("a payment counts so many days after its day"))
    tolerance_bp = _number(gettext_lazy("tolerance, hundredths of a percent"), gettext_lazy("of what was promised up to the day"))
    tolerance_minor = _number(gettext_lazy("tolerance, minor units"), gettext_lazy("the larger of the two tolerances counts"))
    partly_from_bp = _number(
        gettext_lazy("partly kept from, hundredths of a percent"), gettext_lazy("less than this paid: broken")
    )
    most_days = _number(gettext_lazy("last day at most so many days ahead"))
    most_parts = _number(gettext_lazy("parts at most"))
    most_broken_in_a_row = _number(
        gettext_lazy("broken in a row at most"), gettext_lazy("after so many a team lead must allow the next one")
    )
    reversal_days = _number(
        gettext_lazy("reversals count for"), gettext_lazy("days after the end; a later reversal leaves the promise as it is")
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)

    @property
    def values(self) -> dict[str, int]:
        """The terms typed."""
        return {name: self.cleaned_data[name] for name in TERMS}


class OutcomeForm(SettingForm):
    """An outcome code; its code only where it is new."""

    code = forms.CharField(label=gettext_lazy("code"), max_length=20)
    action = forms.ChoiceField(label=pgettext_lazy("outcome code", "action"), choices=OutcomeCode.Action.choices)
    result = forms.CharField(label=gettext_lazy("result"), max_length=20)
    name_en = forms.CharField(label=gettext_lazy("name in English"), max_length=60)
    name_zh = forms.CharField(label=gettext_lazy("name in Chinese"), max_length=60)
    key = forms.IntegerField(
        label=gettext_lazy("key"),
        required=False,
        help_text=gettext_lazy("1 to 9 in the worklist; empty: no key"),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    rest_days = _number(gettext_lazy("rests for days"), gettext_lazy("before it may come back"))
    next_action = forms.ChoiceField(label=gettext_lazy("next action"), required=False, choices=[("", "–"), *NextAction.choices])
    next_action_days = _number(gettext_lazy("next action after days"))
    is_right_party = forms.BooleanField(
        label=gettext_lazy("right party"), required=False, help_text=gettext_lazy("the customer was spoken to")
    )
    is_success = forms.BooleanField(
        label=gettext_lazy("success"), required=False, help_text=gettext_lazy("counts for the effect of working in a queue")
    )
    is_active = forms.BooleanField(label=gettext_lazy("in use"), required=False)

    @property
    def values(self) -> dict[str, Any]:
        """What was typed, without the code."""
        return {name: self.cleaned_data[name] for name in OUTCOME_FIELDS}


class ReasonForm(SettingForm):
    """A reason for lateness; its code only where it is new."""

    code = forms.CharField(label=gettext_lazy("code"), max_length=20)
    name_en = forms.CharField(label=gettext_lazy("name in English"), max_length=60)
    name_zh = forms.CharField(label=gettext_lazy("name in Chinese"), max_length=60)
    position = _number(gettext_lazy("position"))
    is_active = forms.BooleanField(label=gettext_lazy("in use"), required=False)

    @property
    def values(self) -> dict[str, Any]:
        """What was typed, without the code."""
        return {name: self.cleaned_data[name] for name in REASON_FIELDS}


class PromptForm(SettingForm):
    """A line of the script."""

    stage = forms.ChoiceField(
        label=gettext_lazy("stage"), choices=[choice for choice in Case.Stage.choices if choice[0] != Case.Stage.CURED]
    )
    position = _number(gettext_lazy("position"))
    text_en = forms.CharField(label=gettext_lazy("text in English"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    text_zh = forms.CharField(label=gettext_lazy("text in Chinese"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    is_active = forms.BooleanField(label=gettext_lazy("in use"), required=False)

    @property
    def values(self) -> dict[str, Any]:
        """What was typed."""
        return {name: self.cleaned_data[name] for name in PROMPT_FIELDS}


def initial_of(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what a form shows of a row."""
    return {name: getattr(row, name) for name in names}

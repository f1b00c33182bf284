"""What is typed on the pages of tier policies: a list of tiers of any length, and the few fields of each step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from casework.models import BusinessCalendar
from casework.operations.refusals import CaseworkRefusal, TierProblem
from casework.operations.tier_drafts import MOST_TIERS, TierDraft

#: What the buttons beside a tier do to the list.
_UP, _DOWN, _REMOVE, _ADD = "up", "down", "remove", "add"
_EMPTY: Final = TierDraft(code="", name_en="", name_zh="", rule="")


@dataclass(frozen=True, slots=True)
class TypedTier:
    """A tier as it stands in the form; `owner` as the select has it, what is wrong by field."""

    number: int
    draft: TierDraft
    owner: str
    minutes: str
    problems: dict[str, str]

    @property
    def prefix(self) -> str:
        """What the names of its fields begin with."""
        return f"tier-{self.number}"


def typed_tiers(drafts: Sequence[TierDraft], problems: Iterable[TierProblem] = ()) -> list[TypedTier]:
    """Return tiers as the form shows them."""
    by_place: dict[int, dict[str, str]] = {}
    for problem in problems:
        by_place.setdefault(problem.position, {})[problem.field] = problem.message
    return [
        TypedTier(
            number,
            draft,
            f"team:{draft.owner_team_id}" if draft.owner_team_id else f"kind:{draft.owner_kind}" if draft.owner_kind else "",
            "" if draft.service_minutes is None else str(draft.service_minutes),
            by_place.get(number + 1, {}),
        )
        for number, draft in enumerate(drafts)
    ]


def read_tiers(data: QueryDict) -> list[TierDraft]:
    """Return the tiers that a form holds, in order; a number that cannot be read becomes 0, which is refused with its field."""
    count = _whole(data.get("tiers", "")) or 0
    return [_read_tier(data, f"tier-{number}-") for number in range(min(count, MOST_TIERS + 1))]


def _read_tier(data: QueryDict, prefix: str) -> TierDraft:
    kind, _colon, owner = data.get(f"{prefix}owner", "").partition(":")
    minutes = data.get(f"{prefix}minutes", "").strip()
    return TierDraft(
        code=data.get(f"{prefix}code", "").strip(),
        name_en=data.get(f"{prefix}name_en", "").strip(),
        name_zh=data.get(f"{prefix}name_zh", "").strip(),
        rule=data.get(f"{prefix}rule", "").replace("\r\n", "\n").strip(),
        tone=data.get(f"{prefix}tone", ""),
        queue=data.get(f"{prefix}queue", "").strip(),
        owner_team_id=(_whole(owner) or 0) if kind == "team" else None,
        owner_kind=owner if kind == "kind" else "",
        service_minutes=(_whole(minutes) or 0) if minutes else None,
        interventions=tuple(data.getlist(f"{prefix}interventions")),
    )


def _whole(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 9 else None


def rearranged(drafts: Sequence[TierDraft], pressed: str) -> list[TierDraft] | None:
    """Return the tiers after a button of the list was pressed (`up-2`, `down-2`, `remove-2`, `add`), None if it was none."""
    act, _dash, number_text = pressed.partition("-")
    tiers = list(drafts)
    if act == _ADD:
        return [*tiers, replace(_EMPTY, tone="m0")] if len(tiers) < MOST_TIERS else tiers
    number = _whole(number_text)
    if act not in (_UP, _DOWN, _REMOVE) or number is None or number >= len(tiers):
        return None
    tier = tiers.pop(number)
    if act != _REMOVE:
        tiers.insert(max(0, number - 1) if act == _UP else number + 1, tier)
    return tiers


class CaseworkForm(forms.Form):
    """A form whose operation may refuse: what it says stands beside the field it is about, or above."""

    def refuse(self, refusal: CaseworkRefusal | Exception) -> None:
        """Show a refusal."""
        about = getattr(refusal, "about", "")
        is_shown = about in self.fields and not self[about].is_hidden
        self.add_error(about if is_shown else None, str(refusal))


class HeadForm(CaseworkForm):
    """What a draft has beside its tiers."""

    note = forms.CharField(label=_("What it changes, and why"), max_length=500, required=False)
    calendar = forms.ModelChoiceField(
        label=_("Calendar of its service times"), queryset=BusinessCalendar.objects.order_by("name"), empty_label=None
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)


class ProposalForm(CaseworkForm):
    """When a draft should go live."""

    live_from = forms.DateField(label=_("Live from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class ApprovalForm(CaseworkForm):
    """What an approver says."""

    despite_crowding = forms.BooleanField(label=_("I have seen where all accounts would be, and it is meant"), required=False)


class ReasonForm(CaseworkForm):
    """Why something is sent back, withdrawn or dropped."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}), max_length=500)


def refused(form: Any) -> list[str]:
    """Return everything that a form says, for the messages above a page."""
    return [str(error) for errors in form.errors.values() for error in errors]

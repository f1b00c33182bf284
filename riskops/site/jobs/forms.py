"""The forms of the jobs pages. What they cannot know, the operations refuse; the refusal is shown beside its field."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from riskops.closes import CloseRefusal


def _day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class RefusableForm(forms.Form):
    """A form whose operation may refuse what the form itself takes."""

    def refuse(self, refusal: CloseRefusal) -> None:
        """Show a refusal beside the field it is about, or above the form."""
        self.add_error(refusal.about if refusal.about in self.fields else None, str(refusal))


class CloseForm(RefusableForm):
    """Close the next day, or every day through one. `first` is asked for only when nothing was ever closed."""

    first = forms.DateField(label=_("First day"), widget=_day_input(), help_text=_("the day on which the history begins"))
    through = forms.DateField(
        label=_("Through"), widget=_day_input(), required=False, help_text=_("each day in turn; empty: only the next one")
    )

    def __init__(self, data: Any = None, *, next_day: date | None) -> None:
        super().__init__(data)
        if next_day is not None:
            del self.fields["first"]
            self.fields["through"].widget.attrs["min"] = next_day.isoformat()


class RestartForm(RefusableForm):
    """Try the failed shards again."""

    reason = forms.CharField(
        label=_("What was mended"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("kept in the audit trail"),
    )


class ReasonForm(RefusableForm):
    """Something that needs a reason."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}), help_text=_("kept in the audit trail"))

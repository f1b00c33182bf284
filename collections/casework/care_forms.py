"""What is typed on the pages of customers who are handled with care."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from casework.models import Vulnerability
from casework.operations.vulnerability import MOST_TEXT, USUAL_REVIEW_DAYS


def _day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class ReviewForm(forms.Form):
    """What is noted of a customer, and until when it stands."""

    kind = forms.ChoiceField(label=_("What it is"), choices=Vulnerability.Kind.choices)
    text = forms.CharField(
        label=_("What to mind"),
        required=False,
        max_length=MOST_TEXT,
        help_text=_("at most 200 characters, no more than handling them with care takes; trained staff alone read it"),
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": MOST_TEXT}),
    )
    review_by = forms.DateField(label=_("Review by"), widget=_day_input())

    def refuse(self, field: str, said: str) -> None:
        """Show a refusal beside its field."""
        self.add_error(field if field in self.fields else None, said)


class FlagForm(ReviewForm):
    """A flag that is recorded."""

    since = forms.DateField(label=pgettext_lazy("vulnerability", "Since"), widget=_day_input())
    field_order = ("kind", "text", "since", "review_by")


def first_values(today: date) -> dict[str, Any]:
    """Return what a new flag begins with."""
    return {"since": today, "review_by": today + timedelta(days=USUAL_REVIEW_DAYS)}

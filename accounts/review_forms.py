"""The forms of reviews, sweeps, samples and notes. What they cannot know, the operations refuse, beside the field."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import QualityGrade, Review, ReviewReason
from accounts.models.reviews import ReviewSweep
from accounts.operations.refusals import LedgerRefusal
from accounts.operations.reviewing import LONGEST_TEXT, Findings
from accounts.rules.reviews import Schedule


class RefusingForm(forms.Form):
    """A form that shows a refusal of the operation beside the field it is about, or above."""

    def refuse(self, refusal: LedgerRefusal) -> None:
        """Show a refusal."""
        self.add_error(refusal.about if refusal.about in self.fields else None, str(refusal))


class OpenReviewForm(RefusingForm):
    """What a review opened by hand is for."""

    note = forms.CharField(label=_("What is to be looked at"), max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 2}))


class FindingsForm(RefusingForm):
    """The outcome of a review."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    outcome = forms.ChoiceField(label=_("Outcome"), required=False, choices=[])
    reasons = forms.MultipleChoiceField(
        label=_("Reason codes"), required=False, choices=[], widget=forms.CheckboxSelectMultiple, help_text=_("what was found")
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text=_("No phone, identity or card numbers: notes are searched and shown in clear."),
    )

    def __init__(self, *args: Any, reasons: tuple[ReviewReason, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outcome, codes = self.fields["outcome"], self.fields["reasons"]
        assert isinstance(outcome, forms.ChoiceField) and isinstance(codes, forms.ChoiceField)
        outcome.choices = [("", _("not decided yet")), *Review.Outcome.choices]
        codes.choices = [(reason.code, str(reason)) for reason in reasons]

    def findings(self) -> Findings:
        """Return what was filled in."""
        values = self.cleaned_data
        return Findings(values["outcome"], tuple(values["reasons"]), values["note"])


class AssignForm(RefusingForm):
    """Who is to work on it."""

    assigned_to = forms.CharField(
        label=_("Assign to"),
        required=False,
        max_length=150,
        help_text=_("user name; empty puts it back for anybody"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class FileForm(RefusingForm):
    """A file for a review."""

    file = forms.FileField(label=_("File"), help_text=_("PDF, PNG, JPEG, text, Word or Excel without macros; up to 10 MB"))


class NoteForm(RefusingForm):
    """A note on a customer."""

    account = forms.ChoiceField(label=_("About"), required=False, choices=[])
    note = forms.CharField(label=_("Note"), max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, numbers: dict[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = self.fields["account"]
        assert isinstance(account, forms.ChoiceField)
        account.choices = [("", _("the customer")), *((str(pk), number) for pk, number in numbers.items())]


class SweepForm(RefusingForm):
    """A sweep."""

    version = forms.IntegerField(widget=forms.HiddenInput, initial=0)
    code = forms.SlugField(label=_("Code"), max_length=40, help_text=_("letters, digits and hyphens; never changes"))
    name = forms.CharField(label=pgettext_lazy("reviews", "Name"), max_length=120)
    purpose = forms.CharField(
        label=_("What reviewers should look at"), max_length=2_000, widget=forms.Textarea(attrs={"rows": 2})
    )
    rule = forms.CharField(label=_("Rule"), max_length=4_000, help_text=_("e.g. dpd > 15 and months_on_book <= 6"))
    schedule = forms.ChoiceField(
        label=_("Runs"),
        choices=[(s.value, label) for s, label in zip(Schedule, (_("daily"), _("weekly"), _("monthly")), strict=True)],
    )
    schedule_day = forms.IntegerField(
        label=_("On day"), initial=1, min_value=1, max_value=31, help_text=_("weekly: 1 is Monday; monthly: day of the month")
    )
    cool_off_days = forms.IntegerField(label=_("Cool-off days"), initial=30, min_value=1, max_value=3_650)
    most_a_run = forms.IntegerField(label=_("Most in one run"), initial=200, min_value=1, max_value=5_000)
    is_active = forms.BooleanField(label=_("Active"), required=False)

    @classmethod
    def of(cls, sweep: ReviewSweep) -> SweepForm:
        """Return the form of a sweep as it stands."""
        form = cls(initial={name: getattr(sweep, name) for name in cls.base_fields})
        form.fields["code"].disabled = True
        return form


class SampleForm(RefusingForm):
    """A drawing."""

    closed_from = forms.DateField(label=_("Closed from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    closed_to = forms.DateField(label=_("Closed to"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    percent = forms.IntegerField(label=_("Percent of each reviewer's"), min_value=1, max_value=100, initial=10)
    shares = forms.CharField(
        label=_("Other percentages"), required=False, max_length=2_000, help_text=_("user name=percent, comma between")
    )
    seed = forms.CharField(label=_("Seed"), max_length=40, help_text=_("the same seed draws the same reviews"))


class GradeForm(RefusingForm):
    """What a second person found."""

    grade = forms.ChoiceField(label=_("Grade"), choices=QualityGrade.Grade.choices)
    finding = forms.CharField(label=_("Finding"), required=False, max_length=4_000, widget=forms.Textarea(attrs={"rows": 3}))

"""What is typed on the pages of the outbox."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from outreach.forms import OutreachForm
from outreach.operations.correcting import Wrong


class CorrectionForm(OutreachForm):
    """Which messages were sent wrongly. At least one of these."""

    step = forms.CharField(label=_("Step"), required=False, max_length=48)
    day = forms.DateField(
        label=_("Planned for"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    strategy = forms.CharField(label=_("Strategy"), required=False, max_length=32)
    version = forms.IntegerField(label=_("Version"), required=False, min_value=1, max_value=1_000_000)

    paid_before = forms.BooleanField(label=_("only to who had paid before the day it was sent"), required=False)

    def wrong(self) -> Wrong:
        """Return what was typed, once it is valid."""
        values = self.cleaned_data
        return Wrong(values["step"].strip(), values["day"], values["strategy"].strip(), values["version"], values["paid_before"])


class CorrectForm(CorrectionForm):
    """The same, with the count that was shown and why: this one queues."""

    expected = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    # What was chosen stands above; here it is only carried along.
    step = forms.CharField(required=False, max_length=48, widget=forms.HiddenInput)
    day = forms.DateField(required=False, widget=forms.HiddenInput)
    strategy = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, min_value=1, max_value=1_000_000, widget=forms.HiddenInput)
    paid_before = forms.BooleanField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

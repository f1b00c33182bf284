"""What is typed on the pages of agencies. What forms cannot know, the operations refuse; it is shown beside its field."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from outreach.models import Contact
from outreach.models.wishes import CHANNEL_NAMES
from outreach.operations.calls import BY_PERSON, ENDS
from recovery.models import Agency, AgencyEvaluation, Placement
from recovery.operations.agencies.files import INCOMING
from recovery.operations.agencies.own import PURPOSES
from recovery.operations.agencies.recalling import BY_HAND
from recovery.rules.commission import LAST_BUCKET, Band
from riskops.shared.money import plain_amount

_BAND_ROWS: Final = range(5)
MOST_BYTES: Final = 10 * 1024 * 1024
#: How contacts end and what they are for, in words: of the log itself, which nobody above the gate writes.
_OUTCOMES: Final[dict[Any, Any]] = dict(Contact._meta.get_field("outcome").flatchoices)
_PURPOSES: Final[dict[Any, Any]] = dict(Contact._meta.get_field("purpose").flatchoices)


class AgencyFormBase(forms.Form):
    """A form whose operation may refuse."""

    def refuse(self, refusal: Exception) -> None:
        """Show a refusal beside the field it is about, or above."""
        about = getattr(refusal, "about", "")
        is_shown = about in self.fields and not self[about].is_hidden
        self.add_error(about if is_shown else None, str(refusal))


class _Day(forms.DateField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


class _Text(forms.CharField):
    def __init__(self, *, most: int = 500, rows: int = 2, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), max_length=most, **kwargs)


class AgencyForm(AgencyFormBase):
    """What is said of an agency."""

    code = forms.CharField(label=gettext_lazy("Code"), max_length=32, help_text=gettext_lazy("small letters, digits, hyphens"))
    currency = forms.CharField(
        label=gettext_lazy("Currency"), max_length=3, min_length=3, initial="CNY",
        help_text=gettext_lazy("of the accounts it takes"),
    )  # fmt: skip
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    licence_no = forms.CharField(label=gettext_lazy("Licence number"), max_length=64)
    licence_valid_until = _Day(label=gettext_lazy("Licence valid until"))
    contract_from = _Day(label=gettext_lazy("Contract from"))
    contract_until = _Day(label=gettext_lazy("Contract until"))
    undertaking_on = _Day(label=gettext_lazy("Undertaking not to sub-delegate signed on"), required=False)
    undertaking_reference = forms.CharField(
        label=gettext_lazy("Where the undertaking is kept"), max_length=200, required=False,
        help_text=gettext_lazy("e.g. contract 2025/17, annex 3"),
    )  # fmt: skip
    capacity_accounts = forms.IntegerField(label=gettext_lazy("Most accounts at a time"), min_value=0, max_value=10_000_000)
    capacity = forms.DecimalField(
        label=gettext_lazy("Most money at a time"), min_value=0, max_digits=17, decimal_places=4,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip
    placed_days = forms.IntegerField(
        label=gettext_lazy("Days until an account is recalled"), min_value=1, max_value=3_650, initial=180
    )
    contact_details = forms.ChoiceField(label=gettext_lazy("Contact details in its file"), choices=Agency.Details.choices)
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["code"], self.fields["currency"]

    @staticmethod
    def initial_of(agency: Agency) -> dict[str, Any]:
        """Return what the form holds for an agency."""
        values = {name: getattr(agency, name) for name in Agency.SAID if name != "capacity_minor"}
        capacity = plain_amount(agency.capacity_minor, digits=agency.minor_digits)
        return {**values, "capacity": capacity, "revision": agency.revision}

    def said(self, digits: int) -> dict[str, Any]:
        """Return what was typed, as the operations take it."""
        values = {name: self.cleaned_data[name] for name in Agency.SAID if name in self.cleaned_data}
        return {**values, "capacity_minor": int(self.cleaned_data["capacity"] * 10**digits)}


class StopForm(AgencyFormBase):
    """Suspend or end an agency."""

    ends = forms.TypedChoiceField(
        label=gettext_lazy("What"),
        choices=[("suspend", gettext_lazy("suspend for now")), ("end", gettext_lazy("end for good"))],
        coerce=lambda value: value == "end",
    )
    recalls = forms.BooleanField(label=gettext_lazy("the next close recalls what is placed with it"), required=False)
    reason = _Text(label=gettext_lazy("Reason"))


class EvaluationForm(AgencyFormBase):
    """An evaluation."""

    evaluated_on = _Day(label=gettext_lazy("Evaluated on"))
    result = forms.ChoiceField(label=gettext_lazy("Result"), choices=AgencyEvaluation.Result.choices)
    findings = _Text(label=gettext_lazy("What was looked at and found"), most=2000, rows=3)


class PersonForm(AgencyFormBase):
    """A person of an agency."""

    username = forms.CharField(label=gettext_lazy("User name"), max_length=150)
    trained_on = _Day(label=gettext_lazy("Trained on"))


class TermsForm(AgencyFormBase):
    """What an agency is paid: rows of buckets, days and a percentage; rows without a percentage are none."""

    live_from = _Day(label=gettext_lazy("For what is placed from"))
    tail_days = forms.IntegerField(
        label=gettext_lazy("Days after recall that still count"), min_value=0, max_value=365, initial=0
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number in _BAND_ROWS:
            names = {"number": number + 1}
            buckets = [(str(bucket), f"m{bucket}") for bucket in range(LAST_BUCKET + 1)]
            self.fields[f"from_{number}"] = forms.ChoiceField(
                label=_("From bucket, band %(number)s") % names, choices=buckets, initial="0", required=False
            )
            self.fields[f"to_{number}"] = forms.ChoiceField(
                label=_("To bucket, band %(number)s") % names, choices=buckets, initial=str(LAST_BUCKET), required=False
            )
            self.fields[f"days_{number}"] = forms.IntegerField(
                label=_("Up to day, band %(number)s") % names, min_value=1, max_value=3_650, required=False
            )
            self.fields[f"percent_{number}"] = forms.DecimalField(
                label=_("Percent, band %(number)s") % names, min_value=Decimal(0), max_value=Decimal(100), decimal_places=2,
                required=False, widget=forms.TextInput(attrs={"inputmode": "decimal"}),
            )  # fmt: skip

    @property
    def band_rows(self) -> list[list[Any]]:
        """The fields of each band, for the table of the page."""
        return [[self[f"{name}_{number}"] for name in ("from", "to", "days", "percent")] for number in _BAND_ROWS]

    def bands(self) -> list[Band]:
        """Return the bands that were typed."""
        found = []
        for number in _BAND_ROWS:
            percent = self.cleaned_data.get(f"percent_{number}")
            if percent is not None:
                low = int(self.cleaned_data.get(f"from_{number}") or 0)
                high = int(self.cleaned_data.get(f"to_{number}") or LAST_BUCKET)
                found.append(Band(low, high, self.cleaned_data.get(f"days_{number}"), int(percent * 100)))
        return found


class ReasonForm(AgencyFormBase):
    """Why."""

    reason = _Text(label=gettext_lazy("Reason"))


class OptionalReasonForm(AgencyFormBase):
    """Why, where something is out of the ordinary."""

    reason = _Text(label=gettext_lazy("Reason"), required=False)


class BatchForm(AgencyFormBase):
    """Whom to place, and with whom."""

    rule = _Text(
        label=gettext_lazy("Whom"), most=4_000, rows=3,
        help_text=gettext_lazy("of the accounts that owe something and are with no agency"),
    )  # fmt: skip
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"), required=False, min_value=0, max_value=2**32 - 1,
        help_text=gettext_lazy("empty: a new one; the same seed on the same book gives the same split"),
    )  # fmt: skip

    def __init__(self, *args: Any, agencies: Sequence[Agency], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._codes = [agency.code for agency in agencies]
        for agency in agencies:
            self.fields[f"weight_{agency.code}"] = forms.IntegerField(
                label=_("Weight of %(agency)s") % {"agency": agency.name}, min_value=0, max_value=1_000, required=False
            )

    @property
    def weights_shown(self) -> list[Any]:
        """The fields of the weights."""
        return [self[f"weight_{code}"] for code in self._codes]

    def weights(self) -> dict[str, int]:
        """Return the weights that were typed, by the agency's code."""
        return {code: self.cleaned_data[f"weight_{code}"] for code in self._codes if self.cleaned_data.get(f"weight_{code}")}

    def refuse(self, refusal: Exception) -> None:
        """Show what is wrong with the shares above: they are many fields."""
        super().refuse(refusal)


class RecallForm(AgencyFormBase):
    """A recall by hand."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Why"), choices=[(str(one), Placement.Reason(one).label) for one in BY_HAND], initial="other"
    )
    note = _Text(label=gettext_lazy("Reason"))


class MonthForm(AgencyFormBase):
    """A month."""

    month = _Day(label=gettext_lazy("First day of the month"))


class FileForm(AgencyFormBase):
    """A file of an agency."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What it holds"),
        choices=[
            (str(kind), label)
            for kind, label in zip(
                INCOMING, (gettext_lazy("inventory"), gettext_lazy("payments"), gettext_lazy("contacts")), strict=True
            )
        ],
    )
    file = forms.FileField(label=gettext_lazy("File"), help_text=gettext_lazy("CSV in UTF-8, at most 10 MB"))

    def clean_file(self) -> Any:
        """Refuse what is too large to be read at once."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(
                _("The file has %(size)s bytes; at most %(most)s.") % {"size": file.size, "most": MOST_BYTES}
            )
        return file


class OwnCallForm(AgencyFormBase):
    """A call that somebody of an agency wants to make."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=32)
    channel = forms.ChoiceField(
        label=gettext_lazy("How"), choices=[(str(channel), CHANNEL_NAMES[channel]) for channel in BY_PERSON]
    )
    purpose = forms.ChoiceField(
        label=gettext_lazy("What for"), choices=[(str(purpose), _PURPOSES[str(purpose)]) for purpose in PURPOSES]
    )


class OwnOutcomeForm(AgencyFormBase):
    """How a call ended."""

    outcome = forms.ChoiceField(label=gettext_lazy("How it ended"), choices=[(str(end), _OUTCOMES[str(end)]) for end in ENDS])
    note = forms.CharField(label=gettext_lazy("Note"), max_length=500, required=False)

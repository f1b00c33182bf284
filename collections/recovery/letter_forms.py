"""What is typed about letters, their templates and figures, and legal cases."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.forms import no_amount
from outreach.forms import OutreachForm
from recovery.models import LegalCase, Letter, LetterPolicy
from recovery.models.legal import NOTED_CAUSES, STAGE_NAMES
from recovery.rules.benefit import FIRST_STAGES
from riskops.shared.money import MalformedAmount, UnknownCurrency, minor_digits, parse_amount


class _Text(forms.CharField):
    def __init__(self, *, rows: int = 2, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 500)
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), **kwargs)


class _Day(forms.DateField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


class ProposeLetterForm(OutreachForm):
    """A letter proposed by hand."""

    note = _Text(label=gettext_lazy("Why this account"), required=False)


class SendForm(OutreachForm):
    """A letter handed to a carrier."""

    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=60, help_text=gettext_lazy("e.g. EMS"))
    tracking_no = forms.CharField(label=gettext_lazy("Tracking number"), max_length=60)
    on = _Day(label=gettext_lazy("Handed over on"))


class EndForm(OutreachForm):
    """How a letter ended."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("How it ended"),
        choices=[
            (str(status), status.label) for status in (Letter.Status.DELIVERED, Letter.Status.REFUSED, Letter.Status.RETURNED)
        ],
    )
    on = _Day(label=gettext_lazy("On"), help_text=gettext_lazy("the day of the carrier's receipt"))
    note = _Text(label=gettext_lazy("Evidence"), required=False, help_text=gettext_lazy("who signed, what the receipt says"))


class EvidenceForm(OutreachForm):
    """A file of evidence."""

    file = forms.FileField(label=gettext_lazy("File"), help_text=gettext_lazy("PDF, picture, text or Office file, at most 10 MB"))


class VerifyForm(OutreachForm):
    """What stands at the foot of a letter, or the file itself."""

    hash = forms.CharField(label=gettext_lazy("Document number"), max_length=100, required=False)
    file = forms.FileField(label=gettext_lazy("or the PDF file"), required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse a form with neither."""
        values = super().clean() or {}
        if not values.get("hash") and not values.get("file") and not self.errors:
            raise forms.ValidationError(_("Type the document number, or choose the file."))
        return values


class LetterTemplateForm(OutreachForm):
    """What a letter says, in both languages."""

    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=100)
    name_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), max_length=100)
    title_en = forms.CharField(label=gettext_lazy("Heading in English"), max_length=100)
    title_zh = forms.CharField(label=gettext_lazy("Heading in Chinese"), max_length=100)
    body_en = _Text(label=gettext_lazy("Text in English"), rows=16, max_length=8000)
    body_zh = _Text(label=gettext_lazy("Text in Chinese"), rows=16, max_length=8000)
    signature_en = forms.CharField(
        label=gettext_lazy("Signature in English"), max_length=200, help_text=gettext_lazy("lines parted by a vertical bar")
    )
    signature_zh = forms.CharField(label=gettext_lazy("Signature in Chinese"), max_length=200)
    note = _Text(label=gettext_lazy("What it changes, and why"), required=False)
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)


class NewLetterTemplateForm(LetterTemplateForm):
    """A new letter, with the code it is known by."""

    code = forms.CharField(label=gettext_lazy("Code"), max_length=48, help_text=gettext_lazy("small letters, digits and hyphens"))
    field_order = ("code",)


class LetterPolicyForm(OutreachForm):
    """Figures of letters and legal stages. Amounts are typed in major units, rates in percent; one line a row of a table."""

    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=100)
    name_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), max_length=100)
    currency = forms.CharField(label=gettext_lazy("Currency"), max_length=3)
    rule = _Text(
        label=gettext_lazy("Propose a letter where"),
        max_length=2000,
        help_text=gettext_lazy("a rule over the facts of accounts, e.g. dpd >= 61 and overdue >= 500"),
    )
    template_code = forms.CharField(label=gettext_lazy("Letter template"), max_length=48)
    letter_cost = forms.CharField(label=gettext_lazy("Cost of a letter"), max_length=20)
    least_net = forms.CharField(label=gettext_lazy("Least expected net recovery"), max_length=20)
    bands = _Text(
        label=gettext_lazy("Recovery rates"),
        rows=14,
        max_length=4000,
        help_text=gettext_lazy("a line each: bucket from, amount from, percent, e.g. 4 5000 7"),
    )
    cool_off_days = forms.IntegerField(label=gettext_lazy("Days between two letters"), min_value=0)
    pay_within_days = forms.IntegerField(label=gettext_lazy("Days to pay"), min_value=1)
    most_a_run = forms.IntegerField(label=gettext_lazy("Most proposals a run"), min_value=1)
    stages = _Text(
        label=gettext_lazy("Legal stages"),
        rows=5,
        max_length=1000,
        help_text=gettext_lazy("a line each: stage, cost, percent, e.g. suit 1200 28"),
    )
    limitation_years = forms.IntegerField(label=gettext_lazy("Limitation in years"), min_value=1)
    warn_days = forms.IntegerField(label=gettext_lazy("List accounts so many days before it runs out"), min_value=1)
    note = _Text(label=gettext_lazy("What it changes, and why"), required=False)
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    @classmethod
    def of(cls, policy: LetterPolicy) -> LetterPolicyForm:
        """Return the form filled with a version."""
        digits = minor_digits(policy.currency)
        names = ("name_en", "name_zh", "currency", "rule", "template_code", "cool_off_days", "pay_within_days", "most_a_run")
        initial = {name: getattr(policy, name) for name in (*names, "limitation_years", "warn_days", "note", "revision")}
        bands = [f"{b.bucket_from} {_major(b.amount_from_minor, digits)} {_major(b.rate_bp, 2)}" for b in policy.rate_bands()]
        stages = [f"{t.stage} {_major(t.cost_minor, digits)} {_major(t.rate_bp, 2)}" for t in policy.stage_terms()]
        tables = {"bands": "\n".join(bands), "stages": "\n".join(stages)}
        amounts = {
            "letter_cost": _major(policy.letter_cost_minor, digits),
            "least_net": _major(policy.least_net_minor, digits),
        }
        return cls(initial={**initial, **tables, **amounts})

    def clean(self) -> dict[str, Any]:
        """Read amounts and tables, by the currency that was typed."""
        values = super().clean() or {}
        if self.errors:
            return values
        try:
            digits = minor_digits(values["currency"])
        except UnknownCurrency:
            self.add_error("currency", _("Give an ISO 4217 code, e.g. CNY."))
            return values
        for field, column in (("letter_cost", "letter_cost_minor"), ("least_net", "least_net_minor")):
            try:
                values[column] = parse_amount(values[field], digits=digits)
            except MalformedAmount as malformed:
                self.add_error(field, no_amount(values[field], malformed))
        values["bands"] = self._rows("bands", digits)
        values["stages"] = self._rows("stages", digits)
        return values

    def _rows(self, field: str, digits: int) -> list[list[Any]]:
        """Return the lines of a table: a name or a number, an amount in minor units, a rate in hundredths of a percent."""
        rows: list[list[Any]] = []
        for number, line in enumerate(str(self.cleaned_data[field]).splitlines(), 1):
            if not line.strip():
                continue
            parts = line.split()
            try:
                first, amount, rate = parts
                head: Any = int(first) if field == "bands" else first
                rows.append([head, parse_amount(amount, digits=digits), parse_amount(rate.rstrip("%"), digits=2)])
            except (ValueError, MalformedAmount):
                text = _("Line %(line)s, “%(text)s”, cannot be read; write three parts, with spaces between.")
                self.add_error(field, text % {"line": number, "text": line.strip()[:40]})
        return rows


class NewLetterPolicyForm(LetterPolicyForm):
    """Figures of a further currency, with the code they are known by."""

    code = forms.CharField(label=gettext_lazy("Code"), max_length=48, help_text=gettext_lazy("small letters, digits and hyphens"))
    field_order = ("code",)


def _major(minor: int, digits: int) -> str:
    """Return an amount in major units without needless zeros: `5000`, `12.5`."""
    text = f"{Decimal(minor).scaleb(-digits):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class ProposeCaseForm(OutreachForm):
    """A legal case proposed."""

    stage = forms.ChoiceField(
        label=gettext_lazy("Begin with"), choices=[(str(stage), STAGE_NAMES[stage]) for stage in FIRST_STAGES]
    )
    note = _Text(label=gettext_lazy("Why"))


class _OfCase(OutreachForm):
    version = forms.IntegerField(widget=forms.HiddenInput)


class ApproveCaseForm(_OfCase):
    """A legal case approved, from a day."""

    on = _Day(label=gettext_lazy("The first stage begins on"))


class RejectCaseForm(_OfCase):
    """A legal case not approved."""

    reason = _Text(label=gettext_lazy("Reason"))


class MoveCaseForm(_OfCase):
    """The next stage of a legal case."""

    stage = forms.ChoiceField(label=gettext_lazy("Next stage"), choices=[])
    on = _Day(label=gettext_lazy("From"))
    body = forms.CharField(
        label=pgettext_lazy("court", "Before"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("court, commission or mediator"),
    )
    docket_no = forms.CharField(label=gettext_lazy("Docket number"), max_length=80, required=False)
    result = _Text(label=gettext_lazy("Result of the present stage"), required=False)

    def __init__(self, *args: Any, following: tuple[tuple[str, Any], ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["stage"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(following)


class StageForm(_OfCase):
    """What is known of the present stage, and a cost to be booked."""

    body = forms.CharField(label=pgettext_lazy("court", "Before"), max_length=120, required=False)
    docket_no = forms.CharField(label=gettext_lazy("Docket number"), max_length=80, required=False)
    cost = forms.CharField(label=gettext_lazy("Book a further cost"), max_length=20, required=False)

    def cost_minor(self, currency: str) -> int:
        """Return the cost in minor units.

        :raises MalformedAmount: it is none
        """
        typed = self.cleaned_data.get("cost", "").strip()
        return parse_amount(typed, digits=minor_digits(currency)) if typed else 0


class CloseCaseForm(_OfCase):
    """A legal case closed."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("Outcome"), choices=[("", pgettext_lazy("outcome", "choose")), *LegalCase.Outcome.choices]
    )
    on = _Day(label=gettext_lazy("Closed on"))
    reason = _Text(label=gettext_lazy("What it ended with"))


class LimitationForm(OutreachForm):
    """What restarts the clock."""

    cause = forms.ChoiceField(label=gettext_lazy("What"), choices=NOTED_CAUSES)
    on = _Day(label=gettext_lazy("On"))
    evidence = _Text(label=gettext_lazy("Evidence"), help_text=gettext_lazy("what it is, and where it lies"))

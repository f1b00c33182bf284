"""The forms of mandates and debits. What they cannot know, the operations refuse; the refusal is shown beside its field."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.decision_forms import RefusableForm
from accounts.forms import AmountField
from accounts.models import DebitMandate
from accounts.operations.debiting.mandates import LONGEST
from accounts.operations.debiting.results import MOST_BYTES
from riskops.shared.wording import money_text


def _day(label: Any, **more: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **more)


class MandateForm(RefusableForm):
    """A customer's leave to take money."""

    reference = forms.CharField(label=_("Mandate number"), max_length=64, help_text=_("as on the customer's form"))
    instrument = forms.CharField(
        label=_("Account or card number"),
        max_length=LONGEST + 20,
        help_text=_("kept encrypted, shown by its last four characters"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    holder = forms.CharField(
        label=_("Holder"), required=False, max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    most = AmountField(label=_("Largest single debit"))
    valid_from = _day(_("Valid from"))
    valid_until = _day(_("Valid until"), required=False, help_text=_("empty: until it is revoked"))
    evidence = forms.CharField(label=_("Evidence"), max_length=200, help_text=_("where the form or the recording is kept"))

    def __init__(self, data: Any = None, *, digits: int, today: date) -> None:
        super().__init__(data, initial={"valid_from": today}, prefix="mandate")
        most = self.fields["most"]
        assert isinstance(most, AmountField)
        most.digits = digits

    def refuse(self, refusal: Any) -> None:
        """Show a refusal; what the operation calls the amount is the largest debit here."""
        names = {"amount": "most", "value_date": "valid_from"}
        name = names.get(refusal.about, refusal.about)
        self.add_error(name if name in self.fields else None, str(refusal))


class DebitForm(RefusableForm):
    """An order to take an amount on a day."""

    reference = forms.CharField(max_length=40, widget=forms.HiddenInput)
    mandate = forms.ChoiceField(label=_("Mandate"))
    amount = AmountField(label=_("Amount"), help_text=_("never more than is due on the day is taken"))
    debit_on = _day(_("Debit on"))
    reason = forms.CharField(label=_("Reason"), required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(
        self, data: Any = None, *, mandates: tuple[DebitMandate, ...], digits: int, currency: str, earliest: date, amount: str
    ) -> None:
        initial = {"reference": f"DD-{secrets.token_hex(6).upper()}", "debit_on": earliest, "amount": amount}
        super().__init__(data, initial=initial, prefix="debit")
        chosen = self.fields["mandate"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [
            (
                str(mandate.pk),
                gettext("%(number)s · %(instrument)s · at most %(most)s")
                % {
                    "number": mandate.reference,
                    "instrument": mandate.masked_instrument,
                    "most": money_text(mandate.most_minor, currency),
                },
            )
            for mandate in mandates
        ]
        field = self.fields["amount"]
        assert isinstance(field, AmountField)
        field.digits = digits


class WhyForm(RefusableForm):
    """The reason for revoking or cancelling."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class ResultsForm(RefusableForm):
    """A file of results."""

    file = forms.FileField(label=_("File of results"), widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}))

    def clean_file(self) -> Any:
        """Refuse what is too large before it is read."""
        sent = self.cleaned_data["file"]
        if sent.size > MOST_BYTES:
            raise forms.ValidationError(
                gettext("The file has %(size)s bytes, more than %(most)s; send it in parts.")
                % {"size": sent.size, "most": MOST_BYTES}
            )
        return sent

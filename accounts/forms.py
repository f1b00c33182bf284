"""The forms of the account page. What they cannot know, the operations refuse; the refusal is shown beside its field."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from accounts.models.payment import COMPONENT_CHOICES
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.account_page import LoadedAccount
from accounts.rules.terms import Component
from riskops.shared.money import PLAIN_DECIMAL, MalformedAmount, parse_amount
from riskops.shared.wording import day_text

# The wordings of riskops.shared.money, which speaks English to programs.
_AMOUNT_WORDINGS: Final = (
    gettext_noop("at most %(digits)s decimals"),
    gettext_noop("at most 100,000,000.00"),
)
#: Where payments come from; free text in the book, these are offered.
CHANNELS: Final = ("app", "bank_transfer", "direct_debit", "counter", "agency")


def new_reference() -> str:
    """Return a reference for an entry typed on the site; a form sent twice carries the same one, so it counts once."""
    return f"WEB-{secrets.token_hex(6).upper()}"


def no_amount(text: str, malformed: MalformedAmount) -> str:
    """Say in a sentence that what was typed is no amount, and what would be."""
    # Files and programs are to write no separators; typed ones are forgiven by the fields.
    is_odd = malformed.wording == PLAIN_DECIMAL
    plain = gettext("a decimal such as 1234.5, without sign or exponent")
    right = plain if is_odd else gettext(malformed.wording) % malformed.params
    return gettext("%(value)s is not an amount: write %(right)s.") % {"value": text, "right": right}


class AmountField(forms.CharField):
    """An amount as people type it, in major units; cleaned to minor units."""

    def __init__(self, *, digits: int = 2, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)
        self.digits = digits

    def clean(self, value: Any) -> int | None:
        """Return minor units, None for nothing where nothing may be given; commas between thousands are forgiven."""
        text = super().clean(value).replace(",", "").replace("，", "").strip()
        if not text and not self.required:
            return None
        try:
            return parse_amount(text, digits=self.digits)
        except MalformedAmount as malformed:
            raise ValidationError(no_amount(text, malformed)) from None


class EntryForm(forms.Form):
    """What every entry has: a day, a reference, a reason."""

    value_date = forms.DateField(
        label=_("Value date"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("the day it counts from"),
    )
    reference = forms.CharField(
        label=_("Reference"), max_length=64, help_text=_("unique in the whole book; the same one twice counts once")
    )
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}), help_text=_("kept in the audit trail"))

    #: Which field shows a refusal about which argument, where the names differ.
    fields_of_refusals: dict[str, str] = {}

    def __init__(self, data: Any = None, *, loaded: LoadedAccount, value_date: date) -> None:
        super().__init__(data, initial={"value_date": value_date, "reference": new_reference()})
        self.loaded = loaded

    def refuse(self, refusal: LedgerRefusal) -> None:
        """Show a refusal of the operation beside the field it is about, or above the form."""
        name = self.fields_of_refusals.get(refusal.about, refusal.about)
        self.add_error(name if name in self.fields else None, str(refusal))


def _set_currency(form: EntryForm, loaded: LoadedAccount) -> None:
    amount = form.fields["amount"]
    assert isinstance(amount, AmountField)
    amount.digits = loaded.head.minor_digits
    amount.help_text = gettext("in %(currency)s") % {"currency": loaded.head.currency}


class PaymentForm(EntryForm):
    """A payment."""

    fields_of_refusals = {"installment": "directed_to"}

    amount = AmountField(label=_("Amount"))
    channel = forms.CharField(
        label=_("Channel"),
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"list": "channels", "autocomplete": "off"}),
    )
    directed_to = forms.ChoiceField(
        label=_("Pays first"),
        required=False,
        help_text=_("the instalment that a directed payment names; the rest follows the product's order"),
    )
    field_order = ("amount", "value_date", "reference", "channel", "directed_to", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = False
        _set_currency(self, self.loaded)
        entries = sorted(self.loaded.entries.installments, key=lambda e: (e.due_date, e.order_no, e.sequence))
        directed_to = self.fields["directed_to"]
        assert isinstance(directed_to, forms.ChoiceField)
        directed_to.choices = [
            ("", _("the oldest due (the product's order)")),
            *((str(entry.key), f"{entry.order_no}/{entry.sequence} · {day_text(entry.due_date)}") for entry in entries),
        ]

    def named_installment(self) -> tuple[int, tuple[str, int]] | None:
        """Return the id and the key of the instalment it names, None for a payment that names none."""
        chosen = self.cleaned_data["directed_to"]
        entry = next((e for e in self.loaded.entries.installments if str(e.key) == chosen), None)
        return (entry.key, (entry.order_no, entry.sequence)) if entry else None


class ReversalForm(EntryForm):
    """A reversal of a payment."""


class WaiverForm(EntryForm):
    """A waiver on one instalment."""

    component = forms.TypedChoiceField(
        label=_("Component"), choices=COMPONENT_CHOICES, coerce=lambda value: Component(int(value)), initial=Component.PENALTY
    )
    amount = AmountField(label=_("Amount"))
    field_order = ("component", "amount", "value_date", "reference", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _set_currency(self, self.loaded)


class CancellationForm(EntryForm):
    """A cancellation of an instalment."""


class RefundForm(EntryForm):
    """A refund out of the credit balance."""

    amount = AmountField(label=_("Amount"))
    field_order = ("amount", "value_date", "reference", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _set_currency(self, self.loaded)


class WriteOffForm(EntryForm):
    """A write-off."""


class RevealForm(forms.Form):
    """The reason for seeing personal data in clear."""

    reason = forms.CharField(
        label=_("What do you need it for?"), max_length=500, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

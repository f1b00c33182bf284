"""The forms of relief and plans. What they cannot know, the operations refuse; the refusal is shown beside its field."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import AmountField
from casework.models import ReliefTerms
from riskops.shared.money import plain_amount


class PercentField(forms.DecimalField):
    """A share as people type it, in percent; cleaned to whole parts of it.

    :param parts: how many make a percent: 100 of hundredths of a percent, 10,000 of parts per million
    """

    def __init__(self, *, parts: int, most: int = 100, **kwargs: Any) -> None:
        self.parts = parts
        super().__init__(min_value=0, max_value=most, decimal_places=len(str(parts)) - 1, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Return what was typed as it was, and what is kept as percent."""
        if not isinstance(value, int):
            return value
        return f"{(Decimal(value) / self.parts).normalize():f}"

    def clean(self, value: Any) -> int | None:
        """Return whole parts."""
        percent = super().clean(value)
        return None if percent is None else int(percent * self.parts)


class MajorField(AmountField):
    """An amount kept in minor units of a currency with two decimals, shown and typed in major ones."""

    def prepare_value(self, value: Any) -> Any:
        """Return what was typed as it was, and what is kept in major units."""
        return plain_amount(value, digits=self.digits) if isinstance(value, int) else value


class AffordabilityFields(forms.Form):
    """What a household has in a month."""

    income = AmountField(label=_("Income a month"))
    essentials = AmountField(label=_("Essentials"), help_text=_("rent, food, health, school, getting to work"))
    other_debts = AmountField(label=_("Other debts a month"))
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, data: Any = None, *, digits: int = 2, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        for name in ("income", "essentials", "other_debts"):
            field = self.fields[name]
            assert isinstance(field, AmountField)
            field.digits = digits


class PlanFields(forms.Form):
    """The plan somebody wants: in a number of instalments, or by what is paid a month."""

    instrument = forms.ChoiceField(choices=ReliefTerms.Instrument.choices, widget=forms.HiddenInput)
    covers = forms.ChoiceField(choices=[("late", ""), ("open", "")], widget=forms.HiddenInput)
    number = forms.IntegerField(label=_("Number of instalments"), required=False, min_value=1, max_value=60)
    amount = AmountField(label=_("Or this much a month"), required=False, help_text=_("instead of a number: empty that one"))
    first_due = forms.DateField(
        label=_("First due"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, data: Any = None, *, digits: int = 2, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        amount = self.fields["amount"]
        assert isinstance(amount, AmountField)
        amount.digits = digits
        chosen = self.data.get("instrument") if self.is_bound else (initial or {}).get("instrument")
        if chosen == ReliefTerms.Instrument.DEFERRAL:
            # Each instalment stays as it is, so many months later.
            number = self.fields["number"]
            number.label, number.required = _("Months later"), True
            number.error_messages["required"] = _("Give the months by which each due date moves.")
            del self.fields["amount"], self.fields["first_due"]

    def clean(self) -> dict[str, Any]:
        """Refuse a plan without its length."""
        values: dict[str, Any] = super().clean() or {}
        if not self.errors and not values.get("number") and not values.get("amount"):
            self.add_error("number", _("Give a number of instalments, or what is paid a month."))
        return values

    def refuse(self, about: str, text: str) -> None:
        """Show a refusal beside the field it is about, or above the form."""
        self.add_error(about if about in self.fields and about not in ("instrument", "covers") else None, text)

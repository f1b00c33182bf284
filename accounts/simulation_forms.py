"""What may be asked of a simulation, with its bounds."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import AmountField
from accounts.models import Product
from accounts.queries.simulating import USUAL_DAYS, Asked, MadeUp
from accounts.rules.simulation import (
    MOST_DAILY_POINTS,
    MOST_DAYS,
    MOST_INSTALLMENTS,
    MOST_PLANS,
    Paid,
    months_later,
)
from riskops.shared.day import FIRST_DAY, LAST_DAY

_STEPS: Final = [("month", _("month")), ("day", _("day"))]


def _day(label: Any, **more: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), required=False, **more)


class PlansField(forms.CharField):
    """Up to five numbers of instalments, apart by commas."""

    def clean(self, value: Any) -> tuple[int, ...]:
        """Return the numbers in the order typed, each once."""
        parts = str(super().clean(value)).replace("，", ",").replace("、", ",").split(",")
        texts = [part.strip() for part in parts if part.strip()]
        numbers = tuple(dict.fromkeys(int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 4))
        if len(numbers) < len(set(texts)) or not all(1 <= number <= MOST_INSTALLMENTS for number in numbers):
            raise ValidationError(
                gettext("Write whole numbers from 1 to %(most)s, apart by commas.") % {"most": MOST_INSTALLMENTS}
            )
        if len(numbers) > MOST_PLANS:
            raise ValidationError(gettext("Compare at most %(most)s plans at once.") % {"most": MOST_PLANS})
        return numbers


class SimulationForm(forms.Form):
    """What is paid, and how far ahead is looked. Nothing of it is kept; it stands in the address."""

    days = forms.IntegerField(label=_("Days ahead"), min_value=1, max_value=MOST_DAYS, required=False)
    step = forms.ChoiceField(label=_("A point each"), choices=_STEPS, required=False)
    once = AmountField(label=_("One payment"), required=False)
    once_on = _day(_("One payment on"), help_text=_("empty: on the first day"))
    monthly = AmountField(label=_("Each month"), required=False)
    monthly_from = _day(_("Each month from"), help_text=_("empty: from the first day on"))
    plans = PlansField(
        label=_("Plans of equal instalments"), required=False, max_length=40, help_text=_("numbers of instalments, e.g. 3, 6, 12")
    )
    plans_from = _day(_("First instalment on"), help_text=_("empty: a month after the first day"))
    plan_fee = AmountField(label=_("Fee in each instalment"), required=False)

    def __init__(self, data: Any = None, *, digits: int, start: date) -> None:
        asked = data if data else None
        super().__init__(asked, initial={"days": USUAL_DAYS, "step": "month"})
        self.start = start
        for field in self.fields.values():
            if isinstance(field, AmountField):
                field.digits = digits

    def clean(self) -> dict[str, Any]:
        """Hold the days together: nothing before the first, a daily series short enough to be read."""
        values = super().clean() or {}
        for name in ("once_on", "monthly_from", "plans_from"):
            day = values.get(name)
            if day is not None and not self._first_day(values) <= day <= LAST_DAY:
                self.add_error(
                    name,
                    gettext("%(day)s is before the first day, %(first)s; use that day or a later one.")
                    % {"day": day.isoformat(), "first": self._first_day(values).isoformat()},
                )
        if values.get("step") == "day" and (values.get("days") or USUAL_DAYS) >= MOST_DAILY_POINTS:
            self.add_error(
                "days",
                gettext("Day by day at most %(most)s days are shown; look less far ahead, or month by month.")
                % {"most": MOST_DAILY_POINTS - 1},
            )
        return values

    def _first_day(self, values: dict[str, Any]) -> date:
        return self.start

    def asked(self) -> Asked:
        """Return what is asked; what the form does not say is as usual."""
        values: dict[str, Any] = self.cleaned_data if self.is_bound else {}
        start = self._first_day(values)
        once, monthly = values.get("once"), values.get("monthly")
        return Asked(
            days=values.get("days") or USUAL_DAYS,
            is_daily=values.get("step") == "day",
            once=Paid(values.get("once_on") or start, once) if once else None,
            monthly=Paid(values.get("monthly_from") or start, monthly) if monthly else None,
            plans=values.get("plans") or (),
            plans_from=values.get("plans_from"),
            plan_fee_minor=values.get("plan_fee") or 0,
        )


class MadeUpForm(SimulationForm):
    """An account that is made up, and what is paid on it."""

    product = forms.ChoiceField(label=_("Product"))
    amount = AmountField(label=_("Amount"))
    number = forms.IntegerField(label=_("Instalments"), min_value=1, max_value=MOST_INSTALLMENTS)
    bought_on = _day(_("Bought on"))
    first_due_on = _day(_("First due on"), help_text=_("empty: a month later"))
    fee = AmountField(label=_("Fee in each instalment of it"), required=False)
    field_order = ("product", "amount", "number", "bought_on", "first_due_on", "fee")

    def __init__(self, data: Any = None, *, products: tuple[Product, ...], start: date) -> None:
        self.products = {product.product_code: product for product in products}
        chosen = self.products.get(str(data.get("product", ""))) if data else None
        super().__init__(data, digits=chosen.minor_digits if chosen else 2, start=start)
        field = self.fields["product"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(code, f"{product} ({product.currency})") for code, product in self.products.items()]
        self.fields["bought_on"].initial = start

    def _first_day(self, values: dict[str, Any]) -> date:
        return values.get("bought_on") or self.start

    def clean(self) -> dict[str, Any]:
        """Refuse a due date before the purchase, and days that no book holds."""
        values = super().clean()
        bought, first = self._first_day(values), values.get("first_due_on")
        if not FIRST_DAY <= bought <= date(LAST_DAY.year - 12, 12, 31):
            self.add_error("bought_on", gettext("%(day)s is no day of a book; check the year.") % {"day": bought.isoformat()})
        if values.get("amount") == 0:
            self.add_error("amount", gettext("Write an amount above zero."))
        if first is not None and first < bought:
            self.add_error(
                "first_due_on",
                gettext("%(day)s is before the day it is bought on, %(first)s; use that day or a later one.")
                % {"day": first.isoformat(), "first": bought.isoformat()},
            )
        return values

    def made_up(self) -> tuple[Product, MadeUp]:
        """Return the account asked for."""
        values = self.cleaned_data
        bought = self._first_day(values)
        return self.products[values["product"]], MadeUp(
            amount_minor=values["amount"],
            number=values["number"],
            bought_on=bought,
            first_due_on=values["first_due_on"] or months_later(bought, 1),
            fee_minor=values.get("fee") or 0,
        )

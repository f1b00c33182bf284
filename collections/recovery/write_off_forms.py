"""What is typed about write-offs, their rules and the resale of what was written off."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.rule_forms import RuleForm
from outreach.forms import OutreachForm
from recovery.models import WriteOffRule
from recovery.models.write_offs import MOST_AGAIN_AFTER_DAYS
from recovery.operations.write_offs.deciding import USUAL_REASON
from recovery.queries.write_offs import reason_codes
from riskops.shared.money import MalformedAmount, minor_digits, parse_amount


class _Text(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 2}), max_length=500, **kwargs)


class ProposeWriteOffForm(OutreachForm):
    """An account proposed by hand."""

    note = _Text(label=gettext_lazy("Why this account"))


class SendWriteOffForm(OutreachForm):
    """Proposals sent to approval."""

    reason_code = forms.ChoiceField(label=gettext_lazy("Reason"))
    note = forms.CharField(label=gettext_lazy("Note"), max_length=500, required=False)

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        field = self.fields["reason_code"]
        field.choices = reason_codes()  # type: ignore[attr-defined]
        field.initial = USUAL_REASON


class WriteOffRuleForm(RuleForm):
    """A draft of a write-off rule."""

    only_losing = forms.BooleanField(
        label=gettext_lazy("Only where going on costs more than it is expected to bring"),
        required=False,
        help_text=gettext_lazy("by the figures of letters of the currency; where there are none nothing is proposed"),
    )
    again_after_days = forms.IntegerField(
        label=gettext_lazy("Proposed again after, days"),
        min_value=0,
        max_value=MOST_AGAIN_AFTER_DAYS,
        initial=90,
        help_text=gettext_lazy("days after a rejection within which the account is left out"),
    )
    field_order = ("code", "name_en", "name_zh", "only_losing", "again_after_days")

    def values(self) -> dict[str, Any]:
        """Return the columns of the draft."""
        return {**super().values(), **{name: self.cleaned_data[name] for name in ("only_losing", "again_after_days")}}

    @classmethod
    def filled(cls, version: WriteOffRule) -> dict[str, Any]:
        """Return the fields as a version has them."""
        return {
            **super().filled(version),
            "only_losing": version.only_losing,
            "again_after_days": version.again_after_days,
        }


class BasisForm(OutreachForm):
    """Why the switch of resale is changed."""

    basis = _Text(
        label=gettext_lazy("On what basis"), help_text=gettext_lazy("which law or licence allows it, and who looked at it")
    )


class OffForm(OutreachForm):
    """Why resale is switched off."""

    basis = _Text(label=gettext_lazy("Why"))


class SellForm(OutreachForm):
    """A written-off account that was sold."""

    sold_on = forms.DateField(label=gettext_lazy("Sold on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    buyer = forms.CharField(label=gettext_lazy("Buyer"), max_length=200)
    licence = forms.CharField(
        label=gettext_lazy("Licence of the buyer"), max_length=200, help_text=gettext_lazy("number, and who granted it")
    )
    price = forms.CharField(label=pgettext_lazy("sale", "Price"), max_length=30)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=500, required=False)

    def price_minor(self, currency: str) -> int | None:
        """Return the price in minor units; None, with the field marked, if it cannot be read. Call it on a valid form."""
        try:
            return parse_amount(self.cleaned_data["price"], digits=minor_digits(currency))
        except MalformedAmount as malformed:
            self.add_error("price", _("This is not an amount: %(why)s") % {"why": malformed})
            return None

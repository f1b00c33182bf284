"""The forms of disputes. What they cannot know, the operations refuse, beside the field."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.forms import AmountField, new_reference
from accounts.models.payment import COMPONENT_CHOICES
from accounts.review_forms import RefusingForm
from casework.dispute_hooks import cause_kinds
from casework.models import Dispute, DisputeKind
from casework.models.disputes import CORRECTION_CHOICES, OUTCOME_CHOICES
from casework.operations.disputes.concluding import Conclusion
from casework.operations.disputes.correcting import Planned
from casework.operations.disputes.opening import LONGEST_TEXT, Intake
from riskops.shared.models import Team

_NOT_PERSONAL = _("No phone, identity or card numbers: it is searched and shown in clear.")


def _choice(form: forms.Form, name: str) -> forms.ChoiceField:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    return field


class DisputeForm(RefusingForm):
    """What the customer says."""

    reference = forms.CharField(widget=forms.HiddenInput, max_length=64)
    kind = forms.ChoiceField(label=_("Kind"), choices=[])
    came_by = forms.ChoiceField(label=_("Came by"), choices=Dispute.CameBy.choices)
    order_no = forms.ChoiceField(label=pgettext_lazy("purchase", "Order"), choices=[], required=False)
    amount = AmountField(label=_("Disputed amount"), required=False)
    received_on = forms.DateField(
        label=pgettext_lazy("dispute", "Received on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("the clock runs from this day"),
    )
    claim = forms.CharField(
        label=_("What the customer says"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_NOT_PERSONAL,
    )

    def __init__(self, *args: Any, orders: Iterable[str], digits: int, received_on: date, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"reference": new_reference(), "received_on": received_on, "came_by": "call"})
        super().__init__(*args, **kwargs)
        _choice(self, "kind").choices = [(kind.code, str(kind)) for kind in DisputeKind.objects.filter(is_active=True)]
        _choice(self, "order_no").choices = [("", _("the account as a whole")), *((order, order) for order in orders)]
        amount = self.fields["amount"]
        assert isinstance(amount, AmountField)
        amount.digits = digits

    def refuse(self, refusal: Any) -> None:
        """Show a refusal; the field of the amount has a name of its own."""
        about = {"amount_minor": "amount"}.get(refusal.about, refusal.about)
        self.add_error(about if about in self.fields and not self[about].is_hidden else None, str(refusal))

    def intake(self) -> Intake:
        """Return what was filled in."""
        values = self.cleaned_data
        return Intake(
            kind=values["kind"],
            came_by=values["came_by"],
            claim=values["claim"],
            order_no=values["order_no"],
            amount_minor=values["amount"],
            received_on=values["received_on"],
        )


class DisputeAssignForm(RefusingForm):
    """Who is to work on it."""

    assigned_to = forms.CharField(
        label=_("Person"),
        required=False,
        max_length=150,
        help_text=_("user name; empty leaves it to the team"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "dispute-workers"}),
    )
    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.filter(is_open=True).order_by("name"), required=False)


class CorrectionForm(RefusingForm):
    """What of the ledger is to be put right."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    what = forms.ChoiceField(label=_("Correction"), choices=CORRECTION_CHOICES)
    installment = forms.ChoiceField(
        label=_("Instalment"), choices=[], required=False, help_text=_("to cancel it, or to waive on it")
    )
    component = forms.TypedChoiceField(
        label=_("Component"),
        choices=[("", "–"), *COMPONENT_CHOICES],
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("to waive"),
    )
    payment_no = forms.CharField(label=_("Payment"), max_length=64, required=False, help_text=_("number, to reverse it"))
    amount = AmountField(label=_("Amount"), required=False, help_text=_("to waive or refund"))

    def __init__(self, *args: Any, installments: Iterable[Any], digits: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choice(self, "installment").choices = [("", "–"), *((line.key, line.key) for line in installments)]
        amount = self.fields["amount"]
        assert isinstance(amount, AmountField)
        amount.digits = digits

    def refuse(self, refusal: Any) -> None:
        """Show a refusal; three fields have names of their own."""
        names = {"amount_minor": "amount", "order_no": "installment", "sequence": "installment"}
        about = names.get(refusal.about, refusal.about)
        self.add_error(about if about in self.fields and not self[about].is_hidden else None, str(refusal))

    def planned(self) -> Planned:
        """Return what was filled in."""
        values = self.cleaned_data
        order_no, _slash, sequence = values["installment"].rpartition("/")
        return Planned(
            what=values["what"],
            order_no=order_no,
            sequence=int(sequence) if sequence else None,
            component=values["component"],
            payment_no=values["payment_no"].strip(),
            amount_minor=values["amount"],
        )


class ConclusionForm(RefusingForm):
    """What came of it."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    outcome = forms.ChoiceField(label=_("Outcome"), choices=[("", _("not decided yet")), *OUTCOME_CHOICES], required=False)
    root_cause = forms.ChoiceField(
        label=_("Root cause"), choices=[("", pgettext_lazy("reason", "choose")), *Dispute.RootCause.choices]
    )
    cause = forms.ChoiceField(label=_("Caused by"), choices=[], required=False)
    finding = forms.CharField(
        label=_("What was found"), max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 4}), help_text=_NOT_PERSONAL
    )
    answer_zh = forms.CharField(
        label=_("Answer in Chinese"), max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 3, "lang": "zh-Hans"})
    )
    answer_en = forms.CharField(
        label=_("Answer in English"), max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 3, "lang": "en"})
    )

    def __init__(self, *args: Any, customer_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = [
            (kind.label, [(f"{kind.code}:{number}", words) for number, words in recent])
            for kind in cause_kinds()
            if (recent := kind.recent(customer_id))
        ]
        _choice(self, "cause").choices = [("", _("nothing in particular")), *groups]

    def refuse(self, refusal: Any) -> None:
        """Show a refusal; what is known by kind and number is one field here."""
        about = {"cause_kind": "cause", "cause_id": "cause"}.get(refusal.about, refusal.about)
        self.add_error(about if about in self.fields and not self[about].is_hidden else None, str(refusal))

    def conclusion(self) -> Conclusion:
        """Return what was filled in."""
        values = dict(self.cleaned_data)
        values.pop("version")
        kind, _colon, number = values.pop("cause").partition(":")
        return Conclusion(**values, cause_kind=kind, cause_id=int(number) if number else None)


class DisputeVersionForm(RefusingForm):
    """The version that was looked at."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class DisputeReturnForm(DisputeVersionForm):
    """Why an outcome is sent back."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}), max_length=500)

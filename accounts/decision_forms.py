"""The forms of decisions. What they cannot know, the operations refuse; the refusal is shown beside its field."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any, Final

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.forms import AmountField
from accounts.models import AgreementVersion, ReasonCode
from accounts.models.decision_settings import ACTION_CHOICES, SCOPE_CHOICES
from accounts.operations.deciding.weighing import Asked
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.account_page import LoadedAccount
from accounts.queries.decisions import liftable
from accounts.queries.scope_values import scope_value_choices
from accounts.rules.decisions import LIMIT_ACTIONS, Action

ACTION_NAMES: Final = dict(ACTION_CHOICES)


def new_reference() -> str:
    """Return a reference for a decision typed on the site; a form sent twice carries the same one, so it counts once."""
    return f"DEC-{secrets.token_hex(6).upper()}"


class _Day(forms.DateField):
    """A day with the browser's own calendar."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


class RefusableForm(forms.Form):
    """A form that shows an operation's refusal beside the field it is about, or above the form."""

    def refuse(self, refusal: LedgerRefusal) -> None:
        """Show a refusal."""
        self.add_error(refusal.about if refusal.about in self.fields else None, str(refusal))


class ScopeValueField(forms.CharField):
    """A channel or a category of goods, chosen from those in use. What else is sent reaches the operation, which says why not."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Channel or category"), required=False, widget=forms.Select, **kwargs)


def show_scope_values(form: forms.Form) -> None:
    """Fill the choice of channels and categories, if the form has one."""
    if "scope_value" in form.fields:
        chosen = str(form["scope_value"].value() or "")
        form.fields["scope_value"].widget.choices = scope_value_choices(chosen)


class DecisionForm(RefusableForm):
    """What is decided about an account; only the fields that the action has."""

    reference = forms.CharField(max_length=64, widget=forms.HiddenInput)
    lifts = forms.ChoiceField(label=_("Lifts"))
    scope = forms.ChoiceField(label=_("Stops"), choices=SCOPE_CHOICES)
    scope_value = ScopeValueField(help_text=_("only for one channel or category"))
    most = AmountField(label=_("Largest purchase"), required=False, help_text=_("only for purchases above an amount"))
    new_limit = AmountField(label=_("New limit"))
    reason_code = forms.ChoiceField(label=_("Reason"))
    effective_on = _Day(label=_("Effective on"), required=False, help_text=_("empty: the first day the notice allows"))
    review_on = _Day(label=_("Review on"), required=False, help_text=_("empty: as the terms of the action say"))
    expires_on = _Day(label=_("Expires on"), required=False, help_text=_("first day no longer in force; empty: as the terms say"))
    note = forms.CharField(
        label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}), help_text=_("for colleagues; never sent")
    )

    def __init__(self, data: Any = None, *, loaded: LoadedAccount, action: str) -> None:
        super().__init__(data, initial={"reference": new_reference()})
        self.action = action
        self.loaded = loaded
        for name in self._left_out():
            del self.fields[name]
        show_scope_values(self)
        for amount in (self.fields.get("most"), self.fields.get("new_limit")):
            if isinstance(amount, AmountField):
                amount.digits = loaded.head.minor_digits
        reasons = ReasonCode.objects.filter(action=action, is_active=True)
        self.fields["reason_code"].choices = [(reason.code, str(reason)) for reason in reasons]  # type: ignore[attr-defined]
        if action == Action.LIFT:
            found = liftable(loaded.head.account.pk)
            self.fields["lifts"].choices = [  # type: ignore[attr-defined]
                (str(decision.pk), f"{decision.get_action_display()} · {decision.reference}") for decision in found
            ]

    def _left_out(self) -> set[str]:
        left_out = set()
        if self.action != Action.LIFT:
            left_out.add("lifts")
        if self.action != Action.SUSPEND_USE:
            left_out |= {"scope", "scope_value", "most"}
        if self.action not in LIMIT_ACTIONS:
            left_out.add("new_limit")
        if self.action in (Action.LIFT, Action.WRITE_OFF):
            left_out |= {"review_on", "expires_on"}
        return left_out

    def asked(self) -> Asked:
        """Return what is asked for; call it on a valid form."""
        values = self.cleaned_data
        return Asked(
            action=self.action,
            reason_code=values["reason_code"],
            note=values["note"],
            scope=values.get("scope", ""),
            scope_value=values.get("scope_value", ""),
            most_minor=values.get("most"),
            new_limit_minor=values.get("new_limit"),
            effective_on=values["effective_on"],
            review_on=values.get("review_on"),
            expires_on=values.get("expires_on"),
            lifts=int(values["lifts"]) if values.get("lifts") else None,
        )


class ActForm(RefusableForm):
    """What every act on a decision carries: the version that was looked at."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class RemarkForm(ActForm):
    """Approve, with a remark if there is one."""

    remark = forms.CharField(label=_("Remark"), required=False, widget=forms.Textarea(attrs={"rows": 2}))


class ReasonForm(ActForm):
    """Reject or cancel, for a reason."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}), help_text=_("kept in the audit trail"))


class LiftForm(ActForm):
    """Lift a decision in force."""

    reference = forms.CharField(max_length=64, widget=forms.HiddenInput)
    reason_code = forms.ChoiceField(label=_("Reason"))
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reasons = ReasonCode.objects.filter(action=Action.LIFT, is_active=True)
        self.fields["reason_code"].choices = [(reason.code, str(reason)) for reason in reasons]  # type: ignore[attr-defined]
        self.fields["reference"].initial = new_reference()


class KeepForm(ReasonForm):
    """Leave it in force until the next review."""

    review_on = _Day(label=_("Next review on"))
    field_order = ("version", "review_on", "reason")


class AppealForm(ActForm):
    """A customer's objection."""

    received_on = _Day(label=_("Received on"))
    grounds = forms.CharField(label=_("What the customer says"), widget=forms.Textarea(attrs={"rows": 3}))


class AppealOutcomeForm(ActForm):
    """The answer to an appeal, in both languages."""

    outcome = forms.ChoiceField(
        label=_("Outcome"), choices=[("refused", _("refused: the decision stands")), ("granted", _("granted: it ends now"))]
    )
    answer_en = forms.CharField(label=_("Answer in English"), widget=forms.Textarea(attrs={"rows": 2}))
    answer_zh = forms.CharField(label=_("Answer in Chinese"), widget=forms.Textarea(attrs={"rows": 2}))


class AcceptanceForm(RefusableForm):
    """A customer's yes to an agreement or a disclosure; the versions are those of the account's product."""

    version = forms.ModelChoiceField(label=_("Version"), queryset=AgreementVersion.objects.none(), empty_label=None)
    accepted_on = _Day(label=_("Accepted on"))
    channel = forms.CharField(
        label=_("Channel"),
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"list": "channels", "autocomplete": "off"}),
    )
    evidence = forms.CharField(label=_("Evidence"), required=False, max_length=200, help_text=_("where the proof is kept"))

    def __init__(self, data: Any = None, *, loaded: LoadedAccount, accepted_on: date) -> None:
        super().__init__(data, initial={"accepted_on": accepted_on})
        of_product = Q(product=None) | Q(product_id=loaded.head.account.product_id)
        version = self.fields["version"]
        version.queryset = AgreementVersion.objects.filter(of_product)  # type: ignore[attr-defined]
        version.label_from_instance = lambda one: f"{one.get_kind_display()} · {one}"  # type: ignore[attr-defined]


class AutomationForm(RefusableForm):
    """Whether a customer wants no decision that no person takes, for all their accounts."""

    refuses = forms.ChoiceField(
        label=_("The customer"),
        choices=[("yes", _("refuses automated decisions")), ("no", _("accepts automated decisions again"))],
    )
    reason = forms.CharField(
        label=_("Reason"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("how and when the customer said so; kept in the audit trail"),
    )

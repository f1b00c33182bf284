"""The forms of rules in versions. What they cannot know, the operations refuse, beside the field it is about."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.decision_forms import RefusableForm, ScopeValueField, _Day, show_scope_values
from accounts.models import DecisionRuleVersion, ProposalRule, ReasonCode
from accounts.models.applications import OUTCOME_CHOICES
from accounts.models.decision_settings import ACTION_CHOICES, SCOPE_CHOICES
from accounts.queries.applications import reasons_for
from accounts.rules.applications import ApplicationAction, Outcome
from accounts.rules.decisions import Action
from riskops.shared.money import plain_amount

#: What rules decide; the rest is for people.
_RULE_ACTIONS = (Action.SUSPEND_USE, Action.LOWER_LIMIT, Action.RAISE_LIMIT)


class RuleForm(RefusableForm):
    """A draft of a rule: what every kind says. `rule` is shown by the rule editor, the rest by the page's fields."""

    code = forms.CharField(label=_("Code"), max_length=40)
    name_en = forms.CharField(label=_("Name in English"), max_length=100)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=100)
    rule = forms.CharField(label=_("Holds when"), max_length=4_000)
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    @property
    def fields_beside(self) -> list[Any]:
        """The fields but the condition, in their order."""
        return [field for field in self.visible_fields() if field.name != "rule"]

    def values(self) -> dict[str, Any]:
        """Return the columns of the draft; call it on a valid form."""
        return {name: self.cleaned_data[name] for name in ("name_en", "name_zh", "rule", "note")}

    @classmethod
    def filled(cls, version: Any) -> dict[str, Any]:
        """Return the fields as a version has them."""
        names = ("code", "name_en", "name_zh", "rule", "note", "revision")
        return {name: getattr(version, name) for name in names}


class DecisionRuleForm(RuleForm):
    """A draft of a decision rule."""

    action = forms.ChoiceField(
        label=_("Action"), choices=[(value, label) for value, label in ACTION_CHOICES if value in set(_RULE_ACTIONS)]
    )
    reason = forms.ModelChoiceField(label=_("Reason"), queryset=ReasonCode.objects.none())
    scope = forms.ChoiceField(label=_("Stops"), required=False, choices=[("", "–"), *SCOPE_CHOICES])
    scope_value = ScopeValueField()
    most_major = forms.IntegerField(
        label=_("Largest purchase"),
        required=False,
        min_value=0,
        max_value=10**12,
        help_text=_("whole units of the account's currency"),
    )
    limit_percent = forms.IntegerField(
        label=_("New limit, percent"),
        required=False,
        min_value=1,
        max_value=1_000,
        help_text=_("of the present one; never under the balance owed"),
    )
    lifts_itself = forms.BooleanField(label=_("Lifted when the cause is gone"), required=False, initial=True)
    field_order = ("code", "name_en", "name_zh", "action", "reason", "scope", "scope_value", "most_major", "limit_percent")

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        reasons = ReasonCode.objects.filter(action__in=_RULE_ACTIONS, is_active=True).order_by("action", "code")
        self.fields["reason"].queryset = reasons  # type: ignore[attr-defined]
        show_scope_values(self)

    def values(self) -> dict[str, Any]:
        """Return the columns of the draft."""
        names = ("action", "reason", "scope", "scope_value", "most_major", "limit_percent", "lifts_itself")
        return {**super().values(), **{name: self.cleaned_data[name] for name in names}}

    @classmethod
    def filled(cls, version: DecisionRuleVersion) -> dict[str, Any]:
        """Return the fields as a version has them."""
        names = ("action", "reason", "scope", "scope_value", "most_major", "limit_percent", "lifts_itself")
        return {**super().filled(version), **{name: getattr(version, name) for name in names}}


class ProposalRuleForm(RuleForm):
    """A draft of a proposal rule."""

    order = forms.IntegerField(label=_("Order"), min_value=0, max_value=30_000, help_text=_("the first rule that holds speaks"))
    outcome = forms.ChoiceField(label=_("Proposes"), choices=OUTCOME_CHOICES)
    reason_code = forms.ChoiceField(label=_("Reason of a refusal"), required=False)
    share_percent = forms.IntegerField(
        label=_("Granted at most, percent"), required=False, min_value=1, max_value=100, help_text=_("of what is asked for")
    )
    income_multiple = forms.DecimalField(
        label=_("Most monthly incomes"), required=False, min_value=0, max_value=1_000, decimal_places=2
    )
    field_order = ("code", "order", "name_en", "name_zh", "outcome", "reason_code", "share_percent", "income_multiple", "note")

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        reasons = reasons_for(ApplicationAction.REFUSE_APPLICATION)
        self.fields["reason_code"].choices = [("", "–"), *reasons]  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """Return the columns of the draft."""
        said = self.cleaned_data
        reason = ReasonCode.objects.filter(code=said["reason_code"], action=ApplicationAction.REFUSE_APPLICATION).first()
        share, multiple = said["share_percent"], said["income_multiple"]
        return {
            **super().values(),
            **{name: said[name] for name in ("order", "outcome")},
            "reason": reason if said["outcome"] == Outcome.REFUSE else None,
            "share_bp": share * 100 if share else None,
            "income_multiple_bp": int(multiple * 10_000) if multiple is not None else None,
        }

    @classmethod
    def filled(cls, version: ProposalRule) -> dict[str, Any]:
        """Return the fields as a version has them."""
        multiple = version.income_multiple_bp
        return {
            **super().filled(version),
            **{name: getattr(version, name) for name in ("order", "outcome")},
            "reason_code": version.reason.code if version.reason else "",
            "share_percent": version.share_bp // 100 if version.share_bp else None,
            "income_multiple": plain_amount(multiple // 100, digits=2) if multiple is not None else None,
        }


class RuleActForm(RefusableForm):
    """What every act on a rule version carries: the revision that was looked at."""

    revision = forms.IntegerField(widget=forms.HiddenInput)


class ApproveRuleForm(RuleActForm):
    """Approve, live from a day."""

    live_from = _Day(label=_("Live from"))
    is_warning_accepted = forms.BooleanField(label=_("It holds on everything, or on nothing, and that is meant"), required=False)


class EndRuleForm(RuleActForm):
    """End a live version."""

    until = _Day(label=_("Until"), help_text=_("first day it no longer holds"))
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}))

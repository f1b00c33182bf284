"""The forms on which changes of the authority matrix are proposed and judged."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.decision_forms import RefusableForm
from accounts.models import AuthorityRow
from accounts.models.decision_settings import AUTHORITY_CHOICES, AUTHORITY_COLUMNS, ROLE_CHOICES

_SEEN_SALT: Final = "accounts.authority.seen"


class SeenField(forms.CharField):
    """A line of the matrix as the form showed it when it was opened; signed, so that it comes back as it was or not at all."""

    def __init__(self) -> None:
        super().__init__(widget=forms.HiddenInput)

    def prepare_value(self, value: Any) -> Any:
        """Sign a line; what was sent stays as it is."""
        return signing.dumps(value, salt=_SEEN_SALT) if isinstance(value, dict) else value

    def clean(self, value: Any) -> Any:
        """Return the line."""
        try:
            return signing.loads(value or "", salt=_SEEN_SALT)
        except signing.BadSignature:
            raise ValidationError(_("The form does not say what the line said when it was opened; open it anew.")) from None


def _why(help_text: Any) -> forms.CharField:
    return forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}), help_text=help_text)


class WhyForm(RefusableForm):
    """Why a change is rejected."""

    reason = _why(_("the other person reads it; kept in the audit trail"))


class EndForm(WhyForm):
    """Why a line is to end, with the line."""

    seen = SeenField()


class ApproveForm(RefusableForm):
    """Approve, with a remark if there is one."""

    remark = forms.CharField(label=_("Remark"), required=False, widget=forms.Textarea(attrs={"rows": 2}))


class WithdrawForm(RefusableForm):
    """Take one's own proposal back; nothing is asked."""


class AuthorityLineForm(RefusableForm):
    """A line of the matrix as it is to be, and why."""

    action = forms.ChoiceField(label=_("Action"), choices=AUTHORITY_CHOICES)
    role = forms.ChoiceField(label=_("Role"), choices=ROLE_CHOICES)
    approver_role = forms.ChoiceField(
        label=_("Needs approval by"), choices=[("", _("nobody: alone")), *ROLE_CHOICES], required=False
    )
    amount_from = forms.IntegerField(label=_("Amount from"), min_value=0, initial=0, help_text=_("whole units, included"))
    amount_to = forms.IntegerField(
        label=_("Amount to"), min_value=0, required=False, help_text=_("whole units, not included; empty: no end")
    )
    currency = forms.CharField(
        label=_("Currency"),
        required=False,
        max_length=3,
        help_text=_("empty: every currency without rows of its own for the action"),
    )
    reason = _why(_("whoever approves reads it; kept in the audit trail"))

    def __init__(self, data: Any = None, *, line: AuthorityRow | None) -> None:
        super().__init__(data, initial={**line.values(), "seen": line.values()} if line else None)
        if line is not None:
            self.fields["seen"] = SeenField()

    def line(self) -> dict[str, Any]:
        """Return the columns of the line; call it on a valid form."""
        return {name: self.cleaned_data[name] for name in AUTHORITY_COLUMNS}

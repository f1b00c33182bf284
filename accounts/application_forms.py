"""The forms of applications. What they cannot know, the operations refuse, beside the field it is about."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.decision_forms import ActForm, RefusableForm, _Day
from accounts.forms import AmountField
from accounts.models import AgreementVersion, Application, ApplicationAppeal, ApplicationConsent, Customer, Product
from accounts.models.applications import REPAYMENT_CHOICES
from accounts.operations.applications.appealing import Objection
from accounts.operations.applications.receiving import Applied, Consent
from accounts.operations.applications.weighing import DecisionAsked
from accounts.queries.applications import reasons_for
from accounts.rules.applications import ApplicationAction, Outcome
from riskops.shared.money import plain_amount
from riskops.shared.scope import Scope

#: What a consent typed on the site says of its source.
TYPED: Final = "site"


def new_number() -> str:
    """Return a number for an application typed on the site; a form sent twice carries the same one, so it counts once."""
    return f"APP-{secrets.token_hex(5).upper()}"


class ApplicationForm(RefusableForm):
    """An application typed at the counter or on the phone."""

    application_no = forms.CharField(label=_("Application number"), max_length=64)
    product_code = forms.ChoiceField(label=_("Product"))
    customer_no = forms.CharField(
        label=_("Customer number"), required=False, max_length=64, help_text=_("of a customer who is in the book already")
    )
    name = forms.CharField(label=_("Full name"), required=False, max_length=200)
    national_id = forms.CharField(label=_("Identity number"), required=False, max_length=64)
    phone = forms.CharField(label=_("Phone"), required=False, max_length=64)
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=200)
    address = forms.CharField(label=_("Address"), required=False, max_length=500)
    language = forms.ChoiceField(label=_("Language"), choices=Customer.Language.choices)
    requested_limit = AmountField(label=_("Requested limit"))
    declared_income = AmountField(label=_("Declared monthly income"), help_text=_("0 where there is none"))
    employment = forms.ChoiceField(label=_("Employment"), required=False, choices=Application.Employment.choices)
    purpose = forms.CharField(label=_("Purpose"), required=False, max_length=200)
    channel = forms.CharField(label=_("Channel"), required=False, max_length=64, initial="counter")
    repayment = forms.ChoiceField(label=_("Repayment"), choices=REPAYMENT_CHOICES)
    term_months = forms.IntegerField(label=_("Term in months"), required=False, min_value=1, max_value=60)
    agreement = forms.ChoiceField(label=_("Agreement accepted"), required=False)
    disclosure = forms.ChoiceField(label=_("Disclosure accepted"), required=False)
    accepted_on = _Day(label=_("Accepted on"), required=False)
    consents = forms.MultipleChoiceField(
        label=_("Consents"),
        required=False,
        choices=ApplicationConsent.Kind.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("kept with this moment; what is not ticked was refused"),
    )
    consent_source = forms.CharField(
        label=_("Source of the consents"),
        required=False,
        max_length=100,
        help_text=_("the form, recording or screen they are on"),
    )
    refuses_automated = forms.BooleanField(label=_("Wants no solely automated decision"), required=False)

    #: How the page groups them.
    GROUPS: Final = (
        (_("What"), ("product_code", "requested_limit", "repayment", "term_months", "purpose", "channel", "application_no")),
        (pgettext_lazy("applications", "Who"), ("customer_no", "name", "national_id", "phone", "email", "address", "language")),
        (_("Income"), ("declared_income", "employment")),
        (_("Agreed"), ("agreement", "disclosure", "accepted_on", "consents", "consent_source", "refuses_automated")),
    )

    def __init__(self, data: Any = None, *, scope: Scope, today: date | None) -> None:
        super().__init__(data, initial={"application_no": new_number(), "accepted_on": today})
        self.products = list(scope.among(Product.objects.order_by("product_code")))
        self._choose("product_code", [(product.product_code, f"{product} · {product.currency}") for product in self.products])
        for kind in ("agreement", "disclosure"):
            versions = AgreementVersion.objects.filter(kind=kind).order_by("-published_on", "code")
            self._choose(kind, [("", "–"), *((version.code, version.code) for version in versions)])
            if not versions:
                self.fields[kind].help_text = _(
                    "None is published, and nothing is granted without: legal publishes one under Agreements."
                )
        chosen = next((p for p in self.products if p.product_code == (data or {}).get("product_code")), None)
        for name in ("requested_limit", "declared_income"):
            amount = self.fields[name]
            assert isinstance(amount, AmountField)
            amount.digits = chosen.minor_digits if chosen else 2

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def groups(self) -> list[tuple[Any, list[Any]]]:
        """The fields in their groups."""
        return [(label, [self[name] for name in names]) for label, names in self.GROUPS]

    def applied(self) -> Applied:
        """Return what is applied for; call it on a valid form."""
        values = self.cleaned_data
        now = timezone.now()
        given = set(values["consents"])
        source = values["consent_source"].strip()
        consents = [Consent(kind, kind in given, source or TYPED, now.replace(second=0, microsecond=0)) for kind in _KINDS]
        same = (
            *("application_no", "product_code", "customer_no", "language", "employment", "purpose", "channel", "repayment"),
            *("term_months", "agreement", "disclosure", "refuses_automated"),
        )
        is_accepted = bool(values["agreement"] or values["disclosure"])
        return Applied(
            **{name: values[name] for name in same},
            accepted_on=values["accepted_on"] if is_accepted else None,
            requested_limit_minor=values["requested_limit"],
            declared_income_minor=values["declared_income"],
            person={name: values[name] for name in ("name", "national_id", "phone", "email", "address") if values[name]},
            consents=consents,
        )


_KINDS: Final = tuple(ApplicationConsent.Kind.values)


class DecideForm(RefusableForm):
    """How an analyst decides: the outcome, its reason, the limit of a grant."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        label=_("Decision"), choices=[(Outcome.GRANT.value, _("grant")), (Outcome.REFUSE.value, _("refuse"))]
    )
    limit = AmountField(label=_("Granted limit"), required=False, help_text=_("only of a grant; at most what was asked for"))
    reason_code = forms.ChoiceField(label=_("Reason"), help_text=_("the applicant reads its text, in their language"))
    note = forms.CharField(
        label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}), help_text=_("for colleagues; never sent")
    )

    def __init__(self, data: Any = None, *, application: Application) -> None:
        super().__init__(data, initial=_as_proposed(application))
        limit = self.fields["limit"]
        assert isinstance(limit, AmountField)
        limit.digits = application.product.minor_digits
        labels = {ApplicationAction.GRANT_LIMIT: _("grant"), ApplicationAction.REFUSE_APPLICATION: _("refuse")}
        self.fields["reason_code"].choices = [  # type: ignore[attr-defined]
            (label, reasons_for(action)) for action, label in labels.items()
        ]

    def asked(self) -> DecisionAsked:
        """Return what is decided; call it on a valid form."""
        values = self.cleaned_data
        return DecisionAsked(
            outcome=values["outcome"],
            reason_code=values["reason_code"],
            limit_minor=values["limit"] if values["outcome"] == Outcome.GRANT else None,
            note=values["note"],
        )


class AnswerForm(DecideForm):
    """What the second look at a refusal comes to."""

    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=[
            (Outcome.REFUSE.value, _("upheld: it stays refused")),
            (Outcome.GRANT.value, _("granted: the line is opened")),
        ],
    )


class ApplicationAppealForm(ActForm):
    """An applicant's objection to a refusal."""

    received_on = _Day(label=_("Received on"))
    channel = forms.CharField(
        label=_("Channel"), max_length=64, widget=forms.TextInput(attrs={"autocomplete": "off"}), help_text=_("how it came")
    )
    said_by = forms.ChoiceField(label=_("Said by"), choices=ApplicationAppeal.Speaker.choices)
    grounds = forms.CharField(label=_("What the customer says"), widget=forms.Textarea(attrs={"rows": 3}))

    def objection(self) -> Objection:
        """Return what came in; call it on a valid form."""
        return Objection(**{name: self.cleaned_data[name] for name in ("received_on", "channel", "said_by", "grounds")})


def _as_proposed(application: Application) -> dict[str, Any]:
    """Return the form as the rules would fill it in."""
    said = application.proposal
    values: dict[str, Any] = {"version": application.version, "outcome": Outcome.GRANT.value, "reason_code": "granted"}
    limit = said.get("limit_minor")
    if said.get("outcome") == Outcome.REFUSE:
        values |= {"outcome": Outcome.REFUSE.value, "reason_code": said.get("reason_code", "")}
    elif limit:
        values["limit"] = plain_amount(limit, digits=application.product.minor_digits)
        if limit < application.requested_limit_minor:
            values["reason_code"] = "granted_less"
    return values

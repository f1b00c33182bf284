"""What is typed on the pages of outreach. What forms cannot know, the operations refuse; it is shown beside its field."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Product
from outreach.contact_names import OUTCOME_NAMES, PARTIES, PURPOSE_NAMES
from outreach.models import ContactPolicy, DetailState, OptOut
from outreach.models.policies import NOTED_HOLD_CHOICES
from outreach.models.wishes import CHANNEL_NAMES, CHANNELS
from outreach.operations.calls import BY_PERSON, ENDS
from outreach.operations.refusals import OutreachRefusal
from outreach.rules.contacts import Channel, Purpose

#: What a person calls for.
CALL_PURPOSES: Final = (Purpose.REMINDER, Purpose.DEMAND, Purpose.OFFER, Purpose.NOTICE, Purpose.LOCATE)
#: Product codes named beside a field for them.
_CODES_SHOWN: Final = 12


def new_key() -> str:
    """Return a key for a contact asked for on the site; a form sent twice carries the same one, so it counts once."""
    return secrets.token_hex(8)


class OutreachForm(forms.Form):
    """A form whose operation may refuse."""

    def refuse(self, refusal: OutreachRefusal | Exception) -> None:
        """Show a refusal beside the field it is about, or above."""
        about = getattr(refusal, "about", "")
        is_shown = about in self.fields and not self[about].is_hidden
        self.add_error(about if is_shown else None, str(refusal))


class _Text(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 2}), max_length=500, **kwargs)


class _Time(forms.TimeField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), **kwargs)


class _Day(forms.DateField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


class _OfAccounts(OutreachForm):
    """A form about one account of a customer, or about all."""

    account = forms.ChoiceField(label=_("Account"), required=False, choices=[])

    def __init__(self, *args: Any, numbers: Mapping[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["account"]
        assert isinstance(field, forms.ChoiceField)
        all_of_them = [] if field.required else [("", _("all of the customer's"))]
        field.choices = [*all_of_them, *((number, number) for number in numbers.values())]


class ReasonForm(OutreachForm):
    """Why."""

    reason = _Text(label=_("Reason"))


class RejectionForm(OutreachForm):
    """Why what was chosen is rejected; beside a button that approves, which needs none."""

    reason = _Text(label=_("Reason for rejecting"))


class HoldForm(_OfAccounts):
    """A hold on contact."""

    kind = forms.ChoiceField(label=_("Why"), choices=NOTED_HOLD_CHOICES)
    representative = forms.CharField(
        label=_("Number of the legal representative"),
        required=False,
        max_length=40,
        help_text=_("only for legal representation; who represents the customer is called at this number and no other"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel"}),
    )
    reason = _Text(label=_("Reason"), help_text=_("what the customer said, or what is known, and from where"))


class OptOutForm(OutreachForm):
    """A channel that the customer wants nothing more by, or takes back."""

    channel = forms.ChoiceField(label=_("Channel"), choices=CHANNELS)
    wish = forms.ChoiceField(label=_("The customer"), choices=[("out", _("wants nothing more")), ("in", _("takes it back"))])
    evidence = _Text(label=_("How the customer said so"), help_text=_("e.g. call of 12 March, 10:05"))


class HoursForm(OutreachForm):
    """Hours of contact agreed with the customer."""

    opens_at = _Time(label=_("Contact from"), required=False)
    closes_at = _Time(
        label=_("Contact until"), required=False, help_text=_("the customer's time; both empty: the policy's hours again")
    )
    evidence = _Text(label=_("How it was agreed"))


class DetailForm(OutreachForm):
    """What became known of a number or address."""

    channel = forms.ChoiceField(
        label=_("Which"),
        choices=[
            (str(Channel.CALL), _("telephone number")),
            (str(Channel.EMAIL), _("e-mail address")),
            (str(Channel.PUSH), _("app device")),
            (str(Channel.LETTER), _("postal address")),
        ],
    )
    state = forms.ChoiceField(
        label=_("State"),
        choices=[
            *((value, label) for value, label in DetailState.State.choices if value != DetailState.State.REFUSED),
            ("", _("reaches the customer after all")),
        ],
        required=False,
    )
    evidence = _Text(label=_("How it became known"))


class ContactForm(_OfAccounts):
    """A call or a visit that a person wants to make."""

    account = forms.ChoiceField(label=_("Account"), choices=[])
    channel = forms.ChoiceField(label=_("Channel"), choices=[(str(c), CHANNEL_NAMES[c]) for c in BY_PERSON])
    purpose = forms.ChoiceField(label=_("For"), choices=[(str(p), PURPOSE_NAMES[p]) for p in CALL_PURPOSES])
    party = forms.ChoiceField(label=pgettext_lazy("contact", "Who"), choices=PARTIES)
    number = forms.CharField(
        label=_("Number to call"),
        required=False,
        max_length=40,
        help_text=_("only for somebody else than the customer"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel"}),
    )
    key = forms.CharField(widget=forms.HiddenInput, max_length=40)


class OutcomeForm(OutreachForm):
    """How a call or a visit ended."""

    outcome = forms.ChoiceField(label=_("How it ended"), choices=[(str(o), OUTCOME_NAMES[o]) for o in ENDS])
    note = _Text(label=_("Note"), required=False)


def with_known_products(help_text: Any) -> str:
    """Return the help of a field of product codes with the codes there are, as many as can be read at a glance."""
    codes = list(Product.objects.order_by("product_code").values_list("product_code", flat=True)[: _CODES_SHOWN + 1])
    shown = ", ".join(codes[:_CODES_SHOWN]) + (", …" if len(codes) > _CODES_SHOWN else "")
    return gettext("%(help)s. There are: %(codes)s") % {"help": help_text, "codes": shown} if codes else str(help_text)


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # no arguments at run time
    """The figures of a draft. Rules apart, what a figure may be is the model's to say."""

    products = forms.CharField(
        label=_("Products"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("codes with commas between; every product that no profile names follows the site's own profile"),
    )
    notices_pass = forms.MultipleChoiceField(
        label=_("Holds that notices required by law pass"),
        required=False,
        choices=NOTED_HOLD_CHOICES,
        widget=forms.CheckboxSelectMultiple,
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = ContactPolicy
        fields = ContactPolicy.SAID
        widgets = {
            "opens_at": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "closes_at": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "note": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["products"].help_text = with_known_products(self.fields["products"].help_text)
        if self.instance.pk and not self.is_bound:
            self.initial["products"] = ", ".join(self.instance.products)
            self.initial["revision"] = self.instance.revision

    def clean_products(self) -> list[str]:
        """Return the codes, each once, in order."""
        codes = [code.strip() for code in self.cleaned_data["products"].split(",")]
        return list(dict.fromkeys(code for code in codes if code))

    def _post_clean(self) -> None:
        """Leave the instance as it is: the operation reads it again under its lock and writes it."""

    def refuse(self, refusal: OutreachRefusal) -> None:
        """Show a refusal beside the field it is about, or above."""
        self.add_error(refusal.about if refusal.about in self.fields and refusal.about != "revision" else None, str(refusal))


class ProposalForm(OutreachForm):
    """From which day a draft should hold."""

    live_from = _Day(label=_("Holds from"))


class ProfileForm(OutreachForm):
    """A new profile, as a copy of one there is."""

    copy_of = forms.ChoiceField(label=_("Copy of"), choices=[])
    profile = forms.CharField(label=_("Code of the profile"), max_length=32, help_text=_("small letters, digits, hyphens"))

    def __init__(self, *args: Any, profiles: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["copy_of"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(profile, profile) for profile in profiles]


class PeriodForm(OutreachForm):
    """Days of the log."""

    first = _Day(label=_("From"))
    last = _Day(label=_("To"))


#: Who may be the source of an opt-out on this page: what came by reply or page came by itself.
BY_PERSON_SOURCE: Final = OptOut.Source.PERSON


def refused(form: Any) -> list[str]:
    """Return everything that a form says, for the messages above a page."""
    return [str(error) for errors in form.errors.values() for error in errors]

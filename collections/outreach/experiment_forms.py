"""What is typed on the pages of experiments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from outreach.forms import OutreachForm, with_known_products
from outreach.models import Experiment
from outreach.models.experiments import Measure
from outreach.rules.arms import LONGEST_CODE, MOST_ARMS, WHOLE_BP
from outreach.rules.experiment_results import Question

_ROWS: Final = range(MOST_ARMS)


class ArmForm(forms.Form):
    """The arms of an experiment: rows of code, strategy and share; rows without a code are none. The first is the champion."""

    def __init__(self, *args: Any, strategies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", gettext_lazy("no contact")), *((code, code) for code in strategies)]
        for number in _ROWS:
            names = {"number": number + 1}
            self.fields[f"arm_code_{number}"] = forms.CharField(
                label=_("Code of arm %(number)s") % names, max_length=LONGEST_CODE, required=False
            )
            self.fields[f"arm_strategy_{number}"] = forms.ChoiceField(
                label=_("Strategy of arm %(number)s") % names, choices=choices, required=False
            )
            self.fields[f"arm_percent_{number}"] = forms.DecimalField(
                label=_("Share of arm %(number)s in percent") % names,
                required=False,
                min_value=Decimal(0),
                max_value=Decimal(100),
                decimal_places=2,
                localize=False,
                widget=forms.TextInput(attrs={"inputmode": "decimal"}),
            )

    @property
    def arm_rows(self) -> list[tuple[Any, Any, Any]]:
        """The fields of each arm, for the table of the editor."""
        return [(self[f"arm_code_{number}"], self[f"arm_strategy_{number}"], self[f"arm_percent_{number}"]) for number in _ROWS]

    def arms(self) -> list[dict[str, Any]]:
        """Return the arms as they were typed."""
        found = []
        for number in _ROWS:
            code = self.cleaned_data.get(f"arm_code_{number}", "").strip()
            if code:
                percent = self.cleaned_data.get(f"arm_percent_{number}") or Decimal(0)
                strategy = self.cleaned_data.get(f"arm_strategy_{number}", "")
                found.append({"code": code, "strategy": strategy, "weight_bp": int(percent * WHOLE_BP / 100)})
        return found


def typed_arms(experiment: Experiment) -> dict[str, Any]:
    """Return what the rows of the form hold for an experiment; its champion stands first."""
    arms = sorted(experiment.parts, key=lambda arm: arm.code != experiment.champion)
    initial: dict[str, Any] = {}
    for number, arm in enumerate(arms[:MOST_ARMS]):
        initial |= {
            f"arm_code_{number}": arm.code,
            f"arm_strategy_{number}": arm.strategy,
            f"arm_percent_{number}": f"{Decimal(arm.weight_bp) / 100:f}",
        }
    return initial


class ExperimentForm(ArmForm, OutreachForm):
    """What an experiment says."""

    code = forms.CharField(label=gettext_lazy("Code"), max_length=32, help_text=gettext_lazy("small letters, digits, hyphens"))
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=100)
    name_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), max_length=100)
    hypothesis = forms.CharField(
        label=gettext_lazy("Hypothesis"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("what should be better under the challenger, and why"),
    )
    products = forms.CharField(
        label=gettext_lazy("Products"),
        widget=forms.Textarea(attrs={"rows": 1}),
        help_text=gettext_lazy("codes with commas between, of one currency"),
    )
    rule = forms.CharField(
        label=gettext_lazy("Who takes part"),
        max_length=4_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("whoever it holds on at a close is taken in, once; empty: everybody of the products"),
    )
    control_reason = forms.CharField(
        label=gettext_lazy("Why some are left without contact"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    measure = forms.ChoiceField(
        label=gettext_lazy("Deciding measure"),
        choices=Measure.choices,
        help_text=gettext_lazy("chosen before it begins: of seven measures one differs by chance in every third experiment"),
    )
    planned_size = forms.IntegerField(
        label=gettext_lazy("Customers planned"),
        min_value=10,
        help_text=gettext_lazy("in all arms together; before that it is too early"),
    )
    duration_days = forms.IntegerField(label=gettext_lazy("Days on which customers come in"), min_value=1, max_value=365)
    note = forms.CharField(
        label=gettext_lazy("What it changes, and why"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    #: The fields that stand one after the other, before and after the rule and the arms.
    ABOVE: Final = ("code", "name_en", "name_zh", "hypothesis", "products")
    BELOW: Final = ("control_reason", "measure", "planned_size", "duration_days", "note")

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["products"].help_text = with_known_products(self.fields["products"].help_text)
        if not is_new:
            del self.fields["code"]

    def clean(self) -> dict[str, Any]:
        """Ask for arms where none was typed: their rows are many fields, of which each may stay empty."""
        cleaned = super().clean() or self.cleaned_data
        if not any(cleaned.get(f"arm_code_{number}", "").strip() for number in _ROWS):
            self.add_error(None, _("No arm has a code; give the champion and each challenger one, with its strategy and share."))
        return cleaned

    @property
    def above(self) -> list[Any]:
        """The fields before the rule."""
        return [self[name] for name in self.ABOVE if name in self.fields]

    @property
    def below(self) -> list[Any]:
        """The fields after the arms."""
        return [self[name] for name in self.BELOW]

    def said(self) -> dict[str, Any]:
        """Return what was typed, as the operations take it."""
        arms = self.arms()
        products = [code.strip() for code in self.cleaned_data["products"].split(",")]
        typed = {name: self.cleaned_data[name] for name in Experiment.SAID if name in self.cleaned_data}
        return {
            **typed,
            "products": list(dict.fromkeys(code for code in products if code)),
            "arms": arms,
            "champion": arms[0]["code"] if arms else "",
        }

    @classmethod
    def initial_of(cls, experiment: Experiment) -> dict[str, Any]:
        """Return what the form holds for a draft."""
        said = {name: getattr(experiment, name) for name in Experiment.SAID if name in cls.base_fields}
        return {**said, "products": ", ".join(experiment.products), "revision": experiment.revision, **typed_arms(experiment)}


class ConcludeForm(OutreachForm):
    """Why an experiment ends."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class PromoteForm(ConcludeForm):
    """Which challenger is promoted, and why."""

    arm = forms.CharField(widget=forms.HiddenInput, max_length=LONGEST_CODE)


class CalculatorForm(forms.Form):
    """What the calculator is asked, in percent as people say it."""

    base = forms.DecimalField(
        label=gettext_lazy("Pay under the champion, %"), min_value=Decimal("0.1"), max_value=Decimal("99.9"), initial=30
    )
    effect = forms.DecimalField(
        label=gettext_lazy("Smallest rise worth finding, points"),
        min_value=Decimal("0.1"),
        max_value=Decimal("99"),
        initial=3,
        help_text=gettext_lazy("3: from 30 % to 33 %"),
    )
    power = forms.DecimalField(
        label=gettext_lazy("Found in so many of 100 experiments"), min_value=Decimal(50), max_value=Decimal(99), initial=80
    )
    champion = forms.DecimalField(
        label=gettext_lazy("Share of the champion, %"), min_value=Decimal(1), max_value=Decimal(99), initial=50
    )
    arm = forms.DecimalField(
        label=gettext_lazy("Share of the smallest other arm, %"), min_value=Decimal(1), max_value=Decimal(99), initial=50
    )
    at_once = forms.IntegerField(
        label=gettext_lazy("Customers on the first day"),
        min_value=0,
        initial=0,
        help_text=gettext_lazy("the dry run counts them"),
    )
    a_day = forms.IntegerField(label=gettext_lazy("Customers on each day after it"), min_value=0, initial=100)
    size = forms.IntegerField(
        label=gettext_lazy("Customers there will be"),
        min_value=10,
        required=False,
        help_text=gettext_lazy("tells the smallest rise that so many find"),
    )

    def question(self) -> Question:
        """Return what is asked, as the rules take it."""
        values = self.cleaned_data
        return Question(
            base_rate=float(values["base"]) / 100,
            effect=float(values["effect"]) / 100,
            power=float(values["power"]) / 100,
            champion_bp=int(values["champion"] * 100),
            arm_bp=int(values["arm"] * 100),
        )

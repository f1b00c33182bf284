"""The forms of people and teams. What they cannot know, the operations refuse; the refusal is shown beside its field."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from riskops.shared.models import Conflict, Examination, Team
from riskops.shared.people.book import book
from riskops.shared.people.refusals import PeopleRefusal
from riskops.shared.people.teams import MOST_A_DAY
from riskops.site.people.queries import person_choices


def _day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class PeopleForm(forms.Form):
    """A form whose operation may refuse what the form itself takes."""

    def refuse(self, refusal: PeopleRefusal) -> None:
        """Show a refusal beside the field it is about, or above the form."""
        self.add_error(refusal.about if refusal.about in self.fields else None, str(refusal))


class TeamForm(PeopleForm):
    """A team's settings."""

    name = forms.CharField(label=_("Name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    kind = forms.ChoiceField(label=_("Kind"), choices=Team.Kind.choices)
    lead = forms.ChoiceField(label=_("Lead"), required=False, help_text=_("staffs the team and is offered to take over"))
    is_open = forms.BooleanField(label=_("Takes work"), required=False, initial=True)

    def __init__(self, data: Any = None, *, team: Team | None = None) -> None:
        initial = {}
        if team is not None:
            lead = team.lead.get_username() if team.lead else ""
            initial = {"name": team.name, "kind": team.kind, "lead": lead, "is_open": team.is_open}
        super().__init__(data, initial=initial)
        _offer(self.fields["lead"], [("", _("nobody")), *person_choices()])


class MemberForm(PeopleForm):
    """Somebody comes into the team."""

    person = forms.ChoiceField(label=_("Person"))
    daily_capacity = forms.IntegerField(
        label=_("Capacity a day"), min_value=0, max_value=MOST_A_DAY, initial=40, help_text=_("accounts; 0 takes no work")
    )
    since = forms.DateField(label=_("Since"), widget=_day_input())
    until = forms.DateField(label=_("Until"), required=False, widget=_day_input(), help_text=_("the last day; empty: no end"))

    def __init__(self, data: Any = None, *, today: date) -> None:
        super().__init__(data, initial={"since": today})
        _offer(self.fields["person"], person_choices())


class MembershipForm(PeopleForm):
    """How much a member works, and until when."""

    daily_capacity = forms.IntegerField(min_value=0, max_value=MOST_A_DAY)
    until = forms.DateField(required=False)


class AbsenceForm(PeopleForm):
    """Days without work. Why is not asked."""

    first_day = forms.DateField(label=_("First day"), widget=_day_input())
    last_day = forms.DateField(label=_("Last day"), widget=_day_input())


class ConflictForm(PeopleForm):
    """A customer whom the person must not work on."""

    customer_no = forms.CharField(
        label=_("Customer number"), max_length=64, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    kind = forms.ChoiceField(label=_("Who the customer is"), choices=Conflict.Kind.choices)
    until = forms.DateField(label=_("Until"), required=False, widget=_day_input(), help_text=_("the last day; empty: no end"))


class EndConflictForm(PeopleForm):
    """A conflict ends, with a reason."""

    last_day = forms.DateField(label=_("Last day"), widget=_day_input())
    reason = forms.CharField(label=_("Reason"), max_length=500)


class ExaminationForm(PeopleForm):
    """An examination was passed."""

    subject = forms.ChoiceField(label=_("Subject"), choices=Examination.Subject.choices)
    passed_on = forms.DateField(label=_("Passed on"), widget=_day_input())


class PortfolioForm(PeopleForm):
    """The products somebody may see; none chosen: no limit of their own."""

    products = forms.MultipleChoiceField(label=_("Products"), required=False)

    def __init__(self, data: Any = None, *, chosen: tuple[str, ...] = ()) -> None:
        super().__init__(data, initial={"products": list(chosen)})
        names = dict(book().product_names())
        # One that has left the book can be seen, and taken away.
        _offer(self.fields["products"], list({**{code: code for code in chosen}, **names}.items()))

    @property
    def chips(self) -> list[tuple[str, str, bool]]:
        """Code, name and whether it is chosen, of every product."""
        chosen = set(self["products"].value() or ())
        field: Any = self.fields["products"]
        return [(code, name, code in chosen) for code, name in field.choices]


def _offer(field: Any, choices: list[tuple[str, Any]]) -> None:
    field.choices = choices

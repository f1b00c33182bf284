"""Settings → People and roles, Teams, and one's own record. Every form calls one operation; the API calls the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from riskops.shared.audit import Actor
from riskops.shared.models import Absence, Conflict, Membership
from riskops.shared.operations import (
    DECLARE_CONFLICT,
    DECLARE_FOR_OTHERS,
    END_CONFLICT,
    ENTER_ABSENCE,
    MANAGE_PEOPLE,
    MANAGE_TEAMS,
    RECORD_EXAMINATION,
    SET_PORTFOLIO,
    STAFF_TEAM,
    VIEW_CONFLICTS,
    VIEW_OWN_RECORD,
    VIEW_PEOPLE,
    VIEW_TEAMS,
)
from riskops.shared.people.conflicts import declare_conflict, end_conflict
from riskops.shared.people.examinations import record_examination
from riskops.shared.people.portfolios import set_person_portfolio, set_team_portfolio
from riskops.shared.people.refusals import PeopleRefusal
from riskops.shared.people.teams import TeamSettings, add_member, cancel_absence, change_membership, enter_absence, save_team
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.site.people import queries
from riskops.site.people.forms import (
    AbsenceForm,
    ConflictForm,
    EndConflictForm,
    ExaminationForm,
    MemberForm,
    MembershipForm,
    PeopleForm,
    PortfolioForm,
    TeamForm,
)


def _served(form: PeopleForm, act: Callable[[dict[str, Any]], Any]) -> bool:
    """Return whether a form was understood and its operation done; what was refused stands in the form then."""
    if not form.is_valid():
        return False
    try:
        act(form.cleaned_data)
    except PeopleRefusal as refusal:
        form.refuse(refusal)
        return False
    return True


def _complain(request: HttpRequest, form: PeopleForm) -> None:
    """Say above the page what was refused in a form that is a line of a table."""
    for said in (error for found in form.errors.values() for error in found):
        messages.error(request, str(said))


# People ------------------------------------------------------------------------------------------------------------


@never_cache
@require_GET
@requires(VIEW_PEOPLE)
def people(request: HttpRequest) -> HttpResponse:
    """Show the people of the site."""
    search = request.GET.get("q", "").strip()
    page = queries.people_page(today=timezone.localdate(), search=search, after=request.GET.get("after", ""))
    context = {"title": _("People and roles"), "page": page, "may_edit": may(request.user, MANAGE_PEOPLE)}
    return render(request, "riskops_site/people/people.html", context)


@never_cache
@require_GET
@requires(VIEW_PEOPLE)
def person(request: HttpRequest, username: str) -> HttpResponse:
    """Show one person."""
    return _person(request, username)


@never_cache
@require_GET
@requires(VIEW_OWN_RECORD)
def own_record(request: HttpRequest) -> HttpResponse:
    """Show people what the site knows of themselves: teams, portfolio, conflicts, examinations."""
    return _person(request, request.user.get_username())


def _person(request: HttpRequest, username: str, **bound: PeopleForm) -> HttpResponse:
    """Show a person; `bound` are forms that were refused, by their name in the page."""
    today = timezone.localdate()
    is_own = username == request.user.get_username()
    page = queries.person_page(username, today=today, with_conflicts=is_own or may(request.user, VIEW_CONFLICTS))
    if page is None:
        raise Http404(gettext("There is nobody of the name %(name)s.") % {"name": username})
    forms: dict[str, PeopleForm] = {}
    if may(request.user, ENTER_ABSENCE):
        forms["absence_form"] = AbsenceForm()
    if may(request.user, DECLARE_CONFLICT) and (is_own or may(request.user, DECLARE_FOR_OTHERS)):
        forms["conflict_form"] = ConflictForm()
    if may(request.user, RECORD_EXAMINATION) and not is_own:
        forms["examination_form"] = ExaminationForm()
    if may(request.user, SET_PORTFOLIO):
        forms["portfolio_form"] = PortfolioForm(chosen=page.row.own_products)
    context = {
        "title": page.row.name or page.row.username,
        "page": page,
        "row": page.row,
        "is_own": is_own,
        "today": today,
        "may_end": may(request.user, END_CONFLICT) and not is_own,
        "may_edit": may(request.user, MANAGE_PEOPLE),
        "may_see_people": may(request.user, VIEW_PEOPLE),
        "may_see_teams": may(request.user, VIEW_TEAMS),
        **forms,
        **bound,
    }
    return render(request, "riskops_site/people/person.html", context, status=422 if bound else 200)


def _back(request: HttpRequest, username: str) -> HttpResponse:
    """Lead to the page that the person may see of somebody: their own record is always one."""
    if username == request.user.get_username() or not may(request.user, VIEW_PEOPLE):
        return redirect("own-record")
    return redirect("person", username)


def _acted(
    request: HttpRequest, username: str, name: str, form: PeopleForm, act: Callable[[dict[str, Any]], Any], done: Promise | str
) -> HttpResponse:
    """Do what a form of a person's page asks, and show the page again."""
    if not _served(form, act):
        return _person(request, username, **{name: form})
    messages.success(request, str(done))
    return _back(request, username)


@requires(SET_PORTFOLIO)
@posted_from("person")
def person_portfolio(request: HttpRequest, username: str) -> HttpResponse:
    """Say which products a person may see."""
    actor = Actor.of(request.user)
    return _acted(
        request,
        username,
        "portfolio_form",
        _portfolio_form(request),
        lambda values: set_person_portfolio(actor=actor, username=username, products=values["products"]),
        _("The portfolio is set."),
    )


def _portfolio_form(request: HttpRequest) -> PortfolioForm:
    # What was ticked is offered, so that a product unknown by now is refused by the operation, which says what there is.
    return PortfolioForm(request.POST, chosen=tuple(request.POST.getlist("products")))


@requires(ENTER_ABSENCE)
@posted_from("person")
def absences(request: HttpRequest, username: str) -> HttpResponse:
    """Enter an absence."""
    actor = Actor.of(request.user)
    return _acted(
        request,
        username,
        "absence_form",
        AbsenceForm(request.POST),
        lambda values: enter_absence(actor=actor, username=username, **values),
        _("The absence is entered."),
    )


@requires(ENTER_ABSENCE)
@posted_from("people", takes=())
def absence_cancelled(request: HttpRequest, absence_id: int) -> HttpResponse:
    """Take an absence back."""
    absence = Absence.objects.select_related("user").filter(pk=absence_id).first()
    if absence is None:
        raise Http404(gettext("There is no such absence; it may be cancelled already."))
    try:
        cancel_absence(actor=Actor.of(request.user), absence_id=absence_id)
    except PeopleRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, gettext("The absence is cancelled."))
    return _back(request, absence.user.get_username())


@requires(DECLARE_CONFLICT)
@posted_from("person")
def conflicts(request: HttpRequest, username: str) -> HttpResponse:
    """Declare a conflict of interest, one's own or that of somebody else."""
    actor, today = Actor.of(request.user), timezone.localdate()
    return _acted(
        request,
        username,
        "conflict_form",
        ConflictForm(request.POST),
        lambda values: declare_conflict(actor=actor, username=username, today=today, **values),
        _("The conflict of interest is declared and holds from now on."),
    )


@requires(END_CONFLICT)
@posted_from("people", takes=())
def conflict_ended(request: HttpRequest, conflict_id: int) -> HttpResponse:
    """Have a conflict of somebody else end."""
    conflict = Conflict.objects.select_related("user").filter(pk=conflict_id).first()
    if conflict is None:
        raise Http404(gettext("There is no such conflict of interest."))
    actor, today = Actor.of(request.user), timezone.localdate()
    form = EndConflictForm(request.POST)
    if _served(form, lambda values: end_conflict(actor=actor, conflict_id=conflict_id, today=today, **values)):
        messages.success(request, gettext("The end of the conflict of interest is set."))
    else:
        _complain(request, form)
    return _back(request, conflict.user.get_username())


@requires(RECORD_EXAMINATION)
@posted_from("person")
def examinations(request: HttpRequest, username: str) -> HttpResponse:
    """Record a passed examination."""
    actor, today = Actor.of(request.user), timezone.localdate()
    return _acted(
        request,
        username,
        "examination_form",
        ExaminationForm(request.POST),
        lambda values: record_examination(actor=actor, username=username, today=today, **values),
        _("The examination is recorded."),
    )


# Teams -------------------------------------------------------------------------------------------------------------


@never_cache
@require_GET
@requires(VIEW_TEAMS)
def teams(request: HttpRequest) -> HttpResponse:
    """Show the teams."""
    return _teams(request)


def _teams(request: HttpRequest, form: TeamForm | None = None) -> HttpResponse:
    rows = queries.team_rows(today=timezone.localdate())
    context = {
        "title": _("Teams"),
        "rows": rows,
        "capacity": sum(row.capacity for row in rows),
        "full_capacity": sum(row.full_capacity for row in rows),
        "form": form or (TeamForm() if may(request.user, MANAGE_TEAMS) else None),
        "may_see_people": may(request.user, VIEW_PEOPLE),
    }
    return render(request, "riskops_site/people/teams.html", context, status=422 if form else 200)


@requires(MANAGE_TEAMS)
@posted_from("teams")
def new_team(request: HttpRequest) -> HttpResponse:
    """Set up a team."""
    form, actor = TeamForm(request.POST), Actor.of(request.user)
    if not _served(form, lambda values: save_team(actor=actor, settings=TeamSettings(**values))):
        return _teams(request, form)
    messages.success(request, gettext("The team is set up; put people into it."))
    return redirect("teams")


@never_cache
@require_GET
@requires(VIEW_TEAMS)
def team(request: HttpRequest, team_id: int) -> HttpResponse:
    """Show one team."""
    return _team(request, team_id)


def _team(request: HttpRequest, team_id: int, **bound: PeopleForm) -> HttpResponse:
    today = timezone.localdate()
    page = queries.team_page(team_id, today=today)
    if page is None:
        raise Http404(gettext("There is no such team."))
    found = page.row.team
    forms: dict[str, PeopleForm] = {}
    is_own = found.lead_id == request.user.pk
    # The operation decides; here only what would be refused anyway is not offered.
    may_staff = may(request.user, STAFF_TEAM) and (is_own or may(request.user, MANAGE_TEAMS))
    if may_staff and found.is_open:
        forms["member_form"] = MemberForm(today=today)
    if may(request.user, MANAGE_TEAMS):
        forms["team_form"] = TeamForm(team=found)
    if may(request.user, SET_PORTFOLIO):
        forms["portfolio_form"] = PortfolioForm(chosen=page.row.products)
    context = {
        "title": found.name,
        "page": page,
        "row": page.row,
        "team": found,
        "today": today,
        "may_staff": may_staff,
        "may_see_people": may(request.user, VIEW_PEOPLE),
        **forms,
        **bound,
    }
    return render(request, "riskops_site/people/team.html", context, status=422 if bound else 200)


def _team_acted(
    request: HttpRequest, team_id: int, name: str, form: PeopleForm, act: Callable[[dict[str, Any]], Any], done: str
) -> HttpResponse:
    if not _served(form, act):
        return _team(request, team_id, **{name: form})
    messages.success(request, done)
    return redirect("team", team_id)


@requires(MANAGE_TEAMS)
@posted_from("team")
def team_changed(request: HttpRequest, team_id: int) -> HttpResponse:
    """Change a team's name, kind and lead, close or open it."""
    actor = Actor.of(request.user)
    return _team_acted(
        request,
        team_id,
        "team_form",
        TeamForm(request.POST),
        lambda values: save_team(actor=actor, settings=TeamSettings(**values), team_id=team_id),
        gettext("The team is changed."),
    )


@requires(SET_PORTFOLIO)
@posted_from("team")
def team_portfolio(request: HttpRequest, team_id: int) -> HttpResponse:
    """Say which products a team's people may see."""
    actor = Actor.of(request.user)
    return _team_acted(
        request,
        team_id,
        "portfolio_form",
        _portfolio_form(request),
        lambda values: set_team_portfolio(actor=actor, team_id=team_id, products=values["products"]),
        gettext("The portfolio is set."),
    )


@requires(STAFF_TEAM)
@posted_from("team")
def team_members(request: HttpRequest, team_id: int) -> HttpResponse:
    """Put somebody into a team."""
    actor = Actor.of(request.user)

    def act(values: dict[str, Any]) -> Membership:
        return add_member(actor=actor, team_id=team_id, username=values.pop("person"), **values)

    form = MemberForm(request.POST, today=timezone.localdate())
    return _team_acted(request, team_id, "member_form", form, act, gettext("The person is in the team."))


@requires(STAFF_TEAM)
@posted_from("teams", takes=())
def membership(request: HttpRequest, membership_id: int) -> HttpResponse:
    """Change a member's capacity or last day; `end` ends it today."""
    found = Membership.objects.filter(pk=membership_id).first()
    if found is None:
        raise Http404(gettext("There is no such membership."))
    actor, today = Actor.of(request.user), timezone.localdate()

    def act(values: dict[str, Any]) -> Membership:
        last: date | None = max(today, found.since) if "end" in request.POST else values["until"]
        return change_membership(
            actor=actor, membership_id=membership_id, daily_capacity=values["daily_capacity"], until=last, today=today
        )

    form = MembershipForm(request.POST)
    if _served(form, act):
        messages.success(request, gettext("The membership is changed."))
    else:
        _complain(request, form)
    return redirect("team", found.team_id)

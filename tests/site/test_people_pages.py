"""Settings → People and roles, Teams, and one's own record, as pages and over the API."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from factories import make_conflict, make_customer, make_examination, make_member, make_product, make_team, make_user

from riskops.shared.models import Absence, AuditEntry, Conflict, Examination, Membership, PortfolioScope, Team
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
JSON: dict[str, Any] = {"content_type": "application/json"}


def today() -> date:
    return timezone.localdate()


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def lin() -> Any:
    """Return an analyst in a team that `mei` leads."""
    person = make_user(Role.ANALYST, username="lin")
    make_member(make_team(name="Early", lead=make_user(Role.TEAM_LEAD, username="mei")), person)
    return person


def client_named(username: str) -> Client:
    from django.contrib.auth.models import User

    return client_of(User.objects.get(username=username))


def test_the_list_says_role_team_examination_and_portfolio_of_everybody(lin: Any) -> None:
    make_examination(lin, passed_on=today() - timedelta(days=400))
    PortfolioScope.objects.create(user=lin, product_code="P-seen")
    Absence.objects.create(user=lin, first_day=today(), last_day=today())
    text = client_named("mei").get("/people/").content.decode()
    for said in ("lin", "analyst", "Early", "expired ", "P-seen", "away"):
        assert said in text, said
    assert "lin" in client_named("mei").get("/people/?q=LI").content.decode()
    assert "Nobody of that name." in client_named("mei").get("/people/?q=zz").content.decode()


def test_the_pages_ask_the_same_number_of_queries_however_many_people_there_are(lin: Any) -> None:
    mei, paths = client_named("mei"), ("/people/", "/teams/", "/people/lin/", f"/teams/{Team.objects.get().pk}/")

    def asked(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert mei.get(path).status_code == 200
        return len(captured)

    few = [asked(path) for path in paths]
    for number in range(12):
        person, team = make_user(Role.ANALYST), make_team(products=["P1"], lead=make_user(Role.TEAM_LEAD))
        for joined in (Team.objects.get(name="Early"), team):
            make_member(joined, person)
        make_examination(person, passed_on=today() - timedelta(days=number))
        make_conflict(person, make_customer(), kind=Conflict.Kind.OWN)
        make_examination(lin, passed_on=today() - timedelta(days=number))
        make_conflict(lin, make_customer())
    assert [asked(path) for path in paths] == few


def test_people_see_their_own_record_and_lead_to_no_page_they_may_not_open(lin: Any) -> None:
    make_conflict(lin, make_customer(customer_no="C-sister"))
    text = client_of(lin).get("/me/").content.decode()
    assert "C-sister" in text and "Declare a conflict" in text and "Enter an absence" in text
    assert "Record a passed one" not in text and 'href="/people/"' not in text and "End…" not in text
    agency = client_of(make_user(Role.AGENCY)).get("/me/").content.decode()
    assert "nothing yet" in agency and 'href="/teams/' not in agency


def test_conflicts_of_others_are_shown_to_those_who_keep_them_and_to_nobody_else(lin: Any) -> None:
    make_conflict(lin, make_customer(customer_no="C-sister"))
    for role, is_shown in ((Role.COMPLIANCE, True), (Role.MANAGER, True), (Role.ADMINISTRATOR, False)):
        client = client_of(make_user(role))
        assert ("C-sister" in client.get("/people/lin/").content.decode()) is is_shown, role
        assert (client.get("/api/v1/people/lin/").json()["conflicts"] is not None) is is_shown, role


def test_a_colleagues_own_account_stands_among_ones_conflicts(lin: Any) -> None:
    mate = make_user(Role.ANALYST)
    make_member(Team.objects.get(), mate)
    make_conflict(mate, make_customer(customer_no="C-mate"), kind=Conflict.Kind.OWN)
    (conflict,) = client_of(lin).get("/api/v1/me/").json()["conflicts"]
    assert (conflict["customer_no"], conflict["kind"], conflict["is_derived"]) == ("C-mate", "colleague", True)
    assert "own account of somebody in the team" in client_of(lin).get("/me/").content.decode()


def test_a_lead_records_an_examination_enters_an_absence_and_declares_a_conflict(lin: Any) -> None:
    mei, customer = client_named("mei"), make_customer()
    day = today().isoformat()
    for path, body in (
        ("examinations", {"subject": "collections", "passed_on": day}),
        ("absences", {"first_day": day, "last_day": day}),
        ("conflicts", {"customer_no": customer.customer_no, "kind": "relative"}),
    ):
        assert mei.post(f"/people/lin/{path}/", body)["Location"] == "/people/lin/", path
        again = mei.post(f"/people/lin/{path}/", body)
        assert again.status_code == 422 and "already" in again.content.decode(), path
    assert (Examination.objects.count(), Absence.objects.count(), Conflict.objects.count()) == (1, 1, 1)
    assert AuditEntry.objects.filter(subject_key="lin").count() == 3


def test_a_lead_of_another_team_is_told_whose_it_is(lin: Any) -> None:
    answer = client_of(make_user(Role.TEAM_LEAD)).post(
        "/people/lin/examinations/", {"subject": "collections", "passed_on": today().isoformat()}
    )
    assert answer.status_code == 403 and "in no team that you lead" in answer.content.decode()
    assert not Examination.objects.exists()


def test_a_conflict_is_ended_by_compliance_with_a_reason(lin: Any) -> None:
    conflict = make_conflict(lin, make_customer())
    client = client_of(make_user(Role.COMPLIANCE))
    without = client.post(f"/conflicts/{conflict.pk}/end/", {"last_day": today().isoformat()}, follow=True)
    assert "This field is required." in without.content.decode()
    client.post(f"/conflicts/{conflict.pk}/end/", {"last_day": today().isoformat(), "reason": "account closed"})
    conflict.refresh_from_db()
    assert conflict.until == today()


def test_a_team_is_set_up_staffed_changed_and_closed_in_the_browser(lin: Any) -> None:
    make_product(product_code="P-seen")
    admin = client_of(make_user(Role.ADMINISTRATOR))
    refused = admin.post("/teams/new/", {"name": "Early", "kind": "review"})
    assert refused.status_code == 422 and "There is a team Early already" in refused.content.decode()
    admin.post("/teams/new/", {"name": "Late", "kind": "collections", "lead": "mei", "is_open": "on"})
    late = Team.objects.get(name="Late")
    page = f"/teams/{late.pk}/"
    member = {"person": "lin", "since": today().isoformat(), "daily_capacity": "30"}
    assert client_named("mei").post(f"{page}members/", member)["Location"] == page
    assert "lin" in client_named("mei").get(page).content.decode()
    row = Membership.objects.get(team=late)
    client_named("mei").post(f"/memberships/{row.pk}/", {"daily_capacity": "5", "end": "1"})
    row.refresh_from_db()
    assert (row.daily_capacity, row.until) == (5, today())
    admin.post(f"{page}portfolio/", {"products": ["P-seen"]})
    unknown = admin.post(f"{page}portfolio/", {"products": ["P-nothing"]})
    assert unknown.status_code == 422 and "There is no product P-nothing" in unknown.content.decode()
    admin.post(f"{page}change/", {"name": "Late", "kind": "collections", "lead": ""})
    late.refresh_from_db()
    assert (late.is_open, late.lead, [row.product_code for row in late.portfolio.all()]) == (False, None, ["P-seen"])
    assert "Put somebody in" not in admin.get(page).content.decode()


def test_the_api_does_what_the_pages_do(lin: Any) -> None:
    make_product(product_code="P-seen")
    customer, day = make_customer(), today().isoformat()
    admin, compliance, mei = client_of(make_user(Role.ADMINISTRATOR)), client_of(make_user(Role.COMPLIANCE)), client_named("mei")
    made = admin.post("/api/v1/teams/", {"name": "Late", "kind": "review", "lead": "mei"}, **JSON)
    team = made.json()["id"]
    assert (made.status_code, made.json()["lead"], made.json()["capacity"]) == (201, "mei", 0)
    assert admin.post("/api/v1/teams/", {"name": "Late", "kind": "review"}, **JSON).json()["code"] == "team_name_taken"
    joined = mei.post(f"/api/v1/teams/{team}/members/", {"username": "lin", "since": day, "daily_capacity": 30}, **JSON)
    assert joined.status_code == 201
    changed = mei.patch(f"/api/v1/memberships/{joined.json()['id']}/", {"daily_capacity": 7}, **JSON).json()
    assert (changed["daily_capacity"], changed["until"]) == (7, None)
    assert admin.put(f"/api/v1/teams/{team}/portfolio/", {"products": ["P-seen"]}, **JSON).json() == {"products": ["P-seen"]}
    assert admin.put("/api/v1/people/lin/portfolio/", {"products": ["P-x"]}, **JSON).json()["code"] == "product_unknown"
    absence = client_of(lin).post("/api/v1/people/lin/absences/", {"first_day": day, "last_day": day}, **JSON)
    assert absence.status_code == 201
    listed = {row["name"]: row for row in mei.get("/api/v1/teams/").json()}
    assert (listed["Late"]["absent"], listed["Late"]["capacity"], listed["Late"]["full_capacity"]) == (1, 0, 7)
    assert client_of(lin).delete(f"/api/v1/absences/{absence.json()['id']}/").status_code == 204
    passed = mei.post("/api/v1/people/lin/examinations/", {"passed_on": day}, **JSON)
    assert passed.status_code == 201
    declared = compliance.post(
        "/api/v1/people/lin/conflicts/", {"customer_no": customer.customer_no, "kind": "colleague"}, **JSON
    )
    ended = compliance.post(f"/api/v1/conflicts/{declared.json()['id']}/end/", {"last_day": day, "reason": "left"}, **JSON)
    assert (declared.status_code, ended.json()["until"]) == (201, day)
    own = client_of(lin).get("/api/v1/me/").json()
    assert (own["teams"], own["products"], own["examination_expires_on"]) == (
        ["Early", "Late"], ["P-seen"], passed.json()["expires_on"],
    )  # fmt: skip
    refused = mei.post("/api/v1/people/mei/examinations/", {"passed_on": day}, **JSON)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_for_yourself")


def test_the_demo_people_are_in_teams_and_a_second_run_changes_nothing() -> None:
    call_command("make_demo_users", verbosity=0)
    made = AuditEntry.objects.count()
    assert {team.lead.username for team in Team.objects.select_related("lead") if team.lead} >= {"lead", "legal", "compliance"}
    assert Membership.objects.filter(user__username="analyst").count() == 2
    assert set(Examination.objects.values_list("user__username", flat=True)) == {"analyst", "lead", "legal"}
    call_command("make_demo_users", verbosity=0)
    assert AuditEntry.objects.count() == made

"""Plans by page, by API and by the customer: the same operations, each by who may."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from factories import make_customer, make_user
from plan_books import CUSTOMER, OPEN, People, late_account, stands

from accounts.models import CreditAccount
from casework.api.plan_shapes import INSTRUMENTS
from casework.models import AffordabilityForm, Plan, PlanFile, ReliefTerms
from casework.operations.plans.signing import sign_plan
from casework.operations.plans.terms import TERM_FIELDS
from outreach.customer_links import token_of
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet() -> Any:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def account() -> CreditAccount:
    person = {"name": "王芳", "national_id": "11010119900101123X", "phone": "13900000001"}
    return late_account(account_no="A-PLAN", customer=make_customer(person=person))


@pytest.fixture
def people() -> People:
    return People()


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.content.decode()[:600]
    return str(response.content.decode())


def test_the_page_suggests_by_what_the_household_has_and_proposes(account: CreditAccount, people: People) -> None:
    site = browser(people.analyst)
    page = text(site.get("/accounts/A-PLAN/relief/"))
    assert "fill in what the household has" in page
    # What is not open to the account is said, and looks like no button that closes.
    assert "(not open to it)" in page and "✗" not in page

    answer = site.post(
        "/accounts/A-PLAN/relief/",
        {"means": "1", "instrument": "restructure", "covers": "late", "income": "200", "essentials": "120", "other_debts": "0"},
    )
    assert answer.status_code == 302
    assert AffordabilityForm.objects.get().income_minor == 20_000
    page = text(site.get(answer.headers["Location"]))
    assert "can be paid" in page and "above their means" in page
    # 80.00 are left, half of it may be asked; three instalments of 35.34 bring most.
    assert "40.00" in page and page.index("35.34") < page.index("26.50")

    answer = site.post(
        "/accounts/A-PLAN/relief/",
        {"propose": "1", "instrument": "restructure", "covers": "late", "number": "3", "reason": "lost the job"},
    )
    plan = Plan.objects.get()
    assert answer.headers["Location"] == f"/plans/{plan.reference}/"
    assert plan.affordability == AffordabilityForm.objects.get()
    assert "You proposed it; somebody else decides on it." in text(site.get(f"/plans/{plan.reference}/"))


def test_what_is_refused_is_said_beside_its_field_and_keeps_what_was_typed(account: CreditAccount, people: People) -> None:
    site = browser(people.analyst)
    sent = {"propose": "1", "instrument": "restructure", "covers": "late", "amount": "1.00", "reason": "hardship"}

    page = text(site.post("/accounts/A-PLAN/relief/", sent), 422)
    assert "1.77 a month at least" in page and 'value="1.00"' in page
    page = text(site.post("/accounts/A-PLAN/relief/", sent | {"amount": ""}), 422)
    assert "Give a number of instalments" in page
    assert not Plan.objects.exists()


def test_each_step_by_page_down_to_a_plan_in_force(account: CreditAccount, people: People) -> None:
    plan = people.proposes(account)
    address = f"/plans/{plan.reference}/"
    assert browser(people.analyst).post(f"{address}approve/").status_code == 403
    lead = browser(people.lead)
    assert "needed to reject" in text(lead.get(address))
    assert lead.post(f"{address}approve/").status_code == 302
    page = text(lead.get(address))
    assert "the offer stands until" in page

    refused = text(lead.post(f"{address}sign/", {"recording": "REC-7", "kept_until": "2025-04-01"}), 422)
    assert "2025-06-11 or later" in refused and 'value="REC-7"' in refused
    assert lead.post(f"{address}sign/", {"recording": "REC-7", "kept_until": "2026-01-01"}).status_code == 302
    assert "REC-7" in text(lead.get(address))
    assert stands(account) == (0, 15_600, True)
    assert "in force" in text(lead.get("/plans/?of=active"))
    assert plan.reference in text(lead.get("/accounts/A-PLAN/"))


def test_paper_is_handed_in_by_one_and_confirmed_by_another(account: CreditAccount, people: People) -> None:
    plan = people.approves(people.proposes(account))
    address = f"/plans/{plan.reference}/"
    scan = SimpleUploadedFile("agreed.pdf", b"%PDF-1.7 signed")
    analyst, lead = browser(people.analyst), browser(people.lead)

    assert analyst.post(f"{address}agreement/", {"file": scan}).status_code == 302
    assert analyst.post(f"{address}confirm/").status_code == 403
    given = lead.get(f"{address}papers/{PlanFile.objects.get().pk}/")
    assert b"".join(given.streaming_content) == b"%PDF-1.7 signed"
    assert given.headers["Content-Disposition"] == 'attachment; filename="agreed.pdf"'
    assert lead.post(f"{address}confirm/").status_code == 302
    assert Plan.objects.get().status == "active"


def test_the_customer_accepts_on_their_own_page_and_nobody_else_sees_an_amount(account: CreditAccount, people: People) -> None:
    plan = people.approves(people.proposes(account))
    link = f"/c/{token_of(account.pk, today=timezone.localdate())}/"
    stranger = Client()

    page = text(stranger.get(link + "?lang=en"))
    assert "We offer you to pay in instalments" in page and "106.00" not in page and "35.34" not in page
    wrong = text(stranger.post(f"{link}plan/?lang=en", {"reference": plan.reference, "proof": "0000"}), 422)
    assert "not the last four characters" in wrong and "35.34" not in wrong

    page = text(stranger.post(f"{link}plan/?lang=en", {"reference": plan.reference, "proof": "123x"}))
    assert "106.00" in page and "35.34" in page and "It costs nothing." in page
    sent = {"reference": plan.reference, "proof": "123X"}
    assert "Tick that you have read it" in text(stranger.post(f"{link}plan/accept/?lang=en", sent), 422)
    answer = stranger.post(f"{link}plan/accept/?lang=en", sent | {"is_read": "on"})
    assert answer.status_code == 302
    assert "the plan is in force" in text(stranger.get(answer.headers["Location"]))
    plan.refresh_from_db()
    assert (plan.status, plan.way) == ("active", "link")
    assert stands(account) == (0, 15_600, True)


def test_after_eight_proofs_a_day_even_the_right_one_is_not_taken(account: CreditAccount, people: People) -> None:
    plan = people.approves(people.proposes(account))
    own_page = f"/c/{token_of(account.pk, today=timezone.localdate())}/"
    link = f"{own_page}plan/?lang=en"
    for number in range(8):
        assert Client().post(link, {"reference": plan.reference, "proof": f"000{number}"}).status_code == 422

    answer = Client().post(link, {"reference": plan.reference, "proof": "123X"})

    assert answer.status_code == 429
    page = answer.content.decode()
    assert "35.34" not in page
    # The way back to their page, and the other language.
    assert f'href="{own_page}' in page and "lang=zh-hans" in page


def test_the_whole_life_of_a_plan_by_the_api(account: CreditAccount, people: People) -> None:
    analyst, lead = browser(people.analyst), browser(people.lead)
    means = {"account_no": "A-PLAN", "income": "200.00", "essentials": "120.00", "other_debts": "0"}
    form = analyst.post("/api/v1/affordability-forms/", means, content_type="application/json")
    assert form.status_code == 201 and form.json()["can_pay"] == "40.00"
    offers = analyst.get("/api/v1/accounts/A-PLAN/plan-offers/?instrument=restructure&covers=late").json()
    assert (offers["owed"], offers["can_pay"], offers["why_not"]) == ("106.00", "40.00", "")
    assert [(one["number"], one["monthly"], one["fits"]) for one in offers["suggestions"][:2]] == [
        (3, "35.34", True),
        (4, "26.50", True),
    ]

    asked = {"account_no": "A-PLAN", "instrument": "restructure", "number": 3, "reason": "lost the job"}
    made = analyst.post("/api/v1/plans/", asked | {"affordability_id": form.json()["id"]}, content_type="application/json")
    assert made.status_code == 201, made.content
    reference = made.json()["reference"]
    again = analyst.post("/api/v1/plans/", asked, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "plan_there")
    own = f"/api/v1/plans/{reference}/"
    assert analyst.post(f"{own}approve/", {}, content_type="application/json").status_code == 403
    assert lead.post(f"{own}approve/", {}, content_type="application/json").json()["status"] == "offered"
    app = browser(make_user(Role.SERVICE))
    signed = app.post(f"{own}sign/", {"way": "app"}, content_type="application/json").json()
    assert (signed["status"], signed["signed_on"], signed["way"]) == ("active", OPEN.isoformat(), "app")
    assert signed["schedule"][0] == {"due_date": "2025-04-11", "principal": "29.34", "interest": "0.00", "fee": "6.00"}
    listed = lead.get("/api/v1/plans/?status=active").json()
    assert [row["reference"] for row in listed] == [reference]
    early = lead.post(f"{own}end/", {"reason": "asked for it"}, content_type="application/json")
    assert (early.status_code, early.json()["code"]) == (422, "not_the_open_day")
    assert Plan.objects.get().status == "active"


def test_terms_are_set_by_a_manager_by_page_and_by_api(people: People) -> None:
    manager = browser(make_user(Role.MANAGER))
    assert browser(people.lead).get("/plans/terms/restructure/").status_code == 403
    assert "version 1" in text(manager.get("/plans/terms/"))
    text(manager.get("/plans/terms/restructure/"))

    changed = {"based_on": 1, "broken_after_days": 20, "reason": "after the review"}
    made = manager.post("/api/v1/relief-terms/restructure/", changed, content_type="application/json")
    assert made.status_code == 201, made.content
    assert (made.json()["version"], made.json()["broken_after_days"], made.json()["most_installments"]) == (2, 20, 60)
    stale = manager.post("/api/v1/relief-terms/restructure/", changed, content_type="application/json")
    assert (stale.status_code, stale.json()["code"]) == (409, "terms_changed")
    bad = manager.post(
        "/api/v1/relief-terms/restructure/", {"based_on": 2, "rule": "nonsense >", "reason": "x"}, content_type="application/json"
    )
    assert bad.status_code == 422
    assert ReliefTerms.objects.filter(instrument="restructure").count() == 2


def test_plans_are_listed_by_instrument(account: CreditAccount, people: People) -> None:
    plan = people.proposes(account)
    site = browser(people.lead)
    assert plan.reference in text(site.get("/plans/?of=open&instrument=restructure"))
    for other in ("deferral", "re_age"):
        page = text(site.get(f"/plans/?of=open&instrument={other}"))
        assert plan.reference not in page and f"?of=active&amp;instrument={other}" in page
    assert plan.reference in text(site.get("/plans/?of=open&instrument=nonsense"))


def test_the_api_lists_plans_by_instrument_too(account: CreditAccount, people: People) -> None:
    plan = people.proposes(account)
    site = browser(people.lead)
    listed = {one: [row["reference"] for row in site.get(f"/api/v1/plans/?instrument={one}").json()] for one in INSTRUMENTS}
    assert listed == {"deferral": [], "restructure": [plan.reference], "re_age": []}
    wrong = site.get("/api/v1/plans/?instrument=waiver")
    assert wrong.status_code == 400 and "deferral, restructure, re_age" in str(wrong.json()["instrument"])


def test_terms_are_shown_and_taken_in_major_units_and_percent(people: People) -> None:
    manager = browser(make_user(Role.MANAGER))
    page = text(manager.get("/plans/terms/restructure/"))
    shown = dict(re.findall(r'<input type="(?:number|text)" name="(\w+)" value="([^"]*)"', page))
    assert (shown["approver_from_minor"], shown["share_bp"], shown["break_bp"]) == ("20000.00", "50", "3")
    assert "Share of what is left, %" in page and "in major units" in page and "2000000" not in page
    assert "20,000.00" in text(manager.get("/plans/terms/"))

    present = ReliefTerms.objects.get(instrument="restructure")
    form = {name: getattr(present, name) for name in TERM_FIELDS} | {"based_on": 1, "why": "after the review"}
    form = {name: value for name, value in form.items() if value is not False}
    sent = form | {"approver_from_minor": "12,000.5", "share_bp": "42.5", "break_bp": "2.25", "month_interest_ppm": "0.5"}
    refused = text(manager.post("/plans/terms/restructure/", sent | {"share_bp": "5000"}), 422)
    assert "100" in refused and 'value="12,000.5"' in refused
    assert manager.post("/plans/terms/restructure/", sent).status_code == 302
    made = ReliefTerms.objects.get(instrument="restructure", version=2)
    assert (made.approver_from_minor, made.share_bp, made.break_bp, made.month_interest_ppm) == (1_200_050, 4_250, 225, 5_000)


def test_that_all_plans_break_in_a_month_is_refused_in_words_by_page_and_api(people: People) -> None:
    manager = browser(make_user(Role.MANAGER))
    present = ReliefTerms.objects.get(instrument="restructure")
    form = {name: getattr(present, name) for name in TERM_FIELDS} | {"based_on": 1, "why": "after the review"}
    form = {name: value for name, value in form.items() if value is not False}
    sent = form | {"approver_from_minor": "20000", "share_bp": "50", "month_interest_ppm": "0"}
    page = text(manager.post("/plans/terms/restructure/", sent | {"break_bp": "100"}), 422)
    assert "If 100.00 % of the plans broke in a month, none would be left to rank" in page and "relief_terms_hold" not in page

    asked = {"based_on": 1, "break_bp": 10_000, "reason": "after the review"}
    refused = manager.post("/api/v1/relief-terms/restructure/", asked, content_type="application/json")
    assert refused.status_code == 400 and "give less than 100 %" in refused.json()["break_bp"][0]
    assert not ReliefTerms.objects.filter(version=2).exists()
    # What is just below counts, for page and database alike.
    assert manager.post("/plans/terms/restructure/", sent | {"break_bp": "99.99"}).status_code == 302
    assert ReliefTerms.objects.get(instrument="restructure", version=2).break_bp == 9_999


def test_who_has_another_portfolio_finds_no_such_plan(account: CreditAccount, people: People) -> None:
    from factories import make_member, make_team

    plan = people.proposes(account)
    other = make_user(Role.TEAM_LEAD)
    make_member(make_team(products=["another"]), other)
    stranger = browser(other)

    for address in (f"/plans/{plan.reference}/", "/accounts/A-PLAN/relief/", f"/api/v1/plans/{plan.reference}/"):
        assert stranger.get(address).status_code in (403, 404), address
    assert stranger.post(f"/plans/{plan.reference}/approve/").status_code == 404
    assert stranger.get("/api/v1/plans/").json() == []
    assert Plan.objects.get().status == "proposed"


def test_a_signature_by_somebody_in_conflict_is_refused(account: CreditAccount, people: People) -> None:
    from factories import make_conflict

    from riskops.shared.people.refusals import ConflictDeclared

    plan = people.approves(people.proposes(account))
    make_conflict(people.lead, account.customer)

    from riskops.shared.audit import Actor

    with pytest.raises(ConflictDeclared):
        sign_plan(actor=Actor.of(people.lead), reference=plan.reference, way="app", is_customers=True)
    sign_plan(actor=CUSTOMER, reference=plan.reference, way="app", is_customers=True)
    assert Plan.objects.get().signed_on == date(2025, 3, 11)

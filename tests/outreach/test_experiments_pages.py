"""The pages of experiments and their twins in the API, as people and programs meet them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from deciding_books import page
from django.test import Client
from django.utils import timezone
from experiment_books import FIRST, HALVES, Desk, assign, late_account
from factories import make_payment, make_product, make_user, set_business_date
from outreach_books import SHANGHAI
from rest_framework.test import APIClient

from outreach.models import ArmAssignment, Experiment, Strategy
from riskops.shared.models import PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
MORNING = datetime(2025, 3, 11, 10, tzinfo=SHANGHAI)
ADDRESS = "/experiments/early-sms/1/"
API = "/api/v1/experiments/early-sms/1/"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, datetime]:
    now = {"at": MORNING}
    monkeypatch.setattr(timezone, "now", lambda: now["at"])
    return now


@pytest.fixture
def desk() -> Desk:
    return Desk()


def client_of(role: Role) -> tuple[Client, Any]:
    client, person = Client(), make_user(role)
    client.force_login(person)
    return client, person


def typed(desk: Desk, **more: Any) -> dict[str, Any]:
    form = {
        "code": "early-sms", "name_en": "Early reminders", "name_zh": "提前提醒", "hypothesis": "Earlier is better.",
        "products": desk.product.product_code, "rule": "dpd >= 1", "measure": "paid_14", "planned_size": "10",
        "duration_days": "30", "note": "", "control_reason": "",
        "arm_code_0": "as-now", "arm_strategy_0": "house", "arm_percent_0": "50",
        "arm_code_1": "early", "arm_strategy_1": "early", "arm_percent_1": "50",
    }  # fmt: skip
    return {**form, **more}


def measured(desk: Desk, _clock: dict[str, datetime], *, customers: int = 40, planned_size: int = 40) -> Experiment:
    """Return an experiment whose customers are measured: of the early ones three in four paid, of the others one in four."""
    row = desk.running(planned_size=planned_size)
    for number in range(customers):
        account = late_account(desk.product)
        arm = HALVES[number % 2]["code"]
        ArmAssignment.objects.create(experiment=row, customer=account.customer, arm=arm, assigned_on=FIRST, bucket=1)
        if (number // 2) % 4 < (3 if arm == "early" else 1):
            make_payment(account, paid_on=FIRST + timedelta(days=3), amount=10_000, is_posted=True)
    set_business_date(FIRST + timedelta(days=14))
    _clock["at"] = MORNING + timedelta(days=16)
    return row


def test_an_experiment_goes_from_its_draft_to_its_first_customers(desk: Desk) -> None:
    late_account(desk.product)
    lead, _person = client_of(Role.TEAM_LEAD)
    assert "There is no experiment yet." in page(lead.get("/experiments/"))
    answer = lead.post("/experiments/new/", typed(desk), follow=True)
    assert answer.redirect_chain == [(ADDRESS, 302)]
    assert Experiment.objects.get().arms == HALVES
    assert "Propose" not in page(answer).replace("then propose", "")
    shown = page(lead.post(f"{ADDRESS}try/", follow=True))
    assert "early-sms v1 was tried on the book." in shown and "eligible on that day" in shown
    shown = page(lead.post(f"{ADDRESS}propose/", {"live_from": "2025-03-12"}, follow=True))
    assert "waits for approval by compliance or another manager" in shown
    compliance, _person = client_of(Role.COMPLIANCE)
    shown = page(compliance.post(f"{ADDRESS}approve/", follow=True))
    assert "the close of 12 Mar 2025 takes the first customers in" in shown and "begins later" in shown
    assert assign() == 1
    assert "early-sms v1" in page(lead.get("/experiments/"))


def test_what_is_wrong_stands_on_the_form_and_nothing_is_saved(desk: Desk) -> None:
    lead, _person = client_of(Role.TEAM_LEAD)
    shown = page(lead.post("/experiments/new/", typed(desk, arm_percent_1="40")), 422)
    assert "The shares add up to 90 %, not to 100 %." in shown
    shown = page(lead.post("/experiments/new/", typed(desk, arm_code_0="", arm_code_1="")), 422)
    assert "No arm has a code" in shown and "This field cannot be blank" not in shown
    shown = page(lead.post("/experiments/new/", typed(desk, rule="weather > 1")), 422)
    assert "weather" in shown
    shown = page(lead.post("/experiments/new/", typed(desk, arm_strategy_1="", arm_percent_0="95", arm_percent_1="5")), 422)
    assert "Write why some customers are left without contact" in shown
    assert "Notices required by law go out to them as to everybody." in shown and "at most 10 %" in shown
    assert not Experiment.objects.exists()


def test_a_draft_is_changed_and_a_stale_form_refused(desk: Desk) -> None:
    desk.draft()
    lead, _person = client_of(Role.TEAM_LEAD)
    shown = page(lead.get(f"{ADDRESS}edit/"))
    assert 'value="as-now"' in shown and 'value="50"' in shown
    changed = typed(desk, arm_percent_0="90", arm_percent_1="10", revision="1")
    assert "early-sms v1 is saved" in page(lead.post(f"{ADDRESS}edit/", changed, follow=True))
    row = Experiment.objects.get()
    assert ([arm["weight_bp"] for arm in row.arms], row.revision) == ([9_000, 1_000], 2)
    assert "was changed meanwhile" in page(lead.post(f"{ADDRESS}edit/", changed), 409)


def test_the_results_stand_with_intervals_sentences_and_charts(desk: Desk, _clock: dict[str, datetime]) -> None:
    measured(desk, _clock)
    manager, _person = client_of(Role.MANAGER)
    shown = page(manager.get(ADDRESS))
    assert "40 of 40 planned customers measured" in shown
    # Of twenty early ones 15 paid, of twenty others 5: Newcombe's interval of 0.50 is 0.191 to 0.695.
    assert "75.0\u202f%" in shown and "25.0\u202f%" in shown
    assert "+50.0 (+19.1 to +69.5)" in shown
    assert "early is better than as-now: paid within 14 days" in shown
    assert "The arms are as large as planned" in shown
    assert 'id="figure-shares"' in shown and 'id="figure-amounts"' in shown
    assert "By intention to treat" in shown
    assert (
        "early v2" in shown
        and f"takes on {desk.product.product_code}" in shown
        and f"gives up {desk.product.product_code}" in shown
    )
    assert "Stop and draft 2 strategies for early" in shown


def test_before_the_planned_size_it_is_too_early_and_nobody_is_promoted(desk: Desk, _clock: dict[str, datetime]) -> None:
    measured(desk, _clock, planned_size=41)
    manager, _person = client_of(Role.MANAGER)
    assert "Too early: 40 of 41 planned customers are measured." in page(manager.get(ADDRESS))
    shown = page(manager.post(f"{ADDRESS}promote/", {"arm": "early", "reason": "x"}), 409)
    assert "it is too early" in shown
    assert Experiment.objects.get().verdict == "" and not Strategy.objects.filter(status="draft").exists()


def test_wrong_shares_are_told_above_all(desk: Desk, _clock: dict[str, datetime]) -> None:
    row = measured(desk, _clock)
    for _number in range(30):
        customer = late_account(desk.product).customer
        ArmAssignment.objects.create(experiment=row, customer=customer, arm="early", assigned_on=FIRST, bucket=1)
    assert "The arms are not as large as planned" in page(client_of(Role.MANAGER)[0].get(ADDRESS))


def test_a_manager_promotes_in_one_click(desk: Desk, _clock: dict[str, datetime]) -> None:
    measured(desk, _clock)
    manager, person = client_of(Role.MANAGER)
    shown = page(manager.post(f"{ADDRESS}promote/", {"arm": "early", "reason": "more paid"}, follow=True))
    assert "early-sms v1 is stopped and early promoted" in shown and "more paid" in shown
    assert Experiment.objects.get().concluded_by_name == person.get_username()
    assert list(Strategy.objects.filter(status="draft").order_by("code").values_list("code", flat=True)) == ["early", "house"]
    # It can be run again, under a salt of its own.
    again = manager.post("/experiments/early-sms/draft/", follow=True)
    assert again.redirect_chain == [("/experiments/early-sms/2/edit/", 302)]


def test_a_manager_stops_with_a_reason(desk: Desk, _clock: dict[str, datetime]) -> None:
    measured(desk, _clock)
    manager, _person = client_of(Role.MANAGER)
    assert "No reason is given" in page(manager.post(f"{ADDRESS}stop/", {"reason": ""}), 422)
    assert "early-sms v1 is stopped." in page(manager.post(f"{ADDRESS}stop/", {"reason": "complaints"}, follow=True))
    assert client_of(Role.TEAM_LEAD)[0].post(f"{ADDRESS}stop/", {"reason": "x"}).status_code == 403


def test_a_run_of_the_same_against_the_same_says_so(desk: Desk) -> None:
    desk.draft(arms=[HALVES[0], {**HALVES[1], "strategy": "house"}])
    assert "such a run must show nothing" in page(client_of(Role.ANALYST)[0].get(ADDRESS))


def test_who_does_not_see_all_of_its_products_does_not_see_it(desk: Desk) -> None:
    desk.running()
    lead, person = client_of(Role.TEAM_LEAD)
    PortfolioScope.objects.create(user=person, product_code=make_product().product_code)
    assert "early-sms" not in page(lead.get("/experiments/"))
    for address in (ADDRESS, f"{ADDRESS}edit/"):
        assert lead.get(address).status_code == 404
    api = APIClient()
    api.force_authenticate(person)
    assert api.get("/api/v1/experiments/").json() == []
    assert api.get(API).status_code == 404 and api.get(f"{API}results/").status_code == 404


def test_the_calculator_answers_beside_the_editor(desk: Desk) -> None:
    lead, _person = client_of(Role.TEAM_LEAD)
    asked = {
        "base": "30",
        "effect": "5",
        "power": "80",
        "champion": "50",
        "arm": "50",
        "at_once": "754",
        "a_day": "100",
        "size": "2754",
    }
    shown = lead.get("/experiments/calculator/", asked, HTTP_HX_REQUEST="true").content.decode()
    # The textbook's 1,377 in each arm, to the rounding; the first day brings 754, twenty more days 2,000.
    assert "2,75" in shown and ">21<" in shown and "80 of 100" in shown
    assert "base" not in lead.get("/experiments/calculator/", {**asked, "base": "x"}, HTTP_HX_REQUEST="true").content.decode()
    answer = APIClient()
    answer.force_authenticate(make_user(Role.ANALYST))
    assert lead.get("/experiments/calculator/").url == "/experiments/"
    said = answer.get("/api/v1/experiments/calculator/", asked).json()
    assert said["customers"] == pytest.approx(2_754, abs=4) and said["days"] in (21, 22)
    assert said["size_power"] == pytest.approx(0.8, abs=0.002)


def test_the_api_does_what_the_pages_do(desk: Desk, _clock: dict[str, datetime]) -> None:
    late_account(desk.product)
    lead, compliance, manager = APIClient(), APIClient(), APIClient()
    for client, role in ((lead, Role.TEAM_LEAD), (compliance, Role.COMPLIANCE), (manager, Role.MANAGER)):
        client.force_authenticate(make_user(role))
    values = {
        "code": "early-sms", "name_en": "Early", "name_zh": "提前", "hypothesis": "h", "products": [desk.product.product_code],
        "rule": "dpd >= 1", "arms": HALVES, "champion": "as-now", "measure": "paid_7", "planned_size": 10, "duration_days": 5,
    }  # fmt: skip
    wrong = lead.post("/api/v1/experiments/", {**values, "champion": "nobody"}, format="json")
    assert (wrong.status_code, wrong.json()["about"]) == (422, "arms")
    made = lead.post("/api/v1/experiments/", values, format="json")
    assert (made.status_code, made.json()["status"], made.json()["arms"]) == (201, "draft", HALVES)
    assert lead.patch(API, {"revision": 1, "planned_size": 20}, format="json").json()["revision"] == 2
    assert lead.post(f"{API}try/", {"revision": 2}, format="json").json()["dry_run"]["eligible"] == 1
    assert lead.post(f"{API}propose/", {"live_from": "2025-03-12"}, format="json").json()["status"] == "proposed"
    assert lead.post(f"{API}approve/").status_code == 403
    assert compliance.post(f"{API}approve/").json()["status"] == "approved"
    assign()
    set_business_date(FIRST + timedelta(days=7))
    _clock["at"] = MORNING + timedelta(days=9)
    said = lead.get(f"{API}results/").json()
    assert (said["measured"], said["is_too_early"], sum(arm["assigned"] for arm in said["arms"])) == (1, True, 1)
    refused = manager.post(f"{API}promote/", {"arm": "early", "reason": "x"}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "too_early_to_promote")
    assert manager.post(f"{API}stop/", {"reason": "enough"}, format="json").json()["verdict"] == "stopped"


def test_the_account_s_page_says_in_which_arm_its_customer_is(desk: Desk, _clock: dict[str, datetime]) -> None:
    account = late_account(desk.product)
    row = desk.running()
    assign()
    _clock["at"] = MORNING + timedelta(days=3)
    arm = row.arm(ArmAssignment.objects.get().arm)
    assert arm is not None
    shown = page(client_of(Role.ANALYST)[0].get(f"/accounts/{account.account_no}/"))
    assert "early-sms v1" in shown and f"arm {arm.code}" in shown

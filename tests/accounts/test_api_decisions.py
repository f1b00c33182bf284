"""Decisions and restrictions by API: the same operations, the same refusals, and bounds on the payment platform's calls."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from deciding_books import OPEN, Person, make_late_account
from django.test import Client
from factories import make_account, make_user

from accounts.models import Acceptance, AccountState, CreditAccount, Decision, RestrictionChange
from riskops.shared.roles import Role
from riskops.shared.scope import scope_of


@pytest.fixture
def late(db: None) -> CreditAccount:
    return make_late_account(account_no="LATE")


class Caller:
    """Somebody who calls the API."""

    def __init__(self, role: Role) -> None:
        self.person = Person(role)
        self.client = Client()
        self.client.force_login(self.person.user)

    def get(self, path: str, status: int = 200) -> Any:
        answer = self.client.get(f"/api/v1/{path}")
        assert answer.status_code == status, answer.content
        return answer.json()

    def send(self, path: str, data: dict[str, Any], status: int, method: str = "post") -> Any:
        answer = getattr(self.client, method)(f"/api/v1/{path}", data, content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None


ASKED = {"account_no": "LATE", "action": "suspend_use", "scope": "channel", "scope_value": "app", "reason_code": "overdue"}


def test_a_decision_lives_its_life_by_api(late: CreditAccount) -> None:
    analyst, lead, approver = Caller(Role.ANALYST), Caller(Role.TEAM_LEAD), Caller(Role.APPROVER)
    preview = analyst.send("decisions/preview/", {**ASKED, "reference": "R1"}, 200)
    assert (preview["acts_alone"], preview["needs_approval_by"], preview["effective_on"]) == (False, ["team lead"], "2025-03-11")
    made = analyst.send("decisions/", {**ASKED, "reference": "R1"}, 201)
    assert (made["status"], made["version"], made["replay_is_same"]) == ("proposed", 1, True)
    assert analyst.send("decisions/", {**ASKED, "reference": "R1"}, 200)["id"] == made["id"]
    assert analyst.send("decisions/", {**ASKED, "reference": "R1", "note": "other"}, 409)["code"] == "decision_reference_taken"
    assert [row["id"] for row in lead.get("decisions/?list=to_approve")["results"]] == [made["id"]]

    one = f"decisions/{made['id']}/"
    assert lead.send(f"{one}approve/", {"version": 9}, 409)["code"] == "stale_form"
    held = lead.send(f"{one}approve/", {"version": 1}, 200)
    assert (held["status"], held["notices"][0]["kind"]) == ("effective", "decided")
    kept = lead.send(f"{one}keep/", {"version": held["version"], "review_on": "2025-06-01", "reason": "late"}, 200)
    objected = analyst.send(
        f"{one}appeal/", {"version": kept["version"], "received_on": OPEN.isoformat(), "grounds": "paid"}, 200
    )
    answer = {"version": objected["version"], "is_granted": False, "answer_en": "No", "answer_zh": "否"}
    answered = approver.send(f"{one}answer/", answer, 200)
    assert answered["appeal"]["outcome"] == "refused"
    lift = lead.send(f"{one}lift/", {"version": answered["version"], "reference": "L1", "reason_code": "cause_gone"}, 200)
    assert (lift["action"], lift["status"], lift["lifts"]) == ("lift", "effective", made["id"])
    assert analyst.get(one)["status"] == "lifted"


def test_what_is_refused_by_page_is_refused_by_api(late: CreditAccount) -> None:
    lead = Caller(Role.TEAM_LEAD)
    asked = {"account_no": "LATE", "action": "lower_limit", "reason_code": "risk_rising", "reference": "R1"}
    assert lead.send("decisions/", {**asked, "new_limit": "399.99"}, 422)["code"] == "limit_under_balance"
    lead.send("decisions/", {**asked, "new_limit": "a lot"}, 400)
    lead.send("decisions/", {**asked, "account_no": "NOBODY", "new_limit": "500"}, 404)
    lead.send("decisions/999/approve/", {"version": 1}, 404)
    made = lead.send("decisions/", {**asked, "new_limit": "500"}, 201)
    assert made["status"] == "scheduled"
    assert (
        lead.send(f"decisions/{made['id']}/cancel/", {"version": made["version"], "reason": "no"}, 200)["status"] == "cancelled"
    )
    assert Decision.objects.count() == 1


def test_restrictions_narrow_what_an_account_may_do(late: CreditAccount) -> None:
    lead, service = Caller(Role.TEAM_LEAD), Caller(Role.SERVICE)
    assert service.get("accounts/LATE/restrictions/") == {
        "account_no": "LATE",
        "may_use": True,
        "currency": "CNY",
        "credit_limit": "10000.00",
        "blocked_channels": [],
        "blocked_categories": [],
        "most": None,
        "is_written_off": False,
        "closed_on": None,
        "restrictions": [],
    }
    for scope in ({"scope": "channel", "scope_value": "app"}, {"scope": "category", "scope_value": "jewellery"}):
        lead.person.asks(late, "suspend_use", **scope)
    lead.person.asks(late, "suspend_use", scope="amount", most_minor=5_000)
    found = service.get("accounts/LATE/restrictions/")
    assert (found["may_use"], found["most"]) == (True, "50.00")
    assert (found["blocked_channels"], found["blocked_categories"]) == (["app"], ["jewellery"])
    lead.person.asks(late, "suspend_use", scope="all")
    assert service.get("accounts/LATE/restrictions/")["may_use"] is False
    service.get("accounts/NOBODY/restrictions/", 404)


def test_a_closed_or_written_off_account_may_not_be_used(late: CreditAccount) -> None:
    service = Caller(Role.SERVICE)
    closes_later = make_late_account(account_no="LATER", product=late.product)
    CreditAccount.objects.filter(pk=late.pk).update(attributes={"x_closed_on": OPEN.isoformat()})
    CreditAccount.objects.filter(pk=closes_later.pk).update(attributes={"x_closed_on": "2025-03-12"})
    gone = make_late_account(account_no="GONE", product=late.product)
    AccountState.objects.filter(pk=gone.pk).update(is_written_off=True)
    odd = make_late_account(account_no="ODD", product=late.product)
    CreditAccount.objects.filter(pk=odd.pk).update(attributes={"x_closed_on": "soon", "x_other": "1"})
    numbers = ["LATE", "LATER", "GONE", "ODD"]
    answer = service.send("restrictions/", {"account_nos": numbers}, 200)
    assert [(row["account_no"], row["may_use"], row["closed_on"]) for row in answer["results"]] == [
        ("LATE", False, "2025-03-11"),
        ("LATER", True, "2025-03-12"),
        ("GONE", False, None),
        ("ODD", True, None),
    ]
    assert service.get("accounts/LATE/restrictions/")["may_use"] is False


def test_a_batch_answers_in_the_order_asked_with_two_queries(late: CreditAccount, django_assert_num_queries: Any) -> None:
    from accounts.queries.restrictions import restrictions_of

    for number in range(20):
        make_account(account_no=f"B{number}")
    numbers = ["B3", "LATE", "nobody", "B1", "B3"]
    service = Caller(Role.SERVICE)
    answer = service.send("restrictions/", {"account_nos": numbers}, 200)
    assert [row["account_no"] for row in answer["results"]] == ["B3", "LATE", "B1"]
    assert answer["unknown"] == ["nobody"]
    user = make_user(Role.SERVICE)
    # Asked for once a request, whatever is asked.
    assert not scope_of(user).is_limited
    # Conflicts, and the accounts.
    with django_assert_num_queries(2):
        restrictions_of(numbers, user=user)
    for wrong in ([], ["x"] * 1_001, "LATE", [1], ["LATE", "LATE\0"], ["\ud800"]):
        service.send("restrictions/", {"account_nos": wrong}, 400)


def test_the_feed_goes_on_where_the_reader_stopped(late: CreditAccount) -> None:
    lead, service = Caller(Role.TEAM_LEAD), Caller(Role.SERVICE)
    other = make_late_account(account_no="OTHER")
    first = lead.person.asks(late, "suspend_use", scope="all")
    lead.person.asks(other, "suspend_use", scope="all")
    page = service.get("restrictions/changes/?most=1")
    assert ([row["account_no"] for row in page["results"]], page["has_more"]) == (["LATE"], True)
    lead.person.asks(late, "lift", lifts=first.pk)
    page = service.get(f"restrictions/changes/?after={page['next']}")
    assert [(row["account_no"], row["may_use"]) for row in page["results"]] == [("OTHER", False), ("LATE", True)]
    assert page["next"] == RestrictionChange.objects.latest("pk").pk
    assert service.get(f"restrictions/changes/?after={page['next']}") == {"results": [], "next": page["next"], "has_more": False}
    service.get("restrictions/changes/?after=x", 400)


def test_settings_by_api(late: CreditAccount) -> None:
    manager, legal, analyst = Caller(Role.MANAGER), Caller(Role.LEGAL), Caller(Role.ANALYST)
    assert len(analyst.get("reason-codes/")) == 18
    assert legal.send("reason-codes/overdue/", {"is_active": False}, 200, "patch")["is_active"] is False
    assert legal.send("reason-codes/overdue/", {"text_en": "{x}"}, 422, "patch")["code"] == "decision_setting_refused"
    assert manager.send("decision-terms/lower_limit/", {"buffer_days": 10}, 200, "patch")["buffer_days"] == 10
    assert len(analyst.get("decision-terms/")) == 8
    assert manager.send("decision-control/", {"due_share_bp": 2_500}, 200, "patch")["due_share_bp"] == 2_500
    assert manager.send("decision-control/", {"due_share_bp": 0}, 422, "patch")["code"] == "decision_setting_refused"
    assert manager.send("decision-control/", {"stop": True, "reason": "rule 7"}, 200)["is_automatic_stopped"] is True
    assert analyst.get("decision-control/")["stop_reason"] == "rule 7"
    version = {
        "kind": "agreement", "code": "v1", "title_en": "A", "title_zh": "协议", "text_en": "t", "text_zh": "文",
        "has_acceleration_clause": True, "published_on": "2024-01-01",
    }  # fmt: skip
    legal.send("agreements/", version, 201)
    assert legal.send("agreements/", version, 422)["code"] == "decision_setting_refused"
    legal.send("agreements/", {**version, "code": "v2", "product_code": "none such"}, 400)
    accepted = {"account_no": "LATE", "code": "v1", "accepted_on": "2025-01-01", "channel": "app"}
    for _again in range(2):
        analyst.send("acceptances/", accepted, 201)
    assert Acceptance.objects.get().accepted_on == date(2025, 1, 1)
    assert analyst.send("acceptances/", {**accepted, "accepted_on": "2023-12-31"}, 422)["code"] == "decision_setting_refused"


def test_a_rule_lives_its_life_by_api(late: CreditAccount) -> None:
    lead, manager, analyst = Caller(Role.TEAM_LEAD), Caller(Role.MANAGER), Caller(Role.ANALYST)
    rule = {"code": "late30", "name_en": "Late", "name_zh": "逾期", "rule": "dpd > 30", "action": "suspend_use", "scope": "all"}
    rule["reason_code"] = "overdue"
    assert lead.send("decision-rules/", {**rule, "rule": "dpd >"}, 422)["code"] == "rule_unusable"
    assert lead.send("decision-rules/", {**rule, "reason_code": "good_record"}, 422)["about"] == "reason_code"
    assert lead.send("decision-rules/", {**rule, "scope": "channel"}, 422)["code"] == "rule_values_refused"
    made = lead.send("decision-rules/", rule, 201)
    one = f"decision-rules/{made['id']}/"
    changed = {**{name: value for name, value in rule.items() if name != "code"}, "rule": "dpd > 29", "revision": 1}
    assert lead.send(one, changed, 200, method="put")["rule"] == "dpd > 29"
    assert lead.send(f"{one}try/", {"revision": 1}, 409)["code"] == "rule_stale"
    assert lead.send(f"{one}try/", {"revision": 2}, 200)["dry_run"]["holds"] == 1
    live = {"live_from": OPEN.isoformat(), "revision": 3}
    assert manager.send(f"{one}approve/", live, 422)["code"] == "rule_fits_all_or_none"
    assert manager.send(f"{one}approve/", {**live, "is_warning_accepted": True}, 200)["status"] == "live"
    assert [row["number"] for row in analyst.get("decision-rules/")] == [1]

    from accounts.operations.deciding.nightly import work_decisions

    work_decisions(closed_day=date(2025, 3, 10), first_account_id=0, last_account_id=2**60)
    undo = lead.send(f"{one}undoings/", {"reason": "wrong"}, 201)
    assert undo["preview"] == {"effective": 1}
    assert manager.send(f"decision-undoings/{undo['id']}/judge/", {"is_approved": True}, 200)["undone"] == 1
    assert analyst.get(f"{one}undoings/")[0]["status"] == "done"
    # What was undone decides no more.
    assert analyst.get(one)["live_until"] == OPEN.isoformat()
    assert analyst.get("accounts/LATE/restrictions/")["may_use"] is True
    analyst.send("accounts/LATE/automation/", {"refuses": True, "reason": "by letter of 3 March"}, 204)
    assert late.signals.refuses_automated_decisions

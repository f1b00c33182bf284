"""Applications by API: the same operations, refusals and sight as on the pages."""

from __future__ import annotations

from typing import Any

import pytest
from application_books import make_line_product
from deciding_books import OPEN, close_at
from factories import make_account, make_member, make_team
from test_api_decisions import Caller

from accounts.models import Application, CreditAccount, Product
from riskops.shared.roles import Role

ASKED: dict[str, Any] = {
    "application_no": "AP-7",
    "product_code": "std",
    "person": {"name": "王小明", "national_id": "110101199001010011"},
    "requested_limit": "60000",
    "declared_income": "40000.00",
    "agreement": "agreement-1",
    "disclosure": "disclosure-1",
    "accepted_on": "2025-03-10",
    "consents": [{"kind": "bureau", "is_given": True, "source": "app", "given_at": "2025-03-10T09:30:00+08:00"}],
    "bureau": [{"source": "PBOC", "reported_on": "2025-03-10", "score": 640, "debt": "1500.00"}],
    "attributes": {"x_campaign": "spring"},
}


@pytest.fixture
def product(db: None) -> Product:
    return make_line_product()


def test_an_application_lives_its_life_by_api(product: Product) -> None:
    machine, analyst, approver = Caller(Role.SERVICE), Caller(Role.ANALYST), Caller(Role.APPROVER)
    made = machine.send("applications/", ASKED, 201)
    assert (made["status"], made["proposed_outcome"], made["proposed_limit"]) == ("proposed", "grant", "60000.00")
    assert (made["bureau"][0]["debt"], made["facts"]["bureau_score"]) == ("1500.00", 640)
    # The person is taken and never given back.
    assert "王小明" not in str(made) and "110101199001010011" not in str(made)
    assert machine.send("applications/", ASKED, 200)["id"] == made["id"]
    assert machine.send("applications/", {**ASKED, "purpose": "x"}, 409)["code"] == "application_number_taken"
    assert machine.send("applications/", {**ASKED, "application_no": "AP-8"}, 409)["code"] == "open_application_there"
    assert [row["id"] for row in analyst.get("applications/")["results"]] == [made["id"]]

    one = f"applications/{made['id']}/"
    decided = {"outcome": "grant", "reason_code": "granted", "limit": "60000"}
    preview = analyst.send(f"{one}preview/", decided, 200)
    assert (preview["acts_alone"], preview["needs_approval_by"]) == (False, ["approver"])
    assert machine.send(f"{one}decide/", {**decided, "version": made["version"]}, 422)["code"] == "no_authority"
    assert analyst.send(f"{one}decide/", {**decided, "version": 9}, 409)["code"] == "stale_application"
    waits = analyst.send(f"{one}decide/", {**decided, "version": made["version"]}, 200)
    back = approver.send(f"{one}back/", {"version": waits["version"], "reason": "pay slips"}, 200)
    waits = analyst.send(f"{one}decide/", {**decided, "version": back["version"]}, 200)
    granted = approver.send(f"{one}approve/", {"version": waits["version"]}, 200)
    assert (granted["status"], granted["account_no"], granted["granted_limit"]) == ("granted", "AP-7", "60000.00")
    assert granted["notices"][0]["kind"] == "decided" and granted["replay_is_same"]
    assert CreditAccount.objects.get().granted_by == "new-customer v1"


def test_a_grant_under_the_limit_that_is_there_is_refused_with_what_to_do(product: Product) -> None:
    account = make_account(product=product, credit_limit_minor=2_000_000)
    close_at(account)
    analyst = Caller(Role.ANALYST)
    asked = {**ASKED, "person": {}, "customer_no": account.customer.customer_no, "requested_limit": "50000"}
    made = analyst.send("applications/", asked, 201)
    decided = {"outcome": "grant", "reason_code": "granted_less", "limit": "19999"}
    for path in ("preview/", "decide/"):
        refused = analyst.send(f"applications/{made['id']}/{path}", {**decided, "version": made["version"]}, 422)
        assert (refused["code"], refused["about"]) == ("limit_under_present", "limit")
    account.refresh_from_db()
    assert account.credit_limit_minor == 2_000_000


def test_withdrawn_asked_again_and_out_of_sight(product: Product) -> None:
    analyst = Caller(Role.ANALYST)
    made = analyst.send("applications/", ASKED, 201)
    one = f"applications/{made['id']}/"
    again = analyst.send(f"{one}again/", {"version": made["version"]}, 200)
    make_member(make_team(products=["other"]), (stranger := Caller(Role.ANALYST)).person.user)
    stranger.get(one, 404)
    assert stranger.get("applications/?list=all")["results"] == []
    assert stranger.send("applications/", {**ASKED, "application_no": "AP-9"}, 422)["code"] == "product_unknown"
    gone = analyst.send(f"{one}withdraw/", {"version": again["version"], "reason": "called in"}, 200)
    assert (gone["status"], gone["ended_on"]) == ("withdrawn", OPEN.isoformat())
    assert analyst.send(f"{one}withdraw/", {"version": gone["version"], "reason": "x"}, 409)["code"] == "application_moved_on"


@pytest.mark.parametrize(
    ("wrong", "status", "about"),
    [
        ({"requested_limit": "1e3"}, 400, None),
        ({"attributes": {"campaign": "x"}}, 400, None),
        ({"consents": []}, 422, "bureau_source"),
        ({"requested_limit": "0"}, 422, "amount"),
        ({"agreement": "none"}, 422, "agreement"),
    ],
)
def test_what_cannot_be_is_refused(product: Product, wrong: dict[str, Any], status: int, about: str | None) -> None:
    answer = Caller(Role.ANALYST).send("applications/", {**ASKED, **wrong}, status)
    assert about is None or answer["about"] == about
    assert not Application.objects.exists()


def test_a_rule_is_drafted_tried_and_approved_by_api(product: Product) -> None:
    lead, approver = Caller(Role.TEAM_LEAD), Caller(Role.APPROVER)
    drafted = {
        "code": "students", "order": 5, "name_en": "Students", "name_zh": "学生", "rule": 'employment = "student"',
        "outcome": "grant", "share_bp": 5_000,
    }  # fmt: skip
    assert lead.send("proposal-rules/", {**drafted, "rule": "age > 3"}, 422)["about"] == "rule"
    made = lead.send("proposal-rules/", drafted, 201)
    one = f"proposal-rules/{made['id']}/"
    changed = {**{name: value for name, value in drafted.items() if name != "code"}, "share_bp": 4_000, "revision": 1}
    assert lead.send(one, changed, 200, method="put")["share_bp"] == 4_000
    tried = lead.send(f"{one}try/", {"revision": 2}, 200)
    assert (tried["dry_run"]["of"], tried["dry_run"]["warning"]) == (0, "none")
    lead.send(f"{one}approve/", {"revision": 3, "live_from": OPEN.isoformat()}, 403)
    approve = {"revision": 3, "live_from": OPEN.isoformat()}
    assert approver.send(f"{one}approve/", approve, 422)["code"] == "rule_fits_all_or_none"
    live = approver.send(f"{one}approve/", {**approve, "is_warning_accepted": True}, 200)
    assert (live["status"], live["live_from"]) == ("live", OPEN.isoformat())
    assert lead.send(f"{one}discard/", {"revision": live["revision"]}, 409)["code"] == "rule_moved_on"
    made = lead.send("applications/", {**ASKED, "employment": "student"}, 201)
    assert (made["proposed_limit"], made["proposal"]["rule"]) == ("24000.00", "students")
    ended = approver.send(f"{one}end/", {"revision": live["revision"], "until": OPEN.isoformat(), "reason": "no more"}, 200)
    assert ended["live_until"] == OPEN.isoformat()
    assert len(lead.get("proposal-rules/")) == 7
    assert lead.get(one)["code"] == "students"
    lead.get("proposal-rules/999/", 404)

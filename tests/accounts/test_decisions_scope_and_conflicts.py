"""Decisions as scope and conflicts keep them: lists, counts, accounts named in a body, and rules over the whole book."""

from __future__ import annotations

from typing import Any

import pytest
from deciding_books import CLOSED, OPEN, Person, accept, approves_rule, drafts_rule, make_late_account, tries_rule
from django.test import Client
from factories import make_conflict

from accounts.models import Acceptance, CreditAccount, Decision, DecisionRuleVersion, DecisionUndo, Restriction
from accounts.operations.deciding.nightly import work_decisions
from riskops.shared.models import AuditEntry, PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
LISTS = ("to_approve", "in_force", "all")


@pytest.fixture
def seen() -> CreditAccount:
    return make_late_account(account_no="A-SEEN")


@pytest.fixture
def hidden() -> CreditAccount:
    return make_late_account(account_no="A-HIDDEN")


@pytest.fixture(autouse=True)
def decided(seen: CreditAccount, hidden: CreditAccount) -> None:
    """On both accounts: a suspension in force and a lower limit that waits for approval."""
    lead, analyst = Person(Role.TEAM_LEAD), Person(Role.ANALYST)
    for account in (seen, hidden):
        lead.asks(account, "suspend_use", scope="all")
        analyst.asks(account, "lower_limit", new_limit_minor=500_000)


def browser_of(person: Person) -> Client:
    client = Client()
    client.force_login(person.user)
    return client


@pytest.fixture
def limited(seen: CreditAccount) -> Client:
    """Somebody with every role who decides, in whose sight is the product of A-SEEN alone."""
    person = Person(Role.TEAM_LEAD)
    PortfolioScope.objects.create(user=person.user, product_code=seen.product.product_code)
    return browser_of(person)


@pytest.fixture
def conflicted(hidden: CreditAccount) -> Client:
    """Somebody whose relative owns A-HIDDEN."""
    person = Person(Role.TEAM_LEAD)
    make_conflict(person.user, hidden.customer)
    return browser_of(person)


@pytest.fixture(params=["limited", "conflicted"])
def kept_out(request: pytest.FixtureRequest) -> tuple[Client, int]:
    """Somebody kept out of A-HIDDEN, and how each thing that names it is answered."""
    return request.getfixturevalue(request.param), 404 if request.param == "limited" else 403


@pytest.mark.parametrize("name", LISTS)
def test_lists_and_counts_are_of_what_a_person_may_open(kept_out: Any, name: str) -> None:
    client, _status = kept_out
    text = client.get(f"/decisions/?list={name}").content.decode()
    assert "A-SEEN" in text and "A-HIDDEN" not in text
    assert client.get("/decisions/").context["page"].counts == {"to_approve": 1, "to_review": 0, "appeals": 0}
    rows = client.get(f"/api/v1/decisions/?list={name}").json()["results"]
    assert {row["account_no"] for row in rows} == {"A-SEEN"}


@pytest.mark.parametrize("model", ["decision", "restriction"])
def test_the_admin_lists_what_a_person_may_open(kept_out: Any, hidden: CreditAccount, model: str) -> None:
    client, _status = kept_out
    text = client.get(f"/admin/accounts/{model}/").content.decode()
    of_hidden = Decision.objects.filter(account=hidden).values_list("reference", flat=True)
    assert not any(reference in text for reference in of_hidden) and "A-HIDDEN" not in text
    row = Decision.objects.get(account=hidden, action="suspend_use").pk
    answer = client.get(f"/admin/accounts/{model}/{row}/change/")
    assert answer.status_code in (302, 403) and "A-HIDDEN" not in answer.content.decode()


def test_what_names_the_account_in_its_body_is_refused_and_changes_nothing(kept_out: Any, hidden: CreditAccount) -> None:
    client, status = kept_out
    accept(hidden)
    Acceptance.objects.all().delete()
    lines, decisions = AuditEntry.objects.count(), Decision.objects.count()
    decision = {"account_no": "A-HIDDEN", "action": "raise_limit", "reason_code": "good_record", "new_limit": "11000.00"}
    asked = {
        "decisions/": {**decision, "reference": "R1"},
        "decisions/preview/": {**decision, "reference": "R1"},
        "acceptances/": {"account_no": "A-HIDDEN", "code": "v1", "accepted_on": "2025-01-01"},
        "accounts/A-HIDDEN/automation/": {"refuses": True, "reason": "by letter"},
    }
    for address, body in asked.items():
        answer = client.post(f"/api/v1/{address}", body, content_type="application/json")
        assert answer.status_code == status, (address, answer.content)
        assert "10,000.00" not in answer.content.decode() and "400.00" not in answer.content.decode()
    assert (AuditEntry.objects.count(), Decision.objects.count(), Acceptance.objects.count()) == (lines, decisions, 0)


def test_restrictions_are_served_of_what_is_in_sight_and_refused_in_conflict(
    limited: Client, conflicted: Client, seen: CreditAccount
) -> None:
    asked = {"account_nos": ["A-SEEN", "A-HIDDEN", "A-NOBODY"]}
    batch = limited.post("/api/v1/restrictions/", asked, content_type="application/json").json()
    assert [row["account_no"] for row in batch["results"]] == ["A-SEEN"]
    assert batch["unknown"] == ["A-HIDDEN", "A-NOBODY"]
    assert limited.get("/api/v1/accounts/A-HIDDEN/restrictions/").status_code == 404

    refused = conflicted.post("/api/v1/restrictions/", asked, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "conflict_declared")
    assert conflicted.get("/api/v1/accounts/A-HIDDEN/restrictions/").json()["code"] == "conflict_declared"
    for client in (limited, conflicted):
        feed = client.get("/api/v1/restrictions/changes/").json()
        assert {row["account_no"] for row in feed["results"]} == {"A-SEEN"}


# Rules decide over the whole book ----------------------------------------------------------------------------------


def _tried() -> DecisionRuleVersion:
    lead = Person(Role.APPROVER)
    return tries_rule(lead, drafts_rule(lead, scope="channel", scope_value="app"))


def _decided() -> DecisionRuleVersion:
    version = _tried()
    approves_rule(Person(Role.MANAGER), version, is_warning_accepted=True)
    work_decisions(closed_day=CLOSED, first_account_id=0, last_account_id=2**60)
    assert Restriction.objects.count() == 4
    return version


def test_a_dry_run_shows_the_products_in_sight(limited: Client) -> None:
    version = _tried()
    text = limited.get("/decision-rules/").content.decode()
    assert "1 of 1 accounts" in text and "2 of 2" not in text
    row = limited.get("/api/v1/decision-rules/").json()[0]
    assert (row["dry_run"]["holds"], row["dry_run"]["of"]) == (1, 1)
    body = {"revision": version.revision}
    again = limited.post(f"/api/v1/decision-rules/{version.pk}/try/", body, content_type="application/json").json()["dry_run"]
    assert (again["holds"], len(again["parts"])) == (1, 1)
    one = f"/decision-rules/{version.pk}/"
    assert "1 of 1 accounts" in limited.get(one).content.decode() and "2 of 2" not in limited.get(one).content.decode()
    # The history of a rule names the figures of every dry run: it is for who sees the whole book.
    assert "decision_rule.try" not in limited.get(one).content.decode()
    assert "decision_rule.try" in browser_of(Person(Role.TEAM_LEAD)).get(one).content.decode()
    assert "2 of 2 accounts" in browser_of(Person(Role.TEAM_LEAD)).get("/decision-rules/").content.decode()


def test_who_sees_a_part_of_the_book_takes_no_rule_live_and_undoes_none(seen: CreditAccount) -> None:
    person = Person(Role.MANAGER)
    PortfolioScope.objects.create(user=person.user, product_code=seen.product.product_code)
    client, version = browser_of(person), _tried()
    address = f"decision-rules/{version.pk}/approve/"
    body = {"live_from": OPEN.isoformat(), "revision": version.revision}
    assert client.post(f"/{address}", body).status_code == 403
    answer = client.post(f"/api/v1/{address}", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_limited")
    version.refresh_from_db()
    assert (version.status, version.live_from) == ("draft", None)
    assert client.post(f"/decision-rules/{version.pk}/undo/", {"reason": "wrong"}).status_code == 403
    asked = client.post(f"/api/v1/decision-rules/{version.pk}/undoings/", {"reason": "wrong"}, content_type="application/json")
    assert asked.json()["code"] == client.get(f"/api/v1/decision-rules/{version.pk}/undoings/").json()["code"] == "scope_limited"
    assert not DecisionUndo.objects.exists()


def test_nobody_undoes_what_a_rule_decided_about_a_relative(hidden: CreditAccount) -> None:
    version, person = _decided(), Person(Role.MANAGER)
    make_conflict(person.user, hidden.customer)
    client = browser_of(person)
    assert client.post(f"/decision-rules/{version.pk}/undo/", {"reason": "wrong"}).status_code == 403
    assert not DecisionUndo.objects.exists()
    browser_of(Person(Role.TEAM_LEAD)).post(f"/decision-rules/{version.pk}/undo/", {"reason": "wrong"})
    undo = DecisionUndo.objects.get()
    assert client.post(f"/decision-undoings/{undo.pk}/judge/", {"approve": "1"}).status_code == 403
    undo.refresh_from_db()
    assert (undo.status, Restriction.objects.count()) == ("asked", 4)

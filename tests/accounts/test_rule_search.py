"""Rules where people meet them: the search of the accounts list, the editor's completion and check, and the API."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client
from factories import make_account, make_user, set_business_date

from accounts.facts import ACCOUNT_FACTS
from accounts.models import AccountState, Product
from accounts.operations.signals import note_signals
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
DAY = date(2025, 6, 16)


@pytest.fixture
def client() -> Client:
    set_business_date(DAY)
    for number, days in enumerate((0, 8, 40), start=1):
        account = make_account(account_no=f"A{number}")
        AccountState.objects.create(
            account=account,
            product=account.product,
            opened_on=account.opened_on,
            credit_limit_minor=account.credit_limit_minor,
            oldest_unpaid_due_date=date(2025, 6, 16 - days) if 0 < days < 16 else (date(2025, 5, 7) if days else None),
            days_past_due=days,
            outstanding_principal_minor=600_000 * (days != 8),
        )
    client = Client()
    client.force_login(make_user(Role.ANALYST))
    return client


def listed(client: Client, **query: Any) -> list[str]:
    answer = client.get("/accounts/", query)
    assert answer.status_code == 200
    return [row.account_no for row in answer.context["page"].rows]


def test_a_rule_finds_accounts_and_says_itself_whom_it_means(client: Client) -> None:
    assert listed(client, rule="utilization > 50") == ["A1", "A3"]
    assert listed(client, rule="dpd > 7\r\nand exposure > 5000") == ["A3"]
    # With the other filters it narrows.
    assert listed(client, rule="utilization > 50", scope="past_due") == ["A3"]
    assert listed(client, rule="utilization > 50", days_to="0") == ["A1"]
    note_signals(AccountState.objects.get(account__account_no="A1").pk, is_disputed=True)
    assert listed(client, rule="disputed = True") == ["A1"]


def test_the_rule_stays_in_the_box(client: Client) -> None:
    page = client.get("/accounts/", {"rule": 'product = "<b>"'}).content.decode()
    assert "product = &quot;&lt;b&gt;&quot;</textarea>" in page


def test_a_bad_rule_is_refused_in_place_and_lists_nobody(client: Client) -> None:
    answer = client.get("/accounts/", {"rule": "dbd > 7"})
    page = answer.content.decode()
    assert answer.context["page"].rows == ()
    assert "Line 1, column 1: There is no fact “dbd”. Did you mean dpd?" in page
    assert "<mark>dbd &gt; 7</mark>" in page
    assert 'aria-invalid="true"' in page
    # A part of the page brings the refusal along, to be put under the box; and takes it away again.
    part = client.get("/accounts/", {"rule": "dbd > 7"}, headers={"HX-Request": "true"}).content.decode()
    assert 'id="rule_verdict" class="rule-verdict" aria-live="polite" hx-swap-oob="true"><div class="refusal"' in part
    part = client.get("/accounts/", {"rule": "dpd > 7"}, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-swap-oob="true"></div>' in part


def test_a_rule_that_takes_too_long_is_stopped(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from accounts.queries import accounts_list_choosing
    from accounts.queries.rule_cost import RuleTooSlow

    def slow(*_arguments: Any) -> None:
        raise RuleTooSlow(5.0)

    monkeypatch.setattr(accounts_list_choosing, "holding", slow)
    assert "more than 5 seconds" in client.get("/accounts/", {"rule": "dpd > 7"}).content.decode()


def test_before_the_first_close_a_rule_finds_nobody(client: Client) -> None:
    set_business_date(None)
    assert listed(client, rule="dpd >= 0") == []


def test_the_completion_knows_every_fact_and_offers_no_mark_up(client: Client) -> None:
    Product.objects.filter(accounts__account_no="A1").update(product_code="<img>")
    left = list(Product.objects.exclude(product_code="<img>").order_by("product_code").values_list("product_code", flat=True))
    answer = client.get("/rules/completion.json").json()
    facts = answer["models"][answer["current_model"]]
    assert list(facts) == list(ACCOUNT_FACTS.names)
    assert facts["dpd"] == {"type": "int", "nullable": False, "options": None}
    assert facts["category"]["options"][0] == "normal"
    assert facts["product"]["options"] == left


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("dpd > 7", "Holds on 2 accounts of 3 today."),
        ("dpd = 8", "Holds on 1 account of 3 today."),
        ("dpd >= 0", "That is every one of them."),
        ("dpd > ", "Line 1, column 6: The rule stops too early."),
    ],
)
def test_the_editor_says_at_once_what_a_rule_does(client: Client, rule: str, said: str) -> None:
    page = client.post("/rules/check/", {"field": "text", "text": rule}).content.decode()
    assert said in page
    assert client.post("/rules/check/", {"field": "text", "text": " "}).content.decode().strip() == ""


def test_the_api_lists_facts_searches_and_checks(client: Client) -> None:
    facts = {fact["name"]: fact for fact in client.get("/api/v1/facts/").json()}
    assert facts["score"] == {
        "name": "score", "kind": "number", "label": "score", "unit": "points",
        "about": "behaviour score, higher is better; absent until it is computed", "may_be_absent": True, "choices": [],
    }  # fmt: skip
    found = client.get("/api/v1/accounts/", {"rule": "dpd > 7"}).json()
    assert [row["account_no"] for row in found["results"]] == ["A2", "A3"]
    refused = client.get("/api/v1/accounts/", {"rule": "dpd >"})
    assert (refused.status_code, refused.json()["rule"][0][:26]) == (400, "Line 1, column 6: The rule")
    checked = client.post("/api/v1/rules/check/", {"rule": "dpd > 7"}, content_type="application/json").json()
    assert (checked["facts"], checked["accounts"], checked["of_accounts"]) == (["dpd"], 2, 3)
    assert client.post("/api/v1/rules/check/", {"rule": "x"}, content_type="application/json").status_code == 400


@pytest.mark.parametrize("path", ["/rules/completion.json", "/api/v1/facts/", "/accounts/?rule=dpd>7"])
def test_who_may_not_see_accounts_may_not_ask_about_them(path: str) -> None:
    client = Client()
    client.force_login(make_user(Role.AGENCY))
    assert client.get(path).status_code == 403

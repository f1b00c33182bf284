"""Scope and conflicts as pages and API keep them: out of sight is as if not there, in conflict is refused with the reason."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from factories import (
    make_account,
    make_conflict,
    make_customer,
    make_installment,
    make_member,
    make_payment,
    make_product,
    make_team,
    make_user,
    set_business_date,
)

from accounts.models import AccountState, BookReading, CreditAccount, ImportIssue, Payment, PortfolioImport, Waiver, WriteOff
from accounts.queries.finding import hidden_search
from riskops.shared.audit import COMMAND, record
from riskops.shared.models import AuditEntry, Conflict, PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
DAY = date(2025, 3, 31)


def client_of(*roles: Role, products: list[str] | None = None) -> Client:
    """Return a client logged in as a new person who may see some products (all, unless told)."""
    client, person = Client(), make_user(*roles)
    for code in products or ():
        PortfolioScope.objects.create(user=person, product_code=code)
    client.force_login(person)
    client.person = person  # type: ignore[attr-defined]
    return client


@pytest.fixture
def accounts() -> tuple[CreditAccount, CreditAccount]:
    """Return an account of each of two products, both late, owned by people of one name."""
    made = []
    for code in ("SEEN", "HIDDEN"):
        product = make_product(product_code=code)
        customer = make_customer(customer_no=f"C-{code}", person={"name": "Wang Fang", "phone": "13800138000"})
        account = make_account(account_no=f"A-{code}", product=product, customer=customer)
        make_installment(account, due_date=DAY - timedelta(days=40))
        make_payment(account, paid_on=DAY, amount=100, payment_no=f"T-{code}", is_posted=True)
        AccountState.objects.create(
            account=account, product=product, opened_on=account.opened_on, oldest_unpaid_due_date=DAY - timedelta(days=40),
            days_past_due=40, bucket=2, category=1, stage=2, has_booked=True,
            outstanding_principal_minor=10_000, overdue_principal_minor=10_000,
        )  # fmt: skip
        made.append(account)
    set_business_date(DAY)
    return made[0], made[1]


def test_the_list_its_count_and_its_products_are_those_in_scope(accounts: Any) -> None:
    client = client_of(Role.ANALYST, products=["SEEN"])
    by_name = f"/accounts/?scope=all&find={hidden_search('Wang Fang')}"
    for address in ("/accounts/", "/accounts/?scope=all", "/accounts/?scope=all&q=A-", by_name):
        text = client.get(address).content.decode()
        assert "A-SEEN" in text and "A-HIDDEN" not in text and ">1 account<" in text.replace("</p>", "<"), address
        assert "C-HIDDEN" not in text
    assert "A-HIDDEN" not in client.get("/accounts/?scope=all&product=HIDDEN").content.decode()


def test_the_api_lists_and_finds_what_is_in_scope(accounts: Any) -> None:
    client = client_of(Role.ANALYST, products=["SEEN"])
    listed = client.get("/api/v1/accounts/?scope=all").json()["results"]
    found = client.post("/api/v1/accounts/", {"q": "13800138000"}, content_type="application/json").json()["results"]
    assert [row["account_no"] for row in listed] == [row["account_no"] for row in found] == ["A-SEEN"]


def test_a_rule_is_asked_of_what_is_in_scope(accounts: Any) -> None:
    client = client_of(Role.ANALYST, products=["SEEN"])
    listed = client.get("/api/v1/accounts/?rule=dpd+>+7").json()["results"]
    assert [row["account_no"] for row in listed] == ["A-SEEN"]
    page = client.get("/accounts/?rule=dpd+>+7").content.decode()
    assert "A-SEEN" in page and "HIDDEN" not in page
    cost = client.post("/api/v1/rules/check/", {"rule": "dpd > 7"}, content_type="application/json").json()
    assert (cost["accounts"], cost["of_accounts"]) == (1, 1)
    assert client.post("/rules/check/", {"rule": "dpd > 7"}).context["cost"].of_rows == 1
    for address in ("/api/v1/facts/", "/rules/completion.json"):
        offered = client.get(address).content.decode()
        assert "SEEN" in offered and "HIDDEN" not in offered, address


def test_the_admins_records_are_those_in_scope(accounts: Any) -> None:
    client = client_of(Role.ANALYST, products=["SEEN"])
    for address in ("/admin/accounts/creditaccount/", "/admin/accounts/customer/", "/admin/accounts/customer/?q=A-"):
        text = client.get(address).content.decode()
        assert "SEEN" in text and "HIDDEN" not in text, address
    assert client.get(f"/admin/accounts/creditaccount/{accounts[1].pk}/change/").status_code == 302  # as for one unknown


def test_a_payment_out_of_sight_can_neither_be_looked_up_nor_reversed(accounts: Any) -> None:
    client = client_of(Role.TEAM_LEAD, products=["SEEN"])
    asked = {"payment_no": "T-HIDDEN", "value_date": "2025-03-31", "reference": "R1", "reason": "mistake"}
    assert client.get("/api/v1/payments/T-HIDDEN/").status_code == 404
    for address in ("/api/v1/reversals/", "/api/v1/reversals/preview/"):
        refused = client.post(address, asked, content_type="application/json")
        unknown = client.post(address, asked | {"payment_no": "T-NOBODY"}, content_type="application/json")
        assert refused.status_code == 404
        assert refused.json() == json.loads(unknown.content.decode().replace("T-NOBODY", "T-HIDDEN"))
    assert Payment.objects.count() == 2


def test_in_a_limited_scope_an_import_shows_where_it_is_wrong_and_none_of_its_values() -> None:
    row = PortfolioImport.objects.create(source_name="x.zip", status=PortfolioImport.Status.REFUSED, quarantine_path="/tmp/x")
    ImportIssue.objects.create(
        portfolio_import=row, is_error=True, file="accounts.csv", line=7, column="product_code", value="A-HIDDEN",
        code="gone_code", message="A-HIDDEN is wrong", remedy="write A-HIDDEN", params={},
    )  # fmt: skip
    client = client_of(Role.TEAM_LEAD, products=["SEEN"])
    page, answer = client.get(f"/imports/{row.pk}/"), client.get(f"/api/v1/imports/{row.pk}/issues/")
    assert "accounts.csv" in page.content.decode() and "A-HIDDEN" not in page.content.decode()
    assert answer.json()["results"][0]["line"] == 7 and "A-HIDDEN" not in answer.content.decode()
    refused = client.get(f"/api/v1/imports/{row.pk}/set-aside/")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_limited")
    assert client.get(f"/imports/{row.pk}/set-aside.zip").status_code == 403
    assert "A-HIDDEN" in client_of(Role.TEAM_LEAD).get(f"/imports/{row.pk}/").content.decode()


# Conflicts ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def conflicted(accounts: Any) -> Client:
    """Return a client who may do everything with the book, but the customer of A-SEEN is a relative; `mei` leads the team."""
    client = client_of(Role.TEAM_LEAD, Role.APPROVER, Role.ANALYST)
    make_member(make_team(lead=make_user(Role.TEAM_LEAD, username="mei")), client.person)  # type: ignore[attr-defined]
    make_conflict(client.person, accounts[0].customer, kind=Conflict.Kind.RELATIVE)  # type: ignore[attr-defined]
    return client


@pytest.mark.parametrize("part", ["", "pay/", "write-off/", "reverse/T-SEEN/", "?tab=audit"])
def test_pages_of_the_account_say_why_not_and_show_nothing_of_it(conflicted: Client, part: str) -> None:
    answer = conflicted.get(f"/accounts/A-SEEN/{part}")
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "A relative of yours" in text and "mei can take over" in text
    assert "Wang" not in text and "W••" not in text and "C-SEEN" not in text and "100.00" not in text
    assert conflicted.get(f"/accounts/A-HIDDEN/{part.replace('SEEN', 'HIDDEN')}").status_code == 200


def test_the_account_stays_in_lists(conflicted: Client) -> None:
    assert "A-SEEN" in conflicted.get("/accounts/").content.decode()


def test_the_api_refuses_every_act_and_changes_nothing(conflicted: Client) -> None:
    common = {"account_no": "A-SEEN", "value_date": "2025-03-31", "reference": "R1", "reason": "because"}
    asked = {
        "/api/v1/payments/": {**common, "amount": "1.00"},
        "/api/v1/payments/preview/": {**common, "amount": "1.00"},
        "/api/v1/reversals/": {**common, "payment_no": "T-SEEN"},
        "/api/v1/reversals/preview/": {**common, "payment_no": "T-SEEN"},
        "/api/v1/waivers/": {**common, "amount": "1.00", "component": "principal", "order_no": "O1", "sequence": 1},
        "/api/v1/waivers/preview/": {**common, "amount": "1.00", "component": "principal", "order_no": "O1", "sequence": 1},
        "/api/v1/write-offs/": common,
        "/api/v1/accounts/A-SEEN/reveal/": {"reason": "because I want to"},
    }
    for address, body in asked.items():
        answer = conflicted.post(address, body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (403, "conflict_declared"), address
        assert "mei can take over" in answer.json()["detail"]
    for address in ("/api/v1/accounts/A-SEEN/", "/api/v1/accounts/A-SEEN/aging/", "/api/v1/payments/T-SEEN/"):
        assert conflicted.get(address).json()["code"] == "conflict_declared", address
    assert (Payment.objects.count(), Waiver.objects.count(), WriteOff.objects.count()) == (2, 0, 0)
    assert AuditEntry.objects.count() == 0


def test_the_admin_refuses_the_records_of_a_customer_in_conflict(conflicted: Client, accounts: Any) -> None:
    for address in (f"creditaccount/{accounts[0].pk}", f"customer/{accounts[0].customer_id}"):
        answer = conflicted.get(f"/admin/accounts/{address}/change/")
        assert answer.status_code == 403 and "A relative of yours" in answer.content.decode()


def test_a_reveal_by_htmx_is_answered_with_the_notice_alone(conflicted: Client) -> None:
    answer = conflicted.post("/accounts/A-SEEN/reveal/", {"reason": "because I want to"}, headers={"HX-Request": "true"})
    assert answer.status_code == 403 and "A relative of yours" in answer.content.decode()
    assert "<html" not in answer.content.decode() and AuditEntry.objects.count() == 0


# The audit trail ---------------------------------------------------------------------------------------------------


@pytest.fixture
def lines(accounts: Any) -> None:
    """Put a line about each account into the trail, and one about neither."""
    for account in accounts:
        record(
            actor=COMMAND, action="payment.post", subject_type="payment", subject_key=account.account_no, account_id=account.pk
        )
    record(actor=COMMAND, action="close.run", subject_type="close", subject_key="2025-03-31")


def subjects_of(client: Client) -> list[str]:
    """Return the subjects of the lines of the trail over the API, after seeing that the page shows the same."""
    page = client.get("/audit/").content.decode()
    subjects = [line["subject_key"] for line in client.get("/api/v1/audit/").json()["results"]]
    assert all((number in page) == (number in subjects) for number in ("A-SEEN", "A-HIDDEN", "2025-03-31"))
    return subjects


def test_lines_about_accounts_out_of_sight_are_not_in_the_trail(lines: None) -> None:
    assert subjects_of(client_of(Role.TEAM_LEAD, products=["SEEN"])) == ["2025-03-31", "A-SEEN"]
    assert subjects_of(client_of(Role.TEAM_LEAD)) == ["2025-03-31", "A-HIDDEN", "A-SEEN"]
    assert subjects_of(client_of(Role.COMPLIANCE, products=["SEEN"])) == ["2025-03-31", "A-HIDDEN", "A-SEEN"]


def test_lines_about_accounts_of_a_customer_in_conflict_are_not_in_the_trail(lines: None, conflicted: Client) -> None:
    assert subjects_of(conflicted) == ["2025-03-31", "A-HIDDEN"]


def test_in_a_limited_scope_files_and_checks_of_the_whole_book_are_not_handed_out() -> None:
    aging = BookReading.objects.create(kind=BookReading.Kind.AGING, reference="E1", started_by=make_user())
    check = BookReading.objects.create(kind=BookReading.Kind.CHECK, reference="C1", started_by=make_user())
    client = client_of(Role.MANAGER, products=["SEEN"])
    json_type = {"content_type": "application/json"}
    for answer in (
        client.post("/exports/aging/", {"reference": "W1", "truth": "known", "known_on": "2025-03-31"}),
        client.post("/exports/check/", {"reference": "W2"}),
        client.get(f"/exports/{aging.pk}/aging.csv"),
        client.get(f"/exports/{check.pk}/"),
        client.post("/api/v1/exports/", {"reference": "W3", "truth": "known", "as_of": "2025-03-31"}, **json_type),
        client.get(f"/api/v1/exports/{aging.pk}/file/"),
        client.post("/api/v1/checks/", {"reference": "W4"}, **json_type),
        client.get(f"/api/v1/checks/{check.pk}/differences/"),
    ):
        assert answer.status_code == 403, answer.request["PATH_INFO"]
        assert "SEEN" in answer.content.decode()
    assert BookReading.objects.count() == 2

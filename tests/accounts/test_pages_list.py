"""The accounts list: what is on it, in which order, and that it asks the same few questions whatever the book."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from factories import make_account, make_customer, make_installment, make_product, make_user, make_write_off, set_business_date

from accounts.models import AccountState, CreditAccount, CustomerNameToken, Product
from accounts.operations.rebuilding import rebuild_accounts
from accounts.queries import accounts_list as queries
from accounts.queries.accounts_list import accounts_page
from accounts.queries.accounts_list_filters import ListFilters, read_filters
from accounts.queries.finding import find_accounts, hidden_search, shown_search
from riskops.shared.personal import name_token_indexes
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK

pytestmark = pytest.mark.django_db
DAY = date(2025, 9, 30)


def owes(number: int, *, late: int = 0, principal: int = 10_000, **fields: Any) -> CreditAccount:
    """Return account A000<number>, `late` days past due (0: due tomorrow) with its state brought to DAY."""
    fields.setdefault("opened_on", date(2024, 1, 1))
    account = make_account(account_no=f"A{number:04d}", **fields)
    due = DAY - timedelta(days=late) if late else DAY + timedelta(days=1)
    make_installment(account, due_date=due, principal=principal, booked_on=account.opened_on)
    rebuild_accounts([account.pk], as_of=DAY, ahead_on=None)
    return account


@pytest.fixture
def client() -> Client:
    set_business_date(DAY)
    client = Client()
    client.force_login(make_user(Role.ANALYST))
    return client


def numbers(**asked: Any) -> list[str]:
    """Return the account numbers of a page, in order."""
    return [row.account_no for row in accounts_page(ListFilters(**asked), scope=WHOLE_BOOK).rows]


def test_the_latest_come_first_and_those_that_owe_nothing_yet_are_left_out() -> None:
    set_business_date(DAY)
    owes(1, late=5)
    owes(2, late=200)
    owes(3)
    owes(4, late=31)
    assert numbers() == ["A0002", "A0004", "A0001"]
    assert numbers(sort="earliest") == ["A0001", "A0004", "A0002"]
    assert numbers(scope="all") == ["A0001", "A0002", "A0003", "A0004"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"buckets": frozenset({1})}, ["A0030", "A0001"]),
        ({"buckets": frozenset({2})}, ["A0031"]),
        ({"buckets": frozenset({1, 7})}, ["A0400", "A0030", "A0001"]),
        ({"buckets": frozenset({0})}, ["A0900"]),
        ({"buckets": frozenset({0, 1})}, ["A0001", "A0030", "A0900"]),
        ({"delinquency_class": "short"}, ["A0030", "A0001"]),
        ({"delinquency_class": "medium"}, ["A0090", "A0031"]),
        ({"delinquency_class": "long"}, ["A0400", "A0091"]),
        ({"delinquency_class": "current"}, ["A0900"]),
        ({"days_from": 31, "days_to": 90}, ["A0090", "A0031"]),
        ({"days_from": 91}, ["A0400", "A0091"]),
        ({"days_to": 30}, ["A0030", "A0001"]),
        ({"days_from": 31, "delinquency_class": "short"}, []),
        ({"sort": "account", "days_from": 31}, ["A0031", "A0090", "A0091", "A0400"]),
        ({"overdue_from": "90"}, ["A0400", "A0091", "A0090"]),
        ({"overdue_from": "90", "overdue_to": "90.01"}, ["A0090"]),
        ({"sort": "overdue", "overdue_from": "31"}, ["A0400", "A0091", "A0090", "A0031"]),
        ({"sort": "overdue", "scope": "all", "buckets": frozenset({1, 2})}, ["A0031", "A0030", "A0001"]),
    ],
)
def test_each_filter_at_its_edges(asked: dict[str, Any], expected: list[str]) -> None:
    set_business_date(DAY)
    for days in (1, 30, 31, 90, 91, 400):
        owes(days, late=days, principal=days * 100)
    owes(900)
    assert numbers(**asked) == expected


def test_both_bucket_maps_are_told_apart_at_day_30() -> None:
    set_business_date(DAY)
    calendar = make_product(bucket_map="calendar-29")
    owes(1, late=30)
    owes(2, late=30, product=calendar)
    assert numbers(buckets=frozenset({1})) == ["A0001"]
    assert numbers(buckets=frozenset({2})) == ["A0002"]


def test_an_account_that_stands_a_day_ahead_is_in_the_bucket_of_that_day() -> None:
    set_business_date(DAY)
    account = owes(1, late=30)
    rebuild_accounts([account.pk], as_of=DAY + timedelta(days=1), ahead_on=DAY + timedelta(days=1))
    assert numbers(buckets=frozenset({2})) == ["A0001"]
    assert numbers(buckets=frozenset({1})) == []
    assert numbers(days_from=31, days_to=31) == ["A0001"]


def test_amounts_are_read_in_each_product_s_own_digits() -> None:
    set_business_date(DAY)
    yen = make_product(currency="JPY", minor_digits=0)
    owes(1, late=5, principal=10_000)
    owes(2, late=5, principal=10_000, product=yen)
    assert numbers(overdue_from="10000") == ["A0002"]
    assert numbers(overdue_to="100") == ["A0001"]


def test_products_opening_days_and_write_offs_narrow_the_list() -> None:
    set_business_date(DAY)
    card = make_product(product_code="card")
    owes(1, late=5, product=card, opened_on=date(2025, 2, 1))
    owes(2, late=6, opened_on=date(2025, 3, 1))
    make_write_off(owes(3, late=7), value_date=DAY)
    assert numbers(product="card") == ["A0001"]
    assert numbers(product="none such") == []
    assert numbers(scope="all", opened_from=date(2025, 2, 1), opened_to=date(2025, 2, 28)) == ["A0001"]
    assert numbers(opened_from=date(2025, 2, 2)) == ["A0002"]
    assert numbers(scope="written_off") == ["A0003"]


@pytest.mark.parametrize("sort", ["latest", "earliest", "account", "overdue", "outstanding"])
@pytest.mark.parametrize("known", [3_000, 0])
def test_pages_follow_each_other_without_gap_or_repeat(sort: str, known: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Both ways: with the ids known from counting them (few accounts), and without (many).
    monkeypatch.setattr(queries, "MOST_COUNTED", known)
    set_business_date(DAY)
    for number in range(1, 12):
        owes(number, late=1 + number // 3 * 7, principal=1_000 + number // 2)
    seen: list[str] = []
    after = ""
    for _page in range(4):
        page = accounts_page(ListFilters(sort=sort, after=after), scope=WHOLE_BOOK, page_rows=3)
        seen += [row.account_no for row in page.rows]
        after = page.next_after
    assert after == ""
    assert seen == [row.account_no for row in accounts_page(ListFilters(sort=sort), scope=WHOLE_BOOK).rows]
    assert sorted(seen) == [f"A{number:04d}" for number in range(1, 12)]


@pytest.mark.parametrize(
    "after", ["latest~yesterday~1", "latest~2025-01-01~x", "overdue~~", "account~~", "~", "latest~2025-01-01"]
)
def test_a_mark_that_makes_no_sense_is_passed_over(after: str) -> None:
    set_business_date(DAY)
    owes(1, late=5)
    assert numbers(after=after) == ["A0001"]


def test_too_many_accounts_are_not_sorted_by_an_amount_and_the_page_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_COUNTED", 1)
    monkeypatch.setattr(queries, "MOST_SORTED", 2)
    for number in (1, 2, 3):
        owes(number, late=number, principal=number)
    text = client.get("/accounts/?sort=overdue").content.decode()
    assert "too many for the order “largest overdue”" in text
    assert re.findall(r"A000\d(?=</a>)", text) == ["A0003", "A0002", "A0001"]
    monkeypatch.setattr(queries, "MOST_SORTED", 3)
    assert "too many" not in client.get("/accounts/?sort=overdue").content.decode()


def test_the_count_stops_where_counting_would_cost(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2, 3):
        owes(number, late=number)
    assert "3 accounts" in client.get("/accounts/").content.decode()
    monkeypatch.setattr(queries, "MOST_COUNTED", 2)
    assert "2+ accounts" in client.get("/accounts/").content.decode()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL weighs it by what it has counted")
def test_the_many_accounts_that_are_not_late_are_read_in_the_order_of_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    # More than are counted, as in a large book: fewer are looked up by their ids and sorted.
    monkeypatch.setattr(queries, "MOST_COUNTED", 2)
    set_business_date(DAY)
    for number in range(5):
        owes(number)
    with CaptureQueriesContext(connection) as asked:
        assert numbers(scope="all", sort="account", buckets=frozenset({0})) == [f"A{number:04d}" for number in range(5)]
    (ordered,) = (query["sql"] for query in asked if 'account_no" ASC' in query["sql"] and "LIMIT" in query["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {ordered}")
        plan = " ".join(row[3] for row in cursor.fetchall())
    assert "TEMP B-TREE" not in plan


def test_an_account_without_a_state_is_in_the_whole_list_before_the_first_close(client: Client) -> None:
    set_business_date(None)
    make_account(account_no="A-new")
    text = client.get("/accounts/?scope=all").content.decode()
    assert "A-new" in text and "not closed yet" in text


def test_before_the_first_close_the_blank_state_of_an_import_is_not_shown_as_figures(client: Client) -> None:
    for number in (1, 2, 3):
        account = make_account(account_no=f"A-new-{number}", credit_limit_minor=500_000)
        AccountState.objects.create(account=account, product=account.product, opened_on=account.opened_on)
    assert "¥ 0.00" in client.get("/accounts/?scope=all").content.decode()  # at the close of DAY nothing was owed
    set_business_date(None)
    text = client.get("/accounts/?scope=all&sort=outstanding").content.decode()
    assert text.count("not closed yet") == 3 and "0.00" not in text.replace("5,000.00", "")
    assert "No day of this book is closed yet" in text and "Figures at the close of" not in text
    first = accounts_page(read_filters({"scope": "all", "sort": "outstanding"}), scope=WHOLE_BOOK, page_rows=2)
    second = accounts_page(
        read_filters({"scope": "all", "sort": "outstanding", "after": first.next_after}), scope=WHOLE_BOOK, page_rows=2
    )
    assert [row.account_no for row in (*first.rows, *second.rows)] == ["A-new-1", "A-new-2", "A-new-3"]
    assert [row.outstanding_principal_minor for row in first.rows] == [None, None]


PERSON = {"name": "王 小明 Li", "phone": "+86 139-0000-1234", "email": "Wang@Example.com", "national_id": "11010519900101123X"}


@pytest.mark.parametrize(
    "typed",
    [
        "A0001",
        "A00",
        "C-find",
        "王 小明 li",
        "王",
        "小明",
        "LI",
        "li 王",
        "+8613900001234",
        "86 139 0000 1234",
        "wang@example.com",
        "11010519900101123x",
        "1234",
        "123X",
        " A0001 ",
    ],
)
def test_what_a_person_types_finds_the_account(typed: str) -> None:
    customer = make_customer(customer_no="C-find", person=PERSON)
    CustomerNameToken.objects.bulk_create(
        [CustomerNameToken(customer=customer, token_index=index) for index in name_token_indexes(PERSON["name"])]
    )
    account = make_account(account_no="A0001", customer=customer)
    make_account(account_no="B0002")
    assert find_accounts(typed, scope=WHOLE_BOOK).account_ids == (account.pk,)


@pytest.mark.parametrize("typed", ["", "   ", "a0001", "C-fin", "13900001234", "王明", "ang@example", "234", "li zhang", "小王"])
def test_parts_of_what_is_personal_find_nothing(typed: str) -> None:
    customer = make_customer(customer_no="C-find", person=PERSON)
    CustomerNameToken.objects.bulk_create(
        [CustomerNameToken(customer=customer, token_index=index) for index in name_token_indexes(PERSON["name"])]
    )
    make_account(account_no="A0001", customer=customer)
    assert find_accounts(typed, scope=WHOLE_BOOK).account_ids == ()


def test_a_search_leads_to_an_address_that_does_not_hold_what_was_typed(client: Client) -> None:
    make_account(account_no="A0001", customer=make_customer(person={"name": "Chen Li", "phone": "13900001234"}))
    answer = client.post("/accounts/", {"q": "13900001234"})
    assert answer.status_code == 302
    assert "13900001234" not in answer["Location"]
    assert shown_search(parse_qs(urlsplit(answer["Location"]).query)["find"][0]) == "13900001234"
    assert "A0001" in client.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("hidden", ["", "x", "AAAA", "AAFd2Vuxw_lVj7MMBbGI537qr5BEBvd2SBXv61OGEfxI", "!!"])
def test_an_address_that_was_tampered_with_searches_for_nothing(hidden: str) -> None:
    assert shown_search(hidden) == ""


@pytest.mark.parametrize(
    "path", ["/accounts/", "/api/v1/accounts/", "/admin/accounts/creditaccount/", "/admin/accounts/customer/"]
)
def test_an_address_with_a_search_in_clear_finds_by_number_and_nothing_personal(path: str) -> None:
    customer = make_customer(customer_no="C-7", person={"name": "王小明", "phone": "13900001234", "email": "wang@example.com"})
    make_account(account_no="A-7", customer=customer)
    client = Client()
    client.force_login(make_user(Role.ANALYST))
    number, rows = ("C-7" if path.endswith("/customer/") else "A-7"), ('"results":' if path.startswith("/api/") else "<tbody")

    def finds(typed: str) -> bool:
        _before, begun, found = client.get(path, {"q": typed}).content.decode().rpartition(rows)
        return bool(begun) and number in found

    assert [finds(typed) for typed in ("A-7", "A-", "C-7")] == [True] * 3
    assert [finds(typed) for typed in ("13900001234", "1234", "王小明", "王", "wang@example.com")] == [False] * 5


def test_a_search_looks_at_every_account_late_or_not() -> None:
    set_business_date(DAY)
    owes(1)
    owes(2, late=3)
    assert numbers(search="A000") == ["A0001", "A0002"]
    assert numbers(search="A000", buckets=frozenset({1})) == ["A0002"]


def test_names_are_masked_and_nothing_personal_is_on_the_page(client: Client) -> None:
    person = {"name": "Chen Li", "phone": "13900001234", "email": "chen@example.com", "national_id": "110105199001011234"}
    owes(1, late=3, customer=make_customer(person=person))
    text = client.get("/accounts/").content.decode()
    assert "C••" in text
    assert [value for value in person.values() if value in text] == []


def test_the_number_of_queries_does_not_grow_with_the_book(client: Client) -> None:
    def asked(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    paths = ["/accounts/", "/accounts/?scope=all", "/accounts/?bucket=m1&sort=overdue", f"/accounts/?find={hidden_search('A0')}"]
    for number in range(1, 4):
        owes(number, late=number)
    few = [asked(path) for path in paths]
    for number in range(4, 60):
        owes(number, late=number)
    assert [asked(path) for path in paths] == few
    # Five of the shell; the business date, the products, the fitting ids, the page's ids, their columns, the tiers.
    assert few[0] == 11


def test_htmx_gets_the_list_alone_and_a_browser_the_whole_page(client: Client) -> None:
    owes(1, late=3)
    partial = client.get("/accounts/", headers={"HX-Request": "true"}).content.decode()
    assert partial.lstrip().startswith('<div id="accounts"') and "A0001" in partial
    assert client.get("/accounts/").content.decode().lstrip().startswith("<!DOCTYPE html>")


def test_parameters_that_cannot_be_read_are_named_and_left_out(client: Client) -> None:
    owes(1, late=3)
    text = client.get("/accounts/?days_from=soon&overdue_to=1.2.3&bucket=m9&scope=x&opened_from=2025-02-30").content.decode()
    assert "Not understood and left out: scope, bucket, days from, overdue to, opened from." in text
    assert "A0001" in text


def test_every_filter_survives_the_address_bar() -> None:
    asked = {
        "scope": "all", "sort": "overdue", "class": "medium", "product": "card", "days_from": "3", "days_to": "9",
        "overdue_from": "1,000.5", "overdue_to": "2000", "opened_from": "2025-01-01", "opened_to": "2025-02-01", "after": "x",
    }  # fmt: skip
    assert read_filters(asked, buckets=["m1", "7"]) == ListFilters(
        scope="all",
        sort="overdue",
        buckets=frozenset({1, 7}),
        delinquency_class="medium",
        product="card",
        days_from=3,
        days_to=9,
        overdue_from="1000.5",
        overdue_to="2000",
        opened_from=date(2025, 1, 1),
        opened_to=date(2025, 2, 1),
        after="x",
    )


def test_an_empty_list_says_why(client: Client) -> None:
    assert "No account is past due." in client.get("/accounts/").content.decode()
    assert "The book is empty." in client.get("/accounts/?scope=all").content.decode()
    owes(1, late=3)
    assert "No account fits these filters." in client.get("/accounts/?bucket=m7").content.decode()
    nobody = client.get("/accounts/?q=NOBODY").content.decode()
    assert "No account fits this search." in nobody and "names by whole words" in nobody
    assert Product.objects.count() == 1


def test_an_account_number_with_any_sign_in_it_has_its_own_page(client: Client) -> None:
    for number in ("A/1", "Ä~ü", "..", "a b", "A-1", "账户", "?x=1#", "~41"):
        account = make_account(account_no=number)
        make_installment(account, due_date=DAY - timedelta(days=3))
        rebuild_accounts([account.pk], as_of=DAY, ahead_on=None)
    text = client.get("/accounts/").content.decode()
    addresses = re.findall(r'<tr data-row>\s*<td class="key"><a href="([^"]+)"', text)
    assert len(set(addresses)) == 8
    assert [client.get(address).status_code for address in addresses] == [200] * 8

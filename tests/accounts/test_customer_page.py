"""The customer page: accounts in sight, the curve, links by blind index, the timeline by keyset, a fixed number of queries."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from factories import (
    make_account,
    make_customer,
    make_payment,
    make_product,
    make_reversal,
    make_user,
    set_business_date,
)

from accounts.bulk.snapshot import partition_for_rebuilt
from accounts.customer_panels import Happening, TimelineAsk
from accounts.models import AccountSignals, AccountSnapshot, AccountState, CreditAccount, CustomerNameToken, Note
from accounts.operations.notes import write_note
from accounts.operations.revealing import reveal_person
from accounts.operations.reviewing import open_review
from accounts.queries.customer_page import month_ends_before
from accounts.queries.timeline import TimelineFilters, timeline
from casework.models import TierChange, TierPolicy
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry, PortfolioScope
from riskops.shared.personal import link_indexes, token_indexes
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
DAY = date(2025, 3, 31)
PERSON = {"name": "Wang Fang", "phone": "13800138000", "address": "1 Hill Road, Wuhan", "device_ids": "d-1;d-2"}


def client_of(*roles: Role, products: tuple[str, ...] = ()) -> Client:
    """Return a client logged in as a new person who may see some products (all, unless told)."""
    client, person = Client(), make_user(*roles)
    for code in products:
        PortfolioScope.objects.create(user=person, product_code=code)
    client.force_login(person)
    client.person = person  # type: ignore[attr-defined]
    return client


def with_state(account: CreditAccount, *, days: int, owed: int) -> CreditAccount:
    """Give an account a state."""
    AccountState.objects.create(
        account=account, product=account.product, opened_on=account.opened_on, days_past_due=days, bucket=1 if days else 0,
        oldest_unpaid_due_date=DAY - timedelta(days=days) if days else None, has_booked=True,
        outstanding_principal_minor=owed, overdue_principal_minor=owed if days else 0,
    )  # fmt: skip
    return account


def linked_customer(**person: str) -> CreditAccount:
    """Return an account of another customer with these personal fields, indexed as an import does."""
    customer = make_customer(person=person)
    CustomerNameToken.objects.bulk_create(
        [CustomerNameToken(customer=customer, token_index=index) for index in token_indexes(person)]
    )
    return with_state(make_account(customer=customer), days=70, owed=100)


@pytest.fixture
def account() -> CreditAccount:
    """Return an account of a customer with two, in two currencies and products."""
    set_business_date(DAY)
    customer = make_customer(customer_no="C-1", person=PERSON)
    first = make_account(account_no="A-1", customer=customer, product=make_product(product_code="SEEN"))
    second = make_account(
        account_no="A-2", customer=customer, product=make_product(product_code="OTHER", currency="USD", minor_digits=2)
    )
    with_state(second, days=0, owed=2_000)
    return with_state(first, days=14, owed=10_000)


def lines_of(client: Client, **query: Any) -> list[dict[str, Any]]:
    """Return the lines of the timeline, page after page."""
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        answer = client.get("/api/v1/customers/C-1/timeline/", {**query, "after": after}).json()
        found += answer["results"]
        after = answer["next"]
        if not after:
            return found


def test_the_page_shows_all_accounts_totals_by_currency_and_warnings(account: CreditAccount) -> None:
    AccountSignals.objects.create(account=account, is_disputed=True, score=612, score_month_end=630)
    text = client_of(Role.ANALYST).get("/customers/C-1/").content.decode()
    for shown in ("A-1", "A-2", "disputed", "612", "100.00", "20.00", "▼"):
        assert shown in text, shown
    assert "Wang Fang" not in text and "13800138000" not in text
    answer = client_of(Role.ANALYST).get("/api/v1/customers/C-1/").json()
    assert [(total["currency"], total["exposure"], total["overdue_total"]) for total in answer["totals"]] == [
        ("CNY", "100.00", "100.00"), ("USD", "20.00", "0.00"),
    ]  # fmt: skip
    assert answer["accounts"][0]["warnings"] == ["is_disputed"]


def test_only_accounts_in_sight_are_on_the_page_the_timeline_and_the_links(account: CreditAccount) -> None:
    twin = linked_customer(name="Li", phone="13800138000")
    other = CreditAccount.objects.get(account_no="A-2")
    make_payment(other, paid_on=DAY, amount=100, payment_no="T-hidden", is_posted=True)
    write_note(actor=Actor("x"), customer=account.customer, text="about the hidden one", account_id=other.pk)
    client = client_of(Role.ANALYST, products=("SEEN",))
    text = client.get("/customers/C-1/").content.decode()
    assert "A-1" in text
    for hidden in ("A-2", "T-hidden", "about the hidden one", twin.customer.customer_no):
        assert hidden not in text, hidden
    assert client_of(Role.ANALYST, products=("NONE",)).get("/customers/C-1/").status_code == 404


def test_the_curve_has_the_reported_month_ends_and_the_last_closed_day(account: CreditAccount) -> None:
    set_business_date(date(2025, 4, 10))
    partition_for_rebuilt(DAY)
    AccountSnapshot.objects.create(
        as_of=DAY, account=account, product=account.product, opened_on=account.opened_on, days_past_due=9, bucket=1,
        overdue_principal_minor=700,
    )  # fmt: skip
    curve = client_of(Role.ANALYST).get("/api/v1/customers/C-1/").json()["aging_curve"]
    assert len(curve) == 25
    assert curve[-2] == {"day": "2025-03-31", "days_past_due": 9, "bucket": "m1", "accounts": 1}
    assert curve[-1] == {"day": "2025-04-10", "days_past_due": 14, "bucket": "m1", "accounts": 2}
    assert curve[0] == {"day": "2023-04-30", "days_past_due": 0, "bucket": "m0", "accounts": 0}


def test_month_ends_reach_back_from_a_day() -> None:
    assert month_ends_before(date(2025, 3, 31), 3) == (date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31))
    assert month_ends_before(date(2025, 3, 30), 2) == (date(2025, 1, 31), date(2025, 2, 28))


def test_customers_are_linked_by_what_they_share_exactly(account: CreditAccount) -> None:
    by_phone = linked_customer(name="A", phone="138-0013-8000")
    by_place = linked_customer(name="B", address="1 HILL ROAD Wuhan", device_ids="x;D-2")
    linked_customer(name="d-1", phone="13900139000", address="2 Hill Road, Wuhan")
    links = client_of(Role.ANALYST).get("/api/v1/customers/C-1/").json()["linked"]
    found = {link["customer_no"]: sorted(link["same"]) for link in links}
    assert found == {by_phone.customer.customer_no: ["phone"], by_place.customer.customer_no: ["address", "device"]}
    assert links[0]["customer_no"] == by_place.customer.customer_no and links[0]["days_past_due"] == 70


def test_what_is_linked_is_hashed_with_its_kind() -> None:
    found = link_indexes({"address": "x1", "device_ids": "x1; x1 ;"})
    assert len(found["address"]) == len(found["device"]) == 1
    assert not found["address"] & found["device"]
    assert link_indexes({}) == {"address": set(), "device": set()}


def test_the_timeline_has_every_kind_newest_first(account: CreditAccount) -> None:
    client = client_of(Role.TEAM_LEAD)
    actor = Actor.of(client.person)  # type: ignore[attr-defined]
    payment = make_payment(account, paid_on=date(2025, 2, 1), amount=500, payment_no="T-1", is_posted=True)
    make_reversal(payment, paid_on=date(2025, 2, 3), payment_no="R-1")
    policy = TierPolicy.objects.order_by("pk").first()
    TierChange.objects.create(
        account=account, policy=policy, from_tier="", to_tier="early", as_of=date(2025, 2, 2), recorded_at="2025-02-02T00:00Z"
    )
    open_review(actor=actor, account_id=account.pk, purpose="look")
    write_note(actor=actor, customer=account.customer, text="called")
    reveal_person(actor=actor, account_id=account.pk, reason="to call back")
    kinds = [line["kind"] for line in lines_of(client)]
    assert kinds == ["note", "reveal", "review", "reversal", "tier", "payment"]
    assert [line["title"] for line in lines_of(client, kind="tier")] == ["Tier – → Early 1–30"]
    assert [line["amount"] for line in lines_of(client, text="T-1")] == ["-5.00", "5.00"]
    assert [line["kind"] for line in lines_of(client, text="CALLED")] == ["note"]
    assert [line["kind"] for line in lines_of(client, account="A-2")] == ["note"]
    assert lines_of(client, text="nothing like this") == []
    text = client.get("/customers/C-1/", {"kind": "note"}, headers={"HX-Request": "true"}).content.decode()
    assert "called" in text and "T-1" not in text and "<h1" not in text


def test_the_timeline_is_read_page_after_page_without_gaps_or_repeats(account: CreditAccount) -> None:
    other = CreditAccount.objects.get(account_no="A-2")
    for number in range(90):
        day = DAY - timedelta(days=number // 7)
        payment = make_payment((account, other)[number % 2], paid_on=day, amount=100 + number, is_posted=True)
        if number % 5 == 0:
            make_reversal(payment, paid_on=day)
    lines = lines_of(client_of(Role.ANALYST))
    assert len(lines) == 108 and len({(line["kind"], line["title"]) for line in lines}) == 108
    assert [line["day"] for line in lines] == sorted((line["day"] for line in lines), reverse=True)


def test_a_mark_that_cannot_be_read_begins_at_the_newest(account: CreditAccount) -> None:
    make_payment(account, paid_on=DAY, amount=100, payment_no="T-9", is_posted=True)
    client = client_of(Role.ANALYST)
    for mark in ("x", "2025-03-31", "2025-99-99~0~1", "2025-03-31~99~1", "2025-03-31~0~" + "9" * 30):
        answer = client.get("/api/v1/customers/C-1/timeline/", {"after": mark})
        assert [line["title"] for line in answer.json()["results"]] == ["Payment T-9"], mark


def test_the_page_asks_as_often_however_much_there_is(account: CreditAccount) -> None:
    client = client_of(Role.ANALYST)
    counts = []
    for _round in range(2):
        client.get("/customers/C-1/")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/customers/C-1/").status_code == 200
        counts.append(len(queries))
        for number in range(30):
            one = with_state(make_account(customer=account.customer, product=account.product), days=number, owed=1)
            make_payment(one, paid_on=DAY, amount=100, is_posted=True)
            open_review(actor=Actor("x"), account_id=one.pk, purpose="p")
            write_note(actor=Actor("x"), customer=account.customer, text="n")
            linked_customer(name="L", phone="13800138000")
    assert counts[0] == counts[1] <= 46


def test_a_note_is_kept_with_its_line_in_the_trail_and_nothing_else_is(account: CreditAccount) -> None:
    client = client_of(Role.ANALYST)
    assert client.post("/customers/C-1/notes/", {"note": "pays on Friday", "account": str(account.pk)}).status_code == 302
    note = Note.objects.get()
    assert (note.text, note.account_id) == ("pays on Friday", account.pk)
    line = AuditEntry.objects.get(action="note.write")
    assert (line.account_id, line.after) == (account.pk, {"note": note.pk, "characters": 14})
    assert client.post("/customers/C-1/notes/", {"note": "  "}).status_code == 422
    stranger = make_account()
    assert client.post("/customers/C-1/notes/", {"note": "x", "account": str(stranger.pk)}).status_code == 422
    asked = {"text": "x", "account_no": stranger.account_no}
    assert client.post("/api/v1/customers/C-1/notes/", asked, content_type="application/json").status_code == 404
    assert client_of(Role.COMPLIANCE).post("/customers/C-1/notes/", {"note": "x"}).status_code == 403
    assert Note.objects.count() == 1


def test_a_source_is_asked_only_for_what_comes_after_the_mark(account: CreditAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    from accounts.customer_panels import TimelineSource
    from accounts.queries import timeline as module

    asked: list[TimelineAsk] = []

    def ask(what: TimelineAsk) -> list[Happening]:
        asked.append(what)
        return []

    monkeypatch.setattr(module, "timeline_sources", lambda: tuple(TimelineSource(name, name, ask) for name in "abc"))
    filters = TimelineFilters(after="2025-03-31~1~7")
    timeline(customer_id=1, accounts={1: "A"}, currencies={}, filters=filters)
    assert [what.before for what in asked] == [(DAY, 0), (DAY, 7), (DAY + timedelta(days=1), 0)]

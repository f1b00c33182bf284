"""The API of the book: the same operations as the pages, with answers a program can rely on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from factories import make_account, make_customer, make_installment, make_payment, make_product, make_user, set_business_date
from rest_framework.authtoken.models import Token

from accounts.models import AuthorityRow, CreditAccount, Payment, Waiver, WriteOff
from accounts.operations.rebuilding import rebuild_accounts
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
DAY = date(2025, 9, 30)
DUE = DAY - timedelta(days=10)


@pytest.fixture
def account() -> CreditAccount:
    """An account 10 days late with 1,000.00 at 500 ppm a day: 5.00 of penalty."""
    set_business_date(DAY)
    product = make_product(product_code="card", penalty_rate_ppm=500, penalty_cap_bp=2_400)
    customer = make_customer(customer_no="C-1", person={"name": "Chen Li", "phone": "13900001234"})
    account = make_account(account_no="A-1", product=product, customer=customer)
    make_installment(account, due_date=DUE, principal=100_000)
    rebuild_accounts([account.pk], as_of=DAY, ahead_on=None)
    return account


class Caller:
    """A program with a token."""

    def __init__(self, *roles: Role) -> None:
        self.client = Client()
        self.headers = {"Authorization": f"Token {Token.objects.create(user=make_user(*roles)).key}"}

    def get(self, path: str) -> Any:
        """GET under /api/v1/."""
        return self.client.get(f"/api/v1/{path}", headers=self.headers)

    def post(self, path: str, **body: Any) -> Any:
        """POST JSON under /api/v1/."""
        return self.client.post(f"/api/v1/{path}", body, content_type="application/json", headers=self.headers)


def payment(**fields: Any) -> dict[str, Any]:
    return {"account_no": "A-1", "amount": "100.00", "value_date": str(DAY), "reference": "W-1", **fields}


def test_the_list_gives_amounts_as_decimals_and_nothing_personal(account: CreditAccount) -> None:
    answer = Caller(Role.SERVICE).get("accounts/")
    assert answer.json() == {
        "business_date": "2025-09-30",
        "next": "",
        "results": [
            {
                "account_no": "A-1",
                "customer_no": "C-1",
                "product_code": "card",
                "currency": "CNY",
                "opened_on": "2025-01-01",
                "credit_limit": "10000.00",
                "days_past_due": 10,
                "bucket": "m1",
                "oldest_unpaid_due_date": "2025-09-20",
                "overdue_total": "1005.00",
                "outstanding_principal": "1000.00",
                "category": "special_mention",
                "stage": 1,
                "is_written_off": False,
                "tier": "",
            }
        ],
    }


def test_the_list_is_paged_by_its_mark(account: CreditAccount) -> None:
    for number in range(60):
        make_account(account_no=f"B-{number:02d}")
    caller = Caller(Role.SERVICE)
    first = caller.get("accounts/?scope=all").json()
    second = caller.get(f"accounts/?scope=all&after={first['next']}").json()
    seen = [row["account_no"] for row in first["results"] + second["results"]]
    assert seen == ["A-1", *(f"B-{number:02d}" for number in range(60))]
    assert second["next"] == ""


def test_a_filter_that_cannot_be_read_is_refused(account: CreditAccount) -> None:
    answer = Caller(Role.SERVICE).get("accounts/?days_from=soon")
    assert (answer.status_code, answer.json()) == (400, {"days_from": "not understood"})


def test_what_is_personal_is_searched_for_in_the_body(account: CreditAccount) -> None:
    found = Caller(Role.SERVICE).post("accounts/", q="13900001234").json()
    assert [row["account_no"] for row in found["results"]] == ["A-1"]


def test_an_account_as_known_on_a_day(account: CreditAccount) -> None:
    caller = Caller(Role.SERVICE)
    body = caller.get(f"accounts/A-1/?as_of={DUE + timedelta(days=2)}").json()
    assert (body["as_of"], body["masked_name"], body["is_projection"]) == ("2025-09-22", "C••", False)
    assert (body["state"]["penalty_due"], body["state"]["overdue_total"], body["state"]["bucket"]) == ("1.00", "1001.00", "m1")
    assert caller.get("accounts/A-1/?as_of=tomorrow").status_code == 400
    assert caller.get("accounts/A-9/").status_code == 404


def test_instalments_come_with_the_spans_of_their_penalty(account: CreditAccount) -> None:
    (row,) = Caller(Role.SERVICE).get("accounts/A-1/installments/").json()
    assert (row["order_no"], row["sequence"], row["principal_unpaid"], row["penalty_due"]) == ("O1", 1, "1000.00", "5.00")
    assert (row["days_late"], row["status"]) == (10, "past_due")
    assert row["penalty_spans"] == [
        {
            "first_day": "2025-09-21",
            "last_day": "2025-09-30",
            "base": "1000.00",
            "rate_ppm": 500,
            "charged_micro": 500_000_000,
            "accrued_micro": 500_000_000,
        }
    ]


def test_a_payment_is_posted_and_sending_it_again_answers_with_the_same(account: CreditAccount) -> None:
    caller = Caller(Role.SERVICE)
    first = caller.post("payments/", **payment())
    again = caller.post("payments/", **payment())
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == caller.get("payments/W-1/").json()
    assert first.json() == {
        "payment_no": "W-1",
        "account_no": "A-1",
        "paid_on": "2025-09-30",
        "amount": "100.00",
        "channel": "",
        "order_no": "",
        "sequence": None,
        "reverses": None,
        "is_posted": True,
    }
    assert Payment.objects.count() == 1
    (paid,) = caller.get("accounts/A-1/payments/").json()
    assert [(line["component"], line["amount"]) for line in paid["allocations"]] == [("penalty", "5.00"), ("principal", "95.00")]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"reference": "T-taken"}, 409, "payment_reference_taken"),
        ({"amount": "0.00"}, 422, "amount_not_above_zero"),
        ({"value_date": "2024-12-31"}, 422, "before_opening"),
        ({"reference": " x"}, 422, "reference_malformed"),
        ({"order_no": "O9", "sequence": 1}, 422, "installment_unknown"),
        ({"account_no": "A-9"}, 404, None),
        ({"amount": "1.001"}, 400, None),
        ({"amount": "1e3"}, 400, None),
        ({"order_no": "O1"}, 400, None),
        ({"value_date": "2025-02-30"}, 400, None),
    ],
)
def test_a_refused_payment_says_why_and_changes_nothing(
    account: CreditAccount, fields: dict[str, Any], status: int, code: str | None
) -> None:
    make_payment(account, paid_on=DAY, amount=1, payment_no="T-taken")
    answer = Caller(Role.SERVICE).post("payments/", **payment(**fields))
    assert answer.status_code == status
    if code:
        assert answer.json()["code"] == code and answer.json()["detail"]
    assert Payment.objects.count() == 1 and AuditEntry.objects.count() == 0


def test_a_preview_writes_nothing(account: CreditAccount) -> None:
    body = Caller(Role.ANALYST).post("payments/preview/", **payment(amount="1005.00")).json()
    assert (body["before"]["days_past_due"], body["after"]["days_past_due"], body["waits_for"]) == (10, 0, None)
    assert [(line["component"], line["amount"]) for line in body["paid"]] == [("penalty", "5.00"), ("principal", "1000.00")]
    assert Payment.objects.count() == 0


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("accounts/A-9/", "account_unknown"),
        ("payments/W-9/", "payment_unknown"),
        ("feeds/9/", "feed_unknown"),
        ("closes/2025-09-30/", "no_such_close"),
    ],
)
def test_what_is_not_there_is_answered_in_the_shape_of_every_refusal(account: CreditAccount, path: str, code: str) -> None:
    answer = Caller(Role.ADMINISTRATOR).get(path)
    assert answer.status_code == 404
    assert (set(answer.json()), answer.json()["code"]) == ({"code", "about", "detail"}, code)


def test_the_schema_promises_a_repeated_entry_only_where_one_is_answered() -> None:
    from drf_spectacular.generators import SchemaGenerator

    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    entries = ("payments", "reversals", "waivers", "write-offs")
    promised = {name for name in entries if "200" in paths[f"/api/v1/{name}/"]["post"]["responses"]}
    assert promised == {"payments", "reversals", "waivers"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "0"},
        {"value_date": "9999-12-31"},
        {"value_date": "2024-12-31"},
        {"order_no": "O9", "sequence": 1},
    ],
)
def test_a_preview_refuses_what_the_payment_would_be_refused_for(account: CreditAccount, wrong: dict[str, Any]) -> None:
    caller = Caller(Role.ANALYST)
    preview, entry = (caller.post(path, **payment(**wrong)) for path in ("payments/preview/", "payments/"))
    assert (preview.status_code, preview.json()) == (entry.status_code, entry.json())
    assert preview.status_code == 422


def test_a_reversal_is_previewed_and_refused_as_it_would_be(account: CreditAccount) -> None:
    caller = Caller(Role.SERVICE)
    caller.post("payments/", **payment())
    body = {"payment_no": "W-1", "value_date": str(DAY), "reference": "R-1", "reason": "bounced"}
    preview = caller.post("reversals/preview/", **body).json()
    assert [(line["component"], line["amount"]) for line in preview["undone"]] == [("penalty", "5.00"), ("principal", "95.00")]
    assert Payment.objects.count() == 1
    for wrong in ({"payment_no": "W-9"}, {"value_date": str(DAY - timedelta(days=1))}):
        refused, entry = (caller.post(path, **body | wrong) for path in ("reversals/preview/", "reversals/"))
        assert (refused.status_code, refused.json()) == (entry.status_code, entry.json())
        assert refused.status_code in (404, 422)
    caller.post("reversals/", **body)
    assert caller.post("reversals/preview/", **body).json()["code"] == "already_reversed"
    assert caller.post("reversals/preview/", **body | {"payment_no": "R-1"}).json()["code"] == "reversal_of_a_reversal"


def test_a_waiver_is_previewed_and_refused_as_it_would_be(account: CreditAccount) -> None:
    caller = Caller(Role.APPROVER)
    body = {
        "account_no": "A-1", "order_no": "O1", "sequence": 1, "component": "penalty", "amount": "5.00",
        "value_date": str(DAY), "reference": "V-1", "reason": "goodwill",
    }  # fmt: skip
    preview = caller.post("waivers/preview/", **body).json()
    assert (preview["before"]["penalty_due"], preview["after"]["penalty_due"]) == ("5.00", "0.00")
    for wrong in (
        {"amount": "5.01"},
        {"sequence": 2},
        {"value_date": str(DAY + timedelta(days=2))},
        {"value_date": "2024-12-31"},
    ):
        refused, entry = (caller.post(path, **body | wrong) for path in ("waivers/preview/", "waivers/"))
        assert (refused.status_code, refused.json()) == (entry.status_code, entry.json())
        assert refused.status_code == 422
    assert Waiver.objects.count() == 0


def test_a_payment_is_reversed_once(account: CreditAccount) -> None:
    caller = Caller(Role.SERVICE)
    caller.post("payments/", **payment())
    body = {"payment_no": "W-1", "value_date": str(DAY), "reference": "R-1", "reason": "bounced"}
    first = caller.post("reversals/", **body)
    assert (first.status_code, first.json()["reverses"]) == (201, "W-1")
    assert caller.post("reversals/", **body).status_code == 200
    other = caller.post("reversals/", **{**body, "reference": "R-2"})
    assert (other.status_code, other.json()["code"]) == (409, "already_reversed")
    missing = caller.post("reversals/", **{**body, "payment_no": "W-9", "reference": "R-3"})
    assert (missing.status_code, missing.json()["code"]) == (404, "payment_unknown")
    assert Payment.objects.count() == 2


def test_a_waiver_is_made_once(account: CreditAccount) -> None:
    caller = Caller(Role.APPROVER)
    body = {
        "account_no": "A-1", "order_no": "O1", "sequence": 1, "component": "penalty", "amount": "5.00",
        "value_date": str(DAY), "reference": "V-1", "reason": "goodwill",
    }  # fmt: skip
    first = caller.post("waivers/", **body)
    assert (first.status_code, first.json()["component"], first.json()["amount"]) == (201, "penalty", "5.00")
    assert caller.post("waivers/", **body).status_code == 200
    more = caller.post("waivers/", **{**body, "reference": "V-2"})
    assert (more.status_code, more.json()["code"]) == (422, "waiver_above_due")
    assert Waiver.objects.count() == 1


def test_an_account_is_written_off_once(account: CreditAccount) -> None:
    caller = Caller(Role.APPROVER)
    body = {"account_no": "A-1", "value_date": str(DAY), "reference": "X-1", "reason": "insolvent"}
    refused = caller.post("write-offs/", **body)
    assert (refused.status_code, refused.json()["code"], WriteOff.objects.count()) == (422, "approval_needed", 0)
    AuthorityRow.objects.filter(action="write_off", role="approver").update(approver_role="")
    first = caller.post("write-offs/", **body)
    assert (first.status_code, first.json()) == (201, {"reference": "X-1", "value_date": "2025-09-30", "principal": "1000.00"})
    again = caller.post("write-offs/", **body)
    assert (again.status_code, again.json()["code"]) == (409, "already_written_off")
    assert WriteOff.objects.count() == 1


def test_revealing_records_who_and_why(account: CreditAccount) -> None:
    caller = Caller(Role.LEGAL)
    assert caller.post("accounts/A-1/reveal/", reason="no").status_code == 422
    assert AuditEntry.objects.count() == 0
    answer = caller.post("accounts/A-1/reveal/", reason="subpoena 12/2025")
    assert (answer.json()["name"], answer.json()["phone"], answer["Cache-Control"]) == ("Chen Li", "13900001234", "no-store")
    assert AuditEntry.objects.get().reason == "subpoena 12/2025"
    (line,) = caller.get("accounts/A-1/audit/").json()
    assert (line["action"], line["subject_key"]) == ("customer.reveal", "C-1")


def test_products_are_given_as_files_write_them(account: CreditAccount) -> None:
    body = Caller(Role.SERVICE).get("products/card/").json()
    assert (body["product_code"], body["penalty_rate_ppm"], body["penalty_cap_percent"]) == ("card", 500, "24.00")
    assert [product["product_code"] for product in Caller(Role.MANAGER).get("products/").json()] == ["card"]
    assert Caller(Role.LEGAL).get("products/none/").status_code == 404


def test_the_schema_describes_every_endpoint_of_the_api() -> None:
    from django.urls import get_resolver
    from drf_spectacular.generators import SchemaGenerator

    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    from accounts.api import urls

    assert get_resolver() and len([path for path in paths if not path.startswith("/api/v1/metrics")]) >= len(urls.urlpatterns)
    for methods in paths.values():
        for operation in methods.values():
            assert operation["operationId"] and operation["responses"]


def test_no_token_is_made_without_its_line_in_the_trail(monkeypatch: pytest.MonkeyPatch) -> None:
    from riskops.shared import audit

    def fail(**_values: Any) -> None:
        raise RuntimeError("no trail")

    person = make_user(Role.ANALYST)
    token = Token.objects.create(user=person)
    client = Client(raise_request_exception=False)
    client.force_login(person)
    monkeypatch.setattr(audit, "record", fail)
    assert client.post("/api/token/").status_code == 500
    assert list(Token.objects.values_list("key", flat=True)) == [token.key]


def test_a_token_made_on_the_page_works_until_the_next_one(account: CreditAccount) -> None:
    client = Client()
    client.force_login(make_user(Role.ANALYST))
    import re

    def new_token() -> str:
        text = client.post("/api/token/", follow=True).content.decode()
        found = re.search(r"<code>([0-9a-f]{40})</code>", text)
        assert found
        return found.group(1)

    first = new_token()
    assert Client().get("/api/v1/accounts/", headers={"Authorization": f"Token {first}"}).status_code == 200
    assert first not in client.get("/api/").content.decode()
    second = new_token()
    assert Client().get("/api/v1/accounts/", headers={"Authorization": f"Token {first}"}).status_code == 401
    assert Client().get("/api/v1/accounts/", headers={"Authorization": f"Token {second}"}).status_code == 200

"""The account page and its forms: what they show, what they do, and that a refusal changes nothing."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from deciding_books import Person, accept
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from factories import (
    make_account,
    make_customer,
    make_installment,
    make_payment,
    make_product,
    make_reversal,
    make_user,
    make_waiver,
    set_business_date,
)

from accounts.bulk.snapshot import partition_for_rebuilt
from accounts.models import AccountSnapshot, AccountState, AuthorityRow, CreditAccount, Payment, Waiver, WriteOff
from accounts.operations.rebuilding import rebuild_accounts
from accounts.rules.terms import Component
from casework.models import TierChange, TierPolicy
from riskops.shared.models import AuditEntry, CloseRun
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
DAY = date(2025, 9, 30)
DUE = DAY - timedelta(days=10)
PERSON = {
    "name": "Chen Li",
    "phone": "13900001234",
    "email": "chen@example.com",
    "national_id": "110105199001015678",
    "address": "1 Example Road",
    "device_ids": "d1;d2",
}


@pytest.fixture
def account() -> CreditAccount:
    """An account 10 days late with 1,000.00 at 500 ppm a day (penalty 5.00), a second 1,000.00 due in 20 days."""
    set_business_date(DAY)
    product = make_product(penalty_rate_ppm=500, name="Card")
    account = make_account(account_no="A-1", product=product, customer=make_customer(customer_no="C-1", person=PERSON))
    make_installment(account, due_date=DUE, principal=100_000, booked_on=DUE - timedelta(days=30))
    make_installment(account, due_date=DAY + timedelta(days=20), principal=100_000, booked_on=DAY)
    rebuild_accounts([account.pk], as_of=DAY, ahead_on=None)
    return account


def client_of(*roles: Role) -> Client:
    client = Client()
    client.force_login(make_user(*roles))
    return client


def text_of(answer: Any, status: int = 200) -> str:
    """Return what a reader sees: no tags, single spaces."""
    assert answer.status_code == status, answer.content.decode()[:2000]
    body = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", answer.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u202f", "").split())


def book_rows() -> tuple[Any, ...]:
    """Return everything an entry could change."""
    return (
        list(Payment.objects.order_by("pk").values_list("payment_no", "is_posted")),
        list(Waiver.objects.values_list("reference")),
        list(WriteOff.objects.values_list("reference")),
        list(AccountState.objects.order_by("pk").values()),
        AuditEntry.objects.count(),
    )


def test_the_head_says_who_how_late_and_how_much(account: CreditAccount) -> None:
    text = text_of(client_of(Role.ANALYST).get("/accounts/A-1/"))
    assert "A-1 · C•• · Card" in text
    assert "m1 10 d special mention stage 1" in text
    assert "Overdue ¥1,005.00 of it penalty ¥5.00" in text
    assert "Exposure ¥2,005.00 principal ¥2,000.00" in text
    assert "Limit ¥10,000.00 used 20%" in text
    assert "Days past due 10 late since 20 Sep 2025" in text


def test_the_audit_tab_tells_amounts_as_money(account: CreditAccount) -> None:
    client = client_of(Role.TEAM_LEAD)
    form = {"amount": "505", "value_date": f"{DAY}", "reference": "W-1", "channel": "", "directed_to": "", "reason": ""}
    assert client.post("/accounts/A-1/pay/", form).status_code == 302
    tab = text_of(client.get("/accounts/A-1/?tab=audit"))
    assert "amount ¥505.00" in tab and "overdue ¥1,005.00 → ¥500.00" in tab


def test_a_form_says_which_currency_it_takes_and_which_fields_may_stay_empty(account: CreditAccount) -> None:
    text = text_of(client_of(Role.TEAM_LEAD).get("/accounts/A-1/pay/"))
    assert "Amount in CNY" in text and "Channel optional" in text and "Reason optional" in text
    assert "Amount optional" not in text and "Value date optional" not in text
    assert "1/1 · 20 Sep 2025" in text


def test_nothing_personal_is_on_the_page_unmasked(account: CreditAccount) -> None:
    for tab in ("installments", "payments", "aging", "decisions", "audit"):
        page = client_of(Role.TEAM_LEAD).get(f"/accounts/A-1/?tab={tab}").content.decode()
        assert [value for value in PERSON.values() if value in page] == [], tab
    assert "••••1234" in page and "c•••@•••.com" in page and "••••5678" in page


def test_each_tab_of_an_unknown_name_is_the_first_one(account: CreditAccount) -> None:
    assert "10 days late" in text_of(client_of(Role.ANALYST).get("/accounts/A-1/?tab=nonsense"))


def test_an_unknown_account_is_named(account: CreditAccount) -> None:
    assert "There is no account A-2 in this book." in text_of(client_of(Role.ANALYST).get("/accounts/A-2/"), 404)


def test_the_page_can_be_asked_as_known_on_an_earlier_day(account: CreditAccount) -> None:
    text = text_of(client_of(Role.ANALYST).get(f"/accounts/A-1/?as_of={DUE + timedelta(days=2)}"))
    assert "As known now for 22 Sep 2025" in text
    assert "Overdue ¥1,001.00 of it penalty ¥1.00" in text
    # The second instalment was booked later than that.
    assert "not booked yet" in text


def test_a_day_to_come_is_said_to_be_no_more_than_what_is_known(account: CreditAccount) -> None:
    text = text_of(client_of(Role.ANALYST).get(f"/accounts/A-1/?as_of={DAY + timedelta(days=21)}"))
    assert "21 Oct 2025 is not closed yet" in text and "The book has reached 30 Sep 2025." in text
    # 31 days of 0.50 and one of 0.50.
    assert "Overdue ¥2,016.00 of it penalty ¥16.00" in text


@pytest.mark.parametrize("day", ["soon", "2025-02-30", "1989-12-31", "2100-01-01"])
def test_a_day_that_cannot_be_is_said_and_left_out(account: CreditAccount, day: str) -> None:
    text = text_of(client_of(Role.ANALYST).get(f"/accounts/A-1/?as_of={day}"))
    assert f"{day} is not a day from 1990-01-01 to 2099-12-31" in text and "Overdue ¥1,005.00" in text


def test_the_penalty_is_explained_day_by_day(account: CreditAccount) -> None:
    first = account.installments.get(sequence=1)
    text = text_of(client_of(Role.ANALYST).get(f"/accounts/A-1/penalty/{first.pk}/?as_of={DUE + timedelta(days=2)}"))
    assert "× 500 ÷ 1,000,000" in text
    assert "21 Sep 2025 – 22 Sep 2025 2 ¥1,000.00 ¥0.50 ¥1.00 ¥1.00" in text
    assert "21 Sep 2025 ¥1,000.00 + ¥0.50 ¥0.50 22 Sep 2025 ¥1,000.00 + ¥0.50 ¥1.00" in text


def test_the_penalty_of_another_account_s_instalment_is_not_shown(account: CreditAccount) -> None:
    other = make_installment(make_account(account_no="A-9"), due_date=DUE)
    assert client_of(Role.ANALYST).get(f"/accounts/A-1/penalty/{other.pk}/").status_code == 404
    assert client_of(Role.TEAM_LEAD).get(f"/accounts/A-1/waive/{other.pk}/").status_code == 404


def test_payments_show_what_they_paid_and_what_waits(account: CreditAccount) -> None:
    make_payment(account, paid_on=DAY, amount=10_000, payment_no="T-1", channel="app")
    undone = make_payment(account, paid_on=DAY, amount=300, payment_no="T-2")
    make_reversal(undone, paid_on=DAY, payment_no="T-3")
    make_payment(account, paid_on=DAY + timedelta(days=9), amount=500, payment_no="T-4")
    rebuild_accounts([account.pk], as_of=DAY, ahead_on=None)
    text = text_of(client_of(Role.ANALYST).get("/accounts/A-1/?tab=payments"))
    assert "T-1 app 30 Sep 2025 ¥100.00 counted O1/1: penalty 5.00 , principal 95.00" in text
    assert "T-2 30 Sep 2025 ¥3.00 reversed 30 Sep 2025 · T-3" in text
    assert "−¥3.00 reverses T-2" in text
    assert "T-4 9 Oct 2025 ¥5.00 waits for its day" in text


def test_the_aging_history_sets_reported_beside_known_and_marks_what_differs(account: CreditAccount) -> None:
    month_end = date(2025, 8, 31)
    common = {"account_id": account.pk, "product_id": account.product_id, "opened_on": account.opened_on}
    partition_for_rebuilt(month_end)
    AccountSnapshot.objects.create(as_of=month_end, days_past_due=3, bucket=1, overdue_principal_minor=7_000, **common)
    text = text_of(client_of(Role.ANALYST).get("/accounts/A-1/?tab=aging"))
    assert "31 Aug 2025 m1 3 d ¥70.00 m0 0 d ¥0.00 differs" in text
    assert "30 Sep 2025 m1 10 d ¥1,005.00 m1 10 d ¥1,005.00 31 Aug" in text
    assert "31 Jul 2025 not reported m0 0 d ¥0.00" in text


def test_what_the_close_reported_stays_after_a_payment_of_that_day(account: CreditAccount) -> None:
    client_of(Role.ANALYST).post("/accounts/A-1/pay/", pay_form(amount="1,005.00", value_date=str(DAY)))
    text = text_of(client_of(Role.ANALYST).get("/accounts/A-1/?tab=aging"))
    assert "30 Sep 2025 m1 10 d ¥1,005.00 m0 0 d ¥0.00 differs" in text


def test_while_a_close_runs_its_figures_are_not_taken_for_those_of_the_day_before(account: CreditAccount) -> None:
    next_day = DAY + timedelta(days=1)
    run = CloseRun.objects.create(business_date=next_day, through=next_day, status=CloseRun.Status.RUNNING, started_by="x")
    # The running close has aged the account already.
    rebuild_accounts([account.pk], as_of=next_day, ahead_on=None)
    page = "/accounts/A-1/?tab=aging"
    assert "30 Sep 2025 not reported m1 10 d ¥1,005.00" in text_of(client_of(Role.ANALYST).get(page))
    run.status = CloseRun.Status.WAITING
    run.save()
    rebuild_accounts([account.pk], as_of=DAY, ahead_on=None)
    assert "30 Sep 2025 m1 10 d ¥1,005.00 m1 10 d ¥1,005.00" in text_of(client_of(Role.ANALYST).get(page))


def fill(account: CreditAccount) -> None:
    """Let everything happen to an account that its page can show."""
    first = account.installments.get(sequence=1)
    for number in range(20):
        make_installment(account, due_date=DUE + timedelta(days=number), principal=1_000, booked_on=DUE)
        payment = make_payment(account, paid_on=DUE, amount=700)
        make_waiver(first, component=Component.PENALTY, amount=1, value_date=DUE + timedelta(days=1 + number % 5))
    make_reversal(payment, paid_on=DAY)
    rebuild_accounts([account.pk], as_of=DAY, ahead_on=None)
    policy = TierPolicy.objects.get()
    for number in range(25):
        tiers = ("early", "watch") if number % 2 else ("watch", "early")
        TierChange.objects.create(
            account=account, policy=policy, from_tier=tiers[0], to_tier=tiers[1], as_of=DAY, recorded_at=timezone.now()
        )
    accept(account)
    for channel in ("store", "web"):
        Person(Role.APPROVER).asks(account, "suspend_use", scope="channel", scope_value=channel)
    common = {"account_id": account.pk, "product_id": account.product_id, "opened_on": account.opened_on}
    for month_end in (date(2025, 7, 31), date(2025, 8, 31)):
        partition_for_rebuilt(month_end)
        AccountSnapshot.objects.create(as_of=month_end, days_past_due=3, bucket=1, **common)


@pytest.mark.usefixtures("policies_known")
@pytest.mark.parametrize("tab", ["installments", "payments", "aging", "decisions", "audit"])
def test_a_tab_asks_the_same_number_of_queries_however_much_happened(account: CreditAccount, tab: str) -> None:
    client = client_of(Role.TEAM_LEAD)

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/accounts/A-1/?tab={tab}").status_code == 200
        return len(captured)

    few = asked()
    fill(account)
    assert asked() == few <= 40


#: Tables with a row or more for each account: a page that goes through one takes seconds at a million accounts.
LARGE = re.compile(
    r"SCAN (accounts_(creditaccount|accountstate|customer|installment|payment|allocation|accountsignals)|shared_auditentry)\b"
)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the plan is in SQLite's words")
@pytest.mark.usefixtures("policies_known")
@pytest.mark.parametrize("tab", ["installments", "payments", "aging", "decisions", "audit"])
def test_no_query_of_the_page_goes_through_a_large_table(account: CreditAccount, tab: str) -> None:
    fill(account)
    client = client_of(Role.TEAM_LEAD)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"/accounts/A-1/?tab={tab}").status_code == 200
    asked = [query["sql"] for query in captured.captured_queries if query["sql"].lstrip().startswith(("SELECT", "WITH"))]
    assert len(asked) > 20
    for sql in asked:
        with connection.cursor() as cursor:
            plan = [line for *_, line in cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]
        assert [line for line in plan if LARGE.match(line)] == [], sql
        # Nearly all payments reverse none: by the index of `reverses` these are all payments there are.
        assert not ('reverses_id" IS NULL' in sql and any("(reverses_id=?)" in line and "JOIN" not in line for line in plan)), sql


def test_personal_data_is_revealed_for_a_reason_and_the_reason_is_kept(account: CreditAccount) -> None:
    client = client_of(Role.ANALYST)
    answer = client.post("/accounts/A-1/reveal/", {"reason": "calls about a wrong number"})
    text = text_of(answer)
    assert all(value in text for value in PERSON.values())
    assert "no-store" in answer["Cache-Control"]
    entry = AuditEntry.objects.get(action="customer.reveal")
    assert (entry.subject_key, entry.account_id, entry.reason) == ("C-1", account.pk, "calls about a wrong number")
    assert entry.after == {"fields": list(PERSON)}
    assert [value for value in PERSON.values() if value in str([entry.before, entry.after])] == []


@pytest.mark.parametrize("reason", ["", "   ", "x", "a  "])
def test_without_a_reason_nothing_is_revealed(account: CreditAccount, reason: str) -> None:
    answer = client_of(Role.ANALYST).post("/accounts/A-1/reveal/", {"reason": reason})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert [value for value in PERSON.values() if value in page] == []
    assert AuditEntry.objects.count() == 0


def test_only_those_who_may_see_the_buttons_see_them(account: CreditAccount) -> None:
    make_payment(account, paid_on=DAY, amount=100, payment_no="T-1")
    manager = client_of(Role.MANAGER).get("/accounts/A-1/").content.decode()
    lead = client_of(Role.TEAM_LEAD).get("/accounts/A-1/").content.decode()
    for words in ("/accounts/A-1/pay/", "/accounts/A-1/reveal/", "/waive/"):
        assert words in lead and words not in manager
    assert "/reverse/" in client_of(Role.TEAM_LEAD).get("/accounts/A-1/?tab=payments").content.decode()
    assert "/reverse/" not in client_of(Role.ANALYST).get("/accounts/A-1/?tab=payments").content.decode()


def pay_form(**fields: str) -> dict[str, str]:
    return {"amount": "100", "value_date": str(DAY + timedelta(days=1)), "reference": "W-1", "channel": "app", **fields}


def test_the_preview_says_what_a_payment_would_do_and_does_nothing(account: CreditAccount) -> None:
    before = book_rows()
    answer = client_of(Role.ANALYST).post("/accounts/A-1/pay/", pay_form(), headers={"HX-Request": "true"})
    text = text_of(answer)
    # On 1 October a day more of penalty is due: 5.50 of it, then 94.50 of principal.
    assert "as of 1 Oct 2025" in text
    assert "Overdue ¥1,005.50 ¥905.50" in text
    assert "It would pay O1/1 penalty ¥5.50 1 Oct 2025 O1/1 principal ¥94.50 1 Oct 2025" in text
    assert book_rows() == before


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("1e3", "请写 小数，如 1234.5，不带正负号和指数。"),
        ("1.234", "请写 最多 2 位小数。"),
        ("100000000.01", "请写 最多 100,000,000.00。"),
    ],
)
def test_what_is_no_amount_is_said_in_chinese_without_a_word_of_english(account: CreditAccount, amount: str, said: str) -> None:
    from accounts import forms
    from riskops.shared import money

    assert set(forms._AMOUNT_WORDINGS) == {money.MOST_DECIMALS, money.LARGEST_AMOUNT}
    client = client_of(Role.ANALYST)
    client.cookies["django_language"] = "zh-hans"
    assert f"{amount} 不是金额：{said}" in text_of(client.post("/accounts/A-1/pay/", pay_form(amount=amount)), 422)


def test_the_preview_says_what_the_payment_would_be_refused_for(account: CreditAccount) -> None:
    client = client_of(Role.ANALYST)
    form = pay_form(value_date="9999-12-31")
    part = text_of(client.post("/accounts/A-1/pay/", form, headers={"HX-Request": "true"}))
    whole = text_of(client.post("/accounts/A-1/pay/", {**form, "preview": "1"}))
    for text in (part, whole):
        assert "9999-12-31 is not between 1990-01-01 and 2099-12-31" in text
        assert "It would pay" not in text


def test_a_payment_is_posted_and_the_page_says_what_it_did(account: CreditAccount) -> None:
    answer = client_of(Role.ANALYST).post("/accounts/A-1/pay/", pay_form(reason="cash"), follow=True)
    text = text_of(answer)
    assert "Payment W-1 of ¥100.00 is in the book for 1 Oct 2025." in text
    assert "Overdue ¥1,005.50 → ¥905.50, days past due 11 → 11, bucket m1 → m1." in text
    payment = Payment.objects.get(payment_no="W-1")
    assert (payment.amount_minor, payment.paid_on, payment.channel, payment.is_posted) == (
        10_000,
        DAY + timedelta(days=1),
        "app",
        True,
    )
    entry = AuditEntry.objects.get(action="payment.post")
    assert (entry.subject_key, entry.reason, len(entry.request_id)) == ("W-1", "cash", 32)


def test_a_form_sent_twice_counts_once(account: CreditAccount) -> None:
    client = client_of(Role.ANALYST)
    client.post("/accounts/A-1/pay/", pay_form())
    before = book_rows()
    assert "the very same; nothing was done" in text_of(client.post("/accounts/A-1/pay/", pay_form(), follow=True))
    assert book_rows() == before


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"amount": "0"}, "amount", "not above zero"),
        ({"amount": "1.234"}, "amount", "at most 2 decimals"),
        ({"amount": "1e3"}, "amount", "a decimal such as 1234.5, without sign or exponent"),
        ({"amount": "-5"}, "amount", "a decimal such as 1234.5, without sign or exponent"),
        ({"amount": "100000000.01"}, "amount", "at most 100,000,000.00"),
        ({"amount": ""}, "amount", "required"),
        ({"value_date": "2024-12-31"}, "value_date", "was opened on 2025-01-01"),
        ({"value_date": "1989-12-31"}, "value_date", "is not between 1990-01-01 and 2099-12-31"),
        ({"value_date": "soon"}, "value_date", "valid date"),
        ({"reference": "T-taken"}, "reference", "in the book with other values"),
        ({"reference": ""}, "reference", "required"),
        ({"directed_to": "999999"}, "directed_to", "valid choice"),
    ],
)
def test_a_refusal_stands_beside_its_field_and_changes_nothing(
    account: CreditAccount, fields: dict[str, str], field: str, words: str
) -> None:
    make_payment(account, paid_on=DAY, amount=1, payment_no="T-taken")
    before = book_rows()
    answer = client_of(Role.ANALYST).post("/accounts/A-1/pay/", pay_form(**fields))
    assert answer.status_code == 422
    errors = dict(re.findall(r'id="id_(\w+)_error" role="alert">([^<]+)<', answer.content.decode()))
    assert words in unescape(errors[field])
    assert set(errors) == {field}
    assert book_rows() == before


def test_a_payment_of_a_later_day_waits_and_the_page_says_so(account: CreditAccount) -> None:
    client = client_of(Role.ANALYST)
    form = pay_form(value_date=str(DAY + timedelta(days=2)))
    preview = text_of(client.post("/accounts/A-1/pay/", form, headers={"HX-Request": "true"}))
    assert "It waits for the close of 2 Oct 2025 and changes nothing before." in preview
    text = text_of(client.post("/accounts/A-1/pay/", form, follow=True))
    assert "It counts from the close of its day." in text
    assert Payment.objects.get(payment_no="W-1").is_posted is False


def test_a_directed_payment_pays_the_instalment_it_names(account: CreditAccount) -> None:
    second = account.installments.get(sequence=2)
    client_of(Role.ANALYST).post("/accounts/A-1/pay/", pay_form(directed_to=str(second.pk)))
    second.refresh_from_db()
    assert second.principal_unpaid_minor == 90_000
    assert account.installments.get(sequence=1).principal_unpaid_minor == 100_000


def test_a_payment_is_reversed_with_a_reason(account: CreditAccount) -> None:
    client = client_of(Role.TEAM_LEAD)
    client.post("/accounts/A-1/pay/", pay_form(value_date=str(DAY)))
    form = {"value_date": str(DAY), "reference": "R-1", "reason": "bounced"}
    preview = text_of(client.post("/accounts/A-1/reverse/W-1/", form, headers={"HX-Request": "true"}))
    assert "It would undo O1/1 penalty −¥5.00 30 Sep 2025 O1/1 principal −¥95.00" in preview
    text = text_of(client.post("/accounts/A-1/reverse/W-1/", form, follow=True))
    assert "Payment W-1 is reversed from 30 Sep 2025 on. Overdue ¥905.00 → ¥1,005.00" in text
    assert AuditEntry.objects.get(action="payment.reverse").reason == "bounced"


def test_a_payment_of_another_account_is_not_reversed_from_here(account: CreditAccount) -> None:
    make_payment(make_account(account_no="A-9"), paid_on=DAY, amount=1, payment_no="T-9")
    before = book_rows()
    answer = client_of(Role.TEAM_LEAD).post(
        "/accounts/A-1/reverse/T-9/", {"value_date": DAY, "reference": "R", "reason": "why not"}
    )
    assert answer.status_code == 404
    assert book_rows() == before


def test_a_second_reversal_is_refused_above_the_form(account: CreditAccount) -> None:
    payment = make_payment(account, paid_on=DAY, amount=100, payment_no="T-1")
    make_reversal(payment, paid_on=DAY, payment_no="T-2")
    before = book_rows()
    form = {"value_date": str(DAY), "reference": "R-1", "reason": "again"}
    text = text_of(client_of(Role.TEAM_LEAD).post("/accounts/A-1/reverse/T-1/", form), 422)
    assert "was reversed on 2025-09-30 by T-2" in text
    assert book_rows() == before


def test_an_amount_is_waived_up_to_what_is_due(account: CreditAccount) -> None:
    client = client_of(Role.TEAM_LEAD)
    first = account.installments.get(sequence=1)
    form = {"component": "1", "amount": "5.01", "value_date": str(DAY), "reference": "V-1", "reason": "goodwill"}
    before = book_rows()
    assert "5.01 is more than the 5.00 due on 2025-09-30" in text_of(client.post(f"/accounts/A-1/waive/{first.pk}/", form), 422)
    assert book_rows() == before
    form["amount"] = "5.00"
    preview = text_of(client.post(f"/accounts/A-1/waive/{first.pk}/", form, headers={"HX-Request": "true"}))
    assert "Penalty due ¥5.00 ¥0.00" in preview
    text = text_of(client.post(f"/accounts/A-1/waive/{first.pk}/", form, follow=True))
    assert "¥5.00 is waived on instalment O1/1 from 30 Sep 2025 on." in text
    assert Waiver.objects.get().amount_minor == 500


def test_a_write_off_that_needs_a_second_person_is_handed_over_to_the_decision_form(account: CreditAccount) -> None:
    client, before = client_of(Role.APPROVER), book_rows()
    page = client.get("/accounts/A-1/write-off/")
    assert "does not let you write this account off alone" in text_of(page)
    assert "/accounts/A-1/decide/?action=write_off" in page.content.decode()
    form = {"value_date": str(DAY), "reference": "X-1", "reason": "insolvent"}
    refused = text_of(client.post("/accounts/A-1/write-off/", form), 422)
    assert "“write off” for ¥2,005.00 needs the approval of: manager" in refused
    AuthorityRow.objects.filter(action="write_off").delete()
    assert "not even with an approval" in text_of(client.post("/accounts/A-1/write-off/", form), 422)
    assert book_rows() == before


def test_an_account_is_written_off_once(account: CreditAccount) -> None:
    AuthorityRow.objects.filter(action="write_off", role="approver").update(approver_role="")
    client = client_of(Role.APPROVER)
    form = {"value_date": str(DAY), "reference": "X-1", "reason": "insolvent"}
    text = text_of(client.post("/accounts/A-1/write-off/", form, follow=True))
    assert "Account A-1 is written off from 30 Sep 2025 on" in text and "written off 30 Sep 2025" in text
    before = book_rows()
    refused = text_of(client.post("/accounts/A-1/write-off/", {**form, "reference": "X-2"}), 422)
    assert "was written off on 2025-09-30 by X-1" in refused
    assert book_rows() == before


def test_before_the_first_close_the_page_says_that_nothing_is_closed() -> None:
    make_account(account_no="A-1")
    text = text_of(client_of(Role.ANALYST).get("/accounts/A-1/"))
    assert "No day of this book is closed yet" in text and "never used" in text

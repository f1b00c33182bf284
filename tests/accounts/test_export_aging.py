"""`export_aging`: the columns of the contract, both truths, exit statuses, and a file that is whole or not there."""

from __future__ import annotations

import csv
import io
import os
import threading
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from closed_books import FIRST, LAST, MONTH_END, add_account, close, late_and_paid
from django.core.management import CommandError, call_command
from django.db import connection
from factories import TESTER, make_installment, make_payment, make_product

from accounts import exports
from accounts.models import AccountSnapshot, AccountState, CreditAccount
from accounts.operations.payments import post_payment, reverse_payment
from accounts.operations.write_offs import write_off
from accounts.queries import known
from riskops.shared.models import CloseRun


def export(path: Path, day: date, *arguments: str) -> list[dict[str, str]]:
    """Run the command and return the rows of its file."""
    call_command("export_aging", "--date", day.isoformat(), "--output", str(path), *arguments, stdout=io.StringIO())
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "aging.csv"


@pytest.fixture
def book(db: None) -> tuple[CreditAccount, CreditAccount]:
    """`late_and_paid`, closed from 29 March to 2 April."""
    accounts = late_and_paid()
    close()
    return accounts


LATE_ON_2_APRIL = {
    "account_no": "b-late",
    "as_of": "2025-04-02",
    "oldest_unpaid_due_date": "2025-03-01",
    "days_past_due": "32",
    "bucket": "m2",
    "overdue_principal": "100.00",
    "overdue_interest": "0.00",
    "overdue_fee": "0.00",
    # 10,000 × 1,000 ppm × 32 days.
    "penalty_due": "3.20",
    "overdue_total": "103.20",
    "outstanding_principal": "100.00",
    "credit_balance": "0.00",
    "category": "special_mention",
    "stage": "2",
    "tier": "middle",
}
PAID_ON_2_APRIL = {
    **LATE_ON_2_APRIL,
    "account_no": "A-paid",
    "oldest_unpaid_due_date": "",
    "days_past_due": "0",
    "bucket": "m0",
    "overdue_principal": "0.00",
    "penalty_due": "0.00",
    "overdue_total": "0.00",
    "outstanding_principal": "0.00",
    # 103.15 paid on 1 April for 100.00 and 31 days of penalty.
    "credit_balance": "0.05",
    "category": "normal",
    "stage": "1",
    "tier": "normal",
}


def test_the_file_has_the_columns_of_the_contract_and_a_row_an_account_by_code_point(
    book: tuple[CreditAccount, CreditAccount], file: Path
) -> None:
    rows = export(file, LAST)

    assert rows == [PAID_ON_2_APRIL, LATE_ON_2_APRIL]
    assert file.read_bytes().startswith(
        b"account_no,as_of,oldest_unpaid_due_date,days_past_due,bucket,overdue_principal,overdue_interest,overdue_fee,"
        b"penalty_due,overdue_total,outstanding_principal,credit_balance,category,stage,tier\r\n"
        b"A-paid,2025-04-02,,0,m0,0.00,0.00,0.00,0.00,0.00,0.00,0.05,normal,1,normal\r\n"
    )


def test_known_answers_for_any_day_before_or_after_the_last_close(book: tuple[CreditAccount, CreditAccount], file: Path) -> None:
    by_day = {day: export(file, day) for day in (date(2024, 12, 31), date(2025, 3, 1), date(2025, 3, 2), date(2026, 3, 1))}

    assert by_day[date(2024, 12, 31)] == []
    assert [row["days_past_due"] for row in by_day[date(2025, 3, 1)]] == ["0", "0"]
    assert [row["days_past_due"] for row in by_day[date(2025, 3, 2)]] == ["1", "1"]
    paid, late = by_day[date(2026, 3, 1)]
    assert (late["days_past_due"], late["bucket"], late["category"], late["stage"]) == ("365", "m7", "loss", "3")
    assert (paid["days_past_due"], paid["credit_balance"]) == ("0", "0.05")


def test_an_entry_of_a_closed_day_changes_what_is_known_and_not_what_was_reported(
    book: tuple[CreditAccount, CreditAccount], file: Path
) -> None:
    late, _ = book
    before = {day: export(file, day, "--as", "reported") for day in (MONTH_END, LAST)}

    post_payment(actor=TESTER, account_id=late.pk, amount_minor=10_000, value_date=date(2025, 3, 1), reference="T-late")
    reverse_payment(actor=TESTER, payment_no="T-paid", value_date=LAST, reference="R-paid", reason="bounced")

    assert {day: export(file, day, "--as", "reported") for day in (MONTH_END, LAST)} == before
    assert before[LAST] == [PAID_ON_2_APRIL, LATE_ON_2_APRIL]
    assert [row["days_past_due"] for row in before[MONTH_END]] == ["30", "30"]
    assert [(row["days_past_due"], row["penalty_due"]) for row in export(file, LAST)] == [("32", "3.20"), ("0", "0.00")]
    assert [(row["days_past_due"], row["penalty_due"]) for row in export(file, MONTH_END)] == [("30", "3.00"), ("0", "0.00")]


def test_reported_leaves_out_an_account_that_came_after_the_close(book: tuple[CreditAccount, CreditAccount], file: Path) -> None:
    new = make_account_without_state(book[0])
    post_payment(actor=TESTER, account_id=new.pk, amount_minor=100, value_date=LAST, reference="T-new")

    assert [row["account_no"] for row in export(file, LAST, "--as", "reported")] == ["A-paid", "b-late"]
    assert [row["account_no"] for row in export(file, MONTH_END, "--as", "reported")] == ["A-paid", "b-late"]
    assert [row["account_no"] for row in export(file, LAST)] == ["A-new", "A-paid", "b-late"]


def make_account_without_state(like: CreditAccount) -> CreditAccount:
    """Return an account opened on a closed day that no close has seen."""
    return CreditAccount.objects.create(
        account_no="A-new",
        customer=like.customer,
        product=like.product,
        opened_on=MONTH_END,
        credit_limit_minor=1,
        content_hash=0,
    )


@pytest.mark.parametrize("day", [FIRST, date(2025, 4, 1), date(2025, 4, 3), date(2025, 2, 28)])
def test_reported_for_another_day_exits_2_lists_the_days_and_leaves_the_file_as_it_was(
    book: tuple[CreditAccount, CreditAccount], file: Path, day: date
) -> None:
    file.write_text("yesterday's")

    with pytest.raises(CommandError, match=r"Reported days: 2025-03-31, 2025-04-02\.") as refusal:
        call_command("export_aging", "--date", day.isoformat(), "--as", "reported", "--output", str(file))

    assert refusal.value.returncode == 2
    assert [path.name for path in file.parent.iterdir()] == ["aging.csv"]
    assert file.read_text() == "yesterday's"


def test_before_the_first_close_nothing_is_reported_and_everything_is_known(db: None, file: Path) -> None:
    late_and_paid()

    with pytest.raises(CommandError, match="Reported days: none yet"):
        export(file, LAST, "--as", "reported")
    assert export(file, LAST) == [PAID_ON_2_APRIL, LATE_ON_2_APRIL]


def test_while_a_day_is_being_closed_the_last_one_is_reported_only_as_a_month_end(db: None, file: Path) -> None:
    late_and_paid()
    close(FIRST, MONTH_END)
    CloseRun.objects.create(
        business_date=date(2025, 4, 1), through=date(2025, 4, 1), status=CloseRun.Status.RUNNING, started_by="x"
    )
    # The running close has aged one account already.
    AccountState.objects.filter(account__account_no="b-late").update(days_past_due=31)

    assert [row["days_past_due"] for row in export(file, MONTH_END, "--as", "reported")] == ["30", "30"]


def test_a_month_filled_in_later_is_not_taken_for_a_reported_one(book: tuple[CreditAccount, CreditAccount], file: Path) -> None:
    AccountSnapshot.objects.filter(as_of=MONTH_END).update(provenance="rebuilt")

    assert export(file, MONTH_END, "--as", "reported") == []


def test_amounts_have_the_digits_of_their_currency(db: None, file: Path) -> None:
    for currency, digits in (("JPY", 0), ("KWD", 3), ("CNY", 2)):
        account = add_account(currency, product=make_product(currency=currency, minor_digits=digits))
        make_installment(account, due_date=date(2025, 3, 1), principal=12_345)

    assert [(row["account_no"], row["overdue_total"]) for row in export(file, LAST)] == [
        ("CNY", "123.45"),
        ("JPY", "12345"),
        ("KWD", "12.345"),
    ]


def test_account_numbers_that_a_spreadsheet_would_run_get_an_apostrophe(db: None, file: Path) -> None:
    product = make_product()
    for number in ("=1+1", "+86", "-5", "@x", "'q", 'a,"b"', "x=1"):
        add_account(number, product=product)

    assert [row["account_no"] for row in export(file, LAST)] == ["''q", "'+86", "'-5", "'=1+1", "'@x", 'a,"b"', "x=1"]


def test_waivers_and_write_offs_are_known(book: tuple[CreditAccount, CreditAccount], file: Path) -> None:
    write_off(actor=TESTER, account_id=book[0].pk, value_date=LAST, reference="X1", reason="gone")

    found = {account.account_no: account.is_written_off for account in known.known_states(LAST)}
    assert found == {"A-paid": False, "b-late": True}
    # A written-off account keeps aging.
    assert export(file, LAST) == [PAID_ON_2_APRIL, LATE_ON_2_APRIL]


@pytest.mark.parametrize("text", ["2025-02-30", "20250402", "yesterday"])
def test_a_date_that_is_none_is_an_unusable_argument(db: None, file: Path, text: str) -> None:
    with pytest.raises(CommandError, match=text):
        call_command("export_aging", "--date", text, "--output", str(file))


def test_a_file_that_cannot_be_written_exits_2_and_says_so(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written") as refusal:
        call_command("export_aging", "--date", "2025-04-02", "--output", str(tmp_path / "no" / "aging.csv"))

    assert refusal.value.returncode == 2


def test_a_file_is_there_when_it_is_whole_and_not_before(tmp_path: Path) -> None:
    target = tmp_path / "f.csv"
    target.write_text("old")

    with pytest.raises(ZeroDivisionError), exports.whole_file(target) as file:
        file.write("half")
        raise ZeroDivisionError

    assert [path.name for path in tmp_path.iterdir()] == ["f.csv"]
    assert target.read_text() == "old"


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    with exports.whole_file(pipe) as file:
        file.write("all")

    assert os.read(reader, 10) == b"all"
    assert pipe.is_fifo()
    os.close(reader)


def test_behind_a_link_the_file_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "aging.csv")

    with exports.whole_file(tmp_path / "link.csv") as file:
        file.write("all")

    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "aging.csv").read_text() == "all"


@pytest.mark.django_db(transaction=True)
def test_the_file_is_of_one_moment_though_others_post_meanwhile(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    late, _ = late_and_paid()
    close()
    monkeypatch.setattr(known, "ACCOUNTS_AT_ONCE", 1)
    cells = exports._cells
    posted: list[str] = []

    def post() -> None:
        post_payment(actor=TESTER, account_id=late.pk, amount_minor=5_000, value_date=LAST, reference="T-meanwhile")
        posted.append("T-meanwhile")
        connection.close()

    def cells_and_a_posting(account: Any, day: str) -> Any:
        if not posted:
            thread = threading.Thread(target=post)
            thread.start()
            thread.join(60)
        return cells(account, day)

    monkeypatch.setattr(exports, "_cells", cells_and_a_posting)

    assert export(file, LAST) == [PAID_ON_2_APRIL, LATE_ON_2_APRIL]
    assert posted == ["T-meanwhile"]
    assert export(file, LAST)[1]["outstanding_principal"] == "53.20"


def test_a_payment_that_waits_for_its_day_is_known_on_that_day(book: tuple[CreditAccount, CreditAccount], file: Path) -> None:
    make_payment(book[0], paid_on=date(2025, 4, 5), amount=10_350)

    # Due for 35 days by the 5th: 3.50 of penalty and all of the principal.
    assert [export(file, date(2025, 4, day))[1]["overdue_total"] for day in (4, 5)] == ["103.40", "0.00"]

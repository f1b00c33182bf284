"""The sample book ages as the source recorded: all 30,000 accounts at all six month-ends, checked twice.

Once by an oracle written here from the text of portfolio-format ("Aging, exactly") and nothing else, once by the engine.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from accounts.rules.entries import InstallmentEntry, PaymentEntry
from accounts.rules.replay import rebuild
from accounts.sample_book import SOURCE_NOTE, DataFileDamaged, DayOutOfRange, SampleBook, source, write_sample_book
from accounts.sample_book.convert import TERMS
from accounts.sample_book.people import identity_check_sum
from accounts.sample_book.window import DUE_DAYS, calendar_before

# The book is written and aged once; spread over workers (--dist loadgroup) each would do it again.
pytestmark = pytest.mark.xdist_group("sample_book")

TODAY = date(2026, 11, 22)
MONTH_ENDS = [date(2026, 5, 31), date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31), date(2026, 9, 30), date(2026, 10, 31)]
ACCOUNT_MONTHS = 180_000


# --- the book, written once -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> SampleBook:
    return write_sample_book(tmp_path_factory.mktemp("sample"), today=TODAY)


def rows_of(book: SampleBook, name: str) -> list[dict[str, str]]:
    with (book.folder / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def installments(book: SampleBook) -> dict[str, list[dict[str, str]]]:
    return grouped(rows_of(book, "installments.csv"))


@pytest.fixture(scope="module")
def payments(book: SampleBook) -> dict[str, list[dict[str, str]]]:
    return grouped(rows_of(book, "payments.csv"))


def grouped(rows: list[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    by_account: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_account[row["account_no"]].append(row)
    return by_account


@pytest.fixture(scope="module")
def recorded() -> dict[str, dict[str, str]]:
    """The source's rows by account number, read here and not by the code under test."""
    with gzip.open(source.DATA_FILE, "rt", encoding="ascii") as handle:
        return {f"UCI-{int(row['ID']):05d}": row for row in csv.DictReader(handle)}


def statuses(row: dict[str, str]) -> list[int]:
    return [int(row[column]) for column in ("PAY_6", "PAY_5", "PAY_4", "PAY_3", "PAY_2", "PAY_0")]


def bills(row: dict[str, str]) -> list[int]:
    return [int(row[f"BILL_AMT{i}"]) for i in (6, 5, 4, 3, 2, 1)]


def bucket_of_status(status: int, following: int | None) -> int:
    """m1 before a recorded 2 that followed on a status below 1: one-month delays were not recorded."""
    if status >= 1:
        return min(status, 7)
    return 1 if following == 2 else 0


def expected_buckets(row: dict[str, str]) -> list[int]:
    months = statuses(row)
    return [bucket_of_status(status, following) for status, following in zip(months, [*months[1:], None], strict=True)]


# --- the oracle: rules 0 to 5 of "Aging, exactly" for this product, days as ordinals, amounts in minor units ------------

GRACE, PPM, CAP_PERCENT = 3, 438, 10


def ordinal(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def minor(text: str) -> int:
    return int(Decimal(text) * 100)


class Owed:
    """One instalment; `history` is its unpaid principal at the close of each day on which that changed."""

    def __init__(self, row: dict[str, str]) -> None:
        self.booked, self.due = ordinal(row["booked_on"]), ordinal(row["due_date"])
        self.rank = (self.due, row["order_no"], int(row["sequence"]))
        self.principal = self.unpaid = minor(row["principal"])
        self.history = [(self.booked, self.principal)]
        self.penalty_paid = 0

    def unpaid_at_close(self, day: int) -> int:
        return [unpaid for since, unpaid in self.history if since <= day][-1]

    def penalty_due(self, day: int) -> int:
        grace_end = self.due + GRACE
        if day <= grace_end or self.unpaid_at_close(grace_end) == 0:
            return 0
        micro = sum(self.unpaid_at_close(d - 1) * PPM for d in range(self.due + 1, day + 1))
        micro = min(micro, self.principal * CAP_PERCENT * 10_000)
        return (micro + 500_000) // 1_000_000 - self.penalty_paid

    def take(self, money: int, day: int) -> int:
        penalty = min(money, self.penalty_due(day))
        self.penalty_paid += penalty
        principal = min(money - penalty, self.unpaid)
        if principal:
            self.unpaid -= principal
            self.history.append((day, self.unpaid))
        return money - penalty - principal


def oracle(installments: list[dict[str, str]], payments: list[dict[str, str]]) -> list[tuple[int, int, int]]:
    """Return days past due, outstanding principal and credit (minor units) at the close of each of the six month-ends."""
    queue = sorted((Owed(row) for row in installments), key=lambda owed: owed.rank)
    paid = sorted((ordinal(row["paid_on"]), row["payment_no"], minor(row["amount"])) for row in payments)
    credit, figures, last_day = 0, [], 0
    for month_end in (day.toordinal() for day in MONTH_ENDS):
        moments = {day for day, _, _ in paid if last_day < day <= month_end}
        moments |= {owed.booked for owed in queue if last_day < owed.booked <= month_end}
        for day in sorted(moments):
            waiting, credit = credit, 0
            for money in [waiting, *(amount for on, _, amount in paid if on == day)]:
                left = money
                for owed in queue:
                    if left and owed.booked <= day:
                        left = owed.take(left, day)
                credit += left
        past_due = [owed.due for owed in queue if owed.booked <= month_end and owed.due < month_end and owed.unpaid]
        outstanding = sum(owed.unpaid for owed in queue if owed.booked <= month_end)
        figures.append((month_end - min(past_due) if past_due else 0, outstanding, credit))
        last_day = month_end
    return figures


def bucket_of_days(days_past_due: int) -> int:
    return sum(days_past_due >= first for first in (1, 31, 61, 91, 121, 151, 181))


@pytest.fixture(scope="module")
def aged(installments, payments, recorded) -> dict[str, list[tuple[int, int, int]]]:
    return {account: oracle(installments[account], payments[account]) for account in recorded}


# --- the statuses -------------------------------------------------------------------------------------------------------


def test_every_account_stands_at_every_month_end_in_the_bucket_of_its_recorded_status(aged, recorded):
    wrong = []
    for account, row in recorded.items():
        found = [bucket_of_days(days) for days, _, _ in aged[account]]
        if found != expected_buckets(row):
            wrong.append((account, found, expected_buckets(row)))
    assert wrong == []
    assert sum(len(figures) for figures in aged.values()) == ACCOUNT_MONTHS


def test_the_last_month_end_has_the_bucket_counts_of_september_2005(aged):
    """Worked out by hand from the source's published status counts: 2,759 + 5,686 + 14,737 not late; 9 + 19 at 7 and over."""
    counts = Counter(bucket_of_days(figures[-1][0]) for figures in aged.values())
    assert counts == {0: 23_182, 1: 3_688, 2: 2_667, 3: 322, 4: 76, 5: 26, 6: 11, 7: 28}


def test_balances_are_the_recorded_bills_wherever_the_status_permits(aged, recorded):
    same = late_without_bill = other = 0
    for account, row in recorded.items():
        for bill, (days, outstanding, credit) in zip(bills(row), aged[account], strict=True):
            if outstanding - credit == bill * 100:
                same += 1
            elif bill <= 0 and days > 0:
                late_without_bill += 1
            else:
                other += 1
    assert (same, late_without_bill, other) == (177_427, 2_292, 281)


@pytest.mark.slow
def test_the_engine_finds_the_same_days_past_due_and_balances(aged, installments, payments, recorded):
    for account in recorded:
        entries = [
            InstallmentEntry(
                key,
                row["order_no"],
                int(row["sequence"]),
                date.fromisoformat(row["booked_on"]),
                date.fromisoformat(row["due_date"]),
                minor(row["principal"]),
                0,
                0,
            )
            for key, row in enumerate(installments[account])
        ]
        money = [
            PaymentEntry(key, row["payment_no"], date.fromisoformat(row["paid_on"]), minor(row["amount"]))
            for key, row in enumerate(payments[account])
        ]
        for month_end, figures in zip(MONTH_ENDS, aged[account], strict=True):
            state = rebuild(terms=TERMS, installments=entries, payments=money, as_of=month_end).state
            assert (state.days_past_due, state.outstanding_principal_minor, state.credit_balance_minor) == figures, account


def test_due_days_keep_their_bucket_at_every_month_end_of_the_calendar():
    for first_month in range(1990 * 12, 2099 * 12):
        calendar = calendar_before(date(2026, 1, 1))._replace(first_month=first_month)
        month_end = calendar.month_end(0)
        for due_day in DUE_DAYS:
            for months_late in range(1, 9):
                days = (month_end - calendar.day(1 - months_late, due_day)).days
                assert bucket_of_days(days) == min(months_late, 7), (month_end, due_day, months_late)


# --- the files ----------------------------------------------------------------------------------------------------------


def test_month_ends_are_the_six_before_today(book):
    assert list(book.month_ends) == MONTH_ENDS
    assert book.shift_months == 253
    assert book.shift == "253 months: September 2005 is October 2026"


@pytest.mark.parametrize(
    ("today", "last"),
    [
        (date(2026, 10, 31), date(2026, 9, 30)),
        (date(2026, 11, 1), date(2026, 10, 31)),
        (date(2024, 3, 1), date(2024, 2, 29)),
        (date(2025, 1, 15), date(2024, 12, 31)),
    ],
)
def test_a_month_end_that_is_today_does_not_count(today, last):
    assert calendar_before(today).month_end(5) == last


@pytest.mark.parametrize("today", [date(1994, 12, 31), date(2099, 7, 1)])
def test_a_day_beyond_the_files_calendar_is_refused_and_nothing_is_written(tmp_path, today):
    with pytest.raises(DayOutOfRange, match=str(today)):
        write_sample_book(tmp_path / "sample", today=today)
    assert not (tmp_path / "sample").exists()


def test_a_damaged_source_is_refused(tmp_path, monkeypatch):
    damaged = tmp_path / "credit_card_clients.csv.gz"
    damaged.write_bytes(gzip.compress(gzip.decompress(source.DATA_FILE.read_bytes())[:-2]))
    monkeypatch.setattr(source, "DATA_FILE", damaged)
    with pytest.raises(DataFileDamaged):
        next(source.card_clients())


@pytest.mark.slow
def test_another_process_writes_the_same_bytes(book, tmp_path):
    script = (
        "import sys, pathlib, datetime; from accounts.sample_book import write_sample_book; "
        "write_sample_book(pathlib.Path(sys.argv[1]), today=datetime.date(2026, 11, 22))"
    )
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(root)}
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, env=environment, cwd=root)
    files = sorted(path.name for path in book.folder.iterdir())
    assert files == ["accounts.csv", "customers.csv", "installments.csv", "manifest.csv", "payments.csv", "products.csv"]
    assert [digest(tmp_path / name) for name in files] == [digest(book.folder / name) for name in files]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_manifest_agrees_with_the_files(book):
    column = {"accounts.csv": "credit_limit", "installments.csv": "principal", "payments.csv": "amount"}
    for line in rows_of(book, "manifest.csv"):
        rows = rows_of(book, line["file"])
        assert int(line["rows"]) == len(rows)
        assert line["business_date"] == "2026-10-31"
        if line["file"] in column:
            assert Decimal(line["amount_total"]) == sum(Decimal(row[column[line["file"]]]) for row in rows)
        else:
            assert line["amount_total"] == ""


def test_every_column_of_the_source_is_kept_as_it_is(book, recorded):
    accounts = rows_of(book, "accounts.csv")
    assert [row["account_no"] for row in accounts] == list(recorded)
    for row in accounts:
        original = recorded[row["account_no"]]
        assert {f"x_{name.lower()}": value for name, value in original.items() if name != "ID"} == {
            name: value for name, value in row.items() if name.startswith("x_")
        }
        assert row["credit_limit"] == original["LIMIT_BAL"]
    assert sum(row["x_default_next_month"] == "1" for row in accounts) == 6_636


def test_rows_keep_the_rules_of_the_files(book, installments, payments):
    for account in rows_of(book, "accounts.csv"):
        number, opened_on = account["account_no"], account["opened_on"]
        assert len({(row["order_no"], row["sequence"]) for row in installments[number]}) == len(installments[number])
        for row in installments[number]:
            assert opened_on <= row["booked_on"] <= row["due_date"]
            assert int(row["principal"]) > 0
        for row in payments[number]:
            assert row["paid_on"] >= opened_on
            assert re.fullmatch(r"[0-9]+\.[0-9]{2}", row["amount"]) and Decimal(row["amount"]) > 0
    everything = rows_of(book, "payments.csv")
    assert len({row["payment_no"] for row in everything}) == len(everything)
    assert max(row["paid_on"] for row in everything) <= "2026-10-31"


# --- the money ----------------------------------------------------------------------------------------------------------


def test_payments_are_the_recorded_ones_plus_penalty_unless_the_status_forbids(book, recorded):
    by_month = {f"{day:%Y-%m}": f"PAY_AMT{6 - index}" for index, day in enumerate(MONTH_ENDS)}
    exact = with_penalty = less = adjustments = 0
    for row in rows_of(book, "payments.csv"):
        paid = Decimal(recorded[row["account_no"]][by_month[row["paid_on"][:7]]])
        if row["channel"] == "adjustment":
            adjustments += 1
        else:
            exact += Decimal(row["amount"]) == paid
            with_penalty += Decimal(row["amount"]) > paid
            less += Decimal(row["amount"]) < paid
    assert (exact, with_penalty, less, adjustments) == (124_539, 17_585, 956, 9_951)
    assert book.counts["payments as recorded"] == 141_955
    assert book.counts["payments cut to what the status allows"] == 1_125
    assert book.counts["payments added by adjustment"] == adjustments


def test_a_late_account_worked_out_by_hand(installments, payments):
    """Source row 2: statuses 2 0 0 0 2 −1, recorded payments 2000 0 1000 1000 1000 0. Penalty 438 ppm a day from the due date.

    21 May: 264 due 19 March, 63 days, 7.284816 → 7.28; 1836 due 19 April, 32 days, 25.733376 → 25.73; 100 of it is left.
    7 June: 17 more days on that 100, 0.7446, makes 26.477976 → 26.48, of which 25.73 is paid: 0.75.
    17 July pays 173 and 827 of the 2927 due 19 August; 19 August pays 1000 more on the due date: no penalty, 1100 left.
    10 September: 22 days on 1100, 10.5996 → 10.60; 1000 of it cannot settle an account recorded as 2: 100 is left.
    20 October: 40 more days on that 100, 1.752, makes 12.3516 → 12.35, of which 10.60 is paid: 1.75.
    """
    assert [(row["due_date"], row["principal"]) for row in installments["UCI-00002"]][:4] == [
        ("2026-03-19", "264"),
        ("2026-04-19", "1836"),
        ("2026-07-19", "173"),
        ("2026-08-19", "2927"),
    ]
    assert [(row["paid_on"], row["amount"], row["channel"]) for row in payments["UCI-00002"]] == [
        ("2026-05-21", "2033.01", "convenience_store"),
        ("2026-06-07", "100.75", "adjustment"),
        ("2026-07-17", "1000.00", "convenience_store"),
        ("2026-08-19", "1000.00", "convenience_store"),
        ("2026-09-10", "1010.60", "convenience_store"),
        ("2026-10-20", "101.75", "adjustment"),
    ]
    days = [days for days, _, _ in oracle(installments["UCI-00002"], payments["UCI-00002"])]
    assert days == [42, 0, 0, 12, 42, 0]


# --- the people ---------------------------------------------------------------------------------------------------------


def test_nobody_can_be_reached(book):
    people = rows_of(book, "customers.csv")
    assert len(people) == len({row["phone"] for row in people}) == len({row["email"] for row in people}) == 30_000
    for row in people:
        assert re.fullmatch(r"\+1[2-9][0-8][0-9]55501[0-9]{2}", row["phone"])
        assert row["phone"][2:5] not in {"800", "822", "833", "844", "855", "866", "877", "888", "900", "555"}
        assert row["email"].split("@")[1] in {"example.com", "example.net", "example.org"}
        assert re.fullmatch(r"[A-Z][12][0-9]{8}", row["national_id"]) and identity_check_sum(row["national_id"]) != 0
        assert re.search("示例市|Sampleton", row["address"])
    assert len({row["device_ids"] for row in people}) == 30_000
    assert {row["language"] for row in people} == {"zh-hans", "en"}


def test_the_identity_check_knows_a_valid_number():
    """A123456789, the specimen on the registry's own forms: 1 + 0·9 + 1·8 + 2·7 + 3·6 + 4·5 + 5·4 + 6·3 + 7·2 + 8·1 + 9 = 130."""
    assert identity_check_sum("A123456789") == 0
    assert identity_check_sum("A123456788") == 9


def test_the_note_names_source_licence_and_what_is_invented():
    for note in SOURCE_NOTE.values():
        assert "10.24432/C55S3H" in note and "CC BY 4.0" in note
    assert set(SOURCE_NOTE) == {"en", "zh-hans"}
    assert "invented" in SOURCE_NOTE["en"] and "虚构" in SOURCE_NOTE["zh-hans"]


def test_the_window_is_whole_months(book):
    assert all((day + timedelta(days=1)).day == 1 for day in book.month_ends)

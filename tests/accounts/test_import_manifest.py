"""manifest.csv: control totals before anything is loaded, and the feeds that came."""

from datetime import date, time
from pathlib import Path

import pytest
from deliveries import GOOD, deliver, found, last_import, write_files
from factories import TESTER

from accounts.models import Customer
from accounts.operations.importing import import_portfolio
from riskops.shared.models import Feed, FeedArrival

pytestmark = pytest.mark.django_db

HEADER = "file,rows,amount_total,business_date\n"
#: 10000 + 5000.50; 100 + 1.25 + 0.5 + 100 + 200; 50 + 20.
TOTALS = (
    HEADER
    + "products.csv,1,,2025-02-10\ncustomers.csv,2,,2025-02-10\naccounts.csv,2,15000.50,2025-02-10\n"
    + "installments.csv,3,401.75,2025-02-10\npayments.csv,2,70,2025-02-10\n"
)


def _has_come(day: date) -> bool:
    return FeedArrival.objects.filter(feed__name="payments", business_date=day).exists()


@pytest.fixture
def feed() -> Feed:
    return Feed.objects.create(name="payments", file_name="payments.csv", cut_off=time(6))


def test_right_totals_let_the_delivery_in_and_the_feed_has_come(tmp_path: Path, feed: Feed) -> None:
    outcome = deliver(tmp_path, **GOOD, manifest=TOTALS)

    assert outcome.is_clean
    assert outcome.log.warnings == []
    arrival = FeedArrival.objects.get()
    assert (arrival.feed, arrival.business_date, arrival.rows, arrival.amount_total) == (feed, date(2025, 2, 10), 2, "70.00")
    assert arrival.import_id == outcome.portfolio_import.pk
    assert _has_come(date(2025, 2, 10))
    assert not _has_come(date(2025, 2, 11))


@pytest.mark.parametrize(
    ("line", "column", "value", "code", "message"),
    [
        ("payments.csv,3,70,", "rows", "3", "manifest_rows", "the manifest says 3 rows, the file has 2 (-1)"),
        ("payments.csv,1,70,", "rows", "1", "manifest_rows", "the manifest says 1 rows, the file has 2 (+1)"),
        (
            "payments.csv,2,70.01,", "amount_total", "70.01", "manifest_amount",
            "the manifest says a total of 70.01, the file adds up to 70.00 (-0.01)",
        ),
        ("customers.csv,2,1,", "amount_total", "1.00", "manifest_no_amount", "this file has no amounts to add up"),
        (
            "cards.csv,2,,", "file", "cards.csv", "manifest_unknown_file",
            "the manifest lists a file that is none of the portfolio files",
        ),
        ("payments.csv,two,,", "rows", "two", "whole_malformed", "this is no whole number"),
        ("payments.csv,2,7e1,", "amount_total", "7e1", "amount_malformed", "this is no plain amount"),
        ("payments.csv,2,70,2025-02-30", "business_date", "2025-02-30", "date_impossible", "there is no such day"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("on_error", ["abort", "quarantine"])
def test_wrong_totals_keep_the_whole_delivery_out(
    tmp_path: Path, feed: Feed, on_error: str, line: str, column: str, value: str, code: str, message: str
) -> None:
    outcome = deliver(tmp_path, on_error=on_error, **GOOD, manifest=HEADER + line + "\n")

    assert found(outcome) == [("manifest.csv", 2, column, value, code)]
    assert outcome.log.errors[0].message == message
    assert outcome.portfolio_import.status == "refused"
    assert not Customer.objects.exists()
    assert not _has_come(date(2025, 2, 10))


def test_nothing_adds_up_to_nothing_in_a_file_without_amounts(tmp_path: Path) -> None:
    outcome = deliver(
        tmp_path,
        **GOOD,
        manifest=TOTALS.replace("products.csv,1,,", "products.csv,1,0,").replace("customers.csv,2,,", "customers.csv,2,0.00,"),
    )

    assert found(outcome) == []
    assert outcome.log.warnings == []


def test_a_listed_file_that_did_not_come_keeps_the_delivery_out(tmp_path: Path) -> None:
    files = {name: text for name, text in GOOD.items() if name != "payments"}

    assert found(deliver(tmp_path, **files, manifest=TOTALS)) == [
        ("manifest.csv", 6, "file", "payments.csv", "manifest_missing_file")
    ]
    assert not Customer.objects.exists()


def test_a_file_listed_twice_keeps_the_delivery_out(tmp_path: Path) -> None:
    outcome = deliver(tmp_path, **GOOD, manifest=TOTALS + "payments.csv,2,70,\n")
    assert found(outcome) == [("manifest.csv", 7, "file", "payments.csv", "manifest_duplicate")]


def test_a_file_that_is_not_listed_is_a_warning(tmp_path: Path) -> None:
    outcome = deliver(tmp_path, **GOOD, manifest=HEADER + "payments.csv,2,70,\n")

    assert outcome.is_clean
    assert [(w.file, w.code) for w in outcome.log.warnings] == [
        (f"{name}.csv", "manifest_not_listed") for name in ("products", "customers", "accounts", "installments")
    ]


def test_totals_count_bad_and_repeated_rows_too(tmp_path: Path) -> None:
    payments = GOOD["payments"] + "P1,A1,2025-02-01,50,bank,,,\nP9,A9,2025-02-01,5,,,,\nP8,A1,2024-01-01,4,,,,\n"

    outcome = deliver(tmp_path, on_error="quarantine", **GOOD | {"payments": payments}, manifest=HEADER + "payments.csv,5,129,\n")

    assert outcome.portfolio_import.status == "applied"
    assert outcome.portfolio_import.counts["payments.csv"] == {
        "rows": 5, "added": 2, "changed": 0, "unchanged": 0, "refused": 2, "repeated": 1,
    }  # fmt: skip


def test_a_total_with_unreadable_amounts_is_not_compared(tmp_path: Path) -> None:
    payments = GOOD["payments"] + "P9,A1,2025-02-01,5e0,,,,\n"

    outcome = deliver(tmp_path, on_error="quarantine", **GOOD | {"payments": payments}, manifest=HEADER + "payments.csv,3,75,\n")

    assert outcome.portfolio_import.status == "applied"
    assert "manifest_amount_unread" in [w.code for w in outcome.log.warnings]


def test_without_a_day_in_the_manifest_the_feed_is_still_missing(tmp_path: Path, feed: Feed) -> None:
    outcome = deliver(tmp_path, **GOOD)

    assert outcome.is_clean
    assert [(w.file, w.code) for w in outcome.log.warnings] == [("payments.csv", "feed_without_day")]
    assert not _has_come(date(2025, 2, 10))


def test_a_feed_of_which_rows_were_set_aside_comes_with_the_rest_of_them(tmp_path: Path, feed: Feed) -> None:
    deliver(tmp_path, **GOOD)
    header = GOOD["payments"].splitlines()[0] + "\n"
    # The account number of the second payment is mistyped: its payer must not be taken for one who did not pay.
    rows, line = "P3,A1,2025-02-11,5,,,,\nP4,A22,2025-02-11,7,,,,\n", "payments.csv,2,12,2025-02-11\n"

    outcome = deliver(tmp_path, on_error="quarantine", payments=header + rows, manifest=HEADER + line)

    assert outcome.portfolio_import.status == "applied"
    assert [(w.file, w.code, w.params) for w in outcome.log.warnings] == [
        ("payments.csv", "feed_not_whole", {"refused": 1, "day": "2025-02-11"})
    ]
    assert not _has_come(date(2025, 2, 11))

    corrected, line = "P4,A2,2025-02-11,7,,,,\n", "payments.csv,1,7,2025-02-11\n"
    assert deliver(tmp_path, payments=header + corrected, manifest=HEADER + line).is_clean

    assert _has_come(date(2025, 2, 11))


def test_an_empty_feed_of_a_quiet_day_has_come(tmp_path: Path, feed: Feed) -> None:
    deliver(tmp_path, **GOOD)

    header = GOOD["payments"].splitlines()[0] + "\n"
    assert deliver(tmp_path, payments=header, manifest=HEADER + "payments.csv,0,0,2025-02-11\n").is_clean

    assert _has_come(date(2025, 2, 11))


def test_a_feed_configured_after_its_file_came_is_noted_when_the_file_comes_again(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "d", **GOOD, manifest=TOTALS)
    assert import_portfolio(folder, actor=TESTER).is_clean
    Feed.objects.create(name="payments", file_name="payments.csv", cut_off=time(6))
    assert not _has_come(date(2025, 2, 10))

    assert import_portfolio(folder, actor=TESTER).is_clean

    assert last_import().counts["payments.csv"]["unchanged"] == 2
    assert _has_come(date(2025, 2, 10))


def test_a_dry_run_brings_no_feed(tmp_path: Path, feed: Feed) -> None:
    assert deliver(tmp_path, is_dry_run=True, **GOOD, manifest=TOTALS).is_clean
    assert not _has_come(date(2025, 2, 10))

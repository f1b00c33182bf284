"""manage.py import_portfolio: exit statuses, report, what is printed; load_sample's and make_book's refusals."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from deliveries import GOOD, write_files
from django.core.management import CommandError, call_command, execute_from_command_line
from factories import make_account

from accounts.models import CreditAccount, Customer, PortfolioImport
from riskops.shared.day import book_state
from riskops.shared.models import BookState

pytestmark = pytest.mark.django_db


def _run(*words: Any) -> tuple[int, str]:
    """Run the command and return its exit status and what it printed."""
    out = io.StringIO()
    try:
        call_command("import_portfolio", *map(str, words), stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    except CommandError as refusal:
        return refusal.returncode, str(refusal)
    return 0, out.getvalue()


def test_all_loaded_is_0(tmp_path: Path) -> None:
    status, printed = _run(write_files(tmp_path / "d", **GOOD))

    assert status == 0
    assert printed.splitlines()[3] == "installments.csv: 3 rows, 3 added, 0 changed, 0 unchanged, 0 repeated, 0 refused"
    assert printed.splitlines()[-1] == f"import {PortfolioImport.objects.get().pk}: loaded"


def test_a_warning_is_no_refusal(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "d", **GOOD, extra="a\n")
    status, printed = _run(folder)
    assert status == 0
    assert printed.startswith("warning: extra.csv: this is none of the portfolio files and was passed over; ")


def test_anything_refused_is_1_and_nothing_is_loaded(tmp_path: Path) -> None:
    status, printed = _run(write_files(tmp_path / "d", **GOOD | {"accounts": GOOD["accounts"] + "A3,C1,std,2025-01-01,-5\n"}))

    assert status == 1
    assert printed.splitlines()[0] == (
        "error: accounts.csv:4 credit_limit '-5': the amount is negative; amounts have no sign; a payment is undone by a reversal"
    )
    assert not Customer.objects.exists()


def test_good_rows_loaded_and_bad_ones_aside_is_1(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "d", **GOOD | {"accounts": GOOD["accounts"] + "A3,C1,std,2025-01-01,-5\n"})

    status, printed = _run(folder, "--on-error", "quarantine")

    assert status == 1
    assert f"set aside: {PortfolioImport.objects.get().quarantine_path}" in printed.splitlines()
    assert CreditAccount.objects.count() == 2


@pytest.mark.parametrize(
    "words",
    [
        ["{0}/nowhere"],
        ["{0}/file.txt"],
        ["{0}/d", "--report", "{0}/none/report.json"],
        ["{0}/d", "--report", "{0}"],
        ["{0}/d", "--report", "{0}/" + "r" * 300],
        ["{0}/d", "--on-error", "ignore"],
        [],
    ],
)
def test_unusable_arguments_are_2_and_leave_no_trace(tmp_path: Path, words: list[str]) -> None:
    write_files(tmp_path / "d", **GOOD)
    (tmp_path / "file.txt").write_text("x")

    status, _ = _run(*(word.format(tmp_path) for word in words)) if words != [] else (2, "")

    assert status in (1, 2) if "--on-error" in words else status == 2
    assert not PortfolioImport.objects.exists()


def test_unusable_arguments_end_with_2_as_a_process_too(tmp_path: Path) -> None:
    import subprocess
    import sys

    # What the process is told to end with, as it is told.
    for words in (["x", "--on-error", "ignore"], []):
        with pytest.raises(SystemExit) as ended:
            execute_from_command_line(["manage.py", "import_portfolio", *words])
        assert ended.value.code == 2, words
    root = Path(__file__).resolve().parent.parent.parent
    words = ["manage.py", "import_portfolio", str(tmp_path / "nowhere")]
    done = subprocess.run([sys.executable, *words], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done.stderr


def test_the_report_has_every_error_as_json(tmp_path: Path) -> None:
    accounts = GOOD["accounts"] + "".join(f"B{n},C1,std,2025-01-01,-{n}\n" for n in range(1, 1_500))
    report = tmp_path / "report.json"

    status, printed = _run(write_files(tmp_path / "d", **GOOD | {"accounts": accounts}), "--dry-run", "--report", report)

    assert status == 1
    assert len([line for line in printed.splitlines() if line.startswith("error: ")]) == 100
    told = json.loads(report.read_text())
    assert (told["status"], told["dry_run"], told["error_count"], len(told["errors"])) == ("refused", True, 1_499, 1_499)
    assert told["errors"][-1] == {
        "file": "accounts.csv", "line": 1502, "column": "credit_limit", "value": "-1499", "code": "amount_negative",
        "message": "the amount is negative", "remedy": "amounts have no sign; a payment is undone by a reversal",
    }  # fmt: skip
    assert told["files"]["accounts.csv"]["refused"] == 1_501
    # The page keeps the first thousand.
    assert PortfolioImport.objects.get().issues.count() == 1_000


def test_no_personal_value_is_printed_or_reported(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "d", customers="customer_no,name,phone\nC1,王\u0007小明,+8613900000001\nC2,Bo,1\u00012\n")

    status, printed = _run(folder, "--report", tmp_path / "report.json")

    assert status == 1
    for secret in ("小明", "13900000001"):
        assert secret not in printed + (tmp_path / "report.json").read_text()


def test_shipped_books_go_into_an_empty_database_only() -> None:
    make_account()

    for words in (["load_sample"], ["make_book", "--accounts", "5", "--seed", "1"]):
        with pytest.raises(CommandError, match=r'holds accounts already .its book is called "live"'):
            call_command(*words)

    state = book_state()
    assert (state.book, state.nightly_paused, state.note) == ("live", False, "")


@pytest.mark.once
@pytest.mark.slow
def test_the_sample_book_is_loaded_and_its_nightly_close_paused() -> None:
    out = io.StringIO()

    call_command("load_sample", "--today", "2026-01-15", stdout=out)

    assert CreditAccount.objects.count() == 30_000
    state = BookState.objects.get()
    assert (state.book, state.nightly_paused) == ("sample", True)
    assert state.note.startswith("The nightly close is paused: this is the sample book")
    call_command("load_sample", "--today", "2026-03-15", stdout=out)
    assert out.getvalue().endswith("the sample book is loaded already\n")
    assert PortfolioImport.objects.count() == 1

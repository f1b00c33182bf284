"""Folders, archives and workbooks: what is read, what is passed over, what is refused before it is unpacked."""

import io
import stat
import struct
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from deliveries import GOOD, book, deliver, found, load_good, write_files
from factories import TESTER
from openpyxl import Workbook

from accounts.models import CreditAccount, Customer, Installment, PortfolioImport
from accounts.operations.import_reporting import ImportOutcome
from accounts.operations.importing import import_portfolio
from accounts.portfolio_files import delivery
from accounts.portfolio_files.delivery import UnusableSource

pytestmark = pytest.mark.django_db


def _import(path: Path) -> ImportOutcome:
    return import_portfolio(path, actor=TESTER)


def _zip(path: Path, members: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def _good_members(prefix: str = "") -> dict[str, bytes | str]:
    return {f"{prefix}{name}.csv": text for name, text in GOOD.items()}


def _refusal(outcome: ImportOutcome) -> tuple[str, str, str]:
    """Return file, value and code of the only error, having made sure that the book is empty."""
    (problem,) = outcome.log.errors
    assert outcome.portfolio_import.status == "refused"
    assert not Customer.objects.exists()
    return problem.file, problem.value, problem.code


# -- folders


def test_other_files_are_passed_over_with_a_warning(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "d", **GOOD)
    (folder / "notes.txt").write_text("hello")
    (folder / "Payments.CSV").write_text("hello")

    outcome = _import(folder)

    assert outcome.is_clean
    assert [(w.file, w.code) for w in outcome.log.warnings] == [("Payments.CSV", "passed_over"), ("notes.txt", "passed_over")]


def test_a_folder_without_portfolio_files_is_refused(tmp_path: Path) -> None:
    assert _refusal(_import(write_files(tmp_path / "empty"))) == ("empty", "", "no_files")


@pytest.mark.parametrize("name", ["nowhere", "notes.txt"])
def test_what_is_no_delivery_at_all_is_not_even_noted(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("hello")

    with pytest.raises(UnusableSource):
        _import(tmp_path / name)

    assert not PortfolioImport.objects.exists()


# -- files as text


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_byte_order_marks_and_line_ends_make_no_difference(tmp_path: Path, bom: bytes, end: bytes) -> None:
    files: dict[str, Any] = {name: bom + text.encode().replace(b"\n", end) for name, text in GOOD.items()}

    assert deliver(tmp_path, **files).is_clean
    assert Customer.objects.get(customer_no="C1").person["name"] == "王小明"
    assert Installment.objects.count() == 3


@pytest.mark.parametrize(
    ("content", "line", "column", "code"),
    [
        (b"", 1, "", "empty_file"),
        (b"\xef\xbb\xbf\r\n", 1, "", "empty_file"),
        ("customer_no,name\nC1,王\n".encode("utf-16"), 1, "", "wrong_encoding"),
        ("customer_no,name\nC1,Ann\n".encode("utf-16-le"), 1, "", "wrong_encoding"),
        ("客户,name\n".encode("gbk"), 1, "", "wrong_encoding"),
        ("customer_no,name\nC1,王小明\n".encode("gbk"), 2, "name", "not_utf8"),
        ("customer_no,name\nC王,Ann\n".encode("gbk"), 2, "customer_no", "not_utf8"),
        (b"customer_no,name\nC1,A\xc3", 2, "name", "not_utf8"),
        (b"customer_no\nC1\n", 1, "name", "missing_column"),
        (b"customer_no,name,name\nC1,a,b\n", 1, "name", "duplicate_column"),
        (b"customer_no,name,x_a,x_a\nC1,a,b,c\n", 1, "x_a", "duplicate_column"),
        (b"customer_no,name,age\nC1,a,9\n", 1, "age", "unknown_column"),
        (b"customer_no,Name,name\nC1,a,b\n", 1, "Name", "unknown_column"),
        (b"customer_no,name,\nC1,a,\n", 1, "", "unknown_column"),
        (b"customer_no,name,x_\nC1,a,b\n", 1, "x_", "bad_attribute_name"),
        (b"customer_no;name\nC1;a\n", 1, "customer_no;name", "unknown_column"),
        (b"customer_no,name\nC1,a\nC2\n", 3, "", "cells_missing"),
        (b"customer_no,name\nC1,a,b\n", 2, "", "cells_extra"),
        (b'customer_no,name\nC1,"a"b\n', 2, "", "bad_quotes"),
        (b'"customer_no"x,name\n', 1, "", "bad_quotes"),
        (b'"customer_no"x,name\nC1,a\n', 1, "", "bad_quotes"),
        (b'customer_no,name\nC0,z\nC1,"a\nC2,b\n', 3, "", "quote_never_closed"),
        (b'customer_no,name\nC1,"' + b"x" * 140_000 + b'"\n', 2, "", "quote_never_closed"),
        (b"customer_no,name\nC1,a\x00b\n", 2, "name", "control_character"),
        (b"customer_no,name\nC\x001,a\n", 2, "customer_no", "control_character"),
        (b"customer_no,na\x00me\nC1,a\n", 1, "", "wrong_encoding"),
        (b"customer_no,name\n" + b"C,a\n" * 2_000 + b"C\x00,a\n", 2002, "customer_no", "control_character"),
    ],
)
def test_a_file_that_is_not_the_text_it_should_be(tmp_path: Path, content: bytes, line: int, column: str, code: str) -> None:
    outcome = deliver(tmp_path, customers=content)  # type: ignore[arg-type]

    problems = [p for p in outcome.log.errors if not (p.code == "missing_column" and code == "unknown_column")]
    assert [(p.file, p.line, p.column, p.code) for p in problems] == [("customers.csv", line, column, code)]
    assert outcome.portfolio_import.status == "refused"
    assert not Customer.objects.exists()


def test_an_unknown_column_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    (problem,) = deliver(tmp_path, accounts="account_no,customer_no,product_code,opened_on,credit_limit,limit\n").log.errors

    assert problem.column == "limit"
    assert problem.remedy == (
        "the columns are account_no, customer_no, product_code, opened_on, credit_limit; a column of your own starts with x_"
    )


def test_columns_may_come_in_any_order(tmp_path: Path) -> None:
    load_good(tmp_path / "first")
    before = book()
    turned = {
        name: "\n".join(",".join(reversed(row.split(","))) for row in text.splitlines()) + "\n"
        for name, text in GOOD.items()
    }  # fmt: skip

    assert deliver(tmp_path, **turned).is_clean
    assert book() == before


# -- archives


@pytest.mark.parametrize("prefix", ["", "book/", "2025/book/"])
def test_a_zip_of_a_folder_is_the_folder(tmp_path: Path, prefix: str) -> None:
    members = _good_members(prefix) | {"__MACOSX/._accounts.csv": b"\0", f"{prefix}readme.txt": "hello"}

    outcome = _import(_zip(tmp_path / "book.zip", members))

    assert outcome.is_clean
    assert [w.file for w in outcome.log.warnings] == [f"{prefix}readme.txt"]
    assert Installment.objects.count() == 3


def test_the_same_files_in_a_folder_and_in_a_zip_are_the_same_delivery(tmp_path: Path) -> None:
    load_good(tmp_path)

    outcome = _import(_zip(tmp_path / "book.zip", _good_members()))

    assert outcome.portfolio_import.fingerprint == PortfolioImport.objects.order_by("pk")[0].fingerprint
    assert outcome.portfolio_import.counts["payments.csv"]["unchanged"] == 2


@pytest.mark.parametrize(
    "name", ["../accounts.csv", "a/../../accounts.csv", "/etc/accounts.csv", "a\\..\\accounts.csv", "C:/accounts.csv"]
)
def test_a_zip_that_leads_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    assert _refusal(_import(_zip(tmp_path / "book.zip", _good_members() | {name: "x"}))) == ("book.zip", name, "zip_path")


def test_a_zip_with_a_link_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "book.zip", _good_members())
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")

    assert _refusal(_import(path)) == ("book.zip", "link.csv", "zip_link")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "book.zip", {"accounts.csv": "x"})
    data = bytearray(path.read_bytes())
    # The encryption bit of the local header and of the directory's entry.
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))

    assert _refusal(_import(path)) == ("book.zip", "accounts.csv", "zip_encrypted")


def test_a_zip_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    file, value, code = _refusal(_import(_zip(tmp_path / "book.zip", {"accounts.csv": b"0" * (20 << 20)})))
    assert (file, value, code) == ("book.zip", "accounts.csv", "zip_ratio")


def test_a_zip_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "book.zip", {"customers.csv": "customer_no,name\n" + "C1,Ann\n" * 100_000})
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, entry + 24, 100)
    struct.pack_into("<I", data, 22, 100)
    path.write_bytes(bytes(data))

    assert _refusal(_import(path))[2] == "zip_damaged"


def test_a_zip_with_too_much_in_it_is_refused(tmp_path: Path, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 100
    assert _refusal(_import(_zip(tmp_path / "book.zip", _good_members())))[2] == "zip_too_large"


def test_a_zip_with_too_many_entries_is_refused(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {f"f{number}": "" for number in range(delivery.MOST_MEMBERS + 1)}
    assert _refusal(_import(_zip(tmp_path / "book.zip", members)))[2] == "zip_members"


def test_a_zip_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "book.zip").write_bytes(b"PK\x03\x04 and so on")
    assert _refusal(_import(tmp_path / "book.zip"))[2] == "zip_damaged"


def test_a_zip_damaged_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = _zip(
        tmp_path / "book.zip", {"customers.csv": "customer_no,name\n" + "".join(f"C{n},N{n * 7919}\n" for n in range(9_000))}
    )
    data = bytearray(path.read_bytes())
    data[200:260] = bytes(60)
    path.write_bytes(bytes(data))

    assert _refusal(_import(path))[2] == "zip_damaged"


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_damaged_at_the_start_of_a_file_is_refused_however_it_is_packed(tmp_path: Path, packing: int) -> None:
    path = tmp_path / "book.zip"
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr("customers.csv", GOOD["customers"])
    data = bytearray(path.read_bytes())
    start = data.index(b"customers.csv") + len("customers.csv")
    for place in range(start + 4, start + 14):
        data[place] ^= 0xFF
    path.write_bytes(bytes(data))

    assert _refusal(_import(path))[2] == "zip_damaged"


@pytest.mark.parametrize("name", ["book.zip", "book.xlsx"])
def test_an_archive_of_a_version_to_come_is_refused(tmp_path: Path, name: str) -> None:
    path = _zip(tmp_path / name, _good_members())
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 6] = 99
    path.write_bytes(bytes(data))

    assert _refusal(_import(path)) == (name, "", "zip_damaged")


def test_a_zip_with_a_file_twice_is_refused(tmp_path: Path) -> None:
    members = _good_members() | {"old/accounts.csv": GOOD["accounts"]}
    assert _refusal(_import(_zip(tmp_path / "book.zip", members))) == ("accounts.csv", "", "file_twice")


def test_a_zip_in_a_zip_is_passed_over(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("accounts.csv", "x")

    outcome = _import(_zip(tmp_path / "book.zip", _good_members() | {"more.zip": inner.getvalue()}))

    assert outcome.is_clean
    assert [(w.file, w.code) for w in outcome.log.warnings] == [("more.zip", "passed_over")]


# -- workbooks


def _workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    workbook = Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


def _good_sheets() -> dict[str, list[list[Any]]]:
    return {name: [row.split(",") for row in text.splitlines()] for name, text in GOOD.items()}


def test_a_workbook_has_a_sheet_for_each_file(tmp_path: Path) -> None:
    load_good(tmp_path)
    before = book()

    sheets = _good_sheets()
    sheets["payments.csv"] = sheets.pop("payments")
    outcome = _import(_workbook(tmp_path / "book.xlsx", sheets | {"Notes": [["hello"]]}))

    assert outcome.is_clean
    assert [(w.file, w.code) for w in outcome.log.warnings] == [("Notes", "passed_over")]
    assert {name: counts["unchanged"] for name, counts in outcome.portfolio_import.counts.items()} == {
        "products.csv": 1, "customers.csv": 2, "accounts.csv": 2, "installments.csv": 3, "payments.csv": 2,
    }  # fmt: skip
    assert book() == before


def test_typed_cells_of_a_workbook_are_the_texts_they_show(tmp_path: Path) -> None:
    sheets = _good_sheets()
    sheets["accounts"] = [
        sheets["accounts"][0],
        ["A1", "C1", "std", date(2025, 1, 1), 10000],
        ["A2", "C2", "std", datetime(2025, 1, 15), 5000.5],  # noqa: DTZ001  (spreadsheets know no zone)
        [None, None, None, None, None],
        [123, "C2", "std", "2025-01-15", 0.1, None],
    ]
    assert found(_import(_workbook(tmp_path / "book.xlsx", sheets))) == []
    assert list(CreditAccount.objects.order_by("account_no").values_list("account_no", "opened_on", "credit_limit_minor")) == [
        ("123", date(2025, 1, 15), 10),
        ("A1", date(2025, 1, 1), 1_000_000),
        ("A2", date(2025, 1, 15), 500_050),
    ]


@pytest.mark.parametrize(
    ("stored", "limit"),
    [(b"0.30000000000000004", 30), (b"1234.5600000000002", 123_456), (b"99999999.989999995", 9_999_999_999), (b"5E2", 50_000)],
)
def test_a_number_of_a_workbook_is_the_one_that_shows_and_not_its_last_bit(tmp_path: Path, stored: bytes, limit: int) -> None:
    sheets = _good_sheets()
    sheets["accounts"][1][4] = 4711
    path = _workbook(tmp_path / "typed.xlsx", sheets)
    with zipfile.ZipFile(path) as archive:
        members: dict[str, bytes | str] = {
            name: archive.read(name).replace(b"<v>4711</v>", b"<v>" + stored + b"</v>") for name in archive.namelist()
        }

    assert found(_import(_zip(tmp_path / "book.xlsx", members))) == []
    assert CreditAccount.objects.get(account_no="A1").credit_limit_minor == limit


@pytest.mark.parametrize(
    ("cell", "value", "code"),
    [
        ("=1+1", "=1+1", "typed_formula"),
        (1.23456, "1.23456", "amount_decimals"),
        (1e15, "1000000000000000", "typed_long_number"),
        (datetime(2025, 1, 1, 12), "2025-01-01 12:00:00", "amount_malformed"),  # noqa: DTZ001
        (True, "TRUE", "amount_malformed"),
        ("1,000", "1,000", "amount_separator"),
    ],
)
def test_a_cell_of_a_workbook_that_is_no_amount(tmp_path: Path, cell: Any, value: str, code: str) -> None:
    sheets = _good_sheets()
    sheets["accounts"][2][4] = cell

    outcome = _import(_workbook(tmp_path / "book.xlsx", sheets))

    assert [(p.line, p.column, p.value, p.code) for p in outcome.log.errors if p.file == "accounts.csv"] == [
        (3, "credit_limit", value, code)
    ]
    assert not Customer.objects.exists()


def test_a_workbook_that_is_none_is_refused(tmp_path: Path) -> None:
    assert _refusal(_import(_zip(tmp_path / "book.xlsx", {"hello.xml": "<a/>"})))[2] == "workbook_damaged"
    (tmp_path / "other.xlsx").write_bytes(b"not a zip")
    assert _refusal(_import(tmp_path / "other.xlsx"))[2] == "zip_damaged"


def test_an_empty_sheet_is_an_empty_file(tmp_path: Path) -> None:
    assert _refusal(_import(_workbook(tmp_path / "book.xlsx", {"accounts": []}))) == ("accounts.csv", "", "empty_file")


def test_a_workbook_with_two_sheets_for_a_file_is_refused(tmp_path: Path) -> None:
    again = [["payment_no", "account_no", "paid_on", "amount"], ["P9", "A1", "2025-02-01", "1"]]

    outcome = _import(_workbook(tmp_path / "book.xlsx", _good_sheets() | {"payments.csv": again}))

    assert _refusal(outcome) == ("payments.csv", "", "file_twice")
    assert outcome.log.errors[0].message == "the file is there twice: payments and payments.csv"


def test_a_workbook_with_a_row_further_down_than_sheets_go_is_refused_at_once(tmp_path: Path) -> None:
    path = _workbook(tmp_path / "small.xlsx", {"customers": [["customer_no", "name"], ["C1", "Ann"]]})
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    # Rows that are not there are read as empty ones: two thousand million of them would take the better part of an hour.
    members[sheet] = members[sheet].replace(b'<row r="2"', b'<row r="2000000000"').replace(b'r="A2"', b'r="A2000000000"')

    assert _refusal(_import(_zip(tmp_path / "book.xlsx", members))) == ("customers.csv", "", "workbook_damaged")

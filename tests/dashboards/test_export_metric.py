"""export_metric: the contract's columns, exact cells, and what it refuses."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import factories
import pytest
from books import close_through, history, standing
from django.core.management import CommandError, call_command

from riskops.shared.models import AuditEntry

pytestmark = pytest.mark.django_db
MAY, JUNE = date(2025, 5, 31), date(2025, 6, 30)


@pytest.fixture
def book():
    card = factories.make_product(product_code="card")
    history([MAY, JUNE], standing(0, 200_000), standing(10, 100_050), product=card, attributes={"x_shop": "=cmd()"})
    history([MAY, JUNE], standing(0, 100_000), standing(0, 99_950), product=card, attributes={"x_shop": "north"})
    close_through(JUNE)
    return card


def export(tmp_path: Path, *arguments: str) -> list[list[str]]:
    output = tmp_path / "metric.csv"
    call_command("export_metric", *arguments, "--output", str(output))
    with output.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def refusal(tmp_path: Path, *arguments: str) -> str:
    output = tmp_path / "refused.csv"
    with pytest.raises(CommandError) as refused:
        call_command("export_metric", *arguments, "--output", str(output))
    assert refused.value.returncode == 2
    assert not output.exists()
    assert not AuditEntry.objects.filter(action="metric.export").exists()
    return str(refused.value)


RANGE = ("--from", "2025-06-01", "--to", "2025-06-30")


def test_one_row_a_cell_with_amounts_in_the_currencys_digits(book, tmp_path):
    rows = export(tmp_path, "coincident", *RANGE, "--option", "n=1")
    assert rows == [
        ["metric", "as_of", "segment", "key_1", "key_2", "numerator", "denominator", "value"],
        ["coincident", "2025-06-30", "", "1", "", "1000.50", "2000.00", "0.5002500000"],
    ]
    assert AuditEntry.objects.get(action="metric.export").after["rows"] == 1


@pytest.mark.parametrize("options", [("--option", "mode=ever", "n=1"), ("--option", "mode=ever", "--option", "n=1")])
def test_options_may_follow_one_another_or_come_one_by_one(book, tmp_path, options):
    assert export(tmp_path, "vintage", *RANGE, *options) == export(tmp_path, "vintage", *RANGE, "--option", "n=1", "mode=ever")
    assert AuditEntry.objects.filter(action="metric.export").latest("pk").after["options"] == {"mode": "ever", "n": "1"}


def test_an_option_given_two_values_is_refused(book, tmp_path):
    assert "option n is given twice" in refusal(tmp_path, "vintage", *RANGE, "--option", "n=1", "--option", "n=30")


def test_counts_are_whole_numbers_and_the_measure_is_the_one_the_definition_states_first(book, tmp_path):
    rows = export(tmp_path, "transition_matrix", *RANGE)
    assert [row for row in rows if row[5] != "0"][1:] == [
        ["transition_matrix", "2025-06-30", "", "m0", "m0", "1", "2", "0.5000000000"],
        ["transition_matrix", "2025-06-30", "", "m0", "m1", "1", "2", "0.5000000000"],
    ]


def test_a_formula_in_a_segment_is_neutralised(book, tmp_path):
    rows = export(tmp_path, "coincident", *RANGE, "--option", "n=1", "--segment", "x_shop")
    assert [(row[2], row[5], row[6]) for row in rows[1:]] == [("'=cmd()", "1000.50", "1000.50"), ("north", "0.00", "999.50")]


@pytest.mark.parametrize("name", ["x_risk-grade", "x_a.b c", "x_分组/1", "x_100%", 'x_"q"\\'])
def test_any_attribute_that_files_may_bring_is_a_segment(book, tmp_path, name):
    history([MAY, JUNE], standing(0, 1_000), standing(0, 1_000), product=book, attributes={name: "B"})
    rows = export(tmp_path, "coincident", *RANGE, "--measure", "count", "--option", "n=1", "--segment", name)
    assert [(row[2], row[6]) for row in rows[1:]] == [("", "2"), ("B", "1")]


def test_amounts_of_a_mixed_book_need_the_currency_as_segment(book, tmp_path):
    yen = factories.make_product(product_code="yen", currency="JPY", minor_digits=0)
    history([MAY, JUNE], standing(0, 5_000), standing(3, 5_000), product=yen)
    told = refusal(tmp_path, "coincident", *RANGE)
    assert "CNY, JPY" in told and "--segment currency" in told
    refusal(tmp_path, "coincident", *RANGE, "--segment", "product")
    rows = export(tmp_path, "coincident", *RANGE, "--segment", "currency", "--option", "n=1")
    assert [row[2:] for row in rows[1:]] == [
        ["CNY", "1", "", "1000.50", "2000.00", "0.5002500000"],
        ["JPY", "1", "", "5000", "5000", "1.0000000000"],
    ]
    assert export(tmp_path, "coincident", *RANGE, "--measure", "count", "--option", "n=1")[1][5:7] == ["2", "3"]
    assert export(tmp_path, "coincident", *RANGE, "--option", "n=1", "--option", "currency=JPY")[1][5:7] == ["5000", "5000"]


def test_a_product_without_accounts_does_not_make_the_book_mixed(book, tmp_path):
    factories.make_product(product_code="empty", currency="JPY", minor_digits=0)
    assert export(tmp_path, "coincident", *RANGE, "--option", "n=1")[1][6] == "2000.00"


def test_the_range_without_a_closed_month_end_gives_the_header_and_says_which_there_are(book, tmp_path, capsys):
    assert len(export(tmp_path, "buckets", "--from", "2025-06-01", "--to", "2025-06-29")) == 1
    assert "2025-05-31, 2025-06-30" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bucket", *RANGE), "buckets, coincident, lagged"),
        (("buckets", "--from", "2025-07-01", "--to", "2025-06-01"), "lies after"),
        (("buckets", *RANGE, "--measure", "sum"), "amount, count"),
        (("cei", *RANGE, "--measure", "count"), "it has amount"),
        (("cure", *RANGE, "--option", "k=1"), "there are h, product, currency, provenance"),
        (("cure", *RANGE, "--option", "h=0"), "takes 1 to 24"),
        (("coincident", *RANGE, "--option", "n=31"), "takes all, 1, 30, 60, 90"),
        (("buckets", *RANGE, "--segment", "colour"), "product, currency, limit_band, vintage"),
        (("cei", *RANGE, "--segment", "tier"), "no segment 'tier' for this metric"),
        (("buckets", *RANGE, "--segment", "x_nothing"), "has the attribute x_nothing"),
        (("buckets", *RANGE, "--segment", 'x_"shop"'), "has the attribute x_"),
        (("buckets", *RANGE, "--segment", "x_"), "no segment"),
        (("buckets", *RANGE, "--segment", f"x_{'s' * 63}"), "no segment"),
        (("buckets", *RANGE, "--option", "product=loan"), "products with accounts: card"),
    ],
)
def test_what_cannot_be_asked_exits_2_and_lists_what_there_is(book, tmp_path, arguments, said):
    assert said in refusal(tmp_path, *arguments)


def test_an_attribute_that_only_accounts_outside_the_cells_have_is_no_reason_to_refuse(book, tmp_path):
    yen = factories.make_product(product_code="yen", currency="JPY", minor_digits=0)
    history([MAY, JUNE], standing(0, 5_000), standing(3, 5_000), product=yen)
    only_yen = export(tmp_path, "coincident", *RANGE, "--segment", "x_shop", "--option", "n=1", "--option", "currency=JPY")
    assert [row[2:7] for row in only_yen[1:]] == [["", "1", "", "5000", "5000"]]


@pytest.mark.parametrize("name", ["x_pay-0", "x_pay 0.5%", "x_逾期 天数", "x_it's", "x_$.a[0]"])
def test_every_column_that_a_file_may_have_can_cut(book, tmp_path, name):
    history([MAY, JUNE], standing(0, 1), standing(0, 1), product=book, attributes={name: "yes"})
    for metric in ("buckets", "transition_matrix", "vintage"):
        rows = export(tmp_path, metric, *RANGE, "--measure", "count", "--segment", name)[1:]
        assert {row[2]: row[6] for row in rows} == {"": "2", "yes": "1"}, metric


@pytest.mark.parametrize(
    ("segment", "values"),
    [
        ("product", {"card": "2"}),
        ("currency", {"CNY": "2"}),
        ("vintage", {"2025-01": "2"}),
        ("limit_band", {"10000-49999": "2"}),
        ("tier", {"": "2"}),
        ("x_shop", {"'=cmd()": "1", "north": "1"}),
    ],
)
def test_every_segment_splits_the_accounts_without_losing_one(book, tmp_path, segment, values):
    for name in ("buckets", "transition_matrix"):
        rows = export(tmp_path, name, *RANGE, "--measure", "count", "--segment", segment)[1:]
        denominators = {row[2]: row[6] for row in rows}
        assert denominators == values, name

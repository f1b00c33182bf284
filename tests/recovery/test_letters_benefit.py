"""Cost against benefit, and what a letter's text may name: worked out by hand."""

from __future__ import annotations

import pytest

from recovery.rules.benefit import Band, benefit, rate_of
from recovery.rules.letter_text import Paragraph, ValueAbsent, paragraphs, unknown_parts
from riskops.shared.printing.glyphs import characters, missing_from

BANDS = [Band(1, 0, 50), Band(4, 0, 450), Band(4, 500_000, 700)]


@pytest.mark.parametrize(
    ("bucket", "balance", "rate"),
    [(0, 900_000, 0), (1, 0, 50), (3, 900_000, 50), (4, 499_999, 450), (4, 500_000, 700), (7, 500_000, 700)],
)
def test_the_highest_bucket_that_fits_then_the_highest_amount_gives_the_rate(bucket: int, balance: int, rate: int) -> None:
    assert rate_of(BANDS, bucket=bucket, balance_minor=balance) == rate


@pytest.mark.parametrize(("balance", "expected"), [(10_000, 500), (10_009, 500), (10_010, 501), (10_011, 501), (9, 0), (10, 1)])
def test_what_is_expected_is_rounded_half_up(balance: int, expected: int) -> None:
    # 5 %: 100.10 brings 5.005, which is 5.01.
    line = benefit(balance_minor=balance, rate_bp=500, cost_minor=100)
    assert (line.expected_minor, line.net_minor) == (expected, expected - 100)


def test_a_text_becomes_paragraphs_with_its_values_and_the_table_by_itself() -> None:
    text = "Dear {customer_name},\n\nYou owe\n{overdue_total}.\n{instalments}\nPay by {pay_by}."
    values = {"customer_name": "Wang  Fang", "overdue_total": "¥1.00", "pay_by": "1 May"}
    assert paragraphs(text, values) == (
        Paragraph(("Dear Wang Fang,",)),
        Paragraph(("You owe", "¥1.00.")),
        Paragraph((), is_table=True),
        Paragraph(("Pay by 1 May.",)),
    )
    with pytest.raises(ValueAbsent, match="pay_by"):
        paragraphs(text, {name: value for name, value in values.items() if name != "pay_by"})


def test_what_is_no_variable_is_found_before_it_is_printed() -> None:
    assert unknown_parts("{customer_name} {nonsense} {overdue_total\n{instalments}") == ("{nonsense}", "{")
    assert unknown_parts("so {instalments} not alone") == ("{instalments}",)
    assert unknown_parts("{instalments}\n{hotline}") == ()


def test_a_value_that_looks_like_a_variable_or_mark_up_stays_as_it_is() -> None:
    assert paragraphs("{customer_name}", {"customer_name": "{hotline} #evil *b*"}) == (Paragraph(("{hotline} #evil *b*",)),)


def test_the_font_writes_gb_2312_and_latin_and_says_what_it_does_not() -> None:
    han = [bytes([high, low]).decode("gb2312", "ignore") for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF)]
    common = "".join(han)
    assert len(common) == 6_763
    assert missing_from(common + "ABCxyz0123456789¥€éüß喆堃赟玥") == ()
    assert missing_from("王𠮷ŞŞ") == ("𠮷", "Ş")
    assert len(characters()) == 7_778

"""Cells: what a text may be, and the plain value it stands for. Source: portfolio-format, "Files".

A kind of cell is a dict from text to value that fills itself (`__missing__`), so that reading a column costs one lookup
for every text met before. It is bounded: a full one starts anew. Amounts come out *packed*: units of a ten-thousandth of
the major unit, times ten, plus the number of decimals written, since how many are allowed depends on the account's currency.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import available_timezones

from accounts.rules.terms import COMPONENT_BY_NAME
from riskops.shared.money import LARGEST_MAJOR, UnknownCurrency, minor_digits

#: Texts remembered by a kind of cell: all days there are, and amounts for as long as an order's instalments go on.
_CACHE_LIMIT: Final = 40_000
_MOST_DIGITS: Final = 4
#: Units of a packed amount in one major unit, before the decimals' digit.
E4: Final = 10**_MOST_DIGITS
KEY_LENGTH: Final = 64
TEXT_LENGTH: Final = 2_000
FIRST_DATE: Final = "1990-01-01"
LAST_DATE: Final = "2099-12-31"
LARGEST_WHOLE: Final = 2_147_483_647

_WHOLE = re.compile(r"[0-9]+", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_AMOUNT = re.compile(r"([0-9]+)(?:\.([0-9]+))?", re.ASCII)


class Refusal(Exception):
    """The text is none that the column takes; `code` is one of the catalogue."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class Cells(dict[str, Any]):
    """One kind of cell. Subclasses say how a text is read."""

    #: How many texts are remembered; none where it makes no sense: personal data, free text.
    limit_remembered = _CACHE_LIMIT

    def read(self, text: str) -> Any:
        """Return the value of a text met for the first time.

        :raises Refusal: the column does not take it
        """
        raise NotImplementedError

    def __missing__(self, text: str) -> Any:
        value = self.read(text)
        if self.limit_remembered:
            if len(self) >= self.limit_remembered:
                self.clear()
            self[text] = value
        return value


def check_text(text: str, *, limit: int, allowed: str = "") -> str:
    """Return the text if it is short enough and free of control characters and broken bytes.

    :raises Refusal: it is not
    """
    if len(text) > limit:
        raise Refusal("too_long", found=len(text), limit=limit)
    if not text.isprintable():
        for character in text:
            category = unicodedata.category(character)
            if category == "Cs":
                raise Refusal("not_utf8")
            if category == "Cc" and character not in allowed:
                raise Refusal("control_character", code_point=f"{ord(character):04X}")
    return text


class Key(Cells):
    """A key: 1 to 64 characters, compared by code point."""

    # Most keys come once, or in one run of rows.
    limit_remembered = 1_000

    def __init__(self, *, required: bool = True) -> None:
        super().__init__()
        self.required = required

    def read(self, text: str) -> str:
        if not text and self.required:
            raise Refusal("missing_value")
        return check_text(text, limit=KEY_LENGTH)


class Text(Cells):
    """Free text; line breaks and tabs may be in it."""

    limit_remembered = 0

    def __init__(self, *, limit: int = TEXT_LENGTH, required: bool = False) -> None:
        super().__init__()
        self.limit = limit
        self.required = required

    def read(self, text: str) -> str:
        if not text and self.required:
            raise Refusal("missing_value")
        return check_text(text, limit=self.limit, allowed="\n\r\t")


class Label(Text):
    """Short text that few rows differ in, such as a channel."""

    limit_remembered = _CACHE_LIMIT


class Day(Cells):
    """An ISO date, kept as its text; None for an empty optional cell."""

    def __init__(self, *, required: bool = True) -> None:
        super().__init__()
        self.required = required

    def read(self, text: str) -> str | None:
        if not text:
            if self.required:
                raise Refusal("missing_value")
            return None
        if not _DATE.fullmatch(text):
            raise Refusal("date_malformed")
        try:
            date.fromisoformat(text)
        except ValueError:
            raise Refusal("date_impossible") from None
        if not FIRST_DATE <= text <= LAST_DATE:
            raise Refusal("date_range")
        return text


class Moment(Cells):
    """A day and a time of day with its offset from UTC, as ISO 8601; None for an empty cell."""

    def read(self, text: str) -> str | None:
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise Refusal("moment_malformed") from None
        if moment.tzinfo is None or not text.isascii():
            raise Refusal("moment_malformed")
        if not FIRST_DATE <= text[:10] <= LAST_DATE:
            raise Refusal("date_range")
        return moment.isoformat()


class Amount(Cells):
    """A plain decimal in the major unit, packed (see the module). An empty optional cell is zero."""

    def __init__(self, *, required: bool = True, above_zero: bool = False) -> None:
        super().__init__()
        self.required = required
        self.above_zero = above_zero

    def read(self, text: str) -> int:
        if not text:
            if self.required:
                raise Refusal("missing_value")
            return 0
        match = _AMOUNT.fullmatch(text)
        if match is None:
            raise Refusal(_amount_fault(text))
        whole, fraction = match[1], match[2] or ""
        if len(fraction) > _MOST_DIGITS:
            raise Refusal("amount_decimals", found=len(fraction), limit=_MOST_DIGITS, currency="ISO 4217")
        # Forty digits would be as wrong as nine, and int() of a megabyte takes minutes.
        if len(whole.lstrip("0")) > 9:
            raise Refusal("amount_too_large")
        units = int(whole) * E4 + int(fraction.ljust(_MOST_DIGITS, "0"))
        if units > LARGEST_MAJOR * E4:
            raise Refusal("amount_too_large")
        if self.above_zero and not units:
            raise Refusal("amount_zero")
        return units * 10 + len(fraction)


class AmountIfKnown(Amount):
    """An amount that may be unknown: None for an empty cell, which is another answer than zero."""

    def read(self, text: str) -> Any:
        return super().read(text) if text else None


def _amount_fault(text: str) -> str:
    """Return the code that says best why a text is no plain amount."""
    if not text.isascii():
        return "amount_not_ascii"
    if re.fullmatch(r"\+?[0-9.]+[eE][+-]?[0-9]+", text):
        return "amount_exponent"
    if re.fullmatch(r"-[0-9.,]+", text) or re.fullmatch(r"\([0-9.,]+\)", text):
        return "amount_negative"
    if re.fullmatch(r"\+[0-9.,]+", text):
        return "amount_sign"
    if re.fullmatch(r"[0-9]+([ ,_'][0-9]+)+(\.[0-9]+)?", text):
        return "amount_separator"
    return "amount_malformed"


def packed_text(packed: int) -> str:
    """Return a packed amount as it was written: 10000002 is `100.00`."""
    units, decimals = divmod(packed, 10)
    whole, fraction = divmod(units, E4)
    return f"{whole}.{fraction:0{_MOST_DIGITS}d}"[: -_MOST_DIGITS + decimals or None] if decimals else str(whole)


class Whole(Cells):
    """A whole number in plain digits; an empty optional cell gives the default."""

    def __init__(self, lowest: int, highest: int, *, required: bool = False, default: int | None = None) -> None:
        super().__init__()
        self.lowest, self.highest, self.required, self.default = lowest, highest, required, default

    def read(self, text: str) -> int | None:
        if not text:
            if self.required:
                raise Refusal("missing_value")
            return self.default
        if not _WHOLE.fullmatch(text):
            raise Refusal("whole_malformed", lowest=self.lowest, highest=self.highest)
        if len(text.lstrip("0")) > 10 or not self.lowest <= int(text) <= self.highest:
            raise Refusal("whole_range", lowest=self.lowest, highest=self.highest)
        return int(text)


class CapPercent(Cells):
    """A percentage with at most two decimals, as hundredths of a percent; None for an empty cell (no cap)."""

    def read(self, text: str) -> int | None:
        if not text:
            return None
        match = re.fullmatch(r"([0-9]{1,7})(?:\.([0-9]{1,2}))?", text, re.ASCII)
        if match is None:
            raise Refusal("percent_malformed")
        return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


class Choice(Cells):
    """One of a few words; an empty cell gives the default."""

    def __init__(self, choices: Iterable[str], *, default: str) -> None:
        super().__init__()
        self.choices = tuple(choices)
        self.default = default

    def read(self, text: str) -> str:
        if not text:
            return self.default
        if text not in self.choices:
            raise Refusal("choice_unknown", choices=", ".join(self.choices))
        return text


class YesNo(Choice):
    """`yes` or `no`, as a bool; an empty cell is no."""

    def __init__(self) -> None:
        super().__init__(("yes", "no"), default="no")

    def read(self, text: str) -> Any:
        return super().read(text) == "yes"


class Currency(Cells):
    """An ISO 4217 code; CNY when empty."""

    def read(self, text: str) -> str:
        code = text or "CNY"
        try:
            minor_digits(code)
        except UnknownCurrency:
            raise Refusal("currency_unknown") from None
        return code


@lru_cache(maxsize=1)
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


class TimeZone(Cells):
    """An IANA time zone; Asia/Shanghai when empty."""

    def read(self, text: str) -> str:
        name = text or "Asia/Shanghai"
        if name not in _time_zones():
            raise Refusal("time_zone_unknown")
        return name


class AllocationOrder(Cells):
    """Each component once, with commas between."""

    def read(self, text: str) -> str:
        order = text or "penalty,fee,interest,principal"
        if sorted(order.split(",")) != sorted(COMPONENT_BY_NAME):
            raise Refusal("allocation_order")
        return order

"""Money as whole minor units: reading, writing and rounding it. No floats anywhere."""

from __future__ import annotations

import re
from typing import Final

from babel.core import get_global

MICRO_PER_MINOR: Final = 1_000_000
#: The largest amount of a portfolio file, in major units.
LARGEST_MAJOR: Final = 100_000_000
_PLAIN_DECIMAL: Final = re.compile(r"[0-9]{1,20}(?:\.([0-9]+))?", re.ASCII)


class UnknownCurrency(ValueError):
    """The code is not an ISO 4217 currency."""


class MalformedAmount(ValueError):
    """The text is not a plain amount of the currency; the message says what would be right.

    :param wording: the message with %(name)s where its parameters go, so that a form can say it in the reader's language
    """

    def __init__(self, wording: str, **params: object) -> None:
        super().__init__(wording % params)
        self.wording = wording
        self.params = params


PLAIN_DECIMAL: Final = "a plain decimal such as 1234.5, without sign, separators or exponent"
MOST_DECIMALS: Final = "at most %(digits)s decimals"
LARGEST_AMOUNT: Final = "at most 100,000,000.00"


def minor_digits(currency: str) -> int:
    """Return the number of decimals of an ISO 4217 currency, e.g. 2 for CNY, 0 for JPY.

    :raises UnknownCurrency: no such code
    """
    if currency not in get_global("all_currencies"):
        raise UnknownCurrency(currency)
    return _ISO_DIGITS.get(currency, 2)


# ISO 4217 (List One) minor units that are not 2. CLDR's own figures are for display and differ (TWD 0, say).
_ISO_DIGITS: Final = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


def parse_amount(text: str, *, digits: int) -> int:
    """Return the minor units of a plain decimal in major units: `1234.5` with 2 digits is 123450.

    :raises MalformedAmount: not a plain ASCII decimal, too many decimals, or above the largest amount
    """
    match = _PLAIN_DECIMAL.fullmatch(text)
    if match is None:
        raise MalformedAmount(PLAIN_DECIMAL)
    whole, _, fraction = text.partition(".")
    if len(fraction) > digits:
        raise MalformedAmount(MOST_DECIMALS, digits=digits)
    minor = int(whole) * 10**digits + int(fraction.ljust(digits, "0") or "0")
    if minor > LARGEST_MAJOR * 10**digits:
        raise MalformedAmount(LARGEST_AMOUNT)
    return minor


def plain_amount(minor: int, *, digits: int) -> str:
    """Return the amount as files and exports write it: `103.00`, always with the currency's digits."""
    if digits == 0:
        return str(minor)
    sign, size = ("-", -minor) if minor < 0 else ("", minor)
    whole, fraction = divmod(size, 10**digits)
    return f"{sign}{whole}.{fraction:0{digits}d}"


def rounded_minor(micro: int) -> int:
    """Return whole minor units of a non-negative amount in millionths of one, rounded half up."""
    return (micro + MICRO_PER_MINOR // 2) // MICRO_PER_MINOR

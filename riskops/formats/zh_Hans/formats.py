"""Thousands as in figures of money on every page; Django groups none in Chinese."""

from typing import Final

THOUSAND_SEPARATOR: Final = ","
NUMBER_GROUPING: Final = 3

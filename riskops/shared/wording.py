"""Money, numbers, days and moments as people read them in their language."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import get_currency_symbol
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from riskops.shared.money import MICRO_PER_MINOR, minor_digits

#: The locales behind the languages of the site. English days are written day first, with the month in letters.
_LOCALES: Final = {"zh-hans": "zh_Hans_CN", "en": "en"}
NARROW_SPACE: Final = "\u202f"
MINUS: Final = "\u2212"


def locale_code() -> str:
    """Return the Babel locale of the active language."""
    return _LOCALES.get(get_language() or "en", "en")


@lru_cache(maxsize=256)
def currency_symbol(currency: str, locale: str) -> str:
    """Return how a locale writes a currency. The yuan sign is ¥ in both languages: it is the currency of the house."""
    return "¥" if currency == "CNY" else get_currency_symbol(currency, locale)


def amount_text(minor: int, currency: str) -> str:
    """Return the amount without its currency: `3,204.10`. Both languages group by thousands and write a decimal point."""
    digits = minor_digits(currency)
    whole, fraction = divmod(abs(minor), 10**digits)
    text = f"{whole:,}.{fraction:0{digits}d}" if digits else f"{whole:,}"
    return MINUS + text if minor < 0 else text


def money_text(minor: int, currency: str) -> str:
    """Return the amount with its currency sign: `¥ 3,204.10`."""
    text = amount_text(abs(minor), currency)
    return f"{MINUS if minor < 0 else ''}{currency_symbol(currency, locale_code())}{NARROW_SPACE}{text}"


def micro_text(micro: int, currency: str) -> str:
    """Return millionths of a minor unit as money with every decimal that is not zero: `¥ 0.1602`."""
    minor, rest = divmod(micro, MICRO_PER_MINOR)
    digits = minor_digits(currency)
    text = amount_text(minor, currency)
    if rest:
        text += ("" if digits else ".") + f"{rest:06d}".rstrip("0")
    return f"{currency_symbol(currency, locale_code())}{NARROW_SPACE}{text}"


@lru_cache(maxsize=20_000)
def _day_text(day: date, locale: str, style: str) -> str:
    return format_date(day, format=style, locale=Locale.parse(locale))


def day_text(day: date) -> str:
    """Return the day: `18 Nov 2025`, `2025年11月18日`."""
    return _day_text(day, locale_code(), "d MMM y" if locale_code() == "en" else "y年M月d日")


def short_day_text(day: date) -> str:
    """Return the day without its year: `18 Nov`, `11月18日`."""
    return _day_text(day, locale_code(), "d MMM" if locale_code() == "en" else "M月d日")


def month_text(day: date) -> str:
    """Return the month of a day: `Nov 2025`, `2025年11月`."""
    return _day_text(day, locale_code(), "MMM y" if locale_code() == "en" else "y年M月")


def moment_text(moment: datetime) -> str:
    """Return the moment in the site's time zone: `18 Nov 2025, 14:05:09`."""
    local = timezone.localtime(moment)
    return f"{day_text(local.date())} {format_datetime(local, 'HH:mm:ss', locale=locale_code())}"


def number_text(value: int) -> str:
    """Return a whole number with thousands separated."""
    return f"{value:,}" if value >= 0 else f"{MINUS}{-value:,}"


def percent_text(numerator: int, denominator: int, *, digits: int = 0) -> str:
    """Return a share as a percentage, an en dash when there is nothing to divide by."""
    if not denominator:
        return "–"
    return f"{100 * numerator / denominator:,.{digits}f}{NARROW_SPACE}%"


def duration_text(seconds: float) -> str:
    """Return how long something took, two figures of seconds at least: `0.04 s`, `1.4 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 0.995:
        return _("%s s") % f"{seconds:.2f}"
    if seconds < 9.95:
        return _("%s s") % f"{seconds:.1f}"
    whole = round(seconds)
    if whole < 60:
        return _("%s s") % whole
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": rest}
    return _("%(hours)s h %(minutes)s min") % {"hours": number_text(minutes // 60), "minutes": minutes % 60}

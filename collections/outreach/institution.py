"""Who messages and the customer's page come from."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import get_language


@dataclass(frozen=True, slots=True)
class Institution:
    """The institution as customers know it."""

    name: str
    hotline: str


def institution(language: str | None = None) -> Institution:
    """Return the institution, named in a language (the reader's if none is given)."""
    is_chinese = (language or get_language() or "").startswith("zh")
    return Institution(settings.INSTITUTION_NAME_ZH if is_chinese else settings.INSTITUTION_NAME, settings.CUSTOMER_HOTLINE)

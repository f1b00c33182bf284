"""The articles that every new site starts with. Put in by migrate, changed by people afterwards."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from outreach.models import EducationArticle
from outreach.shipped import AUTHOR, FIRST_DAY

_TEXTS: Final = Path(__file__).with_name("shipped_education.toml")


def shipped_articles() -> dict[str, dict[str, Any]]:
    """Return the columns of each article by its code."""
    articles: dict[str, dict[str, Any]] = tomllib.loads(_TEXTS.read_text(encoding="utf-8"))
    return articles


@transaction.atomic
def seed_education(*, using: str = "default") -> list[str]:
    """Make the first version of each article that has none and return their codes."""
    rows = EducationArticle.objects.using(using)
    known = set(rows.values_list("code", flat=True))
    missing = {code: article for code, article in shipped_articles().items() if code not in known}
    for code, article in missing.items():
        rows.create(
            code=code,
            version=1,
            status=EducationArticle.Status.APPROVED,
            live_from=FIRST_DAY,
            drafted_by_name=AUTHOR,
            approved_by_name=AUTHOR,
            approved_at=timezone.now(),
            **article,
        )
    return list(missing)

"""The message templates every new site starts with, in both languages. Put in by migrate, changed by people afterwards.

What they say stands in shipped_templates.toml.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from outreach.models import MessageTemplate
from outreach.shipped import AUTHOR, FIRST_DAY

_TEXTS: Final = Path(__file__).with_suffix(".toml")


def shipped_values() -> list[dict[str, Any]]:
    """Return what each shipped template says, by column."""
    texts = tomllib.loads(_TEXTS.read_text(encoding="utf-8"))
    return [{"code": code, **said} for code, said in texts.items()]


@transaction.atomic
def seed_templates(*, using: str = "default") -> list[str]:
    """Make the first version of each shipped template that has none and return their codes."""
    rows = MessageTemplate.objects.using(using)
    known = set(rows.values_list("code", flat=True))
    missing = [values for values in shipped_values() if values["code"] not in known]
    rows.bulk_create(
        MessageTemplate(
            version=1,
            status=MessageTemplate.Status.APPROVED,
            live_from=FIRST_DAY,
            drafted_by_name=AUTHOR,
            approved_by_name=AUTHOR,
            approved_at=timezone.now(),
            **values,
        )
        for values in missing
    )
    return [values["code"] for values in missing]

"""Which letter policy holds on a day for which currency."""

from __future__ import annotations

from datetime import date

from outreach.models.versions import live_versions
from recovery.models import LetterPolicy, LetterTemplate


def policies_on(on: date) -> dict[str, LetterPolicy]:
    """Return the version that holds on a day (the site's calendar) for each currency."""
    live = live_versions(LetterPolicy, on)
    return {live[code].currency: live[code] for code in sorted(live, reverse=True)}


def template_on(code: str, on: date) -> LetterTemplate | None:
    """Return the version of a letter template that holds on a day."""
    return live_versions(LetterTemplate, on, [code]).get(code)

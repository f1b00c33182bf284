"""System checks: what the settings of providers lack, said at start and by `manage.py check`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from outreach.providers.registry import KNOWN, SETTINGS, names_of
from outreach.rules.contacts import Channel


@register
def check_providers(**_kwargs: Any) -> list[CheckMessage]:
    """Return what is wrong with the lists of providers, and what the listed ones lack."""
    found: list[CheckMessage] = []
    for channel, setting in SETTINGS.items():
        names = names_of(channel)
        if not names:
            found.append(
                Error(
                    f"{setting} names no provider.", hint="Name at least one: local keeps the messages here.", id="outreach.E001"
                )
            )
        for name in names:
            found += _wrong_with(name, channel, setting)
        if "local" in names and settings.ENVIRONMENT_NAME == "production":
            found.append(
                Warning(
                    f"{setting} names local: those messages go nowhere.", hint="Name a provider that sends.", id="outreach.W001"
                )
            )
    for name in sorted({name for channel in SETTINGS for name in names_of(channel)} & set(KNOWN)):
        missing = KNOWN[name]().missing_settings()
        if missing:
            found.append(
                Error(
                    f"The provider {name} lacks {', '.join(missing)}.",
                    hint="docs/settings.md says what they hold.",
                    id="outreach.E004",
                )
            )
    return found


def _wrong_with(name: str, channel: Channel, setting: str) -> list[CheckMessage]:
    if name not in KNOWN:
        return [
            Error(f"{setting} names {name}, which is no provider.", hint=f"There are {', '.join(KNOWN)}.", id="outreach.E002")
        ]
    if channel not in KNOWN[name].channels:
        fitting = ", ".join(other for other, kind in KNOWN.items() if channel in kind.channels)
        return [Error(f"{setting} names {name}, which does not carry {channel}.", hint=f"{fitting} do.", id="outreach.E003")]
    return []

"""The page of delivery providers: by channel, in the order they are tried, each with how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from outreach.models import ProviderHealth
from outreach.providers.registry import SETTINGS, providers_of
from outreach.rules.circuits import Circuit, CircuitState
from outreach.rules.contacts import Channel


@dataclass(frozen=True, slots=True)
class ProviderLine:
    """One provider of a channel; `place` counts from 1."""

    place: int
    name: str
    state: CircuitState
    failures: int
    open_until: datetime | None
    last_error: str
    last_failed_at: datetime | None
    last_answered_at: datetime | None
    is_idempotent: bool
    is_askable: bool


@dataclass(frozen=True, slots=True)
class ChannelLines:
    """The providers of a channel, the preferred one first; `setting` lists them."""

    channel: Channel
    setting: str
    lines: tuple[ProviderLine, ...]

    @property
    def next_name(self) -> str:
        """The one that the next message goes by, "" where all rest."""
        return next((line.name for line in self.lines if line.state is not CircuitState.OPEN), "")


def provider_page(now: datetime) -> tuple[ChannelLines, ...]:
    """Return every channel with its providers, in one query."""
    rows = {row.provider: row for row in ProviderHealth.objects.all()}
    found = []
    for channel, setting in SETTINGS.items():
        lines = []
        for place, provider in enumerate(providers_of(channel), 1):
            row = rows.get(provider.name, ProviderHealth())
            lines.append(
                ProviderLine(
                    place=place,
                    name=provider.name,
                    state=Circuit(row.failures, row.open_until).state(now),
                    failures=row.failures,
                    open_until=row.open_until,
                    last_error=row.last_error,
                    last_failed_at=row.last_failed_at,
                    last_answered_at=row.last_answered_at,
                    is_idempotent=provider.is_idempotent,
                    is_askable=provider.is_askable,
                )
            )
        found.append(ChannelLines(channel, setting, tuple(lines)))
    return tuple(found)


def provider_names() -> frozenset[str]:
    """Return the names of the providers of this installation."""
    return frozenset(provider.name for channel in SETTINGS for provider in providers_of(channel))

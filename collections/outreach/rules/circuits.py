"""When a provider that fails is passed over, and when it is tried again. Plain values, no Django, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class CircuitState(StrEnum):
    """Whether messages go by a provider."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Circuit:
    """How a provider stands. `open_until`: passed over until then; after it, one message tries it. None: it works."""

    failures: int
    open_until: datetime | None

    def state(self, now: datetime) -> CircuitState:
        """Return whether it is passed over at a moment."""
        if self.open_until is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now < self.open_until else CircuitState.HALF_OPEN

    def after_failure(self, now: datetime, *, failures_to_open: int, rest: timedelta) -> Circuit:
        """Return how it stands after a failure more: a failed trial lets it rest again."""
        failures = self.failures + 1
        is_open = failures >= failures_to_open or self.open_until is not None
        return Circuit(failures, now + rest if is_open else None)

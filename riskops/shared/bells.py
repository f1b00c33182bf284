"""Waking workers up. What is to be done is rows; a bell that nobody hears costs a minute, until the next tick."""

from __future__ import annotations

from typing import Any

import structlog

log = structlog.get_logger(__name__)


def ring(task: Any, *, times: int = 1, expires_seconds: int | None = None, **arguments: Any) -> None:
    """Ask a worker, or several, to run a task. A broker that is down is logged and made up for by the tick."""
    try:
        for _ in range(times):
            task.apply_async(kwargs=arguments, expires=expires_seconds, retry=False)
    except Exception:
        log.warning("doorbell_failed", task=task.name, **arguments, exc_info=True)

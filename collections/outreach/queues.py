"""The queues of Celery that messages go by: one for each channel, so that a slow one holds no other up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: The task that sends, which goes to the queue of the channel it is called for.
SEND = "outreach.send_batch"


def queue_of(channel: str) -> str:
    """Return the name of the queue of a channel."""
    return f"outreach-{channel}"


def route(
    name: str, _args: Any, kwargs: Mapping[str, Any], _options: Any, task: Any = None, **_more: Any
) -> dict[str, str] | None:
    """Route a task: what sends by a channel goes to the channel's queue, all else to the common one."""
    return {"queue": queue_of(kwargs["channel"])} if name == SEND else None

"""Messages whose customers were told to disregard them: what is corrected does not go out afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from outreach.models import Message

#: The step of a correction begins so and ends with whose it is: the unique key lets each message be corrected once.
STEP: Final = "correction:"


def own_step(message_id: int) -> str:
    """Return the step of the correction of a message."""
    return f"{STEP}{message_id}"


def corrected_among(messages: Iterable[Message]) -> frozenset[int]:
    """Return which of some messages are corrected, by id, in one query; in none where there is no message."""
    steps = {own_step(message.pk): message for message in messages}
    if not steps:
        return frozenset()
    accounts = {message.account_id for message in steps.values()}
    found = Message.objects.filter(account_id__in=accounts, step__in=steps).values_list("step", flat=True)
    return frozenset(steps[step].pk for step in found)

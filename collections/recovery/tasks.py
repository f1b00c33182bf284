"""The jobs of recovery for workers: each a door, with one call behind it."""

from __future__ import annotations

from typing import Final

from celery import shared_task

from recovery.operations.letters.printing import print_approved

#: How long one bell is worked for: the next comes after a minute.
_BELL_SECONDS: Final = 55.0


@shared_task(name="recovery.print_letters", acks_late=True)
def print_letters(**_newer: object) -> None:
    """Print the letters that are approved."""
    print_approved(for_seconds=_BELL_SECONDS)

"""What the commands of the house refuse."""

from __future__ import annotations


class CannotRun(Exception):
    """What stands in the way, and what to do about it."""

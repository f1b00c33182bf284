"""Every kind of file that is kept encrypted under var/: upper rooms add theirs when they are ready (`register_sealed_files`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from accounts.operations.attachments import reseal_files

#: Encrypts with the newest key, whose number is given, every file of a kind that is not; returns how many were not.
Reseal = Callable[[int], int]

_KINDS: Final[dict[str, Reseal]] = {"review files": reseal_files}


def register_sealed_files(name: str, reseal: Reseal) -> None:
    """Add a kind of file to what is encrypted anew when keys change; one of the same name is replaced."""
    _KINDS[name] = reseal


def reseal_all(key_id: int) -> int:
    """Encrypt with the newest key every kept file that is not, and return how many were not; safe to break off and repeat.

    :raises UnknownKey: a file is encrypted with a key that is not configured; those before it are done
    """
    return sum(reseal(key_id) for reseal in _KINDS.values())

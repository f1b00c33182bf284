"""What disputes need of upper rooms, which register it when they are ready: holds on contact, delivery of letters, causes.

Holds are placed and ended in the transaction of the dispute itself, so that contact is held back the moment it is open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.functional import Promise

from casework.models import Dispute, DisputeLetter
from riskops.shared.audit import Actor

#: Place or end what a dispute holds back.
Hold = Callable[[Dispute, Actor, datetime], None]
#: Take a letter over for sending, in this transaction and by no other deed than rows; return the number it goes by there.
SendLetter = Callable[[DisputeLetter, datetime], str]


@dataclass(frozen=True, slots=True)
class Found:
    """Something by its number, in words, and the page that shows it."""

    text: str
    url: str = ""


#: Say what became of a letter that was taken over; None if nothing is known of it.
TraceLetter = Callable[[DisputeLetter], Found | None]


@dataclass(frozen=True, slots=True)
class CauseKind:
    """A kind of thing that may have caused a dispute.

    :param find: returns one of a customer's by its number, None if there is none
    :param recent: returns the latest of a customer's, to choose from: number and words
    """

    code: str
    label: Promise | str
    find: Callable[[int, int], Found | None]
    recent: Callable[[int], list[tuple[int, str]]]


_HOLDS: Final[dict[str, tuple[Hold, Hold]]] = {}
_LETTERS: Final[dict[str, tuple[SendLetter, TraceLetter]]] = {}
_CAUSES: Final[dict[str, CauseKind]] = {}


def register_holds(name: str, place: Hold, end: Hold) -> None:
    """Add what is held back while a dispute is open; one of the same name is replaced."""
    _HOLDS[name] = (place, end)


def register_letters(name: str, send: SendLetter, trace: TraceLetter) -> None:
    """Add who sends letters; the last one registered does."""
    _LETTERS[name] = (send, trace)


def register_cause(kind: CauseKind) -> None:
    """Add a kind of cause; one of the same code is replaced."""
    _CAUSES[kind.code] = kind


def place_holds(dispute: Dispute, actor: Actor, now: datetime) -> None:
    """Hold back what the dispute's figures say."""
    for place, _end in _HOLDS.values():
        place(dispute, actor, now)


def end_holds(dispute: Dispute, actor: Actor, now: datetime) -> None:
    """End what the dispute held back."""
    for _place, end in _HOLDS.values():
        end(dispute, actor, now)


def send_letter(letter: DisputeLetter, now: datetime) -> str:
    """Hand a letter over for sending and return the number it goes by, "" where nobody sends letters."""
    return next((send(letter, now) for send, _trace in reversed(_LETTERS.values())), "")


def trace_letter(letter: DisputeLetter) -> Found | None:
    """Return what became of a letter."""
    return next((trace(letter) for _send, trace in reversed(_LETTERS.values())), None)


def cause_kinds() -> tuple[CauseKind, ...]:
    """Return the kinds of causes in the order they were registered."""
    return tuple(_CAUSES.values())


def find_cause(code: str, customer_id: int, number: int) -> Found | None:
    """Return a cause by its kind and number, if it is the customer's."""
    kind = _CAUSES.get(code)
    return kind.find(customer_id, number) if kind else None

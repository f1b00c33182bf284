"""Undoings of rule versions as people look at them. Their figures are of the whole book, and for who sees all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise

from accounts.models import Application
from accounts.models.application_undoings import FATE_CHOICES
from accounts.models.rule_versions import RuleUndo
from accounts.operations.rule_undoing import UndoKind
from accounts.rules.application_undoing import Fate
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.scope import scope_of

MOST_SHOWN: Final = 50
#: What somebody may want to look at one by one: it was passed over, though it was decided as the rule proposed.
_TO_LOOK_AT: Final = (Fate.USED, Fate.DECIDED_SINCE, Fate.APPEALED, Fate.APPLIED_SINCE, Fate.UNDONE_BEFORE)


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Applications that an undoing passed over for one reason: id and number of the first, and how many there are."""

    why: Promise
    first: tuple[tuple[int, str], ...]
    count: int


@dataclass(frozen=True, slots=True)
class UndoingShown:
    """An undoing with what it passed over."""

    undo: RuleUndo
    passed_over: tuple[PassedOver, ...]


def undoings_seen(kind: UndoKind, *, user: Any, version_id: int | None = None, most: int = MOST_SHOWN) -> list[Any]:
    """Return the latest undoings of a kind of rule, or of one version; none for who sees a part of the book."""
    if scope_of(user).is_limited:
        return []
    found = kind.rows
    if version_id is not None:
        found = found.filter(rule_version_id=version_id)
    return list(found.order_by("-pk")[:most])


def undoings_of(kind: UndoKind, version_id: int, *, user: Any) -> tuple[UndoingShown, ...]:
    """Return the undoings of a version with the applications that each passed over."""
    return tuple(UndoingShown(undo, _passed_over(undo, user)) for undo in undoings_seen(kind, user=user, version_id=version_id))


def _passed_over(undo: Any, user: Any) -> tuple[PassedOver, ...]:
    result = result_seen(undo, user=user)
    words = dict(FATE_CHOICES)
    found = []
    for fate in _TO_LOOK_AT:
        numbers = result.get(fate.value, [])
        if numbers:
            ids = dict(Application.objects.filter(application_no__in=numbers[:MOST_SHOWN]).values_list("application_no", "pk"))
            first = tuple((ids[number], number) for number in numbers[:MOST_SHOWN] if number in ids)
            found.append(PassedOver(words[fate.value], first, len(numbers)))
    return tuple(found)


def result_seen(undo: Any, *, user: Any) -> dict[str, list[str]]:
    """Return the numbers of the applications by what became of them, less those of customers the person has a conflict with."""
    result: dict[str, list[str]] = getattr(undo, "result", {})
    conflicted = conflicted_customers(user)
    if not conflicted or not result:
        return result
    theirs = set(Application.objects.filter(customer_id__in=conflicted).values_list("application_no", flat=True))
    return {fate: [number for number in numbers if number not in theirs] for fate, numbers in result.items()}

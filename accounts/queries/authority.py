"""The authority matrix as people look at it: its lines by action, the changes that wait for a second person, those judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models import AuthorityChange, AuthorityRow
from accounts.models.decision_settings import AUTHORITY_CHOICES, AUTHORITY_COLUMNS, ROLE_CHOICES
from riskops.shared.wording import number_text

#: How many changes that are judged or withdrawn the page shows.
LATEST: Final = 20
_ACTIONS = dict(AUTHORITY_CHOICES)
_ROLES = dict(ROLE_CHOICES)


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a line before and after, in words; "" on the side where there is no line."""

    label: str
    before: str
    after: str

    @property
    def is_changed(self) -> bool:
        """Whether both sides are there and differ."""
        return bool(self.before and self.after) and self.before != self.after


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change with its line before and after.

    `outdated`: what the line says otherwise by now (before: as the proposer saw it); such a change can no longer be approved.
    """

    change: AuthorityChange
    cells: tuple[Cell, ...]
    outdated: tuple[Cell, ...]
    is_line_gone: bool
    is_mine: bool

    @property
    def is_outdated(self) -> bool:
        """Whether the line is no longer what the proposer saw."""
        return self.is_line_gone or bool(self.outdated)


@dataclass(frozen=True, slots=True)
class MatrixPage:
    """The matrix: actions with their lines, each with whether a change of it waits; open changes; the latest closed ones."""

    actions: tuple[tuple[str, tuple[tuple[AuthorityRow, bool], ...]], ...]
    proposed: tuple[ChangeRow, ...]
    closed: tuple[ChangeRow, ...]


def matrix_page(*, user_id: int | None) -> MatrixPage:
    """Return the matrix as one person sees it."""
    lines = list(AuthorityRow.objects.all())
    stands = {line.pk: line.values() for line in lines}
    proposed = list(AuthorityChange.objects.filter(status=AuthorityChange.Status.PROPOSED).order_by("pk"))
    waiting = {change.line_id for change in proposed}
    return MatrixPage(
        actions=tuple(
            (str(_ACTIONS[action]), tuple((line, line.pk in waiting) for line in of_action))
            for action, of_action in groupby(lines, key=lambda line: line.action)
        ),
        proposed=tuple(_row(change, user_id, stands) for change in proposed),
        closed=tuple(
            _row(change, user_id, None)
            for change in AuthorityChange.objects.exclude(status=AuthorityChange.Status.PROPOSED).order_by("-closed_at")[:LATEST]
        ),
    )


def _row(change: AuthorityChange, user_id: int | None, stands: Mapping[int, dict[str, Any]] | None) -> ChangeRow:
    """Return a change as one person sees it; without the lines that stand nothing is said about whether it is outdated."""
    now = stands.get(change.line_id) if stands is not None and change.line_id is not None else change.before
    return ChangeRow(
        change=change,
        cells=cells_of(change.before, change.after),
        outdated=differences(change.before, now) if change.before and now else (),
        is_line_gone=change.before is not None and now is None,
        is_mine=user_id is not None and change.proposed_by_id == user_id,
    )


def cells_of(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[Cell, ...]:
    """Return a line before and after, column by column, in words."""
    labels = {field.name: field.verbose_name for field in AuthorityRow._meta.concrete_fields}
    return tuple(
        Cell(_capitalised(labels[name]), *(_in_words(name, line[name]) if line else "" for line in (before, after)))
        for name in AUTHORITY_COLUMNS
    )


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Cell, ...]:
    """Return the columns in which two lines differ."""
    return tuple(cell for cell in cells_of(before, now) if cell.is_changed)


def _capitalised(label: str | Promise) -> str:
    text = str(label)
    return text[:1].upper() + text[1:]


def _in_words(name: str, value: Any) -> str:
    """Return the value of a column as the page shows it: an empty one has its meaning too."""
    if name == "action":
        return str(_ACTIONS.get(value, value))
    if name == "role":
        return str(_ROLES.get(value, value))
    if name == "currency":
        return value or _("every other")
    if name == "approver_role":
        return str(_ROLES.get(value, value)) if value else _("nobody: alone")
    return _("no upper end") if value is None else number_text(value)

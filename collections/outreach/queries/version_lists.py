"""What is kept in versions, as lists and pages show it: the same for every kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from outreach.models.versions import IN_WORK, Version, live_versions
from outreach.operations.versions import Kind
from riskops.shared.models import AuditEntry


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key with the version that holds and the one in work; `shown` is the one whose name stands for it."""

    key: str
    shown: Any
    live: Any
    in_work: Any
    versions: int


@dataclass(frozen=True, slots=True)
class Compared:
    """One version, and the one that holds where it is another; `changed` names the columns in which they differ."""

    row: Any
    holds: bool
    live: Any
    changed: frozenset[str]
    audit: tuple[AuditEntry, ...]


def key_rows(kind: Kind[Any], today: date) -> tuple[KeyRow, ...]:
    """Return every key of a kind by name, in two queries."""
    live = live_versions(kind.model, today)
    versions: dict[str, list[Version]] = {}
    for row in kind.rows.order_by(kind.model.KEY, "-version"):
        versions.setdefault(row.key, []).append(row)
    found = []
    for key, rows in versions.items():
        in_work = next((row for row in rows if row.status in IN_WORK), None)
        found.append(KeyRow(key, live.get(key) or rows[0], live.get(key), in_work, len(rows)))
    return tuple(found)


def compared(kind: Kind[Any], row: Version, today: date, *, with_audit: bool) -> Compared:
    """Return one version beside the one that holds."""
    live = live_versions(kind.model, today).get(row.key)
    holds = live is not None and live.pk == row.pk
    other = None if holds else live
    said, theirs = row.said(), other.said() if other else {}
    changed = frozenset(name for name, value in said.items() if other is not None and theirs[name] != value)
    audit = AuditEntry.objects.filter(subject_type=kind.subject, subject_key=str(row)).order_by("-id")[:50]
    return Compared(row, holds, other, changed, tuple(audit) if with_audit else ())

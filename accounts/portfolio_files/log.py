"""The faults of one import: all counted, the first ones kept."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from accounts.portfolio_files.formats import FORMAT_BY_NAME
from accounts.portfolio_files.problems import VALUE_LENGTH, Problem

#: Kept in memory and given in a report; the page keeps fewer (accounts/operations/import_reporting.py).
KEPT_PROBLEMS: Final = 10_000
_PLACES: Final = {name: place for place, name in enumerate(FORMAT_BY_NAME)}


@dataclass(slots=True)
class ProblemLog:
    """Faults and warnings, in the order of files and lines when asked."""

    error_count: int = 0
    warning_count: int = 0
    _errors: list[Problem] = field(default_factory=list)
    _warnings: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        """Count a problem, and keep it while there is room, without personal values."""
        self.count(problem.is_error, 1)
        kept = self._errors if problem.is_error else self._warnings
        if len(kept) < KEPT_PROBLEMS:
            kept.append(_storable(problem))

    def count(self, is_error: bool, number: int) -> None:
        """Count problems that are not described one by one."""
        if is_error:
            self.error_count += number
        else:
            self.warning_count += number

    def room(self, *, is_error: bool) -> int:
        """Return how many more problems would be kept."""
        return KEPT_PROBLEMS - len(self._errors if is_error else self._warnings)

    @property
    def errors(self) -> list[Problem]:
        """The errors kept, by file and line."""
        return sorted(self._errors, key=_place)

    @property
    def warnings(self) -> list[Problem]:
        """The warnings kept, by file and line."""
        return sorted(self._warnings, key=_place)


def _place(problem: Problem) -> tuple[int, str, int]:
    return _PLACES.get(problem.file, -1), problem.file, problem.line or 0


def _storable(problem: Problem) -> Problem:
    """Return the problem without what must not, or cannot, be stored: personal values, broken bytes, NULs."""
    form = FORMAT_BY_NAME.get(problem.file)
    is_personal = form is not None and any(c.is_personal and c.name == problem.column for c in form.columns)
    return replace(
        problem,
        file=storable_text(problem.file),
        column=storable_text(problem.column),
        value="" if is_personal else storable_text(problem.value)[:VALUE_LENGTH],
        params={name: storable_text(value) if isinstance(value, str) else value for name, value in problem.params.items()},
    )


def storable_text(text: str) -> str:
    """Return the text with NULs and bytes that are no UTF-8 written out."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")

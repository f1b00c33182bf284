"""The dry run of a rule version as one person may see it: of the products in sight, money by currency."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from accounts.models.rule_versions import RuleVersion
from riskops.shared.scope import Scope


@dataclass(frozen=True, slots=True)
class DryRunSeen:
    """A dry run, of the products in sight. `parts` and `movers` as they were stored, for the API; see `RuleKind.dry_run`."""

    as_of: str
    parts: tuple[dict[str, Any], ...]
    movers: tuple[dict[str, Any], ...]

    @property
    def holds(self) -> int:
        """How many rows the rule holds on: accounts, or applications."""
        return sum(part["holds"] for part in self.parts)

    @property
    def of(self) -> int:
        """How many rows it was tried on."""
        return sum(part["of"] for part in self.parts)

    @property
    def warning(self) -> str:
        """`all` or `none`: the rule tells nothing apart; worth a look before it goes live."""
        return "none" if not self.holds else "all" if self.holds == self.of else ""

    def sums(self, first: str, second: str) -> tuple[tuple[str, int, int], ...]:
        """Return the sums of two amounts by currency, in its minor units; sums over currencies would mean nothing."""
        found: dict[str, list[int]] = {}
        for part in self.parts:
            sums = found.setdefault(part["currency"], [0, 0])
            sums[0] += part.get(first, 0)
            sums[1] += part.get(second, 0)
        return tuple((currency, one, other) for currency, (one, other) in sorted(found.items()) if one or other)

    @property
    def decided_money(self) -> tuple[tuple[str, int, int], ...]:
        """Currency, limits and principal of what a decision rule would decide about."""
        return self.sums("limits_minor", "principal_minor")

    @property
    def proposed_money(self) -> tuple[tuple[str, int, int], ...]:
        """Currency and limits proposed without and with a proposal rule."""
        return self.sums("granted_before_minor", "granted_after_minor")

    @property
    def owed_money(self) -> tuple[tuple[str, int, int], ...]:
        """Currency, what is owed and what going on would bring of what a write-off rule would propose."""
        return self.sums("owed_minor", "expected_minor")

    def outcomes(self, name: str) -> Counter[str]:
        """Return how many applications are proposed to be decided how; `name` is `before` or `after`."""
        found: Counter[str] = Counter()
        for part in self.parts:
            found.update(part.get(name, {}))
        return found


def dry_run_seen(version: RuleVersion, scope: Scope) -> DryRunSeen | None:
    """Return the dry run of a version cut to the products in sight; None where it was never tried on this book."""
    stored = version.dry_run or {}
    if "parts" not in stored:
        return None
    return DryRunSeen(
        as_of=stored["as_of"],
        parts=tuple(part for part in stored["parts"] if scope.takes(part["product_code"])),
        movers=tuple(mover for mover in stored.get("movers", ()) if scope.takes(mover["product_code"])),
    )

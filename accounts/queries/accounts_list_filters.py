"""What is asked of the accounts list: its filters, and reading them from query parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from accounts.queries.finding import shown_search
from accounts.rules.aging import CLASSES
from riskops.shared.money import MalformedAmount, parse_amount

SCOPES: Final = ("past_due", "all", "written_off")
SORTS: Final = ("latest", "earliest", "account", "overdue", "outstanding")


@dataclass(frozen=True, slots=True)
class ListFilters:
    """What the address bar asks for. Days and amounts are inclusive; amounts in major units, as typed."""

    scope: str = "past_due"
    sort: str = "latest"
    buckets: frozenset[int] = frozenset()
    delinquency_class: str = ""
    tier: str = ""
    product: str = ""
    days_from: int | None = None
    days_to: int | None = None
    overdue_from: str = ""
    overdue_to: str = ""
    opened_from: date | None = None
    opened_to: date | None = None
    search: str = ""
    #: The search as the address holds it encrypted; one that stands there in clear is for a number only.
    hidden_search: str = ""
    rule: str = ""
    after: str = ""
    unread: tuple[str, ...] = ()

    @property
    def is_late_only(self) -> bool:
        """Whether only past-due accounts are asked for. What is searched for, and m0, may not be late at all."""
        return self.scope == "past_due" and not self.search and 0 not in self.buckets and self.delinquency_class != "current"

    @property
    def sorts(self) -> tuple[str, ...]:
        """The orders that make sense here, the one it has of itself first."""
        return SORTS if self.is_late_only else SORTS[2:]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the scope and the order is chosen."""
        chosen = (self.buckets, self.delinquency_class, self.tier, self.product, self.overdue_from, self.overdue_to)
        days = (self.days_from, self.days_to, self.opened_from, self.opened_to)
        return any(chosen) or bool(self.search or self.rule) or any(value is not None for value in days)


def read_filters(parameters: Mapping[str, str], *, buckets: Iterable[str] = ()) -> ListFilters:
    """Return the filters that query parameters ask for; names of those that cannot be read are in `unread`."""
    reader = _Reader(parameters)
    hidden = parameters.get("find", "")
    rule = parameters.get("rule", "").strip()
    return ListFilters(
        # A rule, or a tier, says itself whom it means.
        scope=reader.choice("scope", SCOPES) or ("all" if rule or parameters.get("tier") else "past_due"),
        sort=reader.choice("sort", SORTS) or "",
        buckets=reader.buckets(buckets),
        delinquency_class=reader.choice("class", CLASSES),
        tier=parameters.get("tier", ""),
        product=parameters.get("product", ""),
        days_from=reader.whole("days_from"),
        days_to=reader.whole("days_to"),
        overdue_from=reader.amount("overdue_from"),
        overdue_to=reader.amount("overdue_to"),
        opened_from=reader.day("opened_from"),
        opened_to=reader.day("opened_to"),
        search=(shown_search(hidden) if hidden else parameters.get("q", "")).strip(),
        hidden_search=hidden,
        rule=rule,
        after=parameters.get("after", ""),
        unread=tuple(reader.unread),
    )


@dataclass(slots=True)
class _Reader:
    """Reads typed parameters and remembers the ones it could not read."""

    parameters: Mapping[str, str]
    unread: list[str] = field(default_factory=list)

    def _refuse(self, name: str) -> None:
        self.unread.append(name)

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.parameters.get(name, "")
        if value and value not in choices:
            self._refuse(name)
            return ""
        return value

    def buckets(self, values: Iterable[str]) -> frozenset[int]:
        chosen = set()
        for value in values:
            digit = value.removeprefix("m")
            if digit in tuple("01234567"):
                chosen.add(int(digit))
            elif value:
                self._refuse("bucket")
        return frozenset(chosen)

    def whole(self, name: str) -> int | None:
        value = self.parameters.get(name, "").strip()
        if not value:
            return None
        if value.isdecimal() and value.isascii() and len(value) <= 5:
            return int(value)
        self._refuse(name)
        return None

    def amount(self, name: str) -> str:
        value = self.parameters.get(name, "").strip().replace(",", "")
        try:
            if value:
                parse_amount(value, digits=4)
        except MalformedAmount:
            self._refuse(name)
            return ""
        return value

    def day(self, name: str) -> date | None:
        value = self.parameters.get(name, "").strip()
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            self._refuse(name)
            return None

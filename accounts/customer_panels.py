"""What the page of a customer shows and only an upper room knows: the upper room registers it when it is ready.

    register_panel(Panel("promises", _("Promises"), 30, load_promises, "casework/_promises.html"))
    register_timeline(TimelineSource("contact", _("contacts"), contacts_of))

A panel and a source of the timeline each ask the database a fixed number of times, however much there is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class PanelAsk:
    """Whom a panel is for: a customer, and those of their accounts that the reader may see (number by id)."""

    customer_id: int
    accounts: dict[int, str]
    business_date: date
    user: Any


@dataclass(frozen=True, slots=True)
class Panel:
    """A block of the customer page.

    :param load: returns the template's `panel`, None where there is nothing to show
    :param template: lays it out; it may use `panel` and `ask`
    """

    name: str
    title: Promise | str
    order: int
    load: Callable[[PanelAsk], Any]
    template: str
    operation: str = "account.view"


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a timeline: it happened on a day (at a moment, where one is known).

    :param key: the row's id in its source; lines of one day and source stand in its order, the highest first
    :param money: amount in minor units and currency, where the line is about money
    """

    kind: str
    day: date
    key: int
    title: str
    account_no: str = ""
    at: datetime | None = None
    who: str = ""
    text: str = ""
    details: Sequence[tuple[str, str]] = ()
    money: tuple[int, str] | None = None
    url: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class TimelineAsk:
    """What a source is asked for: its lines on or before a day, the newest first.

    :param before: the last line shown: only lines of an earlier day, or of that day with a smaller key. None: from the newest
    :param search: part of a text that must stand in the line; "" for all
    :param rows: how many lines at most
    """

    accounts: dict[int, str]
    customer_id: int
    before: tuple[date, int] | None
    search: str
    rows: int
    currencies: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimelineSource:
    """Where lines of one kind come from; `ask` makes one query (two at most)."""

    kind: str
    label: Promise | str
    ask: Callable[[TimelineAsk], list[Happening]]


_PANELS: Final[dict[str, Panel]] = {}
_SOURCES: Final[dict[str, TimelineSource]] = {}

#: The panels that are expected from upper rooms, and what brings them; shown until a room fills them.
EXPECTED_PANELS: Final[dict[str, tuple[Promise, Promise]]] = {
    "cases": (_("Cases"), _("come with collection cases")),
    "contacts": (_("Contacts"), _("come with the contact log")),
    "promises": (_("Promises to pay"), _("come with collection cases")),
}


def register_panel(panel: Panel) -> None:
    """Add a panel to the customer page; one of the same name is replaced."""
    _PANELS[panel.name] = panel


def register_timeline(source: TimelineSource) -> None:
    """Add a kind of line to the timeline; one of the same kind is replaced."""
    _SOURCES[source.kind] = source


def panels() -> tuple[Panel, ...]:
    """Return the panels in their order."""
    return tuple(sorted(_PANELS.values(), key=lambda panel: (panel.order, panel.name)))


def missing_panels() -> tuple[tuple[Promise, Promise], ...]:
    """Return the panels that no room has filled: title, and what brings them."""
    return tuple(words for name, words in EXPECTED_PANELS.items() if name not in _PANELS)


def timeline_sources() -> tuple[TimelineSource, ...]:
    """Return the sources of the timeline in the order they were registered."""
    return tuple(_SOURCES.values())

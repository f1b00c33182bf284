"""What upper rooms show on the account page: they fill this registry when they are ready, the page asks it.

A panel is a template with its context. What is asked at each look stands beside the tabs, what is looked at now and then under
them. What lists need is a stored column instead, never a call a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from accounts.queries.account_page import LoadedAccount


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel to show: its template gets `panel` and the page's own context."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Panels:
    """The panels of an account page, each in order."""

    beside: tuple[Panel, ...]
    under: tuple[Panel, ...]


#: Makes a panel for an account and the person who looks; None where there is nothing to show.
MakePanel = Callable[["LoadedAccount", Any], Panel | None]

_PANELS: Final[dict[str, tuple[int, bool, MakePanel]]] = {}


def register_panel(name: str, make: MakePanel, *, place: int = 100, is_under: bool = False) -> None:
    """Add a panel beside the tabs or under them; those with a smaller place stand higher."""
    _PANELS[name] = (place, is_under, make)


def panels_for(loaded: LoadedAccount, user: Any) -> Panels:
    """Return the panels of an account."""
    in_order = sorted(_PANELS.values(), key=lambda entry: entry[0])
    made = [(is_under, make(loaded, user)) for _place, is_under, make in in_order]
    return Panels(
        beside=tuple(panel for is_under, panel in made if panel is not None and not is_under),
        under=tuple(panel for is_under, panel in made if panel is not None and is_under),
    )

"""What upper rooms show on the account page: they fill this registry when they are ready, the page asks it.

A panel is a template with its context, placed beside the tabs. What lists need is a stored column instead, never a call a row.
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


#: Makes a panel for an account and the person who looks; None where there is nothing to show.
MakePanel = Callable[["LoadedAccount", Any], Panel | None]

_PANELS: Final[dict[str, tuple[int, MakePanel]]] = {}


def register_panel(name: str, make: MakePanel, *, place: int = 100) -> None:
    """Add a panel; those with a smaller place stand higher."""
    _PANELS[name] = (place, make)


def panels_for(loaded: LoadedAccount, user: Any) -> tuple[Panel, ...]:
    """Return the panels of an account, in order."""
    made = [make(loaded, user) for _place, make in sorted(_PANELS.values(), key=lambda entry: entry[0])]
    return tuple(panel for panel in made if panel is not None)

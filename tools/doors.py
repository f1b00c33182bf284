"""Every address of the site and the operation it asks the role table for: for docs/roles.md, and for the test that walks them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.urls import URLPattern, URLResolver, get_resolver

METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Door:
    """One address with one method of the API, or a page (`method` is "page", whatever methods it takes)."""

    name: str
    route: str
    method: str
    operation: str | None
    pattern: URLPattern

    @property
    def is_api(self) -> bool:
        """Whether programs come in here."""
        return self.method != "page"


def patterns(resolver: URLResolver | None = None, prefix: str = "", namespace: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    """Yield name, whole route and pattern of every address there is."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern, route, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace)
        else:
            yield f"{namespace}{pattern.name}", route, pattern


def doors() -> list[Door]:
    """Return every door but those of the admin, whose models are its own rows (`admin_rows`)."""
    return [door for name, route, pattern in patterns() if not name.startswith("admin:") for door in _doors(name, route, pattern)]


def _doors(name: str, route: str, pattern: URLPattern) -> Iterator[Door]:
    api: Any = getattr(pattern.callback, "cls", None)
    if api is None:
        yield Door(name, route, "page", getattr(pattern.callback, "operation", None), pattern)
        return
    operation = getattr(api, "operation", None)
    for method in METHODS:
        if hasattr(api, method):
            named = operation.get(method.upper()) if isinstance(operation, dict) else operation
            yield Door(name, route, method, named, pattern)


def admin_rows() -> dict[str, tuple[str | None, str | None]]:
    """Return the operations that look at and change each model of the admin, by its label; None where nobody may."""
    from django.contrib import admin

    return {
        model._meta.label: (getattr(model_admin, "view_operation", None), getattr(model_admin, "edit_operation", None))
        for model, model_admin in admin.site._registry.items()
    }


def doors_document(open_doors: dict[str, str]) -> str:
    """Return the table of pages and endpoints with their operations; `open_doors` says why some have none."""
    lines = ["| page or endpoint | operation |", "| --- | --- |"]
    for door in sorted(doors(), key=lambda door: (door.is_api, door.route, METHODS.index(door.method) if door.is_api else 0)):
        method = f"{door.method.upper()} " if door.is_api else ""
        asked = f"`{door.operation}`" if door.operation else open_doors.get(door.name, "")
        lines.append(f"| {method}/{_plain(door.route)} | {asked} |")
    for label, (view, edit) in sorted(admin_rows().items()):
        rights = [f"look: `{view}`" if view else "", f"change: `{edit}`" if edit else "changed by nobody"]
        lines.append(f"| /admin/ {label} | {', '.join(filter(None, rights))} |")
    return "\n".join(lines)


def _plain(route: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


#: Doors without an operation, on purpose, and why.
OPEN_DOORS: Final[dict[str, str]] = {
    "healthz": "open to all: says that the process lives",
    "readyz": "open to all: says that the database answers",
    "outreach:hook": "open to providers: signed by them, and nothing is believed before",
    "set_language": "open to all: the language of one's own pages",
    "outreach:public": "open to whoever holds a customer's link: what the customer may do",
    "outreach:public_opt_out": "open to whoever holds a customer's link: no more messages",
    "outreach:public_simulation": "open to whoever holds a customer's link and proves who they are: what would be owed",
    "outreach:public_plan": "open to whoever holds a customer's link and proves who they are: the plan that is offered",
    "outreach:public_plan_agreement": "open to whoever holds a customer's link and proves who they are: the agreement of a plan",
    "outreach:public_plan_accept": "open to whoever holds a customer's link and proves who they are: consent to a plan",
    "outreach:public_decisions": "open to whoever holds a customer's link and proves who they are: what may be objected to",
    "outreach:public_appeal": "open to whoever holds a customer's link: an objection to a decision",
    "landing": "everybody who is logged in: leads on",
    "patterns": "everybody who is logged in: shows components, no data",
    "api-schema": "everybody who is logged in: describes the API",
}

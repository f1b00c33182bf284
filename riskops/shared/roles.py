"""Who may do what: one table, read by pages, API, navigation, docs and tests alike.

A role is a Django group of the same name. An operation is named `subject.verb`, the same words as in the audit trail.
Doors ask `may`, `requires` (views) or `MayOperate` (API); nothing else decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission


class Role(StrEnum):
    """The roles of the site (product.md, row 29)."""

    ANALYST = "analyst"
    TEAM_LEAD = "team lead"
    APPROVER = "approver"
    LEGAL = "legal"
    MANAGER = "manager"
    COMPLIANCE = "compliance"
    AGENCY = "agency user"
    ADMINISTRATOR = "administrator"
    SERVICE = "service"


ROLE_NAMES: Final[dict[Role, Promise]] = {
    Role.ANALYST: _("analyst"),
    Role.TEAM_LEAD: _("team lead"),
    Role.APPROVER: _("approver"),
    Role.LEGAL: _("legal"),
    Role.MANAGER: _("manager"),
    Role.COMPLIANCE: _("compliance"),
    Role.AGENCY: _("agency user"),
    Role.ADMINISTRATOR: _("administrator"),
    Role.SERVICE: _("service"),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing the site can do, and the roles that may do it."""

    name: str
    label: Promise
    roles: frozenset[Role]


OPERATIONS: Final[dict[str, Operation]] = {}

#: What the audit trail records besides operations: what follows from one, or happens at night. Words by the action's name.
EVENTS: Final[dict[str, Promise]] = {}

#: Everybody who works on the book; agency users see only what is placed with them (issue 4).
READERS: Final = (
    Role.ANALYST,
    Role.TEAM_LEAD,
    Role.APPROVER,
    Role.LEGAL,
    Role.MANAGER,
    Role.COMPLIANCE,
    Role.ADMINISTRATOR,
    Role.SERVICE,
)


def operation(name: str, label: Any, *roles: Role) -> str:
    """Enter an operation into the table and return its name. Each app declares its own in `roles.py`."""
    if name in OPERATIONS and OPERATIONS[name].roles != frozenset(roles):
        raise ValueError(f"operation {name} is declared twice")
    OPERATIONS[name] = Operation(name, label, frozenset(roles))
    return name


def event(name: str, label: Any) -> str:
    """Give an action of the audit trail that nobody asks for its words, and return its name."""
    EVENTS[name] = label
    return name


def roles_of(user: Any) -> frozenset[Role]:
    """Return the roles of a user, asked for once a request."""
    cached: frozenset[Role] | None = getattr(user, "_riskops_roles", None)
    if cached is None:
        known = {role.value for role in Role}
        cached = frozenset(Role(name) for name in user.groups.values_list("name", flat=True) if name in known)
        user._riskops_roles = cached
    return cached


def may(user: Any, name: str) -> bool:
    """Return whether the user may do the operation. Only roles count: a superuser without a role may nothing here."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return False
    return bool(OPERATIONS[name].roles & roles_of(user))


def requires(name: str) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Let a view serve only those who may do the operation; the others get 403 with the operation named."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not may(request.user, name):
                raise PermissionDenied(OPERATIONS[name].label)
            return view(request, *args, **kwargs)

        guarded.operation = name  # type: ignore[attr-defined]
        return guarded

    return decorate


class MayOperate(BasePermission):
    """Ask the role table in an API view: `operation = "payment.post"`, or a dict by method."""

    def has_permission(self, request: Any, view: Any) -> bool:
        named = view.operation
        name = named.get(request.method) if isinstance(named, dict) else named
        if name is None:
            return request.method in ("OPTIONS", "HEAD")
        return may(request.user, name)

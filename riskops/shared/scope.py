"""What part of the book a person may see: one function, asked by every query that shows accounts or customers.

Rows of the person's own decide alone. Without any, the rows of the teams they are in today add up; with none of those
either, they see the whole book; who has left such a team for none sees nothing. Agency people see nothing that no row gives
them. Compliance reads everything.
Source: docs/decisions/scope-by-product.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol, TypeVar

from django.contrib.auth import get_user_model
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from riskops.shared.audit import Actor
from riskops.shared.people.book import book
from riskops.shared.people.models import Membership, PortfolioScope
from riskops.shared.people.refusals import ScopeLimited
from riskops.shared.roles import Role, roles_of
from riskops.shared.sql import fetch

AnyModel = TypeVar("AnyModel", bound=Model)


class HasProductCode(Protocol):
    """A product."""

    @property
    def product_code(self) -> Any: ...


AnyProduct = TypeVar("AnyProduct", bound=HasProductCode)


@dataclass(frozen=True, slots=True)
class Scope:
    """Products by code; None: the whole book, whatever products it holds or will hold."""

    products: frozenset[str] | None = None

    @property
    def is_limited(self) -> bool:
        """Whether anything of the book may be out of sight."""
        return self.products is not None

    def as_kept(self) -> list[str] | None:
        """Return it as a column of JSON keeps it: codes in order, None for the whole book."""
        return None if self.products is None else sorted(self.products)

    def takes(self, product_code: str) -> bool:
        """Return whether a product is in sight."""
        return self.products is None or product_code in self.products

    def covers(self, other: Scope) -> bool:
        """Return whether nothing of another scope is out of this one's sight."""
        return self.products is None or (other.products is not None and other.products <= self.products)

    def permits(self, account_id: int) -> bool:
        """Return whether an account is in sight; one that does not exist is not."""
        if self.products is None:
            return True
        code = book().product_code_of(account_id)
        return code is not None and code in self.products

    def among(self, products: Iterable[AnyProduct]) -> tuple[AnyProduct, ...]:
        """Return the products of these that are in sight, in the same order."""
        return tuple(product for product in products if self.takes(product.product_code))

    def condition(self, product: str = "product") -> Q:
        """Return the condition on rows whose product is reached by this path, e.g. `account__product`."""
        return Q() if self.products is None else Q(**{f"{product}__product_code__in": sorted(self.products)})

    def accounts(self, rows: QuerySet[AnyModel], *, product: str = "product") -> QuerySet[AnyModel]:
        """Return the accounts (or rows with a path to their product) that are in sight."""
        return rows.filter(self.condition(product))


WHOLE_BOOK: Final = Scope()
NOTHING: Final = Scope(frozenset())


def scope_of(user: Any) -> Scope:
    """Return what a person may see today, asked for once a request (one query)."""
    cached: Scope | None = getattr(user, "_riskops_scope", None)
    if cached is None:
        cached = user._riskops_scope = _read_scope(user, timezone.localdate())
    return cached


def scope_of_actor(actor: Actor) -> Scope:
    """Return what whoever acts may see today; a machine sees the whole book."""
    if actor.user_id is None:
        return WHOLE_BOOK
    person = get_user_model().objects.filter(pk=actor.user_id).first()
    return scope_of(person) if person is not None else NOTHING


# As text: it is asked in every request, and Django takes longer to build it than the database to answer it.
_ROWS: Final = f"""
    SELECT s.user_id, s.product_code, EXISTS(
        SELECT 1 FROM {Membership._meta.db_table} AS m
        WHERE m.team_id = s.team_id AND m.user_id = %s AND m.since <= %s AND (m.until IS NULL OR m.until >= %s))
    FROM {PortfolioScope._meta.db_table} AS s
    WHERE s.user_id = %s OR s.team_id IN (SELECT team_id FROM {Membership._meta.db_table} WHERE user_id = %s)"""


def _read_scope(user: Any, today: date) -> Scope:
    if not user.is_authenticated:
        return NOTHING
    roles = roles_of(user)
    if Role.COMPLIANCE in roles:
        return WHOLE_BOOK
    rows = fetch(_ROWS, (user.pk, today, today, user.pk, user.pk))
    own = frozenset(code for user_id, code, _today in rows if user_id is not None)
    if own:
        return Scope(own)
    of_today = frozenset(code for _user_id, code, is_today in rows if is_today)
    if of_today:
        return Scope(of_today)
    # Who has left a team that sees a part of the book, and is in none now, is not shown the rest of it for that.
    if roles <= {Role.AGENCY} or (rows and not current(Membership.objects.filter(user_id=user.pk), today).exists()):
        return NOTHING
    return WHOLE_BOOK


def refuse_limited_scope(user: Any) -> None:
    """Refuse what cannot be cut by product to a person who may not see every product.

    :raises ScopeLimited: names the products they see
    """
    products = scope_of(user).products
    if products is not None:
        raise ScopeLimited(sorted(products))


def current(rows: QuerySet[AnyModel], on: date) -> QuerySet[AnyModel]:
    """Return the rows with `since` and `until` that hold on a day."""
    return rows.filter(Q(until=None) | Q(until__gte=on), since__lte=on)

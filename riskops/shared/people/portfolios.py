"""Which products a team or a person may see: set as a whole, empty for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from riskops.shared.audit import Actor, record
from riskops.shared.operations import SET_PORTFOLIO
from riskops.shared.people.book import book
from riskops.shared.people.models import PortfolioScope, Team
from riskops.shared.people.refusals import ProductUnknown, TeamUnknown
from riskops.shared.people.rights import active_person


def set_team_portfolio(*, actor: Actor, team_id: int, products: Iterable[str]) -> frozenset[str]:
    """Say which products a team's people may see.

    :raises TeamUnknown, ProductUnknown: there is none
    """
    team = Team.objects.filter(pk=team_id).first()
    if team is None:
        raise TeamUnknown(team_id)
    return _set(actor, {"team": team}, subject_type="team", subject_key=team.name, products=frozenset(products))


def set_person_portfolio(*, actor: Actor, username: str, products: Iterable[str]) -> frozenset[str]:
    """Say which products a person may see, whatever their teams may; empty: what their teams may.

    :raises PersonUnknown, ProductUnknown: there is none
    """
    person = active_person(username)
    return _set(actor, {"user": person}, subject_type="user", subject_key=username, products=frozenset(products))


@transaction.atomic
def _set(actor: Actor, owner: dict[str, Any], *, subject_type: str, subject_key: str, products: frozenset[str]) -> frozenset[str]:
    known = list(book().product_names())
    rows = PortfolioScope.objects.filter(**owner)
    # Whoever sets the same portfolio at the same moment waits here.
    (owned,) = owner.values()
    type(owned).objects.select_for_update().filter(pk=owned.pk).first()
    before = frozenset(rows.values_list("product_code", flat=True))
    # A product that has left the book may stay in a portfolio, and none may come in that is not in the book.
    for code in sorted(products - before):
        if code not in known:
            raise ProductUnknown(code, known)
    if products != before:
        rows.exclude(product_code__in=products).delete()
        PortfolioScope.objects.bulk_create([PortfolioScope(product_code=code, **owner) for code in sorted(products - before)])
        record(
            actor=actor,
            action=SET_PORTFOLIO,
            subject_type=subject_type,
            subject_key=subject_key,
            before={"products": sorted(before)},
            after={"products": sorted(products)},
        )
    return products

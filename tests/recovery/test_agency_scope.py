"""Who sees a part of the book is given no figure of all of it by what is kept of agencies."""

from __future__ import annotations

from typing import Any

import pytest
from agency_books import DAY, make_agency, make_late, place, stand_at
from django.test import Client
from factories import make_product, make_user
from rest_framework.test import APIClient

from recovery.models import AgencyStatement
from riskops.shared.models import PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead() -> Any:
    """Somebody who sees one product; what is placed is of another."""
    account = make_late(make_product(product_code="theirs"))
    stand_at(DAY, [account])
    place([account], make_agency("north"))
    user = make_user(Role.TEAM_LEAD)
    PortfolioScope.objects.create(user=user, product_code="mine")
    return user


def test_no_statement_is_drawn_up_by_who_may_see_none(lead: Any) -> None:
    api, client = APIClient(), Client()
    api.force_authenticate(lead)
    client.force_login(lead)
    assert api.post("/api/v1/agencies/north/statements/", {"month": "2025-02-01"}, format="json").status_code == 403
    for month in ("2025-02-01", "nonsense"):
        assert client.post("/agencies/at/north/statements/", {"month": month}).status_code == 403
    assert not AgencyStatement.objects.exists()


def test_the_lists_of_batches_and_agencies_give_no_figures_of_the_whole_book(lead: Any) -> None:
    api, client = APIClient(), Client()
    api.force_authenticate(lead)
    client.force_login(lead)
    assert api.get("/api/v1/placement-batches/").status_code == 403
    assert client.get("/agencies/batches/").status_code == 403
    for row in (api.get("/api/v1/agencies/").json()[0], api.get("/api/v1/agencies/north/").json()):
        assert (row["accounts"], row["amount"], row["capacity_accounts"]) == (None, None, 10_000)
    for page in ("/agencies/", "/agencies/at/north/"):
        shown = client.get(page)
        assert shown.status_code == 200 and "1,000.00" not in shown.content.decode()
    whole = APIClient()
    whole.force_authenticate(make_user(Role.TEAM_LEAD))
    row = whole.get("/api/v1/agencies/").json()[0]
    assert (row["accounts"], row["amount"]) == (1, "1000.00")

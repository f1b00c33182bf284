"""Figures are of the products a person may see, so that each agrees with the rows it opens."""

from __future__ import annotations

import re
from datetime import date

import pytest
from books import history, standing
from django.test import Client
from factories import make_product, make_user, set_business_date

from riskops.shared.models import PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
DAY = date(2025, 3, 31)


def client_of(role: Role, *, products: list[str] | None = None) -> Client:
    """Return a client logged in as a new person who may see some products (all, unless told)."""
    client, person = Client(), make_user(role)
    for code in products or ():
        PortfolioScope.objects.create(user=person, product_code=code)
    client.force_login(person)
    return client


def test_figures_and_the_rows_behind_them_are_of_the_products_in_scope() -> None:
    for code in ("SEEN", "HIDDEN", "HIDDEN TOO"):
        history([DAY], standing(10, 5_000), account_no=f"A-{code}", product=make_product(product_code=code))
    set_business_date(DAY)
    client = client_of(Role.ANALYST, products=["SEEN"])
    behind = client.get("/dashboards/accounts-behind/?as_of=2025-03-31&state=m1").content.decode()
    assert "A-SEEN" in behind and "HIDDEN" not in behind and '<span id="accounts-behind-count">1</span>' in behind
    assert client.get("/dashboards/accounts-behind/?as_of=2025-03-31&product=HIDDEN").status_code == 404
    listed = client.get("/api/v1/accounts-behind/?as_of=2025-03-31&state=m1").json()
    assert [row["account_no"] for row in listed["results"]] == ["A-SEEN"] and listed["accounts"] == 1
    unseen, unknown = (client.get(f"/api/v1/accounts-behind/?as_of=2025-03-31&product={code}") for code in ("HIDDEN", "NOBODY"))
    assert unseen.status_code == 400 and unseen.json()["detail"].replace("HIDDEN", "NOBODY") == unknown.json()["detail"]
    question = "?from=2025-03-31&to=2025-03-31&measure=count"
    cells = client.get(f"/api/v1/metrics/buckets/{question}").json()["cells"]
    assert {cell["denominator"] for cell in cells} == {"1"}
    assert "HIDDEN" not in client.get(f"/api/v1/metrics/buckets/{question}&segment=product").content.decode()
    refused = client.get(f"/api/v1/metrics/buckets/{question}&product=HIDDEN")
    assert refused.status_code == 400 and "products with accounts: SEEN;" in refused.json()["detail"]
    lines = client.get(f"/dashboards/metrics/buckets.csv{question}").content.decode().splitlines()
    assert {line.split(",")[-2] for line in lines[1:]} == {"1"}
    portfolio = client.get("/dashboards/portfolio/?measure=count").content.decode()
    assert "HIDDEN" not in portfolio and "of 3" not in portfolio
    everybody = client_of(Role.ANALYST).get(f"/api/v1/metrics/buckets/{question}").json()["cells"]
    assert {cell["denominator"] for cell in everybody} == {"3"}


def test_a_chart_kept_for_one_scope_is_not_shown_to_another() -> None:
    for code in ("SEEN", "HIDDEN"):
        history([DAY], standing(10, 5_000), product=make_product(product_code=code))
    set_business_date(DAY)
    counted = []
    for codes in (None, ["SEEN"], ["HIDDEN"], ["SEEN", "HIDDEN"]):
        page = client_of(Role.ANALYST, products=codes).get("/dashboards/portfolio/?measure=count").content.decode()
        counted.append(set(re.findall(r"Accounts: [\d,]+ of (\d+)", page)))
    assert counted == [{"2"}, {"1"}, {"1"}, {"2"}]

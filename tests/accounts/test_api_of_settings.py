"""What was only on pages, by API: caps on lending, reason codes of reviews, an applicant's data in clear."""

from __future__ import annotations

from typing import Any

import pytest
from application_books import make_line_product, received
from django.urls import reverse
from factories import make_user
from rest_framework.test import APIClient

from accounts.models import LendingCap, ReviewReason
from riskops.shared.models import AuditEntry, PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


def api(role: Role) -> APIClient:
    client = APIClient()
    client.force_authenticate(make_user(role))
    return client


def test_a_cap_is_added_and_changed_by_api_with_its_line_in_the_trail() -> None:
    manager = api(Role.MANAGER)
    said = {"kind": "customer_limit", "currency": "EUR", "most": 5_000, "source": "our own"}
    assert manager.put("/api/v1/lending-caps/eur-line/", said, format="json").status_code == 200
    changed = manager.put("/api/v1/lending-caps/eur-line/", {**said, "most": 4_000}, format="json")
    assert (changed.status_code, changed.json()["most"]) == (200, 4_000)
    refused = manager.put("/api/v1/lending-caps/eur-line/", {**said, "currency": "XXQ"}, format="json")
    assert (refused.status_code, LendingCap.objects.get(code="eur-line").currency) == (422, "EUR")
    assert AuditEntry.objects.filter(action="lending_cap.edit", subject_key="eur-line").count() == 2
    listed = api(Role.ANALYST).get("/api/v1/lending-caps/").json()
    assert "eur-line" in [cap["code"] for cap in listed]


def test_a_reason_of_reviews_is_saved_by_one_operation_from_api_and_admin(client: Any) -> None:
    lead = api(Role.TEAM_LEAD)
    said = {"name_en": "Moved abroad", "name_zh": "移居境外"}
    assert lead.put("/api/v1/reviews/reasons/abroad/", said, format="json").json()["is_active"] is True
    assert lead.put("/api/v1/reviews/reasons/abroad/", said, format="json").status_code == 200
    assert lead.put("/api/v1/reviews/reasons/abroad/", {**said, "name_zh": " "}, format="json").status_code == 400
    reason = ReviewReason.objects.get(code="abroad")
    client.force_login(make_user(Role.TEAM_LEAD))
    path = reverse("admin:accounts_reviewreason_change", args=[reason.pk])
    assert client.post(path, {"name_en": "Moved away", "name_zh": "移居境外"}).status_code == 302
    reason.refresh_from_db()
    assert (reason.name_en, reason.is_active) == ("Moved away", False)
    # Added, and changed once: the very same again left no line.
    assert AuditEntry.objects.filter(action="review_reason.edit", subject_key="abroad").count() == 2


def test_an_applicant_is_revealed_by_api_for_a_reason_and_in_sight_only() -> None:
    application = received(make_line_product())
    user = make_user(Role.TEAM_LEAD)
    client = APIClient()
    client.force_authenticate(user)
    path = f"/api/v1/applications/{application.pk}/reveal/"
    assert client.post(path, {"reason": "  no "}, format="json").status_code == 422
    answer = client.post(path, {"reason": "call about the income"}, format="json")
    assert (answer.json()["name"], answer["Cache-Control"]) == ("王小明", "no-store")
    assert AuditEntry.objects.filter(action="customer.reveal").count() == 1
    limited = make_user(Role.TEAM_LEAD)
    PortfolioScope.objects.create(user=limited, product_code="another")
    client.force_authenticate(limited)
    assert client.post(path, {"reason": "call about the income"}, format="json").status_code == 404
    assert AuditEntry.objects.filter(action="customer.reveal").count() == 1

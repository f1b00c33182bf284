"""Education articles: two people put a version live, by page and by API, and customers read it from its day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from factories import make_user
from rest_framework.test import APIClient

from outreach.models import EducationArticle
from outreach.models.versions import live_versions
from outreach.shipped_education import seed_education, shipped_articles
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
TEXTS = {
    "name_en": "Moving house", "name_zh": "搬家", "stage": "any", "body_en": "Tell us your new address within a month.",
    "body_zh": "请在一个月内告知我们您的新地址，以便及时收到通知。",
}  # fmt: skip


def client_of(*roles: Role) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_user(*roles))
    return client


def page(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.content.decode()[:600]
    return str(response.content.decode())


def test_every_site_starts_with_articles_in_both_languages() -> None:
    live = live_versions(EducationArticle, timezone.localdate())
    assert set(live) == set(shipped_articles())
    assert all(row.body_en.strip() and row.body_zh.strip() for row in live.values())
    assert {row.stage for row in live.values()} == set(EducationArticle.Stage.values)
    assert seed_education() == []


def test_a_new_article_goes_live_by_two_people() -> None:
    author, second = client_of(Role.TEAM_LEAD), client_of(Role.MANAGER)
    shown = page(author.post("/education/new/", {**TEXTS, "code": "moving-house"}, follow=True))
    assert "Moving house" in shown and "搬家" in shown
    day = timezone.localdate()
    page(author.post("/education/moving-house/1/propose/", {"live_from": day.isoformat()}, follow=True))
    # The author's role does not approve at all.
    assert author.post("/education/moving-house/1/approve/").status_code == 403
    assert "customers read it from" in page(second.post("/education/moving-house/1/approve/", follow=True))
    assert live_versions(EducationArticle, day)["moving-house"].name_zh == "搬家"
    assert live_versions(EducationArticle, day - timedelta(days=1)).get("moving-house") is None
    assert AuditEntry.objects.filter(action="education.approve", subject_key="moving-house v1").count() == 1


def test_who_wrote_it_does_not_approve_it() -> None:
    compliance = client_of(Role.COMPLIANCE)
    compliance.post("/education/new/", {**TEXTS, "code": "moving-house"})
    compliance.post("/education/moving-house/1/propose/", {"live_from": timezone.localdate().isoformat()})
    assert "somebody else must approve it" in page(compliance.post("/education/moving-house/1/approve/"), 422)
    assert EducationArticle.objects.get(code="moving-house").status == "proposed"


@pytest.mark.parametrize("column", ["body_en", "body_zh", "name_zh"])
def test_a_missing_translation_is_refused_beside_its_field(column: str) -> None:
    client = client_of(Role.TEAM_LEAD)
    shown = page(
        client.post("/education/new/", {**TEXTS, "code": "moving-house", column: "短"}), 422 if column != "name_zh" else 302
    )
    assert EducationArticle.objects.filter(code="moving-house").exists() is (column == "name_zh")
    if column != "name_zh":
        assert "Write a whole text in both languages" in shown


def test_a_stale_form_is_refused_and_changes_nothing() -> None:
    client = client_of(Role.TEAM_LEAD)
    page(client.post("/education/your-rights/draft/", follow=True))
    sent = {**TEXTS, "revision": 1}
    page(client.post("/education/your-rights/2/edit/", sent, follow=True))
    assert "changed meanwhile" in page(client.post("/education/your-rights/2/edit/", {**sent, "name_en": "No"}), 409)
    assert EducationArticle.objects.get(code="your-rights", version=2).name_en == "Moving house"


def test_what_was_approved_is_withdrawn_before_its_day_by_who_may_approve() -> None:
    author, second = client_of(Role.TEAM_LEAD), client_of(Role.COMPLIANCE)
    author.post("/education/your-rights/draft/")
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    author.post("/education/your-rights/2/propose/", {"live_from": tomorrow})
    second.post("/education/your-rights/2/approve/")
    assert author.post("/education/your-rights/2/withdraw/", {"reason": "no"}).status_code == 403
    assert "ask somebody who may approve it" in page(author.post("/education/your-rights/2/drop/", {"reason": "no"}), 422)
    assert EducationArticle.objects.get(code="your-rights", version=2).status == "approved"
    page(second.post("/education/your-rights/2/withdraw/", {"reason": "too early"}, follow=True))
    assert EducationArticle.objects.get(code="your-rights", version=2).status == "withdrawn"


def test_the_api_does_the_same() -> None:
    author, second = APIClient(), APIClient()
    author.force_authenticate(make_user(Role.COMPLIANCE))
    second.force_authenticate(make_user(Role.MANAGER))
    made = author.post("/api/v1/education/", {**TEXTS, "code": "moving-house"}, format="json")
    assert (made.status_code, made.json()["status"], made.json()["revision"]) == (201, "draft", 1)
    path = "/api/v1/education/moving-house/1/"
    changed = author.patch(path, {"body_en": "Tell us your new address within two weeks.", "revision": 1}, format="json")
    assert changed.json()["revision"] == 2
    assert author.patch(path, {"body_zh": "短", "revision": 2}, format="json").json()["about"] == "body_zh"
    author.post(f"{path}propose/", {"live_from": timezone.localdate().isoformat()}, format="json")
    assert author.post(f"{path}approve/").status_code == 403
    assert second.post(f"{path}approve/").json()["status"] == "approved"
    assert "moving-house" in {row["code"] for row in second.get("/api/v1/education/").json()}


def test_whoever_writes_drafts_drops_their_own() -> None:
    author = client_of(Role.TEAM_LEAD)
    author.post("/education/your-rights/draft/")
    page(author.post("/education/your-rights/2/drop/", {"reason": "not needed"}, follow=True))
    assert EducationArticle.objects.get(code="your-rights", version=2).status == "withdrawn"

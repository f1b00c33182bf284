"""Message templates by page and API, from a draft to the message that an account would get."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from deciding_books import page
from django.test import Client
from django.utils import timezone
from factories import make_conflict, make_installment, make_product, make_user
from outreach_books import SHANGHAI, make_reachable

from accounts.models import CreditAccount
from accounts.operations.rebuilding import rebuild_accounts
from outreach.customer_links import token_of
from outreach.models import MessageTemplate
from outreach.models.versions import live_versions
from outreach.operations import version_refusals
from outreach.operations.templates import TEMPLATES
from outreach.operations.versions import approve, change_draft, draft_next, propose
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry, PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 3, 12, 10, tzinfo=SHANGHAI)
TODAY, TOMORROW = date(2025, 3, 12), date(2025, 3, 13)
FORM = {
    "channel": "sms", "purpose": "reminder", "name_en": "Late", "name_zh": "逾期", "subject_en": "", "subject_zh": "",
    "body_en": "{{ institution }}: {{ amount_due }} is open.\r\nThank you. {{ opt_out }}",
    "body_zh": "【{{ institution }}】尚有{{ amount_due }}未还。{{ opt_out }}", "note": "kinder",
}  # fmt: skip
VALUES = {name: value for name, value in FORM.items() if name != "note"} | {"body_en": "{{ institution }}: {{ amount_due }}"}


@pytest.fixture(autouse=True)
def _in_the_morning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def client_of(*roles: Role) -> tuple[Client, Any]:
    client, person = Client(), make_user(*roles)
    client.force_login(person)
    return client, person


def late_account(**product: Any) -> CreditAccount:
    account = make_reachable(language="en", person={"name": "Zhou Min", "phone": "13900000001"})
    make_installment(account, due_date=date(2025, 3, 8), principal=10_000)
    rebuild_accounts([account.pk], as_of=date(2025, 3, 11), ahead_on=None)
    return account


def reveals() -> list[tuple[str, Any, str]]:
    return [(entry.subject_key, entry.after, entry.reason) for entry in AuditEntry.objects.filter(action="customer.reveal")]


# Versions ---------------------------------------------------------------------------------------------------------


def test_a_slip_is_mended_today_by_two_people_and_what_was_approved_stays() -> None:
    writer, second = Actor.of(make_user(Role.TEAM_LEAD)), Actor.of(make_user(Role.MANAGER))
    about = {"key": "overdue-1-sms", "version": 2}
    draft_next(TEMPLATES, actor=writer, copy_of="overdue-1-sms")
    change_draft(TEMPLATES, actor=writer, **about, revision=1, values={"body_en": VALUES["body_en"]})
    propose(TEMPLATES, actor=writer, **about, live_from=TODAY, today=TODAY)
    with pytest.raises(version_refusals.OwnDraft):
        approve(TEMPLATES, actor=writer, **about, today=TODAY)
    approve(TEMPLATES, actor=second, **about, today=TODAY)
    live = live_versions(MessageTemplate, TODAY)["overdue-1-sms"]
    assert (live.version, live.body_en) == (2, VALUES["body_en"])
    assert live_versions(MessageTemplate, date(2025, 3, 11))["overdue-1-sms"].version == 1
    assert AuditEntry.objects.get(action="message_template.approve").subject_key == "overdue-1-sms v2"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"body_zh": ""}, "body_zh"),
        ({"body_en": "{{ institution }} {{ nobody }}"}, "body_en"),
        ({"body_en": "{{ institution }} {% if product %}{{ nobody }}{% endif %}"}, "body_en"),
        ({"body_en": "{{ institution }}" + "x" * 500}, "body_en"),
        ({"body_en": "Pay."}, "body_en"),
        ({"subject_en": "Hello"}, "subject_en"),
        # Steps of strategies count on the channel of a code.
        ({"channel": "email", "subject_en": "a", "subject_zh": "b"}, "channel"),
        ({"channel": "pigeon"}, "channel"),
        # And on what it is for: a notice passes what a reminder does not.
        ({"purpose": "notice"}, "purpose"),
        ({"name_zh": ""}, "name_zh"),
    ],
)
def test_what_cannot_go_out_is_refused_with_its_field_and_nothing_is_saved(values: dict[str, str], field: str) -> None:
    writer = Actor.of(make_user(Role.COMPLIANCE))
    draft_next(TEMPLATES, actor=writer, copy_of="overdue-1-sms")
    with pytest.raises(version_refusals.VersionMalformed) as refusal:
        change_draft(TEMPLATES, actor=writer, key="overdue-1-sms", version=2, revision=1, values=values)
    assert refusal.value.about == field
    assert MessageTemplate.objects.get(code="overdue-1-sms", version=2).revision == 1
    with pytest.raises(version_refusals.VersionMalformed):
        draft_next(TEMPLATES, actor=writer, copy_of="", key="fresh", values={**VALUES, **values, "name_en": ""})
    assert not MessageTemplate.objects.filter(code="fresh").exists()


# Pages ------------------------------------------------------------------------------------------------------------


def test_a_template_goes_from_nothing_to_live_by_page() -> None:
    lead, _person = client_of(Role.TEAM_LEAD)
    assert "customer_name" in page(lead.get("/templates/new/"))
    refused = page(lead.post("/templates/new/", {**FORM, "code": "late-sms", "body_en": "{{ institution }} {{ nobody }}"}), 422)
    assert "there is no variable “nobody”" in refused and "late-sms" in refused
    assert "Use 1 to 48 small letters" in page(lead.post("/templates/new/", {**FORM, "code": "Late SMS"}), 422)
    assert "draft its next version" in page(lead.post("/templates/new/", {**FORM, "code": "demand-sms"}), 409)
    saved = page(lead.post("/templates/new/", {**FORM, "code": "late-sms"}, follow=True))
    assert "late-sms v1 is saved" in saved and "Riskops Finance: ¥1,280.00 is open." in saved and "kinder" in saved
    # Browsers end lines with two signs; a message carries one.
    assert "is open.\nThank you" in MessageTemplate.objects.get(code="late-sms").body_en
    waits = page(lead.post("/templates/late-sms/1/propose/", {"live_from": "2025-03-12"}, follow=True))
    assert "waits for somebody else of compliance, or a manager" in waits and "You wrote it" in waits
    assert lead.post("/templates/late-sms/1/approve/").status_code == 403
    manager, _other = client_of(Role.MANAGER)
    approved = page(manager.post("/templates/late-sms/1/approve/", follow=True))
    assert "messages are written from it from 12 Mar 2025 on" in approved
    listed = page(manager.get("/templates/"))
    assert "late-sms" in listed and "Draft the next version" not in listed


def test_a_next_version_stands_beside_the_one_that_holds() -> None:
    client, _person = client_of(Role.COMPLIANCE)
    made = client.post("/templates/demand-sms/draft/", follow=True)
    assert made.redirect_chain[-1][0] == "/templates/demand-sms/2/edit/"
    assert "is in work already" in page(client.post("/templates/demand-sms/draft/"), 409)
    form = {**FORM, "purpose": "demand", "revision": "1"}
    saved = page(client.post("/templates/demand-sms/2/edit/", form, follow=True))
    assert "beside demand-sms v1, which holds today" in saved and "<del>" in saved and "<ins>" in saved
    assert "was changed meanwhile" in page(client.post("/templates/demand-sms/2/edit/", form), 409)
    dropped = client.post("/templates/demand-sms/2/withdraw/", {"reason": "not needed"}, follow=True)
    assert "what held before goes on to hold" in page(dropped)
    copied = client.post("/templates/copy/", {"copy_of": "demand-sms", "code": "demand-soft-sms"}, follow=True)
    assert copied.redirect_chain[-1][0] == "/templates/demand-soft-sms/1/edit/"
    assert "small letters" in page(client.post("/templates/copy/", {"copy_of": "demand-sms", "code": "Demand!"}), 422)


def test_the_preview_follows_what_is_typed_and_saves_nothing() -> None:
    client, _person = client_of(Role.TEAM_LEAD)
    before = MessageTemplate.objects.count()
    shown = page(client.post("/templates/preview/", FORM))
    # 17 for the name and its colon, 18 with the amount, a line end, 11 of thanks, 22 to opt out: all of them septets.
    said = "Riskops Finance: ¥1,280.00 is open.\nThank you. Reply STOP to opt out."
    assert said in shown and len(said) == 69
    assert "69 units of GSM 03.38, 91 left" in shown and "at most 1 of 3 segments" in shown
    assert "【瑞科消费金融】尚有¥1,280.00未还。" in shown
    ucs2 = page(client.post("/templates/preview/", {**FORM, "body_en": "{{ institution }} …"}))
    assert "UCS-2 because of …" in ucs2
    wrong = page(client.post("/templates/preview/", {**FORM, "body_en": "a\n{% include 'x' %}", "body_zh": "<b>"}))
    assert "Line 2: there is no tag “include”" in wrong and "&lt;b&gt;" in wrong
    assert "as soon as what is wrong above is mended" in wrong and "vNone" not in wrong
    email = {**FORM, "channel": "email", "subject_en": "Late", "subject_zh": "逾期"}
    assert "subject 4 characters, at most 4 of 78" in page(client.post("/templates/preview/", email))
    assert "Messages go by SMS, e-mail or app push." in page(client.post("/templates/preview/", {}))
    assert MessageTemplate.objects.count() == before
    analyst, _other = client_of(Role.ANALYST)
    assert analyst.post("/templates/preview/", FORM).status_code == 403


def test_the_page_says_what_the_gate_is_told(settings: Any) -> None:
    client, _person = client_of(Role.COMPLIANCE)
    told = page(client.get("/templates/overdue-1-sms/1/"))
    assert "Names the institution" in told and "Shipped with the site" in told
    settings.CONTACT_PROFILE = "us-reg-f"
    text = {**FORM, "body_en": "{{ institution }} x", "body_zh": "{{ institution }} x"}
    assert "us-reg-f v1 lets nothing without it through" in page(client.post("/templates/preview/", text))


def test_an_account_shows_what_its_customer_would_read_and_the_name_is_recorded() -> None:
    account = late_account()
    path = "/templates/overdue-3-email/1/account/"
    analyst, _person = client_of(Role.ANALYST)
    shown = page(analyst.post(path, {"account_no": f" {account.account_no} "}))
    assert "Dear Zhou Min," in shown and "¥100.00 for your account" in shown and "due on 8 Mar 2025" in shown
    assert reveals() == [
        (account.customer.customer_no, {"fields": ["name"]}, "preview of the message template overdue-3-email v1")
    ]
    # The link is not the customer's: whoever has that acts as the customer.
    assert "/c/" in shown and token_of(account.pk, today=timezone.localdate()) not in shown
    # Without a name nothing is revealed; who may not see it gets it masked.
    page(analyst.post("/templates/overdue-3-sms/1/account/", {"account_no": account.account_no}))
    manager, _other = client_of(Role.MANAGER)
    masked = page(manager.post(path, {"account_no": account.account_no}))
    assert "Dear Z••," in masked and "name masked" in masked and "Zhou Min" not in masked
    assert len(reveals()) == 1


def test_an_account_that_would_get_nothing_says_why() -> None:
    account = late_account()
    client, person = client_of(Role.TEAM_LEAD)
    account.installments.all().delete()
    rebuild_accounts([account.pk], as_of=date(2025, 3, 11), ahead_on=None)
    path = "/templates/overdue-3-email/1/account/"
    asked = {"account_no": account.account_no}
    assert "has no value for this account" in page(client.post(path, asked), 422)
    assert "There is no account A-none in this book." in page(client.post(path, {"account_no": "A-none"}), 422)
    PortfolioScope.objects.create(user=person, product_code=make_product(product_code="other").product_code)
    assert "There is no account" in page(client.post(path, asked), 422)
    conflicted, other = client_of(Role.TEAM_LEAD)
    make_conflict(other, account.customer)
    assert conflicted.post(path, asked).status_code == 403
    assert reveals() == []


# API --------------------------------------------------------------------------------------------------------------


class Caller:
    """Somebody who asks the API."""

    def __init__(self, role: Role) -> None:
        self.client, self.person = client_of(role)

    def asks(self, method: str, path: str, data: Any = None, *, status: int = 200) -> Any:
        answer = getattr(self.client, method)(f"/api/v1/message-templates/{path}", data=data, content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()


def test_templates_over_the_api_from_draft_to_live() -> None:
    lead, manager = Caller(Role.TEAM_LEAD), Caller(Role.MANAGER)
    assert {row["code"] for row in lead.asks("get", "")} >= {"overdue-1-sms", "demand-email"}
    assert lead.asks("post", "", {"code": "late-sms"}, status=400)
    made = lead.asks("post", "", {"code": "late-sms", "values": VALUES, "note": "n"}, status=201)
    assert (made["code"], made["version"], made["status"], made["note"]) == ("late-sms", 1, "draft", "n")
    bad = {"revision": 1, "body_en": "{{ nobody }}"}
    refused = lead.asks("patch", "late-sms/1/", bad, status=422)
    assert (refused["code"], refused["about"]) == ("version_malformed", "body_en")
    assert lead.asks("patch", "late-sms/1/", {"revision": 1, "body_en": "{{ institution }}:\r\nx"})["body_en"].endswith(":\nx")
    lead.asks("post", "late-sms/1/propose/", {"live_from": "2025-03-12"})
    lead.asks("post", "late-sms/1/approve/", status=403)
    assert manager.asks("post", "late-sms/1/approve/")["status"] == "approved"
    assert lead.asks("post", "", {"copy_of": "late-sms"}, status=201)["version"] == 2
    assert lead.asks("post", "", {"copy_of": "none-such"}, status=404)["code"] == "version_unknown"
    assert manager.asks("post", "late-sms/2/withdraw/", {"reason": "enough"})["status"] == "withdrawn"


def test_previews_over_the_api() -> None:
    account = late_account()
    analyst, manager = Caller(Role.ANALYST), Caller(Role.MANAGER)
    texts = {name: VALUES[name] for name in ("channel", "purpose", "body_en", "body_zh")}
    said = analyst.asks("post", "preview/", texts)
    assert said["problems"] == [] and said["account"] is None and said["names_institution"] and not said["has_opt_out"]
    english = said["languages"][0]
    assert (english["language"], english["body"]) == ("en", "Riskops Finance: ¥1,280.00")
    assert english["sms"] == {"encoding": "GSM 03.38", "units": 26, "segments": 1, "left": 134, "outside": ""}
    # The longest amount has four signs more.
    assert english["sms_longest"]["units"] == 30
    wrong = analyst.asks("post", "preview/", {**texts, "body_en": "{{ nobody }}"})
    assert [problem["field"] for problem in wrong["problems"]] == ["body_en"] and wrong["languages"][0]["refusal"]
    asked = {"account_no": account.account_no}
    mine = analyst.asks("post", "preview/", {**texts, **asked})["account"]
    assert mine == {
        "account_no": account.account_no, "language": "en", "subject": "", "body": "Riskops Finance: ¥100.00", "is_masked": False,
    }  # fmt: skip
    assert reveals() == []
    assert analyst.asks("post", "overdue-3-email/1/preview/", asked)["account"]["body"].startswith("Dear Zhou Min,")
    assert manager.asks("post", "overdue-3-email/1/preview/", asked)["account"]["body"].startswith("Dear Z••,")
    assert len(reveals()) == 1
    analyst.asks("post", "overdue-3-email/9/preview/", {}, status=404)
    analyst.asks("post", "overdue-3-email/1/preview/", {"account_no": "A-none"}, status=404)
    make_conflict(analyst.person, account.customer)
    analyst.asks("post", "overdue-3-email/1/preview/", asked, status=403)

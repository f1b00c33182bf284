"""Disputes by page and by API: the same operations, refusals beside their field or with their code, nobody beyond their sight."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from deciding_books import OPEN, Person, at, make_late_account, page
from dispute_books import approves, concludes, plans, takes_in, version_of
from django.core.files.uploadedfile import SimpleUploadedFile
from factories import make_payment, make_product, make_team

from accounts.models import Refund, Waiver
from accounts.operations.attachments import folder
from accounts.operations.reencrypting import reencrypt_files
from casework.models import Dispute, DisputeFile, DisputeKind, DisputeLetter
from riskops.shared.audit import COMMAND
from riskops.shared.models import PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\n1 0 obj\n"


@pytest.fixture
def analyst() -> Person:
    return Person(Role.ANALYST)


@pytest.fixture
def account() -> Any:
    return make_late_account(account_no="A-77", product=make_product(product_code="card", penalty_rate_ppm=500))


@pytest.fixture(autouse=True)
def files_apart(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path


def intake(**more: Any) -> dict[str, Any]:
    return {"reference": "WEB-1", "kind": "amount", "came_by": "call", "received_on": "2025-03-08", "claim": "Too much.", **more}


# Pages -------------------------------------------------------------------------------------------------------------


def test_a_dispute_goes_from_the_account_page_to_its_letter(analyst: Person, account: Any) -> None:
    browser = at(analyst)
    shown = page(browser.get("/accounts/A-77/"))
    assert "Take in a dispute…" in shown and "None was taken in." in shown
    # The drawer is the form alone, the page of its own has it within.
    drawer = page(browser.get("/disputes/about/A-77/", headers={"HX-Request": "true"}))
    assert "<html" not in drawer and 'name="claim"' in drawer and "Objection to credit data" in drawer
    assert "<html" in page(browser.get("/disputes/about/A-77/"))
    made = browser.post("/disputes/about/A-77/", intake(amount="100.00", order_no="O1"))
    dispute = Dispute.objects.get()
    assert made["Location"] == f"/disputes/{dispute.pk}/"
    assert (dispute.amount_minor, dispute.order_no, dispute.answer_by) == (10_000, "O1", date(2025, 3, 23))
    shown = page(browser.get("/disputes/"))
    assert "A-77" in shown and "12 days left" in shown
    shown = page(browser.get(f"/disputes/{dispute.pk}/"))
    # Instalments 1 and 2 have accrued 4 × 0.05 each since the 8th, the open day included.
    assert "our own default" in shown and "¥\u202f0.40 so far" in shown
    said = {
        "version": dispute.version, "outcome": "rejected", "root_cause": "none", "finding": "The entries are right.",
        "answer_en": "The amount is right.", "answer_zh": "金额无误。", "cause": "",
    }  # fmt: skip
    # The trail speaks of money and in words, and not of the request it came with.
    trail = shown[shown.index(">Trail<") :]
    assert "¥\u202f100.00" in trail and "amount_minor" not in trail and "<code>" not in trail
    in_chinese = page(at(analyst).get(f"/disputes/{dispute.pk}/", headers={"Accept-Language": "zh-hans"}))
    assert "本机构默认" in in_chinese and "our own default" not in in_chinese
    preview = page(browser.post(f"/disputes/{dispute.pk}/outcome/", {**said, "preview": "1"}))
    assert "The letter as it would be sent" in preview and "金额无误。" in preview and not DisputeLetter.objects.exists()
    assert browser.post(f"/disputes/{dispute.pk}/outcome/", said).status_code == 302
    shown = page(browser.get(f"/disputes/{dispute.pk}/"))
    assert "answered in time" in shown and "The amount is right." in shown and "SMS" in shown
    assert "rejected" in page(browser.get("/disputes/?state=closed"))
    timeline = page(browser.get(f"/customers/{account.customer.customer_no}/"))
    assert "dispute: Amount is wrong" in timeline and f'href="/disputes/{dispute.pk}/"' in timeline


def test_what_is_refused_stands_beside_its_field_with_what_was_typed(analyst: Person, account: Any) -> None:
    browser = at(analyst)
    answer = browser.post("/disputes/about/A-77/", intake(received_on="2025-03-12", claim="I paid."))
    text = page(answer, 422)
    assert "2025-03-12 cannot be the day of receipt" in text and "I paid." in text and not Dispute.objects.exists()
    dispute = takes_in(analyst, account)
    said = {"version": 1, "outcome": "", "root_cause": "none", "finding": "f", "answer_en": "a", "answer_zh": "b", "cause": ""}
    text = page(browser.post(f"/disputes/{dispute.pk}/outcome/", said), 422)
    assert f"Dispute {dispute.pk} cannot be closed without an outcome" in text
    text = page(browser.post(f"/disputes/{dispute.pk}/corrections/", {"version": 1, "what": "waive", "installment": "O1/1"}), 422)
    assert "needs this" in text
    again = browser.post("/disputes/about/A-77/", intake(reference="WEB-2"))
    assert again["Location"] == f"/disputes/{dispute.pk}/" and Dispute.objects.count() == 1


def test_an_amount_above_everything_is_refused_at_its_field_and_no_root_cause_is_chosen_for_anybody(
    analyst: Person, account: Any
) -> None:
    browser = at(analyst)
    answer = browser.post("/disputes/about/A-77/", intake(amount="99999999.00"))
    assert answer.status_code == 422 and "99999999.00" in str(answer.context["form"].errors["amount"])
    assert 'value="99999999.00"' in page(answer, 422) and not Dispute.objects.exists()
    dispute = takes_in(analyst, account)
    chosen = page(browser.get(f"/disputes/{dispute.pk}/")).split('name="root_cause"')[1].split("</select>")[0]
    assert (
        chosen.split(">")[0].find(" required") >= 0 and '<option value="" selected>' in chosen and chosen.count("selected") == 1
    )
    said = {
        "version": 1,
        "outcome": "rejected",
        "finding": "f",
        "answer_en": "a",
        "answer_zh": "b",
        "cause": "",
        "root_cause": "",
    }
    answer = browser.post(f"/disputes/{dispute.pk}/outcome/", said)
    assert answer.status_code == 422 and list(answer.context["form"].errors) == ["root_cause"]
    # A look at the letter needs none yet.
    assert "Reply letter" in page(browser.post(f"/disputes/{dispute.pk}/outcome/", {**said, "preview": "1"}))


def test_an_outcome_that_moves_money_is_approved_by_somebody_else_on_the_page(analyst: Person, account: Any) -> None:
    dispute = takes_in(analyst, account)
    browser = at(analyst)
    planned = {"version": 1, "what": "waive", "installment": "O1/1", "component": "4", "amount": "40.00"}
    assert browser.post(f"/disputes/{dispute.pk}/corrections/", planned).status_code == 302
    concludes(analyst, dispute, "partly")
    lead = Person(Role.TEAM_LEAD)
    shown = page(at(lead).get(f"/disputes/{dispute.pk}/"))
    assert "Approve: correct, answer, close" in shown and "¥\u202f40.00" in shown
    assert "You concluded it or planned a correction" in page(browser.get(f"/disputes/{dispute.pk}/"))
    assert browser.post(f"/disputes/{dispute.pk}/approve/", {"version": version_of(dispute)}).status_code == 403
    back = at(lead).post(f"/disputes/{dispute.pk}/send-back/", {"version": version_of(dispute), "reason": "Waive 30."})
    assert back.status_code == 302 and "Waive 30." in page(browser.get(f"/disputes/{dispute.pk}/"))
    concludes(analyst, dispute, "partly")
    assert at(lead).post(f"/disputes/{dispute.pk}/approve/", {"version": version_of(dispute)}).status_code == 302
    assert sorted(Waiver.objects.values_list("amount_minor", flat=True)) == [5, 5, 4_000]


def test_evidence_is_told_from_its_bytes_kept_outside_and_encrypted_anew_with_the_rest(analyst: Person, account: Any) -> None:
    dispute = takes_in(analyst, account)
    browser = at(analyst)
    where = f"/disputes/{dispute.pk}/files/"
    assert browser.post(where, {"file": SimpleUploadedFile("../photo.png", PDF)}).status_code == 302
    kept = DisputeFile.objects.get()
    assert (kept.name, kept.content_type) == ("photo.pdf", "application/pdf")
    assert (folder() / kept.stored_as).exists() and PDF not in (folder() / kept.stored_as).read_bytes()
    for name, content, fault in (
        ("a.exe", b"MZ\x00\x01", "none of the kinds"),
        ("again.pdf", PDF, "has this file already"),
        ("e.pdf", b"", "empty"),
    ):
        assert fault in page(browser.post(where, {"file": SimpleUploadedFile(name, content)}), 422)
    assert DisputeFile.objects.count() == 1 and len(list(folder().iterdir())) == 1
    answer = browser.get(f"/disputes/evidence/{kept.pk}/")
    assert b"".join(answer.streaming_content) == PDF and "attachment" in answer["Content-Disposition"]
    assert "sandbox" in answer["Content-Security-Policy"]
    assert reencrypt_files(actor=COMMAND) == 0


def test_a_lead_assigns_by_page_and_the_list_is_filtered(analyst: Person, account: Any) -> None:
    dispute = takes_in(analyst, account)
    other = takes_in(analyst, make_late_account(account_no="A-78"), "conduct", received_on=date(2025, 2, 1))
    lead, team = Person(Role.TEAM_LEAD), make_team(name="Disputes")
    at(lead).post(f"/disputes/{dispute.pk}/assign/", {"assigned_to": analyst.actor.name, "team": team.pk})
    dispute.refresh_from_db()
    assert (dispute.assigned_to, dispute.team) == (analyst.user, team)
    browser = at(analyst)
    shown = page(browser.get("/disputes/"))
    # The late one stands first: due on 16 February, the open day is 11 March.
    assert shown.index("A-78") < shown.index("A-77") and "23 days late" in shown and "1 is late." in shown
    for query, seen, hidden in (
        ("whose=mine", "A-77", "A-78"),
        ("lane=complaint", "A-78", "A-77"),
        ("kind=amount", "A-77", "A-78"),
        ("late=1", "A-78", "A-77"),
        ("product=card", "A-77", "A-78"),
    ):
        found = page(browser.get(f"/disputes/?{query}", headers={"HX-Request": "true"}))
        assert seen in found and hidden not in found, query
    assert other.pk


def test_an_account_out_of_sight_shows_no_dispute_anywhere(analyst: Person, account: Any) -> None:
    dispute = takes_in(analyst, account)
    stranger = Person(Role.ANALYST)
    PortfolioScope.objects.create(user=stranger.user, product_code="another")
    browser = at(stranger)
    assert "A-77" not in page(browser.get("/disputes/"))
    for address in (f"/disputes/{dispute.pk}/", "/disputes/about/A-77/", f"/api/v1/disputes/{dispute.pk}/"):
        assert browser.get(address).status_code == 404
    assert browser.get("/api/v1/disputes/").json()["results"] == []


# API ---------------------------------------------------------------------------------------------------------------


def send(person: Person, path: str, method: str = "post", status: int = 200, **body: Any) -> Any:
    answer = getattr(at(person), method)(f"/api/v1/{path}", body, content_type="application/json")
    assert answer.status_code == status, answer.content.decode()
    return answer.json()


def test_the_api_takes_in_corrects_concludes_and_approves(analyst: Person, account: Any) -> None:
    make_payment(account, paid_on=date(2025, 3, 1), amount=5_000, payment_no="T-1")
    body = {
        "account_no": "A-77",
        "reference": "CRM-1",
        "kind": "amount",
        "came_by": "app",
        "claim": "Too much.",
        "amount": "100.00",
    }
    made = send(analyst, "disputes/", status=201, **body)
    assert (made["answer_by"], made["days_left"], made["amount"], made["status"]) == ("2025-03-26", 15, "100.00", "open")
    assert send(analyst, "disputes/", status=200, **body)["id"] == made["id"]
    assert send(analyst, "disputes/", status=409, **{**body, "claim": "Else."})["code"] == "dispute_reference_taken"
    assert send(analyst, "disputes/", status=409, **{**body, "reference": "CRM-2"})["code"] == "dispute_open_already"
    assert send(analyst, "disputes/", status=422, **{**body, "reference": "CRM-2", "kind": "x"})["about"] == "kind"
    where = f"disputes/{made['id']}"
    assert send(analyst, f"{where}/take/")["assigned_to"] == analyst.actor.name
    planned = {"version": 2, "what": "waive", "order_no": "O1", "sequence": 2, "component": "principal", "amount": "25.00"}
    corrected = send(analyst, f"{where}/corrections/", status=201, **planned)
    assert corrected["corrections"][0] | {"id": 0} == {
        "id": 0, "what": "waive", "order_no": "O1", "sequence": 2, "component": "principal", "payment_no": "", "amount": "25.00",
        "entry": "", "done_on": None,
    }  # fmt: skip
    assert send(analyst, f"{where}/corrections/", status=409, **planned)["code"] == "dispute_changed"
    said = {"root_cause": "pricing", "finding": "A fee was booked twice.", "answer_en": "Sorry.", "answer_zh": "抱歉。"}
    assert send(analyst, f"{where}/outcome/", status=422, version=3, outcome="", **said)["code"] == "outcome_missing"
    letter = send(analyst, f"{where}/reply-preview/", outcome="upheld", answer_en="Sorry.", answer_zh="抱歉。")
    assert "¥\u202f25.00 of instalment O1/2 (principal) is waived." in letter["text_en"]
    done = send(analyst, f"{where}/outcome/", version=3, outcome="upheld", **said)
    assert (done["status"], done["concluded_by"], done["is_penalty_waived"]) == ("proposed", analyst.actor.name, True)
    lead = Person(Role.TEAM_LEAD)
    assert send(lead, f"{where}/approve/", status=409, version=1)["code"] == "dispute_changed"
    closed = send(lead, f"{where}/approve/", version=done["version"])
    assert (closed["status"], closed["approved_by"], closed["closed_on"]) == ("closed", lead.actor.name, OPEN.isoformat())
    assert closed["letter"]["text_zh"] == DisputeLetter.objects.get().text_zh and "waits" in closed["letter"]["delivery"]
    assert closed["corrections"][0]["entry"].startswith(f"DSP-{made['id']}-")


def test_the_api_drops_a_correction_assigns_and_sends_back(analyst: Person, account: Any) -> None:
    dispute, lead = takes_in(analyst, account), Person(Role.TEAM_LEAD)
    where = f"disputes/{dispute.pk}"
    planned = plans(analyst, dispute, "waive", order_no="O1", sequence=1, component=4, amount_minor=100)
    left = send(analyst, f"{where}/corrections/{planned.pk}/drop/", version=version_of(dispute))
    assert left["corrections"] == []
    assert send(lead, f"{where}/assign/", assigned_to=analyst.actor.name, team=None)["assigned_to"] == analyst.actor.name
    concludes(analyst, dispute, "upheld")
    back = send(lead, f"{where}/send-back/", version=version_of(dispute), reason="Not yet.")
    assert (back["status"], back["sent_back_why"]) == ("open", "Not yet.")
    assert at(analyst).post(f"/api/v1/{where}/files/", {"file": SimpleUploadedFile("a.pdf", PDF)}).status_code == 201
    kept = DisputeFile.objects.get()
    assert b"".join(at(analyst).get(f"/api/v1/dispute-files/{kept.pk}/").streaming_content) == PDF


def test_kinds_and_letters_are_read_and_changed_over_the_api(analyst: Person) -> None:
    manager = Person(Role.MANAGER)
    kinds = {kind["code"]: kind for kind in at(analyst).get("/api/v1/dispute-kinds/").json()}
    assert (kinds["credit_report"]["answer_days"], kinds["not_mine"]["demands"]) == (20, "end")
    assert "20 days" in kinds["credit_report"]["source"]
    changed = send(manager, "dispute-kinds/service/", "put", answer_days=7, source="house rule 4")
    assert (changed["answer_days"], changed["name_en"]) == (7, "Goods or service")
    assert send(manager, "dispute-kinds/new_one/", "put", status=422, answer_days=7)["code"] == "setting_malformed"
    new = {"name_en": "Data request", "name_zh": "查阅请求", "lane": "dispute", "answer_days": 15, "source": "PIPL 50"}
    assert send(manager, "dispute-kinds/data_request/", "put", **new)["reach"] == "account"
    assert DisputeKind.objects.filter(code="data_request").exists()
    assert len(at(analyst).get("/api/v1/dispute-replies/").json()) == 3
    refused = send(manager, "dispute-replies/upheld/", "put", status=422, text_en="We agree.", text_zh="{answer}")
    assert refused["about"] == "text_en"
    assert send(manager, "dispute-replies/upheld/", "put", text_en="{answer}!", text_zh="{answer}")["text_en"] == "{answer}!"


def test_the_admin_changes_kinds_and_letters_by_the_same_operations() -> None:
    compliance = at(Person(Role.COMPLIANCE))
    kind = DisputeKind.objects.get(code="service")
    where = f"/admin/casework/disputekind/{kind.pk}/change/"
    form = {
        "name_en": "Goods", "name_zh": "商品", "lane": "dispute", "answer_days": "9", "source": "house rule", "reach": "none",
        "penalty": "charged", "demands": "keep", "is_active": "on",
    }  # fmt: skip
    assert compliance.post(where, {**form, "answer_days": "0"}).status_code == 200
    assert compliance.post(where, form).status_code == 302
    kind.refresh_from_db()
    assert (kind.name_en, kind.answer_days, kind.reach, kind.holds_restrictions) == ("Goods", 9, "none", False)


def test_what_pays_money_back_takes_an_approver(analyst: Person, account: Any) -> None:
    from accounts.operations.payments import post_payment

    post_payment(actor=COMMAND, account_id=account.pk, amount_minor=100_000, value_date=OPEN, reference="T-2")
    dispute = takes_in(analyst, account)
    plans(analyst, dispute, "refund_credit", amount_minor=1_000)
    concludes(analyst, dispute, "upheld")
    lead = Person(Role.TEAM_LEAD)
    refused = send(lead, f"disputes/{dispute.pk}/approve/", status=422, version=version_of(dispute))
    assert refused["code"] == "not_for_this_role" and "approver" in refused["detail"] and not Refund.objects.exists()
    assert "takes an approver" in page(at(lead).get(f"/disputes/{dispute.pk}/"))
    approves(Person(Role.APPROVER), dispute)
    assert Refund.objects.get().amount_minor == 1_000

"""Letters, legal cases and the clock by page and API: what is shown, what is refused and where."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from factories import make_conflict, make_user
from letters_books import PERSON, make_late

from accounts.operations.signals import note_signals
from recovery.models import LegalCase, Letter, LetterPolicy, LetterTemplate, LimitationFact, RecoveryFile
from recovery.operations.letters.deciding import approve_letter
from recovery.operations.letters.printing import print_approved
from recovery.operations.letters.proposing import propose_letters
from riskops.shared.audit import COMMAND, Actor
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path
    settings.CUSTOMER_HOTLINE = "400-000-0000"


def client_of(*roles: Role, chinese: bool = False) -> Client:
    client = Client(headers={"accept-language": "zh-hans" if chinese else "en"})
    client.force_login(make_user(*roles))
    return client


def post(client: Client, address: str, **values: Any) -> Any:
    return client.post(f"/api/v1{address}", values, content_type="application/json")


def test_a_letter_is_worked_over_the_api_from_end_to_end() -> None:
    account = make_late()
    lead, legal = client_of(Role.TEAM_LEAD), client_of(Role.LEGAL)
    today = timezone.localdate().isoformat()
    weighed = lead.get(f"/api/v1/accounts/{account.account_no}/letter/").json()
    assert (weighed["net_minor"], weighed["obstacles"]) == (66_500, [])
    made = post(lead, "/letters/", account_no=account.account_no, note="No answer.")
    assert made.status_code == 201, made.content
    number = made.json()["id"]
    again = post(lead, "/letters/", account_no=account.account_no)
    assert (again.status_code, again.json()["code"]) == (409, "letter_in_the_way")
    assert post(lead, "/letters/decisions/", letters=[number], decision="approve").status_code == 403
    decided = post(legal, "/letters/decisions/", letters=[number], decision="approve").json()
    assert decided == {"done": [number], "refused": {}}
    print_approved()
    shown = legal.get(f"/api/v1/letters/{number}/").json()
    assert shown["status"] == "printed" and len(shown["document"]["content_sha256"]) == 64
    assert b"".join(legal.get(f"/api/v1/letters/{number}/pdf/").streaming_content).startswith(b"%PDF-")
    assert post(legal, f"/letters/{number}/send/", carrier="EMS", tracking_no="E1", sent_on=today).json()["status"] == "sent"
    assert post(legal, f"/letters/{number}/end/", outcome="returned", on=today).json()["status"] == "returned"
    scan = SimpleUploadedFile("r.pdf", b"%PDF-1.4 receipt", content_type="application/pdf")
    assert legal.post(f"/api/v1/letters/{number}/evidence/", {"file": scan}).status_code == 201
    scan.seek(0)
    twice = legal.post(f"/api/v1/letters/{number}/evidence/", {"file": scan})
    assert (twice.status_code, twice.json()["code"], RecoveryFile.objects.count()) == (409, "letter_file_there", 1)
    listed = legal.get("/api/v1/letters/?tab=ended").json()
    assert [letter["id"] for letter in listed["letters"]] == [number]
    verified = post(lead, "/letters/verify/", hash=shown["document"]["content_sha256"][:20]).json()
    assert (verified["is_ours"], verified["letter_id"]) == (True, number)


def test_a_machine_proposes_todays_letters_over_the_api() -> None:
    make_late()
    service = client_of(Role.SERVICE)
    assert len(post(service, "/letters/propose-due/").json()["letters"]) == 1
    assert post(service, "/letters/propose-due/").json() == {"letters": [], "is_bounded": False}


def test_what_stands_in_the_way_is_on_the_page_with_its_rule() -> None:
    account = make_late()
    note_signals(account.pk, is_disputed=True)
    page = client_of(Role.ANALYST).get(f"/accounts/{account.account_no}/letter/").content.decode()
    assert "contact is held back: dispute" in page and "dispute</span>" in page


@pytest.mark.parametrize(
    ("chinese", "said"), [(False, ["loses money</span>", "Early", "warning tier</span>"]), (True, ["会亏损"])]
)
def test_what_stands_in_the_way_is_named_in_words(chinese: bool, said: list[str]) -> None:
    # 1 % of 100.00 and the first tier, which has no letter.
    account = make_late(days=5, principal=10_000)
    page = client_of(Role.ANALYST, chinese=chinese).get(f"/accounts/{account.account_no}/letter/").content.decode()
    for word in said:
        assert word in page
    assert "loses_money" not in page and ">tier<" not in page and "early" not in page


def test_the_batch_says_what_was_refused_and_keeps_the_rest() -> None:
    first, second = make_late(), make_late()
    lead, legal = client_of(Role.TEAM_LEAD), client_of(Role.LEGAL)
    lead.post("/letters/propose/")
    note_signals(second.pk, has_open_promise=True)
    ids = list(Letter.objects.values_list("pk", flat=True))
    page = legal.post("/letters/decide/", {"letters": ids, "act": "approve"}, follow=True).content.decode()
    assert "1 letter is approved" in page and "a promise to pay is open" in page
    assert dict(Letter.objects.values_list("account_id", "status")) == {first.pk: "approved", second.pk: "proposed"}
    unreasoned = legal.post("/letters/decide/", {"letters": ids, "act": "reject", "reason": ""})
    assert unreasoned.status_code == 422
    legal.post("/letters/decide/", {"letters": ids, "act": "reject", "reason": "paid"})
    assert Letter.objects.get(account=second).reason == "paid"


def test_a_preview_is_titled_as_printed_only_once_it_is() -> None:
    make_late()
    propose_letters(actor=COMMAND, now=timezone.now())
    letter, legal = Letter.objects.get(), client_of(Role.LEGAL)
    page = legal.get(f"/letters/{letter.pk}/preview/").content.decode()
    assert f"Letter {letter.reference}, not printed yet" in page and "as printed" not in page
    approve_letter(actor=Actor.of(make_user(Role.LEGAL)), letter_id=letter.pk, now=timezone.now())
    print_approved(now=timezone.now())
    assert f"Letter {letter.reference} as printed" in legal.get(f"/letters/{letter.pk}/preview/").content.decode()


def test_a_letter_that_cannot_be_printed_says_why_on_its_preview() -> None:
    account = make_late(person={**PERSON, "name": "王𠮷"})
    lead, legal = client_of(Role.TEAM_LEAD), client_of(Role.LEGAL)
    lead.post(f"/accounts/{account.account_no}/letter/", {"note": ""})
    letter = Letter.objects.get()
    preview = legal.get(f"/letters/{letter.pk}/preview/")
    assert preview.status_code == 422 and "𠮷" in preview.content.decode()
    assert legal.get(f"/letters/{letter.pk}/pages/1/").status_code == 404
    assert legal.get(f"/letters/{letter.pk}/pdf/").status_code == 404


def test_pages_are_in_chinese_for_who_reads_chinese() -> None:
    make_late()
    legal = client_of(Role.LEGAL, chinese=True)
    client_of(Role.TEAM_LEAD).post("/letters/propose/")
    page = legal.get("/letters/").content.decode()
    for said in ("提议今日律师函", "待批准", "逾期余额", "净额"):
        assert said in page


def test_a_legal_case_goes_over_the_board_by_pages() -> None:
    account = make_late()
    first, second = client_of(Role.LEGAL), client_of(Role.LEGAL)
    today = timezone.localdate().isoformat()
    page = first.get(f"/accounts/{account.account_no}/legal-case/").content.decode()
    # A suit: 28 % of 10,000.00 less 1,200.00.
    assert "1,600.00" in page
    first.post(f"/accounts/{account.account_no}/legal-case/", {"stage": "suit", "note": "No answer."})
    case = LegalCase.objects.get()
    assert first.post(f"/legal/{case.pk}/approve/", {"version": case.version, "on": today}).status_code == 422
    assert second.post(f"/legal/{case.pk}/approve/", {"version": case.version, "on": today}).status_code == 302
    case.refresh_from_db()
    costs = {"version": case.version, "body": "Chaoyang court", "docket_no": "(2025) 1", "cost": "123.45"}
    assert first.post(f"/legal/{case.pk}/stage/", costs).status_code == 302
    case.refresh_from_db()
    assert case.booked_minor == 12_345
    assert first.post(f"/legal/{case.pk}/stage/", {**costs, "version": case.version, "cost": "x"}).status_code == 422
    below = first.post(f"/legal/{case.pk}/stage/", {**costs, "version": case.version, "cost": "-3"}).content.decode()
    assert "-3 is not an amount: write a decimal such as 1234.5, without sign or exponent." in below
    wrong = first.post(f"/legal/{case.pk}/move/", {"version": case.version, "stage": "enforcement", "on": today})
    assert wrong.status_code == 422
    assert first.post(f"/legal/{case.pk}/move/", {"version": case.version, "stage": "judgment", "on": today}).status_code == 302
    trail = client_of(Role.COMPLIANCE).get(f"/legal/{case.pk}/").content.decode()
    in_chinese = client_of(Role.LEGAL, Role.COMPLIANCE, chinese=True).get(f"/legal/{case.pk}/").content.decode()
    assert "受理机构" in in_chinese and "变更前" not in in_chinese
    assert "suit → judgment" in trail and "¥\u202f123.45" in trail
    board = first.get("/legal/").content.decode()
    assert case.reference in board and "judgment" in board.lower()
    scan = SimpleUploadedFile("j.pdf", b"%PDF-1.4 judgment", content_type="application/pdf")
    assert first.post(f"/legal/{case.pk}/files/", {"file": scan}).status_code == 302
    case.refresh_from_db()
    outcomes = first.get(f"/legal/{case.pk}/").content.decode().split('name="outcome"')[1].split("</select>")[0]
    assert '<option value="" selected>' in outcomes and outcomes.count("selected") == 1
    nothing = {"version": case.version, "outcome": "", "on": today, "reason": "Paid."}
    assert first.post(f"/legal/{case.pk}/close/", nothing).status_code == 422
    closing = {"version": case.version, "outcome": "won", "on": today, "reason": "Paid."}
    owing = first.post(f"/legal/{case.pk}/close/", {**closing, "outcome": "paid"})
    assert owing.status_code == 422
    assert "10,000.00 of account" in owing.content.decode()
    assert first.post(f"/legal/{case.pk}/close/", closing).status_code == 302
    assert "won" in first.get("/legal/").content.decode()


def test_a_legal_case_over_the_api_is_refused_with_a_code() -> None:
    account = make_late()
    first, second = client_of(Role.LEGAL), client_of(Role.MANAGER)
    made = post(first, "/legal-cases/", account_no=account.account_no, stage="judgment", note="n")
    assert (made.status_code, made.json()["code"]) == (422, "stage_not_first")
    case = post(first, "/legal-cases/", account_no=account.account_no, stage="arbitration", note="n").json()
    own = post(first, f"/legal-cases/{case['id']}/decision/", version=1, decision="approve")
    assert (own.status_code, own.json()["code"]) == (403, "own_case")
    stale = post(second, f"/legal-cases/{case['id']}/decision/", version=9, decision="approve")
    assert (stale.status_code, stale.json()["code"]) == (409, "case_changed")
    opened = post(second, f"/legal-cases/{case['id']}/decision/", version=1, decision="approve").json()
    assert (opened["status"], opened["stages"][0]["stage"]) == ("open", "arbitration")
    clock = first.get(f"/api/v1/accounts/{account.account_no}/limitation/").json()
    assert (clock["runs_out_on"], clock["has_run_out"]) == (None, False)


def test_the_clock_is_noted_and_taken_back_by_pages() -> None:
    account = make_late(days=800)
    legal = client_of(Role.LEGAL)
    address = f"/accounts/{account.account_no}/limitation/"
    assert "last instalment due" in legal.get(address).content.decode()
    noted = {"cause": "acknowledgement", "on": "2024-05-05", "evidence": "letter of the customer, file 3"}
    assert legal.post(f"{address}note/", {**noted, "evidence": ""}).status_code == 422
    assert legal.post(f"{address}note/", noted).status_code == 302
    assert "5 May 2027" in legal.get(address).content.decode()
    fact = LimitationFact.objects.get()
    assert legal.post(f"{address}{fact.pk}/withdraw/", {"reason": "another account"}).status_code == 302
    assert "5 May 2027" not in legal.get(address).content.decode()
    assert account.account_no in legal.get("/legal/limitation/?tab=over").content.decode()


def test_figures_and_texts_are_changed_by_pages_and_take_two_people() -> None:
    legal, manager = client_of(Role.LEGAL), client_of(Role.MANAGER)
    assert legal.post("/letter-figures/cny/draft/").status_code == 302
    edit = legal.get("/letter-figures/cny/2/edit/")
    form = edit.context["form"]
    values = {name: form.initial.get(name) or "" for name in form.fields}
    assert values["letter_cost"] == "35" and "4 5000 7" in values["bands"]
    assert legal.post("/letter-figures/cny/2/edit/", {**values, "bands": "4 x 7"}).status_code == 422
    assert (
        legal.post("/letter-figures/cny/2/edit/", {**values, "letter_cost": "41.50", "bands": "1 0 0.5\n4 5000 7"}).status_code
        == 302
    )
    row = LetterPolicy.objects.get(version=2)
    assert (row.letter_cost_minor, row.bands) == (4_150, [[1, 0, 50], [4, 500_000, 700]])
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    assert legal.post("/letter-figures/cny/2/propose/", {"live_from": tomorrow}).status_code == 302
    assert legal.post("/letter-figures/cny/2/approve/").status_code == 422
    assert manager.post("/letter-figures/cny/2/approve/").status_code == 302
    assert "41.50" in legal.get("/letter-figures/cny/2/").content.decode()
    assert legal.post("/letter-templates/final-demand/draft/").status_code == 302
    edit = legal.get("/letter-templates/final-demand/2/edit/")
    values = {name: edit.context["form"].initial.get(name) or "" for name in edit.context["form"].fields}
    refused = legal.post("/letter-templates/final-demand/2/edit/", {**values, "body_en": values["body_en"] + " {nonsense}"})
    assert refused.status_code == 422 and "{nonsense}" in refused.content.decode()
    assert legal.post("/letter-templates/final-demand/2/edit/", {**values, "title_en": "Last demand"}).status_code == 302
    assert LetterTemplate.objects.get(code="final-demand", version=2).title_en == "Last demand"


def test_an_account_that_is_late_shows_its_letters_and_its_clock() -> None:
    account = make_late()
    lead = client_of(Role.TEAM_LEAD)
    lead.post("/letters/propose/")
    page = lead.get(f"/accounts/{account.account_no}/").content.decode()
    assert Letter.objects.get().reference in page and "Limitation runs out on 21 Dec 2027" in page


def test_the_api_lists_no_letter_about_a_customer_one_has_a_conflict_with() -> None:
    account = make_late()
    assert post(client_of(Role.TEAM_LEAD), "/letters/", account_no=account.account_no, note="hidden note").status_code == 201
    analyst = make_user(Role.ANALYST)
    client = Client()
    client.force_login(analyst)
    assert [row["note"] for row in client.get("/api/v1/letters/").json()["letters"]] == ["hidden note"]
    make_conflict(analyst, account.customer)
    assert client.get("/api/v1/letters/").json()["letters"] == []

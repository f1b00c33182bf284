"""Cases and promises on the site and over the API: the same acts and refusals by either door."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from factories import TESTER, make_examination, make_user
from promise_books import TODAY, judge_all, late_account, pay, promise_of, signals_of
from rest_framework.test import APIClient
from work_books import fill, item_of, make_queue, worker_today

from casework.models import Case, CaseContact, CaseCost, CaseFigures, OutcomeCode, Promise, PromiseTerms, WorkItem
from casework.operations.cases.working_on import TypedContact, add_contact
from casework.operations.vulnerability import record_vulnerability
from riskops.shared.roles import Role
from riskops.shared.wording import day_text, money_text

pytestmark = pytest.mark.django_db


def client_of(*roles: Role, person: Any = None) -> Client:
    client = Client()
    client.force_login(person or worker_today(*roles))
    return client


def api_of(role: Role, *, person: Any = None) -> APIClient:
    client = APIClient()
    client.force_authenticate(person or worker_today(role))
    return client


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_desk_of_a_case_has_script_outcomes_drawer_and_history() -> None:
    account = late_account(account_no="A-1")
    page = text_of(client_of(Role.ANALYST).get("/cases/A-1/"))
    for words in ("Name the institution", "promise to pay", "Take the promise", "opened: remind", "What came of it"):
        assert words in page, words
    assert text_of(client_of(Role.COMPLIANCE).get("/cases/A-1/")).count("Take the promise") == 0
    late_account(account_no="A-2", days=0)
    assert "never had a case" in text_of(client_of(Role.ANALYST).get("/cases/A-2/"))
    assert Case.objects.get(account=account).stage == "remind"


def test_a_promise_is_taken_refused_and_cancelled_on_the_page() -> None:
    account, client = late_account(account_no="A-1"), client_of(Role.ANALYST)
    refused = client.post("/cases/A-1/promise/", {"amount": "2,000.00", "due_on": TODAY.isoformat()})
    assert refused.status_code == 422 and "2000.00 is more than all that is owed, 1000.00" in text_of(refused)
    half = client.post("/cases/A-1/promise/", {"amount": ["50", "10"], "due_on": [TODAY.isoformat(), ""]})
    assert half.status_code == 422 and "Part 2 cannot be read" in text_of(half)
    assert Promise.objects.count() == 0
    days = [(TODAY + timedelta(days=ahead)).isoformat() for ahead in (2, 5)]
    sent = {"amount": ["300.00", "200", ""], "due_on": [*days, ""], "said": "on payday", "next": "/accounts/A-1/"}
    assert client.post("/cases/A-1/promise/", sent)["Location"] == "/accounts/A-1/"
    promise = Promise.objects.get()
    assert (promise.total_minor, promise.part_count, promise.text) == (50_000, 2, "on payday")
    assert signals_of(account)[1:3] == (True, TODAY + timedelta(days=2))
    listed = text_of(client.get("/promises/"))
    assert "A-1" in listed and "500.00" in listed
    assert client.post(f"/cases/A-1/promise/{promise.pk}/cancel/", {"reason": ""}).status_code == 422
    assert client.post(f"/cases/A-1/promise/{promise.pk}/cancel/", {"reason": "typed wrong"}).status_code == 302
    assert Promise.objects.get().status == "cancelled"
    late_account(account_no="A-9")
    assert client.post(f"/cases/A-9/promise/{promise.pk}/cancel/", {"reason": "x"}).status_code == 422


def test_who_holds_no_examination_takes_no_promise_by_page_or_api() -> None:
    late_account(account_no="A-1")
    person = make_user(Role.ANALYST)
    make_examination(person, passed_on=timezone.localdate() - timedelta(days=400))
    day = TODAY.isoformat()
    page = client_of(person=person).post("/cases/A-1/promise/", {"amount": "300.00", "due_on": day})
    sent = {"parts": [{"due_on": day, "amount": "300.00"}]}
    api = api_of(Role.ANALYST, person=person).post("/api/v1/accounts/A-1/promises/", sent, format="json")
    assert (page.status_code, api.status_code, api.json()["code"]) == (403, 403, "examination_expired")
    assert "examination" in text_of(page)
    assert not Promise.objects.exists()
    assert api_of(Role.ANALYST).post("/api/v1/accounts/A-1/promises/", sent, format="json").status_code == 201


def test_a_refused_promise_is_said_in_its_open_drawer_with_what_was_typed() -> None:
    account, client = late_account(account_no="A-1"), client_of(Role.ANALYST)
    day = (TODAY + timedelta(days=3)).isoformat()
    sent = {"amount": ["2,000.00", "5"], "due_on": [TODAY.isoformat(), day], "said": "on payday", "next": "/accounts/A-1/"}
    page = text_of(client.post("/cases/A-1/promise/", sent))
    drawer = page.split('<details class="drawer promise-drawer"')[1].split("</details>")[0]
    assert drawer.startswith(" open>") and page.count('role="alert"') == drawer.count('role="alert"') == 1
    for kept in (
        'value="2,000.00"',
        'value="5"',
        f'value="{TODAY.isoformat()}"',
        f'value="{day}"',
        "on payday",
        "/accounts/A-1/",
    ):
        assert kept in drawer, kept
    assert 'id="k-amount" name="amount" inputmode="decimal" required autocomplete="off" value=""' in page
    # What stands in the way of any promise has no drawer to stand in.
    promise_of(account, (3, 40_000))
    assert 'class="notice notice-error"' in text_of(client.post("/cases/A-1/promise/", sent))


def test_what_was_promised_stands_in_the_history_and_on_the_timeline() -> None:
    account = late_account(account_no="A-1", days=56, owed=288_140)
    promise_of(account, (3, 50_000))
    client = client_of(Role.ANALYST)
    told = f"promise: open · {money_text(50_000, 'CNY')} by {day_text(TODAY + timedelta(days=3))}"
    page = text_of(client.get("/cases/A-1/"))
    assert told in page and f"56 days late, {money_text(288_140, 'CNY')} overdue" in page
    assert told in text_of(client.get(f"/customers/{account.customer.customer_no}/"))


def test_acts_on_a_customer_handled_with_care_are_closed_to_the_untrained_with_the_reason() -> None:
    account = late_account(account_no="A-1")
    typed = TypedContact(relation="parent", name="Li Na", phone="13900001111", source="customer", consent="unknown")
    contact = add_contact(actor=TESTER, account_id=account.pk, typed=typed, now=timezone.now())
    today = timezone.localdate()
    about = {"kind": "illness", "text": "in hospital", "since": today, "review_by": today + timedelta(days=30)}
    record_vulnerability(actor=TESTER, customer=account.customer, now=timezone.now(), **about)
    mei = make_user(Role.ANALYST, username="mei")
    make_examination(mei, passed_on=today, subject="vulnerable")
    analyst = make_user(Role.ANALYST)
    for address in ("/cases/A-1/", "/accounts/A-1/"):
        page = text_of(client_of(person=analyst).get(address))
        assert "Take the promise" not in page, address
        assert 'disabled title="Handle with care: trained staff only. mei can take over.">Promise' in page, address
        assert "Take the promise" in text_of(client_of(person=mei).get(address)), address
    # One that stands takes the drawer's place.
    promise = promise_of(account, (3, 40_000))
    page = text_of(client_of(person=analyst).get("/cases/A-1/"))
    cancel, refuses = f"promise/{promise.pk}/cancel", f"contact/{contact.pk}/refuse"
    for act in ("outcome", "next-action", "right-party", "reason", "owner", "contact", "cost", cancel, refuses):
        form = page.split(f'action="/cases/A-1/{act}/"')[1].split("</form>")[0]
        buttons = [tag.split(">")[0] for tag in form.split("<button")[1:]]
        assert buttons and all(" disabled title=" in tag for tag in buttons), act
    assert " disabled" not in text_of(client_of(person=mei).get("/cases/A-1/")).split('<div class="grid grid-side">')[1]
    # What a form that was open before asks for all the same.
    for act in (cancel, refuses):
        answer = client_of(person=analyst).post(f"/cases/A-1/{act}/", {"reason": "typed wrong"})
        assert answer.status_code == 403 and "mei can take over." in text_of(answer), act
    promise.refresh_from_db()
    contact.refresh_from_db()
    assert (promise.status, contact.refused_at) == ("open", None)
    assert client_of(person=mei).post(f"/cases/A-1/{cancel}/", {"reason": "typed wrong"}).status_code == 302
    assert client_of(person=mei).post(f"/cases/A-1/{refuses}/").status_code == 302


def test_the_form_of_a_promise_leads_nowhere_else() -> None:
    late_account(account_no="A-1")
    sent = {"amount": "1", "due_on": TODAY.isoformat(), "next": "https://elsewhere.example/"}
    assert client_of(Role.ANALYST).post("/cases/A-1/promise/", sent)["Location"] == "/cases/A-1/"


def test_what_is_done_in_a_case_is_done_on_its_page() -> None:
    account, person = late_account(account_no="A-1"), make_user(Role.ANALYST, username="ann")
    client = client_of(person=person)
    today = timezone.localdate()
    acts: list[tuple[str, dict[str, str]]] = [
        ("outcome", {"outcome": "cannot_pay", "remark": "lost the job", "lateness_reason": "income_lost"}),
        ("next-action", {"action": "visit", "on": today.isoformat()}),
        ("owner", {"username": "ann"}),
        ("right-party", {"proof": "birth_date"}),
        ("contact", {"relation": "parent", "name": "Li Na", "phone": "13900001111", "source": "customer", "consent": "unknown"}),
        ("cost", {"kind": "visit", "amount": "12.50", "incurred_on": TODAY.isoformat(), "note": "taxi"}),
    ]
    for act, sent in acts:
        assert client.post(f"/cases/A-1/{act}/", sent).status_code == 302, act
    case, contact = Case.objects.get(account=account), CaseContact.objects.get()
    assert (case.next_action, case.owner, case.right_party_on) == ("visit", person, TODAY)
    assert CaseCost.objects.get().amount_minor == 1_250
    assert client.post(f"/cases/A-1/contact/{contact.pk}/refuse/").status_code == 302
    page = text_of(client.get("/cases/A-1/"))
    assert "Li Na" not in page and "13900001111" not in page and "…1111" in page and "12.50" in page
    for act, sent in (("outcome", {"outcome": "x"}), ("owner", {"username": "x"}), ("cost", {"kind": "visit", "amount": "x"})):
        assert client.post(f"/cases/A-1/{act}/", sent).status_code == 422, act
    assert "A-1" in text_of(client.get("/cases/?show=mine")) and "A-1" in text_of(client.get("/cases/?show=due"))
    assert "A-1" not in text_of(client.get("/cases/?stage=legal"))


def test_a_promise_taken_at_the_worklist_is_its_outcome_too() -> None:
    account, person = late_account(), worker_today()
    make_queue()
    fill(now=timezone.now())
    item, client = item_of(account), client_of(person=person)
    case = Case.objects.get(account=account)
    first = (case.opened_on.replace(year=2026, month=3, day=17)).isoformat()
    sent = {"version": item.version, "amount": "100", "due_on": first, "lateness_reason": "forgot"}
    assert client.post(f"/worklist/{item.pk}/promise/", {**sent, "amount": "9000"}).status_code in (302, 422)
    assert Promise.objects.count() == 0 and WorkItem.objects.get().status == "open"
    client.post(f"/worklist/{item.pk}/promise/", sent)
    assert Promise.objects.get().total_minor == 10_000
    assert (WorkItem.objects.get().status, WorkItem.objects.get().outcome) == ("done", "promise")
    assert Case.objects.get(account=account).next_action == "await_payment"


def test_panels_show_case_and_promises_on_the_account_and_the_customer() -> None:
    account = late_account(account_no="A-1")
    promise_of(account, (3, 40_000))
    client = client_of(Role.ANALYST)
    page = text_of(client.get("/accounts/A-1/"))
    assert "Collection case" in page and "promise open" in page
    page = text_of(client.get(f"/customers/{account.customer.customer_no}/"))
    assert "400.00" in page and "opened: remind" in page


def test_the_settings_are_shown_and_changed() -> None:
    client = client_of(Role.MANAGER)
    page = text_of(client.get("/case-settings/"))
    assert "work from day 31" in page and "promise to pay" in page
    figures = {"work_from_days": 16, "pursue_from_days": 46, "redefault_days": 90, "reason": "earlier", "version": 0}
    assert client.post("/case-settings/figures/", {**figures, "pursue_from_days": 3}).status_code == 422
    assert client.post("/case-settings/figures/", figures).status_code == 302
    assert CaseFigures.objects.get().work_from_days == 16
    assert client.post("/case-settings/figures/", figures).status_code == 422
    terms = dict.fromkeys(("grace_days", "tolerance_bp", "tolerance_minor", "partly_from_bp", "most_days", "most_parts"), 1)
    terms |= {"most_broken_in_a_row": 1, "reversal_days": 1, "version": 0}
    assert client.post("/case-settings/promise-terms/", {**terms, "reason": "stricter"}).status_code == 302
    assert PromiseTerms.objects.get().product is None
    lead = client_of(Role.TEAM_LEAD)
    code = {"action": "call", "result": "paid", "name_en": "Paid", "name_zh": "已还", "key": "5", "rest_days": 2, "version": 1}
    code |= {"next_action": "", "next_action_days": 1, "is_active": "on"}
    assert lead.post("/case-settings/outcomes/paid/", code).status_code == 302
    assert OutcomeCode.objects.get(code="paid").rest_days == 2
    new = {**code, "code": "letter", "result": "letter", "key": ""}
    assert lead.post("/case-settings/outcomes/new/", new).status_code == 302
    line = {"stage": "work", "position": 1, "text_en": "Ask.", "text_zh": "询问。", "is_active": "on"}
    assert lead.post("/case-settings/script/new/", line).status_code == 302


def test_the_api_takes_judges_and_cancels_promises() -> None:
    account, client = late_account(account_no="A-1"), api_of(Role.ANALYST)
    url, day = "/api/v1/accounts/A-1/promises/", (TODAY + timedelta(days=2)).isoformat()
    refused = client.post(url, {"parts": [{"due_on": "2025-06-16", "amount": "1"}]}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (422, "promise_in_the_past")
    assert client.post(url, {"parts": [{"due_on": day, "amount": "x"}]}, format="json").status_code == 400
    made = client.post(url, {"parts": [{"due_on": day, "amount": "400.00"}]}, format="json")
    assert (made.status_code, made.json()["promised"], made.json()["parts"][0]["due_on"]) == (201, "400.00", day)
    again = client.post(url, {"parts": [{"due_on": day, "amount": "1"}]}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "promise_open_already")
    pay(account, 1, 40_000)
    judge_all(1)
    assert client.get("/api/v1/promises/?status=kept").json()["results"][0]["paid"] == "400.00"
    late = client.post(f"/api/v1/promises/{made.json()['id']}/cancel/", {"reason": "x"}, format="json")
    assert (late.status_code, late.json()["code"]) == (409, "promise_decided")


def test_the_api_works_a_case() -> None:
    late_account(account_no="A-1")
    client = api_of(Role.ANALYST)
    base = "/api/v1/accounts/A-1/case/"
    assert client.get(base).json()["stage"] == "remind"
    sent = {"outcome": "call_back", "remark": "evening", "lateness_reason": "forgot"}
    done = client.post(f"{base}outcomes/", sent, format="json").json()
    assert (done["next_action"], done["events"][0]["reason"]) == ("call_again", "evening")
    assert client.put(f"{base}next-action/", {}, format="json").json()["next_action"] == ""
    assert client.put(f"{base}owner/", {"username": "x"}, format="json").json()["code"] == "owner_unknown"
    assert client.post(f"{base}right-party/", {"proof": "last_four"}, format="json").json()["right_party_on"] == TODAY.isoformat()
    person = {"relation": "friend", "name": "Li Na", "phone": "13900001111", "source": "customer"}
    added = client.post(f"{base}contacts/", person, format="json")
    (contact,) = added.json()["contacts"]
    assert (added.status_code, contact["last_digits"], "13900001111" in str(added.json())) == (201, "1111", False)
    assert client.post(f"/api/v1/case-contacts/{contact['id']}/refuse/").json()["contacts"][0]["consent"] == "refused"
    cost = {"kind": "court", "amount": "5.00", "incurred_on": TODAY.isoformat()}
    assert client.post(f"{base}costs/", cost, format="json").json()["cost_total"] == "5.00"
    assert client.post(f"{base}costs/", {**cost, "amount": "-6"}, format="json").json()["code"] == "cost_malformed"
    assert [row["account_no"] for row in client.get("/api/v1/cases/").json()["results"]] == ["A-1"]
    late_account(account_no="A-2", days=0)
    assert client.get("/api/v1/accounts/A-2/case/").status_code == 404


def test_the_api_reads_and_sets_what_cases_go_by() -> None:
    manager, lead = api_of(Role.MANAGER), api_of(Role.TEAM_LEAD)
    assert manager.get("/api/v1/case-figures/").json()["work_from_days"] == 31
    sent = {"version": 0, "work_from_days": 20, "reason": "earlier"}
    assert manager.put("/api/v1/case-figures/", sent, format="json").json()["work_from_days"] == 20
    assert manager.put("/api/v1/case-figures/", sent, format="json").status_code == 409
    terms = {"product": "", "version": 0, "grace_days": 3, "reason": "r"}
    assert manager.put("/api/v1/promise-terms/", terms, format="json").json()["grace_days"] == 3
    assert [row["product"] for row in manager.get("/api/v1/promise-terms/").json()] == [""]
    codes = lead.get("/api/v1/outcome-codes/").json()
    changed = lead.put("/api/v1/outcome-codes/", {**codes[0], "rest_days": 5}, format="json")
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    line = {"stage": "work", "text_en": "Ask.", "text_zh": "询问。"}
    made = lead.post("/api/v1/case-prompts/", line, format="json").json()
    put = lead.put(f"/api/v1/case-prompts/{made['id']}/", {**made, "text_en": "Ask again."}, format="json")
    assert put.json()["text_en"] == "Ask again."
    assert len(lead.get("/api/v1/case-prompts/").json()) > 6

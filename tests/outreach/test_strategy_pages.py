"""The pages of strategies, and the ladder on an account's page, as people meet them; and the same over the API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from deciding_books import page
from django.test import Client
from django.utils import timezone
from factories import make_user, set_business_date
from outreach_books import SHANGHAI
from planning_books import DAY, NEXT, call, follow, late, plan, step, write_templates

from outreach.models import Message, Strategy
from outreach.rules.contacts import Purpose
from outreach.rules.ladder_json import as_plain
from outreach.rules.ladders import Step
from outreach.shipped_strategies import LADDER
from riskops.shared.models import BookState, PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
STEPS = [step("one", 1), step("week", 7, valid_days=4, rule="dpd > 1", tiers=("early",)), call("phone", 20)]
TOMORROW = (NEXT + timedelta(days=1)).isoformat()


@pytest.fixture(autouse=True)
def _a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: datetime(2025, 6, 17, 10, tzinfo=SHANGHAI))
    write_templates([*LADDER, *STEPS])
    set_business_date(DAY)


def client_of(role: Role, *products: str) -> Client:
    client, person = Client(), make_user(role)
    for code in products:
        PortfolioScope.objects.create(user=person, product_code=code)
    client.force_login(person)
    return client


def typed(steps: list[Step], **head: Any) -> dict[str, Any]:
    """Return steps as the editor sends them."""
    data: dict[str, Any] = {"name_en": "Mild", "name_zh": "温和", "products": "", "note": "try", "revision": 1, **head}
    data["steps"] = len(steps)
    for number, found in enumerate(steps):
        plain = as_plain(found)
        ways = plain.pop("ways")
        data |= {f"step-{number}-{name}": value for name, value in plain.items()}
        data |= {f"step-{number}-way-{place}": f"{way['channel']}:{way['template']}" for place, way in enumerate(ways)}
    return data


def test_a_version_goes_all_the_way_by_page() -> None:
    lead, manager = client_of(Role.TEAM_LEAD), client_of(Role.MANAGER)
    late(1), late(-2)
    listed = page(lead.get("/strategies/"))
    assert "for every product that no strategy names" in listed and "Shipped with the site" in listed
    assert lead.post("/strategies/standard/draft/")["Location"] == "/strategies/standard/2/edit/"
    editor = page(lead.get("/strategies/standard/2/edit/"))
    assert "due-soon-push" in editor and 'class="ladder-grid"' in editor
    saved = page(lead.post("/strategies/standard/2/edit/", typed(STEPS), follow=True))
    assert "standard v2 is saved" in saved and "Run it dry" in saved
    # What to do next is not the next page.
    assert "<h2>下一步</h2>" in page(lead.get("/strategies/standard/2/", headers={"Accept-Language": "zh-hans"}))
    # Beside the one that holds: new steps, and those that are gone.
    assert saved.count("new</span>") == 3 and "No longer in it:" in saved
    tried = page(lead.post("/strategies/standard/2/try/", follow=True))
    assert "Tried on the book of 16 Jun 2025" in tried and "figure-tries" in tried and "0.09 CNY" in tried
    # What is not planned by yet shows what its dry run counted.
    assert "In the dry run" in tried and "figures are of the dry run" in tried and ">Delivered<" not in tried
    assert "waits for the approval" in page(lead.post("/strategies/standard/2/propose/", {"live_from": TOMORROW}, follow=True))
    assert lead.post("/strategies/standard/2/approve/").status_code == 403
    done = page(manager.post("/strategies/standard/2/approve/", follow=True))
    assert "messages are planned by it from 18 Jun 2025 on" in done and "Withdraw it before its first day" in done
    assert Strategy.objects.get(version=2).status == "approved"


def test_the_ladder_is_drawn_with_what_came_of_its_steps_and_its_table_says_the_same() -> None:
    follow(STEPS)
    late(1), late(1), late(1, consent_sms=False)
    plan()
    sent = Message.objects.filter(status="queued").first()
    assert sent is not None
    Message.objects.filter(pk=sent.pk).update(status="dead")
    shown = page(client_of(Role.ANALYST).get("/strategies/standard/2/"))
    assert shown.count('class="ladder-day') == 3 and ">+20<" in shown
    assert 'title="Step one">3</span>' in shown
    for name in ("Early", "Step one", "7 days after the due date", "no message: it stands on the account"):
        assert name in shown, name
    row = shown[shown.index("one ·") : shown.index("week ·")]
    figures = [cell.split("<")[0] for cell in row.split('<td class="num">')[1:]]
    # Planned, waits, sent, delivered, stopped, left out.
    assert figures == ["3", "1", "0", "0", "0", "1"] and "given up 1" in row
    assert "Dry run</button>" not in shown


def test_the_buttons_of_the_editor_change_the_list_and_write_nothing() -> None:
    lead = client_of(Role.TEAM_LEAD)
    lead.post("/strategies/standard/draft/")
    address = "/strategies/standard/2/edit/"
    added = page(lead.post(address, typed(STEPS, press="add")))
    assert added.count("step-card") == 4
    copied = page(lead.post(address, typed(STEPS, press="copy-0")))
    assert copied.count('value="Step one"') == 2
    removed = page(lead.post(address, typed(STEPS, press="remove-1")))
    assert removed.count("step-card") == 2 and 'value="Step week"' not in removed
    assert 'name="step-0-way-0"' in removed and 'value="sms:one-sms" selected' in removed
    row = Strategy.objects.get(version=2)
    assert (row.revision, len(row.steps)) == (1, len(LADDER))


def test_what_cannot_be_is_told_beside_its_field_and_nothing_is_saved() -> None:
    lead = client_of(Role.TEAM_LEAD)
    lead.post("/strategies/standard/draft/")
    address = "/strategies/standard/2/edit/"
    wrong = typed([step("one", 1), step("one", 1)])
    shown = page(lead.post(address, {**wrong, "step-1-days": "soon"}), 422)
    assert "Nothing was saved" in shown and "Give a whole number of days." in shown and 'value="soon"' in shown
    shown = page(lead.post(address, {**wrong, "step-1-rule": "dpd >"}), 422)
    assert "is the code of another step" in shown and "It falls on the day of one" in shown
    assert "at least one step" in page(lead.post(address, typed([])), 422)
    assert "There is no product" in page(lead.post(address, typed(STEPS, products="none-such")), 422)
    assert "was changed meanwhile" in page(lead.post(address, typed(STEPS, revision=7)), 409)
    assert Strategy.objects.get(version=2).revision == 1
    assert lead.get("/strategies/standard/1/edit/", follow=True).redirect_chain[-1][0] == "/strategies/standard/1/"


def test_a_strategy_of_ones_own_begins_as_a_copy() -> None:
    lead = client_of(Role.TEAM_LEAD)
    made = lead.post("/strategies/new/", {"copy_of": "standard", "code": "gentle"})
    assert made["Location"] == "/strategies/gentle/1/edit/"
    refused = page(lead.post("/strategies/new/", {"copy_of": "standard", "code": "Gentle!"}), 422)
    assert "small letters, digits and hyphens" in refused
    assert lead.post("/strategies/gentle/draft/").status_code in (404, 409)
    assert client_of(Role.ANALYST).post("/strategies/new/", {}).status_code == 403


def test_a_dry_run_that_cannot_be_says_why() -> None:
    lead = client_of(Role.TEAM_LEAD)
    assert "is approved" in page(lead.post("/strategies/standard/1/try/"), 409)
    set_business_date(None)
    lead.post("/strategies/standard/draft/")
    assert "No day of this book is closed yet" in page(lead.post("/strategies/standard/2/try/"), 409)


def test_the_account_page_says_where_it_stands_and_queues_what_is_due() -> None:
    follow(STEPS)
    account = late(1)
    lead = client_of(Role.TEAM_LEAD)
    address = f"/accounts/{account.account_no}/"
    shown = page(lead.get(address))
    assert "On the ladder" in shown and "standard v2" in shown
    assert "Step one" in shown and "7 Jul 2025" not in shown
    # Not in the tier of the seventh day: the call is what comes.
    assert "6 Jul 2025" in shown
    done = page(lead.post(f"{address}plan/", follow=True))
    assert "1 message is queued." in done and "Queue what is due now" not in done
    assert Message.objects.get().step == "one"
    assert "No step is due" in page(lead.post(f"{address}plan/", follow=True))
    assert "Queue what is due now" not in page(client_of(Role.ANALYST).get(address))
    assert client_of(Role.ANALYST).post(f"{address}plan/").status_code == 403
    assert client_of(Role.TEAM_LEAD, "none-such").post(f"{address}plan/").status_code == 404


def test_an_overdue_account_that_no_step_applies_to_is_not_said_to_owe_nothing() -> None:
    follow([])
    shown = page(client_of(Role.TEAM_LEAD).get(f"/accounts/{late(56).account_no}/"))
    assert "No step of the ladder applies now." in shown and "Nothing is due" not in shown


def test_a_due_call_leads_from_the_account_to_the_form_that_asks_for_it() -> None:
    follow(STEPS)
    account = late(20)
    link = f'href="/customers/{account.customer.customer_no}/contact/?account={account.account_no}#call"'
    assert link in page(client_of(Role.ANALYST).get(f"/accounts/{account.account_no}/"))
    assert link not in page(client_of(Role.COMPLIANCE).get(f"/accounts/{account.account_no}/"))
    form = page(client_of(Role.ANALYST).get(f"/customers/{account.customer.customer_no}/contact/?account={account.account_no}"))
    assert f'<option value="{account.account_no}" selected>' in form
    # No step before it leads there.
    assert "?account=" not in page(client_of(Role.ANALYST).get(f"/accounts/{late(1).account_no}/"))


def test_in_a_frozen_book_the_pages_say_so_and_nothing_is_queued() -> None:
    follow(STEPS)
    account = late(1)
    BookState.objects.update(nightly_paused=True)
    lead = client_of(Role.TEAM_LEAD)
    assert "The nightly close is paused" in page(lead.get("/strategies/standard/2/"))
    assert "The nightly close is paused: nothing goes out." in page(lead.get(f"/accounts/{account.account_no}/"))
    assert "The nightly close is paused" in page(lead.post(f"/accounts/{account.account_no}/plan/", follow=True))
    assert not Message.objects.exists()


# Over the API ------------------------------------------------------------------------------------------------------------


def asks(client: Client, method: str, path: str, data: Any = None, *, status: int = 200) -> Any:
    answer = getattr(client, method)(f"/api/v1/{path}", data=data, content_type="application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_a_version_goes_all_the_way_by_api() -> None:
    lead, manager = client_of(Role.TEAM_LEAD), client_of(Role.MANAGER)
    late(1)
    made = asks(lead, "post", "strategies/", {"copy_of": "standard"}, status=201)
    assert (made["code"], made["version"], made["status"]) == ("standard", 2, "draft")
    path = "strategies/standard/2/"
    refused = asks(lead, "patch", path, {"revision": 1, "steps": [{"code": "a"}]}, status=422)
    assert (refused["code"], refused["about"]) == ("ladder_malformed", "steps")
    assert refused["detail"].startswith("steps[0].name_en: ")
    # Sent without what may be left out, it is kept whole.
    least: dict[str, Any] = {"code": "one", "name_en": "n", "name_zh": "名", "anchor": "due_date", "days": 1, "act": "message"}
    least["ways"] = [{"channel": "sms", "template": "one-sms"}]
    changed = asks(lead, "patch", path, {"revision": 1, "steps": [least]})
    assert changed["steps"] == [{**as_plain(step("one", 1)), "name_en": "n", "name_zh": "名"}]
    assert asks(lead, "post", f"{path}propose/", {"live_from": TOMORROW}, status=409)["code"] == "not_tried"
    tried = asks(lead, "post", f"{path}try/")
    assert tried["dry_run"]["messages"] == 1 and tried["dry_run_revision"] == tried["revision"] == 2
    asks(lead, "post", f"{path}propose/", {"live_from": TOMORROW})
    assert asks(manager, "post", f"{path}approve/")["status"] == "approved"
    assert [row["version"] for row in asks(lead, "get", "strategies/")] == [2, 1]
    asks(client_of(Role.ANALYST), "post", f"{path}try/", status=403)


def test_an_account_on_its_ladder_by_api() -> None:
    follow(STEPS)
    account = late(1)
    lead = client_of(Role.TEAM_LEAD)
    path = f"accounts/{account.account_no}/ladder/"
    said = asks(lead, "get", path)
    assert said == {
        "account_no": account.account_no, "day": "2025-06-17", "strategy": "standard v2",
        "lines": [
            {
                "anchor": "due_date", "episode": "2025-06-16", "planned": [],
                "due": {"code": "one", "act": "message", "day": "2025-06-17"},
                "coming": {"code": "phone", "act": "call", "day": "2025-07-06"},
            }
        ],
    }  # fmt: skip
    after = asks(lead, "post", path)
    assert after["lines"][0]["due"] is None
    assert [(row["step"], row["channel"], row["status"]) for row in after["lines"][0]["planned"]] == [("one", "sms", "queued")]
    assert asks(lead, "post", path, status=409)["code"] == "nothing_due"
    assert asks(client_of(Role.ANALYST), "get", path)["strategy"] == "standard v2"
    asks(client_of(Role.ANALYST), "post", path, status=403)
    asks(client_of(Role.TEAM_LEAD, "none-such"), "get", path, status=404)


def test_steps_whose_template_is_written_for_another_purpose_are_named_before_anybody_wonders() -> None:
    purpose = Purpose.DEMAND
    fits, wrong = step("fits", 1), step("wrong", 7, purpose=purpose)
    write_templates([step("fits", 1), step("wrong", 7)])
    follow([fits, wrong], since=DAY)
    follow([fits], code="other")
    manager = client_of(Role.MANAGER)
    version = Strategy.objects.filter(code="standard").latest("version").version
    shown = page(manager.get(f"/strategies/standard/{version}/"))
    assert "each of their messages is set aside" in shown and "<code>wrong</code>" in shown and "<code>fits</code>" not in shown
    assert "each of their messages is set aside" not in page(manager.get("/strategies/other/1/"))
    # Where people look at what does not go out, too.
    outbox = page(manager.get("/outbox/"))
    assert "each of their messages is set aside" in outbox and f'href="/strategies/standard/{version}/"' in outbox
    told = manager.get("/api/v1/outbox/counts/").json()["unfit_steps"]
    assert told == [{"strategy": "standard", "version": version, "step": "wrong", "template": wrong.ways[0].template}]
    # Of one that another has replaced nothing is sent any more.
    follow([fits], since=NEXT)
    assert "each of their messages is set aside" not in page(manager.get(f"/strategies/standard/{version}/"))
    assert "each of their messages is set aside" not in page(manager.get("/outbox/"))

"""The worklist's pages: a shift from the queue to the next account, refusals beside the item, nothing lost."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from factories import make_conflict, make_examination, make_member, make_team, make_user
from rest_framework.test import APIClient
from work_books import fill, item_of, late_account, make_queue

from accounts.models import AccountSignals, AccountState
from accounts.queries.rule_cost import RuleTooSlow
from casework.models import BulkAction, Claim, SavedView, WorkItem, WorkRecord
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def client_of(*roles, username=None):
    person = make_user(*(roles or (Role.ANALYST,)), username=username)
    make_examination(person, passed_on=timezone.localdate() - timedelta(days=10))
    client = Client()
    client.force_login(person)
    client.person = person
    return client


@pytest.fixture
def accounts():
    make_queue()
    made = [late_account(owed=owed) for owed in (900_000, 50_000, 10_000)]
    fill(now=timezone.now())
    return made


def act(client, account, what, **fields):
    item = item_of(account)
    claim = Claim.objects.filter(customer_id=account.customer_id, user=client.person).first()
    sent = {"version": item.version, "token": claim.token if claim else "", **fields}
    return client.post(reverse(f"worklist-{what}", args=[item.pk]), sent, **HTMX)


def test_an_analyst_lands_on_the_worklist(accounts):
    client = client_of()
    assert client.get("/").url == "/worklist/"
    page = client.get("/worklist/").content.decode()
    assert [page.index(account.account_no) for account in accounts] == sorted(page.index(a.account_no) for a in accounts)
    assert "3 open" in page and "0 blocked" in page


def test_leads_are_offered_only_whose_roles_work_accounts(accounts):
    team = make_team()
    for name, role in (("works", Role.ANALYST), ("approves", Role.APPROVER), ("of-agency", Role.AGENCY)):
        make_member(team, make_user(role, username=name))
    item = item_of(accounts[0])
    desk = client_of(Role.TEAM_LEAD).get(f"/worklist/?at={item.pk}").content.decode()
    offered = set(re.findall(r'<option value="([a-z-]+)"', desk))
    assert "works" in offered and not {"approves", "of-agency"} & offered


def test_the_desk_leads_to_where_the_contact_policy_is_asked(accounts):
    desk = client_of().get(f"/worklist/?at={item_of(accounts[0]).pk}").content.decode()
    (address,) = re.findall(r'href="([^"]+)" data-hotkey="l"', desk)
    assert address == f"/customers/{accounts[0].customer.customer_no}/contact/"


def test_headings_stand_over_the_figures_they_name(accounts):
    table = client_of(Role.ANALYST).get("/worklist/").content.decode().split("<thead>")[1].split("</table>")[0]
    head, body = table.split("</thead>")
    cells = re.findall(r"<td([^>]*)>", body.split("</tr>")[0])
    headings = re.findall(r"<th([^>]*)>", head)
    assert len(headings) == len(cells)
    numbers = [["num" in one for one in found] for found in (headings, cells)]
    assert numbers[0] == numbers[1] and any(numbers[0])


def test_list_and_desk_ask_as_often_however_long_the_queue_is(accounts):
    client = client_of(Role.TEAM_LEAD)

    def asked(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    desk = f"/worklist/?queue=late&at={item_of(accounts[0]).pk}"
    few = (asked("/worklist/?queue=late"), asked(desk))
    for number in range(30):
        late_account(owed=1_000 * number, customer=accounts[0].customer if number % 3 == 0 else None, score=500)
        make_member(make_team(), make_user(Role.ANALYST))
    fill(now=timezone.now())
    act(client, accounts[0], "note", text="calls back", note_version=0)
    assert (asked("/worklist/?queue=late"), asked(desk)) == few
    assert few[0] <= 16 and few[1] <= 33


def test_queue_next_outcome_next(accounts):
    client = client_of()
    first = client.post("/worklist/next/", {"queue": "late"}, **HTMX).content.decode()
    assert accounts[0].account_no in first and "in your hand, 15 min left" in first
    second = act(client, accounts[0], "outcome", outcome="promise", play="1")
    assert second.status_code == 200
    text = second.content.decode()
    assert f"{accounts[0].account_no}: promise to pay." in text
    assert f">{accounts[1].account_no}</a>" in text and "Undo" in text
    assert "worklist:changed" in second["HX-Trigger"]
    assert WorkItem.objects.get(account=accounts[0]).status == "done"
    line = AuditEntry.objects.get(action="work.outcome")
    assert (line.subject_key, line.after["outcome"]) == (accounts[0].account_no, "promise")


def test_the_figures_follow_the_list_after_an_act_and_not_when_a_page_is_turned(accounts):
    client = client_of()
    client.post(reverse("worklist-next"), {"queue": "late"}, **HTMX)
    act(client, accounts[0], "outcome", outcome="promise")
    after = client.get("/worklist/?queue=late", **HTMX, HTTP_HX_TRIGGER="work-list").content.decode()
    assert 'id="work-figures" hx-swap-oob="true"' in after and "2 open" in after
    assert "work-figures" not in client.get("/worklist/?queue=late", **HTMX).content.decode()
    assert 'id="work-figures">' in client.get("/worklist/?queue=late").content.decode()


def test_an_account_that_is_refused_clears_the_desk_of_the_one_before(accounts):
    client = client_of()
    own, item = accounts[0], item_of(accounts[0])
    # Declared after the list was shown, so its row is still there to be clicked.
    make_conflict(client.person, own.customer)
    answer = client.get(reverse("worklist-item", args=[item.pk]), **HTMX)
    desk = answer.content.decode()
    # It takes the place of the desk: nothing says to put it above what is there.
    assert answer.status_code == 403 and "HX-Reswap" not in answer
    assert desk.lstrip().startswith('<section id="desk"') and "data-item" not in desk
    assert desk.count('role="alert"') == 1 and "data-desk-close" in desk and "<h2>" not in desk
    assert own.account_no not in desk
    # The page at its address shows list and reason; the item's own address, as a page, is the plain refusal.
    page = client.get("/worklist/", {"queue": "late", "at": item.pk}).content.decode()
    assert accounts[1].account_no in page and 'role="alert"' in page
    assert client.get(reverse("worklist-item", args=[item.pk])).status_code == 403


def test_a_stale_form_is_refused_beside_the_item_and_changes_nothing(accounts):
    client = client_of()
    answer = client.post(
        reverse("worklist-outcome", args=[item_of(accounts[0]).pk]), {"version": 7, "outcome": "promise"}, **HTMX
    )
    assert answer.status_code == 422
    assert "changed after you opened it; nothing was done" in answer.content.decode()
    assert (WorkRecord.objects.count(), item_of(accounts[0]).status) == (0, "open")


def test_an_act_after_the_lease_is_refused(accounts):
    client = client_of()
    client.post("/worklist/next/", {"queue": "late"}, **HTMX)
    Claim.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    answer = act(client, accounts[0], "outcome", outcome="promise")
    assert answer.status_code == 422 and "Your claim ended at" in answer.content.decode()
    assert item_of(accounts[0]).status == "open"


@pytest.mark.parametrize("by_page", [True, False])
@pytest.mark.parametrize("left", [True, False])
def test_what_came_of_a_call_is_recorded_by_page_and_api_whatever_came_up_in_it(accounts, by_page, left):
    client, api = client_of(), APIClient()
    client.post("/worklist/next/", {"queue": "late"}, **HTMX)
    item, claim = item_of(accounts[0]), Claim.objects.get()
    if left:
        AccountState.objects.filter(pk=accounts[0].pk).update(days_past_due=0)
    else:
        AccountSignals.objects.update_or_create(account=accounts[0], defaults={"is_disputed": True})
    fill(now=timezone.now())
    shown = client.get(f"/worklist/?queue=late&at={item.pk}").content.decode()
    assert ("left the queue" if left else "a dispute is open") in shown and " disabled title=" not in shown
    sent = {"version": item.version, "token": claim.token, "outcome": "disputes"}
    if by_page:
        answer = client.post(reverse("worklist-outcome", args=[item.pk]), sent, **HTMX)
    else:
        api.force_authenticate(client.person)
        answer = api.post(f"/api/v1/work-items/{item.pk}/outcome/", sent, format="json")
    assert answer.status_code == 200
    assert (item_of(accounts[0]).status, item_of(accounts[0]).outcome) == ("gone" if left else "done", "disputes")


def test_undo_brings_the_item_back(accounts):
    client = client_of()
    act(client, accounts[0], "outcome", outcome="promise")
    answer = client.post(reverse("worklist-undo", args=[WorkRecord.objects.get().pk]), **HTMX)
    assert "Undone." in answer.content.decode()
    item = item_of(accounts[0])
    assert (item.status, item.returns_on, item.outcome) == ("open", None, "")
    again = client.post(reverse("worklist-undo", args=[WorkRecord.objects.get().pk]), **HTMX)
    assert again.status_code == 422 and "undone already" in again.content.decode()


def test_leads_read_why_an_account_was_skipped(accounts):
    client, lead = client_of(), client_of(Role.TEAM_LEAD)
    assert act(client, accounts[0], "skip", reason="").status_code == 422
    act(client, accounts[0], "skip", reason="his brother is a friend of mine")
    assert "his brother is a friend of mine" in lead.get("/worklist/skipped/").content.decode()
    assert client.get("/worklist/skipped/").status_code == 403


def test_two_notes_at_once_show_the_difference_and_lose_nothing(accounts):
    one, two = client_of(), client_of()
    url = reverse("worklist-note", args=[item_of(accounts[0]).pk])
    one.post(url, {"text": "calls back on Monday\nlikes mornings", "note_version": "0"}, **HTMX)
    answer = two.post(url, {"text": "calls back on Tuesday\nlikes mornings", "note_version": "0"}, **HTMX)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "<del>calls back on Monday</del>" in text and "<ins>calls back on Tuesday</ins>" in text
    assert ">calls back on Tuesday\nlikes mornings</textarea>" in text and 'name="note_version" value="1"' in text
    two.post(url, {"text": "calls back on Tuesday, not Monday", "note_version": "1"}, **HTMX)
    desk = one.get(reverse("worklist-item", args=[item_of(accounts[0]).pk]), **HTMX).content.decode()
    assert "calls back on Tuesday, not Monday" in desk


def test_two_people_at_one_account_see_each_other(accounts):
    one, two = client_of(username="mei"), client_of(username="lin")
    url = reverse("worklist-presence", args=[accounts[0].account_no])
    assert "also open at" not in one.post(url).content.decode()
    assert "also open at mei" in two.post(url).content.decode()
    assert "also open at lin" in one.post(url).content.decode()


def test_a_bulk_action_previews_what_is_blocked_and_reports_on_each(accounts):
    client, other = client_of(Role.TEAM_LEAD, username="lead"), client_of()
    other.post("/worklist/next/", {"queue": "late"}, **HTMX)
    items = [item_of(account).pk for account in accounts]
    sent = {"items": items, "action": "assign", "username": "lead", "reference": "r1"}
    preview = client.post("/worklist/bulk/", sent).content.decode()
    assert "3 selected" in preview and "1 blocked: somebody else has it in hand" in preview
    assert not WorkItem.objects.filter(assigned_to=client.person).exists()
    report = client.post("/worklist/bulk/", {**sent, "confirmed": "1"}, follow=True).content.decode()
    assert "2 done, 1 refused" in report and "has this customer in hand" in report
    assert WorkItem.objects.filter(assigned_to=client.person).count() == 2
    client.post("/worklist/bulk/", {**sent, "confirmed": "1"})
    assert BulkAction.objects.count() == 1


def test_a_view_is_saved_shared_and_opened_by_its_address(accounts):
    client, other = client_of(), client_of()
    client.post("/worklist/views/", {"name": "Big ones", "query": "queue=late&rule=exposure+>+5000&after=9.9"})
    view = SavedView.objects.get()
    assert view.query == "queue=late&rule=exposure+%3E+5000"
    page = client.get(f"/worklist/?view={view.pk}").content.decode()
    assert accounts[0].account_no in page and accounts[2].account_no not in page
    assert "Big ones" not in other.get("/worklist/").content.decode()
    SavedView.objects.update(is_shared=True)
    assert "Big ones" in other.get("/worklist/").content.decode()
    other.post("/worklist/views/", {"delete": view.pk})
    assert SavedView.objects.count() == 1


def test_a_rule_that_does_not_parse_is_said_and_left_out(accounts):
    page = client_of().get("/worklist/?rule=dpdd+>+7").content.decode()
    assert "dpd" in page and accounts[2].account_no in page and "The list is not narrowed." in page


def test_an_account_in_conflict_is_listed_masked_and_not_opened(accounts):
    client = client_of()
    make_conflict(client.person, accounts[0].customer)
    assert accounts[0].account_no in client.get("/worklist/").content.decode()
    assert client.get(reverse("worklist-item", args=[item_of(accounts[0]).pk]), **HTMX).status_code == 403


def test_the_pages_of_queues_and_weights_open_and_save(accounts):
    lead, manager = client_of(Role.TEAM_LEAD), client_of(Role.MANAGER)
    page = lead.get("/queues/").content.decode()
    assert "prior of riskops" in page and "New queue" in page
    sent = {"code": "big", "kind": "dynamic", "name_en": "Big", "rule": "exposure > 1000", "order": "overdue", "position": "50"}
    assert lead.post("/queues/new/", {**sent, "rule": "exposure >"}).status_code == 422
    assert lead.post("/queues/new/", sent).status_code == 302
    assert list(WorkItem.objects.filter(queue__code="big").values_list("account_id", flat=True)) == [accounts[0].pk]
    weights = {f"chance-{n}": "10" for n in range(8)} | {"loss": "50", "least_outcomes": "50", "version": "0"}
    assert lead.get("/queues/weights/").status_code == 403
    answer = manager.post("/queues/weights/", {**weights, "effect-": "12.5", "minutes-": "5", "reason": "measured by hand"})
    assert answer.status_code == 302
    assert f"prior of {manager.person.username}" in lead.get("/queues/").content.decode()


def test_a_rule_that_takes_too_long_narrows_nothing_and_says_so(accounts, monkeypatch):
    @contextmanager
    def stopped():
        raise RuleTooSlow(5)
        yield

    monkeypatch.setattr("casework.queries.worklist.rule_time_bound", stopped)
    page = client_of().get("/worklist/", {"rule": "dpd > 10000"}).content.decode()
    assert "more than 5 seconds" in page and "The list is not narrowed." in page and accounts[0].account_no in page

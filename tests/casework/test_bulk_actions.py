"""One action on many items: each by itself, never twice, and a report of each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from factories import make_conflict, make_customer, make_examination, make_user
from rest_framework.test import APIClient
from work_books import NOW, fill, item_of, late_account, make_queue, worker

from accounts.models import CreditAccount
from casework.models import BulkAction, WorkItem, WorkRecord
from casework.operations import bulk_actions, working
from casework.operations.bulk_actions import preview_bulk, run_bulk
from casework.operations.work_refusals import SelectionMalformed
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry, PortfolioScope
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK

pytestmark = pytest.mark.django_db


def run(person, items, *, reference="r1", **more):
    common = {"actor": Actor.of(person), "scope": WHOLE_BOOK, "action": "snooze", "reference": reference, "now": NOW}
    parameters = {"until": NOW + timedelta(days=1), "reason": ""}
    return run_bulk(**{**common, "item_ids": [item.pk for item in items], "parameters": parameters, **more})


@pytest.fixture
def items():
    make_queue()
    accounts = [late_account(owed=owed) for owed in (900_000, 50_000, 10_000)]
    fill()
    return [item_of(account) for account in accounts]


def test_the_same_form_twice_is_done_once(items):
    person = worker()
    first, second = run(person, items), run(person, items)
    assert (first.pk, len(second.report), WorkRecord.objects.count()) == (second.pk, 3, 3)
    assert AuditEntry.objects.filter(action="work.bulk").count() == 1


def test_a_reference_of_somebody_else_or_for_other_items_hides_nothing(items):
    one, two = worker(), worker()
    theirs = run(one, items[:1])
    own = run(two, items[1:2])
    later = run(two, items[2:])
    assert len({theirs.pk, own.pk, later.pk}) == 3
    assert [(bulk.user_id, len(bulk.report)) for bulk in (theirs, own, later)] == [(one.pk, 1), (two.pk, 1), (two.pk, 1)]
    assert set(WorkItem.objects.values_list("status", flat=True)) == {"snoozed"}


def test_without_a_reference_nothing_stands_for_what_was_done_before(items):
    person = worker()
    run(person, items[:1], reference="")
    WorkItem.objects.update(status="open", snoozed_until=None)
    assert run(person, items[:1], reference="").report[0][1]
    assert (WorkRecord.objects.count(), BulkAction.objects.count()) == (2, 2)


def test_after_a_crash_the_form_sent_again_goes_on_where_it_ended(items, monkeypatch):
    monkeypatch.setattr(bulk_actions, "_STRETCH", 1)
    person, real, calls = worker(), working.snooze, []

    def crashing(asked, **parameters):
        calls.append(asked.item_id)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(asked, **parameters)

    monkeypatch.setattr(working, "snooze", crashing)
    with pytest.raises(KeyboardInterrupt):
        run(person, items)
    assert (WorkRecord.objects.count(), len(BulkAction.objects.get().report)) == (1, 1)
    done = run(person, items)
    assert [line[1] for line in done.report] == [True] * 3
    assert sorted(WorkRecord.objects.values_list("item_id", flat=True)) == sorted(item.pk for item in items)


def test_the_preview_says_who_holds_no_examination(items):
    person = make_user(Role.ANALYST)
    asked = {
        "actor": Actor.of(person),
        "scope": WHOLE_BOOK,
        "item_ids": [item.pk for item in items],
        "now": NOW,
        "today": NOW.date(),
    }
    preview = preview_bulk(action="snooze", **asked)
    assert (preview.free, preview.blocked) == (0, (("you hold no examination, which taking work needs", 3),))
    assert preview_bulk(action="assign", **asked).free == 3
    assert [line[1] for line in run(person, items).report] == [False] * 3


def report_of(person, bulk):
    client = Client()
    client.force_login(person)
    return client.get(f"/worklist/bulk/{bulk.pk}/").content.decode()


def test_a_report_is_cut_to_what_its_reader_may_see(items):
    person, lead = worker(), worker(Role.TEAM_LEAD)
    bulk = run(person, items)
    numbers = [item.account.account_no for item in items]
    assert all(number in report_of(lead, bulk) for number in numbers) and "left out" not in report_of(lead, bulk)
    PortfolioScope.objects.create(user=lead, product_code=items[0].account.product.product_code)
    PortfolioScope.objects.create(user=lead, product_code=items[1].account.product.product_code)
    make_conflict(lead, items[1].customer)
    text = report_of(lead, bulk)
    assert [number in text for number in numbers] == [True, False, False]
    assert "1 done, 0 refused" in text and "2 accounts that you may not see are left out" in text
    # One's own says of a conflict what it said when it was done, and nothing of what is out of sight by now.
    make_conflict(person, items[1].customer)
    PortfolioScope.objects.create(user=person, product_code=items[1].account.product.product_code)
    text = report_of(person, bulk)
    assert [number in text for number in numbers] == [False, True, False]
    assert "2 accounts" in text


def test_the_same_form_sent_again_by_api_tells_of_what_is_in_sight(items):
    person = make_user(Role.TEAM_LEAD)
    make_examination(person, passed_on=timezone.localdate() - timedelta(days=10))
    until = (timezone.localdate() + timedelta(days=1)).isoformat()
    sent = {"action": "snooze", "items": [item.pk for item in items], "until": until, "reference": "b1"}

    def told():
        # As in a later request: what a person may see is asked once in each.
        api = APIClient()
        api.force_authenticate(get_user_model().objects.get(pk=person.pk))
        return [row["account_no"] for row in api.post("/api/v1/work-items/bulk/", sent, format="json").json()["results"]]

    assert told() == [item.account.account_no for item in items]
    PortfolioScope.objects.create(user=person, product_code=items[2].account.product.product_code)
    assert told() == [items[2].account.account_no]
    assert WorkRecord.objects.count() == 3


def test_a_thousand_items_pass_through_the_page_and_one_more_is_refused():
    queue, account = make_queue(), late_account()
    fill()
    pattern, customer = item_of(account), make_customer()
    accounts = CreditAccount.objects.bulk_create(
        CreditAccount(
            account_no=f"T{number}", customer=customer, product_id=account.product_id, opened_on=account.opened_on,
            credit_limit_minor=0, content_hash=0,
        )
        for number in range(1_000)
    )  # fmt: skip
    made = WorkItem.objects.bulk_create(
        WorkItem(
            queue=queue, account=each, customer=customer, product_id=pattern.product_id, entered_at=timezone.now()
        )
        for each in accounts
    )  # fmt: skip
    person = make_user(Role.ANALYST)
    make_examination(person, passed_on=timezone.localdate() - timedelta(days=10))
    client = Client()
    client.force_login(person)
    sent = {"action": "assign", "username": person.username, "reference": "r", "items": [str(item.pk) for item in made]}
    previewed = client.post("/worklist/bulk/", sent)
    assert (previewed.status_code, len(previewed.context["preview"].selected)) == (200, 1_000)
    with pytest.raises(SelectionMalformed):
        run(person, [*made, pattern])

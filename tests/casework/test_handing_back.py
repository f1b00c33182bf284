"""What lies with people who are away goes back to its queue: at the close, and at once where an absence begins today."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Q
from django.test import Client
from django.utils import timezone
from factories import make_conflict, make_member, make_product, make_team
from rest_framework.test import APIClient
from work_books import DAY, NOW, asked, fill, item_of, late_account, make_queue, worker

from accounts.models import CreditAccount
from casework.models import Claim, WorkItem, WorkRecord
from casework.operations.claiming import claim_item
from casework.operations.handing_back import lying_with
from casework.operations.queues import close_cases
from casework.operations.sharing_out import share_out_queue
from casework.operations.work_refusals import NotUndoable
from casework.operations.working import assign, escalate, record_outcome, undo
from casework.queries.worklist import WorkFilters, work_page
from riskops.shared.audit import Actor
from riskops.shared.models import Absence, AuditEntry, PortfolioScope
from riskops.shared.people.teams import enter_absence
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK
from riskops.shared.sql import execute

pytestmark = pytest.mark.django_db
LAST = 2**63 - 1
TODAY = NOW.date()


def away(person: Any, first: date = TODAY, days: int = 3) -> None:
    Absence.objects.create(user=person, first_day=first, last_day=first + timedelta(days=days))


def close_night(now: Any = NOW, *, ranges: Any = ((0, LAST),)) -> None:
    """Do the step `cases` of the close over the shards, in the night before the day of the wall clock."""
    for first, last in ranges:
        close_cases(as_of=DAY, now=now, first_account_id=first, last_account_id=last)


@pytest.fixture
def lead() -> Any:
    return worker(Role.TEAM_LEAD, username="lead")


@pytest.fixture
def ill() -> Any:
    return worker(username="ill")


@pytest.fixture
def accounts(lead: Any, ill: Any) -> list[CreditAccount]:
    """Four accounts in a queue: two of them with the person, one of those asleep; one with a colleague, one with nobody."""
    make_queue()
    found = [late_account(owed=owed) for owed in (900_000, 800_000, 700_000, 600_000)]
    fill()
    other = worker(username="other")
    for account, person in zip(found, (ill, ill, other), strict=False):
        assign(asked(lead, item_of(account)), username=person.username)
    WorkItem.objects.filter(account=found[1]).update(
        status="snoozed", snoozed_until=NOW + timedelta(days=5), is_escalated=True
    )  # fmt: skip
    return found


def holders(accounts: list[CreditAccount]) -> list[str]:
    """Return the user names that the accounts lie with."""
    return [getattr(item_of(account).assigned_to, "username", "") for account in accounts]


def lines() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action="work.hand_back").order_by("pk"))


# At the close ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_close_hands_back_what_lies_with_people_who_are_away(accounts: list[CreditAccount], ill: Any, size: int) -> None:
    close_night()
    assert (holders(accounts), lines()) == (["ill", "ill", "other", ""], [])
    away(ill)
    versions = [item_of(account).version for account in accounts]
    firsts = [0, *(account.pk for account in accounts[size::size])]
    close_night(ranges=list(zip(firsts, [*(first - 1 for first in firsts[1:]), LAST], strict=True)))
    assert holders(accounts) == ["", "", "other", ""]
    assert [item_of(account).version for account in accounts] == [versions[0] + 1, versions[1] + 1, *versions[2:]]
    asleep = item_of(accounts[1])
    assert (asleep.status, asleep.is_escalated) == ("snoozed", True)
    assert [(line.account_id, line.actor_name, line.before, line.after) for line in lines()] == [
        (
            account.pk,
            "close-of-business",
            {"assigned_to_id": ill.pk, "is_escalated": is_escalated},
            {"assigned_to_id": None, "is_escalated": is_escalated, "queue": "late"},
        )
        for account, is_escalated in zip(accounts, (False, True), strict=False)
    ]
    kept = WorkRecord.objects.filter(act="hand_back").order_by("item")
    assert [(row.item.account_id, row.user, row.version_after) for row in kept] == [
        (account.pk, ill, item_of(account).version) for account in accounts[:2]
    ]
    # A shard that is done again writes nothing.
    close_night()
    assert (len(lines()), WorkRecord.objects.filter(act="hand_back").count()) == (2, 2)


def test_an_absence_that_has_not_begun_or_is_over_leaves_everything(accounts: list[CreditAccount], ill: Any) -> None:
    away(ill, TODAY + timedelta(days=1))
    away(ill, TODAY - timedelta(days=9), days=8)
    close_night()
    assert (holders(accounts), lines()) == (["ill", "ill", "other", ""], [])


def test_who_is_no_longer_active_gives_back_too(accounts: list[CreditAccount], ill: Any) -> None:
    ill.is_active = False
    ill.save()
    close_night()
    assert holders(accounts) == ["", "", "other", ""]


def test_what_is_in_hand_stays_until_the_lease_has_ended(accounts: list[CreditAccount], ill: Any) -> None:
    taken = claim_item(actor=Actor.of(ill), item_id=item_of(accounts[0]).pk, scope=WHOLE_BOOK, now=NOW)
    away(ill)
    close_night(NOW + timedelta(minutes=14))
    assert holders(accounts) == ["ill", "", "other", ""]
    # The form that was opened with the claim is still good.
    record_outcome(asked(ill, taken.item, token=taken.claim.token, now=NOW + timedelta(minutes=14)), outcome="promise")
    assert item_of(accounts[0]).status == "done"


def test_after_the_lease_the_next_close_hands_it_back(accounts: list[CreditAccount], ill: Any) -> None:
    claim_item(actor=Actor.of(ill), item_id=item_of(accounts[0]).pk, scope=WHOLE_BOOK, now=NOW)
    away(ill)
    close_night()
    assert holders(accounts)[0] == "ill"
    close_night(NOW + timedelta(days=1))
    assert holders(accounts)[0] == ""


def test_the_step_of_the_close_hands_back(accounts: list[CreditAccount], ill: Any) -> None:
    from riskops.close_of_business import STEPS
    from riskops.shared.closing import Shard

    away(ill, timezone.localdate() - timedelta(days=1))
    step = next(step for step in STEPS if step.name == "cases")
    step.work(Shard(run_id=7, business_date=DAY, number=0, first_account_id=0, last_account_id=LAST))
    assert holders(accounts)[:2] == ["", ""]
    assert {line.run_id for line in lines()} == {7}


# What was escalated ---------------------------------------------------------------------------------------------------


def shown_as_escalated(person: Any) -> list[str]:
    page = work_page(WorkFilters(show="escalated"), user=person, now=NOW)
    return [row.account_no for row in page.rows]


def test_what_was_escalated_to_a_lead_who_is_away_goes_to_another_one(lead: Any) -> None:
    away_too, conflicted, second = (worker(Role.TEAM_LEAD, username=name) for name in ("away too", "conflicted", "second"))
    make_queue(owner_kind="collections")
    for of_team in (lead, away_too, conflicted, second):
        make_team(lead=of_team)
    account = late_account()
    fill()
    escalate(asked(worker(), item_of(account)), reason="a lawyer called")
    assert holders([account]) == ["lead"]
    make_conflict(conflicted, account.customer)
    for absent in (lead, away_too):
        away(absent)
    close_night()
    item = item_of(account)
    assert (item.assigned_to, item.is_escalated, item.status) == (second, True, "open")
    assert shown_as_escalated(second) == [account.account_no]
    assert [(line.before, line.after) for line in lines()] == [
        (
            {"assigned_to_id": lead.pk, "is_escalated": True},
            {"assigned_to_id": second.pk, "is_escalated": True, "queue": "late"},
        )
    ]


def test_what_nobody_is_there_to_take_stays_escalated_before_the_eyes_of_leads(lead: Any) -> None:
    make_queue(team=(team := make_team(lead=lead)))
    hand = worker(username="hand")
    make_member(team, hand)
    account, other = late_account(owed=900_000), late_account()
    fill()
    escalate(asked(hand, item_of(account)), reason="a lawyer called")
    away(lead)
    close_night()
    assert (holders([account]), item_of(account).is_escalated) == ([""], True)
    elsewhere, manager = worker(Role.TEAM_LEAD), worker(Role.MANAGER)
    assert [shown_as_escalated(person) for person in (lead, elsewhere, manager, hand)] == [[account.account_no]] * 3 + [[]]
    # Sharing out leaves it to them.
    assert share_out_queue(actor=Actor.of(manager), code="late", now=NOW).by_person == {"hand": 1}
    assert holders([account, other]) == ["", "hand"]


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (lying_with([1, 2], among=Q(account_id__gte=0), now=NOW), "items_lying_with"),
        (WorkItem.objects.filter(Q(assigned_to=1) | Q(assigned_to=None), is_escalated=True, status="open"), "items_escalated"),
    ],
)
@pytest.mark.servers
def test_what_lies_with_somebody_and_what_is_escalated_is_found_by_an_index(rows: Any, index: str) -> None:
    make_queue()
    accounts = [late_account() for _ in range(60)]
    fill()
    WorkItem.objects.filter(account=accounts[0]).update(assigned_to=worker())
    execute("ANALYZE casework_workitem")
    with transaction.atomic():
        # A table so small is read whole.
        execute("SET LOCAL enable_seqscan = off")
        assert index in rows.order_by("-rank", "pk").explain()


# On the spot ----------------------------------------------------------------------------------------------------------


def enters(by: Any, first: date, last: date) -> None:
    enter_absence(actor=Actor.of(by), username="ill", first_day=first, last_day=last)


def test_an_absence_that_covers_today_takes_effect_at_once(
    accounts: list[CreditAccount], ill: Any, lead: Any, django_capture_on_commit_callbacks: Any
) -> None:
    make_member(make_team(lead=lead), ill)
    other = late_account(owed=500_000)
    fill()
    assign(asked(lead, item_of(other)), username="ill")
    now = timezone.now()
    Claim.objects.create(
        customer=other.customer, user=ill, item=item_of(other), token="t", claimed_at=now, lease_until=now + timedelta(minutes=9)
    )
    away(WorkItem.objects.get(account=accounts[2]).assigned_to, timezone.localdate())
    with django_capture_on_commit_callbacks(execute=True):
        enters(lead, timezone.localdate() - timedelta(days=1), timezone.localdate())
    # What is in hand stays, and what lies with a colleague who is away too is the close's to take; what is escalated is a lead's.
    assert holders([*accounts, other]) == ["", "lead", "other", "", "ill"]
    assert {(line.actor_name, line.run_id) for line in lines()} == {("lead", None)}
    assert len(lines()) == 2


def test_an_absence_of_later_days_waits_for_the_close_that_begins_them(
    accounts: list[CreditAccount], ill: Any, django_capture_on_commit_callbacks: Any
) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    with django_capture_on_commit_callbacks(execute=True):
        enters(ill, tomorrow, tomorrow)
    assert (holders(accounts), lines()) == (["ill", "ill", "other", ""], [])
    close_night(timezone.now() + timedelta(days=1))
    assert holders(accounts) == ["", "", "other", ""]


# What leads are told ----------------------------------------------------------------------------------------------------


def test_leads_are_told_at_queues_and_passed_on_and_by_api(accounts: list[CreditAccount], ill: Any, lead: Any) -> None:
    away(ill, timezone.localdate())
    client, api = Client(), APIClient()
    client.force_login(lead)
    api.force_authenticate(lead)
    assert "came back today" not in client.get("/queues/").content.decode()
    close_night(timezone.now())
    assert "2 accounts came back today from people who are away" in client.get("/queues/").content.decode()
    told = client.get("/worklist/skipped/").content.decode()
    assert "Back from people who are away" in told and "<td>ill</td>" in told
    row = {"on": timezone.localdate().isoformat(), "queue": "late", "lay_with": "ill", "items": 2}
    assert api.get("/api/v1/work-items/handed-back/").json() == [row]
    # Of the products in sight only, and of analysts nobody.
    PortfolioScope.objects.create(user=lead, product_code=make_product().product_code)
    assert "came back today" not in client.get("/queues/").content.decode()
    api.force_authenticate(worker(Role.ANALYST))
    assert api.get("/api/v1/work-items/handed-back/").status_code == 403


def test_sharing_out_takes_back_by_the_same_operation(accounts: list[CreditAccount], ill: Any, lead: Any) -> None:
    away(ill)
    assert share_out_queue(actor=Actor.of(lead), code="late", now=NOW).taken_back == 2
    assert {line.actor_name for line in lines()} == {"lead"}


def test_what_came_back_is_assigned_and_not_undone(accounts: list[CreditAccount], ill: Any, lead: Any) -> None:
    away(ill)
    close_night()
    made = WorkRecord.objects.filter(act="hand_back").first()
    assert made is not None
    with pytest.raises(NotUndoable, match="who had it is away; assign it"):
        undo(actor=Actor.of(lead), scope=WHOLE_BOOK, record_id=made.pk, now=NOW)
    assert holders(accounts) == ["", "", "other", ""]

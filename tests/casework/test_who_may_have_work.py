"""Work goes to people who can do it and see it, and comes back from those who cannot."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db.models import Q
from django.utils import timezone
from factories import make_conflict, make_customer, make_examination, make_member, make_product, make_team, make_user
from rest_framework.test import APIClient
from work_books import NOW, asked, fill, item_of, late_account, make_queue, worker

from casework.models import Claim, WorkItem, WorkRecord
from casework.operations.claiming import claim_item, get_next
from casework.operations.handing_back import hand_back
from casework.operations.sharing_out import share_out_queue
from casework.operations.work_refusals import LeadAway, NobodyToEscalateTo, NotAnAssignee, NothingToTake, WorkOfOther
from casework.operations.working import assign, boost, escalate, record_outcome, skip, snooze
from casework.rules.loads import Hand, share_out
from riskops.shared.audit import Actor
from riskops.shared.models import Absence, PortfolioScope
from riskops.shared.people.refusals import ExaminationExpired
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK, Scope

pytestmark = pytest.mark.django_db
SEEN = Scope(frozenset({"SEEN"}))


def two_products():
    """Return a seen and a hidden account of one customer, the hidden one worth more."""
    make_queue()
    customer = make_customer()
    hidden = late_account(owed=900_000, customer=customer, product=make_product(product_code="HIDDEN"))
    seen = late_account(owed=1_000, customer=customer, product=make_product(product_code="SEEN"))
    fill()
    return seen, hidden


def away(person, days=3):
    Absence.objects.create(user=person, first_day=NOW.date(), last_day=NOW.date() + timedelta(days=days))


def test_related_accounts_that_the_person_may_not_see_do_not_come_along():
    seen, hidden = two_products()
    person = worker()
    taken = get_next(actor=Actor.of(person), scope=SEEN, now=NOW)
    assert [item.account_id for item in taken.items] == [seen.pk]
    again = claim_item(actor=Actor.of(person), item_id=item_of(seen).pk, scope=SEEN, now=NOW)
    assert [item.account_id for item in again.items] == [seen.pk]
    record_outcome(replace(asked(person, taken.item, token=taken.claim.token), scope=SEEN), outcome="promise")
    assert (Claim.objects.count(), item_of(hidden).status) == (0, "open")


def test_the_api_shows_no_related_account_out_of_sight():
    seen, hidden = two_products()
    person = make_user(Role.ANALYST)
    make_examination(person, passed_on=timezone.localdate() - timedelta(days=10))
    PortfolioScope.objects.create(user=person, product_code="SEEN")
    client = APIClient()
    client.force_authenticate(person)
    answer = client.post("/api/v1/work-items/next/", {"queue": "late"}, format="json")
    assert answer.status_code == 200
    assert (seen.account_no in answer.content.decode(), hidden.account_no in answer.content.decode()) == (True, False)


def test_who_declares_a_conflict_lets_go_of_the_customer():
    make_queue()
    relative, other = late_account(owed=900_000), late_account(owed=1_000)
    fill()
    person = worker()
    assert get_next(actor=Actor.of(person), scope=WHOLE_BOOK, now=NOW).item.account_id == relative.pk
    make_conflict(person, relative.customer)
    assert get_next(actor=Actor.of(person), scope=WHOLE_BOOK, now=NOW).item.account_id == other.pk
    assert get_next(actor=Actor.of(worker()), scope=WHOLE_BOOK, now=NOW).item.account_id == relative.pk


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: worker(Role.COMPLIANCE, username="other"), "works accounts"),
        (lambda: _limited(), "accounts of this product"),
        (lambda: _absent(), "away today"),
        (lambda: make_user(Role.ANALYST, username="other"), "hold no examination"),
        (lambda: _examined_once(), "hold no examination"),
    ],
)
def test_nothing_is_assigned_to_whoever_cannot_work_it(make, why):
    make_queue()
    account = late_account()
    fill()
    make()
    with pytest.raises(NotAnAssignee, match=why):
        assign(asked(worker(Role.TEAM_LEAD), item_of(account)), username="other")
    assert (item_of(account).assigned_to, item_of(account).version) == (None, 1)


@pytest.mark.parametrize("to", ["me", ""])
def test_what_lies_with_a_colleague_is_given_away_by_them_or_by_a_lead(to):
    make_queue()
    account = late_account()
    fill()
    lead, other, person = worker(Role.TEAM_LEAD), worker(username="other"), worker(username="me")
    assign(asked(lead, item_of(account)), username="other")
    with pytest.raises(WorkOfOther, match="lies with other"):
        assign(asked(person, item_of(account)), username=to)
    assert item_of(account).assigned_to == other
    assign(asked(other, item_of(account)), username="")
    assign(asked(person, item_of(account)), username="me")
    assign(asked(lead, item_of(account)), username="other")
    assert item_of(account).assigned_to == other


def _limited():
    PortfolioScope.objects.create(user=worker(username="other"), product_code="ELSEWHERE")


def _absent():
    away(worker(username="other"))


def _examined_once():
    make_examination(make_user(Role.ANALYST, username="other"), passed_on=NOW.date() - timedelta(days=400))


def test_what_a_lead_gives_somebody_from_a_queue_of_another_team_is_their_next():
    lead, person = worker(Role.TEAM_LEAD), worker(username="one")
    make_member(make_team(lead=lead), person)
    elsewhere = make_queue("elsewhere", team=make_team())
    make_queue("closed", is_open=False)
    given, free = late_account(owed=900_000), late_account(owed=1_000)
    fill()
    with pytest.raises(NothingToTake):
        get_next(actor=Actor.of(person), scope=WHOLE_BOOK, now=NOW)
    assign(asked(lead, item_of(given, elsewhere)), username="one")
    assert get_next(actor=Actor.of(person), scope=WHOLE_BOOK, now=NOW).item.account_id == given.pk
    assert item_of(free, elsewhere).assigned_to is None


def test_a_queue_that_is_named_gives_nothing_of_another_one():
    make_queue("here"), make_queue("there")
    account = late_account()
    fill()
    person = worker(username="one")
    items = [WorkItem.objects.get(account=account, queue__code=code) for code in ("here", "there")]
    assign(asked(worker(Role.TEAM_LEAD), items[1]), username="one")
    taken = get_next(actor=Actor.of(person), scope=WHOLE_BOOK, now=NOW, queue_code="here")
    assert taken.item.pk == items[0].pk


def test_an_escalation_goes_to_a_lead_who_sees_the_account():
    blind, second = worker(Role.TEAM_LEAD), worker(Role.TEAM_LEAD)
    make_queue(owner_kind="collections")
    make_team(lead=blind)
    PortfolioScope.objects.create(user=blind, product_code="ELSEWHERE")
    account = late_account()
    fill()
    with pytest.raises(NobodyToEscalateTo, match="can take this account"):
        escalate(asked(worker(), item_of(account)), reason="a lawyer called")
    assert (item_of(account).assigned_to, item_of(account).version) == (None, 1)
    make_team(lead=second)
    escalate(asked(worker(), item_of(account)), reason="a lawyer called")
    assert item_of(account).assigned_to == second


def test_what_was_escalated_to_a_lead_who_is_away_goes_to_one_who_sees_it():
    first, blind, third = (worker(Role.TEAM_LEAD) for _ in range(3))
    make_queue(owner_kind="collections")
    for lead in (first, blind):
        make_team(lead=lead)
    PortfolioScope.objects.create(user=blind, product_code="ELSEWHERE")
    account, other = late_account(), late_account()
    fill()
    for each in (account, other):
        escalate(asked(worker(), item_of(each)), reason="a lawyer called")
    away(first)
    hand_back(actor=Actor("x"), now=NOW, among=Q(account=account))
    assert (item_of(account).assigned_to, item_of(account).is_escalated) == (None, True)
    make_team(lead=third)
    hand_back(actor=Actor("x"), now=NOW, among=Q(account=other))
    assert item_of(other).assigned_to == third


def test_nothing_is_escalated_to_a_lead_who_is_away():
    lead, second = worker(Role.TEAM_LEAD), worker(Role.TEAM_LEAD)
    make_queue(owner_kind="collections")
    make_team(lead=lead)
    account = late_account()
    fill()
    away(lead)
    with pytest.raises(LeadAway):
        escalate(asked(worker(), item_of(account)), reason="a lawyer called")
    assert (item_of(account).assigned_to, item_of(account).is_escalated) == (None, False)
    make_team(lead=second)
    escalate(asked(worker(), item_of(account)), reason="a lawyer called")
    assert item_of(account).assigned_to == second


@pytest.mark.parametrize(
    "act",
    [
        lambda of: record_outcome(of, outcome="no_answer"),
        lambda of: snooze(of, until=NOW + timedelta(days=401)),
        lambda of: skip(of, reason="speaks a dialect I do not"),
    ],
)
def test_an_examination_that_is_over_is_not_passed_by_acting_without_a_claim(act):
    make_queue()
    account = late_account()
    fill()
    person, later = worker(), NOW + timedelta(days=400)
    with pytest.raises(ExaminationExpired):
        act(asked(person, item_of(account), now=later))
    assert (item_of(account).version, Claim.objects.count(), WorkRecord.objects.count()) == (1, 0, 0)


def test_whose_examination_ends_meanwhile_finishes_what_they_have_in_hand_and_leads_give_work_away():
    make_queue(owner_kind="collections")
    account = late_account()
    fill()
    person, lead, other = make_user(Role.ANALYST), make_user(Role.TEAM_LEAD), make_user(Role.TEAM_LEAD)
    make_team(lead=other)
    # It ends at midnight, in five minutes.
    make_examination(person, passed_on=date(2025, 3, 18))
    late = NOW + timedelta(hours=13, minutes=55)
    taken = get_next(actor=Actor.of(person), scope=WHOLE_BOOK, now=late)
    after = late + timedelta(minutes=10)
    record_outcome(asked(person, taken.item, token=taken.claim.token, now=after), outcome="no_answer")
    assert item_of(account).outcome == "no_answer"
    WorkItem.objects.update(status="open")
    boost(asked(lead, item_of(account), now=after), factor=2, until=after.date() + timedelta(days=1), reason="the board asks")
    escalate(asked(lead, item_of(account), now=after), reason="a lawyer called")
    assert item_of(account).assigned_to == other


def share(lead):
    return share_out_queue(actor=Actor.of(lead), code="late", now=NOW)


def test_a_queue_is_shared_out_by_load_within_capacity():
    lead, one, two = worker(Role.TEAM_LEAD), worker(username="one"), worker(username="two")
    team = make_team(lead=lead)
    make_member(team, one, daily_capacity=2), make_member(team, two, daily_capacity=1)
    make_queue(team=team)
    accounts = [late_account(owed=owed) for owed in (900_000, 800_000, 700_000, 600_000)]
    fill()
    result = share(lead)
    assert (result.by_person, result.taken_back) == ({"one": 2, "two": 1}, 0)
    assert [item_of(account).assigned_to for account in accounts] == [one, two, one, None]
    assert share(lead).by_person == {}


def test_what_lies_with_people_who_are_away_or_gone_is_taken_back():
    lead, one = worker(Role.TEAM_LEAD), worker(username="one")
    ill, left, moved = worker(username="ill"), worker(username="left"), worker(username="moved")
    team = make_team(lead=lead)
    for person in (one, ill, left):
        make_member(team, person)
    make_queue(team=team)
    accounts = [late_account(owed=owed) for owed in (900_000, 800_000, 700_000, 600_000)]
    fill()
    for person, account in zip((ill, left, moved, moved), accounts, strict=True):
        assign(asked(lead, item_of(account)), username=person.username)
    WorkItem.objects.filter(account=accounts[3]).update(status="snoozed", snoozed_until=NOW + timedelta(days=1))
    away(ill), away(moved)
    left.is_active = False
    left.save()
    result = share(lead)
    assert (result.by_person, result.taken_back) == ({"one": 3}, 4)
    assert item_of(accounts[3]).assigned_to is None


def test_nobody_gets_a_share_that_they_cannot_work():
    lead, narrow, unexamined, reader = (
        worker(Role.TEAM_LEAD), worker(username="narrow"), make_user(Role.ANALYST), worker(Role.COMPLIANCE),
    )  # fmt: skip
    PortfolioScope.objects.create(user=narrow, product_code="SEEN")
    team = make_team(lead=lead)
    for person in (narrow, unexamined, reader):
        make_member(team, person)
    customer = make_customer()
    make_queue(team=team)
    seen, hidden = make_product(product_code="SEEN"), make_product(product_code="HIDDEN")
    both = [late_account(owed=900_000, customer=customer, product=product) for product in (seen, hidden)]
    alone = late_account(owed=1_000, product=seen)
    fill()
    assert share(lead).by_person == {"narrow": 1}
    assert [item_of(account).assigned_to for account in (*both, alone)] == [None, None, narrow]


def test_all_of_a_customer_go_to_somebody_who_sees_all_of_them():
    narrow, wide = Hand(1, 10, 0, products=frozenset({7})), Hand(2, 10, 5)
    assert share_out([(11, 1, 7), (12, 1, 8), (13, 2, 7)], [narrow, wide]) == {11: 2, 12: 2, 13: 1}

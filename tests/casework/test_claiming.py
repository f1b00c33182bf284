"""Get next, claims and leases: one customer in one hand, whatever happens."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from factories import make_conflict, make_customer, make_product, make_user
from work_books import NOW, asked, fill, item_of, late_account, make_queue, worker

from accounts.models import AccountSignals, AccountState
from casework.models import Claim, WorkItem, WorkRecord
from casework.operations.claiming import LEASE, claim_item, get_next, release_claim, renew_claim
from casework.operations.work_refusals import (
    ClaimedByOther,
    ItemBlocked,
    ItemChanged,
    ItemNotOpen,
    LeaseEnded,
    NothingToTake,
    QueueUnknown,
    TooManyClaims,
)
from casework.operations.working import assign, record_outcome, skip, undo
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.people.refusals import ConflictDeclared, ExaminationExpired
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK, Scope

pytestmark = pytest.mark.django_db


def take(person, *, now=NOW, queue="late", scope=WHOLE_BOOK):
    return get_next(actor=Actor.of(person), scope=scope, now=now, queue_code=queue)


def test_the_next_is_what_is_worth_most_a_minute():
    make_queue()
    small, large, middle = (late_account(owed=owed) for owed in (10_000, 900_000, 50_000))
    fill()
    person = worker()
    order = []
    for _turn in range(3):
        taken = take(person)
        order.append(taken.item.account_id)
        record_outcome(asked(person, taken.item, token=taken.claim.token), outcome="no_answer")
    assert order == [large.pk, middle.pk, small.pk]
    with pytest.raises(NothingToTake):
        take(person)


def test_what_is_assigned_to_a_person_and_has_slept_long_enough_is_their_next():
    make_queue()
    small, _large = late_account(owed=10_000), late_account(owed=900_000)
    fill()
    person = worker()
    asleep = {"status": "snoozed", "snoozed_until": NOW, "asleep_since": NOW - timedelta(days=1)}
    WorkItem.objects.filter(account=small).update(assigned_to=person, **asleep)
    assert take(person).item.account_id == small.pk


def test_the_next_account_takes_eleven_statements():
    make_queue()
    late_account(), late_account()
    fill()
    person = worker()
    with CaptureQueriesContext(connection) as asked_for:
        take(person)
    said = [query["sql"] for query in asked_for if "SAVEPOINT" not in query["sql"]]
    # Examination, person, claims, queue, what there is to do, conflicts, candidate, who may be called, claim, the customer's
    # items, audit.
    assert len(said) == 11


def test_asked_twice_it_is_the_same_account():
    make_queue()
    late_account(), late_account()
    fill()
    person = worker()
    first, second = take(person), take(person, now=NOW + timedelta(minutes=10))
    assert (second.item.pk, second.claim.token, second.is_resumed) == (first.item.pk, first.claim.token, True)
    assert second.claim.lease_until == NOW + timedelta(minutes=10) + LEASE
    assert Claim.objects.count() == 1


def test_two_people_never_get_one_customer_and_related_accounts_come_along():
    make_queue()
    customer = make_customer()
    first, second = late_account(owed=500_000, customer=customer), late_account(owed=400_000, customer=customer)
    other = late_account(owed=1_000)
    fill()
    one, two = worker(), worker()
    taken = take(one)
    assert [item.account_id for item in taken.items] == [first.pk, second.pk]
    assert take(two).item.account_id == other.pk
    with pytest.raises(ClaimedByOther):
        claim_item(actor=Actor.of(two), item_id=item_of(second).pk, scope=WHOLE_BOOK, now=NOW)
    with pytest.raises(NothingToTake):
        take(worker())


def test_what_a_crash_left_in_hand_is_free_after_the_lease():
    make_queue()
    late_account()
    fill()
    crashed, other = worker(), worker()
    lost = take(crashed)
    with pytest.raises(NothingToTake):
        take(other, now=NOW + LEASE - timedelta(seconds=1))
    assert take(other, now=NOW + LEASE).item.pk == lost.item.pk
    version = WorkItem.objects.get().version
    with pytest.raises(LeaseEnded):
        record_outcome(asked(crashed, lost.item, token=lost.claim.token, now=NOW + LEASE), outcome="promise")
    assert (WorkItem.objects.get().version, WorkItem.objects.get().status) == (version, "open")
    with pytest.raises(LeaseEnded):
        renew_claim(actor=Actor.of(crashed), token=lost.claim.token, now=NOW + LEASE)


def test_a_lease_that_ended_is_refused_even_where_nobody_took_the_account():
    make_queue()
    late_account()
    fill()
    person = worker()
    taken = take(person)
    late = NOW + LEASE + timedelta(minutes=1)
    with pytest.raises(LeaseEnded, match="10:15"):
        record_outcome(asked(person, taken.item, token=taken.claim.token, now=late), outcome="promise")
    assert WorkItem.objects.get().status == "open"


def test_a_renewed_claim_lasts_another_quarter_of_an_hour_and_a_released_one_is_free():
    make_queue()
    late_account()
    fill()
    person, other = worker(), worker()
    taken = take(person)
    renewed = renew_claim(actor=Actor.of(person), token=taken.claim.token, now=NOW + timedelta(minutes=14))
    assert renewed.lease_until == NOW + timedelta(minutes=29)
    release_claim(actor=Actor.of(person), token=taken.claim.token, now=NOW + timedelta(minutes=20))
    assert take(other, now=NOW + timedelta(minutes=20)).item.pk == taken.item.pk
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {"work.next", "work.renew", "work.release"}


def test_what_is_held_is_passed_over():
    make_queue()
    held = late_account(owed=900_000, is_on_hold=True)
    free = late_account(owed=1_000)
    fill()
    person = worker()
    assert take(person).item.account_id == free.pk
    with pytest.raises(ItemBlocked, match="collection is held"):
        claim_item(actor=Actor.of(person), item_id=item_of(held).pk, scope=WHOLE_BOOK, now=NOW)


def test_what_a_passing_block_forbids_is_passed_over(monkeypatch):
    from casework import blocks

    make_queue()
    quiet, free = late_account(owed=900_000), late_account(owed=1_000)
    fill()
    block = blocks.PassingBlock("quiet", "quiet", lambda ids, now: {pk: "quiet hours" for pk in ids if pk == quiet.pk})
    monkeypatch.setitem(blocks.PASSING, "quiet", block)
    assert take(worker()).item.account_id == free.pk


def test_a_conflict_is_passed_over_and_refused_when_chosen():
    make_queue()
    relative, other = late_account(owed=900_000), late_account(owed=1_000)
    fill()
    person = worker()
    make_conflict(person, relative.customer)
    assert take(person).item.account_id == other.pk
    with pytest.raises(ConflictDeclared):
        claim_item(actor=Actor.of(person), item_id=item_of(relative).pk, scope=WHOLE_BOOK, now=NOW)


def test_an_expired_examination_refuses():
    make_queue()
    late_account()
    fill()
    person = make_user(Role.ANALYST)
    with pytest.raises(ExaminationExpired):
        take(person)
    with pytest.raises(ExaminationExpired):
        take(worker(), now=NOW + timedelta(days=400))
    assert Claim.objects.count() == 0


def test_out_of_scope_is_passed_over():
    make_queue()
    hidden = late_account(owed=900_000, product=make_product(product_code="HIDDEN"))
    seen = late_account(owed=1_000, product=make_product(product_code="SEEN"))
    fill()
    taken = take(worker(), scope=Scope(frozenset({"SEEN"})))
    assert (taken.item.account_id, hidden.pk != seen.pk) == (seen.pk, True)


def test_what_is_assigned_to_others_is_passed_over_and_to_oneself_comes_first():
    make_queue()
    theirs, free, own = late_account(owed=900_000), late_account(owed=800_000), late_account(owed=1_000)
    fill()
    lead, person, other = worker(Role.TEAM_LEAD), worker(username="own"), worker(username="other")
    assign(asked(lead, item_of(theirs)), username="other")
    assign(asked(lead, item_of(own)), username="own")
    order = []
    for _turn in range(2):
        taken = take(person)
        order.append(taken.item.account_id)
        record_outcome(asked(person, taken.item), outcome="reviewed")
    assert order == [own.pk, free.pk]
    assert take(other).item.account_id == theirs.pk


def test_what_was_skipped_comes_to_others_first():
    make_queue()
    account = late_account()
    fill()
    person = worker()
    taken = take(person)
    skip(asked(person, taken.item, token=taken.claim.token), reason="speaks a dialect I do not")
    with pytest.raises(NothingToTake):
        take(person)
    assert take(worker()).item.account_id == account.pk


def test_without_a_queue_the_one_whose_first_item_is_worth_most_is_taken_from():
    make_queue("small", "dpd > 0 and exposure < 100")
    make_queue("large", "dpd > 0 and exposure >= 100")
    late_account(owed=5_000)
    large = late_account(owed=500_000)
    fill()
    assert take(worker(), queue="").item.account_id == large.pk


def test_an_unknown_queue_and_a_sixth_claim_are_refused():
    make_queue()
    accounts = [late_account() for _number in range(6)]
    fill()
    person = worker()
    with pytest.raises(QueueUnknown):
        take(person, queue="nowhere")
    for account in accounts[:5]:
        claim_item(actor=Actor.of(person), item_id=item_of(account).pk, scope=WHOLE_BOOK, now=NOW)
    with pytest.raises(TooManyClaims):
        claim_item(actor=Actor.of(person), item_id=item_of(accounts[5]).pk, scope=WHOLE_BOOK, now=NOW)
    assert (Claim.objects.count(), date(2026, 3, 17)) == (5, NOW.date())


# What comes up while somebody has the customer in hand -------------------------------------------------------------------


def in_hand(**signals):
    """Return an account, who has it in hand since ten minutes ago, and what they took."""
    make_queue()
    account = late_account(**signals)
    fill()
    person = worker()
    return account, person, take(person, now=NOW - timedelta(minutes=10))


def disputes(account):
    AccountSignals.objects.update_or_create(account=account, defaults={"is_disputed": True})
    fill()


def pays(account):
    AccountState.objects.filter(pk=account.pk).update(days_past_due=0)
    fill()


def test_what_came_of_a_call_is_recorded_though_a_block_came_up_in_it():
    account, person, taken = in_hand()
    form = asked(person, taken.item, token=taken.claim.token)
    disputes(account)
    assert (item_of(account).status, item_of(account).blocked_by) == ("open", "dispute")
    made = record_outcome(form, outcome="disputes")
    item = item_of(account)
    assert (item.status, item.outcome, item.blocked_by, made.worked_seconds) == ("done", "disputes", "dispute", 600)
    assert Claim.objects.count() == 0
    line = AuditEntry.objects.get(action="work.outcome")
    assert (line.account_id, line.after["outcome"]) == (account.pk, "disputes")


def test_what_came_of_a_call_is_recorded_though_the_account_left_its_queue_and_it_stays_out():
    account, person, taken = in_hand()
    form = asked(person, taken.item, token=taken.claim.token)
    pays(account)
    assert (item_of(account).status, item_of(account).version) == ("gone", form.version + 1)
    made = record_outcome(form, outcome="paid")
    item = item_of(account)
    assert (item.status, item.outcome, item.returns_on, made.worked_seconds) == ("gone", "paid", None, 600)
    assert Claim.objects.count() == 0
    with pytest.raises(LeaseEnded):
        record_outcome(form, outcome="paid")
    undo(actor=Actor.of(person), scope=WHOLE_BOOK, record_id=made.pk, now=NOW)
    assert (item_of(account).status, item_of(account).outcome) == ("gone", "")


def test_of_two_accounts_in_hand_what_left_its_queue_is_recorded_once():
    account, person, taken = in_hand()
    other = late_account(customer=account.customer)
    fill()
    form = asked(person, taken.item, token=taken.claim.token)
    pays(account)
    record_outcome(form, outcome="paid")
    assert Claim.objects.get().item_id == item_of(other).pk
    with pytest.raises(ItemChanged):
        record_outcome(form, outcome="paid")
    with pytest.raises(ItemNotOpen):
        record_outcome(asked(person, taken.item, token=taken.claim.token), outcome="paid")
    record_outcome(asked(person, item_of(other), token=taken.claim.token), outcome="reviewed")
    with pytest.raises(ItemNotOpen):
        record_outcome(asked(person, item_of(other)), outcome="reviewed")
    assert WorkRecord.objects.count() == 2


def test_who_has_not_got_it_in_hand_is_refused_what_is_blocked_or_gone():
    account, person, taken = in_hand()
    release_claim(actor=Actor.of(person), token=taken.claim.token, now=NOW)
    seen = asked(person, taken.item)
    disputes(account)
    with pytest.raises(ItemBlocked):
        record_outcome(seen, outcome="disputes")
    pays(account)
    for form, refusal in ((seen, ItemChanged), (asked(person, taken.item), ItemNotOpen)):
        with pytest.raises(refusal):
            record_outcome(form, outcome="paid")
    assert WorkRecord.objects.count() == 0


def test_nothing_else_is_done_to_what_left_its_queue():
    account, person, taken = in_hand()
    pays(account)
    with pytest.raises(ItemNotOpen):
        skip(asked(person, taken.item, token=taken.claim.token), reason="left")

"""Batches: run dry, proposed, approved by a second person, placed by the close; and what brings accounts back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from agency_books import DAY, NEXT, actor_of, close, make_agency, make_late, place, stand_at
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone
from factories import TESTER, make_product, make_user

from accounts.facts import facts_of
from accounts.models import AccountSignals, CreditAccount
from accounts.operations.payments import post_payment
from accounts.operations.signals import note_signals
from casework.models import Case
from casework.operations.vulnerability import record_vulnerability
from outreach.operations.holds import place_hold
from outreach.rules.contacts import Hold
from recovery.models import Agency, BatchAccount, DebtSale, Placement, PlacementBatch
from recovery.operations.agencies import refusals
from recovery.operations.agencies.batches import approve_batch, drop_batch, propose_batch, split_batch
from recovery.operations.agencies.preparing import stop_agency
from recovery.operations.agencies.recalling import recall_account
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db(transaction=True)
RULE = "dpd >= 91 and disputed = False and hardship_plan = False"


@pytest.fixture
def accounts() -> list[CreditAccount]:
    """Four that are late enough, one that is not, one in another currency."""
    product = make_product()
    found = [make_late(product, days=100 + number, principal=10_000 * (number + 1)) for number in range(4)]
    other = [make_late(product, days=40), make_late(make_product(currency="USD"))]
    stand_at(DAY, [*found, *other])
    return found


@pytest.fixture
def agencies() -> tuple[Agency, Agency]:
    return make_agency("north"), make_agency("south")


def dry(**more: Any) -> PlacementBatch:
    asked = {"rule": RULE, "weights": {"north": 1, "south": 1}, "seed": 5, **more}
    return split_batch(actor=actor_of(Role.TEAM_LEAD), today=timezone.localdate(), **asked)


def test_a_seed_is_shown_as_it_is_typed(accounts: Any, agencies: Any) -> None:
    client = Client()
    client.force_login(make_user(Role.TEAM_LEAD))
    page = client.get(f"/agencies/batches/{dry(seed=1234567).pk}/").content.decode()
    assert "<dd>1234567</dd>" in page


def test_a_dry_run_shows_the_split_with_its_seed_and_places_nothing(accounts: Any, agencies: Any) -> None:
    batch = dry()
    assert (batch.accounts, batch.amount_minor, batch.seed, batch.status) == (4, 100_000, 5, "draft")
    assert [one["accounts"] for one in batch.outcome["agencies"]] == [2, 2]
    assert {level["variable"] for level in batch.outcome["levels"]} == {"bucket", "balance", "product", "prior"}
    assert not Placement.objects.exists()
    assert not AccountSignals.objects.filter(is_placed=True).exists()
    first = dict(BatchAccount.objects.filter(batch=batch).values_list("account_id", "agency_id"))
    again = dict(BatchAccount.objects.filter(batch=dry()).values_list("account_id", "agency_id"))
    assert first == again


def test_a_split_that_is_not_alike_needs_a_reason(accounts: Any, agencies: Any) -> None:
    batch = dry(rule="dpd = 100", weights={"north": 1, "south": 1})
    assert batch.accounts == 1
    batch = dry()
    PlacementBatch.objects.filter(pk=batch.pk).update(largest_difference_e4=500)
    with pytest.raises(refusals.SplitUneven, match=r"0\.050, the bound is 0\.05"):
        propose_batch(actor=actor_of(Role.TEAM_LEAD), batch_id=batch.pk)
    assert PlacementBatch.objects.get(pk=batch.pk).status == "draft"
    propose_batch(actor=actor_of(Role.TEAM_LEAD), batch_id=batch.pk, reason="four accounts only")
    assert PlacementBatch.objects.get(pk=batch.pk).status == "proposed"


def test_who_drafted_or_proposed_a_batch_does_not_approve_it(accounts: Any, agencies: Any) -> None:
    manager, lead = actor_of(Role.MANAGER), actor_of(Role.TEAM_LEAD)
    batch = split_batch(actor=manager, rule=RULE, weights={"north": 1}, today=timezone.localdate())
    propose_batch(actor=lead, batch_id=batch.pk, reason="r")
    for actor in (manager, lead, TESTER):
        with pytest.raises(refusals.OwnWork):
            approve_batch(actor=actor, batch_id=batch.pk, today=timezone.localdate())
    assert PlacementBatch.objects.get().status == "proposed"


def test_an_approved_batch_is_placed_by_the_close_whole_and_once(accounts: Any, agencies: Any) -> None:
    batch = place(accounts, *agencies, rule=RULE, seed=5)
    assert (batch.status, batch.placed_on) == ("placed", NEXT)
    rows = Placement.objects.order_by("account_id")
    assert [(row.account_id, row.amount_minor, row.placed_on) for row in rows] == [
        (account.pk, 10_000 * (number + 1), NEXT) for number, account in enumerate(accounts)
    ]
    assert set(AccountSignals.objects.filter(is_placed=True).values_list("account_id", flat=True)) == {a.pk for a in accounts}
    assert facts_of([accounts[0].pk], NEXT, ["placed"])[accounts[0].pk]["placed"]
    assert AuditEntry.objects.filter(action="placement.place").count() == 4
    close(NEXT + timedelta(days=1))
    assert Placement.objects.count() == 4


def test_what_changed_since_the_dry_run_is_left_out_with_its_reason(accounts: Any, agencies: Any) -> None:
    batch = dry()
    propose_batch(actor=actor_of(Role.TEAM_LEAD), batch_id=batch.pk, reason="r")
    approve_batch(actor=actor_of(Role.APPROVER), batch_id=batch.pk, today=timezone.localdate())
    note_signals(accounts[0].pk, is_disputed=True)
    post_payment(actor=TESTER, account_id=accounts[1].pk, amount_minor=20_000, value_date=NEXT, reference="all")
    close(NEXT)
    outcomes = dict(BatchAccount.objects.filter(batch=batch).values_list("account_id", "outcome"))
    assert [outcomes[account.pk] for account in accounts] == ["changed", "changed", "placed", "placed"]
    assert Placement.objects.count() == 2


def test_an_agency_that_was_suspended_meanwhile_is_given_nothing(accounts: Any, agencies: Any) -> None:
    batch = dry()
    propose_batch(actor=actor_of(Role.TEAM_LEAD), batch_id=batch.pk, reason="r")
    approve_batch(actor=actor_of(Role.APPROVER), batch_id=batch.pk, today=timezone.localdate())
    stop_agency(actor=actor_of(Role.COMPLIANCE), code="south", ends=False, recalls=False, reason="complaints")
    close(NEXT)
    assert set(Placement.objects.values_list("agency__code", flat=True)) == {"north"}
    assert BatchAccount.objects.filter(batch=batch, outcome="blocked").count() == 2


def test_a_batch_on_yesterdays_book_is_run_dry_again(accounts: Any, agencies: Any) -> None:
    batch = dry()
    close(NEXT)
    with pytest.raises(refusals.BatchStale):
        propose_batch(actor=actor_of(Role.TEAM_LEAD), batch_id=batch.pk, reason="r")
    assert PlacementBatch.objects.get().status == "draft"


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"rule": "dpd >>= 91"}, refusals.RuleRefused),
        ({"rule": "dpd >= 9000"}, refusals.NobodyFound),
        ({"weights": {}}, refusals.SharesMalformed),
        ({"weights": {"nobody": 1}}, refusals.SharesMalformed),
        ({"weights": {"north": 0}}, refusals.SharesMalformed),
    ],
)
def test_a_batch_that_cannot_be_is_refused(asked: dict[str, Any], refusal: type[Exception], accounts: Any, agencies: Any) -> None:
    with pytest.raises(refusal):
        dry(**asked)
    assert not PlacementBatch.objects.exists()


def test_capacity_counts_what_an_agency_has(accounts: Any, agencies: Any) -> None:
    Agency.objects.filter(code="north").update(capacity_accounts=1)
    place(accounts, *agencies, rule=RULE)
    assert Placement.objects.filter(agency__code="north").count() == 1
    assert Placement.objects.filter(agency__code="south").count() == 3


def test_what_is_on_its_way_to_an_agency_takes_its_room(accounts: Any, agencies: Any) -> None:
    Agency.objects.filter(code="north").update(capacity_accounts=3)
    north: dict[str, Any] = {"weights": {"north": 1}}
    first, late = dry(rule="dpd >= 100 and dpd <= 101", **north), dry(rule="dpd >= 102 and dpd <= 103", **north)
    assert (first.accounts, late.accounts) == (2, 2)
    propose_batch(actor=actor_of(Role.TEAM_LEAD), batch_id=first.pk, reason="r")
    # One drafted from now on knows of it; one that was drafted before meets it when it is approved.
    assert dry(rule="dpd >= 102 and dpd <= 103", **north).accounts == 1
    propose_batch(actor=actor_of(Role.TEAM_LEAD), batch_id=late.pk, reason="r")
    approve_batch(actor=actor_of(Role.APPROVER), batch_id=first.pk, today=timezone.localdate())
    with pytest.raises(refusals.NoRoom, match=r"gives North Recovery 2 accounts.*room for 1"):
        approve_batch(actor=actor_of(Role.APPROVER), batch_id=late.pk, today=timezone.localdate())
    assert dict(PlacementBatch.objects.filter(pk__in=[first.pk, late.pk]).values_list("pk", "status")) == {
        first.pk: "approved",
        late.pk: "proposed",
    }


def test_a_dropped_batch_is_not_placed(accounts: Any, agencies: Any) -> None:
    batch = dry()
    propose_batch(actor=actor_of(Role.TEAM_LEAD), batch_id=batch.pk, reason="r")
    approve_batch(actor=actor_of(Role.APPROVER), batch_id=batch.pk, today=timezone.localdate())
    drop_batch(actor=actor_of(Role.MANAGER), batch_id=batch.pk, reason="the agency has no room")
    close(NEXT)
    assert not Placement.objects.exists()
    with pytest.raises(refusals.BatchNotThere):
        drop_batch(actor=actor_of(Role.MANAGER), batch_id=batch.pk, reason="again")


@pytest.mark.parametrize("signal", ["is_fraud_suspected", "is_disputed", "has_hardship_plan", "is_in_legal"])
def test_what_would_be_recalled_at_once_is_not_placed_even_where_the_rule_says_so(
    signal: str, accounts: Any, agencies: Any
) -> None:
    note_signals(accounts[0].pk, **{signal: True})
    batch = dry(rule="dpd >= 91")
    assert not BatchAccount.objects.filter(batch=batch, account=accounts[0]).exists()
    assert batch.accounts == 3
    propose_batch(actor=actor_of(Role.TEAM_LEAD), batch_id=batch.pk, reason="r")
    approve_batch(actor=actor_of(Role.APPROVER), batch_id=batch.pk, today=timezone.localdate())
    # One more of which it becomes known after the dry run.
    note_signals(accounts[1].pk, **{signal: True})
    close(NEXT)
    assert set(Placement.objects.values_list("account_id", flat=True)) == {accounts[2].pk, accounts[3].pk}


def sell(account: CreditAccount) -> None:
    """Have it sold, as nothing but its row says."""
    DebtSale.objects.create(
        account=account, sold_on=DAY, buyer="East Asset", licence="AMC 12", price_minor=500, owed_minor=10_000,
        recorded_by_name="a manager", recorded_at=timezone.now(),
    )  # fmt: skip


def test_what_is_sold_or_held_back_from_contact_is_not_placed(accounts: Any, agencies: Any) -> None:
    sell(accounts[0])
    place_hold(
        actor=TESTER, customer=accounts[1].customer, account=accounts[1], kind=Hold.STOP_CONTACT, reason="asked for it",
        now=timezone.now(),
    )  # fmt: skip
    batch = dry(rule="dpd >= 91")
    assert set(BatchAccount.objects.filter(batch=batch).values_list("account_id", flat=True)) == {one.pk for one in accounts[2:]}
    propose_batch(actor=actor_of(Role.TEAM_LEAD), batch_id=batch.pk, reason="r")
    approve_batch(actor=actor_of(Role.APPROVER), batch_id=batch.pk, today=timezone.localdate())
    # One more that is sold after the dry run.
    sell(accounts[2])
    close(NEXT)
    assert set(Placement.objects.values_list("account_id", flat=True)) == {accounts[3].pk}
    assert BatchAccount.objects.get(batch=batch, account=accounts[2]).outcome == "changed"


# Recall -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signal", "reason"),
    [
        ({"is_disputed": True}, "dispute"),
        ({"is_fraud_suspected": True}, "fraud"),
        ({"has_hardship_plan": True}, "plan"),
        ({"is_in_legal": True}, "legal"),
    ],
)
def test_a_dispute_fraud_plan_or_suit_recalls_on_the_spot(
    signal: dict[str, bool], reason: str, accounts: Any, agencies: Any
) -> None:
    place(accounts, *agencies, rule=RULE)
    note_signals(accounts[0].pk, **signal)
    placement = Placement.objects.get(account=accounts[0])
    assert (placement.recalled_on, placement.recall_reason) == (NEXT + timedelta(days=1), reason)
    assert not AccountSignals.objects.get(account=accounts[0]).is_placed
    assert Placement.objects.filter(recalled_on=None).count() == 3
    line = AuditEntry.objects.get(action="placement.recall_by_rule")
    assert (line.subject_key, line.actor_name) == (accounts[0].account_no, "agency-recall")


@pytest.mark.parametrize("how", ["on the spot", "by the close"])
def test_what_is_sold_comes_back_to_nobody_calling_for_it(how: str, accounts: Any, agencies: Any) -> None:
    place(accounts, *agencies, rule=RULE)
    sell(accounts[0])
    if how == "on the spot":
        note_signals(accounts[0].pk, is_on_hold=True)
    else:
        close(NEXT + timedelta(days=1))
    placement = Placement.objects.get(account=accounts[0])
    assert (placement.recalled_on, placement.recall_reason) == (NEXT + timedelta(days=1), "resale")
    assert Placement.objects.filter(recalled_on=None).count() == 3


def flag(account: CreditAccount) -> None:
    today = timezone.localdate()
    record_vulnerability(
        actor=TESTER, customer=account.customer, kind="illness", text="", since=today, review_by=today + timedelta(days=9),
        now=timezone.now(),
    )  # fmt: skip


def test_a_vulnerable_customer_is_not_placed_and_comes_back_at_once(accounts: Any, agencies: Any) -> None:
    flag(accounts[0])
    assert dry().accounts == 3, "a dry run does not count them"
    place(accounts, *agencies, rule=RULE)
    assert not Placement.objects.filter(account=accounts[0]).exists()
    flag(accounts[1])
    placement = Placement.objects.get(account=accounts[1])
    assert (placement.recalled_on, placement.recall_reason) == (NEXT + timedelta(days=1), "care")
    assert Placement.objects.filter(recalled_on=None).count() == 2


def test_who_was_flagged_since_the_dry_run_is_left_out(accounts: Any, agencies: Any) -> None:
    batch = dry()
    propose_batch(actor=actor_of(Role.TEAM_LEAD), batch_id=batch.pk, reason="r")
    approve_batch(actor=actor_of(Role.APPROVER), batch_id=batch.pk, today=timezone.localdate())
    flag(accounts[0])
    close(NEXT)
    assert dict(BatchAccount.objects.filter(batch=batch).values_list("account_id", "outcome"))[accounts[0].pk] == "changed"


def test_what_was_paid_today_and_disputed_is_recalled_by_the_close_after_its_commission(accounts: Any, agencies: Any) -> None:
    place(accounts, *agencies, rule=RULE)
    day = NEXT + timedelta(days=1)
    post_payment(actor=TESTER, account_id=accounts[3].pk, amount_minor=400, value_date=day, reference="some")
    note_signals(accounts[3].pk, is_disputed=True)
    placement = Placement.objects.get(account=accounts[3])
    assert placement.recalled_on is None
    close(day)
    placement.refresh_from_db()
    assert (placement.recalled_on, placement.recall_reason) == (day, "dispute")
    assert placement.commission.get().commission_minor == 100


def test_what_comes_back_while_legal_recovery_stands_goes_to_legal(accounts: Any, agencies: Any) -> None:
    close(NEXT)
    place(accounts, *agencies, rule=RULE, day=NEXT)
    first, second = accounts[0], accounts[1]
    assert Case.objects.get(account=first).stage == "agency"
    note_signals(first.pk, is_in_legal=True)
    assert Case.objects.get(account=first).stage == "legal"
    # Paid on the day, so that its close recalls it.
    day = NEXT + timedelta(days=2)
    post_payment(actor=TESTER, account_id=second.pk, amount_minor=400, value_date=day, reference="some")
    note_signals(second.pk, is_in_legal=True)
    close(day)
    assert Placement.objects.get(account=second).recall_reason == "legal"
    assert Case.objects.get(account=second).stage == "legal"
    assert Case.objects.get(account=accounts[2]).stage == "agency"


def test_an_account_comes_back_after_the_days_agreed(accounts: Any, agencies: Any) -> None:
    Agency.objects.update(placed_days=2)
    place(accounts, *agencies, rule=RULE)
    close(NEXT + timedelta(days=1))
    assert Placement.objects.filter(recalled_on=None).count() == 4
    close(NEXT + timedelta(days=2))
    assert set(Placement.objects.values_list("recall_reason", "recalled_on")) == {("age", NEXT + timedelta(days=2))}


def test_what_is_with_an_agency_that_is_ended_comes_back_by_the_close(accounts: Any, agencies: Any) -> None:
    place(accounts, *agencies, rule=RULE)
    stop_agency(actor=actor_of(Role.COMPLIANCE), code="north", ends=True, recalls=False, reason="threats")
    close(NEXT + timedelta(days=1))
    assert set(Placement.objects.filter(recalled_on=None).values_list("agency__code", flat=True)) == {"south"}
    assert set(Placement.objects.exclude(recalled_on=None).values_list("recall_reason", flat=True)) == {"agency"}


def test_what_is_with_an_agency_whose_contract_is_over_comes_back(accounts: Any, agencies: Any) -> None:
    place(accounts, *agencies, rule=RULE)
    Agency.objects.filter(code="north").update(contract_until=timezone.localdate() - timedelta(days=1))
    close(NEXT + timedelta(days=1))
    assert set(Placement.objects.filter(recalled_on=None).values_list("agency__code", flat=True)) == {"south"}


def test_by_hand_with_a_reason_and_what_is_not_placed_is_refused(accounts: Any, agencies: Any) -> None:
    place(accounts, *agencies, rule=RULE)
    lead, number = actor_of(Role.TEAM_LEAD), accounts[0].account_no
    with pytest.raises(refusals.ReasonMissing):
        recall_account(actor=lead, account_no=number, reason="other", note=" ")
    # What a rule or the sale itself finds is no person's to say.
    for reason in ("paid", "resale"):
        with pytest.raises(refusals.ValueMalformed, match="the agency is suspended or ended, another reason"):
            recall_account(actor=lead, account_no=number, reason=reason, note="n")
    assert Placement.objects.filter(recalled_on=None).count() == 4
    recall_account(actor=lead, account_no=number, reason="other", note="called in by mistake")
    placement = Placement.objects.get(account=accounts[0])
    assert (placement.recall_reason, placement.recall_note) == ("other", "called in by mistake")
    with pytest.raises(refusals.NotPlaced):
        recall_account(actor=lead, account_no=number, reason="other", note="n")
    with pytest.raises(DatabaseError), transaction.atomic():
        Placement.objects.filter(pk=placement.pk).update(recall_note="other")


def test_an_account_that_was_recalled_may_be_placed_again_as_placed_before(accounts: Any, agencies: Any) -> None:
    place(accounts, *agencies, rule=RULE)
    recall_account(actor=actor_of(Role.TEAM_LEAD), account_no=accounts[0].account_no, reason="other", note="n")
    close(NEXT + timedelta(days=1))
    batch = dry()
    assert batch.accounts == 1
    assert {(level["level"], sum(level["accounts"])) for level in batch.outcome["levels"] if level["variable"] == "prior"} == {
        ("1", 1)
    }

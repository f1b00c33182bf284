"""Proposed write-offs: what the close proposes and lets lapse, and how they go through the authority matrix."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from deciding_books import Person
from django.db import DatabaseError, transaction
from factories import make_conflict, make_product, set_business_date
from write_off_books import (
    DAY,
    OPEN,
    TODAY,
    age,
    approves,
    make_lost,
    only_proposal,
    pays,
    proposes,
    rejects,
    sends,
    work,
)

from accounts.models import AuthorityRow, CreditAccount, Decision, WriteOff
from accounts.operations.deciding.judging import cancel_decision, reject_decision
from accounts.operations.rule_versions import approve_rule, draft_rule, try_rule
from accounts.operations.signals import note_signals
from recovery.models import WriteOffProposal, WriteOffRule
from recovery.operations.write_offs import refusals
from recovery.operations.write_offs.rules import WRITE_OFF_RULES, dry_run
from riskops.shared.models import AuditEntry
from riskops.shared.people.refusals import ConflictDeclared
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def analyst() -> Person:
    return Person(Role.ANALYST)


@pytest.fixture
def lead() -> Person:
    return Person(Role.TEAM_LEAD)


@pytest.fixture
def approver() -> Person:
    return Person(Role.APPROVER)


def test_the_close_proposes_who_is_later_than_180_days_once_with_all_that_is_owed() -> None:
    account, in_time = make_lost(days=181, principal=900_000, interest=5_000, fee=70), make_lost(days=180)
    age(account, in_time)
    assert work() == 1
    proposal = only_proposal()
    # m7 at 9,050.70: 2.5 % brings 226.27 and a letter costs 35.00.
    assert (proposal.account_id, str(proposal.rule), proposal.source) == (account.pk, "late-180 v1", "rule")
    parts = (proposal.principal_minor, proposal.interest_minor, proposal.fee_minor, proposal.penalty_minor)
    assert parts == (900_000, 5_000, 70, 0)
    assert (proposal.owed_minor, proposal.rate_bp, proposal.expected_minor, proposal.net_minor) == (905_070, 250, 22_627, 19_127)
    assert (proposal.days_past_due, proposal.last_payment_on, proposal.proposed_on) == (181, None, DAY)
    line = AuditEntry.objects.get(action="write_off.propose_by_rule")
    assert (line.account_id, line.after["reference"], line.after["rule"]) == (account.pk, proposal.reference, "late-180 v1")
    assert work() == 0


@pytest.mark.parametrize(
    "signals",
    [
        {"is_disputed": True},
        {"is_fraud_suspected": True},
        {"has_open_promise": True},
        {"has_hardship_plan": True},
        {"is_in_legal": True},
        {"is_placed": True},
        {"is_on_hold": True},
    ],
    ids=lambda signals: next(iter(signals)),
)
def test_where_somebody_is_at_work_or_the_customer_is_heard_nothing_is_proposed(signals: dict[str, Any]) -> None:
    account = make_lost()
    note_signals(account.pk, **signals)
    assert work() == 0


def test_a_payment_within_90_days_keeps_an_account_out_and_an_older_one_does_not() -> None:
    account = make_lost()
    pays(account, 100, on=DAY - timedelta(days=90))
    age(account)
    assert work() == 0
    later = DAY + timedelta(days=1)
    age(account, day=later)
    assert work(later) == 1
    assert only_proposal().last_payment_on == DAY - timedelta(days=90)


def test_a_small_balance_is_proposed_from_91_days_on_where_going_on_loses_money() -> None:
    small, large = make_lost(days=91, principal=50_000), make_lost(days=91, principal=50_001)
    age(small, large)
    assert work() == 1
    proposal = only_proposal()
    # 4.5 % of 500.00 brings 22.50 against 35.00.
    assert (proposal.account_id, str(proposal.rule)) == (small.pk, "small v1")
    assert (proposal.expected_minor, proposal.cost_minor, proposal.net_minor) == (2_250, 3_500, -1_250)


def test_without_figures_of_letters_the_first_rule_proposes_and_the_second_says_nothing() -> None:
    yen = make_product(product_code="yen", currency="JPY", minor_digits=0, penalty_rate_ppm=0)
    small, late = make_lost(days=91, principal=100, product=yen), make_lost(days=200, principal=100, product=yen)
    age(small, late)
    assert work() == 1
    proposal = only_proposal()
    assert (proposal.account_id, proposal.currency) == (late.pk, "JPY")
    assert (proposal.rate_bp, proposal.expected_minor, proposal.cost_minor, proposal.net_minor) == (None, None, None, None)


def test_what_nobody_owes_or_is_written_off_is_not_proposed(approver: Person) -> None:
    account = make_lost()
    AuthorityRow.objects.filter(action="write_off", role="approver").update(approver_role="")
    sends(approver, proposes(approver, account))
    assert WriteOff.objects.filter(account=account).exists()
    age(account, day=OPEN)
    assert work(OPEN) == 0


def test_by_hand_what_no_rule_would_propose_is_taken_and_marked(analyst: Person) -> None:
    account = make_lost(days=40)
    proposal = proposes(analyst, account)
    assert (proposal.rule, proposal.source, proposal.proposed_by_name) == (None, "person", analyst.user.username)
    with pytest.raises(refusals.WriteOffInTheWay, match=proposal.reference):
        proposes(analyst, account)
    with pytest.raises(refusals.WriteOffInTheWay, match="nothing is past due any more"):
        proposes(analyst, make_lost(days=-30))
    disputed = make_lost()
    note_signals(disputed.pk, is_disputed=True)
    with pytest.raises(refusals.WriteOffInTheWay, match="disputed"):
        proposes(analyst, disputed)
    assert WriteOffProposal.objects.count() == 1


def test_a_conflict_keeps_a_person_from_each_step(analyst: Person, approver: Person) -> None:
    account = make_lost()
    proposal = proposes(Person(Role.ANALYST), account)
    make_conflict(analyst.user, account.customer)
    with pytest.raises(ConflictDeclared):
        proposes(analyst, account)
    assert list(sends(analyst, proposal).refused) == [proposal.pk]
    assert only_proposal().status == "proposed"


# Through the matrix ---------------------------------------------------------------------------------------------------


def test_by_amount_an_analyst_sends_a_lead_sends_more_and_an_approver_approves(
    analyst: Person, lead: Person, approver: Person
) -> None:
    small, large = make_lost(principal=1_999_999), make_lost(principal=2_000_000)
    of_small, of_large = proposes(analyst, small), proposes(analyst, large)
    sent = sends(analyst, of_small, of_large)
    assert sent.done == (of_small.pk,)
    assert "¥" in sent.refused[of_large.pk] and WriteOffProposal.objects.get(pk=of_large.pk).status == "proposed"
    assert sends(lead, of_large).done == (of_large.pk,)
    # The sender does not approve, nor does anybody whom the matrix does not name.
    assert set(approves(lead, of_small, of_large).refused) == {of_small.pk, of_large.pk}
    assert WriteOff.objects.count() == 0
    assert approves(approver, of_small, of_large).done == (of_small.pk, of_large.pk)
    entry = WriteOff.objects.get(account=small)
    of_small.refresh_from_db()
    assert (of_small.status, of_small.ended_on, of_small.ended_by_name) == ("written_off", OPEN, approver.user.username)
    assert (entry.reference, entry.value_date, entry.principal_minor, entry.total_minor) == (
        of_small.reference, OPEN, 1_999_999, 1_999_999,
    )  # fmt: skip
    assert Decision.objects.get(reference=of_small.reference).judged_by_name == approver.user.username


def test_each_of_a_batch_is_answered_by_itself(analyst: Person, approver: Person) -> None:
    fine, paid = make_lost(principal=100_000), make_lost(principal=200_000)
    of_fine, of_paid = proposes(analyst, fine), proposes(analyst, paid)
    assert len(sends(analyst, of_fine, of_paid).done) == 2
    note_signals(paid.pk, is_disputed=True)
    done = approves(approver, of_fine, of_paid)
    assert done.done == (of_fine.pk,) and "disputed" in done.refused[of_paid.pk]
    with pytest.raises(refusals.WriteOffsNotChosen):
        approves(approver)


def test_a_rejection_says_why_and_the_rule_leaves_the_account_alone_for_its_days(lead: Person) -> None:
    account = make_lost()
    work()
    proposal = only_proposal()
    rejects(lead, proposal)
    proposal.refresh_from_db()
    assert (proposal.status, proposal.reason, proposal.ended_on) == ("rejected", "He pays next week.", OPEN)
    WriteOffRule.objects.update(again_after_days=10)
    before, after = OPEN + timedelta(days=9), OPEN + timedelta(days=10)
    age(account, day=before)
    assert work(before) == 0
    age(account, day=after)
    assert work(after) == 1


def test_what_was_sent_is_rejected_by_whom_the_matrix_names(analyst: Person, lead: Person, approver: Person) -> None:
    proposal = proposes(analyst, make_lost())
    sends(analyst, proposal)
    assert list(rejects(lead, proposal).refused) == [proposal.pk]
    assert rejects(approver, proposal, reason="Sue first.").done == (proposal.pk,)
    proposal.refresh_from_db()
    assert (proposal.status, proposal.reason) == ("rejected", "Sue first.")
    assert Decision.objects.get().status == "rejected"


@pytest.mark.parametrize("how", ["reject", "cancel"])
def test_a_decision_judged_on_its_own_page_is_shown_at_once_and_followed_by_the_close(
    how: str, analyst: Person, approver: Person
) -> None:
    proposal = proposes(analyst, make_lost())
    sends(analyst, proposal)
    decision = Decision.objects.get()
    if how == "reject":
        reject_decision(
            actor=approver.actor, roles=approver.roles, decision_id=decision.pk, version=decision.version, remark="Not yet."
        )
    else:
        cancel_decision(
            actor=analyst.actor, roles=analyst.roles, decision_id=decision.pk, version=decision.version, reason="Not yet."
        )
    proposal = only_proposal()
    assert (proposal.status, proposal.standing, proposal.why_ended) == ("sent", "rejected", "Not yet.")
    assert list(approves(approver, proposal).refused) == [proposal.pk]
    assert work() == 1
    proposal = only_proposal()
    assert (proposal.status, proposal.reason) == ("rejected", "Not yet.")


# Lapsing ---------------------------------------------------------------------------------------------------------------

ENDS = {
    "dispute": lambda account: note_signals(account.pk, is_disputed=True),
    "fraud": lambda account: note_signals(account.pk, is_fraud_suspected=True),
    "plan": lambda account: note_signals(account.pk, has_hardship_plan=True),
    "promise": lambda account: note_signals(account.pk, has_open_promise=True),
    "cured": lambda account: pays(account, 900_000),
    "paid": lambda account: pays(account, 1),
}


@pytest.mark.parametrize("why", ENDS)
@pytest.mark.parametrize("is_sent", [False, True], ids=["proposed", "sent"])
def test_it_lapses_on_the_spot_and_its_decision_with_it(
    why: str, is_sent: bool, analyst: Person, django_capture_on_commit_callbacks: Any
) -> None:
    account = make_lost()
    proposal = proposes(analyst, account)
    if is_sent:
        sends(analyst, proposal)
    with django_capture_on_commit_callbacks(execute=True):
        ENDS[why](account)
    proposal = only_proposal()
    assert (proposal.status, proposal.ended, proposal.ended_on) == ("lapsed", why, OPEN)
    assert [decision.status for decision in Decision.objects.all()] == (["cancelled"] if is_sent else [])
    assert AuditEntry.objects.filter(action="write_off.lapse").count() == 1


@pytest.mark.parametrize("why", ENDS)
def test_the_close_lets_lapse_what_the_spot_would(why: str, analyst: Person) -> None:
    account, other = make_lost(), make_lost()
    sends(analyst, proposes(analyst, account), proposes(analyst, other))
    # Without the callbacks of a commit nobody has heard of it.
    ENDS[why](account)
    assert WriteOffProposal.objects.get(account=account).status == "sent"
    assert work() == 1
    proposal = WriteOffProposal.objects.get(account=account)
    assert (proposal.status, proposal.ended, proposal.ended_on) == ("lapsed", why, OPEN)
    assert sorted(Decision.objects.values_list("status", flat=True)) == ["cancelled", "proposed"]
    assert work() == 0


def test_who_sends_or_approves_what_has_lapsed_is_told_and_nothing_is_written_off(analyst: Person, approver: Person) -> None:
    account = make_lost()
    proposal = proposes(analyst, account)
    sends(analyst, proposal)
    pays(account, 1)
    assert "something was paid" in approves(approver, proposal).refused[proposal.pk]
    assert (WriteOff.objects.count(), Decision.objects.get().status) == (0, "proposed")


def test_an_account_written_off_by_another_door_ends_its_proposal(analyst: Person, approver: Person) -> None:
    account = make_lost()
    proposes(analyst, account)
    AuthorityRow.objects.filter(action="write_off", role="approver").update(approver_role="")
    approver.asks(account, "write_off")
    assert WriteOff.objects.exists() and work() == 1
    assert (only_proposal().status, only_proposal().ended) == ("lapsed", "written_off")


# Rules -----------------------------------------------------------------------------------------------------------------


def test_a_rule_goes_live_by_a_second_person_with_a_dry_run_that_counts_and_sums(lead: Person, approver: Person) -> None:
    make_lost(days=200, principal=300_000), make_lost(days=50, principal=40_000, interest=7)
    values = {"name_en": "Soon", "name_zh": "提前", "rule": "dpd > 30", "note": "", "only_losing": True, "again_after_days": 30}
    version = draft_rule(WRITE_OFF_RULES, actor=lead.actor, code="soon", values=values)
    about = {"version_id": version.pk, "today": OPEN}
    version = try_rule(WRITE_OFF_RULES, actor=lead.actor, revision=1, **about)
    found = {part["product_code"]: (part["holds"], part["of"], part["owed_minor"]) for part in version.dry_run["parts"]}
    # 3,000.00 at m7 brings 45.00 against 35.00; 400.07 at m2 brings 8.00.
    assert sorted(found.values()) == [(0, 1, 0), (1, 1, 40_007)]
    with pytest.raises(Exception, match="somebody else"):
        approve_rule(WRITE_OFF_RULES, actor=lead.actor, revision=2, live_from=OPEN, **about)
    approve_rule(WRITE_OFF_RULES, actor=approver.actor, revision=2, live_from=OPEN, **about)
    assert work(DAY) == 1
    age(*CreditAccount.objects.all(), day=OPEN)
    assert work(OPEN) == 1


def test_a_dry_run_is_of_the_rule_alone_whatever_is_proposed_already() -> None:
    make_lost()
    work()
    rule = WriteOffRule.objects.get(code="late-180")
    assert [part["holds"] for part in dry_run(rule, TODAY)["parts"]] == [1]


def test_the_database_keeps_what_a_write_off_was_proposed_on(analyst: Person) -> None:
    proposal = proposes(analyst, make_lost())
    for change in ({"owed_minor": 1, "principal_minor": 1}, {"proposed_on": date(2025, 1, 1)}):
        with pytest.raises(DatabaseError), transaction.atomic():
            WriteOffProposal.objects.filter(pk=proposal.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        proposal.delete()


def test_before_the_first_close_nothing_can_be_proposed(analyst: Person) -> None:
    account = make_lost()
    set_business_date(None)
    with pytest.raises(refusals.BookNotBegun):
        proposes(analyst, account)

"""Disputes and complaints: taken in with what they hold back, worked on, concluded, their ledger put right by two people."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from deciding_books import CLOSED, OPEN, Person, accept, close_at, make_late_account
from dispute_books import NOW, approves, concludes, plans, takes_in, version_of
from django.db import DatabaseError, transaction
from factories import TESTER, make_account, make_installment, make_payment, make_product, make_team, make_user

from accounts.models import AccountSignals, AccountState, Decision, DecisionNotice, ScheduleChange, Waiver
from accounts.operations.deciding import refusals as deciding
from accounts.operations.deciding.judging import approve_decision
from accounts.operations.payments import post_payment, reverse_payment
from accounts.operations.schedule_changes import NewInstallment, change_schedule
from accounts.queries.entries import load_entries
from accounts.rules.entries import Part
from accounts.rules.terms import Component
from casework.models import Dispute, DisputeKind, DisputeLetter
from casework.operations.disputes import refusals
from casework.operations.disputes.concluding import send_back_outcome
from casework.operations.disputes.correcting import corrections_to_come, drop_correction
from casework.operations.disputes.letters import correction_line
from casework.operations.disputes.opening import ever_on
from casework.operations.disputes.settings import save_dispute_kind, save_reply_template
from casework.operations.disputes.working import assign_dispute, take_dispute
from casework.queries.dispute_page import Corrected, dispute_page
from casework.rules.disputes import Outcome
from outreach.models import ContactHold, Message
from outreach.operations.holds import end_hold, place_hold
from outreach.operations.refusals import HoldOfDispute
from outreach.rules.contacts import Hold
from riskops.close_of_business import close_day
from riskops.shared.audit import COMMAND
from riskops.shared.models import AuditEntry, Feed
from riskops.shared.money import plain_amount
from riskops.shared.people.conflicts import declare_conflict
from riskops.shared.people.refusals import ConflictDeclared
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK

pytestmark = pytest.mark.django_db


@pytest.fixture
def analyst() -> Person:
    return Person(Role.ANALYST)


@pytest.fixture
def lead() -> Person:
    return Person(Role.TEAM_LEAD)


@pytest.fixture
def account() -> Any:
    """Owes 4 × 100.00, two of them late since 1 February and 1 March; a penalty of 0.05 % a day."""
    return make_late_account(product=make_product(penalty_rate_ppm=500))


def signals(account: Any) -> set[str]:
    row = AccountSignals.objects.filter(pk=account.pk).values("is_disputed", "is_fraud_suspected", "is_on_hold").first()
    return {name for name, value in (row or {}).items() if value}


# Intake ------------------------------------------------------------------------------------------------------------


def test_a_dispute_is_taken_in_with_its_clock_and_holds_contact_back_at_once(analyst: Person, account: Any) -> None:
    dispute = takes_in(analyst, account, "credit_report", received_on=date(2025, 3, 8), amount_minor=10_000, order_no="O1")
    # 20 days after the 8th of March.
    assert (dispute.received_on, dispute.answer_by, dispute.status) == (date(2025, 3, 8), date(2025, 3, 28), "open")
    hold = ContactHold.objects.get()
    assert (hold.kind, hold.account_id, hold.dispute_id, hold.since, hold.until) == ("dispute", account.pk, dispute.pk, NOW, None)
    assert signals(account) == {"is_disputed"}
    line = AuditEntry.objects.get(action="dispute.open")
    assert (line.subject_key, line.after["answer_by"]) == (f"{account.account_no}/{dispute.pk}", "2025-03-28")


def test_no_dispute_is_for_more_than_was_ever_charged_or_paid(analyst: Person, account: Any) -> None:
    # 4 × 100.00, and the penalty on the two that are late.
    most = 40_000 + AccountState.objects.get(pk=account.pk).penalty_due_minor
    with pytest.raises(refusals.DisputedMoreThanEver) as refused:
        takes_in(analyst, account, amount_minor=9_999_999_999)
    assert refused.value.about == "amount_minor"
    assert plain_amount(most, digits=2) in str(refused.value) and "leave the amount empty" in str(refused.value)
    with pytest.raises(refusals.DisputedMoreThanEver):
        takes_in(analyst, account, amount_minor=most + 1)
    assert not Dispute.objects.exists() and not ContactHold.objects.exists()
    # What was paid in is disputed too: that it was taken twice, or stands on another account.
    make_payment(account, paid_on=date(2025, 3, 10), amount=2_500)
    assert takes_in(analyst, account, amount_minor=most + 2_500).amount_minor == most + 2_500


def test_a_payment_that_was_reversed_makes_no_room_for_a_dispute(account: Any) -> None:
    # Brings the account to the open day: its penalty is the same from here on.
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=500, value_date=OPEN, reference="P0")
    before = ever_on(account.pk)
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=5_000, value_date=OPEN, reference="P1")
    assert ever_on(account.pk) == before + 5_000
    reverse_payment(actor=TESTER, payment_no="P1", value_date=OPEN, reference="P1R", reason="bounced")
    assert ever_on(account.pk) == before


def test_a_new_schedule_charges_its_price_and_nothing_a_second_time(account: Any) -> None:
    # One that pays nothing off but a cent of penalty, and brings the account to the open day.
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=1, value_date=OPEN, reference="P0")
    before = ever_on(account.pk)
    owing = load_entries([account.pk])[account.pk].rebuilt(OPEN)
    parts = [
        Part(state.entry.key, state.penalty_due_minor(OPEN), 0, 0, state.unpaid[Component.PRINCIPAL])
        for state in owing.installments
        if state.entry.due_date <= OPEN
    ]
    penalty = sum(part.penalty_minor for part in parts)
    assert len(parts) == 2 and penalty
    schedule = [
        NewInstallment(OPEN + timedelta(days=30), 10_000, 300, penalty),
        NewInstallment(OPEN + timedelta(days=60), 10_000, 150),
    ]
    change_schedule(
        actor=TESTER,
        account_id=account.pk,
        kind=ScheduleChange.Kind.RESTRUCTURE,
        value_date=OPEN,
        parts=parts,
        schedule=schedule,
        bears_penalty=False,
        reference="R1",
        reason="signed",
    )
    # 3.00 and 1.50 of interest are all that is new.
    assert ever_on(account.pk) == before + 450


@pytest.mark.parametrize(
    ("kind", "hold", "about_all", "signal"),
    [
        ("amount", "dispute", False, "is_disputed"),
        ("not_mine", "fraud_claim", False, "is_fraud_suspected"),
        ("conduct", "complaint", True, "is_on_hold"),
    ],
)
def test_each_lane_is_its_own_hold_and_ends_with_its_dispute(
    analyst: Person, account: Any, kind: str, hold: str, about_all: bool, signal: str
) -> None:
    other = make_account(customer=account.customer)
    dispute = takes_in(analyst, account, kind)
    held = ContactHold.objects.get()
    assert (held.kind, held.account_id) == (hold, None if about_all else account.pk)
    assert (signals(account), signals(other)) == ({signal}, {signal} if about_all else set())
    concludes(analyst, dispute, "rejected")
    held.refresh_from_db()
    assert (held.until, held.end_reason) == (NOW, f"Dispute {dispute.pk} is closed.")
    assert (signals(account), signals(other)) == (set(), set())


def test_the_hold_of_a_dispute_stands_beside_one_that_people_placed_and_neither_ends_the_other(
    analyst: Person, lead: Person, account: Any
) -> None:
    by_hand = place_hold(
        actor=analyst.actor, customer=account.customer, account=account, kind=Hold.DISPUTE, reason="called", now=NOW
    )
    dispute = takes_in(analyst, account)
    of_dispute = ContactHold.objects.get(dispute=dispute)
    ending = {"customer": account.customer, "reason": "settled", "now": NOW + timedelta(hours=1)}
    with pytest.raises(HoldOfDispute):
        end_hold(actor=lead.actor, hold_id=of_dispute.pk, **ending)
    concludes(analyst, dispute, "rejected")
    by_hand.refresh_from_db()
    assert by_hand.until is None and signals(account) == {"is_disputed"}
    end_hold(actor=lead.actor, hold_id=by_hand.pk, **ending)
    assert signals(account) == set()


def test_the_same_intake_twice_counts_once_and_another_under_its_reference_is_refused(analyst: Person, account: Any) -> None:
    first = takes_in(analyst, account, reference="CALL-1")
    with pytest.raises(refusals.DisputeTakenInAlready) as there:
        takes_in(analyst, account, reference="CALL-1")
    assert there.value.dispute_id == first.pk
    with pytest.raises(refusals.DisputeReferenceTaken):
        takes_in(analyst, account, reference="CALL-1", claim="Something else.")
    with pytest.raises(refusals.DisputeOpenAlready, match=f"Dispute {first.pk} "):
        takes_in(analyst, account, reference="CALL-2")
    # About an order of its own it is another matter.
    takes_in(analyst, account, order_no="O1")
    assert Dispute.objects.count() == ContactHold.objects.count() == 2


@pytest.mark.parametrize(
    ("intake", "refusal"),
    [
        ({"kind": "nonsense"}, refusals.DisputeKindUnknown),
        ({"came_by": "pigeon"}, refusals.ValueUnknown),
        ({"claim": "  "}, refusals.TextNeeded),
        ({"claim": "x" * 10_001}, refusals.TextOverlong),
        ({"order_no": "O9"}, refusals.OrderUnknown),
        ({"received_on": OPEN + timedelta(days=1)}, refusals.ReceivedOutOfRange),
        ({"received_on": date(2024, 12, 31)}, refusals.ReceivedOutOfRange),
    ],
)
def test_an_intake_that_cannot_be_is_refused_and_holds_nothing_back(
    analyst: Person, account: Any, intake: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        takes_in(analyst, account, **intake)
    assert not Dispute.objects.exists() and not ContactHold.objects.exists() and signals(account) == set()
    assert not AuditEntry.objects.filter(subject_type="dispute").exists()


def test_who_has_a_conflict_of_interest_takes_in_nothing(analyst: Person, account: Any) -> None:
    no = account.customer.customer_no
    declare_conflict(actor=analyst.actor, username=analyst.actor.name, customer_no=no, kind="relative", today=date(2025, 3, 11))
    with pytest.raises(ConflictDeclared):
        takes_in(analyst, account)
    assert not Dispute.objects.exists()


# Decisions ---------------------------------------------------------------------------------------------------------


def test_a_fraud_claim_ends_demands_and_tells_who_was_told_of_them(analyst: Person, account: Any) -> None:
    accept(account)
    demand = Person(Role.LEGAL).asks(account, "accelerate")
    if demand.status == "proposed":
        _approve(demand)
    demand.refresh_from_db()
    assert demand.status == "scheduled"
    dispute = takes_in(analyst, account, "not_mine")
    demand.refresh_from_db()
    assert (demand.status, demand.ended_why) == (
        "cancelled",
        f"The customer disputes it: dispute {dispute.pk} ends demands for full repayment.",
    )
    assert list(DecisionNotice.objects.order_by("pk").values_list("kind", flat=True)) == ["decided", "cancelled"]
    assert AuditEntry.objects.get(action="dispute.open").after["ended_demands"] == [demand.reference]
    with pytest.raises(deciding.DecisionHeldBack, match=f"dispute {dispute.pk} is open"):
        Person(Role.LEGAL).asks(account, "accelerate")
    # A suspension protects whoever was impersonated.
    assert analyst.asks(account, "suspend_use", scope="all").pk


def test_while_a_dispute_is_open_nothing_is_restricted_and_afterwards_it_may_be(analyst: Person, account: Any) -> None:
    waiting = analyst.asks(account, "lower_limit", new_limit_minor=500_000)
    assert waiting.status == "proposed"
    dispute = takes_in(analyst, account)
    for action, more in (("suspend_use", {"scope": "all"}), ("lower_limit", {"new_limit_minor": 600_000})):
        with pytest.raises(deciding.DecisionHeldBack):
            analyst.asks(account, action, **more)
    with pytest.raises(deciding.DecisionHeldBack):
        _approve(waiting)
    waiting.refresh_from_db()
    assert waiting.status == "proposed" and Decision.objects.count() == 1
    concludes(analyst, dispute, "rejected")
    _approve(waiting)
    waiting.refresh_from_db()
    assert waiting.status in ("scheduled", "effective")


def test_what_is_in_its_buffer_waits_while_a_dispute_is_open(analyst: Person, account: Any) -> None:
    Feed.objects.update(is_expected=False)
    accept(account)
    demand = Person(Role.LEGAL).asks(account, "accelerate")
    if demand.status == "proposed":
        _approve(demand)
    Decision.objects.filter(pk=demand.pk).update(effective_on=OPEN + timedelta(days=1))
    dispute = takes_in(analyst, account, "amount")
    close_day(OPEN, actor=COMMAND)
    demand.refresh_from_db()
    assert demand.status == "scheduled"
    concludes(analyst, dispute, "rejected")
    close_day(OPEN + timedelta(days=1), actor=COMMAND)
    demand.refresh_from_db()
    # Its day had passed: it gets its period anew, from the day on which the customer is told so.
    assert (demand.status, demand.effective_on) == ("scheduled", OPEN + timedelta(days=2 + demand.buffer_days))
    assert list(demand.notices.order_by("pk").values_list("kind", flat=True)) == ["decided", "postponed"]
    Decision.objects.filter(pk=demand.pk).update(effective_on=OPEN + timedelta(days=3))
    close_day(OPEN + timedelta(days=2), actor=COMMAND)
    demand.refresh_from_db()
    assert demand.status == "effective"


def _approve(decision: Decision) -> None:
    approver = Person(Role(decision.needs_approval_by[0]))
    version = Decision.objects.values_list("version", flat=True).get(pk=decision.pk)
    approve_decision(actor=approver.actor, roles=approver.roles, decision_id=decision.pk, version=version)


# Work --------------------------------------------------------------------------------------------------------------


def test_a_dispute_is_taken_assigned_and_worked_on_by_whose_it_is(analyst: Person, lead: Person, account: Any) -> None:
    dispute = takes_in(analyst, account)
    assert take_dispute(actor=analyst.actor, dispute_id=dispute.pk).assigned_to == analyst.user
    other = Person(Role.ANALYST)
    with pytest.raises(refusals.DisputeOfSomebodyElse, match=analyst.actor.name):
        take_dispute(actor=other.actor, dispute_id=dispute.pk)
    with pytest.raises(refusals.DisputeOfSomebodyElse):
        concludes(other, dispute, "rejected")
    team = make_team()
    for who, fault in (("nobody-there", "no active person"), (make_user(Role.AGENCY).get_username(), "roles")):
        with pytest.raises(refusals.AssigneeUnfitForDispute, match=fault):
            assign_dispute(actor=lead.actor, dispute_id=dispute.pk, username=who, team_id=None)
    with pytest.raises(refusals.AssigneeUnfitForDispute, match="team"):
        assign_dispute(actor=lead.actor, dispute_id=dispute.pk, username="", team_id=999_999)
    dispute.refresh_from_db()
    assert dispute.assigned_to == analyst.user and dispute.team is None
    assign_dispute(actor=lead.actor, dispute_id=dispute.pk, username=other.actor.name, team_id=team.pk)
    concludes(other, dispute, "rejected")
    lines = AuditEntry.objects.filter(action="dispute.assign").values_list("after", flat=True)
    assert list(lines) == [{"assigned_to": other.actor.name, "team": team.name}]


# Outcome -----------------------------------------------------------------------------------------------------------


def test_a_dispute_is_not_closed_without_an_outcome_and_nothing_changes(analyst: Person, account: Any) -> None:
    dispute = takes_in(analyst, account)
    for said, refusal in (
        ({"outcome": ""}, refusals.OutcomeMissing),
        ({"outcome": "maybe"}, refusals.ValueUnknown),
        ({"outcome": "upheld", "finding": " "}, refusals.TextNeeded),
        ({"outcome": "upheld", "root_cause": "moon"}, refusals.ValueUnknown),
        ({"outcome": "upheld", "answer_zh": ""}, refusals.TextNeeded),
        ({"outcome": "upheld", "cause_kind": "contact", "cause_id": 999}, refusals.CauseUnknown),
        ({"outcome": "upheld", "cause_kind": "moon", "cause_id": 1}, refusals.ValueUnknown),
    ):
        with pytest.raises(refusal):
            concludes(analyst, dispute, **said)
    dispute.refresh_from_db()
    assert (dispute.status, dispute.outcome, dispute.version, dispute.assigned_to) == ("open", "", 1, None)
    assert not DisputeLetter.objects.exists() and ContactHold.objects.get().until is None
    with pytest.raises(DatabaseError), transaction.atomic():
        Dispute.objects.filter(pk=dispute.pk).update(status="closed", closed_on=OPEN, closed_at=NOW)


def test_a_rejection_moves_no_money_closes_at_once_and_its_letter_goes_to_the_outbox(analyst: Person, account: Any) -> None:
    decision = analyst.asks(account, "lower_limit", new_limit_minor=500_000)
    dispute = takes_in(analyst, account)
    done = concludes(analyst, dispute, "rejected", root_cause="decision", cause_kind="decision", cause_id=decision.pk)
    assert (done.status, done.closed_on, done.judged_by) == ("closed", OPEN, None)
    letter = DisputeLetter.objects.get()
    assert "cannot agree" in letter.text_en and "We have looked at it." in letter.text_en and "我们已核查。" in letter.text_zh
    assert f"account …{account.account_no[-4:]}" in letter.text_en and account.account_no not in letter.text_en.split("…")[0]
    message = Message.objects.get()
    assert (letter.delivery, message.purpose, message.texts["zh"]) == (f"message {message.pk}", "notice", letter.text_zh)
    with pytest.raises(refusals.DisputeNotOpen):
        concludes(analyst, dispute, "upheld")
    with pytest.raises(DatabaseError), transaction.atomic():
        DisputeLetter.objects.update(text_en="We are sorry.")
    with pytest.raises(DatabaseError), transaction.atomic():
        Dispute.objects.update(outcome="upheld")


def test_what_moves_money_waits_for_a_second_person_and_is_done_to_the_minor_unit(
    analyst: Person, lead: Person, account: Any
) -> None:
    dispute = takes_in(analyst, account, received_on=date(2025, 3, 6))
    plans(analyst, dispute, "waive", order_no="O1", sequence=1, component=4, amount_minor=4_000)
    proposed = concludes(analyst, dispute, "partly")
    assert proposed.status == "proposed" and not Waiver.objects.exists() and not Message.objects.exists()
    assert signals(account) == {"is_disputed"}
    for refused_to in (analyst,):
        with pytest.raises(refusals.OwnConclusion):
            approves(refused_to, dispute)
    assert not Waiver.objects.exists()
    approves(lead, dispute)
    waivers = [(w.installment.sequence, w.component, w.amount_minor, w.value_date) for w in Waiver.objects.order_by("pk")]
    assert waivers == WAIVED
    state = AccountState.objects.get(pk=account.pk)
    # 400.00 less the 40.00 that were waived.
    assert state.outstanding_principal_minor == 36_000
    dispute.refresh_from_db()
    assert (dispute.status, dispute.judged_by, dispute.closed_on) == ("closed", lead.user, OPEN)
    assert [c.reference for c in dispute.corrections.all()] == [f"DSP-{dispute.pk}-{c.pk}" for c in dispute.corrections.all()]
    text = DisputeLetter.objects.get().text_en
    assert "¥\u202f40.00 of instalment O1/1 (principal) is waived." in text
    assert signals(account) == set() and Message.objects.count() == 1


#: 0.05 % of 100.00 a day is 0.05. Instalment 1, due on 1 February, is charged since then, instalment 2 since 1 March; received
#: on the 6th: from the 6th to the 11th, six days, each accrues 0.30.
WAIVED = [(1, 4, 4_000, OPEN), (1, 1, 30, OPEN), (2, 1, 30, OPEN)]


def test_an_outcome_sent_back_moves_nothing_and_can_be_concluded_again(analyst: Person, lead: Person, account: Any) -> None:
    dispute = takes_in(analyst, account)
    planned = plans(analyst, dispute, "waive", order_no="O1", sequence=1, component=4, amount_minor=4_000)
    concludes(analyst, dispute, "upheld")
    with pytest.raises(refusals.DisputeNotOpen):
        plans(analyst, dispute, "waive", order_no="O1", sequence=2, component=4, amount_minor=1_000)
    about = {"dispute_id": dispute.pk, "version": version_of(dispute)}
    send_back_outcome(actor=lead.actor, reason="Waive the second one.", **about)
    with pytest.raises(refusals.NothingToApprove):
        approves(lead, dispute)
    dispute.refresh_from_db()
    assert (dispute.status, dispute.sent_back_why) == ("open", "Waive the second one.") and not Waiver.objects.exists()
    drop_correction(actor=analyst.actor, dispute_id=dispute.pk, version=dispute.version, correction_id=planned.pk)
    with pytest.raises(refusals.CorrectionUnknown):
        drop_correction(actor=analyst.actor, dispute_id=dispute.pk, version=version_of(dispute), correction_id=planned.pk)
    assert concludes(analyst, dispute, "rejected").status == "closed"


def test_a_correction_that_the_ledger_refuses_leaves_everything_as_it_was(analyst: Person, lead: Person, account: Any) -> None:
    from accounts.operations.refusals import WaiverAboveDue

    dispute = takes_in(analyst, account)
    plans(analyst, dispute, "waive", order_no="O1", sequence=2, component=4, amount_minor=1_000)
    plans(analyst, dispute, "waive", order_no="O1", sequence=1, component=4, amount_minor=10_000)
    concludes(analyst, dispute, "upheld")
    # Paid meanwhile: nothing of the first instalment is left to be waived.
    post_payment(actor=COMMAND, account_id=account.pk, amount_minor=11_000, value_date=OPEN, reference="T-late")
    with pytest.raises(WaiverAboveDue):
        approves(lead, dispute)
    dispute.refresh_from_db()
    assert dispute.status == "proposed" and not Waiver.objects.exists() and not DisputeLetter.objects.exists()
    assert dispute.corrections.filter(done_on=None).count() == 2 and signals(account) == {"is_disputed"}


def test_corrections_that_cannot_be_are_refused(analyst: Person, account: Any) -> None:
    dispute = takes_in(analyst, account)
    whole = {"order_no": "O1", "sequence": 1, "component": 4, "amount_minor": 100}
    for what, planned, refusal in (
        ("forgive", {}, refusals.ValueUnknown),
        ("waive", whole | {"amount_minor": None}, refusals.CorrectionMalformed),
        ("waive", whole | {"sequence": 9}, refusals.CorrectionMalformed),
        ("waive", whole | {"component": 9}, refusals.ValueUnknown),
        ("reverse_payment", {"payment_no": "T-none"}, refusals.CorrectionMalformed),
        ("cancel_installment", {"order_no": "O9", "sequence": 1}, refusals.CorrectionMalformed),
    ):
        with pytest.raises(refusal):
            plans(analyst, dispute, what, **planned)
    plans(analyst, dispute, "waive", **whole)
    with pytest.raises(refusals.CorrectionThere):
        plans(analyst, dispute, "waive", **whole)
    with pytest.raises(refusals.CorrectionOfARejection):
        concludes(analyst, dispute, "rejected")
    assert dispute.corrections.count() == 1


def test_a_stale_form_is_refused(analyst: Person, lead: Person, account: Any) -> None:
    dispute = takes_in(analyst, account)
    plans(analyst, dispute, "waive", order_no="O1", sequence=1, component=4, amount_minor=100)
    concludes(analyst, dispute, "upheld")
    from casework.operations.disputes.concluding import approve_outcome

    with pytest.raises(refusals.DisputeChanged):
        approve_outcome(actor=lead.actor, dispute_id=dispute.pk, version=1, now=NOW)
    assert not Waiver.objects.exists()


def test_the_penalty_since_the_intake_is_waived_as_the_terms_of_the_kind_say(analyst: Person, lead: Person) -> None:
    for penalty, outcome, waived in (
        ("always", "rejected", True),
        ("charged", "upheld", False),
        ("if_upheld", "rejected", False),
    ):
        late = make_late_account(product=make_product(penalty_rate_ppm=500))
        save_dispute_kind(actor=COMMAND, code="service", values={"penalty": penalty})
        dispute = takes_in(analyst, late, "service", received_on=date(2025, 3, 6))
        done = concludes(analyst, dispute, outcome)
        assert done.status == ("proposed" if waived else "closed")
        if waived:
            approves(lead, dispute)
            assert [w.amount_minor for w in Waiver.objects.filter(account=late).order_by("pk")] == [30, 30]


def test_of_an_order_only_its_own_penalty_is_waived_and_what_was_paid_meanwhile_is_not(analyst: Person, lead: Person) -> None:
    late = make_account(product=make_product(penalty_rate_ppm=500))
    make_installment(late, due_date=date(2025, 2, 1), order_no="O1")
    make_installment(late, due_date=date(2025, 2, 1), order_no="O2")
    close_at(late)
    dispute = takes_in(analyst, late, order_no="O2", received_on=date(2025, 3, 6))
    concludes(analyst, dispute, "upheld")
    approves(lead, dispute)
    assert [(w.installment.order_no, w.amount_minor) for w in Waiver.objects.all()] == [("O2", 30)]


# Settings ----------------------------------------------------------------------------------------------------------


def test_a_kind_that_is_changed_changes_no_dispute_that_is_there(analyst: Person, account: Any) -> None:
    dispute = takes_in(analyst, account)
    save_dispute_kind(actor=COMMAND, code="amount", values={"answer_days": 5, "source": "new rule", "reach": "none"})
    dispute.refresh_from_db()
    assert (dispute.answer_days, dispute.answer_by) == (15, OPEN + timedelta(days=15))
    second = takes_in(analyst, make_late_account(), "amount")
    assert (second.answer_by, second.source) == (OPEN + timedelta(days=5), "new rule")
    assert ContactHold.objects.count() == 1
    for values in ({"answer_days": 0}, {"source": ""}, {"lane": "sideways"}, {"name_zh": " "}):
        with pytest.raises(refusals.SettingMalformed):
            save_dispute_kind(actor=COMMAND, code="amount", values=values)
    assert DisputeKind.objects.get(code="amount").answer_days == 5
    assert AuditEntry.objects.filter(action="dispute_setting.edit").count() == 1


def test_a_reply_letter_must_hold_the_answer_and_nothing_that_cannot_be_filled(analyst: Person) -> None:
    for text, fault in (("Dear {name}, {answer}", "Nothing fills"), ("We agree.", "must hold"), ("{answer", "do not match")):
        with pytest.raises(refusals.SettingMalformed, match=fault):
            save_reply_template(actor=COMMAND, outcome="upheld", text_en=text, text_zh="{answer}")
    saved = save_reply_template(actor=COMMAND, outcome="upheld", text_en="{answer} ({number})", text_zh="{answer}")
    assert saved.text_en == "{answer} ({number})" and AuditEntry.objects.filter(subject_type="reply_template").count() == 1


def test_what_accrued_before_the_intake_stays(analyst: Person, account: Any) -> None:
    assert date(2025, 3, 10) == CLOSED
    dispute = takes_in(analyst, account)
    done = concludes(analyst, dispute, "upheld")
    # Received today: of instalments 1 and 2 a day each.
    assert done.status == "proposed"


def test_a_payment_undone_by_the_outcome_leaves_the_penalty_of_before_the_intake(
    analyst: Person, lead: Person, account: Any
) -> None:
    post_payment(actor=COMMAND, account_id=account.pk, amount_minor=10_000, value_date=date(2025, 2, 1), reference="WRONG")
    dispute = takes_in(analyst, account, received_on=OPEN - timedelta(days=1))
    plans(analyst, dispute, "reverse_payment", payment_no="WRONG")
    approves(lead, concludes(analyst, dispute, "upheld"))
    # Two days at 0.05 on each of two instalments; the 38 days before stay, though they are charged only now.
    assert sum(Waiver.objects.values_list("amount_minor", flat=True)) == 20


def test_who_planned_a_correction_does_not_approve_it(analyst: Person, lead: Person, account: Any) -> None:
    installment = account.installments.order_by("due_date")[0]
    dispute = takes_in(analyst, account)
    about = {"order_no": installment.order_no, "sequence": installment.sequence}
    plans(lead, dispute, "waive", **about, component=int(Component.PRINCIPAL), amount_minor=10_000)
    assign_dispute(actor=lead.actor, dispute_id=dispute.pk, username=analyst.actor.name, team_id=None)
    dispute = concludes(analyst, dispute, "upheld")
    with pytest.raises(refusals.OwnConclusion):
        approves(lead, dispute)
    assert not Waiver.objects.exists()
    approves(Person(Role.TEAM_LEAD), dispute)
    # The penalty that goes with it, last, is added by whoever approves.
    assert set(dispute.corrections.values_list("what", "component", "added_by_name")) >= {
        ("waive", int(Component.PRINCIPAL), lead.actor.name)
    }


def test_an_instalment_is_cancelled_or_waived_on_but_not_both(analyst: Person, account: Any) -> None:
    installment = account.installments.order_by("due_date")[0]
    about = {"order_no": installment.order_no, "sequence": installment.sequence}
    waiver = {**about, "component": int(Component.PENALTY), "amount_minor": 10}
    dispute = takes_in(analyst, account)
    cancelled = plans(analyst, dispute, "cancel_installment", **about)
    with pytest.raises(refusals.CancelledAndWaived, match="take the other correction out first"):
        plans(analyst, dispute, "waive", **waiver)
    drop_correction(actor=analyst.actor, dispute_id=dispute.pk, version=version_of(dispute), correction_id=cancelled.pk)
    plans(analyst, dispute, "waive", **waiver)
    with pytest.raises(refusals.CancelledAndWaived):
        plans(analyst, dispute, "cancel_installment", **about)


@pytest.mark.parametrize("what", ["waive", "cancel_installment", "reverse_payment"])
def test_what_the_page_and_the_preview_foretell_is_what_comes(analyst: Person, lead: Person, account: Any, what: str) -> None:
    installment = account.installments.order_by("due_date")[0]
    about = {"order_no": installment.order_no, "sequence": installment.sequence}
    post_payment(actor=COMMAND, account_id=account.pk, amount_minor=2_000, value_date=date(2025, 2, 15), reference="P1")
    planned = {
        "waive": {**about, "component": int(Component.PRINCIPAL), "amount_minor": 1_000},
        "cancel_installment": about,
        "reverse_payment": {"payment_no": "P1"},
    }
    dispute = takes_in(analyst, account, received_on=date(2025, 2, 10))
    plans(analyst, dispute, what, **planned[what])
    open_page = dispute_page(Dispute.objects.get(), scope=WHOLE_BOOK)
    to_come = corrections_to_come(Dispute.objects.get(), Outcome.UPHELD, today=OPEN)
    dispute = concludes(analyst, dispute, "upheld")
    page = dispute_page(Dispute.objects.get(), scope=WHOLE_BOOK)
    assert open_page.corrected == page.corrected is not None

    approves(lead, dispute)
    state = AccountState.objects.get(account=account)
    owed = state.outstanding_principal_minor + state.outstanding_interest_minor + state.outstanding_fee_minor
    assert page.corrected == Corrected(
        overdue_minor=sum(getattr(state, f"overdue_{part}_minor") for part in ("principal", "interest", "fee"))
        + state.penalty_due_minor,
        owed_minor=owed + state.penalty_due_minor,
        credit_minor=state.credit_balance_minor,
    )
    done = list(dispute.corrections.order_by("id"))
    assert len(done) > 1
    assert [correction_line(each, "CNY") for each in to_come] == [correction_line(each, "CNY") for each in done]
    waived = sum(each.amount_minor for each in done if each.component == Component.PENALTY)
    assert page.penalty_minor == waived > 0

"""Decisions by hand: what each does, who must agree, when it takes effect, how it ends."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from deciding_books import CLOSED, OPEN, Person, accept, make_late_account
from factories import make_payment, make_write_off

from accounts.models import CreditAccount, Decision, DecisionNotice, Restriction, RestrictionChange, WriteOff
from accounts.operations.deciding import refusals
from accounts.operations.deciding.judging import approve_decision, cancel_decision, keep_decision, reject_decision
from accounts.operations.deciding.nightly import work_decisions
from accounts.operations.deciding.proposing import lift_decision
from accounts.operations.payments import post_payment
from accounts.operations.rebuilding import rebuild_accounts
from accounts.operations.refusals import LedgerRefusal
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role


@pytest.fixture
def late(db: None) -> CreditAccount:
    return make_late_account(account_no="LATE")


@pytest.fixture
def lead(db: None) -> Person:
    return Person(Role.TEAM_LEAD)


@pytest.fixture
def analyst(db: None) -> Person:
    return Person(Role.ANALYST)


@pytest.fixture
def approver(db: None) -> Person:
    return Person(Role.APPROVER)


def close_night(day: date) -> int:
    """Do the step of the close of a day over every account."""
    return work_decisions(closed_day=day, first_account_id=0, last_account_id=2**60)


def everything() -> tuple[list[object], ...]:
    """Return all that an operation on decisions could have changed."""
    models = (Decision, Restriction, RestrictionChange, DecisionNotice, CreditAccount, WriteOff, AuditEntry)
    return tuple(list(model.objects.order_by("pk").values()) for model in models)


def test_a_suspension_by_somebody_who_may_holds_at_once_and_is_told(late: CreditAccount, lead: Person) -> None:
    decision = lead.asks(late, "suspend_use", scope="all")

    assert (decision.status, decision.decided_on, decision.effective_on) == ("effective", OPEN, OPEN)
    assert (decision.review_on, decision.expires_on) == (date(2025, 4, 10), date(2025, 9, 7))
    restriction = Restriction.objects.get()
    assert (restriction.account_id, restriction.scope, restriction.since, restriction.until) == (
        late.pk,
        "all",
        OPEN,
        date(2025, 9, 7),
    )
    notice = DecisionNotice.objects.get()
    assert (notice.kind, notice.status, notice.dated) == ("decided", "queued", OPEN)
    assert "LATE" in notice.text_en and "11 Mar 2025" in notice.text_en and "all use" in notice.text_en
    assert "2025年3月11日" in notice.text_zh
    assert [change.account_id for change in RestrictionChange.objects.all()] == [late.pk]
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "decision.propose",
        "decision.decide",
        "decision.take_effect",
    ]


def test_an_analyst_proposes_and_a_lead_approves(late: CreditAccount, analyst: Person, lead: Person) -> None:
    decision = analyst.asks(late, "suspend_use", scope="channel", scope_value="app")
    assert (decision.status, decision.needs_approval_by) == ("proposed", ["team lead"])
    assert not Restriction.objects.exists() and not DecisionNotice.objects.exists()

    approved = approve_decision(actor=lead.actor, roles=lead.roles, decision_id=decision.pk, version=1, remark="seen")
    approved.refresh_from_db()
    assert (approved.status, approved.version, approved.judged_by, approved.judgement) == ("effective", 3, lead.user, "seen")
    assert Restriction.objects.get().scope_value == "app"
    assert DecisionNotice.objects.count() == 1


def test_what_may_not_be_is_refused_and_nothing_changes(late: CreditAccount, lead: Person, analyst: Person) -> None:
    proposed = analyst.asks(late, "lower_limit", new_limit_minor=500_000)
    seen = {"decision_id": proposed.pk, "version": 1}
    before = everything()
    # The analyst may have gained the role since: it is the person that counts.
    with pytest.raises(refusals.OwnApproval):
        approve_decision(actor=analyst.actor, roles=lead.roles, **seen)
    with pytest.raises(refusals.OwnApproval):
        reject_decision(actor=analyst.actor, roles=lead.roles, **seen, remark="no")
    with pytest.raises(refusals.NotAnApprover, match="needs the approval of: team lead"):
        approve_decision(actor=lead.actor, roles=[Role.LEGAL], **seen)
    with pytest.raises(refusals.StaleForm, match="version 7, now 1"):
        approve_decision(actor=lead.actor, roles=lead.roles, decision_id=proposed.pk, version=7)
    with pytest.raises(refusals.DecisionUnknown):
        approve_decision(actor=lead.actor, roles=lead.roles, decision_id=0, version=1)
    with pytest.raises(refusals.AlreadyDecided, match="end that one first"):
        lead.asks(late, "lower_limit", new_limit_minor=400_000)
    assert everything() == before


@pytest.mark.parametrize(
    ("asked", "refusal", "words"),
    [
        (
            {"action": "lower_limit", "new_limit_minor": 39_999},
            refusals.LimitUnderBalance,
            r"399\.99 is under the ¥\u202f400\.00 owed",
        ),
        ({"action": "lower_limit", "new_limit_minor": 1_000_000}, refusals.LimitNotChangedThatWay, r"does not lower the limit"),
        ({"action": "raise_limit", "new_limit_minor": 999_999}, refusals.LimitNotChangedThatWay, r"does not raise the limit"),
        ({"action": "lower_limit"}, refusals.LimitMissing, "missing"),
        ({"action": "lower_limit", "new_limit_minor": 500_000, "effective_on": OPEN}, refusals.BufferTooShort, "use 2025-03-18"),
        ({"action": "suspend_use", "scope": "all", "effective_on": CLOSED}, refusals.EffectiveDatePast, "2025-03-10 is past"),
        ({"action": "suspend_use"}, refusals.ScopeMalformed, "say just one"),
        ({"action": "suspend_use", "scope": "channel"}, refusals.ScopeMalformed, "say just one"),
        ({"action": "suspend_use", "scope": "all", "most_minor": 5}, refusals.ScopeMalformed, "say just one"),
        ({"action": "suspend_use", "scope": "all", "expires_on": OPEN}, refusals.DatesOutOfOrder, "must come after"),
        (
            {"action": "suspend_use", "scope": "all", "reason_code": "risk_rising"},
            refusals.ReasonCodeUnknown,
            "not a reason code",
        ),
        ({"action": "lift", "lifts": 99}, refusals.NothingToLift, "names a suspension"),
        ({"action": "accelerate"}, refusals.AgreementNotAccepted, "record the customer's acceptance"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_the_values(
    late: CreditAccount, lead: Person, asked: dict[str, object], refusal: type[LedgerRefusal], words: str
) -> None:
    before = everything()
    with pytest.raises(refusal, match=words):
        lead.asks(late, **asked)  # type: ignore[arg-type]
    assert everything() == before


def test_an_account_that_is_closed_written_off_or_new_takes_no_decision(late: CreditAccount, lead: Person) -> None:
    late.attributes = {"x_closed_on": "2025-03-01"}
    late.save()
    with pytest.raises(refusals.AccountClosed, match="closed on 2025-03-01"):
        lead.asks(late, "suspend_use", scope="all")

    gone = make_late_account()
    make_write_off(gone, value_date=CLOSED)
    rebuild_accounts([gone.pk], as_of=CLOSED, ahead_on=None)
    with pytest.raises(refusals.AccountWrittenOff):
        lead.asks(gone, "suspend_use", scope="all")

    from factories import make_account

    with pytest.raises(refusals.AccountNotAged):
        lead.asks(make_account(), "suspend_use", scope="all")
    assert not Decision.objects.exists()


def test_a_role_that_the_matrix_does_not_name_is_refused(late: CreditAccount) -> None:
    with pytest.raises(refusals.AuthorityMissing):
        Person(Role.LEGAL).asks(late, "lower_limit", new_limit_minor=500_000)


def test_the_very_same_decision_twice_is_told_apart_from_a_reference_taken(late: CreditAccount, lead: Person) -> None:
    lead.asks(late, "suspend_use", scope="all", reference="R1")
    before = everything()
    with pytest.raises(refusals.DecisionAlreadyMade):
        lead.asks(late, "suspend_use", scope="all", reference="R1")
    with pytest.raises(refusals.DecisionReferenceTaken):
        lead.asks(late, "suspend_use", scope="channel", scope_value="app", reference="R1")
    assert everything() == before


def test_a_lower_limit_waits_for_its_buffer_and_is_in_force_from_the_first_moment_of_its_day(
    late: CreditAccount, lead: Person
) -> None:
    decision = lead.asks(late, "lower_limit", new_limit_minor=100_000)
    late.refresh_from_db()
    assert (decision.status, decision.effective_on, late.credit_limit_minor) == ("scheduled", date(2025, 3, 18), 1_000_000)

    assert close_night(date(2025, 3, 16)) == 0
    assert close_night(date(2025, 3, 17)) == 1
    assert close_night(date(2025, 3, 17)) == 0
    late.refresh_from_db()
    decision.refresh_from_db()
    assert (decision.status, late.credit_limit_minor) == ("effective", 100_000)
    assert (decision.limit_before_minor, decision.limit_after_minor) == (1_000_000, 100_000)
    assert DecisionNotice.objects.count() == 1


def test_a_limit_never_goes_under_what_is_owed_by_then(late: CreditAccount, lead: Person) -> None:
    from factories import make_installment

    decision = lead.asks(late, "lower_limit", new_limit_minor=50_000)
    make_installment(late, due_date=date(2025, 6, 1), principal=20_000, order_no="O2")
    rebuild_accounts([late.pk], as_of=date(2025, 3, 17), ahead_on=None)
    close_night(date(2025, 3, 17))
    late.refresh_from_db()
    decision.refresh_from_db()
    assert (late.credit_limit_minor, decision.limit_after_minor, decision.new_limit_minor) == (60_000, 60_000, 50_000)


def test_lifting_a_lower_limit_puts_the_limit_back(late: CreditAccount, lead: Person) -> None:
    decision = lead.asks(late, "lower_limit", new_limit_minor=100_000)
    close_night(date(2025, 3, 17))
    decision.refresh_from_db()
    lift = lift_decision(
        actor=lead.actor,
        roles=lead.roles,
        decision_id=decision.pk,
        version=decision.version,
        reason_code="cause_gone",
        note="paid up",
        reference="L1",
    )
    decision.refresh_from_db()
    late.refresh_from_db()
    assert (lift.status, decision.status, late.credit_limit_minor) == ("effective", "lifted", 1_000_000)
    # The lift's notice is the one that tells of it.
    assert sorted(DecisionNotice.objects.values_list("decision__reference", "kind")) == [
        (decision.reference, "decided"),
        ("L1", "decided"),
    ]


def test_a_second_limit_decision_replaces_the_first(late: CreditAccount, lead: Person, approver: Person) -> None:
    first = lead.asks(late, "lower_limit", new_limit_minor=100_000)
    close_night(date(2025, 3, 17))
    second = approver.asks(late, "raise_limit", new_limit_minor=300_000)
    first.refresh_from_db()
    late.refresh_from_db()
    assert (first.status, second.status, late.credit_limit_minor) == ("replaced", "effective", 300_000)


def test_a_suspension_runs_out_by_itself_and_the_customer_is_told(late: CreditAccount, lead: Person) -> None:
    decision = lead.asks(
        late, "suspend_use", scope="amount", most_minor=5_000, expires_on=date(2025, 3, 20), review_on=date(2025, 3, 15)
    )
    assert "¥" in decision.text_en and "50.00" in decision.text_en
    assert close_night(date(2025, 3, 18)) == 0
    assert close_night(date(2025, 3, 19)) == 1
    decision.refresh_from_db()
    assert (decision.status, decision.ended_on) == ("expired", date(2025, 3, 19))
    assert not Restriction.objects.exists()
    assert list(DecisionNotice.objects.order_by("pk").values_list("kind", flat=True)) == ["decided", "ended"]


def test_an_approval_days_later_keeps_the_whole_buffer_and_renews_the_text(
    late: CreditAccount, analyst: Person, lead: Person
) -> None:
    from factories import set_business_date

    decision = analyst.asks(late, "lower_limit", new_limit_minor=500_000)
    assert "18 Mar 2025" in decision.text_en
    set_business_date(date(2025, 3, 14))
    approve_decision(actor=lead.actor, roles=lead.roles, decision_id=decision.pk, version=1)
    decision.refresh_from_db()
    assert (decision.decided_on, decision.effective_on) == (date(2025, 3, 15), date(2025, 3, 22))
    assert decision.review_on == date(2025, 6, 20)
    assert "22 Mar 2025" in DecisionNotice.objects.get().text_en


def test_a_rejected_proposal_is_never_told(late: CreditAccount, analyst: Person, lead: Person) -> None:
    decision = analyst.asks(late, "suspend_use", scope="all")
    reject_decision(actor=lead.actor, roles=lead.roles, decision_id=decision.pk, version=1, remark="a first slip")
    decision.refresh_from_db()
    assert (decision.status, decision.ended_why, decision.judged_by) == ("rejected", "a first slip", lead.user)
    assert not DecisionNotice.objects.exists()


def test_a_decision_cancelled_in_its_buffer_is_told_too(late: CreditAccount, lead: Person) -> None:
    decision = lead.asks(late, "lower_limit", new_limit_minor=500_000)
    cancel_decision(
        actor=lead.actor, roles=lead.roles, decision_id=decision.pk, version=decision.version, reason="wrong customer"
    )
    assert list(DecisionNotice.objects.order_by("pk").values_list("kind", flat=True)) == ["decided", "cancelled"]
    assert close_night(date(2025, 3, 17)) == 0
    decision.refresh_from_db()
    with pytest.raises(refusals.DecisionMovedOn, match="is cancelled"):
        cancel_decision(actor=lead.actor, roles=lead.roles, decision_id=decision.pk, version=decision.version, reason="again")


def test_a_decision_kept_after_review_gets_its_next_day(late: CreditAccount, lead: Person) -> None:
    decision = lead.asks(late, "suspend_use", scope="all")
    kept = keep_decision(
        actor=lead.actor, decision_id=decision.pk, version=decision.version, review_on=date(2025, 5, 1), reason="still late"
    )
    kept.refresh_from_db()
    assert (kept.status, kept.review_on, kept.version) == ("effective", date(2025, 5, 1), decision.version + 1)


# Acceleration ------------------------------------------------------------------------------------------------------


@pytest.fixture
def legal(db: None) -> Person:
    return Person(Role.LEGAL)


def demand(late: CreditAccount, legal: Person, approver: Person) -> Decision:
    """Demand everything, approved."""
    decision = legal.asks(late, "accelerate")
    approve_decision(actor=approver.actor, roles=approver.roles, decision_id=decision.pk, version=1)
    decision.refresh_from_db()
    return decision


def test_everything_may_be_demanded_from_a_fifth_overdue_after_a_demand_and_a_period(
    late: CreditAccount, legal: Person, approver: Person
) -> None:
    accept(late)
    decision = demand(late, legal, approver)
    # Two of four instalments of 100.00 are late; the whole 400.00 is demanded, in force after 15 days.
    assert (decision.status, decision.effective_on, decision.weighed_minor) == ("scheduled", date(2025, 3, 26), 40_000)
    assert not Restriction.objects.exists()
    close_night(date(2025, 3, 25))
    decision.refresh_from_db()
    assert decision.status == "effective"
    assert Restriction.objects.get().scope == "all"


def test_a_payment_in_time_cancels_the_demand(late: CreditAccount, legal: Person, approver: Person) -> None:
    accept(late)
    decision = demand(late, legal, approver)
    # 120.01 leaves 79.99 of 400.00 overdue: less than a fifth. It is dated the last day of the period.
    last_day = date(2025, 3, 25)
    from factories import set_business_date

    set_business_date(last_day - timedelta(days=1))
    post_payment(
        actor=legal.actor, account_id=late.pk, amount_minor=12_001, value_date=last_day, reference="T1", channel="", reason=""
    )
    assert close_night(last_day) == 1
    decision.refresh_from_db()
    assert (decision.status, "paid in time" in decision.ended_why) == ("cancelled", True)
    assert sorted(DecisionNotice.objects.values_list("kind", flat=True)) == ["cancelled", "decided"]
    assert not Restriction.objects.exists()


def test_too_little_paid_lets_the_demand_stand(late: CreditAccount, legal: Person, approver: Person) -> None:
    accept(late)
    decision = demand(late, legal, approver)
    make_payment(late, paid_on=OPEN, amount=12_000)
    close_night(date(2025, 3, 20))
    decision.refresh_from_db()
    assert decision.status == "scheduled"


def test_without_the_clause_or_the_fifth_nothing_is_demanded(late: CreditAccount, legal: Person) -> None:
    accept(late, has_clause=False)
    with pytest.raises(refusals.ClauseMissing, match="Version v1"):
        legal.asks(late, "accelerate")
    accept(late, code="v2")
    from factories import make_installment

    # A fifth of the first order is overdue; the order that is not counts for itself.
    decision = legal.asks(late, "accelerate")
    assert decision.verdict["orders"] == ["O1"]
    other = make_late_account()
    other.installments.all().delete()
    make_installment(other, due_date=date(2025, 3, 1), principal=1_999, order_no="O7")
    make_installment(other, due_date=date(2025, 9, 1), principal=8_001, order_no="O7")
    rebuild_accounts([other.pk], as_of=CLOSED, ahead_on=None)
    accept(other, code="v3")
    with pytest.raises(
        refusals.GateNotMet, match=r"¥\u202f19\.99 of ¥\u202f100\.00 is due and unpaid; everything may be demanded from 20 %"
    ):
        legal.asks(other, "accelerate")


def test_a_write_off_hands_over_to_the_ledger(late: CreditAccount, lead: Person, approver: Person) -> None:
    decision = lead.asks(late, "write_off", reference="X9")
    approve_decision(actor=approver.actor, roles=approver.roles, decision_id=decision.pk, version=1)
    decision.refresh_from_db()
    entry = WriteOff.objects.get()
    assert (decision.status, entry.reference, entry.value_date) == ("effective", "X9", OPEN)

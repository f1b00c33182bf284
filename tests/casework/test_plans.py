"""Plans from proposal to end: who does what, what stops and goes on, what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from factories import TESTER, make_account, make_installment, make_product
from plan_books import CLOSED, CUSTOMER, OPEN, People, close_through, late_account, stands

from accounts.models import AccountSignals, ConductFigure, CreditAccount, ScheduleChange
from accounts.operations.payments import post_payment, reverse_payment
from accounts.operations.rebuilding import rebuild_accounts
from accounts.operations.refusals import LedgerRefusal, ReasonMissing
from accounts.operations.review_refusals import FileKindUnknown
from accounts.operations.schedule_refusals import DueTooEarly
from accounts.queries.verifying import differences_now
from casework.models import Plan, PlanEvent, ReliefTerms
from casework.operations.plans.deciding import approve_plan, reject_plan, withdraw_plan
from casework.operations.plans.eligibility import months_paid_in_a_row, terms_in_force
from casework.operations.plans.following import break_plan
from casework.operations.plans.refusals import (
    AboveYourLimit,
    BalanceChanged,
    EvidenceMissing,
    NotEligible,
    NothingToCover,
    OwnPlan,
    OwnSignature,
    PlanMovedOn,
    PlanPaysTooLittle,
    PlanTakesTooLong,
    PlanThere,
    PlanUnknown,
    TooManyMonths,
)
from casework.operations.plans.signing import confirm_agreement, hand_in_agreement, sign_plan
from casework.operations.plans.terms import TermsChanged, TermsMalformed, set_relief_terms
from casework.operations.work_refusals import WorkRefusal
from outreach.models import ContactHold
from outreach.operations.holds import end_hold, place_hold
from outreach.rules.contacts import Hold
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.rule_language import RuleRefusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> CreditAccount:
    return late_account()


@pytest.fixture
def people() -> People:
    return People()


def change_terms(instrument: str = "restructure", **values: Any) -> ReliefTerms:
    present = terms_in_force(instrument)
    return set_relief_terms(
        actor=TESTER,
        instrument=instrument,
        based_on=present.version,
        values=values,
        reason="a test",
        now=present.made_at,
    )


def events_of(plan: Plan) -> list[tuple[str, date]]:
    return list(PlanEvent.objects.filter(plan=plan).values_list("kind", "day"))


def test_signed_it_is_in_the_ledger_collection_stops_and_nothing_is_late(account: CreditAccount, people: People) -> None:
    assert stands(account) == (9, 15_590, False)
    plan = people.proposes(account)
    assert stands(account) == (9, 15_590, False)
    people.approves(plan)

    sign_plan(actor=CUSTOMER, reference=plan.reference, way="app", is_customers=True)

    # The penalty of ten days is 1.00, and part of the plan.
    assert stands(account) == (0, 15_600, True)
    plan.refresh_from_db()
    assert (plan.status, plan.signed_on, plan.owed_minor, plan.price_minor) == ("active", OPEN, 10_600, 0)
    assert plan.observed_until == date(2026, 3, 11)
    assert [(i.due_date, i.principal_minor, i.fee_minor) for i in plan.change.installments.order_by("sequence")] == [
        (date(2025, 4, 11), 2_934, 600),
        (date(2025, 5, 11), 3_534, 0),
        (date(2025, 6, 11), 3_532, 0),
    ]
    assert [kind for kind, _day in events_of(plan)] == ["proposed", "approved", "signed"]
    assert list(differences_now()) == []
    actions = AuditEntry.objects.filter(subject_key=plan.reference).order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["plan.propose", "plan.decide", "account.change_schedule", "plan.sign"]


def test_a_miss_lets_collection_go_on_paying_up_stops_it_again(account: CreditAccount, people: People) -> None:
    plan = people.sign(account)

    close_through(date(2025, 4, 11), first=OPEN)
    assert stands(account)[2] is True
    close_through(date(2025, 4, 12), first=date(2025, 4, 12))
    assert stands(account)[::2] == (1, False)
    assert Plan.objects.get().missed_since == date(2025, 4, 11)

    post_payment(actor=TESTER, account_id=account.pk, amount_minor=3_534, value_date=date(2025, 4, 13), reference="T1")
    # On the spot, before any close.
    follow_committed(account)
    assert stands(account)[::2] == (0, True)
    assert [kind for kind, _day in events_of(plan)][-2:] == ["missed", "caught_up"]
    assert Plan.objects.get().periods_kept == 0


def follow_committed(account: CreditAccount) -> None:
    """Do what is heard after commit, which a test's transaction never comes to."""
    from casework.operations.plans.following import follow_plans_of

    follow_plans_of(account_ids=[account.pk])


def test_missed_for_more_days_than_the_terms_say_it_breaks_and_is_owed_as_before(account: CreditAccount, people: People) -> None:
    plan = people.sign(account)
    close_through(date(2025, 4, 10), first=OPEN)
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=3_534, value_date=date(2025, 4, 11), reference="T1")

    # The second is due on 11 May; fifteen days are forgiven.
    close_through(date(2025, 5, 26), first=date(2025, 4, 11))
    assert Plan.objects.get().status == "active"
    close_through(date(2025, 5, 27), first=date(2025, 5, 27))

    plan.refresh_from_db()
    assert (plan.status, plan.ended_on, plan.periods_kept) == ("broken", date(2025, 5, 27), 0)
    assert plan.change.ended_on == date(2025, 5, 27)
    # 70.66 of principal is late since 1 March; the 50.00 of May since the first, at 0.05 a day for 26 days.
    assert stands(account) == (87, 7_066 + 5_000 + 130, False)
    assert list(differences_now()) == []


def test_where_the_terms_say_so_a_broken_plan_stays_due_as_it_is(account: CreditAccount, people: People) -> None:
    change_terms(returns_when_broken=False, broken_after_days=1)
    plan = people.sign(account)

    close_through(date(2025, 4, 13), first=OPEN)

    plan.refresh_from_db()
    assert (plan.status, plan.change.ended_on) == ("broken", None)
    assert stands(account) == (2, 15_600, False)


# A year of closes.
@pytest.mark.once
@pytest.mark.slow
def test_paid_off_it_is_observed_and_cured_only_when_the_year_is_over(account: CreditAccount, people: People) -> None:
    plan = people.sign(account)
    for number, day in enumerate([date(2025, 4, 11), date(2025, 5, 11), date(2025, 6, 11)], start=1):
        post_on(account, day, f"T{number}")
    close_through(date(2025, 6, 11), first=OPEN)

    plan.refresh_from_db()
    assert (plan.status, plan.periods_kept, plan.ended_on) == ("paid", 3, None)
    assert stands(account)[2] is False
    close_through(date(2026, 3, 10), first=date(2025, 6, 12))
    assert Plan.objects.get().status == "paid"
    close_through(date(2026, 3, 11), first=date(2026, 3, 11))
    plan.refresh_from_db()
    assert (plan.status, plan.ended_on) == ("cured", date(2026, 3, 11))
    assert events_of(plan)[-2:] == [("paid", date(2025, 6, 11)), ("cured", date(2026, 3, 11))]


def post_on(account: CreditAccount, day: date, number: str) -> None:
    from factories import make_payment

    # Each pays its third, and the one of May the 50.00 that are due beside it.
    amount = {4: 3_534, 5: 8_584, 6: 3_532}[day.month]
    make_payment(account, paid_on=day, amount=amount, payment_no=number)


def test_a_payment_undone_after_it_was_paid_off_puts_it_in_force_again(account: CreditAccount, people: People) -> None:
    people.sign(account)
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=15_600, value_date=OPEN, reference="T1")
    follow_committed(account)
    assert Plan.objects.get().status == "paid"

    reverse_payment(actor=TESTER, payment_no="T1", value_date=OPEN, reference="R1", reason="bounced")
    follow_committed(account)

    assert Plan.objects.get().status == "active"
    assert stands(account) == (0, 15_600, True)


def test_beside_a_later_plan_a_paid_one_is_not_put_in_force_again(account: CreditAccount, people: People) -> None:
    first = people.sign(account)
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=15_600, value_date=OPEN, reference="T1")
    follow_committed(account)
    assert Plan.objects.get().status == "paid"
    make_installment(account, due_date=date(2025, 8, 1), principal=700, booked_on=OPEN, order_no="O9")
    later = people.proposes(account, covers="open")

    reverse_payment(actor=TESTER, payment_no="T1", value_date=OPEN, reference="R1", reason="bounced")
    follow_committed(account)

    assert [Plan.objects.get(pk=plan.pk).status for plan in (first, later)] == ["paid", "proposed"]
    close_through(OPEN, first=OPEN)


def test_what_was_signed_on_paper_in_time_does_not_lapse(account: CreditAccount, people: People) -> None:
    plan = people.approves(people.proposes(account))
    scan = b"%PDF-1.7 signed"
    hand_in_agreement(actor=Actor.of(people.lead), reference=plan.reference, name="a.pdf", chunks=[scan], size_bytes=len(scan))

    close_through(date(2025, 3, 22), first=OPEN)

    assert Plan.objects.get().status == "confirming"
    confirm_agreement(actor=Actor.of(people.approver), reference=plan.reference)
    assert Plan.objects.get().status == "active"


def test_two_plans_at_once_there_never_are(account: CreditAccount, people: People) -> None:
    plan = people.proposes(account)

    with pytest.raises(PlanThere, match=f"plan {plan.reference} already .waits for approval"):
        people.proposes(account)

    people.approves(plan)
    with pytest.raises(PlanThere, match="offered"):
        people.proposes(account, covers="open")
    assert Plan.objects.count() == 1


def test_who_proposed_it_does_not_decide_and_a_large_one_takes_an_approver(account: CreditAccount, people: People) -> None:
    change_terms(approver_from_minor=10_600)
    plan = people.proposes(account)

    with pytest.raises(OwnPlan):
        approve_plan(actor=Actor.of(people.analyst), roles=["team_lead"], reference=plan.reference, now=timezone.now())
    with pytest.raises(AboveYourLimit, match=r"106.00"):
        people.approves(plan)
    with pytest.raises(AboveYourLimit):
        reject_plan(actor=Actor.of(people.lead), roles=["team_lead"], reference=plan.reference, reason="no")
    assert events_of(plan) == [("proposed", OPEN)]

    approve_plan(actor=Actor.of(people.approver), roles=["approver"], reference=plan.reference, now=timezone.now())
    assert Plan.objects.get().status == "offered"


def test_a_signature_after_a_payment_changed_the_balance_is_refused(account: CreditAccount, people: People) -> None:
    plan = people.approves(people.proposes(account))
    # 1.00 of penalty, the fee of 5.00, and 4.00 of principal.
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=1_000, value_date=OPEN, reference="T1")
    before = stands(account)

    with pytest.raises(BalanceChanged, match=r"takes over .*106.00, and .*96.00 is unpaid now"):
        sign_plan(actor=CUSTOMER, reference=plan.reference, way="app", is_customers=True)

    assert not ScheduleChange.objects.exists()
    assert stands(account) == before


def test_penalty_that_came_since_the_offer_is_not_in_the_plan_and_stays_due(account: CreditAccount, people: People) -> None:
    plan = people.approves(people.proposes(account))
    close_through(date(2025, 3, 13), first=OPEN)

    sign_plan(actor=CUSTOMER, reference=plan.reference, way="app", is_customers=True)

    # Three more days at 0.10.
    assert stands(account) == (0, 15_630, True)
    assert list(differences_now()) == []


def test_an_offer_lapses_when_its_days_are_over(account: CreditAccount, people: People) -> None:
    plan = people.approves(people.proposes(account))
    assert plan.offered_until == date(2025, 3, 21)

    close_through(date(2025, 3, 20), first=OPEN)
    assert Plan.objects.get().status == "offered"
    close_through(date(2025, 3, 21), first=date(2025, 3, 21))

    plan.refresh_from_db()
    assert (plan.status, plan.ended_on) == ("lapsed", date(2025, 3, 21))
    with pytest.raises(PlanMovedOn, match="not signed in time"):
        sign_plan(actor=CUSTOMER, reference=plan.reference, way="app", is_customers=True)


def test_an_oral_consent_needs_its_recording_kept_until_the_plan_is_settled(account: CreditAccount, people: People) -> None:
    plan = people.approves(people.proposes(account))
    actor = Actor.of(people.analyst)

    for recording, kept_until in (("", date(2030, 1, 1)), ("REC-7", None), ("REC-7", date(2025, 6, 10))):
        with pytest.raises(EvidenceMissing, match="2025-06-11 or later"):
            sign_plan(actor=actor, reference=plan.reference, way="oral", recording=recording, kept_until=kept_until)
    with pytest.raises(EvidenceMissing, match="as a file"):
        sign_plan(actor=actor, reference=plan.reference, way="paper")
    assert Plan.objects.get().status == "offered"

    sign_plan(actor=actor, reference=plan.reference, way="oral", recording="REC-7", kept_until=date(2025, 6, 11))
    assert Plan.objects.get().evidence == {"recording": "REC-7", "kept_until": "2025-06-11"}


def test_paper_counts_once_somebody_else_has_confirmed_it(account: CreditAccount, people: People) -> None:
    plan = people.approves(people.proposes(account))
    scan = b"%PDF-1.7 signed"

    with pytest.raises(FileKindUnknown):
        hand_in_agreement(actor=Actor.of(people.lead), reference=plan.reference, name="a.exe", chunks=[b"MZ\x00"], size_bytes=3)
    hand_in_agreement(actor=Actor.of(people.lead), reference=plan.reference, name="a.pdf", chunks=[scan], size_bytes=len(scan))
    assert stands(account)[2] is False
    with pytest.raises(OwnSignature):
        confirm_agreement(actor=Actor.of(people.lead), reference=plan.reference)

    confirm_agreement(actor=Actor.of(people.approver), reference=plan.reference)

    plan.refresh_from_db()
    assert plan.file is not None
    assert (plan.status, plan.way, plan.file.name) == ("active", "paper", "a.pdf")
    assert stands(account)[2] is True


def test_a_deferral_moves_each_due_date_and_takes_nothing_else(account: CreditAccount, people: People) -> None:
    plan = people.sign(account, instrument="deferral", covers="open", number=2)

    # What is late counts from the open day, what is to come from its own due date.
    assert [(i.due_date, i.principal_minor, i.fee_minor) for i in plan.change.installments.order_by("sequence")] == [
        (date(2025, 5, 11), 10_000, 600),
        (date(2025, 7, 1), 5_000, 0),
    ]
    assert stands(account) == (0, 15_600, True)


def test_a_plan_begins_before_anything_is_late(people: People) -> None:
    account = late_account()
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=10_600, value_date=OPEN, reference="T1")
    assert stands(account)[0] == 0

    plan = people.sign(account, covers="open", number=5)

    assert plan.owed_minor == 5_000
    assert plan.change.installments.count() == 5
    with pytest.raises(NothingToCover):
        people.proposes(late_and_paid(), covers="late")


def late_and_paid() -> CreditAccount:
    from factories import make_account

    from accounts.models import AccountState

    account = make_account(opened_on=date(2024, 1, 1))
    AccountState.objects.create(account=account, product=account.product, opened_on=account.opened_on)
    return account


@pytest.mark.parametrize(
    ("asked", "refusal", "why"),
    [
        ({"amount_minor": 100}, PlanTakesTooLong, r"it takes .*1.77 a month at least"),
        ({"number": 61}, TooManyMonths, "61 is more than the terms allow .60"),
        ({"instrument": "deferral", "number": 4}, TooManyMonths, "4 is more than the terms allow .3"),
        ({"first_due": OPEN, "number": 3}, DueTooEarly, "come after 2025-03-11"),
        ({"instrument": "re_age", "number": 1}, NotEligible, "what fell due was paid in 0 months in a row, and it takes 3"),
    ],
)
def test_a_plan_the_terms_do_not_allow_is_refused(
    account: CreditAccount, people: People, asked: dict[str, Any], refusal: type[WorkRefusal | LedgerRefusal], why: str
) -> None:
    with pytest.raises(refusal, match=why):
        people.proposes(account, **asked)

    assert not Plan.objects.exists()


def test_a_plan_that_pays_less_than_it_accrues_is_refused(account: CreditAccount, people: People) -> None:
    change_terms(month_interest_ppm=20_000)

    with pytest.raises(PlanPaysTooLittle, match=r"2.00 a month pays less than the .*2.00 that accrue"):
        people.proposes(account, amount_minor=200)

    assert not Plan.objects.exists()


def test_one_whose_account_is_disputed_is_not_eligible(account: CreditAccount, people: People) -> None:
    AccountSignals.objects.update_or_create(account=account, defaults={"is_disputed": True})

    with pytest.raises(NotEligible, match="its rule does not hold"):
        people.proposes(account)


def paid_three_times(amount_minor: int) -> CreditAccount:
    """Return an account with 100.00 due on the first of November to March and 50.00 in May, after three payments."""
    account = make_account(product=make_product(penalty_rate_ppm=1_000), opened_on=date(2024, 1, 1))
    for due in (date(2024, 11, 1), date(2024, 12, 1), date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1)):
        make_installment(account, due_date=due, principal=10_000)
    make_installment(account, due_date=date(2025, 5, 1), principal=5_000)
    rebuild_accounts([account.pk], as_of=date(2025, 3, 8), ahead_on=None)
    close_through(CLOSED, first=date(2025, 3, 9))
    for number, day in enumerate([date(2024, 12, 20), date(2025, 1, 20), date(2025, 2, 20)]):
        post_payment(actor=TESTER, account_id=account.pk, amount_minor=amount_minor, value_date=day, reference=f"T{number}")
    return account


def test_payments_of_less_than_fell_due_open_no_re_age_but_one_sum_for_all_does(people: People) -> None:
    account = paid_three_times(1)
    assert months_paid_in_a_row(account.pk, up_to=OPEN, wanted=3) == 0
    with pytest.raises(NotEligible, match="paid in 0 months in a row"):
        people.proposes(account, instrument="re_age", number=1)
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=29_997, value_date=OPEN, reference="T3")
    assert months_paid_in_a_row(account.pk, up_to=OPEN, wanted=3) == 3
    people.proposes(account, instrument="re_age", number=1)


def test_interest_of_a_plan_is_held_to_the_line_of_yearly_cost() -> None:
    with pytest.raises(
        TermsMalformed, match=r"20001 ppm a month are 24\.00 % a year by the simple way, above the line of 24\.00 %"
    ):
        change_terms(month_interest_ppm=20_001)
    change_terms(month_interest_ppm=20_000)
    ConductFigure.objects.filter(code="yearly_cost_line_bp").update(value=3_600)
    change_terms(month_interest_ppm=30_000)


def test_a_re_age_takes_nine_months_three_payments_in_a_row_and_comes_once_in_twelve_months(people: People) -> None:
    account = paid_three_times(10_000)
    assert months_paid_in_a_row(account.pk, up_to=OPEN, wanted=3) == 3
    assert months_paid_in_a_row(account.pk, up_to=date(2025, 4, 2), wanted=3) == 0

    plan = people.sign(account, instrument="re_age", number=1)
    # Behind the 50.00 of May that is not due yet.
    assert [i.due_date for i in plan.change.installments.all()] == [date(2025, 6, 1)]
    close_through(OPEN, first=OPEN)
    break_plan(actor=Actor.of(people.lead), reference=plan.reference, reason="moved away")

    with pytest.raises(NotEligible, match="one in 12 months at most"):
        people.proposes(account, instrument="re_age", number=1)


def test_a_plan_is_rejected_withdrawn_or_ended_with_a_reason_only(account: CreditAccount, people: People) -> None:
    lead = Actor.of(people.lead)
    plan = people.proposes(account)
    with pytest.raises(ReasonMissing):
        reject_plan(actor=lead, roles=["team_lead"], reference=plan.reference, reason=" ")
    reject_plan(actor=lead, roles=["team_lead"], reference=plan.reference, reason="can pay at once")
    again = people.proposes(account)
    with pytest.raises(ReasonMissing):
        withdraw_plan(actor=lead, reference=again.reference, reason="")
    withdraw_plan(actor=lead, reference=again.reference, reason="asked for another")
    with pytest.raises(PlanMovedOn, match="withdrawn"):
        withdraw_plan(actor=lead, reference=again.reference, reason="once more")
    with pytest.raises(PlanUnknown):
        withdraw_plan(actor=lead, reference="PLAN-0", reason="none")

    third = people.sign(account)
    close_through(OPEN, first=OPEN)
    with pytest.raises(ReasonMissing):
        break_plan(actor=lead, reference=third.reference, reason="")
    break_plan(actor=lead, reference=third.reference, reason="asked for it")

    assert stands(account)[::2] == (11, False)
    assert [Plan.objects.get(pk=p.pk).status for p in (plan, again, third)] == ["rejected", "withdrawn", "broken"]


def test_terms_are_set_in_versions_by_who_read_the_last_and_count_for_new_plans_only(
    account: CreditAccount, people: People
) -> None:
    plan = people.proposes(account)
    changed = change_terms(broken_after_days=5)

    assert (plan.terms.version, changed.version, changed.broken_after_days) == (1, 2, 5)
    assert plan.terms.broken_after_days == 15
    with pytest.raises(TermsChanged, match="Version 2"):
        set_relief_terms(actor=TESTER, instrument="restructure", based_on=1, values={}, reason="late", now=changed.made_at)
    with pytest.raises(RuleRefusal):
        change_terms(rule="nonsense >")
    with pytest.raises(TermsMalformed):
        change_terms(most_installments=61)
    assert ReliefTerms.objects.filter(instrument="restructure").count() == 2


def test_holds_noted_by_hand_and_plans_do_not_undo_each_other(account: CreditAccount, people: People) -> None:
    now = terms_in_force("restructure").made_at
    lead, approver = Actor.of(people.lead), Actor.of(people.approver)
    people.sign(account)

    place_hold(actor=lead, customer=account.customer, account=None, kind=Hold.COMPLAINT, reason="called", now=now)
    assert stands(account)[2] is True
    end_hold(actor=approver, customer=account.customer, hold_id=ContactHold.objects.get().pk, reason="answered", now=now)
    assert stands(account)[2] is True

    place_hold(actor=lead, customer=account.customer, account=None, kind=Hold.HARDSHIP_PLAN, reason="elsewhere", now=now)
    close_through(date(2025, 4, 12), first=OPEN)
    # Ours is missed; the one agreed elsewhere goes on to hold contact back.
    assert Plan.objects.get().missed_since is not None
    assert stands(account)[2] is True


def test_nothing_changes_on_a_second_close_of_the_same_plans(account: CreditAccount, people: People) -> None:
    from casework.operations.plans.following import follow_shard

    people.sign(account)
    close_through(date(2025, 4, 12), first=OPEN)
    before = list(PlanEvent.objects.values_list("pk", flat=True))

    assert follow_shard(as_of=date(2025, 4, 12), first_account_id=0, last_account_id=2**63 - 1) == 0
    assert list(PlanEvent.objects.values_list("pk", flat=True)) == before
    assert OPEN + timedelta(days=1) > CLOSED

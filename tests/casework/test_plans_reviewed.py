"""What a plan takes the place of, what stands in its way, and how it is watched: what its review found."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from deciding_books import Person
from django.test import Client
from django.utils import timezone
from factories import TESTER, make_account, make_installment, make_product
from plan_books import CLOSED, CUSTOMER, OPEN, People, close_through, late_account, stands

from accounts.models import AccountSignals, AccountState, CreditAccount, Decision, Installment, ReasonCode
from accounts.operations.cancelling import cancel_installment, refund_credit
from accounts.operations.payments import post_payment, reverse_payment
from accounts.operations.rebuilding import rebuild_accounts
from accounts.queries.verifying import differences_now
from casework.models import Plan, Promise
from casework.operations.plans.eligibility import terms_in_force
from casework.operations.plans.refusals import AffordabilityUnknown, FirstDueTooFar, NotEligible, NotTheCustomer
from casework.operations.plans.signing import sign_plan
from casework.operations.plans.terms import set_relief_terms
from casework.operations.promises import take_promise
from casework.operations.vulnerability import record_vulnerability
from riskops.shared.audit import Actor
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> CreditAccount:
    return late_account(account_no="A-PLAN")


@pytest.fixture
def people() -> People:
    return People()


def pay(account: CreditAccount, amount_minor: int, on: date, reference: str) -> None:
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=amount_minor, value_date=on, reference=reference)


def observe(months: int) -> None:
    now = terms_in_force("restructure")
    set_relief_terms(
        actor=TESTER,
        instrument="restructure",
        based_on=now.version,
        values={"observed_months": months},
        reason="shorter",
        now=now.made_at,
    )


def test_what_was_paid_on_the_day_before_the_signature_stays_paid(people: People) -> None:
    account = make_account(product=make_product(penalty_rate_ppm=0), opened_on=date(2024, 1, 1))
    make_installment(account, due_date=date(2025, 3, 1), principal=10_000)
    make_installment(account, due_date=date(2025, 8, 1), principal=10_000, booked_on=date(2025, 3, 5))
    rebuild_accounts([account.pk], as_of=date(2025, 3, 8), ahead_on=None)
    close_through(CLOSED, first=date(2025, 3, 9))
    pay(account, 16_000, OPEN, "T1")
    people.sign(account, covers="open", number=2)

    def unpaid() -> list[tuple[bool, int]]:
        rows = Installment.objects.filter(account=account).order_by("schedule_change", "due_date", "pk")
        return sorted((row.schedule_change_id is not None, row.principal_unpaid_minor) for row in rows)

    signed = [(False, 0), (False, 0), (True, 2_000), (True, 2_000)]
    assert unpaid() == signed
    # A payment of the day that came after the signature pays the new schedule.
    pay(account, 500, OPEN, "A0")
    assert unpaid() == [(False, 0), (False, 0), (True, 1_500), (True, 2_000)]
    close_through(OPEN, first=OPEN)
    assert Plan.objects.get().status == "active"
    assert list(differences_now()) == []


def test_nobody_of_ours_agrees_in_the_app(account: CreditAccount, people: People) -> None:
    plan = people.approves(people.proposes(account))
    client = Client()
    client.force_login(people.analyst)

    def sign() -> int:
        return client.post(f"/api/v1/plans/{plan.reference}/sign/", {"way": "app"}, content_type="application/json").status_code

    assert sign() == 422
    for way in ("app", "link"):
        with pytest.raises(NotTheCustomer):
            sign_plan(actor=Actor.of(people.analyst), reference=plan.reference, way=way)
    assert Plan.objects.get().status == "offered"
    client.force_login(Person(Role.SERVICE).user)
    assert sign() == 200


def test_a_vulnerable_customer_signs_in_their_app(account: CreditAccount, people: People) -> None:
    plan = people.approves(people.proposes(account))
    now = timezone.now()
    today = timezone.localdate(now)
    record_vulnerability(
        actor=TESTER,
        customer=account.customer,
        kind="illness",
        text="",
        since=today,
        review_by=today + timedelta(days=30),
        now=now,
    )
    client = Client()

    def sign(person: object, **said: str) -> int:
        client.force_login(person)  # type: ignore[arg-type]
        return client.post(
            f"/api/v1/plans/{plan.reference}/sign/", {"way": "app", **said}, content_type="application/json"
        ).status_code

    told = {"way": "oral", "recording": "REC-1", "kept_until": "2026-03-11"}
    assert sign(people.analyst, **told) == 403
    assert sign(Person(Role.SERVICE).user) == 200
    assert Plan.objects.get().status == "active"


@pytest.mark.parametrize("signal", ["is_disputed", "is_fraud_suspected"])
def test_what_came_up_since_the_proposal_stands_in_its_way(account: CreditAccount, people: People, signal: str) -> None:
    plan = people.proposes(account)
    offered = people.approves(plan)
    AccountSignals.objects.update_or_create(account=account, defaults={signal: True})

    with pytest.raises(NotEligible):
        sign_plan(actor=CUSTOMER, reference=offered.reference, way="app", is_customers=True)
    assert Plan.objects.get().status == "offered"
    Plan.objects.update(status="proposed", offered_until=None)
    with pytest.raises(NotEligible):
        people.approves(plan)
    assert Plan.objects.get().status == "proposed"


def test_a_signature_ends_a_demand_and_an_open_promise(account: CreditAccount, people: People) -> None:
    reason = ReasonCode.objects.filter(action="accelerate").first()
    assert reason is not None
    Decision.objects.create(
        reference="ACC",
        account=account,
        action="accelerate",
        status="effective",
        owed_minor=15_600,
        weighed_minor=15_600,
        reason=reason,
        text_en="x",
        text_zh="x",
        proposed_by_name="x",
        proposed_on=CLOSED,
        buffer_days=0,
        decided_on=CLOSED,
        effective_on=CLOSED,
        engine_version="1",
    )
    promise = take_promise(actor=TESTER, account_id=account.pk, parts=[(date(2025, 3, 14), 10_000)])
    plan = people.sign(account)

    assert (Decision.objects.get().status, Decision.objects.get().ended_why) == (
        "lifted",
        f"Plan {plan.reference} was signed in its place.",
    )
    close_through(date(2025, 3, 16), first=OPEN)
    promise.refresh_from_db()
    assert promise.status == Promise.Status.CANCELLED
    assert AccountSignals.objects.get(account=account).broken_promises_6m == 0


def test_an_instalment_that_a_plan_took_over_can_still_be_cancelled(account: CreditAccount, people: People) -> None:
    people.sign(account)
    pay(account, 15_600, OPEN, "T1")
    close_through(OPEN, first=OPEN)
    assert Plan.objects.get().status == "paid"

    old = Installment.objects.filter(account=account, schedule_change=None).order_by("due_date")[0]
    cancel_installment(
        actor=TESTER,
        account_id=account.pk,
        order_no=old.order_no,
        sequence=old.sequence,
        value_date=OPEN + timedelta(days=1),
        reference="C1",
        reason="fraud",
    )
    # 100.00, the fee of 5.00 and 1.00 of penalty are credit again.
    assert AccountState.objects.get(account=account).credit_balance_minor == 10_600
    assert list(differences_now()) == []


def test_a_first_instalment_is_due_within_three_months(account: CreditAccount, people: People) -> None:
    for day in (date(2025, 6, 12), date(2095, 1, 1), date(9999, 6, 1)):
        with pytest.raises(FirstDueTooFar, match="2025-06-11"):
            people.proposes(account, first_due=day)
    assert people.proposes(account, first_due=date(2025, 6, 11)).schedule[0]["due_date"] == "2025-06-11"


def test_a_form_of_somebody_else_is_refused(account: CreditAccount, people: People) -> None:
    client = Client()
    client.force_login(people.analyst)
    asked = {"account_no": "A-PLAN", "instrument": "restructure", "covers": "late", "number": 3, "reason": "lost the job"}
    answer = client.post("/api/v1/plans/", asked | {"affordability_id": 77}, content_type="application/json")
    assert (answer.status_code, Plan.objects.count()) == (422, 0), answer.content
    assert str(AffordabilityUnknown(77)) in answer.content.decode()


def test_a_miss_restarts_the_observation(account: CreditAccount, people: People) -> None:
    observe(3)
    people.sign(account)
    close_through(date(2025, 4, 12), first=OPEN)
    pay(account, 3_534, date(2025, 4, 13), "T1")
    close_through(date(2025, 4, 30), first=date(2025, 4, 13))
    assert Plan.objects.get().observed_until == date(2025, 7, 13)
    pay(account, 5_000 + 3_534 + 3_532, date(2025, 5, 1), "T2")
    close_through(date(2025, 7, 12), first=date(2025, 5, 1))
    assert Plan.objects.get().status == "paid"
    close_through(date(2025, 7, 13), first=date(2025, 7, 13))
    assert Plan.objects.get().status == "cured"


def test_a_plan_whose_last_instalment_was_late_is_cured_by_the_months_after_it(account: CreditAccount, people: People) -> None:
    observe(1)
    people.sign(account, number=1, covers="open")
    close_through(date(2025, 4, 12), first=OPEN)
    assert Plan.objects.get().missed_since == date(2025, 4, 11)
    pay(account, 15_600, date(2025, 4, 13), "T1")
    close_through(date(2025, 5, 12), first=date(2025, 4, 13))
    assert (stands(account)[:2], Plan.objects.get().status) == ((0, 0), "paid")
    close_through(date(2025, 5, 13), first=date(2025, 5, 13))
    assert Plan.objects.get().status == "cured"


def test_a_payment_undone_for_a_closed_day_breaks_the_plan_at_once(account: CreditAccount, people: People) -> None:
    people.sign(account, covers="late")
    close_through(date(2025, 4, 10), first=OPEN)
    pay(account, 3_534, date(2025, 4, 11), "T1")
    close_through(date(2025, 5, 5), first=date(2025, 4, 11))
    assert Plan.objects.get().missed_since is None

    reverse_payment(actor=TESTER, payment_no="T1", value_date=date(2025, 5, 2), reference="R1", reason="bounced")
    from casework.operations.plans.following import follow_plans_of

    follow_plans_of(account_ids=[account.pk])
    plan = Plan.objects.get()
    assert (plan.status, plan.ended_on) == ("broken", date(2025, 5, 6))
    assert list(differences_now()) == []


def test_money_paid_back_out_of_a_payment_that_is_undone_is_owed(account: CreditAccount) -> None:
    pay(account, 25_600, OPEN, "T1")
    refund_credit(actor=TESTER, account_id=account.pk, amount_minor=10_000, value_date=OPEN, reference="B1", reason="asked")
    reverse_payment(actor=TESTER, payment_no="T1", value_date=OPEN, reference="R1", reason="bounced")
    assert AccountState.objects.get(account=account).credit_balance_minor == -10_000
    close_through(OPEN, first=OPEN)
    assert AccountState.objects.get(account=account).credit_balance_minor == -10_000
    assert list(differences_now()) == []
    # 156.10 pays the debt, 100.00 what was paid back.
    pay(account, 15_610 + 10_000, OPEN + timedelta(days=1), "T2")
    close_through(OPEN + timedelta(days=1), first=OPEN + timedelta(days=1))
    assert (stands(account)[1], AccountState.objects.get(account=account).credit_balance_minor) == (0, 0)
    assert list(differences_now()) == []

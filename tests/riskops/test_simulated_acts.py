"""Calls, promises, disputes and plans in the simulated book: a small book built for real shows each of them, once.

The build here is broken off on the days on which something is done, and taken up again: what those days did is counted at the
moment of the break and at the same moment of the second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import transaction
from simulated_builds import Breaks, Interrupted, build_with, meant, recipe_of, reported

from accounts.models import InstallmentCancellation, Payment, Refund, Waiver
from accounts.queries.verifying import differences_now
from casework.models import CaseEvent, Dispute, Plan, PlanAgreement, PlanEvent, Promise, Vulnerability
from casework.simulated_acts import plans
from outreach.models import Contact, ContactHold
from riskops.shared.models import Examination
from riskops.simulation import staff
from riskops.simulation.building import Recipe


@pytest.fixture(scope="module")
def three_months(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Recipe, Breaks, int]]:
    """A book of 150 accounts over August to October 2026, its build broken off on six days and between the steps of a plan."""
    recipe = recipe_of(accounts=150, months=3)
    days = {date(2026, 8, 24), date(2026, 9, 5), date(2026, 9, 7), date(2026, 10, 5), date(2026, 10, 18), date(2026, 10, 19)}
    breaks, signed = Breaks(days), 0

    def sign_or_break(**about: Any) -> Plan:
        nonlocal signed
        signed += 1
        if signed == 2:
            raise Interrupted
        return sign_plan(**about)

    sign_plan = plans.sign_plan
    with django_db_blocker.unblock(), transaction.atomic():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plans, "sign_plan", sign_or_break)
            build_with(recipe, breaks, patch)
        yield recipe, breaks, signed
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_who_pays_what_is_not_changed_by_it(three_months: tuple[Recipe, Breaks, int]) -> None:
    recipe, _, _ = three_months
    assert reported() == meant(recipe)
    assert list(map(str, differences_now())) == []


@pytest.mark.django_db
def test_a_day_begun_again_does_nothing_twice(three_months: tuple[Recipe, Breaks, int]) -> None:
    _, breaks, signed = three_months
    assert breaks.left == set()
    assert breaks.first == breaks.second
    # S-013 was signed, S-014 was offered when the plug was pulled: the second time that one alone was signed.
    assert signed == 3
    assert Counter(PlanEvent.objects.values_list("kind", flat=True)) == {"proposed": 2, "approved": 2, "signed": 2}


@pytest.mark.django_db
def test_late_customers_are_called_through_the_gate_and_say_why(
    three_months: tuple[Recipe, Breaks, int], capsys: pytest.CaptureFixture[str]
) -> None:
    calls = Contact.objects.filter(channel="call")
    crowd = calls.filter(account__account_no__startswith="SIM-")
    assert crowd.count() > 3
    assert not calls.filter(outcome="open").exists()
    assert set(calls.values_list("made_by_name", flat=True)) <= set(staff.ANALYSTS)
    zone = ZoneInfo("Asia/Shanghai")
    assert all(contact.at.astimezone(zone).weekday() < 5 and contact.at.astimezone(zone).hour >= 10 for contact in crowd)
    # Those that the stories have by name.
    assert calls.count() - crowd.count() == 8
    outcomes = CaseEvent.objects.filter(kind="outcome")
    assert outcomes.count() == calls.count()
    spoken_to = outcomes.filter(details__is_right_party=True).values_list("case_id", flat=True)
    assert set(spoken_to) <= set(CaseEvent.objects.filter(kind="reason").values_list("case_id", flat=True))
    # Of the customer who is ill, one who is trained made the second call, and demanded nothing.
    ill = calls.filter(account__account_no="S-017").order_by("at").values_list("purpose", "made_by_name")
    assert [purpose for purpose, _ in ill] == ["demand", "reminder"] and ill[1][1] == staff.TRAINED[0]

    call_command("audit_contacts", "--from", "2026-08-01", "--to", "2026-10-31")
    assert capsys.readouterr().out == f"all {Contact.objects.count()} contacts from 2026-08-01 to 2026-10-31 were allowed\n"


@pytest.mark.django_db
def test_promises_are_kept_and_broken_as_payments_say(three_months: tuple[Recipe, Breaks, int]) -> None:
    told = Promise.objects.filter(account__account_no="S-016").order_by("pk")
    assert list(told.values_list("made_on", "status", "decided_on")) == [
        (date(2026, 9, 5), "kept", date(2026, 9, 8)),
        # Promised for the 18th; the day of grace is over with the close of the 19th.
        (date(2026, 10, 14), "broken", date(2026, 10, 19)),
    ]
    of_the_crowd = Promise.objects.filter(account__account_no__startswith="SIM-")
    assert of_the_crowd.exists()
    for promise in of_the_crowd.filter(status="kept"):
        paid = Payment.objects.filter(account=promise.account, paid_on__gte=promise.made_on, paid_on__lte=promise.ends_on)
        assert sum(paid.values_list("amount_minor", flat=True)) >= 0.99 * promise.total_minor - 100


@pytest.mark.django_db
def test_disputes_are_closed_inside_their_clock_and_money_moves_by_two_people(
    three_months: tuple[Recipe, Breaks, int],
) -> None:
    due = Dispute.objects.filter(received_on__lte=date(2026, 10, 21))
    assert due.exists() and all(one.status == "closed" and one.closed_on <= one.answer_by for one in due)
    corrected = Dispute.objects.filter(corrections__isnull=False).distinct().order_by("pk")
    assert [one.account.account_no for one in corrected] == ["S-020", "S-015"]
    for one in corrected:
        assert one.judged_by_name == staff.APPROVER and one.concluded_by_name in staff.ANALYSTS
    # The loan of 3,000.00 that somebody else took is gone; its one instalment, 500.00 and 36.00 of interest, went back.
    assert InstallmentCancellation.objects.count() == 6
    assert list(Refund.objects.values_list("account__account_no", "amount_minor")) == [("S-015", 53_600)]
    assert list(Waiver.objects.filter(account__account_no="S-020").values_list("amount_minor", flat=True)) == [6_000]
    assert not ContactHold.objects.filter(account__account_no__in=["S-015", "S-020"], until=None).exists()


@pytest.mark.django_db
def test_plans_are_proposed_approved_and_signed_by_telephone(three_months: tuple[Recipe, Breaks, int]) -> None:
    signed = Plan.objects.order_by("account__account_no")
    assert [(plan.account.account_no, plan.status, plan.signed_on, plan.way) for plan in signed] == [
        ("S-013", "active", date(2026, 10, 6), "oral"),
        ("S-014", "active", date(2026, 10, 6), "oral"),
    ]
    for plan in signed:
        who = dict(PlanEvent.objects.filter(plan=plan).values_list("kind", "actor_name"))
        assert who["proposed"] != who["approved"] == staff.APPROVER
        assert PlanAgreement.objects.filter(plan=plan).count() == 2
        assert {due["due_date"] for due in plan.schedule[:2]} == {"2026-11-06", "2026-12-06"}


@pytest.mark.django_db
def test_an_ill_customer_is_handled_with_care_by_trained_people(three_months: tuple[Recipe, Breaks, int]) -> None:
    flag = Vulnerability.objects.get()
    assert (flag.since, flag.review_by, flag.recorded_by_name) == (date(2026, 9, 7), date(2026, 11, 26), staff.ANALYSTS[1])
    assert Examination.objects.filter(subject="vulnerable", user__username__in=staff.TRAINED).count() == 2


@pytest.mark.django_db
def test_played_people_cannot_log_in(three_months: tuple[Recipe, Breaks, int]) -> None:
    played = get_user_model().objects.filter(username__startswith="sim-")
    assert played.count() >= 6
    assert not any(person.has_usable_password() for person in played)

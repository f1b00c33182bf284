"""The life of an agency: two people, clocks that warn and block, people who are fit, terms by two people."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from agency_books import BANDS, DAY, actor_of, make_agency, make_collector, make_late, stand_at
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone
from factories import make_user

from recovery.models import Agency, AgencyEvaluation, AgencyPerson, CommissionTerms
from recovery.operations.agencies import refusals
from recovery.operations.agencies.batches import split_batch
from recovery.operations.agencies.evaluating import decide_terms, end_person, evaluate_agency, propose_terms, register_person
from recovery.operations.agencies.finding import Blocker, standing_of
from recovery.operations.agencies.preparing import approve_agency, change_agency, prepare_agency, stop_agency
from recovery.rules.agency_clock import Clock, EvaluationFigures, evaluation_due, stands
from recovery.rules.commission import Band
from riskops.shared.audit import COMMAND
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
FIGURES = EvaluationFigures(every_months=12, before_end_days=90, warn_days=30)


def said(**more: Any) -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "name": "North Recovery", "licence_no": "L-1", "licence_valid_until": today + timedelta(days=400),
        "contract_from": today, "contract_until": today + timedelta(days=365), "undertaking_on": today,
        "undertaking_reference": "annex 3", "capacity_accounts": 100, "capacity_minor": 10**9, "placed_days": 90,
        "contact_details": "none", **more,
    }  # fmt: skip


def prepare(**more: Any) -> tuple[Agency, Any]:
    author = actor_of(Role.MANAGER)
    agency = prepare_agency(actor=author, code="north", currency="CNY", minor_digits=2, values=said(**more))
    return agency, author


def evaluate(code: str = "north", days_ago: int = 0, result: str = "passed") -> AgencyEvaluation:
    today = timezone.localdate()
    return evaluate_agency(
        actor=actor_of(Role.COMPLIANCE), code=code, evaluated_on=today - timedelta(days=days_ago), result=result,
        findings="Records, complaints, training.", today=today,
    )  # fmt: skip


# The clock --------------------------------------------------------------------------------------------------------


def test_an_evaluation_is_due_a_year_after_the_last_and_before_the_contract_ends() -> None:
    assert evaluation_due(date(2025, 3, 1), date(2027, 1, 1), FIGURES) == date(2026, 3, 1)
    # The contract ends sooner: the day before which another one must have been.
    assert evaluation_due(date(2025, 3, 1), date(2025, 12, 31), FIGURES) == date(2025, 12, 31)
    # That one was within 90 days of the end, so only the year counts.
    assert evaluation_due(date(2025, 10, 2), date(2025, 12, 31), FIGURES) == date(2026, 10, 2)
    assert evaluation_due(None, date(2027, 1, 1), FIGURES) is None


def test_a_clock_warns_thirty_days_before_and_is_overdue_the_day_after() -> None:
    due = date(2025, 12, 31)
    days = {date(2025, 11, 30): Clock.FINE, date(2025, 12, 1): Clock.SOON, due: Clock.SOON, date(2026, 1, 1): Clock.OVERDUE}
    assert {day: stands(due, day, warn_days=30) for day in days} == days
    assert stands(None, due, warn_days=30) is Clock.OVERDUE


# Two people ---------------------------------------------------------------------------------------------------------


def test_an_agency_is_put_into_use_by_somebody_else_after_its_evaluation() -> None:
    agency, author = prepare()
    today = timezone.localdate()
    with pytest.raises(refusals.OwnWork):
        approve_agency(actor=author, code="north", today=today)
    with pytest.raises(refusals.AgencyNotReady, match="evaluation is overdue"):
        approve_agency(actor=actor_of(Role.COMPLIANCE), code="north", today=today)
    agency.refresh_from_db()
    assert agency.status == "prepared"
    evaluate()
    approve_agency(actor=actor_of(Role.COMPLIANCE), code="north", today=today)
    agency.refresh_from_db()
    assert agency.status == "in_use"
    assert standing_of(agency, today).blockers == (Blocker.PEOPLE, Blocker.TERMS)
    assert list(AuditEntry.objects.filter(subject_key="north").values_list("action", flat=True).order_by("pk")) == [
        "agency.prepare", "agency.evaluate", "agency.approve",
    ]  # fmt: skip


def test_the_page_of_a_new_agency_gives_each_part_its_own_hint() -> None:
    prepare()
    client = Client()
    client.force_login(make_user(Role.MANAGER))
    page = client.get("/agencies/at/north/").content.decode()
    people, terms = page.split('id="people"')[1].split("</section>")[0], page.split('id="terms"')[1].split("</section>")[0]
    assert "An administrator makes a user" in people and "An administrator makes a user" not in terms
    evaluations = page.split('id="evaluations"')[1].split("</section>")[0]
    assert "the first one is still to be made" in evaluations and "next due" not in evaluations
    evaluate()
    assert "next due <span" in client.get("/agencies/at/north/").content.decode()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"licence_valid_until": date(2020, 1, 1)}, "licence has expired"),
        ({"contract_from": date(2020, 1, 1), "contract_until": date(2021, 1, 1)}, "contract does not run"),
        ({"undertaking_on": None, "undertaking_reference": ""}, "sub-delegate is missing"),
    ],
)
def test_without_licence_contract_or_undertaking_it_is_not_put_into_use(change: dict[str, Any], why: str) -> None:
    prepare(**change)
    evaluate()
    with pytest.raises(refusals.AgencyNotReady, match=why):
        approve_agency(actor=actor_of(Role.MANAGER), code="north", today=timezone.localdate())
    assert Agency.objects.get().status == "prepared"


def test_what_is_changed_of_an_agency_in_use_waits_for_a_second_person_again() -> None:
    agency = make_agency()
    author = actor_of(Role.MANAGER)
    change_agency(actor=author, code="north", revision=1, values={"capacity_accounts": 5})
    agency.refresh_from_db()
    assert (agency.status, agency.capacity_accounts, agency.revision) == ("prepared", 5, 2)
    with pytest.raises(refusals.OwnWork):
        approve_agency(actor=author, code="north", today=timezone.localdate())
    with pytest.raises(refusals.AgencyStale):
        change_agency(actor=author, code="north", revision=1, values={"capacity_accounts": 6})
    approve_agency(actor=actor_of(Role.COMPLIANCE), code="north", today=timezone.localdate())
    assert Agency.objects.get().status == "in_use"


def test_an_agency_that_is_ended_stays_so_and_gives_everything_back() -> None:
    make_agency()
    with pytest.raises(refusals.ReasonMissing):
        stop_agency(actor=actor_of(Role.COMPLIANCE), code="north", ends=True, recalls=False, reason=" ")
    assert Agency.objects.get().status == "in_use"
    stop_agency(actor=actor_of(Role.COMPLIANCE), code="north", ends=True, recalls=False, reason="threats")
    agency = Agency.objects.get()
    assert (agency.status, agency.recalls_all) == ("ended", True)
    with pytest.raises(refusals.NothingToApprove):
        approve_agency(actor=actor_of(Role.MANAGER), code="north", today=timezone.localdate())
    with pytest.raises(refusals.AgencyEnded):
        evaluate()


# What blocks placement ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days_ago", "result", "blocker"), [(366, "passed", Blocker.EVALUATION), (10, "failed", Blocker.NOT_PASSED)]
)
def test_an_overdue_or_failed_evaluation_blocks_placement(days_ago: int, result: str, blocker: Blocker) -> None:
    agency = make_agency()
    today = timezone.localdate()
    other = make_agency("south")
    # North was evaluated so long ago, or failed since.
    if result == "failed":
        evaluate("north", days_ago, "failed")
        found = standing_of(agency, today)
    else:
        found = standing_of(agency, today - timedelta(days=30) + timedelta(days=days_ago))
    assert blocker in found.blockers
    assert blocker not in standing_of(other, today).blockers


def test_nothing_is_split_among_agencies_that_may_not_be_given_accounts() -> None:
    account = make_late()
    stand_at(DAY, [account])
    make_agency("north", staff=False)
    with pytest.raises(refusals.AgencyNotReady, match="nobody of it is registered"):
        split_batch(actor=actor_of(Role.TEAM_LEAD), rule="dpd >= 91", weights={"north": 1}, today=timezone.localdate())


# People -------------------------------------------------------------------------------------------------------------


def test_only_an_agency_user_and_nothing_else_is_registered_and_with_one_agency_only() -> None:
    make_agency("north", staff=False)
    make_agency("south", staff=False)
    today = timezone.localdate()
    analyst, both = make_user(Role.ANALYST), make_user(Role.AGENCY, Role.ANALYST)
    for user in (analyst, both):
        with pytest.raises(refusals.NotAgencyUser):
            register_person(actor=COMMAND, code="north", username=user.username, trained_on=today, today=today)
    user = make_collector(Agency.objects.get(code="north"))
    with pytest.raises(refusals.PersonElsewhere):
        register_person(actor=COMMAND, code="south", username=user.username, trained_on=today, today=today)
    end_person(actor=COMMAND, code="north", username=user.username, today=today)
    register_person(actor=COMMAND, code="south", username=user.username, trained_on=today, today=today)
    assert list(AgencyPerson.objects.filter(until=None).values_list("agency__code", flat=True)) == ["south"]


def test_a_training_of_more_than_a_year_ago_does_not_hold() -> None:
    agency = make_agency()
    today = timezone.localdate()
    user = make_user(Role.AGENCY)
    with pytest.raises(refusals.ValueMalformed, match="within a year"):
        register_person(actor=COMMAND, code="north", username=user.username, trained_on=today - timedelta(days=367), today=today)
    assert standing_of(agency, today).fit_people == 1
    AgencyPerson.objects.update(trained_on=today - timedelta(days=367))
    assert standing_of(agency, today).fit_people == 0


# Terms --------------------------------------------------------------------------------------------------------------


def test_terms_are_approved_by_somebody_else_and_never_changed() -> None:
    agency = make_agency()
    author = actor_of(Role.MANAGER)
    row = propose_terms(actor=author, code="north", live_from=DAY, bands=BANDS, tail_days=3, today=DAY)
    assert row.version == 2
    with pytest.raises(refusals.OwnWork):
        decide_terms(actor=author, code="north", version=2, approves=True)
    with pytest.raises(refusals.ReasonMissing):
        decide_terms(actor=actor_of(Role.APPROVER), code="north", version=2, approves=False)
    decide_terms(actor=actor_of(Role.APPROVER), code="north", version=2, approves=True)
    with pytest.raises(DatabaseError), transaction.atomic():
        CommissionTerms.objects.filter(pk=row.pk).update(tail_days=30)
    again = propose_terms(actor=author, code="north", live_from=DAY, bands=BANDS, tail_days=9, today=DAY)
    with pytest.raises(refusals.TermsThere):
        decide_terms(actor=actor_of(Role.APPROVER), code="north", version=again.version, approves=True)
    assert agency.terms.get(version=3).status == "proposed"


@pytest.mark.parametrize("band", [Band(3, 2, None, 100), Band(0, 8, None, 100), Band(0, 7, 0, 100), Band(0, 7, None, 10_001)])
def test_bands_that_cannot_be_are_refused(band: Band) -> None:
    make_agency()
    with pytest.raises(refusals.ValueMalformed):
        propose_terms(actor=actor_of(Role.MANAGER), code="north", live_from=DAY, bands=[band], tail_days=0, today=DAY)
    assert CommissionTerms.objects.count() == 1


def test_an_evaluation_that_is_recorded_stays() -> None:
    make_agency()
    row = evaluate()
    with pytest.raises(refusals.EvaluationThere):
        evaluate()
    with pytest.raises(DatabaseError), transaction.atomic():
        AgencyEvaluation.objects.filter(pk=row.pk).update(result="failed")
    with pytest.raises(DatabaseError), transaction.atomic():
        row.delete()

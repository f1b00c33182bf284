"""Letters, a legal case and agencies in the simulated book: half a year built for real shows each of them, once.

The build here is broken off on the days on which something is done, and taken up again: what those days did is counted at the
moment of the break and at the same moment of the second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from simulated_builds import Breaks, build_with, meant, recipe_of, reported

from accounts.models import Payment
from accounts.queries.verifying import differences_now
from casework.models import Plan
from recovery.models import Agency, AgencyStatement, CommissionLine, LegalCase, Letter, Placement, PlacementBatch
from recovery.operations.agencies.commissions import recomputed_minor
from recovery.operations.agencies.finding import standing_of
from riskops.simulation import staff
from riskops.simulation.building import Recipe

pytestmark = [pytest.mark.slow, pytest.mark.once, pytest.mark.timeout(1200), pytest.mark.django_db]


@pytest.fixture(scope="module")
def seven_months(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Recipe, Breaks]]:
    """A book of 120 accounts over April to October 2026, its build broken off on the days of letters, cases and agencies."""
    recipe = recipe_of(accounts=120, months=7)
    at = recipe.window.day
    days = {at(3, day) for day in (6, 7, 8, 13, 20, 21)}
    days |= {at(4, 2), at(4, 5), at(5, 1), at(5, 12), at(5, 17), at(6, 1), at(6, 6)}
    breaks = Breaks(days)
    with django_db_blocker.unblock(), transaction.atomic():
        with pytest.MonkeyPatch.context() as patch:
            build_with(recipe, breaks, patch)
        yield recipe, breaks
        transaction.set_rollback(True)


def test_half_a_year_changes_nothing_of_who_pays_what_and_does_nothing_twice(seven_months: tuple[Recipe, Breaks]) -> None:
    recipe, breaks = seven_months
    assert reported() == meant(recipe)
    assert list(map(str, differences_now())) == []
    assert breaks.left == set() and breaks.first == breaks.second
    call_command("audit_contacts", "--from", str(recipe.window.first_day), "--to", str(recipe.window.last_day))


def test_a_plan_that_misses_an_instalment_is_broken(seven_months: tuple[Recipe, Breaks]) -> None:
    recipe, _ = seven_months
    window = recipe.window
    kept, broken = Plan.objects.order_by("account__account_no")
    assert (kept.account.account_no, kept.status, kept.periods_kept) == ("S-013", "active", 4)
    # Due on the 6th of month 4; fifteen days are forgiven.
    assert (broken.account.account_no, broken.status, broken.ended_on) == ("S-014", "broken", window.day(4, 22))


def test_letters_are_approved_by_another_sent_and_proven(seven_months: tuple[Recipe, Breaks]) -> None:
    recipe, _ = seven_months
    window = recipe.window
    ended = Letter.objects.exclude(ended_on=None)
    assert ended.exists()
    for letter in ended:
        assert letter.proposed_by_name in staff.ANALYSTS and letter.decided_by_name == staff.LEGAL
        assert letter.contact is not None and letter.tracking_no and letter.files.count() == 1
        assert letter.document.total_minor > 0
    assert not Letter.objects.filter(status__in=["proposed", "approved", "printed", "sent"]).exists()
    told = Letter.objects.get(account__account_no="S-018")
    assert (told.status, told.sent_on, told.ended_on) == ("delivered", window.day(3, 8), window.day(3, 13))
    case = LegalCase.objects.get()
    stages = list(case.stages.order_by("pk").values_list("stage", "begun_on"))
    assert stages == [("mediation", window.day(3, 21)), ("suit", window.day(5, 12))]
    assert (case.account.account_no, case.proposed_by_name, case.booked_minor) == ("S-018", staff.LEAD, 35_000)


def test_accounts_are_placed_recalled_and_paid_for_to_the_cent(seven_months: tuple[Recipe, Breaks]) -> None:
    recipe, _ = seven_months
    window = recipe.window
    batch = PlacementBatch.objects.get()
    assert (batch.as_of, batch.placed_on, batch.status) == (window.day(4, 4), window.day(4, 5), "placed")
    assert batch.approved_by_name == staff.APPROVER and batch.drafted_by_name == staff.LEAD
    assert set(batch.shares) == set(staff.COLLECTORS)
    for agency in Agency.objects.all():
        assert standing_of(agency, window.last_day).blockers == ()
        assert agency.approved_by_name == staff.COMPLIANCE and agency.prepared_by_name == staff.MANAGER
    told = Placement.objects.get(account__account_no="S-019")
    assert (told.placed_on, told.recalled_on, told.recall_reason) == (window.day(4, 5), window.day(5, 18), "paid")

    # 600.00 on the fifteenth day at 20 %.
    first = CommissionLine.objects.get(placement=told, value_date=window.day(4, 20))
    assert (first.base_minor, first.rate_bp, first.commission_minor) == (60_000, 2_000, 12_000)
    statements = AgencyStatement.objects.all()
    assert {row.month for row in statements} == {window.day(4, 1), window.day(5, 1)}
    for row in statements:
        assert (row.status, row.prepared_by_name, row.issued_by_name) == ("issued", staff.LEAD, staff.APPROVER)
        lines = row.lines.all()
        assert sum(line.commission_minor for line in lines) == row.total_minor == recomputed_minor(lines)
        for line in lines:
            assert line.base_minor <= line.payment.amount_minor and line.value_date == line.payment.paid_on
    paid = Payment.objects.filter(account=told.account, paid_on__gt=told.placed_on, paid_on__lte=window.day(5, 31))
    stated = CommissionLine.objects.filter(placement=told).exclude(statement=None)
    assert sum(paid.values_list("amount_minor", flat=True)) == sum(stated.values_list("base_minor", flat=True))

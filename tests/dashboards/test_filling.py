"""Month-ends filled in from the entries."""

from __future__ import annotations

from datetime import date

import factories
import pytest
from books import close_through, put_snapshot, standing
from django.core.management import CommandError, call_command

from accounts.models import AccountSnapshot
from dashboards.answers import answer
from dashboards.models import DailyAggregate, FlowAggregate
from dashboards.rules.states import State
from dashboards.scope import month_ends
from riskops.shared.models import AuditEntry

pytestmark = pytest.mark.django_db
JANUARY, FEBRUARY, MARCH = date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31)


@pytest.fixture
def reported_march():
    """An account that paid late in February; only March was closed, and found it 5 days late."""
    account = factories.make_account(opened_on=date(2025, 1, 10))
    factories.make_installment(account, due_date=date(2025, 1, 20), booked_on=date(2025, 1, 11), principal=1_000)
    factories.make_installment(account, due_date=date(2025, 3, 26), booked_on=date(2025, 2, 3), principal=500, order_no="O2")
    factories.make_payment(account, paid_on=date(2025, 3, 1), amount=1_000)
    put_snapshot(account, MARCH, standing(5, 500))
    close_through(date(2025, 4, 3))
    return account


def test_a_filled_month_is_labelled_rebuilt_and_holds_what_the_entries_say(reported_march):
    call_command("rebuild_snapshots", "--from", "2025-01-01", "--to", "2025-12-31")
    rebuilt = AccountSnapshot.objects.get(as_of=FEBRUARY)
    assert (rebuilt.provenance, rebuilt.days_past_due, rebuilt.bucket) == ("rebuilt", 39, 2)
    assert (rebuilt.outstanding_principal_minor, rebuilt.overdue_principal_minor) == (1_500, 1_000)
    assert [(m.as_of, m.is_rebuilt) for m in month_ends()] == [(JANUARY, True), (FEBRUARY, True), (MARCH, False)]
    assert AccountSnapshot.objects.get(as_of=MARCH).provenance == "reported"
    assert {(a.as_of, a.provenance) for a in DailyAggregate.objects.all()} == {(JANUARY, "rebuilt"), (FEBRUARY, "rebuilt")}
    # The moves into March could not be known while February had no snapshots.
    moves = {(f.as_of, State(f.from_state).key, State(f.to_state).key) for f in FlowAggregate.objects.all()}
    assert moves == {(FEBRUARY, "m1", "m2"), (MARCH, "m2", "m1")}
    assert AuditEntry.objects.filter(action="snapshot.rebuild").count() == 2


def test_an_account_is_in_no_snapshot_before_it_was_opened(reported_march):
    factories.make_account(opened_on=date(2025, 2, 28))
    call_command("rebuild_snapshots", "--from", "2025-01-31", "--to", "2025-02-28")
    assert AccountSnapshot.objects.filter(as_of=JANUARY).count() == 1
    assert AccountSnapshot.objects.filter(as_of=FEBRUARY).count() == 2


def test_filling_again_or_over_a_report_changes_nothing(reported_march, capsys):
    call_command("rebuild_snapshots", "--from", "2025-02-28", "--to", "2025-03-31")
    before = list(AccountSnapshot.objects.order_by("as_of").values())
    factories.make_payment(reported_march, paid_on=date(2025, 2, 1), amount=1_000)
    capsys.readouterr()
    call_command("rebuild_snapshots", "--from", "2025-02-28", "--to", "2025-03-31")
    assert capsys.readouterr().out.splitlines() == [
        "2025-02-28 has its snapshots already; left as they are",
        "2025-03-31 has its snapshots already; left as they are",
    ]
    assert list(AccountSnapshot.objects.order_by("as_of").values()) == before


def test_a_month_that_is_not_closed_is_refused(reported_march):
    with pytest.raises(CommandError, match="the last closed day is 2025-04-03") as refused:
        call_command("rebuild_snapshots", "--from", "2025-04-01", "--to", "2025-06-30")
    assert refused.value.returncode == 2
    assert not AccountSnapshot.objects.exclude(as_of=MARCH).exists()


def test_rebuilt_months_can_be_left_out_of_a_metric_and_are_named_in_its_answer(reported_march):
    call_command("rebuild_snapshots", "--from", "2025-02-01", "--to", "2025-02-28")
    everything = answer("buckets", first=JANUARY, last=MARCH)
    assert {cell.as_of for cell in everything.cells} == {FEBRUARY, MARCH}
    assert everything.rebuilt_days == (FEBRUARY,)
    reported = answer("buckets", first=JANUARY, last=MARCH, options={"provenance": "reported"})
    assert ({cell.as_of for cell in reported.cells}, reported.rebuilt_days) == ({MARCH}, ())
    assert answer("roll_rates", first=MARCH, last=MARCH, options={"provenance": "reported"}).cells == []


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("lagged", {}),
        ("roll_rates", {}),
        ("transition_matrix", {}),
        ("vintage", {"mode": "ever", "n": "1"}),
    ],
)
def test_a_rebuilt_month_that_a_figure_looks_back_to_is_named_too(reported_march, capsys, tmp_path, name, options):
    call_command("rebuild_snapshots", "--from", "2025-01-01", "--to", "2025-02-28")
    asked = ["--from", "2025-03-01", "--to", "2025-03-31", *(f"--option={key}={value}" for key, value in options.items())]
    capsys.readouterr()
    call_command("export_metric", name, *asked, "--output", str(tmp_path / "cells.csv"))
    said = capsys.readouterr()
    assert "rebuilt from the entries, not reported by a close: " in said.err
    assert "2025-02-28" in said.err
    assert "reported" not in said.out
    # What stands at the month-end itself was reported.
    assert answer("coincident", first=MARCH, last=MARCH).rebuilt_days == ()
    assert answer("vintage", first=MARCH, last=MARCH).rebuilt_days == ()


def test_a_figure_that_looks_ahead_to_a_rebuilt_month_names_it():
    account = factories.make_account()
    put_snapshot(account, JANUARY, standing(5, 500))
    put_snapshot(account, FEBRUARY, standing(0, 500), provenance="rebuilt")
    close_through(FEBRUARY)
    assert answer("cure", first=JANUARY, last=JANUARY).rebuilt_days == (FEBRUARY,)
    assert answer("cure", first=JANUARY, last=JANUARY, options={"provenance": "reported"}).cells == []

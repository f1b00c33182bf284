"""Commission to the minor unit: earned, after recall, taken back; statements that are frozen and add up."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from agency_books import BANDS, DAY, NEXT, actor_of, close, make_agency, make_late, place, stand_at
from django.db import DatabaseError, transaction
from factories import TESTER

from accounts.models import AccountSignals, CreditAccount, Payment
from accounts.operations.payments import post_payment, reverse_payment
from recovery.models import Agency, AgencyStatement, CommissionLine, Placement
from recovery.operations.agencies import refusals
from recovery.operations.agencies.recalling import recall_account
from recovery.operations.agencies.statements import drop_statement, issue_statement, prepare_statement
from recovery.queries.agency_statements import statement_rows
from recovery.rules.commission import Band, Placed, commission_minor, counts_for, rate_bp
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def north() -> Agency:
    return make_agency("north")


@pytest.fixture
def account(north: Agency) -> CreditAccount:
    """An account of 1,000.00, placed with north by the close of 11 March."""
    account = make_late()
    stand_at(DAY, [account])
    place([account], north)
    return account


def pay(account: CreditAccount, amount: int, day: date, reference: str) -> None:
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=amount, value_date=day, reference=reference)


def lines() -> list[tuple[str, int, int, int, bool]]:
    rows = CommissionLine.objects.order_by("pk").values_list(
        "payment__payment_no", "base_minor", "rate_bp", "commission_minor", "is_tail"
    )
    return list(rows)


# Rules ------------------------------------------------------------------------------------------------------------


def test_commission_is_rounded_half_up_to_whole_minor_units() -> None:
    # 25 % of 2 fen is half a fen, of 1 a quarter; 12.34 % of 1,234.57 is 152.345938.
    assert [commission_minor(2, 2_500), commission_minor(1, 2_500), commission_minor(123_457, 1_234)] == [1, 0, 15_235]


def test_the_first_band_that_fits_counts_and_none_is_nothing() -> None:
    bands = (Band(4, 7, 60, 3_000), Band(0, 3, None, 1_500))
    assert rate_bp(bands, bucket=4, age_days=60) == 3_000
    assert rate_bp(bands, bucket=4, age_days=61) == 0
    assert rate_bp(bands, bucket=3, age_days=500) == 1_500


def test_what_is_paid_on_the_day_of_placement_counts_for_nobody_and_a_new_placement_ends_the_tail() -> None:
    first = Placed(date(2025, 1, 1), date(2025, 2, 10), date(2025, 2, 1), 4)
    second = Placed(date(2025, 2, 5), None, None, 4)
    assert counts_for([first], date(2025, 1, 1)) is None
    assert counts_for([first], date(2025, 1, 2)) == 0
    assert counts_for([first], date(2025, 2, 10)) == 0
    assert counts_for([first], date(2025, 2, 11)) is None
    assert counts_for([first, second], date(2025, 2, 5)) == 0
    assert counts_for([first, second], date(2025, 2, 6)) == 1


# Lines ------------------------------------------------------------------------------------------------------------


def test_a_payment_earns_by_its_age_and_its_reversal_takes_it_back(account: CreditAccount) -> None:
    pay(account, 10_001, NEXT, "on-the-day")
    pay(account, 10_001, NEXT + timedelta(days=1), "first")
    close(NEXT + timedelta(days=1))
    assert lines() == [("first", 10_001, 2_500, 2_500, False)]
    reverse_payment(actor=TESTER, payment_no="first", value_date=NEXT + timedelta(days=2), reference="undo", reason="bounced")
    close(NEXT + timedelta(days=2))
    assert lines()[1:] == [("undo", -10_001, 2_500, -2_500, False)]
    close(NEXT + timedelta(days=3))
    assert len(lines()) == 2


def test_what_was_more_than_owed_earns_nothing(account: CreditAccount) -> None:
    day = NEXT + timedelta(days=1)
    pay(account, 150_000, day, "too-much")
    close(day)
    assert lines() == [("too-much", 100_000, 2_500, 25_000, False)]
    # The credit is of nobody's doing, wherever it goes; and it is what its payment earned that a reversal takes back.
    reverse_payment(actor=TESTER, payment_no="too-much", value_date=day + timedelta(days=1), reference="undo", reason="bounced")
    close(day + timedelta(days=1))
    assert lines()[1:] == [("undo", -100_000, 2_500, -25_000, False)]


def test_what_was_paid_and_reversed_before_it_was_settled_comes_to_nothing(account: CreditAccount) -> None:
    day = NEXT + timedelta(days=1)
    close(day)
    close(day + timedelta(days=1))
    pay(account, 150_000, day, "late")
    reverse_payment(actor=TESTER, payment_no="late", value_date=day + timedelta(days=1), reference="undo", reason="bounced")
    close(day + timedelta(days=2))
    assert [line[:2] for line in lines()] == [("late", 100_000), ("undo", -100_000)]


def test_after_a_recall_the_tail_counts_and_no_day_more(account: CreditAccount) -> None:
    recall_account(actor=actor_of(Role.TEAM_LEAD), account_no=account.account_no, reason="other", note="moves to legal")
    placement = Placement.objects.get()
    assert (placement.recalled_on, placement.tail_until) == (date(2025, 3, 12), date(2025, 3, 17))
    assert not AccountSignals.objects.get(account=account).is_placed
    pay(account, 1_000, date(2025, 3, 17), "last-of-tail")
    pay(account, 1_000, date(2025, 3, 18), "too-late")
    for day in range(12, 19):
        close(date(2025, 3, day))
    assert lines() == [("last-of-tail", 1_000, 2_500, 250, True)]


def test_recall_of_an_account_paid_today_is_refused_and_changes_nothing(account: CreditAccount) -> None:
    pay(account, 20_000, NEXT + timedelta(days=1), "today")
    before = AuditEntry.objects.count()
    with pytest.raises(refusals.PaidToday, match=r"paid 200\.00 on .*12"):
        recall_account(actor=actor_of(Role.TEAM_LEAD), account_no=account.account_no, reason="other", note="n")
    assert Placement.objects.get().recalled_on is None
    assert AccountSignals.objects.get(account=account).is_placed
    assert (lines(), AuditEntry.objects.count()) == ([], before)
    close(NEXT + timedelta(days=1))
    recall_account(actor=actor_of(Role.TEAM_LEAD), account_no=account.account_no, reason="other", note="n")
    assert lines() == [("today", 20_000, 2_500, 5_000, False)]
    assert Placement.objects.get().recalled_on == date(2025, 3, 13)


def test_paid_in_full_it_is_recalled_by_the_close_with_its_commission(account: CreditAccount) -> None:
    pay(account, 100_000, NEXT + timedelta(days=1), "all")
    assert Placement.objects.get().recalled_on is None
    close(NEXT + timedelta(days=1))
    placement = Placement.objects.get()
    assert (placement.recalled_on, placement.recall_reason) == (date(2025, 3, 12), "paid")
    assert lines() == [("all", 100_000, 2_500, 25_000, False)]


# Statements -------------------------------------------------------------------------------------------------------


def _march(account: CreditAccount, until: date = date(2025, 4, 30)) -> None:
    pay(account, 10_001, date(2025, 3, 15), "mid-march")
    day = NEXT + timedelta(days=1)
    while day <= until:
        close(day)
        day += timedelta(days=1)


def test_a_statement_is_drawn_up_issued_by_somebody_else_and_frozen(north: Agency, account: CreditAccount) -> None:
    _march(account, date(2025, 3, 31))
    clerk = actor_of(Role.TEAM_LEAD)
    assert [(one.lines, one.commission_minor) for one in statement_rows().unstated] == [(1, 2_500)]
    row = prepare_statement(actor=clerk, code="north", month=date(2025, 3, 1))
    assert (row.lines_count, row.base_minor, row.total_minor) == (1, 10_001, 2_500)
    # What stands on one that is drawn up is stated, though its lines are frozen only with the issue.
    assert statement_rows().unstated == ()
    with pytest.raises(refusals.OwnWork):
        issue_statement(actor=clerk, statement_id=row.pk)
    with pytest.raises(refusals.StatementThere):
        prepare_statement(actor=clerk, code="north", month=date(2025, 3, 1))
    issue_statement(actor=actor_of(Role.APPROVER), statement_id=row.pk)
    line = CommissionLine.objects.get()
    assert line.statement_id == row.pk
    for change in ({"commission_minor": 1}, {"statement": None}):
        with pytest.raises(DatabaseError), transaction.atomic():
            CommissionLine.objects.filter(pk=line.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        AgencyStatement.objects.filter(pk=row.pk).update(total_minor=1)
    # The payment bounces in April: March stays, April takes it back.
    reverse_payment(actor=TESTER, payment_no="mid-march", value_date=date(2025, 4, 2), reference="undo", reason="bounced")
    for day in range(1, 31):
        close(date(2025, 4, day))
    april = prepare_statement(actor=clerk, code="north", month=date(2025, 4, 1))
    assert (april.lines_count, april.base_minor, april.total_minor) == (1, -10_001, -2_500)
    row.refresh_from_db()
    assert row.total_minor == 2_500


def test_what_is_entered_late_for_an_issued_month_comes_on_the_next_statement(north: Agency, account: CreditAccount) -> None:
    _march(account, date(2025, 3, 31))
    row = prepare_statement(actor=actor_of(Role.TEAM_LEAD), code="north", month=date(2025, 3, 1))
    pay(account, 4_000, date(2025, 3, 20), "late")
    issue_statement(actor=actor_of(Role.APPROVER), statement_id=row.pk)
    assert list(row.lines.values_list("payment__payment_no", flat=True)) == ["mid-march"]
    for day in range(1, 31):
        close(date(2025, 4, day))
    april = prepare_statement(actor=actor_of(Role.TEAM_LEAD), code="north", month=date(2025, 4, 1))
    assert (april.lines_count, april.total_minor) == (1, 1_000)


def test_a_month_that_is_not_closed_has_no_statement(north: Agency, account: CreditAccount) -> None:
    with pytest.raises(refusals.MonthNotClosed):
        prepare_statement(actor=actor_of(Role.TEAM_LEAD), code="north", month=date(2025, 3, 1))
    assert not AgencyStatement.objects.exists()


def test_a_statement_that_does_not_add_up_to_the_payments_is_not_issued(north: Agency, account: CreditAccount) -> None:
    _march(account, date(2025, 3, 31))
    row = prepare_statement(actor=actor_of(Role.TEAM_LEAD), code="north", month=date(2025, 3, 1))
    # Somebody changed what was drawn up behind its back.
    AgencyStatement.objects.filter(pk=row.pk).update(total_minor=2_501)
    with pytest.raises(refusals.StatementUnreconciled, match=r"25\.00"):
        issue_statement(actor=actor_of(Role.APPROVER), statement_id=row.pk)
    row.refresh_from_db()
    assert (row.status, CommissionLine.objects.get().statement_id) == ("prepared", None)
    drop_statement(actor=actor_of(Role.APPROVER), statement_id=row.pk, reason="does not add up")
    again = prepare_statement(actor=actor_of(Role.TEAM_LEAD), code="north", month=date(2025, 3, 1))
    assert again.total_minor == 2_500


def test_a_line_that_says_more_than_its_payment_settled_is_not_stated(north: Agency, account: CreditAccount) -> None:
    pay(account, 150_000, date(2025, 3, 15), "too-much")
    placement = Placement.objects.get()
    # Written by something else than the close: the whole payment, as if all of it had been owed.
    CommissionLine.objects.create(
        placement=placement, agency=north, payment=Payment.objects.get(), value_date=date(2025, 3, 15), base_minor=150_000,
        rate_bp=2_500, commission_minor=37_500, is_tail=False,
    )  # fmt: skip
    day = NEXT + timedelta(days=1)
    while day <= date(2025, 3, 31):
        close(day)
        day += timedelta(days=1)
    row = prepare_statement(actor=actor_of(Role.TEAM_LEAD), code="north", month=date(2025, 3, 1))
    with pytest.raises(refusals.StatementUnreconciled, match=r"375\.00.*250\.00"):
        issue_statement(actor=actor_of(Role.APPROVER), statement_id=row.pk)


def test_what_is_entered_later_with_a_day_before_changes_no_line(north: Agency, account: CreditAccount) -> None:
    pay(account, 100_000, date(2025, 3, 15), "all")
    day = NEXT + timedelta(days=1)
    while day <= date(2025, 3, 31):
        close(day)
        day += timedelta(days=1)
    row = prepare_statement(actor=actor_of(Role.TEAM_LEAD), code="north", month=date(2025, 3, 1))
    # The bank sends one of the 14th: of the 15th's, 400.00 are credit since.
    pay(account, 40_000, date(2025, 3, 14), "late")
    issue_statement(actor=actor_of(Role.APPROVER), statement_id=row.pk)
    assert row.total_minor == 25_000


def test_the_terms_of_the_day_of_placement_count(north: Agency, account: CreditAccount) -> None:
    assert Placement.objects.get().terms.parts == BANDS

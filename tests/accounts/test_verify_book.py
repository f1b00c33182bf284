"""`verify_book`: a sound book passes, a value that was tampered with is named, late corrections are told apart."""

from __future__ import annotations

import io
from datetime import date

import pytest
from closed_books import FIRST, LAST, MONTH_END, close, late_and_paid
from django.core.management import CommandError, call_command
from factories import TESTER, make_account, make_installment

from accounts.models import AccountSnapshot, AccountState, Allocation, CreditAccount, Installment, Payment
from accounts.operations.payments import post_payment, reverse_payment
from accounts.operations.rebuilding import rebuild_where_they_stand
from accounts.operations.waivers import waive
from accounts.operations.write_offs import write_off
from accounts.rules.terms import Component
from dashboards.operations.filling import fill_month_ends
from riskops.shared.audit import record
from riskops.shared.models import BookState, CloseRun


def verify(*arguments: str) -> tuple[int, list[str]]:
    """Run the command and return its exit status and the lines it wrote."""
    out = io.StringIO()
    try:
        call_command("verify_book", *arguments, stdout=out, stderr=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


@pytest.fixture
def book(db: None) -> tuple[CreditAccount, CreditAccount]:
    """A book closed from 29 March to 2 April: `b-late` owes since 1 March, `A-paid` paid on 1 April."""
    accounts = late_and_paid()
    close()
    return accounts


def test_a_closed_book_agrees_with_its_entries(book: tuple[CreditAccount, CreditAccount]) -> None:
    assert verify() == (0, ["the book agrees with its entries"])
    assert verify("--date", "2025-04-02") == (0, ["the report of 2025-04-02 agrees with its entries"])
    assert verify("--date", "2025-03-31") == (0, ["the report of 2025-03-31 agrees with its entries"])


def test_an_account_that_is_ahead_of_the_close_agrees_too(book: tuple[CreditAccount, CreditAccount]) -> None:
    post_payment(actor=TESTER, account_id=book[0].pk, amount_minor=100, value_date=date(2025, 4, 3), reference="T1")

    assert verify() == (0, ["the book agrees with its entries"])
    assert verify("--date", "2025-04-02") == (0, ["the report of 2025-04-02 agrees with its entries"])


def test_a_book_before_its_first_close_has_nothing_to_compare(db: None) -> None:
    late_and_paid()

    assert verify() == (0, ["the book agrees with its entries"])


@pytest.mark.django_db(transaction=True)
def test_a_database_that_nothing_was_ever_written_to_is_read_and_stays_so() -> None:
    BookState.objects.all().delete()

    assert verify() == (0, ["the book agrees with its entries"])
    with pytest.raises(CommandError, match=r"Reported days: none yet\."):
        call_command("verify_book", "--date", "2025-03-31")
    assert not BookState.objects.exists()


def test_each_kind_of_tampering_is_named_and_exits_1(book: tuple[CreditAccount, CreditAccount]) -> None:
    late, paid = book
    AccountState.objects.filter(pk=late.pk).update(days_past_due=31, bucket=2, is_written_off=True)
    Installment.objects.filter(account=late).update(principal_unpaid_minor=9_999)
    Allocation.objects.filter(component=Component.PENALTY).delete()
    Payment.objects.update(is_posted=False)
    installment, payment = Installment.objects.get(account=paid), Payment.objects.get()

    status, lines = verify()

    assert status == 1
    assert lines == [
        "b-late days_past_due: stored 31, rebuilt 32",
        "b-late is_written_off: stored True, rebuilt False",
        "b-late instalment O1/1 principal_unpaid_minor: stored 9999, rebuilt 10000",
        f"A-paid allocation of payment id {payment.pk} to instalment id {installment.pk}, 310 of penalty on 2025-04-01: "
        "stored nothing, rebuilt a row",
        f"A-paid payment id {payment.pk} is_posted: stored False, rebuilt True",
        "the book differs from its entries in 5 values; rebuild the accounts listed",
    ]


def test_an_allocation_too_many_is_named(book: tuple[CreditAccount, CreditAccount]) -> None:
    _, paid = book
    Allocation.objects.create(
        account=paid,
        payment=Payment.objects.get(),
        installment=Installment.objects.get(account=paid),
        component=Component.FEE,
        amount_minor=5,
        allocated_on=LAST,
    )

    status, lines = verify()

    assert (status, len(lines)) == (1, 2)
    assert lines[0].endswith("5 of fee on 2025-04-02: stored a row, rebuilt nothing")


def test_an_account_without_a_state_is_named(book: tuple[CreditAccount, CreditAccount]) -> None:
    make_account(account_no="A-lost", opened_on=MONTH_END)
    make_account(account_no="A-later", opened_on=date(2025, 4, 3))

    assert verify()[1][0] == "A-lost state: stored nothing, rebuilt a row"
    assert len(verify()[1]) == 2


def test_a_snapshot_that_was_rewritten_is_a_failure(book: tuple[CreditAccount, CreditAccount]) -> None:
    AccountSnapshot.objects.filter(as_of=MONTH_END, account_id=book[0].pk).update(penalty_due_minor=1)

    status, lines = verify("--date", "2025-03-31")

    assert status == 1
    assert lines == [
        "b-late penalty_due_minor: stored 1, rebuilt 300",
        "the report of 2025-03-31 differs from its entries in 1 values; rebuild the accounts listed",
    ]


def test_entries_made_after_the_close_are_late_corrections_and_no_failure(book: tuple[CreditAccount, CreditAccount]) -> None:
    late, _ = book
    post_payment(actor=TESTER, account_id=late.pk, amount_minor=10_000, value_date=date(2025, 3, 1), reference="T-late")
    reverse_payment(actor=TESTER, payment_no="T-paid", value_date=date(2025, 4, 1), reference="R1", reason="bounced")

    assert verify() == (0, ["the book agrees with its entries"])
    status, lines = verify("--date", "2025-03-31")
    assert status == 0
    # Reported 30 days late with 10,000 and 300 of penalty; known to have paid on the due date.
    assert lines[0] == "late correction: b-late oldest_unpaid_due_date: stored 2025-03-01, rebuilt None"
    assert lines[1] == "late correction: b-late days_past_due: stored 30, rebuilt 0"
    assert {line.split()[2] for line in lines[:-1]} == {"b-late"}
    assert lines[-1].startswith("the report of 2025-03-31 agrees with its entries; 7 late corrections")
    status, lines = verify("--date", "2025-04-02")
    assert status == 0
    assert "late correction: A-paid credit_balance_minor: stored 5, rebuilt 0" in lines
    assert "late correction: A-paid days_past_due: stored 0, rebuilt 32" in lines


def test_a_late_correction_does_not_hide_a_tampered_snapshot(book: tuple[CreditAccount, CreditAccount]) -> None:
    late, _ = book
    post_payment(actor=TESTER, account_id=late.pk, amount_minor=10_000, value_date=date(2025, 3, 1), reference="T-late")
    AccountSnapshot.objects.filter(as_of=MONTH_END, account_id=late.pk).update(penalty_due_minor=1)

    status, lines = verify("--date", "2025-03-31")

    assert status == 1
    assert "b-late penalty_due_minor: stored 1, rebuilt 0" in lines


def test_waivers_write_offs_and_instalments_of_closed_days_are_late_corrections(
    book: tuple[CreditAccount, CreditAccount],
) -> None:
    late, paid = book
    waive(
        actor=TESTER,
        account_id=late.pk,
        order_no="O1",
        sequence=1,
        component=Component.PENALTY,
        amount_minor=100,
        value_date=MONTH_END,
        reference="W1",
        reason="goodwill",
    )
    write_off(actor=TESTER, account_id=late.pk, value_date=MONTH_END, reference="X1", reason="gone")
    make_installment(paid, due_date=date(2025, 5, 1), principal=700, booked_on=date(2025, 3, 30))
    rebuild_where_they_stand([paid.pk], business_date=LAST)

    assert verify() == (0, ["the book agrees with its entries"])
    status, lines = verify("--date", "2025-03-31")
    assert status == 0
    assert sorted(lines[:-1]) == [
        "late correction: A-paid outstanding_principal_minor: stored 10000, rebuilt 10700",
        "late correction: b-late is_written_off: stored False, rebuilt True",
        "late correction: b-late penalty_due_minor: stored 300, rebuilt 200",
    ]


def test_an_instalment_that_an_import_changed_later_is_a_late_correction(db: None) -> None:
    late, _ = late_and_paid()
    future = make_installment(late, due_date=date(2025, 6, 1), principal=700)
    close()
    # As the import writes it down, then changes the row.
    record(
        actor=TESTER,
        action="installment.change",
        subject_type="installment",
        subject_key="b-late O1 2",
        account_id=late.pk,
        before={"booked_on": "2025-01-01", "due_date": "2025-06-01", "principal_minor": 700, "interest_minor": 0, "fee_minor": 0},
        after={"booked_on": "2025-01-01", "due_date": "2025-06-01", "principal_minor": 900, "interest_minor": 0, "fee_minor": 0},
    )
    Installment.objects.filter(pk=future.pk).update(principal_minor=900, principal_unpaid_minor=900)
    rebuild_where_they_stand([late.pk], business_date=LAST)

    status, lines = verify("--date", "2025-04-02")

    assert status == 0
    assert lines[0] == "late correction: b-late outstanding_principal_minor: stored 10700, rebuilt 10900"


def test_an_account_that_came_after_the_close_is_a_late_correction_and_one_that_was_lost_is_not(
    book: tuple[CreditAccount, CreditAccount],
) -> None:
    new = make_account(account_no="A-new", opened_on=MONTH_END)
    rebuild_where_they_stand([new.pk], business_date=LAST)
    AccountSnapshot.objects.filter(as_of=MONTH_END, account_id=book[0].pk).delete()

    status, lines = verify("--date", "2025-03-31")
    assert status == 1
    assert lines[:2] == [
        "late correction: A-new reported state: stored nothing, rebuilt a row",
        "b-late reported state: stored nothing, rebuilt a row",
    ]
    assert verify("--date", "2025-04-02")[1][0] == "late correction: A-new reported state: stored nothing, rebuilt a row"


def test_accounts_that_came_after_a_month_end_that_found_nobody_are_late_corrections(db: None) -> None:
    close(FIRST, MONTH_END)
    late, _ = late_and_paid()
    rebuild_where_they_stand([late.pk], business_date=MONTH_END)
    # Filled in, the month has snapshots, but still none that its close reported.
    list(fill_month_ends(MONTH_END, MONTH_END, actor=TESTER))

    status, lines = verify("--date", "2025-03-31")

    assert status == 0
    assert "late correction: b-late reported state: stored nothing, rebuilt a row" in lines


def test_a_report_that_was_deleted_as_a_whole_is_a_failure(book: tuple[CreditAccount, CreditAccount]) -> None:
    AccountSnapshot.objects.all().delete()

    assert verify("--date", "2025-03-31")[0] == 1


def test_a_day_without_a_report_exits_2_and_lists_the_days(book: tuple[CreditAccount, CreditAccount]) -> None:
    with pytest.raises(CommandError, match="Reported days: 2025-03-31, 2025-04-02") as refusal:
        verify("--date", "2025-04-01")

    assert refusal.value.returncode == 2


def test_while_a_day_is_being_closed_the_book_cannot_be_compared(book: tuple[CreditAccount, CreditAccount]) -> None:
    day = date(2025, 4, 3)
    CloseRun.objects.create(business_date=day, through=day, status=CloseRun.Status.RUNNING, started_by="x")

    with pytest.raises(CommandError, match="2025-04-03") as refusal:
        verify()

    assert refusal.value.returncode == 2

"""What a second delivery may change, and what not; entries of closed days. Source: portfolio-format, "Files", rules 6 and 7."""

from datetime import date
from pathlib import Path

import pytest
from deliveries import GOOD, book, deliver, found, last_import, load_good
from factories import set_business_date

from accounts.models import (
    AccountState,
    Allocation,
    CreditAccount,
    Customer,
    CustomerNameToken,
    Installment,
    Payment,
    Product,
    ReportedState,
)
from accounts.operations.rebuilding import rebuild_accounts
from riskops.shared.models import AuditEntry, CloseRun
from riskops.shared.personal import name_token_indexes

pytestmark = pytest.mark.django_db

HEADER = {name: text.splitlines()[0] + "\n" for name, text in GOOD.items()}


def _close(day: date) -> None:
    """Bring every account to the close of a day, as a close does."""
    set_business_date(day)
    rebuild_accounts(CreditAccount.objects.values_list("pk", flat=True), as_of=day, ahead_on=None)


def _counts(file: str) -> dict[str, int]:
    return last_import().counts[f"{file}.csv"]


def test_the_same_delivery_again_changes_nothing_and_is_hardly_read(tmp_path: Path) -> None:
    load_good(tmp_path)
    before, audit = book(), AuditEntry.objects.count()

    load_good(tmp_path)

    assert book() == before
    assert AuditEntry.objects.count() == audit + 1
    assert _counts("installments") == {"rows": 3, "added": 0, "changed": 0, "unchanged": 3, "refused": 0, "repeated": 0}


def test_rows_said_again_in_other_files_change_nothing(tmp_path: Path) -> None:
    load_good(tmp_path)
    before = book()

    # One more attribute makes it another delivery, so that all rows are compared one by one.
    outcome = deliver(tmp_path, **GOOD | {"products": GOOD["products"] + "other,,,\n"})

    assert outcome.is_clean
    assert _counts("products") == {"rows": 2, "added": 1, "changed": 0, "unchanged": 1, "refused": 0, "repeated": 0}
    for file, rows in (("customers", 2), ("accounts", 2), ("installments", 3), ("payments", 2)):
        assert _counts(file) == {"rows": rows, "added": 0, "changed": 0, "unchanged": rows, "refused": 0, "repeated": 0}
    after = book()
    assert [row for row in after.pop("products") if row[0] != "other"] == before.pop("products")
    assert after == before


def test_an_older_delivery_after_a_newer_one_is_not_taken_for_a_repeat(tmp_path: Path) -> None:
    load_good(tmp_path)
    deliver(tmp_path, accounts=HEADER["accounts"] + "A1,C1,std,2025-01-01,7\n")

    load_good(tmp_path)

    assert CreditAccount.objects.get(account_no="A1").credit_limit_minor == 1_000_000
    assert _counts("accounts")["changed"] == 1


def test_a_change_on_the_site_makes_the_same_delivery_mean_something_again(tmp_path: Path) -> None:
    load_good(tmp_path)
    CreditAccount.objects.filter(account_no="A1").update(credit_limit_minor=1, content_hash=0)
    from factories import TESTER

    from riskops.shared.audit import record

    record(actor=TESTER, action="limit.change", subject_type="account", subject_key="A1")

    load_good(tmp_path)

    assert CreditAccount.objects.get(account_no="A1").credit_limit_minor == 1_000_000


def test_customers_change_whole_with_their_indexes_and_an_entry_without_values(tmp_path: Path) -> None:
    load_good(tmp_path)
    tokens_of_other = CustomerNameToken.objects.filter(customer__customer_no="C2").count()

    outcome = deliver(
        tmp_path,
        customers="customer_no,name,email,language,consent_sms\nC1,李雷,L@example.com,en,yes\nC2,Ann Lee,,,\n",
    )

    assert outcome.is_clean
    customer = Customer.objects.get(customer_no="C1")
    assert customer.person == {"name": "李雷", "email": "L@example.com"}
    assert (customer.phone_index, customer.language, customer.consent_sms) == (None, "en", True)
    assert set(CustomerNameToken.objects.filter(customer=customer).values_list("token_index", flat=True)) == name_token_indexes(
        "李雷"
    )
    assert CustomerNameToken.objects.filter(customer__customer_no="C2").count() == tokens_of_other == 2
    entry = AuditEntry.objects.get(action="customer.update", subject_key="C1")
    assert (entry.actor_name, entry.before, entry.after) == ("tester", None, {"fields": "personal data or contact settings"})
    assert entry.reason == f"import {outcome.portfolio_import.pk} of {outcome.portfolio_import.source_name}"


def test_a_customer_is_compared_by_value_and_not_by_spelling(tmp_path: Path) -> None:
    load_good(tmp_path)
    audit = AuditEntry.objects.filter(action="customer.update").count()
    spelled = (
        "customer_no,name,phone,language,time_zone,consent_sms\n"
        "C1,王小明,+8610000000001,zh-hans,,no\nC2,Ann Lee,,,Asia/Shanghai,\nC2,Ann Lee,,zh-hans,,no\n"
    )

    outcome = deliver(tmp_path, customers=spelled)

    assert found(outcome) == []
    assert outcome.portfolio_import.counts["customers.csv"] == {
        "rows": 3, "added": 0, "changed": 0, "unchanged": 2, "refused": 0, "repeated": 1,
    }  # fmt: skip
    assert AuditEntry.objects.filter(action="customer.update").count() == audit


def test_of_a_product_only_the_name_changes(tmp_path: Path) -> None:
    load_good(tmp_path)

    assert deliver(tmp_path, products=HEADER["products"] + "std,Classic,CNY,500\n").is_clean
    assert Product.objects.get().name == "Classic"
    entry = AuditEntry.objects.get(action="product.update")
    assert (entry.subject_key, entry.before, entry.after) == ("std", {"name": "Standard"}, {"name": "Classic"})

    outcome = deliver(
        tmp_path, products="product_code,name,penalty_rate_ppm,grace_days,penalty_cap_percent\nstd,Third,501,3,24\n"
    )
    assert found(outcome) == [
        ("products.csv", 2, "grace_days", "3", "product_changed"),
        ("products.csv", 2, "penalty_rate_ppm", "501", "product_changed"),
        ("products.csv", 2, "penalty_cap_percent", "24.00", "product_changed"),
    ]
    assert outcome.log.errors[1].message == "the product is in the book with penalty_rate_ppm 500; only its name may change"
    assert (Product.objects.get().name, Product.objects.get().penalty_rate_ppm) == ("Classic", 500)


def test_of_an_account_only_the_limit_changes(tmp_path: Path) -> None:
    load_good(tmp_path)

    assert deliver(tmp_path, accounts=HEADER["accounts"] + "A1,C1,std,2025-01-01,20000.01\n").is_clean
    account = CreditAccount.objects.get(account_no="A1")
    assert account.credit_limit_minor == 2_000_001
    entry = AuditEntry.objects.get(action="account.change_limit")
    assert (entry.account_id, entry.before, entry.after) == (
        account.pk, {"credit_limit_minor": 1_000_000}, {"credit_limit_minor": 2_000_001},
    )  # fmt: skip
    before = book()

    outcome = deliver(tmp_path, accounts=HEADER["accounts"] + "A1,C2,std,2025-01-02,5\n")
    assert found(outcome) == [
        ("accounts.csv", 2, "customer_no", "C2", "account_changed"),
        ("accounts.csv", 2, "opened_on", "2025-01-02", "account_changed"),
    ]
    assert outcome.log.errors[1].params["book"] == "2025-01-01"
    assert book() == before


@pytest.mark.parametrize(
    ("row", "column", "value", "in_book"),
    [
        ("P1,A2,2025-02-01,50,bank,,,", "account_no", "A2", "A1"),
        ("P1,A1,2025-02-02,50,bank,,,", "paid_on", "2025-02-02", "2025-02-01"),
        ("P1,A1,2025-02-01,50.01,bank,,,", "amount", "50.01", "50.00"),
        ("P2,A2,2025-02-10,20,app,O2,1,", "order_no", "O2", "O1"),
        ("P2,A2,2025-02-10,20,app,O1,2,", "sequence", "2", "1"),
    ],
)
def test_a_payment_never_changes(tmp_path: Path, row: str, column: str, value: str, in_book: str) -> None:
    load_good(tmp_path)
    before = book()

    outcome = deliver(tmp_path, payments=HEADER["payments"] + row + "\n")

    assert found(outcome) == [("payments.csv", 2, column, value, "payment_changed")]
    assert outcome.log.errors[0].params["book"] == (in_book if column != "sequence" else 1)
    assert book() == before


def test_a_payment_that_becomes_a_reversal_is_a_changed_payment(tmp_path: Path) -> None:
    load_good(tmp_path)
    deliver(tmp_path, payments=HEADER["payments"] + "P3,A1,2025-02-01,50,,,,\n")

    outcome = deliver(tmp_path, payments=HEADER["payments"] + "P3,A1,2025-02-01,50,,,,P1\n")

    assert found(outcome) == [("payments.csv", 2, "reverses", "P1", "payment_changed")]
    assert Payment.objects.get(payment_no="P3").reverses is None


def test_the_channel_of_a_payment_changes(tmp_path: Path) -> None:
    load_good(tmp_path)

    assert deliver(tmp_path, payments=HEADER["payments"] + "P1,A1,2025-02-01,50.00,cash,,,\n").is_clean

    assert Payment.objects.get(payment_no="P1").channel == "cash"
    assert _counts("payments") == {"rows": 1, "added": 0, "changed": 1, "unchanged": 0, "refused": 0, "repeated": 0}
    entry = AuditEntry.objects.get(action="payment.change_channel")
    assert (entry.subject_key, entry.before, entry.after) == ("P1", {"channel": "bank"}, {"channel": "cash"})


def test_an_instalment_changes_until_its_due_date_is_closed(tmp_path: Path) -> None:
    load_good(tmp_path)
    _close(date(2025, 1, 31))

    # O1/1 is due on 2025-02-01, the day after the last closed one.
    changed = HEADER["installments"] + "A1,O1,1,2025-01-05,2025-02-02,90.5,,\n"
    assert found(deliver(tmp_path, installments=changed)) == []
    one = Installment.objects.get(account__account_no="A1", sequence=1)
    assert (one.booked_on, one.due_date, one.principal_minor, one.interest_minor, one.fee_minor) == (
        date(2025, 1, 5), date(2025, 2, 2), 9_050, 0, 0,
    )  # fmt: skip
    assert (one.principal_unpaid_minor, one.interest_unpaid_minor, one.fee_unpaid_minor) == (9_050, 0, 0)
    entry = AuditEntry.objects.get(action="installment.change")
    assert (entry.subject_key, entry.account_id) == ("A1 O1 1", one.account_id)
    assert entry.before == {
        "booked_on": "2025-01-01", "due_date": "2025-02-01", "principal_minor": 10_000, "interest_minor": 125, "fee_minor": 50,
    }  # fmt: skip
    assert entry.after["principal_minor"] == 9_050

    _close(date(2025, 2, 2))
    before = book()
    outcome = deliver(tmp_path, installments=HEADER["installments"] + "A1,O1,1,2025-01-05,2025-02-02,90,,\n")
    assert found(outcome) == [("installments.csv", 2, "principal", "90.00", "installment_frozen_due")]
    assert outcome.log.errors[0].message == (
        "the instalment is in the book with principal 90.50 and was due on 2025-02-02, "
        "a closed day (the book stands at 2025-02-02)"
    )
    assert book() == before
    # The same row as the book has it is no change.
    assert deliver(tmp_path, installments=changed).is_clean


def test_an_instalment_changes_until_money_is_on_it(tmp_path: Path) -> None:
    load_good(tmp_path)
    # P2 of 20.00 is directed at A2's instalment, due on 02-15.
    _close(date(2025, 2, 10))
    before = book()

    outcome = deliver(tmp_path, installments=HEADER["installments"] + "A2,O1,1,,2025-02-16,200,,\n")

    assert found(outcome) == [("installments.csv", 2, "due_date", "2025-02-16", "installment_frozen_paid")]
    assert book() == before


def test_a_change_of_a_booked_instalment_is_in_the_state_and_not_in_the_report(tmp_path: Path) -> None:
    load_good(tmp_path)
    _close(date(2025, 1, 31))
    state = AccountState.objects.get(account__account_no="A1")
    assert state.outstanding_principal_minor == 20_000

    deliver(tmp_path, installments=HEADER["installments"] + "A1,O1,1,,2025-02-01,150,,\n")

    state.refresh_from_db()
    assert state.outstanding_principal_minor == 25_000
    reported = ReportedState.objects.get(account=state.account_id)
    assert (reported.as_of, reported.is_absent, reported.outstanding_principal_minor) == (date(2025, 1, 31), False, 20_000)


def test_a_payment_of_a_closed_day_rebuilds_its_account_and_keeps_the_report(tmp_path: Path) -> None:
    load_good(tmp_path)
    # On 2025-02-11, A1 owes 1.75 + 50.00 of O1/1, past due since 02-01; penalty 500 ppm a day on the unpaid principal.
    _close(date(2025, 2, 11))
    state = AccountState.objects.get(account__account_no="A1")
    # P1 paid fee 0.50, interest 1.25, principal 48.25: 51.75 left, ten days of 5,175 × 500 ppm = 2.5875 a day: 25.875 → 26.
    assert (state.days_past_due, state.overdue_principal_minor, state.penalty_due_minor) == (10, 5_175, 26)

    outcome = deliver(tmp_path, payments=HEADER["payments"] + "P3,A1,2025-02-03,51.80,,,,\nP4,A1,2025-02-12,1,,,,\n")

    assert outcome.is_clean
    state.refresh_from_db()
    # Two days cost 5.175 → 5; 51.80 pays 0.05 of penalty and 51.75 of principal.
    assert (state.days_past_due, state.overdue_principal_minor, state.penalty_due_minor, state.credit_balance_minor) == (
        0,
        0,
        0,
        0,
    )
    assert sorted(Allocation.objects.filter(payment__payment_no="P3").values_list("component", "amount_minor")) == [
        (1, 5),
        (4, 5_175),
    ]
    assert Payment.objects.get(payment_no="P3").is_posted
    assert not Payment.objects.get(payment_no="P4").is_posted
    reported = ReportedState.objects.get(account=state.account_id)
    assert (reported.as_of, reported.days_past_due, reported.penalty_due_minor, reported.is_absent) == (
        date(2025, 2, 11),
        10,
        26,
        False,
    )
    assert not ReportedState.objects.filter(account__account_no="A2").exists()


def test_a_reversal_of_a_closed_day_rebuilds_its_account(tmp_path: Path) -> None:
    load_good(tmp_path)
    _close(date(2025, 2, 11))

    assert deliver(tmp_path, payments=HEADER["payments"] + "R1,A1,2025-02-11,50,,,,P1\n").is_clean

    state = AccountState.objects.get(account__account_no="A1")
    # As if P1 had never been: 100.00 of principal for ten days at 500 ppm: 50.00 → 0.50.
    assert (state.overdue_principal_minor, state.overdue_interest_minor, state.overdue_fee_minor) == (10_000, 125, 50)
    assert state.penalty_due_minor == 50
    assert not Allocation.objects.filter(payment__payment_no="P1").exists()


def test_an_account_opened_by_a_closed_day_was_in_no_report(tmp_path: Path) -> None:
    load_good(tmp_path)
    _close(date(2025, 2, 11))

    deliver(
        tmp_path,
        accounts=HEADER["accounts"] + "A3,C1,std,2025-01-20,100\nA4,C1,std,2025-02-12,100\n",
        installments=HEADER["installments"] + "A3,O1,1,,2025-02-01,70,,\nA4,O1,1,,2025-03-01,70,,\n",
    )

    old, new = (AccountState.objects.get(account__account_no=number) for number in ("A3", "A4"))
    assert (old.days_past_due, old.outstanding_principal_minor, old.has_booked) == (10, 7_000, True)
    assert (new.days_past_due, new.outstanding_principal_minor, new.has_booked) == (0, 0, False)
    assert list(ReportedState.objects.values_list("account__account_no", "as_of", "is_absent")) == [
        ("A3", date(2025, 2, 11), True)
    ]


def test_before_the_first_close_everything_waits(tmp_path: Path) -> None:
    load_good(tmp_path)

    assert not Payment.objects.filter(is_posted=True).exists()
    assert not ReportedState.objects.exists()
    assert AccountState.objects.filter(outstanding_principal_minor=0).count() == 2


def test_an_account_ahead_of_the_closed_day_takes_entries_of_the_open_day_at_once(tmp_path: Path) -> None:
    load_good(tmp_path)
    _close(date(2025, 2, 11))
    account = CreditAccount.objects.get(account_no="A1")
    # A posting of the open day brought A1 to 02-12.
    rebuild_accounts([account.pk], as_of=date(2025, 2, 12), ahead_on=date(2025, 2, 12))

    deliver(tmp_path, payments=HEADER["payments"] + "P3,A1,2025-02-12,10,,,,\nP4,A2,2025-02-12,10,,,,\n")

    assert Payment.objects.get(payment_no="P3").is_posted
    assert not Payment.objects.get(payment_no="P4").is_posted
    state = AccountState.objects.get(account=account)
    # 51.75 + penalty of eleven days, 28.4625 → 28; ten yuan pay the penalty and 9.72 of principal.
    assert (state.ahead_on, state.overdue_principal_minor, state.penalty_due_minor) == (date(2025, 2, 12), 5_175 - 972, 0)


def test_while_a_close_runs_nothing_is_loaded(tmp_path: Path) -> None:
    load_good(tmp_path)
    before = book()
    day = date(2025, 2, 12)
    CloseRun.objects.create(business_date=day, through=day, status=CloseRun.Status.RUNNING, started_by="tester")

    outcome = deliver(tmp_path, customers=HEADER["customers"] + "C3,Bo,\n")

    assert outcome.portfolio_import.status == "failed"
    assert not outcome.is_clean
    assert "2025-02-12" in outcome.portfolio_import.failure
    assert book() == before

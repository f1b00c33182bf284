"""What a row may be, and what every bad one is told: file, line, column, value, code. Source: portfolio-format, "Files"."""

from datetime import date
from pathlib import Path

import pytest
from deliveries import GOOD, book, deliver, found, last_import, load_good

from accounts.models import AccountState, CreditAccount, Customer, CustomerNameToken, Installment, Payment, Product
from accounts.portfolio_files.formats import FORMAT_BY_NAME
from riskops.shared.models import AuditEntry
from riskops.shared.personal import blind_index, name_token_indexes

pytestmark = pytest.mark.django_db


def test_a_good_delivery_becomes_the_book(tmp_path: Path) -> None:
    load_good(tmp_path)

    product = Product.objects.get()
    assert (product.product_code, product.name, product.currency, product.minor_digits) == ("std", "Standard", "CNY", 2)
    assert (product.grace_days, product.penalty_rate_ppm, product.penalty_base, product.penalty_from) == (
        0,
        500,
        "principal",
        "due_date",
    )
    assert (product.penalty_cap_bp, product.allocation_order) == (None, "penalty,fee,interest,principal")
    assert (product.prepayment, product.bucket_map, product.attributes) == ("next_installments", "default", {})

    ming = Customer.objects.get(customer_no="C1")
    assert ming.person == {"name": "王小明", "phone": "+8610000000001"}
    assert ming.name_index == blind_index("name", "王小明")
    assert ming.phone_index == blind_index("phone", "8610000000001")
    assert ming.phone_last4_index == blind_index("phone4", "0001")
    assert (ming.email_index, ming.national_id_index) == (None, None)
    assert (ming.language, ming.time_zone) == ("zh-hans", "Asia/Shanghai")
    assert (ming.consent_sms, ming.consent_email, ming.consent_push) == (False, False, False)
    tokens = set(CustomerNameToken.objects.filter(customer=ming).values_list("token_index", flat=True))
    assert tokens == name_token_indexes("王小明") == {blind_index("token", word) for word in ("王小明", "王", "小明")}

    first, second = CreditAccount.objects.order_by("account_no")
    assert (first.customer, first.product, first.opened_on, first.credit_limit_minor) == (
        ming,
        product,
        date(2025, 1, 1),
        1_000_000,
    )
    assert second.credit_limit_minor == 500_050

    one, two = Installment.objects.filter(account=first).order_by("sequence")
    assert (one.booked_on, one.due_date, one.product) == (date(2025, 1, 1), date(2025, 2, 1), product)
    assert (one.principal_minor, one.interest_minor, one.fee_minor) == (10_000, 125, 50)
    assert (one.principal_unpaid_minor, one.interest_unpaid_minor, one.fee_unpaid_minor) == (10_000, 125, 50)
    assert (one.accrued_micro, one.accrued_through, one.penalty_settled_minor, one.is_open) == (0, None, 0, True)
    assert (two.booked_on, two.interest_minor, two.fee_minor) == (date(2025, 1, 10), 0, 0)

    paid = Payment.objects.get(payment_no="P1")
    assert (paid.account, paid.paid_on, paid.amount_minor, paid.channel) == (first, date(2025, 2, 1), 5_000, "bank")
    assert (paid.order_no, paid.sequence, paid.reverses, paid.is_posted) == ("", None, None, False)
    directed = Payment.objects.get(payment_no="P2")
    assert (directed.order_no, directed.sequence) == ("O1", 1)

    state = AccountState.objects.get(account=first)
    assert (state.product, state.opened_on, state.days_past_due, state.bucket, state.stage) == (
        product,
        date(2025, 1, 1),
        0,
        0,
        1,
    )

    row = last_import()
    assert row.counts["installments.csv"] == {
        "rows": 3, "added": 3, "changed": 0, "unchanged": 0, "refused": 0, "repeated": 0,
    }  # fmt: skip
    assert (row.status, row.rows_total, row.rows_done, row.error_count, row.warning_count) == ("applied", 10, 10, 0, 0)
    entry = AuditEntry.objects.get(action="portfolio.import")
    assert (entry.actor_name, entry.subject_key, entry.after["files"]) == ("tester", str(row.pk), row.counts)


def test_no_clear_personal_value_is_stored_anywhere_but_encrypted(tmp_path: Path) -> None:
    load_good(tmp_path)
    deliver(tmp_path, customers="customer_no,name,phone\nC1,王大明,+8610000000002\nC3,,+8610000000003\n", on_error="quarantine")

    from django.db import connection

    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            text = repr([tuple(bytes(c) if isinstance(c, memoryview) else c for c in row) for row in cursor.fetchall()])
            for personal in ("王小明", "王大明", "000000000", "Ann Lee"):
                assert personal not in text, (table, personal)


@pytest.mark.parametrize(
    ("file", "row", "column", "value", "code"),
    [
        ("products", "p,,,x", "penalty_rate_ppm", "x", "whole_malformed"),
        ("products", "p,,,10001", "penalty_rate_ppm", "10001", "whole_range"),
        ("products", "p,,,-1", "penalty_rate_ppm", "-1", "whole_malformed"),
        ("products", "p,,,５００", "penalty_rate_ppm", "５００", "whole_malformed"),
        ("products", "p,,RMB,", "currency", "RMB", "currency_unknown"),
        ("products", "p,,cny,", "currency", "cny", "currency_unknown"),
        ("products", ",,,", "product_code", "", "missing_value"),
        ("products", f"{'k' * 65},,,", "product_code", "k" * 65, "too_long"),
        ("products", "p\tq,,,", "product_code", "p\tq", "control_character"),
        ("customers", "C9,,", "name", "", "missing_value"),
        ("customers", "C9,a\x07b,", "name", "", "control_character"),
        ("accounts", "A9,C1,std,2025-02-30,1", "opened_on", "2025-02-30", "date_impossible"),
        ("accounts", "A9,C1,std,2025-2-3,1", "opened_on", "2025-2-3", "date_malformed"),
        ("accounts", "A9,C1,std,20250203,1", "opened_on", "20250203", "date_malformed"),
        ("accounts", "A9,C1,std,03/02/2025,1", "opened_on", "03/02/2025", "date_malformed"),
        ("accounts", "A9,C1,std,２０２５-02-03,1", "opened_on", "２０２５-02-03", "date_malformed"),
        ("accounts", "A9,C1,std,1989-12-31,1", "opened_on", "1989-12-31", "date_range"),
        ("accounts", "A9,C1,std,2100-01-01,1", "opened_on", "2100-01-01", "date_range"),
        ("accounts", "A9,C1,std,,1", "opened_on", "", "missing_value"),
        ("accounts", "A9,C1,std,2025-01-01,", "credit_limit", "", "missing_value"),
        ("accounts", "A9,C1,std,2025-01-01,-1", "credit_limit", "-1", "amount_negative"),
        ("accounts", "A9,C1,std,2025-01-01,(1)", "credit_limit", "(1)", "amount_negative"),
        ("accounts", "A9,C1,std,2025-01-01,+1", "credit_limit", "+1", "amount_sign"),
        ("accounts", "A9,C1,std,2025-01-01,1e3", "credit_limit", "1e3", "amount_exponent"),
        ("accounts", 'A9,C1,std,2025-01-01,"1,234.50"', "credit_limit", "1,234.50", "amount_separator"),
        ("accounts", "A9,C1,std,2025-01-01,1 234", "credit_limit", "1 234", "amount_separator"),
        ("accounts", "A9,C1,std,2025-01-01,１００", "credit_limit", "１００", "amount_not_ascii"),
        ("accounts", "A9,C1,std,2025-01-01,¥100", "credit_limit", "¥100", "amount_not_ascii"),
        ("accounts", "A9,C1,std,2025-01-01,1.", "credit_limit", "1.", "amount_malformed"),
        ("accounts", "A9,C1,std,2025-01-01,.5", "credit_limit", ".5", "amount_malformed"),
        ("accounts", "A9,C1,std,2025-01-01, 5", "credit_limit", " 5", "amount_malformed"),
        ("accounts", "A9,C1,std,2025-01-01,nan", "credit_limit", "nan", "amount_malformed"),
        ("accounts", "A9,C1,std,2025-01-01,0x10", "credit_limit", "0x10", "amount_malformed"),
        ("accounts", "A9,C1,std,2025-01-01,1.234", "credit_limit", "1.234", "amount_decimals"),
        ("accounts", "A9,C1,std,2025-01-01,1.000", "credit_limit", "1.000", "amount_decimals"),
        ("accounts", "A9,C1,std,2025-01-01,1.00000", "credit_limit", "1.00000", "amount_decimals"),
        ("accounts", "A9,C1,std,2025-01-01,100000000.01", "credit_limit", "100000000.01", "amount_too_large"),
        ("accounts", "A9,C1,std,2025-01-01,1000000000000", "credit_limit", "1000000000000", "amount_too_large"),
        ("accounts", f"A9,C1,std,2025-01-01,{'9' * 300}", "credit_limit", "9" * 200, "amount_too_large"),
        ("accounts", "A9,C9,std,2025-01-01,1", "customer_no", "C9", "unknown_customer"),
        ("accounts", "A9,c1,std,2025-01-01,1", "customer_no", "c1", "unknown_customer"),
        ("accounts", "A9,C1,none,2025-01-01,1", "product_code", "none", "unknown_product"),
        ("installments", "A9,O1,1,,2025-02-01,1,,", "account_no", "A9", "unknown_account"),
        ("installments", "A1,,1,,2025-02-01,1,,", "order_no", "", "missing_value"),
        ("installments", "A1,O9,0,,2025-02-01,1,,", "sequence", "0", "whole_range"),
        ("installments", "A1,O9,1.0,,2025-02-01,1,,", "sequence", "1.0", "whole_malformed"),
        ("installments", "A1,O9,2147483648,,2025-02-01,1,,", "sequence", "2147483648", "whole_range"),
        ("installments", "A1,O9,,,2025-02-01,1,,", "sequence", "", "missing_value"),
        ("installments", "A1,O9,1,2025-02-02,2025-02-01,1,,", "booked_on", "2025-02-02", "booked_after_due"),
        ("installments", "A1,O9,1,,2024-12-31,1,,", "due_date", "2024-12-31", "booked_default_after_due"),
        ("installments", "A1,O9,1,,2025-02-01,0,0.00,", "principal", "0", "nothing_owed"),
        ("installments", "A1,O9,1,,2025-02-01,1,0.001,", "interest", "0.001", "amount_decimals"),
        ("payments", "P9,A9,2025-02-01,1,,,,", "account_no", "A9", "unknown_account"),
        ("payments", "P9,A1,2025-02-01,0.00,,,,", "amount", "0.00", "amount_zero"),
        ("payments", "P9,A1,2024-12-31,1,,,,", "paid_on", "2024-12-31", "paid_before_opening"),
        ("payments", "P9,A1,2025-02-01,1,,O1,,", "sequence", "", "directed_half"),
        ("payments", "P9,A1,2025-02-01,1,,,1,", "order_no", "", "directed_half"),
        ("payments", f"P9,A1,2025-02-01,1,{'c' * 65},,,", "channel", "c" * 65, "too_long"),
        ("payments", "P9,A1,2025-02-01,1,,,,P8", "reverses", "P8", "unknown_payment"),
        ("payments", "P9,A1,2025-02-01,1,,,,P9", "reverses", "P9", "reverses_itself"),
        ("payments", "P9,A1,2025-02-01,50,,O1,1,P1", "order_no", "O1", "reversal_directed"),
        ("payments", "P9,A2,2025-02-01,50,,,,P1", "account_no", "A2", "reversal_other_account"),
        ("payments", "P9,A1,2025-02-01,50.01,,,,P1", "amount", "50.01", "reversal_other_amount"),
        ("payments", "P9,A1,2025-01-31,50,,,,P1", "paid_on", "2025-01-31", "reversal_too_early"),
    ],
)  # fmt: skip
def test_a_bad_row_is_told_where_and_why_and_nothing_changes(
    tmp_path: Path, file: str, row: str, column: str, value: str, code: str
) -> None:
    load_good(tmp_path)
    before = book()

    outcome = deliver(tmp_path, **{file: GOOD[file] + row + "\n"})

    line = GOOD[file].count("\n") + 1
    assert found(outcome) == [(f"{file}.csv", line, column, value, code)]
    assert outcome.portfolio_import.status == "refused"
    assert book() == before
    issue = outcome.portfolio_import.issues.get()
    assert (issue.line, issue.column, issue.value, issue.code) == (line, column, value, code)
    assert issue.message and issue.remedy


def test_an_extreme_but_allowed_row_is_taken(tmp_path: Path) -> None:
    load_good(tmp_path)

    outcome = deliver(
        tmp_path,
        accounts=GOOD["accounts"] + f"{'号' * 64},C1,std,1990-01-01,100000000.00\n",
        installments=GOOD["installments"] + f"{'号' * 64},=1+1,2147483647,2099-12-31,2099-12-31,0,0,0.01\n",
        payments=GOOD["payments"] + f"' OR 1=1; --,{'号' * 64},2099-12-31,100000000,,nowhere,7,\n",
    )

    assert found(outcome) == []
    account = CreditAccount.objects.get(account_no="号" * 64)
    assert (account.opened_on, account.credit_limit_minor) == (date(1990, 1, 1), 10_000_000_000)
    assert Installment.objects.get(account=account).fee_minor == 1
    # Directed at an instalment that nobody knows yet: it may come later (rule 5: "if that exists").
    assert Payment.objects.get(payment_no="' OR 1=1; --").order_no == "nowhere"


def test_every_bad_cell_of_a_row_is_told(tmp_path: Path) -> None:
    outcome = deliver(tmp_path, payments="payment_no,account_no,paid_on,amount\n,A1,yesterday,-5\n")

    assert found(outcome) == [
        ("payments.csv", 2, "payment_no", "", "missing_value"),
        ("payments.csv", 2, "paid_on", "yesterday", "date_malformed"),
        ("payments.csv", 2, "amount", "-5", "amount_negative"),
    ]


def test_the_line_is_the_physical_one_where_the_record_starts(tmp_path: Path) -> None:
    customers = 'customer_no,name,address\r\nC1,Ann,"1 High St\r\nTown"\r\n\r\nC2,,"x\r\ny"\r\nC3,,\r\n'

    outcome = deliver(tmp_path, customers=customers)

    assert found(outcome) == [
        ("customers.csv", 5, "name", "", "missing_value"),
        ("customers.csv", 7, "name", "", "missing_value"),
    ]


def test_the_digits_of_amounts_follow_the_currency_of_the_accounts_product(tmp_path: Path) -> None:
    products = "product_code,currency\nyen,JPY\ndinar,KWD\nfomento,CLF\n"
    accounts = "".join(
        f"{code},C1,{code},2025-01-01,{limit}\n" for code, limit in (("yen", "100"), ("dinar", "1.234"), ("fomento", "1.2345"))
    )
    files = GOOD | {"products": products, "accounts": GOOD["accounts"].splitlines()[0] + "\n" + accounts}
    del files["installments"], files["payments"]

    assert found(deliver(tmp_path, **files)) == []
    assert dict(CreditAccount.objects.values_list("account_no", "credit_limit_minor")) == {
        "yen": 100, "dinar": 1_234, "fomento": 12_345,
    }  # fmt: skip

    # The account is in the book alone now.
    outcome = deliver(
        tmp_path,
        payments="payment_no,account_no,paid_on,amount\nP1,yen,2025-02-01,1.0\nP2,dinar,2025-02-01,0.1234\nP3,fomento,2025-02-01,5\n",
    )
    assert found(outcome) == [
        ("payments.csv", 2, "amount", "1.0", "amount_decimals"),
        ("payments.csv", 3, "amount", "0.1234", "amount_decimals"),
    ]
    assert outcome.log.errors[0].remedy == "JPY has at most 0"


def test_a_penalty_that_could_outgrow_its_column_is_refused(tmp_path: Path) -> None:
    # 63 bits hold 9.22e18 millionths. 1 % a day on 100,000,000.000 KWD from 2025 to 2099: 1e11 × 10,000 × 27,393 = 2.7e19.
    products = "product_code,currency,penalty_rate_ppm,penalty_cap_percent\nk,KWD,10000,\nc,CNY,10000,9999999.99\n"
    accounts = "account_no,customer_no,product_code,opened_on,credit_limit\nK,C1,k,2025-01-01,0\nC,C1,c,2025-01-01,0\n"
    header = "account_no,order_no,sequence,due_date,principal\n"
    files = {"products": products, "customers": GOOD["customers"], "accounts": accounts}

    outcome = deliver(
        tmp_path,
        **files,
        installments=header
        + "K,O,1,2025-01-01,100000000\nK,O,2,2025-01-01,30000000\nC,O,1,2025-01-01,100000000\nC,O,2,2025-01-01,90000000\n",
    )

    assert found(outcome) == [
        ("installments.csv", 2, "principal", "100000000", "penalty_overflow"),
        # A cap of 9,999,999.99 % of 100,000,000.00 is 1e10 × 999,999,999 × 100 = 1e21 millionths.
        ("installments.csv", 4, "principal", "100000000", "penalty_overflow"),
        ("installments.csv", 5, "principal", "90000000", "penalty_overflow"),
    ]


def test_attributes_are_kept_on_every_file_and_empty_ones_left_out(tmp_path: Path) -> None:
    files = {name: _with_attribute(text) for name, text in GOOD.items()}

    assert found(deliver(tmp_path, **files)) == []

    for model in (Product, Customer, CreditAccount):
        assert model.objects.order_by("pk")[0].attributes == {"x_é": "first, 1"}
    assert Installment.objects.get(sequence=1, account__account_no="A1").attributes == {"x_é": "first, 1"}
    assert Installment.objects.get(sequence=2).attributes is None
    assert Payment.objects.get(payment_no="P1").attributes == {"x_é": "first, 1"}


def _with_attribute(text: str) -> str:
    header, first, *others = text.splitlines()
    return "\n".join([header + ",x_é,x_b", first + ',"first, 1",', *(row + ",," for row in others)])


def test_rows_may_come_in_any_file_as_long_as_parents_are_in_the_book(tmp_path: Path) -> None:
    for name in ("products", "customers", "accounts", "installments", "payments"):
        assert found(deliver(tmp_path, **{name: GOOD[name]})) == []
    in_parts = book()
    assert len(in_parts["payments"]) == 2


_STANDARD_ACCOUNT = "account_no,customer_no,product_code,opened_on,credit_limit\nA1,C1,standard,2025-01-01,10000\n"


def test_the_built_in_product_is_there_without_being_sent(tmp_path: Path) -> None:
    dry = deliver(tmp_path, is_dry_run=True, customers=GOOD["customers"], accounts=_STANDARD_ACCOUNT)
    assert dry.is_clean
    assert not Product.objects.exists()

    assert found(deliver(tmp_path, customers=GOOD["customers"], accounts=_STANDARD_ACCOUNT)) == []

    product = Product.objects.get()
    assert CreditAccount.objects.get().product == product
    assert (product.product_code, product.currency, product.minor_digits, product.grace_days, product.penalty_rate_ppm) == (
        "standard", "CNY", 2, 0, 0,
    )  # fmt: skip
    assert (product.penalty_base, product.penalty_from, product.penalty_cap_bp) == ("principal", "due_date", None)
    assert (product.allocation_order, product.prepayment, product.bucket_map) == (
        "penalty,fee,interest,principal", "next_installments", "default",
    )  # fmt: skip
    before = book()
    assert found(deliver(tmp_path, products="product_code\nstandard\n", accounts=_STANDARD_ACCOUNT)) == []
    assert book() == before


def test_a_product_named_as_the_built_in_one_comes_with_its_own_terms(tmp_path: Path) -> None:
    products = "product_code,currency,grace_days\nstandard,JPY,3\n"
    accounts = _STANDARD_ACCOUNT.replace("10000", "10000.5")

    assert found(deliver(tmp_path, products=products, customers=GOOD["customers"], accounts=accounts)) == [
        ("accounts.csv", 2, "credit_limit", "10000.5", "amount_decimals")
    ]
    assert found(deliver(tmp_path, products=products, customers=GOOD["customers"], accounts=_STANDARD_ACCOUNT)) == []
    assert (Product.objects.get().currency, Product.objects.get().grace_days) == ("JPY", 3)


def test_the_built_in_product_does_not_stand_in_for_one_that_was_refused(tmp_path: Path) -> None:
    bad = "product_code,grace_days\nstandard,-3\n"

    outcome = deliver(tmp_path, on_error="quarantine", products=bad, customers=GOOD["customers"], accounts=_STANDARD_ACCOUNT)

    assert [(file, line, code) for file, line, _, _, code in found(outcome)] == [
        ("products.csv", 2, "whole_malformed"),
        ("accounts.csv", 2, "refused_product"),
    ]
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    ("file", "again", "is_same"),
    [
        ("customers", "C1,王小明,+8610000000001", True),
        ("customers", "C1,王小明,+8610000000009", False),
        ("accounts", "A1,C1,std,2025-01-01,10000.00", True),
        ("accounts", "A1,C1,std,2025-01-01,10000.01", False),
        ("installments", "A1,O1,2,2025-01-10,2025-03-01,100.0,0,0.00", True),
        ("installments", "A1,O1,2,2025-01-10,2025-03-02,100,,", False),
        ("payments", "P2,A2,2025-02-10,20.00,app,O1,1,", True),
        ("payments", "P2,A2,2025-02-10,20,web,O1,1,", False),
    ],
)
def test_a_key_twice_in_a_file_counts_once_if_the_rows_say_the_same(tmp_path: Path, file: str, again: str, is_same: bool) -> None:
    outcome = deliver(tmp_path, **GOOD | {file: GOOD[file] + again + "\n"})

    second = GOOD[file].count("\n") + 1
    key = len(FORMAT_BY_NAME[f"{file}.csv"].key)
    rows = [row.split(",")[:key] for row in GOOD[file].splitlines()]
    first = rows.index(again.split(",")[:key]) + 1
    if is_same:
        assert found(outcome) == []
        assert [(w.file, w.line, w.code, w.params["first"]) for w in outcome.log.warnings] == [
            (f"{file}.csv", second, "duplicate_row", first)
        ]
        load_good(tmp_path)
        assert last_import().counts[f"{file}.csv"]["added"] == 0
    else:
        assert [(e.line, e.code, e.params["other"]) for e in outcome.log.errors] == [
            (first, "duplicate_key", second),
            (second, "duplicate_key", first),
        ]
        assert not Customer.objects.exists()


def test_two_reversals_of_one_payment_in_a_file_are_both_refused(tmp_path: Path) -> None:
    load_good(tmp_path)

    outcome = deliver(tmp_path, payments=GOOD["payments"] + "R1,A1,2025-02-03,50,,,,P1\nR2,A1,2025-02-04,50,,,,P1\n")

    assert [(e.line, e.code, e.params["other"]) for e in outcome.log.errors] == [
        (4, "reversed_twice", 5),
        (5, "reversed_twice", 4),
    ]


def test_a_payment_is_reversed_once_and_a_reversal_never(tmp_path: Path) -> None:
    load_good(tmp_path)
    reversal = "R1,A1,2025-02-01,50,bank,,,P1\n"
    assert found(deliver(tmp_path, payments=GOOD["payments"] + reversal)) == []
    assert Payment.objects.get(payment_no="R1").reverses == Payment.objects.get(payment_no="P1")

    outcome = deliver(tmp_path, payments=GOOD["payments"] + reversal + "R2,A1,2025-02-03,50,,,,P1\nR3,A1,2025-02-03,50,,,,R1\n")

    assert found(outcome) == [
        ("payments.csv", 5, "reverses", "P1", "reversed_already"),
        ("payments.csv", 6, "reverses", "R1", "reversal_of_reversal"),
    ]
    assert outcome.log.errors[0].message == "P1 is reversed already, by R1"


def test_messages_follow_the_readers_language(tmp_path: Path) -> None:
    from django.utils import translation

    outcome = deliver(tmp_path, payments="payment_no,account_no,paid_on,amount\nP1,A1,2025-02-01,1e3\n")

    assert outcome.log.errors[0].message == "the amount has an exponent"
    with translation.override("zh-hans"):
        assert outcome.log.errors[0].message == "金额带有指数"

"""A small book closed day by day, for tests of what closes report and what the entries say afterwards."""

from __future__ import annotations

from datetime import date

from factories import make_account, make_installment, make_payment, make_product

from accounts.models import AccountState, CreditAccount, Product
from riskops.close_of_business import close_through
from riskops.shared.audit import COMMAND

FIRST, MONTH_END, LAST = date(2025, 3, 29), date(2025, 3, 31), date(2025, 4, 2)


def add_account(account_no: str, *, product: Product, opened_on: date = date(2025, 1, 1)) -> CreditAccount:
    """Return an account as an import adds it: with a blank state."""
    account = make_account(account_no=account_no, product=product, opened_on=opened_on)
    AccountState.objects.create(
        account=account, product=product, opened_on=opened_on, credit_limit_minor=account.credit_limit_minor
    )
    return account


def late_and_paid(product: Product | None = None) -> tuple[CreditAccount, CreditAccount]:
    """Return two accounts owing 100.00 since 1 March at 0.1 % a day: `b-late` paid nothing, `A-paid` all of it on 1 April."""
    product = product or make_product(penalty_rate_ppm=1_000)
    late, paid = add_account("b-late", product=product), add_account("A-paid", product=product)
    for account in (late, paid):
        make_installment(account, due_date=date(2025, 3, 1), principal=10_000)
    make_payment(paid, paid_on=date(2025, 4, 1), amount=10_310 + 5, payment_no="T-paid")
    return late, paid


def close(first: date = FIRST, last: date = LAST) -> None:
    """Close every day in turn."""
    close_through(first, last, actor=COMMAND)

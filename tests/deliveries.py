"""Small deliveries of portfolio files, written as their senders would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from factories import TESTER

from accounts.models import (
    AccountState,
    CreditAccount,
    Customer,
    CustomerNameToken,
    Installment,
    Payment,
    PortfolioImport,
    Product,
)
from accounts.operations.import_reporting import ImportOutcome
from accounts.operations.importing import import_portfolio

#: A good delivery of every file: one product, two customers with an account each, three instalments, two payments.
GOOD: dict[str, str] = {
    "products": "product_code,name,currency,penalty_rate_ppm\nstd,Standard,CNY,500\n",
    "customers": "customer_no,name,phone\nC1,王小明,+8610000000001\nC2,Ann Lee,\n",
    "accounts": (
        "account_no,customer_no,product_code,opened_on,credit_limit\nA1,C1,std,2025-01-01,10000\nA2,C2,std,2025-01-15,5000.50\n"
    ),
    "installments": (
        "account_no,order_no,sequence,booked_on,due_date,principal,interest,fee\n"
        "A1,O1,1,,2025-02-01,100,1.25,0.5\nA1,O1,2,2025-01-10,2025-03-01,100,,\nA2,O1,1,,2025-02-15,200,,\n"
    ),
    "payments": (
        "payment_no,account_no,paid_on,amount,channel,order_no,sequence,reverses\n"
        "P1,A1,2025-02-01,50,bank,,,\nP2,A2,2025-02-10,20,app,O1,1,\n"
    ),
}


def write_files(folder: Path, **files: str) -> Path:
    """Write files by the name before `.csv` into a folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def deliver(folder: Path, *, is_dry_run: bool = False, on_error: str = "abort", **files: str) -> ImportOutcome:
    """Import exactly these files, written into a folder of their own."""
    number = len(list(folder.glob("delivery-*"))) + 1
    target = write_files(folder / f"delivery-{number}", **files)
    return import_portfolio(target, actor=TESTER, is_dry_run=is_dry_run, on_error=on_error)


def load_good(folder: Path) -> None:
    """Load the good delivery."""
    outcome = deliver(folder, **GOOD)
    assert outcome.is_clean, [found(outcome), outcome.portfolio_import.failure]


def found(outcome: ImportOutcome) -> list[tuple[str, int | None, str, str, str]]:
    """Return the errors as (file, line, column, value, code)."""
    return [(p.file, p.line, p.column, p.value, p.code) for p in outcome.log.errors]


def book() -> dict[str, list[tuple[Any, ...]]]:
    """Return everything in the book by its keys, without row numbers and times: equal books are equal here."""
    return {
        "products": sorted(Product.objects.values_list(*_names(Product))),
        "customers": sorted(
            (c.customer_no, sorted(c.person.items()), c.name_index, c.phone_index, c.email_index, c.national_id_index,
             c.language, c.time_zone, c.consent_sms, c.consent_email, c.consent_push, sorted(c.attributes.items()))
            for c in Customer.objects.all()
        ),
        "tokens": sorted(CustomerNameToken.objects.values_list("customer__customer_no", "token_index")),
        "accounts": sorted(
            CreditAccount.objects.values_list(
                "account_no", "customer__customer_no", "product__product_code", "opened_on", "credit_limit_minor", "attributes"
            ),
            key=lambda row: row[0],
        ),
        "states": sorted(
            AccountState.objects.values_list("account__account_no", *_names(AccountState, "account", "product")),
            key=lambda row: row[0],
        ),
        "installments": sorted(
            Installment.objects.values_list(
                "account__account_no", "order_no", "sequence", *_names(
                    Installment, "account", "product", "order_no", "sequence", "content_hash", "recorded_at"
                )
            ),
            key=lambda row: row[:3],
        ),
        "payments": sorted(
            Payment.objects.values_list(
                "payment_no", "account__account_no", "reverses__payment_no", *_names(
                    Payment, "payment_no", "account", "reverses", "recorded_at", "content_hash"
                )
            ),
            key=lambda row: row[0],
        ),
    }  # fmt: skip


def _names(model: Any, *without: str) -> list[str]:
    return [f.name for f in model._meta.concrete_fields if f.name not in without and f.name not in ("id", "content_hash")]


def last_import() -> PortfolioImport:
    """Return the newest import."""
    row = PortfolioImport.objects.order_by("-pk").first()
    assert row is not None
    return row

"""One simulated day as the files a real one would bring: new customers, accounts and orders, and the day's payments feed."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from riskops.simulation.entries import DayPlan
from riskops.simulation.people import SimulatedPeople
from riskops.simulation.products import MINOR, PRODUCTS, product_row

_PERSON_CELLS: Final = (
    "name",
    "phone",
    "email",
    "national_id",
    "address",
    "device_ids",
    "language",
    "time_zone",
    "consent_sms",
    "consent_email",
    "consent_push",
)
_HEADERS: Final[Mapping[str, Sequence[str]]] = {
    "customers.csv": ("customer_no", *_PERSON_CELLS),
    "accounts.csv": (
        "account_no",
        "customer_no",
        "product_code",
        "opened_on",
        "credit_limit",
        "x_channel",
        "x_merchant",
        "x_region",
        "x_income",
    ),
    "installments.csv": ("account_no", "order_no", "sequence", "booked_on", "due_date", "principal", "interest", "fee"),
    "payments.csv": ("payment_no", "account_no", "paid_on", "amount", "channel", "order_no", "sequence", "reverses"),
}


def write_delivery(folder: Path, plan: DayPlan, *, people: SimulatedPeople, marks: Mapping[str, str] | None = None) -> None:
    """Write the day's files and manifest.csv into a folder, which is made. The payments feed comes every day, empty or not.

    :param marks: given on the first day only, which brings the products too: they say which simulated book it is
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest: list[tuple[str, int, str, date]] = []
    if marks is not None:
        products = [{**product_row(product), **marks} for product in PRODUCTS]
        _write(folder / "products.csv", tuple(products[0]), [tuple(row.values()) for row in products])
        manifest.append(("products.csv", len(products), "", plan.day))

    def write(name: str, rows: Sequence[Sequence[object]], total_minor: int | None = None) -> None:
        if rows or name == "payments.csv":
            _write(folder / name, _HEADERS[name], rows)
            manifest.append((name, len(rows), "" if total_minor is None else plain(total_minor), plan.day))

    accounts, installments, payments = plan.accounts, plan.installments, plan.payments
    newcomers = [one for one in accounts if one.is_new_customer]
    write("customers.csv", [(one.customer_no, *people.cells(one.person_number)) for one in newcomers])
    write(
        "accounts.csv",
        [
            (a.account_no, a.customer_no, a.product_code, a.opened_on, plain(a.credit_limit_minor), *a.attributes)
            for a in accounts
        ],
        sum(a.credit_limit_minor for a in accounts),
    )
    write(
        "installments.csv",
        [(*i[:5], plain(i.principal_minor), plain(i.interest_minor), plain(i.fee_minor)) for i in installments],
        sum(i.principal_minor + i.interest_minor + i.fee_minor for i in installments),
    )
    write(
        "payments.csv",
        [
            (p.payment_no, p.account_no, p.paid_on, plain(p.amount_minor), p.channel, *(p.directed_to or ("", "")), p.reverses)
            for p in payments
        ],
        sum(p.amount_minor for p in payments),
    )
    _write(folder / "manifest.csv", ("file", "rows", "amount_total", "business_date"), manifest)


def plain(minor: int) -> str:
    """Return an amount as the files write it: 10300 is `103.00`."""
    whole, cents = divmod(minor, MINOR)
    return f"{whole}.{cents:02d}"


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)

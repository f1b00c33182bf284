"""The import as one would write it with the ORM: rows checked in Python, then bulk_create with update_conflicts, in batches.

It does the import's work (reading, amounts and dates checked, parents found, persons encrypted, blind indexes, content hashes,
one transaction) and leaves out what only the import does: messages, quarantine, audit, progress. Run as a process of its own:
prints its seconds and its peak memory as JSON.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Final

#: Tried 500, 1,000, 2,000 and 5,000: the fastest.
BATCH: Final = 1_000


def main(folder: Path) -> None:
    """Load a folder and print what it took."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskops.settings")
    import django

    import riskops  # noqa: F401  (puts collections/ on the path)

    django.setup()
    from django.db import transaction

    started = time.perf_counter()
    with transaction.atomic():
        load(folder)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


def load(folder: Path) -> None:
    """Load the five files, parents first."""
    from accounts.models import AccountState, CreditAccount, Customer, CustomerNameToken, Installment, Payment, Product
    from riskops.shared.personal import PERSON_FIELDS, name_token_indexes, person_indexes

    def upsert(model: Any, rows: Iterable[Any], key: list[str]) -> list[Any]:
        """Write a batch and return its objects with their ids."""
        names = [f.name for f in model._meta.concrete_fields if not f.primary_key and f.name not in key]
        return model.objects.bulk_create(
            rows,
            update_conflicts=bool(names),
            ignore_conflicts=not names,
            unique_fields=key if names else None,
            update_fields=names or None,
        )

    products = {}
    for row in _records(folder / "products.csv"):
        cap = row.pop("penalty_cap_percent")
        whole = {name: int(row[name] or 0) for name in ("grace_days", "penalty_rate_ppm")}
        texts = {name: text for name, text in row.items() if text and name not in whole}
        cap_bp = _minor(cap) if cap else None
        product = Product(**texts, **whole, penalty_cap_bp=cap_bp, content_hash=_hash(row))
        products[row["product_code"]] = upsert(Product, [product], ["product_code"])[0]

    customers: dict[str, int] = {}
    for batch in _batches(_records(folder / "customers.csv")):
        objects, names = [], {}
        for row in batch:
            person = {name: row[name] for name in PERSON_FIELDS if row[name]}
            names[row["customer_no"]] = person["name"]
            consents = {name: row[name] == "yes" for name in ("consent_sms", "consent_email", "consent_push")}
            objects.append(
                Customer(
                    customer_no=row["customer_no"],
                    person=person,
                    language=row["language"],
                    time_zone=row["time_zone"],
                    content_hash=_hash(row),
                    **consents,
                    **person_indexes(person),
                )
            )
        written = {customer.customer_no: customer.pk for customer in upsert(Customer, objects, ["customer_no"])}
        customers |= written
        tokens = [(written[number], token) for number, name in names.items() for token in name_token_indexes(name)]
        CustomerNameToken.objects.bulk_create(
            [CustomerNameToken(customer_id=key, token_index=token) for key, token in tokens], ignore_conflicts=True
        )

    accounts: dict[str, Any] = {}
    for batch in _batches(_records(folder / "accounts.csv")):
        written_accounts = upsert(
            CreditAccount,
            [
                CreditAccount(
                    account_no=row["account_no"],
                    customer_id=customers[row["customer_no"]],
                    product=products[row["product_code"]],
                    opened_on=date.fromisoformat(row["opened_on"]),
                    credit_limit_minor=_minor(row["credit_limit"]),
                    content_hash=_hash(row),
                )
                for row in batch
            ],
            ["account_no"],
        )
        accounts |= {account.account_no: (account.pk, account.product_id) for account in written_accounts}
        AccountState.objects.bulk_create(
            [AccountState(account_id=a.pk, product_id=a.product_id, opened_on=a.opened_on) for a in written_accounts],
            ignore_conflicts=True,
        )

    for batch in _batches(_records(folder / "installments.csv")):
        objects = []
        for row in batch:
            account_id, product_id = accounts[row["account_no"]]
            amounts = {name: _minor(row[name]) for name in ("principal", "interest", "fee")}
            objects.append(
                Installment(
                    account_id=account_id,
                    product_id=product_id,
                    order_no=row["order_no"],
                    sequence=int(row["sequence"]),
                    booked_on=date.fromisoformat(row["booked_on"]),
                    due_date=date.fromisoformat(row["due_date"]),
                    content_hash=_hash(row),
                    **{f"{name}_minor": minor for name, minor in amounts.items()},
                    **{f"{name}_unpaid_minor": minor for name, minor in amounts.items()},
                )
            )
        upsert(Installment, objects, ["account", "order_no", "sequence"])

    for batch in _batches(_records(folder / "payments.csv")):
        objects = [
            Payment(
                payment_no=row["payment_no"],
                account_id=accounts[row["account_no"]][0],
                paid_on=date.fromisoformat(row["paid_on"]),
                amount_minor=_minor(row["amount"]),
                channel=row["channel"],
                order_no=row["order_no"],
                sequence=int(row["sequence"]) if row["sequence"] else None,
                content_hash=_hash(row),
            )
            for row in batch
        ]
        upsert(Payment, objects, ["payment_no"])


def _records(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)


def _batches(rows: Iterator[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _minor(text: str) -> int:
    from riskops.shared.money import parse_amount

    return parse_amount(text, digits=2)


def _hash(row: dict[str, str]) -> int:
    digest = hashlib.blake2b("\x1f".join(row.values()).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Personal data moved to the newest key, so that an older one can be retired. See docs/runbooks/key-rotation.md."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models.functions import Substr

from accounts.models import Customer
from accounts.operations.attachments import reseal_files
from riskops.shared.audit import Actor, record
from riskops.shared.personal import encrypt

#: Customers in one transaction: short enough that nobody waits for a locked row.
BATCH: Final = 1_000


def newest_key_id() -> int:
    """Return the number of the key that encrypts."""
    return int(settings.PERSONAL_DATA_KEYS[0].split(":", 1)[0])


def reencrypt_customers(*, actor: Actor) -> int:
    """Encrypt with the newest key every customer that is not, and return how many were not. Safe to break off and repeat.

    :raises UnknownKey: a customer is encrypted with a key that is not configured; those before it are done
    """
    total = 0
    while done := _reencrypt_batch(actor):
        total += done
    return total


def reencrypt_files(*, actor: Actor) -> int:
    """Encrypt with the newest key every file of a review that is not, and return how many were not. Safe to break off and repeat.

    :raises UnknownKey: a file is encrypted with a key that is not configured; those before it are done
    """
    newest = newest_key_id()
    files = reseal_files(newest)
    if files:
        after = {"files": files, "key": newest}
        record(actor=actor, action="customer.reencrypt", subject_type="review", subject_key="", after=after)
    return files


@transaction.atomic
def _reencrypt_batch(actor: Actor) -> int:
    newest = newest_key_id()
    # The first two bytes of the value are its key's number (riskops/shared/personal.py).
    key_of_row = Substr("person", 1, 2, output_field=models.BinaryField())
    others = Customer.objects.annotate(key=key_of_row).exclude(key=newest.to_bytes(2, "big")).order_by("pk")
    customers = others.select_for_update().only("person")[:BATCH]
    rows = [(encrypt(customer.person), customer.pk) for customer in customers]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {Customer._meta.db_table} SET person = %s WHERE id = %s", rows)
        after = {"customers": len(rows), "key": newest}
        record(actor=actor, action="customer.reencrypt", subject_type="customer", subject_key="", after=after)
    return len(rows)

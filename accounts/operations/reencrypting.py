"""Personal data moved to the newest key, so that an older one can be retired. See docs/runbooks/key-rotation.md."""

from __future__ import annotations

from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Substr

from accounts.models import Customer
from accounts.operations.sealed_files import reseal_all
from riskops.shared.audit import Actor, record
from riskops.shared.personal import EncryptedPersonField
from riskops.shared.rows import write_columns

#: Rows in one transaction: short enough that nobody waits for a locked one.
BATCH: Final = 1_000


def newest_key_id() -> int:
    """Return the number of the key that encrypts."""
    return int(settings.PERSONAL_DATA_KEYS[0].split(":", 1)[0])


def encrypted_columns() -> list[tuple[type[models.Model], str]]:
    """Return every column that personal data is encrypted in, whichever app keeps it: persons, notes, messages, …"""
    fields = ((model, field) for model in apps.get_models() for field in model._meta.local_concrete_fields)
    found = [(model, field.name) for model, field in fields if isinstance(field, EncryptedPersonField)]
    return sorted(found, key=lambda column: (column[0] is not Customer, column[0]._meta.label_lower, column[1]))


def reencrypt_rows(*, actor: Actor) -> dict[str, int]:
    """Encrypt with the newest key every row that is not; return how many were not, by kind. Safe to break off and repeat.

    :return: by the plural name of what the rows are; all kinds, those with none too
    :raises UnknownKey: a row is encrypted with a key that is not configured; those before it are done
    """
    done: dict[str, int] = {}
    for model, column in encrypted_columns():
        name = str(model._meta.verbose_name_plural)
        done.setdefault(name, 0)
        last = 0
        while True:
            number, last = _reencrypt_batch(actor, model, column, last)
            if not number:
                break
            done[name] += number
    return done


def reencrypt_files(*, actor: Actor) -> int:
    """Encrypt with the newest key every kept file that is not, and return how many were not. Safe to break off and repeat.

    :raises UnknownKey: a file is encrypted with a key that is not configured; those before it are done
    """
    newest = newest_key_id()
    files = reseal_all(newest)
    if files:
        after = {"files": files, "key": newest}
        record(actor=actor, action="customer.reencrypt", subject_type="review", subject_key="", after=after)
    return files


@transaction.atomic
def _reencrypt_batch(actor: Actor, model: type[models.Model], column: str, after: int) -> tuple[int, int]:
    """Encrypt a batch anew; return how many rows that was, and the last of them: what is before it was looked at."""
    newest = newest_key_id()
    # The first two bytes of the value are its key's number (riskops/shared/personal.py).
    key_of_row = Substr(column, 1, 2, output_field=models.BinaryField())
    manager: Any = model._default_manager
    kept = manager.filter(pk__gt=after, **{f"{column}__isnull": False}).annotate(key_of_row=key_of_row)
    others = kept.exclude(key_of_row=newest.to_bytes(2, "big")).order_by("pk")
    rows = list(others.select_for_update(of=("self",), no_key=True).only(column)[:BATCH])
    if not rows:
        return 0, after
    write_columns(rows, [column])
    about = {str(model._meta.label_lower): len(rows), "key": newest}
    record(actor=actor, action="customer.reencrypt", subject_type="customer", subject_key="", after=about)
    return len(rows), rows[-1].pk

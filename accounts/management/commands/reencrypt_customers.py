"""`manage.py reencrypt_customers`: move all personal data to the newest key. See docs/runbooks/key-rotation.md."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.operations.reencrypting import newest_key_id, reencrypt_files, reencrypt_rows
from riskops.shared.audit import COMMAND
from riskops.shared.personal import UnknownKey


class Command(BaseCommand):
    """Encrypt personal data with the newest key."""

    help = "Encrypt with the newest key all personal data that an older one encrypts. Safe to break off and repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows, files = reencrypt_rows(actor=COMMAND), reencrypt_files(actor=COMMAND)
        except UnknownKey as refusal:
            raise CommandError(str(refusal)) from refusal
        moved = [f"{number:,} {name}" for name, number in rows.items()]
        self.stdout.write(f"{', '.join(moved)} and {files:,} files moved to key {newest_key_id()}; all are under it now")

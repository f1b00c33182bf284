"""`manage.py reencrypt_customers`: move personal data to the newest key. See docs/runbooks/key-rotation.md."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.operations.reencrypting import newest_key_id, reencrypt_customers, reencrypt_files
from riskops.shared.audit import COMMAND
from riskops.shared.personal import UnknownKey


class Command(BaseCommand):
    """Encrypt personal data with the newest key."""

    help = "Encrypt with the newest key all personal data that an older one encrypts. Safe to break off and repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count, files = reencrypt_customers(actor=COMMAND), reencrypt_files(actor=COMMAND)
        except UnknownKey as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{count:,} customers and {files:,} files moved to key {newest_key_id()}; all are under it now")

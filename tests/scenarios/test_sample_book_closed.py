"""The shipped sample, loaded by its command and closed day by day: every account-month as the source recorded it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from factories import TESTER

from accounts.models import AccountSnapshot
from accounts.sample_book import account_no, card_clients, months_late
from riskops.close_of_business import close_through

MONTH_ENDS = [date(2026, 5, 31), date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31), date(2026, 9, 30), date(2026, 10, 31)]


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.timeout(3600)
# Its own transactions, as in life: inside a single one the rows that 154 closes replace could never be cleared away.
@pytest.mark.django_db(transaction=True)
def test_all_180_000_account_months_are_in_the_recorded_bucket(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    call_command("load_sample", "--today", "2026-11-22")
    # With no day closed yet the first month-end is the first day closed; then every day in turn.
    close_through(MONTH_ENDS[0], MONTH_ENDS[-1], actor=TESTER)
    reported = {
        (number, as_of): bucket
        for number, as_of, bucket in AccountSnapshot.objects.filter(provenance="reported")
        .values_list("account__account_no", "as_of", "bucket")
        .iterator()
    }
    recorded = {
        (account_no(client.number), as_of): min(late, 7)
        for client in card_clients()
        for as_of, late in zip(MONTH_ENDS, months_late(client.statuses), strict=True)
    }
    assert (len(recorded), len(reported)) == (180_000, 180_000)
    # Not compared as wholes: a difference of 180,000 rows takes pytest minutes to print.
    wrong = [(key, bucket, reported[key]) for key, bucket in recorded.items() if reported[key] != bucket]
    assert wrong[:10] == []

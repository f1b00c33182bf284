"""Rows written together read as if each had been saved, whatever the kind of its columns."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from outreach_books import NOON, make_reachable
from sending_books import make_message, make_template

from outreach.models import Message
from riskops.shared.rows import write_columns
from riskops.shared.sql import as_moment, fetch

pytestmark = pytest.mark.django_db

#: A foreign key, texts, numbers, a moment, a date, encrypted JSON, JSON.
COLUMNS = ("template", "reason", "failures", "due_at", "expires_on", "said", "fallback")


def test_each_row_reads_as_if_it_had_been_saved_alone() -> None:
    account, template = make_reachable(), make_template()
    rows = [make_message(account, step=f"s{number}") for number in range(5)]
    for number, row in enumerate(rows):
        row.template = template if number % 2 else None
        row.reason, row.failures = f"{number} % of “it”, %s", number
        row.due_at, row.expires_on = NOON + timedelta(microseconds=number), date(2025, 3, 1 + number) if number else None
        row.said = {"body": f"您好 {number}"} if number != 3 else None
        row.fallback = [{"channel": "email"}] * number
        # Not named, so not written.
        row.priority = 9
    with CaptureQueriesContext(connection) as queries:
        write_columns(rows[:4], COLUMNS)
    assert len(queries) == 1
    for row in rows[:4]:
        found = Message.objects.get(pk=row.pk)
        assert [getattr(found, name) for name in COLUMNS] == [getattr(row, name) for name in COLUMNS]
        assert found.priority == 5
    untouched = Message.objects.get(pk=rows[4].pk)
    assert (untouched.reason, untouched.failures, untouched.said) == ("", 0, None)
    ((said,),) = fetch("SELECT said FROM outreach_message WHERE id = %s", (rows[0].pk,))
    assert "您好".encode() not in bytes(said)
    write_columns([], COLUMNS)


@pytest.mark.parametrize("moment", [NOON, NOON.replace(microsecond=120), NOON.astimezone(timezone(timedelta(hours=8)))])
def test_a_moment_of_a_query_of_ours_is_the_one_that_was_written(moment: datetime) -> None:
    message = make_message(make_reachable(), due_at=moment)
    ((found,),) = fetch("SELECT due_at FROM outreach_message WHERE id = %s", (message.pk,))
    assert as_moment(found) == moment and as_moment(found).utcoffset() is not None
    assert as_moment("2025-03-12 04:00:00.000120") == datetime(2025, 3, 12, 4, 0, 0, 120, tzinfo=UTC)

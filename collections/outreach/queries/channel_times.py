"""Moments as whole numbers in the database: to count by minutes and quarters of an hour, on both engines alike."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time
from typing import Any

from django.conf import settings
from django.db.models import Case, Func, IntegerField, Value, When
from django.db.models.functions import Greatest

from outreach.rules.channel_figures import QUARTER_SECONDS, openings


class Seconds(Func):
    """Whole seconds since 1970 of a moment; of a day, of its beginning in UTC."""

    template = "unixepoch(%(expressions)s)"
    output_field = IntegerField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the same for PostgreSQL."""
        return self.as_sql(compiler, connection, template="CAST(FLOOR(EXTRACT(EPOCH FROM %(expressions)s)) AS bigint)", **context)


class Minutes(Func):
    """Whole minutes of seconds, of which the part of a minute is dropped."""

    template = "((%(expressions)s) / 60)"
    output_field = IntegerField()


class Quarters(Seconds):
    """Whole quarters of an hour since 1970 of a moment."""

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> Any:  # type: ignore[override]
        """Return the seconds divided; both engines divide whole numbers to whole numbers."""
        sql, parameters = super().as_sql(compiler, connection, **context)
        return f"({sql} / {QUARTER_SECONDS})", parameters


def minutes_late(zones: Iterable[str], opens_at: time, first: date, last: date) -> Minutes:
    """Return the minutes from when a message could first go out until it was sent.

    That is when contacts begin on its day by the customer's clocks, or when it was planned, if that was later. A retry moves
    `due_at`, so that does not tell. Never below 0: who agreed to earlier hours is written to before others.
    """
    cases = [
        When(customer__time_zone=zone, planned_on__gte=day, then=Value(seconds))
        for zone in sorted(zones)
        for day, seconds in reversed(openings(zone, opens_at, first, last))
    ]
    at_home = openings(settings.TIME_ZONE, opens_at, first, first)[0][1]
    opening = Case(*cases, default=Value(at_home), output_field=IntegerField())
    since = Greatest(Seconds("planned_on") + opening, Seconds("created_at"))
    return Minutes(Greatest(Seconds("sent_at") - since, Value(0)))

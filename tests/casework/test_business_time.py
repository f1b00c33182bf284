"""Working time: by hand around a holiday, and as properties against counting minute by minute."""

from __future__ import annotations

import threading
import time as time_module
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.calendars import _PublicHolidays, business_hours
from casework.models import BusinessCalendar
from casework.rules.business_time import BusinessHours, NeverOpens, after_minutes, minutes_between, seconds_between

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
WEEK = frozenset({1, 2, 3, 4, 5})
PLAIN = BusinessHours(time(9), time(18), WEEK, SHANGHAI)
ONE_MINUTE = timedelta(minutes=1)

moments = st.datetimes(datetime(2025, 3, 20), datetime(2025, 4, 10), timezones=st.just(UTC))  # noqa: DTZ001
calendars = st.builds(
    BusinessHours,
    opens_at=st.sampled_from([time(0), time(2, 30), time(9)]),
    closes_at=st.sampled_from([time(12), time(18), time(23, 59)]),
    weekdays=st.frozensets(st.integers(1, 7), min_size=1),
    # Berlin's clocks go forward on 30 March 2025.
    zone=st.sampled_from([SHANGHAI, BERLIN]),
    days_off=st.frozensets(st.dates(date(2025, 3, 20), date(2025, 4, 10)), max_size=5),
    days_worked=st.frozensets(st.dates(date(2025, 3, 20), date(2025, 4, 10)), max_size=3),
)


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2025-06-16 10:00", "2025-06-16 11:30", 90),
        ("2025-06-16 08:00", "2025-06-16 09:00", 0),
        ("2025-06-16 17:30", "2025-06-17 09:15", 45),
        ("2025-06-20 17:00", "2025-06-23 10:00", 120),  # over a weekend
        ("2025-06-21 09:00", "2025-06-22 18:00", 0),
        ("2025-06-16 11:30", "2025-06-16 10:00", 0),  # backwards
        ("2025-06-16 10:00:30", "2025-06-16 10:01:29", 0),
    ],
)
def test_minutes_are_counted_in_working_hours(start: str, end: str, minutes: int) -> None:
    assert minutes_between(local(start), local(end), PLAIN) == minutes


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2025-06-16 10:00", 90, "2025-06-16 11:30"),
        ("2025-06-16 10:00", 0, "2025-06-16 10:00"),
        ("2025-06-16 17:30", 30, "2025-06-16 18:00"),
        ("2025-06-16 17:30", 31, "2025-06-17 09:01"),
        ("2025-06-21 12:00", 540, "2025-06-23 18:00"),
    ],
)
def test_a_service_time_runs_out_in_working_hours(start: str, minutes: int, end: str) -> None:
    assert after_minutes(local(start), minutes, PLAIN) == local(end)


def test_a_calendar_that_never_opens_says_so() -> None:
    closed = BusinessHours(time(9), time(18), frozenset(), SHANGHAI)
    assert minutes_between(local("2025-01-01 00:00"), local("2026-01-01 00:00"), closed) == 0
    with pytest.raises(NeverOpens):
        after_minutes(local("2025-01-01 00:00"), 1, closed)


def test_chinas_national_day_is_off_and_its_saturday_is_worked() -> None:
    hours = business_hours(BusinessCalendar(name="x"))
    # 1–8 October 2025 are off; Saturday 11 October is worked for it.
    assert [day for day in range(1, 13) if hours.is_worked(date(2025, 10, day))] == [9, 10, 11]
    assert minutes_between(local("2025-09-30 17:00"), local("2025-10-09 10:00"), hours) == 120
    assert after_minutes(local("2025-10-10 17:00"), 61, hours) == local("2025-10-11 09:01")


def test_a_calendar_without_a_country_has_no_holidays() -> None:
    assert business_hours(BusinessCalendar(name="x", country="")).is_worked(date(2025, 10, 1))


def test_two_who_ask_for_a_year_at_once_both_learn_its_holidays(monkeypatch) -> None:
    """The package marks a year as known before it has filled it in."""
    populate, is_filling = holidays.HolidayBase._populate, threading.Event()

    def slowly(self, year):
        is_filling.set()
        time_module.sleep(0.3)
        populate(self, year)

    monkeypatch.setattr(holidays.HolidayBase, "_populate", slowly)
    days_off = _PublicHolidays("CN")
    answers = []
    first = threading.Thread(target=lambda: answers.append(date(2025, 10, 1) in days_off))
    first.start()
    assert is_filling.wait(10)
    answers.append(date(2025, 10, 1) in days_off)
    first.join(10)
    assert answers == [True, True]


def test_what_is_made_up_for_does_not_depend_on_the_years_asked_before() -> None:
    """A bridge of the next new year may be made up for in the old one's December."""
    for year in range(2010, 2026):
        fresh, warm = _PublicHolidays("CN"), _PublicHolidays("CN")
        assert warm.of(year + 1)
        assert fresh.of(year) == warm.of(year)
        assert {day.year for days in fresh.of(year) for day in days} == {year}


@given(moments, moments, calendars)
def test_it_equals_counting_minute_by_minute(start: datetime, length: datetime, hours: BusinessHours) -> None:
    start = start.replace(second=0, microsecond=0)
    end = start + timedelta(minutes=(length - datetime(2025, 3, 20, tzinfo=UTC)) // ONE_MINUTE % 6_000)
    counted, moment = 0, start
    while moment < end:
        day = moment.astimezone(hours.zone).date()
        opens, closes = hours.span(day)
        counted += hours.is_worked(day) and opens <= moment < closes
        moment += ONE_MINUTE
    assert minutes_between(start, end, hours) == counted


@given(st.lists(moments, min_size=3, max_size=3).map(sorted), calendars)
def test_the_way_over_any_moment_takes_as_long(way: list[datetime], hours: BusinessHours) -> None:
    first, over, last = (moment.replace(microsecond=0) for moment in way)
    assert seconds_between(first, last, hours) == seconds_between(first, over, hours) + seconds_between(over, last, hours)


@given(moments, st.integers(1, 5_000), calendars)
def test_when_a_service_time_runs_out_exactly_that_much_was_worked(start: datetime, minutes: int, hours: BusinessHours) -> None:
    end = after_minutes(start, minutes, hours)
    assert seconds_between(start, end, hours) in (minutes * 60, minutes * 60 - 1)  # whole seconds of a start within one
    assert seconds_between(start, end - timedelta(seconds=2), hours) < minutes * 60

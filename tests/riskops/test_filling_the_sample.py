"""`make run` on a sample book that is there: it goes on with what was broken off, and closes no day of people's."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone
from factories import make_account, make_payment, set_business_date

from riskops.shared.day import book_state
from riskops.shared.models import CloseRun
from tools.books import fill, sample_calendar

FIRST, LAST = date(2026, 5, 31), date(2026, 10, 31)

pytestmark = pytest.mark.django_db


def closed(day: date) -> None:
    CloseRun.objects.create(
        business_date=day, through=day, status=CloseRun.Status.COMPLETE, is_open=False, finished_at=timezone.now(), waiting_for=[]
    )
    set_business_date(day)


def test_before_the_first_close_the_last_payment_tells_the_months() -> None:
    make_payment(make_account(), paid_on=date(2026, 10, 28), amount=100)
    assert (sample_calendar().month_end(0), sample_calendar().month_end(5)) == (FIRST, LAST)


@pytest.mark.parametrize("last", [LAST, date(2026, 11, 1)])
def test_a_payment_that_people_posted_closes_no_day(last: date) -> None:
    account = make_account()
    make_payment(account, paid_on=date(2026, 10, 28), amount=100)
    for day in (FIRST, last):
        closed(day)
    state = book_state()
    state.book = "sample"
    state.save()
    # Dated after the sample's last month-end: the site posts into the open day.
    make_payment(account, paid_on=date(2026, 11, 2), amount=100)
    fill("sample")
    assert book_state().business_date == last
    assert CloseRun.objects.count() == 2

"""Expected feeds: what must have come before a day may be closed, and until when a close waits for what should have come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Min, Q
from django.utils import timezone

from riskops.shared.models import CloseRun, Feed, FeedArrival


@dataclass(frozen=True, slots=True)
class MissingFeeds:
    """The names of the feeds of a day that have not come: those that stop its close, and those it does without."""

    stopping: tuple[str, ...] = ()
    tolerated: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """All of them."""
        return [*self.stopping, *self.tolerated]


def cut_off_of(feed: Feed, business_date: date) -> datetime:
    """Return the moment from which a feed of a day is late: its cut-off on the day after, in the business time zone."""
    return timezone.make_aware(datetime.combine(business_date + timedelta(days=1), feed.cut_off), timezone.get_default_timezone())


def missing_feeds(business_date: date, *, now: datetime) -> MissingFeeds:
    """Return the feeds expected for a day that have not come, by name.

    A feed without which a day may be closed as provisional stops the close until its cut-off; the others stop it for good.
    What a close waits for already is expected whatever was changed about the feed since: only that it comes, or a person
    with a reason, lets the close go on.
    """
    arrived = FeedArrival.objects.filter(business_date=business_date).values("feed_id")
    waiting = CloseRun.objects.filter(business_date=business_date, status=CloseRun.Status.WAITING).first()
    of_the_day = Q(is_expected=True, weekdays__contains=str(business_date.isoweekday()))
    expected = Feed.objects.filter(of_the_day | Q(name__in=waiting.waiting_for if waiting else ()))
    missing = list(expected.exclude(pk__in=arrived).order_by("name"))
    tolerated = {
        feed.name for feed in missing if feed.on_missing == Feed.OnMissing.PROVISIONAL and cut_off_of(feed, business_date) <= now
    }
    return MissingFeeds(
        stopping=tuple(feed.name for feed in missing if feed.name not in tolerated),
        tolerated=tuple(feed.name for feed in missing if feed.name in tolerated),
    )


def days_without(file_name: str, first: date, last: date) -> list[date]:
    """Return the days of a period of which a file was expected and has not come, the earliest first.

    A close that did without it by its feed's setting does not make it come; a person who overrode the feed with a reason has said
    that it will not. Days before a feed's first arrival are not asked for, but for the last one: no history was promised.
    """
    feeds = list(Feed.objects.filter(file_name=file_name).annotate(began_on=Min("arrivals__business_date")))
    arrivals = FeedArrival.objects.filter(feed__in=feeds, business_date__range=(first, last))
    came = set(arrivals.values_list("feed_id", "business_date"))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    gaps = [(feed, day) for day in days for feed in feeds if (feed.pk, day) not in came]
    if not gaps:
        return []
    runs = {run.business_date: run for run in CloseRun.objects.filter(business_date__range=(first, last))}
    return sorted({day for feed, day in gaps if _is_wanting(feed, feed.began_on, day, last, runs.get(day))})


def _is_wanting(feed: Feed, began_on: date | None, day: date, last: date, run: CloseRun | None) -> bool:
    """Return whether a feed that has not come for a day was expected for it, and nobody has let it go."""
    is_waited_for = run is not None and feed.name in run.waiting_for
    if run is not None and is_waited_for and run.override_reason:
        return False
    if run is not None and run.status == CloseRun.Status.WAITING and is_waited_for:
        # As for its close: switching the feed off meanwhile does not make it come.
        return True
    if not feed.is_expected or str(day.isoweekday()) not in feed.weekdays:
        return False
    if is_waited_for or day == last:
        return True
    # A close that did not miss it was made before it was expected of that day.
    return run is None and began_on is not None and began_on <= day


def record_arrival(*, file_name: str, business_date: date, rows: int, amount_total: str, import_id: int | None) -> int:
    """Note that the file of one or more feeds came for a day; return how many feeds it serves."""
    feeds = list(Feed.objects.filter(file_name=file_name))
    for feed in feeds:
        FeedArrival.objects.get_or_create(
            feed=feed,
            business_date=business_date,
            import_id=import_id,
            defaults={"rows": rows, "amount_total": amount_total},
        )
    return len(feeds)

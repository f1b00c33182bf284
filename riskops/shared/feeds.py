"""Expected feeds: what must have come before a day may be closed, and until when a close waits for what should have come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q
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

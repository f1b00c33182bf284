"""What people do with the close of business: close days, restart, override a feed, pause the nightly start, set up feeds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, ClassVar, Final

from django.db import transaction
from django.utils.translation import gettext as _

from riskops import doorbell
from riskops.close_of_business import next_day_to_close
from riskops.shared import audit, closing, feeds
from riskops.shared.audit import Actor
from riskops.shared.day import FIRST_DAY, lock_book
from riskops.shared.models import BookState, CloseRun, Feed
from riskops.shared.operations import EDIT_SCHEDULES, PAUSE_CLOSE

#: ISO days of the week, Monday first.
WEEKDAYS: Final = "1234567"


class CloseRefusal(Exception):
    """Something about a close that was not done; nothing changed. `about` names the argument to look at."""

    about: ClassVar[str] = ""


class FirstDayMissing(CloseRefusal):
    """Nothing was ever closed, so somebody must say where to begin."""

    about = "first"

    def __init__(self) -> None:
        super().__init__(_("No day was ever closed; say which day is the first one."))


class FirstDayTooEarly(CloseRefusal):
    """The history would begin before any book does, and days are closed one by one from there."""

    about = "first"

    def __init__(self, day: date) -> None:
        super().__init__(
            _("%(day)s is not a day of any book; the first one can be %(first)s or later.")
            % {"day": day.isoformat(), "first": FIRST_DAY.isoformat()}
        )


class DayNotOver(CloseRefusal):
    """The day still runs in the business time zone: payments of it may yet come."""

    about = "through"

    def __init__(self, day: date, today: date) -> None:
        super().__init__(
            _("%(day)s is not over (today is %(today)s in the business time zone); a day can be closed from the next one on.")
            % {"day": day.isoformat(), "today": today.isoformat()}
        )


class DayClosedBefore(CloseRefusal):
    """The day asked for lies before the one to close next."""

    about = "through"

    def __init__(self, day: date, following: date) -> None:
        super().__init__(
            _("%(day)s comes before %(next)s, the next day to close; choose %(next)s or a later day.")
            % {"day": day.isoformat(), "next": following.isoformat()}
        )


class CloseStandsStill(CloseRefusal):
    """A close waits for a feed or has failed; days after it must wait."""

    def __init__(self, run: CloseRun) -> None:
        super().__init__(
            _("The close of %(day)s stands still (%(status)s); restart it or let it go on first.")
            % {"day": run.business_date.isoformat(), "status": CloseRun.Status(run.status).label}
        )


class NoSuchClose(CloseRefusal):
    """The day has no close."""

    def __init__(self, business_date: date) -> None:
        super().__init__(_("There is no close of %(day)s.") % {"day": business_date.isoformat()})


class NothingToRestart(CloseRefusal):
    """The close has not failed."""

    def __init__(self, run: CloseRun) -> None:
        super().__init__(
            _("The close of %(day)s has not failed (%(status)s), so there is nothing to restart.")
            % {"day": run.business_date.isoformat(), "status": CloseRun.Status(run.status).label}
        )


class NothingToOverride(CloseRefusal):
    """The close waits for no feed."""

    def __init__(self, run: CloseRun) -> None:
        super().__init__(
            _("The close of %(day)s waits for no feed (%(status)s), so there is nothing to override.")
            % {"day": run.business_date.isoformat(), "status": CloseRun.Status(run.status).label}
        )


class ReasonMissing(CloseRefusal):
    """Somebody will ask why."""

    about = "reason"

    def __init__(self) -> None:
        super().__init__(_("Give a reason; it is kept in the audit trail."))


class NightlyStandsAlready(CloseRefusal):
    """The nightly close is paused, or runs, already."""

    about = "paused"

    def __init__(self, is_paused: bool) -> None:
        super().__init__(_("The nightly close is paused already.") if is_paused else _("The nightly close is not paused."))


class FeedMalformed(CloseRefusal):
    """A feed that could never come, or that is there already. `field` names the value to look at."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def close_days(*, actor: Actor, today: date, through: date | None = None, first: date | None = None) -> CloseRun:
    """Start closing every day up to `through`, one after the other, and return the run of the first; workers do the rest.

    A close that runs already is carried on to `through`.

    :param through: the last day to close; None closes the next one only
    :param first: where to begin when nothing was ever closed; of no account later
    :raises FirstDayMissing, FirstDayTooEarly, DayNotOver, DayClosedBefore, CloseStandsStill: nothing was started
    """
    open_run = CloseRun.objects.filter(is_open=True).first()
    if open_run is not None and open_run.stands_still:
        raise CloseStandsStill(open_run)
    following = open_run.business_date if open_run else next_day_to_close() or first
    if following is None:
        raise FirstDayMissing
    if following < FIRST_DAY:
        raise FirstDayTooEarly(following)
    through = through or following
    if through < following:
        raise DayClosedBefore(through, following)
    if through >= today:
        raise DayNotOver(through, today)
    return doorbell.start(business_date=following, through=through, actor=actor)


def restart_close(*, actor: Actor, business_date: date, reason: str = "") -> CloseRun:
    """Have the failed shards of a close tried again, from where it stopped.

    :raises NoSuchClose, NothingToRestart: nothing was done
    """
    run = _run_of(business_date)
    if run.status != CloseRun.Status.FAILED:
        raise NothingToRestart(run)
    run = closing.restart(run.pk, actor=actor, reason=reason.strip())
    doorbell.ring(run)
    return run


def override_feed(*, actor: Actor, business_date: date, reason: str, now: datetime) -> CloseRun:
    """Let a close go on without the feeds it waits for; the day is provisional.

    :raises NoSuchClose, NothingToOverride, ReasonMissing: nothing was done
    """
    run = _run_of(business_date)
    if run.status != CloseRun.Status.WAITING:
        raise NothingToOverride(run)
    reason = _reason(reason)
    missing = feeds.missing_feeds(business_date, now=now)
    run = closing.stop_waiting(run.pk, missing=missing, actor=actor, override_reason=reason)
    doorbell.ring(run)
    return run


@transaction.atomic
def set_nightly_pause(*, actor: Actor, paused: bool, reason: str) -> BookState:
    """Pause or resume the nightly start of the close. What runs already, or what a person starts, is not held up.

    :raises ReasonMissing, NightlyStandsAlready: nothing was done
    """
    reason = _reason(reason)
    book = lock_book()
    if book.nightly_paused == paused:
        raise NightlyStandsAlready(paused)
    book.nightly_paused = paused
    book.save(update_fields=["nightly_paused", "changed_at"])
    audit.record(
        actor=actor,
        action=PAUSE_CLOSE,
        subject_type="close",
        subject_key="nightly",
        before={"paused": not paused},
        after={"paused": paused},
        reason=reason,
    )
    return book


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """What an administrator says about a feed. `cut_off` is a time of the day after, `weekdays` ISO digits (1 = Monday)."""

    name: str
    file_name: str
    cut_off: time
    is_expected: bool = True
    on_missing: str = Feed.OnMissing.STOP
    weekdays: str = WEEKDAYS


@transaction.atomic
def save_feed(*, actor: Actor, settings: FeedSettings, feed_id: int | None = None, reason: str = "") -> Feed:
    """Write a feed, new or changed, and return it.

    :param reason: why a feed is expected less strictly than before; needed for that alone, kept with every change
    :raises FeedMalformed: a value that makes no sense, or a name that is taken
    :raises ReasonMissing: days could be closed without the feed from now on, and nobody says why
    """
    settings = checked_feed(settings, feed_id)
    if not reason.strip() and loosens_feed(settings, feed_id):
        raise ReasonMissing
    feed = Feed.objects.select_for_update().get(pk=feed_id) if feed_id is not None else Feed()
    before = _feed_facts(feed) if feed_id is not None else None
    for name in FeedSettings.__slots__:
        setattr(feed, name, getattr(settings, name))
    after = _feed_facts(feed)
    if after == before:
        return feed
    feed.save()
    audit.record(
        actor=actor,
        action=EDIT_SCHEDULES,
        subject_type="feed",
        subject_key=feed.name,
        before=before,
        after=after,
        reason=reason.strip(),
    )
    return feed


def loosens_feed(settings: FeedSettings, feed_id: int | None) -> bool:
    """Return whether days that waited for a feed could be closed without it: switched off, provisional, or fewer weekdays."""
    feed = Feed.objects.filter(pk=feed_id).first() if feed_id is not None else None
    if feed is None or not feed.is_expected:
        return False
    becomes_provisional = feed.on_missing == Feed.OnMissing.STOP and settings.on_missing == Feed.OnMissing.PROVISIONAL
    return not settings.is_expected or becomes_provisional or not set(feed.weekdays) <= set(settings.weekdays)


def checked_feed(settings: FeedSettings, feed_id: int | None) -> FeedSettings:
    """Return the settings as they are kept.

    :raises FeedMalformed: a value that makes no sense, or a name that another feed has
    """
    weekdays = "".join(sorted(set(settings.weekdays)))
    if not settings.name.strip():
        raise FeedMalformed("name", _("A feed needs a name, e.g. payments."))
    if any(pk != feed_id for pk in Feed.objects.filter(name=settings.name.strip()).values_list("pk", flat=True)):
        raise FeedMalformed("name", _("There is a feed %(name)s already; change that one.") % {"name": settings.name})
    if "/" in settings.file_name or not settings.file_name.endswith(".csv"):
        raise FeedMalformed(
            "file_name", _("%(file)s is no file of a delivery; name one such as payments.csv.") % {"file": settings.file_name}
        )
    if not weekdays or not set(weekdays) <= set(WEEKDAYS):
        raise FeedMalformed(
            "weekdays",
            _("%(days)s: give the days it comes for as digits, 1 is Monday and 7 is Sunday.") % {"days": settings.weekdays},
        )
    if settings.on_missing not in Feed.OnMissing.values:
        raise FeedMalformed("on_missing", _("Choose one of %(known)s.") % {"known": ", ".join(Feed.OnMissing.values)})
    return FeedSettings(
        settings.name.strip(), settings.file_name, settings.cut_off, settings.is_expected, settings.on_missing, weekdays
    )


def _feed_facts(feed: Feed) -> dict[str, Any]:
    return {name: str(value) if isinstance(value := getattr(feed, name), time) else value for name in FeedSettings.__slots__}


def _run_of(business_date: date) -> CloseRun:
    run = CloseRun.objects.filter(business_date=business_date).first()
    if run is None:
        raise NoSuchClose(business_date)
    return run


def _reason(text: str) -> str:
    if not text.strip():
        raise ReasonMissing
    return text.strip()

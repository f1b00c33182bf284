"""Business calendars, as they are changed: each change with its line in the trail."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.utils.translation import gettext as _

from casework.calendars import COUNTRIES
from casework.models import BusinessCalendar
from casework.operations.refusals import CaseworkRefusal
from casework.roles import EDIT_CALENDARS
from riskops.shared.audit import Actor, record


@dataclass(frozen=True, slots=True)
class CalendarSettings:
    """A calendar as it is typed."""

    name: str
    country: str
    time_zone: str
    weekdays: str
    opens_at: time
    closes_at: time


class CalendarMalformed(CaseworkRefusal):
    """A calendar cannot be so; `field` says what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.about = field  # type: ignore[misc]


@transaction.atomic
def save_calendar(*, actor: Actor, settings: CalendarSettings, calendar_id: int | None = None) -> BusinessCalendar:
    """Make a calendar, or change one. What runs by it counts by the new hours from now on.

    :raises CalendarMalformed: a value that a calendar does not take
    """
    check_calendar(settings, calendar_id)
    there = BusinessCalendar.objects.select_for_update().filter(pk=calendar_id).first() if calendar_id else None
    before = _described(there) if there else None
    calendar = there or BusinessCalendar()
    for name, value in asdict(settings).items():
        setattr(calendar, name, value)
    calendar.save()
    after = _described(calendar)
    if before != after:
        record(
            actor=actor,
            action=EDIT_CALENDARS,
            subject_type="business calendar",
            subject_key=calendar.name,
            before=before,
            after=after,
        )
    return calendar


def check_calendar(settings: CalendarSettings, calendar_id: int | None) -> None:
    """Refuse values that a calendar does not take.

    :raises CalendarMalformed: names the field
    """
    if not 1 <= len(settings.name.strip()) <= 60:
        raise CalendarMalformed("name", _("Give a name of 1 to 60 characters."))
    if BusinessCalendar.objects.filter(name=settings.name).exclude(pk=calendar_id or 0).exists():
        raise CalendarMalformed("name", _("There is a calendar of that name."))
    if settings.country and settings.country not in COUNTRIES:
        said = _("Holidays of “%(code)s” are not known; give an ISO 3166 code such as CN, or nothing.")
        raise CalendarMalformed("country", said % {"code": settings.country})
    try:
        ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        said = _("“%(zone)s” is no time zone; give one such as Asia/Shanghai.")
        raise CalendarMalformed("time_zone", said % {"zone": settings.time_zone}) from None
    if not settings.weekdays or set(settings.weekdays) - set("1234567"):
        raise CalendarMalformed("weekdays", _("Give ISO days such as 12345: 1 is Monday."))
    if settings.closes_at <= settings.opens_at:
        said = _("It closes at %(closes)s, not after it opens.")
        raise CalendarMalformed("closes_at", said % {"closes": settings.closes_at.strftime("%H:%M")})


def _described(calendar: BusinessCalendar) -> dict[str, Any]:
    return {
        "name": calendar.name,
        "country": calendar.country,
        "time_zone": calendar.time_zone,
        "weekdays": calendar.weekdays,
        "hours": f"{calendar.opens_at:%H:%M}–{calendar.closes_at:%H:%M}",
    }

"""When the teams work: what service times are counted in."""

from __future__ import annotations

from datetime import time

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class BusinessCalendar(models.Model):
    """Working hours in one place. Holidays, and the days worked to make up for them, come from the `holidays` package."""

    name = models.CharField(_("name of the calendar"), max_length=60, unique=True)
    country = models.CharField(
        _("country"), max_length=2, blank=True, default="CN", help_text=_("ISO 3166 code; empty: no public holidays")
    )
    time_zone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai")
    weekdays = models.CharField(_("weekdays"), max_length=7, default="12345", help_text=_("ISO days: 1 is Monday"))
    opens_at = models.TimeField(_("opens at"), default=time(9))
    closes_at = models.TimeField(_("closes at"), default=time(18))

    class Meta:
        verbose_name = _("business calendar")
        verbose_name_plural = _("business calendars")
        constraints = [
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="calendar_hours_in_order"),
            models.CheckConstraint(condition=~Q(weekdays=""), name="calendar_has_weekdays"),
        ]

    def __str__(self) -> str:
        return self.name

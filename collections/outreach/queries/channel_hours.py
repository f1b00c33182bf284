"""When customers were contacted: by weekday and hour of their own clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Count, Q

from outreach.models import Contact
from outreach.queries.channel_times import Quarters
from outreach.queries.channels import Period
from outreach.queries.log import begin_of, in_sight
from outreach.rules.channel_figures import ANSWERED, Cells, local_cells, quiet_spans
from outreach.rules.contacts import Hours, Outcome


class Shown(StrEnum):
    """Which contacts are drawn."""

    MADE = "made"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class ContactHours:
    """Contacts of some days by weekday and hour of the customers.

    :param channel: "" for all
    :param quiet: spans of hours outside of those of contact; None where no policy holds
    """

    channel: str
    shown: Shown
    cells: Cells
    quiet: tuple[tuple[float, float], ...] | None

    @property
    def made(self) -> int:
        """All contacts made."""
        return sum(made for made, _answered in self.cells.values())

    @property
    def answered(self) -> int:
        """Those that were answered."""
        return sum(answered for _made, answered in self.cells.values())

    @property
    def count(self) -> int:
        """Those that are drawn."""
        return self.made if self.shown is Shown.MADE else self.answered

    def is_quiet(self, hour: int) -> bool:
        """Return whether no contact is allowed in an hour, or in a part of it."""
        return any(begin < hour + 1 and hour < end for begin, end in self.quiet or ())


def contact_hours(user: Any, period: Period, hours: Hours | None, *, channel: str, shown: Shown) -> ContactHours:
    """Return when customers were contacted, as far as the person sees it: one statement.

    The database counts by zone and quarter of an hour, which are few; clocks and daylight saving are the rules' matter.
    """
    rows = in_sight(Contact.objects.all(), user).filter(
        at__gte=begin_of(period.first), at__lt=begin_of(period.last + timedelta(days=1))
    )
    if channel:
        rows = rows.filter(channel=channel)
    counted = (
        rows.exclude(outcome=Outcome.NOT_MADE)
        .order_by()
        .annotate(quarter=Quarters("at"))
        .values_list("customer__time_zone", "quarter")
        .annotate(made=Count("pk"), answered=Count("pk", filter=Q(outcome__in=ANSWERED)))
    )
    return ContactHours(channel, shown, local_cells(counted), None if hours is None else quiet_spans(hours))

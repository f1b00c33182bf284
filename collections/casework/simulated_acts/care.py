"""A customer handled with care on the days of the simulated book: flagged, reviewed, and the flag ended."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import Final

from accounts.models import Customer
from casework.models import Vulnerability
from casework.operations.vulnerability import (
    NotVulnerable,
    VulnerabilityThere,
    end_vulnerability,
    record_vulnerability,
    review_vulnerability,
)
from casework.trained import standing_flag
from riskops.simulation.acts import DayContext, Moment, act
from riskops.simulation.staff import ANALYSTS, TRAINED

_HOUR: Final = 17
_REVIEWED_AFTER: Final = timedelta(days=80)
_TEXT: Final = "In hospital until the end of the month; ask how they are first."
_REVIEWED: Final = "At home again, recovering."


@act("casework.care", Moment.EVENING)
def handle_with_care(day: date, context: DayContext) -> None:
    """Flag whom a story says, review the flag, end it."""
    now, trained = context.moment(_HOUR), TRAINED[0]
    for cue in context.cued("care.flag"):
        with suppress(VulnerabilityThere):
            record_vulnerability(
                actor=context.staff.actor(ANALYSTS[1]),
                customer=_customer(cue.account_no),
                kind=cue.how,
                text=_TEXT,
                since=day,
                review_by=day + _REVIEWED_AFTER,
                now=now,
            )
    for cue in context.cued("care.review"):
        customer = _customer(cue.account_no)
        flag = standing_flag(customer.pk)
        if flag is not None and flag.reviewed_at != now:
            review_vulnerability(
                actor=context.staff.actor(trained),
                customer=customer,
                version=flag.version,
                kind=cue.how,
                text=_REVIEWED,
                review_by=day + _REVIEWED_AFTER,
                now=now,
            )
    for cue in context.cued("care.end"):
        customer = _customer(cue.account_no)
        with suppress(NotVulnerable):
            version = Vulnerability.objects.filter(customer=customer).latest("pk").version
            end_vulnerability(actor=context.staff.actor(trained), customer=customer, version=version, now=now)


def _customer(account_no: str) -> Customer:
    return Customer.objects.get(accounts__account_no=account_no)

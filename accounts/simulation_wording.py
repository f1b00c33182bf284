"""The ways of a simulation in words, and their yearly rates as people read them."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.rules.simulation import Course, Way
from riskops.shared.wording import MINUS, NARROW_SPACE

WAY_NAMES: Final[dict[Way, Promise]] = {
    Way.NOTHING: _("nothing is paid"),
    Way.MINIMUM: _("the minimum: what is due, on its day"),
    Way.WHOLE: _("all of it at once"),
    Way.ONCE: _("one payment"),
    Way.MONTHLY: _("the same amount each month"),
}


def way_text(course: Course) -> str:
    """Return what is paid in a way; a plan of so many months that somebody made here, or an offer by its own name."""
    if course.way is not Way.PLAN:
        return str(WAY_NAMES[course.way])
    if course.label.isdecimal():
        number = int(course.label)
        return ngettext("plan: %(n)s instalment", "plan: %(n)s equal instalments", number) % {"n": number}
    return course.label


def rate_text(rate: Decimal | None) -> str:
    """Return a yearly rate with two decimals of a percent, an en dash where there is none."""
    if rate is None:
        return "–"
    percent = abs(rate * 100).quantize(Decimal("0.01"))
    # A rate of less than half a hundredth is none worth a sign.
    sign = MINUS if rate < 0 and percent else ""
    return f"{sign}{percent:,}{NARROW_SPACE}%"


def ppm_text(ppm: int) -> str:
    """Return parts per million as a percentage with two decimals."""
    return rate_text(Decimal(ppm) / 1_000_000)

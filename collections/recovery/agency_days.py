"""The two clocks of agencies, as doors read them."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from riskops.shared.day import book_shown


def today() -> date:
    """Return the calendar day, by which agencies, their people and their contracts go."""
    return timezone.localdate()


def business_date() -> date | None:
    """Return the last closed day, by which placements and commission go."""
    return book_shown().business_date

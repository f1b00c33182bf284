"""What the shared room tells the upper ones, after commit."""

from __future__ import annotations

from django.dispatch import Signal

#: A day was closed. Arguments: business_date (date), run_id (int).
day_closed = Signal()

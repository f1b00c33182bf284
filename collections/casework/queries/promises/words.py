"""What was promised, in a few words: how much, and by when."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Max
from django.utils.translation import gettext

from casework.models import CaseEvent, Promise
from riskops.shared.wording import day_text, money_text


def promised_in(events: Iterable[CaseEvent]) -> dict[int, str]:
    """Return what the promises of some events were, by their ids: the whole sum, and the day of the last part."""
    numbers = {event.details["promise"] for event in events if event.kind == CaseEvent.Kind.PROMISE}
    if not numbers:
        return {}
    # Not `ends_on`: that is when it is judged, some days after the last one.
    promises = Promise.objects.filter(pk__in=numbers).annotate(last=Max("parts__due_on"))
    asked = ("pk", "total_minor", "last", "part_count", "account__product__currency")
    return {
        number: _words(money_text(total, currency), day_text(last), part_count)
        for number, total, last, part_count, currency in promises.values_list(*asked)
    }


def _words(amount: str, day: str, part_count: int) -> str:
    values = {"amount": amount, "day": day, "parts": part_count}
    if part_count > 1:
        return gettext("%(amount)s in %(parts)s parts by %(day)s") % values
    return gettext("%(amount)s by %(day)s") % values

"""Why customers were late on a past day, from what was recorded in their cases."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db.models import Q

from casework.models import CaseEvent


def reasons_on(account_ids: Collection[int], as_of: date) -> dict[int, str]:
    """Return the codes of the reasons that stood at the close of a day, by account; of the case that was open then, the newest.

    The same as the state of an account kept on that day (`AccountState.lateness_reason`), of whatever cases there are now.
    """
    there = Q(case__closed_on=None) | Q(case__closed_on__gt=as_of)
    rows = CaseEvent.objects.filter(
        there, case__account__in=account_ids, case__opened_on__lte=as_of, kind=CaseEvent.Kind.REASON, day__lte=as_of
    )
    return {account_id: details["reason"] for account_id, details in rows.order_by("pk").values_list("case__account", "details")}

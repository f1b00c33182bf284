"""What happened in cases as lines of a customer's timeline."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from accounts.customer_panels import Happening, TimelineAsk, TimelineSource, register_timeline
from accounts.queries.timeline import by_day, holding_text
from casework.models import CaseEvent
from casework.outcomes import outcome_labels
from casework.queries.cases.pages import event_title
from casework.queries.promises.words import promised_in
from riskops.shared.own_reasons import in_words

_TONES = {"closed": "ok", "opened": "warn"}


def _case_events(ask: TimelineAsk) -> list[Happening]:
    found = holding_text(CaseEvent.objects.filter(case__account__in=ask.accounts), ask, ("reason", "actor_name"))
    rows = list(by_day(found.select_related("case"), ask, day="day"))
    labels = outcome_labels() if any(row.kind == CaseEvent.Kind.OUTCOME for row in rows) else {}
    promised = promised_in(rows)
    return [
        Happening(
            "case",
            row.day,
            row.pk,
            event_title(row, labels, promised),
            account_no=ask.accounts[row.case.account_id],
            at=row.recorded_at,
            who=row.actor_name,
            text=row.text or in_words(row.reason),
            tone=_TONES.get(row.kind, ""),
        )
        for row in rows
    ]


def register_case_events() -> None:
    """Register the lines; called once, when the app is ready."""
    register_timeline(TimelineSource("case", gettext_lazy("collection cases"), _case_events))

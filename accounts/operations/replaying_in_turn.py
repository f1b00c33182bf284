"""Past verdicts computed again without anybody asking: a share of all decisions and applications every day."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.db.models import F, QuerySet

from accounts.models import Application, Decision
from accounts.operations.applications.replaying import replay_applications
from accounts.operations.deciding.replaying import replay_decisions
from riskops.shared.audit import Actor

#: Every decision has its turn once in so many days.
TURNS: Final = 28


def replay_in_turn(*, actor: Actor, day: date) -> tuple[int, int]:
    """Replay the share of a day and return how many decisions and applications were, and how many of them differ.

    Each that differs is a line in the trail, again at every turn until the cause is mended.
    """
    decisions, alarms = replay_decisions(actor=actor, decisions=_share(Decision.objects.all(), day))
    applications, more = replay_applications(actor=actor, applications=_share(Application.objects.all(), day))
    return decisions + applications, len(alarms) + len(more)


def _share(rows: QuerySet[Any], day: date) -> QuerySet[Any]:
    return rows.alias(turn=F("pk") % TURNS).filter(turn=day.toordinal() % TURNS)

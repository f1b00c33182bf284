"""What the pages of accounts and customers show of disputes, lines of the timeline, and decisions as causes of disputes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.customer_panels import Happening, PanelAsk, TimelineAsk
from accounts.models import Decision
from accounts.panels import Panel
from accounts.queries.account_page import LoadedAccount
from accounts.queries.timeline import by_day, holding_text
from casework.dispute_hooks import Found
from casework.dispute_roles import VIEW_DISPUTES
from casework.models import Dispute
from casework.queries.disputes import Clock, clock_of, open_day
from riskops.shared.roles import may
from riskops.shared.wording import day_text

MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ShownDispute:
    """A dispute with its clock."""

    dispute: Dispute
    clock: Clock


@dataclass(frozen=True, slots=True)
class ShownDisputes:
    """The disputes of an account or customer, open ones first, and the accounts on which another may be taken in."""

    rows: tuple[ShownDispute, ...]
    account_nos: tuple[str, ...]


def _shown(account_ids: list[int], account_nos: tuple[str, ...], today: date | None) -> ShownDisputes:
    rows = Dispute.objects.filter(account__in=account_ids).select_related("kind", "account")
    found = sorted(rows.order_by("-pk")[:MOST_SHOWN], key=lambda dispute: (dispute.is_closed, dispute.answer_by, -dispute.pk))
    return ShownDisputes(tuple(ShownDispute(dispute, clock_of(dispute, today)) for dispute in found), account_nos)


def customer_panel(ask: PanelAsk) -> ShownDisputes:
    """Return the disputes of a customer, for their page."""
    return _shown(list(ask.accounts), tuple(sorted(ask.accounts.values()))[:5], open_day())


def account_panel(loaded: LoadedAccount, user: Any) -> Panel | None:
    """Return the disputes of an account, for its page; nothing for a day past."""
    if loaded.head.is_past or not may(user, VIEW_DISPUTES):
        return None
    account = loaded.head.account
    panel = _shown([account.pk], (account.account_no,), open_day())
    return Panel("casework/disputes/_account.html", {"panel": panel})


def dispute_lines(ask: TimelineAsk) -> list[Happening]:
    """Return disputes as lines of a customer's timeline, on the day they were received."""
    rows = Dispute.objects.filter(account__in=ask.accounts).select_related("kind")
    rows = holding_text(rows, ask, ("claim", "finding", "order_no", "opened_by_name"))
    return [
        Happening(
            "dispute",
            row.received_on,
            row.pk,
            _("%(lane)s: %(kind)s") % {"lane": row.get_lane_display(), "kind": str(row.kind)},
            account_no=ask.accounts[row.account_id],
            at=row.opened_at,
            who=row.opened_by_name,
            text=row.claim,
            details=_details(row),
            money=(row.amount_minor, ask.currencies[row.account_id]) if row.amount_minor else None,
            url=reverse("casework:dispute", args=[row.pk]),
            tone="" if row.is_closed else "warn",
        )
        for row in by_day(rows, ask, day="received_on")
    ]


def _details(row: Dispute) -> list[tuple[str, str]]:
    if row.closed_on is None:
        return [(_("answer by"), day_text(row.answer_by))]
    return [(_("outcome"), str(row.get_outcome_display())), (pgettext("dispute", "closed on"), day_text(row.closed_on))]


def find_decision(customer_id: int, number: int) -> Found | None:
    """Return a decision by its number, if it is about an account of the customer."""
    decision = Decision.objects.filter(pk=number, account__customer_id=customer_id).first()
    if decision is None:
        return None
    return Found(_decision(decision), reverse("accounts:decision", args=[decision.pk]))


def recent_decisions(customer_id: int) -> list[tuple[int, str]]:
    """Return the latest decisions on accounts of a customer: number and words."""
    rows = Decision.objects.filter(account__customer_id=customer_id).order_by("-pk")[:MOST_SHOWN]
    return [(decision.pk, _decision(decision)) for decision in rows]


def _decision(decision: Decision) -> str:
    return f"{decision.get_action_display()} · {decision.reference} · {day_text(decision.effective_on)}"

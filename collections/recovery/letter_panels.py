"""What the pages of accounts and customers show of letters and legal cases."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.customer_panels import Happening, TimelineAsk, TimelineSource, register_timeline
from accounts.panels import Panel, register_panel
from accounts.queries.account_page import LoadedAccount
from accounts.queries.timeline import by_moment, day_of, holding_text
from recovery.letter_roles import VIEW_LEGAL_CASE, VIEW_LETTER
from recovery.models import LegalCase, Letter
from recovery.queries.limitation import clock_day, clock_shown
from riskops.shared.roles import may


def register_letter_panels() -> None:
    """Fill the registries of the lower rooms."""
    register_panel("letters", letters_panel, place=60, is_under=True)
    register_timeline(TimelineSource("letter", gettext_lazy("lawyer letters"), letter_lines))


def letters_panel(loaded: LoadedAccount, user: Any) -> Panel | None:
    """Return an account's last letters, its legal case and its limitation clock; nothing for a day past or an account on time."""
    if loaded.head.is_past or not may(user, VIEW_LETTER):
        return None
    account = loaded.head.account
    letters = list(Letter.objects.filter(account=account).order_by("-id"))
    case = LegalCase.objects.filter(account=account).order_by("-id").first()
    is_late = loaded.head.state.oldest_unpaid_due_date is not None
    if not (letters or case or is_late):
        return None
    today = timezone.localdate()
    clock = None
    if is_late:
        clock = clock_shown(loaded, letters=letters, has_case=case is not None, as_of=clock_day(today), today=today)
    context = {
        "letters": letters[:3],
        "case": case if may(user, VIEW_LEGAL_CASE) else None,
        "clock": clock,
        "account": account,
        "is_late": is_late,
    }
    return Panel("recovery/letters/_account_panel.html", context)


def letter_lines(ask: TimelineAsk) -> list[Happening]:
    """Return letters as lines of a customer's timeline."""
    rows = Letter.objects.filter(account__in=ask.accounts, customer_id=ask.customer_id)
    rows = holding_text(rows, ask, ("note", "evidence_note", "tracking_no"))
    return [
        Happening(
            "letter",
            day_of(row.proposed_at),
            row.pk,
            _("lawyer letter %(letter)s") % {"letter": row.reference},
            account_no=ask.accounts[row.account_id],
            at=row.proposed_at,
            who=row.proposed_by_name,
            text=row.evidence_note or row.note,
            details=[(_("state"), str(row.get_status_display()))],
            money=(row.balance_minor, row.currency),
        )
        for row in by_moment(rows, ask, moment="proposed_at")
    ]

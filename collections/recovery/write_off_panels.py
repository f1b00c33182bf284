"""What the page of an account shows of write-offs and recoveries."""

from __future__ import annotations

from typing import Any

from accounts.panels import Panel, register_panel
from accounts.queries.account_page import LoadedAccount
from recovery.models import WriteOffProposal
from recovery.write_off_roles import VIEW_RECOVERY, VIEW_WRITE_OFF
from riskops.shared.roles import may


def register_write_off_panels() -> None:
    """Fill the registry of the lower room."""
    register_panel("write_offs", write_off_panel, place=65)


def write_off_panel(loaded: LoadedAccount, user: Any) -> Panel | None:
    """Return what is proposed, or what may be seen of an account that is written off; nothing for a day past or one on time."""
    head = loaded.head
    if head.is_past or not may(user, VIEW_WRITE_OFF):
        return None
    is_late = head.state.oldest_unpaid_due_date is not None
    if not (is_late or head.write_off):
        return None
    proposal = WriteOffProposal.objects.select_related("decision").filter(account=head.account)
    context = {
        "proposal": proposal.order_by("-id").first(),
        "account": head.account,
        "is_written_off": head.write_off is not None,
        "may_see": may(user, VIEW_RECOVERY),
    }
    return Panel("recovery/write_offs/_account_panel.html", context)

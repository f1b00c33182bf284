"""What the pages of accounts and customers show of cases and promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.customer_panels import PanelAsk
from accounts.panels import Panel
from accounts.queries.account_page import LoadedAccount
from casework.case_forms import OFFERED_PARTS
from casework.models import Case, Promise
from casework.queries.cases.pages import case_brief
from casework.work_roles import VIEW_CASES
from riskops.shared.roles import may


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case of a customer."""

    account_no: str
    case: Case


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """A promise of a customer."""

    account_no: str
    promise: Promise
    currency: str


def case_panel(loaded: LoadedAccount, user: Any) -> Panel | None:
    """Return the case of an account in a few lines, with the drawer of a promise; nothing for a day past."""
    if loaded.head.is_past or not may(user, VIEW_CASES):
        return None
    account = loaded.head.account
    brief = case_brief(account.pk, getattr(account, "state", None))
    if brief is None:
        return None
    return Panel("casework/cases/_panel.html", {"brief": brief, "offered_parts": range(OFFERED_PARTS)})


def cases_of_customer(ask: PanelAsk) -> list[CaseLine] | None:
    """Return the last cases of a customer's accounts, open ones first."""
    rows = Case.objects.filter(account__in=ask.accounts).order_by("closed_on", "-pk")
    found = sorted(rows[:40], key=lambda case: (case.closed_on is not None, -case.pk))[:12]
    return [CaseLine(ask.accounts[case.account_id], case) for case in found] or None


def promises_of_customer(ask: PanelAsk) -> list[PromiseLine] | None:
    """Return the last promises of a customer's accounts."""
    rows = Promise.objects.filter(account__in=ask.accounts).select_related("product").prefetch_related("parts").order_by("-pk")
    return [PromiseLine(ask.accounts[row.account_id], row, row.product.currency) for row in rows[:8]] or None

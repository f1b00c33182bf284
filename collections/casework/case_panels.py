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
from casework.trained import standing_flag, why_left_to_trained
from casework.work_roles import RECORD_VULNERABILITY, VIEW_CASES
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
    care = why_left_to_trained(user, account.customer_id) if brief.room is not None else ""
    return Panel("casework/cases/_panel.html", {"brief": brief, "offered_parts": range(OFFERED_PARTS), "care": care})


@dataclass(frozen=True, slots=True)
class CareLine:
    """Whether a customer is handled with care, and an account by which that page is opened."""

    account_no: str
    is_flagged: bool


def care_panel(loaded: LoadedAccount, user: Any) -> Panel | None:
    """Return the mark of a customer who is handled with care; nothing for a day past, or of who is not."""
    signals = getattr(loaded.head.account, "signals", None)
    if loaded.head.is_past or signals is None or not signals.is_vulnerable or not may(user, VIEW_CASES):
        return None
    return Panel("casework/care/_account.html")


def care_of_customer(ask: PanelAsk) -> CareLine | None:
    """Return whether a customer is handled with care; nothing to somebody who could do nothing about it."""
    account_no = min(ask.accounts.values(), default="")
    is_flagged = standing_flag(ask.customer_id) is not None
    if not account_no or not (is_flagged or may(ask.user, RECORD_VULNERABILITY)):
        return None
    return CareLine(account_no, is_flagged)


def cases_of_customer(ask: PanelAsk) -> list[CaseLine] | None:
    """Return the last cases of a customer's accounts, open ones first."""
    rows = Case.objects.filter(account__in=ask.accounts).order_by("closed_on", "-pk")
    found = sorted(rows[:40], key=lambda case: (case.closed_on is not None, -case.pk))[:12]
    return [CaseLine(ask.accounts[case.account_id], case) for case in found] or None


def promises_of_customer(ask: PanelAsk) -> list[PromiseLine] | None:
    """Return the last promises of a customer's accounts."""
    rows = Promise.objects.filter(account__in=ask.accounts).select_related("product").prefetch_related("parts").order_by("-pk")
    return [PromiseLine(ask.accounts[row.account_id], row, row.product.currency) for row in rows[:8]] or None

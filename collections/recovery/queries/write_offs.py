"""Proposed write-offs as pages and API show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Q, QuerySet, Sum

from accounts.models import ReasonCode
from accounts.rules.decisions import OPEN_STATUSES, Action, Status
from recovery.models import WriteOffProposal, WriteOffRule
from recovery.queries.letter_standing import rate_text
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.personal import masked_name
from riskops.shared.scope import Scope, scope_of, scope_of_actor

PAGE_ROWS: Final = 100
_SENT: Final = Q(status="sent")
#: The tabs of the list. A decision may be judged on its own page: what was sent goes by the decision.
TABS: Final[dict[str, Q]] = {
    "proposed": Q(status="proposed"),
    "sent": _SENT & Q(decision__status__in=[str(status) for status in OPEN_STATUSES]),
    "written_off": Q(status="written_off") | (_SENT & Q(decision__status=str(Status.EFFECTIVE))),
    "ended": Q(status__in=["rejected", "lapsed"])
    | (_SENT & ~Q(decision__status__in=[str(Status.EFFECTIVE), *(str(status) for status in OPEN_STATUSES)])),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to; empty: not by that. `least_minor`: owed at least so many minor units."""

    rule: str = ""
    currency: str = ""
    source: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class WriteOffRow:
    """A line of the list; the customer's name masked."""

    proposal: WriteOffProposal
    account_no: str
    masked_name: str
    rate: str


@dataclass(frozen=True, slots=True)
class TabTotals:
    """What the proposals of a tab come to in one currency, in minor units."""

    currency: str
    accounts: int
    principal_minor: int
    owed_minor: int
    expected_minor: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class WriteOffsPage:
    """One tab of the list. `next_after` leads to the next rows; "" at the end."""

    tab: str
    rows: tuple[WriteOffRow, ...]
    counts: Mapping[str, int]
    totals: tuple[TabTotals, ...]
    next_after: str
    filters: Filters
    rules: tuple[str, ...]
    currencies: tuple[str, ...]


def write_offs_in_sight(scope: Scope) -> QuerySet[WriteOffProposal]:
    """Return the proposals about accounts that a person may see."""
    return scope.accounts(WriteOffProposal.objects.all(), product="account__product")


def write_offs_page(user: Any, tab: str, after: str, filters: Filters) -> WriteOffsPage:
    """Return a tab of the list, those that owe most first.

    :param after: `owed:id` of the last row that was shown
    """
    tab = tab if tab in TABS else next(iter(TABS))
    seen = write_offs_in_sight(scope_of(user))
    own = seen.filter(**_narrowed(filters))
    of_tab = own.filter(TABS[tab])
    rows = of_tab.select_related("account__customer", "rule", "decision").order_by("-owed_minor", "id")
    owed, _colon, last = after.partition(":")
    if owed.isdecimal() and last.isdecimal() and len(after) <= 40:
        rows = rows.filter(Q(owed_minor__lt=int(owed)) | Q(owed_minor=int(owed), id__gt=int(last)))
    found = list(rows[: PAGE_ROWS + 1])
    shown = found[:PAGE_ROWS]
    return WriteOffsPage(
        tab=tab,
        rows=tuple(row_of(proposal) for proposal in shown),
        counts=own.aggregate(**{name: Count("id", filter=condition) for name, condition in TABS.items()}),
        totals=_totals(of_tab),
        next_after=f"{shown[-1].owed_minor}:{shown[-1].pk}" if len(found) > PAGE_ROWS else "",
        filters=filters,
        rules=tuple(WriteOffRule.objects.order_by("code").values_list("code", flat=True).distinct()),
        currencies=tuple(seen.order_by("currency").values_list("currency", flat=True).distinct()),
    )


def _narrowed(filters: Filters) -> dict[str, str]:
    named = {"rule__code": filters.rule, "currency": filters.currency, "source": filters.source}
    named["account__account_no"] = filters.account
    return {column: value for column, value in named.items() if value}


def _totals(proposals: QuerySet[WriteOffProposal]) -> tuple[TabTotals, ...]:
    sums = {name: Sum(name, default=0) for name in ("principal_minor", "owed_minor", "expected_minor", "net_minor")}
    rows: Any = proposals.order_by("currency").values("currency").annotate(accounts=Count("id"), **sums)
    return tuple(TabTotals(**row) for row in rows)


def row_of(proposal: WriteOffProposal) -> WriteOffRow:
    """Return a proposal as a line; read with account, customer, rule and decision."""
    person = proposal.account.customer.person
    rate = rate_text(proposal.rate_bp) if proposal.rate_bp is not None else "–"
    return WriteOffRow(proposal, proposal.account.account_no, masked_name(person.get("name", "")), rate)


def write_off_in_sight(actor: Actor, write_off_id: int) -> WriteOffProposal | None:
    """Return a proposal that whoever acts may see and open, None for none.

    :raises ConflictDeclared: they have a conflict with the customer
    """
    rows = write_offs_in_sight(scope_of_actor(actor)).select_related("account__customer", "account__product", "rule", "decision")
    found = rows.filter(pk=write_off_id).first()
    if found is not None:
        refuse_conflict(actor, found.account.customer_id)
    return found


def trail_of(proposal: WriteOffProposal) -> tuple[AuditEntry, ...]:
    """Return what the audit trail says of a proposal, the latest first."""
    lines = AuditEntry.objects.filter(account_id=proposal.account_id, action__startswith="write_off.").order_by("-id")[:50]
    return tuple(lines)


def reason_codes() -> list[tuple[str, str]]:
    """Return the reasons a write-off may bear, each with its name."""
    rows = ReasonCode.objects.filter(action=Action.WRITE_OFF, is_active=True).order_by("code")
    return [(reason.code, str(reason)) for reason in rows]

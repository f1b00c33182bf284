"""Decisions as people look at them: the queue, the ones of an account, one with its history."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Appeal, Decision, DecisionNotice
from accounts.operations.deciding.appealing import last_day_to_appeal
from accounts.operations.deciding.judging import may_cancel
from accounts.operations.deciding.refusals import role_names
from accounts.operations.deciding.replaying import Replay, replay
from accounts.queries.scope_values import with_scope_names
from accounts.rules.authority import may_approve
from accounts.rules.decisions import LIFTABLE_ACTIONS, WEIGHED_ANEW, Action, Status
from accounts.rules.raises import WeighedChange
from accounts.rules.verdicts import change_of
from riskops.shared.day import book_shown
from riskops.shared.models import AuditEntry
from riskops.shared.people.conflicts import conflicted_customers, refuse_conflict
from riskops.shared.scope import scope_of

PAGE_ROWS: Final = 50
#: The lists of the page, in the order of a decision's life.
LISTS: Final[dict[str, Promise]] = {
    "to_approve": _("To approve"),
    "in_buffer": _("In their buffer"),
    "in_force": _("In force"),
    "to_review": _("Review due"),
    "appeals": _("Appeals"),
    "ended": _("Ended"),
    "all": _("All"),
}
TONES: Final = {
    Status.PROPOSED.value: "warn",
    Status.SCHEDULED.value: "accent",
    Status.EFFECTIVE.value: "bad",
    Status.UNDONE.value: "warn",
}


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision in a list. Amounts in minor units of its currency."""

    decision: Decision
    account_no: str
    currency: str
    needs: str
    is_mine_to_approve: bool
    is_mine: bool

    @property
    def tone(self) -> str:
        """The colour of its status."""
        if self.decision.status == Status.EFFECTIVE and not self.decision.is_in_force:
            return "ok"
        return TONES.get(self.decision.status, "")


@dataclass(frozen=True, slots=True)
class DecisionsPage:
    """One page of a list, by keyset. `next_before` is where the next one begins, None on the last."""

    name: str
    rows: tuple[DecisionRow, ...]
    next_before: int | None
    counts: dict[str, int]


def business_today() -> date | None:
    """Return the open day as the last close left it; None before the first close."""
    last = book_shown().business_date
    return last + timedelta(days=1) if last else None


def decisions_seen(user: Any) -> QuerySet[Decision]:
    """Return the decisions on accounts that a person may see; those of customers they have a conflict with are not among them."""
    decisions = Decision.objects.exclude(account__customer_id__in=conflicted_customers(user))
    return scope_of(user).accounts(decisions, product="account__product")


def decisions_in(name: str, *, user: Any, today: date | None) -> QuerySet[Decision]:
    """Return the decisions of a list that a person may see."""
    decisions = with_scope_names(decisions_seen(user)).select_related("account__product", "reason")
    in_force = Q(status=Status.EFFECTIVE) & ~Q(action__in=[Action.LIFT, Action.WRITE_OFF])
    match name:
        case "to_approve":
            return decisions.filter(status=Status.PROPOSED)
        case "in_buffer":
            return decisions.filter(status=Status.SCHEDULED)
        case "in_force":
            return decisions.filter(in_force)
        case "to_review":
            return decisions.filter(in_force, review_on__lte=today) if today else decisions.none()
        case "appeals":
            return decisions.filter(appeal__outcome=Appeal.Outcome.OPEN)
        case "ended":
            return decisions.exclude(status__in=[Status.PROPOSED, Status.SCHEDULED, Status.EFFECTIVE])
    return decisions


def decisions_page(name: str, *, user: Any, before: int | None, roles: Collection[str]) -> DecisionsPage:
    """Return a page of a list, newest first, of what a person may see; the counts are of what waits for somebody."""
    today = business_today()
    found = decisions_in(name, user=user, today=today).order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: PAGE_ROWS + 1])
    waiting = ("to_approve", "to_review", "appeals")
    return DecisionsPage(
        name=name,
        rows=tuple(decision_row(decision, user_id=user.pk, roles=roles) for decision in rows[:PAGE_ROWS]),
        next_before=rows[PAGE_ROWS - 1].pk if len(rows) > PAGE_ROWS else None,
        counts={waits: decisions_in(waits, user=user, today=today).count() for waits in waiting},
    )


def decisions_of(account_id: int, *, user_id: int | None, roles: Collection[str]) -> tuple[DecisionRow, ...]:
    """Return the latest hundred decisions on an account, newest first."""
    found = with_scope_names(Decision.objects.filter(account_id=account_id)).select_related("account__product", "reason")
    return tuple(decision_row(decision, user_id=user_id, roles=roles) for decision in found.order_by("-pk")[:100])


def decision_row(decision: Decision, *, user_id: int | None, roles: Collection[str]) -> DecisionRow:
    """Return a decision as one person sees it in a list."""
    is_mine = user_id is not None and decision.proposed_by_id == user_id
    approves = may_approve(roles=roles, approver_roles=decision.needs_approval_by, is_proposer=is_mine)
    return DecisionRow(
        decision=decision,
        account_no=decision.account.account_no,
        currency=decision.account.product.currency,
        needs=role_names(decision.needs_approval_by) if decision.status == Status.PROPOSED else "",
        is_mine_to_approve=decision.status == Status.PROPOSED and approves,
        is_mine=is_mine,
    )


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """One decision with everything that hangs on it, as one person sees it."""

    row: DecisionRow
    notices: tuple[DecisionNotice, ...]
    appeal: Appeal | None
    last_day_to_appeal: date | None
    history: tuple[AuditEntry, ...]
    lifted_by: tuple[Decision, ...]
    replay: Replay
    changed: WeighedChange | None
    facts: tuple[tuple[str, Any], ...]
    today: date | None
    is_mine_to_cancel: bool
    may_approve: bool


def load_decision(decision_id: int, *, user: Any, roles: Collection[str]) -> DecisionPage | None:
    """Return a decision as one person sees it, None if there is none on an account that they may see.

    :raises ConflictDeclared: they may not open the account
    """
    seen = scope_of(user).accounts(with_scope_names(Decision.objects.filter(pk=decision_id)), product="account__product")
    decision = seen.select_related("account__product", "account__customer", "reason", "lifts", "agreement_version").first()
    if decision is None:
        return None
    refuse_conflict(user, decision.account.customer_id)
    row = decision_row(decision, user_id=user.pk, roles=roles)
    return DecisionPage(
        row=row,
        notices=tuple(decision.notices.order_by("pk")),
        appeal=Appeal.objects.filter(decision=decision).first(),
        last_day_to_appeal=last_day_to_appeal(decision),
        history=tuple(AuditEntry.objects.filter(subject_type="decision", subject_key=decision.reference).order_by("-id")[:100]),
        lifted_by=tuple(decision.lifted_by.order_by("-pk")),
        replay=replay(decision),
        changed=change_of(decision.inputs),
        facts=tuple(sorted(decision.facts.items())),
        today=business_today(),
        is_mine_to_cancel=may_cancel(decision, user_id=user.pk, roles=roles, product=decision.account.product),
        may_approve=row.is_mine_to_approve or _may_come_to_approve(row, roles),
    )


def _may_come_to_approve(row: DecisionRow, roles: Collection[str]) -> bool:
    """Return whether the matrix names one of the roles for some amount of a decision that is weighed again at its approval.

    Whose approval it takes is settled only then; whoever is not asked then is told who is.
    """
    decision = row.decision
    if decision.status != Status.PROPOSED or decision.action not in WEIGHED_ANEW:
        return False
    of_proposer = [line for line in decision.inputs["lines"] if line["role"] in decision.inputs["roles"]]
    return may_approve(roles=roles, approver_roles={line["approver_role"] for line in of_proposer}, is_proposer=row.is_mine)


def liftable(account_id: int) -> QuerySet[Decision]:
    """Return what of an account could be lifted now."""
    return Decision.objects.filter(account_id=account_id, status=Status.EFFECTIVE, action__in=LIFTABLE_ACTIONS).order_by("-pk")

"""Plans as pages and the API show them: the list, one plan with its progress, and what could be offered to an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Count, QuerySet

from accounts.models import Installment
from accounts.queries.entries import load_entries
from accounts.rules.replay import InstallmentState
from casework.models import AffordabilityForm, Plan, PlanAgreement, PlanEvent, PlanFile, ReliefTerms
from casework.operations.plans.eligibility import all_terms_in_force, explained, why_not
from casework.operations.plans.following import progress_of
from casework.operations.plans.proposing import can_pay_minor, dues_in, parts_in, suggestions
from casework.operations.plans.standing import Held, owed_by, parts_of
from casework.queries.steps import StepFilter
from casework.rules.plans import Due, Owed, Progress, Suggestion
from riskops.shared.rule_language import Compared
from riskops.shared.scope import Scope

ROWS_SHOWN: Final = 100
#: The filters of the list, each a set of statuses.
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "open": ("proposed", "offered", "confirming"),
    "active": ("active",),
    "missed": ("active",),
    "observed": ("paid",),
    "over": ("cured", "broken", "rejected", "withdrawn", "lapsed"),
}


@dataclass(frozen=True, slots=True)
class PlansPage:
    """A page of plans and how many there are of each kind."""

    rows: tuple[Plan, ...]
    counts: dict[str, int]
    chosen: str
    has_more: bool
    instrument: str = ""
    step: StepFilter | None = None
    step_count: int = 0


def plans_in(scope: Scope) -> QuerySet[Plan]:
    """Return the plans that a person may see."""
    rows = Plan.objects.select_related("account__product", "account__customer", "terms")
    return scope.accounts(rows, product="account__product")


def plans_page(chosen: str, *, scope: Scope, instrument: str = "", step: StepFilter | None = None) -> PlansPage:
    """Return the plans of one group, the newest first.

    :param instrument: of this instrument alone; "": of all
    :param step: those that took a step, of whatever group
    """
    mine = plans_in(scope)
    if instrument:
        mine = mine.filter(terms__instrument=instrument)
    by_status = dict(mine.order_by().values_list("status").annotate(Count("pk")))
    missed = mine.filter(status="active", missed_since__isnull=False)
    counts = {group: sum(by_status.get(status, 0) for status in statuses) for group, statuses in GROUPS.items()}
    counts["missed"] = missed.count()
    rows = missed if chosen == "missed" else mine.filter(status__in=GROUPS[chosen])
    rows = step.plans(mine) if step else rows
    found = list(rows.order_by("-proposed_on", "-pk")[: ROWS_SHOWN + 1])
    shown = tuple(found[:ROWS_SHOWN])
    return PlansPage(shown, counts, chosen, len(found) > ROWS_SHOWN, instrument, step, rows.count() if step else 0)


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One instalment of a plan, and once it is signed how it stands."""

    due: Due
    state: InstallmentState | None

    @property
    def left_minor(self) -> int:
        """What is unpaid of it; all of it before it is signed."""
        return self.due.total_minor if self.state is None else sum(self.state.unpaid.values())


@dataclass(frozen=True, slots=True)
class TakenOver:
    """An old instalment and what the plan takes of it, in minor units; penalty among the fees."""

    installment: Installment
    owed: Owed


@dataclass(frozen=True, slots=True)
class Paper:
    """An agreement that was handed in as signed on paper, by whom, and why it was sent back where it was."""

    file: PlanFile
    handed_in_by: str
    sent_back_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PlanShown:
    """One plan as its page shows it."""

    plan: Plan
    lines: tuple[PlanLine, ...]
    taken: tuple[TakenOver, ...]
    owed: Owed
    progress: Progress | None
    events: tuple[PlanEvent, ...]
    can_pay_minor: int | None
    agreements: tuple[PlanAgreement, ...]
    papers: tuple[Paper, ...]


def plan_shown(plan: Plan, *, as_of: date | None) -> PlanShown:
    """Return a plan with its schedule, what it took over, and how it stands on a day."""
    dues, states, progress = dues_in(plan), {}, None
    if plan.change_id is not None and as_of is not None:
        rebuilt = load_entries([plan.account_id])[plan.account_id].rebuilt(as_of)
        states = {s.entry.sequence: s for s in rebuilt.installments if s.entry.change == plan.change_id}
        progress = progress_of(plan, rebuilt)
    parts = parts_in(plan)
    old = Installment.objects.in_bulk([part.installment for part in parts])
    events = tuple(plan.events.all())
    return PlanShown(
        plan,
        tuple(PlanLine(due, states.get(number)) for number, due in enumerate(dues, start=1)),
        tuple(TakenOver(old[part.installment], owed_by((part,))) for part in parts),
        owed_by(parts),
        progress,
        events,
        can_pay_minor(plan.affordability, plan.terms) if plan.affordability else None,
        tuple(plan.agreements.defer("said")),
        papers_of(plan, events),
    )


def papers_of(plan: Plan, events: Sequence[PlanEvent]) -> tuple[Paper, ...]:
    """Return every paper of a plan in the order in which they came, with the steps that took them in and sent them back.

    A plan has one paper at a time: the first step of a kind is of the first paper, the second of the second.
    """
    came = iter([event for event in events if event.kind == PlanEvent.Kind.HANDED_IN])
    went = iter([event for event in events if event.kind == PlanEvent.Kind.SENT_BACK])
    found = []
    for kept in plan.files.order_by("pk"):
        by, back = next(came, None), next(went, None) if kept.sent_back_at is not None else None
        found.append(Paper(kept, by.actor_name if by else "", back.actor_name if back else "", back.note if back else ""))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument of relief, and whether it is open to an account."""

    terms: ReliefTerms
    why_not: str
    compared: tuple[Compared, ...]


@dataclass(frozen=True, slots=True)
class Offers:
    """What could be offered to an account on the open day.

    :param suggestions: of the instrument that was chosen, ranked; empty where it is not open
    """

    instruments: tuple[Instrument, ...]
    chosen: Instrument
    owed: Owed
    covers: str
    suggestions: tuple[Suggestion, ...]
    form: AffordabilityForm | None
    can_pay_minor: int | None


def offers(held: Held, *, instrument: str, covers: str) -> Offers:
    """Return what could be offered to an account, from the latest affordability form of its customer."""
    account_id = held.account.pk
    found = []
    for terms in all_terms_in_force():
        compared = tuple(explained(terms, account_id, closed_day=held.closed_day).comparisons)
        against = why_not(terms, account_id, closed_day=held.closed_day, open_day=held.open_day)
        found.append(Instrument(terms, against, compared))
    chosen = next((one for one in found if one.terms.instrument == instrument), found[0])
    form = AffordabilityForm.objects.filter(customer_id=held.account.customer_id, account=held.account).order_by("-pk").first()
    return Offers(
        tuple(found),
        chosen,
        owed_by(parts_of(held.rebuilt, covers=covers)),
        covers,
        () if chosen.why_not else suggestions(held, chosen.terms, covers=covers, form=form),
        form,
        can_pay_minor(form, chosen.terms) if form else None,
    )


def kept_plans() -> QuerySet[Plan]:
    """Return the plans that stop collection: in force, and nothing of them missed."""
    return Plan.objects.filter(status=Plan.Status.ACTIVE, missed_since=None)


def latest_plan(account_id: int) -> Plan | None:
    """Return the last plan of an account."""
    rows: Any = Plan.objects.filter(account_id=account_id).select_related("terms")
    return rows.order_by("-pk").first()

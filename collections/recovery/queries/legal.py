"""Legal cases as the board and their pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import QuerySet

from recovery.models import LegalCase, LegalStage
from recovery.models.legal import STAGE_NAMES
from recovery.queries.limitation import clock_of
from recovery.rules.benefit import NEXT_STAGES, Stage
from recovery.rules.limitation import Clock
from riskops.shared.models import AuditEntry
from riskops.shared.personal import masked_name
from riskops.shared.scope import Scope, scope_of

#: Cards of one column.
MOST_CARDS: Final = 100
#: Closed cases of the board's last column.
MOST_CLOSED: Final = 30


@dataclass(frozen=True, slots=True)
class Card:
    """A case on the board. `days` it has stood in its stage."""

    case: LegalCase
    account_no: str
    masked_name: str
    docket_no: str
    days: int | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the board: its cards, those that wait for approval first, and how many there are in all."""

    code: str
    label: Any
    cards: tuple[Card, ...]
    total: int


@dataclass(frozen=True, slots=True)
class CasePage:
    """One case with its stages, files, limitation clock, what may follow, and what happened."""

    case: LegalCase
    masked_name: str
    stages: tuple[LegalStage, ...]
    present: LegalStage | None
    files: tuple[Any, ...]
    clock: Clock | None
    following: tuple[tuple[str, Any], ...]
    audit: tuple[AuditEntry, ...]


def cases_in_sight(scope: Scope) -> QuerySet[LegalCase]:
    """Return the cases of accounts that a person may see."""
    rows = LegalCase.objects.select_related("account__customer", "account__product")
    return scope.accounts(rows, product="account__product")


def board(user: Any, today: date) -> tuple[Column, ...]:
    """Return the board: a column a stage, and the cases closed last."""
    cases = cases_in_sight(scope_of(user))
    columns = []
    for stage in Stage:
        of_stage = cases.filter(stage=stage, status__in=["proposed", "open"])
        # "proposed" comes after "open": what waits for approval stands on top.
        rows = list(of_stage.order_by("-status", "pk")[:MOST_CARDS])
        total = of_stage.count() if len(rows) == MOST_CARDS else len(rows)
        columns.append(Column(str(stage), STAGE_NAMES[stage], _cards(rows, today), total))
    return tuple(columns)


def closed_cards(user: Any, today: date) -> tuple[Card, ...]:
    """Return the cases that were closed or rejected last."""
    closed = cases_in_sight(scope_of(user)).filter(status__in=["closed", "rejected"])
    return _cards(list(closed.order_by("-pk")[:MOST_CLOSED]), today)


def _cards(cases: list[LegalCase], today: date) -> tuple[Card, ...]:
    present = {stage.case_id: stage for stage in LegalStage.objects.filter(case__in=cases, ended_on=None)}
    found = []
    for case in cases:
        stage = present.get(case.pk)
        days = (today - stage.begun_on).days if stage else None
        name = masked_name(case.account.customer.person.get("name", ""))
        found.append(Card(case, case.account.account_no, name, stage.docket_no if stage else "", days))
    return tuple(found)


def case_page(case: LegalCase, *, as_of: date, today: date, with_audit: bool) -> CasePage:
    """Return a case's page."""
    stages = tuple(case.stages.order_by("begun_on", "pk"))
    audit = AuditEntry.objects.filter(subject_type="legal case", subject_key=case.reference).order_by("-id")[:50]
    return CasePage(
        case=case,
        masked_name=masked_name(case.account.customer.person.get("name", "")),
        stages=stages,
        present=next((stage for stage in stages if stage.ended_on is None), None),
        files=tuple(case.files.order_by("id")),
        clock=clock_of(case.account, as_of=as_of, today=today),
        following=following(case),
        audit=tuple(audit) if with_audit else (),
    )


def following(case: LegalCase) -> tuple[tuple[str, Any], ...]:
    """Return the stages that may follow a case's present one, each with its name."""
    return tuple((str(stage), STAGE_NAMES[stage]) for stage in NEXT_STAGES[Stage(case.stage)])

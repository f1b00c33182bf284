"""Simulated books built for tests: small ones, broken off and taken up again, and what their people meant them to be."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from accounts.models import AccountSnapshot, InstallmentCancellation, Refund, Waiver
from casework.models import (
    AffordabilityForm,
    Case,
    CaseEvent,
    Dispute,
    DisputeCorrection,
    Plan,
    PlanAgreement,
    PlanEvent,
    Promise,
    Vulnerability,
)
from outreach.models import Contact, ContactHold, Denial
from recovery.models import (
    Agency,
    AgencyStatement,
    CommissionLine,
    LegalCase,
    LegalStage,
    Letter,
    LetterDocument,
    Placement,
    PlacementBatch,
    RecoveryFile,
)
from riskops.close_of_business import close_day
from riskops.shared.models import AuditEntry, Examination
from riskops.simulation import building
from riskops.simulation.behaviour import Behaviour
from riskops.simulation.building import Recipe, build
from riskops.simulation.window import window_before

TODAY = date(2026, 11, 22)
#: Whatever an act writes.
WRITTEN = (
    *(AffordabilityForm, Case, CaseEvent, Contact, ContactHold, Denial, Dispute, DisputeCorrection, Plan, PlanAgreement),
    *(PlanEvent, Promise, Vulnerability, Agency, AgencyStatement, CommissionLine, LegalCase, LegalStage, Letter),
    *(LetterDocument, Placement, PlacementBatch, RecoveryFile, Examination, InstallmentCancellation, Refund, Waiver),
)


class Interrupted(Exception):
    """The plug is pulled."""


class Breaks:
    """Pulls the plug once on each of some days, when their acts are done and their close has not begun."""

    def __init__(self, days: set[date]) -> None:
        self.left = set(days)
        self.first: dict[date, dict[str, int]] = {}
        self.second: dict[date, dict[str, int]] = {}

    def close_day(self, day: date, **others: Any) -> Any:
        if day in self.left:
            self.left.remove(day)
            self.first[day] = written()
            raise Interrupted
        if day in self.first:
            self.second[day] = written()
        return close_day(day, **others)


def written() -> dict[str, int]:
    """Return how many rows there are of each kind that an act writes, lines of the trail by played people among them."""
    counts = {model.__name__: model.objects.count() for model in WRITTEN}
    return {**counts, "trail": AuditEntry.objects.filter(actor_name__startswith="sim-").count()}


def build_with(recipe: Recipe, breaks: Breaks, patch: pytest.MonkeyPatch) -> None:
    """Build a book as often as it takes."""
    patch.setattr(building, "close_day", breaks.close_day)
    while True:
        try:
            build(recipe, say=lambda line: None)
        except Interrupted:
            continue
        return


def recipe_of(*, accounts: int, months: int) -> Recipe:
    return Recipe(accounts, months, 1, window_before(TODAY, months=months).first_month)


def meant(recipe: Recipe) -> dict[date, dict[str, int]]:
    """Return by month-end and account number the bucket that each account's people meant it to be in."""
    behaviour = Behaviour(recipe.window, accounts=recipe.accounts, seed=recipe.seed)
    return {
        recipe.window.month_end(month.number): {number: min(late, 7) for number, late in month.months_late.items()}
        for month in behaviour
    }


def reported() -> dict[date, dict[str, int]]:
    found: dict[date, dict[str, int]] = {}
    rows = AccountSnapshot.objects.filter(provenance="reported").values_list("as_of", "account__account_no", "bucket")
    for as_of, number, bucket in rows:
        found.setdefault(as_of, {})[number] = bucket
    return found

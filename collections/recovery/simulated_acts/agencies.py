"""Two agencies on the days of the simulated book: put into use by two people, given accounts each quarter, paid each month."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import Any, Final

from django.db import transaction

from recovery.models import Agency, AgencyEvaluation, AgencyPerson, AgencyStatement, Placement, PlacementBatch
from recovery.operations.agencies.batches import approve_batch, propose_batch, split_batch
from recovery.operations.agencies.evaluating import (
    decide_terms,
    evaluate_agency,
    propose_terms,
    register_person,
)
from recovery.operations.agencies.finding import standing_of
from recovery.operations.agencies.preparing import approve_agency, prepare_agency
from recovery.operations.agencies.recalling import recall_account
from recovery.operations.agencies.refusals import NobodyFound, PaidToday
from recovery.operations.agencies.statements import issue_statement, prepare_statement
from recovery.rules.commission import Band
from riskops.shared.models import Examination
from riskops.simulation.acts import DayContext, Moment, act
from riskops.simulation.products import CURRENCY
from riskops.simulation.staff import APPROVER, COLLECTORS, COMPLIANCE, LEAD, MANAGER

#: Agencies are there from the second of the month of the first placement on.
PREPARED_ON, PLACED_ON, RECALLED_ON = 2, 5, 17
#: A quarter's placement: in the months 4, 7, 10 … of the window. From m4 on; who is written off stays at home.
FIRST_QUARTER: Final = 4
RULE: Final = "bucket >= 4 and written_off = False"
#: The most accounts an agency holds, and for how long.
_CAPACITY: Final = 40
# Less than a quarter, so that there is room for the next batch.
_PLACED_DAYS: Final = 85
_TAIL_DAYS: Final = 10
#: A quarter of what comes in within a month, less of what comes later; less of what was placed early.
_BANDS: Final = (Band(4, 5, 30, 2_000), Band(0, 7, 30, 2_500), Band(0, 7, None, 1_200))
_NAMES: Final = {"sim-north": "North Recovery (simulated)", "sim-south": "South Recovery (simulated)"}
_AHEAD: Final = timedelta(days=40)
_EVALUATED: Final = "Files, recordings and access looked at; no complaint upheld."


@act("recovery.agencies", Moment.MORNING)
def work_with_agencies(day: date, context: DayContext) -> None:
    """Prepare the agencies and keep them fit, place with them, recall by hand, and state what they earned."""
    if context.month < FIRST_QUARTER:
        return
    if day.day == PREPARED_ON:
        for code in COLLECTORS:
            _keep_fit(code, day, context)
    elif day.day == PLACED_ON and (context.month - FIRST_QUARTER) % 3 == 0:
        _place(day, context)
    elif day.day == RECALLED_ON:
        _recall_one(day, context)
    elif day.day == 1:
        for code in COLLECTORS:
            _state(code, day, context)


def _keep_fit(code: str, day: date, context: DayContext) -> None:
    """Do what an agency lacks to be given anything, or soon will: evaluation, training, terms, approval by a second person."""
    manager, compliance = context.staff.actor(MANAGER), context.staff.actor(COMPLIANCE)
    if not Agency.objects.filter(code=code).exists():
        prepare_agency(actor=manager, code=code, currency=CURRENCY, minor_digits=2, values=_values(code, day))
    agency = Agency.objects.get(code=code)
    due = standing_of(agency, day).evaluation_due
    if due is None or due <= day + _AHEAD:
        passed = AgencyEvaluation.Result.PASSED
        evaluate_agency(actor=compliance, code=code, evaluated_on=day, result=passed, findings=_EVALUATED, today=day)
    if agency.status == Agency.Status.PREPARED:
        approve_agency(actor=compliance, code=code, today=day)
    if not agency.terms.exists():
        propose_terms(actor=manager, code=code, live_from=day, bands=_BANDS, tail_days=_TAIL_DAYS, today=day)
    for version in agency.terms.filter(status="proposed").values_list("version", flat=True):
        decide_terms(actor=context.staff.actor(APPROVER), code=code, version=version, approves=True)
    username = COLLECTORS[code]
    context.staff.actor(username)
    # A training holds as long as an examination does: both are done anew in good time.
    since = AgencyPerson.objects.filter(user__username=username, until=None).values_list("trained_on", flat=True).first()
    if since is None or since + timedelta(days=320) <= day:
        register_person(actor=manager, code=code, username=username, trained_on=day, today=day)
    context.staff.examine([username], Examination.Subject.COLLECTIONS, on=day)


def _values(code: str, day: date) -> dict[str, Any]:
    """Return what is said of an agency: its contract outlives any window, and every evaluation is a yearly one."""
    until = date(day.year + 12, day.month, 1)
    return {
        "name": _NAMES[code],
        "licence_no": f"SIM-{code[-5:].upper()}-1",
        "licence_valid_until": until,
        "contract_from": day,
        "contract_until": until,
        "undertaking_on": day,
        "undertaking_reference": "contract, annex 3",
        "capacity_accounts": _CAPACITY,
        "capacity_minor": _CAPACITY * 20_000_00,
        "placed_days": _PLACED_DAYS,
    }


@transaction.atomic
def _place(day: date, context: DayContext) -> None:
    """Split, propose and approve the quarter's batch, by three hands; the close of the day places it. All of it or nothing."""
    if PlacementBatch.objects.filter(as_of=day - timedelta(days=1)).exists():
        return
    lead = context.staff.actor(LEAD)
    seed = context.draw("split", day).getrandbits(32)
    with suppress(NobodyFound):
        batch = split_batch(actor=lead, rule=RULE, weights=dict.fromkeys(COLLECTORS, 1), today=day, seed=seed)
        if batch.accounts:
            propose_batch(actor=lead, batch_id=batch.pk, reason="few accounts: halves of a small book differ")
            approve_batch(actor=context.staff.actor(APPROVER), batch_id=batch.pk, today=day)


def _recall_one(day: date, context: DayContext) -> None:
    """Recall by hand the oldest placement of the crowd, as an agency that cannot find somebody gives the account back."""
    by_hand = Placement.objects.filter(recalled_on=day, recall_reason=Placement.Reason.OTHER)
    placed = Placement.objects.filter(recalled_on=None, placed_on__lt=day - timedelta(days=30))
    first = placed.filter(account__account_no__startswith="SIM-").order_by("placed_on", "pk").first()
    if first is not None and not by_hand.exists():
        with suppress(PaidToday):
            recall_account(
                actor=context.staff.actor(LEAD),
                account_no=first.account.account_no,
                reason=Placement.Reason.OTHER,
                note="the agency cannot find the customer and gives the account back",
            )


@transaction.atomic
def _state(code: str, day: date, context: DayContext) -> None:
    """Draw up what an agency earned in the month that has just been closed, and have somebody else issue it."""
    month = (day - timedelta(days=1)).replace(day=1)
    if not Placement.objects.filter(agency__code=code, placed_on__lt=day).exists():
        return
    if AgencyStatement.objects.filter(agency__code=code, month=month).exists():
        return
    row = prepare_statement(actor=context.staff.actor(LEAD), code=code, month=month)
    issue_statement(actor=context.staff.actor(APPROVER), statement_id=row.pk)

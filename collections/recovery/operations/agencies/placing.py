"""The step of the close that settles commission, recalls what has ended and places approved batches, before tiers are set.

The order matters: what was paid on the day counts before its account is recalled, and a place that is given up is not given to
the same night's batch.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any, Final

from django.db.models import Exists, OuterRef

from accounts.facts import ACCOUNT_FACTS, account_rows
from accounts.operations.signals import note_signals_of
from casework.models import Case
from casework.operations.cases.moving import move_cases
from recovery.agency_facts import placeable
from recovery.agency_reasons import PLACED_IN_BATCH
from recovery.agency_roles import PLACE
from recovery.models import Agency, BatchAccount, Placement, PlacementBatch
from recovery.operations.agencies.commissions import settle
from recovery.operations.agencies.finding import Standing, standing_of
from recovery.operations.agencies.recalling import recall_due
from riskops.shared.audit import CLOSE, line, record_all
from riskops.shared.rule_language import parse_rule
from riskops.shared.scope import WHOLE_BOOK

#: The step of the close that does this.
AGENCIES_STEP: Final = "agencies"
AT_ONCE: Final = 1_000

Outcome = BatchAccount.Outcome


def work_placements(*, as_of: date, today: date, first_account_id: int, last_account_id: int, run_id: int | None = None) -> int:
    """Do the day's work on placements in a range and return how many rows it wrote; a repeat writes none.

    :param as_of: the day that is closed
    :param today: the calendar day, by which agencies' licences and evaluations hold
    """
    rows = 0
    if Placement.objects.filter(account_id__gte=first_account_id, account_id__lte=last_account_id).exists():
        rows += settle(as_of=as_of, first=first_account_id, last=last_account_id)
        rows += recall_due(as_of=as_of, today=today, first=first_account_id, last=last_account_id, actor=CLOSE, run_id=run_id)
    for batch in PlacementBatch.objects.filter(status=PlacementBatch.Status.APPROVED).order_by("pk"):
        rows += _place(batch, as_of, today, first_account_id, last_account_id, run_id)
        waiting = BatchAccount.objects.filter(batch=batch, outcome=Outcome.WAITS)
        # Of two shards that end at once neither sees the other's end: the next close notes it then.
        approved = PlacementBatch.objects.filter(pk=batch.pk, status=PlacementBatch.Status.APPROVED)
        approved.filter(~Exists(waiting.filter(batch=OuterRef("pk")))).update(
            status=PlacementBatch.Status.PLACED, placed_on=as_of
        )
    return rows


def _place(batch: PlacementBatch, as_of: date, today: date, first: int, last: int, run_id: int | None) -> int:
    waiting = BatchAccount.objects.filter(
        batch=batch, outcome=Outcome.WAITS, account_id__gte=first, account_id__lte=last
    ).order_by("account_id")
    lines = list(waiting)
    if not lines:
        return 0
    agencies = {agency.pk: agency for agency in Agency.objects.filter(code__in=batch.shares)}
    standing = {pk: standing_of(agency, today, placed_on=as_of) for pk, agency in agencies.items()}
    placed = 0
    for begin in range(0, len(lines), AT_ONCE):
        placed += _place_chunk(batch, lines[begin : begin + AT_ONCE], as_of, agencies, standing, run_id)
    return placed


def _place_chunk(
    batch: PlacementBatch,
    lines: list[BatchAccount],
    as_of: date,
    agencies: dict[int, Agency],
    standing: dict[int, Standing],
    run_id: int | None,
) -> int:
    ids = [one.account_id for one in lines]
    rule = parse_rule(batch.rule, ACCOUNT_FACTS)
    columns = ("pk", "owed_minor", "bucket", "days_past_due", "account__account_no")
    rows = placeable(rule, as_of, batch.currency, WHOLE_BOOK, account_rows().filter(pk__in=ids)).values_list(*columns)
    found: dict[int, Any] = {row[0]: row for row in rows}
    elsewhere = set(Placement.objects.filter(account_id__in=ids, recalled_on=None).values_list("account_id", flat=True))
    outcomes: dict[str, list[int]] = defaultdict(list)
    placements, audit = [], []
    for one in lines:
        terms = standing[one.agency_id].terms
        if one.account_id in elsewhere:
            outcomes[Outcome.ELSEWHERE].append(one.pk)
        elif one.account_id not in found:
            outcomes[Outcome.CHANGED].append(one.pk)
        elif standing[one.agency_id].blockers or terms is None:
            outcomes[Outcome.BLOCKED].append(one.pk)
        else:
            _pk, owed, bucket, days, account_no = found[one.account_id]
            outcomes[Outcome.PLACED].append(one.pk)
            placements.append(
                Placement(
                    batch=batch, account_id=one.account_id, agency_id=one.agency_id, terms=terms, placed_on=as_of,
                    amount_minor=owed, bucket=bucket, days_past_due=days,
                )
            )  # fmt: skip
            audit.append(
                line(
                    actor=CLOSE,
                    action=PLACE,
                    subject_type="account",
                    subject_key=account_no,
                    account_id=one.account_id,
                    after={"agency": agencies[one.agency_id].code, "batch": batch.pk, "placed_on": as_of.isoformat()},
                    run_id=run_id,
                )
            )
    Placement.objects.bulk_create(placements)
    for outcome, pks in outcomes.items():
        BatchAccount.objects.filter(pk__in=pks).update(outcome=outcome)
    ids = [placement.account_id for placement in placements]
    note_signals_of(ids, is_placed=True)
    reason = PLACED_IN_BATCH % {"number": batch.pk}
    move_cases(actor=CLOSE, account_ids=ids, stage=Case.Stage.AGENCY, reason=reason, day=as_of, run_id=run_id)
    record_all(audit)
    return len(placements)

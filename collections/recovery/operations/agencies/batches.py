"""Placement batches: run dry, proposed, approved by a second person; the next close places them (placing.py)."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.facts import ACCOUNT_FACTS
from recovery.agency_facts import STRATA, candidates, placeable
from recovery.agency_roles import APPROVE_BATCH, SPLIT_BATCH
from recovery.models import Agency, BatchAccount, Placement, PlacementBatch
from recovery.operations.agencies.finding import reason_of, refuse_own, standing_of
from recovery.operations.agencies.refusals import (
    AgencyNotReady,
    BatchNotThere,
    BatchStale,
    BatchUnknown,
    NobodyFound,
    NoBook,
    NoRoom,
    RuleRefused,
    SharesMalformed,
    SplitUneven,
    TooMany,
)
from recovery.rules.splitting import LARGEST_DIFFERENCE, Candidate, Share, Split, split
from riskops.shared.audit import Actor, record
from riskops.shared.day import CloseIsRunning, book_state, hold_book
from riskops.shared.rule_language import Rule, RuleRefusal, parse_rule
from riskops.shared.scope import scope_of_actor

Status = PlacementBatch.Status
#: Accounts of one batch, and agencies that share it.
MOST_ACCOUNTS: Final = 200_000
MOST_AGENCIES: Final = 10
_E4: Final = 10_000
#: A seed that a person can write down: 32 bits.
_SEED_BITS: Final = 32


@transaction.atomic
def split_batch(*, actor: Actor, rule: str, weights: Mapping[str, int], today: date, seed: int | None = None) -> PlacementBatch:
    """Choose accounts by a rule, split them among agencies and show what came out; nothing is placed by it.

    :param weights: by the agency's code, above 0: champion and challengers
    :param seed: None: a new one. The same seed on the same book gives the same split
    :raises NoBook: no day has been closed
    :raises RuleRefused, NobodyFound, TooMany: the rule cannot be used, or holds on none, or on too many
    :raises SharesMalformed: no agencies, weights that cannot be, or several currencies
    :raises AgencyNotReady: nothing may be placed with one of them
    """
    as_of = book_state().business_date
    if as_of is None:
        raise NoBook
    parsed = _parsed(rule)
    agencies = _agencies(weights)
    for agency in agencies:
        found = standing_of(agency, today, placed_on=as_of)
        if found.blockers:
            raise AgencyNotReady(agency.name, found.why)
    first = agencies[0]
    rows = placeable(parsed, as_of, first.currency, scope_of_actor(actor))
    chosen = list(islice(candidates(rows, first.minor_digits), MOST_ACCOUNTS + 1))
    if len(chosen) > MOST_ACCOUNTS:
        raise TooMany(MOST_ACCOUNTS)
    if not chosen:
        raise NobodyFound
    used = seed if seed is not None else secrets.randbits(_SEED_BITS)
    done = split(chosen, _shares(agencies, weights), variables=STRATA, seed=used)
    largest = done.largest
    batch = PlacementBatch.objects.create(
        rule=parsed.text,
        currency=first.currency,
        minor_digits=first.minor_digits,
        shares={agency.code: weights[agency.code] for agency in agencies},
        seed=used,
        as_of=as_of,
        outcome=_outcome(chosen, done, agencies),
        accounts=len(done.agency_of),
        amount_minor=sum(one.amount_minor for one in chosen if one.account_id in done.agency_of),
        largest_difference_e4=round(largest.value * _E4) if largest else 0,
        drafted_by_id=actor.user_id,
        drafted_by_name=actor.name,
    )
    ids = {agency.code: agency.pk for agency in agencies}
    _keep_lines(batch, chosen, done, ids)
    _record(
        batch, actor, SPLIT_BATCH, after={"rule": batch.rule, "shares": batch.shares, "seed": used, "accounts": batch.accounts}
    )
    return batch


@transaction.atomic
def propose_batch(*, actor: Actor, batch_id: int, reason: str = "") -> PlacementBatch:
    """Ask for the approval of what was run dry.

    :raises BatchUnknown, BatchNotThere, BatchStale: there is nothing to propose, or the book has moved on
    :raises SplitUneven: the agencies differ by more than the bound, and no reason says why that is taken
    """
    batch = _locked(batch_id)
    if batch.status != Status.DRAFT:
        raise BatchNotThere(str(batch), batch.get_status_display())
    _refuse_stale(batch)
    if batch.largest_difference_e4 >= LARGEST_DIFFERENCE * _E4 and not reason.strip():
        raise SplitUneven(f"{batch.largest_difference_e4 / _E4:.3f}", f"{LARGEST_DIFFERENCE:.2f}")
    batch.status, batch.reason, batch.proposed_by_id = Status.PROPOSED, reason.strip()[:500], actor.user_id
    batch.save(update_fields=["status", "reason", "proposed_by"])
    _record(batch, actor, SPLIT_BATCH, before={"status": "draft"}, after={"status": batch.status}, reason=batch.reason)
    return batch


@transaction.atomic
def approve_batch(*, actor: Actor, batch_id: int, today: date) -> PlacementBatch:
    """Approve a batch that somebody else drafted and proposed: the next close places it.

    :raises BatchUnknown, BatchNotThere, BatchStale: there is nothing to approve, or the book has moved on
    :raises OwnWork: whoever asks drafted or proposed it, or is no person
    :raises AgencyNotReady: nothing may be placed with one of the agencies any more
    :raises NoRoom: other batches were approved meanwhile, and one of the agencies has no room for this one
    """
    batch = _locked(batch_id)
    if batch.status != Status.PROPOSED:
        raise BatchNotThere(str(batch), batch.get_status_display())
    refuse_own(actor, str(batch), [batch.drafted_by_id, batch.proposed_by_id], batch.drafted_by_name)
    _refuse_stale(batch)
    # Locked, so that of two batches that are approved at once the second sees the first.
    for agency in Agency.objects.select_for_update(of=("self",)).filter(code__in=batch.shares).order_by("pk"):
        found = standing_of(agency, today, placed_on=batch.as_of)
        if found.blockers:
            raise AgencyNotReady(agency.name, found.why)
        _refuse_beyond_room(batch, agency)
    batch.status = Status.APPROVED
    batch.approved_by_name, batch.approved_at = actor.name, timezone.now()
    batch.save(update_fields=["status", "approved_by_name", "approved_at"])
    _record(
        batch, actor, APPROVE_BATCH, before={"status": "proposed"}, after={"status": batch.status, "accounts": batch.accounts}
    )
    return batch


def drop_batch(*, actor: Actor, batch_id: int, reason: str) -> PlacementBatch:
    """Drop a batch that waits or was approved and not placed; its accounts may be in another one.

    :raises BatchUnknown, BatchNotThere: there is nothing to drop
    :raises ReasonMissing: nothing is written in it
    """
    return _drop(actor, batch_id, reason, (Status.PROPOSED, Status.APPROVED), APPROVE_BATCH)


def discard_batch(*, actor: Actor, batch_id: int, reason: str) -> PlacementBatch:
    """Discard what was run dry and nobody proposed.

    :raises BatchUnknown, BatchNotThere: there is nothing to discard
    :raises ReasonMissing: nothing is written in it
    """
    return _drop(actor, batch_id, reason, (Status.DRAFT,), SPLIT_BATCH)


@transaction.atomic
def _drop(actor: Actor, batch_id: int, reason: str, states: Sequence[str], action: str) -> PlacementBatch:
    if Status.APPROVED in states:
        try:
            # No close places a part of it meanwhile.
            hold_book()
        except CloseIsRunning as running:
            raise BatchNotThere(f"#{batch_id}", str(running)) from running
    batch = _locked(batch_id)
    is_begun = batch.lines.exclude(outcome=BatchAccount.Outcome.WAITS).exists()
    if batch.status not in states or is_begun:
        raise BatchNotThere(str(batch), batch.get_status_display())
    before = batch.status
    batch.status, batch.reason = Status.DROPPED, reason_of(reason)
    batch.save(update_fields=["status", "reason"])
    BatchAccount.objects.filter(batch=batch).delete()
    _record(batch, actor, action, before={"status": before}, after={"status": batch.status}, reason=batch.reason)
    return batch


def room_of(agency: Agency) -> tuple[int, int]:
    """Return how many accounts and how much money (minor units) an agency can take beside what it has, and what is on its way to
    it in batches that wait for approval or for the close.
    """
    return _room(agency, (Status.PROPOSED, Status.APPROVED))


def _room(agency: Agency, on_their_way: Sequence[str]) -> tuple[int, int]:
    waiting = BatchAccount.objects.filter(agency=agency, outcome=BatchAccount.Outcome.WAITS, batch__status__in=on_their_way)
    accounts, money = agency.capacity_accounts, agency.capacity_minor
    for rows in (Placement.objects.filter(agency=agency, recalled_on=None), waiting):
        found = rows.aggregate(n=Count("pk"), owed=Sum("amount_minor"))
        accounts, money = accounts - found["n"], money - (found["owed"] or 0)
    return max(0, accounts), max(0, money)


def _refuse_beyond_room(batch: PlacementBatch, agency: Agency) -> None:
    """Refuse to give an agency, which is locked, more than it has room for beside other batches that are approved."""
    given = batch.lines.filter(agency=agency).aggregate(n=Count("pk"), owed=Sum("amount_minor"))
    accounts, money = _room(agency, (Status.APPROVED,))
    if given["n"] > accounts or (given["owed"] or 0) > money:
        raise NoRoom(agency.name, given["n"], accounts)


def _keep_lines(batch: PlacementBatch, chosen: Sequence[Candidate], done: Split, ids: Mapping[str, int]) -> None:
    """Keep who got which account. Without objects in between: they would take longer than the split itself."""
    lines = [
        (batch.pk, one.account_id, ids[done.agency_of[one.account_id]], one.amount_minor, str(BatchAccount.Outcome.WAITS))
        for one in chosen
        if one.account_id in done.agency_of
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {BatchAccount._meta.db_table} (batch_id, account_id, agency_id, amount_minor, outcome) "
            "VALUES (%s, %s, %s, %s, %s)",
            lines,
        )


def _parsed(rule: str) -> Rule:
    try:
        return parse_rule(rule, ACCOUNT_FACTS)
    except RuleRefusal as refusal:
        raise RuleRefused(str(refusal)) from refusal


def _agencies(weights: Mapping[str, int]) -> list[Agency]:
    if not 1 <= len(weights) <= MOST_AGENCIES or any(weight < 1 or weight > 1_000 for weight in weights.values()):
        raise SharesMalformed(_("Give one to %(most)s agencies, each a weight of 1 to 1,000.") % {"most": MOST_AGENCIES})
    found = {agency.code: agency for agency in Agency.objects.filter(code__in=weights)}
    unknown = sorted(set(weights) - set(found))
    if unknown:
        raise SharesMalformed(_("There is no agency %(codes)s.") % {"codes": ", ".join(unknown)})
    if len({(agency.currency, agency.minor_digits) for agency in found.values()}) > 1:
        raise SharesMalformed(_("The agencies work in several currencies; make a batch for each."))
    return [found[code] for code in weights]


def _shares(agencies: Sequence[Agency], weights: Mapping[str, int]) -> list[Share]:
    rooms = {agency.code: room_of(agency) for agency in agencies}
    return [Share(agency.code, weights[agency.code], *rooms[agency.code]) for agency in agencies]


def _outcome(chosen: Sequence[Candidate], done: Split, agencies: Sequence[Agency]) -> dict[str, Any]:
    """Return what is shown of a split: accounts and money by agency, and each level of each variable with its difference."""
    codes = [agency.code for agency in agencies]
    counts: Counter[tuple[str, str, str]] = Counter()
    money: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for one in chosen:
        code = done.agency_of.get(one.account_id)
        if code is not None:
            totals[code] += 1
            money[code] += one.amount_minor
            counts.update((variable, level, code) for variable, level in zip(STRATA, one.stratum, strict=True))
    return {
        "found": len(chosen),
        "agencies": [{"code": code, "accounts": totals[code], "amount_minor": money[code]} for code in codes],
        "levels": [
            {
                "variable": found.variable,
                "level": found.level,
                "accounts": [counts[found.variable, found.level, code] for code in codes],
                "difference_e4": round(found.value * _E4),
            }
            for found in done.differences
        ],
    }


def _refuse_stale(batch: PlacementBatch) -> None:
    now = book_state().business_date
    if now is None or now != batch.as_of:
        raise BatchStale(str(batch), batch.as_of, now or batch.as_of)


def _locked(batch_id: int) -> PlacementBatch:
    batch = PlacementBatch.objects.select_for_update(of=("self",)).filter(pk=batch_id).first()
    if batch is None:
        raise BatchUnknown(batch_id)
    return batch


def _record(batch: PlacementBatch, actor: Actor, action: str, **more: Any) -> None:
    record(actor=actor, action=action, subject_type="placement_batch", subject_key=str(batch.pk), **more)

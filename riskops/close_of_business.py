"""The close of business: which steps there are and in which order. The one module that sees every app.

post → age → plans → promises → signals → agencies → tier → sweeps → reviews → decisions → write_offs → episodes → cases →
snapshot → arms → outreach → publish.
Penalty needs no step of its own: it is a function of the unpaid base and of time (docs/decisions), so aging computes it. A
missing feed stops the close before any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.bulk.age import age_accounts
from accounts.bulk.debits import forget_failed_debits
from accounts.bulk.post import post_day
from accounts.bulk.signals import month_ends_before, write_history
from accounts.bulk.snapshot import attach_snapshot, snapshot_accounts
from accounts.models import AccountState, ReportedState
from accounts.operations.applications.deciding import expire_applications
from accounts.operations.deciding.nightly import work_decisions
from accounts.operations.deciding.standing import DECISIONS_STEP
from accounts.operations.rebuilding import rebuild_accounts
from accounts.operations.sweeping import begin_sweeps, find_candidates, finish_sweeps, open_candidates
from casework.bulk.cases import EPISODES_STEP, follow_cases
from casework.bulk.promises import PROMISES_STEP, judge_promises
from casework.bulk.queues import CASES_STEP
from casework.bulk.tiers import TIER_STEP, tier_accounts
from casework.bulk.vulnerability import mark_vulnerable
from casework.operations.plans.following import PLANS_STEP, follow_shard
from casework.operations.queues import close_cases
from dashboards.bulk import aggregate_shard, finish_aggregate
from outreach.bulk.assign import ARMS_STEP, assign_arms
from outreach.bulk.plan import OUTREACH_STEP, plan_messages
from recovery.operations.agencies.placing import AGENCIES_STEP, work_placements
from recovery.operations.write_offs.lapsing import WRITE_OFFS_STEP, work_write_offs
from riskops.shared import closing, feeds, shards
from riskops.shared.audit import Actor
from riskops.shared.closing import Shard, Step
from riskops.shared.day import SEALING_STEP, SIMULATED, book_state
from riskops.shared.models import CloseRun, CloseShard

#: Larger than any account id: the last shard takes in accounts opened while the close runs.
LAST_ACCOUNT_ID: Final = 2**63 - 1
SIGNALS_STEP: Final = "signals"


def is_month_end(day: date) -> bool:
    """Return whether a day is the last of its month."""
    return (day + timedelta(days=1)).day == 1


def _post(shard: Shard) -> int:
    day = shard.business_date

    def rebuild(account_ids: Sequence[int], as_of: date) -> int:
        return rebuild_accounts(account_ids, as_of=as_of, ahead_on=as_of)

    return post_day(as_of=day, first_account_id=shard.first_account_id, last_account_id=shard.last_account_id, rebuild=rebuild)


def _age(shard: Shard) -> int:
    """Age the shard's accounts: all of them on the first close and at month-ends, else those that can have changed."""
    day = shard.business_date
    return age_accounts(
        as_of=day,
        first_account_id=shard.first_account_id,
        last_account_id=shard.last_account_id,
        looks_at_all=is_month_end(day) or book_state().business_date is None,
    )


def _plans(shard: Shard) -> int:
    """Follow the plans in force or observed; a broken one is owed again as before, from this day on."""
    return follow_shard(as_of=shard.business_date, first_account_id=shard.first_account_id, last_account_id=shard.last_account_id)


def _promises(shard: Shard) -> int:
    """Decide what was promised, by what was paid up to the day; tiers go by it."""
    return judge_promises(
        as_of=shard.business_date,
        now=timezone.now(),
        first_account_id=shard.first_account_id,
        last_account_id=shard.last_account_id,
    )


def _signals(shard: Shard) -> int:
    """Take old failures of debits out of their count and mark the accounts of vulnerable customers, each night.

    Write the history that rules see, once after each month-end.

    Once means that no complete close since then has done it; so a book that comes from a version without this step gets its
    history at the next close, and a shard that is done again writes the same again.
    """
    day = shard.business_date
    forgotten = forget_failed_debits(as_of=day, first_account_id=shard.first_account_id, last_account_id=shard.last_account_id)
    forgotten += mark_vulnerable(first_account_id=shard.first_account_id, last_account_id=shard.last_account_id)
    done = CloseShard.objects.filter(
        step=SIGNALS_STEP,
        status=CloseShard.Status.DONE,
        run__business_date__gt=month_ends_before(day)[0],
        run__business_date__lt=day,
    )
    if done.exists():
        return forgotten
    return forgotten + write_history(
        as_of=day, first_account_id=shard.first_account_id, last_account_id=shard.last_account_id, keep_scores=True
    )


def _calendar_day(shard: Shard) -> date:
    """Return the day on which the close takes place, by which contracts and licences run: in a simulated book the next one."""
    if book_state().book == SIMULATED:
        return shard.business_date + timedelta(days=1)
    return timezone.localdate()


def _agencies(shard: Shard) -> int:
    """Settle commission, recall and place, before the tiers, which may go by what is placed."""
    return work_placements(
        as_of=shard.business_date,
        today=_calendar_day(shard),
        first_account_id=shard.first_account_id,
        last_account_id=shard.last_account_id,
        run_id=shard.run_id,
    )


def _tier(shard: Shard) -> int:
    return tier_accounts(
        as_of=shard.business_date, first_account_id=shard.first_account_id, last_account_id=shard.last_account_id
    )


def _sweeps(shard: Shard) -> int:
    """Find what the sweeps of the day would open reviews of; how many they may open is a bound over the whole book."""
    if shard.number == 0:
        begin_sweeps(day=shard.business_date)
    return find_candidates(
        day=shard.business_date,
        first_account_id=shard.first_account_id,
        last_account_id=shard.last_account_id,
        run_id=shard.run_id,
    )


def _reviews(shard: Shard) -> int:
    """Open the reviews of the shard, now that every shard has said what it found."""
    return open_candidates(
        day=shard.business_date,
        first_account_id=shard.first_account_id,
        last_account_id=shard.last_account_id,
        run_id=shard.run_id,
    )


def _decisions(shard: Shard) -> int:
    rows = work_decisions(
        closed_day=shard.business_date,
        first_account_id=shard.first_account_id,
        last_account_id=shard.last_account_id,
        run_id=shard.run_id,
    )
    # Applications have no account yet, so they belong to no shard; the first one sees to those that nobody decided.
    if shard.number == 0:
        rows += expire_applications(closed_day=shard.business_date, run_id=shard.run_id)
    return rows


def _write_offs(shard: Shard) -> int:
    """Let proposals to write off end that have, and propose what is new; a decision of the day has written off by now."""
    return work_write_offs(
        as_of=shard.business_date,
        today=_calendar_day(shard),
        first_account_id=shard.first_account_id,
        last_account_id=shard.last_account_id,
        run_id=shard.run_id,
    )


def _episodes(shard: Shard) -> int:
    """Open, move and close the collection cases, by what aging found."""
    return follow_cases(
        as_of=shard.business_date,
        now=timezone.now(),
        first_account_id=shard.first_account_id,
        last_account_id=shard.last_account_id,
    )


def _cases(shard: Shard) -> int:
    """Fill the queues, and hand back what lies with people who are away.

    Whoever is at work meets the new day's items at once; the moment they enter is the wall clock's.
    """
    return close_cases(
        as_of=shard.business_date,
        now=timezone.now(),
        first_account_id=shard.first_account_id,
        last_account_id=shard.last_account_id,
        run_id=shard.run_id,
    )


def _snapshot(shard: Shard) -> int:
    """Take the shard's figures into the report: the daily aggregate always, the accounts themselves at month-ends."""
    rows = aggregate_shard(
        as_of=shard.business_date,
        run_id=shard.run_id,
        shard=shard.number,
        first_account_id=shard.first_account_id,
        last_account_id=shard.last_account_id,
    )
    if is_month_end(shard.business_date):
        rows += snapshot_accounts(
            as_of=shard.business_date, first_account_id=shard.first_account_id, last_account_id=shard.last_account_id
        )
    return rows


def _arms(shard: Shard) -> int:
    """Take newly eligible customers into the arms of running experiments, before their messages are planned.

    After the sealing step, so that no posting waits for it.
    """
    return assign_arms(as_of=shard.business_date, first_account_id=shard.first_account_id, last_account_id=shard.last_account_id)


def _outreach(shard: Shard) -> int:
    """Queue the messages of the day after; nothing in a frozen book, whose customers must not be written to.

    It stands after the sealing step, so that no posting waits for it: what is paid meanwhile is seen, and what is paid later
    stops the message before it is sent.
    """
    if book_state().nightly_paused:
        return 0
    return plan_messages(
        as_of=shard.business_date,
        first_account_id=shard.first_account_id,
        last_account_id=shard.last_account_id,
        now=timezone.now(),
    )


def _publish(shard: Shard) -> int:
    """Make the day's report readable as a whole."""
    day = shard.business_date
    rows = attach_snapshot(as_of=day) if is_month_end(day) else 0
    rows += finish_aggregate(as_of=day, run_id=shard.run_id)
    rows += finish_sweeps(day=day)
    # Kept only for the last closed day: month-ends have their snapshots.
    deleted, _ = ReportedState.objects.filter(as_of__lt=day).delete()
    return rows + deleted


STEPS: Final[tuple[Step, ...]] = (
    Step("post", _post),
    Step("age", _age),
    # Before what rules see is gathered: whether a plan is kept decides about treatment.
    Step(PLANS_STEP, _plans),
    Step(PROMISES_STEP, _promises),
    Step(SIGNALS_STEP, _signals),
    Step(AGENCIES_STEP, _agencies),
    Step(TIER_STEP, _tier),
    Step("sweeps", _sweeps),
    Step("reviews", _reviews),
    Step(DECISIONS_STEP, _decisions),
    Step(WRITE_OFFS_STEP, _write_offs),
    Step(EPISODES_STEP, _episodes),
    Step(CASES_STEP, _cases),
    Step(SEALING_STEP, _snapshot),
    # Before outreach is planned: a strategy goes by the arm.
    Step(ARMS_STEP, _arms),
    Step(OUTREACH_STEP, _outreach),
    Step("publish", _publish, is_whole_book=True),
)


def shard_ranges() -> list[tuple[int, int]]:
    """Return the account-id ranges of a close, each of about CLOSE_SHARD_ACCOUNTS accounts, the last one open-ended.

    Read off the primary key in steps, so that it takes as many short look-ups as there are shards.
    """
    size = settings.CLOSE_SHARD_ACCOUNTS
    ranges: list[tuple[int, int]] = []
    first = 0
    while True:
        ids = AccountState.objects.filter(pk__gte=first).order_by("pk").values_list("pk", flat=True)
        following = ids[size : size + 1].first() if size else None
        if following is None:
            return [*ranges, (first, LAST_ACCOUNT_ID)]
        ranges.append((first, following - 1))
        first = following


def start_close(*, business_date: date, through: date | None = None, actor: Actor) -> CloseRun:
    """Open the close of a day (or return it, found open), without working on it.

    :raises DayAlreadyClosed: the day is closed
    :raises DayOutOfOrder: another day is open or has to be closed first
    """
    with transaction.atomic():
        missing = feeds.missing_feeds(business_date, now=timezone.now())
        run = closing.open_run(
            business_date=business_date,
            through=through or business_date,
            steps=STEPS,
            ranges=shard_ranges(),
            missing=missing,
            actor=actor,
        )
    if run.status == CloseRun.Status.WAITING:
        run = closing.stop_waiting(run.pk, missing=missing, actor=actor)
    return run


def work_on(run_id: int, *, for_seconds: float | None = None) -> CloseRun:
    """Work on an open run in this process; see `shards.work`."""
    return shards.work(run_id, steps=STEPS, for_seconds=for_seconds)


def next_day_to_close() -> date | None:
    """Return the day after the last closed one, None before the first close."""
    last = book_state().business_date
    return last + timedelta(days=1) if last else None


def close_day(business_date: date, *, actor: Actor) -> CloseRun:
    """Close one day in this process and return its run: complete, or waiting for a feed. A failed run is tried again."""
    run = start_close(business_date=business_date, actor=actor)
    if run.status == CloseRun.Status.FAILED:
        run = closing.restart(run.pk, actor=actor)
    return work_on(run.pk) if run.status != CloseRun.Status.WAITING else run


def close_through(first: date, last: date, *, actor: Actor) -> list[CloseRun]:
    """Close every day in turn up to `last` and return the runs; stops at one that waits for a feed.

    On an empty history the first day closed is `first`; else the days since the last closed one come first, and days
    closed already are passed over. A close that was begun and broken off is history, though no day is closed yet.

    :raises DayOutOfCalendar: no entry can be of one of the two days; nothing is closed
    """
    closing.check_calendar(first, last)
    runs: list[CloseRun] = []
    begun = CloseRun.objects.filter(is_open=True, business_date__lte=last).first()
    day = begun.business_date if begun else next_day_to_close() or first
    while day <= last:
        try:
            runs.append(close_day(day, actor=actor))
        except closing.DayAlreadyClosed:
            # Somebody else closes the same days and was faster.
            day += timedelta(days=1)
            continue
        if runs[-1].status != CloseRun.Status.COMPLETE:
            break
        day += timedelta(days=1)
    return runs

"""Sweeps 风险排查 in the close: each shard finds its accounts, then each opens reviews of those that owe most in the whole book.

A run opens a review of each account in the sweep's scope that the rule holds on, up to its bound. Never a second one for the
same account and cause while one is open, or within the cool-off after one was closed: a run that is repeated opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import translation

from accounts.facts import ACCOUNT_FACTS, account_rows, facts_of
from accounts.models import AccountState, CreditAccount, Review, ReviewSweep, SweepCandidate
from accounts.operations import review_refusals as refusals
from accounts.operations.reviewing import Cause, new_review, opening_line
from accounts.queries.entries import in_chunks
from accounts.queries.rule_cost import RuleTooSlow, rule_time_bound
from accounts.rules.reviews import cools_off_from, runs_on
from riskops.shared.audit import CLOSE, Actor, record, record_all
from riskops.shared.rule_language import Rule, RuleRefusal, holding, holds, parse_rule


def parsed(rule: str) -> Rule:
    """Return a rule of a sweep, parsed.

    :raises SweepRuleRefused: it cannot be used; says where and what instead
    """
    try:
        return parse_rule(rule, ACCOUNT_FACTS)
    except RuleRefusal as refusal:
        raise refusals.SweepRuleRefused(str(refusal)) from refusal


def due_sweeps(sweeps: Iterable[ReviewSweep], day: date) -> list[ReviewSweep]:
    """Return the sweeps that run at the close of a day."""
    return [sweep for sweep in sweeps if runs_on(day, schedule=sweep.schedule, schedule_day=sweep.schedule_day)]


def candidates(sweep: ReviewSweep, rule: Rule, day: date, rows: QuerySet[AccountState] | None = None) -> QuerySet[Any]:
    """Return the account states that a run would open a review of, those who owe most first.

    :param rows: the account states to look among, from `account_rows`; None: all of them
    """
    rows = sweep.scope.accounts(account_rows() if rows is None else rows)
    in_the_way = _in_the_way(sweep, day).filter(account_id=OuterRef("pk"))
    owed = F("outstanding_principal_minor") + F("outstanding_interest_minor") + F("outstanding_fee_minor")
    found = holding(rule, ACCOUNT_FACTS, rows, day).filter(~Exists(in_the_way))
    return found.annotate(owed_minor=owed + F("penalty_due_minor")).order_by("-owed_minor", "pk")


def _in_the_way(sweep: ReviewSweep, day: date) -> QuerySet[Review]:
    """Return the reviews that keep a sweep from opening another one of the same account."""
    cooling_off = Q(closed_on__gte=cools_off_from(day, cool_off_days=sweep.cool_off_days))
    return Review.objects.filter(cause=sweep.cause).filter(Q(is_open=True) | cooling_off)


def open_found(
    *, actor: Actor, sweep: ReviewSweep, rule: Rule, account_ids: Iterable[int], day: date, run_id: int | None = None
) -> int:
    """Open a review of each of some accounts on which the rule still holds, and return how many were opened.

    An account that has one of the cause by now is passed over, also one that another transaction opens at this moment.
    """
    return sum(_open(actor, sweep, rule, chunk, day, run_id) for chunk in in_chunks(account_ids))


def _open(actor: Actor, sweep: ReviewSweep, rule: Rule, account_ids: Sequence[int], day: date, run_id: int | None) -> int:
    taken = set(_in_the_way(sweep, day).filter(account_id__in=account_ids).values_list("account_id", flat=True))
    # A payment may have come since the account was found; and what the review shows as the rule's hit must be one.
    facts = facts_of([account_id for account_id in account_ids if account_id not in taken], day)
    rows = {account_id: row for account_id, row in facts.items() if holds(rule, row)}
    cause = Cause(sweep.cause, sweep.rule, sweep.version, sweep.cool_off_days, sweep)
    accounts = CreditAccount.objects.filter(pk__in=rows).order_by("pk").values_list("pk", "customer_id", "account_no")
    numbers = {pk: account_no for pk, _customer_id, account_no in accounts}
    Review.objects.bulk_create(
        (new_review(actor, pk, customer_id, sweep.purpose, cause, rows[pk], day) for pk, customer_id, _no in accounts),
        ignore_conflicts=True,
    )
    # Read back, since what was in conflict was not written; that one is of another day: a person's run is of the last closed one.
    opened = Review.objects.filter(account_id__in=numbers, cause=sweep.cause, is_open=True, opened_on=day).order_by("account_id")
    lines = [opening_line(actor, review, numbers[review.account_id], run_id=run_id) for review in opened]
    record_all(lines)
    return len(lines)


# The close ----------------------------------------------------------------------------------------------------------


def begin_sweeps(*, day: date) -> None:
    """Note that the sweeps of the day run. A failure that a shard has noted by then stays, and a repeat changes nothing."""
    due = [sweep.pk for sweep in due_sweeps(ReviewSweep.objects.filter(is_active=True), day)]
    begun = ReviewSweep.objects.filter(pk__in=due).exclude(last_run_on=day)
    begun.update(last_run_on=day, last_opened=0, last_failure="")


def find_candidates(*, day: date, first_account_id: int, last_account_id: int, run_id: int | None = None) -> int:
    """Note which accounts of a range the sweeps of the day would open a review of, and return how many there are.

    Of each sweep no more than it may open in the whole book. A repeat notes the same again.
    """
    found = 0
    for sweep in due_sweeps(ReviewSweep.objects.filter(is_active=True).order_by("pk"), day):
        with _failures_noted(sweep, day, run_id):
            found += _find(sweep, day, first_account_id, last_account_id)
    return found


def _find(sweep: ReviewSweep, day: date, first_account_id: int, last_account_id: int) -> int:
    own = SweepCandidate.objects.filter(sweep=sweep, account_id__gte=first_account_id, account_id__lte=last_account_id)
    own.delete()
    rule = parsed(sweep.rule)
    try:
        with rule_time_bound():
            wanted = candidates(sweep, rule, day, account_rows(first_account_id, last_account_id))
            rows = list(wanted.values_list("pk", "owed_minor")[: sweep.most_a_run])
    except RuleTooSlow as slow:
        raise refusals.SweepRuleRefused(str(slow)) from slow
    SweepCandidate.objects.bulk_create(
        SweepCandidate(sweep=sweep, account_id=account_id, sweep_version=sweep.version, owed_minor=owed)
        for account_id, owed in rows
    )
    return len(rows)


def open_candidates(*, day: date, first_account_id: int, last_account_id: int, run_id: int | None = None) -> int:
    """Open the reviews of a range of accounts, once every range was looked through, and return how many were opened.

    A sweep that failed anywhere, was changed or was switched off since opens none.
    """
    opened = 0
    sweeps = ReviewSweep.objects.filter(is_active=True).exclude(last_run_on=day, last_failure__gt="").order_by("pk")
    for sweep in due_sweeps(sweeps, day):
        own = _those_who_owe_most(sweep).filter(account_id__gte=first_account_id, account_id__lte=last_account_id)
        ids = list(own.values_list("account_id", flat=True))
        if not ids:
            continue
        with _failures_noted(sweep, day, run_id):
            rule = parsed(sweep.rule)
            opened += open_found(actor=CLOSE, sweep=sweep, rule=rule, account_ids=ids, day=day, run_id=run_id)
    return opened


def _those_who_owe_most(sweep: ReviewSweep) -> QuerySet[SweepCandidate]:
    """Return the candidates of all shards that a sweep opens reviews of: as many as it may, whichever shard asks."""
    ranked = SweepCandidate.objects.filter(sweep=sweep, sweep_version=sweep.version).order_by("-owed_minor", "account_id")
    last = ranked[sweep.most_a_run - 1 : sweep.most_a_run].first()
    if last is None:
        return ranked
    return ranked.filter(Q(owed_minor__gt=last.owed_minor) | Q(owed_minor=last.owed_minor, account_id__lte=last.account_id))


def finish_sweeps(*, day: date) -> int:
    """Count what the sweeps of the day opened, forget the candidates, and return how many rows that were."""
    run = ReviewSweep.objects.filter(last_run_on=day, last_failure="")
    for sweep in run:
        # Only the close opens reviews of the day that it closes.
        sweep.last_opened = Review.objects.filter(sweep=sweep, opened_on=day).count()
        sweep.save(update_fields=["last_opened"])
    forgotten, _by_table = SweepCandidate.objects.all().delete()
    return forgotten


@contextmanager
def _failures_noted(sweep: ReviewSweep, day: date, run_id: int | None) -> Iterator[None]:
    """Undo what is done inside where a sweep fails, and note why, once a close: it stops neither the others nor the close."""
    # What a machine writes is in one language.
    with translation.override("en"):
        try:
            with transaction.atomic():
                yield
        except refusals.ReviewRefusal as refusal:
            unnoted = ReviewSweep.objects.filter(pk=sweep.pk).exclude(last_run_on=day, last_failure__gt="")
            if unnoted.update(last_run_on=day, last_opened=0, last_failure=str(refusal)):
                record(
                    actor=CLOSE,
                    action="review_sweep.fail",
                    subject_type="review_sweep",
                    subject_key=sweep.code,
                    reason=str(refusal),
                    run_id=run_id,
                )

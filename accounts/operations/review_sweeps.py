"""Sweeps 风险排查: set one up, and run it over the book when a person says so. What a close does is in sweeping.py."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import ReviewSweep
from accounts.operations import review_refusals as refusals
from accounts.operations.reviewing import business_day
from accounts.operations.sweeping import candidates, open_found, parsed
from accounts.queries.rule_cost import RuleCost, RuleTooSlow, measure_rule, rule_time_bound
from accounts.roles import EDIT_SWEEP
from accounts.rules.reviews import Schedule
from riskops.shared.audit import Actor, record
from riskops.shared.scope import WHOLE_BOOK, Scope, scope_of_actor

#: Bounds of a sweep's figures.
MOST_COOL_OFF_DAYS: Final = 3_650
MOST_A_RUN: Final = 5_000
_FIGURES: Final = ("name", "purpose", "rule", "schedule", "schedule_day", "cool_off_days", "most_a_run", "is_active")


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """What a person sets: see `ReviewSweep`."""

    code: str
    name: str
    purpose: str
    rule: str
    schedule: str
    schedule_day: int = 1
    cool_off_days: int = 30
    most_a_run: int = 200
    is_active: bool = False


def measured(rule: str, *, day: date, scope: Scope = WHOLE_BOOK) -> RuleCost:
    """Return on how many accounts of the present book a rule holds, and how long it took.

    :param scope: of who reads the figures; whether a rule may be used is asked of all that the sweep looks through
    :raises SweepRuleRefused: it cannot be used, or is slower than a rule may be
    """
    try:
        return measure_rule(parsed(rule), day, scope=scope)
    except RuleTooSlow as slow:
        raise refusals.SweepRuleRefused(str(slow)) from slow


@transaction.atomic
def save_sweep(*, actor: Actor, settings: SweepSettings, sweep_id: int | None = None, version: int = 0) -> ReviewSweep:
    """Set up a sweep, or change one. One that is active has a rule that was measured on the present book.

    It looks through what whoever sets it up may see, for good.

    :param sweep_id: the one to change; None for a new one
    :param version: the version of it that the form was made for
    :raises SweepUnknown, SweepChanged, SweepCodeTaken: it is not there, or not as the form has it
    :raises SweepRuleRefused, SweepValueRefused, TextMissing: a value it does not take
    :raises SweepBeyondSight: it looks through accounts that whoever acts may not see
    """
    settings = replace(settings, name=settings.name.strip(), purpose=settings.purpose.strip(), rule=settings.rule.strip())
    _check(settings)
    scope = _scope_to_work_on(actor, sweep_id)
    if settings.is_active:
        measured(settings.rule, day=business_day(), scope=scope)
    if sweep_id is None:
        if ReviewSweep.objects.filter(code=settings.code).exists():
            raise refusals.SweepCodeTaken(settings.code)
        sweep, before = ReviewSweep(code=settings.code, version=0, products=scope.as_kept()), None
    else:
        found = ReviewSweep.objects.select_for_update().filter(pk=sweep_id).first()
        if found is None:
            raise refusals.SweepUnknown(sweep_id)
        if found.version != version:
            raise refusals.SweepChanged(found.code, found.version)
        sweep, before = found, _as_recorded(found)
    for name in _FIGURES:
        setattr(sweep, name, getattr(settings, name))
    after = _as_recorded(sweep)
    if before == after:
        return sweep
    sweep.version += 1
    sweep.last_failure = ""
    try:
        with transaction.atomic():
            sweep.save()
    except IntegrityError:
        raise refusals.SweepCodeTaken(settings.code) from None
    record(
        actor=actor,
        action=EDIT_SWEEP,
        subject_type="review_sweep",
        subject_key=sweep.code,
        before=before,
        after={**after, "version": sweep.version},
    )
    return sweep


def _scope_to_work_on(actor: Actor, sweep_id: int | None) -> Scope:
    """Return what a sweep looks through, one that is not there yet what whoever acts may see.

    :raises SweepUnknown, SweepBeyondSight: it is not theirs to work on
    """
    seen = scope_of_actor(actor)
    if sweep_id is None:
        return seen
    # Never changed, so it needs no lock.
    sweep = ReviewSweep.objects.filter(pk=sweep_id).first()
    if sweep is None:
        raise refusals.SweepUnknown(sweep_id)
    if not seen.covers(sweep.scope):
        raise refusals.SweepBeyondSight(sweep.code, sweep.scope, seen)
    return sweep.scope


def _check(settings: SweepSettings) -> None:
    if not (settings.name and settings.purpose):
        raise refusals.TextMissing
    if settings.schedule not in list(Schedule):
        raise refusals.SampleValueRefused(
            "schedule", _("“%(value)s” is no schedule; there are daily, weekly and monthly.") % {"value": settings.schedule}
        )
    last = {Schedule.WEEKLY: 7, Schedule.MONTHLY: 31}.get(Schedule(settings.schedule), 31)
    for about, value, most in (
        ("schedule_day", settings.schedule_day, last),
        ("cool_off_days", settings.cool_off_days, MOST_COOL_OFF_DAYS),
        ("most_a_run", settings.most_a_run, MOST_A_RUN),
    ):
        if not 1 <= value <= most:
            raise refusals.SweepValueRefused(about, value, 1, most)
    parsed(settings.rule)


def _as_recorded(sweep: ReviewSweep) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value := getattr(sweep, name), Schedule) else value for name in (*_FIGURES, "products")
    }


@transaction.atomic
def run_sweep(*, actor: Actor, sweep_id: int, day: date) -> int:
    """Run an active sweep over what it looks through, as of a closed day, and return how many reviews it opened.

    :raises SweepUnknown, SweepIsOff: there is none to run
    :raises SweepBeyondSight: it looks through accounts that whoever acts may not see
    :raises SweepRuleRefused: its rule no longer parses, or is slower than a rule may be
    """
    _scope_to_work_on(actor, sweep_id)
    # Held, so that two runs at once open each review once; not its key, which the shards of a close refer to meanwhile.
    sweep = ReviewSweep.objects.select_for_update(no_key=True).filter(pk=sweep_id).first()
    if sweep is None:
        raise refusals.SweepUnknown(sweep_id)
    if not sweep.is_active:
        raise refusals.SweepIsOff(sweep.code)
    rule = parsed(sweep.rule)
    try:
        with rule_time_bound():
            ids = list(candidates(sweep, rule, day).values_list("pk", flat=True)[: sweep.most_a_run])
    except RuleTooSlow as slow:
        raise refusals.SweepRuleRefused(str(slow)) from slow
    opened = open_found(actor=actor, sweep=sweep, rule=rule, account_ids=ids, day=day)
    ReviewSweep.objects.filter(pk=sweep.pk).update(last_run_on=day, last_opened=opened, last_failure="")
    return opened

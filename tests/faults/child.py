"""A process of the site that can be made to die, wait or fail at an exact point of the close.

`python child.py manage close_of_business …` and `python child.py celery worker …` run the real command; nothing of the
product is changed on disk, only wrapped in this process. FAULTS in the environment names what happens where: a JSON list
of {"at": point, "step": …, "shard": …, "day": …, "do": "kill" | "kill_all" | "wait" | "fail", "name": file}. Each happens
once: the file `name` in FAULTS_FOLDER says that it did, and one that waits goes on when `name.go` is there.

The other words (prepare, post, tick, dump …) are what a test wants done or told in the site's own environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskops.settings")

WAIT_SECONDS = 60.0


def reached(at: str, *, step: str = "", shard: int = -1, day: date | None = None) -> None:
    """Let happen what FAULTS has for this point."""
    here = {"at": at, "step": step, "shard": shard, "day": day.isoformat() if day else ""}
    folder = Path(os.environ["FAULTS_FOLDER"])
    for fault in json.loads(os.environ.get("FAULTS", "[]")):
        if any(fault.get(key, value) != value for key, value in here.items()):
            continue
        try:
            (folder / fault["name"]).touch(exist_ok=False)
        except FileExistsError:
            continue
        happen(fault["do"], folder / f"{fault['name']}.go")


def happen(what: str, go_on: Path) -> None:
    """Die, wait or fail."""
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "kill_all":
        # The whole session: a Celery worker with its children, as when the machine loses its power.
        os.killpg(os.getpgid(0), signal.SIGKILL)
    elif what == "fail":
        raise RuntimeError("the disk is full")
    elif what == "wait":
        until = time.monotonic() + WAIT_SECONDS
        while not go_on.exists():
            if time.monotonic() > until:
                raise TimeoutError(f"nobody made {go_on}")
            time.sleep(0.01)
    else:
        raise ValueError(what)


def wrap_the_close() -> None:
    """Put the points around the close's own functions."""
    from riskops import close_of_business
    from riskops.shared import closing, shards

    def step_that_may_die(step: closing.Step) -> closing.Step:
        def work(shard: closing.Shard) -> int:
            rows = step.work(shard)
            # All is written, nothing is committed.
            reached("working", step=step.name, shard=shard.number, day=shard.business_date)
            return rows

        return replace(step, work=work)

    close_of_business.STEPS = tuple(step_that_may_die(step) for step in close_of_business.STEPS)

    def around(module: ModuleType, name: str, before: str, after: str, facts: Callable[..., dict[str, Any]]) -> None:
        inner = getattr(module, name)

        def outer(*args: Any, **kwargs: Any) -> Any:
            if before:
                reached(before, **facts(*args, **kwargs))
            result = inner(*args, **kwargs)
            reached(after, **facts(*args, **kwargs))
            return result

        setattr(module, name, outer)

    def of_mark(mark: Any, _step: Any) -> dict[str, Any]:
        return {"step": mark.step, "shard": mark.number, "day": mark.run.business_date}

    around(closing, "open_run", "", "opened", lambda **kwargs: {"day": kwargs["business_date"]})
    around(shards, "perform", "claimed", "performed", of_mark)
    around(closing, "_complete", "completing", "completed", lambda run: {"day": run.business_date})


def prepare(*, accounts: int, days: int, close_from: str, close_through: str) -> None:
    """Write a random book, close its first days, and switch a sweep on for those to come."""
    from django.conf import settings as site_settings
    from django.db import transaction
    from random_books import make_random_book

    from accounts.operations.review_sweeps import SweepSettings, save_sweep
    from riskops.close_of_business import close_through as close_days
    from riskops.shared.audit import COMMAND

    with transaction.atomic():
        make_random_book(seed=11, accounts=accounts, days=days)
    # In one shard: what is tried comes after, in the shards of the site.
    site_settings.CLOSE_SHARD_ACCOUNTS = accounts
    close_days(date.fromisoformat(close_from), date.fromisoformat(close_through), actor=COMMAND)
    # Fewer a night than there are late accounts, so that which ones are opened depends on all shards.
    sweep = SweepSettings("late", "Late ones", "See why", "dpd > 0", "daily", most_a_run=3, is_active=True)
    save_sweep(actor=COMMAND, settings=sweep)


def dump() -> dict[str, Any]:
    """Return everything that a close writes, as rows that two books can be compared by."""
    from accounts.models import (
        AccountSnapshot,
        AccountState,
        Allocation,
        Installment,
        Payment,
        ReportedState,
        Review,
        ReviewSweep,
        SweepCandidate,
    )
    from dashboards.models import AggregatePartial, DailyAggregate, FlowAggregate, FlowPartial
    from riskops.shared.models import AuditEntry, BookState, CloseRun, CloseShard

    # Numbers that a sequence hands out differ after a transaction was undone, moments differ always.
    without = {
        AccountSnapshot: {"pk"},
        AccountState: set[str](),
        Allocation: {"id"},
        Installment: set[str](),
        Payment: set[str](),
        ReportedState: {"id"},
        Review: {"id", "opened_at", "changed_at"},
        ReviewSweep: set[str](),
        SweepCandidate: {"id"},
        AggregatePartial: {"id", "run_id"},
        DailyAggregate: {"id"},
        FlowAggregate: {"id"},
        FlowPartial: {"id", "run_id"},
        BookState: {"changed_at"},
        CloseRun: {"id", "through", "started_by", "started_at", "finished_at"},
    }
    tables = {model.__name__: _rows(model.objects.all(), left_out) for model, left_out in without.items()}
    marks = CloseShard.objects.values_list("run__business_date", "step_order", "step", "number", "status", "rows")
    tables["CloseShard"] = sorted(json.dumps(row, default=str) for row in marks)
    lines = AuditEntry.objects.filter(subject_type="close").exclude(action__in=["close.start", "close.run", "close.failed"])
    tables["AuditEntry"] = sorted(json.dumps(row, default=str) for row in lines.values_list("action", "subject_key", "after"))
    opened = AuditEntry.objects.filter(action="review.open").values_list("account_id", "after")
    tables["opened"] = sorted(json.dumps(row, default=str) for row in opened)
    return {"tables": tables, "unequal_to_replay": unequal_to_replay()}


def _rows(rows: Any, left_out: set[str]) -> list[str]:
    columns = [f.attname for f in rows.model._meta.concrete_fields if f.attname not in left_out]
    return sorted(json.dumps(dict(zip(columns, row, strict=True)), default=str) for row in rows.values_list(*columns))


def unequal_to_replay() -> list[int]:
    """Return the accounts whose stored columns are not what their entries alone give."""
    from accounts.models import AccountState, CreditAccount, Payment
    from accounts.queries.entries import load_entries, stored_allocations
    from accounts.rules.replay import AgingState
    from riskops.shared.day import book_state

    business_date = book_state().business_date
    assert business_date is not None
    ids = list(CreditAccount.objects.values_list("pk", flat=True))
    states = {row[0]: row[1:] for row in AccountState.objects.values_list("pk", "ahead_on", *AgingState._fields)}
    allocations = stored_allocations(ids)
    unequal = []
    for account_id, entries in load_entries(ids).items():
        ahead_on, *columns = states[account_id]
        day = max(business_date, ahead_on or business_date)
        rebuilt = entries.rebuilt(day)
        payments = Payment.objects.filter(account_id=account_id)
        is_equal = (
            tuple(columns) == tuple(rebuilt.state)
            and _stored_installments(account_id) == _replayed_installments(entries, rebuilt, day)
            and set(allocations.get(account_id, {})) == set(rebuilt.allocations)
            and not payments.filter(is_posted=False, paid_on__lte=day).exists()
            and not payments.filter(is_posted=True, paid_on__gt=day).exists()
        )
        if not is_equal:
            unequal.append(account_id)
    return unequal


def _stored_installments(account_id: int) -> dict[int, tuple[Any, ...]]:
    from accounts.models import Installment

    parts = ("principal_unpaid_minor", "interest_unpaid_minor", "fee_unpaid_minor")
    derived = (*parts, "accrued_micro", "accrued_through", "penalty_settled_minor", "is_open")
    return {key: tuple(row) for key, *row in Installment.objects.filter(account_id=account_id).values_list("pk", *derived)}


def _replayed_installments(entries: Any, rebuilt: Any, day: date) -> dict[int, tuple[Any, ...]]:
    """Return the same columns from the replay; an instalment not booked yet is wholly unpaid."""
    from accounts.rules.terms import Component

    columns = {i.key: (i.principal_minor, i.interest_minor, i.fee_minor, 0, None, 0, True) for i in entries.installments}
    for i in rebuilt.installments:
        unpaid = (i.unpaid[Component.PRINCIPAL], i.unpaid[Component.INTEREST], i.unpaid[Component.FEE])
        columns[i.entry.key] = (*unpaid, i.accrued_micro, i.accrued_through, i.penalty_settled_minor, i.is_open(day))
    return columns


def post(*, each: int, first_no: int, days: list[str], accounts: list[int] | None = None) -> int:
    """Post payments, `each` for every account on every day, one transaction each; return how many."""
    from accounts.models import CreditAccount
    from accounts.operations.payments import post_payment
    from riskops.shared.audit import Actor

    number = first_no
    rows = CreditAccount.objects.order_by("pk").values_list("pk", "opened_on")
    for account_id, opened_on in rows.filter(pk__in=accounts) if accounts is not None else rows:
        for day in map(date.fromisoformat, days):
            for _ in range(each):
                post_payment(
                    actor=Actor("poster"),
                    account_id=account_id,
                    amount_minor=1_000 + number,
                    value_date=max(day, opened_on),
                    reference=f"LIVE{number:06d}",
                )
                number += 1
    return number - first_no


def finish(*, first: str, last: str) -> dict[str, Any]:
    """Run the command that closes days, after another process did or was killed at it.

    Returns the last closed day before, and everything the book then holds: one process instead of three.
    """
    from django.core.management import call_command

    before = business_date()
    call_command("close_of_business", "--date", first, "--through", last, stdout=sys.stderr)
    return {"closed_before": before, **dump()}


def reported(*, day: str) -> dict[str, Any]:
    """Return what the close of the last day reported: summed over the accounts, as the close summed it, and its snapshots."""
    from django.db.models import Sum

    from accounts.models import AccountSnapshot, AccountState, ReportedState
    from dashboards.models import DailyAggregate

    as_of = date.fromisoformat(day)
    columns = ("outstanding_principal_minor", "overdue_principal_minor", "penalty_due_minor", "credit_balance_minor")
    kept = {
        row["account_id"]: row for row in ReportedState.objects.filter(as_of=as_of).values("account_id", "is_absent", *columns)
    }
    sums = dict.fromkeys(columns, 0)
    for row in AccountState.objects.filter(opened_on__lte=as_of).values("account_id", *columns):
        found = kept.get(row["account_id"], row)
        if not found.get("is_absent"):
            for column in columns:
                sums[column] += found[column]
    summing = {f"{column}_sum": Sum(column) for column in columns}

    def summed(rows: Any) -> dict[str, Any]:
        return {name.removesuffix("_sum"): value for name, value in rows.filter(as_of=as_of).aggregate(**summing).items()}

    return {
        "accounts": sums,
        "aggregate": summed(DailyAggregate.objects),
        "snapshots": summed(AccountSnapshot.objects),
        "kept": len(kept),
    }


def marks(*, day: str) -> dict[str, Any]:
    """Return how the run of a day stands: its status, and its marks by step and shard."""
    from riskops.shared.models import CloseRun

    run = CloseRun.objects.filter(business_date=day).first()
    if run is None:
        return {"status": None}
    rows = run.shards.values_list("step", "number", "status", "attempts", "first_account_id", "last_account_id")
    return {"status": run.status, "marks": [list(row) for row in rows]}


def start(*, day: str, through: str) -> str:
    """Start a close as the jobs page does: opened here, worked on by whoever hears the bell."""
    from riskops import doorbell
    from riskops.shared.audit import Actor

    run = doorbell.start(business_date=date.fromisoformat(day), through=date.fromisoformat(through), actor=Actor("lead"))
    return run.status


def tick() -> None:
    """Do what the tick does, here."""
    from riskops import doorbell

    doorbell.tick()


def tick_each_second() -> None:
    """Let beat ring each second instead of each minute."""
    from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

    each_second, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.filter(name="close tick").update(interval=each_second)
    PeriodicTasks.update_changed()


def decide(*, account: int, reference: str) -> str:
    """Suspend all use of an account, as somebody who may do it alone does."""
    from accounts.operations.deciding import writing
    from accounts.operations.deciding.proposing import propose_decision
    from accounts.operations.deciding.refusals import DecisionAlreadyMade
    from accounts.operations.deciding.weighing import Asked
    from riskops.shared.audit import Actor

    # The decision and the restriction are written by then, the notice is not; then the notice too, and nothing is committed.
    _before(writing, "note_restricted", "before the notice")
    _before(writing, "announce", "after the notice")
    asked = Asked(action="suspend_use", reason_code="overdue", scope="all", note="late")
    try:
        propose_decision(actor=Actor("approver"), roles=["approver"], account_id=account, asked=asked, reference=reference)
    except DecisionAlreadyMade as there:
        return type(there).__name__
    reached("decided")
    return "decided"


def grant_by_rule() -> int:
    """Grant two lines as the rules propose and ask to undo that; return the number of the undoing."""
    sys.path.append(str(ROOT / "tests" / "accounts"))
    from application_books import decides, make_line_product, received
    from deciding_books import Person, asks_undo

    from accounts.models import ProposalRule
    from accounts.operations.applications.undoing import APPLICATION_UNDOINGS
    from riskops.shared.roles import Role

    product, analyst = make_line_product(), Person(Role.ANALYST)
    for _number in range(2):
        decides(analyst, received(product))
    Person(Role.APPROVER)
    version = ProposalRule.objects.get(code="new-customer")
    return int(asks_undo(APPLICATION_UNDOINGS, Person(Role.TEAM_LEAD), version).pk)


def undo_rule(*, undo: int) -> str:
    """Approve the undoing of what a proposal rule decided; say why not where it is refused."""
    from django.contrib.auth import get_user_model

    from accounts.operations.applications import undoing
    from accounts.operations.deciding import writing
    from accounts.operations.rule_refusals import UndoRefused
    from accounts.operations.rule_undoing import judge_undoing
    from riskops.shared.audit import Actor
    from riskops.shared.roles import Role

    _before(undoing, "add_decisions", "before the decisions")
    _before(writing, "announce", "before the end")
    approver = get_user_model().objects.get(groups__name=Role.APPROVER.value)
    kind, roles = undoing.APPLICATION_UNDOINGS, [Role.APPROVER.value]
    try:
        judge_undoing(kind, actor=Actor.of(approver), roles=roles, undo_id=undo, is_approved=True)
    except UndoRefused as refused:
        return type(refused).__name__
    reached("undone")
    return "undone"


def _before(module: Any, name: str, point: str) -> None:
    """Put a point before a function that a module calls by this name."""
    inner = getattr(module, name)

    def outer(*args: Any, **kwargs: Any) -> Any:
        reached(point)
        return inner(*args, **kwargs)

    setattr(module, name, outer)


def tell() -> int:
    """Hand notices over to an outbox, as outreach does; a line of the audit trail stands for what it will send."""
    from django.utils import timezone

    from accounts.operations.deciding.notices import hand_over_notices
    from riskops.shared.audit import Actor, record

    def hand_over(notice: Any) -> str:
        record(actor=Actor("outreach"), action="outbox.take", subject_type="notice", subject_key=str(notice))
        reached("handing over")
        return "outbox"

    done = hand_over_notices(hand_over, now=timezone.now())
    reached("handed over")
    return done


def told() -> dict[str, Any]:
    """Return what stands of decisions and of what customers are told."""
    from accounts.models import Decision, DecisionNotice, Restriction
    from riskops.shared.models import AuditEntry

    return {
        "decisions": list(Decision.objects.values_list("status", flat=True)),
        "restrictions": Restriction.objects.count(),
        "notices": [list(row) for row in DecisionNotice.objects.values_list("kind", "status")],
        "outbox": AuditEntry.objects.filter(action="outbox.take").count(),
    }


def business_date() -> str:
    """Return the last closed day."""
    from riskops.shared.day import book_state

    return str(book_state().business_date)


def wait_until_closed(*, day: str, seconds: float) -> str:
    """Wait until a day is closed and return the last closed day."""
    until = time.monotonic() + seconds
    while business_date() < day and time.monotonic() < until:
        time.sleep(0.1)
    return business_date()


def wait_for_heartbeat(*, seconds: float) -> bool:
    """Wait until a tick was served, and return whether one was."""
    from riskops.shared import heartbeat

    until = time.monotonic() + seconds
    while heartbeat.last_sign() is None and time.monotonic() < until:
        time.sleep(0.1)
    return heartbeat.last_sign() is not None


def each(*, asked: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    """Do several things one after the other, and return the answers: a process takes seconds to begin, the things do not."""
    return [_done(word, arguments) for word, arguments in asked]


WORDS = (
    prepare,
    dump,
    unequal_to_replay,
    post,
    finish,
    reported,
    marks,
    start,
    tick,
    tick_each_second,
    decide,
    grant_by_rule,
    undo_rule,
    tell,
    told,
    business_date,
    wait_until_closed,
    wait_for_heartbeat,
    each,
)


def _done(word: str, arguments: dict[str, Any]) -> Any:
    return next(function for function in WORDS if function.__name__ == word)(**arguments)


def main() -> None:
    """Run what the command line says."""
    import riskops  # noqa: F401  (puts collections/ on the path)

    word, *rest = sys.argv[1:]
    if word == "celery":
        import django

        django.setup()
        wrap_the_close()
        from celery.__main__ import main as celery_main

        sys.argv = ["celery", "-A", "riskops", *rest]
        celery_main()
        return
    import django

    django.setup()
    wrap_the_close()
    if word == "manage":
        from django.core.management import execute_from_command_line

        # The system checks load every page of the site, which is no part of a close and most of the time.
        execute_from_command_line(["manage.py", *rest, "--skip-checks"])
        return
    answer = _done(word, json.loads(rest[0] if rest else "{}"))
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(answer, default=str))


if __name__ == "__main__":
    main()

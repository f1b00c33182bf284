"""The worklist under load: 100,000 items, fifty people who ask every five seconds, and every claim fought over."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random
from typing import Any, Final

from django.contrib.auth.models import Group, User
from django.db import OperationalError, close_old_connections, connection, transaction
from django.utils import timezone

from accounts.models import AccountState
from casework.bulk.queues import fill_queues
from casework.models import Claim, Queue, WorkItem
from casework.operations.claiming import get_next, release_claim
from casework.operations.work_refusals import NothingToTake
from casework.queries.worklist import WorkFilters, work_page
from riskops.shared.audit import Actor
from riskops.shared.day import book_state
from riskops.shared.models import Examination
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK
from riskops.site.people.demo import seed_roles
from tests.benchmarks.rows import Row, at_most
from tests.benchmarks.site import Site

ITEMS: Final = 100_000
PEOPLE: Final = 50
EVERY_SECONDS: Final = 5.0
_SECONDS: Final = 60
CLAIMS: Final = int(os.environ.get("CLAIMS", "100000"))
_FIGHTERS: Final = 8
_CODE: Final = "bench-worklist"


def measure_worklist(site: Site) -> Iterator[Row]:
    """Fill a queue, read it at any depth, take from it as a busy day does, then fight over it."""
    people = _people()
    items = min(ITEMS, site.accounts)
    began = time.perf_counter()
    queue = _queue(items)
    yield Row("worklist", f"fill a queue of {items:,}", f"{time.perf_counter() - began:.1f} s")
    taken = _read_pages(queue, people[0])
    yield at_most(
        "worklist", f"queue page of {items:,} items at any depth, p95", 1000 * _percentile(taken, 95), 150, "ms", digits=0
    )
    taken = _ask_in_turn([Actor.of(person) for person in people])
    label = f"get next, {PEOPLE} people each every {EVERY_SECONDS:.0f} s, p99"
    yield at_most("worklist", label, 1000 * _percentile(taken, 99), 50, "ms", digits=0)
    claims, doubles, seconds = fight([Actor.of(person) for person in people[:_FIGHTERS]], CLAIMS)
    label = f"double claims in {claims:,} at full contention ({claims / seconds:,.0f} a second)"
    yield at_most("worklist", label, doubles, 0, digits=0)


@transaction.atomic
def _people() -> list[Any]:
    seed_roles()
    analysts, day = Group.objects.get(name=Role.ANALYST.value), timezone.localdate()
    people = []
    for number in range(PEOPLE):
        user, _is_new = User.objects.get_or_create(username=f"worker-{number}")
        user.groups.add(analysts)
        Examination.objects.get_or_create(
            user=user, subject=Examination.Subject.COLLECTIONS, passed_on=day, defaults={"expires_on": day + timedelta(days=365)}
        )
        people.append(user)
    return people


def _queue(items: int) -> Queue:
    """Return a queue of so many items: as many accounts as that, late or not, by a rule that all of them fit."""
    last = AccountState.objects.order_by("pk").values_list("pk", flat=True)[items - 1]
    queue, _is_new = Queue.objects.get_or_create(
        code=_CODE, defaults={"name_en": "Benchmark", "name_zh": "基准", "kind": "dynamic", "rule": "dpd >= 0"}
    )
    day = book_state().business_date
    assert day is not None
    with transaction.atomic():
        fill_queues(as_of=day, now=timezone.now(), last_account_id=last, queue_ids=[queue.pk])
    return queue


def _read_pages(queue: Queue, person: Any) -> list[float]:
    """Return the seconds of pages: the first, and from marks all over the queue."""
    ordered = WorkItem.objects.filter(queue=queue, status="open").order_by("-rank", "pk")
    count, random = ordered.count(), Random(7)
    marks = [""]
    for _turn in range(99):
        pk, rank = ordered.values_list("pk", "rank")[random.randrange(max(1, count - 1))]
        marks.append(f"{rank}.{pk}")
    taken = []
    for mark in marks:
        began = time.perf_counter()
        work_page(WorkFilters(queue=queue.code, after=mark), user=person, now=timezone.now())
        taken.append(time.perf_counter() - began)
    return taken


def _ask_in_turn(actors: Sequence[Actor]) -> list[float]:
    """Let everybody take and release an account every few seconds, and return the seconds that taking took."""
    taken: list[float] = []
    guard = threading.Lock()
    until = time.monotonic() + _SECONDS

    def work(number: int, actor: Actor) -> None:
        time.sleep(EVERY_SECONDS * number / len(actors))
        while time.monotonic() < until:
            began = time.perf_counter()
            got = get_next(actor=actor, scope=WHOLE_BOOK, now=timezone.now(), queue_code=_CODE)
            spent = time.perf_counter() - began
            with guard:
                taken.append(spent)
            release_claim(actor=actor, token=got.claim.token, now=timezone.now())
            time.sleep(max(0.0, EVERY_SECONDS - spent))
        connection.close()

    _all_at_once([lambda number=number, actor=actor: work(number, actor) for number, actor in enumerate(actors)])
    return taken


def fight(actors: Sequence[Actor], claims: int) -> tuple[int, int, float]:
    """Let all take and release as fast as they can; return claims, those of a customer in another's hand, and the seconds."""
    held: set[int] = set()
    guard = threading.Lock()
    counts = {"claims": 0, "doubles": 0}

    def work(actor: Actor) -> None:
        while counts["claims"] < claims:
            try:
                got = get_next(actor=actor, scope=WHOLE_BOOK, now=timezone.now(), queue_code=_CODE)
            except (NothingToTake, OperationalError):
                continue
            with guard:
                counts["claims"] += 1
                counts["doubles"] += got.item.customer_id in held
                held.add(got.item.customer_id)
            # What the database says while one has it: one row, one's own.
            claim = Claim.objects.get(pk=got.item.customer_id)
            with guard:
                counts["doubles"] += claim.token != got.claim.token
                held.discard(got.item.customer_id)
            release_claim(actor=actor, token=got.claim.token, now=timezone.now())
        connection.close()

    began = time.perf_counter()
    _all_at_once([lambda actor=actor: work(actor) for actor in actors])
    return counts["claims"], counts["doubles"], time.perf_counter() - began


def _all_at_once(jobs: Sequence[Any]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close_old_connections()


def _percentile(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]

"""Many people at one queue at once: nobody ever holds what somebody else holds."""

from __future__ import annotations

import os
import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import OperationalError, close_old_connections, connection
from django.utils import timezone
from factories import make_examination, make_user
from work_books import fill, late_account, make_queue

from casework.models import Claim, WorkItem
from casework.operations.acting import Asked
from casework.operations.claiming import get_next, release_claim
from casework.operations.work_refusals import NothingToTake
from casework.operations.working import record_outcome
from riskops.shared.audit import Actor
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK

#: More with CLAIMS=…; `make bench` does 100,000.
CLAIMS = int(os.environ.get("CLAIMS", "60"))
PEOPLE = 8


@pytest.mark.django_db(transaction=True)
def test_no_account_is_ever_in_two_hands_and_none_is_worked_twice():
    make_queue()
    for _number in range(CLAIMS):
        late_account()
    fill(now=timezone.now())
    people = []
    for _number in range(PEOPLE):
        person = make_user(Role.ANALYST)
        make_examination(person, passed_on=timezone.localdate() - timedelta(days=1))
        people.append(Actor.of(person))
    held: set[int] = set()
    guard, begin = threading.Lock(), threading.Barrier(PEOPLE)
    doubles: list[int] = []
    worked: Counter[int] = Counter()
    failures: list[BaseException] = []

    def work(actor: Actor) -> None:
        begin.wait()
        turn = 0
        try:
            while True:
                turn += 1
                try:
                    taken = get_next(actor=actor, scope=WHOLE_BOOK, now=timezone.now(), queue_code="late")
                except NothingToTake:
                    with guard:
                        if not held:
                            return
                    continue
                except OperationalError:
                    # SQLite has one writer; who waited too long asks again.
                    continue
                item = taken.item
                with guard:
                    if item.customer_id in held:
                        doubles.append(item.customer_id)
                    held.add(item.customer_id)
                # Let go of in the set before it is in the database: from then on others may rightly have it.
                with guard:
                    held.discard(item.customer_id)
                if turn % 5 == 0:
                    release_claim(actor=actor, token=taken.claim.token, now=timezone.now())
                    continue
                asked = Asked(
                    actor=actor, scope=WHOLE_BOOK, item_id=item.pk, version=item.version, now=timezone.now(),
                    token=taken.claim.token,
                )  # fmt: skip
                record_outcome(asked, outcome="no_answer")
                with guard:
                    worked[item.pk] += 1
        except BaseException as failure:
            failures.append(failure)
            raise
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=work, args=[actor]) for actor in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=240)
    assert (failures, doubles) == ([], [])
    assert sorted(worked.values()) == [1] * CLAIMS
    assert not WorkItem.objects.filter(status="open").exists()
    assert not Claim.objects.exists()

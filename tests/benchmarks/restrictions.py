"""What the payment platform asks all day: a batch of a thousand accounts, and single look-ups, over HTTP with a token."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from random import Random
from typing import Final
from urllib.parse import urlsplit

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.urls import reverse
from rest_framework.authtoken.models import Token

from accounts.models import CreditAccount, Decision, ReasonCode, Restriction
from riskops.shared.day import book_state
from riskops.shared.roles import Role
from riskops.site.people.demo import seed_roles
from tests.benchmarks.importing import SEED
from tests.benchmarks.pages import percentile_95, served
from tests.benchmarks.rows import Row, at_least, at_most, note
from tests.benchmarks.site import Site, vacuum

BATCH: Final = 1_000
#: One account in ten is stopped, as in a bad year.
_RESTRICTED: Final = 10
_BATCHES: Final = 50
_SECONDS: Final = 10
#: Connections that ask at once: twice the two workers, so that none of them waits for a caller.
_CALLERS: Final = 4


def measure_restrictions(site: Site) -> Iterator[Row]:
    """Restrict one account in ten, then ask for batches and single accounts of two web workers."""
    restricted = _restrict()
    token = _make_service()
    vacuum()
    numbers = list(CreditAccount.objects.order_by("pk").values_list("account_no", flat=True))
    yield note("restrictions", "accounts, of them restricted", f"{len(numbers):,}, {restricted:,}")
    random = Random(SEED)
    size = min(BATCH, len(numbers))
    with served(site.folder / "restrictions.log") as address:
        caller = _Caller(address, token)
        batches = [random.sample(numbers, size) for _ in range(_BATCHES)]
        for batch in batches[:5]:
            caller.look_up(batch)
        taken = [caller.look_up(batch) for batch in batches]
        yield at_most("restrictions", f"batch of {size:,}, one client, p95", 1000 * percentile_95(taken), 100, "ms", digits=0)
        asked, singles = _together(address, token, numbers)
        yield at_least("restrictions", f"single look-ups a second, {_CALLERS} callers, 2 web workers", asked, 250, digits=0)
        yield note("restrictions", "single look-up, p95", f"{1000 * percentile_95(singles):.0f} ms")


@transaction.atomic
def _restrict() -> int:
    """Put a suspension of all use in force on every tenth account, as rows: how it comes to be is no part of the time."""
    day = book_state().business_date
    reason = ReasonCode.objects.get(code="overdue", action="suspend_use")
    ids = list(CreditAccount.objects.order_by("pk").values_list("pk", flat=True)[::_RESTRICTED])
    decisions = Decision.objects.bulk_create(
        (
            Decision(
                reference=f"BENCH{account_id}", account_id=account_id, action="suspend_use", status="effective", scope="all",
                owed_minor=0, weighed_minor=0, reason=reason, text_en="stopped", text_zh="停用", proposed_by_name="benchmark",
                proposed_on=day, buffer_days=0, decided_on=day, effective_on=day, engine_version="1",
            )
            for account_id in ids
        ),
        batch_size=1_000,
    )  # fmt: skip
    Restriction.objects.bulk_create(
        (Restriction(decision=decision, account_id=decision.account_id, scope="all", since=day) for decision in decisions),
        batch_size=1_000,
    )
    return len(decisions)


@transaction.atomic
def _make_service() -> str:
    """Return the token of the platform's own user."""
    seed_roles()
    user, _is_new = User.objects.get_or_create(username="bench-platform")
    user.groups.add(Group.objects.get(name=Role.SERVICE.value))
    token, _is_new = Token.objects.get_or_create(user=user)
    return str(token.key)


class _Caller:
    """A program with a token and a connection that it keeps."""

    def __init__(self, address: str, token: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
        self.headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def look_up(self, numbers: list[str]) -> float:
        """Ask for a batch and return the seconds until the whole answer is there."""
        seconds, answer = self._ask("POST", reverse("api-restrictions"), json.dumps({"account_nos": numbers}))
        assert len(json.loads(answer)["results"]) == len(numbers)
        return seconds

    def look_up_one(self, number: str) -> float:
        """Ask for one account and return the seconds."""
        return self._ask("GET", reverse("api-account-restrictions", args=[number]))[0]

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[float, bytes]:
        started = time.perf_counter()
        try:
            self.connection.request(method, path, body, self.headers)
            answer = self.connection.getresponse()
        except http.client.RemoteDisconnected:
            # The server closes a connection that was idle; a caller opens the next one.
            self.connection.close()
            self.connection.request(method, path, body, self.headers)
            answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content[:500]
        return time.perf_counter() - started, content


def _together(address: str, token: str, numbers: list[str]) -> tuple[float, list[float]]:
    """Let several callers ask for single accounts as fast as they are answered; return the rate and the seconds of each."""
    taken: list[float] = []
    failures: list[Exception] = []
    until = time.monotonic() + _SECONDS

    def ask(seed: int) -> None:
        try:
            caller, random = _Caller(address, token), Random(seed)
            while time.monotonic() < until:
                taken.append(caller.look_up_one(random.choice(numbers)))
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(_CALLERS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return len(taken) / (time.perf_counter() - started), taken

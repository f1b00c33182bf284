"""The pages people live in, asked over HTTP with log-in sessions: alone, and ten people at once; and their queries, counted."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.urls import reverse

from riskops.shared.roles import Role
from riskops.shared.sql import fetch
from riskops.site.people.demo import seed_roles
from tests.benchmarks.databases import fresh_database
from tests.benchmarks.importing import SEED, make_files
from tests.benchmarks.rows import Row, at_most
from tests.benchmarks.site import ROOT, Site

PEOPLE: Final = 10
_ASKED_ALONE: Final = 100
_SECONDS_TOGETHER: Final = 30
_SMALL_BOOK: Final = 1_000
_PASSWORD: Final = "benchmark-only"
_READY_SECONDS: Final = 60.0


def measure_pages(site: Site) -> Iterator[Row]:
    """Ask for every page alone, then with ten people, then count queries here and on a small book."""
    _make_people()
    pages = pages_to_ask(site.accounts)
    with served(site.folder / "web.log") as address:
        person = _Person(address, _name(0))
        for name, paths in pages.items():
            for path in paths[:5]:
                person.ask(path)
            taken = [person.ask(paths[turn % len(paths)]) for turn in range(_ASKED_ALONE)]
            yield at_most("pages", f"{name}, one client, p95", 1000 * percentile_95(taken), 100, "ms", digits=0)
        for name, taken in _together(address, pages).items():
            label = f"{name}, {PEOPLE} people once a second, 2 web workers, p95"
            yield at_most("pages", label, 1000 * percentile_95(taken), 200, "ms", digits=0)
    large = count_queries_elsewhere(os.environ["DATABASE_URL"], site.accounts)
    small = _count_queries_on_small_book(site)
    for name in pages:
        label = f"{name}, {large[name]} queries; more than on {_SMALL_BOOK:,} accounts"
        yield at_most("pages", label, max(0, large[name] - small[name]), 0, digits=0)


def pages_to_ask(accounts: int) -> dict[str, list[str]]:
    """Return the addresses of each page, in the order in which they are asked for in turn."""
    listing = reverse("accounts:list")
    numbers = [f"A{number:09d}" for number in Random(SEED).sample(range(1, accounts + 1), min(200, accounts))]
    queries = ("", "scope=all&sort=account", "bucket=3", "class=medium&sort=earliest", "scope=all&sort=account&bucket=0")
    return {
        "accounts list": [f"{listing}?{query}" for query in queries],
        "account page": [reverse("accounts:account", args=[number]) for number in numbers],
        "portfolio page": [reverse("dashboards:portfolio")],
    }


def _name(number: int) -> str:
    return f"bench-{number}"


@transaction.atomic
def _make_people() -> None:
    seed_roles()
    analysts = Group.objects.get(name=Role.ANALYST.value)
    for number in range(PEOPLE):
        user, is_new = User.objects.get_or_create(username=_name(number))
        if is_new:
            user.set_password(_PASSWORD)
            user.save()
            user.groups.add(analysts)


@contextmanager
def served(log: Path) -> Iterator[str]:
    """Serve the site with two workers, as production does, and give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with log.open("wb") as handle:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "riskops.wsgi", "--bind", f"127.0.0.1:{port}"],
            cwd=ROOT,
            stdout=handle,
            stderr=subprocess.STDOUT,
            env=os.environ | {"WEB_CONCURRENCY": "2"},
        )
    try:
        until = time.monotonic() + _READY_SECONDS
        while not _answers(address + "/healthz"):
            if time.monotonic() > until or process.poll() is not None:
                raise RuntimeError(f"the site did not get ready:\n{log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=60)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


class _Person:
    """Somebody with a browser, logged in through the log-in page."""

    def __init__(self, address: str, user_name: str) -> None:
        self.address = address
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        login = address + reverse("admin:login")
        with self.browser.open(login) as answer:
            found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', answer.read().decode())
        assert found, "no form at the log-in page"
        fields = {"csrfmiddlewaretoken": found.group(1), "username": user_name, "password": _PASSWORD}
        request = urllib.request.Request(login, urllib.parse.urlencode(fields).encode(), {"Referer": login})
        with self.browser.open(request) as answer:
            assert "login" not in answer.url, f"{user_name} was not let in"

    def ask(self, path: str) -> float:
        """Return the seconds until a page is there as a whole."""
        started = time.perf_counter()
        with self.browser.open(self.address + path, timeout=30) as answer:
            answer.read()
            assert answer.url.endswith(path), f"{path} led to {answer.url}"
        return time.perf_counter() - started


def _together(address: str, pages: dict[str, list[str]]) -> dict[str, list[float]]:
    """Let everybody ask once a second, page after page, and return the seconds by page."""
    taken: dict[str, list[float]] = defaultdict(list)
    failures: list[Exception] = []
    begin = time.monotonic() + 3

    def ask(number: int) -> None:
        try:
            person = _Person(address, _name(number))
            names = list(pages)
            for turn in range(_SECONDS_TOGETHER):
                name = names[(turn + number) % len(names)]
                paths = pages[name]
                time.sleep(max(0.0, begin + turn + number / PEOPLE - time.monotonic()))
                taken[name].append(person.ask(paths[(turn * PEOPLE + number) % len(paths)]))
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return taken


def percentile_95(taken: Sequence[float]) -> float:
    return sorted(taken)[max(0, -(-95 * len(taken) // 100) - 1)]


def count_queries_elsewhere(url: str, accounts: int) -> dict[str, int]:
    """Return the most queries that each page makes on the book in another database, counted in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.query_counts", str(accounts)],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        check=True,
        stdout=subprocess.PIPE,
    )
    counts: dict[str, int] = json.loads(result.stdout)
    return counts


def _count_queries_on_small_book(site: Site) -> dict[str, int]:
    """Make a small book with as many month-ends as the large one has, and count there."""
    days = [day for (day,) in fetch("SELECT DISTINCT as_of FROM accounts_accountsnapshot ORDER BY 1")]
    last = date.fromisoformat(str(days[-1]))
    url = os.environ["DATABASE_URL"]
    beside = url.removesuffix(".sqlite3") + "_small.sqlite3" if url.startswith("sqlite") else url + "_small"
    environment = os.environ | {"DATABASE_URL": beside}

    def manage(*arguments: str) -> None:
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)

    with fresh_database(beside):
        manage("migrate", "-v0")
        begin = last.replace(day=1) - timedelta(days=1)
        # With the payments up to the last day: else everybody is late by then, and of them less is asked.
        manage("import_portfolio", str(make_files(site.folder / "files-small", accounts=_SMALL_BOOK, as_of=last)))
        manage("close_of_business", "--date", str(begin), "--through", str(last))
        return count_queries_elsewhere(beside, _SMALL_BOOK)

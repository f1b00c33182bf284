"""What all tests share: hypothesis profiles, a test database that threads and child processes can open, what needs what."""

from __future__ import annotations

import gc
import logging.config
import os
import shutil
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from migrated import SQLITE_NAME, Migrated, name_of, shared

# HYPOTHESIS_PROFILE=deep looks longer; `make test` keeps to a bounded number of examples, the same ones each time.
hypothesis_settings.register_profile(
    "default",
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.register_profile(
    "deep",
    max_examples=3_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


class StandardErrorOfTheMoment(logging.Handler):
    """Writes each line to what is standard error when it comes.

    The stream of a `StreamHandler` is the one of the test in which logging was set up. pytest closes it after that test, and each
    later line, as of a server in a thread, would be an error with two stacks on the screen.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line."""
        try:
            sys.stderr.write(f"{self.format(record)}\n")
        except Exception:
            self.handleError(record)


# Here, not in the settings of the tests: child processes log as the site does.
settings.LOGGING["handlers"]["out"] = {"()": StandardErrorOfTheMoment, "formatter": "line"}
logging.config.dictConfig(settings.LOGGING)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Migrated]:
    """The migrated database of this run, to be copied and never written to; the workers of pytest-xdist share it."""
    folder: Path = tmp_path_factory.getbasetemp()
    with shared(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder, settings.DATABASE_URL) as found:
        yield found


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, migrated: Migrated, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Let the test database be a copy of the migrated one.

    SQLite's is a file: one in memory is seen by one connection only, unlike production's.
    """
    database = settings.DATABASES["default"]
    wanted = database.setdefault("TEST", {})
    if database["ENGINE"].endswith("sqlite3"):
        wanted["NAME"] = str(shutil.copy(migrated.folder / "var" / SQLITE_NAME, tmp_path_factory.mktemp("database")))
    else:
        wanted["TEMPLATE"] = name_of(migrated.database_url)


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Take the file that is there for the test database: it is this worker's copy, and goes with the run's folder."""
    return bool(settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"))


@pytest.hookimpl(specname="pytest_collection_modifyitems", trylast=True)
def pytest_keep_groups_together(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let tests of one `xdist_group` run in one worker: pytest-xdist says so in the node id, where pytest 9.2 reads it no more.

    https://github.com/pytest-dev/pytest-xdist/issues/1386
    """
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        wanted = vars(item).get("_nodeid", item.nodeid)
        if wanted != item.nodeid:
            item._id = type(item.id).parse(wanted)  # type: ignore[attr-defined]


def pytest_collection_finish() -> None:
    """Look for garbage less often, and not among what is loaded by now: that stays to the end, and is most of what there is."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(autouse=True)
def _no_language_is_left_over() -> Iterator[None]:
    """Begin each test in the site's language: a request leaves the reader's behind, and the next test may be anybody's."""
    yield
    translation.deactivate()


@pytest.fixture
def policies_known(db: None) -> None:
    """Have this process know what the contact policies say, which it reads once: for tests that count queries."""
    from outreach.policies import live_policies

    live_policies(date(2025, 6, 30))


#: Far more than any small test leaves behind; a load of thousands of rows leaves megabytes.
_LEFT_BEHIND_BYTES = 1_000_000


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Give back what a rolled-back load wrote, on PostgreSQL.

    Its rows are gone, its pages stay, and so does what ANALYZE noted of it: the planner would then take a table for empty
    whatever the next tests put there, and join a whole book row by row, for minutes.
    """
    yield
    is_postgresql = "postgresql" in settings.DATABASES["default"]["ENGINE"]
    if nextitem is None or not is_postgresql or not item.get_closest_marker("django_db"):
        return
    from django.db import connection

    with item._request.getfixturevalue("django_db_blocker").unblock():  # type: ignore[attr-defined]
        if connection.connection is None or connection.in_atomic_block:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace "
                "AND (pg_relation_size(oid) > %s OR (relpages > 0 AND reltuples = 0))",
                [_LEFT_BEHIND_BYTES],
            )
            for (table,) in cursor.fetchall():
                cursor.execute(f'VACUUM "{table}"')


def chromium_path() -> str | None:
    """Return where the browser of the `browser` tests is, None if there is none."""
    return os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


#: What a test asks for that has to do with the database, whichever it is.
_OF_A_DATABASE = {"db", "transactional_db", "django_db_setup", "live_server", "migrated"}


def is_about_a_database(item: pytest.Item) -> bool:
    """Return whether another engine could make a difference to a test."""
    marked = any(item.get_closest_marker(name) for name in ("django_db", "servers", "faults"))
    return marked or not _OF_A_DATABASE.isdisjoint(item.fixturenames)  # type: ignore[attr-defined]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what this machine lacks, with the reason. Where nothing may be left out (.ci/run), nothing is.

    On PostgreSQL only what another engine could make a difference to is run: the rest was run without one, by `make test`.
    """
    if settings.DATABASES["default"]["ENGINE"].endswith("postgresql") and config.args_source is not pytest.Config.ArgsSource.ARGS:
        left = [item for item in items if not is_about_a_database(item) or item.get_closest_marker("once")]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in set(left)]
    if os.environ.get("RISKOPS_RUN_EVERYTHING"):
        return
    has_servers = not settings.DATABASES["default"]["ENGINE"].endswith("sqlite3") and bool(settings.REDIS_URL)
    lacking = {
        "browser": None if chromium_path() else "no chromium found (install it, or set CHROMIUM to its path)",
        "servers": None if has_servers else "needs PostgreSQL and Redis: DATABASE_URL and REDIS_URL, as .ci/run sets them",
    }
    for item in items:
        for marker, reason in lacking.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def _tests_may_empty_what_is_append_only() -> None:
    """Let transactional tests empty the tables after themselves: the triggers of the trail and others would rightly refuse it."""
    from django.db import connection

    # Of the database in use only: importing the other one's operations first is a circular import in Django.
    operations = type(connection.ops)
    flush = operations.execute_sql_flush

    def without_triggers(self: Any, sql_list: list[str]) -> None:
        with self.connection.cursor() as cursor:
            if self.connection.vendor == "postgresql":
                cursor.execute("SET session_replication_role = replica")
                flush(self, sql_list)
                cursor.execute("SET session_replication_role = origin")
                return
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
            for name, _sql in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
            # Every table is emptied, in no order: with its parent emptied first, a table whose key has no index (none is ever
            # deleted) would be read whole for every parent row. A book of 180,000 instalments took hours, every other time.
            self.connection.disable_constraint_checking()
            flush(self, sql_list)
            self.connection.enable_constraint_checking()
            for _name, sql in triggers:
                cursor.execute(sql)

    operations.execute_sql_flush = without_triggers  # type: ignore[method-assign]

"""What all tests share: hypothesis profiles, a test database that threads and child processes can open, what needs what."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

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


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Put SQLite's test database into a file: one in memory is seen by one connection only, unlike production's."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(autouse=True)
def _no_language_is_left_over() -> Iterator[None]:
    """Begin each test in the site's language: a request leaves the reader's behind, and the next test may be anybody's."""
    yield
    translation.deactivate()


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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what this machine lacks, with the reason. Where nothing may be left out (.ci/run), nothing is."""
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

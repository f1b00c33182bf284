"""What a rule costs on the present book, measured within a bound: none that is slower may go live."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final, NamedTuple

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from accounts.facts import ACCOUNT_FACTS, account_rows
from riskops.shared.rule_language import Rule, holding
from riskops.shared.scope import Scope
from riskops.shared.sql import execute, is_postgresql


class RuleTooSlow(Exception):
    """The rule took longer than `RULE_MAX_SECONDS` over the present book and was stopped."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            _("The rule takes more than %(seconds)s seconds over the present book. Make it shorter, or compare fewer facts.")
            % {"seconds": f"{seconds:g}"}
        )
        self.seconds = seconds


class RuleCost(NamedTuple):
    """How many accounts a rule holds on, of how many, and how long it took to find out."""

    rows: int
    seconds: float
    of_rows: int

    @property
    def fits_none(self) -> bool:
        """Whether no account fits: worth a warning before the rule decides anything."""
        return self.rows == 0

    @property
    def fits_all(self) -> bool:
        """Whether every account fits."""
        return self.rows == self.of_rows > 0


def measure_rule(rule: Rule, as_of: date, *, scope: Scope) -> RuleCost:
    """Count the accounts in scope that a rule holds on and return the count and the seconds it took.

    :param scope: of who asks; a rule that is to decide over everybody is measured over the whole book
    :raises RuleTooSlow: it took longer than a rule may; it was stopped there
    """
    begun = time.perf_counter()
    with rule_time_bound():
        rows = holding(rule, ACCOUNT_FACTS, scope.accounts(account_rows()), as_of).order_by().count()
    seconds = time.perf_counter() - begun
    return RuleCost(rows, seconds, scope.accounts(account_rows()).order_by().count())


#: How many steps of SQLite's machine pass between two looks at the clock.
_STEPS_BETWEEN_LOOKS: Final = 20_000


@contextmanager
def rule_time_bound(seconds: float | None = None) -> Iterator[None]:
    """Stop the queries inside after `RULE_MAX_SECONDS`.

    :raises RuleTooSlow: they were stopped
    """
    bound = settings.RULE_MAX_SECONDS if seconds is None else seconds
    begun = time.perf_counter()
    try:
        with _postgresql_bound(bound) if is_postgresql() else _sqlite_bound(bound):
            yield
    except OperationalError as error:
        # The only other reason to fail here, a lost connection or a lock not given, comes long before or long after.
        if time.perf_counter() - begun >= bound:
            raise RuleTooSlow(bound) from error
        raise


@contextmanager
def _postgresql_bound(seconds: float) -> Iterator[None]:
    with transaction.atomic():
        before = connection.cursor().execute("SHOW statement_timeout").fetchone()[0]
        execute(f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000)):d}")
        yield
        # For what the caller's transaction does afterwards.
        execute("SELECT set_config('statement_timeout', %s, true)", (before,))


@contextmanager
def _sqlite_bound(seconds: float) -> Iterator[None]:
    connection.ensure_connection()
    database = connection.connection
    ends = time.perf_counter() + seconds
    database.set_progress_handler(lambda: time.perf_counter() > ends, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    finally:
        database.set_progress_handler(None, 0)

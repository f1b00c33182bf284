"""A process that takes in results of debits and can be killed at an exact statement: KILL_AT_STATEMENT, counted from 1.

Words: prepare (three debits with the provider), take (the provider's results of all three; prints the statements it took),
dump (prints payments, tries, debits and the lines of results).
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "accounts")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskops.settings")


def prepare() -> Any:
    """Hand three debits to the provider."""
    from datetime import timedelta

    from debit_books import EARLIEST, allow, close_at, make_late, order, told
    from factories import TESTER

    from accounts.operations.debiting.sending import send_debits

    accounts = [make_late(account_no=f"K{number}") for number in range(3)]
    told(*[order(allow(account)) for account in accounts])
    close_at(*accounts, day=EARLIEST - timedelta(days=1))
    send_debits(actor=TESTER, day=EARLIEST)
    return dump()


def take() -> Any:
    """Take the results in; die at the statement that the environment names, before it is run."""
    from debit_books import results
    from django.db import connection
    from factories import TESTER

    from accounts.operations.debiting.results import take_results

    kill_at, statements = int(os.environ["KILL_AT_STATEMENT"]), []

    def count(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        statements.append(sql)
        if len(statements) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, *rest)

    lines = (
        "D-M-K0-1,done,100.00,2025-03-14,",
        "D-M-K1-1,failed,,2025-03-14,insufficient_funds",
        "D-M-K2-1,done,100.00,2025-03-14,",
    )
    with connection.execute_wrapper(count):
        take_results(actor=TESTER, name="results.csv", content=results(*lines))
    return len(statements)


def dump() -> Any:
    """Return what the book knows of debits, by its keys."""
    from accounts.models import AccountSignals, AccountState, DebitInstruction, DebitResult, DebitTry, Payment

    states = AccountState.objects.order_by("account__account_no")
    return {
        "payments": list(Payment.objects.order_by("payment_no").values_list("payment_no", "amount_minor", "is_posted")),
        "tries": list(DebitTry.objects.order_by("key").values_list("key", "status", "reason_code")),
        "debits": list(DebitInstruction.objects.order_by("reference").values_list("reference", "status", "tries")),
        "lines": list(DebitResult.objects.order_by("line").values_list("line", "status")),
        "owed": list(states.values_list("account__account_no", "outstanding_principal_minor", "penalty_due_minor")),
        "failures": list(AccountSignals.objects.order_by("pk").values_list("account__account_no", "failed_debits_3m")),
    }


def main() -> None:
    """Run the word and print its answer as JSON."""
    import django

    import riskops  # noqa: F401  (the folder called collections)

    django.setup()
    print(json.dumps({"prepare": prepare, "take": take, "dump": dump}[sys.argv[1]](), default=str))


if __name__ == "__main__":
    main()

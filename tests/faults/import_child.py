"""A process that imports and can be killed at an exact statement: KILL_AT_STATEMENT in the environment, counted from 1.

Words: prepare (load a first delivery, bring it to a closed day), load (the second delivery; prints how many statements
it took), dump (print the whole book).
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskops.settings")

CLOSED = date(2025, 2, 11)


def second_delivery() -> dict[str, str]:
    """Return a delivery that adds, changes, pays on closed days, and has a bad row."""
    from deliveries import GOOD

    return {
        "products": GOOD["products"].replace("Standard", "Classic") + "new,New,JPY,\n",
        "customers": GOOD["customers"].replace("Ann Lee", "Ann Li") + "C3,Cy,\nC4,,\n",
        "accounts": GOOD["accounts"].replace("5000.50", "6000") + "A3,C3,new,2025-01-20,9\nA4,C4,std,2025-01-20,9\n",
        "installments": GOOD["installments"].replace("2025-03-01,100", "2025-03-02,90") + "A3,O1,1,,2025-02-01,70,,\n",
        "payments": GOOD["payments"].replace("app", "web")
        + "P3,A1,2025-02-03,51.80,,,,\nR2,A2,2025-02-11,20,,,,P2\nP4,A3,2025-02-12,1,,,,\n",
    }


def prepare(folder: Path) -> Any:
    """Make the book that the second delivery meets."""
    from deliveries import GOOD, write_files
    from factories import TESTER, set_business_date

    from accounts.models import CreditAccount
    from accounts.operations.importing import import_portfolio
    from accounts.operations.rebuilding import rebuild_accounts

    assert import_portfolio(write_files(folder / "first", **GOOD), actor=TESTER).is_clean
    set_business_date(CLOSED)
    rebuild_accounts(CreditAccount.objects.values_list("pk", flat=True), as_of=CLOSED, ahead_on=None)
    write_files(folder / "second", **second_delivery())
    return dump(folder)


def load(folder: Path) -> Any:
    """Import the second delivery; die at the statement that the environment names, before it is run."""
    from django.db import connection
    from factories import TESTER

    from accounts.operations.importing import import_portfolio

    dies_at = int(os.environ.get("KILL_AT_STATEMENT", "0"))
    statements: list[str] = []

    def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(sql)
        if len(statements) == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        outcome = import_portfolio(folder / "second", actor=TESTER, on_error="quarantine")
    assert outcome.portfolio_import.status == "applied", outcome.report()
    return [sql.split("(")[0][:60] for sql in statements]


def dump(folder: Path) -> Any:
    """Return the book, the trail, what was reported and how the imports ended."""
    from deliveries import book

    from accounts.models import Allocation, PortfolioImport, ReportedState
    from riskops.shared.models import AuditEntry

    return {
        "book": book(),
        "trail": sorted(f"{e.action} {e.subject_key}" for e in AuditEntry.objects.exclude(action="portfolio.import")),
        "reported": sorted(ReportedState.objects.values_list("account__account_no", "is_absent", "days_past_due")),
        "allocations": sorted(Allocation.objects.values_list("payment__payment_no", "component", "amount_minor")),
        "imports": sorted(PortfolioImport.objects.values_list("pk", "status")),
    }


def main() -> None:
    """Do what the command line says, in the folder it names."""
    import django

    import riskops  # noqa: F401  (puts collections/ on the path)

    django.setup()
    word, folder = sys.argv[1:]
    answer = {"prepare": prepare, "load": load, "dump": dump}[word](Path(folder))
    print(json.dumps(answer, default=str))


if __name__ == "__main__":
    main()

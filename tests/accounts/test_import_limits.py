"""What holds when a file brings one limit and a decision set another. Source: docs/decisions/limits-of-files-and-decisions.md."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from deciding_books import Person
from deliveries import deliver, load_good
from factories import set_business_date

from accounts.models import CreditAccount, RestrictionChange
from accounts.operations.deciding.nightly import work_decisions
from accounts.operations.rebuilding import rebuild_accounts
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
CLOSED = date(2025, 2, 20)


@pytest.fixture
def account(tmp_path: Path) -> CreditAccount:
    """Return account A1, of which the file says a limit of 10,000.00."""
    load_good(tmp_path)
    set_business_date(CLOSED)
    rebuild_accounts(CreditAccount.objects.values_list("pk", flat=True), as_of=CLOSED, ahead_on=None)
    return CreditAccount.objects.get(account_no="A1")


def limit_after(folder: Path, account: CreditAccount, limit: str, *, more: str = "") -> int:
    """Deliver accounts.csv with another limit for A1, and an attribute, and return the limit in minor units."""
    text = f"account_no,customer_no,product_code,opened_on,credit_limit,x_note\nA1,C1,std,2025-01-01,{limit},{more}\n"
    assert deliver(folder, accounts=text).is_clean
    account.refresh_from_db()
    return account.credit_limit_minor


def decide(account: CreditAccount, action: str, limit_minor: int) -> None:
    """Change the limit by a decision, in force."""
    decision = Person(Role.APPROVER).asks(account, action, new_limit_minor=limit_minor, reference=f"D-{action}")
    work_decisions(closed_day=decision.effective_on - timedelta(days=1), first_account_id=0, last_account_id=2**60)
    account.refresh_from_db()
    assert account.credit_limit_minor == limit_minor


def test_without_a_decision_the_file_says_the_limit_and_the_platform_is_told(tmp_path: Path, account: CreditAccount) -> None:
    assert limit_after(tmp_path, account, "12000") == 1_200_000
    assert [change.account_id for change in RestrictionChange.objects.all()] == [account.pk]


def test_a_file_does_not_raise_what_a_decision_lowered(tmp_path: Path, account: CreditAccount) -> None:
    decide(account, "lower_limit", 500_000)
    assert limit_after(tmp_path, account, "10000", more="the file before it heard of it") == 500_000
    assert limit_after(tmp_path, account, "20000") == 500_000
    line = AuditEntry.objects.filter(action="account.keep_limit").latest("id")
    assert line.after == {"credit_limit_minor": 500_000, "file_limit_minor": 2_000_000, "decision": "D-lower_limit"}
    # Lower than the decision is the file's to say.
    assert limit_after(tmp_path, account, "4000") == 400_000
    assert limit_after(tmp_path, account, "5000", more="back to the decision") == 400_000


def test_a_file_that_has_not_heard_of_a_raise_does_not_take_it_back(tmp_path: Path, account: CreditAccount) -> None:
    decide(account, "raise_limit", 1_500_000)
    assert limit_after(tmp_path, account, "10000", more="stale") == 1_500_000
    assert limit_after(tmp_path, account, "9000") == 900_000


def test_the_file_of_an_ended_decision_counts_again(tmp_path: Path, account: CreditAccount) -> None:
    decide(account, "lower_limit", 500_000)
    decision = account.decisions.get()
    Person(Role.TEAM_LEAD).asks(account, "lift", lifts=decision.pk)
    account.refresh_from_db()
    assert account.credit_limit_minor == 1_000_000
    assert limit_after(tmp_path, account, "20000") == 2_000_000


def test_the_platform_is_told_of_an_account_that_a_file_closes_and_opens_again(tmp_path: Path, account: CreditAccount) -> None:
    header = "account_no,customer_no,product_code,opened_on,credit_limit,x_closed_on\n"
    for closed_on in ("2025-03-01", "2025-03-01", ""):
        assert deliver(tmp_path, accounts=f"{header}A1,C1,std,2025-01-01,10000,{closed_on}\n").is_clean
    assert [change.account_id for change in RestrictionChange.objects.all()] == [account.pk] * 2
    lines = AuditEntry.objects.filter(action="account.change_closing", account_id=account.pk).order_by("id")
    assert [(line.before, line.after) for line in lines] == [
        ({"closed_on": None}, {"closed_on": "2025-03-01"}),
        ({"closed_on": "2025-03-01"}, {"closed_on": None}),
    ]

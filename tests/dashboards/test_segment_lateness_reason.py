"""The reason for lateness as a segment: of the case that was open on the day, as plain Python finds it, rebuilt and reported."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import factories
import metrics_oracle
import pytest
from books import close_through
from metrics_oracle import Account, Book, Cells
from test_metrics_against_oracle import LAST, MONTH_ENDS, RandomBook, exported

from accounts.models import AccountSnapshot, AccountState
from casework.lateness import NONE_RECORDED, REASONS
from casework.models import Case, CaseEvent
from casework.operations.cases.working_on import record_reason
from dashboards.operations.filling import fill_month_ends
from dashboards.segments import UnknownSegment, segment
from riskops.close_of_business import close_day
from riskops.close_of_business import close_through as close_days

pytestmark = pytest.mark.django_db
NOON = datetime(2025, 3, 12, 12, tzinfo=UTC)
CODES = [code for code, _name, _chinese in REASONS]
#: Metrics whose cells are of one month-end's own segment, and those of the month-end before.
OWN_DAY, DAY_BEFORE = ("buckets", "coincident"), ("transition_matrix",)


class RecordedBook(RandomBook):
    """A random book whose accounts were collected in spells of their own, with reasons recorded on some of their days."""

    def record(self) -> None:
        self.spells: dict[Account, list[tuple[date, date | None, list[tuple[date, str]]]]] = {}
        for account in self.accounts:
            row, day, episode = self.rows[account.account_no], self.day(MONTH_ENDS[0], MONTH_ENDS[3]), 0
            self.spells[account] = []
            while self.dice.random() < 0.7 and day < LAST:
                episode += 1
                closed = self.dice.choice([None, day + timedelta(days=self.dice.randrange(1, 90))])
                if closed is not None and closed > LAST:
                    closed = None
                case = Case.objects.create(
                    account=row, customer=row.customer, product=row.product, episode=episode, since=day, opened_on=day,
                    stage="cured" if closed else "remind", stage_since=day, closed_on=closed,
                )  # fmt: skip
                told = sorted(self.day(day, closed or LAST) for _ in range(self.dice.randrange(4)))
                reasons = [(on, self.dice.choice(CODES)) for on in told]
                for on, code in reasons:
                    CaseEvent.objects.create(
                        case=case, kind="reason", day=on, recorded_at=NOON,
                        actor_name="x", details={"reason": code, "was": ""},
                    )  # fmt: skip
                self.spells[account].append((day, closed, reasons))
                if closed is None:
                    break
                day = closed + timedelta(days=self.dice.randrange(1, 40))

    def reason(self, account: Account, on: date) -> str:
        """Return the newest reason of the spell that was open at the close of a day."""
        for since, until, reasons in self.spells[account]:
            if since <= on and (until is None or until > on):
                said = [code for day, code in reasons if day <= on]
                return said[-1] if said else NONE_RECORDED
        return NONE_RECORDED


def expected_of(made: RecordedBook, book: Book, name: str, measure: str, options: dict[str, str], part: Book) -> Cells:
    """Return the oracle's cells, each month-end cut by the reasons of its day (of the one before, for moves)."""
    cells: Cells = {}
    for place, day in enumerate(MONTH_ENDS):
        of = day if name in OWN_DAY else MONTH_ENDS[place - 1]
        for account in made.accounts:
            account.cuts["lateness_reason"] = made.reason(account, of)
        found = metrics_oracle.METRICS[name](part, "lateness_reason", measure, **options)
        cells |= {key: cell for key, cell in found.items() if key[0] == day}
    return cells


@pytest.mark.parametrize("seed", [7, 8])
def test_rebuilt_months_are_cut_as_plain_python_cuts_them(seed: int, tmp_path: Path, capsys: Any) -> None:
    made = RecordedBook(seed)
    made.record()
    made.settle()
    close_through(LAST)
    list(fill_month_ends(MONTH_ENDS[0], LAST, actor=factories.TESTER))
    book = Book(made.accounts, MONTH_ENDS)
    book.report()
    seen: set[str] = set()
    for name in (*OWN_DAY, *DAY_BEFORE):
        for measure, options in (("count", {}), ("amount", {"currency": "CNY"})):
            part = book.part(**options)
            expected = expected_of(made, book, name, measure, {}, part)
            found = exported(tmp_path / "cells.csv", name, "lateness_reason", measure, options)
            capsys.readouterr()
            wrong = {
                key: (found.get(key), expected.get(key)) for key in {*found, *expected} if found.get(key) != expected.get(key)
            }
            assert not wrong, (name, measure, "exported, expected")
            seen |= {key[1] for key in found}
    assert NONE_RECORDED in seen and len(seen) > 4


def late_account(number: str, due: date) -> Any:
    account = factories.make_account(account_no=number, opened_on=date(2025, 1, 1))
    factories.make_installment(account, due_date=due, principal=10_000)
    AccountState.objects.create(account=account, product=account.product, opened_on=account.opened_on)
    return account


def test_a_month_end_that_is_closed_keeps_the_reason_that_stood(tmp_path: Path, capsys: Any) -> None:
    """Reported by its close; what is said later changes the next month-end, and rebuilding the month would say the same."""
    asked, unasked = late_account("ASKED", date(2025, 3, 10)), late_account("UNASKED", date(2025, 3, 10))
    close_days(date(2025, 3, 9), date(2025, 3, 30), actor=factories.TESTER)
    record_reason(actor=factories.TESTER, account_id=asked.pk, code="family")
    close_day(date(2025, 3, 31), actor=factories.TESTER)
    record_reason(actor=factories.TESTER, account_id=asked.pk, code="illness")
    kept = dict(AccountSnapshot.objects.filter(as_of=date(2025, 3, 31)).values_list("account__account_no", "lateness_reason"))
    assert kept == {"ASKED": "family", "UNASKED": ""}
    cells = exported(tmp_path / "cells.csv", "buckets", "lateness_reason", "count", {})
    capsys.readouterr()
    m1 = {key[1]: cell for key, cell in cells.items() if key[2] == "m1"}
    assert m1 == {"family": (1, 1), NONE_RECORDED: (1, 1)}
    assert unasked.pk
    AccountSnapshot.objects.all().delete()
    list(fill_month_ends(date(2025, 3, 31), date(2025, 3, 31), actor=factories.TESTER))
    again = dict(AccountSnapshot.objects.values_list("account__account_no", "lateness_reason"))
    assert again == kept


def test_metrics_from_the_entries_have_no_such_segment() -> None:
    with pytest.raises(UnknownSegment, match="lateness_reason") as refused:
        segment("lateness_reason", tier_of="")
    assert "there are" in str(refused.value) and "tier" not in str(refused.value).split("there are")[1]


def test_the_segment_joins_nothing() -> None:
    """The snapshot holds the code, so that neither the nightly step nor a question looks at cases."""
    cut = segment("lateness_reason")
    assert not cut.needs_account and not cut.needs_customer
    assert "casework" not in cut.expression

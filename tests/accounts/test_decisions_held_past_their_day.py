"""Decisions that something held back until their day had passed: never in force on what the customer was told before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from deciding_books import CLOSED, OPEN, Person, accept, at, close_at, make_late_account, page

from accounts import held_back
from accounts.held_back import HeldBack
from accounts.models import CreditAccount, Decision, DecisionTerms, Restriction
from accounts.operations.deciding import refusals
from accounts.operations.deciding.appealing import record_appeal
from accounts.operations.deciding.nightly import work_decisions
from accounts.operations.deciding.replaying import replay
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

HELD = HeldBack(frozenset({"suspend_use", "lower_limit", "accelerate"}), "dispute 7 is open.")


@pytest.fixture
def late(db: None) -> CreditAccount:
    return make_late_account(account_no="LATE")


@pytest.fixture
def lead(db: None) -> Person:
    return Person(Role.TEAM_LEAD)


@pytest.fixture
def disputed(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[int]]:
    """Accounts on which decisions are held back: whoever is in it when it is asked."""
    found: set[int] = set()
    monkeypatch.setitem(held_back._ASKED, "test", lambda ids: {pk: HELD for pk in ids if pk in found})
    yield found


def nights(first: int, last: int) -> None:
    """Close days of March 2025, one after the other."""
    for day in range(first, last + 1):
        work_decisions(closed_day=date(2025, 3, day), first_account_id=0, last_account_id=2**60)
    close_at(*CreditAccount.objects.all(), day=date(2025, 3, last))


def told(decision: Decision) -> list[str]:
    return list(decision.notices.order_by("pk").values_list("kind", flat=True))


def test_it_takes_effect_later_with_its_whole_buffer_and_is_told_anew(
    late: CreditAccount, lead: Person, disputed: set[int]
) -> None:
    asked = {"new_limit_minor": 500_000, "review_on": date(2025, 4, 1), "expires_on": date(2025, 5, 1)}
    decision = lead.asks(late, "lower_limit", **asked)
    assert decision.effective_on == date(2025, 3, 18)
    disputed.add(late.pk)
    nights(11, 19)
    disputed.clear()
    nights(20, 20)
    decision.refresh_from_db()
    late.refresh_from_db()
    # Let go in the night to the 21st: told then, seven days of buffer from there; ten days later, all of it.
    assert (decision.status, late.credit_limit_minor) == ("scheduled", 1_000_000)
    days = (decision.decided_on, decision.effective_on, decision.review_on, decision.expires_on)
    assert days == (OPEN, date(2025, 3, 28), date(2025, 4, 11), date(2025, 5, 11))
    assert told(decision) == ["decided", "postponed"]
    notice = decision.notices.get(kind="postponed")
    assert "replaces our earlier notice" in notice.text_en and "28 Mar 2025" in notice.text_en and "18 Mar" not in notice.text_en
    assert "2025" in notice.text_zh and "取代" in notice.text_zh
    line = AuditEntry.objects.get(action="decision.put_off")
    assert (line.before["effective_on"], line.after["effective_on"]) == ("2025-03-18", "2025-03-28")
    assert "28 Mar 2025" in page(at(lead).get(f"/decisions/{decision.pk}/"))
    nights(21, 27)
    decision.refresh_from_db()
    late.refresh_from_db()
    assert (decision.status, late.credit_limit_minor) == ("effective", 500_000)
    assert told(decision) == ["decided", "postponed"] and replay(decision).is_same


def test_what_waits_for_nothing_holds_from_the_day_it_is_let_go(late: CreditAccount, lead: Person, disputed: set[int]) -> None:
    DecisionTerms.objects.filter(action="suspend_use").update(buffer_days=0)
    decision = lead.asks(late, "suspend_use", scope="all", effective_on=date(2025, 3, 15))
    disputed.add(late.pk)
    nights(11, 19)
    assert not Restriction.objects.exists()
    disputed.clear()
    nights(20, 20)
    decision.refresh_from_db()
    assert (decision.status, decision.effective_on, told(decision)) == ("effective", date(2025, 3, 21), ["decided", "postponed"])
    assert Restriction.objects.get().since == date(2025, 3, 21)


def test_what_ran_out_while_it_was_held_never_takes_effect(late: CreditAccount, lead: Person, disputed: set[int]) -> None:
    decision = lead.asks(late, "lower_limit", new_limit_minor=500_000, review_on=date(2025, 3, 19), expires_on=date(2025, 3, 20))
    disputed.add(late.pk)
    nights(11, 18)
    decision.refresh_from_db()
    assert decision.status == "scheduled"
    # Still held, and over all the same.
    nights(19, 19)
    decision.refresh_from_db()
    assert (decision.status, decision.ended_on, told(decision)) == ("cancelled", date(2025, 3, 19), ["decided", "cancelled"])
    disputed.clear()
    nights(20, 20)
    late.refresh_from_db()
    assert late.credit_limit_minor == 1_000_000


def test_an_account_closed_while_it_was_held_is_restricted_no_more(late: CreditAccount, lead: Person, disputed: set[int]) -> None:
    decision = lead.asks(late, "lower_limit", new_limit_minor=500_000)
    disputed.add(late.pk)
    nights(11, 18)
    CreditAccount.objects.filter(pk=late.pk).update(attributes={"x_closed_on": "2025-03-20"})
    disputed.clear()
    nights(19, 19)
    decision.refresh_from_db()
    assert (decision.status, told(decision)) == ("cancelled", ["decided", "cancelled"])
    assert "was closed" in decision.ended_why


def test_held_back_over_its_day_once_more_it_is_cancelled(late: CreditAccount, lead: Person, disputed: set[int]) -> None:
    decision = lead.asks(late, "lower_limit", new_limit_minor=500_000)
    disputed.add(late.pk)
    nights(11, 18)
    disputed.clear()
    nights(19, 19)
    disputed.add(late.pk)
    nights(20, 28)
    disputed.clear()
    nights(29, 29)
    decision.refresh_from_db()
    late.refresh_from_db()
    assert (decision.status, late.credit_limit_minor) == ("cancelled", 1_000_000)
    assert told(decision) == ["decided", "postponed", "cancelled"]
    assert "held back" in decision.ended_why


def test_the_time_to_appeal_counts_from_what_was_told_last(late: CreditAccount, lead: Person, disputed: set[int]) -> None:
    DecisionTerms.objects.filter(action="lower_limit").update(appeal_days=5)
    decision = lead.asks(late, "lower_limit", new_limit_minor=500_000)
    disputed.add(late.pk)
    nights(11, 18)
    disputed.clear()
    nights(19, 19)
    decision.refresh_from_db()
    said = {"decision_id": decision.pk, "version": decision.version, "grounds": "I paid."}
    analyst = Person(Role.ANALYST)
    nights(20, 25)
    with pytest.raises(refusals.AppealTooLate):
        record_appeal(actor=analyst.actor, received_on=date(2025, 3, 26), **said)
    record_appeal(actor=analyst.actor, received_on=date(2025, 3, 25), **said)


def test_a_demand_paid_in_time_while_it_was_held_falls_away_and_an_unpaid_one_gets_its_period_anew(
    late: CreditAccount, disputed: set[int]
) -> None:
    accept(late)
    decision = Person(Role.LEGAL).asks(late, "accelerate")
    Decision.objects.filter(pk=decision.pk).update(status="scheduled", decided_on=OPEN, needs_approval_by=[])
    decision.refresh_from_db()
    buffer = timedelta(days=decision.buffer_days)
    assert decision.effective_on == OPEN + buffer
    disputed.add(late.pk)
    let_go = decision.effective_on + timedelta(days=3)
    for day in range((let_go - CLOSED).days):
        if CLOSED + timedelta(days=day) == let_go - timedelta(days=1):
            disputed.clear()
        work_decisions(closed_day=CLOSED + timedelta(days=day), first_account_id=0, last_account_id=2**60)
    decision.refresh_from_db()
    assert (decision.status, decision.decided_on, decision.effective_on) == ("scheduled", OPEN, let_go + buffer)
    assert not Restriction.objects.exists()

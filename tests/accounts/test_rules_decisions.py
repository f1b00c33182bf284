"""The pure rules of decisions: matrix, gate, floor, dates. Every value worked out by hand."""

from __future__ import annotations

from datetime import date

import pytest

from accounts.rules.authority import AuthorityLine, authority, may_approve
from accounts.rules.decisions import (
    OrderOwed,
    acceleration_gate,
    first_effective_day,
    flips,
    floored_limit,
    is_due,
    settled_effective_day,
)
from accounts.rules.verdicts import differences, verdict

LINES = [
    AuthorityLine("lower_limit", "analyst", "", 0, None, "team lead"),
    AuthorityLine("lower_limit", "team lead", "", 0, 100, ""),
    AuthorityLine("lower_limit", "team lead", "", 100, None, "approver"),
    AuthorityLine("lower_limit", "approver", "", 0, None, ""),
    AuthorityLine("raise_limit", "analyst", "", 0, None, ""),
    AuthorityLine("raise_limit", "analyst", "JPY", 0, 1_000, "approver"),
]


def asked(amount_minor: int, *roles: str, action: str = "lower_limit", currency: str = "CNY", digits: int = 2):
    return authority(LINES, action=action, currency=currency, minor_digits=digits, amount_minor=amount_minor, roles=roles)


def test_the_end_of_a_line_is_not_in_it_and_the_start_is():
    assert asked(9_999, "team lead").acts_alone
    assert asked(10_000, "team lead").approver_roles == ("approver",)


def test_of_two_roles_the_one_that_may_do_more_counts():
    assert asked(10_000, "analyst", "approver").acts_alone
    assert asked(10_000, "analyst", "team lead").approver_roles == ("approver", "team lead")


def test_of_two_lines_for_one_role_the_stricter_holds():
    lines = [AuthorityLine("lift", "analyst", "", 0, None, ""), AuthorityLine("lift", "analyst", "", 0, None, "legal")]
    found = authority(lines, action="lift", currency="CNY", minor_digits=2, amount_minor=1, roles=["analyst"])
    assert found.approver_roles == ("legal",)


def test_no_line_is_no_authority():
    assert not asked(1, "manager").is_known
    assert not asked(1, "team lead", action="accelerate").is_known


def test_a_currency_with_lines_of_its_own_is_judged_by_those_alone():
    assert asked(999, "analyst", action="raise_limit", currency="JPY", digits=0).approver_roles == ("approver",)
    assert not asked(1_000, "analyst", action="raise_limit", currency="JPY", digits=0).is_known
    assert asked(10**9, "analyst", action="raise_limit").acts_alone


def test_the_proposer_never_approves():
    assert may_approve(roles=["approver"], approver_roles=["approver"], is_proposer=False)
    assert not may_approve(roles=["approver"], approver_roles=["approver"], is_proposer=True)
    assert not may_approve(roles=["analyst"], approver_roles=["approver"], is_proposer=False)


@pytest.mark.parametrize(("due", "is_met"), [(1_999, False), (2_000, True), (2_001, True), (0, False)])
def test_the_gate_opens_at_exactly_one_fifth(due, is_met):
    gate = acceleration_gate([OrderOwed("O1", 10_000, due, 9_000)], share_bp=2_000)
    assert gate.is_met == is_met
    assert gate.demanded_minor == (9_000 if is_met else 0)


def test_each_order_is_judged_by_itself():
    orders = [OrderOwed("A", 10_000, 2_000, 10_000), OrderOwed("B", 90_000, 0, 90_000), OrderOwed("C", 100, 50, 60)]
    gate = acceleration_gate(orders, share_bp=2_000)
    assert (gate.orders, gate.demanded_minor) == (("A", "C"), 10_060)


def test_a_gate_that_is_shut_shows_the_order_that_comes_nearest():
    gate = acceleration_gate([OrderOwed("A", 10_000, 100, 1), OrderOwed("B", 10_000, 1_900, 1)], share_bp=2_000)
    assert (gate.due_unpaid_minor, gate.price_minor, gate.is_met) == (1_900, 10_000, False)
    assert not acceleration_gate([], share_bp=2_000).is_met


def test_a_buffer_counts_whole_days_from_the_notice():
    assert first_effective_day(date(2025, 2, 25), buffer_days=7) == date(2025, 3, 4)
    assert first_effective_day(date(2025, 2, 25), buffer_days=0) == date(2025, 2, 25)
    assert settled_effective_day(date(2025, 3, 4), decided_on=date(2025, 3, 1), buffer_days=7) == date(2025, 3, 8)
    assert settled_effective_day(date(2025, 4, 1), decided_on=date(2025, 3, 1), buffer_days=7) == date(2025, 4, 1)


def test_the_close_of_a_day_puts_in_force_what_the_next_day_begins_with():
    assert is_due(date(2025, 3, 2), closed_day=date(2025, 3, 1))
    assert not is_due(date(2025, 3, 3), closed_day=date(2025, 3, 1))


def test_a_limit_is_never_under_the_balance():
    assert floored_limit(100, owed_minor=150) == 150
    assert floored_limit(200, owed_minor=150) == 200


def test_flips_are_counted_within_their_days_today_included():
    days = [date(2025, 3, 1), date(2025, 3, 2), date(2025, 3, 31), date(2025, 4, 1)]
    assert flips(days, today=date(2025, 3, 31), within_days=30) == 2


def test_a_verdict_says_who_must_agree_and_a_difference_is_named():
    inputs = {
        "action": "lower_limit",
        "currency": "CNY",
        "minor_digits": 2,
        "weighed_minor": 10_000,
        "roles": ["team lead"],
        "lines": [
            {
                "action": "lower_limit",
                "role": "team lead",
                "currency": "",
                "amount_from": 0,
                "amount_to": None,
                "approver_role": "approver",
            }
        ],
        "proposed_on": "2025-03-11",
        "buffer_days": 7,
        "new_limit_minor": 5_000,
        "owed_minor": 5_000,
    }
    assert verdict(inputs) == {
        "has_authority": True,
        "needs_approval_by": ["approver"],
        "first_effective_day": "2025-03-18",
        "limit_covers_balance": True,
    }
    stored = {**verdict(inputs), "limit_covers_balance": False}
    assert differences(stored, verdict(inputs)) == [("limit_covers_balance", False, True)]

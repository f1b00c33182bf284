"""Draft → dry run → proposed → approved by somebody else → live; and every refusal on the way, after which nothing changed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from casework_books import DAY, stand, tier_all, tier_of
from factories import TESTER, make_account, make_member, make_product, make_team, make_user, set_business_date
from policies import make_draft, people, tier

from accounts.facts import ACCOUNT_FACTS
from casework.models import TierPolicy
from casework.operations import refusals
from casework.operations.tier_drafts import TierDraft, change_draft, draft_policy, drop_draft, problems_of
from casework.operations.tier_policies import (
    approve_policy,
    dry_run_policy,
    propose_policy,
    return_policy,
    withdraw_policy,
)
from casework.policies import live_policy
from casework.queries.dry_run import movers
from casework.queries.workload import workloads
from riskops.close_of_business import start_close
from riskops.shared.audit import Actor
from riskops.shared.day import CloseIsRunning
from riskops.shared.models import Absence, AuditEntry
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK, Scope

pytestmark = pytest.mark.django_db
NEXT = DAY + timedelta(days=1)
TWO = [tier("late", "dpd > 30", tone="m4", queue="Late", owner_kind="collections"), tier("rest", "dpd >= 0")]


@pytest.fixture
def book() -> list[Any]:
    """Put three accounts, 0, 14 and 45 days late, into the shipped tiers, the book at `DAY`."""
    product = make_product(product_code="P-tiers")
    rows = [
        stand(make_account(product=product), days_past_due=days, outstanding_principal_minor=owed)
        for days, owed in ((0, 10_000), (14, 20_000), (45, 30_000))
    ]
    set_business_date(DAY)
    tier_all()
    return rows


def status_of(policy: TierPolicy) -> tuple[str, date | None]:
    return TierPolicy.objects.values_list("status", "live_from").get(pk=policy.pk)


def proposed(author: Actor, tiers: list[TierDraft] = TWO) -> TierPolicy:
    policy = make_draft(author, tiers)
    dry_run_policy(actor=author, version=policy.version)
    return propose_policy(actor=author, version=policy.version, live_from=NEXT)


def test_a_draft_goes_live_after_a_dry_run_and_a_second_person(book: list[Any]) -> None:
    author, approver = people()
    policy = proposed(author)
    approve_policy(actor=approver, version=policy.version)
    assert status_of(policy) == ("approved", NEXT)
    today, tomorrow = live_policy(DAY), live_policy(NEXT)
    assert today is not None and tomorrow is not None
    assert (today.version, tomorrow.version, tomorrow.codes) == (1, 2, ("late", "rest"))
    lines = AuditEntry.objects.filter(subject_type="tier policy").order_by("pk").values_list("action", "actor_name")
    assert [action for action, _name in lines] == [
        "tier_policy.draft", "tier_policy.draft", "tier_policy.dry_run", "tier_policy.draft", "tier_policy.approve",
    ]  # fmt: skip
    assert AuditEntry.objects.latest("pk").actor_name == approver.name
    tier_all(NEXT)
    assert [tier_of(account) for account in book] == ["rest", "rest", "late"]


def test_a_draft_is_a_copy_and_counts_on(book: list[Any]) -> None:
    first, second = draft_policy(actor=TESTER, copy_of=1), draft_policy(actor=TESTER, copy_of=1, note="again")
    assert (first.version, second.version) == (2, 3)
    columns = ("code", "rule", "queue", "service_minutes", "interventions", "tone")
    assert list(first.tiers.values_list(*columns)) == list(TierPolicy.objects.get(version=1).tiers.values_list(*columns))


def test_the_dry_run_counts_accounts_and_money_and_who_would_move(book: list[Any]) -> None:
    policy = make_draft(people()[0], TWO)
    found = dry_run_policy(actor=TESTER, version=policy.version)
    assert [tuple(flow) for flow in found.flows] == [
        ("early", "rest", "P-tiers", 1, 20_000),
        ("middle", "late", "P-tiers", 1, 30_000),
        ("normal", "rest", "P-tiers", 1, 10_000),
    ]
    assert (found.accounts, found.movers, found.as_of) == (3, 3, DAY)
    policy.refresh_from_db()
    assert found == type(found).from_json(policy.dry_run)
    assert [tier_of(account) for account in book] == ["normal", "early", "middle"]  # nothing is written


def test_movers_come_a_page_at_a_time_cut_by_tier_and_scope(book: list[Any]) -> None:
    from casework.policies import parsed

    policy = parsed(make_draft(people()[0], TWO))
    first = movers(policy, as_of=DAY, scope=WHOLE_BOOK, page_rows=2)
    assert [(row.account_id, row.from_tier, row.to_tier) for row in first.rows] == [
        (book[0].pk, "normal", "rest"), (book[1].pk, "early", "rest"),
    ]  # fmt: skip
    assert first.rows[1].exposure_minor == 20_000
    last = movers(policy, as_of=DAY, scope=WHOLE_BOOK, after=first.next_after or 0, page_rows=2)
    assert ([row.account_id for row in last.rows], last.next_after) == ([book[2].pk], None)
    assert [row.to_tier for row in movers(policy, as_of=DAY, scope=WHOLE_BOOK, to_tier="late").rows] == ["late"]
    assert movers(policy, as_of=DAY, scope=Scope(frozenset({"other"}))).rows == ()


def test_the_added_work_stands_against_what_the_team_can_do(book: list[Any]) -> None:
    team = make_team(name="Early birds")
    here, away = make_user(Role.ANALYST), make_user(Role.ANALYST)
    make_member(team, here, daily_capacity=1)
    make_member(team, away, daily_capacity=40)
    Absence.objects.create(user=away, first_day=DAY, last_day=DAY)
    tiers = [tier("all", "dpd >= 0", queue="All", owner_team_id=team.pk)]
    policy = make_draft(people()[0], tiers)
    found = dry_run_policy(actor=TESTER, version=policy.version)
    loads = workloads(found, before=TierPolicy.objects.get(version=1).tiers.all(), after=policy.tiers.all(), today=DAY)
    mine = loads[0]
    assert (mine.team_name, mine.accounts_before, mine.accounts_after, mine.added) == ("Early birds", 0, 3, 3)
    assert (mine.daily_capacity, mine.days_to_work_through) == (1, 3)
    assert [(load.kind, load.accounts_before, load.accounts_after, load.daily_capacity) for load in loads[1:]] == [
        ("collections", 2, 0, 1)
    ]


# Refused: what is written ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"rule": "dpd >"}, "rule", "Line 1"),
        ({"rule": "days_late > 3"}, "rule", "There is no fact"),
        ({"rule": ""}, "rule", "Line 1"),
        ({"code": "Early"}, "code", "small letters"),
        ({"code": "rest"}, "code", "tier 2 already"),
        ({"name_zh": " "}, "name_zh", "1 to 60"),
        ({"tone": "pink"}, "tone", "Pick one"),
        ({"owner_team_id": 404}, "owner_team", "no such open team"),
        ({"owner_kind": "chess"}, "owner_kind", "Pick one"),
        ({"service_minutes": 0}, "service_minutes", "1 to"),
        ({"interventions": ("shout",)}, "interventions", "no intervention shout"),
    ],
)
def test_a_tier_that_cannot_be_is_refused_with_its_field(changed: dict[str, Any], field: str, says: str) -> None:
    author = people()[0]
    policy = make_draft(author, TWO)
    tiers = [TWO[1], tier("late", "dpd > 30")]
    tiers[1] = tier(**{"code": "late", "rule": "dpd > 30", **changed})
    problems = problems_of([tier("x", "dpd = 0"), tier("rest", "dpd >= 0"), tiers[1]])
    assert any(problem.field == field and says in problem.message and problem.position == 3 for problem in problems), problems
    with pytest.raises(refusals.TiersMalformed):
        change_draft(actor=author, version=2, revision=2, note="", calendar_id=policy.calendar_id, tiers=tiers)
    assert list(policy.tiers.values_list("code", flat=True)) == ["late", "rest"]


def test_a_policy_has_one_to_thirty_tiers() -> None:
    assert [problem.field for problem in problems_of([])] == ["tiers"]
    assert [problem.field for problem in problems_of([tier(f"t{n}", "dpd = 0") for n in range(31)])] == ["tiers"]


def test_a_stale_form_is_refused_and_changes_nothing() -> None:
    author, other = people()
    policy = make_draft(author, TWO)
    with pytest.raises(refusals.DraftChangedMeanwhile, match=author.name):
        change_draft(actor=other, version=2, revision=1, note="mine", calendar_id=policy.calendar_id, tiers=TWO)
    policy.refresh_from_db()
    assert (policy.note, policy.revision, policy.editors) == ("try", 2, [author.user_id])


def test_what_is_not_a_draft_takes_no_change(book: list[Any]) -> None:
    author = people()[0]
    policy = proposed(author)
    with pytest.raises(refusals.NotADraft):
        change_draft(actor=author, version=2, revision=2, note="", calendar_id=policy.calendar_id, tiers=TWO)
    with pytest.raises(refusals.NotADraft):
        drop_draft(actor=author, version=1, reason="no")
    with pytest.raises(refusals.TierPolicyUnknown):
        draft_policy(actor=author, copy_of=9)
    assert status_of(policy) == ("proposed", NEXT)


def test_a_draft_is_dropped_with_a_reason() -> None:
    policy = make_draft(people()[0], TWO)
    with pytest.raises(refusals.ReasonNeeded):
        drop_draft(actor=TESTER, version=2, reason=" ")
    drop_draft(actor=TESTER, version=2, reason="not now")
    assert status_of(policy) == ("withdrawn", None)


# Refused: on the way to being live ---------------------------------------------------------------------------------


def test_ones_own_draft_is_not_approved_nor_one_that_one_changed(book: list[Any]) -> None:
    author, helper = Actor.of(make_user(Role.TEAM_LEAD, Role.MANAGER)), Actor.of(make_user(Role.MANAGER))
    policy = make_draft(author, TWO)
    change_draft(actor=helper, version=2, revision=2, note="mine", calendar_id=policy.calendar_id, tiers=TWO)
    dry_run_policy(actor=author, version=2)
    propose_policy(actor=author, version=2, live_from=NEXT)
    for person in (author, helper):
        with pytest.raises(refusals.OwnDraft, match="somebody else"):
            approve_policy(actor=person, version=2)
    with pytest.raises(refusals.PersonNeeded):
        approve_policy(actor=TESTER, version=2)
    assert status_of(policy) == ("proposed", NEXT)
    assert not AuditEntry.objects.filter(action="tier_policy.approve").exists()


def test_without_a_dry_run_of_the_present_text_on_the_present_book_nothing_is_proposed(book: list[Any]) -> None:
    author = people()[0]
    policy = make_draft(author, TWO)
    with pytest.raises(refusals.DryRunMissing, match="was not tried"):
        propose_policy(actor=author, version=2, live_from=NEXT)
    dry_run_policy(actor=author, version=2)
    change_draft(actor=author, version=2, revision=2, note="", calendar_id=policy.calendar_id, tiers=TWO)
    with pytest.raises(refusals.DryRunMissing, match="was not tried"):
        propose_policy(actor=author, version=2, live_from=NEXT)
    dry_run_policy(actor=author, version=2)
    set_business_date(NEXT)
    with pytest.raises(refusals.DryRunMissing, match="run it dry again"):
        propose_policy(actor=author, version=2, live_from=NEXT + timedelta(days=1))
    assert status_of(policy) == ("draft", None)


@pytest.mark.parametrize("day", [DAY, DAY - timedelta(days=1)])
def test_a_closed_day_is_no_first_day(book: list[Any], day: date) -> None:
    author = people()[0]
    policy = make_draft(author, TWO)
    dry_run_policy(actor=author, version=2)
    with pytest.raises(refusals.FirstDayPast):
        propose_policy(actor=author, version=2, live_from=day)
    assert status_of(policy) == ("draft", None)


def test_a_first_day_is_one_versions_only(book: list[Any]) -> None:
    author, approver = people()
    approve_policy(actor=approver, version=proposed(author).version)
    policy = make_draft(author, TWO)
    dry_run_policy(actor=author, version=3)
    with pytest.raises(refusals.FirstDayTaken, match="Version 2"):
        propose_policy(actor=author, version=3, live_from=NEXT)
    assert status_of(policy) == ("draft", None)


def test_every_account_in_one_tier_or_in_none_is_approved_only_with_open_eyes(book: list[Any]) -> None:
    author, approver = people()
    for rule, says in (
        ("dpd >= 0", "All 3 accounts would be in the tier all"),
        ("dpd > 900", "All 3 accounts would be in no tier"),
    ):
        policy = proposed(author, [tier("all", rule)])
        with pytest.raises(refusals.EveryAccountAlike, match=says):
            approve_policy(actor=approver, version=policy.version)
        assert status_of(policy) == ("proposed", NEXT)
        return_policy(actor=approver, version=policy.version, reason="a slip")
    policy = proposed(author, [tier("all", "dpd >= 0")])
    approve_policy(actor=approver, version=policy.version, despite_crowding=True)
    assert status_of(policy) == ("approved", NEXT)


def test_a_rule_slower_than_the_bound_cannot_go_live(book: list[Any], settings: Any) -> None:
    author = people()[0]
    policy = make_draft(author, TWO)
    settings.RULE_MAX_SECONDS = -1
    found = dry_run_policy(actor=author, version=2)
    # Named is the first one that is past the bound by itself; looking for more would keep the author waiting.
    assert [code for code, _ms in found.slow_ms] == ["late"]
    with pytest.raises(refusals.RuleTooSlow, match="late took"):
        propose_policy(actor=author, version=2, live_from=NEXT)
    assert status_of(policy) == ("draft", None)


def test_a_fact_that_is_gone_stops_what_names_it(book: list[Any], monkeypatch: Any) -> None:
    author, approver = people()
    policy = proposed(author, [tier("worse", "dpd_change > 3"), *TWO])
    facts = {name: fact for name, fact in ACCOUNT_FACTS._facts.items() if name != "dpd_change"}
    monkeypatch.setattr(ACCOUNT_FACTS, "_facts", facts)
    with pytest.raises(refusals.TiersMalformed, match="There is no fact “dpd_change”"):
        approve_policy(actor=approver, version=policy.version)
    assert status_of(policy) == ("proposed", NEXT)


def test_while_a_close_runs_nothing_is_approved(book: list[Any]) -> None:
    author, approver = people()
    policy = proposed(author)
    start_close(business_date=NEXT, actor=TESTER)
    with pytest.raises(CloseIsRunning):
        approve_policy(actor=approver, version=policy.version)
    assert status_of(policy) == ("proposed", NEXT)


def test_before_the_first_close_there_is_nothing_to_try_on() -> None:
    policy = make_draft(people()[0], TWO)
    with pytest.raises(refusals.NothingToDryRunOn):
        dry_run_policy(actor=TESTER, version=policy.version)


def test_an_approved_version_is_withdrawn_before_its_first_day_only(book: list[Any]) -> None:
    author, approver = people()
    policy = proposed(author)
    approve_policy(actor=approver, version=2)
    with pytest.raises(refusals.ReasonNeeded):
        withdraw_policy(actor=approver, version=2, reason="")
    with pytest.raises(refusals.NotToBeWithdrawn):
        withdraw_policy(actor=approver, version=1, reason="no")
    withdraw_policy(actor=approver, version=2, reason="wrong figures")
    assert status_of(policy) == ("withdrawn", NEXT)
    live = live_policy(NEXT)
    assert live is not None and live.version == 1
    # The day is free again; begun, a version stays.
    approve_policy(actor=approver, version=proposed(author).version)
    set_business_date(NEXT)
    with pytest.raises(refusals.NotToBeWithdrawn):
        withdraw_policy(actor=approver, version=3, reason="too late")


def test_a_proposal_is_sent_back_with_a_reason(book: list[Any]) -> None:
    author, approver = people()
    policy = proposed(author)
    with pytest.raises(refusals.ReasonNeeded):
        return_policy(actor=approver, version=2, reason="")
    return_policy(actor=approver, version=2, reason="look at 31–60")
    assert status_of(policy) == ("draft", None)
    with pytest.raises(refusals.NotProposed):
        approve_policy(actor=approver, version=2)

"""Decisions by rules: drafted, tried, live by a second person; lifted when the cause is gone; stopped, replayed, undone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from deciding_books import (
    CLOSED,
    OPEN,
    Person,
    approves_rule,
    asks_undo,
    at,
    close_at,
    drafts_rule,
    judges_undo,
    make_late_account,
    page,
    tries_rule,
)
from factories import make_payment, make_product

from accounts.models import (
    CreditAccount,
    Decision,
    DecisionControl,
    DecisionNotice,
    DecisionRuleVersion,
    DecisionUndo,
    Restriction,
)
from accounts.operations.deciding import refusals
from accounts.operations.deciding.judging import approve_decision, reject_decision
from accounts.operations.deciding.nightly import work_decisions
from accounts.operations.deciding.replaying import replay
from accounts.operations.deciding.ruling import DECISION_RULES
from accounts.operations.deciding.settings import switch_automatic
from accounts.operations.deciding.undoing import DECISION_UNDOINGS, preview_undo
from accounts.operations.rule_refusals import (
    LiveDayPast,
    NotTried,
    OwnRule,
    RuleFitsAllOrNone,
    RuleMovedOn,
    RuleSlow,
    RuleUnusable,
    RuleValuesRefused,
    UndoRefused,
)
from accounts.operations.rule_versions import change_draft, end_rule, in_force_on
from accounts.operations.signals import note_signals
from accounts.queries.rule_cost import RuleTooSlow
from accounts.queries.rule_dry_runs import dry_run_seen
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK


@pytest.fixture
def late(db: None) -> CreditAccount:
    return make_late_account(account_no="LATE")


@pytest.fixture
def lead(db: None) -> Person:
    return Person(Role.TEAM_LEAD)


@pytest.fixture
def manager(db: None) -> Person:
    return Person(Role.MANAGER)


def make_live(lead: Person, manager: Person, **values: Any) -> DecisionRuleVersion:
    """Take a rule live for the open day."""
    version = drafts_rule(lead, **values)
    tries_rule(lead, version)
    return approves_rule(manager, version, is_warning_accepted=True)


def night(day: date = CLOSED) -> int:
    return work_decisions(closed_day=day, first_account_id=0, last_account_id=2**60)


def test_nobody_who_had_a_hand_in_a_draft_approves_it(late: CreditAccount, lead: Person, manager: Person) -> None:
    author, version = Person(Role.MANAGER), drafts_rule(Person(Role.TEAM_LEAD))
    for person, rule in ((author, "dpd > 30"), (lead, "dpd > 31"), (author, "dpd > 30"), (lead, "dpd > 30")):
        version.refresh_from_db()
        values = {**version.values(), "rule": rule}
        del values["code"]
        change_draft(DECISION_RULES, actor=person.actor, version_id=version.pk, revision=version.revision, values=values)
    tries_rule(author, version)
    version.refresh_from_db()
    assert version.drafted_by_id == lead.user.pk
    one, approve = f"/decision-rules/{version.pk}/", f"/decision-rules/{version.pk}/approve/"
    form = {"revision": version.revision, "live_from": OPEN.isoformat(), "is_warning_accepted": "on"}
    # Somebody else saved it last; it is the author's all the same.
    with pytest.raises(OwnRule, match="or changed its draft"):
        approves_rule(author, version, is_warning_accepted=True)
    assert approve not in page(at(author).get(one)) and approve in page(at(manager).get(one))
    assert "or changed its draft" in page(at(author).post(approve, form), 422)
    api = {"revision": version.revision, "live_from": OPEN.isoformat(), "is_warning_accepted": True}
    refused = at(author).post(f"/api/v1{approve}", api, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (422, "own_rule")
    version.refresh_from_db()
    assert version.status == "draft"
    approves_rule(manager, version, is_warning_accepted=True)


def test_a_rule_goes_from_draft_over_a_dry_run_to_live_by_a_second_person(
    late: CreditAccount, lead: Person, manager: Person
) -> None:
    make_late_account().installments.all().update(is_open=False)
    version = drafts_rule(lead)
    with pytest.raises(NotTried):
        approves_rule(manager, version)
    tried = tries_rule(lead, version)
    assert tried.dry_run is not None
    assert tried.dry_run["figures"] == {"holds": 2, "of": 2}
    with pytest.raises(OwnRule):
        approves_rule(lead, version)
    with pytest.raises(LiveDayPast, match="2025-03-10 is past: the open day is 2025-03-11"):
        approves_rule(manager, version, live_from=CLOSED)
    with pytest.raises(RuleFitsAllOrNone, match="holds on 2 of 2"):
        approves_rule(manager, version)
    kept = DecisionRuleVersion.objects.get()
    assert (kept.status, kept.live_from) == ("draft", None)
    approves_rule(manager, version, is_warning_accepted=True)
    # The next one is live from a later day; until then this one decides.
    second = tries_rule(lead, drafts_rule(lead, rule="dpd > 60"))
    approves_rule(manager, second, live_from=OPEN + timedelta(days=2), is_warning_accepted=True)
    lives = list(DecisionRuleVersion.objects.order_by("number").values_list("number", "status", "live_until"))
    assert lives == [(1, "live", OPEN + timedelta(days=2)), (2, "live", None)]
    found = [in_force_on(DecisionRuleVersion, OPEN + timedelta(days=days)).get().number for days in (0, 1, 2)]
    assert found == [1, 1, 2]


def test_a_version_withdrawn_before_its_day_leaves_the_one_before_it_live(
    late: CreditAccount, lead: Person, manager: Person
) -> None:
    first = make_live(lead, manager)
    later = OPEN + timedelta(days=10)
    second = approves_rule(
        manager, tries_rule(lead, drafts_rule(lead, rule="dpd > 60")), live_from=later, is_warning_accepted=True
    )
    end = {"version_id": second.pk, "until": OPEN, "today": OPEN, "reason": "thought better of it"}
    end_rule(DECISION_RULES, actor=manager.actor, revision=second.revision, **end)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.live_until, second.live_until) == (None, later)
    assert [in_force_on(DecisionRuleVersion, day).get() for day in (OPEN, later)] == [first, first]
    line = AuditEntry.objects.get(action="decision_rule.go_on")
    assert (line.before, line.after) == ({"live_until": later.isoformat()}, {"live_until": None})
    with pytest.raises(RuleMovedOn):
        end_rule(DECISION_RULES, actor=manager.actor, revision=second.revision, **end)


def test_a_rule_that_fits_nobody_warns_with_the_figure_too(late: CreditAccount, lead: Person, manager: Person) -> None:
    version = tries_rule(lead, drafts_rule(lead, rule="dpd > 3000"))
    with pytest.raises(RuleFitsAllOrNone, match="holds on 0 of 1"):
        approves_rule(manager, version)


def test_a_rule_slower_than_the_bound_is_neither_tried_nor_taken_live(
    late: CreditAccount, lead: Person, manager: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = tries_rule(lead, drafts_rule(lead, rule="dpd > 40"))

    def too_slow(*_args: Any) -> Any:
        raise RuleTooSlow(2.0)

    monkeypatch.setattr("accounts.operations.deciding.ruling.holding", too_slow)
    for refused in (
        lambda: approves_rule(manager, version, is_warning_accepted=True),
        lambda: tries_rule(lead, version),
    ):
        with pytest.raises(RuleSlow, match="more than 2 seconds over the present book"):
            refused()
    version.refresh_from_db()
    assert (version.status, version.live_from) == ("draft", None)


def test_a_dry_run_keeps_money_by_product_in_its_own_currency(late: CreditAccount, lead: Person) -> None:
    make_late_account(account_no="EURO", product=make_product(currency="EUR"))
    seen = dry_run_seen(tries_rule(lead, drafts_rule(lead)), WHOLE_BOOK)
    assert seen is not None
    assert [part["holds"] for part in seen.parts] == [1, 1]
    assert seen.decided_money == (("CNY", 1_000_000, 40_000), ("EUR", 1_000_000, 40_000))


@pytest.mark.parametrize(
    "values",
    [
        {"rule": "dpd >"},
        {"rule": "nonsense > 3"},
        {"scope": ""},
        {"scope": "channel"},
        {"action": "lower_limit", "scope": "", "limit_percent": 120},
        {"action": "lower_limit", "scope": ""},
        {"limit_percent": 50},
    ],
)
def test_a_rule_that_says_nothing_is_refused(lead: Person, values: dict[str, Any]) -> None:
    with pytest.raises((RuleUnusable, RuleValuesRefused)):
        drafts_rule(lead, **values)
    assert not DecisionRuleVersion.objects.exists()


def test_a_live_rule_decides_once_with_its_facts_and_the_verdict_replays(
    late: CreditAccount, lead: Person, manager: Person
) -> None:
    version = make_live(lead, manager)
    assert night() == 1
    assert night() == 0
    decision = Decision.objects.get()
    assert (decision.status, decision.source, decision.rule_version, decision.decided_on) == ("effective", "rule", version, OPEN)
    assert (decision.facts["dpd"], decision.inputs["rule_text"], decision.verdict["rule_holds"]) == (37, "dpd > 30", True)
    assert Restriction.objects.count() == DecisionNotice.objects.count() == 1
    assert replay(decision).is_same
    Decision.objects.filter(pk=decision.pk).update(facts={**decision.facts, "dpd": 3})
    decision.refresh_from_db()
    assert replay(decision).differences == (("rule_holds", True, False),)


def test_the_matrix_binds_rules_too_and_a_customer_may_refuse_machines(
    late: CreditAccount, lead: Person, manager: Person
) -> None:
    big = make_late_account(credit_limit_minor=5_000_000)
    refusing = make_late_account()
    note_signals(refusing.pk, refuses_automated_decisions=True)
    make_live(lead, manager)
    night()
    found = {d.account_id: (d.status, d.needs_approval_by) for d in Decision.objects.all()}
    assert found[late.pk] == ("effective", [])
    assert found[big.pk] == ("proposed", ["team lead"])
    assert found[refusing.pk] == ("proposed", ["approver", "team lead"])


def test_a_rule_lowers_to_a_share_in_whole_units_never_under_the_balance(
    late: CreditAccount, lead: Person, manager: Person
) -> None:
    small = make_late_account(credit_limit_minor=50_000)
    make_live(lead, manager, action="lower_limit", scope="", limit_percent=33)
    night()
    assert Decision.objects.get(account=late).new_limit_minor == 330_000
    assert Decision.objects.get(account=small).new_limit_minor == 40_000


def test_the_switch_stops_rules_and_lifts(late: CreditAccount, lead: Person, manager: Person) -> None:
    make_live(lead, manager)
    switch_automatic(actor=manager.actor, stop=True, reason="look first")
    assert night() == 0
    switch_automatic(actor=manager.actor, stop=False, reason="fine")
    assert night() == 1


def pay_everything(account: CreditAccount, day: date) -> None:
    make_payment(account, paid_on=day, amount=20_000)
    close_at(account, day=day)


def test_what_has_no_cause_any_more_is_lifted_after_its_cool_off(late: CreditAccount, lead: Person, manager: Person) -> None:
    make_live(lead, manager)
    night()
    paid = CLOSED + timedelta(days=1)
    pay_everything(late, paid)
    # Seven days without the cause: from the 11th to the 17th.
    for number in range(6):
        day = paid + timedelta(days=number)
        close_at(late, day=day)
        assert night(day) == 0
    last = paid + timedelta(days=6)
    close_at(late, day=last)
    assert night(last) == 1
    assert not Restriction.objects.exists()
    assert sorted(Decision.objects.values_list("action", "status")) == [("lift", "effective"), ("suspend_use", "lifted")]


@pytest.mark.parametrize(("cause_is_back_on", "lifted_on"), [(None, 19), (13, 20)])
def test_days_without_the_cause_are_counted_while_the_switch_is_thrown_and_nothing_is_lifted(
    late: CreditAccount, lead: Person, manager: Person, cause_is_back_on: int | None, lifted_on: int
) -> None:
    version = make_live(lead, manager)
    night()
    pay_everything(late, date(2025, 3, 11))
    assert night(date(2025, 3, 11)) == 0
    switch_automatic(actor=manager.actor, stop=True, reason="the score is broken")
    for number in range(12, 19):
        day = date(2025, 3, number)
        close_at(late, day=day)
        # Late again for a day, or not.
        rule = "dpd >= 0" if number == cause_is_back_on else "dpd > 30"
        DecisionRuleVersion.objects.filter(pk=version.pk).update(rule=rule)
        assert night(day) == 0
    assert Restriction.objects.count() == 1
    switch_automatic(actor=manager.actor, stop=False, reason="mended")
    for number in range(19, lifted_on):
        close_at(late, day=date(2025, 3, number))
        assert night(date(2025, 3, number)) == 0
    close_at(late, day=date(2025, 3, lifted_on))
    # Seven days in a row without it, each of them looked at.
    assert night(date(2025, 3, lifted_on)) == 1
    assert not Restriction.objects.exists()


@pytest.mark.parametrize("action", ["suspend_use", "lower_limit"])
def test_lifts_of_a_day_are_undone_by_deciding_anew_with_notice_and_buffer(
    late: CreditAccount, lead: Person, manager: Person, action: str
) -> None:
    values = {"scope": "", "limit_percent": 50} if action == "lower_limit" else {}
    version = make_live(lead, manager, action=action, **values)
    DecisionControl.objects.update(cool_off_days=1)
    night()
    night(date(2025, 3, 17))
    close_at(late, day=date(2025, 3, 18))
    # For a night the book looks as if nobody were late.
    DecisionRuleVersion.objects.filter(pk=version.pk).update(rule="dpd > 300")
    assert night(date(2025, 3, 18)) == 1
    close_at(late, day=date(2025, 3, 18))
    DecisionRuleVersion.objects.filter(pk=version.pk).update(rule="dpd > 30")
    lift = Decision.objects.get(action="lift")
    late.refresh_from_db()
    assert (lift.status, lift.rule_version, late.credit_limit_minor) == ("effective", version, 1_000_000)
    # Of the whole version there is nothing: what it decided is lifted.
    assert preview_undo(version.pk) == {}
    assert preview_undo(version.pk, date(2025, 3, 19)) == {"effective": 1}

    undo = asks_undo(DECISION_UNDOINGS, lead, version, day=date(2025, 3, 19))
    assert judges_undo(DECISION_UNDOINGS, manager, undo).undone == 1
    lift.refresh_from_db()
    anew = Decision.objects.latest("pk")
    assert (lift.status, anew.action, anew.rule_version, anew.decided_on) == ("undone", action, version, date(2025, 3, 19))
    assert list(DecisionNotice.objects.filter(decision__in=[lift, anew]).order_by("pk").values_list("kind", flat=True)) == [
        *("decided", "corrected", "decided"),
    ]
    if action == "suspend_use":
        # Shipped without a buffer.
        assert (anew.status, Restriction.objects.get().decision) == ("effective", anew)
    else:
        late.refresh_from_db()
        assert (anew.status, anew.effective_on, late.credit_limit_minor) == ("scheduled", date(2025, 3, 26), 1_000_000)
        night(date(2025, 3, 25))
        late.refresh_from_db()
        assert late.credit_limit_minor == 500_000
    assert replay(Decision.objects.get(pk=anew.pk)).is_same


def lifted_on_18_march(lead: Person, manager: Person, *accounts: CreditAccount) -> DecisionRuleVersion:
    """Take a rule live that suspends, and let a night lift for a day as if nobody were late; dated the 19th."""
    version = make_live(lead, manager)
    DecisionControl.objects.update(cool_off_days=1)
    assert night() == len(accounts)
    DecisionRuleVersion.objects.filter(pk=version.pk).update(rule="dpd > 300")
    close_at(*accounts, day=date(2025, 3, 18))
    assert night(date(2025, 3, 18)) == len(accounts)
    close_at(*accounts, day=date(2025, 3, 18))
    DecisionRuleVersion.objects.filter(pk=version.pk).update(rule="dpd > 30")
    return version


def statuses(account: CreditAccount) -> list[tuple[str, str]]:
    return list(Decision.objects.filter(account=account).order_by("pk").values_list("action", "status"))


def notices(account: CreditAccount) -> list[str]:
    told = DecisionNotice.objects.filter(decision__account=account).order_by("pk")
    return list(told.values_list("kind", flat=True))


RIGHTLY_LIFTED = [("suspend_use", "lifted"), ("lift", "effective")]


def test_who_has_paid_stays_lifted_when_the_lifts_of_a_day_are_undone(late: CreditAccount, lead: Person, manager: Person) -> None:
    paid = make_late_account(account_no="PAID")
    version = lifted_on_18_march(lead, manager, late, paid)
    pay_everything(paid, date(2025, 3, 18))
    day = date(2025, 3, 19)
    assert preview_undo(version.pk, day) == {"effective": 1, "lifts_that_stay": 1}
    shown = page(at(lead).get(f"/decision-rules/{version.pk}/?undo={day}"))
    assert "lifts that stay" in shown
    told = notices(paid)
    undo = asks_undo(DECISION_UNDOINGS, lead, version, day=day)
    assert judges_undo(DECISION_UNDOINGS, manager, undo).undone == 1
    assert statuses(late) == [("suspend_use", "lifted"), ("lift", "undone"), ("suspend_use", "effective")]
    assert (statuses(paid), notices(paid)) == (RIGHTLY_LIFTED, told)
    assert Restriction.objects.get().account_id == late.pk


def test_an_undoing_of_lifts_that_were_all_right_is_refused(late: CreditAccount, lead: Person, manager: Person) -> None:
    version = make_live(lead, manager)
    DecisionControl.objects.update(cool_off_days=1)
    night()
    pay_everything(late, date(2025, 3, 11))
    assert night(date(2025, 3, 11)) == 1
    close_at(late, day=date(2025, 3, 11))
    with pytest.raises(UndoRefused, match="1 lift of that day stays"):
        asks_undo(DECISION_UNDOINGS, lead, version, day=date(2025, 3, 12))
    assert statuses(late) == RIGHTLY_LIFTED and not DecisionUndo.objects.exists()


def test_a_proposed_lift_of_who_has_paid_is_left_and_of_who_has_not_is_cancelled(
    late: CreditAccount, lead: Person, manager: Person
) -> None:
    paid = make_late_account(account_no="PAID")
    DecisionControl.objects.update(most_flips=0)
    version = lifted_on_18_march(lead, manager, late, paid)
    pay_everything(paid, date(2025, 3, 18))
    day = date(2025, 3, 19)
    assert preview_undo(version.pk, day) == {"proposed": 1, "lifts_that_stay": 1}
    assert judges_undo(DECISION_UNDOINGS, manager, asks_undo(DECISION_UNDOINGS, lead, version, day=day)).undone == 1
    assert statuses(late) == [("suspend_use", "effective"), ("lift", "cancelled")]
    assert statuses(paid) == [("suspend_use", "effective"), ("lift", "proposed")]


def test_with_the_switch_thrown_what_was_lifted_is_only_proposed_again(
    late: CreditAccount, lead: Person, manager: Person
) -> None:
    version = lifted_on_18_march(lead, manager, late)
    switch_automatic(actor=manager.actor, stop=True, reason="the score is broken")
    undo = asks_undo(DECISION_UNDOINGS, lead, version, day=date(2025, 3, 19))
    assert judges_undo(DECISION_UNDOINGS, manager, undo).undone == 1
    anew = Decision.objects.latest("pk")
    assert (anew.action, anew.status, anew.source) == ("suspend_use", "proposed", "rule")
    assert anew.needs_approval_by == ["approver", "team lead"]
    assert not Restriction.objects.exists() and not DecisionNotice.objects.filter(decision=anew).exists()
    assert replay(anew).is_same
    approve_decision(actor=lead.actor, roles=lead.roles, decision_id=anew.pk, version=anew.version)
    assert Restriction.objects.get().decision_id == anew.pk


def test_a_lift_stays_where_nothing_can_be_decided_any_more(late: CreditAccount, lead: Person, manager: Person) -> None:
    version = lifted_on_18_march(lead, manager, late)
    undo = asks_undo(DECISION_UNDOINGS, lead, version, day=date(2025, 3, 19))
    CreditAccount.objects.update(attributes={"x_closed_on": "2025-03-18"})
    told = notices(late)
    assert judges_undo(DECISION_UNDOINGS, manager, undo).undone == 0
    # That the lift was wrong would say that the restriction is back.
    assert (statuses(late), notices(late)) == (RIGHTLY_LIFTED, told)
    assert not Restriction.objects.exists()


def test_many_lifts_are_undone_in_queries_that_do_not_grow_with_them(
    lead: Person, manager: Person, django_assert_max_num_queries: Any
) -> None:
    product = make_product()
    accounts = [make_late_account(product=product) for _number in range(12)]
    version = lifted_on_18_march(lead, manager, *accounts)
    undo = asks_undo(DECISION_UNDOINGS, lead, version, day=date(2025, 3, 19))
    with django_assert_max_num_queries(60):
        assert judges_undo(DECISION_UNDOINGS, manager, undo).undone == 12
    assert Restriction.objects.count() == 12


def test_after_two_flips_a_person_looks_before_the_next(
    late: CreditAccount, lead: Person, manager: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    DecisionControl.objects.update(cool_off_days=1, most_flips=1)
    make_live(lead, manager)
    night()
    pay_everything(late, CLOSED + timedelta(days=1))
    assert night(CLOSED + timedelta(days=1)) == 1
    # Late again, suspended again, paid again: the lift is now a proposal.
    version = DecisionRuleVersion.objects.get()
    DecisionRuleVersion.objects.filter(pk=version.pk).update(rule="dpd >= 0")
    assert night(CLOSED + timedelta(days=2)) == 1
    DecisionRuleVersion.objects.filter(pk=version.pk).update(rule="dpd > 30")
    assert night(CLOSED + timedelta(days=3)) == 1
    lift = Decision.objects.filter(action="lift").latest("pk")
    assert (lift.status, lift.needs_approval_by) == ("proposed", ["approver", "legal", "team lead"])
    assert Restriction.objects.count() == 1


def test_what_a_person_rejected_is_not_decided_again_the_night_after(late: CreditAccount, lead: Person, manager: Person) -> None:
    note_signals(late.pk, refuses_automated_decisions=True)
    make_live(lead, manager)
    night()
    decision = Decision.objects.get()
    reject_decision(actor=lead.actor, roles=lead.roles, decision_id=decision.pk, version=1, remark="paying by plan")
    assert night(OPEN) == 0


def test_every_decision_of_a_version_is_undone_by_two(late: CreditAccount, lead: Person, manager: Person) -> None:
    other = make_late_account()
    version = make_live(lead, manager, action="lower_limit", scope="", limit_percent=50)
    night()
    night(date(2025, 3, 17))
    note_signals(other.pk, refuses_automated_decisions=True)
    late.refresh_from_db()
    assert late.credit_limit_minor == 500_000
    assert preview_undo(version.pk) == {"effective": 2}

    undo = asks_undo(DECISION_UNDOINGS, lead, version)
    # A team lead does not end a live rule alone.
    version.refresh_from_db()
    assert version.live_until is None
    with pytest.raises(UndoRefused, match="asked for already"):
        asks_undo(DECISION_UNDOINGS, lead, version)
    with pytest.raises(refusals.OwnApproval):
        judges_undo(DECISION_UNDOINGS, lead, undo)
    done = judges_undo(DECISION_UNDOINGS, manager, undo)
    assert (done.status, done.undone, DecisionUndo.objects.get().judged_by) == ("done", 2, manager.user)
    late.refresh_from_db()
    assert late.credit_limit_minor == 1_000_000
    assert set(Decision.objects.values_list("status", flat=True)) == {"undone"}
    assert DecisionNotice.objects.filter(kind="corrected").count() == 2
    # The version no longer decides: it has its last day, and says in the trail why.
    version.refresh_from_db()
    assert (version.status, version.live_until) == ("live", OPEN)
    assert AuditEntry.objects.get(action="decision_rule.end").reason == "the rule was wrong"
    assert night(date(2025, 3, 18)) == 0


def test_undoing_a_limit_that_a_later_one_replaced_takes_it_out_from_under_that_one(
    late: CreditAccount, lead: Person, manager: Person
) -> None:
    lifted, in_force, raised = late, make_late_account(), make_late_account()
    version = make_live(lead, manager, action="lower_limit", scope="", limit_percent=50)
    night()
    night(date(2025, 3, 17))
    close_at(lifted, in_force, raised, day=date(2025, 3, 17))
    later = [lead.asks(account, "lower_limit", new_limit_minor=300_000) for account in (lifted, in_force)]
    Person(Role.APPROVER).asks(raised, "raise_limit", new_limit_minor=600_000)
    night(date(2025, 3, 24))
    close_at(lifted, in_force, raised, day=date(2025, 3, 24))
    lead.asks(lifted, "lift", lifts=later[0].pk)
    limits = [CreditAccount.objects.get(pk=account.pk).credit_limit_minor for account in (lifted, in_force, raised)]
    assert limits == [500_000, 300_000, 600_000]
    assert preview_undo(version.pk) == {"replaced": 3}

    undo = asks_undo(DECISION_UNDOINGS, lead, version)
    assert judges_undo(DECISION_UNDOINGS, manager, undo).undone == 3
    limits = [CreditAccount.objects.get(pk=account.pk).credit_limit_minor for account in (lifted, in_force, raised)]
    assert limits == [1_000_000, 300_000, 1_000_000]
    corrected = DecisionNotice.objects.filter(kind="corrected", decision__account=in_force).get()
    # The notice tells the limit that holds: the later decision stands.
    assert "3,000.00" in corrected.text_en and "3,000.00" in corrected.text_zh
    lead.asks(in_force, "lift", lifts=later[1].pk)
    assert CreditAccount.objects.get(pk=in_force.pk).credit_limit_minor == 1_000_000

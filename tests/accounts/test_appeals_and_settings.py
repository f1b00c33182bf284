"""Appeals, notices that go out once, settings that decisions are made by, and the database's own refusals."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from deciding_books import CLOSED, OPEN, Person, make_late_account
from django.db import IntegrityError, transaction
from django.utils import timezone
from factories import TESTER, set_business_date
from side_by_side import at_once

from accounts.models import (
    Appeal,
    AuthorityRow,
    CreditAccount,
    Decision,
    DecisionControl,
    DecisionNotice,
    DecisionTerms,
    ReasonCode,
    Restriction,
)
from accounts.operations.deciding import refusals
from accounts.operations.deciding.appealing import decide_appeal, record_appeal
from accounts.operations.deciding.defaults import seed_decision_settings
from accounts.operations.deciding.judging import approve_decision, cancel_decision
from accounts.operations.deciding.notices import hand_over_notices
from accounts.operations.deciding.replaying import replay, replay_decisions
from accounts.operations.deciding.settings import save_reason_code, save_terms, switch_automatic
from accounts.operations.replaying_in_turn import replay_in_turn
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role


@pytest.fixture
def late(db: None) -> CreditAccount:
    return make_late_account(account_no="LATE")


@pytest.fixture
def lead(db: None) -> Person:
    return Person(Role.TEAM_LEAD)


@pytest.fixture
def analyst(db: None) -> Person:
    return Person(Role.ANALYST)


@pytest.fixture
def approver(db: None) -> Person:
    return Person(Role.APPROVER)


def appealed(decision: Decision, analyst: Person) -> Decision:
    """Record an appeal against a decision."""
    record_appeal(
        actor=analyst.actor, decision_id=decision.pk, version=decision.version, received_on=OPEN, grounds="I paid on Monday."
    )
    decision.refresh_from_db()
    return decision


def test_a_granted_appeal_lifts_at_once_and_answers_in_both_languages(
    late: CreditAccount, lead: Person, analyst: Person, approver: Person
) -> None:
    decision = appealed(lead.asks(late, "suspend_use", scope="all"), analyst)
    decide_appeal(
        actor=approver.actor,
        decision_id=decision.pk,
        version=decision.version,
        is_granted=True,
        answer_en="You are right.",
        answer_zh="您的申诉成立。",
    )
    decision.refresh_from_db()
    assert decision.status == "lifted"
    assert not Restriction.objects.exists()
    notice = DecisionNotice.objects.get(kind="appeal")
    assert notice.text_en.endswith("You are right.") and notice.text_zh.endswith("您的申诉成立。")
    assert Appeal.objects.get().outcome == "granted"


def test_a_refused_appeal_leaves_the_decision_and_answers(
    late: CreditAccount, lead: Person, analyst: Person, approver: Person
) -> None:
    decision = appealed(lead.asks(late, "suspend_use", scope="all"), analyst)
    decide_appeal(
        actor=approver.actor, decision_id=decision.pk, version=decision.version, is_granted=False, answer_en="No.", answer_zh="否"
    )
    decision.refresh_from_db()
    assert (decision.status, Restriction.objects.count()) == ("effective", 1)
    assert DecisionNotice.objects.filter(kind="appeal").count() == 1


def test_whoever_had_a_part_does_not_judge_the_appeal(
    late: CreditAccount, lead: Person, analyst: Person, approver: Person
) -> None:
    decision = analyst.asks(late, "suspend_use", scope="all")
    approve_decision(actor=lead.actor, roles=lead.roles, decision_id=decision.pk, version=1)
    recorder = Person(Role.ANALYST)
    decision.refresh_from_db()
    appealed(decision, recorder)
    for person in (analyst, lead, recorder):
        with pytest.raises(refusals.PartInTheDecision):
            decide_appeal(
                actor=person.actor,
                decision_id=decision.pk,
                version=decision.version,
                is_granted=True,
                answer_en="x",
                answer_zh="x",
            )
    assert Appeal.objects.get().outcome == "open"
    with pytest.raises(refusals.AppealAlreadyMade):
        appealed(decision, recorder)


def test_an_appeal_has_its_time(late: CreditAccount, lead: Person, analyst: Person) -> None:
    decision = lead.asks(late, "suspend_use", scope="all")
    seen = {"actor": analyst.actor, "decision_id": decision.pk, "version": decision.version, "grounds": "no"}
    with pytest.raises(refusals.AppealDateOff, match="from 2025-03-11"):
        record_appeal(**seen, received_on=CLOSED)
    set_business_date(date(2025, 4, 20))
    with pytest.raises(refusals.AppealTooLate, match="after 2025-04-10"):
        record_appeal(**seen, received_on=date(2025, 4, 11))
    record_appeal(**seen, received_on=date(2025, 4, 10))


def test_a_crash_between_decision_and_notice_leaves_neither_and_the_next_try_tells_once(
    late: CreditAccount, lead: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_rows: object, **_options: object) -> None:
        raise SystemExit("killed")

    monkeypatch.setattr(DecisionNotice.objects, "bulk_create", dies)
    with pytest.raises(SystemExit):
        lead.asks(late, "suspend_use", scope="all", reference="R1")
    assert not Decision.objects.exists() and not Restriction.objects.exists() and not AuditEntry.objects.exists()

    monkeypatch.undo()
    lead.asks(late, "suspend_use", scope="all", reference="R1")
    assert (Decision.objects.count(), DecisionNotice.objects.count()) == (1, 1)


def test_a_notice_is_handed_over_once_even_if_the_sender_dies_in_between(late: CreditAccount, lead: Person) -> None:
    lead.asks(late, "suspend_use", scope="all")
    outbox: list[int] = []

    def dies(notice: DecisionNotice) -> str:
        raise SystemExit("killed")

    with pytest.raises(SystemExit):
        hand_over_notices(dies, now=timezone.now())
    assert DecisionNotice.objects.get().status == "queued"

    def takes(notice: DecisionNotice) -> str:
        outbox.append(notice.pk)
        return f"outbox {notice.pk}"

    assert hand_over_notices(takes, now=timezone.now()) == 1
    assert hand_over_notices(takes, now=timezone.now()) == 0
    notice = DecisionNotice.objects.get()
    assert (outbox, notice.status, notice.delivery) == ([notice.pk], "sent", f"outbox {notice.pk}")


def test_a_notice_waits_for_an_earlier_one_of_its_decision_that_could_not_be_taken(
    late: CreditAccount, analyst: Person, lead: Person, approver: Person
) -> None:
    first = lead.asks(late, "lower_limit", new_limit_minor=500_000)
    reason = "typed wrong"
    cancel_decision(actor=approver.actor, roles=approver.roles, decision_id=first.pk, version=first.version, reason=reason)
    second = lead.asks(late, "suspend_use", scope="all")
    now, took = timezone.now(), []

    def takes(notice: DecisionNotice) -> str:
        if notice.kind == "decided" and notice.decision_id == first.pk and not took:
            raise ValueError("no channel")
        took.append((notice.decision_id, notice.kind))
        return "outbox"

    # That of the other decision does not wait.
    assert hand_over_notices(takes, now=now) == 1
    assert hand_over_notices(takes, now=now + timedelta(minutes=4)) == 0
    assert hand_over_notices(takes, now=now + timedelta(minutes=6)) == 2
    assert took == [(second.pk, "decided"), (first.pk, "decided"), (first.pk, "cancelled")]


def test_the_database_holds_what_must_always_hold(late: CreditAccount, analyst: Person, lead: Person) -> None:
    decision = analyst.asks(late, "lower_limit", new_limit_minor=500_000)
    wrong: list[dict[str, object]] = [
        {"judged_by": analyst.user},
        {"new_limit_minor": 39_999},
        {"new_limit_minor": 1_000_000},
        {"new_limit_minor": None},
        {"scope": "all"},
        {"status": "effective"},
        {"status": "lifted"},
        {"text_zh": ""},
        {"status": "scheduled", "decided_on": date(2025, 4, 1)},
    ]
    for fields in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            Decision.objects.filter(pk=decision.pk).update(**fields)
    again = {"decision": decision, "kind": "decided", "text_en": "x", "text_zh": "x", "dated": OPEN}
    DecisionNotice.objects.create(**again)
    with pytest.raises(IntegrityError), transaction.atomic():
        DecisionNotice.objects.create(**again)


def test_a_replay_computes_the_same_verdict_and_a_difference_is_an_alarm(late: CreditAccount, analyst: Person) -> None:
    decision = analyst.asks(late, "lower_limit", new_limit_minor=500_000)
    assert replay(decision).is_same
    assert replay_decisions(actor=TESTER, decisions=Decision.objects.all()) == (1, [])

    Decision.objects.filter(pk=decision.pk).update(verdict={**decision.verdict, "needs_approval_by": []})
    count, alarms = replay_decisions(actor=TESTER, decisions=Decision.objects.all())
    assert (count, alarms[0].differences) == (1, (("needs_approval_by", [], ["team lead"]),))
    line = AuditEntry.objects.get(action="decision.replay_alarm")
    # Nobody has to ask: each has its turn once in 28 days.
    turns = [replay_in_turn(actor=TESTER, day=OPEN + timedelta(days=number)) for number in range(28)]
    assert sorted(turns)[-2:] == [(0, 0), (1, 1)]
    assert AuditEntry.objects.filter(action="decision.replay_alarm").count() == 2
    assert (line.before, line.after) == ({"needs_approval_by": []}, {"needs_approval_by": ["team lead"]})


def test_the_defaults_are_there_and_a_change_of_theirs_stays(db: None) -> None:
    assert AuthorityRow.objects.count() == 39
    assert set(DecisionTerms.objects.values_list("action", "buffer_days")) == {
        ("suspend_use", 0),
        ("lower_limit", 7),
        ("raise_limit", 0),
        ("accelerate", 15),
        ("lift", 0),
        ("write_off", 0),
        ("grant_limit", 0),
        ("refuse_request", 0),
    }
    AuthorityRow.objects.all().delete()
    AuthorityRow.objects.create(action="lift", role="analyst")
    ReasonCode.objects.filter(code="overdue").update(is_active=False)
    seed_decision_settings()
    assert AuthorityRow.objects.count() == 1
    assert not ReasonCode.objects.get(code="overdue").is_active


def test_settings_are_changed_with_a_line_and_nonsense_is_refused(db: None) -> None:
    terms = DecisionTerms.objects.get(action="lower_limit")
    terms.buffer_days = 10
    save_terms(actor=TESTER, terms=terms)
    line = AuditEntry.objects.get()
    assert (line.action, line.subject_type, line.subject_key) == ("decision_terms.edit", "decisionterms", "lower_limit")
    assert line.before is not None and line.after is not None
    assert (line.before["buffer_days"], line.after["buffer_days"]) == (7, 10)

    reason = ReasonCode.objects.get(code="overdue")
    for text in ("Hello {name}", "Hello {account!r}", "Hello {", "Hello {account.x}"):
        reason.text_en = text
        with pytest.raises(refusals.DecisionSettingRefused, match="may hold"):
            save_reason_code(actor=TESTER, reason=reason)
    assert AuditEntry.objects.count() == 1


def test_the_switch_says_why_and_two_people_do_not_undo_each_other(db: None) -> None:
    switch_automatic(actor=TESTER, stop=True, reason="rule 7 is wrong", was_stopped=False)
    assert DecisionControl.objects.get().stop_reason == "rule 7 is wrong"
    with pytest.raises(refusals.StaleForm):
        switch_automatic(actor=TESTER, stop=False, reason="all is well", was_stopped=False)
    switch_automatic(actor=TESTER, stop=False, reason="mended", was_stopped=True)
    assert not DecisionControl.objects.get().is_automatic_stopped


@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_count_once() -> None:
    late = make_late_account()
    analyst, leads = Person(Role.ANALYST), [Person(Role.TEAM_LEAD), Person(Role.TEAM_LEAD)]
    decision = analyst.asks(late, "suspend_use", scope="all")

    def approve(person: Person) -> str:
        try:
            approve_decision(actor=person.actor, roles=person.roles, decision_id=decision.pk, version=1)
        except refusals.DecisionRefusal as refusal:
            return type(refusal).__name__
        return "approved"

    assert sorted(at_once([lambda: approve(leads[0]), lambda: approve(leads[1])])) == ["StaleForm", "approved"]
    assert (Restriction.objects.count(), DecisionNotice.objects.count()) == (1, 1)

"""What keeps rules from deciding: the switch, thrown in the middle of a close too; a customer's no; a person's word."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from deciding_books import CLOSED, Person, approves_rule, close_at, drafts_rule, make_late_account, tries_rule
from deliveries import GOOD, deliver
from django.db import connection, transaction
from factories import make_account, make_customer, make_payment, make_product

from accounts.models import (
    AccountSignals,
    CreditAccount,
    Decision,
    DecisionControl,
    DecisionNotice,
    DecisionRuleVersion,
    ReasonCode,
)
from accounts.operations.deciding.judging import approve_decision, reject_decision
from accounts.operations.deciding.nightly import work_decisions
from accounts.operations.deciding.refusals import DecisionSettingRefused
from accounts.operations.deciding.refusing_machines import refuse_automation
from accounts.operations.deciding.settings import save_reason_code, switch_automatic
from riskops.shared.audit import COMMAND
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role


@pytest.fixture
def late(db: None) -> CreditAccount:
    return make_late_account(account_no="LATE")


@pytest.fixture
def manager(db: None) -> Person:
    return Person(Role.MANAGER)


def make_live(manager: Person, **values: Any) -> DecisionRuleVersion:
    """Take a rule live that suspends all use of accounts more than 30 days late, unless told."""
    lead = Person(Role.TEAM_LEAD)
    version = tries_rule(lead, drafts_rule(lead, **values))
    return approves_rule(manager, version, is_warning_accepted=True)


def night(day: date = CLOSED) -> int:
    return work_decisions(closed_day=day, first_account_id=0, last_account_id=2**60)


def test_what_rules_alone_decided_does_not_take_effect_while_they_are_stopped(late: CreditAccount, manager: Person) -> None:
    make_live(manager, action="lower_limit", scope="", limit_percent=50)
    night()
    by_hand = make_late_account()
    Person(Role.TEAM_LEAD).asks(by_hand, "lower_limit", new_limit_minor=500_000)
    assert list(Decision.objects.order_by("pk").values_list("source", "status")) == [
        ("rule", "scheduled"),
        ("person", "scheduled"),
    ]
    switch_automatic(actor=manager.actor, stop=True, reason="the score is broken")
    last = CLOSED + timedelta(days=7)
    assert night(last) == 1
    late.refresh_from_db()
    by_hand.refresh_from_db()
    assert (late.credit_limit_minor, by_hand.credit_limit_minor) == (1_000_000, 500_000)

    switch_automatic(actor=manager.actor, stop=False, reason="mended")
    # Told anew, with the whole buffer: what they were told before named a day that has passed.
    assert night(last + timedelta(days=1)) >= 1
    assert Decision.objects.get(account=late).effective_on == last + timedelta(days=9)
    late.refresh_from_db()
    assert late.credit_limit_minor == 1_000_000
    assert night(last + timedelta(days=8)) >= 1
    late.refresh_from_db()
    assert late.credit_limit_minor == 500_000


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_whoever_throws_the_switch_waits_for_decisions_in_flight_and_none_follows() -> None:
    # On SQLite there is one writer at a time anyway.
    make_late_account(account_no="LATE")
    manager = Person(Role.MANAGER)
    make_live(manager)
    thrown = threading.Event()

    def throw() -> None:
        try:
            switch_automatic(actor=manager.actor, stop=True, reason="now")
            thrown.set()
        finally:
            connection.close()

    thread = threading.Thread(target=throw)
    with transaction.atomic():
        assert night() == 1
        thread.start()
        assert not thrown.wait(1.0)
    thread.join(20)
    assert thrown.is_set()
    make_late_account()
    with transaction.atomic():
        assert night() == 0


def test_what_a_rule_alone_decided_is_handed_to_a_person_when_the_customer_says_no(late: CreditAccount, manager: Person) -> None:
    make_live(manager, action="lower_limit", scope="", limit_percent=50)
    night()
    first = Decision.objects.get()
    assert first.status == "scheduled"
    refuse_automation(actor=manager.actor, account_id=late.pk, refuses=True, reason="by letter")
    first.refresh_from_db()
    anew = Decision.objects.exclude(pk=first.pk).get()
    assert (first.status, anew.status, anew.source, anew.new_limit_minor) == ("cancelled", "proposed", "rule", 500_000)
    assert anew.rule_version == first.rule_version and anew.needs_approval_by == ["approver", "team lead"]
    # Told of the first, the customer is told that it does not take effect; of the proposal nobody tells them.
    assert list(DecisionNotice.objects.order_by("pk").values_list("decision_id", "kind")) == [
        (first.pk, "decided"),
        (first.pk, "cancelled"),
    ]
    line = AuditEntry.objects.get(action="customer.refuse_automation")
    assert line.after["handed_to_people"] == 1
    night(CLOSED + timedelta(days=30))
    late.refresh_from_db()
    assert late.credit_limit_minor == 1_000_000 and Decision.objects.count() == 2
    # A person may decide it, with its own notice and its whole buffer.
    lead = Person(Role.TEAM_LEAD)
    anew.refresh_from_db()
    approved = approve_decision(actor=lead.actor, roles=lead.roles, decision_id=anew.pk, version=anew.version)
    assert approved.status == "scheduled"
    assert DecisionNotice.objects.filter(decision=anew, kind="decided").count() == 1


def test_what_a_rule_decided_is_not_handed_to_a_person_where_the_rule_does_not_hold_any_more(
    late: CreditAccount, manager: Person
) -> None:
    make_live(manager, action="lower_limit", scope="", limit_percent=50)
    night()
    make_payment(late, paid_on=CLOSED + timedelta(days=1), amount=20_000)
    close_at(late, day=CLOSED + timedelta(days=1))
    refuse_automation(actor=manager.actor, account_id=late.pk, refuses=True, reason="by letter")
    assert [decision.status for decision in Decision.objects.all()] == ["cancelled"]


def test_what_a_person_had_a_part_in_stays_when_the_customer_says_no(late: CreditAccount, manager: Person) -> None:
    lead = Person(Role.TEAM_LEAD)
    decision = lead.asks(late, "lower_limit", new_limit_minor=500_000)
    refuse_automation(actor=manager.actor, account_id=late.pk, refuses=True, reason="by letter")
    decision.refresh_from_db()
    assert (decision.status, Decision.objects.count()) == ("scheduled", 1)


def test_an_account_opened_later_follows_what_its_customer_said_before(
    late: CreditAccount, manager: Person, tmp_path: Path
) -> None:
    outcome = deliver(tmp_path, **GOOD)
    assert outcome.is_clean
    first = CreditAccount.objects.get(account_no="A1")
    refuse_automation(actor=COMMAND, account_id=first.pk, refuses=True, reason="by letter")
    line = "A3,C1,std,2025-03-01,9000\nA4,C2,std,2025-03-01,9000\n"
    outcome = deliver(tmp_path, accounts=GOOD["accounts"].splitlines()[0] + "\n" + line)
    assert outcome.is_clean, outcome.log.errors
    refusing = AccountSignals.objects.filter(refuses_automated_decisions=True)
    assert sorted(refusing.values_list("account__account_no", flat=True)) == ["A1", "A3"]


def test_a_lift_that_a_person_rejected_is_not_asked_for_again_the_night_after(late: CreditAccount, manager: Person) -> None:
    DecisionControl.objects.update(cool_off_days=1, most_flips=0)
    make_live(manager)
    night()
    paid = CLOSED + timedelta(days=1)
    make_payment(late, paid_on=paid, amount=20_000)
    close_at(late, day=paid)
    assert night(paid) == 1
    lift = Decision.objects.get(action="lift")
    lead = Person(Role.TEAM_LEAD)
    close_at(late, day=paid + timedelta(days=1))
    reject_decision(
        actor=lead.actor, roles=lead.roles, decision_id=lift.pk, version=lift.version, remark="wait for the next bill"
    )
    assert night(paid + timedelta(days=2)) == 0
    assert Decision.objects.filter(action="lift").count() == 1


def test_a_reason_that_rules_and_lifts_speak_with_is_not_taken_out_of_use(late: CreditAccount, manager: Person) -> None:
    version = make_live(manager)
    for code, words in (("overdue", "late30 v1 is live"), ("cause_gone", "no restriction would end by itself")):
        reason = ReasonCode.objects.get(code=code)
        reason.is_active = False
        with pytest.raises(DecisionSettingRefused, match=words):
            save_reason_code(actor=manager.actor, reason=reason)
        assert ReasonCode.objects.get(code=code).is_active
    DecisionRuleVersion.objects.filter(pk=version.pk).update(live_until=version.live_from)
    reason = ReasonCode.objects.get(code="overdue")
    reason.is_active = False
    save_reason_code(actor=manager.actor, reason=reason)
    assert not ReasonCode.objects.get(code="overdue").is_active


def test_a_customer_who_says_no_on_a_new_application_says_it_for_the_accounts_there_are(db: None) -> None:
    from accounts.operations.applications.granting import _carry_refusal

    customer = make_customer()
    product = make_product()
    old, new = make_account(customer=customer, product=product), make_account(customer=customer)

    class Asked:
        refuses_automated = True

    _carry_refusal(Asked(), new, actor=COMMAND)  # type: ignore[arg-type]
    assert sorted(AccountSignals.objects.filter(refuses_automated_decisions=True).values_list("pk", flat=True)) == sorted(
        [old.pk, new.pk]
    )


def test_a_reference_that_somebody_used_before_stops_no_close(late: CreditAccount, manager: Person) -> None:
    make_live(manager)
    day = CLOSED + timedelta(days=1)
    squatter = make_late_account()
    lead = Person(Role.TEAM_LEAD)
    lead.asks(squatter, "suspend_use", scope="all", reference=f"late30-1-{day:%Y%m%d}-{late.pk}")
    assert night() == 1
    by_rule = Decision.objects.get(source="rule")
    assert (by_rule.account_id, by_rule.status) == (late.pk, "effective")
    assert by_rule.reference.startswith(f"late30-1-{day:%Y%m%d}-{late.pk}-")

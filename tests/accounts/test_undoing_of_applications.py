"""What a proposal rule decided, undone by two people: unused lines stopped, limits put back, refusals open again, all told."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from application_books import OPEN, Person, approves, decides, make_line_product, received
from deciding_books import asks_undo, close_at, judges_undo
from django.db import IntegrityError, transaction
from factories import make_account, make_conflict, make_customer, make_installment
from side_by_side import at_once

from accounts.models import (
    Application,
    ApplicationUndo,
    AuthorityRow,
    CreditAccount,
    Decision,
    DecisionNotice,
    Product,
    ProposalRule,
    ReasonCode,
    Restriction,
)
from accounts.operations.applications import deciding
from accounts.operations.applications.appealing import Objection, record_appeal
from accounts.operations.applications.refusals import AccountInTheWay, LimitUnderPresent
from accounts.operations.applications.replaying import replay_application
from accounts.operations.applications.undoing import APPLICATION_UNDOINGS
from accounts.operations.applications.undoing_preview import preview
from accounts.operations.applications.weighing import DecisionAsked
from accounts.operations.deciding import refusals
from accounts.operations.deciding.nightly import work_decisions
from accounts.operations.deciding.replaying import replay
from accounts.operations.deciding.standing import hold_all
from accounts.operations.rebuilding import rebuild_accounts
from accounts.operations.refusals import ReasonMissing
from accounts.operations.rule_refusals import UndoRefused
from accounts.rules.application_undoing import Decided, Fate, Line, fate, follows
from riskops.shared.models import AuditEntry
from riskops.shared.people.refusals import ConflictDeclared
from riskops.shared.roles import Role

#: Nobody who declares no income is granted anything.
NO_INCOME = {"declared_income_minor": 0}


@pytest.fixture
def product(db: None) -> Product:
    return make_line_product()


@pytest.fixture
def analyst(db: None) -> Person:
    return Person(Role.ANALYST)


@pytest.fixture
def lead(db: None) -> Person:
    return Person(Role.TEAM_LEAD)


@pytest.fixture
def approver(db: None) -> Person:
    return Person(Role.APPROVER)


def rule(code: str = "new-customer") -> ProposalRule:
    return ProposalRule.objects.get(code=code)


def asks(person: Person, code: str = "new-customer", *, day: date | None = None) -> Any:
    return asks_undo(APPLICATION_UNDOINGS, person, rule(code), day=day)


def judges(person: Person, undo: Any, *, is_approved: bool = True) -> Any:
    return judges_undo(APPLICATION_UNDOINGS, person, undo, is_approved=is_approved)


def granted(analyst: Person, product: Product, **said: Any) -> CreditAccount:
    account = decides(analyst, received(product, **said)).account
    assert account is not None and account.granted_by == "new-customer v1"
    return account


def refused(analyst: Person, product: Product, **said: Any) -> Application:
    return decides(analyst, received(product, **NO_INCOME, **said), "refuse", reason_code="income_too_low")


def limit_of(account: CreditAccount) -> int:
    return CreditAccount.objects.values_list("credit_limit_minor", flat=True).get(pk=account.pk)


def lines(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action).order_by("pk"))


# Grants ------------------------------------------------------------------------------------------------------------


def test_a_line_never_used_is_suspended_and_lowered_by_decisions_of_two_people(
    product: Product, analyst: Person, lead: Person, approver: Person
) -> None:
    account, used = granted(analyst, product), granted(analyst, product)
    make_installment(used, due_date=date(2025, 4, 1), principal=30_000)
    rebuild_accounts([used.pk], as_of=OPEN, ahead_on=None)
    own = decides(analyst, received(product), limit_minor=1_000_000, reason_code="granted_less")
    waiting = received(product)

    undo = asks(lead)
    assert undo.preview == {
        "fates": {"stopped": 1, "used": 1, "own_decision": 1, "proposed_anew": 1},
        "money": [
            {
                "currency": "CNY",
                "granted": 2,
                "used": 1,
                "limits_minor": 4_000_000,
                "owed_minor": 30_000,
                "refused": 0,
                "requested_minor": 0,
            }
        ],
        "asked_roles": ["team lead"],
        "needs_approval_by": ["approver"],
    }
    # Nothing is done yet.
    assert not Decision.objects.exists()
    with pytest.raises(UndoRefused, match="asked for already"):
        asks(lead)

    done = judges(approver, undo)
    assert (done.status, done.undone, done.judged_by) == ("done", 2, approver.user)
    suspended, lowered = Decision.objects.order_by("pk")
    for decision in (suspended, lowered):
        assert (decision.account, decision.proposed_by, decision.judged_by) == (account, lead.user, approver.user)
        assert (decision.note, decision.source) == ("the rule was wrong", "person")
        assert replay(decision).is_same
    assert (suspended.action, suspended.status, suspended.scope, suspended.reason.code) == (
        *("suspend_use", "effective", "all", "wrong_grant"),
    )
    assert (lowered.action, lowered.status, lowered.new_limit_minor, lowered.effective_on) == (
        *("lower_limit", "scheduled", 0, OPEN + timedelta(days=7)),
    )
    assert Restriction.objects.get().account == account
    told = DecisionNotice.objects.filter(decision__isnull=False).order_by("pk")
    assert [notice.kind for notice in told] == ["decided", "decided"]
    assert "a mistake of ours" in told[0].text_en and "审批有误" in told[0].text_zh
    assert "¥\u202f0.00" in told[1].text_en
    # The notice runs its week, then the limit is what is owed.
    assert limit_of(account) == 2_000_000
    work_decisions(closed_day=OPEN + timedelta(days=6), first_account_id=0, last_account_id=2**60)
    assert (limit_of(account), limit_of(used)) == (0, 2_000_000)

    assert own.account is not None and limit_of(own.account) == 1_000_000
    waiting.refresh_from_db()
    assert (waiting.status, waiting.proposal["outcome"], waiting.proposal_rule) == ("proposed", "refer", None)
    assert {name: len(numbers) for name, numbers in done.result.items()} == undo.preview["fates"]
    assert done.result["used"] == [used.account_no]
    assert lines("application.undo")[0].after["decisions"] == [suspended.reference, lowered.reference]
    assert lines("application.pass_over")[0].after["why"] == "used"
    assert [line.actor_name for line in lines("decision.propose")] == [lead.actor.name] * 2
    assert [line.actor_name for line in lines("decision.decide")] == [approver.actor.name] * 2
    assert lines("application.approve_undo")[0].reason == "the rule was wrong"
    # Done, nothing is left.
    with pytest.raises(UndoRefused, match="is left to undo"):
        asks(lead)


def test_the_version_ends_when_asked_by_who_may_end_rules_and_else_with_the_approval(
    product: Product, analyst: Person, lead: Person, approver: Person
) -> None:
    granted(analyst, product)
    judges(approver, asks(lead), is_approved=False)
    # A team lead alone has ended nothing.
    assert rule().live_until is None and not lines("proposal_rule.end")
    undo = asks(lead)
    assert rule().live_until is None
    waiting = received(product)
    judges(approver, undo)
    assert rule().live_until == OPEN and lines("proposal_rule.end")[0].actor_name == approver.actor.name
    # Ended before anything was proposed anew.
    waiting.refresh_from_db()
    assert waiting.proposal["outcome"] == "refer"
    refused(analyst, product)
    asks(approver, "no-income")
    assert rule("no-income").live_until == OPEN


def applies_again(product: Product, account: CreditAccount, **said: Any) -> Application:
    return received(product, person={}, customer_no=account.customer.customer_no, **said)


def test_who_applies_again_after_an_undone_grant_is_granted_a_line_that_can_be_used(
    product: Product, analyst: Person, lead: Person, approver: Person
) -> None:
    buffered, lowered = granted(analyst, product), granted(analyst, product)
    judges(approver, asks(lead))
    Decision.objects.filter(account=buffered, action="lower_limit").update(effective_on=OPEN + timedelta(days=60))
    work_decisions(closed_day=OPEN + timedelta(days=6), first_account_id=0, last_account_id=2**60)
    assert [limit_of(account) for account in (buffered, lowered)] == [2_000_000, 0]
    for account in (buffered, lowered):
        again = decides(analyst, applies_again(product, account), limit_minor=1_000_000, reason_code="granted_less")
        # Without it there would be no limit, so that is what an undoing of this one goes back to.
        assert (again.status, again.account, again.limit_before_minor) == ("granted", account, 0)
        assert limit_of(account) == 1_000_000
    assert not Restriction.objects.exists()
    ends = Decision.objects.order_by("account", "action").values_list("account", "action", "status")
    assert list(ends) == [
        (buffered.pk, "lower_limit", "cancelled"),
        (buffered.pk, "suspend_use", "lifted"),
        (lowered.pk, "lower_limit", "replaced"),
        (lowered.pk, "suspend_use", "lifted"),
    ]
    told = DecisionNotice.objects.filter(decision__isnull=False).exclude(kind="decided").order_by("kind", "pk")
    assert list(told.values_list("kind", "decision__action")) == [("cancelled", "lower_limit"), *[("ended", "suspend_use")] * 2]
    work_decisions(closed_day=OPEN + timedelta(days=60), first_account_id=0, last_account_id=2**60)
    assert limit_of(buffered) == 1_000_000


def test_less_than_an_undoing_has_the_limit_come_down_to_is_refused_with_both_figures(
    product: Product, analyst: Person, lead: Person, approver: Person
) -> None:
    customer = make_customer(person={"name": "Ann Lee", "national_id": "110101198501010020"})
    account = make_account(product=product, customer=customer, credit_limit_minor=500_000, opened_on=date(2025, 1, 2))
    close_at(account)
    decides(analyst, received(product, person={}, customer_no=customer.customer_no))
    judges(approver, asks(lead))
    again = applies_again(product, account)
    said = r"has a limit of ¥\u202f20,000\.00, which comes down to ¥\u202f5,000\.00 .* Grant ¥\u202f5,000\.00 or more"
    with pytest.raises(LimitUnderPresent, match=said):
        decides(analyst, again, limit_minor=499_999, reason_code="granted_less")
    again.refresh_from_db()
    assert (again.status, limit_of(account)) == ("proposed", 2_000_000)
    assert decides(analyst, again, limit_minor=500_000, reason_code="granted_less").status == "granted"


def test_what_else_is_decided_about_the_limit_is_in_the_way_of_a_grant_from_its_preview_on(
    product: Product, analyst: Person, approver: Person
) -> None:
    account = granted(analyst, product)
    other = approver.asks(account, "lower_limit", new_limit_minor=500_000)
    again = applies_again(product, account)
    asked = DecisionAsked(outcome="grant", reason_code="granted", limit_minor=again.requested_limit_minor)
    with pytest.raises(AccountInTheWay, match=other.reference):
        deciding.preview_application(actor=analyst.actor, roles=analyst.roles, application_id=again.pk, asked=asked)
    CreditAccount.objects.filter(pk=account.pk).update(attributes={"x_closed_on": "2025-03-01"})
    with pytest.raises(AccountInTheWay, match="closed or written off"):
        deciding.preview_application(actor=analyst.actor, roles=analyst.roles, application_id=again.pk, asked=asked)


def test_what_was_decided_while_it_waited_for_the_accounts_is_left_as_it_is(
    product: Product, analyst: Person, lead: Person, approver: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted(analyst, product)
    waiting = received(product, requested_limit_minor=6_000_000, declared_income_minor=3_000_000)
    assert decides(analyst, waiting).status == "in_approval"
    undo = asks(lead, day=OPEN)

    def waits(*args: Any, **more: Any) -> Any:
        approves(Person(Role.APPROVER), waiting)
        return hold_all(*args, **more)

    monkeypatch.setattr("accounts.operations.applications.undoing.hold_all", waits)
    done = judges(approver, undo)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.ended_on) == ("granted", OPEN)
    assert done.undone == 1 and waiting.application_no not in str(done.result)
    assert not Decision.objects.filter(account=waiting.account).exists()


def test_a_line_that_was_there_goes_back_to_its_limit_and_never_under_what_is_owed(
    product: Product, analyst: Person, lead: Person, approver: Person
) -> None:
    accounts = []
    for number, owed in enumerate((0, 800_000)):
        customer = make_customer(person={"name": "Ann Lee", "national_id": f"11010119850101002{number}"})
        account = make_account(product=product, customer=customer, credit_limit_minor=500_000, opened_on=date(2025, 1, 2))
        close_at(account)
        application = received(product, person={}, customer_no=customer.customer_no)
        assert application.proposal_rule == rule()
        decides(analyst, application)
        if owed:
            make_installment(account, due_date=date(2025, 4, 1), principal=owed)
            close_at(account)
        accounts.append(account)
    undo = asks(lead)
    assert undo.preview["fates"] == {"lowered": 2}
    judges(approver, undo)
    assert not Restriction.objects.exists()
    assert sorted(Decision.objects.values_list("action", "new_limit_minor")) == [
        ("lower_limit", 500_000),
        ("lower_limit", 800_000),
    ]
    work_decisions(closed_day=OPEN + timedelta(days=6), first_account_id=0, last_account_id=2**60)
    assert [limit_of(account) for account in accounts] == [500_000, 800_000]


def test_what_was_decided_otherwise_since_is_passed_over(
    product: Product, analyst: Person, lead: Person, approver: Person
) -> None:
    suspended, lowered, free = (granted(analyst, product) for _number in range(3))
    approver.asks(suspended, "suspend_use", scope="all")
    CreditAccount.objects.filter(pk=lowered.pk).update(credit_limit_minor=100)
    undo = asks(lead)
    assert undo.preview["fates"] == {"decided_since": 2, "stopped": 1}
    # And one more between the asking and the approval.
    approver.asks(free, "lower_limit", new_limit_minor=0)
    done = judges(approver, undo)
    assert done.undone == 0 and len(done.result["decided_since"]) == 3
    assert Decision.objects.count() == 2


def test_only_what_was_decided_on_one_day(product: Product, analyst: Person, lead: Person, approver: Person) -> None:
    first, second = granted(analyst, product), granted(analyst, product)
    received(product)
    Application.objects.filter(account=first).update(ended_on=OPEN - timedelta(days=1))
    with pytest.raises(UndoRefused):
        asks(lead, day=OPEN - timedelta(days=2))
    undo = asks(lead, day=OPEN)
    # What waits was decided on no day.
    assert undo.preview["fates"] == {"stopped": 1}
    judges(approver, undo)
    assert Restriction.objects.get().account == second


# Refusals ----------------------------------------------------------------------------------------------------------


def test_a_refusal_is_open_again_and_told_and_decided_anew(
    product: Product, analyst: Person, lead: Person, approver: Person
) -> None:
    application = refused(analyst, product)
    undo = asks(lead, "no-income")
    assert undo.preview["money"][0] | {"refused": 1, "requested_minor": 2_000_000} == undo.preview["money"][0]
    judges(approver, undo)
    application.refresh_from_db()
    assert (application.status, application.outcome, application.reopened_on) == ("proposed", "", OPEN)
    assert application.proposal["outcome"] == "refer"
    kept = application.undone_refusal
    assert (kept["reason"], kept["decided_by"], kept["proposal"]["rule"]) == ("income_too_low", analyst.user.pk, "no-income")
    first, second = DecisionNotice.objects.order_by("pk")
    assert (first.kind, second.kind, second.status) == ("decided", "corrected", "queued")
    assert "our refusal was wrong and is undone" in second.text_en and "有误" in second.text_zh
    assert lines("application.reopen")[0].before == {"status": "refused"}
    again = decides(analyst, application, limit_minor=500_000, reason_code="granted_less")
    assert again.status == "granted" and replay_application(Application.objects.get()).is_same
    assert DecisionNotice.objects.order_by("pk").last().kind == "again"  # type: ignore[union-attr]


def test_a_reopened_application_does_not_run_out_since_its_applicant_was_promised_an_answer(
    product: Product, analyst: Person, lead: Person, approver: Person
) -> None:
    application = refused(analyst, product)
    judges(approver, asks(lead, "no-income"))
    received(product)
    assert deciding.expire_applications(closed_day=OPEN + timedelta(days=365)) == 1
    application.refresh_from_db()
    assert application.status == "proposed"


def test_a_refusal_looked_at_again_or_applied_after_or_for_another_reason_is_passed_over(
    product: Product, analyst: Person, lead: Person, approver: Person
) -> None:
    person = {"name": "Ann Lee", "national_id": "110101198501010023"}
    earlier, latest = refused(analyst, product, person=person), refused(analyst, product, person=person)
    appealed = refused(analyst, product)
    record_appeal(
        actor=lead.actor,
        application_id=appealed.pk,
        version=appealed.version,
        objection=Objection(OPEN, "phone", "applicant", "I do earn."),
    )
    decides(analyst, received(product, **NO_INCOME), "refuse", reason_code="policy")
    undo = asks(lead, "no-income")
    assert undo.preview["fates"] == {"applied_since": 1, "reopened": 1, "appealed": 1, "own_decision": 1}
    done = judges(approver, undo)
    assert done.result["reopened"] == [latest.application_no]
    assert done.result["applied_since"] == [earlier.application_no]
    for application in (earlier, appealed):
        application.refresh_from_db()
        assert application.status == "refused"
    assert DecisionNotice.objects.filter(kind="corrected").count() == 1


def test_a_refused_applicant_who_became_a_customer_since_is_that_one(
    product: Product, analyst: Person, lead: Person, approver: Person
) -> None:
    person = {"name": "Ann Lee", "national_id": "110101198501010023"}
    application = refused(analyst, product, person=person)
    customer = make_customer(person=person)
    judges(approver, asks(lead, "no-income"))
    application.refresh_from_db()
    assert application.customer == customer


def test_what_waits_for_its_second_person_goes_back_to_the_analysts(
    product: Product, analyst: Person, lead: Person, approver: Person
) -> None:
    application = received(product, requested_limit_minor=6_000_000, declared_income_minor=3_000_000)
    assert decides(analyst, application).status == "in_approval"
    judges(approver, asks(lead))
    application.refresh_from_db()
    assert (application.status, application.decided_by, application.granted_limit_minor) == ("proposed", None, None)
    assert lines("application.send_back")[0].reason == "the rule was wrong"


# Who ---------------------------------------------------------------------------------------------------------------


def test_never_by_whoever_asked_nor_without_a_reason_and_a_refused_one_changes_nothing(
    product: Product, analyst: Person, approver: Person
) -> None:
    account = granted(analyst, product)
    with pytest.raises(ReasonMissing):
        asks_undo(APPLICATION_UNDOINGS, approver, rule(), reason=" ")
    undo = asks(approver)
    with pytest.raises(refusals.OwnApproval):
        judges(approver, undo)
    with pytest.raises(IntegrityError), transaction.atomic():
        ApplicationUndo.objects.update(judged_by=approver.user)
    other = Person(Role.APPROVER)
    assert judges(other, undo, is_approved=False).status == "refused"
    with pytest.raises(UndoRefused, match="not waiting"):
        judges(other, undo)
    assert not Decision.objects.exists() and limit_of(account) == 2_000_000


def test_the_matrix_says_who_may_ask_and_who_may_approve(product: Product, analyst: Person, lead: Person) -> None:
    granted(analyst, product)
    manager = Person(Role.MANAGER)
    # The shipped matrix has no line by which a manager suspends or lowers.
    with pytest.raises(refusals.AuthorityMissing, match="suspend use"):
        asks(manager)
    assert rule().live_until is None
    undo = asks(lead)
    # From 20,000.00 on a team lead lowers a limit with an approver, who a manager is not.
    with pytest.raises(refusals.NotAnApprover, match="approver"):
        judges(manager, undo)
    undo.refresh_from_db()
    assert undo.status == "asked" and not Decision.objects.exists() and not Restriction.objects.exists()
    AuthorityRow.objects.filter(action="lower_limit", role="team lead").delete()
    with pytest.raises(refusals.AuthorityMissing):
        judges(Person(Role.APPROVER), undo)
    assert not Decision.objects.exists()


def test_a_reason_code_out_of_use_stops_it_with_its_name(product: Product, analyst: Person, lead: Person) -> None:
    granted(analyst, product)
    ReasonCode.objects.filter(code="wrong_limit").update(is_active=False)
    with pytest.raises(refusals.ReasonCodeUnknown, match="wrong_limit"):
        preview(rule().pk, None, lead.roles)


def test_nobody_asks_for_or_approves_it_about_a_relative(
    product: Product, analyst: Person, lead: Person, approver: Person
) -> None:
    account = granted(analyst, product)
    for person in (lead, approver):
        make_conflict(person.user, account.customer)
    with pytest.raises(ConflictDeclared):
        asks(lead)
    undo = asks(Person(Role.TEAM_LEAD))
    with pytest.raises(ConflictDeclared):
        judges(approver, undo)
    assert not Decision.objects.exists()
    assert judges(Person(Role.APPROVER), undo).undone == 1


def test_nobody_asks_for_or_approves_it_about_a_relative_whom_only_the_reopening_recognises(
    product: Product, analyst: Person, lead: Person, approver: Person
) -> None:
    person = {"name": "Ann Lee", "national_id": "110101198501010023"}
    application = refused(analyst, product, person=person)
    customer = make_customer(person=person)
    undo = asks(lead, "no-income")
    make_conflict(approver.user, customer)
    with pytest.raises(ConflictDeclared):
        judges(approver, undo)
    make_conflict(lead.user, customer)
    with pytest.raises(UndoRefused, match="who asked for it, has a conflict"):
        judges(Person(Role.APPROVER), undo)
    application.refresh_from_db()
    assert (application.status, application.customer) == ("refused", None)
    assert rule("no-income").live_until is None


@pytest.mark.django_db(transaction=True)
def test_of_two_who_approve_at_once_one_does_it_and_the_other_is_told() -> None:
    product, analyst = make_line_product(), Person(Role.ANALYST)
    granted(analyst, product)
    refused(analyst, product)
    undo = asks(Person(Role.TEAM_LEAD))
    approvers = [Person(Role.APPROVER), Person(Role.APPROVER)]
    found = at_once([lambda person=person: judges(person, undo) for person in approvers])  # type: ignore[misc]
    assert sorted(type(one).__name__ for one in found) == ["ApplicationUndo", "UndoRefused"], found
    assert Decision.objects.count() == 2 and Restriction.objects.count() == 1
    assert DecisionNotice.objects.filter(decision__isnull=False).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_grant_and_the_undoing_at_once_leave_no_line_that_nobody_looked_at() -> None:
    product, analyst, approver = make_line_product(), Person(Role.ANALYST), Person(Role.APPROVER)
    granted(analyst, product)
    waiting = received(product)
    undo = asks(Person(Role.TEAM_LEAD))
    at_once([lambda: judges(approver, undo), lambda: decides(analyst, waiting)])
    undo.refresh_from_db()
    waiting.refresh_from_db()
    # First granted, it is undone with the rest; first proposed anew, the analyst decided on another proposal or was refused.
    is_undone = waiting.application_no in undo.result["stopped"]
    assert is_undone or waiting.proposal["outcome"] == "refer"
    assert Restriction.objects.count() == len(undo.result["stopped"])


def test_many_are_undone_in_queries_that_grow_slowly_with_them(
    product: Product, analyst: Person, lead: Person, approver: Person, django_assert_max_num_queries: Any
) -> None:
    for _number in range(12):
        granted(analyst, product)
    undo = asks(lead)
    # Of each account: one line in its application's trail, and the day that each of its two decisions is held against.
    with django_assert_max_num_queries(110):
        assert judges(approver, undo).undone == 12


# The rule by itself ------------------------------------------------------------------------------------------------

LINE = Line(limit_minor=100, owed_minor=0, is_used=False, is_ended=False, is_decided_about=False)
GRANTED = {
    "status": "granted",
    "follows": True,
    "is_appealed": False,
    "is_superseded": False,
    "was_reopened": False,
    "granted_limit_minor": 100,
    "limit_before_minor": None,
    "line": LINE,
}
REFUSED = {**GRANTED, "status": "refused", "granted_limit_minor": None, "line": None}


@pytest.mark.parametrize(
    ("of", "said", "becomes"),
    [
        (GRANTED, {}, Fate.STOPPED),
        (GRANTED, {"follows": False}, Fate.OWN_DECISION),
        (GRANTED, {"is_appealed": True}, Fate.APPEALED),
        (GRANTED, {"is_superseded": True}, Fate.DECIDED_SINCE),
        (GRANTED, {"granted_limit_minor": 99}, Fate.DECIDED_SINCE),
        (GRANTED, {"line": Line(100, 0, True, False, False)}, Fate.USED),
        (GRANTED, {"line": Line(100, 0, False, True, False)}, Fate.ACCOUNT_ENDED),
        (GRANTED, {"line": Line(100, 0, False, False, True)}, Fate.DECIDED_SINCE),
        (GRANTED, {"limit_before_minor": 40}, Fate.LOWERED),
        (GRANTED, {"limit_before_minor": 40, "line": Line(100, 99, True, False, False)}, Fate.LOWERED),
        (GRANTED, {"limit_before_minor": 40, "line": Line(100, 100, True, False, False)}, Fate.NOTHING_LEFT),
        (GRANTED, {"limit_before_minor": 100}, Fate.NOTHING_LEFT),
        (REFUSED, {}, Fate.REOPENED),
        (REFUSED, {"follows": False}, Fate.OWN_DECISION),
        (REFUSED, {"is_appealed": True}, Fate.APPEALED),
        (REFUSED, {"is_superseded": True}, Fate.APPLIED_SINCE),
        (REFUSED, {"was_reopened": True}, Fate.UNDONE_BEFORE),
        (REFUSED, {"status": "proposed", "follows": False}, Fate.PROPOSED_ANEW),
        (REFUSED, {"status": "in_approval"}, Fate.PROPOSED_ANEW),
        (REFUSED, {"status": "in_approval", "follows": False}, Fate.OWN_DECISION),
        (REFUSED, {"status": "in_approval", "is_appealed": True}, Fate.APPEALED),
    ],
)
def test_what_becomes_of_an_application(of: dict[str, Any], said: dict[str, Any], becomes: Fate) -> None:
    assert fate(Decided(**{**of, **said})) == becomes


def test_a_decision_follows_what_was_proposed_to_the_unit_and_to_the_reason() -> None:
    grant = {"outcome": "grant", "limit_minor": 100, "reason_code": ""}
    refuse = {"outcome": "refuse", "limit_minor": None, "reason_code": "policy"}
    assert follows(grant, outcome="grant", limit_minor=100, reason_code="granted")
    assert not follows(grant, outcome="grant", limit_minor=99, reason_code="granted_less")
    assert not follows(grant, outcome="refuse", limit_minor=None, reason_code="policy")
    assert follows(refuse, outcome="refuse", limit_minor=None, reason_code="policy")
    assert not follows(refuse, outcome="refuse", limit_minor=None, reason_code="income_too_low")
    assert not follows({"outcome": "refer"}, outcome="", limit_minor=None, reason_code="")

"""An application from its receipt to its line: proposed by rules, decided by people, told to the customer, replayable."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from application_books import OPEN, Person, applied, approves, bureau, consent, decides, make_line_product, received
from deciding_books import close_at
from factories import make_account, make_conflict, make_customer, make_installment

from accounts.models import (
    Acceptance,
    AccountSignals,
    AccountState,
    Application,
    CreditAccount,
    Customer,
    CustomerNameToken,
    DecisionControl,
    DecisionNotice,
    LendingCap,
    Product,
)
from accounts.operations.applications import deciding, refusals
from accounts.operations.applications.receiving import receive_application
from accounts.operations.applications.replaying import replay_application, replay_applications
from accounts.operations.applications.weighing import DecisionAsked
from accounts.operations.deciding.refusals import AutomaticDecisionsStopped
from accounts.operations.rebuilding import rebuild_accounts
from riskops.close_of_business import close_day
from riskops.shared.audit import COMMAND
from riskops.shared.models import AuditEntry
from riskops.shared.people.refusals import ConflictDeclared
from riskops.shared.roles import Role


@pytest.fixture
def product(db: None) -> Product:
    return make_line_product()


def actions() -> list[str]:
    return list(AuditEntry.objects.filter(subject_type="application").order_by("pk").values_list("action", flat=True))


# Received and proposed ---------------------------------------------------------------------------------------------


def test_a_new_applicant_is_proposed_two_monthly_incomes_at_once(product: Product) -> None:
    application = received(product, requested_limit_minor=2_500_050)
    assert (application.status, application.received_on) == ("proposed", OPEN)
    assert application.proposal == {
        "outcome": "grant",
        "rule": "new-customer",
        "number": 1,
        "reason_code": "",
        "limit_minor": 2_000_000,
    }
    assert application.facts["income_multiple"] == 25_000
    assert application.facts["relationship_months"] is None
    assert actions() == ["application.receive", "application.propose"]
    # Nothing personal is in the trail.
    assert "王小明" not in str(list(AuditEntry.objects.values_list("after", "reason")))


def test_a_limit_proposed_is_whole_units_and_never_more_than_asked_for(product: Product) -> None:
    assert received(product, declared_income_minor=333_333).proposal["limit_minor"] == 666_600
    assert received(product, requested_limit_minor=150_099).proposal["limit_minor"] == 150_000


@pytest.mark.parametrize(
    ("said", "outcome", "rule"),
    [
        ({"declared_income_minor": 0}, "refuse", "no-income"),
        ({"consents": [consent()], "bureau": [bureau(overdue_days=31)]}, "refuse", "bureau-arrears"),
        ({"consents": [consent()], "bureau": [bureau(overdue_days=30)]}, "grant", "new-customer"),
    ],
)
def test_what_is_declared_and_reported_decides_which_rule_speaks(
    product: Product, said: dict[str, Any], outcome: str, rule: str
) -> None:
    proposal = received(product, **said).proposal
    assert (proposal["outcome"], proposal["rule"]) == (outcome, rule)


def test_a_customer_is_recognised_by_identity_and_their_arrears_count(product: Product) -> None:
    person = {"name": "Ann Lee", "national_id": "110101-1985 0101 0023"}
    customer = make_customer(person=person)
    account = make_account(product=product, customer=customer, opened_on=date(2024, 9, 1))
    make_installment(account, due_date=date(2025, 3, 1))
    close_at(account)
    application = received(product, person={"name": "Ann Lee", "national_id": "110101198501010023"})
    assert application.customer == customer
    expected = {"existing_accounts": 1, "existing_dpd": 9, "existing_exposure": 1_000_000, "relationship_months": 6}
    assert {name: application.facts[name] for name in expected} == expected
    assert application.proposal["rule"] == "arrears"


def test_the_same_again_changes_nothing_and_another_under_its_number_is_refused(product: Product) -> None:
    first = applied(product)
    receive_application(actor=COMMAND, applied=first)
    with pytest.raises(refusals.ApplicationReceivedAlready):
        receive_application(actor=COMMAND, applied=first)
    with pytest.raises(refusals.ApplicationNumberTaken):
        received(product, application_no=first.application_no)
    assert Application.objects.count() == 1


def test_one_open_application_a_person(product: Product) -> None:
    person = {"name": "Ann Lee", "national_id": "110101198501010023"}
    first = received(product, person=person)
    with pytest.raises(refusals.OpenApplicationThere, match=first.application_no):
        received(product, person={"name": "A. Lee", "national_id": "11010119850101 0023"})
    analyst = Person(Role.ANALYST)
    decides(analyst, first, "refuse")
    again = received(product, person=person)
    assert again.facts["refusals_6m"] == 1


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"product_code": "none"}, refusals.ProductUnknown),
        ({"person": {"name": "Nobody"}}, refusals.PersonMissing),
        ({"person": {"national_id": "1"}}, refusals.PersonMissing),
        ({"agreement": "none"}, refusals.AgreementUnknown),
        ({"accepted_on": OPEN + timedelta(days=1)}, refusals.ReceiptDayOff),
        ({"bureau": [bureau(score=600)]}, refusals.BureauWithoutConsent),
        ({"bureau": [bureau(score=600)], "consents": [consent(is_given=False)]}, refusals.BureauWithoutConsent),
        ({"term_months": 61}, refusals.TermOutOfRange),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(product: Product, said: dict[str, Any], refusal: Any) -> None:
    with pytest.raises(refusal):
        received(product, **said)
    assert not Application.objects.exists() and not actions()


# Decided -----------------------------------------------------------------------------------------------------------


def test_a_grant_opens_customer_and_account_and_queues_the_notice(product: Product) -> None:
    application = received(product, consents=[consent("sms")], customer_no="C-77")
    granted = decides(Person(Role.ANALYST), application)
    account = CreditAccount.objects.get()
    assert (account.account_no, account.opened_on, account.credit_limit_minor) == (application.application_no, OPEN, 2_000_000)
    assert account.granted_by == "new-customer v1"
    assert AccountState.objects.values_list("credit_limit_minor", "opened_on").get() == (2_000_000, OPEN)
    customer = Customer.objects.get()
    assert (customer.customer_no, customer.person["name"], customer.consent_sms) == ("C-77", "王小明", True)
    assert CustomerNameToken.objects.filter(customer=customer).count() == 3
    assert sorted(Acceptance.objects.values_list("version__code", flat=True)) == ["agreement-1", "disclosure-1"]
    assert (granted.status, granted.ended_on, granted.terms["product_code"]) == ("granted", OPEN, "std")
    notice = DecisionNotice.objects.get()
    assert notice.application == granted and "¥\u202f20,000.00" in notice.text_en and "授信额度" in notice.text_zh
    # The line is one like any other: the next close ages it.
    rebuild_accounts([account.pk], as_of=OPEN, ahead_on=None)
    assert AccountState.objects.get().days_past_due == 0


def test_a_limit_other_than_the_proposed_one_is_the_analysts(product: Product) -> None:
    decides(Person(Role.ANALYST), received(product), limit_minor=1_000_000, reason_code="granted_less")
    assert CreditAccount.objects.get().granted_by == "analyst"


def test_a_grant_to_a_customer_of_the_product_changes_their_account(product: Product) -> None:
    customer = make_customer(person={"name": "Ann Lee", "national_id": "110101198501010023"})
    account = make_account(product=product, customer=customer, credit_limit_minor=500_000)
    close_at(account)
    application = received(product, person={}, customer_no=customer.customer_no)
    granted = decides(Person(Role.ANALYST), application)
    account.refresh_from_db()
    assert (account.credit_limit_minor, account.granted_by) == (2_000_000, None)
    assert AccountState.objects.get().credit_limit_minor == 2_000_000
    assert (granted.account, granted.limit_before_minor) == (account, 500_000)
    line = AuditEntry.objects.get(action="account.change_limit")
    assert (line.before, line.after["application"]) == ({"credit_limit_minor": 500_000}, application.application_no)


def test_a_limit_under_what_is_owed_is_refused(product: Product) -> None:
    customer = make_customer(person={"name": "Ann Lee", "national_id": "110101198501010023"})
    account = make_account(product=product, customer=customer)
    make_installment(account, due_date=date(2025, 4, 1), principal=300_000)
    close_at(account)
    application = received(product, person={}, customer_no=customer.customer_no)
    with pytest.raises(refusals.LimitUnderOwed, match=r"owes ¥\u202f3,000\.00"):
        decides(Person(Role.ANALYST), application, limit_minor=299_999)
    application.refresh_from_db()
    assert application.status == "proposed" and not DecisionNotice.objects.exists()


def existing_line(product: Product, *, limit: int) -> CreditAccount:
    customer = make_customer(person={"name": "Ann Lee", "national_id": "110101198501010023"})
    account = make_account(product=product, customer=customer, credit_limit_minor=limit)
    close_at(account)
    return account


def test_a_grant_never_lowers_the_limit_that_is_there(product: Product) -> None:
    account = existing_line(product, limit=1_500_000)
    analyst = Person(Role.ANALYST)
    application = received(product, person={}, customer_no=account.customer.customer_no)
    asked = DecisionAsked(outcome="grant", reason_code="granted_less", limit_minor=1_499_999)
    with pytest.raises(refusals.LimitUnderPresent, match=r"limit of ¥\u202f15,000\.00, and a grant does not lower it"):
        deciding.preview_application(actor=analyst.actor, roles=analyst.roles, application_id=application.pk, asked=asked)
    with pytest.raises(refusals.LimitUnderPresent):
        decides(analyst, application, limit_minor=1_499_999, reason_code="granted_less")
    application.refresh_from_db()
    account.refresh_from_db()
    assert (application.status, account.credit_limit_minor) == ("proposed", 1_500_000)
    assert not DecisionNotice.objects.exists() and not AuditEntry.objects.filter(action="account.change_limit").exists()
    assert decides(analyst, application, limit_minor=1_500_000, reason_code="granted_less").status == "granted"


def test_a_limit_that_rose_while_a_grant_waited_is_not_lowered_by_its_approval(product: Product) -> None:
    account = existing_line(product, limit=1_000_000)
    application = received(product, person={}, customer_no=account.customer.customer_no, requested_limit_minor=6_000_000)
    assert decides(Person(Role.ANALYST), application).status == "in_approval"
    # A file of the book set it meanwhile.
    CreditAccount.objects.update(credit_limit_minor=7_000_000)
    AccountState.objects.update(credit_limit_minor=7_000_000)
    with pytest.raises(refusals.LimitUnderPresent):
        approves(Person(Role.APPROVER), application)
    assert CreditAccount.objects.get().credit_limit_minor == 7_000_000


@pytest.mark.parametrize(("present", "outcome"), [(1_999_900, "grant"), (2_000_000, "refer"), (2_500_000, "refer")])
def test_a_proposal_that_gives_no_more_than_there_is_goes_to_a_person(product: Product, present: int, outcome: str) -> None:
    account = existing_line(product, limit=present)
    application = received(product, person={}, customer_no=account.customer.customer_no, requested_limit_minor=3_000_000)
    assert (application.proposal["outcome"], application.proposal["rule"]) == (outcome, "new-customer")
    assert replay_application(application).is_same


def test_a_refusal_names_its_reason_in_both_languages(product: Product) -> None:
    refused = decides(Person(Role.ANALYST), received(product), "refuse", reason_code="income_too_low")
    notice = DecisionNotice.objects.get()
    assert (refused.status, notice.kind, notice.status) == ("refused", "decided", "queued")
    assert "too much for the income" in notice.text_en and "承受能力" in notice.text_zh
    assert not CreditAccount.objects.exists() and not Customer.objects.exists()


def test_above_their_authority_somebody_else_agrees_and_never_the_same(product: Product) -> None:
    analyst = Person(Role.ANALYST)
    application = received(product, requested_limit_minor=6_000_000, declared_income_minor=4_000_000)
    waiting = decides(analyst, application)
    assert (waiting.status, waiting.needs_approval_by) == ("in_approval", ["approver"])
    assert not CreditAccount.objects.exists() and not DecisionNotice.objects.exists()
    both = Person(Role.APPROVER)
    both.user, both.actor = analyst.user, analyst.actor
    with pytest.raises(refusals.OwnApproval):
        approves(both, application)
    with pytest.raises(refusals.NotAnApprover):
        approves(Person(Role.TEAM_LEAD), application)
    granted = approves(Person(Role.APPROVER), application)
    assert granted.status == "granted" and CreditAccount.objects.get().credit_limit_minor == 6_000_000


def test_granting_what_the_rules_would_refuse_takes_a_note(product: Product) -> None:
    application = received(product)
    Application.objects.filter(pk=application.pk).update(proposal={**application.proposal, "outcome": "refuse"})
    with pytest.raises(refusals.NoteMissing) as refused:
        decides(Person(Role.ANALYST), application, note=" ")
    assert refused.value.about == "note" and application.application_no in str(refused.value)
    application.refresh_from_db()
    assert application.status == "proposed" and not CreditAccount.objects.exists()
    assert decides(Person(Role.ANALYST), application, note="pay slips seen").status == "granted"


def test_sent_back_it_waits_for_an_analyst_again(product: Product) -> None:
    application = received(product, requested_limit_minor=6_000_000)
    decides(Person(Role.ANALYST), application)
    approver = Person(Role.APPROVER)
    application.refresh_from_db()
    back = deciding.send_back_application(
        actor=approver.actor,
        roles=approver.roles,
        application_id=application.pk,
        version=application.version,
        remark="ask for pay slips",
    )
    assert (back.status, back.outcome, back.granted_limit_minor) == ("proposed", "", None)
    assert AuditEntry.objects.get(action="application.send_back").reason == "ask for pay slips"


def test_caps_bound_all_lines_of_a_customer_and_name_their_rule(product: Product) -> None:
    customer = make_customer(person={"name": "Ann Lee", "national_id": "110101198501010023"})
    other = make_account(product=make_line_product(product_code="other"), customer=customer, credit_limit_minor=19_000_000)
    close_at(other)
    application = received(product, person={}, customer_no=customer.customer_no)
    assert application.proposal["limit_minor"] == 1_000_000
    with pytest.raises(refusals.CapExceeded, match=r"¥\u202f200,000\.01; Order 9/2020.*at most ¥\u202f200,000\.00"):
        decides(Person(Role.TEAM_LEAD), application, limit_minor=1_000_001)
    LendingCap.objects.filter(code="internet_loan").update(most=300_000)
    assert decides(Person(Role.TEAM_LEAD), application, limit_minor=1_000_001).status == "granted"


@pytest.mark.parametrize(("term", "is_granted"), [(12, True), (13, False), (None, False)])
def test_principal_at_once_is_repaid_within_a_year(product: Product, term: int | None, is_granted: bool) -> None:
    application = received(product, repayment="bullet", term_months=term)
    if is_granted:
        assert decides(Person(Role.ANALYST), application).status == "granted"
    else:
        with pytest.raises(refusals.CapExceeded, match="12 months that Order 9/2020"):
            decides(Person(Role.ANALYST), application)


@pytest.mark.parametrize("limit", [None, 0, -1, 2_000_001])
def test_a_grant_is_above_zero_and_not_above_what_was_asked_for(product: Product, limit: int | None) -> None:
    with pytest.raises(refusals.LimitNotInRange):
        decides(Person(Role.ANALYST), received(product), limit_minor=limit)


def test_nothing_is_granted_without_accepted_agreement_and_disclosure(product: Product) -> None:
    with pytest.raises(refusals.AcceptanceMissing):
        decides(Person(Role.ANALYST), received(product, disclosure=""))


def test_a_stale_form_and_a_decided_application_are_refused(product: Product) -> None:
    application = received(product)
    analyst = Person(Role.ANALYST)
    with pytest.raises(refusals.StaleApplication):
        deciding.decide_application(
            actor=analyst.actor,
            roles=analyst.roles,
            application_id=application.pk,
            version=application.version - 1,
            asked=DecisionAsked("refuse", "policy"),
        )
    decides(analyst, application, "refuse")
    with pytest.raises(refusals.ApplicationMovedOn):
        decides(analyst, application)
    assert DecisionNotice.objects.count() == 1


def test_nobody_decides_about_a_relative(product: Product) -> None:
    customer = make_customer(person={"name": "Ann Lee", "national_id": "110101198501010023"})
    application = received(product, person={}, customer_no=customer.customer_no)
    analyst = Person(Role.ANALYST)
    make_conflict(analyst.user, customer)
    with pytest.raises(ConflictDeclared):
        decides(analyst, application, "refuse")


def test_no_program_decides_about_who_refuses_it_or_while_it_is_stopped(product: Product) -> None:
    machine = Person(Role.SERVICE)
    with pytest.raises(refusals.PersonMustDecide):
        decides(machine, received(product, refuses_automated=True), "refuse")
    # The shipped matrix gives programs no authority at all.
    with pytest.raises(refusals.NoAuthority):
        decides(machine, received(product), "refuse")
    DecisionControl.objects.update(is_automatic_stopped=True, stop_reason="model drift")
    with pytest.raises(AutomaticDecisionsStopped):
        decides(machine, received(product), "refuse")


def test_who_refuses_automated_decisions_refuses_them_on_the_account_and_in_later_applications_too(product: Product) -> None:
    granted = decides(Person(Role.ANALYST), received(product, refuses_automated=True))
    assert AccountSignals.objects.get().refuses_automated_decisions
    assert granted.customer is not None
    later = received(make_line_product(product_code="other"), person={}, customer_no=granted.customer.customer_no)
    with pytest.raises(refusals.PersonMustDecide):
        decides(Person(Role.SERVICE), later, "refuse")


def test_withdrawn_and_expired_applications_end_without_a_notice(product: Product) -> None:
    application = received(product)
    analyst = Person(Role.ANALYST)
    gone = deciding.withdraw_application(
        actor=analyst.actor, application_id=application.pk, version=application.version, reason="called in"
    )
    assert (gone.status, gone.ended_why) == ("withdrawn", "called in")
    old = received(product)
    assert deciding.expire_applications(closed_day=OPEN + timedelta(days=29)) == 0
    assert deciding.expire_applications(closed_day=OPEN + timedelta(days=30)) == 1
    assert deciding.expire_applications(closed_day=OPEN + timedelta(days=30)) == 0
    old.refresh_from_db()
    assert (old.status, old.ended_why) == ("expired", "Not decided within 30 days.")
    assert not DecisionNotice.objects.exists()


def test_the_close_ends_what_nobody_decided_and_says_so_in_the_trail(product: Product) -> None:
    application = received(product)
    Application.objects.update(received_on=OPEN - timedelta(days=30))
    close_day(OPEN, actor=COMMAND)
    application.refresh_from_db()
    assert (application.status, application.ended_on) == ("expired", OPEN)
    assert AuditEntry.objects.get(action="application.expire").run_id is not None


# Replayed ----------------------------------------------------------------------------------------------------------


def test_proposal_and_decision_come_out_the_same_again_and_a_difference_is_an_alarm(product: Product) -> None:
    application = decides(Person(Role.ANALYST), received(product))
    assert replay_application(Application.objects.get()).is_same
    assert replay_applications(actor=COMMAND, applications=Application.objects.all()) == (1, [])
    Application.objects.update(proposal={**application.proposal, "limit_minor": 1})
    count, alarms = replay_applications(actor=COMMAND, applications=Application.objects.all())
    assert count == 1 and alarms[0].differences == (("limit_minor", 1, 2_000_000),)
    assert AuditEntry.objects.filter(action="application.replay_alarm").count() == 1

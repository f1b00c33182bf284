"""Objections to refused applications: taken in in time, looked at again by somebody without a part in it, told, by every door."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from application_books import OPEN, Person, approves, consent, decides, make_line_product, received
from django.db import IntegrityError, transaction
from django.test import Client
from factories import make_conflict, make_customer, set_business_date
from test_api_decisions import Caller

from accounts.models import (
    Application,
    ApplicationAppeal,
    CreditAccount,
    DecisionNotice,
    DecisionTerms,
    LendingCap,
    Product,
)
from accounts.operations.applications import deciding, refusals
from accounts.operations.applications.appealing import Objection, decide_appeal, record_appeal
from accounts.operations.applications.replaying import replay_application
from accounts.operations.applications.weighing import DecisionAsked
from accounts.operations.deciding.refusals import (
    AppealAlreadyMade,
    AppealDateOff,
    AppealNotOpen,
    AppealTooLate,
    PartInTheDecision,
)
from accounts.operations.refusals import ReasonMissing
from riskops.shared.models import AuditEntry, PortfolioScope
from riskops.shared.people.refusals import ConflictDeclared
from riskops.shared.roles import Role


@pytest.fixture
def product(db: None) -> Product:
    return make_line_product()


@pytest.fixture
def refuser(db: None) -> Person:
    return Person(Role.ANALYST)


@pytest.fixture
def clerk(db: None) -> Person:
    return Person(Role.ANALYST)


@pytest.fixture
def lead(db: None) -> Person:
    return Person(Role.TEAM_LEAD)


def version_of(application: Application) -> int:
    return Application.objects.values_list("version", flat=True).get(pk=application.pk)


def objects(person: Person, application: Application, **said: Any) -> ApplicationAppeal:
    """Record an objection by telephone on the open day, unless told."""
    values = {"received_on": OPEN, "channel": "phone", "said_by": "applicant", "grounds": "My income was read wrongly.", **said}
    return record_appeal(
        actor=person.actor, application_id=application.pk, version=version_of(application), objection=Objection(**values)
    )


def answers(person: Person, application: Application, outcome: str = "grant", **asked: Any) -> Application:
    """Look at a refusal again; a grant is over what was asked for, unless told."""
    asked.setdefault("reason_code", "granted" if outcome == "grant" else "income_too_low")
    if outcome == "grant":
        asked.setdefault("limit_minor", application.requested_limit_minor)
    return decide_appeal(
        actor=person.actor,
        roles=person.roles,
        application_id=application.pk,
        version=version_of(application),
        asked=DecisionAsked(outcome=outcome, **asked),
    )


def refused(product: Product, refuser: Person, **said: Any) -> Application:
    return decides(refuser, received(product, **said), "refuse", reason_code="income_too_low")


def actions() -> list[str]:
    return list(AuditEntry.objects.filter(subject_type="application").order_by("pk").values_list("action", flat=True))


def test_a_granted_appeal_opens_the_line_and_tells_so_in_both_languages(
    product: Product, refuser: Person, clerk: Person, lead: Person
) -> None:
    application = refused(product, refuser)
    appeal = objects(clerk, application)
    assert (appeal.outcome, appeal.refusal["reason"], appeal.refusal["decided_by"]) == (
        "open",
        "income_too_low",
        refuser.user.pk,
    )
    granted = answers(lead, application)
    account = CreditAccount.objects.get()
    assert (granted.status, granted.account, account.credit_limit_minor) == ("granted", account, 2_000_000)
    # The rules of today proposed just that.
    assert account.granted_by == "new-customer v1"
    appeal.refresh_from_db()
    assert (appeal.outcome, appeal.decided_by, appeal.refusal["reason"]) == ("granted", lead.user, "income_too_low")
    first, second = DecisionNotice.objects.order_by("pk")
    assert (first.kind, second.kind, second.status) == ("decided", "appeal", "queued")
    assert "your objection is accepted" in second.text_en and "¥\u202f20,000.00" in second.text_en
    assert "异议成立" in second.text_zh
    assert actions()[-5:] == [
        *("application.appeal", "application.propose", "application.propose"),
        *("application.decide_appeal", "application.grant"),
    ]
    assert AuditEntry.objects.get(action="application.appeal").reason == "My income was read wrongly."
    assert replay_application(Application.objects.get()).is_same


def test_an_upheld_refusal_is_final_and_names_its_reason(product: Product, refuser: Person, clerk: Person, lead: Person) -> None:
    application = refused(product, refuser)
    objects(clerk, application)
    upheld = answers(lead, application, "refuse", note="pay slips looked at")
    assert (upheld.status, upheld.decided_by, upheld.appeal.outcome) == ("refused", lead.user, "upheld")
    notice = DecisionNotice.objects.get(kind="appeal")
    assert "it stands. The reason: Too much for the income" in notice.text_en and "收入不足以支持申请额度" in notice.text_zh
    assert not CreditAccount.objects.exists()
    with pytest.raises(AppealAlreadyMade):
        objects(clerk, application)
    with pytest.raises(AppealNotOpen):
        answers(Person(Role.APPROVER), application)


def test_whoever_refused_or_recorded_or_is_in_conflict_does_not_look_again(
    product: Product, refuser: Person, clerk: Person
) -> None:
    customer = make_customer(person={"name": "Ann Lee", "national_id": "110101198501010023"})
    application = refused(product, refuser, person={}, customer_no=customer.customer_no)
    relative = Person(Role.TEAM_LEAD)
    make_conflict(relative.user, customer)
    with pytest.raises(ConflictDeclared):
        objects(relative, application)
    objects(clerk, application)
    for person in (refuser, clerk):
        with pytest.raises(PartInTheDecision):
            answers(person, application)
    with pytest.raises(ConflictDeclared):
        answers(relative, application)
    with pytest.raises(refusals.NoAuthority):
        answers(Person(Role.LEGAL), application)
    assert ApplicationAppeal.objects.get().is_open and not CreditAccount.objects.exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        ApplicationAppeal.objects.update(outcome="upheld", decided_by=clerk.user, decided_at=application.decided_at)


def test_above_the_judges_authority_a_second_person_without_a_part_agrees(product: Product, clerk: Person, lead: Person) -> None:
    refuser = Person(Role.APPROVER)
    application = refused(product, refuser, requested_limit_minor=12_000_000, declared_income_minor=9_000_000)
    objects(clerk, application)
    waiting = answers(lead, application)
    assert (waiting.status, waiting.needs_approval_by, waiting.ended_on) == ("in_approval", ["approver"], None)
    assert "your objection is accepted" in waiting.text_en and ApplicationAppeal.objects.get().is_open
    with pytest.raises(PartInTheDecision):
        approves(refuser, application)
    # What waits on an appeal does not run out under the applicant.
    assert deciding.expire_applications(closed_day=OPEN + timedelta(days=90)) == 0
    approver = Person(Role.APPROVER)
    back = deciding.send_back_application(
        actor=approver.actor,
        roles=approver.roles,
        application_id=application.pk,
        version=version_of(application),
        remark="ask for pay slips",
    )
    application.refresh_from_db()
    assert (back.status, application.decided_by, application.ended_on) == ("refused", refuser.user, OPEN)
    assert application.reason is not None and application.reason.code == "income_too_low"
    assert ApplicationAppeal.objects.get().is_open and DecisionNotice.objects.count() == 1
    answers(lead, application)
    granted = approves(approver, application)
    assert granted.status == "granted" and ApplicationAppeal.objects.get().outcome == "granted"
    assert list(DecisionNotice.objects.order_by("pk").values_list("kind", flat=True)) == ["decided", "appeal"]


def test_an_appeal_counts_until_its_last_day_of_the_terms(product: Product, refuser: Person, clerk: Person) -> None:
    application = refused(product, refuser)
    with pytest.raises(AppealDateOff):
        objects(clerk, application, received_on=OPEN - timedelta(days=1))
    with pytest.raises(AppealDateOff):
        objects(clerk, application, received_on=OPEN + timedelta(days=1))
    set_business_date(OPEN + timedelta(days=60))
    late = OPEN + timedelta(days=31)
    with pytest.raises(AppealTooLate, match="2025-04-11 came after 2025-04-10"):
        objects(clerk, application, received_on=late)
    assert not ApplicationAppeal.objects.exists()
    DecisionTerms.objects.filter(action="refuse_request").update(appeal_days=31)
    assert objects(clerk, application, received_on=late).is_open


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"grounds": " "}, ReasonMissing),
        ({"channel": " "}, refusals.AppealIncomplete),
        ({"said_by": "a friend"}, refusals.AppealIncomplete),
    ],
)
def test_who_said_what_and_how_is_written_down(
    product: Product, refuser: Person, clerk: Person, said: dict[str, str], refusal: Any
) -> None:
    application = refused(product, refuser)
    with pytest.raises(refusal):
        objects(clerk, application, **said)
    assert not ApplicationAppeal.objects.exists()


def test_only_a_refusal_is_appealed_and_a_stale_form_is_refused(product: Product, refuser: Person, clerk: Person) -> None:
    open_one = received(product)
    with pytest.raises(refusals.ApplicationMovedOn):
        objects(clerk, open_one)
    application = decides(refuser, open_one, "refuse")
    with pytest.raises(refusals.StaleApplication):
        record_appeal(
            actor=clerk.actor,
            application_id=application.pk,
            version=application.version - 1,
            objection=Objection(OPEN, "phone", "applicant", "no"),
        )


def test_the_second_look_is_by_the_facts_and_caps_of_its_day(
    product: Product, refuser: Person, clerk: Person, lead: Person
) -> None:
    person = {"name": "Ann Lee", "national_id": "110101198501010023"}
    application = refused(product, refuser, person=person)
    # Meanwhile the same person has got a line under another product: they are that customer now, and its limit counts.
    other = decides(clerk, received(make_line_product(product_code="other"), person=person))
    again = received(make_line_product(product_code="third"), person=person)
    objects(clerk, application)
    with pytest.raises(refusals.OpenApplicationThere, match=again.application_no):
        answers(lead, application)
    decides(clerk, again, "refuse")
    LendingCap.objects.filter(code="internet_loan").update(most=30_000)
    with pytest.raises(refusals.CapExceeded):
        answers(lead, application)
    granted = answers(lead, application, limit_minor=1_000_000, reason_code="granted_less")
    assert granted.customer == other.customer and CreditAccount.objects.count() == 2


def test_an_appeal_by_page(product: Product, refuser: Person, clerk: Person, lead: Person) -> None:
    application = refused(product, refuser)
    one = f"/applications/{application.pk}/"

    def at(person: Person) -> Client:
        client = Client()
        client.force_login(person.user)
        return client

    form = {"version": application.version, "received_on": "2025-03-11", "channel": "phone", "said_by": "applicant"}
    empty = at(clerk).post(f"{one}appeal/", {**form, "grounds": ""})
    assert empty.status_code == 422 and "2025-03-11" in empty.content.decode()
    late = at(clerk).post(f"{one}appeal/", {**form, "received_on": "2025-03-12", "grounds": "Look again"})
    assert late.status_code == 422 and "the open day" in late.content.decode()
    stale = at(clerk).post(f"{one}appeal/", {**form, "version": 1, "grounds": "Look again"})
    assert stale.status_code == 422 and "has changed since you opened it" in stale.content.decode()
    assert "may object until" in at(clerk).get(one).content.decode()
    sent = at(clerk).post(f"{one}appeal/", {**form, "grounds": "Look again"}, follow=True)
    shown = sent.content.decode()
    assert "is recorded" in shown and "Look again" in shown and "You refused it or recorded the objection" in shown
    assert f"{one}answer/" not in shown

    browser = at(lead)
    listed = browser.get("/applications/?list=appealed").content.decode()
    assert application.application_no in listed and "appeal: open" in listed
    assert f"{one}answer/" in browser.get(one).content.decode()
    answer = {"version": version_of(application), "outcome": "grant", "limit": "20000", "reason_code": "granted"}
    preview = browser.post(f"{one}answer/", {**answer, "preview": "1"}).content.decode()
    assert "You may decide this alone" in preview and "your objection is accepted" in preview
    assert not CreditAccount.objects.exists()
    done = browser.post(f"{one}answer/", answer, follow=True).content.decode()
    assert CreditAccount.objects.count() == 1 and "the notice is queued" in done
    assert "appeal: granted" in browser.get("/applications/?list=appealed").content.decode()


def test_an_appeal_by_api(product: Product, refuser: Person) -> None:
    application = refused(product, refuser, consents=[consent()])
    clerk, lead = Caller(Role.ANALYST), Caller(Role.TEAM_LEAD)
    one = f"applications/{application.pk}/"
    assert clerk.get(one)["last_day_to_appeal"] == (OPEN + timedelta(days=30)).isoformat()
    said = {"received_on": OPEN.isoformat(), "channel": "letter", "said_by": "representative", "grounds": "Look again"}
    assert clerk.send(f"{one}appeal/", {**said, "version": 1}, 409)["code"] == "stale_application"
    version = version_of(application)
    early = {**said, "received_on": date(2025, 3, 1).isoformat(), "version": version}
    assert clerk.send(f"{one}appeal/", early, 422)["code"] == "appeal_date_off"
    made = clerk.send(f"{one}appeal/", {**said, "version": version}, 200)
    assert (made["appeal"]["outcome"], made["appeal"]["said_by"], made["appeal"]["refused_for"]) == (
        *("open", "representative", "income_too_low"),
    )
    assert clerk.send(f"{one}appeal/", {**said, "version": made["version"]}, 409)["code"] == "appeal_already_made"
    answer = {"outcome": "refuse", "reason_code": "policy", "version": made["version"]}
    assert clerk.send(f"{one}answer/", answer, 422)["code"] == "part_in_the_decision"
    preview = lead.send(f"{one}answer/preview/", answer, 200)
    assert preview["acts_alone"] and "it stands" in preview["text_en"]
    assert lead.send(f"{one}answer/", {**answer, "version": 1}, 409)["code"] == "stale_application"
    upheld = lead.send(f"{one}answer/", answer, 200)
    assert (upheld["status"], upheld["appeal_outcome"], upheld["reason_code"]) == ("refused", "upheld", "policy")
    assert [row["id"] for row in lead.get("applications/?list=appealed")["results"]] == [application.pk]


def test_appeals_are_records_in_the_admin_without_what_was_said(product: Product, refuser: Person, lead: Person) -> None:
    application = refused(product, refuser)
    appeal = objects(lead, application)
    client = Client()
    client.force_login(lead.user)
    assert application.application_no in client.get("/admin/accounts/applicationappeal/").content.decode()
    one = f"/admin/accounts/applicationappeal/{appeal.pk}/change/"
    shown = client.get(one).content.decode()
    assert f"/applications/{application.pk}/" in shown and "My income was read wrongly." not in shown
    assert client.post(one, {"outcome": "granted"}).status_code == 403
    assert client.get("/admin/accounts/applicationappeal/add/").status_code == 403
    hidden = Person(Role.TEAM_LEAD)
    PortfolioScope.objects.create(user=hidden.user, product_code="other")
    client.force_login(hidden.user)
    assert application.application_no not in client.get("/admin/accounts/applicationappeal/").content.decode()

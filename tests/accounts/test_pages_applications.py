"""The pages of applications and of proposal rules: lists, the form, the page with its decision, a rule's whole life."""

from __future__ import annotations

import pytest
from application_books import Person, make_line_product, received
from deciding_books import OPEN, at, page
from factories import make_conflict, make_customer, make_member, make_team

from accounts.models import AgreementVersion, Application, CreditAccount, DecisionNotice, LendingCap, Product, ProposalRule
from riskops.shared.models import AuditEntry, PortfolioScope
from riskops.shared.roles import Role


@pytest.fixture
def product(db: None) -> Product:
    return make_line_product()


TYPED = {
    "application_no": "AP-7",
    "product_code": "std",
    "customer_no": "",
    "name": "王小明",
    "national_id": "110101199001010011",
    "phone": "+8613800138000",
    "language": "zh-hans",
    "requested_limit": "20,000",
    "declared_income": "8000",
    "employment": "employed",
    "repayment": "installments",
    "agreement": "agreement-1",
    "disclosure": "disclosure-1",
    "accepted_on": "2025-03-10",
    "consents": ["bureau", "sms"],
    "consent_source": "form 12",
}


def test_an_application_is_typed_proposed_decided_and_told_in_the_browser(product: Product) -> None:
    analyst = Person(Role.ANALYST)
    browser = at(analyst)
    assert "Declared monthly income" in page(browser.get("/applications/new/"))
    sent = browser.post("/applications/new/", TYPED)
    application = Application.objects.get()
    assert sent["Location"] == f"/applications/{application.pk}/"
    # The very same form again is no second application.
    assert browser.post("/applications/new/", TYPED)["Location"] == sent["Location"]
    assert sorted(application.consents.filter(is_given=True).values_list("kind", flat=True)) == ["bureau", "sms"]

    listed = page(browser.get("/applications/"))
    assert "AP-7" in listed and "王••" in listed and "王小明" not in listed and "30 days left" in listed
    shown = page(browser.get(sent["Location"]))
    assert (
        "王小明" not in shown and "••••0011" in shown and "¥\u202f16,000.00" in shown and "New customer with an income" in shown
    )

    form = {"version": application.version, "outcome": "grant", "limit": "16000", "reason_code": "granted_less", "note": ""}
    preview = page(browser.post(f"{sent['Location']}decide/", form, headers={"HX-Request": "true"}))
    assert "You may decide this alone" in preview and "¥\u202f16,000.00" in preview
    assert not CreditAccount.objects.exists()
    assert browser.post(f"{sent['Location']}decide/", form).status_code == 302
    granted = page(browser.get(sent["Location"]))
    assert "same verdict" in granted and "/accounts/AP-7/" in granted
    assert DecisionNotice.objects.count() == 1
    page(browser.get("/accounts/AP-7/"))
    assert "AP-7" in page(browser.get("/applications/?list=granted"))


def test_without_a_published_text_the_form_says_who_publishes_one(product: Product) -> None:
    browser = at(Person(Role.ANALYST))
    assert "nothing is granted without" not in page(browser.get("/applications/new/"))
    AgreementVersion.objects.all().delete()
    assert page(browser.get("/applications/new/")).count("legal publishes one under Agreements") == 2


def test_what_no_rule_has_judged_says_so_and_waits_for_nothing_when_it_is_over(product: Product) -> None:
    application = received(product)
    address = f"/applications/{application.pk}/"
    browser = at(Person(Role.ANALYST))
    assert "as rules saw them on" in page(browser.get(address))
    Application.objects.update(proposed_on=None, proposal={}, facts={}, status="received")
    waiting = page(browser.get(address))
    assert "The rules have not proposed anything for this application." in waiting and "None yet." in waiting
    assert "as rules saw them on" not in waiting and "close of business yet" not in waiting
    Application.objects.update(status="expired", ended_on=OPEN)
    over = page(browser.get(address))
    assert "The rules have not proposed anything for this application." in over and "None yet." not in over


def test_what_is_refused_stands_beside_its_field_and_nothing_is_lost(product: Product) -> None:
    browser = at(Person(Role.ANALYST))
    shown = page(browser.post("/applications/new/", {**TYPED, "national_id": "", "purpose": "typed with care"}), 422)
    assert "An application names a person" in shown and "typed with care" in shown
    browser.post("/applications/new/", TYPED)
    shown = page(browser.post("/applications/new/", {**TYPED, "application_no": "AP-8"}), 422)
    assert "has an open application, AP-7" in shown
    application = Application.objects.get()
    form = {"version": application.version, "outcome": "grant", "limit": "20000.01", "reason_code": "granted", "note": "kept"}
    refused = page(browser.post(f"/applications/{application.pk}/decide/", form), 422)
    assert "at most the ¥\u202f20,000.00 asked for" in refused and "kept" in refused
    stale = page(browser.post(f"/applications/{application.pk}/decide/", {**form, "limit": "1", "version": 1}), 422)
    assert "has changed since you opened it" in stale


def test_a_second_person_judges_and_the_first_one_cannot(product: Product) -> None:
    application = received(product, requested_limit_minor=6_000_000, declared_income_minor=5_000_000)
    analyst, approver = Person(Role.ANALYST), Person(Role.APPROVER)
    one = f"/applications/{application.pk}/"
    form = {"version": application.version, "outcome": "grant", "limit": "60000", "reason_code": "granted", "note": ""}
    assert at(analyst).post(f"{one}decide/", form).status_code == 302
    assert "you decided it" in page(at(analyst).get("/applications/?list=to_approve"))
    assert "yours to judge" in page(at(approver).get("/applications/?list=to_approve"))
    application.refresh_from_db()
    assert at(analyst).post(f"{one}approve/", {"version": application.version}).status_code == 403
    assert f"{one}approve/" in page(at(approver).get(one))
    assert at(approver).post(f"{one}back/", {"version": application.version, "reason": "pay slips"}).status_code == 302
    application.refresh_from_db()
    assert at(analyst).post(f"{one}decide/", {**form, "version": application.version}).status_code == 302
    application.refresh_from_db()
    assert at(approver).post(f"{one}approve/", {"version": application.version, "remark": ""}).status_code == 302
    assert Application.objects.get().status == "granted"


def test_asked_again_and_withdrawn(product: Product) -> None:
    application = received(product)
    browser = at(Person(Role.ANALYST))
    one = f"/applications/{application.pk}/"
    assert browser.post(f"{one}again/", {"version": application.version}).status_code == 302
    application.refresh_from_db()
    assert browser.post(f"{one}withdraw/", {"version": application.version, "reason": "called in"}).status_code == 302
    assert "called in" in page(browser.get("/applications/?list=ended")) + page(browser.get(one))


def test_personal_data_is_shown_once_for_a_reason_that_is_kept(product: Product) -> None:
    application = received(product)
    browser = at(Person(Role.ANALYST))
    one = f"/applications/{application.pk}/reveal/"
    assert "王小明" not in page(browser.post(one, {"reason": "x"}), 422)
    assert "王小明" in page(browser.post(one, {"reason": "call the applicant back"}))
    line = AuditEntry.objects.get(action="customer.reveal")
    assert (line.subject_key, line.reason) == (application.application_no, "call the applicant back")


def test_only_products_in_sight_and_no_relatives(product: Product) -> None:
    customer = make_customer(person={"name": "Ann Lee", "national_id": "11"})
    theirs = received(product, person={}, customer_no=customer.customer_no)
    other = received(make_line_product(product_code="other"))
    analyst = Person(Role.ANALYST)
    make_member(make_team(products=["std"]), analyst.user)
    make_conflict(analyst.user, customer)
    browser = at(analyst)
    assert other.application_no not in page(browser.get("/applications/?list=all"))
    assert browser.get(f"/applications/{other.pk}/").status_code == 404
    assert browser.get(f"/applications/{theirs.pk}/").status_code == 403


@pytest.mark.parametrize("search", ["AP-7", "王小明", "110101 1990 01010011", "+8613800138000"])
def test_an_applicant_is_found_by_number_name_phone_and_identity(product: Product, search: str) -> None:
    browser = at(Person(Role.ANALYST))
    browser.post("/applications/new/", TYPED)
    received(product)
    assert "AP-7" in page(browser.post("/applications/?list=all", {"q": search}))
    assert "No application fits" in page(browser.post("/applications/?list=all", {"q": "nobody"}))


@pytest.mark.parametrize("name", ["open", "to_approve", "granted", "refused", "ended", "all", "nonsense"])
def test_every_list_opens_empty_and_full(product: Product, name: str) -> None:
    browser = at(Person(Role.MANAGER))
    page(browser.get(f"/applications/?list={name}"))
    received(product)
    page(browser.get(f"/applications/?list={name}&before=9"))


def test_a_long_list_goes_on_by_keyset(product: Product) -> None:
    for _number in range(52):
        received(product)
    browser = at(Person(Role.ANALYST))
    first = page(browser.get("/applications/"))
    oldest = Application.objects.order_by("-pk")[49].pk
    assert f"before={oldest}" in first
    assert page(browser.get(f"/applications/?before={oldest}")).count("data-row>") == 2


# Proposal rules ----------------------------------------------------------------------------------------------------

DRAFT = {
    "code": "students",
    "order": "5",
    "name_en": "Students",
    "name_zh": "学生",
    "rule": 'employment = "student"',
    "outcome": "refuse",
    "reason_code": "policy",
    "share_percent": "",
    "income_multiple": "",
    "note": "asked for by risk",
}


def test_a_rule_is_drafted_tried_approved_by_another_and_speaks(product: Product) -> None:
    received(product, employment="student")
    received(product)
    lead, approver = Person(Role.TEAM_LEAD), Person(Role.APPROVER)
    sent = at(lead).post("/proposal-rules/draft/", DRAFT)
    version = ProposalRule.objects.get(code="students")
    one = f"/proposal-rules/{version.pk}/"
    assert sent["Location"] == one
    early = at(approver).post(f"{one}approve/", {"revision": 1, "live_from": OPEN.isoformat()})
    assert "has not been tried as it stands" in page(early, 422)
    assert at(lead).post(f"{one}try/", {"revision": 1}).status_code == 302
    tried = page(at(lead).get(one))
    assert "It holds for 1 of the 2 latest applications." in tried
    assert received(product, employment="student").proposal["outcome"] == "grant"
    version.refresh_from_db()
    approve = {"revision": version.revision, "live_from": OPEN.isoformat()}
    assert at(lead).post(f"{one}approve/", approve).status_code == 403
    assert at(approver).post(f"{one}approve/", approve).status_code == 302
    assert received(product, employment="student").proposal["rule"] == "students"

    # The next version ends this one on its day; a change of a draft has to be tried again.
    assert (
        at(lead).post("/proposal-rules/draft/?of=students", {**DRAFT, "outcome": "refer", "reason_code": ""}).status_code == 302
    )
    second = ProposalRule.objects.get(code="students", number=2)
    at(lead).post(f"/proposal-rules/{second.pk}/try/", {"revision": 1})
    at(lead).post(f"/proposal-rules/{second.pk}/change/", {**DRAFT, "rule": "term_months > 24", "revision": 2})
    second.refresh_from_db()
    assert (second.rule, second.dry_run) == ("term_months > 24", None)
    at(lead).post(f"/proposal-rules/{second.pk}/try/", {"revision": 3})
    assert "The rule holds for none of" in page(at(lead).get(f"/proposal-rules/{second.pk}/"))
    late = {"revision": 4, "live_from": "2025-04-01"}
    assert "Confirm that this is meant" in page(at(approver).post(f"/proposal-rules/{second.pk}/approve/", late), 422)
    at(approver).post(f"/proposal-rules/{second.pk}/approve/", {**late, "is_warning_accepted": "on"})
    version.refresh_from_db()
    assert str(version.live_until) == "2025-04-01"
    assert "students v2" in page(at(lead).get("/proposal-rules/"))
    second.refresh_from_db()
    ended = {"revision": second.revision, "until": "2025-05-01", "reason": "no longer wanted"}
    assert at(approver).post(f"/proposal-rules/{second.pk}/end/", ended).status_code == 302


def test_a_dry_run_of_a_proposal_rule_shows_the_products_in_sight(product: Product) -> None:
    other = make_line_product(product_code="other")
    received(product, employment="student")
    hidden = received(other, employment="student")
    received(other)
    lead = at(Person(Role.TEAM_LEAD))
    lead.post("/proposal-rules/draft/", DRAFT)
    version = ProposalRule.objects.get(code="students")
    one = f"/proposal-rules/{version.pk}/"
    lead.post(f"{one}try/", {"revision": 1})
    limited = Person(Role.APPROVER)
    PortfolioScope.objects.create(user=limited.user, product_code=product.product_code)
    whole, part = page(lead.get(one)), page(at(limited).get(one))
    assert "It holds for 2 of the 3 latest applications." in whole and hidden.application_no in whole
    assert "It holds for 1 of the 1 latest applications." in part and hidden.application_no not in part
    # Its lines in the trail name the figures of all of it.
    assert "proposal_rule.try" in whole and "proposal_rule.try" not in part
    found = [client.get(f"/api/v1{one}").json()["dry_run"] for client in (lead, at(limited))]
    assert [(run["holds"], run["of"], len(run["movers"])) for run in found] == [(2, 3, 2), (1, 1, 1)]
    checks = [
        client.post("/rules/applications/check/", {"rule": DRAFT["rule"]}).content.decode() for client in (lead, at(limited))
    ]
    assert ["2 applications of the 3 latest" in checks[0], "1 application of the 1 latest" in checks[1]] == [True, True]
    assert at(limited).post(f"{one}approve/", {"revision": 2, "live_from": OPEN.isoformat()}).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rule": "shoe_size > 3"}, "There is no fact"),
        ({"rule": "requested_limit >"}, "column"),
        ({"reason_code": ""}, "names the reason that the customer is told"),
        ({"share_percent": "50"}, "Only a rule that proposes to grant"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_beside_its_field(product: Product, wrong: dict[str, str], message: str) -> None:
    shown = page(at(Person(Role.TEAM_LEAD)).post("/proposal-rules/draft/", {**DRAFT, **wrong}), 422)
    assert message in shown and "asked for by risk" in shown
    assert not ProposalRule.objects.filter(code="students").exists()


def test_a_draft_is_put_aside_and_there_is_one_at_a_time(product: Product) -> None:
    lead = at(Person(Role.TEAM_LEAD))
    lead.post("/proposal-rules/draft/", DRAFT)
    assert "There is a draft of students already" in page(lead.post("/proposal-rules/draft/", DRAFT), 422)
    version = ProposalRule.objects.get(code="students")
    assert lead.post(f"/proposal-rules/{version.pk}/discard/", {"revision": 1}).status_code == 302
    assert lead.post("/proposal-rules/draft/", DRAFT).status_code == 302
    assert ProposalRule.objects.filter(code="students").order_by("-number")[0].number == 2


def test_a_manager_sets_the_caps_in_the_admin(product: Product) -> None:
    manager = at(Person(Role.MANAGER))
    cap = LendingCap.objects.get(code="internet_loan")
    form = {"code": cap.code, "kind": cap.kind, "currency": "XXQ", "most": "150000", "source": cap.source, "is_active": "on"}
    assert "no currency of ISO 4217" in page(manager.post(f"/admin/accounts/lendingcap/{cap.pk}/change/", form))
    assert manager.post(f"/admin/accounts/lendingcap/{cap.pk}/change/", {**form, "currency": "CNY"}).status_code == 302
    assert AuditEntry.objects.get(action="lending_cap.edit").after["most"] == 150_000
    received(product)
    page(manager.get("/admin/accounts/application/"))
    page(manager.get(f"/admin/accounts/application/{Application.objects.get().pk}/change/"))

"""Lists that say something about a customer pass over those with whom the reader has a conflict: applications and reviews."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from application_books import applied, make_line_product
from deciding_books import CLOSED, make_late_account
from django.urls import reverse
from factories import make_account, make_conflict, make_customer, make_product, make_user, set_business_date
from rest_framework.test import APIClient

from accounts.models import Application, CreditAccount, LendingCap, Product, Review
from accounts.operations.applications.proposing import other_limits
from accounts.operations.applications.receiving import receive_application
from accounts.operations.reviewing import Findings, open_review, save_review
from riskops.shared.audit import COMMAND, Actor
from riskops.shared.people.refusals import ConflictDeclared
from riskops.shared.roles import Role


@pytest.fixture
def product(db: None) -> Product:
    return make_line_product()


def reader(role: Role = Role.TEAM_LEAD) -> tuple[Any, APIClient]:
    user = make_user(role)
    api = APIClient()
    api.force_authenticate(user)
    return user, api


def test_the_application_of_a_relative_is_in_no_list_and_no_count(product: Product, client: Any) -> None:
    relative, other = make_customer(), make_customer()
    for customer in (relative, other):
        said = applied(product, person={}, customer_no=customer.customer_no)
        receive_application(actor=COMMAND, applied=said)
    user, api = reader()
    make_conflict(user, relative)
    listed = api.get("/api/v1/applications/?list=open").json()["results"]
    assert [row["customer_no"] for row in listed] == [other.customer_no]
    client.force_login(user)
    page = client.get("/applications/").context["page"]
    assert ([row.application.customer_id for row in page.rows], page.counts["open"]) == ([other.pk], 1)
    hidden = Application.objects.get(customer=relative)
    assert api.get(f"/api/v1/applications/{hidden.pk}/").status_code == 403


def test_beside_an_application_stands_none_of_a_relative_with_the_same_phone(product: Product, client: Any) -> None:
    phone = {"phone": "+8613800009999"}
    relative, friend = (make_customer(person={"name": name, **phone}) for name in ("Li", "Wang"))
    others = [
        receive_application(actor=COMMAND, applied=applied(product, person={}, customer_no=customer.customer_no))
        for customer in (relative, friend)
    ]
    own = receive_application(
        actor=COMMAND, applied=applied(product, person={"name": "Zhao", "national_id": "110101199001019999", **phone})
    )
    user, _api = reader()
    client.force_login(user)

    def beside() -> set[int]:
        return {other.pk for other in client.get(f"/applications/{own.pk}/").context["page"].earlier}

    assert beside() == {other.pk for other in others}
    make_conflict(user, relative)
    assert beside() == {others[1].pk}


def test_nobody_takes_in_an_application_of_a_relative(product: Product) -> None:
    relative = make_customer()
    user, _api = reader(Role.ANALYST)
    make_conflict(user, relative)
    said = applied(product, person={}, customer_no=relative.customer_no)
    with pytest.raises(ConflictDeclared):
        receive_application(actor=Actor.of(user), applied=said)
    assert not Application.objects.exists()


def test_the_review_of_a_relative_is_in_no_list_no_count_and_no_finding(client: Any, db: None) -> None:
    mine: CreditAccount = make_late_account(account_no="MINE")
    theirs = make_late_account(account_no="THEIRS")
    for account in (mine, theirs):
        open_review(actor=COMMAND, account_id=account.pk, purpose="looks odd")
    user, api = reader(Role.ANALYST)
    make_conflict(user, mine.customer)
    assert [row["account_no"] for row in api.get("/api/v1/reviews/").json()["results"]] == ["THEIRS"]
    client.force_login(user)
    page = client.get("/reviews/").context["page"]
    assert ([row.account_no for row in page.rows], page.count, page.waiting) == (["THEIRS"], 1, 1)
    listed = client.get(reverse("admin:accounts_review_changelist")).content.decode()
    assert "THEIRS" in listed and "MINE" not in listed


def test_a_sample_shows_the_reviews_that_who_draws_it_may_see(db: None) -> None:
    seen, hidden = make_late_account(account_no="SEEN"), make_late_account(account_no="HIDDEN")
    closer = Actor.of(make_user(Role.ANALYST))
    for account in (seen, hidden):
        review = open_review(actor=closer, account_id=account.pk, purpose="looks odd")
        findings = Findings("no_action", _reasons(), "fine")
        save_review(actor=closer, review_id=review.pk, version=review.version, findings=findings, closes=True)
    user, api = reader()
    make_conflict(user, hidden.customer)
    said = {"closed_from": CLOSED, "closed_to": CLOSED, "percent": 100, "seed": "march"}
    answer = api.post("/api/v1/reviews/samples/", said, format="json")
    assert answer.status_code == 201, answer.json()
    assert [grade["review_id"] for grade in answer.json()["grades"]] == [Review.objects.get(account=seen).pk]


def _reasons() -> tuple[str, ...]:
    from accounts.models import ReviewReason

    return (ReviewReason.objects.filter(is_active=True).values_list("code", flat=True)[0],)


def test_every_line_of_a_customer_counts_against_the_cap_but_the_one_that_is_changed(product: Product) -> None:
    set_business_date(date(2025, 3, 10))
    customer = make_customer()
    changed = make_account(customer=customer, product=product, credit_limit_minor=100)
    # A second line of the same product, and one of another that no close has seen yet.
    make_account(customer=customer, product=product, credit_limit_minor=2_000)
    make_account(customer=customer, product=make_product(), credit_limit_minor=30_000)
    application = Application(product=product, customer=customer)
    assert changed.pk < CreditAccount.objects.latest("pk").pk
    assert other_limits(application) == 32_000
    assert LendingCap.objects.exists()

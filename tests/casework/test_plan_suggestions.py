"""Suggestions and the plans proposed from them: what was chosen is what is proposed, whatever the instrument."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client
from factories import TESTER, make_account, make_installment, make_product
from plan_books import CLOSED, OPEN, People, close_through, late_account

from accounts.models import CreditAccount
from accounts.operations.payments import post_payment
from accounts.operations.rebuilding import rebuild_accounts
from accounts.operations.refusals import ReasonMissing
from casework.models import Plan, ReliefTerms
from casework.operations.plans.deciding import withdraw_plan
from casework.operations.plans.proposing import dues_in, suggestions
from casework.operations.plans.refusals import DeferralMovesDays, LengthGivenTwice, PlanReasonTooShort
from casework.operations.plans.standing import hold_account
from riskops.shared.audit import Actor

pytestmark = pytest.mark.django_db


def open_to_all_account() -> CreditAccount:
    """Return an account late by 100.00 that paid three times what fell due, with 50.00 to come: every instrument is open."""
    account = make_account(product=make_product(penalty_rate_ppm=1_000), opened_on=date(2024, 1, 1), account_no="A-SUGGEST")
    for due in (date(2024, 12, 1), date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1)):
        make_installment(account, due_date=due, principal=10_000)
    make_installment(account, due_date=date(2025, 5, 1), principal=5_000)
    rebuild_accounts([account.pk], as_of=date(2025, 3, 8), ahead_on=None)
    close_through(CLOSED, first=date(2025, 3, 9))
    for number, day in enumerate([date(2024, 12, 20), date(2025, 1, 20), date(2025, 2, 20)]):
        post_payment(actor=TESTER, account_id=account.pk, amount_minor=10_000, value_date=day, reference=f"T{number}")
    return account


@pytest.fixture
def people() -> People:
    return People()


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("covers", ["late", "open"])
@pytest.mark.parametrize("instrument", ReliefTerms.Instrument.values)
def test_the_suggestion_that_is_chosen_is_the_plan_that_is_proposed(people: People, instrument: str, covers: str) -> None:
    account = open_to_all_account()
    terms = ReliefTerms.objects.filter(instrument=instrument).latest("version")
    held = hold_account(account.pk, Actor.of(people.analyst))
    listed = suggestions(held, terms, covers=covers, form=None)
    assert len(listed) > 1 and len({one.dues for one in listed}) == len(listed)

    site = browser(people.analyst)
    address = f"/accounts/A-SUGGEST/relief/?instrument={instrument}&covers={covers}"
    shown = re.findall(r"&amp;number=(\d+)#propose", site.get(address).content.decode())
    assert shown == [str(one.number) for one in listed]
    for number, one in zip(shown, listed, strict=True):
        page = site.get(f"{address}&number={number}").content.decode()
        # Where the form sends it, the number stands that was chosen.
        field = re.search(r'<input type="number" name="number" value="(\d+)"', page)
        assert field is not None and field[1] == number
        sent = {"propose": "1", "instrument": instrument, "covers": covers, "number": field[1], "reason": "lost the job"}
        assert site.post("/accounts/A-SUGGEST/relief/", sent).status_code == 302
        plan = Plan.objects.get(status="proposed")
        assert dues_in(plan) == one.dues
        withdraw_plan(actor=Actor.of(people.analyst), reference=plan.reference, reason="the next one")


def test_a_deferral_asks_for_months_and_says_so(people: People) -> None:
    open_to_all_account()
    page = browser(people.analyst).get("/accounts/A-SUGGEST/relief/?instrument=deferral").content.decode()
    assert page.count("Months later") == 2 and 'name="number" value="1"' in page
    sent = {"propose": "1", "instrument": "deferral", "covers": "late", "number": "", "reason": "lost the job"}
    answer = browser(people.analyst).post("/accounts/A-SUGGEST/relief/", sent)
    assert answer.status_code == 422 and "Give the months by which each due date moves." in answer.content.decode()
    assert "Number of instalments" not in page
    assert 'name="amount"' not in page and 'name="first_due"' not in page
    page = browser(people.analyst).get("/accounts/A-SUGGEST/relief/?instrument=restructure").content.decode()
    assert page.count("Number of instalments") == 2 and "Months later" not in page


def test_two_lengths_at_once_are_refused_with_both(people: People) -> None:
    account = late_account(account_no="A-PLAN")
    with pytest.raises(LengthGivenTwice, match=r"3 instalments and .*50\.00 a month are two plans"):
        people.proposes(account, number=3, amount_minor=5_000)

    sent = {"instrument": "restructure", "covers": "late", "number": "3", "amount": "50.00", "reason": "lost the job"}
    site = browser(people.analyst)
    answer = site.post("/accounts/A-PLAN/relief/", sent | {"propose": "1"})
    assert answer.status_code == 422 and "are two plans" in answer.content.decode()
    answer = site.post("/api/v1/plans/", sent | {"account_no": "A-PLAN"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "length_given_twice")
    assert not Plan.objects.exists()


def test_a_reason_of_next_to_nothing_is_refused(people: People) -> None:
    account = late_account(account_no="A-PLAN")
    for reason in ("x", " bad  "):
        with pytest.raises(PlanReasonTooShort, match="at least 5 characters"):
            people.proposes(account, reason=reason)
    with pytest.raises(ReasonMissing):
        people.proposes(account, reason="  ")
    assert not Plan.objects.exists()


def test_a_deferral_takes_neither_an_amount_nor_a_first_day(people: People) -> None:
    account = late_account()
    for more in ({"amount_minor": 5_000}, {"number": 2, "first_due": OPEN}):
        with pytest.raises(DeferralMovesDays):
            people.proposes(account, instrument="deferral", **more)

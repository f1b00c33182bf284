"""The repayment simulator on the customer's own page, and the plan that is drawn for them beside the other ways."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from factories import TESTER, make_customer, make_user
from plan_books import OPEN, People, late_account

from accounts.models import CreditAccount
from accounts.operations.payments import post_payment
from accounts.queries.account_page import load_account
from accounts.queries.simulating import Asked, own_first_day, simulate_account, simulate_own
from accounts.rules.simulation import Paid, Way
from casework.models import Plan
from outreach.customer_links import token_of
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet() -> Any:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def account() -> CreditAccount:
    person = {"name": "王芳", "national_id": "11010119900101123X"}
    return late_account(account_no="A-SIM", customer=make_customer(person=person))


@pytest.fixture
def people() -> People:
    return People()


def asks(account: CreditAccount, **sent: str) -> Any:
    link = f"/c/{token_of(account.pk, today=timezone.localdate())}/"
    return Client().post(f"{link}simulation/?lang=en", {"until": "2025-06-30", "proof": "123X", **sent})


def ways(page: str) -> dict[str, list[str]]:
    import re

    table = page.split('aria-labelledby="simulation"')[1].split("<tbody>")[1].split("</tbody>")[0]
    rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', table)
    return {name: [re.sub("[^0-9.,]", "", cell) for cell in re.findall(r"<td.*?>(.*?)</td>", cells)] for name, cells in rows}


def test_what_is_owed_on_a_later_day_by_each_way_of_paying(account: CreditAccount, people: People) -> None:
    people.approves(people.proposes(account))
    lines = AuditEntry.objects.count()

    page = asks(account, amount="50.00").content.decode()

    # By 30 June: 100.00 of principal at 0.10 a day since 1 March, 50.00 at 0.05 since 1 May, each from the day after.
    found = ways(page)
    nothing, minimum, whole, once, plan = found.values()
    assert nothing == ["0.00", "170.10", "121"]
    assert (minimum[1:], whole[1:]) == (["0.00", "0"], ["0.00", "0"])
    assert minimum[0] == "156.00" == whole[0]
    assert once[0] == "50.00" and once[2] == "121"
    # The plan takes over 106.00 and leaves the 50.00 of May where they are.
    assert list(found)[-1] == "restructure: 3 instalments" and plan == ["156.00", "0.00", "0"]
    assert "156.00" in page and "nothing is agreed" in page
    assert AuditEntry.objects.count() == lines


def test_without_the_proof_nothing_is_shown_and_with_a_pass_none_is_asked_again(account: CreditAccount) -> None:
    wrong = asks(account, proof="0000")
    assert wrong.status_code == 422 and "156.00" not in wrong.content.decode()
    assert "not the last four characters" in wrong.content.decode()
    page = asks(account).content.decode()
    own_pass = page.split('name="own_pass" value="')[1].split('"')[0]
    for _ in range(6):
        assert "170.10" in asks(account, proof="", own_pass=own_pass).content.decode()

    cache.clear()
    other = late_account_beside(account)
    assert asks(other, proof="", own_pass=own_pass).status_code == 422
    assert asks(account, proof="", own_pass=own_pass + "x").status_code == 422


def late_account_beside(account: CreditAccount) -> CreditAccount:
    from factories import make_account

    return make_account(
        product=account.product, customer=make_customer(person={"name": "李娜", "national_id": "110101199001019999"})
    )


@pytest.mark.parametrize("until", ["2025-03-11", "2026-03-13", "soon", ""])
def test_a_day_that_cannot_be_looked_at_is_refused_with_what_can(account: CreditAccount, until: str) -> None:
    answer = asks(account, until=until)
    assert answer.status_code == 422
    assert 'class="error"' in answer.content.decode() and "170.10" not in answer.content.decode()


def test_the_customer_sees_what_the_simulator_of_the_site_says(account: CreditAccount, people: People) -> None:
    people.proposes(account, covers="open", number=6)
    asked = Asked(days=111, once=Paid(OPEN, 4_000))
    loaded = load_account("A-SIM", user=make_user(Role.ANALYST), as_of=None, today=OPEN)

    site = simulate_account(loaded, asked)
    own = simulate_own(account, asked, start=own_first_day(account, today=OPEN))

    assert [(c.way, c.label, c.paid, c.points) for c in own.courses] == [(c.way, c.label, c.paid, c.points) for c in site.courses]
    assert own.courses[-1].way is Way.PLAN


def test_a_drawn_plan_is_compared_whole_and_only_while_it_could_be_signed(account: CreditAccount, people: People) -> None:
    plan = people.proposes(account, number=3)
    start = own_first_day(account, today=OPEN)
    course = simulate_own(account, Asked(days=360), start=start).courses[-1]
    # The schedule holds everything owed on the first day and the price of the plan, to the cent.
    owed = simulate_own(account, Asked(days=360), start=start).owed_minor
    assert course.paid_minor == owed + plan.price_minor == 15_600
    assert [one.day for one in course.paid] == [date(2025, 4, 11), date(2025, 5, 1), date(2025, 5, 11), date(2025, 6, 11)]

    post_payment(actor=TESTER, account_id=account.pk, amount_minor=1_000, value_date=OPEN, reference="T1")
    assert Way.PLAN not in [one.way for one in simulate_own(account, Asked(), start=start).courses]
    Plan.objects.update(status="withdrawn", ended_on=OPEN)
    assert Way.PLAN not in [one.way for one in simulate_own(account, Asked(), start=start).courses]


def test_the_page_and_the_api_of_the_site_show_it_beside_the_others(account: CreditAccount, people: People) -> None:
    people.approves(people.proposes(account, number=3))
    site = Client()
    site.force_login(people.analyst)
    assert "restructure: 3 instalments" in site.get("/accounts/A-SIM/simulation/").content.decode()
    told = site.get("/api/v1/accounts/A-SIM/simulation/").json()["ways"][-1]
    assert (told["way"], told["paid_total"]) == ("plan", "156.00")

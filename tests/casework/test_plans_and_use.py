"""No new use while a plan stands: what the payment platform hears at the signature, by the close and at once, and at its end."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from factories import TESTER, make_user
from plan_books import OPEN, People, close_through, late_account
from test_plans import change_terms, follow_committed

from accounts.models import AgreedBlock, CreditAccount
from accounts.operations.payments import post_payment, reverse_payment
from casework.models import Plan, ReliefTerms
from casework.operations.plans.following import break_plan, follow_shard
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> CreditAccount:
    return late_account(account_no="A-USE")


@pytest.fixture
def people() -> People:
    return People()


class Platform:
    """The payment platform: it asks of the account, and reads on in the feed."""

    def __init__(self) -> None:
        self.client, self.seen = Client(), 0
        self.client.force_login(make_user(Role.SERVICE))

    def asks(self) -> dict[str, Any]:
        answer = self.client.get("/api/v1/accounts/A-USE/restrictions/")
        assert answer.status_code == 200
        return answer.json()

    def hears(self) -> list[bool]:
        answer = self.client.get(f"/api/v1/restrictions/changes/?after={self.seen}").json()
        self.seen = answer["next"]
        return [row["may_use"] for row in answer["results"]]


def told() -> list[tuple[bool, str]]:
    rows = AuditEntry.objects.filter(action="plan.hold_use", subject_key="A-USE").order_by("pk")
    return [(row.after["may_use"], row.actor_name) for row in rows]


def test_from_the_signature_on_the_account_may_not_be_used_and_a_proposal_changes_nothing(
    account: CreditAccount, people: People
) -> None:
    platform = Platform()
    plan = people.approves(people.proposes(account))
    assert (platform.asks()["may_use"], platform.hears()) == (True, [])

    plan = people.signs(plan)

    said = platform.asks()
    assert said["may_use"] is False
    assert said["restrictions"] == [
        {
            "decision": None, "agreement": plan.reference, "scope": "all", "value": "", "most": None, "since": OPEN.isoformat(),
            "until": None,
        }
    ]  # fmt: skip
    assert platform.hears() == [False]
    assert told() == [(False, "customer's app")]
    page = Client()
    page.force_login(people.analyst)
    assert "blocked until it is paid off" in page.get("/accounts/A-USE/").content.decode()


def test_paid_off_it_is_free_at_once_and_blocked_again_when_the_payment_is_undone(account: CreditAccount, people: People) -> None:
    platform = Platform()
    people.sign(account)
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=15_600, value_date=OPEN, reference="T1")
    follow_committed(account)
    assert platform.asks()["may_use"] is True

    reverse_payment(actor=TESTER, payment_no="T1", value_date=OPEN, reference="R1", reason="bounced")
    follow_committed(account)

    assert platform.asks()["may_use"] is False
    assert [may for may, _who in told()] == [False, True, False]
    # Three changes, told once each way as it stands now.
    assert platform.hears() == [False]


def test_the_close_frees_it_as_the_payment_alone_would(account: CreditAccount, people: People) -> None:
    platform = Platform()
    people.sign(account)
    platform.hears()
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=15_600, value_date=OPEN, reference="T1")

    close_through(OPEN, first=OPEN)

    assert Plan.objects.get().status == "paid"
    assert (platform.asks()["may_use"], platform.hears()) == (True, [True])
    assert told()[-1] == (True, "close-of-business")
    # Once more it changes nothing and says nothing.
    follow_shard(as_of=OPEN, first_account_id=0, last_account_id=account.pk)
    assert platform.hears() == []


def test_a_miss_frees_nothing_and_the_end_of_the_plan_does(account: CreditAccount, people: People) -> None:
    platform = Platform()
    people.sign(account)
    close_through(date(2025, 4, 12), first=OPEN)
    assert Plan.objects.get().missed_since is not None
    assert platform.asks()["may_use"] is False
    close_through(date(2025, 4, 27), first=date(2025, 4, 13))
    assert Plan.objects.get().status == "broken"
    assert platform.asks()["may_use"] is True
    assert not AgreedBlock.objects.exists()


def test_ended_by_a_person_it_is_free(account: CreditAccount, people: People) -> None:
    platform = Platform()
    plan = people.sign(account)
    close_through(OPEN, first=OPEN)

    from riskops.shared.audit import Actor

    break_plan(actor=Actor.of(people.lead), reference=plan.reference, reason="asked for it")

    assert platform.asks()["may_use"] is True
    assert told()[-1] == (True, people.lead.get_username())


def test_where_the_terms_say_so_it_waits_for_the_cure_or_is_not_blocked_at_all(account: CreditAccount, people: People) -> None:
    platform = Platform()
    change_terms(new_use="cured", observed_months=0, observed_periods=1)
    people.sign(account, number=1, covers="open")
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=15_600, value_date=OPEN, reference="T1")
    follow_committed(account)
    # One period is observed, and it is due on 11 April.
    assert (Plan.objects.get().status, platform.asks()["may_use"]) == ("paid", False)
    close_through(date(2025, 4, 11), first=OPEN)
    assert (Plan.objects.get().status, platform.asks()["may_use"]) == ("cured", True)


def test_terms_without_the_switch_block_nothing(account: CreditAccount, people: People) -> None:
    platform = Platform()
    change_terms(new_use="")
    people.sign(account)
    assert (platform.asks()["may_use"], platform.hears(), told()) == (True, [], [])


def test_a_later_plan_takes_the_block_over_from_a_paid_one(account: CreditAccount, people: People) -> None:
    from factories import make_installment

    platform = Platform()
    change_terms(new_use="cured")
    first = people.sign(account)
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=15_600, value_date=OPEN, reference="T1")
    follow_committed(account)
    make_installment(account, due_date=date(2025, 8, 1), principal=700, booked_on=OPEN, order_no="O9")

    later = people.sign(account, covers="open", number=2)

    assert Plan.objects.get(pk=first.pk).status == "paid"
    assert [row["agreement"] for row in platform.asks()["restrictions"]] == [later.reference]


def test_as_shipped_all_terms_block_use_and_the_database_still_keeps_them() -> None:
    assert set(ReliefTerms.objects.values_list("new_use", flat=True)) == {"paid"}
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        ReliefTerms.objects.update(new_use="")

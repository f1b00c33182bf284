"""Lists that are decided on together: what approves needs no reason, what rejects asks for one before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from deciding_books import Person
from django.utils import timezone
from factories import make_account, make_customer, make_installment, make_product, make_user
from playwright.sync_api import Page, expect
from write_off_books import DAY, age, make_lost, only_proposal, proposes

from casework.operations.tier_drafts import draft_policy
from outreach.operations.strategies import STRATEGIES
from outreach.operations.versions import draft_next
from recovery.models import Letter
from recovery.operations.letters.proposing import propose_letters
from riskops.shared.audit import COMMAND
from riskops.shared.roles import Role

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PERSON = {"name": "王小明", "phone": "13900000001", "address": "北京市朝阳区建国路88号"}


def test_letters_are_approved_without_a_reason_and_rejected_with_one(
    visitor: Callable[..., Page], transactional_db: None
) -> None:
    product = make_product(name="Card", penalty_rate_ppm=0)
    for _number in range(2):
        account = make_account(product=product, customer=make_customer(person=PERSON), opened_on=date(2020, 1, 1))
        make_installment(account, due_date=DAY - timedelta(days=100), principal=1_000_000)
        age(account)
    propose_letters(actor=COMMAND, now=timezone.now())
    first, second = Letter.objects.order_by("pk")
    make_user(Role.LEGAL, username="legal")
    page = visitor("legal")
    page.goto("/letters/?tab=proposed")

    page.locator(f"[name=letters][value='{first.pk}']").check()
    page.get_by_role("button", name="Reject the chosen").click()
    expect(page.get_by_label("Reason for rejecting")).to_be_focused()
    page.get_by_role("button", name="Approve the chosen").click()
    expect(page.locator(".notice-success")).to_contain_text("1 letter is approved")

    page.goto("/letters/?tab=proposed")
    page.locator(f"[name=letters][value='{second.pk}']").check()
    page.get_by_label("Reason for rejecting").fill("He pays next week.")
    page.get_by_role("button", name="Reject the chosen").click()
    expect(page.locator(".notice-success")).to_contain_text("1 letter is not approved")
    second.refresh_from_db()
    assert (second.status, second.reason) == ("rejected", "He pays next week.")


def test_write_offs_are_sent_and_approved_without_a_reason_for_rejecting(
    visitor: Callable[..., Page], transactional_db: None
) -> None:
    account = make_lost()
    proposes(Person(Role.ANALYST), account)
    for role in (Role.TEAM_LEAD, Role.APPROVER):
        make_user(role, username=role.name.lower())
    lead, approver = visitor("team_lead"), visitor("approver")

    lead.goto("/write-offs/?tab=proposed")
    lead.locator("[name=write_offs]").check()
    # Two fields, two names: why it is written off, and why it is not.
    expect(lead.get_by_label("Reason", exact=True)).to_have_count(1)
    lead.get_by_role("button", name="Reject the chosen").click()
    expect(lead.get_by_label("Reason for rejecting")).to_be_focused()
    lead.get_by_role("button", name="Send the chosen to approval").click()
    expect(lead.locator(".notice-success")).to_contain_text("1 account is sent to approval")

    approver.goto("/write-offs/?tab=sent")
    approver.locator("[name=write_offs]").check()
    approver.get_by_role("button", name="Write the chosen off").click()
    expect(approver.locator(".notice-success")).to_contain_text("1 account is written off")
    assert only_proposal().status == "written_off"


@pytest.mark.parametrize(
    ("address", "add", "card"),
    [("/tiers/2/edit/", "Add a tier", ".tier-card"), ("/strategies/standard/2/edit/", "Add a step", ".step-card")],
)
def test_what_was_added_by_mistake_is_removed_again_empty_as_it_is(
    visitor: Callable[..., Page], transactional_db: None, address: str, add: str, card: str
) -> None:
    draft_policy(actor=COMMAND, copy_of=1)
    draft_next(STRATEGIES, actor=COMMAND, copy_of="standard")
    make_user(Role.TEAM_LEAD, Role.ADMINISTRATOR, username="lead")
    page = visitor("lead")
    page.goto(address)
    cards = page.locator(card)
    before = cards.count()
    page.get_by_role("button", name=add).click()
    expect(cards).to_have_count(before + 1)
    page.get_by_role("button", name="Remove").last.click()
    expect(cards).to_have_count(before)

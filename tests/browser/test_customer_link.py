"""The customer's own page in their own browser: every form of it is taken, and what is refused leads back to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from browser_day import DAY
from django.core.cache import cache
from django.utils import timezone
from factories import make_user
from playwright.sync_api import Page, expect

from accounts.models import CreditAccount
from casework.models import Plan
from casework.operations.plans.deciding import approve_plan
from casework.operations.plans.proposing import PlanAsked, propose_plan
from outreach.customer_links import token_of
from outreach.models import OptOut
from riskops.shared.audit import Actor
from riskops.shared.roles import Role

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
#: What the customer proves it with: A-02's telephone number, of which an identity number is not known.
PROOF = "0002"


@pytest.fixture
def link(late_book: None) -> str:
    """The link of A-02, which is offered a plan in three instalments."""
    cache.clear()
    account = CreditAccount.objects.select_related("customer").get(account_no="A-02")
    account.customer.language = "en"
    account.customer.save(update_fields=["language"])
    proposer, approver = (Actor.of(make_user(Role.TEAM_LEAD, username=name)) for name in ("proposer", "approver"))
    asked = PlanAsked("restructure", "late", number=3)
    plan = propose_plan(actor=proposer, account_id=account.pk, asked=asked, reason="lost the job")
    approve_plan(actor=approver, roles=["team_lead"], reference=plan.reference, now=timezone.now())
    return f"/c/{token_of(account.pk, today=timezone.localdate())}/"


def test_a_customer_reads_the_plan_and_accepts_it(visitor: Callable[..., Page], link: str) -> None:
    page = visitor()
    page.goto(link)
    plan = page.locator("section", has=page.locator("#plan"))
    plan.locator("[name=proof]").fill(PROOF)
    plan.get_by_role("button", name="Show the plan").click()
    expect(plan.locator("tbody tr")).to_have_count(3)
    # The other language, after a form was sent, is the page itself; and so is the address of the form.
    sent_to = page.url
    page.get_by_role("link", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.goto(sent_to)
    expect(page).to_have_url(re.compile(re.escape(link) + r"\?lang=en$"))

    plan.locator("[name=proof]").fill(PROOF)
    plan.get_by_role("button", name="Show the plan").click()
    plan.locator("[name=is_read]").check()
    plan.get_by_role("button", name="Accept the plan").click()
    expect(page.locator(".done")).to_contain_text("the plan is in force")
    assert Plan.objects.get().status == "active"


def test_a_customer_stops_messages_and_looks_ahead(visitor: Callable[..., Page], link: str) -> None:
    page = visitor()
    page.goto(link)
    page.locator("[name=channels][value=sms]").check()
    page.get_by_role("button", name="Stop these messages").click()
    expect(page.locator(".done")).to_contain_text("You get no more messages this way")
    assert OptOut.objects.get().channel == "sms"

    ahead = page.locator("section", has=page.locator("#simulation"))
    ahead.locator("[name=until]").fill((DAY + timedelta(days=30)).isoformat())
    ahead.locator("[name=proof]").fill(PROOF)
    ahead.get_by_role("button", name="Show what I would owe").click()
    expect(ahead.locator("tbody tr").first).to_be_visible()


def test_a_form_that_lost_its_token_leads_back_to_the_page(visitor: Callable[..., Any], link: str) -> None:
    page = visitor(meets_error_pages=True)
    page.goto(f"{link}?lang=zh-hans")
    page.context.clear_cookies()
    plan = page.locator("section", has=page.locator("#plan"))
    plan.locator("[name=proof]").fill(PROOF)
    plan.get_by_role("button").click()
    expect(page.locator(".said")).to_contain_text("页面已过期")
    page.get_by_role("link", name="返回您的页面").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    plan.locator("[name=proof]").fill(PROOF)
    plan.get_by_role("button").click()
    expect(plan.locator("tbody tr")).to_have_count(3)

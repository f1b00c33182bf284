"""A suspension from its proposal to its lifting, and what the payment platform is told at each stage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from deciding_books import OPEN, make_late_account
from factories import make_user
from playwright.sync_api import Page, expect

from accounts.models import CreditAccount, Decision, DecisionNotice, DecisionTerms
from riskops.close_of_business import close_day
from riskops.shared.audit import COMMAND
from riskops.shared.roles import Role

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

BUFFER_DAYS = 2
FIRST_DAY = OPEN + timedelta(days=BUFFER_DAYS)


@pytest.fixture
def late(transactional_db: None) -> CreditAccount:
    """An account with a limit of 10,000.00 that owes 400.00, of it 200.00 late; suspensions wait two days after their notice."""
    DecisionTerms.objects.filter(action="suspend_use").update(buffer_days=BUFFER_DAYS)
    for role in (Role.ANALYST, Role.TEAM_LEAD, Role.APPROVER, Role.SERVICE):
        make_user(role, username=role.name.lower())
    return make_late_account(account_no="LATE")


class Platform:
    """The payment platform: asks before each purchase, and follows the feed."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.after = 0

    def asks(self) -> dict[str, Any]:
        """Return what it is told of the account now."""
        answer = self.page.request.get("/api/v1/accounts/LATE/restrictions/")
        assert answer.status == 200
        found: dict[str, Any] = answer.json()
        return found

    def hears(self) -> list[tuple[str, bool]]:
        """Return what the feed has since it was read last: the account, and whether it may be used."""
        answer = self.page.request.get(f"/api/v1/restrictions/changes/?after={self.after}").json()
        self.after = answer["next"]
        return [(row["account_no"], row["may_use"]) for row in answer["results"]]


def notices(kind: str) -> list[str]:
    return list(DecisionNotice.objects.filter(kind=kind).values_list("status", flat=True))


def test_suspend_notice_buffer_appeal_lift(visitor: Callable[..., Page], late: CreditAccount) -> None:
    analyst, lead, approver = visitor("analyst"), visitor("team_lead"), visitor("approver")
    platform = Platform(visitor("service"))
    assert (platform.asks()["may_use"], platform.hears()) == (True, [])

    # Proposed: who must approve, from when, and what the customer will read are known before anything is pressed.
    analyst.goto("/accounts/LATE/decide/?action=suspend_use")
    analyst.select_option("[name=reason_code]", "overdue")
    analyst.fill("[name=note]", "nobody answers since February")
    preview = analyst.locator("#preview")
    expect(preview).to_contain_text("Needs approval by: team lead")
    expect(preview).to_contain_text("2 days after the notice at the earliest")
    expect(preview.locator(".letter[lang=en]")).to_contain_text("payments are overdue")
    expect(preview.locator(".letter[lang=zh-Hans]")).to_contain_text("暂停使用")
    assert not Decision.objects.exists()
    analyst.get_by_role("button", name="Decide or propose").click()
    expect(analyst.locator("h1 .tag")).to_have_text("proposed")
    expect(analyst.get_by_role("button", name="Approve")).to_have_count(0)
    assert (platform.asks()["restrictions"], platform.hears(), notices("decided")) == ([], [], [])

    # Approved by a second person: the notice is queued, and nothing is stopped before its day.
    lead.goto("/decisions/")
    expect(lead.locator("table")).to_contain_text("yours to judge")
    lead.get_by_role("link", name="Suspend use: all use").click()
    lead.get_by_role("button", name="Approve").click()
    expect(lead.locator("h1 .tag")).to_have_text("decided, in its buffer")
    expect(lead.locator(".letters h3 .tag").first).to_have_text("queued")
    assert (platform.asks()["may_use"], platform.hears(), notices("decided")) == (True, [], ["queued"])
    decision = Decision.objects.get()
    assert (decision.effective_on, decision.judged_by_name) == (FIRST_DAY, "team_lead")

    # One day on it still waits; on its day it holds, on the page and for the platform.
    close_day(OPEN, actor=COMMAND)
    assert platform.asks()["may_use"] is True
    close_day(OPEN + timedelta(days=1), actor=COMMAND)
    lead.goto("/accounts/LATE/")
    expect(lead.locator(".account-head .tag-bad")).to_contain_text("suspended: all use")
    told = platform.asks()
    assert (told["may_use"], told["restrictions"][0]["decision"]) == (False, decision.reference)
    assert told["restrictions"][0]["since"] == FIRST_DAY.isoformat()
    assert platform.hears() == [("LATE", False)]

    # The customer objects; whoever proposed, approved or took the appeal down does not judge it.
    analyst.goto(f"/decisions/{decision.pk}/")
    appeal = analyst.locator("details.act", has_text="Record an appeal")
    appeal.locator("summary").click()
    appeal.locator("[name=grounds]").fill("I paid on Monday, see the receipt.")
    appeal.get_by_role("button").click()
    expect(analyst.locator("#content")).to_contain_text("I paid on Monday, see the receipt.")
    assert (platform.asks()["may_use"], platform.hears()) == (False, [])
    for page in (analyst, lead):
        page.goto(f"/decisions/{decision.pk}/")
        expect(page.locator("[name=answer_en]")).to_have_count(0)

    # Granted: lifted at once, the customer answered, the platform told.
    approver.goto("/decisions/?list=appeals")
    approver.get_by_role("link", name="Suspend use: all use").click()
    answer = approver.locator("details.act", has=approver.locator("[name=answer_en]"))
    answer.locator("[name=outcome]").select_option("granted")
    answer.locator("[name=answer_en]").fill("The payment has arrived. Sorry.")
    answer.locator("[name=answer_zh]").fill("款项已到账，抱歉。")
    answer.get_by_role("button", name="Decide the appeal").click()
    expect(approver.locator("h1 .tag")).to_have_text("lifted")
    told = platform.asks()
    assert (told["may_use"], told["restrictions"], platform.hears()) == (True, [], [("LATE", True)])
    assert notices("appeal") == ["queued"]
    approver.goto("/accounts/LATE/")
    expect(approver.locator(".account-head .tag-bad")).to_have_count(0)


def test_a_suspension_is_lifted_by_hand_and_the_platform_is_told(visitor: Callable[..., Page], late: CreditAccount) -> None:
    lead, platform = visitor("team_lead"), Platform(visitor("service"))
    DecisionTerms.objects.filter(action="suspend_use").update(buffer_days=0)
    lead.goto("/accounts/LATE/decide/?action=suspend_use")
    lead.select_option("[name=scope]", "channel")
    lead.select_option("[name=scope_value]", "app")
    expect(lead.locator("#preview")).to_contain_text("You may decide this alone")
    lead.get_by_role("button", name="Decide or propose").click()
    expect(lead.locator("h1 .tag")).to_have_text("in force")
    told = platform.asks()
    assert (told["may_use"], told["blocked_channels"]) == (True, ["app"])
    lift = lead.locator("details.act", has_text="Lift")
    lift.locator("summary").click()
    lift.get_by_role("button", name="Lift").click()
    expect(lead.locator("#content")).to_contain_text("cause is gone")
    assert (platform.asks()["blocked_channels"], platform.hears()) == ([], [("LATE", True)])
    # Told of the suspension and of its end.
    assert notices("decided") == ["queued", "queued"]

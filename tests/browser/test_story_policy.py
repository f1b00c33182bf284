"""A tier policy from draft to live: tried on today's book, approved by a second person, used by the close and by a payment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from browser_day import DAY
from factories import make_member, make_team, make_user
from playwright.sync_api import Page, expect

from accounts.models import AccountState
from casework.bulk.tiers import tier_accounts
from casework.models import TierChange, TierPolicy
from riskops.close_of_business import LAST_ACCOUNT_ID, close_day
from riskops.shared.audit import COMMAND
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

NEXT = DAY + timedelta(days=1)


@pytest.fixture
def tiered_book(late_book: None) -> None:
    """The twelve late accounts (A-01 20 days, A-02 40, … A-12 240) in the shipped tiers; a team that can work seven a day."""
    tier_accounts(as_of=DAY, first_account_id=0, last_account_id=LAST_ACCOUNT_ID)
    make_member(make_team(name="North"), make_user(Role.ANALYST), daily_capacity=7)
    # May draft and approve, so that only their own authorship stands in the way.
    make_user(Role.TEAM_LEAD, Role.MANAGER, username="author")
    make_user(Role.MANAGER, username="second")


def tiers() -> dict[str, str]:
    return dict(AccountState.objects.values_list("account__account_no", "tier"))


def accounts_in(tier: str) -> list[str]:
    return sorted(number for number, found in tiers().items() if found == tier)


def line_of(page: Page, tier: str) -> Any:
    """Return the dry run's line of a tier."""
    return page.locator("#dry-run tbody tr", has=page.locator(f"td:first-child:has-text('{tier}')"))


def change_rules(page: Page) -> None:
    """Draft version 2: serious from 151 days on, late up to 150."""
    page.goto("/tiers/")
    page.get_by_role("button", name="Draft the next version").click()
    expect(page.locator("h1")).to_contain_text("2")
    for code, rule in (("serious", "dpd >= 151"), ("late", "dpd >= 61 and dpd <= 150")):
        card = page.locator(".tier-card", has=page.locator(f"input[value={code}]"))
        card.locator("textarea").fill(rule)
    page.locator("[name=note]").fill("Lawyers take over later")
    page.get_by_role("button", name="Save").last.click()
    expect(page).to_have_url("/tiers/2/" if page.url.startswith("/") else page.url.split("/tiers/")[0] + "/tiers/2/")


def test_draft_dry_run_second_person_live(visitor: Callable[..., Page], tiered_book: None) -> None:
    author, second = visitor("author"), visitor("second")
    assert accounts_in("serious") == [f"A-{n:02d}" for n in range(5, 13)]
    change_rules(author)

    # Dry run: the figures before and after, the flow, who moves, and the work against capacity. Nothing is placed by it.
    author.get_by_role("button", name="Dry run").click()
    expect(author.locator("#dry-run .figures")).to_contain_text("12")
    expect(author.locator("#dry-run .figure", has_text="Would move").locator("a")).to_have_text("3")
    # owe 1,000.00 each and 10.00 of penalty for every 20 days, less the 10.00 they paid: 8,000 + 680 - 80.
    expect(line_of(author, "Serious").locator("td")).to_have_text(
        ["Serious 91+", "8", "5", "\u22123", "¥\u202f8,600.00", "¥\u202f5,450.00"]
    )
    expect(line_of(author, "Late").locator("td").nth(3)).to_have_text("+3")
    # The first page with a chart compiles the library: some 1.5 s of a processor that others may hold; the drawing takes 0.1 s.
    expect(author.locator("[data-figure=flows]")).not_to_have_attribute("aria-busy", "true", timeout=120_000)
    expect(author.locator("[data-figure=flows] .sankey-link")).to_have_count(1)
    workload = author.locator(".panel", has=author.get_by_role("heading", name="Work against capacity"))
    expect(workload.locator("tbody tr").first).to_contain_text("any team of collections")
    expect(workload.locator("tbody tr").first).to_contain_text("7")
    author.locator("#dry-run .figure", has_text="Would move").locator("a").click()
    expect(author.locator("[data-row] .key")).to_have_text(["A-05", "A-06", "A-07"])
    assert accounts_in("serious") == [f"A-{n:02d}" for n in range(5, 13)]

    # Proposed from the next day on; the author meets no way to approve, and one sent all the same is refused.
    author.go_back()
    expect(author.locator("[name=live_from]")).to_have_value(NEXT.isoformat())
    author.get_by_role("button", name="Propose").click()
    expect(author.locator("#content")).to_contain_text("somebody else must approve it")
    expect(author.get_by_role("button", name="Approve")).to_have_count(0)
    status = author.evaluate(
        """() => fetch("approve/", {method: "POST",
             headers: {"X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value}}).then((a) => a.status)"""
    )
    assert (status, TierPolicy.objects.get(version=2).status) == (422, "proposed")

    # The second person approves; until its day the old version stays live.
    second.goto("/tiers/2/")
    second.get_by_role("button", name="Approve").click()
    expect(second.locator(".messages")).to_contain_text("placed by it from the close of")
    assert (TierPolicy.objects.get(version=2).status, accounts_in("serious")) == (
        "approved",
        [f"A-{n:02d}" for n in range(5, 13)],
    )

    # The close of its day places accounts by it; A-03, late for 60 days the day before, is in its 61st.
    close_day(NEXT, actor=COMMAND)
    assert accounts_in("late") == ["A-03", "A-04", "A-05", "A-06", "A-07"]
    assert accounts_in("serious") == ["A-08", "A-09", "A-10", "A-11", "A-12"]
    second.goto("/accounts/A-05/")
    expect(second.locator("#why-tier h2")).to_contain_text("Late 61–90")
    expect(second.locator("#why-tier")).to_contain_text("dpd >= 61")
    change = TierChange.objects.get(account__account_no="A-05", as_of=NEXT)
    assert (change.from_tier, change.to_tier, change.policy.version) == ("serious", "late", 2)

    # And what changes an account between two closes places it at once: A-08 pays all it owes.
    author.goto("/accounts/A-08/pay/")
    author.fill("[name=amount]", "2000")
    expect(author.locator("#preview")).to_contain_text("It would pay")
    author.get_by_role("button", name="Post the payment").click()
    expect(author.locator(".notice-success")).to_be_visible()
    assert tiers()["A-08"] == "normal"
    spot = TierChange.objects.filter(account__account_no="A-08").latest("pk")
    assert (spot.from_tier, spot.to_tier, spot.policy.version) == ("serious", "normal", 2)
    steps = AuditEntry.objects.filter(subject_key="2", action__startswith="tier_policy").order_by("pk")
    assert {entry.actor_name for entry in steps} == {"author", "second"}

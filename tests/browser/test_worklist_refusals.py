"""What is refused beside the worklist: it is said, what was typed is kept, and the work goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from factories import make_conflict, make_examination, make_installment, make_user, set_business_date
from playwright.sync_api import Page, expect
from work_books import DAY, fill, item_of, late_account, make_queue

from accounts.models import CreditAccount
from accounts.operations.rebuilding import rebuild_accounts
from casework.bulk.cases import follow_cases
from casework.models import Promise
from riskops.shared.roles import Role

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def accounts(transactional_db: None) -> list[CreditAccount]:
    """Three late accounts in one queue, the one that owes most first."""
    make_queue()
    made = [late_account(owed=owed) for owed in (900_000, 800_000, 700_000)]
    for account, owed in zip(made, (900_000, 800_000, 700_000), strict=True):
        make_installment(account, due_date=DAY - timedelta(days=10), principal=owed)
    set_business_date(DAY)
    rebuild_accounts([account.pk for account in made], as_of=DAY, ahead_on=None)
    with transaction.atomic():
        follow_cases(as_of=DAY, now=timezone.now(), first_account_id=0, last_account_id=made[-1].pk)
    fill(now=timezone.now(), as_of=DAY)
    return made


def row_of(account: CreditAccount) -> str:
    return f"#work-list [data-item='{item_of(account).pk}']"


def test_after_a_refused_get_next_the_worklist_goes_on(visitor: Callable[..., Page], accounts: list[CreditAccount]) -> None:
    make_user(Role.ANALYST, username="untrained")
    page = visitor("untrained", meets_error_pages=True)
    page.goto("/worklist/?queue=late")
    notice = page.locator("#desk .refused-here")

    # Pressed twice, it is said once.
    page.get_by_role("button", name="Get next").click()
    expect(notice).to_contain_text("examination")
    page.keyboard.press("n")
    page.wait_for_load_state("networkidle")
    expect(notice).to_have_count(1)

    # An account is opened by its row, the refusal goes; refused again, the account stays.
    page.locator(f"{row_of(accounts[1])} a").first.click()
    expect(page.locator("#desk h2")).to_contain_text(accounts[1].account_no)
    expect(notice).to_have_count(0)
    page.keyboard.press("n")
    expect(notice).to_have_count(1)
    expect(page.locator("#desk h2")).to_contain_text(accounts[1].account_no)

    # Escape closes it, and the keys of the list work as before.
    page.keyboard.press("Escape")
    expect(page.locator(".split.has-desk")).to_have_count(0)
    expect(page.locator("#desk")).to_have_text("")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#desk h2")).to_contain_text(accounts[2].account_no)

    # On a telephone the desk covers the list, and there is no Escape.
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/worklist/?queue=late")
    page.get_by_role("button", name="Get next").click()
    expect(notice).to_be_visible()
    page.get_by_role("button", name="Back to the list").click()
    expect(page.locator(f"{row_of(accounts[1])} a").first).to_be_visible()


def test_an_account_that_is_refused_does_not_speak_above_another(
    visitor: Callable[..., Page], accounts: list[CreditAccount]
) -> None:
    mei = make_user(Role.ANALYST, username="mei")
    page = visitor("mei", meets_error_pages=True)
    page.goto(f"/worklist/?queue=late&at={item_of(accounts[1]).pk}")
    expect(page.locator("#desk h2")).to_contain_text(accounts[1].account_no)
    make_conflict(mei, accounts[0].customer)

    page.locator(f"{row_of(accounts[0])} a").first.click()
    expect(page.locator("#desk .notice-error")).to_have_count(1)
    expect(page.locator("#desk h2")).to_have_count(0)
    expect(page.locator("#desk")).not_to_contain_text(accounts[1].account_no)

    # The work goes on.
    page.locator(f"{row_of(accounts[1])} a").first.click()
    expect(page.locator("#desk h2")).to_contain_text(accounts[1].account_no)
    expect(page.locator("#desk .notice-error")).to_have_count(0)


def test_a_refused_promise_keeps_the_drawer_and_what_was_typed(
    visitor: Callable[..., Page], accounts: list[CreditAccount]
) -> None:
    make_examination(make_user(Role.ANALYST, username="mei"), passed_on=timezone.localdate() - timedelta(days=10))
    page = visitor("mei")
    page.goto(f"/worklist/?queue=late&at={item_of(accounts[0]).pk}")
    expect(page.locator("#desk h2")).to_contain_text(accounts[0].account_no)
    page.keyboard.press("m")
    drawer = page.locator("#desk .promise-drawer")
    amounts, days, said = drawer.locator("[name=amount]"), drawer.locator("[name=due_on]"), drawer.locator("[name=said]")
    first = date.fromisoformat(days.first.input_value())
    amounts.first.fill("99,000,000.00")
    amounts.nth(1).fill("20")
    days.nth(1).fill((first + timedelta(days=1)).isoformat())
    said.fill("on payday")
    reason = drawer.locator("[name=lateness_reason]")
    if reason.count():
        reason.select_option(index=1)
    drawer.get_by_role("button", name="Take the promise").click()

    expect(drawer.locator(".refusal")).to_be_visible()
    expect(page.locator("#desk .notice-error")).to_have_count(0)
    expect(drawer).to_have_attribute("open", "")
    expect(amounts.first).to_be_focused()
    expect(amounts.first).to_have_value("99,000,000.00")
    expect(amounts.nth(1)).to_have_value("20")
    expect(days.nth(1)).to_have_value((first + timedelta(days=1)).isoformat())
    expect(said).to_have_value("on payday")

    amounts.first.fill("10")
    drawer.get_by_role("button", name="Take the promise").click()
    expect(page.locator("#desk .done")).to_contain_text("the promise is taken")
    assert Promise.objects.get().total_minor == 3_000

    # Its way out is readable on a telephone as well.
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"/cases/{accounts[0].account_no}/")
    way_out = page.locator("summary", has_text="Cancel it").bounding_box()
    assert way_out is not None and way_out["height"] < 40 and way_out["x"] + way_out["width"] <= 390

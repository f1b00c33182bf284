"""Pages in a real browser: what only a browser can show."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


def test_every_page_of_the_navigation_loads_at_both_widths_and_none_is_wider_than_the_screen(page: Page) -> None:
    addresses = page.eval_on_selector_all(
        ".sidebar a[href]", "links => [...new Set(links.map(link => link.getAttribute('href')))]"
    )
    assert len(addresses) >= 8
    for address in [*addresses, "/accounts/A-12/", "/accounts/A-12/?tab=payments", "/accounts/A-12/pay/", "/patterns/"]:
        # Narrow first: a chart is as wide as the screen it was drawn on until a moment after that changes.
        page.set_viewport_size({"width": 390, "height": 800})
        answer = page.goto(address)
        assert answer is not None and answer.status == 200, address
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        page.set_viewport_size({"width": 1280, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280, address


def test_the_list_is_worked_from_the_keyboard(page: Page) -> None:
    page.goto("/accounts/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("tr.is-at")).to_contain_text("A-11")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/accounts/A-12/$"))


def test_a_filter_changes_the_rows_and_the_address_without_a_new_page(page: Page) -> None:
    page.goto("/accounts/")
    page.evaluate("window.sameDocument = true")
    page.locator(".chip", has_text="m2").click()
    expect(page.locator("#accounts tbody tr")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"bucket=m2"))
    assert page.evaluate("window.sameDocument") is True
    page.reload()
    expect(page.locator("#accounts tbody tr")).to_have_count(2)


def test_a_search_finds_and_leaves_nothing_personal_in_the_address(page: Page) -> None:
    page.goto("/accounts/")
    page.keyboard.press("/")
    page.keyboard.type("13900000007")
    page.keyboard.press("Enter")
    expect(page.locator("#accounts tbody tr")).to_have_count(1)
    expect(page.locator("#accounts")).to_contain_text("A-07")
    assert "13900000007" not in page.url
    expect(page.locator("[data-search]")).to_have_value("13900000007")


def test_the_palette_goes_to_a_page_and_searches_the_accounts(page: Page) -> None:
    page.goto("/accounts/")
    page.keyboard.press("Control+k")
    page.keyboard.type("audit")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/audit/$"))
    page.keyboard.press("Control+k")
    page.keyboard.type("A-03")
    page.keyboard.press("Enter")
    expect(page.locator("#accounts tbody tr")).to_have_count(1)
    assert "A-03" not in page.url


def test_the_penalty_unfolds_in_its_place(page: Page) -> None:
    page.goto("/accounts/A-01/")
    page.get_by_title("day by day").click()
    expect(page.locator(".penalty")).to_contain_text("÷ 1,000,000")
    page.get_by_text("each day", exact=True).click()
    expect(page.locator(".penalty details table tr").first).to_be_visible()


def test_the_preview_follows_the_typing_and_the_payment_is_posted(page: Page) -> None:
    page.goto("/accounts/A-01/pay/")
    page.fill("[name=amount]", "50")
    expect(page.locator("#preview")).to_contain_text("It would pay")
    page.get_by_role("button", name="Post the payment").click()
    expect(page.locator(".notice-success")).to_contain_text("50.00")
    expect(page).to_have_url(re.compile(r"/accounts/A-01/$"))


def test_personal_data_is_revealed_in_place(page: Page) -> None:
    page.goto("/accounts/A-05/")
    page.get_by_text("Reveal…").click()
    page.fill("#person [name=reason]", "no")
    page.get_by_role("button", name="Reveal and record").click()
    expect(page.locator("#person .refusal")).to_contain_text("at least 5 characters")
    page.fill("#person [name=reason]", "the customer asked")
    page.get_by_role("button", name="Reveal and record").click()
    expect(page.locator("#person")).to_contain_text("Person 5")
    expect(page.locator("#person")).to_contain_text("13900000005")


def test_dark_and_light_are_kept_from_page_to_page(page: Page) -> None:
    page.goto("/accounts/")
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    page.locator("[data-theme-toggle]").click()
    after = page.evaluate(ground)
    assert after != before
    page.goto("/audit/")
    assert page.evaluate(ground) == after
    page.goto("/admin/auth/user/")
    assert page.evaluate("document.documentElement.classList.contains('dark')")


def test_the_navigation_is_a_drawer_on_a_narrow_screen(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/accounts/")
    link = page.locator(".sidebar").get_by_text("Audit", exact=True)
    expect(link).to_be_hidden()
    page.locator("[data-nav-toggle]").click()
    link.click()
    expect(page).to_have_url(re.compile(r"/audit/$"))


def test_the_language_is_switched_on_the_page_one_is_on(page: Page) -> None:
    page.goto("/accounts/?scope=all")
    page.get_by_role("button", name="简体中文").click()
    expect(page).to_have_url(re.compile(r"/accounts/\?scope=all$"))
    expect(page.locator("h1")).to_have_text("账户")

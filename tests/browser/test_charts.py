"""The dashboards' charts in a real browser: drawn from our own origin, in the sheet's colours, clicked down to the accounts."""

from __future__ import annotations

import re
from datetime import date

import pytest
from factories import TESTER
from playwright.sync_api import Page, expect

from dashboards.operations.filling import fill_month_ends

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]
PORTFOLIO = "/dashboards/portfolio/?measure=count"


@pytest.fixture
def charts(page: Page) -> Page:
    """The portfolio page of three month-ends, its charts drawn."""
    list(fill_month_ends(date(2025, 7, 31), date(2025, 9, 30), actor=TESTER))
    page.goto(PORTFOLIO)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    return page


def test_a_click_on_a_bar_opens_its_accounts_and_their_number_is_the_one_on_the_hover(charts: Page) -> None:
    # The newest month-end's second bar is m1: A-01 alone, 20 days late.
    point = charts.locator("[data-figure=buckets] .trace.bars").nth(1).locator(".point").last
    box = point.bounding_box()
    assert box is not None
    charts.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(charts.locator("[data-figure=buckets] .hoverlayer")).to_contain_text("Accounts: 1 of 12")
    charts.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(charts).to_have_url(re.compile(r"/dashboards/accounts-behind/\?as_of=2025-09-30&state=m1"))
    expect(charts.locator("#accounts-behind-count")).to_have_text("1")
    expect(charts.locator("tr[data-row]")).to_have_count(1)
    expect(charts.locator("tr[data-row]")).to_contain_text("A-01")


def test_a_click_on_the_heat_map_opens_the_accounts_that_moved(charts: Page) -> None:
    stated = charts.locator("#matrix tbody tr").first
    first_link = stated.locator("a").first
    charts.locator("#matrix details.chart-table summary").click()
    address = str(first_link.get_attribute("href"))
    # Row and column of that cell among those drawn: the first row, and the column of its first link.
    column = stated.locator("td").evaluate_all("cells => cells.findIndex(cell => cell.querySelector('a'))")
    rows = charts.locator("#matrix tbody tr").count()
    columns = stated.locator("td").count() - 1
    charts.locator("[data-figure=matrix]").scroll_into_view_if_needed()
    cell = charts.locator("[data-figure=matrix] .nsewdrag").bounding_box()
    assert cell is not None
    charts.mouse.click(cell["x"] + cell["width"] * (column + 0.5) / columns, cell["y"] + cell["height"] * 0.5 / rows)
    expect(charts).to_have_url(re.compile(re.escape(address) + "$"))


def test_the_theme_switch_redraws_the_charts_in_the_twin_colours(charts: Page) -> None:
    line = charts.locator("[data-figure=coincident] .scatterlayer .js-line").first
    expect(line).to_have_css("stroke", "rgb(253, 187, 99)")
    charts.locator("[data-theme-toggle]").click()
    expect(line).to_have_css("stroke", "rgb(255, 203, 135)")


def test_the_table_holds_the_same_figures_as_links_for_the_keyboard(charts: Page) -> None:
    charts.locator("#buckets details.chart-table summary").focus()
    charts.keyboard.press("Enter")
    newest = charts.locator("#buckets tbody tr").first
    expect(newest).to_contain_text("30 Sep 2025")
    newest.locator("a").nth(1).focus()
    charts.keyboard.press("Enter")
    expect(charts).to_have_url(re.compile(r"as_of=2025-09-30&state=m1$"))


def test_the_picture_is_made_in_the_browser(charts: Page) -> None:
    with charts.expect_download() as download:
        charts.locator("[data-picture-of=coincident]").click()
    assert download.value.suggested_filename == "riskops-coincident.png"
    with open(download.value.path(), "rb") as picture:
        assert picture.read(8) == b"\x89PNG\r\n\x1a\n"


def test_a_choice_is_in_the_address_and_stays(charts: Page) -> None:
    charts.locator(".chip", has_text="late only").click()
    expect(charts).to_have_url(re.compile(r"buckets=late"))
    expect(charts.locator("[aria-busy=true]")).to_have_count(0)
    expect(charts.locator("[data-figure=buckets] .legendtext").first).to_have_text("m1")
    expect(charts.locator("#buckets h2")).to_contain_text("Late buckets by month-end")


def test_without_the_drawing_script_the_page_says_so_and_the_tables_stay(page: Page) -> None:
    list(fill_month_ends(date(2025, 8, 31), date(2025, 9, 30), actor=TESTER))
    page.route("**/plotly.min.js", lambda route: route.fulfill(status=200, body="", content_type="text/javascript"))
    page.goto(PORTFOLIO)
    expect(page.locator("[data-figure=buckets]")).to_have_text(
        "The chart could not be drawn; its table below holds the same figures."
    )
    page.locator("#buckets details.chart-table summary").click()
    expect(page.locator("#buckets tbody tr")).to_have_count(2)

"""axe-core on every page of the site, in light and in dark: nothing that it calls serious or critical."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib import admin
from django.template.loader import render_to_string
from django.test import Client
from factories import make_conflict, make_user
from full_site import put_a_full_site
from one_of_everything import path_of
from playwright.sync_api import Page, expect

from accounts.models import CreditAccount, Decision, Review
from casework.models import Claim, WorkItem
from riskops.shared.roles import Role
from tools.doors import doors

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GRAVE = {"serious", "critical"}
#: In how many tests the pages are looked at, so that several processes share them.
PARTS = 2
AXE = Axe()
#: The rules that look at colours: a theme changes nothing else of a page.
OF_COLOUR = ("color-contrast", "link-in-text-block")


def grave_findings(page: Page, rules: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    """Return what axe-core finds of grave impact, by every rule it has or by these: rule, element, what is wrong with it."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    return [
        (rule["id"], " ".join(map(str, node["target"])), f"{node['failureSummary']} {node['html'][:160]}".replace("\n", " "))
        for rule in AXE.run(page, options=options).response["violations"]
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]


def found_in_both_themes(page: Page) -> list[tuple[str, str, str, str]]:
    """Return the findings on the page as it stands: in light by every rule, in dark by those that a theme can break."""
    found = [("light", *finding) for finding in grave_findings(page)]
    page.evaluate("document.documentElement.classList.add('dark')")
    # Charts and transitions follow a moment later.
    page.wait_for_timeout(100)
    found += [("dark", *finding) for finding in grave_findings(page, OF_COLOUR)]
    page.evaluate("document.documentElement.classList.remove('dark')")
    return found


def pages_of_the_site() -> list[str]:
    """Return the addresses of all doors and of the admin, and the pages behind them that take a word in the address."""
    asked = ["/", "/admin/", "/admin/password_change/", "/admin/password_change/done/"]
    asked += [path_of(door) for door in doors() if not door.is_api]
    for model, its_pages in admin.site._registry.items():
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        row = f"{base}{model._default_manager.values_list('pk', flat=True).first()}/"
        asked += [f"/admin/{model._meta.app_label}/", base, f"{base}add/", f"{row}change/", f"{row}delete/", f"{row}history/"]
        if its_pages.search_fields:
            asked.append(f"{base}?q=nothing-like-it")
    proposed = Decision.objects.filter(status="proposed").order_by("pk")[0]
    held = Claim.objects.get()
    closed = Review.objects.get(closed_on__isnull=False)
    late = CreditAccount.objects.get(account_no="B-4")
    asked += ["/tiers/2/", "/tiers/2/edit/", "/tiers/2/movers/", f"/decisions/{proposed.pk}/", f"/reviews/{closed.pk}/"]
    asked += [f"/worklist/?at={WorkItem.objects.filter(customer=held.customer_id)[0].pk}", "/reviews/?state=closed"]
    asked += [f"/worklist/?show={shown}" for shown in ("mine", "snoozed", "done")]
    asked += [f"/accounts/{late.account_no}/?tab={tab}" for tab in ("payments", "aging", "decisions", "audit")]
    asked += [f"/accounts/{late.account_no}/decide/?action={action}" for action in ("lower_limit", "accelerate", "write_off")]
    asked += [f"/decisions/?list={name}" for name in ("to_approve", "in_force", "all")]
    asked += ["/contact-policies/cn-2026/1/", "/contact-policies/cn-strict/2/", "/contact-policies/cn-strict/2/edit/"]
    asked += ["/templates/overdue-1-sms/1/", "/templates/overdue-3-email/2/", "/templates/overdue-3-email/2/edit/"]
    asked += ["/strategies/standard/1/", "/strategies/standard/2/", "/strategies/standard/2/edit/"]
    asked += ["/experiments/early-sms/1/", "/experiments/early-sms/2/"]
    return list(dict.fromkeys(asked))


def shown_to(client: Client, addresses: list[str]) -> list[str]:
    """Return those that answer with a page: no redirect, no file, no part of a page, nothing that only takes what is sent."""
    shown = []
    for address in addresses:
        answer = client.get(address)
        is_html = answer.headers.get("Content-Type", "").startswith("text/html")
        if answer.status_code == 200 and is_html and b"<html" in answer.getvalue():
            shown.append(address)
    return shown


@pytest.fixture
def walker(visitor: Callable[..., Page]) -> tuple[Page, Any]:
    """Return a page of somebody with every role, and the person."""
    person = put_a_full_site()
    return visitor("walker", color_scheme="light"), person


def look_at(page: Page, addresses: list[str]) -> dict[str, Any]:
    """Return what is found on pages, by address."""
    found = {}
    for address in addresses:
        page.goto(address)
        wrong = found_in_both_themes(page)
        if wrong:
            found[address] = wrong
    return found


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_axe_finds_nothing_grave_on_any_page(walker: tuple[Page, Any], part: int) -> None:
    page, person = walker
    client = Client()
    client.force_login(person)
    addresses = shown_to(client, pages_of_the_site())
    assert len(addresses) > 120
    assert look_at(page, addresses[part::PARTS]) == {}


@pytest.mark.once
@pytest.mark.slow
def test_axe_finds_nothing_grave_on_what_opens_over_a_page(walker: tuple[Page, Any]) -> None:
    page, _person = walker
    found = {}

    def look(what: str) -> None:
        wrong = found_in_both_themes(page)
        if wrong:
            found[what] = wrong

    page.goto("/worklist/")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    look("the help")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("B-4")
    expect(page.locator("#palette [data-found].is-first")).to_contain_text("B-4")
    look("the palette")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.locator(".person summary").click()
    look("the menu of the person")
    page.keyboard.press("Escape")
    page.locator("#work-list input[name=items]").first.check()
    page.keyboard.press("s")
    look("the bar of bulk actions")
    page.goto(f"/worklist/?at={WorkItem.objects.filter(customer=Claim.objects.get().customer_id)[0].pk}")
    for key in "secw":
        page.keyboard.press(key)
        look(f"the desk after {key}")
        page.keyboard.press("Escape")
    page.goto("/admin/auth/user/")
    page.get_by_text("Filters").first.click()
    expect(page.locator("#changelist-filter")).to_be_visible()
    look("the admin's filters")
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/accounts/")
    look("a narrow page")
    page.locator("[data-nav-toggle]").click()
    look("the drawer")
    assert found == {}


@pytest.mark.once
@pytest.mark.slow
def test_axe_finds_nothing_grave_where_something_is_refused(walker: tuple[Page, Any], visitor: Callable[..., Page]) -> None:
    _page, person = walker
    page = visitor("walker", meets_error_pages=True)
    found = {}

    def look(what: str, shown: Page = page) -> None:
        wrong = found_in_both_themes(shown)
        if wrong:
            found[what] = wrong

    page.goto("/no-such-page/")
    look("404")
    make_conflict(person, CreditAccount.objects.get(account_no="B-1").customer)
    answer = page.goto("/accounts/B-1/")
    assert answer is not None and answer.status == 403
    look("403 for this person")
    page.goto("/queues/new/")
    page.fill("[name=code]", "x")
    page.fill("[name=name_en]", "x")
    page.locator("[name=rule]").fill("dpd >")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".refusal").first).to_be_visible()
    look("a refused form")
    page.goto("/admin/auth/user/add/")
    page.locator("[name=_save]").click()
    expect(page.locator(".errorlist, [id$=_error]").first).to_be_visible()
    look("a refused form of the admin")
    page.set_content(render_to_string("500.html", {"request_id": "0123456789"}), wait_until="load")
    expect(page.locator("h1")).to_have_text("This page failed")
    look("500")
    make_user(Role.AGENCY, username="agency")
    agency = visitor("agency", meets_error_pages=True)
    answer = agency.goto("/accounts/")
    assert answer is not None and answer.status == 403
    look("403", agency)
    stranger = visitor()
    stranger.goto("/admin/login/")
    look("the log-in", stranger)
    stranger.fill("[name=username]", "nobody")
    stranger.fill("[name=password]", "wrong")
    stranger.get_by_role("button", name="Log in").click()
    expect(stranger.locator(".notice-error")).to_be_visible()
    look("a refused log-in", stranger)
    assert found == {}

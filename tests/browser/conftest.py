"""A real browser against a real server, with a small closed book."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from browser_day import DAY
from django.contrib.auth import get_user_model
from django.test import Client
from factories import make_account, make_customer, make_installment, make_payment, make_product, make_user, set_business_date
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from accounts.operations.rebuilding import rebuild_accounts
from riskops.shared.roles import Role

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A machine that does much else answers late; a page that does not answer at all is still seen.
expect.set_options(timeout=30_000)
NO_ERRORS = re.compile(r"status of (409|422)|^htmx:(afterRequest|sendError|sendAbort)")


def _chromium() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once a session."""
    # Playwright's synchronous interface runs an event loop in this thread; Django would refuse the database there.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=ARGUMENTS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def late_book(transactional_db: None) -> None:
    """Twelve accounts, A-01 a day late to A-12 twelve times as late, each with a payment of 10.00."""
    set_business_date(DAY)
    product = make_product(name="Card", penalty_rate_ppm=500)
    for number in range(1, 13):
        person = {"name": f"Person {number}", "phone": f"1390000{number:04d}"}
        account = make_account(account_no=f"A-{number:02d}", product=product, customer=make_customer(person=person))
        make_installment(account, due_date=DAY - timedelta(days=number * 20), principal=100_000)
        make_payment(account, paid_on=DAY, amount=1_000)
        rebuild_accounts([account.pk], as_of=DAY, ahead_on=None)


@pytest.fixture
def visitor(browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Give each person a page in a browser of their own, logged in unless `username` is "".

    An error in any console fails the test; one who `meets_error_pages` has their 403 and 404 there.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def visit(username: str = "", *, meets_error_pages: bool = False, **options: Any) -> Page:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "base_url": live_server.url, "reduced_motion": "reduce", **options}
        )
        contexts.append(context)
        if username:
            client = Client()
            client.force_login(get_user_model().objects.get(username=username))
            context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        # A refusal is answered with 422 or 409, and Chromium calls that an error; htmx so calls leaving a page that asks still.
        if not meets_error_pages:
            page.on("console", lambda m: errors.append(m.text) if m.type == "error" and not NO_ERRORS.search(m.text) else None)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def page(visitor: Callable[..., Page], late_book: None) -> Page:
    """A page of a team lead who is an administrator too."""
    make_user(Role.TEAM_LEAD, Role.ADMINISTRATOR, username="lead")
    page = visitor()
    page.goto("/")
    page.fill("[name=username]", "lead")
    page.fill("[name=password]", "password")
    page.click("button.primary")
    return page

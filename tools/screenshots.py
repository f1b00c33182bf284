"""Pictures of every page in docs/screenshots, taken with a real browser: light, dark, Chinese, and narrow.

    python -m tools.screenshots                            starts the site on the book of `make run` for the time it takes
    python -m tools.screenshots --base http://127.0.0.1:8000   of a site that runs already
    python -m tools.screenshots --book simulated           casework and recovery, on the book of BOOK=simulated
    python -m tools.screenshots --only account             only the pages whose name has this in it

The demo people must be there (`manage.py make_demo_users`). Chromium is Debian's; CHROMIUM names another one. Where pngquant is
installed the pictures come out at a third of their size.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "docs" / "screenshots"
ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 800}


@dataclass(frozen=True, slots=True)
class Shot:
    """A page to take.

    :param path: may name a place in braces, which is the first of its kind: see PLACES; LANGUAGE in it is the one of the picture,
        for pages that do not go by the site's
    :param click: pressed first
    :param keys: typed after that, one by one
    """

    name: str
    path: str
    person: str = "lead"
    click: str = ""
    keys: tuple[str, ...] = ()


#: Where the first of a kind is found: a page, and the link on it, or the text that the link of a customer stands in.
PLACES: Final = {
    "account": ("/accounts/?class=medium", "#accounts tbody a"),
    "customer": ("{account}", "#person .panel-head a"),
    "contact": ("{customer}", "#panel-contacts .panel-foot a"),
    "decision": ("/decisions/?list=all", "tr[data-row] a"),
    "application": ("/applications/?list=all", "tr[data-row] a"),
    "review": ("/reviews/", "tr[data-row] a"),
    "strategy-draft": ("/strategies/", "tr[data-row]:has(.pill-none) a"),
    "experiment": ("/experiments/", "tr[data-row]:has(.pill-ok) a"),
    "article": ("/education/", "tr[data-row] a"),
    "message": ("/outbox/", "tr[data-row] a"),
    "mail": ("/outbox/?channel=email&status=sent", "tr[data-row] a"),
    "own-page": ("{mail}", "#said .said"),
    "dispute": ("/disputes/?state=closed&lane=fraud", "tr[data-row] a"),
    "plan": ("/plans/?of=over", "tr[data-row] a"),
    "letter": ("/letters/?tab=ended", "tr[data-row] a"),
    "legal-case": ("/legal/", "main tbody a[href^='/legal/']"),
    "agency": ("/agencies/", "tr[data-row] a"),
    "batch": ("/agencies/batches/", "tr[data-row] a"),
    "statement": ("/agencies/statements/", "tr[data-row] a"),
}
#: Pages of casework and recovery, on the book in which people work: S-… are the stories of docs/simulated-book.md.
SIMULATED_SHOTS: Final = (
    Shot("cases", "/cases/", person="analyst"),
    Shot("case", "/cases/S-014/", person="analyst"),
    Shot("promises", "/promises/"),
    Shot(
        "relief-form",
        "/accounts/S-014/relief/?instrument=restructure&income=6000&essentials=3500",
        person="analyst",
    ),
    Shot("plans", "/plans/?of=over"),
    Shot("plan", "{plan}"),
    Shot("relief", "/dashboards/relief/", person="manager"),
    Shot("disputes", "/disputes/?state=closed"),
    Shot("dispute", "{dispute}"),
    Shot("letters", "/letters/?tab=ended", person="legal"),
    Shot("letter", "{letter}", person="legal"),
    Shot("letter-preview", "{letter}preview/", person="legal"),
    Shot("legal", "/legal/", person="legal"),
    Shot("legal-case", "{legal-case}", person="legal"),
    Shot("limitation", "/legal/limitation/", person="legal"),
    Shot("agencies", "/agencies/", person="manager"),
    Shot("agency", "{agency}", person="manager"),
    Shot("agency-scorecard", "{agency}scorecard/", person="manager"),
    Shot("batch", "{batch}", person="manager"),
    Shot("placements", "/agencies/placements/", person="manager"),
    Shot("statement", "{statement}", person="manager"),
    Shot("write-offs", "/write-offs/"),
    Shot("write-off-rules", "/write-off-rules/"),
    Shot("recoveries", "/recoveries/", person="manager"),
    Shot("resale", "/resale/", person="manager"),
    Shot("case-settings", "/case-settings/", person="manager"),
)
CUSTOMERS_LINK: Final = re.compile(r"/c/[\w-]+/")
SHOTS: Final = (
    Shot("worklist", "/worklist/", person="analyst", keys=("j", "Enter")),
    Shot("keys", "/worklist/", person="analyst", keys=("?",)),
    Shot("queues", "/queues/"),
    Shot("queue", "/queues/new/"),
    Shot("weights", "/queues/weights/", person="manager"),
    Shot("contact", "{contact}"),
    Shot("contact-log", "/contact-log/", person="compliance"),
    Shot("contact-refused", "/contact-log/refused/", person="compliance"),
    Shot("delivery-providers", "/outbox/providers/"),
    Shot("replies", "/outbox/replies/", person="analyst"),
    Shot("outbox", "/outbox/"),
    Shot("outbox-dead", "/outbox/dead/"),
    Shot("message", "{message}"),
    Shot("outbox-correct", "/outbox/correct/", person="compliance"),
    Shot("contact-policies", "/contact-policies/", person="compliance"),
    Shot("customer-page", "{own-page}?lang=LANGUAGE"),
    Shot("education", "/education/"),
    Shot("education-article", "{article}"),
    Shot("contact-policy", "/contact-policies/us-reg-f/1/", person="compliance"),
    Shot("templates", "/templates/", person="compliance"),
    Shot("template", "/templates/overdue-3-email/1/", person="compliance"),
    Shot("template-new", "/templates/new/", person="compliance"),
    Shot("strategies", "/strategies/", person="compliance"),
    Shot("strategy", "/strategies/standard/1/", person="compliance"),
    Shot("strategy-edit", "{strategy-draft}edit/"),
    Shot("experiments", "/experiments/"),
    Shot("experiment", "{experiment}", person="manager"),
    Shot("experiment-new", "/experiments/new/"),
    Shot("channels", "/outreach/channels/", person="manager"),
    Shot("channels-hours", "/outreach/channels/#hours", person="manager"),
    Shot("accounts", "/accounts/"),
    Shot("account", "{account}"),
    Shot("account-penalty", "{account}", click="[hx-target^='#penalty']"),
    Shot("account-payments", "{account}?tab=payments"),
    Shot("account-aging", "{account}?tab=aging"),
    Shot("account-simulation", "{account}simulation/?monthly=500&plans=3,6,12", person="analyst"),
    Shot("account-debits", "{account}debits/", person="analyst"),
    Shot("debits", "/debits/"),
    Shot("simulator", "/simulator/?product=standard&amount=12000&number=12&fee=72&days=400", person="analyst"),
    Shot("customer", "{customer}", person="analyst"),
    Shot("payment", "{account}pay/"),
    Shot("decide", "{account}decide/", person="analyst"),
    Shot("decisions", "/decisions/"),
    Shot("decision", "{decision}"),
    Shot("decision-rules", "/decision-rules/"),
    Shot("reviews", "/reviews/"),
    Shot("review", "{review}", person="analyst"),
    Shot("review-sweeps", "/reviews/sweeps/"),
    Shot("review-quality", "/reviews/quality/"),
    Shot("applications", "/applications/", person="analyst"),
    Shot("application", "{application}", person="analyst"),
    Shot("application-new", "/applications/new/", person="analyst"),
    Shot("proposal-rules", "/proposal-rules/"),
    Shot("portfolio", "/dashboards/portfolio/"),
    Shot("import", "/imports/"),
    Shot("exports", "/exports/"),
    Shot("jobs", "/jobs/"),
    Shot("audit", "/audit/"),
    Shot("api", "/api/"),
    Shot("tiers", "/tiers/"),
    Shot("tier-policy", "/tiers/1/"),
    Shot("people", "/people/", person="admin"),
    Shot("person", "/people/analyst/"),
    Shot("my-record", "/me/", person="analyst"),
    Shot("teams", "/teams/", person="admin"),
    Shot("team", "/teams/1/"),
    Shot("authority", "/authority/", person="manager"),
    Shot("scope-values", "/admin/accounts/scopevalue/"),
    Shot("passed-on", "/worklist/skipped/"),
    Shot("patterns", "/patterns/"),
)
#: By language, what a picture's name ends with, its theme and its width: a page is loaded once for each language.
LOOKS: Final = {
    "en": (("", "light", WIDE), ("-dark", "dark", WIDE), ("-narrow", "light", NARROW)),
    "zh-hans": (("-zh", "light", WIDE),),
}


def main() -> int:
    """Take the pictures; exit 1 if a page could not be taken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="", help="the address of a site that runs already")
    parser.add_argument("--book", choices=("sample", "simulated"), default="sample", help="which pages: those of this book")
    parser.add_argument("--only", default="", help="only the pages whose name has this in it")
    options = parser.parse_args()
    shots = SHOTS if options.book == "sample" else SIMULATED_SHOTS
    if not any(options.only in name for name in (*(shot.name for shot in shots), "log-in")):
        parser.error(f"no page has “{options.only}” in its name")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _site(options.base, options.book) as base:
        return _take_all(base, shots, options.only)


@contextmanager
def _site(base: str, book: str) -> Iterator[str]:
    """Give the address of a site, started for the occasion if none was named."""
    if base:
        yield base.rstrip("/")
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    # As `make run` has it: each book in a folder of its own.
    environment = os.environ | ({"RISKOPS_VAR": str(ROOT / "var" / book)} if book != "sample" else {})
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_for(f"{base}/readyz", process)
        yield base
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(address: str, process: subprocess.Popen[bytes], *, seconds: int = 60) -> None:
    for _second in range(seconds):
        if process.poll() is not None:
            raise SystemExit(f"the site ended with status {process.returncode}; start it by hand and see why")
        try:
            urllib.request.urlopen(address, timeout=2).close()
        except (urllib.error.URLError, TimeoutError):
            time.sleep(1)
        else:
            return
    raise SystemExit(f"{address} did not answer within {seconds} seconds; has the book been loaded (make seed)?")


def _take_all(base: str, shots: Sequence[Shot], only: str) -> int:
    from playwright.sync_api import Error, sync_playwright

    failed = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=list(ARGUMENTS))
        contexts = {person: _logged_in(browser, base, person) for person in sorted({"lead", *(shot.person for shot in shots)})}
        found: dict[str, str] = {}
        for shot in (shot for shot in shots if only in shot.name):
            for language in LOOKS:
                try:
                    _take(contexts[shot.person], base, shot, language, _resolved(shot.path, contexts["lead"], found))
                except (Error, LookupError) as problem:
                    failed += 1
                    print(f"{shot.name}, {language}: {problem}", file=sys.stderr)
        if shots is SHOTS and only in ("", "log-in"):
            _take_log_in(browser, base)
        browser.close()
    return 1 if failed else 0


def _chromium() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def _logged_in(browser: Browser, base: str, person: str) -> BrowserContext:
    context = browser.new_context(viewport=WIDE, base_url=base)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/admin/login/")
    page.fill("[name=username]", person)
    page.fill("[name=password]", f"{person}-demo")
    page.click("button.primary")
    if "/admin/login/" in page.url:
        raise SystemExit(f"{person} cannot log in: run manage.py make_demo_users first")
    page.close()
    return context


def _resolved(path: str, context: BrowserContext, found: dict[str, str]) -> str:
    """Return a path with its place, if it names one, put in; a place is looked up once.

    :raises LookupError: the book holds none
    """
    place = path.partition("{")[2].partition("}")[0]
    if not place:
        return path
    if place not in found:
        where, selector = PLACES[place]
        where = _resolved(where, context, found)
        page = context.new_page()
        page.goto(where)
        link = page.locator(selector).first
        address = _address_in(link) if link.count() else None
        page.close()
        if not address:
            raise LookupError(f"{where} holds none: load a book and close its days (make seed), or make one by hand")
        found[place] = address
    return path.replace("{" + place + "}", found[place])


def _address_in(link: Locator) -> str | None:
    address = link.get_attribute("href")
    found = CUSTOMERS_LINK.search(link.inner_text()) if address is None else None
    return found.group() if found else address


def _take(context: BrowserContext, base: str, shot: Shot, language: str, path: str) -> None:
    context.add_cookies(
        [
            {"name": "riskops_theme", "value": "light", "url": base},
            {"name": "django_language", "value": language, "url": base},
        ]
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    try:
        answer = page.goto(path.replace("LANGUAGE", language))
        if answer is None or answer.status != 200:
            status = "nothing" if answer is None else answer.status
            raise LookupError(f"{path} answered {status}")
        if shot.click and page.locator(shot.click).count():
            page.locator(shot.click).first.click()
        for key in shot.keys:
            page.keyboard.press(key)
        # Charts draw themselves after the page has loaded.
        page.wait_for_load_state("networkidle")
        for suffix, theme, size in LOOKS[language]:
            page.set_viewport_size(size)  # type: ignore[arg-type]
            # The site goes by its own switch, a customer's page by the reader's system.
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.evaluate("isDark => document.documentElement.classList.toggle('dark', isDark)", theme == "dark")
            _save(page, f"{shot.name}{suffix}")
    finally:
        page.close()


def _take_log_in(browser: Browser, base: str) -> None:
    context = browser.new_context(viewport=WIDE, base_url=base)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/")
    page.wait_for_load_state("networkidle")
    _save(page, "log-in")
    context.close()


def _save(page: Page, name: str) -> None:
    # Long enough for charts to be drawn in other colours, and for transitions.
    page.wait_for_timeout(500)
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path)
    if smaller := shutil.which("pngquant"):
        subprocess.run([smaller, "--force", "--skip-if-larger", "--strip", "--output", path, "--", path], check=False)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} KB", flush=True)


if __name__ == "__main__":
    sys.exit(main())

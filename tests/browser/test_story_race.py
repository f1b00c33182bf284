"""Two analysts at one queue, each in their own browser: no account in two hands, each sees the other, nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from work_books import DAY, fill, item_of, late_account, make_queue, worker

from accounts.models import CreditAccount
from casework.models import AccountNote, Claim, WorkRecord

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ROUNDS = 5


@pytest.fixture
def accounts(transactional_db: None) -> list[CreditAccount]:
    """Twelve late accounts in one queue, the one that owes most first, and two analysts: mei and lin."""
    worker(username="mei")
    worker(username="lin")
    make_queue()
    made = [late_account(owed=1_300_000 - number * 100_000) for number in range(2 * ROUNDS + 2)]
    fill(now=timezone.now(), as_of=DAY)
    return made


@pytest.fixture
def both(visitor: Callable[..., Page], accounts: list[CreditAccount]) -> tuple[Page, Page]:
    """Return the worklists of mei and lin."""
    mei, lin = visitor("mei"), visitor("lin")
    for page in (mei, lin):
        page.goto("/worklist/")
    return mei, lin


def taken(page: Page, *, after: str) -> str:
    """Return the number of the account that came onto the desk in place of another one."""
    heading = page.locator("#desk h2 a")
    if after:
        expect(heading).not_to_have_text(after)
    expect(page.locator("#desk .claim")).to_contain_text("in your hand")
    return heading.inner_text()


def test_get_next_never_gives_both_the_same_account(both: tuple[Page, Page], accounts: list[CreditAccount]) -> None:
    mei, lin = both
    seen: list[tuple[str, str]] = []
    before = ("", "")
    for key in ["n"] + ["9"] * ROUNDS:
        # A key press does not wait for its answer: both requests are under way together.
        mei.keyboard.press(key)
        lin.keyboard.press(key)
        before = (taken(mei, after=before[0]), taken(lin, after=before[1]))
        seen.append(before)
    given = [number for pair in seen for number in pair]
    assert sorted(given) == sorted(account.account_no for account in accounts)
    assert Claim.objects.count() == 2
    worked = WorkRecord.objects.filter(act="outcome").values_list("item__account__account_no", "user__username")
    mine = {number: "mei" for number, _theirs in seen[:-1]} | {number: "lin" for _mine, number in seen[:-1]}
    assert dict(worked) == mine and len(worked) == 2 * ROUNDS
    # With nothing left but what the other one holds, whoever asks is told so and gets nothing.
    mei.keyboard.press("9")
    expect(mei.locator("#desk .empty")).to_be_visible()
    expect(lin.locator("#desk h2 a")).to_have_text(before[1])


def test_two_at_one_account_see_each_other(both: tuple[Page, Page], accounts: list[CreditAccount]) -> None:
    mei, lin = both
    for page in both:
        page.goto(f"/worklist/?at={item_of(accounts[0]).pk}")
    expect(lin.locator("#desk .presence")).to_contain_text("also open at mei")
    # Who came first hears of the second within ten seconds.
    expect(mei.locator("#desk .presence")).to_contain_text("also open at lin")
    # The same on the page of the account.
    mei.goto(f"/accounts/{accounts[0].account_no}/")
    expect(mei.locator(".presence")).to_contain_text("also open at lin")


def test_a_conflicting_note_shows_the_difference_and_loses_none(both: tuple[Page, Page], accounts: list[CreditAccount]) -> None:
    mei, lin = both
    for page, text in ((mei, "calls back on Monday\nlikes mornings"), (lin, "calls back on Tuesday\nlikes mornings")):
        page.goto(f"/worklist/?at={item_of(accounts[0]).pk}")
        page.keyboard.press("c")
        page.locator("#desk [name=text]").fill(text)
    mei.keyboard.press("Control+Enter")
    expect(mei.locator("#desk .done")).to_contain_text("The note is saved")
    lin.keyboard.press("Control+Enter")
    expect(lin.locator(".difference del")).to_have_text("calls back on Monday")
    expect(lin.locator(".difference ins")).to_have_text("calls back on Tuesday")
    field = lin.locator("#desk [name=text]")
    # What was typed stands in the field still, and the field has the focus: it is mended and saved where one is.
    expect(field).to_have_value("calls back on Tuesday\nlikes mornings")
    expect(field).to_be_focused()
    assert [note.text for note in AccountNote.objects.all()] == ["calls back on Monday\nlikes mornings"]
    field.fill("calls back on Tuesday, not Monday\nlikes mornings")
    lin.keyboard.press("Control+Enter")
    expect(lin.locator("#desk .done")).to_contain_text("The note is saved")
    assert [note.text for note in AccountNote.objects.order_by("version")] == [
        "calls back on Monday\nlikes mornings",
        "calls back on Tuesday, not Monday\nlikes mornings",
    ]


def test_an_outcome_over_a_colleagues_is_refused_and_its_remark_kept(
    both: tuple[Page, Page], accounts: list[CreditAccount]
) -> None:
    mei, lin = both
    for page in both:
        page.goto(f"/worklist/?at={item_of(accounts[0]).pk}")
        page.keyboard.press("r")
        page.keyboard.type(f"remark of {'mei' if page is mei else 'lin'}")
        page.keyboard.press("Enter")
    mei.keyboard.press("1")
    expect(mei.locator("#desk .done")).to_contain_text("promise to pay")
    lin.keyboard.press("2")
    expect(lin.locator("#desk .notice-error")).to_be_visible()
    expect(lin.locator("#desk [name=remark]")).to_have_value("remark of lin")
    record = WorkRecord.objects.get()
    assert (record.outcome, record.text, record.user.username) == ("promise", "remark of mei", "mei")

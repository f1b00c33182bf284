"""A whole shift of an analyst by the keyboard alone: from the log-in to a closed review, the mouse never touched."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from factories import make_customer, make_team, make_user
from playwright.sync_api import Page, expect
from work_books import DAY, fill, item_of, late_account, make_queue, worker

from accounts.models import CreditAccount, Review
from accounts.operations.reviewing import open_review
from casework.models import AccountNote, Case, WorkItem, WorkRecord
from riskops.shared.audit import Actor
from riskops.shared.roles import Role

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

#: Counts what a mouse, a pen or a finger does to the page; what a key does to a button is no pointer's.
NO_POINTER = """
for (const kind of ["pointerdown", "mousedown", "touchstart"]) {
  document.addEventListener(kind, () => sessionStorage.setItem("pointed", "yes"), true);
}
"""


@pytest.fixture
def accounts(transactional_db: None) -> list[CreditAccount]:
    """Nine late accounts in one queue, the one that owes most first, and a review of the last one that waits for anybody."""
    lead = make_user(Role.TEAM_LEAD, username="lead")
    make_team(lead=lead)
    worker(username="mei")
    make_queue()
    people = [{"name": f"Person {n}", "phone": f"13900008{n:03d}"} for n in range(1, 9)] + [
        {"name": "Ouyang Xiu", "phone": "13912347777"}
    ]
    made = [
        late_account(owed=1_000_000 - number * 100_000, customer=make_customer(person=person))
        for number, person in enumerate(people)
    ]
    fill(now=timezone.now(), as_of=DAY)
    open_review(actor=Actor.of(lead), account_id=made[-1].pk, purpose="Buys gift cards at night")
    return made


@pytest.fixture
def shift(visitor: Callable[..., Page], accounts: list[CreditAccount]) -> Page:
    page = visitor()
    page.add_init_script(NO_POINTER)
    return page


def press(page: Page, *keys: str) -> None:
    """Press keys one after the other, once the page is there to hear them."""
    for key in keys:
        page.wait_for_load_state()
        page.keyboard.press(key)


def focused(page: Page) -> Any:
    return page.locator(":focus")


def row_of(account: CreditAccount) -> str:
    return f"#work-list [data-item='{item_of(account).pk}']"


def find(page: Page, words: str, account: CreditAccount) -> None:
    """Go to an account by the palette."""
    press(page, "Control+k")
    expect(page.locator("#palette input[name=q]")).to_be_focused()
    page.keyboard.type(words)
    expect(page.locator("#palette [data-found].is-first")).to_contain_text(account.account_no)
    press(page, "Enter")
    expect(page).to_have_url(re.compile(rf"/accounts/{account.account_no}/$"))


def at_desk(page: Page, account: CreditAccount) -> None:
    """Assert that the account lies on the desk, in hand, and that keys go there."""
    expect(page.locator("#desk h2")).to_contain_text(account.account_no)
    expect(page.locator("#desk")).to_be_focused()


def acts(account: CreditAccount) -> list[tuple[str, str]]:
    return list(WorkRecord.objects.filter(item__account=account).order_by("pk").values_list("act", "outcome"))


def test_a_shift_from_the_log_in_to_a_closed_review_without_a_mouse(shift: Page, accounts: list[CreditAccount]) -> None:
    page = shift
    page.goto("/")
    expect(page.locator("[name=username]")).to_be_focused()
    page.keyboard.type("mei")
    press(page, "Tab")
    page.keyboard.type("password")
    press(page, "Enter")
    expect(page).to_have_url(re.compile("/worklist/$"))
    expect(page.locator("#work-list tbody tr")).to_have_count(9)

    # The help opens over the page and closes without a trace.
    press(page, "?")
    expect(page.locator("#keys")).to_be_visible()
    press(page, "Escape")
    expect(page.locator("#keys")).to_be_hidden()

    # Rows, and the account beside them; Esc comes back to the row it was opened from.
    press(page, "j", "j", "j", "k")
    expect(page.locator("tr.is-at")).to_contain_text(accounts[1].account_no)
    expect(focused(page)).to_have_text(accounts[1].account_no)
    press(page, "Enter")
    at_desk(page, accounts[1])
    press(page, "w")
    expect(page.locator("#desk details.why")).to_have_attribute("open", "")
    # What is open closes first, then the account.
    press(page, "Escape")
    expect(page.locator("#desk details.why")).not_to_have_attribute("open", "")
    at_desk(page, accounts[1])
    press(page, "Escape")
    expect(page.locator("#desk")).to_be_hidden()
    expect(focused(page)).to_have_text(accounts[1].account_no)

    # Three selected, assigned to oneself: previewed, confirmed, reported.
    press(page, "x", "j", "j", "X")
    expect(page.locator("[data-count]")).to_have_text("3")
    press(page, "a")
    expect(focused(page)).to_have_text("Preview: assign to me")
    press(page, "Enter")
    expect(page.locator(".formula")).to_contain_text("3 selected")
    expect(focused(page)).to_have_class(re.compile("primary"))
    press(page, "Enter")
    expect(page.locator(".subheading")).to_contain_text("3 done, 0 refused")
    assert set(WorkItem.objects.filter(assigned_to__username="mei").values_list("account_id", flat=True)) == {
        account.pk for account in accounts[1:4]
    }

    # Next: what is assigned comes first. A remark is typed, Enter leads back, a number records; undone, and recorded anew.
    press(page, "g", "w")
    expect(page).to_have_url(re.compile("/worklist/$"))
    press(page, "n")
    at_desk(page, accounts[1])
    expect(page.locator("#desk .claim")).to_contain_text("in your hand, 15 min left")
    press(page, "r")
    expect(page.locator("[name=remark]")).to_be_focused()
    page.keyboard.type("pays on Friday")
    press(page, "Enter")
    at_desk(page, accounts[1])
    assert acts(accounts[1])[-1][0] != "outcome"
    press(page, "1")
    at_desk(page, accounts[2])
    expect(page.locator("#desk .done")).to_contain_text("promise to pay")
    assert WorkRecord.objects.get(item__account=accounts[1], outcome="promise").text == "pays on Friday"
    press(page, "u")
    at_desk(page, accounts[1])
    expect(page.locator("#desk .done")).to_contain_text("Undone")
    assert item_of(accounts[1]).status == "open"
    press(page, "t")
    expect(page.locator("#desk .claim")).to_contain_text("in your hand")
    press(page, "2")
    at_desk(page, accounts[2])
    assert acts(accounts[1])[-1] == ("outcome", "no_answer")

    # A note, snooze, escalate; each with its key, its field in focus, and Esc to think better of it.
    press(page, "c")
    expect(page.locator("#desk [name=text]")).to_be_focused()
    page.keyboard.type("Works nights; call after three.")
    press(page, "Control+Enter")
    expect(page.locator("#desk .done")).to_contain_text("The note is saved")
    at_desk(page, accounts[2])
    press(page, "s")
    expect(focused(page)).to_have_attribute("name", "until")
    press(page, "Escape", "Escape")
    at_desk(page, accounts[2])
    expect(page.locator("#desk .acts details[open]")).to_have_count(0)
    press(page, "s")
    expect(focused(page)).to_have_attribute("name", "until")
    press(page, "Enter")
    at_desk(page, accounts[3])
    press(page, "e")
    expect(focused(page)).to_have_attribute("name", "reason")
    page.keyboard.type("asks for a plan of 24 months")
    press(page, "Enter")
    at_desk(page, accounts[0])
    assert item_of(accounts[2]).status == "snoozed"
    assert (item_of(accounts[3]).is_escalated, item_of(accounts[3]).assigned_to.username) == (True, "lead")
    assert AccountNote.objects.get(account=accounts[2]).text == "Works nights; call after three."

    # One account assigned at the desk, passed on with a reason, and the numbers.
    press(page, "a")
    expect(focused(page)).to_have_attribute("name", "username")
    press(page, "Enter")
    expect(page.locator("#desk .done")).to_contain_text("is assigned to mei")
    at_desk(page, accounts[0])
    press(page, "9")
    at_desk(page, accounts[4])
    press(page, "p")
    page.keyboard.type("speaks only Cantonese")
    press(page, "Enter")
    at_desk(page, accounts[5])
    press(page, "3")
    at_desk(page, accounts[6])
    assert acts(accounts[5]) == [("outcome", "wrong_number")]
    assert acts(accounts[0])[-1] == ("outcome", "reviewed")

    # Any account from anywhere: by number, by name, by the last four digits.
    find(page, accounts[7].account_no, accounts[7])
    find(page, "Ouyang Xiu", accounts[8])
    press(page, "g", "w")
    expect(page.locator("#work-list")).to_be_visible()
    find(page, "7777", accounts[8])

    # The review that waits: taken, judged with reasons, and closed.
    press(page, "Control+k")
    page.keyboard.type("reviews")
    press(page, "Enter")
    expect(page).to_have_url(re.compile("/reviews/$"))
    press(page, "n")
    expect(page.locator("h1")).to_contain_text(accounts[8].account_no)
    press(page, "o")
    expect(page.locator("[name=outcome]")).to_be_focused()
    page.keyboard.type("keep")
    press(page, "Tab", "Space")
    for _ in range(3):
        press(page, "Tab")
    press(page, "Space")
    while not page.evaluate("document.activeElement.name === 'note'"):
        press(page, "Tab")
    page.keyboard.type("Called; the cards were for a wedding.")
    press(page, "Control+Shift+Enter")
    expect(page.locator(".messages")).to_contain_text("is closed")
    review = Review.objects.get()
    assert (review.outcome, len(review.reasons), review.closed_by_name) == ("watch", 2, "mei")
    assert review.note == "Called; the cards were for a wedding."
    assert page.evaluate("sessionStorage.getItem('pointed')") is None


def test_the_keys_of_the_palette_and_the_help_give_the_focus_back(shift: Page, accounts: list[CreditAccount]) -> None:
    page = shift
    page.goto("/admin/login/?next=/worklist/")
    page.keyboard.type("mei")
    press(page, "Tab")
    page.keyboard.type("password")
    press(page, "Enter")
    expect(page.locator("#work-list tbody tr")).to_have_count(9)
    press(page, "j", "j")
    for opens, dialog in (("Control+k", "#palette"), ("?", "#keys"), ("Meta+k", "#palette")):
        press(page, opens)
        expect(page.locator(dialog)).to_be_visible()
        press(page, "Escape")
        expect(page.locator(dialog)).to_be_hidden()
        expect(focused(page)).to_have_text(accounts[1].account_no)
    # A menu closed by Esc gives the focus back to what opened it.
    press(page, "x", "s")
    expect(focused(page)).to_have_attribute("name", "until")
    press(page, "Escape")
    expect(focused(page)).to_contain_text("Snooze")
    # Nothing of it was done.
    assert not WorkRecord.objects.exists()


def test_an_outcome_that_waits_for_the_reason_of_lateness_goes_with_it_by_keyboard(
    shift: Page, accounts: list[CreditAccount]
) -> None:
    late = accounts[0]
    own = {"account": late, "customer": late.customer, "product": late.product}
    Case.objects.create(**own, episode=1, since=DAY, opened_on=DAY, stage=Case.Stage.REMIND, stage_since=DAY)
    page = shift
    page.goto("/admin/login/?next=/worklist/")
    page.keyboard.type("mei")
    press(page, "Tab")
    page.keyboard.type("password")
    press(page, "Enter")
    expect(page.locator("#work-list tbody tr")).to_have_count(9)
    press(page, "n")
    at_desk(page, accounts[0])
    press(page, "6")
    # Nothing is recorded yet; what is missing is said, and stays said.
    expect(page.locator("#desk .outcomes [data-ask-hint]")).to_be_visible()
    expect(focused(page)).to_have_attribute("name", "lateness_reason")
    assert ("outcome", "cannot_pay") not in acts(accounts[0])
    press(page, "ArrowDown", "Enter")
    at_desk(page, accounts[1])
    assert acts(accounts[0])[-1] == ("outcome", "cannot_pay")
    assert Case.objects.get().reason_id is not None
    assert page.evaluate("sessionStorage.getItem('pointed')") is None

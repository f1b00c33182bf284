"""The admin's pages as people read them: in their language, amounts as money, lists in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, Final

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone
from factories import make_user
from one_of_everything import put_one_of_everything

from accounts.models import CreditAccount, Decision, Product, Restriction, Review, ReviewReason
from casework.models import TierPolicy
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db

#: What is written so in Chinese, too.
ALSO_IN_CHINESE: Final = {"ID", "API", "English", "Ctrl K", "riskops"}
#: Elements whose text says what something is, and attributes that do.
SAYING: Final = {"label", "th", "h1", "h2", "h3", "button", "option"}
SAYING_ATTRIBUTES: Final = {"placeholder", "title", "aria-label"}
#: django-unfold gives what is said below a field no name of its own.
BELOW_A_FIELD: Final = "leading-relaxed mt-2 text-xs"
VOID: Final = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Sayings(HTMLParser):
    """What a page says by itself: of labels, heads of tables and pages, texts below fields, buttons and choices left empty.

    The rest is what is in the book, in whatever language it was typed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the attributes that say something, and what is open from here on."""
        values = {name: value or "" for name, value in attrs}
        self.found += [(f"{tag} {name}", values[name]) for name in SAYING_ATTRIBUTES & set(values)]
        if tag not in VOID:
            kind = "help" if values.get("class") == BELOW_A_FIELD else tag if tag in SAYING else ""
            # A choice that stands for a row is called as the row is; the head of a row is its key.
            if (tag == "option" and values.get("value")) or (tag == "th" and "field-" in values.get("class", "")):
                kind = "row"
            if "material-symbols-outlined" in values.get("class", ""):
                kind = "icon"
            self.open.append((tag, kind))

    def handle_endtag(self, tag: str) -> None:
        """Close what was open."""
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Note a text by the nearest of what says something."""
        kind = next((kind for _tag, kind in reversed(self.open) if kind), "")
        if data.strip() and kind not in ("", "icon", "row"):
            self.found.append((kind, " ".join(data.split())))


def sayings(client: Client, address: str) -> list[tuple[str, str]]:
    """Return what a page in Chinese says: where, and the text."""
    answer = client.get(address, headers={"Accept-Language": "zh-hans"})
    assert answer.status_code == 200, (address, answer.status_code)
    parser = Sayings()
    # Less the record's own name at the head of its page.
    parser.feed(re.sub(r'<a [^>]*href="[^"]*/change/"[^>]*>.*?</a>', "", answer.content.decode(), flags=re.DOTALL))
    return parser.found


def addresses() -> Iterator[str]:
    """Yield the list, an empty list and the pages of one record, of each model of the admin; and the pages around them."""
    yield from ("/admin/", "/admin/password_change/")
    for model, pages in admin.site._registry.items():
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        yield base
        if pages.search_fields:
            yield f"{base}?q=nothing-like-it"
        row = f"{base}{model._default_manager.values_list('pk', flat=True).first()}/"
        yield from (f"{base}add/", f"{row}change/", f"{row}delete/", f"{row}history/")


def client_of(*roles: Role) -> Client:
    """Return a client logged in as a new person with the roles."""
    client = Client()
    client.force_login(make_user(*roles, username="a-person"))
    return client


@pytest.mark.parametrize("roles", [tuple(Role), (Role.ANALYST,)], ids=["who may write", "who looks"])
def test_no_page_of_the_admin_says_anything_in_english_to_who_reads_chinese(roles: tuple[Role, ...]) -> None:
    put_one_of_everything()
    client = client_of(*roles)
    # Some take nothing new, delete nothing, or are none of the person's.
    shown = [address for address in addresses() if client.get(address).status_code == 200]
    said = {address: sayings(client, address) for address in shown}
    kinds = {kind for found in said.values() for kind, _text in found}
    assert kinds >= {"label", "th", "help", "h1", "button", "input placeholder"}, "the pages are built otherwise now"
    english = {
        (address, kind, text)
        for address, found in said.items()
        for kind, text in found
        if re.search("[A-Za-z]{2}", text) and text.isascii() and text not in ALSO_IN_CHINESE
    }
    assert english == set()
    assert len(shown) > (60 if len(roles) > 1 else 40)


def said_in(client: Client, address: str, language: str = "en") -> str:
    """Return the text of a page, without its tags."""
    answer = client.get(address, headers={"Accept-Language": language})
    assert answer.status_code == 200, (address, answer.status_code)
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def decided(account: CreditAccount) -> Decision:
    """Return a proposal to lower the account's limit."""
    original = Decision.objects.get(reference="D-roles")
    return Decision.objects.create(
        reference="D-amounts", account=account, action="lower_limit", status="proposed", new_limit_minor=500_000,
        limit_before_minor=1_000_000, owed_minor=414_000, weighed_minor=500_000, reason=original.reason, text_en="x",
        text_zh="x", proposed_by_name="somebody", proposed_on=account.opened_on, needs_approval_by=["team lead", "approver"],
        buffer_days=0, effective_on=account.opened_on, engine_version="1",
    )  # fmt: skip


def test_a_record_shows_amounts_with_their_currency_and_roles_in_words() -> None:
    decision = decided(put_one_of_everything())
    client = client_of(Role.ANALYST)
    page = said_in(client, f"/admin/accounts/decision/{decision.pk}/change/")
    assert "New limit ¥ 5,000.00 Limit before ¥ 10,000.00 Limit after –" in page
    assert "Balance owed ¥ 4,140.00 when it was proposed Amount weighed ¥ 5,000.00" in page
    assert "team lead, approver" in page and page.count("Proposed by") == 1
    assert "500,000" not in page and "414,000" not in page and "[" not in page.partition("Needs approval by")[2][:40]
    assert "组长, 审批人" in said_in(client, f"/admin/accounts/decision/{decision.pk}/change/", "zh-hans")


def test_amounts_have_the_digits_of_their_currency() -> None:
    account = put_one_of_everything()
    Product.objects.update(currency="JPY", minor_digits=0)
    Restriction.objects.update(scope="amount", most_minor=20_000)
    client = client_of(Role.ANALYST)
    assert "Credit limit ¥ 1,000,000 " in said_in(client, f"/admin/accounts/creditaccount/{account.pk}/change/")
    assert "¥ 20,000 " in said_in(client, "/admin/accounts/restriction/")


def test_what_is_kept_as_a_list_or_by_name_is_read_in_words() -> None:
    account = put_one_of_everything()
    CreditAccount.objects.update(attributes={"shop": "Hangzhou", "note": "<b>"})
    Review.objects.update(
        is_open=False, closed_on=account.opened_on, closed_at=timezone.now(), outcome="watch", reasons=["forgot", "no-such-code"]
    )
    client = client_of(Role.ANALYST)
    account_page = client.get(f"/admin/accounts/creditaccount/{account.pk}/change/").content.decode()
    assert "<div>note: &lt;b&gt;</div><div>shop: Hangzhou</div>" in account_page
    assert "Attributes –" in said_in(client, f"/admin/accounts/customer/{account.customer_id}/change/")
    assert "penalty → fee → interest → principal" in said_in(client, f"/admin/accounts/product/{account.product_id}/change/")
    reason = ReviewReason.objects.get(code="forgot")
    assert f"Reason codes {reason.name_en}, no-such-code" in said_in(client, "/admin/accounts/review/1/change/")
    assert f"原因代码 {reason.name_zh}, no-such-code" in said_in(client, "/admin/accounts/review/1/change/", "zh-hans")


def test_a_review_is_opened_otherwise_than_an_account() -> None:
    account = put_one_of_everything()
    client = client_of(Role.ANALYST)
    assert "立案日期" in said_in(client, "/admin/accounts/review/1/change/", "zh-hans")
    assert "开户日" in said_in(client, f"/admin/accounts/creditaccount/{account.pk}/change/", "zh-hans")


def test_a_record_is_called_in_words_and_a_code_stays_as_it_is_written() -> None:
    put_one_of_everything()
    client = client_of(*Role)

    def head(address: str) -> str:
        found = re.search(r"<h1>(.*?)</h1>", client.get(address).content.decode(), re.DOTALL)
        assert found is not None
        return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())

    def address_of(model: Any, **named: Any) -> str:
        row: Any = model._default_manager.get(**named)
        return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{row.pk}/change/"

    models: dict[str, Any] = {model.__name__: model for model in admin.site._registry}
    assert head(address_of(models["LendingCap"], code="internet_loan")).endswith("chevron_right internet_loan")
    assert head(address_of(models["AuthorityRow"], action="lift", amount_from=7)).endswith("Lift · analyst · 7–8")
    assert head(address_of(models["DecisionTerms"], action="write_off")).endswith("Write off")
    assert head(address_of(models["Restriction"])).endswith("A-roles · all use")
    assert head(address_of(models["ApplicationAppeal"])).endswith("AP-gone")
    assert head(address_of(models["PeriodicTask"], name="nightly close")).endswith("Nightly close")


def test_a_shipped_tier_policy_says_so_and_leads_to_its_page() -> None:
    client, policy = client_of(Role.TEAM_LEAD), TierPolicy.objects.get()
    page = said_in(client, f"/admin/casework/tierpolicy/{policy.pk}/change/", "zh-hans")
    assert "随站点提供" in page and "策略页面" in page and "{" not in page.partition("变更内容")[2]

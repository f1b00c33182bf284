"""The customer's own page: open to whoever holds a good link, says little, and does nothing by being opened."""

from __future__ import annotations

from datetime import date, timedelta
from re import search
from typing import Any

import pytest
from deciding_books import Person, close_at, make_late_account
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from factories import make_customer
from hypothesis import given
from hypothesis import strategies as st
from outreach_books import PERSON, make_reachable

from accounts.models import AccountState, Appeal, CreditAccount
from outreach import rate_limits
from outreach.customer_links import LinkExpired, LinkNotValid, account_of_token, link_of, token_of, tried_out_link, without_links
from outreach.models import EducationArticle, OptOut
from outreach.models.education import stage_of
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

TODAY = date(2025, 3, 12)


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet(monkeypatch: pytest.MonkeyPatch) -> Any:
    # Nor does a minute end in the middle of a test.
    monkeypatch.setattr(rate_limits, "_WINDOW_SECONDS", 10**9)
    cache.clear()
    yield
    cache.clear()


def good_link(account: CreditAccount) -> str:
    return f"/c/{token_of(account.pk, today=timezone.localdate())}/"


def proof_of(account: CreditAccount) -> str:
    person = account.customer.person
    return str(person.get("national_id") or person["phone"])[-4:]


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.content.decode()[:400]
    return str(response.content.decode())


class TestLinks:
    @given(st.integers(0, 2**48 - 1))
    def test_a_link_leads_to_its_account_and_is_short(self, account_id: int) -> None:
        token = token_of(account_id, today=TODAY)
        assert account_of_token(token, today=TODAY) == account_id
        assert len(token) == 27

    def test_it_is_good_through_its_last_day(self, settings: Any) -> None:
        settings.CUSTOMER_LINK_DAYS = 30
        token = token_of(7, today=TODAY)
        assert account_of_token(token, today=TODAY + timedelta(days=30)) == 7
        with pytest.raises(LinkExpired):
            account_of_token(token, today=TODAY + timedelta(days=31))

    @given(st.integers(0, 26), st.sampled_from("ABCxyz019-_"))
    def test_one_changed_letter_makes_it_no_link(self, place: int, letter: str) -> None:
        token = token_of(123_456, today=TODAY)
        changed = token[:place] + letter + token[place + 1 :]
        if changed != token:
            with pytest.raises(LinkNotValid):
                account_of_token(changed, today=TODAY)

    @pytest.mark.parametrize("token", ["", "x", "中", "A" * 27, "A" * 4000, "=" * 27])
    def test_what_is_no_link_is_none(self, token: str) -> None:
        with pytest.raises(LinkNotValid):
            account_of_token(token, today=TODAY)

    def test_an_old_key_still_opens_it_and_a_foreign_one_never(self, settings: Any) -> None:
        token = token_of(7, today=TODAY)
        old, settings.SECRET_KEY = settings.SECRET_KEY, "another key"
        with pytest.raises(LinkNotValid):
            account_of_token(token, today=TODAY)
        settings.SECRET_KEY_FALLBACKS = [old]
        assert account_of_token(token, today=TODAY) == 7

    def test_the_address_begins_with_that_of_the_site(self, settings: Any) -> None:
        settings.PUBLIC_URL = "https://pay.example.com/"
        assert link_of(7, today=TODAY) == f"https://pay.example.com/c/{token_of(7, today=TODAY)}/"
        settings.PUBLIC_URL, settings.ENVIRONMENT_NAME = "", "production"
        assert link_of(7, today=TODAY) == ""

    def test_staff_read_messages_without_the_link(self, settings: Any) -> None:
        settings.PUBLIC_URL = "https://pay.example.com"
        text = f"See {link_of(7, today=TODAY)} please."
        assert without_links(text) == text
        settings.ENVIRONMENT_NAME = "production"
        assert without_links(text) == "See https://pay.example.com/c/…/ please."


@pytest.mark.django_db
class TestThePage:
    def test_it_says_no_more_than_four_digits_of_the_account(self) -> None:
        account = make_reachable()
        CreditAccount.objects.filter(pk=account.pk).update(account_no="A000412345")
        account.refresh_from_db()
        answer = Client().get(good_link(account))
        shown = text(answer)
        assert account.account_no[-4:] in shown and account.account_no not in shown
        assert not any(value in shown for value in PERSON.values())
        assert account.customer.customer_no not in shown
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "no-store" in answer.headers["Cache-Control"]

    def test_opening_it_changes_nothing(self) -> None:
        account = make_reachable()
        before = AuditEntry.objects.count()
        for address in ("", "opt-out/", "appeal/"):
            Client().get(good_link(account) + address)
        assert not OptOut.objects.exists() and AuditEntry.objects.count() == before

    def test_it_speaks_the_customers_language_and_the_other_one_on_request(self) -> None:
        account = make_reachable(language="en")
        assert "Our messages to you" in text(Client().get(good_link(account)))
        assert 'lang="zh-hans"' in text(Client().get(good_link(account) + "?lang=zh-hans"))

    def test_a_customer_opts_out_of_two_channels_at_once(self) -> None:
        account = make_reachable(language="en")
        answer = Client().post(good_link(account) + "opt-out/", {"channels": ["sms", "email"]}, follow=True)
        assert "no more messages this way" in text(answer)
        assert set(OptOut.objects.values_list("channel", "source")) == {("sms", "page"), ("email", "page")}
        assert AuditEntry.objects.filter(actor_name="customer page").count() == 2
        # Said again, it is as it was.
        text(Client().post(good_link(account) + "opt-out/", {"channels": ["sms"]}, follow=True))
        assert OptOut.objects.count() == 2

    def test_a_mail_program_unsubscribes_by_one_click(self) -> None:
        account = make_reachable()
        client = Client(enforce_csrf_checks=True)
        answer = client.post(good_link(account) + "opt-out/", {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 204
        assert list(OptOut.objects.values_list("channel", flat=True)) == ["email"]

    @pytest.mark.parametrize("channels", [[], ["call"], ["letter", "sms"], ["x"]])
    def test_what_is_no_channel_of_messages_is_refused(self, channels: list[str]) -> None:
        account = make_reachable(language="en")
        answer = Client().post(good_link(account) + "opt-out/", {"channels": channels})
        assert "Tick what you want nothing more by" in text(answer, 422)
        assert not OptOut.objects.exists()

    def test_an_appeal_needs_words_and_the_csrf_token(self) -> None:
        account = make_reachable(language="en")
        assert "Write what you object to" in text(Client().post(good_link(account) + "appeal/", {"grounds": " "}), 422)
        refused = Client(enforce_csrf_checks=True).post(good_link(account) + "appeal/", {"reference": "D1", "grounds": "no"})
        assert refused.status_code == 403
        assert not Appeal.objects.exists()

    @pytest.mark.parametrize(
        ("language", "words", "back"), [("en", "was out of date", "To your page"), ("zh-hans", "页面已过期", "返回您的页面")]
    )
    def test_a_form_kept_open_too_long_is_refused_in_the_customers_shell(self, language: str, words: str, back: str) -> None:
        account = make_reachable(language=language)
        link, client = good_link(account), Client(enforce_csrf_checks=True)
        for address in ("appeal/", "decisions/", "simulation/", "plan/", "plan/accept/", "plan/agreement/"):
            answer = client.post(link + address, {"reference": "D1"})
            shown = text(answer, 403)
            assert words in shown and f'href="{link}?lang={language}">{back}' in shown, address
            assert "/admin/login" not in shown and "sidebar" not in shown and "css/customer.css" in shown
            assert "no-store" in answer.headers["Cache-Control"]
        # The page's own language goes before the customer's.
        assert "页面已过期" in text(client.post(link + "plan/?lang=zh-hans"), 403)

    def test_forms_with_their_token_are_taken(self) -> None:
        account = make_reachable(language="en")
        link, client = good_link(account), Client(enforce_csrf_checks=True)
        client.get(link)
        sent = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value, "reference": "D1", "grounds": "It is not mine."}
        for address in ("appeal/", "simulation/", "plan/", "plan/accept/", "plan/agreement/"):
            assert client.post(link + address, sent, headers={"origin": "http://testserver"}).status_code == 422, address

    def test_after_a_form_the_other_language_and_a_reload_lead_to_the_page(self) -> None:
        account = make_reachable(language="en")
        link = good_link(account)
        shown = text(Client().post(link + "opt-out/", {"channels": []}), 422)
        assert f'href="{link}?lang=zh-hans"' in shown and 'href="?' not in shown
        for address in ("opt-out/", "appeal/", "simulation/", "plan/", "plan/accept/", "plan/agreement/"):
            answer = Client().get(f"{link}{address}?lang=en")
            assert (answer.status_code, answer.headers["Location"]) == (302, f"{link}?lang=en")

    def test_a_customer_objects_to_a_decision_once_and_somebody_else_judges_it(self) -> None:
        account = make_late_account(customer=make_customer(person={"name": "A", "phone": "13900001234"}))
        close_at(account)
        decision = Person(Role.TEAM_LEAD).asks(account, "suspend_use", scope="all")
        assert decision.status == "effective"
        link = good_link(account)
        opened = text(Client().get(link + "?lang=en"))
        action = decision.get_action_display().capitalize()
        assert "show that it is you" in opened and "Object, until" not in opened and decision.reference not in opened
        assert action not in opened and "decided on" not in opened
        refused = text(Client().post(link + "decisions/?lang=en", {"proof": "0000"}), 422)
        assert "not the last four characters" in refused and decision.reference not in refused
        proved = text(Client().post(link + "decisions/?lang=en", {"proof": proof_of(account)}))
        assert "Object, until" in proved and action in proved
        own_pass = search(r'name="own_pass" value="([^"]+)"', proved)
        assert own_pass is not None
        sent = {"reference": decision.reference, "grounds": "I paid on Monday.", "own_pass": own_pass[1]}
        assert "We have your objection" in text(Client().post(link + "appeal/?lang=en", sent, follow=True))
        appeal = Appeal.objects.get()
        assert (appeal.decision_id, appeal.grounds, appeal.recorded_by_name) == (
            decision.pk,
            "I paid on Monday.",
            "customer page",
        )
        guessed = text(Client().post(link + "appeal/?lang=en", {**sent, "own_pass": ""}), 422)
        assert "nothing to object to under this number" in guessed and "on its way" not in guessed
        again = text(Client().post(link + "appeal/?lang=en", sent), 422)
        assert Appeal.objects.count() == 1 and "the answer is on its way" in again

    def test_a_decision_of_somebody_else_is_none(self) -> None:
        account = make_reachable(language="en")
        answer = Client().post(good_link(account) + "appeal/", {"reference": "D-2025-000001", "grounds": "It is not mine."})
        assert "nothing to object to under this number" in text(answer, 422)
        assert not Appeal.objects.exists()

    def test_bad_links_say_what_to_do(self) -> None:
        account = make_reachable()
        assert "not complete" in text(Client().get("/c/nonsense/"), 404)
        old = token_of(account.pk, today=timezone.localdate() - timedelta(days=400))
        assert "no longer valid" in text(Client().get(f"/c/{old}/"), 410)
        assert "not complete" in text(Client().get(f"/c/{token_of(999_999, today=timezone.localdate())}/"), 404)

    def test_who_asks_too_often_waits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # All within one minute, whenever this runs.
        monkeypatch.setattr("outreach.rate_limits.time.time", lambda: 1_741_752_000.0)
        account = make_reachable()
        client = Client()
        for _ in range(10):
            client.post(good_link(account) + "opt-out/", {"channels": ["sms"]})
        answer = client.post(good_link(account) + "opt-out/", {"channels": ["email"]})
        assert answer.status_code == 429 and answer.headers["Retry-After"] == "60"
        assert list(OptOut.objects.values_list("channel", flat=True)) == ["sms"]

    def test_who_asks_too_often_keeps_nobody_else_out(self) -> None:
        """A mail provider unsubscribes many customers from one address; behind a proxy all come from one."""
        eager, *others = (make_reachable() for _ in range(12))
        for _ in range(31):
            Client().get(good_link(eager))
            Client().get("/c/nonsense/")
        assert Client().get(good_link(eager)).status_code == Client().get("/c/nonsense/").status_code == 429
        one_click = {"List-Unsubscribe": "One-Click"}
        found = {Client().post(good_link(account) + "opt-out/", one_click).status_code for account in others}
        assert found == {204}
        assert OptOut.objects.count() == len(others)


@pytest.mark.django_db
class TestEducation:
    @pytest.mark.parametrize(
        ("days", "stage"),
        [(0, "on_time"), (1, "short"), (30, "short"), (31, "medium"), (90, "medium"), (91, "long"), (900, "long")],
    )
    def test_stages_are_the_classes_of_lateness(self, days: int, stage: str) -> None:
        assert stage_of(days) == stage

    def test_who_has_shown_that_it_is_they_reads_what_helps_at_their_own_stage_first(self) -> None:
        account = make_reachable(language="en")
        AccountState.objects.create(
            account=account, product=account.product, opened_on=account.opened_on, days_past_due=45, bucket=2
        )
        link, stages = good_link(account), dict(EducationArticle.objects.values_list("name_en", "stage"))

        def titles(proof: str, status: int = 200) -> list[str]:
            shown = text(Client().post(link + "decisions/", {"proof": proof}), status)
            return sorted((title for title in stages if f"<summary>{title}</summary>" in shown), key=shown.index)

        assert set(titles("0000", 422)) == set(stages)
        own = titles(proof_of(account))
        assert [stages[title] for title in own] == ["medium", "any", "any", "any"]
        AccountState.objects.update(days_past_due=0, bucket=0)
        assert [stages[title] for title in titles(proof_of(account))] == ["on_time", "any", "any", "any"]
        AccountState.objects.all().delete()
        assert [stages[title] for title in titles(proof_of(account))] == ["on_time", "any", "any", "any"]

    def test_what_helps_is_shown_for_every_stage_and_so_tells_nothing_of_ones_own(self) -> None:
        account = make_reachable(language="en")
        AccountState.objects.create(
            account=account, product=account.product, opened_on=account.opened_on, days_past_due=45, bucket=2
        )
        shown = text(Client().get(good_link(account)))
        titles = dict(EducationArticle.objects.values_list("code", "name_en"))
        assert all(title in shown for title in titles.values())
        AccountState.objects.update(days_past_due=0, bucket=0)
        again = text(Client().get(good_link(account)))
        places = [[page.index(title) for title in titles.values()] for page in (shown, again)]
        assert places[0] == places[1]


def test_staff_are_led_to_the_customers_page_only_where_the_site_is_tried_out(settings: Any) -> None:
    settings.PUBLIC_URL, settings.ENVIRONMENT_NAME = "", "local"
    assert tried_out_link(7, today=TODAY) == f"http://127.0.0.1:8000/c/{token_of(7, today=TODAY)}/"
    # `make run` may listen on another port.
    settings.RUN_URL = "http://127.0.0.1:8123"
    assert tried_out_link(7, today=TODAY) == f"http://127.0.0.1:8123/c/{token_of(7, today=TODAY)}/"
    settings.PUBLIC_URL, settings.ENVIRONMENT_NAME = "https://pay.example.com", "production"
    assert tried_out_link(7, today=TODAY) == ""

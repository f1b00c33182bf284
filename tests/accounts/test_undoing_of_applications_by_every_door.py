"""The undoing of a proposal rule's decisions in the browser and by API; who sees a part of the book is kept out."""

from __future__ import annotations

import pytest
from application_books import OPEN, Person, decides, make_line_product, received
from deciding_books import at, page
from factories import make_conflict
from test_api_decisions import Caller

from accounts.models import Application, ApplicationUndo, Decision, Product, ProposalRule, Restriction
from riskops.shared.models import PortfolioScope
from riskops.shared.roles import Role


@pytest.fixture
def product(db: None) -> Product:
    return make_line_product()


@pytest.fixture
def decided(product: Product) -> list[Application]:
    """Return what the rule for new customers granted and the one for no income refused."""
    analyst = Person(Role.ANALYST)
    return [
        decides(analyst, received(product)),
        decides(analyst, received(product, declared_income_minor=0), "refuse", reason_code="income_too_low"),
    ]


def version(code: str = "new-customer") -> ProposalRule:
    return ProposalRule.objects.get(code=code)


def test_it_is_previewed_asked_for_and_approved_in_the_browser(decided: list[Application]) -> None:
    lead, approver = at(Person(Role.TEAM_LEAD)), at(Person(Role.APPROVER))
    one = f"/proposal-rules/{version().pk}/"
    plain = page(lead.get(one))
    assert "Undo what it decided" in plain and "Ask to undo" not in plain
    assert "Undo what it decided" not in page(at(Person(Role.ANALYST)).get(one))
    looked = page(lead.get(f"{one}?undo="))
    assert "line never used: suspended" in looked and "limits ¥\u202f20,000.00" in looked and "Ask to undo" in looked
    assert "Needs approval by: approver" in looked
    assert "decides on until somebody approves the undoing" in looked
    assert "Asked for by you, the version ends on the open day." in page(at(Person(Role.APPROVER)).get(f"{one}?undo="))
    assert "Nothing is left to undo." in page(lead.get(f"{one}?undo=2024-01-01"))
    assert "Your roles may not" in page(at(Person(Role.MANAGER)).get(f"{one}?undo="))

    sent = lead.post(f"{one}undo/", {"decided_on": OPEN.isoformat(), "reason": "the rule was wrong"}, follow=True)
    assert "Asked for: somebody else approves it" in page(sent)
    undo = ApplicationUndo.objects.get()
    assert undo.decided_on == OPEN
    assert "Approve and undo" not in page(lead.get("/proposal-rules/"))
    assert lead.post(f"/application-undoings/{undo.pk}/judge/", {"approve": "1"}).status_code == 403
    listed = page(approver.get("/proposal-rules/"))
    assert "Approve and undo" in listed and "the rule was wrong" in listed
    done = page(approver.post(f"/application-undoings/{undo.pk}/judge/", {"approve": "1"}, follow=True))
    assert "Done: the rules stand as below." in done
    assert Restriction.objects.count() == 1
    again = page(approver.post(f"/application-undoings/{undo.pk}/judge/", {"approve": "1"}, follow=True))
    assert "not waiting for anybody" in again and Decision.objects.count() == 2


def test_what_was_passed_over_is_named_but_for_relatives_and_a_reopened_application_says_so(product: Product) -> None:
    analyst = Person(Role.ANALYST)
    kept, other = (decides(analyst, received(product)) for _number in range(2))
    assert kept.account is not None and kept.customer is not None
    Person(Role.APPROVER).asks(kept.account, "suspend_use", scope="all")
    reopened = decides(analyst, received(product, declared_income_minor=0), "refuse", reason_code="income_too_low")
    lead, approver = at(Person(Role.TEAM_LEAD)), at(Person(Role.APPROVER))
    for code in ("new-customer", "no-income"):
        lead.post(f"/proposal-rules/{version(code).pk}/undo/", {"reason": "wrong"})
        approver.post(f"/application-undoings/{ApplicationUndo.objects.latest('pk').pk}/judge/", {"approve": "1"})
    one = f"/proposal-rules/{version().pk}/"
    shown = page(lead.get(one))
    assert f">{kept.application_no}</a>" in shown and f">{other.application_no}</a>" not in shown
    relative = Person(Role.TEAM_LEAD)
    make_conflict(relative.user, kept.customer)
    assert f">{kept.application_no}</a>" not in page(at(relative).get(one))
    again = page(at(analyst).get(f"/applications/{reopened.pk}/"))
    assert "Refusal undone" in again and "Too much for the income" in again and "our refusal was wrong" in again
    assert "30 days left" in page(at(analyst).get("/applications/"))


def test_it_is_previewed_asked_for_and_approved_by_api(decided: list[Application]) -> None:
    lead, approver, analyst = Caller(Role.TEAM_LEAD), Caller(Role.APPROVER), Caller(Role.ANALYST)
    one = f"proposal-rules/{version('no-income').pk}/undoings/"
    preview = lead.get(f"{one}preview/")
    assert (preview["fates"], preview["money"][0]["requested_minor"]) == ({"reopened": 1}, 2_000_000)
    assert lead.get(f"{one}preview/?decided_on=2024-01-01") == {}
    lead.get(f"{one}preview/?decided_on=yesterday", 400)
    analyst.get(f"{one}preview/", 403)
    assert lead.send(one, {"reason": " "}, 400)
    assert lead.send(one, {"reason": "x", "decided_on": "2024-01-01"}, 422)["code"] == "undo_refused"
    asked = lead.send(one, {"reason": "the rule was wrong"}, 201)
    assert (asked["preview"], asked["result"], asked["status"]) == (preview, {}, "asked")
    judge = f"application-undoings/{asked['id']}/judge/"
    lead.send(judge, {"is_approved": True}, 403)
    done = approver.send(judge, {"is_approved": True}, 200)
    assert (done["undone"], done["result"]) == (1, {"reopened": [decided[1].application_no]})
    assert approver.send(judge, {"is_approved": True}, 422)["code"] == "undo_refused"
    assert analyst.get(one)[0]["judged_by_name"] == approver.person.actor.name
    found = analyst.get(f"applications/{decided[1].pk}/")
    assert (found["status"], found["reopened_on"]) == ("proposed", OPEN.isoformat())


def test_a_day_that_cannot_be_read_does_not_widen_it_to_everything(decided: list[Application]) -> None:
    lead, one = at(Person(Role.TEAM_LEAD)), f"/proposal-rules/{version().pk}/"
    for typed in ("11.3.2025", "2025-02-30"):
        looked = page(lead.get(one, {"undo": typed}))
        assert f"“{typed}” is no day" in looked and "Ask to undo" not in looked
        sent = lead.post(f"{one}undo/", {"decided_on": typed, "reason": "wrong"}, follow=True)
        assert f"“{typed}” is no day" in page(sent)
    assert not ApplicationUndo.objects.exists()


def test_nobody_previews_it_about_a_relative(decided: list[Application]) -> None:
    caller, one = Caller(Role.TEAM_LEAD), version()
    make_conflict(caller.person.user, decided[0].customer)
    assert caller.get(f"proposal-rules/{one.pk}/undoings/preview/", 403)["code"] == "conflict_declared"
    looked = page(at(caller.person).get(f"/proposal-rules/{one.pk}/?undo="))
    assert "A relative of yours" in looked and "line never used" not in looked and "Ask to undo" not in looked


def test_who_sees_a_part_of_the_book_neither_asks_nor_approves_nor_reads_it(decided: list[Application], product: Product) -> None:
    one = version()
    for role in (Role.TEAM_LEAD, Role.APPROVER):
        person = Person(role)
        PortfolioScope.objects.create(user=person.user, product_code=product.product_code)
        client = at(person)
        assert "Undo what it decided" not in page(client.get(f"/proposal-rules/{one.pk}/?undo="))
        assert client.post(f"/proposal-rules/{one.pk}/undo/", {"reason": "wrong"}).status_code == 403
        for path in (f"proposal-rules/{one.pk}/undoings/", f"proposal-rules/{one.pk}/undoings/preview/"):
            assert client.get(f"/api/v1/{path}").json()["code"] == "scope_limited"
    at(Person(Role.TEAM_LEAD)).post(f"/proposal-rules/{one.pk}/undo/", {"reason": "wrong"})
    undo = ApplicationUndo.objects.get()
    assert client.post(f"/application-undoings/{undo.pk}/judge/", {"approve": "1"}).status_code == 403
    assert "wrong" not in page(client.get("/proposal-rules/"))
    assert not Decision.objects.exists()

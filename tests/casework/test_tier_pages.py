"""Settings → Tiers by page and by API: the whole way of a version, what is refused and how, and why an account is where it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from casework_books import DAY, stand, tier_all
from django.test import Client
from factories import make_account, make_customer, make_product, make_user, set_business_date

from accounts.operations.signals import note_signals
from casework.models import BusinessCalendar, TierPolicy
from riskops.shared.models import AuditEntry, PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
NEXT = (DAY + timedelta(days=1)).isoformat()


@pytest.fixture(autouse=True)
def book() -> list[Any]:
    """Put three accounts into the shipped tiers: one normal, one early, one middle."""
    product = make_product(product_code="P-pages")
    rows = [
        stand(
            make_account(account_no=f"A-{days}", product=product, customer=make_customer(person={"name": "Wang Fang"})),
            days_past_due=days, bucket=min(days, 1), outstanding_principal_minor=123_456,
        )
        for days in (0, 14, 45)
    ]  # fmt: skip
    set_business_date(DAY)
    tier_all()
    return rows


def client_of(*roles: Role, products: tuple[str, ...] = ()) -> Client:
    client, person = Client(), make_user(*roles)
    for code in products:
        PortfolioScope.objects.create(user=person, product_code=code)
    client.force_login(person)
    return client


def typed(tiers: list[dict[str, str]], **head: Any) -> dict[str, Any]:
    """Return tiers as the editor sends them."""
    data = {"note": "try", "calendar": BusinessCalendar.objects.get().pk, "revision": 1, "tiers": len(tiers), **head}
    for number, tier in enumerate(tiers):
        defaults = {"name_en": tier["code"].title(), "name_zh": "级", "tone": "m1", "queue": "", "owner": "", "minutes": ""}
        data |= {f"tier-{number}-{name}": value for name, value in {**defaults, **tier}.items()}
    return data


TWO = [{"code": "late", "rule": "dpd > 30", "queue": "Late", "owner": "kind:collections"}, {"code": "rest", "rule": "dpd >= 0"}]


def test_a_version_goes_all_the_way_by_page() -> None:
    lead, manager = client_of(Role.TEAM_LEAD), client_of(Role.MANAGER)
    assert "Draft the next version" in lead.get("/tiers/").content.decode()
    assert lead.post("/tiers/draft/", {"copy_of": 1})["Location"] == "/tiers/2/edit/"
    assert "fraud_suspected = True" in lead.get("/tiers/2/edit/").content.decode()
    assert lead.post("/tiers/2/edit/", typed(TWO)).status_code == 302
    tried = lead.post("/tiers/2/dry-run/", follow=True).content.decode()
    assert "3 of 3 accounts would move" in tried and "figure-flows" in tried and "any team of collections" in tried
    assert lead.post("/tiers/2/propose/", {"live_from": NEXT}, follow=True).status_code == 200
    assert "Approve" in manager.get("/tiers/2/").content.decode()
    assert "placed by it from the close of" in manager.post("/tiers/2/approve/", follow=True).content.decode()
    assert TierPolicy.objects.get(version=2).status == "approved"
    assert "Withdraw it before its first day" in manager.get("/tiers/2/").content.decode()
    withdrawn = manager.post("/tiers/2/withdraw/", {"reason": "wrong"}, follow=True)
    assert "what was live before stays live" in withdrawn.content.decode()


def test_the_buttons_of_the_editor_rearrange_and_write_nothing() -> None:
    lead = client_of(Role.TEAM_LEAD)
    lead.post("/tiers/draft/", {"copy_of": 1})
    up = lead.post("/tiers/2/edit/", typed(TWO, press="up-1")).content.decode()
    assert up.index('value="rest"') < up.index('value="late"')
    assert lead.post("/tiers/2/edit/", typed(TWO, press="add")).content.decode().count('class="panel tier-card') == 3
    assert lead.post("/tiers/2/edit/", typed(TWO, press="remove-0")).content.decode().count('class="panel tier-card') == 1
    assert TierPolicy.objects.get(version=2).tiers.count() == 9


def test_a_wrong_rule_stands_beside_its_field_and_nothing_is_lost() -> None:
    lead = client_of(Role.TEAM_LEAD)
    lead.post("/tiers/draft/", {"copy_of": 1})
    wrong = [{"code": "late", "rule": "days_late > 30"}, *TWO[1:]]
    answer = lead.post("/tiers/2/edit/", typed(wrong))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "There is no fact “days_late”" in text and "days_late &gt; 30" in text and "Nothing was saved" in text
    assert TierPolicy.objects.get(version=2).revision == 1


def test_a_stale_form_is_answered_with_the_conflict_and_keeps_what_was_typed() -> None:
    lead = client_of(Role.TEAM_LEAD)
    lead.post("/tiers/draft/", {"copy_of": 1})
    lead.post("/tiers/2/edit/", typed(TWO))
    answer = lead.post("/tiers/2/edit/", typed([{"code": "mine", "rule": "dpd > 3"}]))
    assert answer.status_code == 409
    assert "look at the change, then enter yours again" in answer.content.decode() and "dpd &gt; 3" in answer.content.decode()


def test_ones_own_draft_shows_no_way_to_approve_it_and_refuses_it() -> None:
    both = client_of(Role.TEAM_LEAD, Role.MANAGER)
    both.post("/tiers/draft/", {"copy_of": 1})
    both.post("/tiers/2/edit/", typed(TWO))
    both.post("/tiers/2/dry-run/")
    both.post("/tiers/2/propose/", {"live_from": NEXT})
    page = both.get("/tiers/2/").content.decode()
    assert "somebody else must approve it" in page and "/tiers/2/approve/" not in page
    refused = both.post("/tiers/2/approve/")
    assert refused.status_code == 422 and "somebody else must approve it" in refused.content.decode()
    assert TierPolicy.objects.get(version=2).status == "proposed"


def test_all_accounts_in_one_tier_is_warned_of_with_the_figure_and_needs_a_tick() -> None:
    lead, manager = client_of(Role.TEAM_LEAD), client_of(Role.APPROVER)
    lead.post("/tiers/draft/", {"copy_of": 1})
    lead.post("/tiers/2/edit/", typed([{"code": "all", "rule": "dpd >= 0"}]))
    assert "All 3 accounts would be in the tier all" in lead.post("/tiers/2/dry-run/", follow=True).content.decode()
    lead.post("/tiers/2/propose/", {"live_from": NEXT})
    assert manager.post("/tiers/2/approve/").status_code == 422
    assert TierPolicy.objects.get(version=2).status == "proposed"
    manager.post("/tiers/2/approve/", {"despite_crowding": "on"})
    assert TierPolicy.objects.get(version=2).status == "approved"


def test_figures_and_movers_are_those_of_the_products_in_sight() -> None:
    other = stand(make_account(account_no="A-hidden", product=make_product(product_code="P-hidden")), days_past_due=99)
    tier_all()
    lead, narrow = client_of(Role.TEAM_LEAD), client_of(Role.ANALYST, products=("P-pages",))
    lead.post("/tiers/draft/", {"copy_of": 1})
    lead.post("/tiers/2/edit/", typed(TWO))
    lead.post("/tiers/2/dry-run/")
    assert other.account_no in lead.get("/tiers/2/movers/").content.decode()
    text = narrow.get("/tiers/2/movers/").content.decode()
    assert "A-45" in text and other.account_no not in text and "W••" in text
    assert "the products you may see" in narrow.get("/tiers/2/").content.decode()
    assert narrow.get("/api/v1/tier-policies/2/").json()["dry_run"]["accounts"] == 3
    assert [row["account_no"] for row in narrow.get("/api/v1/tier-policies/2/movers/?to=late").json()["results"]] == ["A-45"]


def api(client: Client, method: str, path: str, body: Any = None) -> Any:
    answer = getattr(client, method)(f"/api/v1/{path}", body, content_type="application/json")
    return answer.status_code, answer.json()


def test_a_version_goes_all_the_way_by_api() -> None:
    lead, manager = client_of(Role.TEAM_LEAD), client_of(Role.MANAGER)
    status, made = api(lead, "post", "tier-policies/", {"copy_of": 1})
    assert (status, made["version"], made["status"], len(made["tiers"])) == (201, 2, "draft", 9)
    tiers = [{"code": t["code"], "name_en": "X", "name_zh": "级", "rule": t["rule"], "tone": "m1"} for t in TWO]
    change = {"revision": 1, "calendar": "standard", "tiers": tiers}
    assert api(lead, "put", "tier-policies/2/", change)[1]["revision"] == 2
    assert api(lead, "put", "tier-policies/2/", change) == (
        409,
        {**api(lead, "put", "tier-policies/2/", change)[1], "code": "draft_changed_meanwhile", "about": "revision"},
    )
    wrong = {**change, "revision": 2, "tiers": [{**tiers[0], "rule": "dpd >"}]}
    status, said = api(lead, "put", "tier-policies/2/", wrong)
    assert (status, said["code"], [(p["tier"], p["field"]) for p in said["problems"]]) == (422, "tiers_malformed", [(1, "rule")])
    assert api(lead, "post", "tier-policies/2/propose/", {"live_from": NEXT})[1]["code"] == "dry_run_missing"
    _status, tried = api(lead, "post", "tier-policies/2/dry-run/")
    assert (tried["dry_run"]["movers"], tried["dry_run"]["is_current"]) == (3, True)
    assert {(f["from_tier"], f["to_tier"], f["exposure"]) for f in tried["dry_run"]["flows"]} == {
        ("normal", "rest", "1234.56"), ("early", "rest", "1234.56"), ("middle", "late", "1234.56"),
    }  # fmt: skip
    assert api(lead, "post", "tier-policies/2/propose/", {"live_from": DAY.isoformat()})[1]["code"] == "first_day_past"
    assert api(lead, "post", "tier-policies/2/propose/", {"live_from": NEXT})[1]["status"] == "proposed"
    assert api(lead, "post", "tier-policies/2/approve/")[0] == 403
    assert api(manager, "post", "tier-policies/2/send-back/", {"reason": "why?"})[1]["status"] == "draft"
    api(lead, "post", "tier-policies/2/propose/", {"live_from": NEXT})
    assert api(manager, "post", "tier-policies/2/approve/")[1]["status"] == "approved"
    assert [row["is_live"] for row in api(lead, "get", "tier-policies/")[1]["results"]] == [False, True]
    assert api(manager, "post", "tier-policies/2/withdraw/", {"reason": "no"})[1]["status"] == "withdrawn"
    assert api(lead, "post", "tier-policies/2/drop/", {"reason": "no"})[1]["code"] == "not_a_draft"
    assert api(lead, "get", "tier-policies/9/")[0] == 404


def test_why_an_account_is_in_its_tier_is_shown_with_the_values_compared(
    book: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    client = client_of(Role.ANALYST)
    text = client.get("/accounts/A-14/").content.decode()
    assert "dpd &gt;= 1 and dpd &lt;= 30" in text and "7 tiers tried before" not in text and "6 tiers tried before" in text
    why = api(client, "get", "accounts/A-14/tier/")[1]
    assert (why["tier"], why["as_of"], why["version"], why["facts"]["dpd"]) == ("early", DAY.isoformat(), 1, 14)
    assert why["tried"][-1]["why"] == {
        "join": "and",
        "holds": True,
        "parts": [
            {"fact": "dpd", "operator": ">=", "wanted": 1, "found": 14, "holds": True},
            {"fact": "dpd", "operator": "<=", "wanted": 30, "found": 14, "holds": True},
        ],
    }
    with django_capture_on_commit_callbacks(execute=True):
        note_signals(book[1].pk, is_disputed=True)
    why = api(client, "get", "accounts/A-14/tier/")[1]
    assert [(change["from_tier"], change["to_tier"]) for change in why["changes"]] == [("early", "disputed"), ("", "early")]


def test_the_list_shows_tiers_and_can_be_cut_to_one() -> None:
    client = client_of(Role.ANALYST)
    text = client.get("/accounts/?scope=all").content.decode()
    assert "badge-tier-m2" in text and "Middle 31–60" in text
    text = client.get("/accounts/?tier=early").content.decode()
    assert "A-14" in text and "A-45" not in text
    rows = api(client, "get", "accounts/?tier=normal")[1]["results"]
    assert [(row["account_no"], row["tier"]) for row in rows] == [("A-0", "normal")]


def test_calendars_are_changed_with_a_line_in_the_trail_and_refused_by_field() -> None:
    admin = client_of(Role.ADMINISTRATOR)
    body = {
        "name": "standard", "country": "DE", "time_zone": "Europe/Berlin", "weekdays": "1234", "opens_at": "08:00",
        "closes_at": "16:00",
    }  # fmt: skip
    assert api(admin, "post", "business-calendars/", body)[0] == 200
    assert BusinessCalendar.objects.get().time_zone == "Europe/Berlin"
    assert AuditEntry.objects.get(action="business_calendar.edit").before["weekdays"] == "12345"
    for wrong, field in (
        ({"country": "XX"}, "country"), ({"time_zone": "Mars"}, "time_zone"), ({"weekdays": "8"}, "weekdays"),
        ({"closes_at": "08:00"}, "closes_at"),
    ):  # fmt: skip
        status, said = api(admin, "post", "business-calendars/", {**body, **wrong})
        assert (status, said["about"]) == (422, field)
    page = f"/admin/casework/businesscalendar/{BusinessCalendar.objects.get().pk}/change/"
    answer = admin.post(page, {**body, "country": "FR"})
    assert answer.status_code == 302 and BusinessCalendar.objects.get().country == "FR"
    assert client_of(Role.TEAM_LEAD).post("/api/v1/business-calendars/", body, content_type="application/json").status_code == 403


def test_a_dry_run_warns_of_accounts_that_would_fall_between_two_rules(book: list[Any]) -> None:
    tier_all()
    lead = client_of(Role.TEAM_LEAD)
    for version, rule, left_out in ((2, "dpd >= 30", 2), (3, "dpd >= 0", 0)):
        lead.post("/tiers/draft/", {"copy_of": "1"})
        lead.post(f"/tiers/{version}/edit/", typed([{"code": "late", "rule": rule}]))
        shown = lead.post(f"/tiers/{version}/dry-run/", follow=True).content.decode()
        assert ("would be in none" in shown) == bool(left_out)
        if left_out:
            assert f"{left_out} accounts that are in a tier would be in none" in shown
        assert lead.get(f"/api/v1/tier-policies/{version}/").json()["dry_run"]["left_out"] == left_out


def test_a_dry_run_tells_who_sees_a_part_of_the_book_of_that_part_alone(book: list[Any]) -> None:
    stand(make_account(account_no="B-45", product=make_product(product_code="P-other")), days_past_due=45, bucket=1)
    tier_all()
    lead = client_of(Role.TEAM_LEAD)
    lead.post("/tiers/draft/", {"copy_of": "1"})
    lead.post("/tiers/2/edit/", typed(TWO))
    for products, says in (((), "4 of 4 accounts would move"), (("P-other",), "1 of 1 accounts would move")):
        assert says in client_of(Role.TEAM_LEAD, products=products).post("/tiers/2/dry-run/", follow=True).content.decode()
    limited, whole = client_of(Role.MANAGER, products=("P-other",)), client_of(Role.MANAGER)
    assert [client.get("/api/v1/tier-policies/2/").json()["dry_run"]["accounts"] for client in (limited, whole)] == [1, 4]
    lead.post("/tiers/2/propose/", {"live_from": NEXT})
    assert "somebody who sees the whole book approves it" in limited.get("/tiers/2/").content.decode()
    assert limited.post("/tiers/2/approve/", {"despite_crowding": "on"}).status_code == 403
    refused = limited.post("/api/v1/tier-policies/2/approve/", {"despite_crowding": True}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_limited")
    assert TierPolicy.objects.get(version=2).status == "proposed"
    # Nor do the lines of the trail tell the figures of the rest.
    told = [[row["subject_type"] for row in client.get("/api/v1/audit/").json()["results"]] for client in (limited, whole)]
    assert ["tier policy" in subjects for subjects in told] == [False, True]

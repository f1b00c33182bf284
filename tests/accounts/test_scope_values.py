"""What a suspension of a part may name: known channels and categories, kept as a list by page and API."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from deciding_books import CLOSED, OPEN, Person, approves_rule, at, drafts_rule, make_late_account, tries_rule
from django.db import connection, transaction
from factories import make_account
from migrating import database_before, migrate, newest
from rest_framework.test import APIClient
from side_by_side import at_once

from accounts.models import CreditAccount, Decision, DecisionRuleVersion, DecisionTerms, ReasonCode, Restriction, ScopeValue
from accounts.operations.deciding import refusals
from accounts.operations.deciding.defaults import SCOPE_VALUES, seed_scope_values
from accounts.operations.deciding.nightly import work_decisions
from accounts.operations.deciding.refusing_machines import refuse_automation
from accounts.operations.deciding.settings import save_reason_code, save_scope_value
from accounts.operations.rule_refusals import RuleValuesRefused
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

BEFORE = ("accounts", "0051_appeals_of_applications")


@pytest.fixture
def late(db: None) -> CreditAccount:
    return make_late_account(account_no="LATE")


@pytest.fixture
def lead(db: None) -> Person:
    return Person(Role.TEAM_LEAD)


def by_api(role: Role) -> APIClient:
    client = APIClient()
    client.force_authenticate(Person(role).user)
    return client


def ends(person: Person, kind: str, code: str) -> ScopeValue:
    """Take a value out of use."""
    value = ScopeValue.objects.get(kind=kind, code=code)
    value.is_active = False
    return save_scope_value(actor=person.actor, value=value)


# Proposals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["apps", "App", "jewellery", " app"])
def test_a_channel_that_is_not_known_is_refused_with_those_there_are(late: CreditAccount, lead: Person, value: str) -> None:
    with pytest.raises(
        refusals.ScopeValueUnknown, match="is no channel in use; there are: app, mini_program, partner, store, web"
    ):
        lead.asks(late, "suspend_use", scope="channel", scope_value=value)
    assert not Decision.objects.exists() and not AuditEntry.objects.filter(action="decision.propose").exists()


def test_one_out_of_use_is_proposed_no_more_and_what_is_in_force_keeps_it(late: CreditAccount, lead: Person) -> None:
    made = lead.asks(late, "suspend_use", scope="category", scope_value="jewellery", reference="GOLD")
    ends(lead, "category", "jewellery")
    with pytest.raises(refusals.ScopeValueUnknown, match="“jewellery” is no category in use; there are: appliances, beauty"):
        lead.asks(late, "suspend_use", scope="category", scope_value="jewellery")
    # The very same once more is no other proposal.
    with pytest.raises(refusals.DecisionAlreadyMade):
        lead.asks(late, "suspend_use", scope="category", scope_value="jewellery", reference="GOLD")
    assert Restriction.objects.get().scope_value == "jewellery"
    assert "one category of goods: jewellery and gold" in made.text_en and "珠宝黄金" in made.text_zh
    client = at(lead)
    for address in ("/accounts/LATE/", "/accounts/LATE/?tab=decisions", "/decisions/?list=in_force", f"/decisions/{made.pk}/"):
        assert "jewellery and gold" in client.get(address).content.decode(), address


def test_the_form_offers_the_values_in_use_in_the_language_in_use(late: CreditAccount, lead: Person) -> None:
    ends(lead, "channel", "web")
    client = at(lead)
    path = "/accounts/LATE/decide/?action=suspend_use"
    shown = client.get(path).content.decode()
    assert '<option value="app">our app</option>' in shown and '<option value="web"' not in shown
    assert '<option value="app">本公司应用</option>' in client.get(path, headers={"Accept-Language": "zh-Hans"}).content.decode()
    form = {"reference": "R1", "reason_code": "overdue", "scope": "channel", "scope_value": "web", "most": "", "note": ""}
    refused = client.post(path, form)
    assert refused.status_code == 422 and "“web” is no channel in use" in refused.content.decode()
    assert not Decision.objects.exists()
    assert client.post(path, {**form, "scope_value": "app"}).status_code == 302
    assert Restriction.objects.get().scope_value == "app"


def test_the_api_refuses_it_with_the_field_it_is_about(late: CreditAccount) -> None:
    asked = {"account_no": "LATE", "action": "suspend_use", "scope": "channel", "scope_value": "fax", "reason_code": "overdue"}
    answer = by_api(Role.TEAM_LEAD).post("/api/v1/decisions/", {**asked, "reference": "R1"}, format="json")
    assert (answer.status_code, answer.json()["code"], answer.json()["about"]) == (422, "scope_value_unknown", "scope_value")


def test_a_notice_that_follows_calls_the_channel_by_its_name(late: CreditAccount, lead: Person) -> None:
    made = lead.asks(late, "suspend_use", scope="channel", scope_value="store", expires_on=date(2025, 3, 12), review_on=None)
    work_decisions(closed_day=OPEN, first_account_id=0, last_account_id=2**60)
    assert Decision.objects.get(pk=made.pk).status == "expired"
    ended = made.notices.exclude(kind="decided").get()
    assert "QR code in a store" in ended.text_en and "门店扫码" in ended.text_zh


# Rules --------------------------------------------------------------------------------------------------------------


def test_a_rule_names_a_value_in_use_when_it_is_drafted_tried_and_approved(late: CreditAccount, lead: Person) -> None:
    with pytest.raises(RuleValuesRefused, match="“fax” is no channel in use; there are: app") as refused:
        drafts_rule(lead, scope="channel", scope_value="fax")
    assert refused.value.about == "scope_value"
    version = tries_rule(lead, drafts_rule(lead, scope="channel", scope_value="app"))
    ends(lead, "channel", "app")
    with pytest.raises(RuleValuesRefused, match="“app” is no channel in use"):
        approves_rule(Person(Role.MANAGER), version, is_warning_accepted=True)
    assert not DecisionRuleVersion.objects.exclude(status="draft").exists()


def test_a_value_that_a_live_rule_stops_stays_in_use(late: CreditAccount, lead: Person) -> None:
    version = tries_rule(lead, drafts_rule(lead, scope="channel", scope_value="app"))
    approves_rule(Person(Role.MANAGER), version, is_warning_accepted=True)
    with pytest.raises(refusals.DecisionSettingRefused, match="is live and stops “app”; retire the rule first"):
        ends(lead, "channel", "app")
    assert ScopeValue.objects.get(kind="channel", code="app").is_active
    DecisionRuleVersion.objects.update(live_until=OPEN)
    ends(lead, "channel", "app")


def test_a_value_that_decisions_not_in_force_yet_name_stays_in_use(late: CreditAccount, lead: Person) -> None:
    DecisionTerms.objects.filter(action="suspend_use").update(buffer_days=5)
    manager = Person(Role.MANAGER)
    version = tries_rule(lead, drafts_rule(lead, scope="category", scope_value="jewellery"))
    approves_rule(manager, version, is_warning_accepted=True)
    lead.asks(make_late_account(), "suspend_use", scope="category", scope_value="jewellery")
    work_decisions(closed_day=CLOSED, first_account_id=late.pk, last_account_id=late.pk)
    found = Decision.objects.order_by("pk").values_list("source", "status")
    assert list(found) == [("person", "scheduled"), ("rule", "scheduled")]
    DecisionRuleVersion.objects.update(live_until=OPEN)
    with pytest.raises(refusals.DecisionSettingRefused, match="2 decisions that stop “jewellery” are proposed or not in force"):
        ends(lead, "category", "jewellery")
    refuse_automation(actor=manager.actor, account_id=late.pk, refuses=True, reason="by letter")
    # What the rule decided is proposed to people, which takes that the value is still in use.
    assert sorted(Decision.objects.filter(account=late).values_list("status", flat=True)) == ["cancelled", "proposed"]
    Decision.objects.filter(source="person").update(status="effective")
    with pytest.raises(refusals.DecisionSettingRefused, match="1 decision that stops “jewellery” is proposed or not in force"):
        ends(lead, "category", "jewellery")
    Decision.objects.filter(status="proposed").update(status="rejected", ended_on=OPEN)
    ends(lead, "category", "jewellery")


def test_a_reason_that_a_rule_gave_for_what_is_not_in_force_yet_stays_in_use(late: CreditAccount, lead: Person) -> None:
    DecisionTerms.objects.filter(action="suspend_use").update(buffer_days=5)
    approves_rule(Person(Role.MANAGER), tries_rule(lead, drafts_rule(lead)), is_warning_accepted=True)
    lead.asks(make_late_account(), "suspend_use", scope="all")
    work_decisions(closed_day=CLOSED, first_account_id=late.pk, last_account_id=late.pk)
    DecisionRuleVersion.objects.update(live_until=OPEN)
    reason = ReasonCode.objects.get(code="overdue")
    reason.is_active = False
    with pytest.raises(refusals.DecisionSettingRefused, match="1 decision of a rule with “overdue” is proposed or not in force"):
        save_reason_code(actor=lead.actor, reason=reason)
    assert ReasonCode.objects.get(code="overdue").is_active
    # What a person decided is not proposed anew by a machine: it goes on under a code that is out of use.
    Decision.objects.filter(source="rule").update(status="cancelled", ended_on=OPEN)
    save_reason_code(actor=lead.actor, reason=reason)
    assert not ReasonCode.objects.get(code="overdue").is_active


def test_what_was_not_said_stays_as_somebody_else_has_left_it(lead: Person) -> None:
    client = at(lead)
    app = ScopeValue.objects.get(kind="channel", code="app")
    opened = client.get(f"/admin/accounts/scopevalue/{app.pk}/change/").content.decode()
    assert f'name="initial-name_en" value="{app.name_en}"' in opened
    form = {name: getattr(app, name) for name in ("name_en", "name_zh")} | {"is_active": "on"}
    form |= {f"initial-{name}": value for name, value in form.items()} | {"initial-is_active": "True"}
    # Meanwhile.
    ends(lead, "channel", "app")
    ScopeValue.objects.filter(pk=app.pk).update(name_zh="应用")
    assert client.post(f"/admin/accounts/scopevalue/{app.pk}/change/", {**form, "name_en": "our app!"}).status_code == 302
    assert ScopeValue.objects.filter(pk=app.pk, name_en="our app!", name_zh="应用", is_active=False).exists()
    app.name_en = "the app"
    save_scope_value(actor=lead.actor, value=app, said=["name_en"])
    assert ScopeValue.objects.filter(pk=app.pk, name_en="the app", name_zh="应用", is_active=False).exists()
    # Whoever is answered sees what is stored.
    assert (app.name_zh, app.is_active) == ("应用", False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
@pytest.mark.parametrize("what", ["proposal", "approval", "night"])
def test_whoever_ends_a_value_waits_for_what_is_decided_with_it_in_flight(what: str) -> None:
    late, lead, manager = make_late_account(account_no="LATE"), Person(Role.TEAM_LEAD), Person(Role.MANAGER)
    DecisionTerms.objects.filter(action="suspend_use").update(buffer_days=5)
    version = tries_rule(lead, drafts_rule(lead, scope="channel", scope_value="app"))
    if what == "night":
        approves_rule(manager, version, is_warning_accepted=True)
    has_decided = threading.Event()

    def decide() -> None:
        with transaction.atomic():
            if what == "proposal":
                lead.asks(late, "suspend_use", scope="channel", scope_value="app")
            elif what == "approval":
                approves_rule(manager, version, is_warning_accepted=True)
            else:
                assert work_decisions(closed_day=CLOSED, first_account_id=0, last_account_id=2**60)
                DecisionRuleVersion.objects.update(live_until=OPEN)
            has_decided.set()
            # Time for the other one to look before there is anything to see.
            time.sleep(0.5)

    def end() -> str:
        assert has_decided.wait(10)
        try:
            ends(lead, "channel", "app")
        except refusals.DecisionSettingRefused as refusal:
            return str(refusal)
        return "ended"

    said = at_once([decide, end])[1]
    assert ("is live" if what == "approval" else "1 decision that stops “app” is proposed or not in force yet") in said


# The list -----------------------------------------------------------------------------------------------------------


def test_values_are_added_renamed_and_ended_by_api_each_with_its_line(db: None) -> None:
    administrator, analyst = by_api(Role.ADMINISTRATOR), by_api(Role.ANALYST)
    said = {"kind": "channel", "code": "kiosk/2", "name_en": "kiosk", "name_zh": "自助终端"}
    assert administrator.post("/api/v1/scope-values/", said, format="json").status_code == 201
    doubled = administrator.post("/api/v1/scope-values/", said, format="json")
    assert (doubled.status_code, doubled.json()["code"]) == (422, "decision_setting_refused")
    assert administrator.post("/api/v1/scope-values/", {**said, "kind": "day"}, format="json").status_code == 422
    one = "/api/v1/scope-values/channel/kiosk~2f2/"
    assert administrator.patch(one, {"name_en": "self-service"}, format="json").json()["name_en"] == "self-service"
    moved = administrator.patch(one, {"code": "kiosk"}, format="json")
    assert moved.status_code == 422 and "stays as it is" in moved.json()["detail"]
    assert administrator.patch(one, {"is_active": False}, format="json").json()["is_active"] is False
    assert administrator.patch("/api/v1/scope-values/channel/none/", {}, format="json").status_code == 404
    assert analyst.patch(one, {"is_active": True}, format="json").status_code == 403
    kiosk = [row for row in analyst.get("/api/v1/scope-values/").json() if row["code"] == "kiosk/2"]
    assert kiosk == [{**said, "name_en": "self-service", "is_active": False}]
    lines = AuditEntry.objects.filter(action="scope_value.edit", subject_key="channel: kiosk/2").order_by("pk")
    assert [(line.before or {}).get("name_en") for line in lines] == [None, "kiosk", "self-service"]
    assert [(line.after or {})["is_active"] for line in lines] == [True, True, False]


def test_the_admin_writes_them_by_the_same_operation(lead: Person) -> None:
    client = at(lead)
    form = {"kind": "category", "code": " pets ", "name_en": "pets", "name_zh": "宠物", "is_active": "on"}
    assert client.post("/admin/accounts/scopevalue/add/", form).status_code == 302
    pets = ScopeValue.objects.get(kind="category", code="pets")
    # Kind and code are only shown by now.
    assert client.post(f"/admin/accounts/scopevalue/{pets.pk}/change/", {**form, "code": "x", "is_active": ""}).status_code == 302
    pets.refresh_from_db()
    assert (pets.code, pets.is_active) == ("pets", False)
    assert AuditEntry.objects.filter(action="scope_value.edit").count() == 2
    assert at(Person(Role.ANALYST)).post("/admin/accounts/scopevalue/add/", form).status_code == 403


def test_every_migrate_brings_what_is_not_there_and_leaves_the_rest(db: None) -> None:
    assert {(row.kind, row.code) for row in ScopeValue.objects.all()} == {row[:2] for row in SCOPE_VALUES}
    ScopeValue.objects.filter(code="app").update(name_en="ours", is_active=False)
    ScopeValue.objects.filter(code="web").delete()
    seed_scope_values()
    kept = ScopeValue.objects.get(code="app")
    assert (kept.name_en, kept.is_active, ScopeValue.objects.count()) == ("ours", False, len(SCOPE_VALUES))


# Texts from before there was a list ------------------------------------------------------------------------------------


@pytest.fixture
def old(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[Any]:
    with django_db_blocker.unblock(), database_before(BEFORE, tmp_path) as models:
        yield models


def test_texts_that_were_free_become_values(old: Any) -> None:
    account = make_account()
    reason = old.get_model("accounts", "ReasonCode").objects.create(code="r", action="suspend_use", text_en="x", text_zh="x")
    for number, (scope, value) in enumerate((("channel", "小程序"), ("category", "gold bars"), ("channel", "app"), ("all", ""))):
        old.get_model("accounts", "Decision").objects.create(
            reference=f"D{number}", account_id=account.pk, action="suspend_use", status="effective", scope=scope,
            scope_value=value, owed_minor=0, weighed_minor=0, reason=reason, text_en="x", text_zh="x", proposed_by_name="lin",
            proposed_on=date(2025, 3, 7), buffer_days=0, decided_on=date(2025, 3, 7), effective_on=date(2025, 3, 7),
            engine_version="1",
        )  # fmt: skip
    old.get_model("accounts", "DecisionRuleVersion").objects.create(
        code="r", number=1, rule="dpd > 3", action="suspend_use", scope="channel", scope_value="fax", reason=reason,
        name_en="r", name_zh="r", drafted_by_name="lin",
    )  # fmt: skip
    migrate(newest("accounts"))
    kept = ScopeValue.objects.values_list("kind", "code", "name_zh", "is_active")
    # `app` is one that every site is shipped with, and gets its names from there.
    assert sorted(kept) == [
        ("category", "gold bars", "gold bars", True),
        ("channel", "fax", "fax", True),
        ("channel", "小程序", "小程序", True),
    ]
    seed_scope_values()
    assert ScopeValue.objects.get(kind="channel", code="app").name_zh == "本公司应用"

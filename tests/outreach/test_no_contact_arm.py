"""Customers whom an experiment leaves without contact: nobody gets through to them, notices required by law do."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from deciding_books import page
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from experiment_books import Desk, assign, late_account, put_in_arm
from factories import make_account, make_customer, make_examination, make_product, make_user
from outreach_books import NOON, PERSON, SENDER, SHANGHAI, make_reachable, wanted
from sending_books import Carrier, make_late, make_message, send, use

from accounts.models import CreditAccount
from accounts.operations.signals import note_signals
from outreach.experiments import left_alone, treatments_of
from outreach.gate import ask_gate, pass_gate
from outreach.models import Contact, ContactHold, ContactPolicy, Denial, DetailState
from outreach.operations.concluding import stop_experiment
from outreach.operations.holds import place_hold
from outreach.queries.audit import violations
from outreach.rules.contact_policy import RuleId
from outreach.rules.contacts import NOTED_HOLDS, Channel, Hold, Party, Purpose
from riskops.shared.audit import Actor
from riskops.shared.roles import Role
from riskops.shared.sql import fetch

pytestmark = pytest.mark.django_db
TODAY = NOON.date()
YESTERDAY = TODAY - timedelta(days=1)


def asks(account: CreditAccount, key: str = "k", channel: Channel = Channel.CALL, at: datetime = NOON, **more: Any) -> Any:
    return pass_gate(actor=SENDER, key=key, request=wanted(account, channel, **more), now=at)


def held(account: CreditAccount, at: datetime = NOON, **more: Any) -> Hold | None:
    finding = ask_gate(wanted(account, Channel.CALL, **more), at).verdict.finding
    return finding.hold if finding else None


def copy_policy(**figures: Any) -> None:
    """Let a later version of the site's policy hold, since what was approved is not changed."""
    copy = ContactPolicy.objects.get(profile="cn-2026")
    copy.pk, copy.version, copy.live_from = None, 2, YESTERDAY
    for name, value in figures.items():
        setattr(copy, name, value)
    copy.save(force_insert=True)


# The gate ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [Channel.CALL, Channel.VOICE_BOT, Channel.VISIT, Channel.LETTER, Channel.SMS, Channel.PUSH])
@pytest.mark.parametrize("purpose", [Purpose.REMINDER, Purpose.DEMAND, Purpose.EDUCATION])
def test_nobody_gets_through_to_who_is_left_without_contact(channel: Channel, purpose: Purpose) -> None:
    account = make_reachable()
    assert asks(account, "before", channel, NOON - timedelta(days=1), purpose=purpose).verdict.is_allowed
    put_in_arm("none", account, on=YESTERDAY)
    answer = asks(account, "after", channel, purpose=purpose)
    assert (answer.contact, answer.verdict.rule, answer.verdict.until) == (None, RuleId.HOLD, None)
    assert Denial.objects.get().hold == Hold.NO_CONTACT_ARM


def test_neither_third_parties_nor_a_representative_are_asked_about_them() -> None:
    account = make_reachable()
    customer = account.customer
    DetailState.objects.create(detail=customer.phone_index, state="invalid", since=NOON, evidence="e", noted_by_name="a")
    ContactHold.objects.create(
        customer=customer, kind="legal_representation", reason="r", since=NOON, placed_by_name="a", representative=7
    )
    asked = {"party": Party.REPRESENTATIVE, "detail": 7}
    third = {"party": Party.THIRD_PARTY, "purpose": Purpose.LOCATE, "detail": 5, "discloses_debt": False}
    assert held(account, **asked) is None
    put_in_arm("none", account, on=YESTERDAY)
    assert held(account, **asked) is Hold.NO_CONTACT_ARM
    ContactHold.objects.update(until=NOON)
    assert held(account, **third) is Hold.NO_CONTACT_ARM


def test_a_notice_required_by_law_passes_whatever_the_policy_says_and_the_audit_agrees() -> None:
    account = make_reachable()
    put_in_arm("none", account, on=YESTERDAY)
    copy_policy(notices_pass=[])
    contact = asks(account, channel=Channel.SMS, purpose=Purpose.NOTICE).contact
    assert contact is not None and contact.standing["holds"] == ["no_contact_arm"]
    period = (NOON - timedelta(days=1), NOON + timedelta(days=2))
    assert list(violations(*period)) == []
    # A line that went round the gate and says what it was judged on is found.
    contact.pk, contact.key, contact.purpose, contact.at = None, "planted", "reminder", NOON + timedelta(days=1)
    contact.save(force_insert=True)
    assert [violation.verdict.finding.hold for violation in violations(*period)] == [Hold.NO_CONTACT_ARM]


def test_only_accounts_under_its_products_and_only_that_arm_from_the_day_after() -> None:
    account, compared = make_reachable(), make_reachable()
    other = make_account(customer=account.customer, product=make_product(product_code="other"))
    again = make_account(customer=account.customer, product=account.product)
    put_in_arm("none", account, on=YESTERDAY)
    put_in_arm("as-now", compared, on=YESTERDAY, code="second")
    assert [held(each) for each in (account, again)] == [Hold.NO_CONTACT_ARM] * 2
    assert [held(each) for each in (other, compared)] == [None, None]
    assert held(account, NOON - timedelta(days=1)) is None


@pytest.mark.parametrize(
    "columns",
    [
        {"stopped_on": TODAY, "verdict": "stopped"},
        {"live_from": TODAY + timedelta(days=1)},
        {"status": "proposed"},
        {"status": "draft", "live_from": None},
    ],
    ids=["stopped", "coming", "proposed", "draft"],
)
def test_an_experiment_that_is_not_in_force_holds_nobody_back(columns: dict[str, Any]) -> None:
    account = make_reachable()
    put_in_arm("none", account, on=YESTERDAY, **columns)
    assert held(account) is None


def test_it_stands_from_the_close_that_takes_customers_in_until_somebody_stops_the_experiment(settings: Any) -> None:
    settings.EXPERIMENT_CONTROL_MAX_PERCENT = 50
    desk = Desk()
    arms = [{"code": "as-now", "strategy": "house", "weight_bp": 5_000}, {"code": "none", "strategy": "", "weight_bp": 5_000}]
    row = desk.running(arms=arms, control_reason="what reminders are worth")
    accounts = [late_account(desk.product, customer=make_customer(person=PERSON)) for _ in range(40)]
    assign()
    day_after = NOON + timedelta(days=1)
    of_arm = {account.pk for account in accounts if treatments_of(account.customer_id, day_after.date())[0].arm.is_no_contact}
    assert 0 < len(of_arm) < 40
    assert {account.pk for account in accounts if held(account, day_after)} == of_arm
    about: dict[str, Any] = {"key": row.code, "version": row.version, "reason": "seen enough", "today": day_after.date()}
    stop_experiment(actor=desk.manager, **about)
    assert not any(held(account, day_after) for account in accounts)


def test_what_the_customer_wants_is_named_first_and_explains_the_signal_of_the_account() -> None:
    account = make_reachable()
    put_in_arm("none", account, on=YESTERDAY)
    copy_policy(notices_pass=["dispute"])
    assert asks(account, "a", Channel.SMS, purpose=Purpose.NOTICE).verdict.is_allowed
    # Collection is held and nothing noted says why: an experiment does not explain it.
    note_signals(account.pk, is_on_hold=True)
    assert asks(account, "b", Channel.EMAIL, purpose=Purpose.NOTICE).verdict.finding.hold is Hold.STOP_CONTACT
    assert held(account) is Hold.STOP_CONTACT


def test_it_costs_the_gate_no_query(django_assert_num_queries: Any) -> None:
    account = make_reachable()
    put_in_arm("none", account, on=YESTERDAY)
    with django_assert_num_queries(8):
        assert asks(account, channel=Channel.SMS, purpose=Purpose.NOTICE).verdict.is_allowed


@pytest.mark.parametrize("seed", range(4))
def test_the_database_says_what_is_said_of_one_customer(seed: int) -> None:
    dice = random.Random(seed)
    products = [make_product(product_code=f"{name}{seed}") for name in "abc"]
    customers = [make_customer() for _ in range(8)]
    accounts = [make_account(customer=dice.choice(customers), product=dice.choice(products)) for _ in range(24)]
    for number in range(5):
        code, day = f"e{number}", YESTERDAY - timedelta(days=dice.randint(-2, 2))
        over = dice.choice([{}, {"stopped_on": TODAY + timedelta(days=dice.randint(-1, 1)), "verdict": "stopped"}])
        some = dice.sample(accounts, 5)
        put_in_arm(dice.choice(["none", "none", "as-now"]), *some, on=day, code=code, status="approved", **over)
    found = set()
    for day in (YESTERDAY, TODAY, TODAY + timedelta(days=1)):
        alone = left_alone(customer="c.customer_id", product="c.product_id", on=day)
        by_database = {pk for (pk,) in fetch(f"SELECT c.id FROM accounts_creditaccount AS c WHERE {alone}")}
        by_customer = {
            account.pk
            for account in accounts
            for each in treatments_of(account.customer_id, day)
            if each.arm.is_no_contact and account.product.product_code in each.experiment.products
        }
        assert by_database == by_customer
        found |= by_database
    assert 0 < len(found) < len(accounts)


# Messages ----------------------------------------------------------------------------------------------------------------


def test_a_message_planned_before_the_customer_was_taken_in_is_stopped_and_a_notice_goes_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    carrier = Carrier()
    use(monkeypatch, carrier)
    account = make_late()
    reminder = make_message(account, fallback=[{"channel": "email", "template": "late-email"}])
    notice = make_message(account, step="told", purpose="notice")
    put_in_arm("none", account, on=YESTERDAY)
    assert [send(message).status for message in (reminder, notice)] == ["cancelled", "sent"]
    reminder.refresh_from_db()
    assert reminder.reason == "gate: hold" and Denial.objects.get().hold == "no_contact_arm"
    assert [outgoing.key for outgoing in carrier.calls] == [notice.attempt_key]


# Nobody notes it ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def morning(monkeypatch: pytest.MonkeyPatch) -> datetime:
    now = datetime(2025, 3, 12, 10, tzinfo=SHANGHAI)
    monkeypatch.setattr(timezone, "now", lambda: now)
    return now


def client_of(*roles: Role) -> Client:
    client, person = Client(), make_user(*roles)
    make_examination(person, passed_on=TODAY - timedelta(days=10))
    client.force_login(person)
    return client


def test_no_form_and_no_program_places_it_or_lets_a_policy_speak_of_it(morning: datetime) -> None:
    account = make_reachable()
    base = f"customers/{account.customer.customer_no}/contact"
    lead, compliance = client_of(Role.TEAM_LEAD), client_of(Role.COMPLIANCE)
    typed = {"account": "", "kind": "no_contact_arm", "reason": "r"}
    assert "no_contact_arm is not one of the available choices" in page(lead.post(f"/{base}/hold/", typed), 422)
    sent = {"kind": "no_contact_arm", "reason": "r"}
    assert lead.post(f"/api/v1/{base}/holds/", sent, content_type="application/json").status_code == 400
    with pytest.raises(ValueError, match="nobody notes no_contact_arm"):
        place_hold(actor=Actor("x"), customer=account.customer, account=None, kind=Hold.NO_CONTACT_ARM, reason="r", now=morning)
    assert not ContactHold.objects.exists()
    compliance.post("/contact-policies/cn-2026/draft/")
    edit = page(compliance.get("/contact-policies/cn-2026/2/edit/"))
    assert 'value="legal_representation"' in edit and "no_contact_arm" not in edit
    changed = {"notices_pass": ["no_contact_arm"], "revision": 1}
    path = "/api/v1/contact-policies/cn-2026/2/"
    assert compliance.patch(path, changed, content_type="application/json").status_code == 400
    field = ContactHold._meta.get_field("kind")
    assert [code for code, _name in field.choices or ()] == list(NOTED_HOLDS)


# Pages and programs ------------------------------------------------------------------------------------------------------


def test_whoever_is_refused_reads_why_which_experiment_it_is_and_whom_to_ask(morning: datetime) -> None:
    account = make_reachable()
    other = make_account(customer=account.customer, product=make_product(product_code="other"))
    put_in_arm("none", account, on=YESTERDAY)
    put_in_arm("as-now", other, on=YESTERDAY, code="second")
    client = client_of(Role.ANALYST)
    address = f"/customers/{account.customer.customer_no}/contact/"
    form = {"account": account.account_no, "channel": "call", "purpose": "reminder", "party": "debtor", "key": "k1"}
    shown = page(client.post(f"{address}call/", form, follow=True))
    assert "Not allowed: contact is held back: control group of an experiment. It ends when the experiment is stopped;" in shown
    assert not Contact.objects.exists()
    assert 'href="/experiments/control/1/">control v1</a>' in shown
    assert "Assigned 11 Mar 2025; no contact but for notices required by law until the experiment is stopped. Ask lin" in shown
    group = shown[shown.index("Control group of an experiment</strong>") :][:80]
    assert account.account_no in group and other.account_no not in group
    tag = '<span class="tag tag-bad">control group of an experiment</span>'
    assert tag in page(client.get(f"/accounts/{account.account_no}/"))
    assert tag not in page(client.get(f"/accounts/{other.account_no}/"))
    said = client.get(f"/api/v1{address}").json()
    assert said["control_groups"] == [
        {
            "experiment": "control",
            "version": 1,
            "assigned_on": "2025-03-11",
            "account_nos": [account.account_no],
            "drafted_by": "lin",
        }
    ]
    calls = {row["account_no"]: row["channels"][0] for row in said["accounts"]}
    assert calls[account.account_no]["reminder"]["why"] == "contact is held back: control group of an experiment"
    assert calls[account.account_no]["notice"]["is_allowed"] and calls[other.account_no]["reminder"]["is_allowed"]


def test_the_page_asks_two_queries_more_for_those_it_is_about_and_none_for_others(morning: datetime) -> None:
    account, free = make_reachable(), make_reachable(person={**PERSON, "phone": "13900000002"})
    client = client_of(Role.ANALYST)

    def asked(of: CreditAccount) -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client.get(f"/customers/{of.customer.customer_no}/contact/"))
        return len(captured)

    asked(free)
    before = asked(free)
    put_in_arm("none", account, on=YESTERDAY)
    assert (asked(free), asked(account)) == (before, before + 2)
    shown = page(client.get(f"/customers/{account.customer.customer_no}/"))
    assert '<span class="tag tag-bad">control group of an experiment</span>' in shown

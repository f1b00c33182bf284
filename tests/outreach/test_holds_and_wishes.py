"""Holds, opt-outs, agreed hours, dead numbers: noted by people, seen at the gate, in the signals and in the trail."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from factories import make_account, make_user
from outreach_books import NOON, SENDER, make_reachable, wanted

from accounts.models import AccountSignals
from outreach.gate import ask_gate, end_contact, pass_gate
from outreach.models.wishes import DetailState
from outreach.operations import refusals
from outreach.operations.holds import end_hold, open_holds, place_hold
from outreach.operations.wishes import agree_hours, clear_detail, note_detail, opt_in, opt_out
from outreach.queries.standing import known_of
from outreach.rules.contact_policy import RuleId
from outreach.rules.contacts import Channel, Hold, Outcome, Party, Purpose
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry, PortfolioScope
from riskops.shared.people.conflicts import declare_conflict
from riskops.shared.people.refusals import ConflictDeclared
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def analyst() -> Actor:
    return Actor.of(make_user(Role.ANALYST))


@pytest.fixture
def lead() -> Actor:
    return Actor.of(make_user(Role.TEAM_LEAD))


def place(actor: Actor, account: Any, kind: Hold = Hold.DISPUTE, *, whole: bool = False, reason: str = "called us") -> Any:
    return place_hold(
        actor=actor, customer=account.customer, account=None if whole else account, kind=kind, reason=reason, now=NOON
    )


def rule_of(account: Any, at: Any = LATER, channel: Channel = Channel.SMS) -> Any:
    return ask_gate(wanted(account, channel), at).verdict.rule


def signals(account: Any) -> dict[str, bool]:
    row = AccountSignals.objects.filter(pk=account.pk).values("is_disputed", "is_on_hold", "has_hardship_plan").first()
    return {name for name, value in (row or {}).items() if value}


def test_a_hold_on_an_account_stops_contact_and_stands_in_its_signals(analyst: Actor, lead: Actor) -> None:
    account = make_reachable()
    other = make_account(customer=account.customer)
    hold = place(analyst, account)
    assert (rule_of(account), rule_of(other)) == (RuleId.HOLD, None)
    assert (signals(account), signals(other)) == ({"is_disputed"}, set())
    end_hold(actor=lead, customer=account.customer, hold_id=hold.pk, reason="settled", now=LATER)
    assert rule_of(account, LATER + timedelta(seconds=1)) is None
    assert signals(account) == set()
    lines = AuditEntry.objects.filter(action__startswith="contact_hold.").order_by("pk")
    assert [(line.action, line.after["hold"], line.reason) for line in lines] == [
        ("contact_hold.place", "dispute", "called us"),
        ("contact_hold.end", "dispute", "settled"),
    ]


def test_a_hold_on_a_customer_stops_all_accounts_and_one_of_two_holds_stays(analyst: Actor, lead: Actor) -> None:
    account = make_reachable()
    other = make_account(customer=account.customer)
    first = place(analyst, account, Hold.STOP_CONTACT, whole=True)
    place(analyst, other, Hold.COMPLAINT)
    assert (signals(account), signals(other)) == ({"is_on_hold"}, {"is_on_hold"})
    end_hold(actor=lead, customer=account.customer, hold_id=first.pk, reason="asked for", now=LATER)
    assert (signals(account), signals(other)) == (set(), {"is_on_hold"})
    assert [hold.kind for hold in open_holds(account.customer_id, LATER)] == ["complaint"]


def test_holds_that_cannot_be_placed_or_ended_are_refused(analyst: Actor, lead: Actor) -> None:
    account, stranger = make_reachable(), make_reachable(person={"name": "B"})
    hold = place(analyst, account)
    place(lead, account, Hold.DEATH, whole=True)
    for again in ({"whole": False}, {"whole": True, "kind": Hold.DEATH}):
        with pytest.raises(refusals.HoldThere):
            place(lead, account, **again)
    with pytest.raises(refusals.ReasonNeeded):
        place(analyst, account, Hold.MINOR, reason="  ")
    with pytest.raises(refusals.AccountNotOfCustomer):
        place_hold(actor=lead, customer=account.customer, account=stranger, kind=Hold.MINOR, reason="r", now=NOON)
    ending = {"customer": account.customer, "hold_id": hold.pk, "now": LATER}
    with pytest.raises(refusals.OwnHold):
        end_hold(actor=analyst, reason="I think so", **ending)
    with pytest.raises(refusals.ReasonNeeded):
        end_hold(actor=lead, reason="", **ending)
    with pytest.raises(refusals.HoldUnknown):
        end_hold(actor=lead, reason="r", **{**ending, "customer": stranger.customer})
    end_hold(actor=lead, reason="settled", **ending)
    with pytest.raises(refusals.HoldEnded):
        end_hold(actor=lead, reason="settled", **ending)


def test_a_hold_on_an_account_out_of_sight_is_not_ended(analyst: Actor) -> None:
    account = make_reachable()
    hold = place(analyst, account)
    other = make_user(Role.TEAM_LEAD)
    PortfolioScope.objects.create(user=other, product_code="another")
    with pytest.raises(refusals.HoldUnknown):
        end_hold(actor=Actor.of(other), customer=account.customer, hold_id=hold.pk, reason="r", now=LATER)
    hold.refresh_from_db()
    assert hold.until is None


def test_who_has_a_conflict_of_interest_notes_nothing(analyst: Actor) -> None:
    account = make_reachable()
    customer_no = account.customer.customer_no
    declare_conflict(actor=analyst, username=analyst.name, customer_no=customer_no, kind="relative", today=NOON.date())
    with pytest.raises(ConflictDeclared):
        place(analyst, account)
    with pytest.raises(ConflictDeclared):
        opt_out(actor=analyst, customer=account.customer, channel=Channel.SMS, source="person", note="n", now=NOON)
    assert not AuditEntry.objects.filter(subject_type="customer", action__startswith="contact").exists()


def test_an_opt_out_holds_at_once_and_until_it_is_taken_back(analyst: Actor) -> None:
    account = make_reachable()
    customer = account.customer
    opt_out(actor=SENDER, customer=customer, channel=Channel.SMS, source="reply", note="", now=NOON)
    assert (rule_of(account, NOON), rule_of(account, channel=Channel.EMAIL)) == (RuleId.OPT_OUT, None)
    with pytest.raises(refusals.OptOutThere):
        opt_out(actor=analyst, customer=customer, channel=Channel.SMS, source="person", note="call", now=LATER)
    with pytest.raises(refusals.EvidenceNeeded):
        opt_in(actor=analyst, customer=customer, channel=Channel.SMS, evidence=" ", now=LATER)
    opt_in(actor=analyst, customer=customer, channel=Channel.SMS, evidence="call of 12 March", now=LATER)
    assert rule_of(account, LATER) is None
    with pytest.raises(refusals.NoOptOut):
        opt_in(actor=analyst, customer=customer, channel=Channel.SMS, evidence="again", now=LATER)
    with pytest.raises(refusals.EvidenceNeeded):
        opt_out(actor=analyst, customer=customer, channel=Channel.CALL, source="person", note="", now=LATER)
    assert AuditEntry.objects.filter(action="contact_wish.note").count() == 2


def test_agreed_hours_hold_until_others_are_agreed_or_none(analyst: Actor) -> None:
    account = make_reachable()
    noting = {"actor": analyst, "customer": account.customer, "evidence": "call", "now": NOON}
    agree_hours(opens_at=time(18), closes_at=time(20), **noting)
    assert rule_of(account) is RuleId.QUIET_HOURS
    agree_hours(opens_at=time(12), closes_at=time(14), **noting)
    assert rule_of(account) is None
    assert AuditEntry.objects.last().before == {"agreed_hours": ["18:00:00", "20:00:00"]}
    agree_hours(opens_at=None, closes_at=None, **noting)
    assert rule_of(account, NOON.replace(hour=21)) is None
    for hours in ((time(8), time(8)), (time(8), time(8, 0, 30)), (time(8), None)):
        with pytest.raises(refusals.HoursMalformed):
            agree_hours(opens_at=hours[0], closes_at=hours[1], **noting)


def test_a_number_that_leads_nowhere_is_tried_no_more_whoever_has_it(analyst: Actor) -> None:
    account = make_reachable()
    same_phone = make_reachable(person={"name": "B", "phone": account.customer.person["phone"]})
    noting = {"actor": analyst, "customer": account.customer, "channel": Channel.CALL}
    note_detail(state="invalid", evidence="not assigned", now=NOON, **noting)
    assert rule_of(account) is rule_of(same_phone) is RuleId.DETAIL
    assert rule_of(account, channel=Channel.EMAIL) is None
    clear_detail(evidence="reached", **noting)
    assert rule_of(account) is None
    with pytest.raises(refusals.NoDetail):
        clear_detail(evidence="reached", **noting)
    with pytest.raises(refusals.NoDetail):
        note_detail(
            actor=analyst, customer=make_reachable(person={"name": "C"}).customer, channel=Channel.EMAIL, state="bounced",
            evidence="e", now=NOON,
        )  # fmt: skip


def test_that_a_third_party_refused_stays_also_where_the_number_turns_out_to_be_a_customers(analyst: Actor) -> None:
    account = make_reachable()
    detail = account.customer.phone_index
    DetailState.objects.create(detail=detail, state="refused", since=NOON, evidence="contact 1", noted_by_name="a")
    with pytest.raises(refusals.RefusalStays):
        clear_detail(actor=analyst, customer=account.customer, channel=Channel.CALL, evidence="reached")
    assert DetailState.objects.get().state == "refused"
    # The customer may be called there all the same.
    assert ask_gate(wanted(account, Channel.CALL), NOON).verdict.rule is not RuleId.DETAIL


def test_a_refusal_outlives_that_the_number_led_nowhere_for_a_while(analyst: Actor) -> None:
    aunt, debtor = make_reachable(), make_reachable(person={"name": "B", "phone": "13900000002"})
    detail = aunt.customer.phone_index
    DetailState.objects.create(
        detail=debtor.customer.phone_index, state="invalid", since=NOON, evidence="not assigned", noted_by_name="a"
    )
    asked = wanted(debtor, Channel.CALL, party=Party.THIRD_PARTY, purpose=Purpose.LOCATE, detail=detail, discloses_debt=False)
    contact = pass_gate(actor=SENDER, key="k", request=asked, now=NOON).contact
    assert contact is not None
    end_contact(contact.pk, Outcome.REFUSED, now=NOON)
    DetailState.objects.create(detail=detail, state="refused", since=NOON, evidence="contact", noted_by_name="a")
    noting = {"actor": analyst, "customer": aunt.customer, "channel": Channel.CALL}
    note_detail(state="invalid", evidence="not assigned", now=LATER, **noting)
    clear_detail(evidence="reached", **noting)
    row = DetailState.objects.get(pk=detail)
    assert (row.state, row.evidence, row.since) == ("refused", f"contact {contact.pk}", NOON)
    # Asked for by whatever debtor: nobody else is the past of this one.
    other = make_reachable(person={"name": "C", "phone": "13900000003"})
    DetailState.objects.create(
        detail=other.customer.phone_index, state="invalid", since=NOON, evidence="not assigned", noted_by_name="a"
    )
    anew = wanted(other, Channel.CALL, party=Party.THIRD_PARTY, purpose=Purpose.LOCATE, detail=detail, discloses_debt=False)
    assert ask_gate(anew, LATER).verdict.rule is RuleId.THIRD_PARTY
    # The customer may be called there.
    assert rule_of(aunt, channel=Channel.CALL) is None


def test_somebody_elses_number_is_the_right_one_of_whose_it_is(analyst: Actor) -> None:
    account, rightful = make_reachable(), make_reachable(person={"name": "B", "phone": "13900000001"})
    for customer in (account.customer, rightful.customer):
        assert rule_of(account) is rule_of(rightful) is None
        noting = {"actor": analyst, "customer": customer, "channel": Channel.CALL}
        note_detail(state="wrong_person", evidence="a stranger answered", now=NOON, **noting)
        other = rightful if customer == account.customer else account
        assert (rule_of(other), is_lost(other)) == (None, False)
        mine = account if other is rightful else rightful
        assert (rule_of(mine), is_lost(mine)) == (RuleId.DETAIL, True)
        clear_detail(evidence="reached", **noting)
        assert not is_lost(mine)


def is_lost(account: Any) -> bool:
    return known_of(account.customer, [], [account.customer.phone_index], NOON).standing.is_lost


def test_a_refusal_and_that_the_number_is_not_this_customers_stand_beside_each_other(analyst: Actor) -> None:
    account = make_reachable()
    detail = account.customer.phone_index
    DetailState.objects.create(detail=detail, state="refused", since=NOON, evidence="contact 1", noted_by_name="a")
    noting = {"actor": analyst, "customer": account.customer, "channel": Channel.CALL}
    note_detail(state="wrong_person", evidence="the aunt's", now=NOON, **noting)
    assert (rule_of(account), DetailState.objects.get().state) == (RuleId.DETAIL, "refused")
    clear_detail(evidence="they share it", **noting)
    assert (rule_of(account), DetailState.objects.get().state) == (None, "refused")
    with pytest.raises(refusals.RefusalStays):
        clear_detail(evidence="reached", **noting)


def test_that_mail_comes_back_makes_nobody_lost(analyst: Actor) -> None:
    account = make_reachable()
    note_detail(actor=analyst, customer=account.customer, channel=Channel.CALL, state="bounced", evidence="e", now=NOON)
    assert (rule_of(account), is_lost(account)) == (RuleId.DETAIL, False)

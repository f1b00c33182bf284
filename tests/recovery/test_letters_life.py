"""A letter from its proposal to its end: who may do what, what stands in the way, what is recorded."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from factories import TESTER, make_user
from letters_books import DAY, NOW, PERSON, TODAY, make_late

from accounts.operations.payments import post_payment
from accounts.operations.signals import note_signals
from outreach.models import Contact, Denial
from outreach.operations.holds import place_hold
from outreach.operations.refusals import ReasonNeeded
from outreach.rules.contacts import Hold
from recovery.models import Letter, LetterDocument
from recovery.operations.letters import refusals
from recovery.operations.letters.deciding import approve_letter, approve_letters, reject_letters, stop_letter
from recovery.operations.letters.printing import print_approved
from recovery.operations.letters.proposing import propose_letter, propose_letters, weigh_letter
from recovery.operations.letters.sending import end_letter, send_letter
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry, BookState
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead() -> Actor:
    return Actor.of(make_user(Role.TEAM_LEAD, username="lead"))


@pytest.fixture
def legal() -> Actor:
    return Actor.of(make_user(Role.LEGAL, username="legal"))


def proposed(lead: Actor, account: Any) -> Letter:
    return propose_letter(actor=lead, account_id=account.pk, note="", now=NOW)


def printed(lead: Actor, legal: Actor, account: Any) -> Letter:
    letter = proposed(lead, account)
    approve_letter(actor=legal, letter_id=letter.pk, now=NOW)
    assert print_approved(now=NOW) == 1
    letter.refresh_from_db()
    return letter


def sent(lead: Actor, legal: Actor, account: Any) -> Letter:
    letter = printed(lead, legal, account)
    return send_letter(actor=legal, letter_id=letter.pk, carrier="EMS", tracking_no="E1", sent_on=TODAY, now=NOW)


def test_a_letter_on_a_small_debt_at_day_12_is_shown_to_lose_money_and_is_refused(lead: Actor) -> None:
    account = make_late(days=12, principal=30_000)
    standing = weigh_letter(account_id=account.pk, now=NOW)
    # 0.5 % of 300.00 is 1.50; a letter costs 35.00.
    assert (standing.line.balance_minor, standing.line.rate_bp) == (30_000, 50)
    assert (standing.line.expected_minor, standing.line.cost_minor, standing.line.net_minor) == (150, 3_500, -3_350)
    assert [obstacle.rule for obstacle in standing.obstacles] == ["loses_money", "tier"]
    assert standing.is_outside_rule
    with pytest.raises(refusals.LetterInTheWay, match=r"it loses money: 0\.5% of"):
        proposed(lead, account)
    assert not Letter.objects.exists()


def test_a_letter_that_pays_is_proposed_with_its_figures(lead: Actor) -> None:
    account = make_late(days=100, principal=1_000_000)
    letter = proposed(lead, account)
    # m4, 10,000.00: 7 % is 700.00, less 35.00.
    assert (letter.bucket, letter.balance_minor, letter.rate_bp) == (4, 1_000_000, 700)
    assert (letter.expected_minor, letter.cost_minor, letter.net_minor) == (70_000, 3_500, 66_500)
    assert (letter.language, letter.proposed_on, letter.is_outside_rule) == ("zh", DAY, False)
    assert AuditEntry.objects.get(action="letter.propose").after["net_minor"] == 66_500


def test_whoever_proposed_by_hand_does_not_approve(legal: Actor) -> None:
    letter = proposed(legal, make_late())
    with pytest.raises(refusals.OwnLetter, match="proposed by legal"):
        approve_letter(actor=legal, letter_id=letter.pk, now=NOW)
    letter.refresh_from_db()
    assert (letter.status, letter.decided_by_id) == ("proposed", None)


def test_no_machine_approves(lead: Actor) -> None:
    letter = proposed(lead, make_late())
    with pytest.raises(refusals.ApproverIsNobody):
        approve_letters(actor=Actor("machine"), letter_ids=[letter.pk], now=NOW)


@pytest.mark.parametrize(
    ("signal", "rule"),
    [
        ("is_disputed", "dispute"),
        ("is_fraud_suspected", "fraud_claim"),
        ("has_hardship_plan", "hardship_plan"),
        ("has_open_promise", "promise"),
        ("is_on_hold", "stop_contact"),
        ("is_vulnerable", "vulnerable"),
    ],
)
def test_what_holds_an_account_back_stops_its_letter_by_name(signal: str, rule: str, lead: Actor) -> None:
    account = make_late()
    note_signals(account.pk, **{signal: True})
    assert rule in [obstacle.rule for obstacle in weigh_letter(account_id=account.pk, now=NOW).obstacles]
    with pytest.raises(refusals.LetterInTheWay):
        proposed(lead, account)
    assert propose_letters(actor=lead, now=NOW).letters == ()
    assert not Letter.objects.exists()


def test_a_hold_noted_between_proposal_and_approval_stops_the_approval(lead: Actor, legal: Actor) -> None:
    account = make_late()
    letter = proposed(lead, account)
    place_hold(actor=lead, customer=account.customer, account=None, kind=Hold.COMPLAINT, reason="r", now=NOW)
    with pytest.raises(refusals.LetterInTheWay, match="contact is held back: complaint"):
        approve_letter(actor=legal, letter_id=letter.pk, now=NOW)
    letter.refresh_from_db()
    assert letter.status == "proposed"


def test_a_batch_answers_each_letter_by_itself(lead: Actor, legal: Actor) -> None:
    first, second = proposed(lead, make_late()), proposed(lead, make_late())
    note_signals(second.account_id, is_disputed=True)
    decided = approve_letters(actor=legal, letter_ids=[first.pk, second.pk, 999], now=NOW)
    assert decided.done == (first.pk,)
    assert set(decided.refused) == {second.pk, 999}
    with pytest.raises(refusals.NothingChosen):
        approve_letters(actor=legal, letter_ids=[], now=NOW)
    with pytest.raises(ReasonNeeded):
        reject_letters(actor=legal, letter_ids=[second.pk], reason=" ", now=NOW)
    assert reject_letters(actor=legal, letter_ids=[second.pk], reason="paid soon", now=NOW).done == (second.pk,)
    second.refresh_from_db()
    assert (second.status, second.reason) == ("rejected", "paid soon")


def test_a_letter_is_printed_sent_and_delivered(lead: Actor, legal: Actor) -> None:
    account = make_late()
    letter = printed(lead, legal, account)
    document = LetterDocument.objects.get()
    assert (letter.status, document.letter_id, document.dated) == ("printed", letter.pk, TODAY)
    send_letter(actor=legal, letter_id=letter.pk, carrier="EMS", tracking_no="E1", sent_on=TODAY, now=NOW)
    contact = Contact.objects.get()
    assert (contact.channel, contact.purpose, contact.outcome) == ("letter", "demand", "open")
    later = NOW + timedelta(days=3)
    end_letter(actor=legal, letter_id=letter.pk, outcome="delivered", on=later.date(), note="signed", now=later)
    letter.refresh_from_db()
    contact.refresh_from_db()
    assert (letter.status, letter.ended_on, contact.outcome) == ("delivered", later.date(), "delivered")
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["letter.propose", "letter.decide", "letter.print", "letter.send", "letter.end"]


def test_a_letter_without_an_address_is_not_proposed(lead: Actor) -> None:
    account = make_late(person={"name": "王小明", "phone": "13900000001"})
    assert [obstacle.rule for obstacle in weigh_letter(account_id=account.pk, now=NOW).obstacles] == ["detail"]


def test_a_hold_that_comes_before_sending_keeps_the_letter_here(lead: Actor, legal: Actor) -> None:
    account = make_late()
    letter = printed(lead, legal, account)
    note_signals(account.pk, has_open_promise=True)
    with pytest.raises(refusals.LetterInTheWay, match="a promise to pay is open"):
        send_letter(actor=legal, letter_id=letter.pk, carrier="EMS", tracking_no="E1", sent_on=TODAY, now=NOW)
    assert not Contact.objects.exists() and not Denial.objects.exists()


@pytest.mark.parametrize(("book", "is_simulated"), [("live", False), ("live", True), ("simulated", False)])
def test_from_a_book_that_stands_still_no_letter_is_sent(lead: Actor, legal: Actor, book: str, is_simulated: bool) -> None:
    letter = printed(lead, legal, make_late())
    BookState.objects.update(book=book, nightly_paused=True)

    about: dict[str, Any] = {"carrier": "EMS", "tracking_no": "E1", "sent_on": TODAY, "now": NOW}
    with pytest.raises(refusals.BookStandsStill):
        send_letter(actor=legal, letter_id=letter.pk, **about, is_simulated=is_simulated)

    assert not Contact.objects.exists()
    # The simulated book writes to nobody but on the days it lives through itself.
    BookState.objects.update(book="simulated")
    assert send_letter(actor=legal, letter_id=letter.pk, **about, is_simulated=True).status == "sent"


def test_a_letter_that_demands_what_was_paid_since_is_not_sent(lead: Actor, legal: Actor) -> None:
    account = make_late(principal=1_000_000)
    letter = printed(lead, legal, account)
    assert (letter.document.total_minor, letter.document.pay_by) == (
        1_000_000,
        TODAY + timedelta(days=letter.policy.pay_within_days),
    )
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=1, value_date=TODAY, reference="p1")
    with pytest.raises(refusals.LetterInTheWay, match=r"demands.*10,000\.00.*9,999\.99.*propose a new one"):
        send_letter(actor=legal, letter_id=letter.pk, carrier="EMS", tracking_no="E1", sent_on=TODAY, now=NOW)
    letter.refresh_from_db()
    assert letter.status == "printed" and not Contact.objects.exists()
    with pytest.raises(DatabaseError), transaction.atomic():
        LetterDocument.objects.update(total_minor=999_999)


def test_a_letter_that_leaves_too_little_time_to_pay_is_not_sent(lead: Actor, legal: Actor) -> None:
    letter = printed(lead, legal, make_late())
    last = letter.document.pay_by - timedelta(days=3)

    def send_on(day: date) -> None:
        now = NOW + (day - TODAY)
        send_letter(actor=legal, letter_id=letter.pk, carrier="EMS", tracking_no="E1", sent_on=day, now=now)

    for day in (last + timedelta(days=1), last + timedelta(days=60)):
        with pytest.raises(refusals.LetterInTheWay, match="leaves too little time"):
            send_on(day)
    send_on(last)
    assert Letter.objects.get(pk=letter.pk).status == "sent"


def test_sending_takes_a_carrier_and_a_number_of_its_own(lead: Actor, legal: Actor) -> None:
    sent(lead, legal, make_late())
    other = printed(lead, legal, make_late(person={**PERSON, "address": "2 Example Road"}))
    send: dict[str, Any] = {"actor": legal, "letter_id": other.pk, "carrier": "EMS", "sent_on": TODAY, "now": NOW}
    with pytest.raises(refusals.TrackingMissing):
        send_letter(**send, tracking_no=" ")
    with pytest.raises(refusals.TrackingTaken, match="E1"):
        send_letter(**send, tracking_no="E1")
    with pytest.raises(refusals.DayImpossible):
        send_letter(**{**send, "sent_on": TODAY - timedelta(days=1)}, tracking_no="E2")
    other.refresh_from_db()
    assert (other.status, other.contact_id) == ("printed", None)


def test_a_second_letter_waits_for_the_days_between_two(lead: Actor, legal: Actor) -> None:
    account = make_late()
    letter = sent(lead, legal, account)
    assert [obstacle.rule for obstacle in weigh_letter(account_id=account.pk, now=NOW).obstacles] == ["open_letter"]
    end_letter(actor=legal, letter_id=letter.pk, outcome="returned", on=TODAY, note="", now=NOW)
    assert [obstacle.rule for obstacle in weigh_letter(account_id=account.pk, now=NOW).obstacles] == ["cool_off"]
    assert propose_letters(actor=lead, now=NOW).letters == ()


def test_a_letter_that_was_sent_is_not_stopped(lead: Actor, legal: Actor) -> None:
    letter = sent(lead, legal, make_late())
    with pytest.raises(refusals.LetterNotIn, match="on its way"):
        stop_letter(actor=legal, letter_id=letter.pk, reason="r")
    letter.refresh_from_db()
    assert letter.status == "sent"


def test_a_letter_ends_once_and_on_a_day_that_can_be(lead: Actor, legal: Actor) -> None:
    letter = sent(lead, legal, make_late())
    end: dict[str, Any] = {"actor": legal, "letter_id": letter.pk, "note": "", "now": NOW}
    with pytest.raises(refusals.EndUnknown):
        end_letter(**end, outcome="lost", on=TODAY)
    with pytest.raises(refusals.DayImpossible):
        end_letter(**end, outcome="delivered", on=TODAY + timedelta(days=1))
    end_letter(**end, outcome="refused", on=TODAY)
    with pytest.raises(refusals.LetterNotIn):
        end_letter(**end, outcome="delivered", on=TODAY)
    letter.refresh_from_db()
    assert letter.status == "refused"


def test_the_rule_proposes_the_accounts_that_bring_most_up_to_its_bound(lead: Actor) -> None:
    small, large = make_late(principal=100_000), make_late(principal=2_000_000)
    make_late(days=40, principal=2_000_000)
    make_late(days=100, principal=40_000)
    run = propose_letters(actor=lead, now=NOW)
    assert [letter.account_id for letter in run.letters] == [large.pk, small.pk]
    assert {letter.source for letter in run.letters} == {"rule"} and not run.is_bounded
    assert propose_letters(actor=lead, now=NOW).letters == ()

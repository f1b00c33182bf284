"""A month of one customer, day by day: two instalments, one paid late and one not, and all that may come in between."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from factories import TESTER, make_account, make_customer, make_installment, make_product

from accounts.models import AccountState, CreditAccount
from accounts.operations.payments import post_payment
from accounts.operations.signals import note_signals
from outreach.models import Contact, ContactHold, DetailState, Message, MessageAttempt
from outreach.models.providers import LocalMessage
from outreach.operations.holds import end_hold, place_hold
from outreach.operations.replies import take_reply
from outreach.operations.sending.dispatching import channels_to_ring, resolve, send_batch
from outreach.operations.sending.receiving import take_receipt
from outreach.operations.wishes import agree_hours
from outreach.providers.interface import Outgoing, Receipt, ReceiptState, Refused, Reply
from outreach.providers.local import LocalProvider
from outreach.queries.audit import audited, violations
from outreach.rules.contacts import Channel, Hold
from riskops.close_of_business import close_day
from riskops.shared.audit import Actor
from riskops.shared.closing import DayAlreadyClosed
from riskops.shared.feeds import record_arrival
from riskops.shared.models import BookState, CloseRun, CloseShard, Feed

#: Where the site is, and its days end; and where the customer is, seven hours later, and six from 30 March on.
SITE = ZoneInfo("Asia/Shanghai")
HOME = ZoneInfo("Europe/Berlin")
FIRST, LAST = date(2025, 3, 11), date(2025, 4, 14)
#: At which hours of the customer workers are woken; each time again a minute later, as beat does.
BELLS = tuple(time(hour) for hour in (1, 7, 8, 9, 12, 13, 18, 22))
#: When the payments of a day come, and when it is closed: on the day after, by the site's clock.
FEED_AT, CLOSE_AT = time(5), time(6, 45)
PHONE, EMAIL, DEVICE = "+4915100000001", "wang@example.com", "dev-1"

Acts = Mapping[str, Callable[[], None]]
Lines = tuple[str, ...]

#: What happens to the customer's messages on each day: the customer's time, channel, step, what becomes of it, the amounts in its
#: text. On the days that are not here, nothing. Both instalments are of 100.00; an unpaid one costs 0.1 % a day.
CALENDAR: dict[date, Lines] = {
    # Three days before 15 March, by the app, whose texts name no amount.
    date(2025, 3, 12): ("08:00 push due-soon delivered",),
    # The provider is down from eight to nine.
    date(2025, 3, 15): ("08:00 sms due-today waits: connection refused", "09:00 sms due-today delivered ¥100.00"),
    # The close of the 15th is done three times.
    date(2025, 3, 16): ("08:00 push overdue-1 delivered",),
    # On the 17th the customer pays 40.00 (0.20 penalty of two days, 39.80 principal), and agrees to be written to at noon only.
    date(2025, 3, 18): ("08:00 sms overdue-3 waits: gate: quiet-hours", "12:00 sms overdue-3 delivered ¥60.20"),
    # The payments of the 21st have not come; when they do, the rest of the instalment is among them.
    date(2025, 3, 22): (
        "08:00 sms overdue-7 waits: feed-missing",
        "13:00 sms overdue-7 cancelled: episode-over",
    ),
    # Three days before 29 March, the next instalment. The app was deleted, so it is told by SMS.
    date(2025, 3, 26): (
        "08:00 push due-soon waits: gate: quiet-hours",
        "12:00 push due-soon undelivered: app deleted",
        "12:01 sms due-soon delivered ¥100.00",
    ),
    # A complaint is being looked into from the 27th to the evening of the 29th.
    date(2025, 3, 29): ("night sms due-today cancelled: hold",),
    # Clocks go forward, and the customer's own hours are over: eight o'clock is an hour earlier.
    date(2025, 3, 30): ("08:00 push overdue-1 cancelled: gate: detail", "08:01 sms overdue-1 delivered ¥100.00"),
    # Planned in the night; at half past seven the customer promises to pay.
    date(2025, 4, 1): ("07:30 sms overdue-3 cancelled: promise",),
    # The promise was broken on the 3rd. Six days cost 0.60. At half past nine the customer answers STOP.
    date(2025, 4, 5): ("08:00 sms overdue-7 delivered ¥100.60",),
    # No SMS any more, so an e-mail. Fourteen days cost 1.40, which it names by itself.
    date(2025, 4, 13): ("08:00 email overdue-15 delivered ¥101.40 ¥1.40",),
}


class Month:
    """The customer, the clock, and what was seen of their messages up to now."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = datetime.combine(FIRST, time(), SITE)
        monkeypatch.setattr(timezone, "now", self.clock)
        #: While the provider is down it takes nothing; the keys that it was asked with.
        self.is_provider_down, self.asked_in_vain = False, list[str]()
        deliver = LocalProvider.send
        monkeypatch.setattr(
            LocalProvider, "send", lambda provider, outgoing: self._asked(outgoing) or deliver(provider, outgoing)
        )
        person = {"name": "Wang Xiaoming", "phone": PHONE, "email": EMAIL, "device_ids": DEVICE}
        consents = {"consent_sms": True, "consent_email": True, "consent_push": True}
        self.customer = make_customer(person=person, language="en", time_zone=str(HOME), **consents)
        self.account: CreditAccount = make_account(product=make_product(penalty_rate_ppm=1_000), customer=self.customer)
        AccountState.objects.create(account=self.account, product=self.account.product, opened_on=self.account.opened_on)
        for due_date in (date(2025, 3, 15), date(2025, 3, 29)):
            make_installment(self.account, due_date=due_date)
        #: Days of which no payments come in the night.
        self.late_feeds: set[date] = set()
        #: What the provider reports of messages by a channel on a day; of all others that they were delivered.
        self.losses: dict[tuple[date, Channel], str] = {}
        self._seen: dict[int, tuple[str, str]] = {}

    def clock(self) -> datetime:
        """Return the moment of the story."""
        return self.now

    # A day ------------------------------------------------------------------------------------------------------------------

    def lives(self, day: date, acts: Acts) -> Lines:
        """Go through a day: the close of the one before, bells, what people do in between. Return what is seen."""
        lines = list(self._night(day))
        moments: list[tuple[time, Callable[[], None] | None]] = [(time.fromisoformat(at), act) for at, act in acts.items()]
        moments += [(at.replace(minute=minute), None) for at in BELLS for minute in (0, 1)]
        # What people do at a moment comes before the bell of the same moment.
        for at, act in sorted(moments, key=lambda moment: (moment[0], moment[1] is None)):
            self.now = datetime.combine(day, at, HOME)
            if act is not None:
                act()
            else:
                self.bell()
            lines += self._news(f"{at:%H:%M}")
        return tuple(lines)

    def _night(self, day: date) -> Iterator[str]:
        closed = day - timedelta(days=1)
        self.now = datetime.combine(day, FEED_AT, SITE)
        if closed not in self.late_feeds:
            self.payments_come(closed)
        self.now = datetime.combine(day, CLOSE_AT, SITE)
        assert close_day(closed, actor=TESTER).status == CloseRun.Status.COMPLETE
        yield from self._news("night")

    def bell(self) -> None:
        """Wake the workers that beat would wake; the provider reports at once what became of what it got, and twice."""
        for channel in channels_to_ring(self.now):
            send_batch(channel, for_seconds=30, worker="w1", clock=self.clock, pause=lambda seconds: None)
        resolve(lambda: self.now)
        for tried in MessageAttempt.objects.filter(state=MessageAttempt.State.SENT).select_related("message"):
            lost = self.losses.get((self.now.date(), Channel(tried.message.channel)), "")
            state = ReceiptState.UNDELIVERED if lost else ReceiptState.DELIVERED
            receipt = Receipt("local", f"receipt {tried.key}", tried.reference, "", state, bool(lost), self.now, lost)
            take_receipt(receipt, self.now)
            take_receipt(receipt, self.now)

    def _news(self, at: str) -> Iterator[str]:
        """Give a line for every message that is not as it was when last looked at, but for what waits for its hour."""
        for message in Message.objects.order_by("pk"):
            stands = (message.status, message.reason)
            if self._seen.get(message.pk) != stands and stands != (Message.Status.QUEUED, ""):
                verb = "waits" if message.status == Message.Status.QUEUED else message.status
                why = f": {message.reason}" if message.reason else ""
                yield " ".join([f"{at} {message.channel} {message.step} {verb}{why}", *self._amounts(message)])
            self._seen[message.pk] = stands

    def _amounts(self, message: Message) -> list[str]:
        """Return the amounts in the text that the provider was given."""
        given = LocalMessage.objects.filter(key=message.attempt_key).first()
        return re.findall(r"¥[\d,]+\.\d\d", given.words["body"]) if given else []

    def _asked(self, outgoing: Outgoing) -> Refused | None:
        if not self.is_provider_down:
            return None
        self.asked_in_vain.append(outgoing.key)
        return Refused("connection refused", is_outage=True)

    # What people and other systems do ---------------------------------------------------------------------------------------

    def payments_come(self, day: date) -> None:
        """Take the payments of a day in."""
        record_arrival(file_name="payments.csv", business_date=day, rows=1, amount_total="1.00", import_id=None)

    def pays(self, minor: int, on: date) -> None:
        """Post a payment of the customer."""
        post_payment(actor=TESTER, account_id=self.account.pk, amount_minor=minor, value_date=on, reference=f"PAID-{on}")

    def late_payments_come(self, day: date, minor: int) -> None:
        """Take the payments of a day in after it was closed without them; one is of the customer."""
        self.pays(minor, on=day)
        self.payments_come(day)

    def agrees_to_hours(self, opens_at: time | None, closes_at: time | None) -> None:
        """Note the hours that the customer wants to be written to in; None: as everybody else."""
        hours = {"opens_at": opens_at, "closes_at": closes_at}
        agree_hours(actor=TESTER, customer=self.customer, evidence="call", now=self.now, **hours)

    def complains(self) -> None:
        """Hold contact back while a complaint is looked into."""
        about = {"customer": self.customer, "account": None, "kind": Hold.COMPLAINT}
        place_hold(actor=TESTER, reason="a fee", now=self.now, **about)  # type: ignore[arg-type]

    def complaint_ends(self) -> None:
        """Let a second person end the hold."""
        hold = ContactHold.objects.get(until=None)
        end_hold(actor=Actor("second"), customer=self.customer, hold_id=hold.pk, reason="answered", now=self.now)

    def promises(self, is_open: bool) -> None:
        """Note a promise to pay, or that it is none any more."""
        note_signals(self.account.pk, has_open_promise=is_open)

    def writes_stop(self) -> None:
        """Answer an SMS with STOP, which the provider reports twice."""
        reply = Reply("local", "reply 1", Channel.SMS, PHONE, "Stop", self.now)
        assert [take_reply(reply, self.now), take_reply(reply, self.now)] == [True, False]

    def provider_goes_down(self) -> None:
        """Begin an outage."""
        self.is_provider_down = True

    def provider_comes_back(self) -> None:
        """End the outage. It was tried five times: by the bells of 8:00 and 8:01, and each quarter of an hour."""
        self.is_provider_down = False
        message = Message.objects.get(step="due-today")
        assert self.asked_in_vain == [f"message:{message.pk}:{attempt}" for attempt in range(5)]
        # None of the five counts as a contact, and the next has a key of its own.
        assert list(Contact.objects.filter(channel="sms").values_list("outcome", flat=True)) == ["not_made"] * 5
        assert (message.status, message.attempts, message.failures) == ("queued", 5, 5)

    def close_is_done_again(self, day: date) -> None:
        """Close a day that is closed: refused. Then lose the ledger's marks and do all of it again: nothing new."""
        before = list(Message.objects.order_by("pk").values())
        with pytest.raises(DayAlreadyClosed):
            close_day(day, actor=TESTER)
        BookState.objects.update(business_date=day - timedelta(days=1))
        CloseRun.objects.filter(business_date=day).update(status=CloseRun.Status.RUNNING, is_open=True, finished_at=None)
        marks = CloseShard.objects.filter(run__business_date=day)
        marks.update(status=CloseShard.Status.PENDING, attempts=0, rows=0, lease_until=None, claimed_by="")
        assert close_day(day, actor=TESTER).status == CloseRun.Status.COMPLETE
        assert set(marks.filter(step="outreach").values_list("status", "rows")) == {("done", 0)}
        assert list(Message.objects.order_by("pk").values()) == before


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_month_of_messages(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.INSTITUTION_NAME, settings.INSTITUTION_NAME_ZH = "Riskops Finance", "瑞科消费金融"
    settings.CUSTOMER_HOTLINE, settings.CONTACT_PROFILE = "400-000-0000", "cn-2026"
    Feed.objects.update(is_expected=False)
    Feed.objects.create(name="of the day", file_name="payments.csv", cut_off=time(6, 30), on_missing=Feed.OnMissing.PROVISIONAL)
    month = Month(monkeypatch)
    month.late_feeds = {date(2025, 3, 21)}
    month.losses = {(date(2025, 3, 26), Channel.PUSH): "app deleted"}
    noon = partial(month.agrees_to_hours, time(12), time(14))
    acts: dict[date, Acts] = {
        date(2025, 3, 15): {
            "07:59": month.provider_goes_down,
            **dict.fromkeys(("08:15", "08:30", "08:45"), month.bell),
            "08:59": month.provider_comes_back,
        },
        date(2025, 3, 16): {
            "00:30": partial(month.close_is_done_again, date(2025, 3, 15)),
            "10:00": partial(month.close_is_done_again, date(2025, 3, 15)),
        },
        date(2025, 3, 17): {"10:00": partial(month.pays, 4_000, on=date(2025, 3, 17)), "10:05": noon},
        # What was left, and the penalty of four days at 0.0602: 60.20 + 0.24.
        date(2025, 3, 22): {"13:00": partial(month.late_payments_come, date(2025, 3, 21), 6_044)},
        date(2025, 3, 27): {"10:00": month.complains},
        date(2025, 3, 29): {"16:00": month.complaint_ends, "16:05": partial(month.agrees_to_hours, None, None)},
        date(2025, 4, 1): {"07:30": partial(month.promises, True)},
        date(2025, 4, 3): {"10:00": partial(month.promises, False)},
        date(2025, 4, 5): {"09:30": month.writes_stop},
    }
    found: dict[date, Lines] = {}
    for days in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=days)
        found[day] = month.lives(day, acts.get(day, {}))
    assert {day: lines for day, lines in found.items() if lines} == CALENDAR

    # Nothing waits for ever, nothing is in doubt, nothing needs a person.
    ends = {Message.Status.DELIVERED, Message.Status.UNDELIVERED, Message.Status.CANCELLED}
    assert set(Message.objects.values_list("status", flat=True)) == ends
    # Nine messages reached the provider, each once; the log has these, and the five that did not.
    assert LocalMessage.objects.count() == MessageAttempt.objects.exclude(state="refused").count() == 9
    since, until = datetime.combine(FIRST, time(), HOME), datetime.combine(LAST + timedelta(days=1), time(), HOME)
    assert (audited(since, until), Contact.objects.count()) == (9, 14)
    assert list(violations(since, until)) == []
    assert DetailState.objects.count() == 1

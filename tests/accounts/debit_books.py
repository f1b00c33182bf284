"""An account in arrears with a mandate, for tests of debits; the last closed day is 10 March 2025."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from factories import TESTER, make_account, make_installment, make_product, set_business_date

from accounts.models import CreditAccount, DebitInstruction, DebitMandate
from accounts.operations.debiting.instructing import instruct_debit
from accounts.operations.debiting.mandates import record_mandate
from accounts.operations.debiting.sending import send_debits
from accounts.operations.rebuilding import rebuild_accounts
from outreach.models import Contact, ContactPolicy, Message
from outreach.operations.sending.notices import take_notices

CLOSED = date(2025, 3, 10)
OPEN = date(2025, 3, 11)
#: The first day a debit may be ordered for: three days of notice.
EARLIEST = date(2025, 3, 14)
#: What is due on that day: twice 100.00 and 0.1 % a day for 41 and for 13 days.
DUE_MINOR = 20_540
INSTRUMENT = "6222000011112222"


def close_at(*accounts: CreditAccount, day: date = CLOSED) -> None:
    """Leave the book as a close of the day would: the business date, and the accounts' states at it."""
    set_business_date(day)
    rebuild_accounts([account.pk for account in accounts], as_of=day, ahead_on=None)


def make_late(**fields: Any) -> CreditAccount:
    """Return an account that owes 100.00 since 1 February, 100.00 since 1 March, and 100.00 more on 1 April; 0.1 % a day."""
    account = make_account(product=make_product(penalty_rate_ppm=1_000), **fields)
    for due in (date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1)):
        make_installment(account, due_date=due, principal=10_000)
    close_at(account)
    return account


def allow(account: CreditAccount, **fields: Any) -> DebitMandate:
    """Record a mandate on an account: up to 500.00 at once, for good, unless told."""
    values: dict[str, Any] = {
        "actor": TESTER,
        "account_id": account.pk,
        "reference": f"M-{account.account_no}",
        "instrument": INSTRUMENT,
        "holder": "Wang Fang",
        "valid_from": date(2025, 1, 1),
        "most_minor": 50_000,
        "evidence": "form 7",
    }
    return record_mandate(**{**values, **fields})


def order(mandate: DebitMandate, amount: int = 10_000, **fields: Any) -> DebitInstruction:
    """Order a debit on the first day there is, unless told."""
    values: dict[str, Any] = {"reference": f"D-{mandate.reference}", "debit_on": EARLIEST}
    return instruct_debit(actor=TESTER, mandate_id=mandate.pk, amount_minor=amount, **{**values, **fields})


def told(*debits: DebitInstruction, on: date = OPEN) -> None:
    """Have the notices of debits taken into the outbox, and handed to a provider of messages on a day."""
    noon = datetime.combine(on, time(12), tzinfo=UTC)
    take_notices(noon)
    steps = [f"notice:debit-planned:{debit.notices.get(kind='planned').pk}" for debit in debits]
    for message in Message.objects.filter(step__in=steps):
        message.contact = Contact.objects.create(
            key=message.attempt_key, customer=message.customer, account=message.account, channel=message.channel,
            purpose=message.purpose, detail=1, at=noon, policy=ContactPolicy.objects.order_by("pk")[0], engine="1", asked={},
            standing={}, made_by_name="test",
        )  # fmt: skip
        message.status, message.sent_at = Message.Status.SENT, noon
        message.save()


def send_on(account: CreditAccount, day: date = EARLIEST) -> Any:
    """Close the day before, and hand the debits of the day over."""
    close_at(account, day=day - timedelta(days=1))
    return send_debits(actor=TESTER, day=day)


def results(*lines: str) -> bytes:
    """Return a file of results."""
    return ("\n".join(("key,outcome,amount,result_on,reason_code", *lines)) + "\n").encode()

"""Results by intention to treat, out of the ledger, the snapshots and the outbox."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from experiment_books import CLOSED, FIRST, Desk, assign, late_account
from factories import make_account, make_payment, make_product, make_reversal

from accounts.bulk.snapshot import partition_for_rebuilt
from accounts.models import AccountSnapshot, AccountState, CreditAccount, Customer, Payment
from casework.models import Dispute, DisputeKind
from casework.operations.disputes.opening import FIGURES
from outreach.models import ArmAssignment, Contact, ContactPolicy, Experiment, Message
from outreach.models.experiments import Measure
from outreach.queries.experiment_results import ArmResult, Figure, results

pytestmark = pytest.mark.django_db
DAYS = {days: FIRST + timedelta(days=days) for days in range(60)}


@pytest.fixture
def desk() -> Desk:
    return Desk()


class Run:
    """A running experiment, and the words to put customers into it and see what their arms came to."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.experiment: Experiment = desk.running()

    def takes(self, arm: str, *, day: date = FIRST, bucket: int = 1) -> CreditAccount:
        account = late_account(self.desk.product, bucket=bucket)
        about: dict[str, Any] = {"arm": arm, "assigned_on": day, "bucket": bucket}
        ArmAssignment.objects.create(experiment=self.experiment, customer=account.customer, **about)
        return account

    def arm(self, code: str, as_of: date) -> ArmResult:
        return next(row for row in results(self.experiment, as_of).arms if row.arm.code == code)

    def figure(self, code: str, measure: str, as_of: date) -> Figure:
        return self.arm(code, as_of).figure(measure)

    def counted(self, code: str, measure: str, as_of: date) -> tuple[int, int]:
        figure = self.figure(code, measure, as_of)
        return figure.total, figure.customers


@pytest.fixture
def run(desk: Desk) -> Run:
    return Run(desk)


def pay(account: CreditAccount, day: date, amount: int = 100, **more: Any) -> Payment:
    return make_payment(account, paid_on=day, amount=amount, is_posted=True, **more)


@pytest.mark.parametrize(
    ("days", "paid_7", "paid_14", "paid_30"),
    [(0, 0, 0, 0), (1, 1, 1, 1), (7, 1, 1, 1), (8, 0, 1, 1), (14, 0, 1, 1), (15, 0, 0, 1), (30, 0, 0, 1), (31, 0, 0, 0)],
)
def test_payments_count_from_the_day_after_the_assignment_to_the_last_of_the_window(
    run: Run, days: int, paid_7: int, paid_14: int, paid_30: int
) -> None:
    pay(run.takes("early"), DAYS[days])
    found = [run.counted("early", measure, DAYS[40])[0] for measure in ("paid_7", "paid_14", "paid_30")]
    assert found == [paid_7, paid_14, paid_30]


def test_only_customers_whose_window_is_over_count(run: Run) -> None:
    pay(run.takes("early"), DAYS[1])
    pay(run.takes("early", day=DAYS[3]), DAYS[4])
    assert run.counted("early", "paid_7", DAYS[6]) == (0, 0)
    assert run.counted("early", "paid_7", DAYS[7]) == (1, 1)
    assert run.counted("early", "paid_7", DAYS[9]) == (1, 1)
    assert run.counted("early", "paid_7", DAYS[10]) == (2, 2)
    assert run.counted("early", "paid_14", DAYS[10]) == (0, 0)


def test_who_paid_nothing_counts_and_so_does_who_got_no_message(run: Run) -> None:
    pay(run.takes("early"), DAYS[1], 500)
    run.takes("early")
    assert run.counted("early", "paid_7", DAYS[7]) == (1, 2)
    assert run.counted("early", "amount_7", DAYS[7]) == (500, 2)
    assert run.figure("early", "amount_7", DAYS[7]).mean == 250


def test_what_was_reversed_or_is_not_posted_or_is_of_other_products_was_not_paid(run: Run) -> None:
    account = run.takes("early")
    reversed_one = pay(account, DAYS[1], 700)
    reversal = make_reversal(reversed_one, paid_on=DAYS[20])
    reversal.is_posted = True
    reversal.save()
    make_payment(account, paid_on=DAYS[2], amount=800)
    pay(make_account(customer=account.customer, product=make_product()), DAYS[2], 900)
    assert run.counted("early", "amount_30", DAYS[30]) == (0, 1)
    # Another account under the experiment's product counts, with all that was paid.
    pay(make_account(customer=account.customer, product=run.desk.product), DAYS[2], 30)
    pay(account, DAYS[3], 40)
    assert run.counted("early", "amount_30", DAYS[30]) == (70, 1)
    assert run.counted("early", "paid_30", DAYS[30]) == (1, 1)


def snapshot(account: CreditAccount, day: date, bucket: int) -> None:
    partition_for_rebuilt(day)
    AccountSnapshot.objects.create(
        as_of=day, account=account, product=account.product, opened_on=account.opened_on, bucket=bucket, days_past_due=bucket * 30
    )


def test_a_customer_has_rolled_whose_worst_bucket_at_the_next_month_end_is_worse(run: Run) -> None:
    month_end, next_one = date(2025, 3, 31), date(2025, 4, 30)
    worse, same, better = run.takes("early", bucket=1), run.takes("early", bucket=2), run.takes("early", bucket=2)
    # Taken in on the month-end, a customer is judged by the next one.
    late = run.takes("early", day=month_end, bucket=1)
    # Of two accounts the worse one counts.
    second = make_account(customer=same.customer, product=run.desk.product)
    for account, bucket in ((worse, 2), (same, 1), (second, 2), (better, 1), (late, 5)):
        snapshot(account, month_end, bucket)
    for account, bucket in ((worse, 0), (same, 7), (better, 7), (late, 1)):
        snapshot(account, next_one, bucket)
    assert run.counted("early", "rolled", date(2025, 3, 30)) == (0, 0)
    assert run.counted("early", "rolled", month_end) == (1, 3)
    assert run.counted("early", "rolled", next_one) == (1, 4)


def dispute(account: CreditAccount, day: date, kind: str = "conduct") -> None:
    of_kind = DisputeKind.objects.get(code=kind)
    figures = {name: getattr(of_kind, name) for name in FIGURES}
    Dispute.objects.create(
        reference=f"{account.pk}-{day}-{kind}", account=account, customer=account.customer, kind=of_kind, came_by="call",
        claim="They call at night.", received_on=day, answer_by=day, opened_by_name="x", **figures,
    )  # fmt: skip


def test_a_customer_who_complained_in_the_window_counts_once_whether_or_not_anything_was_sent(run: Run) -> None:
    twice, before, after, disputes = (run.takes("early") for _customer in range(4))
    dispute(twice, DAYS[1])
    dispute(twice, DAYS[30], "complaint")
    # On the day of the assignment it was there already; on day 31 the window is over; a dispute is no complaint.
    dispute(before, DAYS[0])
    dispute(after, DAYS[31])
    dispute(disputes, DAYS[5], "amount")
    run.takes("as-now")
    # About an account under another product.
    dispute(make_account(customer=before.customer, product=make_product()), DAYS[5])
    assert run.counted("early", "complained", DAYS[29]) == (0, 0)
    assert run.counted("early", "complained", DAYS[30]) == (1, 4)
    assert run.counted("as-now", "complained", DAYS[30]) == (0, 1)


def send(account: CreditAccount, day: date, *, channel: str = "sms", step: str = "due", is_sent: bool = True) -> None:
    moment = timezone.now()
    contact = Contact.objects.create(
        key=f"{account.pk}{day}{channel}{step}", customer=account.customer, account=account, channel=channel, purpose="reminder",
        detail=1, at=moment, policy=ContactPolicy.objects.get(profile="cn-2026", version=1), engine="1", asked={}, standing={},
        made_by_name="x",
    )  # fmt: skip
    Message.objects.create(
        account=account, customer=account.customer, episode=CLOSED, step=step, channel=channel, purpose="reminder",
        planned_on=day, due_at=moment, contact=contact, status="sent" if is_sent else "cancelled",
        sent_at=moment if is_sent else None,
    )  # fmt: skip


def test_messages_that_went_out_in_the_longest_window_are_counted_with_their_cost(run: Run, settings: Any) -> None:
    settings.MESSAGE_COST = {"sms": Decimal("0.045"), "email": Decimal("0.001")}
    one, other = run.takes("early"), run.takes("early")
    send(one, DAYS[1])
    send(one, DAYS[30], step="last")
    send(one, DAYS[2], channel="email")
    send(one, DAYS[0], step="before")
    send(one, DAYS[31], step="after")
    send(other, DAYS[5], is_sent=False)
    assert (run.arm("early", DAYS[29]).messages, run.arm("early", DAYS[29]).cost_customers) == (0, 0)
    found = run.arm("early", DAYS[30])
    assert (found.messages, found.cost, found.cost_customers) == (3, Decimal("0.091"), 2)
    assert run.arm("as-now", DAYS[30]).messages == 0


def test_each_arm_is_compared_with_the_champion_and_told_when_it_is_too_early(run: Run) -> None:
    for number in range(5):
        run.takes("as-now")
        account = run.takes("early")
        if number < 4:
            pay(account, DAYS[1], 1_000)
    found = results(run.experiment, DAYS[14])
    early = run.figure("early", "paid_14", DAYS[14])
    assert early.interval is not None and early.interval.difference == pytest.approx(0.8)
    assert run.figure("as-now", "paid_14", DAYS[14]).interval is None
    amounts = run.figure("early", "amount_14", DAYS[14]).interval
    # 800 less 0; four degrees of freedom, 2.776 times the standard error of 200.
    assert amounts is not None and (amounts.difference, amounts.low) == (800, pytest.approx(800 - 555.3, abs=0.1))
    assert (found.assigned, found.measured, found.is_too_early, found.has_wrong_shares) == (10, 10, False, False)
    assert results(run.experiment, DAYS[13]).is_too_early
    assert results(run.experiment, None).measured == 0


def test_before_anybody_is_in_there_is_nothing_to_tell(run: Run) -> None:
    found = results(run.experiment, DAYS[40])
    assert (found.assigned, found.mismatch, found.is_too_early) == (0, None, True)
    assert [figure.mean for row in found.arms for figure in row.figures] == [None] * 2 * len(Measure.values)


def test_a_simulated_effect_is_found_through_the_whole_of_the_database(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """1,200 customers, taken in by the close's step; of those reminded early 45 % pay, of the others 30 %, seed fixed.

    Arms come of a salt and the customer's number; both are fixed too, or an interval of 95 % would miss every twentieth time.
    """
    monkeypatch.setattr("outreach.models.experiments.secrets.token_hex", lambda size: "5" * 2 * size)
    rng = np.random.default_rng(20_250_312)
    customers = Customer.objects.bulk_create(
        [
            Customer(pk=7_000_000 + number, customer_no=f"S{number}", person={"name": "S"}, content_hash=0)
            for number in range(1_200)
        ]
    )
    accounts = CreditAccount.objects.bulk_create(
        [
            CreditAccount(
                account_no=f"S{number}", customer=customer, product=desk.product, opened_on=date(2025, 1, 1),
                credit_limit_minor=1, content_hash=0,
            )
            for number, customer in enumerate(customers)
        ]
    )  # fmt: skip
    AccountState.objects.bulk_create(
        [
            AccountState(account=account, product=desk.product, opened_on=account.opened_on, days_past_due=5, bucket=1)
            for account in accounts
        ]
    )
    experiment = desk.running(planned_size=1_200)
    assert assign() == 1_200
    arms = dict(ArmAssignment.objects.values_list("customer_id", "arm"))
    payments = []
    for account in accounts:
        rate = 0.45 if arms[account.customer_id] == "early" else 0.30
        if rng.random() < rate:
            amount, after = int(rng.lognormal(10, 1)), int(rng.integers(1, 15))
            payments.append(
                Payment(
                    payment_no=f"S{account.pk}",
                    account=account,
                    paid_on=DAYS[after],
                    amount_minor=amount,
                    is_posted=True,
                    content_hash=0,
                )
            )
    Payment.objects.bulk_create(payments)
    found = results(experiment, DAYS[14])
    early = next(row for row in found.arms if row.arm.code == "early")
    champion = next(row for row in found.arms if row.is_champion)
    expected = {code: sum(1 for payment in payments if arms[payment.account.customer_id] == code) for code in ("early", "as-now")}
    assert {row.arm.code: row.figure("paid_14").total for row in found.arms} == expected
    assert early.assigned + champion.assigned == 1_200
    interval = early.figure("paid_14").interval
    assert interval is not None and interval.low < 0.15 < interval.high and interval.shows_something
    assert (found.is_too_early, found.has_wrong_shares) == (False, False)
    assert sum(row.figure("amount_14").total for row in found.arms) == sum(payment.amount_minor for payment in payments)


def test_results_take_the_same_few_statements_whatever_the_size(run: Run, django_assert_num_queries: Any) -> None:
    for _number in range(3):
        pay(run.takes("early"), DAYS[2])
    # Products, arms, three windows, month-ends, messages.
    with django_assert_num_queries(8):
        results(run.experiment, DAYS[40])

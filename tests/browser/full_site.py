"""A site with something on every page: a closed book, work on the desk, drafts tried out, decisions open and in force."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from agency_books import make_agency
from deciding_books import Person
from dispute_books import concludes, plans, takes_in
from django.db import transaction
from django.utils import timezone
from factories import (
    make_account,
    make_customer,
    make_examination,
    make_installment,
    make_payment,
    make_product,
    make_user,
    set_business_date,
)
from one_of_everything import put_one_of_everything

from accounts.models import Decision, Review
from accounts.operations.payments import post_payment
from accounts.operations.rebuilding import rebuild_accounts
from accounts.operations.reviewing import Findings, open_review, save_review, take_review
from accounts.operations.write_offs import write_off
from casework.models import Dispute, Promise, WorkItem
from casework.operations.acting import Asked
from casework.operations.cases.outcomes import record_case_outcome
from casework.operations.cases.working_on import TypedContact, add_contact, book_cost, own_case
from casework.operations.claiming import claim_item
from casework.operations.noting import save_note
from casework.operations.plans.deciding import approve_plan
from casework.operations.plans.proposing import PlanAsked, fill_affordability, propose_plan
from casework.operations.promises import take_promise
from casework.operations.saved_views import save_view
from casework.operations.tier_drafts import draft_policy
from casework.operations.tier_policies import dry_run_policy
from casework.operations.vulnerability import record_vulnerability
from casework.operations.working import record_outcome, skip
from outreach.models import AgreedHours, ArmAssignment, Experiment, MessageTemplate, Strategy
from outreach.operations.policies import POLICIES
from outreach.operations.strategies import STRATEGIES, try_strategy
from outreach.operations.templates import TEMPLATES
from outreach.operations.versions import draft_next
from outreach.shipped_strategies import LADDER
from recovery.models import AgencyPerson, CommissionLine, Placement
from recovery.operations.agencies.batches import split_batch
from recovery.operations.agencies.files import receive_file
from recovery.operations.agencies.own import note_access
from recovery.operations.agencies.statements import prepare_statement
from recovery.operations.legal.cases import approve_case, propose_case
from recovery.operations.letters.deciding import approve_letter
from recovery.operations.letters.printing import print_approved
from recovery.operations.letters.proposing import propose_letter, propose_letters
from recovery.operations.letters.versions import LETTER_POLICIES, LETTER_TEMPLATES
from recovery.operations.write_offs.deciding import send_write_offs
from recovery.operations.write_offs.proposing import propose_by_rules, propose_write_off
from recovery.operations.write_offs.resale import judge_resale, sell_debt
from riskops.close_of_business import close_day
from riskops.shared.audit import COMMAND, Actor
from riskops.shared.models import Feed
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK

#: The last closed day: a month-end, so that the dashboards have one too.
DAY = date(2025, 3, 31)


def put_a_full_site() -> Any:
    """Fill the site and return its walker: somebody with every role, who has an account in hand."""
    everything = put_one_of_everything()
    walker = make_user(*Role, username="walker")
    for subject in ("collections", "vulnerable"):
        make_examination(walker, passed_on=timezone.localdate() - timedelta(days=10), subject=subject)
    product = make_product(name="Card", penalty_rate_ppm=500)
    accounts = []
    for number, days in enumerate((0, 5, 40, 70, 100, 130), 1):
        account = make_account(
            account_no=f"B-{number}",
            product=product,
            customer=make_customer(
                customer_no=f"CB-{number}",
                person={"name": "李娜", "phone": "13900001234", "address": "北京市朝阳区建国路88号"},
            ),
            opened_on=date(2024, 6, 1),
        )
        make_installment(account, due_date=DAY - timedelta(days=days), principal=100_000 * number)
        accounts.append(account)
    # The close waits for none of the feeds.
    Feed.objects.update(is_expected=False)
    set_business_date(DAY - timedelta(days=1))
    rebuild_accounts([everything.pk, *(account.pk for account in accounts)], as_of=DAY - timedelta(days=1), ahead_on=None)
    close_day(DAY, actor=COMMAND)
    # Browsers read the real clock: at night nobody else would be taken from a queue of calls.
    always = {"opens_at": time(0), "closes_at": time(0), "agreed_at": timezone.now(), "evidence": "call", "noted_by_name": "x"}
    for account in accounts:
        AgreedHours.objects.create(customer=account.customer, **always)
    _work(walker, accounts)
    _judge(accounts)
    _dispute(accounts)
    _collect(walker, accounts)
    draft_policy(actor=COMMAND, copy_of=1)
    dry_run_policy(actor=COMMAND, version=2)
    draft_next(POLICIES, actor=COMMAND, copy_of="cn-strict")
    draft_next(TEMPLATES, actor=COMMAND, copy_of="overdue-3-email")
    _draft_a_strategy()
    _experiment(product, accounts)
    _write_letters(walker, accounts)
    _agencies(walker, accounts)
    _plan(accounts)
    _care(walker, accounts[1])
    _write_off(walker, product)
    return walker


def _care(walker: Any, account: Any) -> None:
    """A customer who is handled with care."""
    today = timezone.localdate()
    record_vulnerability(
        actor=Actor.of(walker),
        customer=account.customer,
        kind="illness",
        text="In hospital until May; call in the afternoon.",
        since=today,
        review_by=today + timedelta(days=60),
        now=timezone.now(),
    )


def _write_off(walker: Any, product: Any) -> None:
    """Proposals by rule and by hand, one that waits, accounts written off in two months with recoveries, one sold."""
    analyst, approver, manager = (Person(role) for role in (Role.ANALYST, Role.APPROVER, Role.MANAGER))
    gone = []
    for number, days in enumerate((200, 240, 300, 330, 360), 1):
        customer = make_customer(customer_no=f"CW-{number}", person={"name": "张伟", "phone": "13900004321"})
        account = make_account(account_no=f"W-{number}", product=product, customer=customer, opened_on=date(2024, 1, 1))
        make_installment(account, due_date=DAY - timedelta(days=days), principal=150_000 * number, interest=4_200)
        gone.append(account)
    rebuild_accounts([account.pk for account in gone], as_of=DAY, ahead_on=None)
    with transaction.atomic():
        propose_by_rules(as_of=DAY, today=timezone.localdate(), first_account_id=gone[0].pk, last_account_id=gone[0].pk)
    waits = propose_write_off(actor=analyst.actor, account_id=gone[1].pk, note="Gone abroad.", today=timezone.localdate())
    send_write_offs(actor=analyst.actor, roles=analyst.roles, write_off_ids=[waits.pk])
    propose_write_off(actor=analyst.actor, account_id=gone[2].pk, note="No trace.", today=timezone.localdate())
    for number, (account, day) in enumerate(zip(gone[3:], (date(2025, 1, 20), date(2025, 2, 10)), strict=True)):
        about = {"reference": f"WX-{number}", "reason": "no payment expected"}
        write_off(actor=approver.actor, account_id=account.pk, value_date=day, **about)
        for month, amount in ((2, 30_000), (3, 12_345)):
            paid = {"value_date": date(2025, month, 28), "reference": f"WR-{number}-{month}"}
            post_payment(actor=COMMAND, account_id=account.pk, amount_minor=amount, **paid)
    # Asked for among one of everything.
    judge_resale(actor=Person(Role.COMPLIANCE).actor, change_id=1, is_approved=True, now=timezone.now())
    sell_debt(
        actor=manager.actor, account_id=gone[4].pk, buyer="East Asset Management", licence="AMC 12", price_minor=9_000,
        sold_on=date(2025, 3, 10), note="", now=timezone.now(),
    )  # fmt: skip


def _plan(accounts: list[Any]) -> None:
    """A plan that is offered, from what its household has."""
    lead, other = (Actor.of(make_user(Role.TEAM_LEAD, username=name)) for name in ("plan-lead", "other-plan-lead"))
    account_id = accounts[2].pk
    form = fill_affordability(
        actor=lead, account_id=account_id, income_minor=600_000, essentials_minor=350_000, other_debts_minor=50_000
    )
    plan = propose_plan(
        actor=lead,
        account_id=account_id,
        asked=PlanAsked("restructure", "open", number=6),
        reason="Lost the job in February.",
        affordability_id=form.pk,
    )
    approve_plan(actor=other, roles=["approver"], reference=plan.reference, now=timezone.now())


def _agencies(walker: Any, accounts: list[Any]) -> None:
    """An agency with an account that paid, an inventory that differs, and a batch run dry; the walker works for it too."""
    north, south = make_agency("north"), make_agency("south")
    today = timezone.localdate()
    AgencyPerson.objects.create(agency=north, user=walker, trained_on=today, since=today, registered_by_name="x")
    lead = Actor.of(make_user(Role.TEAM_LEAD, username="agency-lead"))
    batch = split_batch(actor=lead, rule="dpd >= 91", weights={"north": 1, "south": 1}, today=today, seed=7)
    account, placed_on = accounts[5], DAY - timedelta(days=20)
    placement = Placement.objects.create(
        batch=batch, account=account, agency=north, terms=north.terms.get(), placed_on=placed_on, amount_minor=600_000, bucket=4,
        days_past_due=110,
    )  # fmt: skip
    Placement.objects.create(
        batch=batch, account=accounts[4], agency=south, terms=south.terms.get(), placed_on=placed_on, amount_minor=500_000,
        bucket=4, days_past_due=80, recalled_on=DAY, recall_reason="other", recall_note="moves to legal", recalled_by_name="x",
        tail_until=DAY,
    )  # fmt: skip
    payment = make_payment(account, paid_on=DAY - timedelta(days=3), amount=12_345, is_posted=True)
    CommissionLine.objects.create(
        placement=placement, agency=north, payment=payment, value_date=payment.paid_on, base_minor=12_345, rate_bp=2_500,
        commission_minor=3_086, is_tail=False,
    )  # fmt: skip
    prepare_statement(actor=lead, code="north", month=DAY.replace(day=1))
    content = f"account_no,amount_due\n{account.account_no},1.00".encode()
    receive_file(
        actor=lead, code="north", kind="inventory", name="inventory.csv", content=content, now=timezone.now(), today=today
    )
    note_access(north, walker, [account.pk], "page", timezone.now())


def _draft_a_strategy() -> None:
    """A strategy in draft, tried on the book; its templates are approved."""
    for way in {way for step in LADDER for way in step.ways}:
        texts = dict.fromkeys(("name_en", "name_zh", "body_en", "body_zh", "drafted_by_name"), way.template)
        about = {**texts, "channel": way.channel, "status": "approved", "live_from": date(2000, 1, 1)}
        MessageTemplate.objects.get_or_create(code=way.template, version=1, defaults=about)
    draft_next(STRATEGIES, actor=COMMAND, copy_of="standard")
    try_strategy(actor=COMMAND, key="standard", version=2, now=timezone.now())


def _work(walker: Any, accounts: list[Any]) -> None:
    """One account in hand with a note, one worked, one skipped; a saved view."""
    actor, now = Actor.of(walker), timezone.now()
    items = list(WorkItem.objects.filter(account__in=accounts, status="open").order_by("-priority")[:3])
    assert len(items) == 3, "the close filled the queues of the tiers"
    claim_item(actor=actor, item_id=items[0].pk, scope=WHOLE_BOOK, now=now)
    save_note(actor=actor, account=items[0].account, text="Calls back on Monday.\nLikes mornings.", version=0, now=now)
    for item in items[1:]:
        item.refresh_from_db()
        asked = Asked(actor=actor, scope=WHOLE_BOOK, item_id=item.pk, version=item.version, now=now, token="")
        if item == items[1]:
            record_outcome(asked, outcome="promise", remark="on Friday", lateness_reason="forgot")
        else:
            skip(asked, reason="his brother is a friend of mine")
    save_view(actor=actor, name="My mornings", query="queue=late", is_shared=True)


def _collect(walker: Any, accounts: list[Any]) -> None:
    """A case with all that its page shows: a promise that is open after one that was broken, somebody to ask, a cost."""
    actor, account = Actor.of(walker), accounts[2]
    broken = take_promise(actor=actor, account_id=account.pk, parts=[(DAY + timedelta(days=1), 20_000)], said="On payday.")
    Promise.objects.filter(pk=broken.pk).update(status="broken", decided_on=DAY, next_due_on=None)
    in_parts = [(DAY + timedelta(days=days), 15_000) for days in (2, 9)]
    take_promise(actor=actor, account_id=account.pk, parts=in_parts, said="Half now, half next week.")
    record_case_outcome(
        actor=actor,
        account_id=account.pk,
        code="call_back",
        today=timezone.localdate(),
        remark="after six",
        lateness_reason="income_lost",
    )
    typed = TypedContact("spouse", "Wang Li", "13900005678", "customer")
    add_contact(actor=actor, account_id=account.pk, typed=typed, now=timezone.now())
    book_cost(
        actor=actor, account_id=account.pk, kind="visit", amount_minor=3_500, incurred_on=DAY, note="by train", now=timezone.now()
    )
    own_case(actor=actor, account_id=account.pk, username=walker.username, today=timezone.localdate())


def _judge(accounts: list[Any]) -> None:
    """A decision that waits for approval, and a review that is closed."""
    Person(Role.ANALYST).asks(accounts[3], "lower_limit", new_limit_minor=500_000)
    assert Decision.objects.filter(status="proposed").count() == 1
    reviewer = Actor.of(make_user(Role.ANALYST, username="reviewer"))
    review = open_review(actor=reviewer, account_id=accounts[4].pk, purpose="Buys gift cards at night")
    take_review(actor=reviewer, review_id=review.pk)
    review.refresh_from_db()
    save_review(
        actor=reviewer,
        review_id=review.pk,
        version=review.version,
        findings=Findings("watch", ("forgot",), "Called; pays on Friday."),
        closes=True,
    )
    assert Review.objects.filter(closed_on__isnull=False).count() == 1


def _dispute(accounts: list[Any]) -> None:
    """A dispute with a correction whose outcome waits for a second person, and one that is closed with its letter."""
    analyst = Person(Role.ANALYST)
    waiting = takes_in(analyst, accounts[1], order_no="O1", amount_minor=5_000)
    plans(analyst, waiting, "waive", order_no="O1", sequence=1, component=4, amount_minor=5_000)
    concludes(analyst, waiting, "partly", root_cause="pricing")
    concludes(analyst, takes_in(analyst, accounts[2], "conduct"), "rejected")
    assert Dispute.objects.filter(status="closed").count() == 1


def _write_letters(walker: Any, accounts: list[Any]) -> None:
    """A letter to approve, one printed, a legal case of which the first stage runs; drafts of a text and of figures."""
    legal, other = (Actor.of(make_user(Role.LEGAL, username=name)) for name in ("legal", "other-legal"))
    now = timezone.now()
    letter = propose_letter(actor=legal, account_id=accounts[3].pk, note="", now=now)
    approve_letter(actor=other, letter_id=letter.pk, now=now)
    print_approved(now=now)
    propose_letters(actor=COMMAND, now=now)
    today = timezone.localdate(now)
    case = propose_case(actor=legal, account_id=accounts[5].pk, stage="mediation", note="No answer to two letters.", today=today)
    approve_case(actor=other, case_id=case.pk, version=case.version, on=today, today=today)
    draft_next(LETTER_TEMPLATES, actor=COMMAND, copy_of="letter-before-action")
    draft_next(LETTER_POLICIES, actor=COMMAND, copy_of="cny")


def _experiment(product: Any, accounts: list[Any]) -> None:
    """An experiment that has taken customers in and measured them, and a draft of its next run."""
    for code, products in (("house", [product.product_code]), ("early", [])):
        Strategy.objects.create(
            code=code, version=1, name_en=code, name_zh=code, products=products, steps=[], status="approved",
            live_from=date(2020, 1, 1), drafted_by_name="x", approved_by_name="y", approved_at=timezone.now(),
        )  # fmt: skip
    arms = [
        {"code": "as-now", "strategy": "house", "weight_bp": 5_000},
        {"code": "early", "strategy": "early", "weight_bp": 5_000},
    ]
    said: dict[str, Any] = {
        "code": "early-sms", "name_en": "Early reminders", "name_zh": "提前提醒", "hypothesis": "Earlier reminders bring more.",
        "products": [product.product_code], "rule": "dpd >= 1", "arms": arms, "champion": "as-now", "planned_size": 10,
        "duration_days": 30, "drafted_by_name": "x",
        "dry_run": {"as_of": DAY.isoformat(), "eligible": 5, "lately": 2, "days": None}, "dry_run_revision": 1,
    }  # fmt: skip
    first = DAY - timedelta(days=40)
    row = Experiment.objects.create(version=1, status="approved", live_from=first, approved_by_name="y", **said)
    for number, account in enumerate(accounts):
        arm = arms[number % 2]["code"]
        ArmAssignment.objects.create(experiment=row, customer=account.customer, arm=arm, assigned_on=first, bucket=0)
    Experiment.objects.create(version=2, **said)

"""One account with one row of all that addresses name, and the address of every page of it: for tests that walk the site."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from factories import (
    make_account,
    make_conflict,
    make_customer,
    make_installment,
    make_member,
    make_payment,
    make_product,
    make_team,
    make_user,
    set_business_date,
)

from accounts.models import (
    AccountState,
    AgreementVersion,
    Application,
    ApplicationAppeal,
    AuthorityChange,
    AuthorityRow,
    CreditAccount,
    Decision,
    ReasonCode,
    Restriction,
    Review,
    ReviewFile,
)
from outreach.models import Contact, ContactHold, ContactPolicy, CustomerReply, Experiment, Message, ProviderEvent
from recovery.models import Agency, AgencyFile, AgencyStatement, CommissionTerms, Placement, PlacementBatch
from riskops.shared.models import Absence, Feed
from riskops.shared.roles import Role
from tools.doors import Door

ACCOUNT_NO, PAYMENT_NO, PRODUCT_CODE, USERNAME = "A-roles", "T-roles", "P-roles", "somebody"
CUSTOMER_NO, REVIEW_ID, AUTHORITY_LINE_ID = "C-roles", 1, 9_001
#: Values for the arguments of addresses; what is not named here is made up by its kind.
ARGUMENTS = {
    "account_no": ACCOUNT_NO,
    "payment_no": PAYMENT_NO,
    "product_code": PRODUCT_CODE,
    "username": USERNAME,
    "customer_no": CUSTOMER_NO,
    "row_id": AUTHORITY_LINE_ID,
}


def path_of(door: Door, **arguments: Any) -> str:
    """Return an address of the door, with values for its arguments."""
    values: dict[str, Any] = {}
    for argument, converter in door.pattern.pattern.converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower()
        made_up = {"int": 1, "day": date(2025, 3, 31), "date": date(2025, 3, 31)}.get(kind, "x")
        values[argument] = {**ARGUMENTS, **arguments}.get(argument, made_up)
    return reverse(door.name, kwargs=values)


def put_one_of_everything() -> CreditAccount:
    """Put one account with an instalment and a payment into the book, and one row of all else that addresses name."""
    customer = make_customer(customer_no=CUSTOMER_NO)
    account = make_account(account_no=ACCOUNT_NO, product=make_product(product_code=PRODUCT_CODE), customer=customer)
    review = Review.objects.create(
        pk=REVIEW_ID, account=account, customer=customer, source="hand", cause="hand", purpose="p", opened_on=account.opened_on,
        opened_by_name="x",
    )  # fmt: skip
    ReviewFile.objects.create(pk=1, review=review, name="a.txt", content_type="text/plain", size_bytes=1, stored_as="none")
    make_installment(account, due_date=account.opened_on, pk=1)
    make_payment(account, paid_on=account.opened_on, amount=100, payment_no=PAYMENT_NO)
    set_business_date(account.opened_on)
    person = make_user(Role.ANALYST, username=USERNAME)
    make_member(make_team(pk=1), person, pk=1)
    make_conflict(person, make_customer(), pk=1)
    Absence.objects.create(pk=1, user=person, first_day=account.opened_on, last_day=account.opened_on)
    Feed.objects.get_or_create(pk=1, defaults={"name": "payments", "file_name": "payments.csv", "cut_off": "03:00"})
    _decide_about(account)
    _propose_for_the_matrix(person)
    _hold_contact(account)
    Message.objects.create(
        pk=1, account=account, customer=customer, episode=account.opened_on, step="d7", channel="sms", purpose="reminder",
        template_code="late-sms", planned_on=account.opened_on, due_at=timezone.now(),
    )  # fmt: skip
    _experiment_with(account)
    _place(account)
    _count_on_from_here()
    return account


def _place(account: CreditAccount) -> None:
    """Put an agency with the account placed, terms, a statement and a file that wait."""
    day = account.opened_on
    AccountState.objects.get_or_create(account=account, defaults={"product": account.product, "opened_on": day})
    agency = Agency.objects.create(
        pk=1, code="x", name="X Recovery", licence_no="L", licence_valid_until=day, contract_from=day, contract_until=day,
        capacity_accounts=1, capacity_minor=1, prepared_by_name="x",
    )  # fmt: skip
    terms = CommissionTerms.objects.create(agency=agency, version=1, live_from=day, bands=[], proposed_by_name="x")
    batch = PlacementBatch.objects.create(
        pk=1, rule="dpd >= 91", currency="CNY", shares={"x": 1}, seed=1, as_of=day - timedelta(days=1), drafted_by_name="x"
    )
    Placement.objects.create(
        batch=batch, account=account, agency=agency, terms=terms, placed_on=day, amount_minor=1, bucket=4, days_past_due=100
    )
    AgencyStatement.objects.create(
        pk=1,
        agency=agency,
        month=day.replace(day=1),
        lines_count=0,
        base_minor=0,
        total_minor=0,
        last_line=0,
        prepared_by_name="x",
    )
    AgencyFile.objects.create(
        pk=1, agency=agency, kind="inventory", name="a.csv", digest="d", status="refused", rows=1, sent_by_name="x",
        at=timezone.now(), result={"problems": 1},
        problems=[{"line": 2, "column": "account_no", "code": "foreign", "value": "A", "params": {}}],
    )  # fmt: skip


def _count_on_from_here() -> None:
    """Let PostgreSQL number the next rows after those put here: it counts what it has numbered itself only."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
            cursor.execute(statement)


def _propose_for_the_matrix(person: Any) -> None:
    """Put a line of its own into the authority matrix, with a proposal to change it."""
    line = AuthorityRow.objects.create(pk=AUTHORITY_LINE_ID, action="lift", role="analyst", amount_from=7, amount_to=8)
    AuthorityChange.objects.create(
        pk=1, kind="change", line_id=line.pk, before=line.values(), after={**line.values(), "amount_to": 9}, reason="r",
        proposed_by=person, proposed_by_name=USERNAME,
    )  # fmt: skip


def _hold_contact(account: CreditAccount) -> None:
    """Put a hold on contact with the account's customer, and a refused contact."""
    policy = ContactPolicy.objects.get(profile="cn-2026", version=1)
    ContactHold.objects.create(
        pk=1, customer=account.customer, kind="complaint", reason="r", since=timezone.now(), placed_by_name="x"
    )
    Contact.objects.create(
        pk=1, key="roles", customer=account.customer, account=account, channel="call", purpose="reminder", detail=1,
        at=timezone.now(), policy=policy, engine="1", made_by_name="x",
        asked={"names_institution": True, "discloses_debt": True, "has_opt_out": True, "is_collector_fit": None},
        standing={
            "zone": "Asia/Shanghai", "agreed_hours": None, "consents": [], "opted_out": [], "holds": [],
            "is_unusable": False, "has_refused": False, "is_lost": False,
        },
    )  # fmt: skip
    event = ProviderEvent.objects.create(
        pk=1, provider="local", event_id="roles", kind="reply", at=timezone.now(), received_at=timezone.now()
    )
    CustomerReply.objects.create(
        pk=1, event=event, customer=account.customer, channel="sms", wish="other", at=timezone.now(),
        words={"address": "13900000001", "text": "Paid yesterday."},
    )  # fmt: skip


def _experiment_with(account: CreditAccount) -> None:
    """Put a draft of an experiment on the account's product."""
    Experiment.objects.create(
        code="x", version=1, name_en="x", name_zh="x", hypothesis="h", products=[account.product.product_code], champion="a",
        arms=[{"code": "a", "strategy": "s", "weight_bp": 5_000}, {"code": "b", "strategy": "s", "weight_bp": 5_000}],
        planned_size=10, duration_days=1, drafted_by_name="x",
    )  # fmt: skip


def _decide_about(account: CreditAccount) -> None:
    """Put a suspension in force on the account, its customer's application, and an agreement into the settings of decisions."""
    day = account.opened_on
    decision = Decision.objects.create(
        pk=1, reference="D-roles", account=account, action="suspend_use", status="effective", scope="all", owed_minor=0,
        weighed_minor=0, reason=ReasonCode.objects.get(code="overdue", action="suspend_use"), text_en="stopped", text_zh="停用",
        proposed_by_name="rule", proposed_on=day, buffer_days=0, decided_on=day, effective_on=day, engine_version="1",
        inputs={
            "lines": [], "action": "suspend_use", "currency": "CNY", "minor_digits": 2, "weighed_minor": 0, "roles": [],
            "proposed_on": day.isoformat(), "buffer_days": 0,
        },
    )  # fmt: skip
    Restriction.objects.create(decision=decision, account=account, scope="all", since=day)
    Application.objects.create(
        pk=1, application_no="AP-roles", customer=account.customer, product=account.product, person={"name": "Wang Fang"},
        received_on=day, requested_limit_minor=100, declared_income_minor=100, content_hash=0,
    )  # fmt: skip
    gone = Application.objects.create(
        pk=2, application_no="AP-gone", customer=account.customer, product=account.product, person={"name": "Wang Fang"},
        received_on=day, requested_limit_minor=100, declared_income_minor=100, content_hash=0, status="withdrawn", ended_on=day,
    )  # fmt: skip
    ApplicationAppeal.objects.create(
        application=gone, received_on=day, channel="phone", said_by="applicant", grounds="Read it again.", outcome="withdrawn",
        decided_at=timezone.now(), refusal={"reason": "policy"},
    )  # fmt: skip
    AgreementVersion.objects.create(
        kind="agreement", code="v1", title_en="a", title_zh="a", text_en="a", text_zh="a", published_on=day
    )

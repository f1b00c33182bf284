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
    DebitFile,
    DebitInstruction,
    DebitMandate,
    DebitNotice,
    DebitResult,
    DebitResultFile,
    DebitTry,
    Decision,
    ReasonCode,
    Restriction,
    Review,
    ReviewFile,
)
from casework.models import (
    Case,
    CaseContact,
    Dispute,
    DisputeCorrection,
    DisputeFile,
    DisputeKind,
    Plan,
    Promise,
    PromisePart,
    ReliefTerms,
)
from casework.operations.disputes.opening import FIGURES
from outreach.models import Contact, ContactHold, ContactPolicy, CustomerReply, Experiment, Message, ProviderEvent
from recovery.models import (
    Agency,
    AgencyFile,
    AgencyStatement,
    CommissionTerms,
    LegalCase,
    Letter,
    LetterPolicy,
    LimitationFact,
    Placement,
    PlacementBatch,
    RecoveryFile,
    ResaleChange,
    WriteOffProposal,
)
from riskops.shared.models import Absence, Feed
from riskops.shared.roles import Role
from tools.doors import Door

ACCOUNT_NO, PAYMENT_NO, PRODUCT_CODE, USERNAME = "A-roles", "T-roles", "P-roles", "somebody"
CUSTOMER_NO, REVIEW_ID, AUTHORITY_LINE_ID, PLAN = "C-roles", 1, 9_001, "PLAN-roles"
#: Values for the arguments of addresses; what is not named here is made up by its kind.
ARGUMENTS = {
    "account_no": ACCOUNT_NO,
    "payment_no": PAYMENT_NO,
    "product_code": PRODUCT_CODE,
    "username": USERNAME,
    "customer_no": CUSTOMER_NO,
    "row_id": AUTHORITY_LINE_ID,
    "prompt_id": 1,
    "reference": PLAN,
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
    _dispute_about(account)
    _hold_contact(account)
    Message.objects.create(
        pk=1, account=account, customer=customer, episode=account.opened_on, step="d7", channel="sms", purpose="reminder",
        template_code="late-sms", planned_on=account.opened_on, due_at=timezone.now(),
    )  # fmt: skip
    _experiment_with(account)
    _debit(account)
    _collect_from(account)
    _relieve(account)
    _write_letters(account)
    _place(account)
    _write_off(account)
    _count_on_from_here()
    return account


def _relieve(account: CreditAccount) -> None:
    """Propose a plan for the account's instalment."""
    day = account.opened_on
    part = {"installment": 1, "penalty_minor": 0, "fee_minor": 0, "interest_minor": 0, "principal_minor": 100}
    due = {"due_date": day.isoformat(), "principal_minor": 100, "interest_minor": 0, "fee_minor": 0}
    Plan.objects.create(
        pk=1, reference=PLAN, account=account, customer=account.customer, parts=[part], schedule=[due], owed_minor=100,
        terms=ReliefTerms.objects.get(instrument="restructure", version=1), reason="r", proposed_on=day, proposed_by_name="x",
    )  # fmt: skip


def _dispute_about(account: CreditAccount) -> None:
    """Put a dispute that is open on the account, with evidence and a planned correction."""
    kind = DisputeKind.objects.get(code="amount")
    dispute = Dispute.objects.create(
        pk=1, reference="DS-roles", account=account, customer=account.customer, kind=kind, came_by="call", claim="c",
        received_on=account.opened_on, answer_by=account.opened_on, opened_by_name="x",
        **{name: getattr(kind, name) for name in FIGURES},
    )  # fmt: skip
    DisputeFile.objects.create(pk=1, dispute=dispute, name="a.txt", content_type="text/plain", size_bytes=1, stored_as="nowhere")
    DisputeCorrection.objects.create(pk=1, dispute=dispute, what="refund_credit", amount_minor=1, added_by_name="x")


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


def _write_off(account: CreditAccount) -> None:
    """Propose the account for write-off, and ask for the switch of resale."""
    WriteOffProposal.objects.create(
        pk=1, account=account, source="person", currency="CNY", days_past_due=100, bucket=4, principal_minor=100,
        interest_minor=0, fee_minor=0, penalty_minor=0, owed_minor=100, proposed_on=account.opened_on, proposed_by_name="x",
    )  # fmt: skip
    ResaleChange.objects.create(pk=1, is_on=True, basis="b", asked_by_name="x", asked_at=timezone.now())


def _count_on_from_here() -> None:
    """Let PostgreSQL number the next rows after those put here: it counts what it has numbered itself only."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
            cursor.execute(statement)


def _debit(account: CreditAccount) -> None:
    """Put a mandate with a debit on the account, handed to the provider, and a file of results."""
    day = account.opened_on
    mandate = DebitMandate.objects.create(
        pk=1, reference="M-roles", account=account, instrument={"reference": "6222000011112222"}, valid_from=day, most_minor=100,
        evidence="form", recorded_by_name="x",
    )  # fmt: skip
    debit = DebitInstruction.objects.create(
        pk=1, reference="DD-roles", mandate=mandate, account=account, amount_minor=100, debit_on=day, status="sent", tries=1,
        most_tries=3, spacing_days=3, instructed_by_name="x", instructed_on=day,
    )  # fmt: skip
    DebitNotice.objects.create(instruction=debit, kind="planned", text_en="soon", text_zh="即将", dated=day)
    file = DebitFile.objects.create(pk=1, day=day, rows=1, total_minor={"CNY": 100}, made_by_name="x")
    DebitTry.objects.create(
        key="DD-roles-1", instruction=debit, account=account, file=file, number=1, amount_minor=100, day=day
    )  # fmt: skip
    results = DebitResultFile.objects.create(pk=1, content_sha256="0" * 64, name="results.csv", rows=1, received_by_name="x")
    DebitResult.objects.create(
        file=results, line=2, key="DD-nobody-1", outcome="failed", result_on=day, status="refused", refusal="unknown_key"
    )


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


def _collect_from(account: CreditAccount) -> None:
    """Open a case of the account with a contact person, and put a promise into it."""
    day = account.opened_on
    own = {"account": account, "customer": account.customer, "product": account.product}
    case = Case.objects.create(pk=1, **own, episode=1, since=day, opened_on=day, stage=Case.Stage.REMIND, stage_since=day)
    CaseContact.objects.create(
        pk=1, case=case, relation="friend", person={"name": "Li Na", "phone": "13900000002"}, source="customer",
        added_by_name="x", added_at=timezone.now(),
    )  # fmt: skip
    promise = Promise.objects.create(
        pk=1, **own, case=case, made_on=day, recorded_at=timezone.now(), made_by_name="x", total_minor=100, part_count=1,
        partly_from_bp=5_000, ends_on=day, watched_until=day, next_due_on=day,
    )  # fmt: skip
    PromisePart.objects.create(
        pk=1, promise=promise, number=1, due_on=day, amount_minor=100, through_minor=100, needed_minor=99, counts_until=day
    )


def _write_letters(account: CreditAccount) -> None:
    """Put a letter with a file, a proposed legal case and a fact of the limitation clock about the account."""
    about: dict[str, Any] = {"account": account, "customer": account.customer, "proposed_on": account.opened_on}
    letter = Letter.objects.create(
        pk=1, source="rule", policy=LetterPolicy.objects.get(code="cny", version=1), template_code="letter-before-action",
        language="zh", currency="CNY", days_past_due=100, bucket=4, balance_minor=100, rate_bp=0, expected_minor=0, cost_minor=0,
        net_minor=0, proposed_by_name="x", **about,
    )  # fmt: skip
    RecoveryFile.objects.create(
        pk=1,
        letter=letter,
        name="a.pdf",
        content_type="application/pdf",
        size_bytes=1,
        sha256="0",
        stored_as="none",
        added_by_name="x",
    )
    LegalCase.objects.create(
        pk=1,
        stage="suit",
        currency="CNY",
        claim_minor=100,
        expected_minor=0,
        cost_minor=0,
        note="n",
        proposed_by_name="x",
        **about,
    )
    LimitationFact.objects.create(pk=1, account=account, cause="demand", on=account.opened_on, evidence="e", noted_by_name="x")


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
